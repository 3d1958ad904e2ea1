"""The plain network that pages load: its answers, Grad-CAM and occlusion, beside the package's."""

from __future__ import annotations

import base64
import io
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from torch import Tensor, nn

from book import live
from cvlib.data import cifar10, photograph
from cvlib.layers.pooling import interpolate
from cvlib.networks import PlainNet, pretrained
from cvlib.networks.grad_cam import grad_cam
from cvlib.networks.occlusion import occlusion
from tests.live.conftest import Engine
from tests.live.test_network import drawn
from tests.regression.plugin import missing_sets

needs_cifar10 = pytest.mark.skipif(
    bool(missing_sets(["CIFAR10"])), reason="no CIFAR10 under CVLIB_DATA"
)
WIDTHS = st.lists(st.lists(st.integers(1, 5), min_size=1, max_size=2), min_size=1, max_size=2)


def plain(seed: int, widths: Any) -> PlainNet:
    """Make a plain network whose normalizations do something."""
    torch.manual_seed(seed)
    model = PlainNet(widths, num_classes=4).eval()
    for part in model.modules():
        if isinstance(part, nn.BatchNorm2d):
            part.weight.data.uniform_(0.2, 2)
            part.bias.data.normal_()
            assert part.running_mean is not None
            assert part.running_var is not None
            part.running_mean.normal_()
            part.running_var.uniform_(0.1, 2)
    return model


def relus(network: dict[str, Any]) -> dict[str, int]:
    """Find the places of named layers."""
    return {layer["name"]: at for at, layer in enumerate(network["layers"]) if "name" in layer}


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 99), WIDTHS, st.sampled_from([4, 7, 8]), st.integers(0, 3))
def test_plain_networks_answer_and_explain_as_torch_does(
    engine: Engine, seed: int, widths: Any, side: int, k: int
) -> None:
    model, x = plain(seed, widths), torch.rand(1, 3, side, side)
    network = live.plain_net(model, exact=True)
    with torch.no_grad():
        np.testing.assert_allclose(engine("predict", network, x), model(x), atol=1e-4)
    layers = engine("unpack", network)
    names = relus(network)
    assert list(names) == [n for n, part in model.named_modules() if isinstance(part, nn.ReLU)]
    heats = engine("grad_cam", layers, x[0], k, list(names.values()))
    for name, heat in zip(names, heats, strict=True):
        np.testing.assert_allclose(heat, grad_cam(model, name, x, k)[0], atol=1e-4)


class Scale(nn.Module):
    """What the engine calls a scale."""

    def __init__(self, a: float, b: float) -> None:
        super().__init__()
        self.a, self.b = a, b

    def forward(self, x: Tensor) -> Tensor:
        return self.a * x + self.b


def unfolded(layers: list[dict[str, Any]]) -> nn.Sequential:
    """Make of the engine's layers a model of torch, a part for each."""
    parts: list[nn.Module] = []
    for layer in layers:
        part: nn.Module
        if layer["kind"] in ("conv2d", "linear"):
            weight = torch.tensor(layer["weight"])
            outputs, inputs = weight.shape[:2]
            if layer["kind"] == "linear":
                part = nn.Linear(inputs, outputs)
            else:
                part = nn.Conv2d(inputs, outputs, weight.shape[2], padding=layer["padding"])
            part.load_state_dict({"weight": weight, "bias": torch.tensor(layer["bias"])})
        elif layer["kind"] == "mean":
            part = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())
        elif layer["kind"] == "max_pool2d":
            part = nn.MaxPool2d(layer["kernel"])
        else:
            part = Scale(layer["a"], layer["b"]) if layer["kind"] == "scale" else nn.ReLU()
        parts.append(part)
    return nn.Sequential(*parts).eval()


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 99), st.integers(1, 7), st.integers(1, 7), st.floats(0, 1), st.integers(0, 3))
def test_occlusion(engine: Engine, seed: int, size: int, stride: int, value: float, k: int) -> None:
    model, x = plain(seed, ((3,), (4,))), torch.rand(1, 3, 7, 7)
    options = {"size": size, "stride": min(size, stride)}
    layers = engine("unpack", live.plain_net(model, exact=True))
    found = engine("occlusion", layers, x[0], k, {**options, "value": value})
    expected = occlusion(model, x, k, **options, value=value)[0]
    np.testing.assert_allclose(found, expected, atol=1e-4)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 99), *(st.integers(1, 9) for _ in range(4)), st.integers(1, 2))
