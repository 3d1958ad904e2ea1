"""The checker of the focal loss knows the right answer, and what is wrong with others."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import torch.nn.functional as F

from cvlib.exercises.losses import focal_loss


def right(logits: Any, labels: Any, gamma: Any) -> Any:
    surprise = F.cross_entropy(logits, labels, reduction="none")
    return ((1 - torch.exp(-surprise)) ** gamma * surprise).mean()


def naive(logits: Any, labels: Any, gamma: Any) -> Any:
    p = torch.softmax(logits, 1)[torch.arange(len(labels)), labels]
    return (-((1 - p) ** gamma) * p.log()).mean()


def flipped(logits: Any, labels: Any, gamma: Any) -> Any:
    surprise = F.cross_entropy(logits, labels, reduction="none")
    return (torch.exp(-surprise) ** gamma * surprise).mean()


def test_the_right_answer_passes() -> None:
    assert focal_loss(right) is None


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (None, "focal_loss is None, expected a function"),
        (lambda *arguments: None, "gives NoneType, expected a tensor"),
        (
            lambda x, y, gamma: F.cross_entropy(x, y, reduction="none"),
            "gives shape (4,), expected (), the mean over the batch",
        ),
        (
            lambda x, y, gamma: F.cross_entropy(x, y),
            "with gamma 2 it gives 1.1304, expected 0.7059",
        ),
        (lambda x, y, gamma: F.cross_entropy(x, y), "that is the cross entropy"),
        (lambda x, y, gamma: 4 * right(x, y, gamma), "that is the sum, expected the mean"),
        (lambda x, y, gamma: -right(x, y, gamma), "its sign is wrong"),
        (flipped, "its factor is p, expected 1 - p"),
        (lambda x, y, gamma: right(x, y, 2.0), "with gamma 0"),
        (lambda x, y, gamma: right(x, y, gamma).detach(), "sends no gradient back"),
        (naive, "with logits of 10,000 it gives inf, expected 5000; look at the logarithm"),
    ],
)
def test_a_wrong_answer_is_told_why(answer: object, message: str) -> None:
    wrong = focal_loss(answer)
    assert wrong is not None
    assert message in wrong
