"""Corners: places where a picture changes whichever way one moves."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from cvlib.arguments import integer, number
from cvlib.images.borders import Border
from cvlib.images.features import grey
from cvlib.images.filters import blur
from cvlib.images.gradients import sobel

__all__ = ["fast", "good_features", "harris", "min_eigenvalue", "peaks", "structure_tensor"]

#: The circle of 16 pixels that FAST looks at, (x, y), clockwise from the top.
CIRCLE = (
    *((0, -3), (1, -3), (2, -2), (3, -1), (3, 0), (3, 1), (2, 2), (1, 3)),
    *((0, 3), (-1, 3), (-2, 2), (-3, 1), (-3, 0), (-3, -1), (-2, -2), (-1, -3)),
)


def structure_tensor(
    image: NDArray[Any], block_size: int = 3, ksize: int = 3, border: Border = "reflect_101"
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Add up the products of the gradient's parts over a window around each pixel.

    Parameters
    ----------
    image
        ``uint8`` or ``float32``, (H, W), or (H, W, 3), which is turned grey.
    block_size
        Side of the window.
    ksize
        Side of Sobel's kernel: 1, 3, 5 or 7.
    border
        What stands beyond the border, as in :func:`cvlib.images.borders.pad`. (With ``"replicate"``
        and an even window, OpenCV's lies a pixel further right and down.)

    Returns
    -------
    xx, xy, yy : ndarray
        ``float32``, (H, W): the sums of dx², dx dy and dy². As in OpenCV, a derivative is divided
        by ``2 ** (ksize - 1) * block_size``, and for ``uint8`` by 255, too.

    Raises
    ------
    TypeError, ValueError
        If the picture is none, or a size or the border is not one of these.

    References
    ----------
    Harris and Stephens, "A Combined Corner and Edge Detector", Alvey Vision Conference 1988.

    Examples
    --------
    >>> edge = np.tile(np.float32([0, 0, 1, 1]), (4, 1))
    >>> xx, xy, yy = structure_tensor(edge)
    >>> bool(xx[1, 1] > 0), float(xy[1, 1]), float(yy[1, 1])
    (True, 0.0, 0.0)
    """
    picture = grey(image)
    block_size = integer("block_size", block_size, least=1)
    levels = 255 if picture.dtype == np.uint8 else 1
    scale = np.float32(1 / (2 ** (ksize - 1) * block_size * levels))
    values = picture.astype(np.float32)
    dx = sobel(values, 1, 0, ksize, border) * scale
    dy = sobel(values, 0, 1, ksize, border) * scale
    count = np.float32(block_size**2)
    xx, xy, yy = (blur(p, block_size, border) * count for p in (dx * dx, dx * dy, dy * dy))
    return xx, xy, yy


def harris(
    image: NDArray[Any],
    block_size: int = 3,
    ksize: int = 3,
    k: float = 0.04,
    border: Border = "reflect_101",
) -> NDArray[np.float32]:
    """Say how much of a corner each pixel is: ``cv2.cornerHarris``.

    Parameters
    ----------
    image
        ``uint8`` or ``float32``, (H, W), or (H, W, 3), which is turned grey.
    block_size, ksize, border
        As in :func:`structure_tensor`.
    k
        How much the trace counts against the determinant, 0.04 to 0.06.

    Returns
    -------
    ndarray
        ``float32``, (H, W): ``det - k * trace²`` of the structure tensor. Large at corners, below
        0 on edges, near 0 where the picture is flat.

    Raises
    ------
    TypeError, ValueError
        If the picture is none, or another argument is out of its range.

    References
    ----------
    Harris and Stephens, "A Combined Corner and Edge Detector", Alvey Vision Conference 1988.

    Examples
    --------
    >>> corner = np.zeros((7, 7), dtype=np.uint8)
    >>> corner[3:, 3:] = 255
    >>> response = harris(corner)
    >>> [bool(response[place] > 0) for place in ((3, 3), (5, 3), (1, 1))]
    [True, False, False]
    """
    k = number("k", k)
    xx, xy, yy = structure_tensor(image, block_size, ksize, border)
    return xx * yy - xy * xy - np.float32(k) * (xx + yy) ** 2


def min_eigenvalue(
    image: NDArray[Any], block_size: int = 3, ksize: int = 3, border: Border = "reflect_101"
) -> NDArray[np.float32]:
    """Say how much a picture changes in the direction in which it changes least.

    It is ``cv2.cornerMinEigenVal``, the measure of Shi and Tomasi.

    Parameters
    ----------
    image, block_size, ksize, border
        As in :func:`structure_tensor`.

    Returns
    -------
    ndarray
        ``float32``, (H, W): the smaller eigenvalue of the structure tensor.

    Raises
    ------
    TypeError, ValueError
        If the picture is none, or another argument is out of its range.

    References
    ----------
    Shi and Tomasi, "Good Features to Track", IEEE Conference on Computer Vision and Pattern
    Recognition 1994, section 4.

    Examples
    --------
    >>> corner = np.zeros((7, 7), dtype=np.uint8)
    >>> corner[3:, 3:] = 255
    >>> response = min_eigenvalue(corner)
    >>> [bool(response[place] > 0.01) for place in ((3, 3), (5, 3), (1, 1))]
    [True, False, False]
    """
    xx, xy, yy = structure_tensor(image, block_size, ksize, border)
    eigenvalue: NDArray[Any] = (xx + yy) / 2 - np.hypot((xx - yy) / 2, xy)
    return eigenvalue


