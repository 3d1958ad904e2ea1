"""What digits a network should learn from, to resist: ``python -m benchmarks.robustness``.

LeNet learns 4,000 digits as the package's own did, but in eight passes, from five diets that each
change one thing: digits as they are; with Gaussian noise; blurred; moved (turned, shifted, scaled);
or attacked anew at each step (projected gradient ascent, five steps, no pixel changed by more than
0.2). Noise and blur are :func:`cvlib.practice.corrupt`'s, of a severity from 0 to 5 that is drawn
for each batch. Each is tested on the same 1,000 other digits: as they are, with coin tosses, under
two attacks that know the network (the slow one on the first 500), and under all corruptions.

Every seed draws the weights, the order and what is drawn besides. Nothing was chosen by these
figures but the corruptions' strengths, by the package's own LeNet. Times are those of one thread of
the processor.

The record is written after each run, and what it holds already is not run again. Delete
``results/robustness.json`` to begin anew.
"""

from __future__ import annotations

import argparse
import json
from functools import partial
from itertools import product
from time import process_time
from typing import Any

import torch
from torch import Generator, Tensor, nn

from benchmarks import record
from cvlib.augmentation import random_affine
from cvlib.data import ImageSet
from cvlib.networks import LeNet
from cvlib.practice import CORRUPTIONS, attacked, corrupt, fgsm, pgd, random_signs
from cvlib.recipes import LENET, digits
from cvlib.training import accuracy, fit, predict

SEED, SEEDS = 0, 3
EPOCHS = 8
EPSILONS = (0.1, 0.2)
SEVERITIES = range(1, 6)
SLOW = 500  # digits for the slow attack


def spoiled(
    inputs: Tensor, targets: Tensor, generator: Generator, kind: str
) -> tuple[Tensor, Tensor]:
    """Corrupt a batch, at a severity drawn from 0 to 5."""
    severity = int(torch.randint(6, (), generator=generator))
    return corrupt(inputs, kind, severity, generator), targets


DIETS: dict[str, Any] = {
    "as they are": None,
    "noisy": partial(spoiled, kind="gaussian_noise"),
    "blurred": partial(spoiled, kind="gaussian_blur"),
    "moved": partial(random_affine, degrees=15, translate=0.1),
    "attacked": partial(attacked, epsilon=0.2, steps=5),
}


def trained(diet: str, train: ImageSet, seed: int) -> tuple[nn.Module, float]:
    """Train on a diet, and return the network and the seconds."""
    torch.manual_seed(seed)
    model = LeNet()
    augment = DIETS[diet]
    if diet == "attacked":
        augment = partial(augment, model=model)
    begin = process_time()
    how = {**LENET, "epochs": EPOCHS, "augment": augment}
    fit(model, train, device="cpu", seed=seed, progress=False, **how)
    return model.eval(), process_time() - begin


def measured(model: nn.Module, test: ImageSet) -> dict[str, Any]:
    """Say which shares of the test digits are read rightly."""
    pictures, labels = test.images / 255, test.labels
    few, theirs = pictures[:SLOW], labels[:SLOW]

    def right(some: Tensor) -> float:
        return round(float(accuracy(predict(model, some, device="cpu"), labels[: len(some)])), 4)

    chance = torch.Generator().manual_seed(SEED)
    return {
        "accuracies": right(pictures),
        "accuracies_coins": {f"{e:g}": right(random_signs(pictures, e, chance)) for e in EPSILONS},
        "accuracies_fgsm": {f"{e:g}": right(fgsm(model, pictures, labels, e)) for e in EPSILONS},
        "accuracies_pgd": {f"{e:g}": right(pgd(model, few, theirs, e, steps=20)) for e in EPSILONS},
        "accuracies_corrupted": {
            kind: {
                f"severity {severity}": right(corrupt(pictures, kind, severity))
                for severity in SEVERITIES
            }
            for kind in CORRUPTIONS
        },
    }


def added(lists: Any, found: Any) -> Any:
    """Put the numbers of one more run at the ends of a tree of lists."""
    if isinstance(found, dict):
        lists = lists or {}
        return {name: added(lists.get(name), inner) for name, inner in found.items()}
    return [*(lists or []), found]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=SEEDS, help=f"default: {SEEDS}")
    parser.add_argument("--pictures", type=int, default=4000, help="to learn from; default: 4000")
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    train, test = digits()
    path = record.RESULTS / "robustness.json"
    diets = json.loads(path.read_text("utf-8"))["results"]["diets"] if path.exists() else {}
    for seed, diet in product(range(SEED, SEED + chosen.seeds), DIETS):
        known = diets.get(diet, {})
        if len(known.get("accuracies", [])) > seed - SEED:
            continue
        model, seconds = trained(diet, train[: chosen.pictures], seed)
        run = {"training_seconds": round(seconds, 1), **measured(model, test)}
        diets[diet] = added(known, run)
        print(seed, diet, seconds, run["accuracies"], run["accuracies_pgd"], flush=True)
        results = {
            "train": f"{chosen.pictures} digits, {EPOCHS} epochs",
            "test": f"{len(test)} digits, {SLOW} for the slow attack",
            "seeds": list(range(SEED, seed + 1)),
            "diets": diets,
        }
        record.record("robustness", results, seed=SEED)


if __name__ == "__main__":
    main()
