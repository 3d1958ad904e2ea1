"""How soon a small network knows 90 % of Fashion-MNIST: ``python -m benchmarks.recipes``.

The textbook loop trains LeNet by the recipe of Dive into Deep Learning (section 7.6 of release
1.0.3: SGD, 10 epochs in batches of 128), and once more with today's parts and Adam. `fit` trains a
network of the same size with batch normalization, by SGD and a one-cycle schedule, for two epochs,
from several seeds; the same recipe is then used on MNIST as it is. The recipe is the best of a grid
on a validation split of Fashion-MNIST's training pictures, so that no test picture has a say;
``--choose`` searches the grid and goes no further. Training is timed, reading the data set and
evaluating are not.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import torch
from torch import nn
from torch.optim import Optimizer
from torch.utils.data import DataLoader
from torchvision import transforms

import cvlib
from benchmarks.record import record
from benchmarks.textbook import (
    MEAN,
    STD,
    seconds_by_workers,
    textbook_epoch,
    textbook_transform,
)
from benchmarks.textbook import fashion_mnist as one_by_one
from cvlib.data import ImageSet, fashion_mnist, mnist
from cvlib.networks import LeNet
from cvlib.training import evaluate, fit, one_cycle

SEED = 0  # of the textbook loop and of the grid; our seeds are counted from it
TEXTBOOK_EPOCHS, EPOCHS = 10, 2
BATCH_SIZE = 128
VALIDATION = 1 / 6  # of the training pictures


@dataclass(frozen=True)
class Recipe:
    """What the grid varies."""

    learning_rate: float
    weight_decay: float
    pct_start: float  # share of the steps in which the rate rises


GRID = list(itertools.starmap(Recipe, itertools.product((0.05, 0.1, 0.2), (0, 5e-4), (0.15, 0.3))))


def small_network() -> nn.Sequential:
    """Return a network of LeNet's size, 58,594 parameters, with batch normalization.

    Pooling comes first: it leaves a quarter of the numbers to normalize, and to ReLU.
    """
    return nn.Sequential(
        *(nn.Conv2d(1, 8, 5, padding=2, bias=False), nn.MaxPool2d(2), nn.BatchNorm2d(8), nn.ReLU()),
        *(nn.Conv2d(8, 32, 5, bias=False), nn.MaxPool2d(2), nn.BatchNorm2d(32), nn.ReLU()),
        *(nn.Flatten(), nn.Linear(32 * 5 * 5, 64), nn.ReLU(), nn.Linear(64, 10)),
    )


def d2l_network() -> nn.Sequential:
    """Return LeNet as Dive into Deep Learning, release 1.0.3, has it in section 7.6."""
    model = nn.Sequential(
        *(nn.Conv2d(1, 6, 5, padding=2), nn.Sigmoid(), nn.AvgPool2d(2)),
        *(nn.Conv2d(6, 16, 5), nn.Sigmoid(), nn.AvgPool2d(2)),
        *(nn.Flatten(), nn.Linear(16 * 5 * 5, 120), nn.Sigmoid()),
        *(nn.Linear(120, 84), nn.Sigmoid(), nn.Linear(84, 10)),
    )
    for layer in model:
        if isinstance(layer, nn.Conv2d | nn.Linear):
            nn.init.xavier_uniform_(layer.weight)
    return model


# Epochs and batch are the book's in both; the second has what has replaced the parts since.
TEXTBOOKS: dict[
    str, tuple[Callable[[], nn.Module], Callable[[Iterable[nn.Parameter]], Optimizer]]
] = {
    "sigmoid, average pooling, SGD 0.1": (d2l_network, partial(torch.optim.SGD, lr=0.1)),
    "ReLU, max pooling, Adam 0.001": (LeNet, torch.optim.Adam),
}


def by_textbook(name: str, epochs: int, most: int, workers: int) -> tuple[nn.Module, float]:
    """Return the model and the seconds that training it took."""
    make, optimizer = TEXTBOOKS[name]
    pictures = one_by_one(textbook_transform(), most=most)
    batches = DataLoader(pictures, BATCH_SIZE, shuffle=True, num_workers=workers)
    torch.manual_seed(SEED)
    model = make().to(cvlib.device())
    steps = optimizer(model.parameters())
    begin = time.perf_counter()
    for _ in range(epochs):
        textbook_epoch(model, batches, steps, cvlib.device())
    seconds = time.perf_counter() - begin
    return nn.Sequential(transforms.Normalize((MEAN,), (STD,)), model), seconds


def by_fit(train: ImageSet, recipe: Recipe, seed: int) -> tuple[nn.Module, float]:
    """Return the model and the seconds that training it took."""
    torch.manual_seed(seed)
    model = small_network().to(memory_format=torch.channels_last)
    begin = time.perf_counter()
    fit(
        model,
        train,
        epochs=EPOCHS,
        batch_size=BATCH_SIZE,
        optimizer=partial(
            torch.optim.SGD,
            lr=recipe.learning_rate,
            momentum=0.9,
            nesterov=True,
            weight_decay=recipe.weight_decay,
            fused=True,
        ),
        schedule=partial(one_cycle, pct_start=recipe.pct_start),
        seed=seed,
        progress=False,
    )
    return model, time.perf_counter() - begin


def choose(train: ImageSet) -> list[dict[str, float]]:
    """Try every recipe of the grid on a validation split, and return all, the best first."""
    learnt, held_out = train.split(test=VALIDATION)
    rows = []
    for recipe in GRID:
        model, _ = by_fit(learnt, recipe, SEED)
        rows.append({**asdict(recipe), "validation_accuracy": evaluate(model, held_out).accuracy})
        print(rows[-1], flush=True)
    return sorted(rows, key=lambda row: -row["validation_accuracy"])


def over_seeds(train: ImageSet, test: ImageSet, recipe: Recipe, seeds: int) -> dict[str, Any]:
    """Train from several seeds, and say what came of each and of all."""
    seconds, accuracies = [], []
    for seed in range(SEED, SEED + seeds):
        model, taken = by_fit(train, recipe, seed)
        seconds.append(taken)
        accuracies.append(evaluate(model, test).accuracy)
        print(seed, accuracies[-1], round(taken, 1), flush=True)
    return {
        "seeds": list(range(SEED, SEED + seeds)),
        "test_accuracies": accuracies,
        "test_accuracy_mean": round(statistics.mean(accuracies), 4),
        "test_accuracy_standard_deviation": round(statistics.stdev(accuracies), 4),
        "seconds": [round(taken, 2) for taken in seconds],
        "seconds_mean": round(statistics.mean(seconds), 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--choose", action="store_true", help="search the grid, and stop there")
    parser.add_argument("--seeds", type=int, default=5, help="at least 2; default: 5")
    parser.add_argument("--pictures", type=int, default=60_000, help="to train on; default: 60000")
    chosen = parser.parse_args()
    train = fashion_mnist("train")[: chosen.pictures].to(cvlib.device())
    grid = choose(train)
    if chosen.choose:
        return
    best = Recipe(**{name: grid[0][name] for name in asdict(GRID[0])})
    test = fashion_mnist("test")[: chosen.pictures].to(cvlib.device())
    results: dict[str, object] = {
        "pictures": len(train),
        "batch_size": BATCH_SIZE,
        "epochs": EPOCHS,
        "parameters": sum(parameter.numel() for parameter in small_network().parameters()),
        "recipe": asdict(best),
        "grid": grid,
    }
    *_, modern = TEXTBOOKS
    by_workers = seconds_by_workers(partial(by_textbook, modern, 1, chosen.pictures), 1)
    workers = min(by_workers, key=by_workers.__getitem__)
    textbooks = {}
    for name in TEXTBOOKS:
        model, seconds = by_textbook(name, TEXTBOOK_EPOCHS, chosen.pictures, workers)
        textbooks[name] = {
            "epochs": TEXTBOOK_EPOCHS,
            "workers": workers,
            "seconds": round(seconds, 1),
            "test_accuracy": evaluate(model, test).accuracy,
        }
        print(name, textbooks[name], flush=True)
    results["textbook"] = textbooks
    ours = over_seeds(train, test, best, chosen.seeds)
    ours["share_of_textbook_time"] = {
        name: round(ours["seconds_mean"] / row["seconds"], 3) for name, row in textbooks.items()
    }
    results["Fashion-MNIST"] = ours
    digits = (mnist(split)[: chosen.pictures].to(cvlib.device()) for split in ("train", "test"))
    results["MNIST"] = over_seeds(*digits, best, chosen.seeds)
    for name, values in results.items():
        print(name, values)
    record("recipes", results, seed=SEED)


if __name__ == "__main__":
    main()
