"""The networks for CIFAR-10, layer by layer, and against their parts written out."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F

from cvlib.data import ImageSet, mnist_sample
from cvlib.networks import MLP, LeNet, LeNet5, PlainNet, SmallAlexNet, TutorialNet
from cvlib.networks.lenet5 import lenet5_loss
from cvlib.training import evaluate, fit, one_cycle

WIDTHS = st.lists(st.lists(st.integers(1, 6), min_size=1, max_size=3), min_size=1, max_size=3)


@pytest.fixture(scope="module")
def coloured() -> tuple[ImageSet, ImageSet]:
    """Digits in the form of CIFAR-10: three channels of 32×32."""
    digits = mnist_sample()
    images = F.pad(digits.images, (2, 2, 2, 2)).repeat(1, 3, 1, 1)
    return replace(digits, images=images)[::2].split(test=500)


def test_the_tutorials_parameters_layer_by_layer() -> None:
    counts = {name: value.numel() for name, value in TutorialNet().named_parameters()}
    assert counts == {
        "features.0.weight": 6 * 3 * 25, "features.0.bias": 6,
        "features.3.weight": 16 * 6 * 25, "features.3.bias": 16,
        "classifier.0.weight": 400 * 120, "classifier.0.bias": 120,
        "classifier.2.weight": 120 * 84, "classifier.2.bias": 84,
        "classifier.4.weight": 84 * 10, "classifier.4.bias": 10,
    }  # fmt: skip
    assert sum(counts.values()) == 62_006


def test_the_tutorials_network_is_what_its_parts_written_out_are() -> None:
    torch.manual_seed(0)
    model, x = TutorialNet(), torch.rand(3, 3, 32, 32)
    w = model.state_dict()
    y = (x - 0.5) / 0.5
    y = F.max_pool2d(F.relu(F.conv2d(y, w["features.0.weight"], w["features.0.bias"])), 2)
    y = F.max_pool2d(F.relu(F.conv2d(y, w["features.3.weight"], w["features.3.bias"])), 2)
    y = F.relu(F.linear(y.flatten(1), w["classifier.0.weight"], w["classifier.0.bias"]))
    y = F.relu(F.linear(y, w["classifier.2.weight"], w["classifier.2.bias"]))
    y = F.linear(y, w["classifier.4.weight"], w["classifier.4.bias"])
    torch.testing.assert_close(model(x), y)


def test_plain_net_is_what_its_parts_written_out_are() -> None:
    torch.manual_seed(0)
    model, x = PlainNet(widths=((4,), (6, 8))), torch.rand(3, 3, 12, 10)
    w = model.state_dict()
    y = 2 * x - 1
    for convolution, normalization, pooled in ((0, 2, True), (4, 5, False), (7, 9, True)):
        y = F.conv2d(y, w[f"features.{convolution}.weight"], padding=1)
        y = F.max_pool2d(y, 2) if pooled else y
        centred = y - y.mean((0, 2, 3), keepdim=True)
        y = centred / (y.var((0, 2, 3), unbiased=False, keepdim=True) + 1e-5).sqrt()
        weight, bias = (w[f"features.{normalization}.{name}"] for name in ("weight", "bias"))
        y = F.relu(y * weight[:, None, None] + bias[:, None, None])
    y = F.linear(y.mean((2, 3)), w["classifier.weight"], w["classifier.bias"])
    torch.testing.assert_close(model(x), y)


def test_plain_net_takes_any_size_and_as_many_channels_and_classes_as_asked() -> None:
    model = PlainNet(widths=((4,), (8,)), in_channels=1, num_classes=3)
    for size in (4, 28, 33):
        assert model(torch.zeros(2, 1, size, size + 1)).shape == (2, 3)


@pytest.mark.parametrize("widths", [(), ((),), ((8,), ())])
def test_plain_net_refuses_an_empty_stage(widths: tuple[tuple[int, ...], ...]) -> None:
    with pytest.raises(ValueError, match=r"widths is .* expected stages of at least one width"):
        PlainNet(widths=widths)


@pytest.mark.parametrize("name", ["in_channels", "num_classes"])
def test_no_layer_without_a_channel(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} is 0; expected at least 1"):
        PlainNet(**{name: 0})  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="widths is 0; expected at least 1"):
        PlainNet(widths=((0,),))


def test_convolutions_before_a_normalization_have_no_bias() -> None:
    convolutions = [m for m in PlainNet().modules() if isinstance(m, nn.Conv2d)]
    assert len(convolutions) == 5
    assert all(layer.bias is None for layer in convolutions)


@given(WIDTHS, st.integers(1, 4), st.integers(1, 5))
def test_plain_parameters_are_counted(widths: list[list[int]], channels: int, classes: int) -> None:
    flat = [channels, *itertools.chain(*widths)]
    convolutions = sum(9 * before * after for before, after in itertools.pairwise(flat))
    expected = convolutions + 2 * sum(flat[1:]) + classes * (flat[-1] + 1)
    model = PlainNet(widths, channels, classes)
    assert sum(parameter.numel() for parameter in model.parameters()) == expected


@pytest.mark.parametrize(
    ("make", "rate"), [(TutorialNet, 0.02), (partial(PlainNet, ((8,), (16,), (32,))), 0.1)]
)
def test_learns_digits_and_shuffled_labels_teach_nothing(
    make: Callable[[], nn.Module], rate: float, coloured: tuple[ImageSet, ImageSet]
) -> None:
    train, test = coloured
    order = torch.randperm(len(train), generator=torch.Generator().manual_seed(0))

    def accuracy(pictures: ImageSet) -> float:
        torch.manual_seed(0)
        model = make().to(memory_format=torch.channels_last)
        sgd = partial(torch.optim.SGD, lr=rate, momentum=0.9)
        fit(model, pictures, epochs=2, batch_size=16, optimizer=sgd, schedule=one_cycle)
        return evaluate(model, test).accuracy

    assert accuracy(train) > 0.9
    assert accuracy(replace(train, labels=train.labels[order])) < 0.2


@pytest.mark.parametrize("amp", ["bfloat16", "float16"])
@pytest.mark.parametrize(
    ("make", "shape"),
    [
        (MLP, (1, 28, 28)),
        (LeNet, (1, 28, 28)),
        (LeNet5, (1, 28, 28)),
        (TutorialNet, (3, 32, 32)),
        (PlainNet, (3, 32, 32)),
        (SmallAlexNet, (3, 28, 28)),
    ],
)
def test_every_network_trains_in_mixed_precision(
    make: Callable[[], nn.Module], shape: tuple[int, ...], amp: Any
) -> None:
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (8, *shape), generator=generator, dtype=torch.uint8)
    pictures = ImageSet(images, torch.arange(8), tuple("0123456789"), "noise")
    loss = lenet5_loss if make is LeNet5 else None

    def trained(amp: Any) -> list[float]:
        torch.manual_seed(0)
        settings: dict[str, Any] = {"batch_size": 4, "loss": loss, "device": "cpu"}
        return fit(make(), pictures, epochs=1, amp=amp, **settings).values("train_loss")

    assert trained(amp) == pytest.approx(trained(False), rel=0.05)
