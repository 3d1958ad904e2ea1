"""What a reader of digits was never taught: capital letters, and a few clothes of Fashion-MNIST."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from cvlib.arguments import number
from cvlib.data.image_set import ImageSet
from cvlib.data.strokes import drawn_strokes, rasterize

__all__ = ["PENS", "clothes_sample", "drawn_letters", "pens", "slanted_digits"]

#: The six pens, as widths in pixels and slants, columns to the left for each row down.
PENS = tuple((width, slant) for width in (1.8, 2.8) for slant in (-0.25, 0.0, 0.25))


def pens(strokes: Sequence[Sequence[Sequence[float]]]) -> torch.Tensor:
    """Draw the same strokes with a thin and a thick pen, leaning to the left, upright and leaning.

    Parameters
    ----------
    strokes
        For each stroke its points (x, y), as :func:`cvlib.data.rasterize` takes them.

    Returns
    -------
    Tensor
        ``uint8``, (6, 1, 28, 28), white on black: three slants with a pen 1.8 pixels wide, and
        three with one 2.8 pixels wide.

    Raises
    ------
    TypeError, ValueError
        As :func:`cvlib.data.rasterize` does.

    Examples
    --------
    >>> pens([[(0, 0), (0, 10)], [(-3, 5), (3, 5)]]).shape
    torch.Size([6, 1, 28, 28])
    """
    pictures = [rasterize(_leaning(strokes, slant), width=width) for width, slant in PENS]
    return torch.from_numpy(np.stack(pictures))[:, None]


def _leaning(
    strokes: Sequence[Sequence[Sequence[float]]], slant: float
) -> list[list[tuple[float, float]]]:
    slant = number("slant", slant, least=-1, most=1)
    return [[(x - slant * y, y) for x, y in stroke] for stroke in strokes]


def drawn_letters() -> ImageSet:
    """Return 102 capital letters, drawn as the digits of :func:`cvlib.data.drawn_digits` are.

    The 17 letters that hardly anyone would take for a digit, A C E F H K L M N P R T U V W X Y,
    each with a thin and a thick pen at three slants. The strokes were drawn for this book as lists
    of points, and were not changed after a network had seen them. So pen, frame and centring are
    those of the digits that a network on MNIST was taught; only what is drawn is new.

    Returns
    -------
    ImageSet
        Images of shape (102, 1, 28, 28), white on black, sorted by class.

    Examples
    --------
    >>> drawn_letters()
    ImageSet(images=(102, 1, 28, 28), classes=17, source='102 letters drawn for this book (cvlib)')
    """
    path = Path(__file__).with_name("letters.json")
    strokes = json.loads(path.read_text("utf-8"))
    images = torch.cat([pens(each) for each in strokes.values()])
    labels = torch.arange(len(strokes)).repeat_interleave(len(PENS))
    source = f"{len(images)} letters drawn for this book (cvlib)"
    return ImageSet(images, labels, tuple(strokes), source)


def slanted_digits() -> ImageSet:
    """Return the 60 drawn digits of :func:`cvlib.data.drawn_digits`, each with the same six pens.

    A control for :func:`drawn_letters`: what is odd about the pens is odd here too.

    Returns
    -------
    ImageSet
        Images of shape (360, 1, 28, 28), white on black, sorted by class.

    Examples
    --------
    >>> slanted_digits().images.shape
    torch.Size([360, 1, 28, 28])
    """
    drawn, classes = drawn_strokes(), tuple("0123456789")
    ways = [(label, way) for label, name in enumerate(classes) for way in drawn[name].values()]
    images = torch.cat([pens(way) for _, way in ways])
    labels = torch.tensor([label for label, _ in ways]).repeat_interleave(len(PENS))
    return ImageSet(images, labels, classes, "60 drawn digits, each with six pens (cvlib)")


def clothes_sample() -> ImageSet:
    """Return 100 clothes of Fashion-MNIST's test set, the first ten of each class.

    They come with the package, so that nothing need be downloaded to see what a network says of a
    picture that it was not made for. To learn clothes, read :func:`cvlib.data.fashion_mnist`.

    Returns
    -------
    ImageSet
        Images of shape (100, 1, 28, 28), grey, white on black, sorted by class.

    References
    ----------
    Xiao, Rasul, Vollgraf, "Fashion-MNIST: a Novel Image Dataset for Benchmarking Machine Learning
    Algorithms", 2017, arXiv:1708.07747. MIT licence, which stands in the header of the PNG file.

    Examples
    --------
    >>> clothes_sample()
    ImageSet(images=(100, 1, 28, 28), classes=10, source='Fashion-MNIST, 100 embedded clothes')
    """
    from PIL import Image

    from cvlib.data.idx import CLOTHES

    with Image.open(Path(__file__).with_name("clothes.png")) as picture:
        sheet = torch.from_numpy(np.array(picture))
    images = sheet.view(10, 28, 10, 28).transpose(1, 2).reshape(100, 1, 28, 28)
    labels = torch.arange(10).repeat_interleave(10)
    return ImageSet(images, labels, CLOTHES, "Fashion-MNIST, 100 embedded clothes")
