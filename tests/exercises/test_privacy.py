"""The checkers of the chapter on privacy know the right answers."""

from __future__ import annotations

import math
from typing import Any

import pytest

from cvlib.exercises.privacy import clip, safe_answer_scale, steps_affordable


def right_clip(gradients: Any, length: float) -> Any:
    return gradients / (gradients.norm(dim=1, keepdim=True) / length).clamp(min=1)


def in_place(gradients: Any, length: float) -> Any:
    gradients /= (gradients.norm(dim=1, keepdim=True) / length).clamp(min=1)
    return gradients


def right_scale(people: int, low: float, high: float, epsilon: float) -> float:
    return (high - low) / people / epsilon


def right_steps(price: float, order: float, epsilon: float, delta: float) -> int:
    return max(0, math.floor((epsilon - math.log(1 / delta) / (order - 1)) / price))


def test_the_right_answers_pass() -> None:
    assert clip(right_clip) is None
    assert safe_answer_scale(right_scale) is None
    assert steps_affordable(right_steps) is None


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (None, "clip is None, expected a function"),
        (lambda gradients, length: gradients, "leaves a row of length 5, expected at most 1"),
        (
            lambda gradients, length: None,
            "of gradients (1, 2) clip makes NoneType, expected (1, 2)",
        ),
        (lambda gradients, length: gradients[0], "clip makes (2,), expected (1, 2)"),
        (
            lambda gradients, length: gradients / gradients.norm(dim=1, keepdim=True) * length,
            "makes nan of a row of zeros",
        ),
        (
            lambda gradients, length: (
                gradients / gradients.norm(dim=1, keepdim=True).clamp(min=1e-9) * length
            ),
            "changes a row of length 0.5, which is no longer than 1",
        ),
        (
            lambda gradients, length: gradients / max(1, float(gradients.norm()) / length),
            "makes [0.597, 0.796] of [3, 4], expected the same direction with length 1",
        ),
        (
            lambda gradients, length: gradients.clamp(-length, length),
            "leaves a row of length 1.41, expected at most 1",
        ),
        (lambda gradients, length: -right_clip(gradients, length), "the same direction"),
        (in_place, "changes the gradients that it is given"),
    ],
)
def test_wrong_clipping_is_told_why(answer: object, message: str) -> None:
    wrong = clip(answer)
    assert wrong is not None
    assert message in wrong


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (1.0, "safe_answer_scale is 1.0, expected a function"),
        (lambda people, low, high, epsilon: 0.0, "gives 0, expected 0.02"),
        (lambda people, low, high, epsilon: None, "raises TypeError"),
        (
            lambda people, low, high, epsilon: (high - low) / epsilon,
            "gives 2, the scale for the sum",
        ),
        (
            lambda people, low, high, epsilon: high / people / epsilon,
            "gives 0.6, which holds only if nobody is below 0",
        ),
        (lambda people, low, high, epsilon: (high - low) / people * epsilon, "expected 0.02"),
    ],
)
def test_wrong_scales_are_told_why(answer: object, message: str) -> None:
    wrong = safe_answer_scale(answer)
    assert wrong is not None
    assert message in wrong


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (3, "steps_affordable is 3, expected a function"),
        (lambda price, order, epsilon, delta: 0, "gives 0, expected 184"),
        (
            lambda price, order, epsilon, delta: int(epsilon / price),
            "gives 300, which forgets what delta costs, expected 184",
        ),
        (
            lambda price, order, epsilon, delta: math.floor(
                (epsilon - math.log(1 / delta) / (order - 1)) / price
            ),
            "and there are no fewer steps than none, expected 0",
        ),
        (
            lambda price, order, epsilon, delta: (
                (epsilon - math.log(1 / delta) / (order - 1)) / price
            ),
            "gives 184.9, expected 184",
        ),
    ],
)
def test_wrong_steps_are_told_why(answer: object, message: str) -> None:
    wrong = steps_affordable(answer)
    assert wrong is not None
    assert message in wrong
