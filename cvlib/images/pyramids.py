"""Pyramids: a picture at half the size, and half of that, and what each step loses."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cvlib.arguments import expect_picture, integer, pair
from cvlib.images.borders import Border, pad
from cvlib.images.strips import Pixel

__all__ = [
    "blend",
    "collapse",
    "gaussian_pyramid",
    "laplacian_pyramid",
    "pyr_down",
    "pyr_up",
]


def pyr_down(image: NDArray[Pixel], border: Border = "reflect_101") -> NDArray[Pixel]:
    """Blur by 1, 4, 6, 4, 1 and keep every second pixel: ``cv2.pyrDown``, for ``uint8`` to the bit.

    Parameters
    ----------
    image
        ``uint8`` or ``float32``, (H, W) or (H, W, C).
    border
        What stands beyond the border, as in :func:`cvlib.images.borders.pad`.

    Returns
    -------
    ndarray
        ((H + 1) // 2, (W + 1) // 2[, C]), the dtype of ``image``. Its first pixel lies on the first
        one of the picture.

    Raises
    ------
    TypeError
        If the picture is neither ``uint8`` nor ``float32``.
    ValueError
        If its shape is wrong, or the border is unknown.

    References
    ----------
    Burt and Adelson, "The Laplacian Pyramid as a Compact Image Code", IEEE Transactions on
    Communications 31(4), 1983.

    Examples
    --------
    >>> pyr_down(np.array([[0, 0, 160, 0, 0]], dtype=np.uint8))
    array([[20, 60, 20]], dtype=uint8)
    """
    expect_picture(image)
    wide = pad(image, 2, 2, 2, 2, border)
    halved: NDArray[Any]
    if image.dtype == np.float32:
        halved = _weigh(_weigh(wide, 1), 0) * np.float32(1 / 256)
    else:  # at most 256 · 255, and the half that rounds: it fits into 16 bits
        halved = (_weigh(_weigh(wide.astype(np.uint16), 1), 0) + 128) >> 8
    return halved.astype(image.dtype)


def _weigh(wide: NDArray[Any], axis: int) -> NDArray[Any]:
    lines = np.moveaxis(wide, axis, 0)
    size = len(lines) - 4
    a, b, c, d, e = (lines[start : start + size : 2] for start in range(5))
    return np.moveaxis(a + e + 4 * (b + d) + 6 * c, 0, axis)


def pyr_up(image: NDArray[Pixel], size: tuple[int, int] | None = None) -> NDArray[Pixel]:
    """Put a new pixel between any two, and blur by 1, 4, 6, 4, 1: ``cv2.pyrUp``.

    Parameters
    ----------
    image
        ``uint8`` or ``float32``, (H, W) or (H, W, C).
    size
        (height, width) of the result: twice that of the picture, or one less, for the odd size that
        :func:`pyr_down` halved. Twice, if not given.

    Returns
    -------
    ndarray
        (height, width[, C]), the dtype of ``image``. As in OpenCV, the picture is mirrored at its
        upper and left border, and its last row and column go on at the others.

    Raises
    ------
    TypeError
        If the picture is neither ``uint8`` nor ``float32``.
    ValueError
        If a shape is wrong.

    Examples
    --------
    >>> pyr_up(np.array([[0, 80]], dtype=np.uint8), (1, 4))
    array([[20, 40, 70, 80]], dtype=uint8)
    """
    expect_picture(image)
    twice = 2 * image.shape[0], 2 * image.shape[1]
    height, width = pair("size", twice if size is None else size, least=1, both=True)
    if not (twice[0] - 2 < height <= twice[0] and twice[1] - 2 < width <= twice[1]):
        raise ValueError(f"size is {size}; expected {twice}, or one less in either direction")
    doubled: NDArray[Any]
    if image.dtype == np.float32:
        doubled = _spread(_spread(image, width, 1), height, 0) * np.float32(1 / 64)
    else:
        doubled = (_spread(_spread(image.astype(np.uint16), width, 1), height, 0) + 32) >> 6
    return doubled.astype(image.dtype)


def _spread(image: NDArray[Any], size: int, axis: int) -> NDArray[Any]:
    """Of the weights, 1, 6, 1 fall on pixels where one stands, and 4, 4 between two of them."""
    lines = np.moveaxis(image, axis, 0)
    before = np.concatenate([lines[1:2] if len(lines) > 1 else lines, lines[:-1]])
    after = np.concatenate([lines[1:], lines[-1:]])
    spread = np.empty((2 * len(lines), *lines.shape[1:]), dtype=lines.dtype)
    spread[::2] = before + 6 * lines + after
    spread[1::2] = 4 * (lines + after)
    return np.moveaxis(spread[:size], 0, axis)


def gaussian_pyramid(image: NDArray[Pixel], levels: int) -> list[NDArray[Pixel]]:
    """Halve a picture again and again.

    Parameters
    ----------
    image
        ``uint8`` or ``float32``, (H, W) or (H, W, C).
    levels
        How many pictures, the given one included; at most as many as lead to a single pixel.

    Returns
    -------
    list of ndarray
        The picture, then each :func:`pyr_down` of the one before.

    Raises
    ------
    TypeError
        If the picture is neither ``uint8`` nor ``float32``.
    ValueError
        If its shape is wrong, or ``levels`` is below 1 or too many.

    Examples
    --------
    >>> [each.shape for each in gaussian_pyramid(np.zeros((5, 9), np.uint8), 3)]
    [(5, 9), (3, 5), (2, 3)]
    """
    expect_picture(image)
    most = 1 + (max(image.shape[:2]) - 1).bit_length()
    if integer("levels", levels, least=1) > most:
        sides = " × ".join(map(str, image.shape[:2]))
        raise ValueError(f"levels is {levels}; expected at most {most} for {sides} pixels")
    pyramid = [image]
    while len(pyramid) < levels:
        pyramid.append(pyr_down(pyramid[-1]))
    return pyramid


def laplacian_pyramid(image: NDArray[Pixel], levels: int) -> list[NDArray[np.float32]]:
    """Split a picture into octaves: what each halving loses, and the small picture that is left.

    Parameters
    ----------
    image
        ``uint8`` or ``float32``, (H, W) or (H, W, C).
    levels
        How many pictures, at most as many as lead to a single pixel.

    Returns
    -------
    list of ndarray
        ``float32``: each picture of :func:`gaussian_pyramid` less the next one enlarged by
        :func:`pyr_up`, and the last one itself. :func:`collapse` adds them up again.

    Raises
    ------
    TypeError
        If the picture is neither ``uint8`` nor ``float32``.
    ValueError
        If its shape is wrong, or ``levels`` is below 1 or too many.

    References
    ----------
    Burt and Adelson, "The Laplacian Pyramid as a Compact Image Code", IEEE Transactions on
    Communications 31(4), 1983.

    Examples
    --------
    >>> fine, coarse = laplacian_pyramid(np.array([[0, 0, 160, 0, 0]], dtype=np.uint8), 2)
    >>> fine.tolist(), coarse.tolist()
    ([[-30.0, -40.0, 110.0, -40.0, -25.0]], [[20.0, 60.0, 20.0]])
    """
    expect_picture(image)
    small = gaussian_pyramid(image.astype(np.float32), levels)
    lost = [here - pyr_up(next_, here.shape[:2]) for here, next_ in itertools.pairwise(small)]
    return [*lost, small[-1]]


def collapse(pyramid: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    """Add a Laplacian pyramid up again, from its smallest picture to the largest.

    Parameters
    ----------
    pyramid
        As :func:`laplacian_pyramid` makes it.

    Returns
    -------
    ndarray
        ``float32``, the shape of the first picture.

    Raises
    ------
    ValueError
        If it is empty, or a picture is not half of the one before.

    Examples
    --------
    >>> collapse(laplacian_pyramid(np.array([[0, 0, 160, 0, 0]], dtype=np.uint8), 2))
    array([[  0.,   0., 160.,   0.,   0.]], dtype=float32)
    """
    if not pyramid:
        raise ValueError("pyramid is empty; expected at least one picture")
    whole = pyramid[-1]
    for lost in pyramid[-2::-1]:
        whole = lost + pyr_up(whole, lost.shape[:2])
    return whole


def blend(
    first: NDArray[Pixel], second: NDArray[Pixel], mask: NDArray[Any], levels: int
) -> NDArray[Pixel]:
    """Join two pictures without a seam: coarse waves over a wide band, fine ones over a narrow one.

    Parameters
    ----------
    first, second
        ``uint8`` or ``float32``, (H, W) or (H, W, C), of one shape and dtype.
    mask
        (H, W), ``bool`` or numbers from 0 to 1: where it is 1, the first picture shows.
    levels
        Pictures of each pyramid; 1 mixes pixels by the mask alone.

    Returns
    -------
    ndarray
        The shape and dtype of ``first``; ``uint8`` is rounded and stops at 0 and 255.

    Raises
    ------
    TypeError
        If a picture is neither ``uint8`` nor ``float32``.
    ValueError
        If shapes or dtypes differ, the mask leaves 0 to 1 or holds nan, or ``levels`` is below 1 or
        too many.

    References
    ----------
    Burt and Adelson, "A Multiresolution Spline with Application to Image Mosaics", ACM Transactions
    on Graphics 2(4), 1983.

    Examples
    --------
    >>> black, white = np.zeros((1, 4), np.uint8), np.full((1, 4), 255, np.uint8)
    >>> blend(white, black, np.array([[1, 1, 0, 0]]), levels=1)
    array([[255, 255,   0,   0]], dtype=uint8)
    """
    expect_picture(first)
    if (first.shape, first.dtype) != (second.shape, second.dtype):
        raise ValueError(
            f"second is {second.dtype} {second.shape}; expected {first.dtype} {first.shape}, "
            "as first is"
        )
    if mask.shape != first.shape[:2]:
        raise ValueError(f"mask has shape {mask.shape}; expected {first.shape[:2]}")
    if not ((mask >= 0) & (mask <= 1)).all():  # nan is neither
        raise ValueError(f"mask goes from {mask.min()} to {mask.max()}; expected 0 to 1")
    weights = gaussian_pyramid(mask.astype(np.float32), levels)
    if first.ndim == 3:
        weights = [weight[..., None] for weight in weights]
    pairs = zip(laplacian_pyramid(first, levels), laplacian_pyramid(second, levels), strict=True)
    mixed = collapse(
        [
            weight * one + (1 - weight) * two
            for weight, (one, two) in zip(weights, pairs, strict=True)
        ]
    )
    if first.dtype == np.uint8:
        mixed = np.clip(np.rint(mixed), 0, 255)
    return mixed.astype(first.dtype)
