"""Shapes as numbers: area, length, centre and direction of a contour, and the boxes around it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cvlib.arguments import expect_mask

__all__ = [
    "arc_length",
    "bounding_rect",
    "box_points",
    "contour_area",
    "contour_moments",
    "convex_hull",
    "min_area_rect",
    "moments",
    "orientation",
]

Points = NDArray[np.float64]
Moments = dict[str, float]
# Centre, width and height, and the angle of the width's direction in degrees.
RotatedBox = tuple[tuple[float, float], tuple[float, float], float]

_ORDERS = [(p, q) for n in range(4) for q, p in enumerate(range(n, -1, -1))]


def moments(mask: NDArray[np.bool_] | NDArray[np.uint8]) -> Moments:
    """Sum powers of the coordinates over the pixels of a mask, up to the third order.

    Parameters
    ----------
    mask
        ``bool`` or ``uint8``, (H, W): what is not 0 counts, each pixel once.

    Returns
    -------
    dict of str to float
        ``m00`` the area and ``m10``, ``m01``, … the sums of x to the first and y to the second
        power; ``mu20`` … the same about the centroid; ``nu20`` … those divided by a power of the
        area, so that size does not count. What ``cv2.moments(mask, binaryImage=True)`` gives; all
        are 0 for an empty mask.

    Raises
    ------
    TypeError, ValueError
        If it is no mask.

    References
    ----------
    Hu, "Visual Pattern Recognition by Moment Invariants", IRE Transactions on Information Theory
    8(2), 1962.

    Examples
    --------
    >>> found = moments(np.array([[0, 1, 1, 1]], dtype=np.uint8))
    >>> found["m00"], found["m10"] / found["m00"], found["mu20"]
    (3.0, 2.0, 2.0)
    """
    expect_mask(mask)
    inside = np.asarray(mask != 0)
    powers_of_y, powers_of_x = (np.vander(np.arange(n), 4, increasing=True) for n in inside.shape)
    sums = powers_of_y.T.astype(np.float64) @ (inside @ powers_of_x)
    return _with_central({f"m{p}{q}": float(sums[q, p]) for p, q in _ORDERS})


def contour_moments(contour: ArrayLike) -> Moments:
    """Integrate powers of the coordinates over the polygon that a contour encloses.

    By Green's formula, a sum over the corners is enough: no pixel is looked at.

    Parameters
    ----------
    contour
        Corners x, y of a polygon, (N, 2) or (N, 1, 2), N at least 1.

    Returns
    -------
    dict of str to float
        As :func:`moments`: what ``cv2.moments(contour)`` gives. All are 0 where nothing is
        enclosed, as by a contour of one or two points.

    Raises
    ------
    TypeError, ValueError
        If these are no points.

    References
    ----------
    Steger, "On the Calculation of Arbitrary Moments of Polygons", Technical University of Munich,
    FGBV-96-05, 1996.

    Examples
    --------
    >>> found = contour_moments([[0, 0], [4, 0], [4, 3], [0, 3]])
    >>> found["m00"], found["m10"] / found["m00"], found["m01"] / found["m00"]
    (12.0, 2.0, 1.5)
    """
    corners = _read_points("contour", contour)
    origin = corners.mean(axis=0)  # small numbers lose less when they are subtracted
    (x0, y0), (x1, y1) = (np.roll(corners, 1, axis=0) - origin).T, (corners - origin).T
    twice = x0 * y1 - x1 * y0  # each triangle with the origin, with a sign
    central: dict[tuple[int, int], float] = {}
    for p, q in _ORDERS:
        total = np.zeros(len(corners))
        for k in range(p + 1):
            for m in range(q + 1):
                weight = math.comb(k + m, m) * math.comb(p + q - k - m, q - m)
                total += weight * x1**k * x0 ** (p - k) * y1**m * y0 ** (q - m)
        share = (p + q + 2) * (p + q + 1) * math.comb(p + q, p)
        central[p, q] = float(twice @ total / share)
    sign = -1.0 if central[0, 0] < 0 else 1.0  # whichever way around
    if abs(central[0, 0]) < 1e-12 * max(1.0, float(np.abs(corners - origin).max()) ** 2):
        sign = 0.0
    (left, top), raw = origin.tolist(), {}
    for p, q in _ORDERS:  # back to where the contour was
        raw[f"m{p}{q}"] = sign * sum(
            math.comb(p, k) * math.comb(q, m) * central[k, m] * left ** (p - k) * top ** (q - m)
            for k in range(p + 1)
            for m in range(q + 1)
        )
    return _with_central(raw)


def orientation(moments: Moments) -> float:
    """Say which way a shape lies: the direction along which its pixels spread most.

    Parameters
    ----------
    moments
        What :func:`moments` or :func:`contour_moments` gave.

    Returns
    -------
    float
        Degrees from -90 to 90, from the x axis towards the y axis, which points down: 45 is from
        the upper left to the lower right. 0 for what spreads alike in all directions.

    Raises
    ------
    ValueError
        If the shape has no area.

    Examples
    --------
    >>> orientation(moments(np.eye(5, dtype=np.uint8)))
    45.0
    """
    if moments["m00"] == 0:
        raise ValueError("moments has m00 = 0; expected a shape with an area")
    angle = math.atan2(2 * moments["mu11"], moments["mu20"] - moments["mu02"]) / 2
    return math.degrees(angle)


def contour_area(contour: ArrayLike) -> float:
    """Compute the area that a closed contour encloses.

    Parameters
    ----------
    contour
        Corners x, y, (N, 2) or (N, 1, 2), N at least 1. The border of a mask runs through the
        middles of its pixels: it encloses less than the pixels' number.

    Returns
    -------
    float
        ``cv2.contourArea``; 0 for one or two points.

    Raises
    ------
    TypeError, ValueError
        If these are no points.

    Examples
    --------
    >>> contour_area([[0, 0], [2, 0], [2, 2], [0, 2]])
    4.0
    """
    corners = _read_points("contour", contour)
    (x0, y0), (x1, y1) = np.roll(corners, 1, axis=0).T, corners.T
    return abs(float(np.sum(x0 * y1 - x1 * y0))) / 2


def arc_length(curve: ArrayLike, closed: bool = True) -> float:
    """Add up the straight pieces of a curve.

    Parameters
    ----------
    curve
        Corners x, y, (N, 2) or (N, 1, 2), N at least 1.
    closed
        Whether the last corner is joined to the first.

    Returns
    -------
    float
        ``cv2.arcLength``.

    Raises
    ------
    TypeError, ValueError
        If these are no points.

    Examples
    --------
    >>> arc_length([[0, 0], [3, 4], [3, 0]]), arc_length([[0, 0], [3, 4]], closed=False)
    (12.0, 5.0)
    """
    corners = _read_points("curve", curve)
    pieces = np.hypot(*(corners - np.roll(corners, 1, axis=0)).T)
    return float(pieces.sum() if closed else pieces[1:].sum())


def bounding_rect(points: ArrayLike) -> tuple[int, int, int, int]:
    """Put the smallest upright box of whole pixels around points.

    Parameters
    ----------
    points
        x and y, (N, 2) or (N, 1, 2), N at least 1.

    Returns
    -------
    tuple of int
        Left, top, width, height: ``cv2.boundingRect``. One pixel is 1 wide and 1 high.

    Raises
    ------
    TypeError, ValueError
        If these are no points.

    Examples
    --------
    >>> bounding_rect([[5, 7]]), bounding_rect([[5, 7], [9, 8]])
    ((5, 7, 1, 1), (5, 7, 5, 2))
    """
    places = np.floor(_read_points("points", points)).astype(int)
    (left, top), (right, bottom) = places.min(axis=0).tolist(), places.max(axis=0).tolist()
    return left, top, right - left + 1, bottom - top + 1


def convex_hull(points: ArrayLike) -> Points:
    """Stretch a rubber band around points: the corners at which it bends.

    Parameters
    ----------
    points
        x and y, (N, 2) or (N, 1, 2), N at least 1.

    Returns
    -------
    ndarray
        ``float64``, (M, 2): the corners, clockwise as one sees them, from the leftmost on (of
        several the uppermost). The corners of ``cv2.convexHull``.

    Raises
    ------
    TypeError, ValueError
        If these are no points.

    References
    ----------
    Andrew, "Another Efficient Algorithm for Convex Hulls in Two Dimensions", Information
    Processing Letters 9(5), 1979.

    Examples
    --------
    >>> convex_hull([[0, 0], [2, 1], [4, 0], [4, 4], [0, 4]]).tolist()
    [[0.0, 0.0], [4.0, 0.0], [4.0, 4.0], [0.0, 4.0]]
    """
    ordered = np.unique(_read_points("points", points), axis=0).tolist()  # by x, then by y
    if len(ordered) < 3:
        return np.array(ordered)
    hull: list[list[float]] = []
    for side in (ordered, ordered[::-1]):  # the upper side, then back along the lower one
        chain: list[list[float]] = []
        for point in side:
            while len(chain) > 1 and not _turns_right(chain[-2], chain[-1], point):
                chain.pop()
            chain.append(point)
        hull += chain[:-1]
    return np.array(hull)


def min_area_rect(points: ArrayLike) -> RotatedBox:
    """Put the rectangle of the smallest area around points, turned as it likes.

    One of its sides lies along a side of the convex hull, so it is enough to try those.

    Parameters
    ----------
    points
        x and y, (N, 2) or (N, 1, 2), N at least 1.

    Returns
    -------
    center : tuple of float
        x and y.
    size : tuple of float
        Width and height. Both are distances between points: a lone point has 0 and 0.
    angle : float
        Degrees from -90 up to, not including, 0: the direction of the width, from the x axis
        towards the y axis. What ``cv2.minAreaRect`` gives in OpenCV 5; older versions turn the
        same box by a quarter. Where several boxes are equally small, either may choose another.

    Raises
    ------
    TypeError, ValueError
        If these are no points.

    References
    ----------
    Freeman and Shapira, "Determining the Minimum-Area Encasing Rectangle for an Arbitrary Closed
    Curve", Communications of the ACM 18(7), 1975.

    Examples
    --------
    >>> center, size, angle = min_area_rect([[0, 0], [4, 4], [2, 6], [-2, 2]])
    >>> [round(number, 3) for number in (*center, *size, angle)]
    [1.0, 3.0, 2.828, 5.657, -45.0]
    """
    hull = convex_hull(points)
    best: tuple[float, Points, Points, Points] | None = None
    for x, y in np.roll(hull, -1, axis=0) - hull:
        while not (x > 0 <= y or x == y == 0):  # quarter turns to between 0 and 90 degrees
            x, y = -y, x
        along = np.array([x, y]) / math.hypot(x, y) if x else np.array([1.0, 0.0])
        axes = np.stack([along, [-along[1], along[0]]])
        places = (hull - hull[0]) @ axes.T
        low, high = places.min(axis=0), places.max(axis=0)
        area = float(np.prod(high - low))
        if best is None or area < best[0] - 1e-9:
            best = area, along, high - low, (low + high) / 2 @ axes + hull[0]
    assert best is not None  # a hull has at least one point
    _, along, (first, second), (x, y) = best
    # From 0 … 90 degrees to -90 … 0: the two sides change their names.
    angle = math.degrees(math.atan2(along[1], along[0])) - 90
    return (float(x), float(y)), (float(second), float(first)), angle


def box_points(box: RotatedBox) -> Points:
    """List the four corners of a rotated box.

    Parameters
    ----------
    box
        Centre, size and angle, as :func:`min_area_rect` gives them.

    Returns
    -------
    ndarray
        ``float64``, (4, 2): x and y, clockwise as one sees them, in the order of
        ``cv2.boxPoints``.

    Raises
    ------
    ValueError
        If a number is not finite.

    Examples
    --------
    >>> box_points(((3, 2), (2, 4), -90)).round(6).tolist()
    [[5.0, 3.0], [1.0, 3.0], [1.0, 1.0], [5.0, 1.0]]
    """
    (x, y), (width, height), angle = box
    if not all(map(math.isfinite, (x, y, width, height, angle))):
        raise ValueError(f"box is {box!r}; expected finite numbers")
    cosine, sine = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    half = np.array([[-width, height], [-width, -height], [width, -height], [width, height]]) / 2
    return half @ np.array([[cosine, sine], [-sine, cosine]]) + (x, y)


def _with_central(raw: Moments) -> Moments:
    """Add the moments about the centroid, and those whatever the size."""
    area = raw["m00"]
    known = dict(raw)
    x, y = (raw["m10"] / area, raw["m01"] / area) if area else (0.0, 0.0)
    for p, q in _ORDERS[3:]:
        known[f"mu{p}{q}"] = sum(
            math.comb(p, k) * math.comb(q, m) * raw[f"m{k}{m}"] * (-x) ** (p - k) * (-y) ** (q - m)
            for k in range(p + 1)
            for m in range(q + 1)
        )
    for p, q in _ORDERS[3:]:
        known[f"nu{p}{q}"] = known[f"mu{p}{q}"] / area ** ((p + q) / 2 + 1) if area else 0.0
    return known


def _turns_right(before: list[float], here: list[float], after: list[float]) -> bool:
    """Say whether a walk turns clockwise as one sees it; y points down."""
    (x0, y0), (x1, y1), (x2, y2) = before, here, after
    return (x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0) > 0


def _read_points(name: str, points: ArrayLike) -> Points:
    given: NDArray[Any] = np.asarray(points)
    if given.dtype.kind not in "iuf":
        raise TypeError(f"{name} has dtype {given.dtype}; expected numbers")
    if given.ndim == 3 and given.shape[1:] == (1, 2):
        given = given[:, 0]
    if given.ndim != 2 or given.shape[1] != 2 or len(given) == 0:
        shapes = "(N, 2) or (N, 1, 2), N at least 1"
        raise ValueError(f"{name} has shape {given.shape}; expected {shapes}")
    if not np.isfinite(given).all():
        raise ValueError(f"{name} holds nan or infinity; expected finite numbers")
    return given.astype(np.float64)
