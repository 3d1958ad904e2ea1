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


def test_heads_in_their_place_pass() -> None:
    right_heads = lambda x, heads: x.unflatten(-1, (heads, -1)).transpose(1, 2)  # noqa: E731
    assert mistake("split_heads", right_heads) is None


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (None, "split_heads is None, expected a function"),
        (lambda x, heads: None, "gives None, expected a tensor"),
        (lambda x, heads: x, "has shape (1, 2, 4), expected (1, 2, 2, 2)"),
        (
            lambda x, heads: x.unflatten(-1, (heads, -1)),
            "puts 2 where 4 belongs, in head 0, word 1",
        ),
        (
            lambda x, heads: x.unflatten(-1, (-1, heads)).permute(0, 3, 1, 2),
            "puts 2 where 1 belongs, in head 0, word 0, channel 1",
        ),
    ],
)
def test_heads_out_of_place_are_told(answer: object, message: str) -> None:
    assert message in (mistake("split_heads", answer) or "")
