"""Where the pixels go: resize, flip, quarter turns, and warps by a matrix."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from cvlib.images.borders import Border, pad

__all__ = ["flip", "resize", "rotate", "rotation_matrix", "warp_affine", "warp_perspective"]

Picture = NDArray[np.uint8] | NDArray[np.float32]
Numbers = NDArray[np.float32]
Places = NDArray[np.intp]
Reals = NDArray[np.float64]
Matrix = NDArray[np.floating]
Size = tuple[int, int]
Interpolation = Literal["nearest", "nearest-exact", "bilinear", "bicubic", "area"]

_AT_ONCE = 2**15  # numbers in a block of rows: with its copies it stays in a processor's cache


def resize(
    image: Picture,
    size: Size,
    interpolation: Interpolation = "bilinear",
    antialias: bool = False,
) -> Picture:
    """Resample a picture to another size, rows and columns one after the other.

    Parameters
    ----------
    image
        ``uint8`` or ``float32``, (H, W) or (H, W, 3).
    size
        Height and width of the result, in this order. OpenCV and Pillow take (width, height).
    interpolation
        By torch's names: ``"nearest"``, ``"nearest-exact"``, ``"bilinear"``, ``"bicubic"`` and
        ``"area"``, which weighs each pixel by the part of it that the new pixel covers.
    antialias
        Whether ``"bilinear"`` and ``"bicubic"`` stretch their weights over all the pixels that
        they leave out when they shrink, as Pillow does. The constant of the cubic is then −0.5,
        else −0.75.

    Returns
    -------
    ndarray
        The dtype of ``image``; ``uint8`` is rounded, and stops at 0 and at 255. Without
        antialiasing, ``cv2.resize`` (``"area"``: where neither side grows).

    Raises
    ------
    TypeError, ValueError
        If an argument has the wrong type, cannot be, or does not go with another.

    References
    ----------
    Keys, "Cubic convolution interpolation for digital image processing", IEEE Transactions on
    Acoustics, Speech, and Signal Processing 29(6), 1981 (the cubic).

    Examples
    --------
    >>> row = np.array([[0, 100, 200, 40]], dtype=np.uint8)
    >>> resize(row, (1, 2), "nearest"), resize(row, (1, 2), "bilinear")
    (array([[  0, 200]], dtype=uint8), array([[ 50, 120]], dtype=uint8))
    """
    _check(image)
    height, width = _read_size(size)
    _check_name("interpolation", interpolation, get_args(Interpolation))
    if antialias and interpolation not in ("bilinear", "bicubic"):
        raise ValueError(f"antialias is {antialias!r} with {interpolation!r}; expected False")
    if interpolation in ("nearest", "nearest-exact"):
        exact = interpolation == "nearest-exact"
        lines = image.take(_copied(image.shape[0], height, exact), axis=0)
        return lines.take(_copied(image.shape[1], width, exact), axis=1)
    rows, row_weights = _taps(image.shape[0], height, interpolation, antialias)
    columns, column_weights = _taps(image.shape[1], width, interpolation, antialias)
    channels = math.prod(image.shape[2:])  # a pixel's numbers: columns beside each other
    columns = (columns[..., None] * channels + np.arange(channels)).reshape(len(columns), -1)
    column_weights = column_weights.repeat(channels, axis=1)
    flat = image.reshape(len(image), -1).astype(np.float32)
    result = np.empty((height, width * channels), dtype=image.dtype)
    for block in _blocks(height, max(flat.shape[1], result.shape[1])):
        lines = _weighted(flat, rows[:, block], row_weights[:, block, None], axis=0)
        result[block] = _stored(_weighted(lines, columns, column_weights, axis=1), image.dtype)
    return result.reshape(height, width, *image.shape[2:])


def flip(image: Picture, flip_code: int) -> Picture:
    """Mirror a picture.

    Parameters
    ----------
    image
        ``uint8`` or ``float32``, (H, W) or (H, W, 3).
    flip_code
        As in ``cv2.flip``: 0 upside down, 1 left to right, -1 both, which is half a turn.

    Returns
    -------
    ndarray
        The dtype and shape of ``image``; a copy.

    Raises
    ------
    TypeError, ValueError
        If it is no such picture, or the code is another one.

    Examples
    --------
    >>> flip(np.array([[1, 2], [3, 4]], dtype=np.uint8), 1)
    array([[2, 1],
           [4, 3]], dtype=uint8)
    """
    _check(image)
    if flip_code not in (0, 1, -1):
        raise ValueError(f"flip_code is {flip_code!r}; expected 0, 1 or -1")
    down, across = {0: (-1, 1), 1: (1, -1), -1: (-1, -1)}[flip_code]
    return image[::down, ::across].copy()


def rotate(image: Picture, turns: int) -> Picture:
    """Turn a picture by quarter turns: no pixel changes, so nothing is lost.

    Parameters
    ----------
    image
        ``uint8`` or ``float32``, (H, W) or (H, W, 3).
    turns
        Quarter turns counter-clockwise, as in ``np.rot90``; negative ones are clockwise.

    Returns
    -------
    ndarray
        The dtype of ``image``; an odd number of turns swaps height and width. A copy.

    Raises
    ------
    TypeError, ValueError
        If it is no such picture, or the turns are no integer.

    Examples
    --------
    >>> rotate(np.array([[1, 2, 3]], dtype=np.uint8), 1)
    array([[3],
           [2],
           [1]], dtype=uint8)
    """
    _check(image)
    if not isinstance(turns, int | np.integer):
        raise TypeError(f"turns is {turns!r}; expected an integer")
    if turns % 2 == 0:
        return flip(image, -1) if turns % 4 == 2 else image.copy()
    return flip(image.swapaxes(0, 1), 0 if turns % 4 == 1 else 1)


def rotation_matrix(center: tuple[float, float], angle: float, scale: float = 1.0) -> Reals:
    """Make the matrix that turns and scales a picture about a point.

    Parameters
    ----------
    center
        The point that stays, (x, y), in pixels: column first. The middle of a picture is
        ``((W - 1) / 2, (H - 1) / 2)``.
    angle
        In degrees, counter-clockwise as one sees it.
    scale
        How many times larger.

    Returns
    -------
    ndarray
        ``float64``, (2, 3), for :func:`warp_affine`; ``cv2.getRotationMatrix2D``.

    Examples
    --------
    >>> rotation_matrix((2, 1), 90).round(9)
    array([[ 0.,  1.,  1.],
           [-1.,  0.,  3.]])
    """
    cosine = scale * math.cos(math.radians(angle))
    sine = scale * math.sin(math.radians(angle))
    turn = np.array([[cosine, sine], [-sine, cosine]])  # y grows downwards
    return np.column_stack([turn, center - turn @ center])


def warp_affine(
    image: Picture,
    matrix: Matrix,
    size: Size,
    interpolation: Literal["nearest", "bilinear"] = "bilinear",
    border: Border = "constant",
    value: float = 0,
) -> Picture:
    """Move the pixels of a picture by a 2×3 matrix: shift, turn, scale, shear.

    Parameters
    ----------
    image
        ``uint8`` or ``float32``, (H, W) or (H, W, 3).
    matrix
        (2, 3): it takes (x, y, 1) of ``image`` to (x, y) of the result. It is inverted here, for
        the result is filled pixel by pixel, each from where it came.
    size
        Height and width of the result, in this order.
    interpolation
        ``"nearest"`` or ``"bilinear"``. Neither blurs before it shrinks.
    border
        What is seen outside of the picture: ``"constant"``, ``"replicate"`` (aaa|abc),
        ``"reflect"`` (cba|abc), ``"reflect_101"`` (dcb|abcd) or ``"wrap"`` (abc|abc).
    value
        The number outside with ``"constant"``, in every channel. (OpenCV's ``borderValue``, if
        it is a single number, holds for the first channel, and the others get 0.)

    Returns
    -------
    ndarray
        The dtype of ``image``: ``cv2.warpAffine`` of OpenCV 5. Older versions round the places to a
        thirty-second of a pixel.

    Raises
    ------
    TypeError, ValueError
        If an argument has the wrong type or cannot be, or the matrix has no inverse.

    Examples
    --------
    >>> image = np.array([[10, 20, 30]], dtype=np.uint8)
    >>> warp_affine(image, np.array([[1, 0, 0.5], [0, 1, 0]]), (1, 4))
    array([[ 5, 15, 25, 15]], dtype=uint8)
    """
    if np.shape(matrix) != (2, 3):
        raise ValueError(f"matrix has shape {np.shape(matrix)}; expected (2, 3)")
    matrix = np.vstack([matrix, [0, 0, 1]])
    return warp_perspective(image, matrix, size, interpolation, border, value)


def warp_perspective(
    image: Picture,
    matrix: Matrix,
    size: Size,
    interpolation: Literal["nearest", "bilinear"] = "bilinear",
    border: Border = "constant",
    value: float = 0,
) -> Picture:
    """Move the pixels of a picture by a 3×3 matrix, as a plane looks from another point of view.

    Parameters
    ----------
    image, size, interpolation, border, value
        As in :func:`warp_affine`.
    matrix
        (3, 3): it takes (x, y, 1) of ``image`` to (wx, wy, w), and the pixel goes to (x, y).

    Returns
    -------
    ndarray
        The dtype of ``image``: ``cv2.warpPerspective`` of OpenCV 5.

    Raises
    ------
    TypeError, ValueError
        As in :func:`warp_affine`.

    Examples
    --------
    >>> image = np.array([[10, 20, 30]], dtype=np.uint8)
    >>> warp_perspective(image, np.diag([4.0, 2.0, 2.0]), (1, 5))
    array([[10, 15, 20, 25, 30]], dtype=uint8)
    """
    _check(image)
    height, width = _read_size(size)
    _check_name("interpolation", interpolation, ("nearest", "bilinear"))
    _check_name("border", border, get_args(Border))
    if np.shape(matrix) != (3, 3) or np.linalg.matrix_rank(matrix) < 3:
        raise ValueError(f"matrix is {np.array(matrix).tolist()}; expected 3 by 3, with an inverse")
    (a, b, c), (d, e, f), (g, h, i) = np.linalg.inv(np.asarray(matrix, dtype=np.float64))
    framed: NDArray[Any] = image
    if border == "constant":
        outside = _stored(np.array(value, dtype=np.float32), image.dtype)
        framed = pad(image, 1, 1, 1, 1, border, outside.item())
    result = np.empty((height, width, *image.shape[2:]), dtype=image.dtype)
    for block in _blocks(height, result[0].size):
        x, y = np.arange(width), np.arange(height)[block, None]
        places = a * x + b * y + c, d * x + e * y + f
        if (g, h, i) != (0, 0, 1):  # what is further away is smaller
            depth = g * x + h * y + i
            places = tuple(place / np.where(depth == 0, np.inf, depth) for place in places)
        result[block] = _sample(framed, *places, interpolation, border)
    return result


def _copied(old: int, new: int, exact: bool) -> Places:
    """Say which of the old pixels each new one copies; rounded as OpenCV and Pillow round."""
    steps = np.r_[0.5, np.ones(new - 1)] * (old / new)
    place = np.cumsum(steps) if exact else np.arange(new) * (1 / (new / old))
    return np.minimum(place.astype(np.intp), old - 1)


def _taps(old: int, new: int, name: str, antialias: bool) -> tuple[Places, Numbers]:
    """Say which of the old pixels each new one is made of, and with which weights."""
    scale = old / new
    if name == "area":
        start = np.arange(new) * scale
        index = start.astype(np.intp) + np.arange(math.ceil(scale) + 1)[:, None]
        covered = np.minimum(index + 1, start + scale) - np.maximum(index, start)
        weights = np.maximum(covered, 0)
    else:
        stretch = max(scale, 1) if antialias else 1
        reach = stretch * (1 if name == "bilinear" else 2)
        centre = (np.arange(new) + 0.5) * scale - 0.5
        first = np.floor(centre - reach).astype(np.intp) + 1
        index = first + np.arange(math.ceil(2 * reach))[:, None]
        distance = np.abs(index - centre) / stretch
        linear = np.maximum(1 - distance, 0)
        weights = linear if name == "bilinear" else _cubic(distance, antialias)
    if antialias:  # nothing lies outside; without, the last pixel goes on
        weights = np.where((index >= 0) & (index < old), weights, 0)
    weights = weights / weights.sum(axis=0)
    return np.clip(index, 0, old - 1), weights.astype(np.float32)


def _cubic(distance: Reals, antialias: bool) -> Reals:
    t, a = distance, -0.5 if antialias else -0.75
    near = ((a + 2) * t - (a + 3)) * t**2 + 1
    far = a * (((t - 5) * t + 8) * t - 4)
    return np.where(t <= 1, near, np.where(t < 2, far, 0))


def _weighted(values: Numbers, index: Places, weights: Numbers, axis: int) -> Numbers:
    """Sum the values that each row of ``index`` picks, times that row's weights."""
    total = values.take(index[0], axis) * weights[0]
    for places, weight in zip(index[1:], weights[1:], strict=True):
        part = values.take(places, axis, mode="wrap")  # of the modes, the quickest
        total += np.multiply(part, weight, out=part)
    return total


