"""AlexNet against the paper's numbers, torchvision's network and torch's counter."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode
from torchvision import models

from cvlib.data import ImageSet
from cvlib.layers.cost import summarize
from cvlib.networks import AlexNet, SmallAlexNet
from cvlib.networks.alexnet import initialize
from cvlib.training import evaluate, fit

PAPER = [34_944, 307_456, 885_120, 663_936, 442_624, 37_752_832, 16_781_312, 4_097_000]


def on_meta(**arguments: Any) -> AlexNet:
    with torch.device("meta"):
        return AlexNet(**arguments)


def parameters(model: nn.Module) -> int:
    return sum(parameter.numel() for parameter in model.parameters())


def test_parameters_layer_by_layer() -> None:
    summary = summarize(on_meta(), (3, 224, 224))
    assert [row.parameters for row in summary.layers if row.parameters] == PAPER
    assert summary.parameters == sum(PAPER) == 60_965_224
    convolutions = sum(PAPER[:5]) / sum(PAPER)
    assert round(100 * convolutions, 1) == 3.8


@pytest.mark.parametrize(
    ("groups", "count", "macs"), [(2, 60_965_224, 724_406_816), (1, 62_378_344, 1_135_256_096)]
)
def test_the_cost_is_that_of_torchs_counter(groups: int, count: int, macs: int) -> None:
    model = on_meta(groups=groups)
    summary = summarize(model, (3, 224, 224))
    with FlopCounterMode(display=False) as counter:
        model(torch.empty(1, 3, 224, 224, device="meta"))
    assert (summary.parameters, summary.macs) == (count, macs)
    assert counter.get_total_flops() == 2 * macs


def test_shapes_layer_by_layer() -> None:
    sides = [55, 55, 55, 27, 27, 27, 27, 13, 13, 13, 13, 13, 13, 13, 6]
    x = torch.empty(2, 3, 224, 224, device="meta")
    for layer, side in zip(on_meta().features, sides, strict=True):
        x = layer(x)
        assert x.shape[2:] == (side, side)
    assert on_meta(num_classes=7)(torch.empty(2, 3, 224, 224, device="meta")).shape == (2, 7)


def test_227_without_padding_gives_the_same_maps() -> None:
    first = on_meta().features[0]
    assert isinstance(first, nn.Conv2d)
    unpadded = nn.Conv2d(3, 96, 11, stride=4, device="meta")
    for side, layer, maps in ((224, first, 55), (227, unpadded, 55), (224, unpadded, 54)):
        assert layer(torch.empty(1, 3, side, side, device="meta")).shape[1:] == (96, maps, maps)


def test_is_what_the_paper_describes_written_out_for_two_towers() -> None:
    torch.manual_seed(0)
    model = AlexNet(num_classes=5).eval()
    w = model.state_dict()
    x = torch.rand(1, 3, 224, 224)
    y = 255 * (x - torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1))

    def towers(y: torch.Tensor, name: int, padding: int) -> torch.Tensor:
        """Compute each half of the kernels from its own half of the maps."""
        weight, bias = w[f"features.{name}.weight"], w[f"features.{name}.bias"]
        parts = zip(y.chunk(2, 1), weight.chunk(2), bias.chunk(2), strict=True)
        return torch.cat([F.conv2d(*part, padding=padding) for part in parts], 1).relu()

    def normalized(a: torch.Tensor) -> torch.Tensor:
        sums = torch.stack(
            [a[:, max(0, i - 2) : i + 3].square().sum(1) for i in range(a.shape[1])], 1
        )
        return a / (2 + 1e-4 * sums) ** 0.75

    y = F.conv2d(y, w["features.0.weight"], w["features.0.bias"], stride=4, padding=2).relu()
    y = F.max_pool2d(normalized(y), 3, 2)
    y = F.max_pool2d(normalized(towers(y, 4, 2)), 3, 2)
    y = F.conv2d(y, w["features.8.weight"], w["features.8.bias"], padding=1).relu()
    y = F.max_pool2d(towers(towers(y, 10, 1), 12, 1), 3, 2).flatten(1)
    for name in (1, 4):
        y = F.linear(y, w[f"classifier.{name}.weight"], w[f"classifier.{name}.bias"]).relu()
    y = F.linear(y, w["classifier.6.weight"], w["classifier.6.bias"])
    torch.testing.assert_close(model(x), y)


def test_begins_as_the_paper_says() -> None:
    torch.manual_seed(0)
    model = AlexNet(num_classes=10)
    layers = [layer for layer in model.modules() if isinstance(layer, nn.Conv2d | nn.Linear)]
    for layer, bias in zip(layers, (0, 1, 0, 1, 1, 1, 1, 0), strict=True):
        assert layer.bias.unique().tolist() == [bias]
    for layer in layers:
        assert abs(float(layer.weight.detach().std()) - 0.01) < 2e-4
        assert abs(float(layer.weight.detach().mean())) < 2e-4


def test_initialization_counts_the_layers_that_it_touched() -> None:
    with torch.device("meta"):
        assert initialize(models.alexnet()) == 8
    with pytest.raises(ValueError, match="model has 1 layers with weights; expected 8"):
        initialize(nn.Sequential(nn.Linear(2, 2)))
    with pytest.raises(ValueError, match="model has 0 layers"):
        initialize(nn.ReLU())


def test_dropout_stands_before_both_hidden_layers() -> None:
    model = on_meta(dropout=0.3)
    before = [
        isinstance(second, nn.Linear)
        for first, second in itertools.pairwise(model.classifier)
        if isinstance(first, nn.Dropout) and first.p == 0.3
    ]
    assert before == [True, True]


def test_torchvisions_tower_is_another_network() -> None:
    with torch.device("meta"):
        theirs = models.alexnet()
    assert parameters(theirs) == 61_100_840
    kernels = [layer.out_channels for layer in theirs.features if isinstance(layer, nn.Conv2d)]
    assert kernels == [64, 192, 384, 256, 256]
    assert not any(isinstance(layer, nn.LocalResponseNorm) for layer in theirs.modules())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [({"groups": 5}, "must be divisible by groups"), ({"dropout": 1.5}, "dropout probability")],
)
def test_refuses_what_torch_refuses(arguments: dict[str, Any], message: str) -> None:
    for network in (on_meta, SmallAlexNet):
        with pytest.raises(ValueError, match=message):
            network(**arguments)


SWITCHES = {
    "activation": nn.Tanh,
    "response_norm": False,
    "overlapping": False,
    "dropout": 0.0,
    "mean": (0.0, 0.0, 0.0),
    "std": (1.0, 1.0, 1.0),
}


@pytest.mark.parametrize("switch", SWITCHES)
def test_a_part_taken_out_changes_the_outputs_and_takes_no_parameter(switch: str) -> None:
    whole, without = SmallAlexNet(), SmallAlexNet(**{switch: SWITCHES[switch]})
    assert parameters(without) == parameters(whole) == 355_562
    without.load_state_dict(whole.state_dict())
    x = torch.rand(4, 3, 28, 28)
    torch.manual_seed(0)
    outputs = whole(x)
    torch.manual_seed(0)
    assert not torch.allclose(outputs, without(x))


def test_all_poolings_of_the_small_one_give_maps_of_one_size() -> None:
    for overlapping in (True, False):
        x, sides = torch.zeros(1, 3, 28, 28), []
        for layer in SmallAlexNet(overlapping=overlapping).features:
            x = layer(x)
            if isinstance(layer, nn.MaxPool2d):
                sides.append(x.shape[-1])
        assert sides == [7, 3, 1]


def test_the_small_one_without_towers() -> None:
    assert parameters(SmallAlexNet(groups=1)) == 464_106
    assert parameters(SmallAlexNet(num_classes=7)) == 355_562 - 3 * 385


@pytest.mark.parametrize(("activation", "gain"), [(nn.ReLU, 2**0.5), (nn.Tanh, 1.0)])
def test_the_small_ones_first_weights_follow_what_comes_in(
    activation: type[nn.Module], gain: float
) -> None:
    torch.manual_seed(0)
    model = SmallAlexNet(activation=activation)
    for layer in (*model.features, *model.classifier):
        if isinstance(layer, nn.Conv2d | nn.Linear):
            weight = layer.weight.detach()
            expected = gain / weight[0].numel() ** 0.5
            assert float(weight.std()) == pytest.approx(expected, rel=0.06)
            assert not layer.bias.any()


def test_the_small_one_learns_and_one_that_sees_noise_does_not() -> None:
    generator = torch.Generator().manual_seed(0)
    labels = torch.arange(120) % 4
    images = torch.randint(0, 100, (120, 3, 28, 28), generator=generator, dtype=torch.uint8)
    noise = ImageSet(images, labels, tuple("abcd"), "noise")
    marked = images.clone()
    for image, label in zip(marked, labels.tolist(), strict=True):
        top, left = divmod(label, 2)
        image[:, 14 * top : 14 * top + 14, 14 * left : 14 * left + 14] += 100
    quarters = ImageSet(marked, labels, tuple("abcd"), "a brighter quarter")

    def accuracy(pictures: ImageSet) -> float:
        torch.manual_seed(0)
        model = SmallAlexNet(num_classes=4)
        adam = torch.optim.Adam(model.parameters(), lr=0.001)
        fit(model, pictures[:80], epochs=8, batch_size=20, optimizer=adam, device="cpu")
        return evaluate(model, pictures[80:]).accuracy

    assert accuracy(quarters) > 0.9
    assert accuracy(noise) < 0.5
