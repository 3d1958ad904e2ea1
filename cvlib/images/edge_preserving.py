"""Filters that smooth and keep edges: the median and the bilateral filter."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from cvlib.arguments import expect_picture
from cvlib.images.borders import Border
from cvlib.images.strips import Line, Pixel, by_strips, window_sum

__all__ = [
    "bilateral_filter",
    "exchange",
    "median_blur",
    "median_network",
    "sorting_network",
]


def median_blur(image: NDArray[Pixel], ksize: int) -> NDArray[Pixel]:
    """Replace each pixel by the median of a square around it: ``cv2.medianBlur``, to the bit.

    Beyond the border, the last pixel is repeated. Small squares are sorted by a network of
    exchanges, large ones of ``uint8`` counted level by level.

    Parameters
    ----------
    image
        ``uint8`` or ``float32``, (H, W) or (H, W, C). Each channel is filtered alike.
    ksize
        Pixels of the square along a side, an odd number up to 255.

    Returns
    -------
    ndarray
        The shape and dtype of ``image``.

    Raises
    ------
    TypeError
        If the picture is neither ``uint8`` nor ``float32``.
    ValueError
        If the picture has the wrong shape, or the size is not odd or out of range.

    References
    ----------
    Batcher, "Sorting networks and their applications", Spring Joint Computer Conference, 1968.

    Examples
    --------
    >>> median_blur(np.array([[5, 5, 5, 99, 5]], dtype=np.uint8), 3)
    array([[5, 5, 5, 5, 5]], dtype=uint8)
    """
    expect_picture(image)
    if ksize not in range(1, 256, 2):
        raise ValueError(f"ksize is {ksize}; expected an odd number from 1 to 255")
    count = ksize**2

    def sort(line: Line, step: int) -> Line:
        down = len(line) - (ksize - 1) * step
        columns = [line[row * step :][:down] for row in range(ksize)]
        exchange(columns, [(a, b, True, True) for a, b in sorting_network(range(ksize))])
        lanes = [column[place:][: down - ksize + 1] for column in columns for place in range(ksize)]
        exchange(lanes, median_network(ksize))
        return lanes[count // 2]

    def count_levels(line: Line, step: int) -> Line:
        least, most = int(line.min()), int(line.max())
        median = np.full_like(line[: len(line) - (ksize - 1) * (step + 1)], least)
        for level in range(least + 1, most + 1):
            rows = window_sum((line >= level).astype(np.uint8), ksize, 1)
            median += window_sum(rows.astype(np.uint16), ksize, step) > count // 2
        return median

    network = ksize <= 9 or image.dtype != np.uint8
    return by_strips(image, (ksize, ksize), "replicate", sort if network else count_levels)


def exchange(lanes: list[Line], network: Sequence[tuple[int, int, bool, bool]]) -> None:
    """Send lines of numbers through a network, in place.

    Parameters
    ----------
    lanes
        Lines of one length.
    network
        Two places each, and which of them is needed afterwards: the first gets the smaller number,
        the second the larger one.

    Examples
    --------
    >>> lanes = [np.array([3, 1]), np.array([2, 5])]
    >>> exchange(lanes, [(0, 1, True, True)])
    >>> lanes
    [array([2, 1]), array([3, 5])]
    """
    for a, b, low, high in network:
        one, other = lanes[a], lanes[b]
        if low:
            lanes[a] = np.minimum(one, other)
        if high:
            lanes[b] = np.maximum(one, other)


def sorting_network(places: Sequence[int]) -> list[tuple[int, int]]:
    """List the exchanges of Batcher's odd–even merge sort.

    Parameters
    ----------
    places
        Where the numbers stand, in the order to sort them into.

    Returns
    -------
    list of (int, int)
        Two places each, of which the first gets the smaller number.

    References
    ----------
    Batcher, "Sorting networks and their applications", Spring Joint Computer Conference, 1968.

    Examples
    --------
    >>> sorting_network([5, 6, 7])
    [(5, 6), (5, 7), (6, 7)]
    """
    exchanges = []
    sizes = [2**i for i in range((len(places) - 1).bit_length())]
    for merged in sizes:
        for apart in (size for size in reversed(sizes) if size <= merged):
            for first in range(apart % merged, len(places) - apart, 2 * apart):
                for a in range(first, min(first + apart, len(places) - apart)):
                    if a // (2 * merged) == (a + apart) // (2 * merged):
                        exchanges.append((places[a], places[a + apart]))
    return exchanges


@cache
def median_network(ksize: int) -> list[tuple[int, int, bool, bool]]:
    """List what brings the median of a square, whose columns are sorted, to its middle.

    First each row is sorted, too. Then the number at row i, column j is the largest of
    ``(i + 1) * (j + 1)`` numbers, and the smallest of as many from the other corner. Where that is
    more than half of all, it is not the median; the others are sorted. What the middle does not
    need is left out.

    Parameters
    ----------
    ksize
        Numbers along a side, odd. They stand row by row.

    Returns
    -------
    list of (int, int, bool, bool)
        As :func:`exchange` takes it.

    Examples
    --------
    >>> median_network(3)[-1]
    (4, 6, True, False)
    """
    half = ksize**2 // 2 + 1
    exchanges = [
        pair
        for row in range(ksize)
        for pair in sorting_network(range(row * ksize, (row + 1) * ksize))
    ]
    exchanges += sorting_network(
        [
            row * ksize + column
            for row, column in np.ndindex(ksize, ksize)
            if max((row + 1) * (column + 1), (ksize - row) * (ksize - column)) <= half
        ]
    )
    needed, kept = {ksize**2 // 2}, []
    for a, b in reversed(exchanges):
        if a in needed or b in needed:
            kept.append((a, b, a in needed, b in needed))
            needed |= {a, b}
    return kept[::-1]


def bilateral_filter(
    image: NDArray[Pixel],
    d: int,
    sigma_color: float,
    sigma_space: float,
    border: Border = "reflect_101",
) -> NDArray[Pixel]:
    """Weigh the neighbours by how near they are and how alike: ``cv2.bilateralFilter``.

    Parameters
    ----------
    image
        ``uint8`` or ``float32``, (H, W) or (H, W, 3).
    d
        Diameter of the neighbourhood, a disc, in pixels; an even one counts as one more. If it is 0
        or less, the radius is 1.5 ``sigma_space``, rounded.
    sigma_color
        Which difference of values counts as small. Of three channels, the differences are added up.
    sigma_space
        Which distance counts as small, in pixels.
    border
        What stands beyond the border, as in :func:`cvlib.images.borders.pad`.

    Returns
    -------
    ndarray
        The shape and dtype of ``image``; ``uint8`` at most one level from OpenCV, whose sums are
        rounded in another order.

    Raises
    ------
    TypeError
        If the picture is neither ``uint8`` nor ``float32``.
    ValueError
        If the picture has the wrong shape, a sigma is not above 0, or the border is unknown.

    References
    ----------
    Tomasi and Manduchi, "Bilateral filtering for gray and color images", International Conference
    on Computer Vision, 1998.

    Examples
    --------
    >>> step = np.array([[10, 20, 10, 200, 210, 200]], dtype=np.uint8)
    >>> bilateral_filter(step, 3, sigma_color=30, sigma_space=10)
    array([[ 14,  16,  12, 202, 206, 204]], dtype=uint8)
    """
    expect_picture(image)
    if image.ndim == 3 and image.shape[2] != 3:
        raise ValueError(f"image has shape {image.shape}; expected (H, W) or (H, W, 3)")
    if not min(sigma_color, sigma_space) > 0:
        raise ValueError(
            f"sigma_color is {sigma_color} and sigma_space {sigma_space}; expected both above 0"
        )
    radius = max(1, d // 2 if d > 0 else round(1.5 * sigma_space))
    likeness = np.exp(-((np.arange(766) / sigma_color) ** 2) / 2).astype(np.float32)

    def alike(a: Line, b: Line) -> Line:
        difference = np.maximum(a, b) - np.minimum(a, b)
        if difference.ndim == 2:
            parts = difference.astype(np.uint16) if image.dtype == np.uint8 else difference
            difference = parts[:, :1] + parts[:, 1:2] + parts[:, 2:]
        if image.dtype == np.uint8:
            return likeness.take(difference)
        return np.exp(difference**2 * np.float32(-0.5 / sigma_color**2))

    def weigh(line: Line, step: int) -> Line:
        middle = radius * (step + 1)
        places = len(line) - 2 * middle
        values = line.astype(np.float32)
        total = values[middle:][:places].copy()
        weights = np.ones_like(total[:, :1] if total.ndim == 2 else total)
        for row, column in np.ndindex(radius + 1, 2 * radius + 1):
            column -= radius
            shift = row * step + column
            distance = row**2 + column**2
            if shift <= 0 or distance > radius**2:
                continue
            # The pair of a pixel and its neighbour counts twice: for the one and for the other.
            start = middle - shift
            pair = alike(line[start:][: places + shift], line[middle:][: places + shift])
            pair *= np.float32(np.exp(-distance / (2 * sigma_space**2)))
            for weight, neighbour in ((pair[shift:], middle + shift), (pair[:places], start)):
                weights += weight
                total += weight * values[neighbour:][:places]
        total /= weights
        return np.rint(total) if image.dtype == np.uint8 else total

    return by_strips(image, (2 * radius + 1, 2 * radius + 1), border, weigh)
