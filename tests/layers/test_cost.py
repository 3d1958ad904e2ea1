"""Costs against torch's own counter, counted parameters and published numbers."""

from __future__ import annotations

import copy
from dataclasses import asdict
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode
from torchvision import models

import cvlib
from cvlib.layers import cost
from cvlib.layers.cheaper import ways_to_see_seven
from cvlib.layers.cost import Summary, summarize

DEVICE = cvlib.device()
random_cases = settings(deadline=None, max_examples=40, derandomize=True)


def counted(model: nn.Module, size: tuple[int, ...]) -> int:
    """Ask torch for the FLOPs."""
    place = next(iter(model.parameters()), torch.empty(0)).device
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model.eval()(torch.zeros(1, *size, device=place))
    return counter.get_total_flops()


def assert_true(summary: Summary, model: nn.Module, size: tuple[int, ...]) -> None:
    assert summary.flops == 2 * summary.macs == counted(model, size)
    numbers = sum(parameter.numel() for parameter in model.parameters())
    assert summary.parameters == sum(row.parameters for row in summary.layers) == numbers


@st.composite
def networks(draw: st.DrawFn) -> tuple[nn.Module, tuple[int, int, int]]:
    """A random network of up to three blocks with a fully connected end, and its input's size."""
    channels, size = draw(st.integers(1, 4)), (draw(st.integers(9, 14)), draw(st.integers(9, 14)))
    first, layers = channels, []
    for _ in range(draw(st.integers(1, 3))):
        groups = draw(st.sampled_from([g for g in range(1, 5) if channels % g == 0]))
        maps = groups * draw(st.integers(1, 3))
        settings_ = {
            "kernel_size": (draw(st.integers(1, 3)), draw(st.integers(1, 3))),
            "stride": draw(st.integers(1, 2)),
            "padding": (draw(st.integers(2, 3)), draw(st.integers(2, 3))),
            "dilation": draw(st.integers(1, 2)),
            "groups": groups,
            "bias": draw(st.booleans()),
        }
        kind = draw(st.sampled_from([nn.Conv2d, nn.Conv2d, nn.ConvTranspose2d]))
        if kind is nn.ConvTranspose2d:
            settings_["padding"] = 0
        layers.append(kind(channels, maps, **settings_))
        channels = maps
        layers.append(
            draw(
                st.sampled_from(
                    [
                        nn.Identity(),
                        nn.Dropout(),
                        nn.ReLU(inplace=True),
                        nn.GELU(),
                        nn.BatchNorm2d(channels),
                        nn.GroupNorm(1, channels),
                        nn.MaxPool2d(2, padding=1),
                        nn.AvgPool2d(2, stride=1, ceil_mode=True),
                        nn.AdaptiveAvgPool2d((5, 4)),
                    ]
                )
            )
        )
    layers += [nn.Flatten(), nn.LazyLinear(draw(st.integers(1, 5)))]
    model = nn.Sequential(*layers).eval()
    with torch.no_grad():
        model(torch.zeros(1, first, *size))
    return model, (first, *size)


@random_cases
@given(networks())
def test_random_networks_cost_what_torch_counts(case: tuple[nn.Module, tuple[int, ...]]) -> None:
    model, size = case
    summary = summarize(model, size)
    assert_true(summary, model, size)
    x = torch.zeros(1, *size)
    for row, layer in zip(summary.layers, model, strict=True):
        below, x = x, layer(x.clone())
        assert (row.kind, row.output_shape) == (type(layer).__name__, x.shape[1:])
        assert row.parameters == sum(p.numel() for p in layer.parameters())
        if isinstance(layer, nn.Conv2d):
            rows, columns = layer.kernel_size
            weights = below.shape[1] * rows * columns // layer.groups
            assert row.parameters == (weights + (layer.bias is not None)) * x.shape[1]
            assert row.macs == weights * x[0].numel()
        same_memory = isinstance(layer, nn.Identity | nn.Dropout | nn.Flatten)
        if not same_memory and not isinstance(layer, nn.ReLU):
            assert row.activation_bytes == 4 * x.numel()


