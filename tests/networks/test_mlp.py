"""The MLP against its parts written out; and no order of the pixels is better than another."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F

from cvlib.data import mnist_sample
from cvlib.networks import MLP
from cvlib.training import evaluate, fit


def count(model: nn.Module) -> int:
    return sum(parameter.numel() for parameter in model.parameters())


def test_the_quickstarts_parameters() -> None:
    counts = {name: tuple(value.shape) for name, value in MLP().named_parameters()}
    assert counts == {
        "layers.0.weight": (512, 784), "layers.0.bias": (512,),
        "layers.2.weight": (512, 512), "layers.2.bias": (512,),
        "layers.4.weight": (10, 512), "layers.4.bias": (10,),
    }  # fmt: skip
    assert count(MLP()) == 669_706


@settings(max_examples=25, deadline=None)
@given(
    hidden=st.lists(st.integers(1, 9), max_size=3),
    num_classes=st.integers(1, 5),
    shape=st.tuples(st.integers(1, 3), st.integers(1, 4), st.integers(1, 4)),
    batch_norm=st.booleans(),
)
def test_counts_and_outputs_for_any_sizes(
    hidden: list[int], num_classes: int, shape: tuple[int, int, int], batch_norm: bool
) -> None:
    inputs = shape[0] * shape[1] * shape[2]
    model = MLP(hidden, num_classes, inputs, batch_norm=batch_norm)
    weights = sum(a * b for a, b in pairwise([inputs, *hidden, num_classes]))
    beside = sum(hidden) * (2 if batch_norm else 1) + num_classes
    assert count(model) == weights + beside
    assert model(torch.rand(4, *shape)).shape == (4, num_classes)


def test_is_what_its_parts_written_out_are() -> None:
    torch.manual_seed(0)
    model, x = MLP((6, 5), num_classes=3, num_inputs=24), torch.rand(4, 2, 3, 4)
    w = model.state_dict()
    y = F.relu(x.reshape(4, 24) @ w["layers.0.weight"].T + w["layers.0.bias"])
    y = F.relu(y @ w["layers.2.weight"].T + w["layers.2.bias"])
    y = y @ w["layers.4.weight"].T + w["layers.4.bias"]
    torch.testing.assert_close(model(x), y)


def test_normalizes_before_the_relu() -> None:
    torch.manual_seed(0)
    model, x = MLP((6,), num_classes=3, num_inputs=12, batch_norm=True), torch.rand(8, 1, 3, 4)
    w = model.state_dict()
    y = F.batch_norm(x.flatten(1) @ w["layers.0.weight"].T, None, None, training=True)
    y = F.relu(y) @ w["layers.3.weight"].T + w["layers.3.bias"]
    torch.testing.assert_close(model(x), y)


def test_any_order_of_pixels_is_as_good() -> None:
    torch.manual_seed(0)
    model, x = MLP((20,)), torch.rand(5, 1, 28, 28)
    order = torch.randperm(784)
    moved = MLP((20,))
    moved.load_state_dict(model.state_dict())
    moved.layers[0].weight.data = model.layers[0].weight.data[:, order]  # type: ignore[union-attr]
    shuffled = x.flatten(1)[:, order].reshape(5, 1, 28, 28)
    torch.testing.assert_close(moved(shuffled), model(x))
    assert not torch.allclose(model(shuffled), model(x))


def test_learns_digits_better_than_without_a_hidden_layer() -> None:
    train, test = mnist_sample().split(test=1000)

    def accuracy(*hidden: int, batch_norm: bool = False) -> float:
        torch.manual_seed(0)
        model = MLP(hidden, batch_norm=batch_norm)
        fit(model, train, epochs=4, batch_size=32, progress=False)
        return evaluate(model, test).accuracy

    linear = accuracy()
    assert linear < 0.905
    assert accuracy(100) > linear + 0.01
    assert accuracy(100, batch_norm=True) > linear + 0.01


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"hidden": (5, 0)}, ValueError, r"hidden\[1\] is 0; expected at least 1"),
        ({"hidden": (5.0,)}, TypeError, r"hidden\[0\] is 5.0; expected an integer"),
        ({"num_classes": 0}, ValueError, "num_classes is 0; expected at least 1"),
        ({"num_inputs": "784"}, TypeError, "num_inputs is '784'; expected an integer"),
    ],
)
def test_sizes_that_are_none_are_named(
    arguments: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        MLP(**arguments)
