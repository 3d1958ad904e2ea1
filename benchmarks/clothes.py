"""MLP against CNN on Fashion-MNIST, unfairly and fairly: ``python -m benchmarks.clothes``.

First the recipe of PyTorch's quickstart, from which many tutorials have their "65 % against 71 %":
SGD with a learning rate of 0.001 and nothing else, five epochs in batches of 64, for the
quickstart's MLP and for a small CNN in its place; then the very same networks for as many epochs by
a recipe that takes larger steps. Then the fair comparison: two networks with equally many
parameters, to within 1 %, the same epochs, batches, optimizer, schedule and augmentation, each with
its own learning rate, from several seeds; the MLP also for as many seconds as the CNN. Finally the
control: the same two on pictures whose pixels stand in another order, one order for all pictures.

Learning rates are the best of ``RATES`` on a validation split of the training pictures, in short
runs; no test picture has a say. Products are in bfloat16, weights and sums in float32. Training is
timed, reading and evaluating are not. What is measured is written after each part.
"""

from __future__ import annotations

import argparse
import math
import statistics
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from typing import Any

import torch
from torch import Generator, Tensor, nn
from torch.nn import functional as F

import cvlib
from benchmarks.record import record
from cvlib.augmentation import random_horizontal_flip
from cvlib.data import ImageSet, fashion_mnist
from cvlib.networks import MLP
from cvlib.training import evaluate, fit, one_cycle

SEED = 0  # of the choice and of the order of pixels; the others are counted from it
EPOCHS, TUTORIAL_EPOCHS, CHOOSING_EPOCHS, UNSHARED_EPOCHS = 6, 5, 1, 4
UNSHARED_PICTURES = 4_000
BATCH_SIZE, TUTORIAL_BATCH_SIZE = 128, 64
RATES = (0.03, 0.1, 0.3)
TUTORIAL_RATE = 0.001
VALIDATION = 1 / 6  # of the training pictures
ORDER = torch.randperm(28 * 28, generator=Generator().manual_seed(SEED))

Make = Callable[[], nn.Module]


def block(inputs: int, outputs: int, *, pool: bool) -> list[nn.Module]:
    """Return a convolution of 3 × 3; pooling first leaves less to normalize, and to ReLU."""
    convolution = nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)
    smaller = [nn.MaxPool2d(2)] if pool else []
    return [convolution, *smaller, nn.BatchNorm2d(outputs), nn.ReLU()]


def fair_cnn() -> nn.Sequential:
    """Return four convolutions and two fully connected layers: 135,546 parameters."""
    return nn.Sequential(
        *block(1, 16, pool=True),
        *block(16, 32, pool=False),
        *block(32, 64, pool=True),
        *block(64, 64, pool=True),
        *(nn.Flatten(), nn.Linear(64 * 3 * 3, 128), nn.ReLU(), nn.Linear(128, 10)),
    )


