"""Grad-CAM against captum's, against class activation maps, and on networks one sees through."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import torchvision
from captum.attr import LayerAttribution, LayerGradCam
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from cvlib.networks import pretrained
from cvlib.networks.grad_cam import grad_cam
from tests.networks.looked_into import NO_TENSORS, Gives, Watchers, pictures, small_net

random_cases = settings(deadline=None, max_examples=40, derandomize=True)


def captums(model: Any, layer: str, x: Any, classes: Any, upsample: bool) -> torch.Tensor:
    method = LayerGradCam(model, model.get_submodule(layer))
    maps = method.attribute(x, classes, relu_attributions=True)
    if upsample:
        maps = LayerAttribution.interpolate(maps, tuple(x.shape[2:]), "bilinear")
    return maps[:, 0].detach()


@random_cases
@given(
    sizes=st.tuples(st.integers(1, 3), st.integers(1, 3), st.integers(6, 17), st.integers(6, 17)),
    layer=st.sampled_from(["0", "1", "3", "4", "5"]),
    seed=st.integers(0, 99),
    upsample=st.booleans(),
    data=st.data(),
)
def test_is_captums(sizes: Any, layer: str, seed: int, upsample: bool, data: Any) -> None:
    model, x = small_net(sizes[1], seed=seed), pictures(*sizes, seed=seed)
    some = st.integers(0, 4)
    classes = data.draw(some | st.lists(some, min_size=sizes[0], max_size=sizes[0]))
    ours = grad_cam(model, layer, x, classes, upsample=upsample)
    theirs = captums(model, layer, x, classes, upsample)
    torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-5 * float(theirs.max()) + 1e-12)


def test_is_captums_on_trained_lenet() -> None:
    model, x = pretrained("lenet"), pictures(4, 1, 28, 28).float()
    for layer in ("features.0", "features.2", "features.5"):
        theirs = captums(model, layer, x, [0, 3, 5, 9], True)
        torch.testing.assert_close(grad_cam(model, layer, x, [0, 3, 5, 9]), theirs)
        assert theirs.max() > 0


def test_behind_global_pooling_it_is_the_class_activation_map() -> None:
    """Zhou et al. (2016): the maps, weighted by the class's row of the last layer."""
    pooled = (nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 5))
    model = nn.Sequential(*small_net()[:6], *pooled).double().eval()
    x = pictures(3, 3, 12, 12)
    maps = model[:6](x)
    for number in range(5):
        cam = torch.einsum("k,nkhw->nhw", model[8].weight[number], maps).relu()
        ours = grad_cam(model, "5", x, number, upsample=False) * maps[0, 0].numel()
        torch.testing.assert_close(ours, cam.detach())


@pytest.mark.parametrize("place", [(0, 0), (3, 6), (7, 7)])
def test_points_at_the_place_that_the_class_depends_on(place: tuple[int, int]) -> None:
    model = Watchers([place, (4, 1)]).eval()
    x = torch.zeros(1, 1, 8, 8)
    x[0, 0, place[0], place[1]] = 1
    cam = grad_cam(model, "maps", x, 0)[0]
    assert cam.nonzero().tolist() == [list(place)]


def test_what_speaks_against_a_class_is_left_out() -> None:
    model = nn.Sequential(nn.Conv2d(1, 1, 1, bias=False), nn.Flatten(), nn.Linear(4, 2)).eval()
    nn.init.constant_(model[0].weight, 1)
    model[2].weight.data = torch.tensor([[1.0], [-1.0]]).expand(2, 4)
    x = torch.rand(1, 1, 2, 2)
    torch.testing.assert_close(grad_cam(model, "0", x, 0)[0], x[0, 0])
    assert grad_cam(model, "0", x, 1).max() == 0


@pytest.mark.parametrize("seed", range(5))
def test_the_network_of_these_tests_shows_something(seed: int) -> None:
    """Maps that are 0 everywhere would be equal to any other such maps."""
    for layer in ("0", "1", "3", "4", "5"):
        cams = [grad_cam(small_net(seed=seed), layer, pictures(2, 3, 12, 12), c) for c in range(5)]
        shown = torch.stack(cams).flatten(2)
        assert (shown.amax(2) > 1e-5).float().mean() > 0.4
        assert shown.std(2).max() > 1e-4


def test_the_network_chooses_where_nobody_does() -> None:
    model, x = small_net(), pictures(4, 3, 12, 12)
    chosen = model(x).argmax(1)
    torch.testing.assert_close(grad_cam(model, "5", x), grad_cam(model, "5", x, chosen))


def test_pictures_of_a_batch_do_not_depend_on_each_other() -> None:
    model, x = small_net(), pictures(3, 3, 12, 12)
    together = grad_cam(model, "4", x, [0, 1, 2])
    alone = [grad_cam(model, "4", x[n : n + 1], n)[0] for n in range(3)]
    torch.testing.assert_close(together, torch.stack(alone))


def test_parameters_keep_their_gradients_and_may_be_frozen() -> None:
    model, x = small_net(), pictures(1, 3, 12, 12)
    free = grad_cam(model, "4", x)
    assert all(parameter.grad is None for parameter in model.parameters())
    assert not free.requires_grad
    model.requires_grad_(False)
    torch.testing.assert_close(grad_cam(model, "4", x), free)


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
def test_works_where_gradients_are_off(mode: Any) -> None:
    model = small_net()
    expected = grad_cam(model, "4", pictures(1, 3, 12, 12))
    with mode():
        torch.testing.assert_close(grad_cam(model, "4", pictures(1, 3, 12, 12)), expected)


