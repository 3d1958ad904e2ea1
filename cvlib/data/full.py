"""Which of the full data sets are there, before one of them is read."""

from __future__ import annotations

from pathlib import Path

from cvlib.data import cifar, idx

__all__ = ["full_sets"]


def full_sets() -> dict[str, Path | None]:
    """Say where each of the full data sets lies; nothing is read or downloaded.

    Returns
    -------
    dict
        By the names of MNIST, Fashion-MNIST and CIFAR-10, the file or folder under
        :func:`data_root` from which the set would be read, or None if it would be downloaded.

    Raises
    ------
    DataError
        If a folder cannot be listed.

    Examples
    --------
    >>> list(full_sets())
    ['MNIST', 'Fashion-MNIST', 'CIFAR-10']
    """
    return {
        "MNIST": idx.place("MNIST"),
        "Fashion-MNIST": idx.place("FashionMNIST"),
        "CIFAR-10": cifar.place(),
    }
