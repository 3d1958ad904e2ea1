"""Scales, steps, and slopes are torch's, whole numbers give the sums, folding changes nothing."""

from __future__ import annotations

import copy
import warnings
from itertools import pairwise
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from cvlib.practice import (
    FakeQuantize,
    affine_parameters,
    calibrate,
    dequantize,
    fake_quantize,
    fold_batch_norm,
    integer_linear,
    quantize,
    quantize_activations,
    quantize_weights,
    requantize,
    steps_of,
    value_range,
)

numbers = st.floats(-100, 100, width=32)
seeds = st.integers(0, 999)


def drawn(*shape: int, seed: int = 0, size: float = 1) -> Tensor:
    return size * torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def observed(kind: str, weight: Tensor, **how: Any) -> tuple[Tensor, Tensor]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # deprecated, and in the version of the lock
        from torch.ao import quantization

        watch = getattr(quantization, kind)(**how)
        watch(weight)
        scale, zero = watch.calculate_qparams()
    return scale, zero


@given(seed=seeds, size=st.floats(1e-3, 1e3), shift=st.floats(-3, 3), signed=st.booleans())
@settings(max_examples=30, deadline=None)
def test_parameters_and_steps_are_torchs(
    seed: int, size: float, shift: float, signed: bool
) -> None:
    x = drawn(5, 7, seed=seed, size=size) + shift * size
    kind = torch.qint8 if signed else torch.quint8
    for symmetric in (False, True):
        scheme = torch.per_tensor_symmetric if symmetric else torch.per_tensor_affine
        scale, zero = observed("MinMaxObserver", x, dtype=kind, qscheme=scheme)
        ours = affine_parameters(*value_range(x), symmetric=symmetric, signed=signed)
        torch.testing.assert_close(ours[0], scale[0], rtol=1e-6, atol=0)
        assert int(ours[1]) == int(zero[0])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            theirs = torch.quantize_per_tensor(x, scale[0], zero[0], kind)
        steps = quantize(x, scale[0], zero[0], signed=signed)
        assert torch.equal(steps, theirs.int_repr().int())
        torch.testing.assert_close(dequantize(steps, scale[0], zero[0]), theirs.dequantize())


@given(seed=seeds, axis=st.sampled_from([0, 1]))
@settings(max_examples=20, deadline=None)
def test_a_scale_for_each_filter_is_torchs(seed: int, axis: int) -> None:
    x = drawn(4, 3, 2, 2, seed=seed) * torch.tensor([0.1, 1, 10])[:, None, None]
    scheme = torch.per_channel_symmetric
    scale, zero = observed(
        "PerChannelMinMaxObserver", x, dtype=torch.qint8, qscheme=scheme, ch_axis=axis
    )
    ours = affine_parameters(*value_range(x, axis), symmetric=True, signed=True)
    torch.testing.assert_close(ours[0], scale, rtol=1e-6, atol=0)
    assert ours[1].tolist() == zero.tolist() == [0] * x.shape[axis]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = torch.quantize_per_channel(x, scale, zero, axis, torch.qint8)
    assert torch.equal(quantize(x, scale, zero, signed=True, axis=axis), theirs.int_repr().int())


@given(seed=seeds, bits=st.integers(2, 8), zero=st.integers(0, 3), scale=st.floats(0.05, 2))
@settings(max_examples=30, deadline=None)
def test_values_and_slopes_of_fake_steps_are_torchs(
    seed: int, bits: int, zero: int, scale: float
) -> None:
    mine, other = (drawn(6, 5, seed=seed).requires_grad_() for _ in range(2))
    low, high = steps_of(bits)
    size, at = torch.tensor(scale), torch.tensor(zero, dtype=torch.int32)
    y = fake_quantize(mine, size, at, bits)
    theirs = torch.fake_quantize_per_tensor_affine(other, size, at, low, high)
    torch.testing.assert_close(y, theirs)
    weight = drawn(6, 5, seed=seed + 1)
    for result in (y, theirs):
        (result * weight).sum().backward()
    assert mine.grad is not None
    assert other.grad is not None
    torch.testing.assert_close(mine.grad, other.grad)


