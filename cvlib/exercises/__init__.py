"""Checkers of the book's exercises, a module a chapter, a function an exercise.

Each takes the reader's answer and returns what is wrong with it, or None when nothing is.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterable

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
