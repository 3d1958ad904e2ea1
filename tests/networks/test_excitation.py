"""What excites units: found among pictures as by looking at each, and made by climbing."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from cvlib.networks import pretrained
from cvlib.networks.excitation import crop, maximize, top_patches
from cvlib.networks.inside import Box, feature_maps
from tests.networks.looked_into import pictures, small_net


def blob_finder() -> nn.Sequential:
    """One unit that is excited by a bright cross of 3 × 3, the more the darker its corners."""
    model = nn.Sequential(nn.Conv2d(1, 1, 3, bias=False), nn.ReLU())
    kernel = [[-1.0, 1.0, -1.0], [1.0, 1.0, 1.0], [-1.0, 1.0, -1.0]]
    model[0].weight.data = torch.tensor([[kernel]])
    return model.eval()


def test_patches_are_where_the_unit_is_excited() -> None:
    x = torch.zeros(4, 1, 9, 9)
    for number, (row, column, light) in enumerate([(2, 2, 0.5), (4, 6, 1.0), (6, 3, 0.8)]):
        x[number, 0, row - 1 : row + 2, column] = light
        x[number, 0, row, column - 1 : column + 2] = light
    found = top_patches(blob_finder(), "0", [0], x, k=3)
    assert found.indices.tolist() == [[1, 2, 0]]
    torch.testing.assert_close(found.values, torch.tensor([[5.0, 4.0, 2.5]]))
    cross = torch.tensor([[0.0, 1, 0], [1, 1, 1], [0, 1, 0]])
    lights = torch.tensor([1.0, 0.8, 0.5])[:, None, None]
    torch.testing.assert_close(found.pictures[0, :, 0], cross * lights)


@pytest.mark.parametrize("batch_size", [1, 3, 100])
def test_values_are_the_largest_of_each_picture(batch_size: int) -> None:
    model, x = small_net(), pictures(7, 3, 12, 11)
    found = top_patches(model, "4", [5, 2], x, k=4, batch_size=batch_size)
    maps = feature_maps(model, ["4"], x)["4"]
    for row, unit in enumerate((5, 2)):
        best = maps[:, unit].amax((1, 2))
        torch.testing.assert_close(found.values[row], best.sort(descending=True).values[:4])
        torch.testing.assert_close(best[found.indices[row]], found.values[row])


def test_a_patch_alone_excites_as_much_where_nothing_is_padded() -> None:
    model, x = small_net(), pictures(6, 3, 16, 16)
    model[0].padding = (0, 0)
    found = top_patches(model, "4", [0, 1, 2], x, k=2)
    alone = model[:5](found.pictures.flatten(0, 1))
    assert alone.shape[2:] == (1, 1)
    own = alone.view(3, 2, 8)[torch.arange(3), :, torch.arange(3)]
    torch.testing.assert_close(own, found.values)


def test_beyond_the_border_it_is_black() -> None:
    x = torch.arange(1.0, 7).view(1, 2, 3)
    assert crop(x, Box(-1, 1, 2, 3)).tolist() == [[[0, 0, 0], [2, 3, 0]]]
    assert crop(x, Box(1, 0, 1, 2)).tolist() == [[[4, 5]]]
    assert crop(x, Box(1, -1, 3, 2)).tolist() == [[[0, 4], [0, 0], [0, 0]]]


def test_the_maximum_of_a_linear_unit_is_black_and_white() -> None:
    model = nn.Sequential(nn.Flatten(), nn.Linear(16, 3)).eval()
    nn.init.normal_(model[1].weight, generator=torch.Generator().manual_seed(0))
    found = maximize(model, "1", [2, 0], (1, 4, 4), steps=2000, jitter=0, blur=0)
    for picture, unit in zip(found, (2, 0), strict=True):
        torch.testing.assert_close(picture.flatten(), (model[1].weight[unit] > 0).float())


def test_the_maximum_of_a_map_is_the_kernel_in_the_middle() -> None:
    found = maximize(blob_finder(), "0", [0], (1, 7, 7), jitter=0, blur=0)[0, 0]
    assert found[2:5, 2:5].tolist() == [[0, 1, 0], [1, 1, 1], [0, 1, 0]]
    outside = torch.ones(7, 7, dtype=torch.bool)
    outside[2:5, 2:5] = False
    assert ((found[outside] - 0.5).abs() <= 0.05).all()  # the noise it began with


@pytest.mark.parametrize("layer", ["features.3", "classifier.4"])
def test_excites_lenet_more_than_noise_does(layer: str) -> None:
    model, units = pretrained("lenet"), [0, 3, 5, 9]
    found = maximize(model, layer, units, (1, 28, 28), steps=50)
    noise = pictures(100, 1, 28, 28).float()
    for made, unit in zip(found, units, strict=True):
        maps = feature_maps(model, [layer], torch.cat([made[None], noise]))[layer][:, unit]
        excited = maps if maps.ndim == 1 else maps[:, 5, 5]
        assert excited[0] > 1.3 * excited[1:].max().clamp(min=0.1)
    assert 0 <= found.min() < found.max() <= 1


def test_same_seed_same_picture() -> None:
    model = small_net().float()

    def made(seed: int) -> torch.Tensor:
        generator = torch.Generator().manual_seed(seed)
        return maximize(model, "4", [1], (3, 12, 12), steps=5, generator=generator)

    state = torch.get_rng_state()
    assert torch.equal(made(3), made(3))
    assert not torch.equal(made(3), made(4))
    assert torch.equal(torch.get_rng_state(), state)


def test_units_do_not_depend_on_each_other() -> None:
    model = small_net().float()
    both = maximize(model, "4", [1, 1], (3, 12, 12), steps=30, blur=0.5, decay=0.1)
    alone = maximize(model, "4", [1], (3, 12, 12), steps=30, blur=0.5, decay=0.1)
    assert (both[0] - alone[0]).abs().mean() < 0.02  # the first has the same noise


@pytest.mark.parametrize("option", [{"blur": 1.0}, {"decay": 0.5}])
def test_blur_and_decay_make_pictures_paler(option: dict[str, Any]) -> None:
    model = small_net().float()
    plain = maximize(model, "4", [1], (3, 12, 12), steps=30, blur=0)
    milder = maximize(model, "4", [1], (3, 12, 12), steps=30, **{"blur": 0, **option})
    assert milder.std() < 0.8 * plain.std()


def test_a_dead_unit_leaves_the_noise() -> None:
    model = blob_finder()
    model[0].weight.data.zero_()
    found = maximize(model, "0", [0], (1, 5, 5), blur=0)
    assert ((found - 0.5).abs() <= 0.05).all()


@pytest.mark.parametrize("seed", range(6))
def test_a_step_is_undone_where_the_picture_was_moved(seed: int) -> None:
    """By hand: noise of 0.1 around mid-grey, moved by up to 2 pixels, climbed, and moved back."""
    model = nn.Sequential(nn.Flatten(), nn.Linear(30, 1)).eval()
    weight = torch.arange(1.0, 31)
    model[1].weight.data = weight[None]
    draws = torch.Generator().manual_seed(seed)
    x = 0.5 + 0.1 * (torch.rand(1, 1, 5, 6, generator=draws) - 0.5)
    down, right = torch.randint(-2, 3, (2,), generator=draws).tolist()
    x = x + 0.25 * weight.view(1, 1, 5, 6).roll((-down, -right), (2, 3)) / 30
    found = maximize(
        *(model, "1", [0], (1, 5, 6)),
        **{"steps": 1, "rate": 0.25, "jitter": 2, "blur": 0, "decay": 0.5},
        generator=torch.Generator().manual_seed(seed),
    )
    torch.testing.assert_close(found, 0.5 + 0.5 * (x - 0.5))


def test_defaults_are_what_the_documentation_says() -> None:
    model = blob_finder()
    words: dict[str, Any] = {"steps": 100, "rate": 0.05, "jitter": 1, "blur": 0.1, "decay": 0.0}
    words["generator"] = torch.Generator().manual_seed(0)
    assert torch.equal(
        maximize(model, "0", [0], (1, 5, 5)), maximize(model, "0", [0], (1, 5, 5), **words)
    )
    x = pictures(12, 1, 6, 6).float()
    assert top_patches(model, "0", [0], x).indices.shape == (1, 9)


def test_a_layer_that_does_not_run_is_named() -> None:
    class Idle(nn.Sequential):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self[0](x)

    model = Idle(nn.Conv2d(1, 1, 3), nn.Conv2d(1, 1, 3)).eval()
    with pytest.raises(ValueError, match="layer is '1', which did not run"):
        maximize(model, "1", [0], (1, 5, 5))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda m, x: top_patches(m, "4", [8], x, 1), r"units is \[8\]; expected some of 0 to 7"),
        (lambda m, x: top_patches(m, "4", [], x, 1), r"units is \[\]; expected some of 0 to 7"),
        (lambda m, x: top_patches(m, "4", [0], x, 3), "k is 3; expected at most 2"),
        (lambda m, x: top_patches(m, "8", [0], x, 1), "layer is '8', which gives no maps"),
        (lambda m, x: maximize(m, "4", [8], (3, 9, 9)), r"units is \[8\]; expected some of 0 to 7"),
        (lambda m, x: maximize(m, "4", [0], (3, 9, 9), blur=2), "blur is 2; expected a number"),
        (lambda m, x: maximize(m, "4", [0], (3, 9, 9), steps=-1), "steps is -1; expected at least"),
        (lambda m, x: maximize(m.train(), "4", [0], (3, 9, 9)), "training mode"),
    ],
)
def test_arguments_that_do_not_fit(call: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call(small_net().float(), pictures(2, 3, 12, 12).float())