PUBLISHED = {  # parameters, MACs, receptive field and jump of the last feature map
    "alexnet": (61_100_840, 714_188_480, 195, 32),
    "resnet18": (11_689_512, 1_814_073_344, 435, 32),
    "mobilenet_v2": (3_504_872, 300_774_272, 491, 32),
    "squeezenet1_1": (1_235_496, 349_151_936, None, None),
    "shufflenet_v2_x0_5": (1_366_792, 40_476_448, None, None),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_networks(name: str) -> None:
    parameters, macs, size, jump = PUBLISHED[name]
    with torch.device("meta"):
        model = models.get_model(name, weights=None)
    summary = summarize(model, (3, 224, 224))
    assert (summary.parameters, summary.macs) == (parameters, macs)
    assert_true(summary, model, (3, 224, 224))
    documented = models.get_model_weights(name).DEFAULT.meta
    assert documented["num_params"] == parameters
    assert documented["_ops"] == pytest.approx(macs / 1e9, abs=6e-4)
    maps = [row.receptive_field for row in summary.layers if len(row.output_shape) == 3]
    assert all(maps)
    if size is not None:
        fields = [field for field in maps if field is not None and field.jump == (jump, jump)]
        assert fields[-1].size == (size, size)


class Branching(nn.Module):
    """Functions, a shared layer, a parameter of its own, attention and a loop."""

    def __init__(self) -> None:
        super().__init__()
        self.shared = nn.Conv2d(4, 4, 3, padding=1)
        self.scale = nn.Parameter(torch.ones(1, 4, 1, 1))
        self.attention = nn.MultiheadAttention(4, 2, batch_first=True)
        self.spare = nn.Linear(3, 3)

    def forward(self, x: Tensor) -> Tensor:
        for _ in range(3):
            x = x + self.scale * F.relu(self.shared(x))
        x = torch.cat([x, F.conv2d(x, torch.ones(2, 2, 3, 3), padding=1, groups=2)], dim=1)
        x = x[:, :4].flatten(2).transpose(1, 2)
        return self.attention(x, x, x, need_weights=False)[0]


def test_functions_branches_and_shared_layers_count() -> None:
    model, size = Branching(), (4, 6, 6)
    summary = summarize(model, size)
    assert summary.flops == counted(model, size)
    shared = [row for row in summary.layers if row.name == "shared"]
    assert [row.parameters for row in shared] == [148, 0, 0]
    assert len({row.macs for row in shared}) == 1
    assert shared[0].macs == 4 * 4 * 9 * 36
    assert summary.parameters == sum(p.numel() for p in model.parameters())
    assert summary.parameters - sum(row.parameters for row in summary.layers) == 12
    assert "(not used)" in str(summary)
    assert [row.kind for row in summary.layers[:4]] == ["Conv2d", "relu", "mul", "add"]
    assert summary.layers[-1].receptive_field is None


def test_tied_weights_count_once() -> None:
    model = nn.Sequential(nn.Linear(5, 5, bias=False), nn.Linear(5, 5, bias=False))
    model[1].weight = model[0].weight
    summary = summarize(model, (5,))
    assert [row.parameters for row in summary.layers] == [25, 0]
    assert (summary.parameters, summary.macs) == (25, 50)


class Counting(nn.Module):
    """A layer that counts its calls in a buffer and remembers its mode."""

    calls: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("calls", torch.zeros(()))
        self.modes: list[bool] = []

    def forward(self, x: Tensor) -> Tensor:
        self.calls += 1
        self.modes.append(self.training)
        return x


@pytest.mark.parametrize("fails", [False, True])
def test_the_model_stays_as_it_was(fails: bool) -> None:
    called = []
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), Counting(), nn.Dropout())
    model[1].eval()
    model[0].register_forward_hook(lambda *_: called.append(1))
    before = copy.deepcopy(model.state_dict())
    hooks = [dict(layer._forward_hooks) for layer in model]
    flags = [layer.training for layer in model]
    if fails:
        with pytest.raises(ValueError, match=r"\(1, 2, 2\).* in 0 \(Conv2d\)"):
            summarize(model, (1, 2, 2))
    else:
        summarize(model, (1, 8, 8))
        assert model[2].modes == [False]
        assert called == [1]
    assert all(map(torch.equal, before.values(), model.state_dict().values()))
    assert [layer.training for layer in model] == flags == [True, False, True, True]
    assert [dict(layer._forward_hooks) for layer in model] == hooks
    assert all(parameter.grad is None for parameter in model.parameters())
    from torch.nn.modules import module

    assert not module._global_forward_hooks
    assert not module._global_forward_pre_hooks
    assert torch.is_grad_enabled()


