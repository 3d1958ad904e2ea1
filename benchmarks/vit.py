"""What inductive bias is worth: ``python -m benchmarks.vit``.

A vision transformer and a convolutional network of as many parameters learn CIFAR-10 from 500,
5,000 and 50,000 pictures, alike in everything else: AdamW, one-cycle rate, smoothed labels, flips
and shifts, ``float32``, and the same seconds of one processor core. The rate follows the clock, so
a run takes its time to within a step, and a faster network sees more pictures. The control is the
same convolutional network on shuffled pictures: patches of 8 × 8 pixels have changed places, and so
have the pixels in each patch, in one random order for all pictures. It learns from the same
numbers, without their neighbourhood. A transformer needs no such run: move the weights of its
patch embedding and its positions alike, and it gives the same numbers; before training, these are
drawn independently of one another, so one order is as likely as any other.

Each seed draws the pictures to learn from, the weights, the batches and the orders. ``--choose``
tries peak rates, each for 20 seconds, on 5,000 pictures to learn from and 5,000 others of the
training set, and prints what came of it; ``RATES`` holds the best. So was the patch chosen: in a
minute, from 45,000 pictures, patches of 8 came to 51.0 %, patches of 4 to 45.9 %. The test pictures
choose nothing.

The record is written after each seed and number of pictures, and what it holds already is not run
again: an interrupted benchmark goes on where it stopped. Delete ``results/vit.json`` to begin anew.
"""

from __future__ import annotations

import argparse
import json
import statistics
from collections.abc import Callable
from functools import partial
from itertools import product
from pathlib import Path
from time import process_time
from typing import Any, NamedTuple

import torch
from torch import Generator, Tensor, nn
from torchvision.transforms import v2

from benchmarks import record
from cvlib.augmentation import random_crop, random_horizontal_flip
from cvlib.data import ImageSet, cifar10
from cvlib.networks import PlainNet
from cvlib.networks.vit import ViT
from cvlib.training import evaluate, one_cycle

SEED, SEEDS = 0, 3
SECONDS = {500: 10.0, 5_000: 20.0, 50_000: 60.0}  # of training, for so many pictures
TRIED = (0.001, 0.002, 0.004, 0.008)
RATES = {"ViT": 0.001, "CNN": 0.004, "CNN, shuffled pictures": 0.004}
CHOOSING, TRIAL_SECONDS = 5_000, 20.0  # pictures to learn from, and as many held out
BATCH, WEIGHT_DECAY, SMOOTHING = 64, 0.05, 0.1
PATCH = 8  # pixels
MEAN, STD = (0.491, 0.482, 0.447), (0.247, 0.243, 0.262)  # of CIFAR-10's colours


class Shuffled(nn.Module):
    """Patches change places, and the pixels within each, in one order for all pictures."""

    patches: Tensor
    pixels: Tensor

    def __init__(self, size: int = PATCH, side: int = 32 // PATCH) -> None:
        super().__init__()
        self.size = size
        self.register_buffer("patches", torch.randperm(side**2))
        self.register_buffer("pixels", torch.randperm(size**2))

    def forward(self, x: Tensor) -> Tensor:
        """Shuffle pictures (N, C, H, W)."""
        patches = nn.functional.unfold(x, self.size, stride=self.size)[..., self.patches]
        pixels = patches.unflatten(1, (x.shape[1], -1))[:, :, self.pixels].flatten(1, 2)
        return nn.functional.fold(pixels, x.shape[2:], self.size, stride=self.size)


def network(name: str) -> nn.Module:
    """Make one of the networks, untrained."""
    spread = v2.Normalize(MEAN, STD)
    if name == "ViT":
        return nn.Sequential(spread, ViT(32, PATCH, 3, 4, 64, 128, in_channels=3))
    plain = PlainNet(((24,), (46, 46), (76, 76)))
    first = Shuffled() if name == "CNN, shuffled pictures" else nn.Identity()
    return nn.Sequential(first, plain).to(memory_format=torch.channels_last)


def trained(
    make: Callable[[], nn.Module], pictures: ImageSet, seconds: float, rate: float, seed: int
) -> tuple[nn.Module, int]:
    """Train a network for so many seconds, and return it and how many pictures it was shown."""
    torch.manual_seed(seed)
    model = make().train()
    chance = Generator().manual_seed(seed)
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=rate, weight_decay=WEIGHT_DECAY, fused=True
    )
    loss = nn.CrossEntropyLoss(label_smoothing=SMOOTHING)
    schedule = partial(one_cycle, total_steps=1000, pct_start=0.2)
    order: list[Tensor] = []
    looks, begin = 0, process_time()
    while (share := (process_time() - begin) / seconds) < 1:
        order = order or list(torch.randperm(len(pictures), generator=chance).split(BATCH))
        batch = pictures[order.pop()]
        x, labels = batch.images / 255, batch.labels
        for change in (random_horizontal_flip, partial(random_crop, padding=2)):
            x, labels = change(x, labels, chance)
        optimizer.param_groups[0]["lr"] = rate * schedule(int(1000 * share))
        optimizer.zero_grad()
        loss(model(x), labels).backward()
        optimizer.step()
        looks += len(x)
    return model.eval(), looks