def test_interpolate(
    engine: Engine, seed: int, height: int, width: int, high: int, wide: int, channels: int
) -> None:
    x = drawn(seed, 1, channels, height, width)
    expected = interpolate(x, (high, wide), mode="bilinear")[0]
    np.testing.assert_allclose(engine("interpolate", x[0], [high, wide]), expected, atol=1e-5)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 99), st.integers(1, 70), st.integers(1, 70), st.sampled_from([1, 5, 32]))
def test_square_is_the_middle_each_pixel_a_mean(
    engine: Engine, seed: int, height: int, width: int, side: int
) -> None:
    generator = np.random.default_rng(seed)
    pixels = generator.integers(0, 256, (height, width, 3), dtype=np.uint8)
    whole = min(height, width)
    top, left = (height - whole) // 2, (width - whole) // 2
    middle = torch.from_numpy(pixels[top : top + whole, left : left + whole]).double()
    means = F.interpolate(middle.permute(2, 0, 1)[None], (side, side), mode="area")[0]
    expected = (means + 0.5).floor().byte().permute(1, 2, 0)
    np.testing.assert_array_equal(engine("square", pixels, side), expected)


def test_to_tensor(engine: Engine) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (4, 5, 3), dtype=np.uint8)
    expected = torch.from_numpy(pixels).permute(2, 0, 1) / 255
    np.testing.assert_array_equal(engine("to_tensor", pixels), expected)


def test_normalization_that_turns_numbers_over_is_refused() -> None:
    model = plain(0, ((2,),))
    model.features[2].weight.data[1] = -0.1
    with pytest.raises(ValueError, match=r"features\.0 is followed by scales <= 0"):
        live.plain_net(model)


def shown() -> dict[str, Tensor]:
    """Read the photographs that pages show."""
    found = {}
    for name, address in live.photographs().items():
        file = io.BytesIO(base64.b64decode(address.partition(",")[2]))
        with Image.open(file) as picture:
            found[name] = torch.from_numpy(np.array(picture)).permute(2, 0, 1) / 255
    return found


def test_photographs_are_those_of_the_chapter() -> None:
    cat = torch.from_numpy(photograph("chelsea")[:300, 90:390]).permute(2, 0, 1)[None] / 255
    small = F.interpolate(F.interpolate(cat, (64, 64), mode="area"), (32, 32), mode="area")[0]
    assert {*shown()} == {"cat", "rocket", "motorcycle"}
    torch.testing.assert_close(shown()["cat"], small, atol=0.51 / 255, rtol=0)


def test_photographs_get_torchs_answers_and_maps(engine: Engine) -> None:
    model, network = pretrained("small_net"), live.small_net()
    pictures = torch.stack(list(shown().values()))
    with torch.no_grad():
        expected = model(pictures)
    found = engine("predict", network, pictures)
    assert np.array_equal(found.argmax(1), expected.argmax(1))
    np.testing.assert_allclose(found, expected, atol=0.1)  # weights of 8 bits
    # Beside a model with the same rounded weights, all is equal.
    layers = engine("unpack", network)
    same, names = unfolded(layers), relus(network)
    for picture, k in zip(pictures, expected.argmax(1).tolist(), strict=True):
        heats = engine("grad_cam", layers, picture, k, list(names.values()))
        for at, heat in zip(names.values(), heats, strict=True):
            right = grad_cam(same, str(at), picture[None], k)[0]
            np.testing.assert_allclose(heat, right, atol=1e-4)
        options = {"size": 16, "stride": 8, "value": 0.5}
        drops = occlusion(same, picture[None], k, size=16, stride=8, value=0.5)[0]
        np.testing.assert_allclose(
            engine("occlusion", layers, picture, k, options), drops, atol=1e-4
        )


@needs_cifar10
def test_small_net_gives_torchs_answers_to_two_hundred_pictures(engine: Engine) -> None:
    model = pretrained("small_net")
    pictures = cifar10("test")[::50].images.float() / 255
    with torch.no_grad():
        expected = model(pictures)
    found = torch.tensor(engine("predict", live.small_net(), pictures))
    np.testing.assert_allclose(found, expected, atol=0.2)  # weights of 8 bits
    # Where another class wins, two were all but equal.
    others = found.argmax(1) != expected.argmax(1)
    first, second = expected[others].topk(2).values.T
    assert others.sum() <= 2
    assert (first - second < 0.03).all()
