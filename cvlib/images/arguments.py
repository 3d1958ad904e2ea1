"""What the functions on pictures ask of their arguments, and the errors that say so."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["expect_grey_or_rgb", "expect_rgb", "expect_uint8"]


def expect_uint8(image: Any, name: str = "image") -> None:
    """Refuse what is no array of bytes.

    Parameters
    ----------
    image
        Anything.
    name
        What the caller calls it.

    Raises
    ------
    TypeError
        If it is no array, or its dtype is not ``uint8``.

    Examples
    --------
    >>> expect_uint8(np.zeros((2, 2)))
    Traceback (most recent call last):
    TypeError: image has dtype float64; expected uint8
    """
    if not isinstance(image, np.ndarray):
        raise TypeError(f"{name} is {type(image).__name__}; expected an array of uint8")
    if image.dtype != np.uint8:
        raise TypeError(f"{name} has dtype {image.dtype}; expected uint8")


def expect_rgb(image: Any) -> None:
    """Refuse what is no colour picture of bytes.

    Parameters
    ----------
    image
        Anything.

    Raises
    ------
    TypeError
        If it is no array of ``uint8``.
    ValueError
        If its shape is not (H, W, 3).

    Examples
    --------
    >>> expect_rgb(np.zeros((2, 2), dtype=np.uint8))
    Traceback (most recent call last):
    ValueError: image has shape (2, 2); expected (H, W, 3), RGB
    """
    expect_uint8(image)
    if image.ndim != 3 or image.shape[2] != 3:
        raise ValueError(f"image has shape {image.shape}; expected (H, W, 3), RGB")


def expect_grey_or_rgb(image: Any, name: str = "image") -> None:
    """Refuse what is no picture of bytes, grey or in colour, with at least one pixel.

    Parameters
    ----------
    image
        Anything.
    name
        What the caller calls it.

    Raises
    ------
    TypeError
        If it is no array of ``uint8``.
    ValueError
        If its shape is neither (H, W) nor (H, W, 3), or it is empty.

    Examples
    --------
    >>> expect_grey_or_rgb(np.zeros((0, 2), dtype=np.uint8))
    Traceback (most recent call last):
    ValueError: image has shape (0, 2); expected (H, W, 3), RGB, or (H, W), grey, not empty
    """
    expect_uint8(image, name)
    if image.ndim not in (2, 3) or image.shape[2:] not in ((), (3,)) or image.size == 0:
        raise ValueError(
            f"{name} has shape {image.shape}; expected (H, W, 3), RGB, or (H, W), grey, not empty"
        )
