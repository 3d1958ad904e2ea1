"""Checkers of the chapter on LeNet."""

from __future__ import annotations

from cvlib.exercises import compare_calls

__all__ = ["lenet_parameters"]


def lenet_parameters(answer: object) -> str | None:
    """Check a function that counts LeNet's parameters for other pictures.

    Parameters
    ----------
    answer
        A function of the side of the pictures, their channels and the number of classes.

    Returns
    -------
    str or None
        The first case that it gets wrong, and the likely reason; or None.

    Examples
    --------
    >>> lenet_parameters(lambda size, channels, classes: 61_706)
    'lenet_parameters(28, 1, 62) gives 61706, expected 66126'
    """
    cases = [(28, 1, 10), (28, 1, 62), (28, 3, 10), (32, 1, 10), (224, 3, 1000), (29, 1, 10)]
    wrong = compare_calls("lenet_parameters", answer, _parameters, cases)
    if wrong and callable(answer) and answer(28, 1, 10) == _parameters(28, 1, 10) - 236:
        return f"{wrong}: are the biases counted, one for each output"
    return wrong


def _parameters(size: int, channels: int, classes: int) -> int:
    side = (size // 2 - 4) // 2
    convolutions = 6 * (25 * channels + 1) + 16 * (25 * 6 + 1)
    connected = 120 * (16 * side**2 + 1) + 84 * (120 + 1) + classes * (84 + 1)
    return convolutions + connected
