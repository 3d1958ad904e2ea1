"""What is recorded is what the layers put out, and the network stays as it was."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from cvlib.layers.cost import ReceptiveField
from cvlib.networks import LeNet, pretrained
from cvlib.networks.inside import (
    check_ready,
    class_scores,
    feature_maps,
    receptive_box,
    receptive_field,
    recording,
)
from tests.networks.looked_into import pictures, small_net


def hooks(model: nn.Module) -> int:
    return sum(len(module._forward_hooks) for module in model.modules())


def test_maps_are_those_of_the_layers_run_one_by_one() -> None:
    model, x = small_net(), pictures(2, 3, 12, 10)
    names = [str(n) for n in range(len(model))]
    maps = feature_maps(model, names, x)
    assert list(maps) == names
    for name, layer in model.named_children():
        x = layer(x.clone())
        torch.testing.assert_close(maps[name], x, rtol=0, atol=0)
        assert not maps[name].requires_grad


def test_order_is_the_one_asked_for() -> None:
    maps = feature_maps(small_net(), ["4", "0"], pictures(1, 3, 12, 12))
    assert {name: m.shape[1] for name, m in maps.items()} == {"4": 8, "0": 6}
    assert list(maps) == ["4", "0"]


def test_what_follows_in_place_does_not_change_the_record() -> None:
    maps = feature_maps(small_net(), ["1", "2"], pictures(1, 3, 12, 12))
    assert maps["1"].min() < 0
    torch.testing.assert_close(maps["1"].relu(), maps["2"])


def test_recording_changes_no_output_and_leaves_no_hook() -> None:
    model, x = small_net(), pictures(2, 3, 12, 12)
    plain = model(x)
    with recording(model, ["0", "2"]):
        assert hooks(model) == 2
        torch.testing.assert_close(model(x), plain, rtol=0, atol=0)
    assert hooks(model) == 0


def test_hooks_are_gone_after_an_error() -> None:
    model = small_net()
    with pytest.raises(RuntimeError):
        feature_maps(model, ["0"], pictures(1, 4, 12, 12))
    assert hooks(model) == 0


def test_a_layer_run_twice_counts_the_last_time() -> None:
    tanh = nn.Tanh()
    x = pictures(1, 1, 4, 4)
    maps = feature_maps(nn.Sequential(tanh, tanh).eval(), ["0"], x)
    torch.testing.assert_close(maps["0"], x.tanh().tanh())


class Odd(nn.Module):
    """A part that gives two tensors, and one that never runs."""

    def __init__(self) -> None:
        super().__init__()
        self.pool, self.idle = nn.MaxPool2d(2, return_indices=True), nn.ReLU()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.pool(x)[0]


@pytest.mark.parametrize(
    ("layer", "error", "message"),
    [
        ("conv9", ValueError, "layers has 'conv9'; expected some of 'pool', 'idle'"),
        ("pool", TypeError, "layers has 'pool', which gives a tuple; expected a tensor"),
        ("idle", ValueError, "layers has 'idle', which did not run"),
    ],
)
def test_layers_that_cannot_be_recorded(layer: str, error: type, message: str) -> None:
    with pytest.raises(error, match=message):
        feature_maps(Odd().eval(), [layer], pictures(1, 1, 4, 4))


def test_a_network_in_training_mode_is_refused() -> None:
    model = small_net()
    model[1].train()
    with pytest.raises(ValueError, match=r"training mode; expected model.eval\(\)"):
        feature_maps(model, ["0"], pictures(1, 3, 12, 12))
    with pytest.raises(TypeError, match="expected a torch"):
        check_ready(torch.relu, torch.zeros(1, 1, 2, 2))  # type: ignore[arg-type]


@pytest.mark.parametrize("x", [torch.zeros(1, 2, 3), torch.zeros(0, 1, 2, 3), torch.zeros(1)])
def test_what_is_no_batch_of_pictures_is_refused(x: torch.Tensor) -> None:
    with pytest.raises(ValueError, match="images has shape"):
        check_ready(nn.Flatten().eval(), x)


def test_bytes_are_refused() -> None:
    with pytest.raises(TypeError, match="uint8; expected floating-point numbers"):
        check_ready(nn.Flatten().eval(), torch.zeros(1, 1, 2, 2, dtype=torch.uint8))


@pytest.mark.parametrize(("layer", "size"), [("features.0", 5), ("features.3", 14)])
def test_receptive_fields_are_lenets(layer: str, size: int) -> None:
    assert receptive_field(LeNet(), layer, (1, 28, 28)).size == (size, size)


def test_a_module_with_parts_sees_what_its_last_part_sees() -> None:
    model = LeNet()
    whole = receptive_field(model, "features", (1, 28, 28))
    assert whole == receptive_field(model, "features.5", (1, 28, 28))
    with pytest.raises(ValueError, match="layer is 'feature'"):
        receptive_field(model, "feature", (1, 28, 28))


@pytest.mark.parametrize("place", [(0, 0), (2, 7), (9, 9)])
def test_a_box_holds_the_pixels_that_matter_and_no_others(place: tuple[int, int]) -> None:
    model = pretrained("lenet")
    box = receptive_box(receptive_field(model, "features.3", (1, 28, 28)), place)
    x = pictures(1, 1, 28, 28).float()
    inside = torch.zeros(28, 28, dtype=torch.bool)
    rows = slice(max(0, box.top), box.top + box.height)
    inside[rows, max(0, box.left) : box.left + box.width] = True
    before = feature_maps(model, ["features.3"], x)["features.3"][0, :, place[0], place[1]]
    for changed, alike in ((~inside, True), (inside, False)):
        other = torch.where(changed, 1 - x, x)
        after = feature_maps(model, ["features.3"], other)["features.3"][0, :, place[0], place[1]]
        assert torch.allclose(before, after) is alike


def test_a_field_between_pixels_has_no_box() -> None:
    with pytest.raises(ValueError, match="field has the jump"):
        receptive_box(ReceptiveField((3, 3), (1.5, 1.5), (0, 0)), (0, 0))


def test_scores_of_classes() -> None:
    outputs = torch.tensor([[1.0, 3.0, 2.0], [6.0, 4.0, 5.0]])
    assert class_scores(outputs, None).tolist() == [3, 6]
    assert class_scores(outputs, 2).tolist() == [2, 5]
    assert class_scores(outputs, [1, 2]).tolist() == [3, 5]
    assert class_scores(outputs, torch.tensor([0, 0], dtype=torch.uint8)).tolist() == [1, 6]


@pytest.mark.parametrize(
    ("classes", "error", "message"),
    [
        (3, ValueError, "classes is 3; expected 0 to 2"),
        (-1, ValueError, "classes is -1; expected 0 to 2"),
        ([0], ValueError, r"classes has shape \(1,\); expected one class, or 2"),
        (0.5, TypeError, "classes is 0.5; expected whole numbers"),
        (True, TypeError, "classes is True; expected whole numbers"),
    ],
)
def test_classes_that_there_are_not(classes: object, error: type, message: str) -> None:
    with pytest.raises(error, match=message):
        class_scores(torch.zeros(2, 3), classes)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="expected \\(N, K\\)"):
        class_scores(torch.zeros(2, 3, 1), 0)
