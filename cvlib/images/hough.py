"""Lines by votes: each edge pixel votes for all lines through it, and the most voted are there."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from cvlib.arguments import expect_mask, integer, number

__all__ = ["hough_lines", "hough_votes"]


def hough_votes(
    edges: NDArray[np.bool_] | NDArray[np.uint8], rho: float = 1, theta: float = math.pi / 180
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Let each edge pixel vote for the lines through it, one for each angle.

    Parameters
    ----------
    edges
        ``bool`` or ``uint8``, (H, W): what is not 0 votes.
    rho
        Step of the distances, in pixels.
    theta
        Step of the angles, in radians.

    Returns
    -------
    votes : ndarray
        ``int64``, (A, R): a row per angle, a column per distance.
    angles : ndarray
        ``float64``, (A,): radians from 0 to below π.
    distances : ndarray
        ``float64``, (R,): how far each line is from the pixel in the upper left corner, with a
        sign.

    Raises
    ------
    TypeError, ValueError
        If it is no mask, or a step is not above 0, or that of the angles is above π.

    References
    ----------
    Duda and Hart, "Use of the Hough Transformation to Detect Lines and Curves in Pictures",
    Communications of the ACM 15(1), 1972.

    Examples
    --------
    >>> upright = np.zeros((5, 7), dtype=np.uint8)
    >>> upright[:, 3] = 255
    >>> votes, angles, distances = hough_votes(upright)
    >>> votes[0][distances == 3]
    array([5])
    """
    expect_mask(edges)
    rho = number("rho", rho, least=1e-3)
    theta = number("theta", theta, least=1e-4, most=math.pi)
    y, x = np.nonzero(edges)
    angles = np.arange(math.floor(math.pi / theta) + 1, dtype=np.float64) * theta
    if len(angles) > 1 and abs(math.pi - angles[-1]) < theta / 2:
        angles = angles[:-1]  # it would be the first one again, upside down
    # OpenCV adds the steps up in float32. Where 60 degrees put a pixel half-way between two
    # distances, this decides which of them gets the vote.
    summed = np.cumsum(np.r_[0, np.full(len(angles) - 1, theta)].astype(np.float32))
    columns = round((2 * sum(edges.shape) + 1) / rho)
    middle = (columns - 1) // 2
    votes = np.empty((len(angles), columns), dtype=np.int64)
    for line, angle in zip(votes, summed.tolist(), strict=True):
        cosine, sine = np.float32(math.cos(angle) / rho), np.float32(math.sin(angle) / rho)
        place = np.rint(x.astype(np.float32) * cosine + y.astype(np.float32) * sine)
        line[:] = np.bincount(place.astype(np.intp) + middle, minlength=columns)
    return votes, angles, np.asarray((np.arange(columns) - middle) * rho, dtype=np.float64)


def hough_lines(
    edges: NDArray[np.bool_] | NDArray[np.uint8],
    rho: float,
    theta: float,
    threshold: int,
) -> NDArray[np.float64]:
    """Find straight lines: those that get more votes than their neighbours, and enough.

    Parameters
    ----------
    edges, rho, theta
        As for :func:`hough_votes`.
    threshold
        A line needs more votes than this.

    Returns
    -------
    ndarray
        ``float64``, (N, 2): distance and angle of each line, most votes first: the points x, y
        with x cos θ + y sin θ = ρ. The lines of ``cv2.HoughLines``, in its order. Of two equal
        neighbours the first counts.

    Raises
    ------
    TypeError, ValueError
        As :func:`hough_votes`, and if the threshold is no integer of at least 0.

    Examples
    --------
    >>> level = np.zeros((9, 40), dtype=np.uint8)
    >>> level[4] = 255
    >>> hough_lines(level, 1, np.pi / 180, 30).round(3).tolist()
    [[4.0, 1.571]]
    """
    here, angles, distances = hough_votes(edges, rho, theta)
    least = integer("threshold", threshold)
    around = np.pad(here, 1)
    peak = (here > least) & (here > around[1:-1, :-2]) & (here >= around[1:-1, 2:])
    peak &= (here > around[:-2, 1:-1]) & (here >= around[2:, 1:-1])
    angle, distance = np.nonzero(peak)
    order = np.argsort(-here[angle, distance], kind="stable")
    return np.stack([distances[distance], angles[angle]], axis=1)[order]