def peaks(
    response: NDArray[Any],
    max_corners: int = 500,
    quality_level: float = 0.01,
    min_distance: float = 5,
) -> NDArray[np.float32]:
    """Choose the strongest peaks of a measure, none too near to a stronger one.

    It is what ``cv2.goodFeaturesToTrack`` does after measuring.

    Parameters
    ----------
    response
        How good each pixel is, (H, W).
    max_corners
        How many at most.
    quality_level
        Of the strongest one, the part above which a peak counts, above 0 and at most 1.
    min_distance
        Pixels between two of them at least, 0 or more.

    Returns
    -------
    ndarray
        ``float32``, (N, 2): x and y, the strongest first. A pixel of the outermost rows and
        columns is never a peak. A picture without any gives (0, 2).

    Raises
    ------
    ValueError
        If ``response`` is not (H, W) of finite numbers, or another argument is out of its range.

    Examples
    --------
    >>> response = np.zeros((5, 9))
    >>> response[2, 2], response[2, 4], response[2, 7] = 4, 9, 5
    >>> peaks(response, min_distance=3).tolist()
    [[4.0, 2.0], [7.0, 2.0]]
    """
    if np.ndim(response) != 2 or np.size(response) == 0 or not np.isfinite(response).all():
        shape = np.shape(response)
        raise ValueError(f"response has shape {shape}; expected (H, W), not empty, and finite")
    max_corners = integer("max_corners", max_corners, least=1)
    if number("quality_level", quality_level, most=1) == 0:
        raise ValueError(f"quality_level is {quality_level!r}; expected a number above 0")
    min_distance = number("min_distance", min_distance)
    values = np.asarray(response, dtype=np.float32)
    least = max(np.float32(quality_level * values.max()), np.float32(0))
    highest = cv2.dilate(values, np.ones((3, 3), dtype=np.uint8))
    is_peak = (values > least) & (values == highest)
    is_peak[[0, -1]] = is_peak[:, [0, -1]] = False
    rows, columns = np.nonzero(is_peak)
    order = np.argsort(-values[rows, columns], kind="stable")
    places = np.stack([columns, rows], axis=1)[order].astype(np.float32)
    if min_distance < 1:
        return places[:max_corners]
    chosen: list[NDArray[np.float32]] = []
    while len(places) and len(chosen) < max_corners:
        chosen.append(places[0])
        apart = np.square(places - places[0]).sum(axis=1)
        places = places[apart >= np.float32(min_distance) ** 2]
    return np.array(chosen, dtype=np.float32).reshape(-1, 2)


def good_features(
    image: NDArray[Any],
    max_corners: int = 500,
    quality_level: float = 0.01,
    min_distance: float = 5,
    block_size: int = 3,
) -> NDArray[np.float32]:
    """Find the corners that a picture can be recognised by: ``cv2.goodFeaturesToTrack``.

    Parameters
    ----------
    image
        ``uint8`` or ``float32``, (H, W), or (H, W, 3), which is turned grey.
    max_corners, quality_level, min_distance
        As in :func:`peaks`.
    block_size
        As in :func:`structure_tensor`.

    Returns
    -------
    ndarray
        ``float32``, (N, 2): x and y, the strongest first.

    Raises
    ------
    TypeError, ValueError
        If the picture is none, or another argument is out of its range.

    References
    ----------
    Shi and Tomasi, "Good Features to Track", IEEE Conference on Computer Vision and Pattern
    Recognition 1994, section 4.

    Examples
    --------
    >>> square = np.zeros((20, 20), dtype=np.uint8)
    >>> square[5:15, 5:15] = 255
    >>> sorted(good_features(square).tolist())
    [[5.0, 5.0], [5.0, 14.0], [14.0, 5.0], [14.0, 14.0]]
    """
    return peaks(min_eigenvalue(image, block_size), max_corners, quality_level, min_distance)


def fast(image: NDArray[np.uint8], threshold: int = 20) -> NDArray[np.bool_]:
    """Find corners by comparing each pixel with 16 others on a circle: FAST-9.

    Parameters
    ----------
    image
        ``uint8``, (H, W), or (H, W, 3), which is turned grey.
    threshold
        By how many levels 9 pixels of the circle in a row must be brighter, or all darker.

    Returns
    -------
    ndarray
        ``bool``, (H, W): True at the pixels that ``cv2.FastFeatureDetector`` finds without its
        non-maximum suppression. Within 3 pixels of the border there are none.

    Raises
    ------
    TypeError
        If the picture is not ``uint8``.
    ValueError
        If it has another shape, or the threshold is negative.

    References
    ----------
    Rosten and Drummond, "Machine Learning for High-Speed Corner Detection", European Conference on
    Computer Vision 2006, section 2.

    Examples
    --------
    >>> dot = np.zeros((9, 9), dtype=np.uint8)
    >>> dot[4, 4] = 255
    >>> np.argwhere(fast(dot)).tolist()
    [[4, 4]]
    """
    picture = grey(image)
    if picture.dtype != np.uint8:
        raise TypeError(f"image has dtype {picture.dtype}; expected uint8")
    threshold = integer("threshold", threshold)
    height, width = picture.shape
    found = np.zeros((height, width), dtype=np.bool_)
    if height < 7 or width < 7:
        return found
    levels = picture.astype(np.int16)
    middle = levels[3:-3, 3:-3]
    ring = [levels[3 + y : height - 3 + y, 3 + x : width - 3 + x] - middle for x, y in CIRCLE]
    for side in ([other > threshold for other in ring], [other < -threshold for other in ring]):
        pairs = [side[i] & side[i - 1] for i in range(16)]
        fours = [pairs[i] & pairs[i - 2] for i in range(16)]
        eights = [fours[i] & fours[i - 4] for i in range(16)]
        for i in range(16):
            found[3:-3, 3:-3] |= eights[i] & side[i - 8]
    return found
