"""Make the weights that come with the package: ``python -m cvlib.networks lenet``."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import nn

from cvlib.data import cifar10, mnist_sample
from cvlib.networks import LeNet, LeNet5, PlainNet, checkpoint
from cvlib.networks.lenet5 import lenet5_loss
from cvlib.training import evaluate, fit, one_cycle
from cvlib.training.augmentation import random_crop, random_horizontal_flip
from cvlib.training.checkpoints import save_weights


def train_lenet(seed: int, device: str | None = None) -> tuple[nn.Module, dict[str, str]]:
    """Train LeNet on 4,000 of the embedded digits, as the book's chapter does.

    Parameters
    ----------
    seed
        Seed of the weights and of the shuffling.
    device
        Where to train; :func:`cvlib.device` chooses by default.

    Returns
    -------
    model : torch.nn.Module
        The trained network.
    facts : dict of str
        What it was trained on, and its accuracy on the 1,000 digits held out.
    """
    train, test = mnist_sample().split(test=1000)
    torch.manual_seed(seed)
    model = LeNet()
    fit(
        model,
        train,
        epochs=15,
        batch_size=32,
        optimizer=torch.optim.Adam(model.parameters(), lr=0.002),
        loss=nn.CrossEntropyLoss(label_smoothing=0.1),
        device=device,
        seed=seed,
    )
    accuracy = evaluate(model, test).accuracy
    return model, {"data": train.source, "test_accuracy": f"{accuracy:g}"}


def train_lenet5(seed: int, device: str | None = None) -> tuple[nn.Module, dict[str, str]]:
    """Train LeNet-5, with its own loss, on 4,000 of the embedded digits.

    Parameters
    ----------
    seed, device
        As for :func:`train_lenet`.

    Returns
    -------
    model, facts
        As :func:`train_lenet`.
    """
    train, test = mnist_sample().split(test=1000)
    torch.manual_seed(seed)
    model = LeNet5()
    fit(
        model,
        train,
        epochs=15,
        batch_size=32,
        optimizer=torch.optim.Adam(model.parameters(), lr=0.01),
        schedule=one_cycle,
        loss=lenet5_loss,
        device=device,
        seed=seed,
    )
    accuracy = evaluate(model, test).accuracy
    return model, {"data": train.source, "test_accuracy": f"{accuracy:g}"}


PLAIN_NET: dict[str, Any] = {
    "batch_size": 128,
    "optimizer": partial(
        torch.optim.SGD, lr=0.2, momentum=0.9, nesterov=True, weight_decay=5e-4, fused=True
    ),
    "schedule": partial(one_cycle, pct_start=0.2),
    "loss": nn.CrossEntropyLoss(label_smoothing=0.1),
    "augment": (random_horizontal_flip, partial(random_crop, padding=2)),
    "amp": "bfloat16",
}


def train_plain_net(seed: int, device: str | None = None) -> tuple[nn.Module, dict[str, str]]:
    """Train a plain network with batch normalization on CIFAR-10.

    Parameters
    ----------
    seed, device
        As for :func:`train_lenet`.

    Returns
    -------
    model, facts
        As :func:`train_lenet`; the accuracy is that on CIFAR-10's test pictures.
    """
    train, test = cifar10("train"), cifar10("test")
    torch.manual_seed(seed)
    model = PlainNet().to(memory_format=torch.channels_last)
    fit(model, train, epochs=10, device=device, seed=seed, **PLAIN_NET)
    accuracy = evaluate(model, test).accuracy
    return model, {"data": train.source, "test_accuracy": f"{accuracy:g}"}


RECIPES: dict[str, Callable[[int, str | None], tuple[nn.Module, dict[str, str]]]] = {
    "lenet": train_lenet,
    "lenet5": train_lenet5,
    "plain_net": train_plain_net,
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line.

    Parameters
    ----------
    arguments
        The words after the command's name; those of this process by default.
    """
    parser = argparse.ArgumentParser(
        prog="python -m cvlib.networks",
        description="Train a network and store its weights, as the ones in the package were made.",
    )
    parser.add_argument("name", choices=RECIPES, help="the network")
    parser.add_argument("--seed", type=int, default=0, help="default: 0")
    parser.add_argument("--device", help="cpu, cuda or auto (default: CVLIB_DEVICE, else auto)")
    parser.add_argument("--output", type=Path, help="default: in the package")
    chosen = parser.parse_args(arguments)
    model, facts = RECIPES[chosen.name](chosen.seed, chosen.device)
    path = chosen.output or checkpoint(chosen.name)
    command = f"python -m cvlib.networks {chosen.name} --seed {chosen.seed}"
    save_weights(path, model, command=command, **facts)
    print(f"{path}: test accuracy {facts['test_accuracy']}")


if __name__ == "__main__":
    main()