def _sample(image: Picture, x: Reals, y: Reals, name: str, border: str) -> Picture:
    """Read a picture at places between its pixels."""
    (height, width), pixels = image.shape[:2], image.reshape(-1, *image.shape[2:])
    if name == "nearest":
        column = _inside(np.rint(x), width, border)
        return pixels.take(_inside(np.rint(y), height, border) * width + column, axis=0)
    left, top = np.floor(x), np.floor(y)
    columns = [_inside(column, width, border) for column in (left, left + 1)]
    rows = [_inside(row, height, border) * width for row in (top, top + 1)]
    right = (x - left).astype(np.float32).reshape(*x.shape, *[1] * (image.ndim - 2))
    below = (y - top).astype(np.float32).reshape(right.shape)
    corners = [[pixels.take(r + c, axis=0) for c in columns] for r in rows]
    upper, lower = (a * (1 - right) + b * right for a, b in corners)
    return _stored(upper * (1 - below) + lower * below, image.dtype)


def _inside(place: Reals, length: int, border: str) -> Places:
    """Say which pixel stands for one that may lie outside, along one side."""
    index = np.clip(place, -(2**30), 2**30).astype(np.intp)
    if border == "constant":  # the picture has a frame of one pixel
        return np.clip(index + 1, 0, length - 1)
    if border == "replicate":
        return np.clip(index, 0, length - 1)
    if border == "wrap":
        return index % length
    last = 2 * length - (1 if border == "reflect" else 2)  # there and back: abccba or abcb
    index %= 2 * length if border == "reflect" else max(last, 1)
    return np.minimum(index, last - index)


