"""Dropout against its own promise: what it drops, what it keeps, and how much of it."""

from __future__ import annotations

import importlib

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Generator

import cvlib
from cvlib.layers.dropout import dropout, dropout2d
from tests.layers.drawn import normal

DEVICE = cvlib.device()
random_cases = settings(deadline=None, max_examples=60, derandomize=True)
X = torch.zeros(2, 3)


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


@random_cases
@given(st.floats(0.05, 0.95), st.integers(0, 1000))
def test_dropout2d_drops_whole_channels(p: float, seed: int) -> None:
    x = normal(2, 20, 3, 4).abs() + 1
    leaf = x.requires_grad_()
    y = dropout2d(leaf, p, generator=Generator().manual_seed(seed))
    kept = y.flatten(-2) != 0
    assert torch.equal(kept.any(-1), kept.all(-1))
    torch.testing.assert_close(y, torch.where(kept.any(-1)[..., None, None], x / (1 - p), 0))
    (gradient,) = torch.autograd.grad(y.sum(), leaf)
    torch.testing.assert_close(gradient, (y != 0).double() / (1 - p))
    by_torch = F.dropout2d(x, p).flatten(-2) != 0
    assert torch.equal(by_torch.any(-1), by_torch.all(-1))


def test_channels_of_each_example_have_their_own_chance() -> None:
    y = dropout2d(torch.ones(2000, 3, 2, 2), 0.3, generator=Generator().manual_seed(0))
    gone = y[..., 0, 0] == 0
    assert abs(float(gone.float().mean()) - 0.3) < 0.03
    assert len(gone.unique(dim=0)) == 8


def test_modes_of_dropout2d() -> None:
    x = normal(2, 3, 4, 4)
    assert torch.equal(dropout2d(x, 0.7, training=False), x)
    assert torch.equal(dropout2d(x, 0.0), x)
    assert not dropout2d(x, 1.0).any()


@pytest.mark.parametrize("shape", [(3, 4), (2, 3, 4), (2, 2, 3, 4, 5)])
def test_dropout2d_wants_maps(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"expected \(N, C, H, W\)"):
        dropout2d(torch.zeros(shape))
    with pytest.raises(TypeError, match=r"x is torch.int64"):
        dropout2d(torch.zeros(1, 1, 2, 2).long())
    with pytest.raises(ValueError, match="p is 2; expected a probability"):
        dropout2d(torch.zeros(1, 1, 2, 2), 2)


def test_room_exports_the_module() -> None:
    from cvlib import layers

    # By its name: as an attribute of the room, `dropout` is the function.
    module = importlib.import_module("cvlib.layers.dropout")
    for name in module.__all__:
        assert getattr(layers, name) is getattr(module, name)
