"""What `fit` costs beside the same loop written by hand: ``python -m benchmarks.fit_overhead``.

LeNet learns the 4,000 embedded digits, from the same weights, in the same order, on the same
tensors. The two sides take turns, one epoch a run, and must end with the same weights.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from dataclasses import replace

import torch
from torch import nn
from torch.nn import functional as F

import cvlib
from benchmarks.record import record
from cvlib.data import ImageSet, mnist_sample
from cvlib.networks import LeNet
from cvlib.training import fit

SEED = 0
BATCH_SIZE = 128
WARM_UP = 2  # runs a side that are not counted: caches and allocators fill


def by_hand(model: nn.Module, train: ImageSet) -> None:
    images, labels = train.images, train.labels
    optimizer = torch.optim.Adam(model.parameters())
    generator = torch.Generator().manual_seed(SEED)
    model.train()
    for index in (
        torch.randperm(len(images), generator=generator).to(images.device).split(BATCH_SIZE)
    ):
        output = model(images[index].to(torch.float32).div_(255))
        loss = F.cross_entropy(output, labels[index])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def by_fit(model: nn.Module, train: ImageSet) -> None:
    fit(model, train, epochs=1, batch_size=BATCH_SIZE, seed=SEED, device=train.images.device)


def run(side: Callable[[nn.Module, ImageSet], None], train: ImageSet) -> tuple[float, nn.Module]:
    torch.manual_seed(SEED)
    model = LeNet().to(train.images.device)
    synchronize = torch.cuda.synchronize if train.images.is_cuda else lambda: None
    synchronize()
    begin = time.perf_counter()
    side(model, train)
    synchronize()
    return time.perf_counter() - begin, model


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=40, help="a side; default: 40")
    runs = parser.parse_args().runs
    place = cvlib.device()
    train, _ = mnist_sample().split(test=1000)
    train = replace(train, images=train.images.to(place), labels=train.labels.to(place))
    hand: list[float] = []
    fitted: list[float] = []
    for number in range(WARM_UP + runs):
        sides = [(by_hand, hand), (by_fit, fitted)]
        ends = []
        for side, times in sides if number % 2 else sides[::-1]:
            duration, model = run(side, train)
            times.append(duration)
            ends.append(list(model.parameters()))
        if not all(map(torch.equal, *ends)):
            raise RuntimeError("the two sides have not done the same work")
    hand, fitted = hand[WARM_UP:], fitted[WARM_UP:]
    ratios = [mine / bare for mine, bare in zip(fitted, hand, strict=True)]
    results = {
        "by_hand_seconds": round(statistics.median(hand), 4),
        "fit_seconds": round(statistics.median(fitted), 4),
        "ratio_median": round(statistics.median(ratios), 4),
        "ratio_quartiles": [round(ratio, 4) for ratio in statistics.quantiles(ratios)[::2]],
        "runs_a_side": runs,
    }
    print(results)
    record("fit_overhead", results, seed=SEED)


if __name__ == "__main__":
    main()
