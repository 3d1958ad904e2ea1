"""Digits drawn as strokes, and the picture that a network trained on MNIST expects of them.

``book/_live/strokes.js`` computes the same, pixel by pixel, while a reader draws.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from cvlib.arguments import integer, number
from cvlib.data.image_set import ImageSet

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Strokes = Sequence[Sequence[Sequence[float]]]

_FRAME = 28
_FARTHEST = 1e150  # beyond it, squares leave the range of a float


def rasterize(strokes: Strokes, *, width: float = 2.4, side: int = 20) -> NDArray[np.uint8]:
    """Draw strokes as MNIST's digits were prepared: fitted into a box, then centred by their mass.

    Of MNIST's digits that :func:`~cvlib.data.mnist_sample` returns, all 5,000 have their centre of
    mass, as a mean of row and column numbers, from 13.5 up to 14.5, and all but one are 20 pixels
    long: they were moved by whole pixels. So are the strokes. What leaves the frame is cut off.

    The pen leaves full ink along its path and, at its edge, a ramp one pixel wide. Its width is
    that of MNIST: when the digits' skeletons are drawn with it, one digit in ten, the mean grey
    level is 33.0; that of the digits is 33.2.

    Parameters
    ----------
    strokes
        For each stroke its points (x, y), x to the right and y downwards, in any unit.
    width
        The pen's width in pixels of the result, at least 1.
    side
        Of the box in pixels, at most 28. The longer side of what is drawn fills it.

    Returns
    -------
    ndarray
        ``uint8``, (28, 28), from 0 (paper) to 255 (ink). A single point makes a dot.

    Raises
    ------
    TypeError
        If strokes do not hold pairs of numbers.
    ValueError
        If there is no stroke, a stroke has no point, a number is not finite, the pen is too thin
        or the box too large.

    References
    ----------
    LeCun, Bottou, Bengio, Haffner, "Gradient-Based Learning Applied to Document Recognition",
    Proceedings of the IEEE 86(11), 1998, section III.A.

    Examples
    --------
    >>> picture = rasterize([[(0, 0), (0, 10)], [(-3, 5), (3, 5)]])  # a plus
    >>> "".join(".+#"[int(level) // 86] for level in picture[14])
    '........############........'
    """
    width = number("width", width, least=1)
    if integer("side", side, least=1) > _FRAME:
        raise ValueError(f"side is {side}; expected at most {_FRAME}")
    drawn = _checked(strokes)
    points = np.concatenate(drawn)
    low, high = points.min(0), points.max(0)
    extent = (high - low).max()
    room = max(side - width - 1, 0.0)  # the ink reaches half the width and half the ramp farther
    middle = low / 2 + high / 2
    fitted = [(each - middle) / (extent or 1.0) * room + side / 2 for each in drawn]
    distance = np.minimum.reduce([_distances(each, side) for each in fitted])
    levels = np.floor(255 * np.clip(width / 2 + 0.5 - distance, 0, 1) + 0.5).astype(np.int64)
    return _centred(levels)


def _checked(strokes: Any) -> list[NDArray[np.float64]]:
    """Turn strokes into arrays of shape (N, 2)."""
    if len(strokes) == 0:
        raise ValueError("strokes is empty; expected at least one stroke")
    drawn = []
    for place, stroke in enumerate(strokes):
        if len(stroke) == 0:
            raise ValueError(f"strokes[{place}] is empty; expected at least one point")
        try:
            points = np.asarray(stroke, dtype=np.float64)
        except (TypeError, ValueError):
            points = np.empty(0)
        if points.ndim != 2 or points.shape[1] != 2:
            raise TypeError(f"strokes[{place}] is {stroke!r}; expected pairs of numbers (x, y)")
        if not (np.abs(points) <= _FARTHEST).all():  # nor is nan
            raise ValueError(f"strokes[{place}] is {stroke!r}; expected finite numbers")
        drawn.append(points)
    return drawn


def _distances(points: NDArray[np.float64], side: int) -> NDArray[np.float64]:
    """Measure how far the middle of each pixel lies from a path, shape (side, side)."""
    begin = points[:-1] if len(points) > 1 else points
    step = (points[1:] if len(points) > 1 else points) - begin
    (ax, ay), (dx, dy) = begin.T, step.T
    middles = np.arange(side) + 0.5
    x, y = middles[None, :, None] - ax, middles[:, None, None] - ay
    length = dx * dx + dy * dy
    along = np.clip((x * dx + y * dy) / np.where(length > 0, length, 1), 0, 1)
    x, y = x - along * dx, y - along * dy
    distance: NDArray[np.float64] = np.sqrt((x * x + y * y).min(2))
    return distance


def _centred(levels: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Move the box by whole pixels until the mean row and column lie from 13.5 up to 14.5."""
    numbers, mass = np.arange(len(levels)), int(levels.sum())
    rows, columns = int(levels.sum(1) @ numbers), int(levels.sum(0) @ numbers)
    down, right = (-((2 * total - 27 * mass) // (2 * mass)) for total in (rows, columns))
    wide = np.pad(levels, _FRAME)
    top, left = _FRAME - down, _FRAME - right
    return wide[top : top + _FRAME, left : left + _FRAME].astype(np.uint8)


def drawn_strokes() -> dict[str, dict[str, Strokes]]:
    """Return the strokes that the package carries: 60 digits, and six letters to try a network on.

    They were drawn for this book as lists of points, in the ways in which people write digits: a 7
    with a bar and without one, a 4 open and closed, slanted, angular, wide, wobbly. They are no
    sample of anybody's handwriting, and were not changed after a network had seen them.

    Returns
    -------
    dict
        By the character, ``"0"`` to ``"9"`` and ``"A"``, ``"E"``, ``"H"``, ``"K"``, ``"M"``,
        ``"X"``, and then by the way it is drawn: strokes as :func:`rasterize` takes them.

    Examples
    --------
    >>> drawn_strokes()["7"]["angular and wide"]
    [[[60, 84], [220, 84], [130, 220]]]
    """
    path = Path(__file__).with_suffix(".json")
    strokes: dict[str, dict[str, Strokes]] = json.loads(path.read_text("utf-8"))
    return strokes


def drawn_digits() -> ImageSet:
    """Return 60 digits that were drawn for this book as lists of points, six of each.

    Where they come from, :func:`drawn_strokes` says; :func:`rasterize` makes the pictures.

    Returns
    -------
    ImageSet
        Images of shape (60, 1, 28, 28), white on black, sorted by class.

    Examples
    --------
    >>> drawn_digits()
    ImageSet(images=(60, 1, 28, 28), classes=10, source='60 digits drawn for this book (cvlib)')
    """
    drawn, classes = drawn_strokes(), tuple("0123456789")
    pictures = [[rasterize(strokes) for strokes in drawn[digit].values()] for digit in classes]
    images = torch.from_numpy(np.stack([*chain.from_iterable(pictures)]))[:, None]
    labels = torch.arange(10).repeat_interleave(torch.tensor([*map(len, pictures)]))
    return ImageSet(images, labels, classes, "60 digits drawn for this book (cvlib)")
