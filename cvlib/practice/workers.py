"""What a process that loads pictures inherits: seeds and generators."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import torch
from torch.utils.data import Dataset, get_worker_info

from cvlib.arguments import integer

__all__ = ["Draws", "seed_own_generator"]


class Draws(Dataset[dict[str, float]]):
    """A data set of nothing but random numbers, from four generators, as augmentations draw them.

    Parameters
    ----------
    count
        How many items.

    Raises
    ------
    TypeError, ValueError
        If ``count`` is no integer, or below 1.

    Examples
    --------
    >>> list(Draws(2)[0])
    ['torch', 'numpy', 'python', 'own']
    """

    def __init__(self, count: int) -> None:
        self.count = integer("count", count, least=1)
        self.own = np.random.default_rng(0)  # each process that loads gets a copy of it

    def __len__(self) -> int:
        """Return how many items there are."""
        return self.count

    def __getitem__(self, at: int) -> dict[str, float]:
        """Draw a number from each generator."""
        return {
            "torch": float(torch.rand(())),
            "numpy": np.random.random(),  # noqa: NPY002 - numpy's global generator is the point
            "python": random.random(),
            "own": self.own.random(),
        }


def seed_own_generator(worker: int) -> None:
    """Give a data set in a process that loads a generator of its own; a ``worker_init_fn``.

    Parameters
    ----------
    worker
        The number of the process, which torch passes. The seed comes from torch, and is another one
        in each process and in each epoch.

    Raises
    ------
    RuntimeError
        If this is no process that loads.

    Examples
    --------
    >>> seed_own_generator(0)
    Traceback (most recent call last):
    RuntimeError: seed_own_generator was called outside of a worker; pass it as worker_init_fn
    """
    about = get_worker_info()
    if about is None:
        raise RuntimeError(
            "seed_own_generator was called outside of a worker; pass it as worker_init_fn"
        )
    dataset: Any = about.dataset
    dataset.own = np.random.default_rng(about.seed)
