"""The checkers of the chapter on residual networks know the right answers, and what is wrong."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from cvlib.exercises.residual import drop_rates, with_identity


def right_weights(weight: Any) -> Any:
    return weight + torch.nn.init.dirac_(torch.empty_like(weight))


def in_place(weight: Any) -> Any:
    weight += torch.nn.init.dirac_(torch.empty_like(weight))
    return weight


def right_rates(blocks: int, last: float) -> Any:
    return [last * block / blocks for block in range(1, blocks + 1)]


def test_the_right_answers_pass() -> None:
    assert with_identity(right_weights) is None
    assert drop_rates(right_rates) is None
    assert drop_rates(lambda blocks, last: torch.linspace(0, last, blocks + 1)[1:]) is None


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (None, "with_identity is None, expected a function"),
        (lambda weight: None, "the new weights are NoneType, expected (2, 2, 3, 3)"),
        (lambda weight: weight[0], "the new weights are (2, 3, 3), expected (2, 2, 3, 3)"),
        (lambda weight: weight + 1, "with a 3 × 3 kernel, the convolution differs"),
        (in_place, "changes the weights it is given"),
        # The identity at the upper left, or in every channel of the middle.
        (lambda weight: right_weights(weight.roll((1, 1), (2, 3))), "differs from x + f(x)"),
        (
            lambda weight: weight + right_weights(0 * weight).sum(1, keepdim=True),
            "differs from x + f(x)",
        ),
        (lambda weight: weight * torch.nan, "differs from x + f(x) by up to nan"),
    ],
)
def test_wrong_weights_are_told_why(answer: object, message: str) -> None:
    wrong = with_identity(answer)
    assert wrong is not None
    assert message in wrong


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (0.5, "drop_rates is 0.5, expected a function"),
        (lambda blocks, last: None, "drop_rates(4, 0.5) gives None"),
        (lambda blocks, last: 0.5, "drop_rates(4, 0.5) gives 0.5"),
        (lambda blocks, last: right_rates(blocks, last)[:-1], "expected [0.125, 0.25, 0.375, 0.5]"),
        (lambda blocks, last: [last * b / blocks for b in range(blocks)], "gives [0.0, 0.125"),
        (lambda blocks, last: [1 - rate for rate in right_rates(blocks, last)], "gives [0.875"),
        (lambda blocks, last: right_rates(blocks, 0.5), "drop_rates(1, 0.2) gives [0.5]"),
    ],
)
def test_wrong_rates_are_told_why(answer: object, message: str) -> None:
    wrong = drop_rates(answer)
    assert wrong is not None
    assert message in wrong
