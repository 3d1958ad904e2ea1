"""Receptive fields, as pages compute them, beside cvlib.layers.summarize and torch's gradients."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from book import live
from cvlib.layers import output_size, summarize
from cvlib.layers.receptive_field import Axis
from cvlib.networks import AlexNet, LeNet, LeNet5, PlainNet, TutorialNet
from tests.live.conftest import Engine

SETTINGS = ("kernel", "stride", "padding", "dilation")
layers = st.fixed_dictionaries(
    {
        "kernel": st.integers(1, 5),
        "stride": st.integers(1, 3),
        "padding": st.integers(0, 3),
        "dilation": st.integers(1, 3),
    }
)
stacks = st.lists(layers, min_size=1, max_size=4)


@pytest.fixture(scope="module")
def networks() -> dict[str, Any]:
    found: dict[str, Any] = live.receptive_fields()["networks"]
    return found


def network(stack: list[dict[str, int]]) -> nn.Sequential:
    """Build convolutions whose weights are 1, so that no two paths cancel."""
    convolutions = []
    for layer in stack:
        kernel, stride, padding, dilation = (layer[name] for name in SETTINGS)
        options: Any = {"bias": False, "dtype": torch.float64}
        convolutions.append(nn.Conv2d(1, 1, kernel, stride, padding, dilation, **options))
    model = nn.Sequential(*convolutions)
    for weight in model.parameters():
        nn.init.ones_(weight)
    return model


def fits(stack: list[dict[str, int]], side: int) -> bool:
    for layer in stack:
        room = side + 2 * layer["padding"] - layer["dilation"] * (layer["kernel"] - 1) - 1
        if room < 0:
            return False
        side = room // layer["stride"] + 1
    return True


@settings(max_examples=60, deadline=None)
@given(stacks, st.integers(1, 24))
def test_fields_of_any_stack_are_cvlibs(
    engine: Engine, stack: list[dict[str, int]], side: int
) -> None:
    if not fits(stack, side):
        with pytest.raises(ValueError, match=r"^Layer \d spans \d+ numbers\. It gets only \d+\.$"):
            engine("receptive_fields", stack, side)
        return
    axis = Axis(1, ((0, 0),))
    for field, layer in zip(engine("receptive_fields", stack, side), stack, strict=True):
        values = [layer[name] for name in SETTINGS]
        axis, side = axis.window(*values), output_size(side, *values)
        assert field == {"side": side, "size": axis.size, "jump": axis.jump, "start": axis.start}


@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("LeNet", LeNet),
        ("LeNet-5", LeNet5),
        ("TutorialNet", TutorialNet),
        ("PlainNet", PlainNet),
        ("AlexNet", AlexNet),
    ],
)
def test_fields_of_the_books_networks_are_those_of_summarize(
    engine: Engine, networks: dict[str, Any], name: str, model: type[nn.Module]
) -> None:
    given = networks[name]
    side, channels = given["side"], 1 if name.startswith("LeNet") else 3
    with torch.device("meta"):
        summary = summarize(model(), (channels, side, side))
    rows = {row.name: row for row in reversed(summary.layers)}  # the first of each name
    found = engine("receptive_fields", given["layers"], side)
    for field, layer in zip(found, given["layers"], strict=True):
        row = rows[layer["place"]]
        side = row.output_shape[2] if len(row.output_shape) == 3 else 1
        (size, _), (jump, _), (start, _) = vars(row.receptive_field).values()
        assert field == {"side": side, "size": size, "jump": jump, "start": start}
    # Nothing that widens a field, or thins a map out, was left out.
    seen = {row.receptive_field.size[0] for row in summary.layers if row.receptive_field}
    assert {field["size"] for field in found} | {1} == seen | {1}
    assert {field["jump"] for field in found} | {1} == {
        row.receptive_field.jump[0] for row in summary.layers if row.receptive_field
    } | {1}


def test_layers_are_called_as_in_the_papers(networks: dict[str, Any]) -> None:
    names = {name: [each["name"] for each in net["layers"]] for name, net in networks.items()}
    assert names["AlexNet"] == [
        *("conv1", "pool1", "conv2", "pool2", "conv3", "conv4", "conv5", "pool5"),
        *("fc6", "fc7", "fc8"),
    ]
    assert names["LeNet-5"] == ["padding", "c1", "s2", "c3", "s4", "c5", "f6", "output"]


@settings(max_examples=50, deadline=None)
@given(stacks, st.integers(1, 16), st.data())
def test_pixels_really_seen_are_those_that_a_gradient_reaches(
    engine: Engine, stack: list[dict[str, int]], side: int, data: st.DataObject
) -> None:
    if not fits(stack, side):
        return
    x = torch.ones(1, 1, side, side, dtype=torch.float64, requires_grad=True)
    y = network(stack)(x)[0, 0]
    row, column = (data.draw(st.integers(0, len(y) - 1)) for _ in range(2))
    (gradient,) = torch.autograd.grad(y[row, column], x)
    reached = gradient[0, 0] != 0
    rows, columns = (engine("seen_pixels", stack, side, place) for place in (row, column))
    expected = np.zeros((side, side), dtype=bool)
    expected[np.ix_(rows, columns)] = True
    assert np.array_equal(reached, expected)
    assert engine("seen_counts", stack, side)[0, row, column] == reached.sum()


def test_a_connected_layer_sees_the_whole_picture_and_its_padding(engine: Engine) -> None:
    stack = [{"kernel": 3, "stride": 2, "padding": 1}, {"whole": True}]
    fields = engine("receptive_fields", stack, 8)
    assert fields[-1] == {"side": 1, "size": 9, "jump": 0, "start": -1}
    assert list(engine("seen_pixels", stack, 8, 0)) == list(range(8))
