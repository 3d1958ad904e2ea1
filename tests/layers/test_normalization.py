"""Normalization against torch's, forward and backward, with its statistics and its modes."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

import cvlib
from cvlib.layers import group_normalization, normalization
from cvlib.layers.group_normalization import group_norm, instance_norm, layer_norm, rms_norm
from cvlib.layers.normalization import (
    BatchNorm2d,
    batch_norm,
    batch_norm_backward,
    local_response_norm,
)

DEVICE = cvlib.device()
random_cases = settings(deadline=None, max_examples=60, derandomize=True)
positions = st.lists(st.integers(1, 4), max_size=3)


def normal(*shape: int, seed: int = 0) -> Tensor:
    """Reproducible numbers around 0.5, drawn on the CPU; another seed gives others."""
    generator = torch.Generator().manual_seed(seed)
    return 0.5 + torch.randn(shape, generator=generator, dtype=torch.float64).to(DEVICE)


def assert_same(ours: Any, torchs: Any, *arguments: Any) -> None:
    """Both functions give the same values and, sent the same gradient back, the same gradients."""
    results = []
    for function in (ours, torchs):
        leaves = [t if t is None else t.detach().clone().requires_grad_() for t in arguments]
        y = function(*leaves)
        cotangent = normal(*y.shape, seed=99)
        gradients = torch.autograd.grad(y, [t for t in leaves if t is not None], cotangent)
        results.append((y, *gradients))
    for mine, reference in zip(*results, strict=True):
        torch.testing.assert_close(mine, reference, rtol=1e-8, atol=1e-9)


def parameters(channels: int, affine: bool) -> tuple[Tensor | None, Tensor | None]:
    return (normal(channels, seed=1), normal(channels, seed=2)) if affine else (None, None)


def statistics(channels: int) -> tuple[Tensor, Tensor]:
    return normal(channels, seed=3), normal(channels, seed=4).square() + 0.1


@st.composite
def batches(draw: st.DrawFn, least: int = 2) -> Tensor:
    """An input with at least so many values a channel."""
    sizes = draw(positions)
    number = draw(st.integers(1, 4))
    if number * torch.Size(sizes).numel() < least:
        number = least
    return normal(number, draw(st.integers(1, 4)), *sizes, seed=draw(st.integers(0, 9)))


@random_cases
@given(batches(), st.booleans(), st.booleans(), st.booleans(), st.floats(0, 1), st.floats(1e-6, 1))
def test_batch_norm_is_torchs(
    x: Tensor, affine: bool, running: bool, training: bool, momentum: float, eps: float
) -> None:
    channels = x.shape[1]
    kept = []

    def apply(function: Any) -> Any:
        pair = statistics(channels) if running or not training else (None, None)
        kept.append(pair)
        return lambda x, weight, bias: function(x, *pair, weight, bias, training, momentum, eps)

    assert_same(apply(batch_norm), apply(F.batch_norm), x, *parameters(channels, affine))
    for mine, reference in zip(*kept, strict=True):
        if mine is not None:
            torch.testing.assert_close(mine, reference, rtol=1e-9, atol=1e-12)
            assert training or torch.equal(mine, statistics(channels)[mine is kept[0][1]])


def test_defaults_are_torchs() -> None:
    x = normal(4, 3, 2, 2)
    (mean, var), (means, variances) = statistics(3), statistics(3)
    y = F.batch_norm(x, means, variances, training=True)
    torch.testing.assert_close(batch_norm(x, mean, var, training=True), y)
    torch.testing.assert_close(mean, means)
    torch.testing.assert_close(var, variances)
    torch.testing.assert_close(batch_norm(x, mean, var), F.batch_norm(x, mean, var))
    for ours, torchs, argument in (
        (layer_norm, F.layer_norm, (2,)),
        (rms_norm, F.rms_norm, (2,)),
        (group_norm, F.group_norm, 3),
        (local_response_norm, F.local_response_norm, 3),
    ):
        torch.testing.assert_close(ours(x, argument), torchs(x, argument))  # type: ignore[operator]
    torch.testing.assert_close(instance_norm(x, mean, var), F.instance_norm(x, means, variances))
    torch.testing.assert_close(var, variances)


def test_momentum_weights_the_new_value_and_the_running_variance_is_unbiased() -> None:
    x = torch.tensor([1.0, 2.0, 3.0, 6.0], device=DEVICE).view(4, 1)  # mean 3, squares 14
    mean, var = torch.zeros(1, device=DEVICE), torch.ones(1, device=DEVICE)
    y = batch_norm(x, mean, var, training=True, momentum=0.25, eps=0.0)
    torch.testing.assert_close(y, (x - 3) / 3.5**0.5)
    assert mean.item() == 0.75
    assert var.item() == pytest.approx(0.75 + 0.25 * 14 / 3)


@random_cases
@given(batches(), st.floats(1e-6, 1))
def test_the_backward_formula_is_what_autograd_finds(x: Tensor, eps: float) -> None:
    weight, bias = parameters(x.shape[1], affine=True)
    assert weight is not None
    cotangent = normal(*x.shape, seed=5)
    leaves = [x.clone().requires_grad_(), weight.requires_grad_(), bias.requires_grad_()]  # type: ignore[union-attr]
    for function in (batch_norm, F.batch_norm):
        y = function(leaves[0], None, None, leaves[1], leaves[2], training=True, eps=eps)
        expected = torch.autograd.grad(y, leaves, cotangent)
        formula = batch_norm_backward(cotangent, x, weight.detach(), eps)
        for mine, reference in zip(formula, expected, strict=True):
            torch.testing.assert_close(mine, reference, rtol=1e-8, atol=1e-8)


@random_cases
@given(st.lists(st.integers(1, 4), max_size=2), positions.filter(bool), st.booleans())
def test_layer_norm_is_torchs(batch: list[int], shape: list[int], affine: bool) -> None:
    sizes = tuple(shape)
    pair = (normal(*sizes, seed=1), normal(*sizes, seed=2)) if affine else (None, None)
    assert_same(
        lambda x, weight, bias: layer_norm(x, sizes, weight, bias, 1e-3),
        lambda x, weight, bias: F.layer_norm(x, sizes, weight, bias, 1e-3),
        normal(*batch, *sizes),
        *pair,
    )
    if len(sizes) == 1:
        x = normal(*batch, *sizes)
        assert torch.equal(layer_norm(x, sizes[0]), layer_norm(x, sizes))


@random_cases
@given(
    st.lists(st.integers(1, 4), max_size=2),
    positions.filter(bool),
    st.booleans(),
    st.none() | st.floats(1e-6, 1),
)
def test_rms_norm_is_torchs(
    batch: list[int], shape: list[int], affine: bool, eps: float | None
) -> None:
    sizes = tuple(shape)
    assert_same(
        lambda x, weight: rms_norm(x, sizes, weight, eps),
        lambda x, weight: F.rms_norm(x, sizes, weight, eps),
        normal(*batch, *sizes),
        normal(*sizes, seed=1) if affine else None,
    )
    if len(sizes) == 1:
        x = normal(*batch, *sizes)
        assert torch.equal(rms_norm(x, sizes[0]), rms_norm(x, sizes))


def test_rms_norm_of_centred_numbers_is_layer_norm() -> None:
    x = normal(3, 5, 8)
    centred = x - x.mean(-1, keepdim=True)
    torch.testing.assert_close(rms_norm(centred, 8, eps=1e-5), layer_norm(x, 8))
    assert (rms_norm(x, 8) - layer_norm(x, 8)).abs().max() > 0.1
    torch.testing.assert_close(rms_norm(7 * x, 8), rms_norm(x, 8))


def test_layer_norm_of_each_position_is_torchs_layer_over_channels() -> None:
    x = normal(2, 6, 3, 4)
    ours = layer_norm(x.movedim(1, -1), 6).movedim(-1, 1)
    layer = nn.LayerNorm(6, device=DEVICE, dtype=torch.float64)
    torch.testing.assert_close(ours, layer(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2))
    assert ours.mean(1).abs().max() < 1e-9
    assert (ours - group_norm(x, 1)).abs().max() > 0.1


@random_cases
@given(
    st.integers(1, 3),
    st.integers(1, 3),
    st.integers(1, 3),
    positions,
    st.booleans(),
    st.floats(1e-6, 1),
)
def test_group_norm_is_torchs(
    number: int, groups: int, each: int, sizes: list[int], affine: bool, eps: float
) -> None:
    each += each * torch.Size(sizes).numel() == 1
    assert_same(
        lambda x, weight, bias: group_norm(x, groups, weight, bias, eps),
        lambda x, weight, bias: F.group_norm(x, groups, weight, bias, eps),
        normal(number, groups * each, *sizes),
        *parameters(groups * each, affine),
    )


@random_cases
@given(
    st.integers(1, 3),
    st.integers(1, 3),
    positions.filter(bool),
    st.booleans(),
    st.booleans(),
    st.booleans(),
    st.floats(0, 1),
)
def test_instance_norm_is_torchs(
    number: int,
    channels: int,
    sizes: list[int],
    affine: bool,
    running: bool,
    own: bool,
    momentum: float,
) -> None:
    sizes[0] += torch.Size(sizes).numel() == 1
    kept = []

    def apply(function: Any) -> Any:
        pair = statistics(channels) if running or not own else (None, None)
        kept.append(pair)
        return lambda x, weight, bias: function(x, *pair, weight, bias, own, momentum, 1e-3)

    x = normal(number, channels, *sizes)
    assert_same(apply(instance_norm), apply(F.instance_norm), x, *parameters(channels, affine))
    for mine, reference in zip(*kept, strict=True):
        if mine is not None:
            torch.testing.assert_close(mine, reference, rtol=1e-9, atol=1e-12)


@random_cases
@given(
    st.integers(1, 2),
    st.integers(1, 7),
    positions.filter(bool),
    st.integers(1, 8),
    st.floats(0, 2),
    st.floats(0.1, 1.5),
    st.floats(0.5, 3),
)
def test_local_response_norm_is_torchs(
    number: int, channels: int, sizes: list[int], size: int, alpha: float, beta: float, k: float
) -> None:
    assert_same(
        lambda x: local_response_norm(x, size, alpha, beta, k),
        lambda x: F.local_response_norm(x, size, alpha, beta, k),
        normal(number, channels, *sizes),
    )


def test_local_response_norm_of_the_paper() -> None:
    """Section 3.3 sums with alpha = 1e-4; torch's formula averages over the 5 channels."""
    x = 20 * normal(2, 8, 3, 3)
    expected = torch.empty_like(x)
    for i in range(8):
        around = x[:, max(0, i - 2) : i + 3].square().sum(1)
        expected[:, i] = x[:, i] / (2 + 1e-4 * around) ** 0.75
    torch.testing.assert_close(local_response_norm(x, 5, alpha=5e-4, beta=0.75, k=2), expected)
    wrong = local_response_norm(x, 5, alpha=1e-4, beta=0.75, k=2)
    assert (wrong / expected - 1).abs().max() > 0.01