def test_every_device_and_dtype_counts_alike() -> None:
    def build() -> nn.Module:
        return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(144, 2))

    with torch.device("meta"):
        on_meta = summarize(build(), (3, 8, 8))
    assert summarize(build().to(DEVICE), (3, 8, 8)) == on_meta
    double = summarize(build().double(), (3, 8, 8))
    assert double.activation_bytes == 2 * on_meta.activation_bytes
    with torch.inference_mode():
        assert summarize(build(), (3, 8, 8)) == on_meta


def test_memory_counts_where_there_is_new_memory() -> None:
    model = nn.Sequential(nn.ReLU(), nn.ReLU(inplace=True), nn.Flatten(), nn.Dropout())
    rows = summarize(model, (2, 3, 5)).layers
    assert [row.activation_bytes for row in rows] == [120, 0, 0, 0]


def test_shown_as_data_as_text_and_as_html() -> None:
    model = nn.Sequential(nn.Conv2d(1, 2, (3, 5), stride=(1, 2)), nn.Flatten())
    summary = summarize(model, (1, 8, 9))
    row = asdict(summary)["layers"][0]
    assert row["output_shape"] == (2, 6, 3)
    assert row["receptive_field"] == {"size": (3, 5), "jump": (1, 2), "start": (0, 0)}
    assert summary.layers[0].flops == 2 * row["macs"] == 2 * 15 * 36
    lines = str(summary).splitlines()
    words = "0 Conv2d 2 × 6 × 3 32 540 144 3 × 5 1 × 2 0"
    assert " ".join(lines[1].split()) == words
    assert lines[-1].split() == ["total", "32", "540", "144"]
    html = summary._repr_html_()
    assert html.count("<tr>") == len(lines) == 4
    assert ">3 × 5</td>" in html


def test_names_are_escaped() -> None:
    class Odd(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x

    Odd.__name__ = "<b>"
    assert "&lt;b&gt;" in summarize(Odd(), (2,))._repr_html_()


def no_pictures() -> dict[str, Any]:
    lazy = nn.Sequential(nn.LazyLinear(3))
    small = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Sequential(nn.ReLU(), nn.Conv2d(5, 4, 3)))
    return {
        "no model": (TypeError, "model is a function; expected a torch.nn.Module", F.relu, (3,)),
        "a number": (TypeError, "input_size is 28; expected integers", nn.ReLU(), 28),
        "nothing": (TypeError, r"input_size is \(\)", nn.ReLU(), ()),
        "a fraction": (TypeError, "input_size is 1.5; expected an integer", nn.ReLU(), (1, 1.5)),
        "an empty side": (ValueError, "input_size is 0; expected at least 1", nn.ReLU(), (3, 0)),
        "lazy": (ValueError, "parameters without a shape", lazy, (3,)),
        "channels": (ValueError, r"\(3, 9, 9\).* in 1.1 \(Conv2d\): ", small, (3, 9, 9)),
    }


@pytest.mark.parametrize(
    ("error", "message", "model", "size"), no_pictures().values(), ids=list(no_pictures())
)
def test_wrong_arguments_are_named(
    error: type[Exception], message: str, model: Any, size: Any
) -> None:
    with pytest.raises(error, match=message):
        summarize(model, size)


def test_every_way_to_see_seven_sees_seven() -> None:
    ways = ways_to_see_seven(16)
    macs = {}
    for name, way in ways.items():
        summary = summarize(way, (16, 12, 12))
        assert_true(summary, way, (16, 12, 12))
        field, macs[name] = summary.layers[-1].receptive_field, summary.macs
        assert field is not None
        assert field.size == (7, 7), name
        assert field.start == (-3, -3)
        side = 12 // field.jump[0]
        assert summary.layers[-1].output_shape == (16, side, side)
    assert max(macs, key=macs.__getitem__) == "7 × 7"
    with pytest.raises(ValueError, match="channels is 12; expected a multiple of 8"):
        ways_to_see_seven(12)
    with pytest.raises(TypeError, match=r"channels is 8\.0"):
        ways_to_see_seven(8.0)  # type: ignore[arg-type]


def test_room_exports_the_module() -> None:
    from cvlib import layers

    for name in cost.__all__:
        assert getattr(layers, name) is getattr(cost, name)
