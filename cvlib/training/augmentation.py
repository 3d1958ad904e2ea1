"""Augmentation: show a network each picture in another guise each time.

Each function takes a batch, its targets and a generator, and draws on the CPU, for each picture
anew, so that the same generator gives the same batch on every device. Bind the strengths with
``functools.partial``, and hand the training loop one function or several. What is done to a
picture once the numbers are drawn is in :mod:`cvlib.training.adjustments`, and what mixes two of
them in :mod:`cvlib.training.mixing`.
"""

from __future__ import annotations

import math

import torch
from torch import Generator, Tensor

from cvlib.layers.arguments import integer, number
from cvlib.training.adjustments import (
    adjust_brightness,
    adjust_contrast,
    adjust_saturation,
    affine,
    crop,
    erase,
    horizontal_flip,
)
from cvlib.training.chance import centres, draw, interval, positions

__all__ = [
    "color_jitter",
    "cutout",
    "random_affine",
    "random_crop",
    "random_distortion",
    "random_erasing",
    "random_horizontal_flip",
]


def random_horizontal_flip(
    images: Tensor, targets: Tensor, generator: Generator, p: float = 0.5
) -> tuple[Tensor, Tensor]:
    """Swap left and right in some of the pictures.

    Parameters
    ----------
    images
        ``(B, C, H, W)``, numbers from 0 to 1.
    targets
        Labels ``(B,)`` or class probabilities ``(B, K)``; they stay as they are.
    generator
        Where chance comes from, on the CPU.
    p
        The probability of a flip, for each picture on its own.

    Returns
    -------
    images, targets : Tensor
        The pictures, some of them flipped, and their targets.

    Raises
    ------
    TypeError
        If ``images`` holds no floating-point numbers, or ``generator`` is none.
    ValueError
        If a shape does not fit, ``generator`` is not on the CPU, or ``p`` is no probability.

    Examples
    --------
    >>> images, labels = torch.tensor([0.1, 0.9]).expand(4, 1, 1, 2), torch.arange(4)
    >>> flipped, _ = random_horizontal_flip(images, labels, torch.Generator().manual_seed(0))
    >>> flipped.flatten(1)[:, 0]
    tensor([0.9000, 0.1000, 0.9000, 0.9000])
    """
    (chance,) = draw(images, generator, 1)
    return horizontal_flip(images, chance < number("p", p, most=1)), targets


def random_crop(
    images: Tensor, targets: Tensor, generator: Generator, padding: int = 4
) -> tuple[Tensor, Tensor]:
    """Shift pictures by whole pixels: pad with black, and cut out a window of the old size.

    Parameters
    ----------
    images, targets, generator
        As for :func:`random_horizontal_flip`.
    padding
        The largest shift, in pixels.

    Returns
    -------
    images, targets : Tensor
        The pictures, each shifted, and their targets.

    Raises
    ------
    TypeError, ValueError
        As :func:`random_horizontal_flip`, or if ``padding`` is no integer from 0 up.

    Examples
    --------
    >>> images, labels = torch.ones(2, 1, 8, 8), torch.arange(2)
    >>> shifted, _ = random_crop(images, labels, torch.Generator().manual_seed(0), padding=1)
    >>> shifted.sum((1, 2, 3))
    tensor([56., 49.])
    """
    padding = integer("padding", padding)
    top, left = positions(draw(images, generator, 2), torch.tensor(2 * padding + 1))
    return crop(images, top, left, padding), targets


def random_affine(
    images: Tensor,
    targets: Tensor,
    generator: Generator,
    degrees: float = 10.0,
    translate: float = 0.1,
    scale: tuple[float, float] = (0.9, 1.1),
    shear: float = 0.0,
) -> tuple[Tensor, Tensor]:
    """Turn, shift, scale and shear pictures about their centre.

    Parameters
    ----------
    images, targets, generator
        As for :func:`random_horizontal_flip`.
    degrees
        The largest angle, either way.
    translate
        The largest shift, as a share of the picture's width and height.
    scale
        The least and the greatest factor, above 0.
    shear
        The largest shear along x, either way, in degrees below 90.

    Returns
    -------
    images, targets : Tensor
        The pictures, each moved by numbers drawn evenly from these ranges, and their targets.

    Raises
    ------
    TypeError, ValueError
        As :func:`random_horizontal_flip`, or if a strength is outside its range.

    Examples
    --------
    >>> images, labels = torch.ones(2, 1, 8, 8), torch.arange(2)
    >>> generator = torch.Generator().manual_seed(0)
    >>> moved, _ = random_affine(images, labels, generator, degrees=0, scale=(0.5, 0.5))
    >>> moved.mean((1, 2, 3))
    tensor([0.2500, 0.2500])
    """
    low, high = interval("scale", scale, 1e-6, math.inf)
    turn, lean, right, down, size = draw(images, generator, 5)
    height, width = images.shape[2:]
    angle = (2 * turn - 1) * number("degrees", degrees)
    tilt = (2 * lean - 1) * number("shear", shear, most=89.9)
    shift = number("translate", translate, most=1)
    across, along = (2 * right - 1) * shift * width, (2 * down - 1) * shift * height
    moved = affine(images, angle, (across, along), low + (high - low) * size, (tilt, 0.0))
    return moved, targets