def test_kinds_agree_where_they_average_the_same_numbers() -> None:
    x = normal(3, 4, 5, 2)
    torch.testing.assert_close(group_norm(x, 1), layer_norm(x, x.shape[1:]))
    torch.testing.assert_close(group_norm(x, 4), instance_norm(x))
    alone = batch_norm(x[:1], None, None, training=True)
    torch.testing.assert_close(instance_norm(x)[:1], alone)


@pytest.mark.parametrize(
    ("function", "shapes"),
    [
        (lambda x, w, b: batch_norm(x, None, None, w, b, training=True), [(3, 2, 2), (2,), (2,)]),
        (lambda x, w, b: batch_norm(x, *statistics(2), w, b), [(3, 2, 2), (2,), (2,)]),
        (lambda x, w, b: layer_norm(x, (2, 2), w, b), [(3, 2, 2), (2, 2), (2, 2)]),
        (lambda x, w: rms_norm(x, (2, 2), w), [(3, 2, 2), (2, 2)]),
        (lambda x, w, b: group_norm(x, 2, w, b), [(2, 4, 2), (4,), (4,)]),
        (lambda x, w, b: instance_norm(x, None, None, w, b), [(2, 2, 3), (2,), (2,)]),
        (lambda x: local_response_norm(x, 3, alpha=1.0), [(2, 4, 2)]),
    ],
    ids=["training", "evaluation", "layer", "RMS", "group", "instance", "response"],
)
def test_derivatives_by_differences(function: Any, shapes: Any) -> None:
    leaves = [normal(*shape, seed=i).requires_grad_() for i, shape in enumerate(shapes)]
    assert torch.autograd.gradcheck(function, leaves)


