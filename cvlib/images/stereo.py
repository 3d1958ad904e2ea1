"""Depth from two pictures side by side: how far each patch moved, and how far away it so is."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cvlib.arguments import expect_grey_or_rgb, integer, number

__all__ = ["block_match", "depth", "left_right_check", "squared_differences", "triangulate"]

Bytes = NDArray[np.uint8]
Disparities = NDArray[np.float32]


def squared_differences(
    left: Bytes, right: Bytes, disparity: int, block_size: int = 9
) -> NDArray[np.int64]:
    """Compare each window of the left picture with the one that many columns left in the right.

    Parameters
    ----------
    left, right
        ``uint8``, (H, W) or (H, W, 3), both of the same shape.
    disparity
        How many columns further left to look, 0 or more.
    block_size
        Side of the square window, odd.

    Returns
    -------
    ndarray
        ``int64``, (H, W): the sum of the squared differences of the window about each pixel, as
        ``cv2.matchTemplate`` with ``cv2.TM_SQDIFF`` counts them. Beyond the pictures, the last
        difference counts again.

    Raises
    ------
    TypeError, ValueError
        If it is no pair of such pictures, or a number cannot be.

    Examples
    --------
    >>> left = np.array([[0, 0, 9, 0]], dtype=np.uint8)
    >>> right = np.array([[0, 9, 0, 0]], dtype=np.uint8)
    >>> squared_differences(left, right, 0, 1), squared_differences(left, right, 1, 1)
    (array([[ 0, 81, 81,  0]]), array([[0, 0, 0, 0]]))
    """
    _check_pair(left, right)
    columns = np.maximum(np.arange(left.shape[1]) - integer("disparity", disparity), 0)
    squares = np.square(left.astype(np.int32) - right[:, columns])
    if squares.ndim == 3:
        squares = squares.sum(axis=2)
    return _window_sums(squares, _odd(block_size))


def block_match(
    left: Bytes, right: Bytes, num_disparities: int = 64, block_size: int = 9
) -> Disparities:
    """Find for each pixel of the left picture how many columns further left the right has it.

    Of all disparities the one is taken whose window differs least (:func:`squared_differences`),
    and a parabola through it and its two neighbours gives the fraction. The costs of one disparity
    are held at a time, not those of all.

    Parameters
    ----------
    left, right
        ``uint8``, (H, W) or (H, W, 3), rectified: what is in one row of the one is in the same row
        of the other.
    num_disparities
        Disparities 0 to ``num_disparities`` − 1 are tried.
    block_size
        Side of the square window, odd.

    Returns
    -------
    ndarray
        ``float32``, (H, W), in pixels; nan where nothing in the window changes from one column
        to the next, so that no disparity is better than another.

    Raises
    ------
    TypeError, ValueError
        If it is no pair of such pictures, or a number cannot be.

    References
    ----------
    Scharstein and Szeliski, "A Taxonomy and Evaluation of Dense Two-Frame Stereo Correspondence
    Algorithms", International Journal of Computer Vision 47, 2002, section 3.

    Examples
    --------
    >>> row = np.array([[0, 0, 0, 90, 50, 0, 0, 0]], dtype=np.uint8)
    >>> block_match(row, np.roll(row, -2), num_disparities=4, block_size=3)[0, 3:5].round()
    array([2., 2.], dtype=float32)
    """
    _check_pair(left, right)
    shape = left.shape[:2]
    size, count = _odd(block_size), integer("num_disparities", num_disparities, least=1)
    found = np.zeros(shape, dtype=np.float32)
    best, before, after = (np.full(shape, np.inf, dtype=np.float32) for _ in range(3))
    previous = np.full(shape, np.inf, dtype=np.float32)
    for disparity in range(min(count, shape[1])):
        cost = squared_differences(left, right, disparity, size).astype(np.float32)
        cost[:, :disparity] = np.inf  # its partner would be beyond the right picture
        followed = found == disparity - 1
        after[followed] = cost[followed]
        better = cost < best
        best[better], before[better] = cost[better], previous[better]
        after[better] = np.inf
        found[better] = disparity
        previous = cost
    with np.errstate(invalid="ignore"):
        bend = before - 2 * best + after
        fraction = (before - after) / (2 * bend)
    between = np.isfinite(bend) & (bend > 0)
    found[between] += fraction[between]
    found[squared_differences(left, left, 1, size) == 0] = np.nan
    return found


def left_right_check(
    left: Disparities, right: Disparities, tolerance: float = 1.0
) -> NDArray[np.bool_]:
    """Say which pixels find back: from the left picture to the right one, and from there to them.

    Parameters
    ----------
    left
        Disparities of the left picture, (H, W); to the left.
    right
        Disparities of the right picture, (H, W); to the right. They are
        ``block_match(right[:, ::-1], left[:, ::-1])[:, ::-1]``, by two mirrors.
    tolerance
        How many pixels both may differ by.

    Returns
    -------
    ndarray
        ``bool``, (H, W): False where they disagree, as where only one camera sees the place.

    Raises
    ------
    ValueError
        If the shapes differ, or the tolerance cannot be.

    Examples
    --------
    >>> left = np.array([[np.nan, 1, 1, 2]], dtype=np.float32)
    >>> right = np.array([[1, 1, 2, 0]], dtype=np.float32)
    >>> left_right_check(left, right, tolerance=0.5)
    array([[False,  True,  True, False]])
    """
    if left.ndim != 2 or left.shape != right.shape:
        raise ValueError(
            f"left and right have shapes {left.shape} and {right.shape}; expected one shape (H, W)"
        )
    number("tolerance", tolerance)
    known = np.isfinite(left)
    columns = np.arange(left.shape[1]) - np.rint(np.where(known, left, 0)).astype(np.intp)
    known &= (columns >= 0) & (columns < left.shape[1])
    partner = np.take_along_axis(right, columns.clip(0, left.shape[1] - 1), axis=1)
    with np.errstate(invalid="ignore"):
        agree: NDArray[np.bool_] = known & (np.abs(left - partner) <= tolerance)
    return agree


def depth(
    disparity: Disparities, focal_length: float, baseline: float, offset: float = 0.0
) -> Disparities:
    """Turn disparities into distances: focal length times baseline, divided by them.

    Parameters
    ----------
    disparity
        In pixels, any shape.
    focal_length
        Of both cameras, in pixels, above 0.
    baseline
        The distance between the two cameras, in any unit, above 0.
    offset
        How many columns further left the right camera has its principal point: the disparity of
        what is infinitely far away is its negative. Often 0.

    Returns
    -------
    ndarray
        ``float32``, the shape of ``disparity``, in the unit of ``baseline``. Infinite where
        disparity and offset are 0 in all, nan where they are below or not known.

    Raises
    ------
    TypeError, ValueError
        If focal length or baseline is no number above 0, or the offset none at all.

    Examples
    --------
    >>> depth(np.array([10, 20, 0], dtype=np.float32), focal_length=1000, baseline=0.2)
    array([20., 10., inf], dtype=float32)
    """
    for name, value in (("focal_length", focal_length), ("baseline", baseline)):
        if number(name, value) == 0:
            raise ValueError(f"{name} is {value!r}; expected a number above 0")
    number("offset", offset, least=-np.inf)
    moved = np.asarray(disparity, dtype=np.float32) + np.float32(offset)
    with np.errstate(divide="ignore", invalid="ignore"):
        away = np.float32(focal_length * baseline) / np.where(moved < 0, np.nan, np.abs(moved))
    return np.asarray(np.where(np.isinf(moved), np.nan, away), dtype=np.float32)


def triangulate(
    disparity: Disparities,
    focal_length: float,
    baseline: float,
    principal_point: tuple[float, float],
    offset: float = 0.0,
) -> NDArray[np.float32]:
    """Place each pixel in space, as its disparity says.

    Parameters
    ----------
    disparity
        Of the left picture, (H, W), in pixels.
    focal_length, baseline, offset
        As in :func:`depth`.
    principal_point
        Where the left camera looks, (x, y) in pixels: straight ahead.

    Returns
    -------
    ndarray
        ``float32``, (H, W, 3): to the right, down, and ahead of the left camera, in the unit of
        ``baseline``; ``cv2.reprojectImageTo3D``.

    Raises
    ------
    TypeError, ValueError
        If the disparities are not (H, W), or as in :func:`depth`.

    Examples
    --------
    >>> triangulate(np.full((1, 3), 2, dtype=np.float32), 10, 1, (1, 0))[0].tolist()
    [[-0.5, 0.0, 5.0], [0.0, 0.0, 5.0], [0.5, 0.0, 5.0]]
    """
    if np.ndim(disparity) != 2:
        raise ValueError(f"disparity has shape {np.shape(disparity)}; expected (H, W)")
    ahead = depth(disparity, focal_length, baseline, offset)
    rows, columns = np.indices(ahead.shape, dtype=np.float32)
    across, down = columns - principal_point[0], rows - principal_point[1]
    with np.errstate(invalid="ignore"):
        rays = [across / focal_length * ahead, down / focal_length * ahead, ahead]
    return np.stack(rays, axis=-1).astype(np.float32)


def _window_sums(values: NDArray[np.int32], size: int) -> NDArray[np.int64]:
    """Add up a window about each pixel, in four look-ups however large it is."""
    reach = size // 2
    padded = np.pad(values, ((reach + 1, reach), (reach + 1, reach)), mode="edge")
    padded[0], padded[:, 0] = 0, 0
    table = padded.cumsum(axis=0, dtype=np.int64).cumsum(axis=1)  # all above and to the left
    lower, upper = table[size:], table[:-size]
    return lower[:, size:] - lower[:, :-size] - upper[:, size:] + upper[:, :-size]


def _odd(block_size: int) -> int:
    size = integer("block_size", block_size, least=1)
    if size % 2 == 0:
        raise ValueError(f"block_size is {block_size}; expected an odd number")
    return size


def _check_pair(left: Bytes, right: Bytes) -> None:
    expect_grey_or_rgb(left, "left")
    expect_grey_or_rgb(right, "right")
    if left.shape != right.shape:
        raise ValueError(f"right has shape {right.shape}; expected {left.shape}, as left has")
