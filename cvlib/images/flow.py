"""Where points went from one picture to the next: optical flow by Lucas and Kanade."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cvlib.arguments import integer, number
from cvlib.images.gradients import scharr
from cvlib.images.pyramids import pyr_down

__all__ = ["Flow", "flow_at", "lucas_kanade"]

Grey = NDArray[np.uint8] | NDArray[np.float32]
Numbers = NDArray[np.float32]
Reals = NDArray[np.float64]

_AT_ONCE = 2**16  # pixels of windows held at a time


class Flow(NamedTuple):
    """Where points went."""

    #: (N, 2), x and y in the second picture; nan where a point is lost
    points: Reals
    #: (N,), whether the window showed a motion, and the point is still in the picture
    found: NDArray[np.bool_]


def flow_at(difference: Reals, dx: Reals, dy: Reals) -> tuple[Reals, Reals]:
    """Solve Lucas and Kanade's equations: one motion for all the pixels of a window.

    Parameters
    ----------
    difference
        How much darker each pixel got, (..., P): the first picture less the second.
    dx, dy
        The first picture's slopes, (..., P), in levels per pixel.

    Returns
    -------
    motion : ndarray
        (..., 2): across and down, in pixels. Where the slopes all go one way, the shortest
        motion that explains the differences, which is along them; where there are none, 0.
    strengths : ndarray
        (..., 2): the eigenvalues of the matrix of mean products of slopes, the lesser first. Two
        large ones: a corner; one: an edge; none: nothing to be seen.

    References
    ----------
    Lucas and Kanade, "An Iterative Image Registration Technique with an Application to Stereo
    Vision", International Joint Conference on Artificial Intelligence 1981.

    Examples
    --------
    >>> slopes = np.array([2.0, 2.0, 1.0]), np.array([0.0, 1.0, 3.0])
    >>> flow_at(slopes[0] * 0.5 - slopes[1] * 0.2, *slopes)[0].round(6)
    array([ 0.5, -0.2])
    """
    slopes = np.stack([dx, dy], axis=-1)
    products = slopes.swapaxes(-1, -2) @ slopes / slopes.shape[-2]
    seen = slopes.swapaxes(-1, -2) @ difference[..., None] / slopes.shape[-2]
    motion = np.linalg.pinv(products, rcond=1e-6, hermitian=True) @ seen
    return motion[..., 0], np.linalg.eigvalsh(products)


def lucas_kanade(
    first: Grey,
    second: Grey,
    points: NDArray[np.floating],
    window: int = 21,
    levels: int = 3,
    iterations: int = 30,
    least: float = 0.1,
) -> Flow:
    """Follow points from one picture to the next.

    From the smallest level of a pyramid to the largest, the window about each point is moved until
    what it covers in the second picture looks like the first. :func:`flow_at` gives each step.

    Parameters
    ----------
    first, second
        Grey, ``uint8`` or ``float32`` from 0 to 255, (H, W), both of the same shape.
    points
        (N, 2): x and y in the first picture, in pixels.
    window
        Side of the square window, odd.
    levels
        How often the pictures are halved before the search begins: 0 takes them as they are.
    iterations
        Steps at most on each level. A point stops as soon as a step is below a hundredth of a
        pixel.
    least
        The smaller strength of :func:`flow_at` below which a window shows no motion, on any
        level, in squared levels per pixel. OpenCV's ``minEigThreshold`` is 1,024 times smaller.

    Returns
    -------
    Flow
        The points in the second picture, within a few hundredths of a pixel of those of
        ``cv2.calcOpticalFlowPyrLK``, and which were found.

    Raises
    ------
    TypeError, ValueError
        If the pictures are no such pair or not finite, the points not (N, 2) and finite, or a
        number cannot be.

    References
    ----------
    Lucas and Kanade, 1981, as in :func:`flow_at`; Bouguet, "Pyramidal Implementation of the Lucas
    Kanade Feature Tracker", Intel Corporation, 2000.

    Examples
    --------
    >>> rows, columns = np.mgrid[:40, :40].astype(np.float32)
    >>> first = 100 + 50 * np.sin(columns / 4) * np.cos(rows / 5)
    >>> second = 100 + 50 * np.sin((columns - 1.5) / 4) * np.cos((rows + 1) / 5)
    >>> lucas_kanade(first, second, np.array([[20.0, 20.0]]), levels=1).points.round(1)
    array([[21.5, 19. ]])
    """
    pair, points = _read_pair(first, second), _read(points)
    size = integer("window", window, least=3)
    if size % 2 == 0:
        raise ValueError(f"window is {window}; expected an odd number")
    integer("iterations", iterations, least=1)
    number("least", least)
    old, new = (_pyramid(picture, integer("levels", levels)) for picture in pair)
    places, found = np.empty_like(points), np.empty(len(points), dtype=np.bool_)
    for start in range(0, len(points), max(1, _AT_ONCE // size**2)):
        part = slice(start, start + max(1, _AT_ONCE // size**2))
        places[part], found[part] = _follow(old, new, points[part], size, iterations, least)
    height, width = pair[1].shape
    found &= ((places >= 0) & (places <= [width - 1, height - 1])).all(axis=1)
    places[~found] = np.nan
    return Flow(places, found)


def _follow(
    old: list[Numbers], new: list[Numbers], points: Reals, size: int, iterations: int, least: float
) -> tuple[Reals, NDArray[np.bool_]]:
    offsets = np.stack(np.meshgrid(*2 * [np.arange(size) - size // 2]), axis=-1).reshape(-1, 2)
    flow, found = np.zeros_like(points), np.ones(len(points), dtype=np.bool_)
    for level in reversed(range(len(old))):
        centres = points / 2**level
        places = centres[:, None] + offsets
        before = _sampled(old[level], places)
        dx = _sampled(scharr(old[level], 1, 0).astype(np.float32) / 32, places)
        dy = _sampled(scharr(old[level], 0, 1).astype(np.float32) / 32, places)
        found &= flow_at(before, dx, dy)[1][:, 0] >= least
        active = found.copy()
        for _ in range(iterations):
            if not active.any():
                break
            after = _sampled(new[level], places[active] + flow[active, None])
            step, _ = flow_at(before[active] - after, dx[active], dy[active])
            flow[active] += step
            active[active] = np.hypot(*step.T) >= 0.01
        if level:
            flow *= 2
    return points + flow, found


def _pyramid(picture: Numbers, levels: int) -> list[Numbers]:
    """Blur and halve a picture again and again, while there is something left to halve."""
    pyramid = [picture]
    while len(pyramid) <= levels and min(pyramid[-1].shape) > 1:
        pyramid.append(pyr_down(pyramid[-1]))
    return pyramid


def _sampled(picture: NDArray[np.floating], places: Reals) -> Reals:
    """Read a picture at places (..., 2) between its pixels; beyond it, its last pixel goes on."""
    height, width = picture.shape
    x = places[..., 0].clip(0, width - 1)
    y = places[..., 1].clip(0, height - 1)
    left, top = x.astype(np.intp), y.astype(np.intp)
    across, down = x - left, y - top
    right, bottom = np.minimum(left + 1, width - 1), np.minimum(top + 1, height - 1)
    upper = picture[top, left] * (1 - across) + picture[top, right] * across
    lower = picture[bottom, left] * (1 - across) + picture[bottom, right] * across
    result: Reals = upper * (1 - down) + lower * down
    return result


def _read_pair(first: Grey, second: Grey) -> tuple[Numbers, Numbers]:
    pair = []
    for name, picture in (("first", first), ("second", second)):
        if not isinstance(picture, np.ndarray) or picture.dtype not in (np.uint8, np.float32):
            kind = getattr(picture, "dtype", type(picture).__name__)
            raise TypeError(f"{name} has dtype {kind}; expected an array of uint8 or float32")
        if picture.ndim != 2 or picture.size == 0:
            raise ValueError(f"{name} has shape {picture.shape}; expected (H, W), grey, not empty")
        if not np.isfinite(picture).all():
            raise ValueError(f"{name} has numbers that are not finite; expected 0 to 255")
        pair.append(picture.astype(np.float32))
    if pair[0].shape != pair[1].shape:
        raise ValueError(f"second has shape {second.shape}; expected {first.shape}, as first has")
    return pair[0], pair[1]


def _read(points: NDArray[np.floating]) -> Reals:
    read = np.array(points, dtype=np.float64)
    if read.ndim != 2 or read.shape[1] != 2:
        raise ValueError(f"points have shape {read.shape}; expected (N, 2)")
    if not np.isfinite(read).all():
        raise ValueError("points are not all finite; expected x and y of each in pixels")
    return read