class Unshared(nn.Module):
    """A convolution of 3 × 3 on maps of one size, with kernels of its own at each place."""

    def __init__(self, inputs: int, outputs: int, side: int) -> None:
        super().__init__()
        self.side = side
        bound = 1 / math.sqrt(9 * inputs)  # as torch draws a convolution's
        self.weight = nn.Parameter(
            torch.empty(side * side, 9 * inputs, outputs).uniform_(-bound, bound)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Compute maps (N, O, side, side) from maps (N, I, side, side)."""
        windows = F.unfold(x, 3, padding=1).permute(2, 0, 1)
        outputs = torch.bmm(windows, self.weight).permute(1, 2, 0)
        return outputs.unflatten(2, (self.side, self.side))


def unshared_cnn() -> nn.Sequential:
    """Return the CNN with its convolutions unshared: the same windows, and 6,510,570 parameters."""
    model, side = fair_cnn(), 28
    for number, layer in enumerate(model):
        if isinstance(layer, nn.Conv2d):
            model[number] = Unshared(layer.in_channels, layer.out_channels, side)
        side //= 2 if isinstance(layer, nn.MaxPool2d) else 1
    return model


def fair_mlp() -> MLP:
    """Return two hidden layers with as many parameters as the CNN, to within 1 %: 135,658."""
    return MLP((144, 144), batch_norm=True)


def tutorial_cnn() -> nn.Sequential:
    """Return the smallest CNN that tutorials show: convolve, pool, twice, and a linear layer."""
    return nn.Sequential(
        *(nn.Conv2d(1, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Flatten(), nn.Linear(64 * 7 * 7, 10)),
    )


FAIR: dict[str, Make] = {"MLP": fair_mlp, "CNN": fair_cnn}
UNSHARED: dict[str, Make] = {**FAIR, "CNN, unshared": unshared_cnn}
TUTORIAL: dict[str, Make] = {"MLP": MLP, "CNN": tutorial_cnn}


def good_recipe(rate: float, epochs: int) -> dict[str, Any]:
    """Return SGD with momentum, the learning rate rising and falling once, and mirror images."""
    return {
        "epochs": epochs,
        "batch_size": BATCH_SIZE,
        "optimizer": partial(
            torch.optim.SGD, lr=rate, momentum=0.9, nesterov=True, weight_decay=5e-4, fused=True
        ),
        "schedule": one_cycle,
        "augment": [random_horizontal_flip],
    }


def tutorial_recipe() -> dict[str, Any]:
    """Return the recipe of PyTorch's quickstart."""
    return {
        "epochs": TUTORIAL_EPOCHS,
        "batch_size": TUTORIAL_BATCH_SIZE,
        "optimizer": partial(torch.optim.SGD, lr=TUTORIAL_RATE),
    }


def shuffled(images: Tensor) -> Tensor:
    """Put the pixels of all pictures in one other order."""
    return images.flatten(2)[..., ORDER.to(images.device)].view_as(images)


def shuffle_pixels(images: Tensor, targets: Tensor, _: Generator) -> tuple[Tensor, Tensor]:
    """Do so in training, after the augmentation: both networks see what they saw before."""
    return shuffled(images), targets


def trained(
    make: Make, train: ImageSet, seed: int, recipe: dict[str, Any]
) -> tuple[nn.Module, float]:
    """Return the network and the seconds that training it took."""
    torch.manual_seed(seed)
    model = make().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    begin = time.perf_counter()
    fit(model, train, **{"amp": "bfloat16", **recipe}, seed=seed, progress=False)
    return model, time.perf_counter() - begin


def choose(make: Make, train: ImageSet) -> list[dict[str, float | None]]:
    """Try every learning rate on a validation split, and return all, the best first."""
    learnt, held_out = train.split(test=VALIDATION)
    rows: list[dict[str, float | None]] = []
    for rate in RATES:
        try:
            model, _ = trained(make, learnt, SEED, good_recipe(rate, CHOOSING_EPOCHS))
            accuracy = evaluate(model, held_out).accuracy
        except FloatingPointError:  # the loss is no longer finite
            accuracy = None
        rows.append({"learning_rate": rate, "validation_accuracy": accuracy})
        print(rows[-1], flush=True)
    return sorted(rows, key=_merit, reverse=True)


def _merit(row: dict[str, float | None]) -> float:
    accuracy = row["validation_accuracy"]
    return -1 if accuracy is None else accuracy


def over_seeds(
    make: Make, train: ImageSet, test: ImageSet, seeds: int, recipe: dict[str, Any]
) -> dict[str, Any]:
    """Train from several seeds, and say what came of each and of all."""
    accuracies, seconds = [], []
    for seed in range(SEED, SEED + seeds):
        model, taken = trained(make, train, seed, recipe)
        accuracies.append(evaluate(model, test).accuracy)
        seconds.append(taken)
        print(seed, accuracies[-1], round(taken, 1), flush=True)
    return {
        "epochs": recipe["epochs"],
        "learning_rate": recipe["optimizer"].keywords["lr"],
        "seeds": list(range(SEED, SEED + seeds)),
        "test_accuracies": accuracies,
        "test_accuracy_mean": round(statistics.mean(accuracies), 4),
        "test_accuracy_standard_deviation": round(statistics.stdev(accuracies), 4),
        "seconds": [round(taken, 2) for taken in seconds],
        "seconds_mean": round(statistics.mean(seconds), 2),
    }


def advantage(cnn: dict[str, Any], mlp: dict[str, Any]) -> dict[str, float]:
    """Return by how much the CNN is better, and the standard error of that."""
    sides = [side["test_accuracies"] for side in (cnn, mlp)]
    squares = [statistics.variance(values) / len(values) for values in sides]
    difference = statistics.mean(sides[0]) - statistics.mean(sides[1])
    return {"mean": round(difference, 4), "standard_error": round(math.sqrt(sum(squares)), 5)}


def by_names(nets: dict[str, Make], run: Callable[[str, Make], Any]) -> dict[str, Any]:
    """Run something for each network, and say which."""
    found = {}
    for name, make in nets.items():
        print(name, flush=True)
        found[name] = run(name, make)
    return found


def measured(train: ImageSet, test: ImageSet, seeds: int) -> Iterable[dict[str, Any]]:
    """Yield the results part by part."""
    yield {
        "pictures": len(train),
        "batch_size": BATCH_SIZE,
        "parameters": by_names(FAIR, lambda _, make: parameters(make())),
        "tutorial_parameters": by_names(TUTORIAL, lambda _, make: parameters(make())),
    }
    tried = by_names(FAIR, lambda _, make: choose(make, train))
    rates = {name: rows[0]["learning_rate"] for name, rows in tried.items()}
    fair = by_names(
        FAIR,
        lambda name, make: over_seeds(make, train, test, seeds, good_recipe(rates[name], EPOCHS)),
    )
    yield {
        "rates_tried": tried,
        "fair": fair,
        "advantage": advantage(fair["CNN"], fair["MLP"]),
    }
    few = min(seeds, 2)
    others = replace(test, images=shuffled(test.images))
    control = by_names(
        FAIR,
        lambda name, make: over_seeds(
            make, train, others, few, augmented(good_recipe(rates[name], EPOCHS), shuffle_pixels)
        ),
    )
    yield {
        "permuted": control,
        "permuted_advantage": advantage(control["CNN"], control["MLP"]),
    }
    yield {
        "tutorial": by_names(
            TUTORIAL, lambda _, make: over_seeds(make, train, test, few, tutorial_recipe())
        )
    }
    tried = by_names(TUTORIAL, lambda _, make: choose(make, train))
    rates = {name: rows[0]["learning_rate"] for name, rows in tried.items()}
    yield {
        "tutorial_rates_tried": tried,
        "tutorial_networks_trained_well": by_names(
            TUTORIAL,
            lambda name, make: over_seeds(
                make, train, test, few, good_recipe(rates[name], TUTORIAL_EPOCHS)
            ),
        ),
    }
    as_long = round(EPOCHS * fair["CNN"]["seconds_mean"] / fair["MLP"]["seconds_mean"])
    rate = fair["MLP"]["learning_rate"]
    yield {
        "MLP_for_as_many_seconds": over_seeds(
            fair_mlp, train, test, few, good_recipe(rate, as_long)
        )
    }


def without_sharing(train: ImageSet, test: ImageSet, seeds: int) -> dict[str, Any]:
    """Train with neighbours and sharing, with neighbours alone, and without either."""
    learnt, held_out = train.split(test=VALIDATION)

    def side(_: str, make: Make) -> dict[str, Any]:
        tried: dict[float, float] = {}
        for rate in RATES:
            model, _seconds = plainly(make, learnt, SEED, rate)
            tried[rate] = evaluate(model, held_out).accuracy
        best = max(tried, key=tried.__getitem__)
        found: dict[str, Any] = {"parameters": parameters(make()), "learning_rate": best}
        found["validation_accuracies"] = {f"{rate:g}": value for rate, value in tried.items()}
        for name, change in (("as_they_are", Tensor.contiguous), ("shuffled", shuffled)):
            sets = [replace(each, images=change(each.images)) for each in (train, test)]
            models = [plainly(make, sets[0], seed, best)[0] for seed in range(SEED, SEED + seeds)]
            accuracies = [evaluate(model, sets[1]).accuracy for model in models]
            found[f"{name}_test_accuracies"] = accuracies
            found[f"{name}_test_accuracy_mean"] = round(statistics.mean(accuracies), 4)
            found[f"{name}_test_accuracy_standard_deviation"] = round(
                statistics.stdev(accuracies), 4
            )
            print(name, accuracies, flush=True)
        return found

    return {
        "pictures": len(train),
        "epochs": UNSHARED_EPOCHS,
        "batch_size": TUTORIAL_BATCH_SIZE,
        "seeds": list(range(SEED, SEED + seeds)),
        "networks": by_names(UNSHARED, side),
    }


def plainly(make: Make, train: ImageSet, seed: int, rate: float) -> tuple[nn.Module, float]:
    """Train as the chapter's cells do: no augmentation, and float32 throughout."""
    optimizer = partial(torch.optim.SGD, lr=rate, momentum=0.9, nesterov=True, fused=True)
    recipe = {"epochs": UNSHARED_EPOCHS, "optimizer": optimizer, "schedule": one_cycle}
    return trained(make, train, seed, {**recipe, "batch_size": TUTORIAL_BATCH_SIZE, "amp": False})


def augmented(recipe: dict[str, Any], change: Callable[..., Any]) -> dict[str, Any]:
    """Return a recipe with one more augmentation at the end."""
    return recipe | {"augment": [*recipe["augment"], change]}


def parameters(model: nn.Module) -> int:
    """Count them."""
    return sum(parameter.numel() for parameter in model.parameters())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5, help="at least 2; default: 5")
    parser.add_argument("--pictures", type=int, default=60_000, help="to train on; default: 60000")
    parser.add_argument(
        "--unshared", action="store_true", help="only the CNN without sharing and its like, on few"
    )
    chosen = parser.parse_args()
    train, test = (
        fashion_mnist(split)[: chosen.pictures].to(cvlib.device()) for split in ("train", "test")
    )
    results: dict[str, Any] = {}
    if chosen.unshared:
        results = without_sharing(train[:UNSHARED_PICTURES], test, chosen.seeds)
        record("clothes_unshared", results, seed=SEED, benchmark="clothes")
        return
    for part in measured(train, test, chosen.seeds):
        results |= part
        record("clothes", results, seed=SEED)
    for name, values in results.items():
        print(name, values)


if __name__ == "__main__":
    main()
