"""Take AlexNet's novelties out, one by one: ``python -m benchmarks.alexnet``.

A small network of AlexNet's plan learns 2,000 photographs of CIFAR-10, once as it is and once
without each novelty of the paper: ReLU (tanh instead), response normalization, overlapping pooling,
dropout, augmentation as a whole, and the change of colours alone. Each is trained from several
seeds and measured on all test pictures, in the middle of each; the whole one also with ten crops.
The learning rates, one for each activation, are the best of a grid on training pictures held out.
Then the paper's figure 1: how many epochs a network of four layers without any regularization needs
to err on a quarter of the training pictures, with ReLU and with tanh, each at the learning rate of
a grid at which it needs fewest.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import Generator, Tensor, nn
from torchvision.transforms import CenterCrop

from benchmarks.record import record
from cvlib.augmentation import (
    TenCrop,
    pca_color,
    principal_colors,
    random_horizontal_flip,
    random_patch,
)
from cvlib.data import ImageSet, cifar10
from cvlib.networks.alexnet import SmallAlexNet
from cvlib.training import evaluate, fit, one_cycle

SEED = 0  # our seeds are counted from it
SIZE = 28  # pixels a side that the network sees, of 32: AlexNet's 224 of 256
PICTURES, HELD_OUT = 2000, 2000
EPOCHS, BATCH_SIZE, WEIGHT_DECAY = 60, 64, 0.05  # decoupled, by AdamW
RATES = (0.001, 0.003)
ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {"ReLU": nn.ReLU, "tanh": nn.Tanh}
VARIANTS: dict[str, dict[str, Any]] = {
    "all of it": {},
    "tanh for ReLU": {"activation": nn.Tanh},
    "no response normalization": {"response_norm": False},
    "pooling side by side": {"overlapping": False},
    "no dropout": {"dropout": 0.0},
    "no augmentation": {"augment": "none"},
    "no change of colours": {"augment": "patches and flips"},
}
ERROR = 0.25  # of the training pictures, in the paper's figure 1
MOST_EPOCHS = 40
FASTEST_RATES = (0.005, 0.01, 0.02, 0.05)  # of SGD with momentum 0.9


class ResponseNorm(nn.Module):
    """Torch's response normalization, several times as fast on a CPU.

    The sum over neighbouring channels is a convolution of 1 × 1, whose kernels hold alpha in a band
    and whose biases are k; and beta is 3/4, which takes only square roots.
    """

    def __init__(self, like: nn.LocalResponseNorm, channels: int) -> None:
        super().__init__()
        if like.beta != 0.75:
            raise ValueError(f"beta is {like.beta}; expected 0.75")
        number = torch.arange(channels)
        near = (number[:, None] - number).abs() <= like.size // 2
        band = like.alpha / like.size * near.float()
        self.register_buffer("weight", band[..., None, None])
        self.register_buffer("bias", torch.full((channels,), float(like.k)))

    def forward(self, x: Tensor) -> Tensor:
        """Normalize ``(N, C, H, W)``."""
        root = F.conv2d(x * x, self.weight, self.bias).rsqrt()
        return x * (root * root.sqrt())


def network(**switches: Any) -> SmallAlexNet:
    model = SmallAlexNet(**switches)
    channels = 0
    for number, layer in enumerate(model.features):
        channels = getattr(layer, "out_channels", channels)
        if isinstance(layer, nn.LocalResponseNorm):
            model.features[number] = ResponseNorm(layer, channels)
    return model.to(memory_format=torch.channels_last)


def middle(images: Tensor, targets: Tensor, _: Generator) -> tuple[Tensor, Tensor]:
    return CenterCrop(SIZE)(images), targets


def augmentations(train: ImageSet, name: str) -> list[Callable[..., tuple[Tensor, Tensor]]]:
    if name == "none":
        return [middle]
    steps = [partial(random_patch, size=SIZE), random_horizontal_flip]
    if name == "patches and flips":
        return steps
    values, vectors = principal_colors(train.images)
    return [*steps, partial(pca_color, values=values, vectors=vectors)]


def trained(
    train: ImageSet, rate: float, seed: int, augment: str = "all", **switches: Any
) -> tuple[nn.Module, float]:
    """Return a network, and the seconds that training it took."""
    torch.manual_seed(seed)
    model = network(**switches)
    begin = time.perf_counter()
    fit(
        model,
        train,
        epochs=EPOCHS,
        batch_size=BATCH_SIZE,
        optimizer=partial(torch.optim.AdamW, lr=rate, weight_decay=WEIGHT_DECAY, fused=True),
        schedule=one_cycle,
        augment=augmentations(train, augment),
        amp="bfloat16",
        seed=seed,
        progress=False,
    )
    return model, time.perf_counter() - begin


def in_the_middle(model: nn.Module, pictures: ImageSet) -> float:
    return evaluate(nn.Sequential(CenterCrop(SIZE), model), pictures, batch_size=200).accuracy


def choose(train: ImageSet, held_out: ImageSet) -> dict[str, list[dict[str, float]]]:
    """Try the learning rates on pictures held out, and return them, the best first."""
    grids = {}
    for name, activation in ACTIVATIONS.items():
        rows = []
        for rate in RATES:
            model, _ = trained(train, rate, SEED, activation=activation)
            accuracy = in_the_middle(model, held_out)
            rows.append({"learning_rate": rate, "validation_accuracy": accuracy})
            print(name, rows[-1], flush=True)
        grids[name] = sorted(rows, key=lambda row: -row["validation_accuracy"])
    return grids


def spread(name: str, values: list[float]) -> dict[str, Any]:
    return {
        name.replace("accuracy", "accuracies"): values,
        f"{name}_mean": round(statistics.mean(values), 4),
        f"{name}_standard_deviation": round(statistics.stdev(values), 4),
    }


def without(
    variant: Mapping[str, Any], train: ImageSet, test: ImageSet, rate: float, seeds: range
) -> dict[str, Any]:
    """Train a variant from several seeds, and measure it on its training and the test pictures."""
    known, new, crops, seconds = [], [], [], []
    for seed in seeds:
        model, taken = trained(train, rate, seed, **variant)
        seconds.append(round(taken, 1))
        known.append(in_the_middle(model, train))
        new.append(in_the_middle(model, test))
        if not variant:
            crops.append(evaluate(TenCrop(model, SIZE), test, batch_size=100).accuracy)
    row = {"learning_rate": rate, "seeds": list(seeds), "seconds": seconds}
    row |= spread("training_accuracy", known) | spread("test_accuracy", new)
    return row | (spread("ten_crop_accuracy", crops) if crops else {})


def four_layers(activation: Callable[[], nn.Module]) -> nn.Module:
    """Three convolutions and one fully connected layer, as in the paper's figure 1."""
    model = nn.Sequential(
        *(nn.Conv2d(3, 32, 5, stride=2, padding=2), activation(), nn.MaxPool2d(2)),
        *(nn.Conv2d(32, 64, 5, padding=2), activation(), nn.MaxPool2d(2)),
        *(nn.Conv2d(64, 64, 3, padding=1), activation(), nn.MaxPool2d(2)),
        *(nn.Flatten(), nn.Linear(64 * 2 * 2, 10)),
    )
    gain = 2**0.5 if isinstance(activation(), nn.ReLU) else 1.0
    for layer in model:
        if isinstance(layer, nn.Conv2d | nn.Linear):
            nn.init.normal_(layer.weight, std=gain / layer.weight[0].numel() ** 0.5)
            nn.init.zeros_(layer.bias)
    return model.to(memory_format=torch.channels_last)


