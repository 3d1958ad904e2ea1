"""The checkers of this chapter know the right answers, and what is wrong with others."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from cvlib.exercises.inside import class_selectivity, integrated_gradients


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


def along_the_way(score: Any, x: Any, baseline: Any, steps: int = 100) -> Any:
    slope = torch.func.grad(score)
    ways = (torch.arange(steps) + 0.5) / steps
    slopes = [slope(baseline + way * (x - baseline)) for way in ways]
    return (x - baseline) * torch.stack(slopes).mean(0)


def from_the_left(score: Any, x: Any, baseline: Any) -> Any:
    slope = torch.func.grad(score)
    slopes = [slope(baseline + step / 300 * (x - baseline)) for step in range(300)]
    return (x - baseline) * torch.stack(slopes).mean(0)


@pytest.mark.parametrize("answer", [along_the_way, from_the_left])
def test_gradients_on_the_way_pass(answer: object) -> None:
    assert integrated_gradients(answer) is None


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (None, "integrated_gradients is None, expected a function"),
        (lambda score, x, baseline: None, "gives None, expected a tensor of shape (2,)"),
        (lambda score, x, baseline: x[:1], "gives (1,), expected a tensor of shape (2,)"),
        (lambda score, x, baseline: x, "gives [1, 3], expected [2, -3]"),
        (
            lambda score, x, baseline: x * torch.func.grad(score)(x),
            "gives [2, -3], expected [0, -2]: the way begins at the baseline",
        ),
        (
            lambda score, x, baseline: (x - baseline) * torch.func.grad(score)(x),
            "gives [0], expected [1]: the gradient at the end of the way is 0",
        ),
        (
            lambda score, x, baseline: (x - baseline) * torch.func.grad(score)(baseline),
            "gives [2], expected [1]",
        ),
        (
            lambda score, x, baseline: along_the_way(score, x, baseline).clamp(max=2),
            "expected [3, 3]: take the mean",
        ),
    ],
)
def test_gradients_elsewhere_are_told_why(answer: object, message: str) -> None:
    wrong = integrated_gradients(answer)
    assert wrong is not None
    assert message in wrong
