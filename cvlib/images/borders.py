"""What stands beyond the border of a picture, for windows that hang over it."""

from __future__ import annotations

from typing import Literal, TypeVar, get_args

import numpy as np
from numpy.typing import NDArray

__all__ = ["Border", "pad"]

#: The borders that OpenCV knows, by its names for them.
Border = Literal["constant", "replicate", "reflect", "reflect_101", "wrap"]
Pixel = TypeVar("Pixel", bound=np.generic)


def pad(
    image: NDArray[Pixel],
    top: int,
    bottom: int,
    left: int,
    right: int,
    border: Border = "reflect_101",
    value: float = 0,
) -> NDArray[Pixel]:
    """Add rows and columns around a picture: ``cv2.copyMakeBorder``, to the last bit.

    Parameters
    ----------
    image
        (H, W) or (H, W, C), any dtype.
    top, bottom, left, right
        Rows and columns to add, 0 or more, also more than the picture has.
    border
        Where they come from, for a row that begins with the pixels ``abcd``: ``"constant"`` gives
        ``vvv|abcd`` with ``value``, ``"replicate"`` ``aaa|abcd``, ``"reflect"`` ``cba|abcd``,
        ``"reflect_101"`` ``dcb|abcd``, and ``"wrap"`` what the row ends with.
    value
        The pixels of a constant border.

    Returns
    -------
    ndarray
        (top + H + bottom, left + W + right[, C]), a new array in the dtype of ``image``.

    Raises
    ------
    ValueError
        If the picture is empty or has another shape, a number is negative, or the border is
        unknown.

    Examples
    --------
    >>> row = np.array([[1, 2, 3, 4]], dtype=np.uint8)
    >>> for border in ("replicate", "reflect", "reflect_101", "wrap"):
    ...     print(*pad(row, 0, 0, 3, 2, border)[0])
    1 1 1 1 2 3 4 4 4
    3 2 1 1 2 3 4 4 3
    4 3 2 1 2 3 4 3 2
    2 3 4 1 2 3 4 1 2
    """
    if image.ndim not in (2, 3) or image.size == 0:
        raise ValueError(f"image has shape {image.shape}; expected (H, W) or (H, W, C), not empty")
    if min(top, bottom, left, right) < 0:
        raise ValueError(
            f"top, bottom, left, right are {top}, {bottom}, {left}, {right}; expected 0 or more"
        )
    if border not in get_args(Border):
        raise ValueError(f"border is {border!r}; expected one of {', '.join(get_args(Border))}")
    height, width = image.shape[:2]
    padded = np.empty((top + height + bottom, left + width + right, *image.shape[2:]), image.dtype)
    padded[top : top + height, left : left + width] = image
    middle = padded[top : top + height]
    sides = (
        (middle[:, :left], np.r_[-left:0]),
        (middle[:, left + width :], np.r_[width : width + right]),
    )
    ends = (
        (padded[:top], np.r_[-top:0]),
        (padded[top + height :], np.r_[height : height + bottom]),
    )
    if border == "constant":
        for part, _ in (*sides, *ends):
            part[:] = value
        return padded
    for part, outside in sides:
        part[:] = image[:, _source(outside, width, border)]
    for part, outside in ends:
        part[:] = middle[_source(outside, height, border)]
    return padded


def _source(outside: NDArray[np.intp], size: int, border: Border) -> NDArray[np.intp]:
    """Say which of ``size`` pixels stands at each place before the first or after the last one."""
    if border == "replicate":
        return np.clip(outside, 0, size - 1)
    if border == "wrap":
        return outside % size
    # A mirrored row repeats: abcddcba, or without its ends twice, abcdcb.
    period = 2 * size if border == "reflect" else max(2 * size - 2, 1)
    place = outside % period
    return np.minimum(place, period - place - (border == "reflect"))
