"""The checker of Lion's step knows the right answer, and what is wrong with others."""

from __future__ import annotations

from typing import Any

import pytest

from cvlib.exercises.optimizers import lion_step


def right(
    x: Any, gradient: Any, average: Any, lr: float, beta1: float, beta2: float, decay: float
) -> Any:
    direction = (beta1 * average + (1 - beta1) * gradient).sign()
    x = x - lr * direction - lr * decay * x
    return x, beta2 * average + (1 - beta2) * gradient


def test_the_right_answer_passes() -> None:
    assert lion_step(right) is None


def test_an_answer_in_place_passes() -> None:
    def in_place(x: Any, gradient: Any, average: Any, *rates: float) -> Any:
        moved, kept = right(x, gradient, average, *rates)
        return x.copy_(moved), average.copy_(kept)

    assert lion_step(in_place) is None


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (None, "lion_step is None, expected a function"),
        (lambda *arguments: None, "gives NoneType, expected the parameter and the average"),
        (lambda *arguments: (0.0, 0.0), "gives 0.0 in its pair"),
        (lambda x, g, m, lr, b1, b2, d: right(x, g, m, lr, b1, b2, 0), "with decay 0.5, lion_step"),
        (lambda x, g, m, lr, b1, b2, d: right(x, g, m, lr, b2, b2, d), "where beta1 is 0.9"),
        (lambda x, g, m, lr, b1, b2, d: right(x, g, m, lr, b1, b1, d), "turns the average"),
        (lambda x, g, m, lr, b1, b2, d: right(x, g, m, lr, 0.5, b2, d), "where beta1 is 0.9"),
        (lambda x, g, m, lr, b1, b2, d: (x - lr * g, m), "moves"),  # no sign
        (  # decays with the gradient, before the sign
            lambda x, g, m, lr, b1, b2, d: right(x, g + d * x, m, lr, b1, b2, 0),
            "with decay 0.5",
        ),
    ],
)
def test_a_wrong_answer_is_told_why(answer: object, message: str) -> None:
    wrong = lion_step(answer)
    assert wrong is not None
    assert message in wrong
