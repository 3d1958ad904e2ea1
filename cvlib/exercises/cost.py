"""Checkers of the chapter on cost."""

from __future__ import annotations

from collections.abc import Sequence

from cvlib.exercises import compare_calls
from cvlib.layers.receptive_field import Axis

__all__ = ["receptive_field"]


def receptive_field(answer: object) -> str | None:
    """Check a function that follows the receptive field through a stack of layers.

    Parameters
    ----------
    answer
        A function of a list of layers, each a pair of kernel size and stride, that returns the size
        of the field and its jump.

    Returns
    -------
    str or None
        The first case that it gets wrong, and the likely reason; or None.

    Examples
    --------
    >>> receptive_field(lambda layers: (1 + sum(size - 1 for size, _ in layers), 1))
    'receptive_field([(2, 2)]) gives (2, 1), expected (2, 2)'
    """
    cases: list[tuple[object, ...]] = [
        ([],),
        ([(5, 1)],),
        ([(3, 1), (3, 1)],),
        ([(2, 2)],),
        ([(5, 1), (2, 2), (5, 1), (2, 2), (5, 1)],),
        ([(3, 3), (1, 2), (4, 1)],),
        ([(11, 4), (3, 2), (5, 1), (3, 2), (3, 1), (3, 1), (3, 1), (3, 2)],),
    ]
    wrong = compare_calls("receptive_field", answer, _followed, cases)
    late = [(3, 2), (3, 1)]
    if wrong and callable(answer) and answer(late) == (5, 2):
        return f"{wrong}: does a kernel after a stride take steps of more than one pixel"
    if wrong and callable(answer) and answer(late) == (9, 2):
        return f"{wrong}: does a layer's own stride change what one of its outputs sees"
    return wrong


def _followed(layers: Sequence[tuple[int, int]]) -> tuple[int, int | float]:
    axis = Axis(1, ((0, 0),))
    for kernel_size, stride in layers:
        axis = axis.window(kernel_size, stride)
    return axis.size, axis.jump
