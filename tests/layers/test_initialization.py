"""First weights against torch's, to the bit, and what is measured behind each layer."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

import cvlib
from cvlib import layers
from cvlib.layers import initialization
from cvlib.layers.initialization import (
    calculate_gain,
    fan_in_and_fan_out,
    initialize_layers,
    kaiming_normal_,
    kaiming_uniform_,
    layer_signals,
    orthogonal_,
    xavier_normal_,
    xavier_uniform_,
)

DEVICE = cvlib.device()
random_cases = settings(deadline=None, max_examples=60, derandomize=True)
shapes = st.lists(st.integers(1, 9), min_size=2, max_size=5)
dtypes = st.sampled_from([torch.float32, torch.float64])
ACTIVATIONS = ["linear", "relu", "leaky_relu", "tanh", "sigmoid", "selu", "conv2d"]


def seeded(seed: int) -> torch.Generator:
    return torch.Generator(DEVICE).manual_seed(seed)


def assert_same_bits(name: str, shape: list[int], dtype: torch.dtype, **rest: Any) -> None:
    filled, states = [], []
    for place in (initialization, nn.init):
        generator, weight = seeded(3), torch.empty(shape, dtype=dtype, device=DEVICE)
        result = getattr(place, name)(weight, **rest, generator=generator)
        assert result is weight
        filled.append(weight)
        states.append(generator.get_state())
    assert torch.equal(*filled)
    assert torch.equal(*states)


@random_cases
@given(shapes, dtypes, st.floats(0.1, 3), st.sampled_from(["uniform", "normal"]))
def test_xavier_is_torchs(shape: list[int], dtype: torch.dtype, gain: float, kind: str) -> None:
    assert_same_bits(f"xavier_{kind}_", shape, dtype, gain=gain)


@random_cases
@given(
    shapes,
    dtypes,
    st.floats(-2, 2),
    st.sampled_from(["fan_in", "fan_out"]),
    st.sampled_from(ACTIVATIONS),
    st.sampled_from(["uniform", "normal"]),
)
def test_kaiming_is_torchs(
    shape: list[int], dtype: torch.dtype, a: float, mode: str, nonlinearity: str, kind: str
) -> None:
    rest = {"a": a, "mode": mode, "nonlinearity": nonlinearity}
    assert_same_bits(f"kaiming_{kind}_", shape, dtype, **rest)


@random_cases
@given(shapes, dtypes, st.floats(0.1, 3))
def test_orthogonal_is_torchs(shape: list[int], dtype: torch.dtype, gain: float) -> None:
    assert_same_bits("orthogonal_", shape, dtype, gain=gain)


@pytest.mark.parametrize(
    "name",
    [f"{who}_{kind}_" for who in ("xavier", "kaiming") for kind in ("uniform", "normal")]
    + ["orthogonal_"],
)
def test_defaults_and_torchs_own_generator(name: str) -> None:
    filled = []
    for place in (initialization, nn.init):
        torch.manual_seed(0)
        filled.append(getattr(place, name)(torch.empty(7, 5)))
    assert torch.equal(*filled)


@random_cases
@given(shapes, st.booleans())
def test_fans_are_torchs(shape: list[int], large: bool) -> None:
    weight = torch.empty([side * (3 if large else 1) for side in shape])
    assert fan_in_and_fan_out(weight) == nn.init._calculate_fan_in_and_fan_out(weight)


@pytest.mark.parametrize("name", sorted({*initialization._GAINS, "leaky_relu"}))
def test_gains_are_torchs(name: str) -> None:
    assert calculate_gain(name) == nn.init.calculate_gain(name)  # type: ignore[arg-type]


@random_cases
@given(st.one_of(st.floats(-5, 5), st.integers(-3, 3)))
def test_gain_of_a_leaky_relu(slope: float) -> None:
    gain = calculate_gain("leaky_relu", slope)
    assert gain == nn.init.calculate_gain("leaky_relu", slope)
    z = torch.randn(8, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    z = torch.cat([z, -z])
    kept = layers.leaky_relu(gain * z, slope).square().mean() / z.square().mean()
    assert float(kept) == pytest.approx(1)


@random_cases
@given(st.integers(1, 12), st.integers(1, 12), st.floats(0.2, 3))
def test_orthogonal_rows_or_columns(rows: int, columns: int, gain: float) -> None:
    weight = torch.empty(rows, columns, dtype=torch.float64)
    orthogonal_(weight, gain, torch.Generator().manual_seed(1))
    fewer = weight if rows <= columns else weight.T
    expected = gain**2 * torch.eye(len(fewer), dtype=torch.float64)
    torch.testing.assert_close(fewer @ fewer.T, expected)


def test_orthogonal_matrices_are_drawn_evenly() -> None:
    """Without the signs, Q's first entry would have one sign alone."""
    generator = torch.Generator().manual_seed(0)
    corners = [float(orthogonal_(torch.empty(2, 2), generator=generator)[0, 0]) for _ in range(400)]
    assert 150 < sum(corner > 0 for corner in corners) < 250


