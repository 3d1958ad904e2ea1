"""The checker of class selectivity knows the right answer, and what is wrong with others."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from cvlib.exercises.inside import class_selectivity


def right(values: Any, labels: Any) -> Any:
    means = torch.stack([values[labels == label].mean() for label in labels.unique()])
    highest = means.max()
    others = (means.sum() - highest) / (len(means) - 1)
    return (highest - others) / (highest + others)


def first_class(values: Any, labels: Any) -> float:
    one, others = values[labels == 0].mean(), values[labels != 0].mean()
    return float((one - others) / (one + others))


def with_itself(values: Any, labels: Any) -> float:
    means = torch.stack([values[labels == label].mean() for label in labels.unique()])
    return float((means.max() - means.mean()) / (means.max() + means.mean()))


def second_best(values: Any, labels: Any) -> float:
    means = torch.stack([values[labels == label].mean() for label in labels.unique()])
    best, second = means.topk(2).values.tolist()
    return (best - second) / (best + second)


def by_picture(values: Any, labels: Any) -> float:
    means = torch.stack([values[labels == label].mean() for label in labels.unique()])
    others = values[labels != labels.unique()[means.argmax()]].mean()
    return float((means.max() - others) / (means.max() + others))


@pytest.mark.parametrize("answer", [right, lambda *given: float(right(*given))])
def test_the_right_answer_passes(answer: object) -> None:
    assert class_selectivity(answer) is None


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (None, "class_selectivity is None, expected a function"),
        (lambda values, labels: None, "gives None, expected one number"),
        (lambda values, labels: values, "expected one number"),
        (lambda values, labels: 0.6, "gives 0.6, expected 1"),
        (first_class, "any class may be the highest"),
        (with_itself, "gives 0.2308, expected 0.6"),
        (second_best, "the others are all but the highest"),
        (by_picture, "each class counts once"),
    ],
)
def test_a_wrong_answer_is_told_why(answer: object, message: str) -> None:
    wrong = class_selectivity(answer)
    assert wrong is not None
    assert message in wrong
