"""The training that textbooks teach, written out: what `fit` is measured beside.

Every picture goes through Python by itself: a torchvision data set opens it as a PIL picture,
transforms it, and a `DataLoader` stacks the batch.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim import Optimizer
from torch.utils.data import DataLoader
from torchvision import datasets, transforms

from benchmarks.turns import seconds_in_turns
from cvlib.data import data_root

WORKERS = (0, 1, 2)  # of a `DataLoader`, to try
MEAN, STD = 0.2860, 0.3530  # of Fashion-MNIST's training pixels, from 0 to 1


def fashion_mnist(
    transform: Callable[[object], Tensor], *, train: bool = True, most: int | None = None
) -> datasets.FashionMNIST:
    """Fashion-MNIST as torchvision gives it, or its first ``most`` pictures."""
    pictures = datasets.FashionMNIST(str(data_root()), train=train, transform=transform)
    pictures.data, pictures.targets = pictures.data[:most], pictures.targets[:most]
    return pictures


def textbook_transform() -> transforms.Compose:
    return transforms.Compose([transforms.ToTensor(), transforms.Normalize((MEAN,), (STD,))])


def textbook_epoch(
    model: nn.Module, batches: DataLoader, optimizer: Optimizer, place: torch.device
) -> None:
    """Train for one epoch by the loop that every tutorial shows, and measure nothing."""
    model.train()
    for images, labels in batches:
        images, labels = images.to(place), labels.to(place)
        optimizer.zero_grad()
        loss = F.cross_entropy(model(images), labels)
        loss.backward()
        optimizer.step()


def seconds_by_workers(side: Callable[[int], object], runs: int) -> dict[int, float]:
    """Try each number of workers, in turns, and return the median of the seconds."""
    sides = {str(workers): partial(side, workers) for workers in WORKERS}
    seconds = seconds_in_turns(sides, runs, warm_up=0, agree=lambda mine, theirs: None)
    return {workers: statistics.median(seconds[str(workers)]) for workers in WORKERS}


def d2l_transform() -> transforms.Compose:
    return transforms.Compose([transforms.Resize((28, 28)), transforms.ToTensor()])


def d2l_epoch(
    model: nn.Module, batches: DataLoader, optimizer: Optimizer, place: torch.device
) -> list[tuple[float, float]]:
    """Train for one epoch as the ``Trainer`` of Dive into Deep Learning does.

    Its pictures pass through ``Resize`` to the size that they have and ``ToTensor`` (section 4.2.1,
    class ``FashionMNIST``). Each step reads the loss for the progress board (3.2.2, ``Module``),
    which keeps the mean of every half epoch (23.7), and then learns (3.4.4, ``fit_epoch``). Left
    out, in its favour: the board's drawing, and the validation after each epoch.

    Returns
    -------
    list of (float, float)
        The points that the board would draw: the epoch, and the mean training loss.

    References
    ----------
    Zhang, Lipton, Li, Smola, "Dive into Deep Learning", Cambridge University Press, 2023, the
    PyTorch code of release 1.0.3.
    """
    every = max(1, len(batches) // 2)
    waiting: list[tuple[float, float]] = []
    drawn = []
    model.train()
    for number, (images, labels) in enumerate(batches):
        images, labels = images.to(place), labels.to(place)
        loss = F.cross_entropy(model(images), labels)
        waiting.append((number / len(batches), loss.detach().cpu().numpy()))
        if len(waiting) == every:
            at, heights = zip(*waiting, strict=True)
            drawn.append((sum(at) / every, float(sum(heights)) / every))
            waiting.clear()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return drawn