@given(low=numbers, high=numbers, bits=st.integers(1, 8), signed=st.booleans())
@settings(max_examples=50, deadline=None)
def test_a_range_is_covered_and_zero_stays(
    low: float, high: float, bits: int, signed: bool
) -> None:
    one, other = sorted((torch.tensor(low), torch.tensor(high)))
    scale, zero = affine_parameters(one, other, bits, signed=signed)
    x = torch.stack([one, torch.zeros(()), other])
    back = dequantize(quantize(x, scale, zero, bits, signed=signed), scale, zero)
    assert back[1] == 0
    assert ((back - x).abs() <= 0.5001 * scale + 1e-6).all() or bits == 1


def test_what_is_clipped_lies_on_either_side() -> None:
    x = torch.arange(101.0)
    low, high = value_range(x, clip=0.1)
    assert (float(low), float(high)) == (5, 95)
    rows = torch.stack([x, 2 * x])
    for ours, share in zip(value_range(rows, 0, clip=0.03), (0.015, 0.985), strict=True):
        torch.testing.assert_close(ours, rows.quantile(share, 1))


@given(seed=seeds, x_zero=st.integers(0, 255), inputs=st.integers(1, 30))
@settings(max_examples=30, deadline=None)
def test_sums_of_whole_numbers_are_exact(seed: int, x_zero: int, inputs: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    x = torch.randint(0, 256, (3, inputs), generator=generator)
    weight = torch.randint(-128, 128, (4, inputs), generator=generator)
    bias = torch.randint(-9999, 9999, (4,), generator=generator, dtype=torch.int32)
    ours = integer_linear(x, x_zero, weight, bias)
    wide = (x.double() - x_zero) @ weight.double().T + bias
    assert ours.dtype == torch.int32
    assert torch.equal(ours.double(), wide)
    for factor in (0.0007, 0.3, 0.9999):
        exact = (wide * factor).round() + 12
        steps = requantize(ours, factor, 12)
        # Where a half comes up, the two may go either way.
        assert int((steps - exact.clamp(0, 255)).abs().max()) <= 1
        clear = ((wide * factor) % 1 - 0.5).abs() > 1e-3
        assert torch.equal(steps[clear].double(), exact.clamp(0, 255)[clear])


def test_sums_that_may_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="may reach"):
        integer_linear(torch.full((1, 9), 2**14), 0, torch.full((1, 9), 2**14))
    lowest = torch.full((1, 1), -128, dtype=torch.int8)
    with pytest.raises(ValueError, match="may reach 4294967296"):
        integer_linear(torch.full((1, 1), 2**25), 0, lowest)
    assert requantize(torch.tensor([2**31 - 1]), 1e-12, 7).tolist() == [7]
    with pytest.raises(TypeError, match=r"weight is torch\.float32"):
        integer_linear(torch.ones(1, 2, dtype=torch.int32), 0, torch.ones(1, 2))
    with pytest.raises(ValueError, match="between 0 and 1"):
        requantize(torch.ones(1, dtype=torch.int32), 1.0, 0)
    with pytest.raises(TypeError, match="sums"):
        requantize(torch.ones(1), 0.5, 0)


@given(seed=seeds, bias=st.booleans(), affine=st.booleans())
@settings(max_examples=15, deadline=None)
def test_a_folded_normalization_changes_nothing(seed: int, bias: bool, affine: bool) -> None:
    torch.manual_seed(seed)
    conv, norm = nn.Conv2d(4, 6, 3, groups=2, bias=bias), nn.BatchNorm2d(6, affine=affine)
    for _ in range(3):
        norm(3 * torch.rand(4, 6, 5, 5) + 1)
    norm.eval()
    if affine:
        nn.init.normal_(norm.weight)
        nn.init.normal_(norm.bias)
    before = copy.deepcopy(conv.state_dict())
    x = torch.randn(2, 4, 8, 8)
    folded = fold_batch_norm(conv, norm)
    torch.testing.assert_close(folded(x), norm(conv(x)), rtol=1e-4, atol=1e-5)
    assert all(torch.equal(each, before[name]) for name, each in conv.state_dict().items())


