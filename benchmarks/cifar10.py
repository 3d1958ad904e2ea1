"""What CIFAR-10 teaches in the time of the tutorial's loop: ``python -m benchmarks.cifar10``.

PyTorch's tutorial "Training a Classifier" trains a small network for two epochs in batches of four,
picture by picture. That loop runs first and sets the time. Each later step keeps some of what the
step before did, changes what its entry in ``STEPS`` says, and gets the same time: as many whole
epochs as fit into it, with one thread or with all, whichever is faster. A trial on a part of the
pictures says how many to begin with; if the run then takes too long, or leaves room for more, it is
repeated with as many as would have fitted. The last step has twice the time. Settings were chosen
on a tenth of the training pictures held out. Training is timed, reading the data set and evaluating
are not.

``--looks`` instead gives the tutorial's network with flips and shifts other numbers of epochs,
whatever they take, and writes ``results/cifar10_looks.json``: it tells too few looks at the
pictures from too small a network.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms

import cvlib
from benchmarks.record import record
from cvlib.augmentation import TenCrop, random_crop, random_horizontal_flip
from cvlib.data import ImageSet, cifar10
from cvlib.networks import PlainNet, TutorialNet
from cvlib.recipes import PLAIN_NET
from cvlib.training import evaluate, fit, one_cycle

SEED = 0
TUTORIAL_EPOCHS, WORKERS = 2, 2
THREADS = torch.get_num_threads()
TRIAL = 5  # a fifth of the pictures
MARGIN = 0.95  # of the time: an epoch is not always as long as the one before
ENOUGH = 1.05  # a run is not repeated for fewer epochs more than this

tutorial_sgd = partial(torch.optim.SGD, lr=0.001, momentum=0.9)
FASTER = {"batch_size": 128, "amp": "bfloat16"}
one_rate = partial(torch.optim.SGD, lr=0.05, momentum=0.9, fused=True)
sgd = partial(torch.optim.SGD, momentum=0.9, nesterov=True, weight_decay=5e-4, fused=True)
AUGMENTED = {"augment": (random_horizontal_flip, partial(random_crop, padding=2))}


@dataclass(frozen=True)
class Step:
    """A change, and what it leads to."""

    name: str
    network: Callable[[], nn.Module]
    arguments: dict[str, Any]  # of `fit`
    times: float = 1  # as long as the tutorial's loop
    seeds: int = 1  # at most


def from_identity() -> PlainNet:
    """Return a plain network whose first filters of each layer hand on the maps before them."""
    model = PlainNet()
    for layer in model.features:
        if isinstance(layer, nn.Conv2d):
            nn.init.dirac_(layer.weight.data[: layer.in_channels])
    return model


rising = {"optimizer": partial(sgd, lr=0.05), "schedule": one_cycle}
STEPS = (
    Step("pictures in memory", TutorialNet, {"batch_size": 4, "optimizer": tutorial_sgd}),
    Step("batches of 128, bfloat16", TutorialNet, {**FASTER, "optimizer": one_rate}),
    Step("one-cycle rate, weight decay", TutorialNet, {**FASTER, **rising}),
    Step("flips and shifts", TutorialNet, {**FASTER, **rising, **AUGMENTED}, seeds=3),
    Step("plain network", from_identity, PLAIN_NET, seeds=3),
    Step("twice the time", from_identity, PLAIN_NET, times=2, seeds=3),
)
LOOKS = STEPS[3]


class OneByOne(Dataset):
    """Pictures as torchvision's data set gives them: each from an array, through PIL."""

    def __init__(self, pictures: ImageSet, transform: Callable[[Image.Image], Tensor]) -> None:
        self.data = pictures.images.permute(0, 2, 3, 1).contiguous().numpy()
        self.targets = pictures.labels.tolist()
        self.transform = transform

    def __len__(self) -> int:
        return len(self.data)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        return self.transform(Image.fromarray(self.data[index])), self.targets[index]


def tutorials_loop(pictures: ImageSet, seed: int) -> tuple[nn.Module, float]:
    """Train as the tutorial does, and return the model and the seconds that it took."""
    half = (0.5, 0.5, 0.5)
    spread = transforms.Compose([transforms.ToTensor(), transforms.Normalize(half, half)])
    torch.manual_seed(seed)
    model = TutorialNet()
    network = nn.Sequential(model.features, nn.Flatten(), model.classifier).to(cvlib.device())
    optimizer = tutorial_sgd(network.parameters())
    loader = DataLoader(OneByOne(pictures, spread), 4, shuffle=True, num_workers=WORKERS)
    begin = time.perf_counter()
    for _ in range(TUTORIAL_EPOCHS):
        running_loss = 0.0
        for images, labels in loader:
            images, labels = images.to(cvlib.device()), labels.to(cvlib.device())
            optimizer.zero_grad()
            loss = F.cross_entropy(network(images), labels)
            loss.backward()
            optimizer.step()
            running_loss += loss.item()
    return model, time.perf_counter() - begin


def by_fit(step: Step, pictures: ImageSet, epochs: int, seed: int) -> tuple[nn.Module, float]:
    """Train as a step says, and return the model and the seconds that it took."""
    torch.manual_seed(seed)
    model = step.network().to(memory_format=torch.channels_last)
    begin = time.perf_counter()
    fit(model, pictures, epochs=epochs, seed=seed, progress=False, **step.arguments)
    return model, time.perf_counter() - begin


