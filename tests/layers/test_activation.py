"""Activation functions against torch's, forward and backward, over all kinds of numbers."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

import cvlib
from cvlib.layers import activation
from cvlib.layers.activation import (
    elu,
    gelu,
    hardswish,
    leaky_relu,
    relu,
    sigmoid,
    silu,
    tanh,
)

DEVICE = cvlib.device()
random_cases = settings(deadline=None, max_examples=60, derandomize=True)
numbers = st.lists(
    st.floats(-40, 40)
    | st.floats(-1e-8, 1e-8)
    | st.sampled_from([0.0, -3.0, 3.0, -1000.0, 1000.0]),
    min_size=0,
    max_size=6,
)


def assert_same(ours: Any, torchs: Any, values: list[float], **rest: Any) -> None:
    results = []
    for function in (ours, torchs):
        x = torch.tensor(values, dtype=torch.float64).to(DEVICE).requires_grad_()
        y = function(x, **rest)
        results.append((y, *torch.autograd.grad(y.sum(), x)))
    for mine, reference in zip(*results, strict=True):
        torch.testing.assert_close(mine, reference, rtol=1e-9, atol=1e-14)


PLAIN = [
    (relu, F.relu),
    (sigmoid, torch.sigmoid),
    (tanh, torch.tanh),
    (silu, F.silu),
    (hardswish, F.hardswish),
]


@random_cases
@given(numbers, st.sampled_from(PLAIN))
def test_plain_ones_are_torchs(values: list[float], functions: Any) -> None:
    assert_same(*functions, values)


@random_cases
@given(numbers, st.floats(0, 2))
def test_leaky_relu_and_elu_are_torchs(values: list[float], number: float) -> None:
    assert_same(leaky_relu, F.leaky_relu, values, negative_slope=number)
    assert_same(elu, F.elu, values, alpha=number)


@random_cases
@given(numbers, st.sampled_from(["none", "tanh"]))
def test_gelu_is_torchs(values: list[float], approximate: str) -> None:
    assert_same(gelu, F.gelu, values, approximate=approximate)


def test_defaults_are_torchs() -> None:
    x = torch.linspace(-3, 3, 25, device=DEVICE)
    for ours, torchs in ((leaky_relu, F.leaky_relu), (elu, F.elu), (gelu, F.gelu)):
        torch.testing.assert_close(ours(x), torchs(x))


FUNCTIONS = [relu, leaky_relu, elu, gelu, silu, hardswish, sigmoid, tanh]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_derivatives_by_differences(function: Any) -> None:
    x = torch.linspace(-2.9, 2.9, 12, dtype=torch.float64, device=DEVICE).requires_grad_()
    assert torch.autograd.gradcheck(function, [x])


@pytest.mark.parametrize("function", FUNCTIONS)
def test_what_is_not_a_number_stays_so(function: Any) -> None:
    y: Tensor = function(torch.tensor([float("nan"), 1.0], device=DEVICE))
    assert y.isnan().tolist() == [True, False]
    assert y.dtype == torch.float32


def test_the_tanh_form_of_gelu_errs_by_less_than_it_says() -> None:
    x = torch.linspace(-8, 8, 4001, dtype=torch.float64)
    error = (gelu(x) - gelu(x, approximate="tanh")).abs().max()
    assert 0.0004 < error < 0.0005


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("function", [gelu, silu, hardswish])
def test_half_precision_is_rounded_once(function: Any, dtype: torch.dtype) -> None:
    x = torch.linspace(-8, 8, 321, device=DEVICE).to(dtype)
    y = function(x)
    assert y.dtype == dtype
    assert torch.equal(y, function(x.float()).to(dtype))


@pytest.mark.parametrize("function", FUNCTIONS)
def test_wrong_arguments_are_named(function: Any) -> None:
    with pytest.raises(TypeError, match="x is a list; expected a tensor"):
        function([1.0])
    with pytest.raises(TypeError, match=r"x is torch.int64; expected floating-point"):
        function(torch.arange(3))


def test_gelu_knows_two_forms() -> None:
    with pytest.raises(ValueError, match="approximate is 'erf'; expected 'none' or 'tanh'"):
        gelu(torch.zeros(1), approximate="erf")  # type: ignore[arg-type]
    with pytest.raises(RuntimeError):
        F.gelu(torch.zeros(1), approximate="erf")


def test_room_exports_the_module() -> None:
    from cvlib import layers

    for name in activation.__all__:
        assert getattr(layers, name) is getattr(activation, name)
