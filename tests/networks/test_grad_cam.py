"""Grad-CAM against captum's, against class activation maps, and on networks one sees through."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from captum.attr import LayerAttribution, LayerGradCam
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from cvlib.networks import pretrained
from cvlib.networks.grad_cam import grad_cam
from tests.networks.looked_into import Watchers, pictures, small_net

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
