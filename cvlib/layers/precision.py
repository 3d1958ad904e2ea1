"""Half precision, computed in single precision inside, as torch's own kernels do it.

``float16`` ends at 65,504, where the square of 256 is infinite, and ``bfloat16`` has three digits.
Numbers of either kind save memory and time; sums of them are taken in ``float32``.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Literal, ParamSpec, TypeVar

import torch
from torch import Tensor
from torch.utils._pytree import tree_leaves, tree_map

__all__ = ["at_least_float32", "lowered"]

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

_HALF = (torch.float16, torch.bfloat16)


def at_least_float32(
    autocast: Literal["stay", "lower", "float32"] = "stay",
) -> Callable[[Callable[Arguments, Result]], Callable[Arguments, Result]]:
    """Let a function compute in ``float32`` what comes in half precision, and give back what came.

    Parameters
    ----------
    autocast
        What torch's automatic mixed precision does with the function that it stands for:
        ``"stay"``, nothing: the result has the dtype of the first argument. ``"lower"``: all
        numbers are rounded to autocast's dtype before, as for convolutions and matrix products.
        ``"float32"``: the result is ``float32``, as for losses.

    Returns
    -------
    Callable
        What makes such a function of one whose first argument is a tensor. Beside half precision
        the other tensors may be ``float32``, as the parameters of a normalization are, but not
        where ``autocast`` is ``"lower"``; any other mixture goes to the function as it came, and
        is refused there. What the function changes in place is changed.

    Examples
    --------
    >>> @at_least_float32()
    ... def length(x):
    ...     return x.square().sum().sqrt()
    >>> length(torch.tensor([300.0, 400.0], dtype=torch.float16))
    tensor(500., dtype=torch.float16)
    """

    def decorate(function: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
        @wraps(function)
        def wider(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
            tensors = [leaf for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, Tensor)]
            if not tensors:
                return function(*args, **kwargs)
            lower = _autocast_dtype(tensors[0])
            if lower is not None and autocast == "lower":
                args, kwargs = lowered((args, kwargs), tensors[0])
                tensors = [leaf for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, Tensor)]
            given = tensors[0].dtype
            if not _fits({tensor.dtype for tensor in tensors}, given, autocast, lower):
                return function(*args, **kwargs)
            widened: list[tuple[Tensor, Tensor, int]] = []

            def widen(value: Any) -> Any:
                if not isinstance(value, Tensor) or value.dtype not in _HALF:
                    return value
                wide = value.float()
                widened.append((value, wide, wide._version))
                return wide

            args, kwargs = tree_map(widen, (args, kwargs))
            with torch.autocast(tensors[0].device.type, enabled=False):
                result = function(*args, **kwargs)
            for value, wide, version in widened:
                if wide._version != version:
                    value.copy_(wide)
            if lower is not None and autocast == "float32":
                return result
            return tree_map(lambda value: _cast(value, given), result)

        return wider

    return decorate


def lowered(values: Any, x: Tensor) -> Any:
    """Round numbers to the dtype of automatic mixed precision, where it is on.

    Parameters
    ----------
    values
        Tensors, and anything else, in tuples, lists or dictionaries.
    x
        A tensor on the device that counts.

    Returns
    -------
    object
        As ``values``. Only ``float32`` and half precision are rounded, as torch does it.

    Examples
    --------
    >>> x = torch.ones(1)
    >>> with torch.autocast("cpu", torch.bfloat16):
    ...     lowered((x, None), x)
    (tensor([1.], dtype=torch.bfloat16), None)
    >>> lowered((x, None), x)
    (tensor([1.]), None)
    """
    dtype = _autocast_dtype(x)
    return values if dtype is None else tree_map(lambda value: _cast(value, dtype), values)


def _autocast_dtype(x: Tensor) -> torch.dtype | None:
    """Say to which dtype automatic mixed precision rounds where ``x`` is; None where it is off."""
    kind = x.device.type
    if not torch.amp.is_autocast_available(kind) or not torch.is_autocast_enabled(kind):
        return None
    return torch.get_autocast_dtype(kind)


def _cast(value: Any, dtype: torch.dtype) -> Any:
    """Give numbers another dtype; ``float64``, integers and all else stay, as in autocast."""
    if isinstance(value, Tensor) and value.dtype in (torch.float32, *_HALF):
        return value.to(dtype)
    return value


def _fits(dtypes: set[torch.dtype], given: torch.dtype, autocast: str, lower: object) -> bool:
    """Say whether there is something to widen, and nothing that the function should refuse."""
    numbers = {dtype for dtype in dtypes if dtype.is_floating_point}
    if autocast == "lower" or (lower is None and given not in _HALF):
        return numbers == {given} and given in _HALF
    return numbers <= ({given, torch.float32} if lower is None else {torch.float32, *_HALF})