# ---------------------------------------------------------------------------- the layer


@pytest.mark.parametrize("affine", [True, False])
@pytest.mark.parametrize("track_running_stats", [True, False])
@pytest.mark.parametrize("momentum", [0.1, 0.5, None])
def test_layer_is_torchs_through_a_training(
    affine: bool, track_running_stats: bool, momentum: float | None
) -> None:
    made = (3, 1e-3, momentum, affine, track_running_stats)
    layers = [make(*made).double().to(DEVICE) for make in (BatchNorm2d, nn.BatchNorm2d)]
    optimizers = [
        torch.optim.SGD([*layer.parameters()], lr=0.1) if affine else None for layer in layers
    ]
    for step in range(4):
        outputs = []
        for layer, optimizer in zip(layers, optimizers, strict=True):
            layer.train(step != 2)
            y = layer(normal(2 + step, 3, 2, 4, seed=step))
            outputs.append(y)
            if optimizer is not None:
                optimizer.zero_grad()
                y.pow(3).mean().backward()
                optimizer.step()
        torch.testing.assert_close(*outputs)
    ours, torchs = (layer.state_dict() for layer in layers)
    assert list(ours) == list(torchs)
    for name in ours:
        torch.testing.assert_close(ours[name], torchs[name])


def test_state_is_exchanged_with_torchs_both_ways() -> None:
    ours, torchs = BatchNorm2d(3).to(DEVICE), nn.BatchNorm2d(3).to(DEVICE)
    for source, target in ((torchs, ours), (ours, torchs)):
        for seed in range(3):
            source(normal(2, 3, 4, 4, seed=seed).float())
        with torch.no_grad():
            source.weight.copy_(normal(3, seed=6))  # type: ignore[union-attr]
        target.load_state_dict(source.state_dict())
        assert target.num_batches_tracked is not None
        assert int(target.num_batches_tracked) == int(source.num_batches_tracked)  # type: ignore[arg-type]
        x = normal(2, 3, 4, 4, seed=9).float()
        torch.testing.assert_close(target.eval()(x), source.eval()(x))
        source.train(), target.train()
    assert int(ours.num_batches_tracked) == 6  # type: ignore[arg-type]
    assert ours.state_dict()["num_batches_tracked"].dtype == torch.int64
    assert ours.state_dict()._metadata[""] == torchs.state_dict()._metadata[""]  # type: ignore[attr-defined]


