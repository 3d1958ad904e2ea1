"""The fully connected layer against torch's, and dropout against its own promise."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Generator

import cvlib
from cvlib.layers import connected
from cvlib.layers.connected import dropout, linear
from tests.layers.test_convolution import assert_same, normal

DEVICE = cvlib.device()
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


@random_cases
@given(st.floats(0.01, 0.99), st.integers(0, 1000))
def test_dropout_drops_or_divides(p: float, seed: int) -> None:
    x = normal(4, 50).requires_grad_()
    y = dropout(x, p, generator=Generator().manual_seed(seed))
    kept = y != 0
    torch.testing.assert_close(y, torch.where(kept, x / (1 - p), 0))
    (gradient,) = torch.autograd.grad(y.sum(), x)
    torch.testing.assert_close(gradient, kept.double() / (1 - p))


@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
def test_as_many_are_dropped_as_said_and_the_mean_stays(p: float) -> None:
    count = 100_000
    y = dropout(torch.ones(count, device=DEVICE), p, generator=Generator().manual_seed(1))
    error = (p * (1 - p) / count) ** 0.5
    assert abs(float((y == 0).float().mean()) - p) < 4 * error
    assert abs(float(y.double().mean()) - 1) < 4 * error / (1 - p)
    by_torch = F.dropout(torch.ones(3, 3), p, training=True)
    assert set(by_torch.unique().tolist()) <= {0.0, torch.tensor(1 / (1 - p)).item()}


def test_modes_of_dropout() -> None:
    x = normal(5)
    for p, training in ((0.7, False), (0.0, True)):
        assert torch.equal(dropout(x, p, training), x)
    leaf = x.clone().requires_grad_()
    nothing = dropout(leaf, 1.0)
    nothing.sum().backward()
    assert torch.equal(nothing, torch.zeros_like(x))
    assert leaf.grad is not None
    assert not leaf.grad.any()
    torch.manual_seed(3)
    first = dropout(torch.ones(64))
    assert not torch.equal(first, dropout(torch.ones(64)))
    torch.manual_seed(3)
    assert torch.equal(first, dropout(torch.ones(64)))


@pytest.mark.parametrize("p", [-0.1, 1.5, float("nan")])
def test_dropout_wants_a_probability(p: float) -> None:
    with pytest.raises(ValueError, match=f"p is {p}; expected a probability"):
        dropout(X, p)
    if p == p:
        with pytest.raises(ValueError, match="probability"):
            F.dropout(X, p)


def test_dropout_wants_numbers() -> None:
    with pytest.raises(TypeError, match=r"x is torch.int64"):
        dropout(torch.arange(3))


def test_room_exports_the_module() -> None:
    from cvlib import layers

    for name in connected.__all__:
        assert getattr(layers, name) is getattr(connected, name)