def faster(step: Step, pictures: ImageSet) -> float:
    """Use as many threads as is faster, and return the seconds of an epoch, more or less."""
    part, taken = pictures[torch.arange(0, len(pictures), TRIAL)], {}
    for threads in range(THREADS, 0, -1):
        torch.set_num_threads(threads)
        by_fit(step, part[: 10 * step.arguments["batch_size"]], 1, SEED)  # warm up
        _, taken[threads] = by_fit(step, part, 1, SEED)
    torch.set_num_threads(min(taken, key=taken.__getitem__))
    return TRIAL * min(taken.values())


def in_time(
    step: Step, pictures: ImageSet, seconds: float, seeds: int
) -> tuple[list[tuple[nn.Module, float]], int]:
    """Train from each seed for as many epochs as fit into the time, and return how many did."""
    epochs, room = 0, max(1, int(MARGIN * seconds / faster(step, pictures)))
    first, most = (nn.Module(), seconds), sys.maxsize
    while room != epochs and (first[1] > seconds or room > ENOUGH * epochs):
        epochs = room
        first = by_fit(step, pictures, epochs, SEED)
        most = epochs - 1 if first[1] > seconds else most
        room = max(1, min(most, int(MARGIN * seconds * epochs / first[1])))
    others = [by_fit(step, pictures, epochs, seed) for seed in range(SEED + 1, SEED + seeds)]
    return [first, *others], epochs


def in_ten_crops(model: nn.Module) -> nn.Module:
    """Let a network look ten times: at a picture, at four shifts by a pixel, and mirrored."""
    return nn.Sequential(nn.ReflectionPad2d(1), TenCrop(model, size=32))


def measured(
    runs: list[tuple[nn.Module, float]], train: ImageSet, test: ImageSet, epochs: int
) -> dict[str, Any]:
    """Say what came of each run and of all."""
    models = [model for model, _ in runs]
    accuracies = [evaluate(model, test).accuracy for model in models]
    averaged = [evaluate(in_ten_crops(model), test, batch_size=100).accuracy for model in models]
    seconds = [taken for _, taken in runs]
    return {
        "parameters": sum(parameter.numel() for parameter in models[0].parameters()),
        "epochs": epochs,
        "threads": torch.get_num_threads(),
        "seeds": list(range(SEED, SEED + len(runs))),
        "seconds": [round(taken, 1) for taken in seconds],
        "seconds_mean": round(statistics.mean(seconds), 1),
        "test_accuracies": accuracies,
        "test_accuracy_mean": round(statistics.mean(accuracies), 4),
        "test_accuracy_standard_deviation": (
            round(statistics.stdev(accuracies), 4) if len(runs) > 1 else None
        ),
        "ten_crop_accuracies": averaged,
        "ten_crop_accuracy_mean": round(statistics.mean(averaged), 4),
        "train_accuracy": evaluate(models[0], train).accuracy,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3, help="at most; default: 3")
    parser.add_argument("--pictures", type=int, default=50_000, help="to train on; default: 50000")
    parser.add_argument(
        "--looks", type=int, nargs="+", metavar="EPOCHS", help="only the tutorial's network"
    )
    chosen = parser.parse_args()
    train, test = cifar10("train"), cifar10("test")
    # The JPEG copy comes by class: of few pictures, let each class have its share.
    train = train[torch.arange(0, len(train), len(train) // chosen.pictures)]
    if chosen.looks:
        train, test = train.to(cvlib.device()), test.to(cvlib.device())
        seeds, rows = range(SEED, SEED + chosen.seeds), {}
        for epochs in chosen.looks:
            runs = [by_fit(LOOKS, train, epochs, seed) for seed in seeds]
            rows[f"{epochs} epochs"] = measured(runs, train, test, epochs)
            print(rows, flush=True)
            results = {"data": train.source, "pictures": len(train), "looks": rows}
            record("cifar10_looks", results, seed=SEED, benchmark="cifar10")
        return
    runs = [tutorials_loop(train, SEED)]
    budget = runs[0][1]
    train, test = train.to(cvlib.device()), test.to(cvlib.device())
    rows = {"the tutorial's loop": measured(runs, train, test, TUTORIAL_EPOCHS)}
    print(rows, flush=True)
    record("cifar10", in_its_time(STEPS, train, test, budget, chosen.seeds, rows), seed=SEED)


def in_its_time(
    steps: Sequence[Step],
    train: ImageSet,
    test: ImageSet,
    budget: float,
    seeds: int,
    rows: dict[str, Any],
) -> dict[str, Any]:
    """Give each step its share of the tutorial's time, and return all that was measured."""
    for step in steps:
        runs, epochs = in_time(step, train, step.times * budget, min(step.seeds, seeds))
        row = measured(runs, train, test, epochs)
        row["share_of_tutorial_time"] = round(row["seconds_mean"] / budget, 2)
        print(step.name, row, flush=True)
        rows[step.name] = row
    torch.set_num_threads(THREADS)
    return {
        "data": train.source,
        "pictures": len(train),
        "tutorial_seconds": round(budget, 1),
        "steps": rows,
    }


if __name__ == "__main__":
    main()