@pytest.mark.parametrize(
    ("fill", "variance"),
    [
        (lambda w, g: xavier_uniform_(w, 1.5, g), 1.5**2 * 2 / (300 + 500)),
        (lambda w, g: xavier_normal_(w, 1.5, g), 1.5**2 * 2 / (300 + 500)),
        (lambda w, g: kaiming_uniform_(w, generator=g), 2 / 300),
        (lambda w, g: kaiming_normal_(w, mode="fan_out", generator=g), 2 / 500),
        (lambda w, g: kaiming_uniform_(w, a=5**0.5, generator=g), 1 / 300 / 3),
    ],
    ids=["xavier uniform", "xavier normal", "he uniform", "he normal, fan out", "torch's default"],
)
def test_variances_are_those_of_the_papers(fill: Any, variance: float) -> None:
    weight = fill(torch.empty(500, 300, dtype=torch.float64), torch.Generator().manual_seed(0))
    assert float(weight.square().mean()) == pytest.approx(variance, rel=0.02)
    assert abs(float(weight.mean())) < 5 * math.sqrt(variance / weight.numel())


@pytest.mark.parametrize("layer", [nn.Linear(20, 30), nn.Conv2d(3, 8, 5), nn.Conv1d(4, 6, 3)])
def test_torchs_default_is_he_with_the_root_of_five(layer: Any) -> None:
    torch.manual_seed(2)
    layer.reset_parameters()
    torch.manual_seed(2)
    weight = kaiming_uniform_(torch.empty_like(layer.weight), a=math.sqrt(5))
    assert torch.equal(weight, layer.weight)


def test_a_weight_that_learns_can_be_filled_and_goes_on_learning() -> None:
    layer = nn.Linear(3, 2)
    for fill in (xavier_uniform_, xavier_normal_, kaiming_uniform_, kaiming_normal_, orthogonal_):
        fill(layer.weight)  # type: ignore[operator]
        assert layer.weight.requires_grad
        assert layer.weight.is_leaf


def test_orthogonal_fills_what_does_not_lie_in_a_row() -> None:
    weight = torch.empty(4, 3, 2, 2).to(memory_format=torch.channels_last)
    orthogonal_(weight, generator=torch.Generator().manual_seed(0))
    plain = orthogonal_(torch.empty(4, 3, 2, 2), generator=torch.Generator().manual_seed(0))
    assert torch.equal(weight, plain)


# ---------------------------------------------------------------------------- a whole model


def test_all_layers_are_initialized_and_counted() -> None:
    model = nn.Sequential(
        nn.Conv2d(1, 4, 3, bias=False), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(16, 2)
    )
    before = model[1].weight.clone()
    assert initialize_layers(model, nn.init.ones_, bias=0.5) == 2
    assert bool((model[0].weight == 1).all()) and bool((model[3].weight == 1).all())  # noqa: PT018
    assert model[3].bias.tolist() == [0.5, 0.5]
    assert torch.equal(model[1].weight, before)
    assert initialize_layers(nn.Linear(2, 2), torch.zero_) == 1


def test_to_touch_nothing_is_refused() -> None:
    for model in (nn.Sequential(), nn.BatchNorm2d(3)):
        with pytest.raises(ValueError, match="model has no convolution and no fully connected"):
            initialize_layers(model, nn.init.ones_)
        with pytest.raises(ValueError, match="model has no convolution"):
            layer_signals(model, torch.ones(2, 3))


def test_a_lazy_layer_is_refused_until_it_has_weights() -> None:
    model = nn.Sequential(nn.Linear(3, 4), nn.LazyLinear(2))
    first = model[0].weight.clone()
    with pytest.raises(ValueError, match="model has a layer '1', a LazyLinear"):
        initialize_layers(model, nn.init.ones_)
    assert torch.equal(model[0].weight, first)  # nothing was changed by half
    model(torch.zeros(1, 3))
    assert initialize_layers(model, nn.init.ones_) == 2


def small() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 5), nn.Tanh(), nn.Linear(5, 4), nn.ReLU(), nn.Linear(4, 2))


