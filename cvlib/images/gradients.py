"""Derivatives of a picture: how fast it changes, in which direction, and where that turns."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cvlib.images.borders import Border, pad

__all__ = [
    "derivative_kernels",
    "direction",
    "laplacian",
    "magnitude",
    "scharr",
    "sobel",
    "zero_crossings",
]


def derivative_kernels(
    dx: int, dy: int, ksize: int = 3
) -> tuple[NDArray[np.int_], NDArray[np.int_]]:
    """Build the two kernels, across and down, whose product is Sobel's.

    A derivative is a difference, (-1, 1), as often as its order says; each other step up in size
    smooths by a sum of neighbours, (1, 1). These are ``cv2.getDerivKernels``.

    Parameters
    ----------
    dx, dy
        Order of the derivative across (x) and down (y), together at least 1.
    ksize
        Side of the kernel: 1, 3, 5 or 7. 1 differentiates over three pixels and does not smooth.

    Returns
    -------
    across, down : ndarray
        Whole numbers, (ksize,) each; with ``ksize`` 1, (3,) where there is a derivative.

    Raises
    ------
    ValueError
        If ``ksize`` is none of these, or an order is negative, too high for it, or both are 0.

    References
    ----------
    Szeliski, Computer Vision: Algorithms and Applications, 2nd edition, section 3.2.

    Examples
    --------
    >>> derivative_kernels(1, 0)
    (array([-1,  0,  1]), array([1, 2, 1]))
    """
    if ksize not in (1, 3, 5, 7):
        raise ValueError(f"ksize is {ksize!r}; expected 1, 3, 5 or 7")
    most = max(ksize, 3) - 1
    if min(dx, dy) < 0 or max(dx, dy) > most or dx + dy == 0:
        raise ValueError(f"dx and dy are {dx} and {dy}; expected 0 to {most}, and not both 0")
    kernels = []
    for order in (dx, dy):
        size = 3 if ksize == 1 and order > 0 else ksize
        kernel = np.array([1])
        for step in range(size - 1):
            kernel = np.convolve(kernel, [-1, 1] if step < order else [1, 1])
        kernels.append(kernel)
    return kernels[0], kernels[1]


def sobel(
    image: NDArray[np.uint8] | NDArray[np.float32],
    dx: int,
    dy: int,
    ksize: int = 3,
    border: Border = "reflect_101",
) -> NDArray[np.int16] | NDArray[np.float32]:
    """Differentiate a picture in one direction and smooth it in the other, as ``cv2.Sobel`` does.

    Parameters
    ----------
    image
        ``uint8`` or ``float32``, (H, W) or (H, W, 3); each channel on its own.
    dx, dy
        Order of the derivative across (x) and down (y): 1 and 0 find upright edges.
    ksize
        Side of the kernel: 1, 3, 5 or 7.
    border
        What lies outside of the picture, as in :func:`cvlib.images.borders.pad`.

    Returns
    -------
    ndarray
        The shape of ``image``; positive where it gets brighter to the right, or downwards.
        ``int16`` for ``uint8``, equal to OpenCV's with ``cv2.CV_16S``; beyond 16 bits, where only
        ``ksize`` 7 can get, it stops at their limits. ``float32`` for ``float32``.

    Raises
    ------
    TypeError
        If the picture is neither ``uint8`` nor ``float32``.
    ValueError
        If its shape is not that of a picture, or the kernel or the border are not known.

    Examples
    --------
    >>> sobel(np.array([[0, 0, 255, 255, 0, 0]], dtype=np.uint8), 1, 0)
    array([[    0,  1020,  1020, -1020, -1020,     0]], dtype=int16)
    """
    return _narrow(_separable(image, *derivative_kernels(dx, dy, ksize), border))


def scharr(
    image: NDArray[np.uint8] | NDArray[np.float32], dx: int, dy: int, border: Border = "reflect_101"
) -> NDArray[np.int16] | NDArray[np.float32]:
    """Differentiate like :func:`sobel`, smoothing by (3, 10, 3), whose direction is truer.

    Parameters
    ----------
    image
        ``uint8`` or ``float32``, (H, W) or (H, W, 3); each channel on its own.
    dx, dy
        1 and 0 for the derivative across, 0 and 1 for the one down.
    border
        As in :func:`sobel`.

    Returns
    -------
    ndarray
        The shape of ``image``: ``int16`` for ``uint8``, ``float32`` for ``float32``, equal to
        ``cv2.Scharr`` with ``cv2.CV_16S`` or ``cv2.CV_32F``.

    Raises
    ------
    TypeError
        If the picture is neither ``uint8`` nor ``float32``.
    ValueError
        If its shape is not that of a picture, the orders are not 1 and 0, or the border is not
        known.

    References
    ----------
    Scharr, Optimale Operatoren in der Digitalen Bildverarbeitung, Heidelberg University, 2000.

    Examples
    --------
    >>> scharr(np.array([[0, 0, 255, 255, 0, 0]], dtype=np.uint8), 1, 0)
    array([[    0,  4080,  4080, -4080, -4080,     0]], dtype=int16)
    """
    if {dx, dy} != {0, 1}:
        raise ValueError(f"dx and dy are {dx} and {dy}; expected 1 and 0, or 0 and 1")
    difference, smoothing = np.array([-1, 0, 1]), np.array([3, 10, 3])
    kernels = (difference, smoothing) if dx else (smoothing, difference)
    return _narrow(_separable(image, *kernels, border))


def laplacian(
    image: NDArray[np.uint8] | NDArray[np.float32], ksize: int = 1, border: Border = "reflect_101"
) -> NDArray[np.int16] | NDArray[np.float32]:
    """Add the second derivatives across and down: how much brighter the surroundings are.

    Parameters
    ----------
    image
        ``uint8`` or ``float32``, (H, W) or (H, W, 3); each channel on its own.
    ksize
        Side of the kernels: 1, 3, 5 or 7. 1 compares a pixel with its four neighbours.
    border
        As in :func:`sobel`.

    Returns
    -------
    ndarray
        The shape of ``image``: ``int16`` for ``uint8``, ``float32`` for ``float32``, equal to
        ``cv2.Laplacian`` with ``cv2.CV_16S`` or ``cv2.CV_32F``.

    Raises
    ------
    TypeError
        If the picture is neither ``uint8`` nor ``float32``.
    ValueError
        If its shape is not that of a picture, or ``ksize`` or the border are not known.

    Examples
    --------
    >>> laplacian(np.array([[0, 0, 100, 100]], dtype=np.uint8))
    array([[   0,  100, -100,    0]], dtype=int16)
    """
    across = _separable(image, *derivative_kernels(2, 0, ksize), border)
    return _narrow(across + _separable(image, *derivative_kernels(0, 2, ksize), border))


def magnitude(dx: NDArray[Any], dy: NDArray[Any]) -> NDArray[np.float32]:
    """Compute the length of the gradient, which is how steep the picture is.

    Parameters
    ----------
    dx, dy
        Derivatives across and down, of the same shape.

    Returns
    -------
    ndarray
        ``float32``, the root of dx² + dy².

    Examples
    --------
    >>> magnitude(np.array([3], dtype=np.int16), np.array([-4], dtype=np.int16))
    array([5.], dtype=float32)
    """
    return np.hypot(dx.astype(np.float32), dy.astype(np.float32))


def direction(dx: NDArray[Any], dy: NDArray[Any]) -> NDArray[np.float32]:
    """Compute where the picture gets brighter fastest: across the edge, not along it.

    Parameters
    ----------
    dx, dy
        Derivatives across and down, of the same shape.

    Returns
    -------
    ndarray
        ``float32``, degrees from 0 to 360: 0 is to the right, 90 is *down*, as rows count.

    Examples
    --------
    >>> direction(np.array([1, 0, -1, 0]), np.array([0, 1, 0, -1]))
    array([  0.,  90., 180., 270.], dtype=float32)
    """
    angle: NDArray[np.float32] = np.arctan2(dy.astype(np.float32), dx.astype(np.float32))
    return np.degrees(angle) % 360


def zero_crossings(values: NDArray[Any], least: float = 0) -> NDArray[np.bool_]:
    """Find where a second derivative changes its sign, to the next pixel right or down.

    Parameters
    ----------
    values
        Signed numbers, (H, W), as :func:`laplacian` gives them.
    least
        How far apart the two numbers must be at least; small jumps are mostly noise.

    Returns
    -------
    ndarray
        ``bool``, (H, W): True on the first pixel of such a pair.

    Examples
    --------
    >>> zero_crossings(np.array([[0, 100, -100, 0]]))
    array([[False,  True, False, False]])
    """
    values = values.astype(np.float32)
    found = np.zeros(values.shape, dtype=np.bool_)
    for here, there in ((np.s_[:, :-1], np.s_[:, 1:]), (np.s_[:-1], np.s_[1:])):
        first, second = values[here], values[there]
        found[here] |= (first * second < 0) & (np.abs(first - second) >= least)
    return found


def _separable(
    image: NDArray[np.uint8] | NDArray[np.float32],
    across: NDArray[np.int_],
    down: NDArray[np.int_],
    border: Border,
) -> NDArray[Any]:
    """Cross-correlate with a row of weights, then with a column: shifted copies, added up."""
    if image.dtype not in (np.uint8, np.float32):
        raise TypeError(f"image has dtype {image.dtype}; expected uint8 or float32")
    if 0 in image.shape or image.ndim not in (2, 3) or image.shape[2:] not in ((), (3,)):
        raise ValueError(f"image has shape {image.shape}; expected (H, W) or (H, W, 3)")
    most = 255 * np.abs(across).sum() * np.abs(down).sum()
    whole = np.int16 if most < 2**15 else np.int32  # 16 bits take half the time
    height, width = image.shape[:2]
    y, x = len(down) // 2, len(across) // 2
    padded = pad(image, y, y, x, x, border)
    padded = padded.astype(whole if image.dtype == np.uint8 else np.float32)
    rows = _weighted([padded[:, i : i + width] for i in range(len(across))], across)
    return _weighted([rows[i : i + height] for i in range(len(down))], down)


def _weighted(copies: list[NDArray[Any]], weights: NDArray[np.int_]) -> NDArray[Any]:
    """Add up copies times weights; a weight of 0 or 1 costs no multiplication."""
    total: NDArray[Any] = copies[0] * int(weights[0])
    for copy, weight in zip(copies[1:], weights[1:], strict=True):
        if weight:
            total += copy if weight == 1 else copy * int(weight)
    return total


def _narrow(
    values: NDArray[Any],
) -> NDArray[np.int16] | NDArray[np.float32]:
    """Store whole numbers in 16 bits, and stop at the least and the greatest of them."""
    if values.dtype != np.int32:
        return values
    return values.clip(-(2**15), 2**15 - 1).astype(np.int16)