def test_without_momentum_the_statistics_are_averages() -> None:
    layer = BatchNorm2d(2, momentum=None).double().to(DEVICE)
    batches = [normal(3, 2, 2, 2, seed=seed) for seed in range(5)]
    for batch in batches:
        layer(batch)
    means = torch.stack([batch.mean((0, 2, 3)) for batch in batches])
    variances = torch.stack([batch.transpose(0, 1).flatten(1).var(1) for batch in batches])
    torch.testing.assert_close(layer.running_mean, means.mean(0))
    torch.testing.assert_close(layer.running_var, variances.mean(0))


def test_layer_says_what_it_was_made_with() -> None:
    layer = BatchNorm2d(4, eps=0.1, momentum=None, affine=False, track_running_stats=False)
    assert repr(layer) == (
        "BatchNorm2d(4, eps=0.1, momentum=None, affine=False, track_running_stats=False)"
    )
    assert not layer.state_dict()
    for x in (torch.zeros(4, 2, 2), torch.zeros(2, 4)):
        with pytest.raises(ValueError, match=r"expected \(N, C, H, W\)"):
            layer(x)


# ---------------------------------------------------------------------------- wrong arguments

X, C = torch.zeros(2, 4, 3, 3), torch.zeros(4)
WRONG = {
    "array": (TypeError, "x is a ndarray", batch_norm, (X.numpy(), C, C)),
    "integers": (TypeError, "x is torch.int64", batch_norm, (X.long(), C, C)),
    "flat": (ValueError, r"shape \(4,\); expected \(N, C, ...\)", batch_norm, (C, C, C)),
    "dtype": (TypeError, "running_mean is torch.float64", batch_norm, (X, C.double(), C)),
    "a list": (TypeError, "weight is a list", batch_norm, (X, C, C, [1.0])),
    "mean": (ValueError, r"running_mean.*\(3,\).*\(4,\)", batch_norm, (X, C[:3], C)),
    "variance": (ValueError, r"running_var.*\(1,\)", batch_norm, (X, C, C[:1])),
    "weight": (ValueError, r"weight has shape \(2,\)", batch_norm, (X, C, C, C[:2])),
    "bias": (ValueError, r"bias has shape \(2,\)", batch_norm, (X, C, C, C, C[:2])),
    "half": (ValueError, "only one of running", batch_norm, (X, C, None, None, None, True)),
    "none": (ValueError, "are None; expected tensors in ev", batch_norm, (X, None, None)),
    "one value": (
        ValueError, r"\(1, 4, 1, 1\), one value per channel", batch_norm,
        (X[:1, :, :1, :1], C, C, None, None, True),
    ),
    "group divisor": (ValueError, "num_groups is 3.*divisor of the 4 channels", group_norm, (X, 3)),
    "no groups": (ValueError, "num_groups is 0", group_norm, (X, 0)),
    "half a group": (TypeError, "num_groups is 0.5", group_norm, (X, 0.5)),
    "one value a group": (ValueError, "one value a group", group_norm, (X[:1, :, 0, 0], 4)),
    "group weight": (ValueError, r"weight has shape \(3,\)", group_norm, (X, 2, C[:3])),
    "layer shape": (ValueError, r"normalized_shape is \(4, 3\)", layer_norm, (X, (4, 3))),
    "no shape": (ValueError, r"normalized_shape is \(\)", layer_norm, (X, ())),
    "layer array": (TypeError, "x is a ndarray", layer_norm, (X.numpy(), (3,))),
    "layer integers": (TypeError, "x is torch.int64", layer_norm, (X.long(), (3,))),
    "layer dtype": (TypeError, "bias is torch.f", layer_norm, (X, 3, None, C[:3].double())),
    "layer weight": (ValueError, r"weight has shape \(4,\).*\(3,\)", layer_norm, (X, (3,), C)),
    "layer bias": (ValueError, r"bias has shape \(4,\)", layer_norm, (X, (3,), None, C)),
    "RMS shape": (ValueError, r"normalized_shape is \(4, 3\)", rms_norm, (X, (4, 3))),
    "RMS array": (TypeError, "x is a ndarray", rms_norm, (X.numpy(), (3,))),
    "RMS weight": (ValueError, r"weight has shape \(4,\).*\(3,\)", rms_norm, (X, (3,), C)),
    "RMS dtype": (TypeError, "weight is torch.f", rms_norm, (X, 3, C[:3].double())),
    "instance": (ValueError, "one position a channel", instance_norm, (X[..., :1, :1],)),
    "no positions": (ValueError, "one position a channel", instance_norm, (X[..., 0, 0],)),
    "no statistics": (
        ValueError, "are None", instance_norm, (X, None, None, None, None, False)
    ),
    "half an instance": (ValueError, "only one of running", instance_norm, (X, C, None)),
    "response size": (ValueError, "size is 0", local_response_norm, (X, 0)),
    "response shape": (ValueError, r"\(N, C, ...\)", local_response_norm, (X[0, 0], 2)),
}  # fmt: skip


