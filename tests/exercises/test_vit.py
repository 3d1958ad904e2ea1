"""The checkers of the chapter on the vision transformer know the right answers."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch.nn import functional as F

from cvlib.exercises.vit import mean_distance, patchify


def right_words(images: Any, size: int) -> Any:
    rows = images.unfold(2, size, size).unfold(3, size, size)
    return rows.permute(0, 2, 3, 1, 4, 5).flatten(3).flatten(1, 2)


def distances(weights: Any) -> Any:
    side = round(len(weights) ** 0.5)
    row, column = (torch.arange(side**2) // side).float(), (torch.arange(side**2) % side).float()
    return torch.hypot(row[:, None] - row, column[:, None] - column)


def right_mean(weights: Any) -> Any:
    return (weights * distances(weights)).sum() / len(weights)


def test_the_right_answers_pass() -> None:
    assert patchify(right_words) is None
    assert patchify(lambda images, size: F.unfold(images, size, stride=size).mT) is None
    assert mean_distance(right_mean) is None
    assert mean_distance(lambda weights: right_mean(weights).item()) is None


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (None, "patchify is None, expected a function"),
        (lambda images, size: None, "it makes a NoneType, expected a tensor"),
        (lambda images, size: images, "it makes (2, 1, 4, 4), expected (2, 4, 4)"),
        (
            lambda images, size: images.reshape(right_words(images, size).shape),
            "of which number 0 (from 0) holds pixels of several patches",
        ),
        (
            lambda images, size: right_words(images, size).zero_(),
            "do not hold every number of the picture once",
        ),
        (
            lambda images, size: right_words(images.mT, size),
            "of which number 1 (from 0) holds pixels of several patches",
        ),
        (
            lambda images, size: right_words(images, size).flip(2),
            "but not with their numbers channel",
        ),
    ],
)
def test_wrong_words_are_told_why(answer: object, message: str) -> None:
    wrong = patchify(answer)
    assert wrong is not None
    assert message in wrong


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (3, "mean_distance is 3, expected a function"),
        (lambda weights: None, "it gives no number"),
        (lambda weights: weights, "it gives no number"),
        (
            lambda weights: (weights * distances(weights).square()).sum() / len(weights),
            "with all weights alike on 2 × 2 patches it gives 1, expected 0.854",
        ),
        (lambda weights: (weights * distances(weights)).sum(), "it gives 3.41, expected 0.854"),
        (lambda weights: distances(weights).mean(), "looks at itself it gives 1.45, expected 0"),
        (lambda weights: right_mean(weights * 0 + weights.mean(0)), "looks at itself"),
        (lambda weights: torch.nan, "it gives nan"),
    ],
)
def test_wrong_distances_are_told_why(answer: object, message: str) -> None:
    wrong = mean_distance(answer)
    assert wrong is not None
    assert message in wrong