def epochs_needed(train: ImageSet, name: str, rate: float, seed: int) -> int | None:
    """Count the epochs until the training error, as the epoch goes, is low enough."""
    torch.manual_seed(seed)
    model = four_layers(ACTIVATIONS[name])
    steps = torch.optim.SGD(model.parameters(), lr=rate, momentum=0.9, fused=True)
    for epoch in range(1, MOST_EPOCHS + 1):
        try:
            history = fit(
                model,
                train,
                epochs=1,
                batch_size=BATCH_SIZE,
                optimizer=steps,
                amp="bfloat16",
                seed=MOST_EPOCHS * seed + epoch,
                progress=False,
            )
        except FloatingPointError:
            return None
        if 1 - history.epochs[0].train_accuracy <= ERROR:
            return epoch
    return None


def figure_1(train: ImageSet, seeds: range) -> dict[str, Any]:
    """Count the epochs that each activation needs at the learning rate that suits it best."""
    rows: dict[str, Any] = {}
    for name in ACTIVATIONS:
        grid = {rate: epochs_needed(train, name, rate, SEED) for rate in FASTEST_RATES}
        arrived = {rate: epochs for rate, epochs in grid.items() if epochs is not None}
        if not arrived:
            raise RuntimeError(f"{name} errs on more than {ERROR} after {MOST_EPOCHS} epochs")
        best = min(arrived, key=arrived.__getitem__)
        needed = [epochs_needed(train, name, best, seed) or MOST_EPOCHS for seed in seeds]
        rows[name] = {
            "grid": [{"learning_rate": rate, "epochs": epochs} for rate, epochs in grid.items()],
            "learning_rate": best,
            "seeds": list(seeds),
            "epochs": needed,
            "epochs_mean": round(statistics.mean(needed), 2),
        }
        print(name, rows[name], flush=True)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3, help="at least 2; default: 3")
    parser.add_argument("--pictures", type=int, help="of the test set, to try it out")
    chosen = parser.parse_args()
    whole, test = cifar10("train"), cifar10("test")[: chosen.pictures]
    seeds = range(SEED, SEED + chosen.seeds)
    train, held_out = whole.split(test=HELD_OUT)
    train = train[:PICTURES]
    results: dict[str, Any] = {
        "data": train.source,
        "training_pictures": len(train),
        "test_pictures": len(test),
        "epochs": EPOCHS,
        "batch_size": BATCH_SIZE,
        "parameters": sum(parameter.numel() for parameter in SmallAlexNet().parameters()),
    }
    results["grids"] = grids = choose(train, held_out)
    rates = {name: rows[0]["learning_rate"] for name, rows in grids.items()}
    variants: dict[str, Any] = {}
    results["variants"] = variants
    for name, variant in VARIANTS.items():
        rate = rates["tanh" if variant.get("activation") is nn.Tanh else "ReLU"]
        variants[name] = without(variant, train, test, rate, seeds)
        print(name, variants[name], flush=True)
        record("alexnet", results, seed=SEED)  # a run cut off keeps what it has measured
    results["figure_1"] = figure_1(train, seeds)
    record("alexnet", results, seed=SEED)


if __name__ == "__main__":
    main()