@pytest.mark.parametrize(
    ("error", "message", "function", "arguments"), WRONG.values(), ids=list(WRONG)
)
def test_wrong_arguments_are_named(
    error: type[Exception], message: str, function: Any, arguments: Any
) -> None:
    with pytest.raises(error, match=message):
        function(*arguments)
    with pytest.raises((RuntimeError, ValueError, TypeError, IndexError, ZeroDivisionError)):
        getattr(F, function.__name__)(*arguments)


def test_the_backward_formula_names_wrong_arguments() -> None:
    with pytest.raises(ValueError, match=r"gradient has shape \(4,\); expected \(2, 4, 3, 3\)"):
        batch_norm_backward(C, X, C)
    with pytest.raises(ValueError, match="weight has shape"):
        batch_norm_backward(X, X, C[:1])


def test_a_variance_of_one_value_a_channel_is_refused_by_both_layers() -> None:
    for layer in (BatchNorm2d(4), nn.BatchNorm2d(4)):
        with pytest.raises(ValueError, match="value"):
            layer(X[:1, :, :1, :1])
        layer.eval()(X[:1, :, :1, :1])


def test_room_exports_the_modules() -> None:
    from cvlib import layers

    for module in (normalization, group_normalization):
        for name in module.__all__:
            assert getattr(layers, name) is getattr(module, name)