@pytest.mark.parametrize(
    ("layer", "message"),
    [("8", r"layer is '8', which gives \(1, 5\); expected"), ("9", "layers has '9'")],
)
def test_layers_without_maps(layer: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        grad_cam(small_net(), layer, pictures(1, 3, 12, 12))


def test_a_layer_without_influence() -> None:
    class Aside(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.seen, self.aside = nn.Identity(), nn.Conv2d(1, 1, 1)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            self.aside(x)
            return self.seen(x).flatten(1)

    with pytest.raises(ValueError, match="layer is 'aside'; expected one on which the outputs"):
        grad_cam(Aside().eval(), "aside", torch.rand(1, 1, 2, 2))


# ---------------------------------------------------------------------------- other outputs


@pytest.mark.parametrize(("said", "made"), NO_TENSORS.items())
def test_outputs_that_are_no_tensor(said: str, made: Any) -> None:
    with pytest.raises(TypeError, match=f"^model gives a {said}; expected a tensor"):
        grad_cam(Gives(made).eval(), "net.4", pictures(1, 3, 12, 12))


def test_outputs_of_another_shape_or_kind() -> None:
    with pytest.raises(ValueError, match=r"model gives outputs of shape \(1, 5, 1\); expected"):
        grad_cam(Gives(lambda y: y[..., None]).eval(), "net.4", pictures(1, 3, 12, 12))
    with pytest.raises(TypeError, match=r"outputs of torch.int64; expected floating-point"):
        grad_cam(Gives(lambda y: y.long()).eval(), "net.4", pictures(1, 3, 12, 12))


@pytest.mark.parametrize("how", [torch.no_grad, torch.inference_mode])
@pytest.mark.parametrize("whole", [True, False])
def test_a_network_that_keeps_no_gradients(how: Any, whole: bool) -> None:
    class Silent(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.net = small_net()

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            with how():
                maps = self.net[:5](x)
                if whole:
                    return self.net[5:](maps)
            return self.net[5:](maps.clone())

    what = "outputs" if whole else r"maps in 'net\.4'"
    with pytest.raises(ValueError, match=f"^model gives {what} without gradients; expected a for"):
        grad_cam(Silent().eval(), "net.4", pictures(1, 3, 12, 12))


def test_outputs_that_are_detached() -> None:
    with pytest.raises(ValueError, match="model gives outputs without gradients"):
        grad_cam(Gives(torch.Tensor.detach).eval(), "net.4", pictures(1, 3, 12, 12))


# ---------------------------------------------------------------------------- channels last


class ChannelsLast(nn.Module):
    """A network that works on (N, H, W, C) until it classifies."""

    def __init__(self) -> None:
        super().__init__()
        self.net = small_net()
        self.first, self.last = nn.Identity(), nn.Identity()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        maps = self.first(self.net[:5](x))
        return self.net[5:](self.last(maps.permute(0, 2, 3, 1)).permute(0, 3, 1, 2))


@pytest.mark.parametrize("sides", [(12, 12), (30, 12), (12, 31), (40, 40)])
@pytest.mark.parametrize("upsample", [True, False])
def test_a_layer_with_channels_last_is_refused_or_gives_its_map(
    sides: tuple[int, int], upsample: bool
) -> None:
    model, x = ChannelsLast().eval(), pictures(2, 3, *sides)
    expected = grad_cam(model, "first", x, [0, 3], upsample=upsample)
    ours = grad_cam(model, "last", x, [0, 3], upsample=upsample, channels_last=True)
    torch.testing.assert_close(ours, expected)
    assert expected.max() > 0
    if min(sides) > 7:  # less than that, 8 channels can as well be places
        with pytest.raises(ValueError, match=r"gives .*, 8\) for pictures of .*channels_last="):
            grad_cam(model, "last", x)


def test_a_swin_transformer_is_refused_or_gives_its_map() -> None:
    model = torchvision.models.SwinTransformer(
        *([4, 4], 8, [1, 1], [1, 2], [2, 2]), num_classes=3
    ).eval()
    x = torch.rand(1, 3, 48, 32)
    for layer, sides in (("features.1", (12, 8)), ("features", (6, 4)), ("norm", (6, 4))):
        with pytest.raises(ValueError, match=r"expected \(N, C, H, W\), or channels_last=True for"):
            grad_cam(model, layer, x)
        cam = grad_cam(model, layer, x, 1, upsample=False, channels_last=True)
        assert cam.shape == (1, *sides)
    first = grad_cam(model, "permute", x, 1, upsample=False)
    torch.testing.assert_close(cam, first)  # the same maps, with the channels first
    assert grad_cam(model, "features", x, 1, channels_last=True).shape == (1, 48, 32)


@pytest.mark.parametrize("channels", [1, 3, 7, 96])
@pytest.mark.parametrize("sides", [(7, 7), (1, 1), (6, 4), (14, 21)])
def test_maps_of_usual_layers_are_not_refused(channels: int, sides: tuple[int, int]) -> None:
    pooled = (nn.AdaptiveAvgPool2d(sides), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    model = nn.Sequential(nn.Conv2d(1, channels, 1), *pooled).eval()
    x = torch.rand(1, 1, 2 * sides[0], 2 * sides[1])
    for choice in (None, False):
        cam = grad_cam(model, "1", x, 0, upsample=False, channels_last=choice)
        assert cam.shape == (1, *sides)


def test_who_says_that_channels_come_first_is_believed() -> None:
    x = pictures(1, 3, 12, 12)
    cam = grad_cam(ChannelsLast().eval(), "last", x, 0, upsample=False, channels_last=False)
    assert cam.shape == (1, 4, 8)
