"""The fully connected layer against torch's."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from cvlib.layers import connected
from cvlib.layers.connected import linear
from tests.layers.test_convolution import assert_same, normal

random_cases = settings(deadline=None, max_examples=60, derandomize=True)


@random_cases
@given(
    st.lists(st.integers(0, 3), max_size=3),
    st.integers(1, 5),
    st.integers(1, 5),
    st.booleans(),
)
def test_linear_is_torchs(batch: list[int], inputs: int, outputs: int, has_bias: bool) -> None:
    bias = normal(outputs) if has_bias else None
    assert_same(linear, F.linear, normal(*batch, inputs), normal(outputs, inputs), bias)


def test_linear_derivative() -> None:
    leaves = [normal(2, 3).requires_grad_(), normal(4, 3).requires_grad_(), normal(4)]
    assert torch.autograd.gradcheck(linear, leaves)


X, WEIGHT = torch.zeros(2, 3), torch.zeros(4, 3)
WRONG = {
    "x": (TypeError, "x is a list", ([1.0], WEIGHT)),
    "integers": (TypeError, "x is torch.int64", (X.long(), WEIGHT.long())),
    "weight": (TypeError, "weight is torch.float64", (X, WEIGHT.double())),
    "inputs": (ValueError, r"weight.*\(4, 2\).*expected \(O, 3\)", (X, WEIGHT[:, :2])),
    "one row": (ValueError, r"weight has shape \(3,\)", (X, WEIGHT[0])),
    "a number": (ValueError, "at least one dimension", (X[0, 0], WEIGHT)),
    "bias": (ValueError, r"bias has shape \(3,\); expected \(4,\)", (X, WEIGHT, X[0])),
}


@pytest.mark.parametrize(("error", "message", "arguments"), WRONG.values(), ids=list(WRONG))
def test_wrong_arguments_are_named(error: Any, message: str, arguments: Any) -> None:
    with pytest.raises(error, match=message):
        linear(*arguments)


def test_room_exports_the_module() -> None:
    from cvlib import layers

    for name in connected.__all__:
        assert getattr(layers, name) is getattr(connected, name)
