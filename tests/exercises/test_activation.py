"""The checkers of the chapter on activations know the right answers, and what is wrong."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from cvlib.exercises.activation import merge_linear, silu_slope


def merged(weight: Any, bias: Any, weight2: Any, bias2: Any) -> Any:
    return weight2 @ weight, weight2 @ bias + bias2


def slope(x: Any) -> Any:
    sigma = x.sigmoid()
    return sigma * (1 + x * (1 - sigma))


def test_the_right_answers_pass() -> None:
    assert merge_linear(merged) is None
    assert silu_slope(slope) is None


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (None, "merge_linear is None, expected a function"),
        (lambda *layers: layers[0], "merge_linear gives Tensor, expected a pair"),
        (lambda w, b, v, c: (v, c), "the weight of the one layer has shape (2, 3), expected"),
        (lambda w, b, v, c: (v @ w, b), "the bias of the one layer has shape (3,), expected (2,)"),
        (lambda w, b, v, c: (1, c), "the weight of the one layer has shape int"),
        (lambda w, b, v, c: (v @ w, c), "the bias is off by up to"),
        (lambda w, b, v, c: (v @ w, v @ (b + 1) + c), "the bias is off"),
        (lambda w, b, v, c: (2 * v @ w, v @ b + c), "the layer is off by up to"),
        (  # the order of the factors shows only in square matrices
            lambda w, b, v, c: ((w @ v if len(w) == len(v) else v @ w), v @ b + c),
            "the layer is off",
        ),
        (lambda w, b, v, c: (v @ w * torch.nan, v @ b + c), "is off by up to nan"),
    ],
)
def test_a_wrong_layer_is_told_why(answer: object, message: str) -> None:
    wrong = merge_linear(answer)
    assert wrong is not None
    assert message in wrong


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (3, "silu_slope is 3, expected a function"),
        (lambda x: None, "gives NoneType for a tensor of shape (2, 3)"),
        (lambda x: slope(x)[0], "gives (3,) for a tensor"),
        (lambda x: x.sigmoid(), "gives 0.8808 at 2, expected 1.0908"),
        (lambda x: x * x.sigmoid(), "gives 0.0000 at 0, expected 0.5000"),
        (lambda x: (1 + (-x).exp() * (1 + x)) / (1 + (-x).exp()) ** 2, "gives nan at -1000"),
    ],
)
def test_a_wrong_slope_is_told_why(answer: object, message: str) -> None:
    wrong = silu_slope(answer)
    assert wrong is not None
    assert message in wrong
