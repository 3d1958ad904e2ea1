"""Instances: which pixels of a region belong to one thing, and how many things were found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from cvlib.arguments import integer, number

__all__ = ["Matching", "match", "separate"]


def separate(
    foreground: NDArray[Any], *, smooth: float = 1.0, height: float = 0.5, smallest: int = 20
) -> NDArray[np.int32]:
    """Take a region apart where it is narrow: a distance transform, and a watershed on it.

    Each pixel gets its distance to the background. Things that touch make several hills, and each
    hill is flooded from its top until the floods meet.

    Parameters
    ----------
    foreground
        ``bool``, (H, W), or numbers that are 0 on the background.
    smooth
        Standard deviation of a Gaussian that smooths the distances, in pixels; 0 for none.
    height
        A hill counts if one has to climb down by so many pixels of distance before one can climb
        higher.
    smallest
        Things of fewer pixels are dropped.

    Returns
    -------
    ndarray
        ``int32``, (H, W): 0 on the background, and 1, 2 and so on for each thing.

    Raises
    ------
    TypeError, ValueError
        If ``foreground`` is no plane of numbers, or holds nan, or an argument is below 0.

    References
    ----------
    Vincent, Soille, "Watersheds in Digital Spaces", IEEE Transactions on Pattern Analysis and
    Machine Intelligence 13(6), 1991. Soille, "Morphological Image Analysis", 2nd edition, 2003,
    section 6.3.3, for the hills.

    Examples
    --------
    >>> two = np.zeros((20, 40), np.uint8)
    >>> for x in (12, 26):
    ...     _ = cv2.circle(two, (x, 9), 8, 1, -1)
    >>> int(separate(two).max())
    2
    """
    from skimage.morphology import h_maxima
    from skimage.segmentation import relabel_sequential, watershed

    region = _plane("foreground", foreground) != 0
    number("smooth", smooth)
    number("height", height)
    integer("smallest", smallest)
    if region.all():
        return np.ones(region.shape, np.int32)
    # The border of the picture is no edge of a thing: OpenCV looks for zeros inside only.
    distance = cv2.distanceTransform(region.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    if smooth:
        distance = cv2.GaussianBlur(distance, (0, 0), smooth)
    distance = np.where(region, np.round(distance, 3), 0)
    tops = h_maxima(distance, height) if height else distance > 0
    _, markers = cv2.connectedComponents((tops * region).astype(np.uint8), connectivity=8)
    markers = _with_the_flat_ones(region, markers)
    parts = watershed(-distance, markers, mask=region)
    sizes = np.bincount(parts.ravel())
    parts[sizes[parts] < smallest] = 0
    found: NDArray[np.int32] = relabel_sequential(parts)[0].astype(np.int32)
    return found


def _with_the_flat_ones(region: NDArray[np.bool_], markers: NDArray[np.int32]) -> NDArray[np.int32]:
    """Give a marker to each connected part of a region whose hill is too low to have one."""
    count, parts = cv2.connectedComponents(region.astype(np.uint8), connectivity=4)
    marked = np.zeros(count, bool)
    marked[np.unique(parts[markers > 0])] = True
    without = ~marked[parts] & region
    return np.where(without, markers.max() + parts, markers).astype(np.int32)


@dataclass(frozen=True)
class Matching:
    """Which found things are true ones.

    Parameters
    ----------
    found, true
        How many things were found, and how many there are.
    pairs
        (n, 2): the number of a found thing, and that of the true one it covers.
    overlaps
        (n,): their intersections over union.
    """

    found: int
    true: int
    pairs: NDArray[np.int64]
    overlaps: NDArray[np.float64]

    @property
    def precision(self) -> float:
        """The share of the found things that are true ones; nan where nothing was found."""
        return len(self.pairs) / self.found if self.found else float("nan")

    @property
    def recall(self) -> float:
        """The share of the true things that were found; nan where there are none."""
        return len(self.pairs) / self.true if self.true else float("nan")

    @property
    def f1(self) -> float:
        """Twice the pairs, divided by the things found plus the true ones; nan for 0/0."""
        both = self.found + self.true
        return 2 * len(self.pairs) / both if both else float("nan")


def match(found: NDArray[Any], true: NDArray[Any], threshold: float = 0.5) -> Matching:
    """Pair found things with true ones that they cover well, each with one at most.

    Parameters
    ----------
    found, true
        Whole numbers, (H, W): 0 on the background, and a number for each thing.
    threshold
        The least intersection over union of a pair, above 0 and at most 1.

    Returns
    -------
    Matching
        As many pairs as there can be, and of those the ones that overlap most.

    Raises
    ------
    TypeError
        If the numbers are no whole ones.
    ValueError
        If the two differ in size, or ``threshold`` is outside its range.

    References
    ----------
    Caicedo et al., "Nucleus segmentation across imaging experiments", Nature Methods 16, 2019,
    the section "Evaluation metrics".

    Examples
    --------
    >>> found = np.array([[1, 1, 0, 2], [1, 1, 0, 2]])
    >>> true = np.array([[5, 5, 0, 0], [5, 5, 5, 0]])
    >>> matching = match(found, true)
    >>> matching.pairs.tolist(), matching.overlaps, round(matching.f1, 4)
    ([[1, 5]], array([0.8]), 0.6667)
    """
    from scipy.optimize import linear_sum_assignment

    planes = {name: _plane(name, each) for name, each in (("found", found), ("true", true))}
    for name, plane in planes.items():
        if plane.dtype.kind not in "biu":
            raise TypeError(f"{name} has dtype {plane.dtype}; expected whole numbers")
        if plane.size and plane.min() < 0:
            raise ValueError(f"{name} holds {plane.min()}; expected numbers from 0 up")
    if found.shape != true.shape:
        raise ValueError(f"true has shape {true.shape}; expected {found.shape}, as found has")
    if not number("threshold", threshold, most=1):
        raise ValueError("threshold is 0; expected a number above 0")
    numbers, places = zip(
        *(np.unique(each, return_inverse=True) for each in planes.values()), strict=True
    )
    rows, columns = (len(each) for each in numbers)
    flat = places[0].ravel() * columns + places[1].ravel()
    common = np.bincount(flat, minlength=rows * columns).reshape(rows, columns)
    areas = common.sum(1, keepdims=True) + common.sum(0, keepdims=True)
    overlap = common / np.maximum(areas - common, 1)
    overlap = overlap[np.ix_(numbers[0] > 0, numbers[1] > 0)]
    # A pair that counts is worth more than any sum of overlaps: first their number, then these.
    worth = np.where(overlap >= threshold, overlap + len(overlap) + 1, 0)
    one, other = linear_sum_assignment(worth, maximize=True)
    kept = overlap[one, other] >= threshold
    one, other = one[kept], other[kept]
    names = (each[each > 0] for each in numbers)
    pairs = np.stack([each[index] for each, index in zip(names, (one, other), strict=True)], axis=1)
    found_count, true_count = overlap.shape
    return Matching(found_count, true_count, pairs.astype(np.int64), overlap[one, other])


def _plane(name: str, values: NDArray[Any]) -> NDArray[Any]:
    if not isinstance(values, np.ndarray):
        raise TypeError(f"{name} is {type(values).__name__}; expected an array")
    if values.ndim != 2:
        raise ValueError(f"{name} has shape {values.shape}; expected (H, W)")
    if values.dtype.kind == "f" and np.isnan(values).any():
        raise ValueError(f"{name} holds nan; expected numbers")
    if values.dtype.kind not in "biuf":
        raise TypeError(f"{name} has dtype {values.dtype}; expected numbers")
    return values
