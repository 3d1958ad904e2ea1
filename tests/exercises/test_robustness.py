"""The checkers of the chapter on robustness know the right answers."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from cvlib.exercises.robustness import least_epsilon, one_step, within_the_ball


def right_ball(changed: Any, picture: Any, epsilon: float) -> Any:
    low, high = (picture - epsilon).clamp(min=0), (picture + epsilon).clamp(max=1)
    return torch.minimum(torch.maximum(changed, low), high)


def in_place(changed: Any, picture: Any, epsilon: float) -> Any:
    return changed.sub_(picture).clamp_(-epsilon, epsilon).add_(picture).clamp_(0, 1)


def right_step(model: Any, pictures: Any, labels: Any, epsilon: float, *, way: int = 1) -> Any:
    return raw_step(model, pictures, labels, way * epsilon).clamp(0, 1)


def raw_step(model: Any, pictures: Any, labels: Any, epsilon: float, *, sign: bool = True) -> Any:
    x = pictures.clone().requires_grad_()
    loss = nn.functional.cross_entropy(model(x), labels)
    (gradient,) = torch.autograd.grad(loss, x)
    return pictures + epsilon * (gradient.sign() if sign else gradient)


def writes_over(model: Any, pictures: Any, labels: Any, epsilon: float) -> Any:
    return pictures.copy_(right_step(model, pictures, labels, epsilon))


def test_the_right_answers_pass() -> None:
    assert within_the_ball(right_ball) is None
    assert one_step(right_step) is None
    assert least_epsilon(lambda score, weights: score / sum(map(abs, weights))) is None


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (None, "within_the_ball is None, expected a function"),
        (lambda c, p, e: None, "it makes NoneType, expected the same shape"),
        (lambda c, p, e: c[0], "it makes (1, 1, 7), expected the same shape"),
        (lambda c, p, e: c, "a change of 0.4: more than epsilon, 0.25"),
        (lambda c, p, e: p + (c - p).clamp(-e, e), "gives 1.125, which is no pixel; expected 1"),
        (lambda c, p, e: c.clamp(-e, e), "gives 0.25, expected 0.75"),
        (lambda c, p, e: p, "was 0.5 and became 0.9 gives 0.5, expected 0.75"),
        (lambda c, p, e: c * float("nan"), "gives nan, expected 0.75"),
        (in_place, "it changes the pictures that it is given"),
    ],
)
def test_wrong_balls_are_told_why(answer: object, message: str) -> None:
    wrong = within_the_ball(answer)
    assert wrong is not None
    assert message in wrong


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (7, "one_step is 7, expected a function"),
        (lambda m, x, y, e: None, "it makes NoneType, expected the same shape"),
        (lambda m, x, y, e: x, "the pictures come back as they were"),
        (lambda m, x, y, e: right_step(m, x, y, e, way=-1), "it goes downhill"),
        (raw_step, "it gives pixels from -0.125 to 1.125, expected 0 to 1"),
        (lambda m, x, y, e: raw_step(m, x, y, e, sign=False).clamp(0, 1), "each by epsilon, 0.125"),
        (lambda m, x, y, e: (x + e).clamp(0, 1), "not all of them to the side"),
        (writes_over, "it changes the pictures that it is given"),
    ],
)
def test_wrong_steps_are_told_why(answer: object, message: str) -> None:
    wrong = one_step(answer)
    assert wrong is not None
    assert message in wrong


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (0.1, "least_epsilon is 0.1, expected a function"),
        (lambda score, weights: None, "gives None, expected 0.125"),
        (lambda score, weights: score / sum(weights), "gives 0.375, expected 0.125"),
        (lambda score, weights: score * sum(map(abs, weights)), "gives 1.125, expected 0.125"),
    ],
)
def test_wrong_radii_are_told_why(answer: object, message: str) -> None:
    wrong = least_epsilon(answer)
    assert wrong is not None
    assert message in wrong
