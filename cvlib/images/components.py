"""Connected components: which pixels of a mask belong together, and how large each piece is."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cvlib.arguments import expect_mask

__all__ = ["Runs", "connected_components", "connected_components_with_stats", "find_runs"]

Mask = NDArray[np.bool_] | NDArray[np.uint8]
Places = NDArray[np.intp]


class Runs(NamedTuple):
    """Unbroken stretches of pixels in the rows of a mask, row by row, from left to right.

    Examples
    --------
    >>> Runs(np.array([0]), np.array([1]), np.array([3])).end
    array([3])
    """

    #: The row of each run.
    row: Places
    #: Its first column.
    start: Places
    #: The first column behind it.
    end: Places


def find_runs(mask: Mask) -> Runs:
    """Cut the rows of a mask into runs of pixels that are not 0.

    Parameters
    ----------
    mask
        ``bool`` or ``uint8``, (H, W).

    Returns
    -------
    Runs
        Row, first column, and first column behind each run, in reading order.

    Raises
    ------
    TypeError, ValueError
        If it is no mask.

    Examples
    --------
    >>> row, start, end = find_runs(np.array([[1, 1, 0, 1], [0, 1, 1, 0]], dtype=np.uint8))
    >>> row, start, end
    (array([0, 0, 1]), array([0, 3, 1]), array([2, 4, 3]))
    """
    expect_mask(mask)
    framed = np.pad(mask != 0, ((0, 0), (1, 1))).astype(np.int8)
    change = np.diff(framed, axis=1)
    row, start = np.nonzero(change == 1)
    return Runs(row, start, np.nonzero(change == -1)[1])


def connected_components(mask: Mask, connectivity: int = 8) -> tuple[int, NDArray[np.int32]]:
    """Give all pixels of a mask that hang together one number.

    Runs of neighbouring rows that touch are joined. Each piece is known by its oldest run, the
    first in reading order.

    Parameters
    ----------
    mask
        ``bool`` or ``uint8``, (H, W): what is not 0 is foreground.
    connectivity
        Whom a pixel touches: 4 for the neighbours that share a side, 8 for those that share a
        corner, too.

    Returns
    -------
    count : int
        How many numbers there are, the background's 0 among them, as in OpenCV.
    labels : ndarray
        ``int32``, (H, W): 0 for the background, then 1, 2, … by the first pixel of each piece in
        reading order. With ``cv2.CCL_SAUF`` OpenCV numbers alike; its default numbers the same
        pieces by blocks of 2 × 2 pixels.

    Raises
    ------
    TypeError, ValueError
        If it is no mask, or the connectivity is neither 4 nor 8.

    References
    ----------
    Rosenfeld and Pfaltz, "Sequential Operations in Digital Picture Processing", Journal of the ACM
    13(4), 1966, section 4; by runs as in He, Chao and Suzuki, "A Run-Based Two-Scan Labeling
    Algorithm", IEEE Transactions on Image Processing 17(5), 2008.

    Examples
    --------
    >>> count, labels = connected_components(np.array([[1, 0, 1], [1, 0, 0], [0, 1, 0]]) > 0)
    >>> count, labels.tolist()
    (3, [[1, 0, 2], [1, 0, 0], [0, 1, 0]])
    """
    count, labels, _ = _label(mask, connectivity)
    return count, labels


def connected_components_with_stats(
    mask: Mask, connectivity: int = 8
) -> tuple[int, NDArray[np.int32], NDArray[np.int32], NDArray[np.float64]]:
    """Give each piece of a mask a number and measure it: its box, its area, its centre.

    Parameters
    ----------
    mask, connectivity
        As for :func:`connected_components`.

    Returns
    -------
    count : int
        How many numbers there are, the background's 0 among them.
    labels : ndarray
        ``int32``, (H, W).
    stats : ndarray
        ``int32``, (count, 5): left, top, width, height and area in pixels, in the order of
        ``cv2.CC_STAT_LEFT`` and so on. All 0 for a background without a pixel, of which OpenCV
        writes numbers without a meaning.
    centroids : ndarray
        ``float64``, (count, 2): the mean x and y of the pixels; nan where there is none.

    Raises
    ------
    TypeError, ValueError
        As :func:`connected_components`.

    Examples
    --------
    >>> mask = np.array([[1, 1, 0, 0], [1, 1, 0, 1]], dtype=np.uint8)
    >>> count, labels, stats, centroids = connected_components_with_stats(mask)
    >>> stats[1:].tolist(), centroids[1:].tolist()
    ([[0, 0, 2, 2, 4], [3, 1, 1, 1, 1]], [[0.5, 0.5], [3.0, 1.0]])
    """
    count, labels, number = _label(mask, connectivity)
    behind = find_runs(np.asarray(mask == 0))
    parts = zip(find_runs(mask), behind, strict=True)
    row, start, end = (np.concatenate(part) for part in parts)
    owner = np.concatenate([number, np.zeros(len(behind.row), dtype=np.intp)])

    def total(values: NDArray[Any]) -> NDArray[np.float64]:
        return np.bincount(owner, values.astype(np.float64), count).astype(np.float64)

    length = end - start
    area = total(length)
    with np.errstate(invalid="ignore"):  # no background: 0 / 0
        x = total(length * (start + end - 1) / 2) / area
        y = total(length * row) / area
    sides = []
    for first, behind_last in ((start, end), (row, row + 1)):
        low, high = np.full(count, np.iinfo(np.int32).max), np.zeros(count, dtype=np.intp)
        np.minimum.at(low, owner, first)
        np.maximum.at(high, owner, behind_last)
        sides.append((np.where(area > 0, low, 0), np.where(area > 0, high - low, 0)))
    (left, width), (top, height) = sides
    stats = np.stack([left, top, width, height, area], axis=1).astype(np.int32)
    return count, labels, stats, np.stack([x, y], axis=1)


def _label(mask: Mask, connectivity: int) -> tuple[int, NDArray[np.int32], Places]:
    """Give each piece a number; also say which number each run bears."""
    if connectivity not in (4, 8):
        raise ValueError(f"connectivity is {connectivity!r}; expected 4 or 8")
    runs = find_runs(mask)
    oldest = _join(len(runs.row), *_touching(runs, mask.shape[1], reach=connectivity == 8))
    roots, number = np.unique(oldest, return_inverse=True)
    number += 1
    labels = np.zeros(mask.shape, dtype=np.int32)
    labels[mask != 0] = np.repeat(number, runs.end - runs.start)
    return len(roots) + 1, labels, number


def _touching(runs: Runs, width: int, reach: int) -> tuple[Places, Places]:
    """List all pairs of runs of which one lies a row above the other and touches it."""
    step = width + 2  # the picture as one line of pixels, with a gap between its rows
    start, end = runs.row * step + runs.start, runs.row * step + runs.end
    first = np.searchsorted(end, start - step - reach, side="right")
    behind = np.searchsorted(start, end - step + reach, side="left")
    partners = np.maximum(behind - first, 0)
    lower = np.repeat(np.arange(len(start)), partners)
    upper = np.arange(len(lower)) - np.repeat(np.cumsum(partners) - partners - first, partners)
    return upper, lower


def _join(count: int, upper: Places, lower: Places) -> Places:
    """Say which is the oldest run of each one's piece, given the pairs that touch."""
    parent = np.arange(count)
    while True:
        one, other = parent[upper], parent[lower]
        if np.array_equal(one, other):
            return parent
        np.minimum.at(parent, np.maximum(one, other), np.minimum(one, other))
        while not np.array_equal(parent, parent[parent]):
            parent = parent[parent]
