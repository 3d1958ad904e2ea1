"""Shapes: a threshold that makes them, and minima and maxima that shrink, grow and clean them."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from cvlib.arguments import expect_uint8

__all__ = [
    "dilate",
    "erode",
    "morphology_ex",
    "otsu_threshold",
    "reconstruct",
    "structuring_element",
]

Picture = NDArray[Any]

_DTYPES = ("uint8", "uint16", "int16", "float32", "float64")  # those of OpenCV
_BORDERS: dict[int, Any] = {  # the same by NumPy's names
    cv2.BORDER_CONSTANT: "constant",
    cv2.BORDER_REPLICATE: "edge",
    cv2.BORDER_REFLECT: "symmetric",
    cv2.BORDER_REFLECT_101: "reflect",
}


def otsu_threshold(image: NDArray[np.uint8]) -> int:
    """Find the grey level that splits a picture's values into the two most separate classes.

    The values up to the level are one class, the rest the other. The best level has the largest
    variance between the classes: the product of their shares and of the squared difference of
    their means.

    Parameters
    ----------
    image
        ``uint8``, any shape.

    Returns
    -------
    int
        The level: what is above it is the bright class. It is that of ``cv2.threshold`` with
        ``cv2.THRESH_OTSU``, but the lowest if several are equally good: there OpenCV rounds.

    Raises
    ------
    TypeError, ValueError
        If the picture is not ``uint8``, or has no pixel.

    References
    ----------
    Otsu, "A Threshold Selection Method from Gray-Level Histograms", IEEE Transactions on Systems,
    Man, and Cybernetics 9(1), 1979.

    Examples
    --------
    >>> otsu_threshold(np.array([[10, 12, 200], [11, 210, 220]], dtype=np.uint8))
    12
    """
    expect_uint8(image)
    if image.size == 0:
        raise ValueError(f"image has shape {image.shape}; expected at least one pixel")
    level = np.arange(256)
    pixels = np.bincount(image.ravel(), minlength=256)
    dark = pixels.cumsum()  # pixels in the dark class, for each level
    total = (pixels * level).cumsum()  # and the sum of their values
    difference = (total[-1] * dark - total * image.size).astype(np.float64)
    return int(np.argmax(difference**2 / np.maximum(dark * (image.size - dark), 1)))


def structuring_element(shape: int, size: tuple[int, int]) -> NDArray[np.uint8]:
    """Make a structuring element, the neighbourhood that erosion and dilation look at.

    Parameters
    ----------
    shape
        ``cv2.MORPH_RECT``, ``cv2.MORPH_CROSS``, ``cv2.MORPH_ELLIPSE`` or ``cv2.MORPH_DIAMOND``.
    size
        Width and height, OpenCV's order.

    Returns
    -------
    ndarray
        ``uint8``, (height, width): 1 in the neighbourhood, 0 elsewhere. What
        ``cv2.getStructuringElement`` makes.

    Raises
    ------
    ValueError
        If the shape is none of these, or a side is below 1.

    Examples
    --------
    >>> structuring_element(cv2.MORPH_ELLIPSE, (5, 5))
    array([[0, 0, 1, 0, 0],
           [1, 1, 1, 1, 1],
           [1, 1, 1, 1, 1],
           [1, 1, 1, 1, 1],
           [0, 0, 1, 0, 0]], dtype=uint8)
    """
    width, height = size
    if width < 1 or height < 1:
        raise ValueError(f"size is {size}; expected a width and a height of at least 1")
    x = np.abs(np.arange(width) - width // 2)
    y = np.abs(np.arange(height) - height // 2)[:, None]
    half = height // 2
    match shape:
        case cv2.MORPH_RECT:
            inside = np.ones((height, width), dtype=bool)
        case cv2.MORPH_CROSS:
            inside = (x == 0) | (y == 0)
        case cv2.MORPH_ELLIPSE:  # in each row, round the half width of the ellipse there
            inside = x <= np.rint(width // 2 * np.sqrt((half**2 - y**2) * (1 / max(half, 1) ** 2)))
        case cv2.MORPH_DIAMOND:
            inside = x + y <= half
        case _:
            names = "cv2.MORPH_RECT, MORPH_CROSS, MORPH_ELLIPSE or MORPH_DIAMOND"
            raise ValueError(f"shape is {shape!r}; expected {names}")
    return inside.astype(np.uint8)


def erode(
    image: Picture,
    kernel: NDArray[Any],
    *,
    anchor: tuple[int, int] = (-1, -1),
    iterations: int = 1,
    border_type: int = cv2.BORDER_CONSTANT,
    border_value: float | None = None,
) -> Picture:
    """Give each pixel the least value in its neighbourhood: what is bright shrinks.

    Parameters
    ----------
    image
        ``uint8``, ``uint16``, ``int16``, ``float32`` or ``float64``, (H, W) or (H, W, C). Each
        channel on its own.
    kernel
        The neighbourhood, (height, width): where it is not 0. See :func:`structuring_element`.
    anchor
        Column and row of the kernel that lie on the pixel; -1 for the middle.
    iterations
        How many times to erode.
    border_type
        What is beyond the border: ``cv2.BORDER_CONSTANT``, ``BORDER_REPLICATE``,
        ``BORDER_REFLECT`` or ``BORDER_REFLECT_101``.
    border_value
        The constant. Without it, the greatest value of the dtype, which no minimum notices.

    Returns
    -------
    ndarray
        The shape and the dtype of ``image``: what ``cv2.erode`` gives.

    Raises
    ------
    TypeError
        If the dtype is none of the five.
    ValueError
        If the picture or the kernel is empty or of another shape, the kernel is all 0, the anchor
        not in it, the iterations are negative, or the border is none of the four.

    Examples
    --------
    >>> erode(np.array([[9, 9, 9, 0, 9]], dtype=np.uint8), np.ones((1, 3)))
    array([[9, 9, 0, 0, 0]], dtype=uint8)
    """
    return _extremum(np.minimum, image, kernel, anchor, iterations, border_type, border_value)


def dilate(
    image: Picture,
    kernel: NDArray[Any],
    *,
    anchor: tuple[int, int] = (-1, -1),
    iterations: int = 1,
    border_type: int = cv2.BORDER_CONSTANT,
    border_value: float | None = None,
) -> Picture:
    """Give each pixel the greatest value in its neighbourhood: what is bright grows.

    Parameters
    ----------
    image, kernel, anchor, iterations, border_type
        As for :func:`erode`. The kernel is laid on the pixel as it is, not turned by half a turn:
        this is OpenCV's sense of the word.
    border_value
        The constant beyond the border. Without it, the least value of the dtype.

    Returns
    -------
    ndarray
        The shape and the dtype of ``image``: what ``cv2.dilate`` gives.

    Raises
    ------
    TypeError, ValueError
        As :func:`erode`.

    Examples
    --------
    >>> dilate(np.array([[0, 9, 0, 0, 0]], dtype=np.uint8), np.ones((1, 3)))
    array([[9, 9, 9, 0, 0]], dtype=uint8)
    """
    return _extremum(np.maximum, image, kernel, anchor, iterations, border_type, border_value)


def morphology_ex(
    image: Picture,
    operation: int,
    kernel: NDArray[Any],
    *,
    anchor: tuple[int, int] = (-1, -1),
    iterations: int = 1,
    border_type: int = cv2.BORDER_CONSTANT,
    border_value: float | None = None,
) -> Picture:
    """Combine erosions and dilations to open, close, and take what they change.

    Parameters
    ----------
    image
        As for :func:`erode`; for ``cv2.MORPH_HITMISS``, ``uint8``, (H, W).
    operation
        ``cv2.MORPH_ERODE``, ``MORPH_DILATE``, ``MORPH_OPEN``, ``MORPH_CLOSE``, ``MORPH_GRADIENT``,
        ``MORPH_TOPHAT``, ``MORPH_BLACKHAT`` or ``MORPH_HITMISS``.
    kernel
        The neighbourhood, (height, width). For hit-or-miss, 1 where the picture must be white,
        -1 where it must be black, and 0 where it does not matter.
    anchor, iterations, border_type, border_value
        As for :func:`erode`, and handed to each erosion and dilation. To open twice is to erode
        twice and then dilate twice.

    Returns
    -------
    ndarray
        The shape and the dtype of ``image``: what ``cv2.morphologyEx`` gives. Differences stop at
        the ends of the dtype.

    Raises
    ------
    TypeError, ValueError
        As :func:`erode`, and if the operation is none of these.

    Examples
    --------
    >>> image = np.array([[0, 9, 0, 0, 9, 9, 9, 0, 9, 0]], dtype=np.uint8)
    >>> morphology_ex(image, cv2.MORPH_OPEN, np.ones((1, 3)))
    array([[0, 0, 0, 0, 9, 9, 9, 0, 0, 0]], dtype=uint8)
    """
    options: dict[str, Any] = {"anchor": anchor, "iterations": iterations}
    options |= {"border_type": border_type, "border_value": border_value}

    def eroded(picture: Picture, where: NDArray[Any] = kernel) -> Picture:
        return erode(picture, where, **options)

    def dilated(picture: Picture) -> Picture:
        return dilate(picture, kernel, **options)

    match operation:
        case cv2.MORPH_ERODE:
            return eroded(image)
        case cv2.MORPH_DILATE:
            return dilated(image)
        case cv2.MORPH_OPEN:
            return dilated(eroded(image))
        case cv2.MORPH_CLOSE:
            return eroded(dilated(image))
        case cv2.MORPH_GRADIENT:
            return _subtract(dilated(image), eroded(image))
        case cv2.MORPH_TOPHAT:
            return _subtract(image, dilated(eroded(image)))
        case cv2.MORPH_BLACKHAT:
            return _subtract(eroded(dilated(image)), image)
        case cv2.MORPH_HITMISS:
            if image.dtype != np.uint8:
                raise TypeError(f"image has dtype {image.dtype}; expected uint8 for hit-or-miss")
            found = np.full_like(image, 255)
            for picture, where in ((image, kernel == 1), (~image, kernel == -1)):
                if where.any():
                    found &= eroded(picture, where)
            return found
    raise ValueError(f"operation is {operation!r}; expected one of cv2's, such as cv2.MORPH_OPEN")


def reconstruct(marker: Picture, mask: Picture, kernel: NDArray[Any]) -> Picture:
    """Grow a marker inside a mask until nothing changes: keep whatever the marker touches, whole.

    Parameters
    ----------
    marker, mask
        Two pictures that :func:`dilate` takes, of one shape and dtype. Where the marker is above
        the mask, it is cut off.
    kernel
        Which neighbours touch: of 3 × 3, a cross for those that share a side, a rectangle for
        those that share a corner, too.

    Returns
    -------
    ndarray
        The shape and the dtype of ``mask``.

    Raises
    ------
    TypeError, ValueError
        As :func:`erode`, and if the two are not of one shape and dtype.

    References
    ----------
    Vincent, "Morphological Grayscale Reconstruction in Image Analysis: Applications and Efficient
    Algorithms", IEEE Transactions on Image Processing 2(2), 1993, section III.

    Examples
    --------
    >>> mask = np.array([[1, 1, 0, 1, 1, 1]], dtype=np.uint8)
    >>> reconstruct(np.array([[0, 0, 0, 0, 1, 0]], dtype=np.uint8), mask, np.ones((3, 3)))
    array([[0, 0, 0, 1, 1, 1]], dtype=uint8)
    """
    if marker.shape != mask.shape or marker.dtype != mask.dtype:
        got, expected = (f"{x.dtype} of shape {x.shape}" for x in (marker, mask))
        raise ValueError(f"marker is {got}; expected that of mask, {expected}")
    reached = np.minimum(marker, mask)
    while True:
        further = np.minimum(dilate(reached, kernel), mask)
        if np.array_equal(further, reached):
            return reached
        reached = further


def _extremum(
    pick: np.ufunc,
    image: Picture,
    kernel: NDArray[Any],
    anchor: tuple[int, int],
    iterations: int,
    border_type: int,
    border_value: float | None,
) -> Picture:
    """Take the minimum or the maximum over each pixel's neighbourhood, some times in a row."""
    if image.dtype not in _DTYPES:
        raise TypeError(f"image has dtype {image.dtype}; expected one of {', '.join(_DTYPES)}")
    if image.ndim not in (2, 3) or image.size == 0:
        raise ValueError(f"image has shape {image.shape}; expected (H, W) or (H, W, C), no side 0")
    if kernel.ndim != 2 or not kernel.any():
        raise ValueError(f"kernel is {kernel!r}; expected two dimensions and a value other than 0")
    if iterations < 0:
        raise ValueError(f"iterations is {iterations}; expected at least 0")
    if border_type not in _BORDERS:
        names = "cv2.BORDER_CONSTANT, BORDER_REPLICATE, BORDER_REFLECT or BORDER_REFLECT_101"
        raise ValueError(f"border_type is {border_type!r}; expected {names}")
    (rows, columns), (height, width), (x, y) = image.shape[:2], kernel.shape, anchor
    x, y = width // 2 if x == -1 else x, height // 2 if y == -1 else y
    if not (0 <= x < width and 0 <= y < height):
        raise ValueError(f"anchor is {anchor}; expected a place in a kernel {width} × {height}")
    full = bool(kernel.all())
    if full and iterations > 1:  # n times a rectangle is once a larger one
        width, height = (iterations * (side - 1) + 1 for side in (width, height))
        x, y, iterations = iterations * x, iterations * y, 1
    margins = ((y, height - 1 - y), (x, width - 1 - x), (0, 0))[: image.ndim]
    if border_value is None:  # what the minimum or the maximum does not notice
        limits = np.finfo(image.dtype) if image.dtype.kind == "f" else np.iinfo(image.dtype)
        border_value = limits.max if pick is np.minimum else limits.min
    constant = {"constant_values": border_value} if border_type == cv2.BORDER_CONSTANT else {}
    result = image.copy()
    for _ in range(iterations):
        padded = np.pad(result, margins, _BORDERS[border_type], **constant)
        if full:  # rows, then columns
            result = _running(pick, _running(pick, padded, height, axis=0), width, axis=1)
            continue
        places = ((slice(r, r + rows), slice(c, c + columns)) for r, c in np.argwhere(kernel))
        result = padded[next(places)].copy()
        for place in places:
            pick(result, padded[place], out=result)
    return np.ascontiguousarray(result)


def _running(pick: np.ufunc, values: Picture, length: int, axis: int) -> Picture:
    """Take the extremum of each ``length`` neighbours along an axis, by doubling what it spans."""
    values, span = values.swapaxes(0, axis), 1
    while span < length:
        step = min(span, length - span)
        values = pick(values[:-step], values[step:])
        span += step
    return values.swapaxes(0, axis)


def _subtract(a: Picture, b: Picture) -> Picture:
    """Subtract, and stop at the ends of the dtype, as OpenCV does."""
    if a.dtype.kind == "u":
        return np.maximum(a, b) - b
    if a.dtype.kind == "f":
        return a - b
    limits = np.iinfo(a.dtype)
    return np.clip(a.astype(np.int64) - b, limits.min, limits.max).astype(a.dtype)