def test_signals_are_what_autograd_finds() -> None:
    model = small().double()
    x = torch.randn(6, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    signals = layer_signals(model, x, torch.Generator().manual_seed(2))
    assert [signal.name for signal in signals] == ["0", "2", "4"]
    first = model[0](x)
    second = model[2](first.tanh())
    y = model[4](second.relu())
    sent = torch.randn(y.shape, dtype=y.dtype, generator=torch.Generator().manual_seed(2))
    gradients = torch.autograd.grad(y, (first, second, y), sent)
    for signal, z, gradient in zip(signals, (first, second, y), gradients, strict=True):
        parts = (z.detach(), (z - z.mean(0)).detach(), gradient)
        rms = [float(part.square().mean().sqrt()) for part in parts]
        assert list(signal[1:]) == pytest.approx(rms)


def test_signals_see_through_an_activation_in_place_and_frozen_weights() -> None:
    x, signals = torch.rand(4, 3), []
    for inplace in (False, True):
        torch.manual_seed(0)
        model = nn.Sequential(nn.Linear(3, 3), nn.ReLU(inplace), nn.Linear(3, 3)).requires_grad_(
            inplace
        )
        signals.append(layer_signals(model, x, torch.Generator().manual_seed(0)))
    assert signals[0] == signals[1]


def test_signals_leave_the_model_as_it_was() -> None:
    model = small()
    state = {name: value.clone() for name, value in model.state_dict().items()}
    with torch.no_grad():
        layer_signals(model, torch.rand(4, 3))
    for name, value in model.state_dict().items():
        assert torch.equal(value, state[name])
    assert not any(layer._forward_hooks for layer in model.modules())
    assert all(parameter.grad is None for parameter in model.parameters())


def test_hooks_go_even_if_the_model_fails() -> None:
    model = small()
    with pytest.raises(RuntimeError):
        layer_signals(model, torch.rand(4, 7))
    assert not any(layer._forward_hooks for layer in model.modules())


def test_a_layer_that_the_answer_does_not_need_gets_no_gradient() -> None:
    class Aside(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.used, self.aside = nn.Linear(2, 2), nn.Linear(2, 2)

        def forward(self, x: Tensor) -> Tensor:
            self.aside(x)
            return self.used(x)

    signals = {signal.name: signal for signal in layer_signals(Aside(), torch.rand(3, 2))}
    assert signals["aside"].gradient == 0 < signals["used"].gradient


def test_he_keeps_the_mean_square_in_the_mean_over_draws() -> None:
    """The chapter's formula: with gain g, a layer and a ReLU multiply it by g² / 2."""
    x = torch.randn(20, 30, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    generator = torch.Generator().manual_seed(1)
    for a in (0.0, 0.5):
        squares = []
        for _ in range(300):
            weight = kaiming_normal_(torch.empty(40, 30).double(), a, generator=generator)
            squares.append(float(layers.leaky_relu(x @ weight.T, a).square().mean()))
        assert sum(squares) / 300 == pytest.approx(float(x.square().mean()), rel=0.03)


# ---------------------------------------------------------------------------- wrong arguments

W = torch.empty(2, 3)
WRONG = {
    "array": (TypeError, "tensor is a ndarray", xavier_uniform_, (W.numpy(),)),
    "integers": (TypeError, "tensor is torch.int64", kaiming_normal_, (W.long(),)),
    "one dimension": (ValueError, r"shape \(2,\); expected \(O, I", xavier_normal_, (W[:, 0],)),
    "empty": (ValueError, r"shape \(0, 3\)", orthogonal_, (W[:0],)),
    "flat": (ValueError, r"shape \(3,\)", orthogonal_, (W[0],)),
    "fans": (ValueError, r"shape \(3,\)", fan_in_and_fan_out, (W[0],)),
    "mode": (ValueError, "mode is 'fan'; expected 'fan_in' or", kaiming_uniform_, (W, 0, "fan")),
    "activation": (ValueError, "nonlinearity is 'swish'", calculate_gain, ("swish",)),
    "slope": (TypeError, "param is '0'; expected a number", calculate_gain, ("leaky_relu", "0")),
    "nan": (ValueError, "param is nan", calculate_gain, ("leaky_relu", math.nan)),
    "signals": (TypeError, "x is torch.int64", layer_signals, (nn.Linear(2, 2), W.long())),
}  # fmt: skip


@pytest.mark.parametrize(
    ("error", "message", "function", "arguments"), WRONG.values(), ids=list(WRONG)
)
def test_wrong_arguments_are_named(
    error: type[Exception], message: str, function: Any, arguments: Any
) -> None:
    with pytest.raises(error, match=message):
        function(*arguments)


def test_room_exports_the_module() -> None:
    for name in initialization.__all__:
        assert getattr(layers, name) is getattr(initialization, name)