def accuracy(model: nn.Module, pictures: ImageSet) -> float:
    """Return which share of the pictures the network reads right."""
    found = evaluate(model, pictures).accuracy
    assert found is not None
    return found


def rates_tried(name: str, train: ImageSet) -> dict[str, float]:
    """Return what each rate leads to, on training pictures held out."""
    learn, held_out = train.split(test=CHOOSING, seed=SEED)
    some = learn.split(test=CHOOSING, seed=SEED)[1]
    found = {}
    for rate in TRIED:
        model, _ = trained(partial(network, name), some, TRIAL_SECONDS, rate, SEED)
        found[f"{rate:g}"] = accuracy(model, held_out)
    return found


def part(train: ImageSet, count: int, seed: int) -> ImageSet:
    """Return so many pictures, the same share of each class."""
    return train if count == len(train) else train.split(test=count, seed=seed)[1]


class Run(NamedTuple):
    """What came of one training."""

    test_accuracy: float
    train_accuracy: float
    epochs: float


def one_run(name: str, train: ImageSet, test: ImageSet, count: int, seed: int) -> Run:
    """Train a network once."""
    some = part(train, count, seed)
    model, looks = trained(partial(network, name), some, SECONDS[count], RATES[name], seed)
    known = some[torch.arange(0, count, max(1, count // CHOOSING))]
    return Run(accuracy(model, test), accuracy(model, known), round(looks / count, 3))


def measured(runs: list[Run], seconds: float) -> dict[str, Any]:
    """Say what came of the runs from seeds 0, 1 and so on."""
    tests, trains, epochs = zip(*runs, strict=True)
    spread = round(statistics.stdev(tests), 4) if len(tests) > 1 else None
    return {
        "seconds": seconds,
        "seeds": list(range(SEED, SEED + len(runs))),
        "epochs_mean": round(statistics.mean(epochs), 1),
        "train_accuracy_mean": round(statistics.mean(trains), 4),
        "test_accuracy_mean": round(statistics.mean(tests), 4),
        "test_accuracy_standard_deviation": spread,
        "test_accuracies": list(tests),
        "train_accuracies": list(trains),
        "epochs": list(epochs),
    }


def known_runs(path: Path) -> dict[tuple[str, int], list[Run]]:
    """Return the runs of a record, by network and number of pictures."""
    if not path.exists():
        return {}
    networks = json.loads(path.read_text("utf-8"))["results"]["networks"]
    return {
        (name, int(size.split()[0])): [
            Run(*values)
            for values in zip(
                row["test_accuracies"], row["train_accuracies"], row["epochs"], strict=True
            )
        ]
        for name, found in networks.items()
        for size, row in found["pictures"].items()
        if row["seconds"] == SECONDS.get(int(size.split()[0]))
    }


def written(runs: dict[tuple[str, int], list[Run]], data: str) -> None:
    """Write the record."""
    networks = {
        name: {
            "parameters": sum(parameter.numel() for parameter in network(name).parameters()),
            "learning_rate": RATES[name],
            "pictures": {
                f"{count} pictures": measured(runs[name, count], SECONDS[count])
                for count in SECONDS
                if (name, count) in runs
            },
        }
        for name in RATES
    }
    record.record("vit", {"data": data, "networks": networks}, seed=SEED)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=SEEDS, help=f"default: {SEEDS}")
    parser.add_argument("--choose", action="store_true", help="only try rates")
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    train, test = cifar10("train"), cifar10("test")
    if chosen.choose:
        print({name: rates_tried(name, train) for name in RATES})
        return
    runs = known_runs(record.RESULTS / "vit.json")
    for seed, count in product(range(SEED, SEED + chosen.seeds), SECONDS):
        for name in RATES:
            if len(runs.setdefault((name, count), [])) <= seed - SEED:
                runs[name, count].append(one_run(name, train, test, count, seed))
                print(seed, name, count, runs[name, count][-1], flush=True)
        written({key: found for key, found in runs.items() if found}, train.source)


if __name__ == "__main__":
    main()
