"""The checker of the MLP's width knows the right answer, and tells what is wrong with others."""

from __future__ import annotations

import math

import pytest

from cvlib.exercises.clothes import equal_width
from cvlib.networks import MLP


def solved(budget: int, inputs: int, classes: int) -> int:
    """Solve the quadratic equation instead of trying."""
    half = (inputs + classes + 2) / 2
    return max(0, math.floor(math.sqrt(max(0, half**2 + budget - classes)) - half))


def counted(budget: int, inputs: int, classes: int) -> int:
    """Build networks and count, in steps that are safe for the largest case."""
    width = max(0, solved(budget, inputs, classes) - 3)
    while True:
        wider = MLP((width + 1, width + 1), classes, inputs)
        if sum(parameter.numel() for parameter in wider.parameters()) > budget:
            return width
        width += 1


@pytest.mark.parametrize("answer", [solved, counted])
def test_the_right_answer_passes(answer: object) -> None:
    assert equal_width(answer) is None


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (None, "equal_width is None, expected a function"),
        (lambda *sizes: None, "equal_width(669706, 784, 10) gives None, expected 512"),
        (lambda *sizes: solved(*sizes) + 1, "gives 513, expected 512: that MLP has 671,527"),
        (lambda b, n, k: solved(b - k, n, k), "equal_width(669706, 784, 10) gives 511"),
        (lambda b, n, k: solved(b, 784, k), "equal_width(1000000, 150528, 10) gives 678"),
        (lambda b, n, k: max(1, solved(b, n, k)), "gives 1, expected 0"),
        (lambda b, n, k: solved(b + 1, n, k), "equal_width(669705, 784, 10) gives 512"),
    ],
)
def test_a_wrong_answer_is_told_why(answer: object, message: str) -> None:
    wrong = equal_width(answer)
    assert wrong is not None
    assert message in wrong
