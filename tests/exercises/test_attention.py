"""The checker of causal weights knows the right answer, and says what is wrong with others."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from cvlib.book import mistake


def right(scores: Tensor) -> Tensor:
    future = torch.ones(len(scores), len(scores)).triu(1).bool()
    return scores.masked_fill(future, -torch.inf).softmax(1)


def overflowing(scores: Tensor) -> Tensor:
    kept = scores.exp().tril()
    return kept / kept.sum(1, keepdim=True)


def test_the_right_answer_passes() -> None:
    assert mistake("causal_weights", right) is None
    assert mistake("causal_weights", lambda scores: right(scores.double())) is None


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (None, "causal_weights is None, expected a function"),
        (lambda scores: None, "gives None, expected tensor"),
        (lambda scores: scores.softmax(1), "gives tensor([[0.5000, 0.5000]"),
        (lambda scores: scores.softmax(1).tril(), "gives tensor([[0.5000, 0.0000]"),
        (lambda scores: right(scores.T).T, "expected tensor([[1.0000, 0.0000]"),
        (lambda scores: scores.tril().softmax(1), "gives tensor([[0.5000, 0.5000]"),
        (lambda scores: scores.masked_fill(scores.triu(1) > 0, -torch.inf).softmax(1), "0., 0."),
        (overflowing, "nan"),
        (lambda scores: right(scores).tolist(), "gives [[1.0, 0.0]"),
    ],
)
def test_a_wrong_answer_is_told_why(answer: object, message: str) -> None:
    assert message in (mistake("causal_weights", answer) or "")
