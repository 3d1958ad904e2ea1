"""The checker of the elastic step knows the right answer, and what is wrong with others."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from cvlib.exercises.regularization import elastic_step


def right(w: Any, a: float, b: float) -> Any:
    return w.sign() * (w.abs() - a).clamp(min=0) / (1 + b)


def in_place(w: Any, a: float, b: float) -> Any:
    return w.copy_(right(w, a, b))


@pytest.mark.parametrize(
    "answer", [right, lambda w, a, b: torch.nn.functional.softshrink(w, a) / (1 + b)]
)
def test_the_right_answer_passes(answer: object) -> None:
    assert elastic_step(answer) is None


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (None, "elastic_step is None, expected a function"),
        (lambda w, a, b: None, "gives None, expected a tensor of the shape of w"),
        (lambda w, a, b: w[:1], "expected a tensor of the shape of w"),
        (lambda w, a, b: w, "0.25, 0.0) gives [2.0, -0.5, 0.1], expected [1.75, -0.25, 0.0]"),
        (lambda w, a, b: w.sign() * (w.abs() - a) / (1 + b), "0.1], 0.25, 0.0) gives"),
        (lambda w, a, b: right(w, a, 0), "0.0, 1.0) gives [2.0, -0.5, 0.1], expected [1.0"),
        (lambda w, a, b: w - b * w if b else right(w, a, 0), "0.0, 1.0) gives [0.0, 0.0, 0.0]"),
        (lambda w, a, b: right(w / (1 + b), a, 0), "L1 comes first, and then L2's share"),
        (in_place, "overwrites w; expected a new tensor"),
    ],
)
def test_a_wrong_answer_is_told_why(answer: object, message: str) -> None:
    wrong = elastic_step(answer)
    assert wrong is not None
    assert message in wrong
