"""Checkers of the chapter on MLP and CNN."""

from __future__ import annotations

from cvlib.exercises import compare_calls

__all__ = ["equal_width"]


def equal_width(answer: object) -> str | None:
    """Check a function that finds how wide an MLP may be within a budget of parameters.

    Parameters
    ----------
    answer
        A function of the budget, the numbers of a picture and the classes, that gives the largest
        width of two hidden layers, with biases.

    Returns
    -------
    str or None
        The first case that it gets wrong, and the likely reason; or None.

    Examples
    --------
    >>> equal_width(lambda budget, inputs, classes: 512)
    'equal_width(135546, 784, 10) gives 512, expected 144: that MLP has 669,706 parameters'
    """
    cases = [
        (669_706, 784, 10),
        (135_546, 784, 10),
        (669_705, 784, 10),
        (1_000_000, 150_528, 10),
        (50, 3, 2),
        (9, 3, 2),
        (1, 784, 10),
    ]
    wrong = compare_calls("equal_width", answer, _width, cases)
    if wrong is None or not callable(answer):
        return wrong
    for case in cases:
        width = answer(*case)
        if isinstance(width, int) and width != _width(*case):
            return f"{wrong}: that MLP has {_parameters(width, *case[1:]):,} parameters"
    return wrong


def _width(budget: int, inputs: int, classes: int) -> int:
    width = 0
    while _parameters(width + 1, inputs, classes) <= budget:
        width += 1
    return width


def _parameters(width: int, inputs: int, classes: int) -> int:
    return width * (inputs + 1) + width * (width + 1) + classes * (width + 1)
