"""The arguments that layers share: read, and refused with a message that names them."""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from numbers import Real
from typing import Literal

from torch import Tensor

__all__ = [
    "Padding",
    "Size",
    "check_convolution",
    "check_numbers",
    "check_pictures",
    "check_tensors",
    "integer",
    "number",
    "one_of",
    "pair",
]

Size = int | Sequence[int]
Padding = Size | Literal["same", "valid"]


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
    if not isinstance(x, Tensor):
        raise TypeError(f"x is a {type(x).__name__}; expected a tensor")
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
    (first, example), *_ = tensors.items()
    for name, tensor in tensors.items():
        if tensor is not None and not isinstance(tensor, Tensor):
            raise TypeError(f"{name} is a {type(tensor).__name__}; expected a tensor")
        if tensor is not None and example is not None and tensor.dtype != example.dtype:
            raise TypeError(f"{name} is {tensor.dtype}; expected {example.dtype}, as {first} is")


def check_numbers(x: Tensor, **others: Tensor | None) -> None:
    """Refuse what is not a tensor of floating-point numbers, or has another dtype than ``x``.

    Parameters
    ----------
    x
        Any tensor.
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
    check_tensors(x=x)
    if not x.is_floating_point():
        raise TypeError(f"x is {x.dtype}; expected floating-point numbers")
    check_tensors(x=x, **others)


def check_convolution(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    stride: Size,
    padding: Padding,
    dilation: Size,
    groups: int,
    transposed: bool = False,
) -> tuple[tuple[int, int], tuple[int, int], tuple[int, int, int, int]]:
    """Read the arguments of a convolution and refuse what does not fit together.

    Parameters
    ----------
    x, weight, bias, stride, padding, dilation, groups
        As in :func:`cvlib.layers.convolution.conv2d`.
    transposed
        Whether ``weight`` lists input channels first, as transposed convolution has it.

    Returns
    -------
    stride, dilation : tuple of int
        For rows, for columns.
    sides : tuple of int
        Padding left, right, top and bottom, as :func:`torch.nn.functional.pad` takes it.

    Raises
    ------
    TypeError
        If dtypes differ, or an argument has the wrong type.
    ValueError
        If shapes do not fit together.
    """
    check_pictures(x)
    check_tensors(x=x, weight=weight, bias=bias)
    shape, channels = tuple(weight.shape), x.shape[-3]
    if len(shape) != 4 or 0 in shape:
        raise ValueError(f"weight has shape {shape}; expected four sizes, none of them 0")
    for number, what in ((shape[0], "kernels of weight"), (channels, "channels of x")):
        if number % integer("groups", groups, least=1):
            raise ValueError(f"groups is {groups}; expected a divisor of the {number} {what}")
    if transposed:
        fits, expected, given = shape[0] == channels, f"({channels}, ...)", shape[1] * groups
    else:
        part = channels // groups
        fits, expected, given = shape[1] == part, f"(O, {part}, ...)", shape[0]
    if not fits:
        raise ValueError(
            f"weight has shape {shape}; expected {expected} for x with {channels} channels and "
            f"groups {groups}"
        )
    if bias is not None and bias.shape != (given,):
        raise ValueError(f"bias has shape {tuple(bias.shape)}; expected ({given},)")
    steps, gaps = pair("stride", stride, least=1), pair("dilation", dilation, least=1)
    if padding == "same":
        if steps != (1, 1):
            raise ValueError(f"padding is 'same' with stride {stride!r}; expected stride 1")
        top, left = (gap * (taps - 1) // 2 for gap, taps in zip(gaps, shape[2:], strict=True))
        bottom, right = gaps[0] * (shape[2] - 1) - top, gaps[1] * (shape[3] - 1) - left
        return steps, gaps, (left, right, top, bottom)
    if isinstance(padding, str) and padding != "valid":
        raise ValueError(f"padding is {padding!r}; expected 'same', 'valid' or integers")
    rows, columns = (0, 0) if isinstance(padding, str) else pair("padding", padding)
    return steps, gaps, (columns, columns, rows, rows)
