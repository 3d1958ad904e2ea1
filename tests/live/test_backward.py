"""The way back through layers, as pages compute it, beside torch's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from tests.live.conftest import Engine
from tests.live.test_network import drawn

sides = st.integers(1, 8)
CONVOLUTIONS = (
    *(st.integers(0, 99), st.integers(1, 3), st.integers(1, 3), st.integers(1, 2), sides, sides),
    *(st.integers(1, 4), st.integers(1, 4), st.integers(1, 3), st.integers(0, 3)),
    st.integers(1, 3),
)


def slope(y: Tensor, x: Tensor, gradient: Tensor) -> Tensor:
    (found,) = torch.autograd.grad(y, x, gradient)
    return found


@settings(max_examples=50, deadline=None)
@given(*CONVOLUTIONS)
def test_conv2d_input(
    engine: Engine, seed: int, slices: int, outputs: int, groups: int, height: int, width: int,
    rows: int, columns: int, stride: int, padding: int, dilation: int,
) -> None:  # fmt: skip
    x = drawn(seed, 1, slices * groups, height, width).requires_grad_()
    weight = drawn(seed + 1, outputs * groups, slices, rows, columns)
    options = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    try:
        y = F.conv2d(x, weight, None, **options)
    except RuntimeError:
        return  # the kernel does not fit
    gradient = drawn(seed + 2, *y.shape)
    found = engine("conv2d_input", list(x.shape[1:]), weight, gradient[0], options)
    np.testing.assert_allclose(found, slope(y, x, gradient)[0], atol=2e-5)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 99), st.integers(1, 3), sides, sides, st.integers(1, 4), st.data())
def test_max_pool2d_input_also_where_numbers_are_equal(
    engine: Engine, seed: int, channels: int, height: int, width: int, kernel: int, data: Any
) -> None:
    padding = data.draw(st.integers(0, kernel // 2))
    if min(height, width) + 2 * padding < kernel:
        return
    levels = data.draw(st.sampled_from([1, 3, 1000]))
    x = (drawn(seed, 1, channels, height, width) * levels).round().requires_grad_()
    options = {"stride": data.draw(st.integers(1, 4)), "padding": padding}
    y = F.max_pool2d(x, kernel, **options)
    gradient = drawn(seed + 1, *y.shape)
    found = engine("max_pool2d_input", x[0], kernel, gradient[0], options)
    np.testing.assert_allclose(found, slope(y, x, gradient)[0], atol=1e-5)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 99), st.integers(1, 4), sides, st.integers(1, 5))
def test_backward_of_layers_without_places(
    engine: Engine, seed: int, channels: int, side: int, outputs: int
) -> None:
    x = drawn(seed, channels, side, side)
    x[drawn(seed + 3, *x.shape) < -1] = 0  # where torch's ReLU lets nothing back
    x.requires_grad_()
    weight = drawn(seed + 1, outputs, channels)
    means = x.detach().mean((1, 2)).requires_grad_()
    for layer, given_x, y in (
        ({"kind": "relu"}, x, F.relu(x)),
        ({"kind": "scale", "a": -1.5, "b": 2}, x, -1.5 * x + 2),
        ({"kind": "mean"}, x, x.mean((1, 2))),
        ({"kind": "linear", "weight": weight}, means, F.linear(means, weight)),
    ):
        gradient = drawn(seed + 2, *y.shape)
        found = engine("backward", layer, given_x, gradient)
        np.testing.assert_allclose(found, slope(y, given_x, gradient), atol=1e-5)


def test_layer_without_a_way_back_says_so(engine: Engine) -> None:
    with pytest.raises(ValueError, match=r"layer\.kind is distances, which has no way back"):
        engine("backward", {"kind": "distances"}, drawn(0, 2), drawn(0, 2))
