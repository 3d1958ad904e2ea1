"""Layers and networks, as pages compute them, beside torch's."""

from __future__ import annotations

import json
import math
from typing import Any

import cv2
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from book import live
from cvlib.data import mnist_sample
from cvlib.networks import pretrained
from tests.live.conftest import Engine

sides = st.integers(1, 9)


def drawn(seed: int, *shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@settings(max_examples=60, deadline=None)  # the first starts node
@given(
    st.integers(0, 99), st.integers(1, 3), st.integers(1, 3), st.integers(1, 2), sides, sides,
    st.integers(1, 5), st.integers(1, 4), st.integers(1, 3), st.integers(0, 3), st.integers(1, 3),
    st.booleans(),
)  # fmt: skip
def test_conv2d(
    engine: Engine, seed: int, slices: int, outputs: int, groups: int, height: int, width: int,
    rows: int, columns: int, stride: int, padding: int, dilation: int, biased: bool,
) -> None:  # fmt: skip
    x = drawn(seed, slices * groups, height, width)
    weight = drawn(seed + 1, outputs * groups, slices, rows, columns)
    bias = drawn(seed + 2, outputs * groups) if biased else None
    options = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    try:
        expected = F.conv2d(x[None], weight, bias, **options)[0]
    except RuntimeError:
        with pytest.raises(ValueError, match="does not fit"):
            engine("conv2d", x, weight, bias, options)
        return
    np.testing.assert_allclose(engine("conv2d", x, weight, bias, options), expected, atol=1e-5)


def test_conv2d_with_other_channels_says_so(engine: Engine) -> None:
    with pytest.raises(ValueError, match="weight is 2 × 3 × 1 × 1 in 1 groups; expected slices f"):
        engine("conv2d", drawn(0, 2, 4, 4), drawn(0, 2, 3, 1, 1))


@settings(max_examples=40)
@given(st.integers(0, 99), st.integers(1, 3), sides, sides, st.integers(1, 4), st.data())
def test_pooling(
    engine: Engine, seed: int, channels: int, height: int, width: int, kernel: int, data: Any
) -> None:
    padding = data.draw(st.integers(0, kernel // 2))
    if min(height, width) + 2 * padding < kernel:
        return
    x = drawn(seed, channels, height, width)
    options = {"stride": data.draw(st.integers(1, 4)), "padding": padding}
    for name in ("max_pool2d", "avg_pool2d"):
        expected = getattr(F, name)(x[None], kernel, **options)[0]
        np.testing.assert_allclose(engine(name, x, kernel, options), expected, rtol=1e-5, atol=1e-6)


@given(st.integers(0, 99), st.integers(1, 20), st.integers(1, 20), st.sampled_from([1, 100, 1e4]))
def test_linear_relu_and_softmax(
    engine: Engine, seed: int, inputs: int, outputs: int, scale: float
) -> None:
    x, weight, bias = drawn(seed, inputs), drawn(seed + 1, outputs, inputs), drawn(seed, outputs)
    y = F.linear(x, weight, bias) * scale
    found = engine("linear", x, weight, bias)
    np.testing.assert_allclose(found, y / scale, rtol=1e-5, atol=1e-5)
    assert np.array_equal(engine("relu", y), y.relu())
    np.testing.assert_allclose(engine("softmax", y), y.softmax(0), rtol=1e-5, atol=1e-7)


@given(st.binary(max_size=60))
def test_bytes_come_back_from_their_letters(engine: Engine, data: bytes) -> None:
    text = live.letters(data)
    assert json.dumps(text) == f'"{text}"'
    assert 2 * math.ceil(8 * len(data) / 13) == len(text)
    assert engine("bytes", text, len(data)).tobytes() == data


@given(st.integers(0, 99), sides, sides, st.sampled_from([1, 3, 5]))
def test_filtered_is_conv2d_and_says_how_strong(
    engine: Engine, seed: int, height: int, width: int, side: int
) -> None:
    x, kernel = drawn(seed, 1, height, width), drawn(seed + 1, side, side)
    found = engine("filtered", x, kernel)
    expected = cv2.filter2D(x[0].numpy(), -1, kernel.numpy())
    np.testing.assert_allclose(found["y"][0], expected, atol=1e-5)
    sizes = np.abs(found["y"])
    assert found["strongest"] in sizes
    assert np.mean(sizes > found["strongest"]) <= 0.01 + 1 / sizes.size


def test_lenet_gives_torchs_answers_to_a_thousand_digits(engine: Engine) -> None:
    model = pretrained("lenet").eval()
    digits = mnist_sample().images[4000:].float() / 255
    assert len(digits) == 1000
    with torch.no_grad():
        expected = model(digits)
    found = engine("predict", live.lenet(), digits)
    assert np.array_equal(found.argmax(1), expected.argmax(1))
    np.testing.assert_allclose(found, expected, atol=0.3)  # weights of 8 bits and fewer