def random_distortion(
    images: Tensor,
    targets: Tensor,
    generator: Generator,
    translate: float = 0.1,
    scale: tuple[float, float] = (0.9, 1.1),
    squeeze: float = 1.15,
    shear: float = 10.0,
) -> tuple[Tensor, Tensor]:
    """Distort handwriting as LeNet-5 was taught: shift, scale, squeeze and slant, without turning.

    Parameters
    ----------
    images, targets, generator
        As for :func:`random_horizontal_flip`.
    translate, scale, shear
        As for :func:`random_affine`.
    squeeze
        The greatest factor, at least 1, by which a picture becomes wider and lower, or narrower
        and taller; drawn evenly in the logarithm.

    Returns
    -------
    images, targets : Tensor
        The pictures, each distorted, and their targets.

    Raises
    ------
    TypeError, ValueError
        As :func:`random_horizontal_flip`, or if a strength is outside its range.

    References
    ----------
    LeCun, Bottou, Bengio and Haffner, "Gradient-based learning applied to document recognition"
    (1998), section III.A, which names the kinds of distortion and not how strong they were.

    Examples
    --------
    >>> images, labels = torch.ones(2, 1, 8, 8), torch.arange(2)
    >>> generator = torch.Generator().manual_seed(0)
    >>> moved, _ = random_distortion(images, labels, generator, squeeze=2)
    >>> moved.mean((1, 2, 3))
    tensor([0.8739, 0.9011])
    """
    low, high = interval("scale", scale, 1e-6, math.inf)
    lean, right, down, size, wide = (2 * chance - 1 for chance in draw(images, generator, 5))
    shift = number("translate", translate, most=1)
    height, width = images.shape[2:]
    moved = affine(
        images,
        translate=(right * shift * width, down * shift * height),
        scale=(low + high + (high - low) * size) / 2,
        shear=(lean * number("shear", shear, most=89.9), 0.0),
        squeeze=torch.exp(wide * math.log(number("squeeze", squeeze, least=1))),
    )
    return moved, targets


def color_jitter(
    images: Tensor,
    targets: Tensor,
    generator: Generator,
    brightness: float = 0.2,
    contrast: float = 0.2,
    saturation: float = 0.2,
) -> tuple[Tensor, Tensor]:
    """Change brightness, contrast and saturation, in this order.

    Parameters
    ----------
    images, targets, generator
        As for :func:`random_horizontal_flip`; 1 or 3 channels.
    brightness, contrast, saturation
        How far the factor strays from 1, each way; it does not fall below 0.

    Returns
    -------
    images, targets : Tensor
        The pictures, each coloured anew, and their targets.

    Raises
    ------
    TypeError, ValueError
        As :func:`random_horizontal_flip`, or if a strength is negative.

    Examples
    --------
    >>> images, labels = torch.full((3, 1, 2, 2), 0.5), torch.arange(3)
    >>> lit, _ = color_jitter(images, labels, torch.Generator().manual_seed(0), brightness=0.4)
    >>> lit[:, 0, 0, 0]
    tensor([0.4985, 0.6073, 0.3354])
    """
    steps = (
        ("brightness", brightness, adjust_brightness),
        ("contrast", contrast, adjust_contrast),
        ("saturation", saturation, adjust_saturation),
    )
    for (name, strength, adjust), chance in zip(steps, draw(images, generator, 3), strict=True):
        high = 1 + number(name, strength)
        low = max(0.0, 2 - high)
        if strength:
            images = adjust(images, low + (high - low) * chance)
    return images, targets


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
        As for :func:`random_horizontal_flip`.
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
        As :func:`random_horizontal_flip`, or if a strength is outside its range.

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
        As for :func:`random_horizontal_flip`.
    size
        The square's side in pixels; it sticks out where the pixel is near the border.

    Returns
    -------
    images, targets : Tensor
        The pictures, each with a square, and their targets.

    Raises
    ------
    TypeError, ValueError
        As :func:`random_horizontal_flip`, or if ``size`` is no integer from 0 up.

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