def _stored(numbers: Numbers, dtype: np.dtype) -> Picture:
    return np.clip(np.rint(numbers), 0, 255).astype(np.uint8) if dtype == np.uint8 else numbers


def _blocks(height: int, width: int) -> Iterator[slice]:
    """Cut a result into blocks of rows that are small enough for a processor's cache."""
    rows = max(_AT_ONCE // width, 1)
    return (slice(start, start + rows) for start in range(0, height, rows))


def _check(image: Picture) -> None:
    if not isinstance(image, np.ndarray) or image.dtype not in (np.uint8, np.float32):
        kind = getattr(image, "dtype", type(image).__name__)
        raise TypeError(f"image has dtype {kind}; expected an array of uint8 or float32")
    if image.ndim not in (2, 3) or 0 in image.shape or image.shape[2:] not in ((), (3,)):
        raise ValueError(f"image has shape {image.shape}; expected (H, W) or (H, W, 3), not empty")


def _check_name(argument: str, name: str, known: tuple[str, ...]) -> None:
    if name not in known:
        raise ValueError(f"{argument} is {name!r}; expected one of {', '.join(known)}")


def _read_size(size: Size) -> Size:
    whole = np.shape(size) == (2,) and all(isinstance(side, int | np.integer) for side in size)
    if not whole or min(size) < 1:
        raise ValueError(f"size is {size!r}; expected height and width, integers of at least 1")
    return int(size[0]), int(size[1])
