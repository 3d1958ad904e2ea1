"""Edges in thin lines: the ridges of the gradient, strong enough or hanging on to what is."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from cvlib.arguments import expect_uint8
from cvlib.images.gradients import sobel

__all__ = ["canny", "hysteresis", "non_maximum_suppression"]


def non_maximum_suppression(
    strength: NDArray[Any], dx: NDArray[Any], dy: NDArray[Any]
) -> NDArray[Any]:
    """Keep of each edge its ridge: the pixels that are strongest across the edge.

    The gradient's direction is rounded to across, down, or one of the two diagonals. Of two equal
    neighbours the first is kept across and down, and neither on a diagonal, as in ``cv2.Canny``.

    Parameters
    ----------
    strength
        How strong the edge is, (H, W): the length of the gradient, or anything that grows with it.
    dx, dy
        Derivatives across and down, (H, W).

    Returns
    -------
    ndarray
        ``strength`` where it is kept, 0 elsewhere. Outside of the picture it counts as 0.

    References
    ----------
    Canny, "A Computational Approach to Edge Detection", IEEE Transactions on Pattern Analysis and
    Machine Intelligence 8(6), 1986.

    Examples
    --------
    >>> slope = np.array([[1, 3, 5, 2]])
    >>> non_maximum_suppression(slope, dx=slope, dy=0 * slope)
    array([[0, 0, 5, 0]])
    """
    x, y = np.abs(dx.astype(np.float32)), np.abs(dy.astype(np.float32))
    tangent = float(np.tan(np.pi / 8))  # of 22.5 degrees, half the way to a diagonal
    across, down = y < x * tangent, x < y * tangent
    diagonal = ~(across | down)
    falls = (dx < 0) == (dy < 0)  # from the upper left to the lower right

    around = np.pad(strength, 1)
    above, level, below = around[:-2], around[1:-1], around[2:]
    left, middle, right = np.s_[:, :-2], np.s_[:, 1:-1], np.s_[:, 2:]
    kept = across & (strength > level[left]) & (strength >= level[right])
    kept |= down & (strength > above[middle]) & (strength >= below[middle])
    kept |= diagonal & falls & (strength > above[left]) & (strength > below[right])
    kept |= diagonal & ~falls & (strength > above[right]) & (strength > below[left])
    return np.where(kept, strength, 0)


def hysteresis(strength: NDArray[Any], low: float, high: float) -> NDArray[np.uint8]:
    """Keep the strong pixels, and the weak ones that hang together with a strong one.

    Parameters
    ----------
    strength
        How strong the edge is, (H, W).
    low, high
        A pixel above ``high`` is strong, one above ``low`` is weak. Neighbours on a diagonal hang
        together, too.

    Returns
    -------
    ndarray
        ``uint8``, (H, W): 255 on an edge, else 0.

    Raises
    ------
    ValueError
        If not 0 ≤ ``low`` ≤ ``high``.

    Examples
    --------
    >>> hysteresis(np.array([[5, 9, 5, 0, 5]]), low=4, high=8)
    array([[255, 255, 255,   0,   0]], dtype=uint8)
    """
    if not 0 <= low <= high:
        raise ValueError(f"low and high are {low} and {high}; expected 0 <= low <= high")
    weak = (strength > low).astype(np.uint8)
    count, labels = cv2.connectedComponents(weak, connectivity=8)
    holds_strong = np.zeros(count, dtype=np.uint8)
    holds_strong[labels[strength > high]] = 255
    return holds_strong[labels]


def canny(
    image: NDArray[np.uint8], low: float, high: float, l2_gradient: bool = False
) -> NDArray[np.uint8]:
    """Trace a picture's edges in thin lines: ``cv2.Canny`` with an aperture of 3, pixel by pixel.

    Parameters
    ----------
    image
        ``uint8``, (H, W), or (H, W, 3), of which the channel counts that changes most at a pixel.
    low, high
        Thresholds of :func:`hysteresis`, for the length of the gradient.
    l2_gradient
        Whether that length is the root of dx² + dy², or ``abs(dx) + abs(dy)``, which is faster.

    Returns
    -------
    ndarray
        ``uint8``, (H, W): 255 on an edge, else 0.

    Raises
    ------
    TypeError
        If the picture is not ``uint8``.
    ValueError
        If its shape is not that of a picture, or not 0 ≤ ``low`` ≤ ``high``.

    References
    ----------
    Canny, "A Computational Approach to Edge Detection", IEEE Transactions on Pattern Analysis and
    Machine Intelligence 8(6), 1986.

    Examples
    --------
    >>> canny(np.array([[0, 0, 0, 200, 200, 200]] * 3, dtype=np.uint8), 100, 200)[1]
    array([  0,   0, 255,   0,   0,   0], dtype=uint8)
    """
    expect_uint8(image)
    dx = sobel(image, 1, 0, border="replicate")
    dy = sobel(image, 0, 1, border="replicate")
    if l2_gradient:  # squares have the same order, and need no root
        strength = np.square(dx, dtype=np.int32) + np.square(dy, dtype=np.int32)
        low, high = low * low, high * high
    else:
        strength = np.abs(dx) + np.abs(dy)
    if image.ndim == 3:
        most = strength.argmax(axis=2)[..., None]
        strength, dx, dy = (
            np.take_along_axis(values, most, axis=2)[..., 0] for values in (strength, dx, dy)
        )
    return hysteresis(non_maximum_suppression(strength, dx, dy), low, high)
