"""What a JPEG keeps of a picture: blocks of 8 × 8, each a sum of cosines, rounded."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cvlib.arguments import expect_uint8, integer

__all__ = [
    "cosines",
    "dct",
    "from_levels",
    "idct",
    "quantization_table",
    "to_levels",
]

_MOST = 1 << 20  # numbers of a matrix of cosines that are made at a time, 8 MB

# ITU-T T.81, annex K, tables K.1 and K.2: steps for brightness and for colour, at quality 50.
_BRIGHTNESS = (
    *(16, 11, 10, 16, 24, 40, 51, 61),
    *(12, 12, 14, 19, 26, 58, 60, 55),
    *(14, 13, 16, 24, 40, 57, 69, 56),
    *(14, 17, 22, 29, 51, 87, 80, 62),
    *(18, 22, 37, 56, 68, 109, 103, 77),
    *(24, 35, 55, 64, 81, 104, 113, 92),
    *(49, 64, 78, 87, 103, 121, 120, 101),
    *(72, 92, 95, 98, 112, 100, 103, 99),
)
_COLOUR = (
    *(17, 18, 24, 47, 99, 99, 99, 99),
    *(18, 21, 26, 66, 99, 99, 99, 99),
    *(24, 26, 56, 99, 99, 99, 99, 99),
    *(47, 66, 99, 99, 99, 99, 99, 99),
    *(99, 99, 99, 99, 99, 99, 99, 99) * 4,
)


def cosines(size: int, which: Iterable[int] | None = None) -> NDArray[np.float64]:
    """Make the cosines that a discrete cosine transform compares a row of pixels with.

    Parameters
    ----------
    size
        Pixels of the row, N.
    which
        How many half waves each has along the row; 0 to N - 1 if not given.

    Returns
    -------
    ndarray
        ``float64``, (cosines, N): ``sqrt(2 / N) cos(π (n + ½) u / N)`` in row u and column n, and
        ``sqrt(1 / N)`` where u is 0. Rows have the length 1, and are orthogonal to each other.

    Raises
    ------
    TypeError, ValueError
        If ``size`` is not an integer of at least 1.

    Examples
    --------
    >>> cosines(2).round(4)
    array([[ 0.7071,  0.7071],
           [ 0.7071, -0.7071]])
    """
    size = integer("size", size, least=1)
    u = np.fromiter(range(size) if which is None else which, dtype=np.int64)[:, None]
    scale = np.where(u == 0, np.sqrt(1 / size), np.sqrt(2 / size))
    angles = np.pi * (np.arange(size) + 0.5) * u / size
    return np.asarray(scale * np.cos(angles), dtype=np.float64)


def dct(blocks: NDArray[Any]) -> NDArray[np.float64]:
    """Write blocks of pixels as sums of cosines: the DCT of type II, orthonormal, as ``cv2.dct``.

    Parameters
    ----------
    blocks
        Numbers, (..., H, W); OpenCV takes one block, of even sides.

    Returns
    -------
    ndarray
        ``float64``, the same shape: at ``[..., u, v]``, the cosine with u half waves from top to
        bottom and v from left to right.

    Raises
    ------
    TypeError
        If it is no array of real numbers.
    ValueError
        If it has fewer than two dimensions, nothing is in it, or a number is nan or infinite.

    References
    ----------
    Ahmed, Natarajan and Rao, "Discrete Cosine Transform", IEEE Transactions on Computers C-23(1),
    1974.

    Examples
    --------
    >>> dct(np.full((8, 8), 5.0))[0, :2].round(9) + 0
    array([40.,  0.])
    """
    _expect_blocks("blocks", blocks)
    return _turn(_turn(blocks, False), False)


def idct(coefficients: NDArray[Any]) -> NDArray[np.float64]:
    """Add the cosines up again: the inverse of :func:`dct`, as ``cv2.idct``.

    Parameters
    ----------
    coefficients
        Numbers, (..., H, W), as :func:`dct` gives them.

    Returns
    -------
    ndarray
        ``float64``, the same shape.

    Raises
    ------
    TypeError
        If it is no array of real numbers.
    ValueError
        If it has fewer than two dimensions, nothing is in it, or a number is nan or infinite.

    Examples
    --------
    >>> idct(dct(np.array([[1.0, 2.0, 5.0]]))).round(9)
    array([[1., 2., 5.]])
    """
    _expect_blocks("coefficients", coefficients)
    return _turn(_turn(coefficients, True), True)


def _turn(values: NDArray[Any], back: bool) -> NDArray[np.float64]:
    """Multiply by the matrix of cosines along the last axis, and swap the last two."""
    size = values.shape[-1]
    result = np.zeros(values.shape, dtype=np.float64)
    for rows in np.array_split(np.arange(size), -(-size * size // _MOST)):
        matrix = cosines(size, rows)
        if back:
            result += values[..., rows] @ matrix
        else:
            result[..., rows] = values @ matrix.T
    return result.swapaxes(-1, -2)


def quantization_table(quality: int, *, colour: bool = False) -> NDArray[np.int_]:
    """Say in which steps a JPEG of some quality counts each cosine.

    Parameters
    ----------
    quality
        1 to 100, as nearly all programs mean it: the standard's example at 50, finer steps above.
    colour
        Whether the table is that of the colour differences, not of brightness.

    Returns
    -------
    ndarray
        Whole numbers from 1 to 255, (8, 8), in the order of :func:`dct`.

    Raises
    ------
    TypeError, ValueError
        If ``quality`` is not an integer from 1 to 100.

    References
    ----------
    ITU-T Recommendation T.81, annex K, tables K.1 and K.2. The scale is that of the Independent
    JPEG Group's library, ``jpeg_quality_scaling`` in ``jcparam.c``.

    Examples
    --------
    >>> quantization_table(50)[0]
    array([16, 11, 10, 16, 24, 40, 51, 61])
    >>> quantization_table(95)[0]
    array([2, 1, 1, 2, 2, 4, 5, 6])
    """
    if integer("quality", quality, least=1) > 100:
        raise ValueError(f"quality is {quality}; expected at most 100")
    per_cent = 5000 // quality if quality < 50 else 200 - 2 * quality
    steps = np.array(_COLOUR if colour else _BRIGHTNESS).reshape(8, 8)
    table: NDArray[np.int_] = np.clip((steps * per_cent + 50) // 100, 1, 255)
    return table


def to_levels(image: NDArray[np.uint8], quality: int) -> NDArray[np.int_]:
    """Compute the whole numbers that a grey JPEG stores.

    Parameters
    ----------
    image
        ``uint8``, (H, W). To fill the last blocks, the last row and column are repeated.
    quality
        1 to 100.

    Returns
    -------
    ndarray
        Whole numbers, (rows of blocks, columns of blocks, 8, 8): the cosines of the pixels less
        128, divided by :func:`quantization_table` and rounded.

    Raises
    ------
    TypeError
        If the picture is not ``uint8``, or ``quality`` no integer.
    ValueError
        If the shape is not (H, W), nothing is in it, or ``quality`` is not from 1 to 100.

    References
    ----------
    ITU-T Recommendation T.81, annex A.3.

    Examples
    --------
    >>> to_levels(np.full((8, 8), 200, dtype=np.uint8), 50)[0, 0, 0]
    array([36,  0,  0,  0,  0,  0,  0,  0])
    """
    expect_uint8(image)
    if image.ndim != 2 or image.size == 0:
        raise ValueError(f"image has shape {image.shape}; expected (H, W), not empty")
    table = quantization_table(quality)
    height, width = image.shape
    whole = np.pad(image, ((0, -height % 8), (0, -width % 8)), mode="edge")
    levels = np.empty((len(whole) // 8, whole.shape[1] // 8, 8, 8), dtype=np.int_)
    for row, strip in zip(levels, whole.reshape(len(whole) // 8, 8, -1, 8), strict=True):
        steps = dct(strip.swapaxes(0, 1) - 128.0) / table
        # Halves go away from 0, also those that rounding has left a little short of it.
        row[:] = np.trunc(steps + np.copysign(0.5 + 1e-9, steps))
    return levels


def from_levels(
    levels: NDArray[Any], quality: int, shape: tuple[int, int] | None = None
) -> NDArray[np.uint8]:
    """Make the picture of the numbers that a grey JPEG stores.

    Parameters
    ----------
    levels
        Whole numbers, as :func:`to_levels` gives them.
    quality
        The same as there.
    shape
        (H, W) of the picture, if not all of the last blocks belongs to it.

    Returns
    -------
    ndarray
        ``uint8``, (H, W).

    Raises
    ------
    TypeError
        If ``quality`` is no integer, or the levels are no numbers.
    ValueError
        If the levels are no blocks of 8 × 8, or ``quality`` is not from 1 to 100.

    Examples
    --------
    >>> image = np.full((9, 20), 200, dtype=np.uint8)
    >>> np.array_equal(from_levels(to_levels(image, 50), 50, image.shape), image)
    True
    """
    if levels.ndim != 4 or levels.shape[2:] != (8, 8) or levels.size == 0:
        raise ValueError(f"levels has shape {levels.shape}; expected (rows, columns, 8, 8)")
    table = quantization_table(quality)
    rows, columns = levels.shape[:2]
    image = np.empty((8 * rows, 8 * columns), dtype=np.uint8)
    for strip, row in zip(image.reshape(rows, 8, columns, 8), levels, strict=True):
        pixels = np.clip(np.rint(idct(row * table) + 128), 0, 255)
        strip[:] = pixels.swapaxes(0, 1)
    height, width = shape or image.shape
    return image[:height, :width]


def _expect_blocks(name: str, values: Any) -> None:
    if not isinstance(values, np.ndarray) or values.dtype.kind not in "buif":
        kind = values.dtype if isinstance(values, np.ndarray) else type(values).__name__
        raise TypeError(f"{name} is {kind}; expected an array of real numbers")
    if values.ndim < 2 or values.size == 0:
        raise ValueError(f"{name} has shape {values.shape}; expected (..., H, W), not empty")
    if not np.isfinite(values).all():
        raise ValueError(f"{name} holds nan or infinity; expected finite numbers")