def test_no_normalization_no_folding() -> None:
    with pytest.raises(ValueError, match="expected 6"):
        fold_batch_norm(nn.Conv2d(1, 6, 1), nn.BatchNorm2d(5))
    with pytest.raises(ValueError, match="no running statistics"):
        fold_batch_norm(nn.Conv2d(1, 6, 1), nn.BatchNorm2d(6, track_running_stats=False))


def test_rounded_weights_can_be_trained() -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.Flatten(), nn.Linear(36, 2))
    rounded = quantize_weights(model, bits=2)
    assert all(len(each.unique()) <= 4 for each in rounded[0].weight)
    assert (
        len(rounded[0].weight.unique())
        > 4
        >= len(quantize_weights(model, 2, None)[0].weight.unique())
    )
    before = rounded[2].parametrizations.weight.original.clone()
    rounded(torch.rand(4, 1, 5, 5)).square().sum().backward()
    slope = rounded[2].parametrizations.weight.original.grad
    assert slope.shape == before.shape
    assert slope.any()
    with torch.no_grad():
        rounded[2].parametrizations.weight.original -= slope
    assert all(len(each.unique()) <= 4 for each in rounded[2].weight)
    assert not hasattr(model[0], "parametrizations")
    fine = quantize_weights(model, bits=16)
    torch.testing.assert_close(fine[2].weight, model[2].weight, rtol=0, atol=1e-4)


def test_ranges_are_watched_and_activations_rounded() -> None:
    model = nn.Sequential(nn.Linear(3, 5), nn.ReLU(), nn.Linear(5, 2))
    batches = [drawn(7, 3, seed=each) for each in range(3)]
    ranges = calibrate(model, batches, ["1"])
    hidden = model[1](model[0](torch.cat(batches)))
    assert ranges["1"] == (hidden.min(), hidden.max())
    assert not model[1]._forward_hooks
    errors = []
    for bits in (2, 4, 8):
        rounded = quantize_activations(model, ranges, bits)
        assert isinstance(rounded[1][1], FakeQuantize)
        apart = rounded(batches[0]) - model(batches[0])
        errors.append(apart.detach().abs().max().item())
        assert len(rounded[1](rounded[0](batches[0])).unique()) <= 2**bits
    assert all(one > other for one, other in pairwise(errors))
    with pytest.raises(ValueError, match="layers has 'x'"):
        calibrate(model, batches, ["x"])
    with pytest.raises(ValueError, match="batches is empty"):
        calibrate(model, [], ["1"])
    with pytest.raises(ValueError, match="ranges has 'x'"):
        quantize_activations(model, {"x": ranges["1"]})


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: steps_of(17), "at most 16"),
        (lambda: steps_of(0), "at least 1"),
        (lambda: value_range(torch.zeros(0)), "at least one number"),
        (lambda: value_range(torch.ones(2), axis=1), "axis is 1"),
        (lambda: value_range(torch.ones(2), clip=2), "clip"),
        (lambda: affine_parameters(torch.tensor(1.0), torch.tensor(0.0)), "low at most high"),
        (lambda: affine_parameters(torch.tensor(0.0), torch.tensor(torch.inf)), "finite"),
        (lambda: affine_parameters(torch.zeros(2), torch.ones(3)), "expected one"),
        (
            lambda: quantize(torch.ones(2), torch.ones(3), torch.zeros(3), axis=0),
            r"scale has shape \(3,\); expected \(2,\)",
        ),
        (lambda: quantize(torch.ones(2), torch.ones(()), torch.zeros(()), axis=2), "axis is 2"),
        (lambda: quantize_weights(nn.ReLU()), "neither"),
    ],
)
def test_what_cannot_be_is_refused(call: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
