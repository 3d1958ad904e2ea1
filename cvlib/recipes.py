"""How the networks whose weights come with the package were trained.

``python -m cvlib checkpoint lenet`` trains one of them anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import nn

from cvlib.augmentation import random_crop, random_horizontal_flip
from cvlib.data import ImageSet, cifar10, mnist_sample
from cvlib.networks import LeNet, LeNet5, PlainNet, SmallResNet
from cvlib.networks.cifar10 import SMALL_WIDTHS
from cvlib.networks.lenet5 import lenet5_loss
from cvlib.training import Muon, evaluate, fit, muon_groups, one_cycle, polynomial

__all__ = ["PLAIN_NET", "RECIPES", "SMALL_RESNET", "Recipe", "train", "whiten"]


@dataclass(frozen=True)
class Recipe:
    """How a network of the package was trained.

    Parameters
    ----------
    make
        Makes the network, untrained.
    sets
        Returns the pictures to learn from, and those to test on.
    arguments
        The arguments of :func:`cvlib.training.loop.fit`.
    """

    make: Callable[[], nn.Module]
    sets: Callable[[], tuple[ImageSet, ImageSet]]
    arguments: dict[str, Any]


def digits() -> tuple[ImageSet, ImageSet]:
    """Return 4,000 of the embedded digits to learn from, and 1,000 to test on."""
    return mnist_sample().split(test=1000)


def photographs() -> tuple[ImageSet, ImageSet]:
    """Return CIFAR-10."""
    return cifar10("train"), cifar10("test")


PLAIN_NET: dict[str, Any] = {  # all but the epochs: the benchmark of CIFAR-10 has its own
    "batch_size": 128,
    "optimizer": partial(
        torch.optim.SGD, lr=0.2, momentum=0.9, nesterov=True, weight_decay=5e-4, fused=True
    ),
    "schedule": partial(one_cycle, pct_start=0.2),
    "loss": nn.CrossEntropyLoss(label_smoothing=0.1),
    "augment": (random_horizontal_flip, partial(random_crop, padding=2)),
    "amp": "bfloat16",
}


def by_muon(parameters: Iterable[nn.Parameter]) -> Muon:
    """Make the optimizer of the small residual network, for batches of 250."""
    vectors = {"lr": 13.0, "momentum": 0.85, "weight_decay": 4e-5}
    matrices = {"lr": 0.01, "momentum": 0.85, "weight_decay": 0.05}
    groups = muon_groups(parameters, lr=0.15, matrices=matrices, vectors=vectors)
    return Muon(groups, momentum=0.7)


def whiten(model: SmallResNet, pictures: ImageSet) -> None:
    """Make the first layer of the small residual network from a thousand pictures."""
    every = max(1, len(pictures) // 1000)
    model.whiten(pictures.images[::every] / 255)


SMALL_RESNET: dict[str, Any] = {  # all but the epochs: its benchmark has its own
    "batch_size": 250,
    "optimizer": by_muon,
    "schedule": polynomial,
    "loss": nn.CrossEntropyLoss(label_smoothing=0.2),
    "augment": (random_horizontal_flip, partial(random_crop, padding=2)),
    "amp": "bfloat16",
}

RECIPES = {
    "lenet": Recipe(
        LeNet,
        digits,
        {
            "epochs": 15,
            "batch_size": 32,
            "optimizer": partial(torch.optim.Adam, lr=0.002),
            "loss": nn.CrossEntropyLoss(label_smoothing=0.1),
        },
    ),
    "lenet5": Recipe(
        LeNet5,
        digits,
        {
            "epochs": 15,
            "batch_size": 32,
            "optimizer": partial(torch.optim.Adam, lr=0.01),
            "schedule": one_cycle,
            "loss": lenet5_loss,
        },
    ),
    "plain_net": Recipe(
        lambda: PlainNet().to(memory_format=torch.channels_last),
        photographs,
        {"epochs": 10, **PLAIN_NET},
    ),
    "small_net": Recipe(
        lambda: PlainNet(SMALL_WIDTHS).to(memory_format=torch.channels_last),
        photographs,
        {"epochs": 25, **PLAIN_NET},
    ),
}


def train(name: str, seed: int, device: str | None = None) -> tuple[nn.Module, dict[str, str]]:
    """Train a network of the package.

    Parameters
    ----------
    name
        A key of ``RECIPES``.
    seed
        Seed of the weights, of the shuffling and of augmentation.
    device
        Where to train; :func:`cvlib.device` chooses by default.

    Returns
    -------
    model : torch.nn.Module
        The trained network.
    facts : dict of str
        What it was trained on, and its accuracy on the test pictures.
    """
    recipe = RECIPES[name]
    pictures, others = recipe.sets()
    torch.manual_seed(seed)
    model = recipe.make()
    fit(model, pictures, device=device, seed=seed, **recipe.arguments)
    accuracy = evaluate(model, others).accuracy
    return model, {"data": pictures.source, "test_accuracy": f"{accuracy:g}"}
