"""The checker of F1 knows the right answer, and what is wrong with others."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from cvlib.exercises.metrics import f1_from_confusion


def right(matrix: Tensor) -> Tensor:
    return 2 * matrix.diag() / (matrix.sum(0) + matrix.sum(1)).clamp(min=1)


def without_care(matrix: Tensor) -> Tensor:
    return 2 * matrix.diag() / (matrix.sum(0) + matrix.sum(1))


def arithmetic(matrix: Tensor) -> Tensor:
    return (matrix.diag() / matrix.sum(0) + matrix.diag() / matrix.sum(1)) / 2


def test_the_right_answer_passes() -> None:
    assert f1_from_confusion(right) is None


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (None, "f1_from_confusion is None, expected a function"),
        (lambda matrix: None, "gives NoneType, expected 2 numbers"),
        (lambda matrix: right(matrix).mean(), "gives (), expected 2 numbers"),
        (lambda matrix: matrix.diag() / matrix.sum(0), "that is its precision"),
        (lambda matrix: matrix.diag() / matrix.sum(1), "that is its recall"),
        (arithmetic, "that is the arithmetic mean of precision and recall"),
        (without_care, "0/0 for a class that is neither there nor predicted"),
        (lambda matrix: torch.zeros(len(matrix)), "class 0 has 0, expected 0.8571"),
    ],
)
def test_a_wrong_answer_is_told_why(answer: object, message: str) -> None:
    wrong = f1_from_confusion(answer)
    assert wrong is not None
    assert message in wrong
