"""Arguments that all rooms share: read, and refused with a message that names them.

Not part of what the package offers. The module stands on the ground floor, and loads neither torch
nor numpy before they are needed.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from numbers import Real
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

__all__ = [
    "Size",
    "check_numbers",
    "check_pictures",
    "check_tensors",
    "expect_grey_or_rgb",
    "expect_mask",
    "expect_picture",
    "expect_rgb",
    "expect_uint8",
    "integer",
    "number",
    "one_of",
    "pair",
]

Size = int | Sequence[int]


def integer(name: str, value: object, least: int = 0) -> int:
    """Read an integer.

    Parameters
    ----------
    name
        The argument's name in the message.
    value
        What came.
    least
        The smallest number allowed.

    Returns
    -------
    int
        The number.

    Raises
    ------
    TypeError
        If it is not an integer.
    ValueError
        If it is too small.

    Examples
    --------
    >>> integer("stride", 0, least=1)
    Traceback (most recent call last):
    ValueError: stride is 0; expected at least 1
    """
    try:
        number = operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        raise TypeError(f"{name} is {value!r}; expected an integer") from None
    if number < least:
        raise ValueError(f"{name} is {value!r}; expected at least {least}")
    return number


def number(name: str, value: object, *, least: float = 0, most: float = math.inf) -> float:
    """Read a finite number.

    Parameters
    ----------
    name
        The argument's name in the message.
    value
        What came.
    least, most
        The smallest and the largest number allowed.

    Returns
    -------
    float
        The number.

    Raises
    ------
    TypeError
        If it is no real number.
    ValueError
        If it is too small, too large, infinite, or not a number at all (nan).

    Examples
    --------
    >>> number("minimum", 2, most=1)
    Traceback (most recent call last):
    ValueError: minimum is 2; expected a number from 0 to 1
    """
    if not isinstance(value, Real):
        raise TypeError(f"{name} is {value!r}; expected a number")
    given = float(value)
    if not (math.isfinite(given) and least <= given <= most):
        bounds = (
            f"of at least {least}, and finite" if math.isinf(most) else f"from {least} to {most}"
        )
        raise ValueError(f"{name} is {value!r}; expected a number {bounds}")
    return given


def one_of(name: str, value: object, names: Sequence[str]) -> None:
    """Refuse a word that is not one of those expected.

    Parameters
    ----------
    name
        The argument's name in the message.
    value
        What came.
    names
        What may come.

    Raises
    ------
    ValueError
        If it is none of them.

    Examples
    --------
    >>> one_of("mode", "square", ["cos", "linear"])
    Traceback (most recent call last):
    ValueError: mode is 'square'; expected 'cos' or 'linear'
    """
    if value not in names:
        expected = " or ".join(map(repr, names))
        raise ValueError(f"{name} is {value!r}; expected {expected}")


def pair(name: str, value: Size, least: int = 0, *, both: bool = False) -> tuple[int, int]:
    """Read one integer for rows and columns alike, or one for each.

    Parameters
    ----------
    name
        The argument's name in the message.
    value
        What came.
    least
        The smallest number allowed.
    both
        Whether a sequence must have two numbers. Otherwise one stands for both, as torch has it for
        the arguments of convolutions and poolings, but not for sizes of pictures.

    Returns
    -------
    tuple of int
        For rows, for columns.

    Raises
    ------
    TypeError
        If it is neither an integer nor a pair of integers.
    ValueError
        If a number is too small.

    Examples
    --------
    >>> pair("stride", 2), pair("stride", (2, 1)), pair("stride", (2,))
    ((2, 2), (2, 1), (2, 2))
    """
    items = value if isinstance(value, Sequence) else (value, value)
    if len(items) == 1 and not both:
        items = (*items, *items)
    try:
        rows, columns = map(operator.index, items)
    except (TypeError, ValueError):
        raise TypeError(f"{name} is {value!r}; expected an integer or a pair of integers") from None
    if min(rows, columns) < least:
        raise ValueError(f"{name} is {value!r}; expected at least {least}")
    return rows, columns


def check_pictures(x: Tensor) -> None:
    """Refuse what is not a picture or a batch of them.

    Parameters
    ----------
    x
        ``(N, C, H, W)`` or ``(C, H, W)``.

    Raises
    ------
    TypeError
        If it is not a tensor.
    ValueError
        If it has another number of dimensions.
    """
    check_tensors(x=x)
    if x.ndim not in (3, 4):
        raise ValueError(f"x has shape {tuple(x.shape)}; expected (N, C, H, W) or (C, H, W)")


def check_tensors(**tensors: Tensor | None) -> None:
    """Refuse what is no tensor, or has another dtype than the first.

    Parameters
    ----------
    tensors
        By the names that the message uses; None stands for one left out.

    Raises
    ------
    TypeError
        If one is no tensor, or its dtype is not that of the first.

    Examples
    --------
    >>> import torch
    >>> check_tensors(x=torch.zeros(1), scores=torch.zeros(1, dtype=torch.int64))
    Traceback (most recent call last):
    TypeError: scores is torch.int64; expected torch.float32, as x is
    """
    from torch import Tensor

    (first, example), *_ = tensors.items()
    for name, tensor in tensors.items():
        if tensor is not None and not isinstance(tensor, Tensor):
            raise TypeError(f"{name} is a {type(tensor).__name__}; expected a tensor")
        if tensor is not None and example is not None and tensor.dtype != example.dtype:
            raise TypeError(f"{name} is {tensor.dtype}; expected {example.dtype}, as {first} is")


def check_numbers(x: Tensor, *, name: str = "x", **others: Tensor | None) -> None:
    """Refuse what is not a tensor of floating-point numbers, or has another dtype than ``x``.

    Parameters
    ----------
    x
        Any tensor.
    name
        What the message calls it.
    others
        Tensors that go with it, by name; None stands for one left out.

    Raises
    ------
    TypeError
        If one is no tensor, ``x`` does not hold floating-point numbers, or dtypes differ.

    Examples
    --------
    >>> import torch
    >>> check_numbers(torch.arange(3))
    Traceback (most recent call last):
    TypeError: x is torch.int64; expected floating-point numbers
    """
    check_tensors(**{name: x})
    if not x.is_floating_point():
        raise TypeError(f"{name} is {x.dtype}; expected floating-point numbers")
    check_tensors(**{name: x}, **others)


def expect_uint8(image: Any, name: str = "image") -> None:
    """Refuse what is no array of bytes.

    Parameters
    ----------
    image
        Anything.
    name
        What the caller calls it.

    Raises
    ------
    TypeError
        If it is no array, or its dtype is not ``uint8``.

    Examples
    --------
    >>> import numpy as np
    >>> expect_uint8(np.zeros((2, 2)))
    Traceback (most recent call last):
    TypeError: image has dtype float64; expected uint8
    """
    import numpy as np

    if not isinstance(image, np.ndarray):
        raise TypeError(f"{name} is {type(image).__name__}; expected an array of uint8")
    if image.dtype != np.uint8:
        raise TypeError(f"{name} has dtype {image.dtype}; expected uint8")


def expect_rgb(image: Any) -> None:
    """Refuse what is no colour picture of bytes.

    Parameters
    ----------
    image
        Anything.

    Raises
    ------
    TypeError
        If it is no array of ``uint8``.
    ValueError
        If its shape is not (H, W, 3).

    Examples
    --------
    >>> import numpy as np
    >>> expect_rgb(np.zeros((2, 2), dtype=np.uint8))
    Traceback (most recent call last):
    ValueError: image has shape (2, 2); expected (H, W, 3), RGB
    """
    expect_uint8(image)
    if image.ndim != 3 or image.shape[2] != 3:
        raise ValueError(f"image has shape {image.shape}; expected (H, W, 3), RGB")


def expect_grey_or_rgb(image: Any, name: str = "image") -> None:
    """Refuse what is no picture of bytes, grey or in colour, with at least one pixel.

    Parameters
    ----------
    image
        Anything.
    name
        What the caller calls it.

    Raises
    ------
    TypeError
        If it is no array of ``uint8``.
    ValueError
        If its shape is neither (H, W) nor (H, W, 3), or it is empty.

    Examples
    --------
    >>> import numpy as np
    >>> expect_grey_or_rgb(np.zeros((0, 2), dtype=np.uint8))
    Traceback (most recent call last):
    ValueError: image has shape (0, 2); expected (H, W, 3), RGB, or (H, W), grey, not empty
    """
    expect_uint8(image, name)
    if image.ndim not in (2, 3) or image.shape[2:] not in ((), (3,)) or image.size == 0:
        raise ValueError(
            f"{name} has shape {image.shape}; expected (H, W, 3), RGB, or (H, W), grey, not empty"
        )


def expect_mask(mask: Any) -> None:
    """Refuse what is no mask: a picture of one channel in which 0 is background.

    Parameters
    ----------
    mask
        Anything.

    Raises
    ------
    TypeError
        If it is no array of ``bool`` or ``uint8``.
    ValueError
        If its shape is not (H, W), or it has no pixel.

    Examples
    --------
    >>> import numpy as np
    >>> expect_mask(np.array([[0.5, np.nan]]))
    Traceback (most recent call last):
    TypeError: mask has dtype float64; expected bool or uint8
    """
    import numpy as np

    if not isinstance(mask, np.ndarray):
        raise TypeError(f"mask is {type(mask).__name__}; expected an array of bool or uint8")
    if mask.dtype not in (np.bool_, np.uint8):
        raise TypeError(f"mask has dtype {mask.dtype}; expected bool or uint8")
    if mask.ndim != 2 or mask.size == 0:
        raise ValueError(f"mask has shape {mask.shape}; expected (H, W), not empty")


def expect_picture(image: NDArray[Any]) -> None:
    """Refuse what is no picture of ``uint8`` or ``float32``.

    Parameters
    ----------
    image
        Anything with a shape and a dtype.

    Raises
    ------
    TypeError
        If the dtype is another one.
    ValueError
        If the shape is neither (H, W) nor (H, W, C), or nothing is in it.

    Examples
    --------
    >>> import numpy as np
    >>> expect_picture(np.zeros((2, 3), dtype=np.float32))
    """
    if image.dtype not in ("uint8", "float32"):
        raise TypeError(f"image has dtype {image.dtype}; expected uint8 or float32")
    if image.ndim not in (2, 3) or image.size == 0:
        raise ValueError(f"image has shape {image.shape}; expected (H, W) or (H, W, C), not empty")
