"""The checkers of the chapter on transfer know the right answers, and what is wrong."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch.nn import functional as F

from cvlib.exercises.transfer import contrastive_loss, freeze


def right_freeze(model: Any) -> None:
    for part in model[:-1]:
        part.requires_grad_(False).eval()


def right_loss(pictures: Any, words: Any, temperature: float) -> Any:
    logits = F.normalize(pictures, dim=1) @ F.normalize(words, dim=1).T / temperature
    right = torch.arange(len(logits))
    return (F.cross_entropy(logits, right) + F.cross_entropy(logits.T, right)) / 2


def test_the_right_answers_pass() -> None:
    assert freeze(right_freeze) is None
    assert contrastive_loss(right_loss) is None


def without_modes(model: Any) -> None:
    model[:-1].requires_grad_(False)


def whole(model: Any) -> None:
    model.requires_grad_(False).eval()


def first_only(model: Any) -> None:
    model[0].requires_grad_(False).eval()


def all_in_evaluation(model: Any) -> None:
    model[:-1].requires_grad_(False)
    model.eval()


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (None, "freeze is None, expected a function"),
        (lambda model: model.eval(), "the first part still learns"),
        (without_modes, "a batch moves its running_mean"),
        (whole, "the head does not learn"),
        (first_only, "the dropout in the middle still drops"),
        (all_in_evaluation, "the head is in evaluation mode"),
    ],
)
def test_what_still_moves_is_named(answer: object, message: str) -> None:
    wrong = freeze(answer)
    assert wrong is not None
    assert message in wrong


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (3, "contrastive_loss is 3, expected a function"),
        (lambda a, b, t: a, "expected a tensor with one number"),
        (lambda a, b, t: right_loss(a, b, 1), "the temperature is missing"),
        (lambda a, b, t: right_loss(a, b, 1 / t), "the temperature multiplies"),
        (lambda a, b, t: 2 * right_loss(a, b, t), "it is the sum of both ways"),
        (lambda a, b, t: right_loss(a, b, t) + 1, "for 4 pairs it gives"),
        (
            lambda a, b, t: F.cross_entropy(
                F.normalize(a, dim=1) @ F.normalize(b, dim=1).T / t, torch.arange(len(a))
            ),
            "only the pictures choose",
        ),
        (
            lambda a, b, t: F.cross_entropy(
                F.normalize(b, dim=1) @ F.normalize(a, dim=1).T / t, torch.arange(len(a))
            ),
            "only the words choose",
        ),
        (
            lambda a, b, t: (
                (
                    F.cross_entropy(a @ b.T / t, torch.arange(len(a)))
                    + F.cross_entropy(b @ a.T / t, torch.arange(len(a)))
                )
                / 2
            ),
            "the vectors are not normalized",
        ),
    ],
)
def test_a_known_mistake_is_named(answer: object, message: str) -> None:
    wrong = contrastive_loss(answer)
    assert wrong is not None
    assert message in wrong
