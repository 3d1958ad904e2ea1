"""Paint over a part of each picture: a rectangle that is told, drawn, or a square of one size."""

from __future__ import annotations

import math

import torch
from torch import Generator, Tensor

from cvlib.arguments import integer, number
from cvlib.augmentation.draws import (
    Number,
    centres,
    check_batch,
    draw,
    interval,
    per_picture,
    positions,
)

__all__ = ["cutout", "erase", "random_erasing", "rectangles"]


def erase(
    images: Tensor, top: Number, left: Number, height: Number, width: Number, value: float = 0.0
) -> Tensor:
    """Paint a rectangle over each picture.

    Parameters
    ----------
    images
        ``(B, C, H, W)``.
    top, left, height, width
        As for :func:`rectangles`.
    value
        What is painted, from 0 to 1.

    Returns
    -------
    Tensor
        As ``images``.

    Raises
    ------
    TypeError, ValueError
        As :func:`rectangles`.

    Examples
    --------
    >>> erase(torch.ones(2, 1, 1, 3), 0, torch.tensor([0, 1]), 1, 2).flatten(1)
    tensor([[0., 0., 1.],
            [1., 0., 0.]])
    """
    inside = rectangles(images, top, left, height, width)
    return images.masked_fill(inside, value)


def rectangles(images: Tensor, top: Number, left: Number, height: Number, width: Number) -> Tensor:
    """Tell which pixels lie in each picture's rectangle.

    Parameters
    ----------
    images
        ``(B, C, H, W)``, for their size and device.
    top, left
        The rectangle's first row and column, whole numbers, below 0 where it sticks out: one or
        ``(B,)``.
    height, width
        Its rows and columns, whole numbers: one or ``(B,)``.

    Returns
    -------
    Tensor
        ``bool``, ``(B, 1, H, W)``.

    Raises
    ------
    TypeError
        If ``images`` holds no floating-point numbers.
    ValueError
        If a shape does not fit.

    Examples
    --------
    >>> rectangles(torch.zeros(1, 1, 2, 3), top=1, left=-1, height=1, width=2).long()
    tensor([[[[0, 0, 0],
              [1, 0, 0]]]])
    """
    check_batch(images)
    inside = []
    named = (("top", top, "height", height, -2), ("left", left, "width", width, -1))
    for first, start, extent, size, axis in named:
        begin = per_picture(first, start, images, torch.int64)
        end = begin + per_picture(extent, size, images, torch.int64)
        position = torch.arange(images.shape[axis], device=images.device)
        position = position.view(-1, 1) if axis == -2 else position
        inside.append((position >= begin) & (position < end))
    return inside[0] & inside[1]


def random_erasing(
    images: Tensor,
    targets: Tensor,
    generator: Generator,
    p: float = 0.5,
    scale: tuple[float, float] = (0.02, 0.33),
    ratio: tuple[float, float] = (0.3, 3.3),
) -> tuple[Tensor, Tensor]:
    """Black out a rectangle of any shape in some of the pictures.

    Parameters
    ----------
    images, targets, generator
        As for :func:`~cvlib.augmentation.geometry.random_horizontal_flip`.
    p
        The probability of a rectangle, for each picture on its own.
    scale
        Its least and greatest area, as a share of the picture's.
    ratio
        Its least and greatest height divided by width, drawn evenly in the logarithm. A side that
        would be longer than the picture's is as long as that.

    Returns
    -------
    images, targets : Tensor
        The pictures, some with a rectangle, and their targets.

    Raises
    ------
    TypeError, ValueError
        As :func:`~cvlib.augmentation.geometry.random_horizontal_flip`, or if a strength is outside
        its range.

    References
    ----------
    Zhong, Zheng, Kang, Li and Yang, "Random erasing data augmentation" (2020), algorithm 1.

    Examples
    --------
    >>> images, labels = torch.ones(3, 1, 8, 8), torch.arange(3)
    >>> erased, _ = random_erasing(images, labels, torch.Generator().manual_seed(0), p=1)
    >>> 64 - erased.sum((1, 2, 3))
    tensor([ 4.,  8., 16.])
    """
    (least, most), (low, high) = (
        interval("scale", scale, 0, 1),
        interval("ratio", ratio, 1e-6, math.inf),
    )
    chosen, size, shape, down, right = draw(images, generator, 5)
    area = least + (most - least) * size
    tall = torch.exp(math.log(low) + (math.log(high) - math.log(low)) * shape)
    rows, columns = images.shape[2:]
    pixels = area * rows * columns
    height = (pixels * tall).sqrt().round().clamp(max=rows) * (chosen < number("p", p, most=1))
    width = (pixels / tall).sqrt().round().clamp(max=columns)
    top, left = positions(down, rows - height + 1), positions(right, columns - width + 1)
    return erase(images, top, left, height, width), targets


def cutout(
    images: Tensor, targets: Tensor, generator: Generator, size: int = 8
) -> tuple[Tensor, Tensor]:
    """Black out a square, centred on any pixel, in each picture.

    Parameters
    ----------
    images, targets, generator
        As for :func:`~cvlib.augmentation.geometry.random_horizontal_flip`.
    size
        The square's side in pixels; it sticks out where the pixel is near the border.

    Returns
    -------
    images, targets : Tensor
        The pictures, each with a square, and their targets.

    Raises
    ------
    TypeError, ValueError
        As :func:`~cvlib.augmentation.geometry.random_horizontal_flip`, or if ``size`` is no integer
        from 0 up.

    References
    ----------
    DeVries and Taylor, "Improved regularization of convolutional neural networks with cutout"
    (2017), section 3.2.

    Examples
    --------
    >>> images, labels = torch.ones(3, 1, 8, 8), torch.arange(3)
    >>> cut, _ = cutout(images, labels, torch.Generator().manual_seed(0), size=4)
    >>> 64 - cut.sum((1, 2, 3))
    tensor([12., 16.,  8.])
    """
    size = integer("size", size)
    top, left = centres(images, generator) - size // 2
    return erase(images, top, left, size, size), targets
