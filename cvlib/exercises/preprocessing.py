"""Checkers of the exercises in the chapter on preprocessing."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from cvlib.images.preprocessing import IMAGENET_MEAN, IMAGENET_STD

__all__ = ["to_picture"]


def to_picture(answer: object) -> str | None:
    """Check a function from a normalised tensor back to the picture it was made of.

    Parameters
    ----------
    answer
        The reader's function from ``float32`` (3, H, W) to ``uint8`` (H, W, 3).

    Returns
    -------
    str or None
        What is wrong, or None.

    Examples
    --------
    >>> to_picture(lambda x: x)
    'to_picture gives a Tensor, expected a NumPy array'
    """
    if not callable(answer):
        return f"to_picture is {answer!r}, expected a function"
    rng = np.random.default_rng(0)
    for picture in (
        np.full((2, 3, 3), [124, 116, 104], np.uint8),
        np.arange(256, dtype=np.uint8).reshape(16, 16, 1).repeat(3, axis=2),
        rng.integers(0, 256, (5, 7, 3), np.uint8),
    ):
        got = answer(_normalised(picture))
        if not isinstance(got, np.ndarray):
            return f"to_picture gives a {type(got).__name__}, expected a NumPy array"
        if got.shape != picture.shape:
            return f"a tensor (3, {picture.shape[0]}, {picture.shape[1]}) gives a picture of " + (
                f"shape {got.shape}, expected {picture.shape}"
            )
        if got.dtype != np.uint8:
            return f"the picture has dtype {got.dtype}, expected uint8"
        apart = np.argwhere(got != picture)
        if len(apart):
            place = tuple(int(number) for number in apart[0])
            return (
                f"{len(apart)} of {picture.size} values are wrong; the first, at {place}, is "
                f"{got[place]}, expected {picture[place]}"
            )
    return _beyond_white(answer(_normalised(np.full((1, 1, 3), 255, np.uint8)) * 1.01))


def _normalised(picture: NDArray[np.uint8]) -> Tensor:
    mean, std = (torch.tensor(values).reshape(3, 1, 1) for values in (IMAGENET_MEAN, IMAGENET_STD))
    return (torch.from_numpy(picture).permute(2, 0, 1) / 255 - mean) / std


def _beyond_white(got: NDArray[np.uint8]) -> str | None:
    if got.min() == 255:
        return None
    return f"a tensor slightly brighter than white gives {got.ravel().tolist()}, expected 255"
