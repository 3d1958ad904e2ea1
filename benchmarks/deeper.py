"""What a small residual network learns of CIFAR-10 in minutes: ``python -m benchmarks.deeper``.

The loop of PyTorch's tutorial runs first and sets the time, as in ``benchmarks.cifar10``. Then the
residual network gets the same time, and then twice the time: as many whole epochs as fit into it,
with one thread or with all, whichever is faster. Training is timed. Reading the data set, whitening
the first layer from a thousand pictures (a tenth of a second) and evaluating are not. Settings were
chosen on a tenth of the training pictures held out.

``--seconds`` sets the time instead of the loop, which then does not run.
"""

from __future__ import annotations

import argparse
from functools import partial

import torch

import cvlib
from benchmarks.cifar10 import SEED, TUTORIAL_EPOCHS, Step, in_its_time, measured, tutorials_loop
from benchmarks.record import record
from cvlib.data import ImageSet, cifar10
from cvlib.networks import SmallResNet
from cvlib.recipes import SMALL_RESNET, whiten


def whitened(pictures: ImageSet) -> SmallResNet:
    """Return the network as it is before it learns."""
    model = SmallResNet()
    whiten(model, pictures.to("cpu"))
    return model


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3, help="default: 3")
    parser.add_argument("--pictures", type=int, default=50_000, help="to train on; default: 50000")
    parser.add_argument("--seconds", type=float, help="the time, in place of the tutorial's loop")
    chosen = parser.parse_args()
    train, test = cifar10("train"), cifar10("test")
    # The JPEG copy comes by class: of few pictures, let each class have its share.
    train = train[torch.arange(0, len(train), len(train) // chosen.pictures)]
    rows, budget = {}, chosen.seconds
    if budget is None:
        runs = [tutorials_loop(train, SEED)]
        budget = runs[0][1]
        rows["the tutorial's loop"] = measured(runs, train, test, TUTORIAL_EPOCHS)
        print(rows, flush=True)
    train, test = train.to(cvlib.device()), test.to(cvlib.device())
    steps = [
        Step(name, partial(whitened, train), SMALL_RESNET, times, chosen.seeds)
        for name, times in (("residual network", 1), ("twice the time", 2))
    ]
    results = in_its_time(steps, train, test, budget, chosen.seeds, rows)
    record("deeper", results, seed=SEED)


if __name__ == "__main__":
    main()
