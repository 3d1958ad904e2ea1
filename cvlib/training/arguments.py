"""The arguments that parts of training share: read, and refused with a message that names them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from numbers import Real

from cvlib.layers.arguments import integer

__all__ = ["number", "one_of", "progress"]


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


def progress(step: int, total_steps: int) -> float:
    """Read the place of a step among all steps.

    Parameters
    ----------
    step
        Its number, from 0 to ``total_steps - 1``.
    total_steps
        How many there are.

    Returns
    -------
    float
        The share of the steps that lie before it, from 0 to below 1.

    Raises
    ------
    TypeError
        If one is not an integer.
    ValueError
        If ``total_steps`` is below 1, or ``step`` is not one of the steps.

    Examples
    --------
    >>> progress(1, 4)
    0.25
    >>> progress(4, 4)
    Traceback (most recent call last):
    ValueError: step is 4; expected at most 3, the last of 4 steps
    """
    total = integer("total_steps", total_steps, least=1)
    if integer("step", step) >= total:
        raise ValueError(
            f"step is {step!r}; expected at most {total - 1}, the last of {total} steps"
        )
    return step / total
