"""Checkers of the book's exercises, a module a chapter, a function an exercise.

Each takes the reader's answer and returns what is wrong with it, or None when nothing is.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Checker = Callable[[object], str | None]


def find(name: str) -> Checker:
    """Find the checker of an exercise by its name.

    Parameters
    ----------
    name
        The exercise's name.

    Returns
    -------
    Callable
        A function from an answer to what is wrong with it, or None.

    Raises
    ------
    ValueError
        If no chapter has an exercise of that name.

    Examples
    --------
    >>> find("output_size").__name__
    'output_size'
    """
    known: dict[str, Checker] = {}
    for chapter in pkgutil.iter_modules(__path__):
        module = importlib.import_module(f"{__name__}.{chapter.name}")
        known |= {exercise: getattr(module, exercise) for exercise in module.__all__}
    if name not in known:
        raise ValueError(f"name is {name!r}; expected one of {', '.join(sorted(known))}")
    return known[name]


def compare_calls(
    name: str,
    answer: object,
    reference: Callable[..., object],
    cases: Iterable[tuple[object, ...]],
    equal: Callable[[object, object], bool] = lambda got, expected: bool(got == expected),
) -> str | None:
    """Call the reader's function on cases and report the first that differs from the reference.

    Parameters
    ----------
    name
        The function's name in the message.
    answer
        The reader's function.
    reference
        The function that is right.
    cases
        Positional arguments, a tuple a case.
    equal
        When two results count as equal.

    Returns
    -------
    str or None
        The first case that differs, or None.

    Examples
    --------
    >>> compare_calls("square", lambda x: x + x, lambda x: x * x, [(2,), (3,)])
    'square(3) gives 6, expected 9'
    """
    if not callable(answer):
        return f"{name} is {answer!r}, expected a function"
    for case in cases:
        got, expected = answer(*case), reference(*case)
        if got is None or not equal(got, expected):
            call = ", ".join(map(repr, case))
            return f"{name}({call}) gives {got!r}, expected {expected!r}"
    return None


def fixed_picture(values: object) -> NDArray[np.uint8]:
    """Make a picture that an answer cannot change, so that each case stays what it says.

    Parameters
    ----------
    values
        The rows, of numbers from 0 to 255 or of colours.

    Returns
    -------
    ndarray
        ``uint8``, read-only.

    Examples
    --------
    >>> fixed_picture([[0, 255]]).flags.writeable
    False
    """
    return fixed_array(values, "uint8")


def fixed_array(values: object, dtype: str = "float64") -> NDArray[Any]:
    """Make an array that an answer cannot change, so that each case stays what it says.

    Parameters
    ----------
    values
        Whatever numpy makes an array of.
    dtype
        Of the array.

    Returns
    -------
    ndarray
        Read-only.

    Examples
    --------
    >>> fixed_array([0, 1], "bool")
    array([False,  True])
    """
    import numpy as np

    array = np.array(values, dtype=dtype)
    array.setflags(write=False)
    return array


def same_array(got: object, expected: object) -> bool:
    """Say whether two results are arrays of the same dtype and the same numbers.

    Parameters
    ----------
    got, expected
        The reader's result and the right one.

    Returns
    -------
    bool
        Whether they are.

    Examples
    --------
    >>> import numpy as np
    >>> same_array(np.zeros(2), np.zeros(2)), same_array([0.0, 0.0], np.zeros(2))
    (True, False)
    """
    import numpy as np

    return (
        isinstance(got, np.ndarray)
        and isinstance(expected, np.ndarray)
        and got.dtype == expected.dtype
        and np.array_equal(got, expected)
    )
