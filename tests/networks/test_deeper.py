"""VGG and ResNet are torchvision's: the same names, shapes, counts and outputs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torchvision import models
from torchvision.models import resnet

from cvlib.layers import BasicBlock, Bottleneck, summarize
from cvlib.networks import VGG, ResNet, SmallResNet

VGGS = {
    "vgg11": (1, 1, 2, 2, 2),
    "vgg13": (2, 2, 2, 2, 2),
    "vgg16": (2, 2, 3, 3, 3),
    "vgg19": (2, 2, 4, 4, 4),
}
RESNETS: dict[str, tuple[Any, tuple[int, ...]]] = {
    "resnet18": (BasicBlock, (2, 2, 2, 2)),
    "resnet34": (BasicBlock, (3, 4, 6, 3)),
    "resnet50": (Bottleneck, (3, 4, 6, 3)),
    "resnet101": (Bottleneck, (3, 4, 23, 3)),
    "resnet152": (Bottleneck, (3, 8, 36, 3)),
}


def shapes(model: nn.Module) -> list[tuple[str, torch.Size]]:
    return [(name, value.shape) for name, value in model.state_dict().items()]


def without_numbers(make: Callable[..., nn.Module], *given: Any, **named: Any) -> nn.Module:
    with torch.device("meta"):
        return make(*given, **named)


@pytest.mark.parametrize("name", VGGS)
def test_a_vgg_has_torchvisions_names_and_shapes(name: str) -> None:
    ours: Any = without_numbers(VGG, VGGS[name])
    theirs: Any = without_numbers(models.get_model, name)
    assert shapes(ours) == shapes(theirs)
    assert [type(part) for part in ours.classifier] == [type(part) for part in theirs.classifier]


@pytest.mark.parametrize("name", RESNETS)
def test_a_resnet_has_torchvisions_names_and_shapes(name: str) -> None:
    ours = without_numbers(ResNet, *RESNETS[name])
    assert shapes(ours) == shapes(without_numbers(models.get_model, name))


@settings(deadline=None, max_examples=6, derandomize=True)
@given(
    deep=st.booleans(),
    blocks=st.lists(st.integers(1, 3), min_size=4, max_size=4),
    classes=st.integers(1, 20),
)
def test_any_resnet_costs_what_torchvisions_does(
    deep: bool, blocks: list[int], classes: int
) -> None:
    ours = without_numbers(ResNet, Bottleneck if deep else BasicBlock, blocks, classes)
    their_block = resnet.Bottleneck if deep else resnet.BasicBlock
    theirs = without_numbers(resnet.ResNet, their_block, blocks, classes)
    assert shapes(ours) == shapes(theirs)
    one, other = (summarize(model, (3, 64, 64)) for model in (ours, theirs))
    assert (one.parameters, one.macs) == (other.parameters, other.macs)
    assert one.layers[-1].receptive_field == other.layers[-1].receptive_field


def test_the_published_counts() -> None:
    counts = {
        "VGG-16": (without_numbers(VGG), 138_357_544, 15_470_264_320),
        "ResNet-18": (without_numbers(ResNet), 11_689_512, 1_814_073_344),
    }
    for model, parameters, macs in counts.values():
        cost = summarize(model, (3, 224, 224))
        assert (cost.parameters, cost.macs) == (parameters, macs)
        assert sum(layer.parameters for layer in cost.layers) == parameters


def outputs(model: nn.Module, pictures: Tensor) -> list[Tensor]:
    """Return outputs, gradients and what running statistics have become."""
    torch.manual_seed(1)  # of dropout
    logits = model.train()(pictures)
    last = list(model.parameters())[-1]
    first = next(model.parameters())
    gradients = torch.autograd.grad(logits.sin().sum(), [first, last])
    with torch.no_grad():
        return [logits, *gradients, *model.buffers(), model.eval()(pictures)]


@pytest.mark.parametrize("name", ["resnet18", "resnet50"])
def test_a_resnet_computes_what_torchvisions_does(name: str) -> None:
    torch.manual_seed(0)
    theirs = models.get_model(name, num_classes=7)
    ours = ResNet(*RESNETS[name], num_classes=7)
    ours.load_state_dict(theirs.state_dict())
    pictures = torch.rand(3, 3, 70, 65)
    torch.testing.assert_close(outputs(ours, pictures), outputs(theirs, pictures))


def test_a_vgg_computes_what_torchvisions_does() -> None:
    theirs = without_numbers(models.vgg11, num_classes=7).to_empty(device="cpu")
    torch.manual_seed(0)
    for parameter in theirs.parameters():
        fan_in = parameter[0].numel()
        nn.init.normal_(parameter, std=(2 / fan_in) ** 0.5)
    ours = without_numbers(VGG, VGGS["vgg11"], num_classes=7)
    ours.load_state_dict(theirs.state_dict(), assign=True)  # half a gigabyte, shared
    pictures = torch.rand(2, 3, 64, 70)
    torch.testing.assert_close(outputs(ours, pictures), outputs(theirs, pictures))


def test_a_resnet_begins_as_torchvisions_does() -> None:
    torch.manual_seed(0)
    model = ResNet(num_classes=10)
    for name, weight in model.requires_grad_(False).named_parameters():
        if weight.ndim == 4:
            fan_out = weight.shape[0] * weight[0, 0].numel()
            assert float(weight.std()) == pytest.approx((2 / fan_out) ** 0.5, rel=0.1), name
        elif "bn" in name or "downsample.1" in name:
            assert set(weight.tolist()) == {1.0 if name.endswith("weight") else 0.0}


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: VGG((2, 2, 3, 3)), ValueError, "expected 5 numbers, one for each stage"),
        (lambda: VGG(cast(Any, 16)), ValueError, "layers is 16; expected 5 numbers"),
        (lambda: VGG((2, 2, 3, 3, 0)), ValueError, "layers is 0; expected at least 1"),
        (lambda: VGG(num_classes=0), ValueError, "num_classes is 0; expected at least 1"),
        (lambda: ResNet(layers=(2, 2, 2)), ValueError, "expected 4 numbers, one for each stage"),
        (
            lambda: ResNet(layers=cast(Any, (2, 2, 2, 1.5))),
            TypeError,
            "layers is 1.5; expected an integer",
        ),
        (lambda: ResNet(num_classes=0), ValueError, "num_classes is 0; expected at least 1"),
    ],
)
def test_wrong_arguments_are_refused(
    make: Callable[[], nn.Module], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message), torch.device("meta"):
        make()


# ---------------------------------------------------------------------------- the small one


def test_the_small_network_adds_what_its_blocks_make() -> None:
    torch.manual_seed(0)
    model = SmallResNet((4, 6), num_classes=3).eval()
    x = torch.rand(2, 3, 16, 12)
    first, second, block = cast(Any, list(model.features)[1:])
    maps = second(first(nn.functional.gelu(model.whitening((x - model.mean) / model.std))))
    maps = maps + block[2](block[1](block[0](maps)))
    expected = maps.flatten(2).max(2).values @ model.fc.weight.T
    torch.testing.assert_close(model(x), expected)
    counts = 24 * 12 + 24, 9 * (24 * 4 + 4 * 6 + 6 * 6), 2 * (4 + 6 + 6), 3 * 6
    assert sum(parameter.numel() for parameter in model.parameters()) == sum(counts)


def test_whitening_leaves_patches_uncorrelated() -> None:
    generator = torch.Generator().manual_seed(0)
    colours = torch.rand(50, 3, 1, 1, generator=generator)
    images = (colours + 0.2 * torch.rand(50, 3, 9, 9, generator=generator)) / 1.2
    model = SmallResNet()
    model.whiten(images)
    seen = model.whitening((images - model.mean) / model.std).transpose(0, 1).flatten(1)
    half, other = seen[:12], seen[12:]
    torch.testing.assert_close(half, -other)
    products = (half @ half.T / half.shape[1]).detach()
    assert float((products - products.diag().diag()).abs().max()) < 1e-3
    assert 0.8 < float(products.diag().min()) <= float(products.diag().max()) < 1.001
    assert not model.whitening.weight.requires_grad


def test_whitening_is_the_same_where_a_processor_turns_directions_round(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    images = torch.rand(20, 3, 9, 9, generator=torch.Generator().manual_seed(0))
    one, other = SmallResNet(), SmallResNet()
    one.whiten(images)
    eigh, turned = torch.linalg.eigh, torch.tensor([1.0, -1.0]).repeat(6)

    def elsewhere(matrix: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        values, directions = eigh(matrix)
        return values, directions * turned

    monkeypatch.setattr(torch.linalg, "eigh", elsewhere)
    other.whiten(images)
    assert torch.equal(one.whitening.weight, other.whitening.weight)


def test_convolutions_begin_by_handing_on_their_maps() -> None:
    model = SmallResNet((32, 64))
    convolution = cast(Any, model.features[1])[0]
    x = torch.rand(1, 24, 5, 5)
    torch.testing.assert_close(convolution(x)[:, :24], x)
    others = convolution.weight[24:].detach()
    assert float(others.abs().min()) < 0.01 < float(others.std())


@pytest.mark.parametrize("widths", [(), 32, (32, 0)])
def test_widths_that_cannot_be_are_refused(widths: Any) -> None:
    with pytest.raises(ValueError, match="widths is"):
        SmallResNet(widths)
