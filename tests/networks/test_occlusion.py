"""Occlusion against captum's, position by position, and on networks one sees through; deletion."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from captum.attr import Occlusion
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from cvlib.networks import pretrained
from cvlib.networks.occlusion import deletion, occlusion, patch_masks
from tests.networks.looked_into import NO_TENSORS, Gives, Watchers, pictures, small_net

random_cases = settings(deadline=None, max_examples=25, derandomize=True)


def captums(model: Any, x: Any, classes: Any, size: Any, stride: Any, value: float) -> Tensor:
    channels = x.shape[1]
    drops = Occlusion(model).attribute(
        x,
        sliding_window_shapes=(channels, *size),
        strides=(channels, *stride),
        baselines=value,
        target=classes,
        perturbations_per_eval=64,
    )
    return drops[:, 0].detach()


@random_cases
@given(
    sizes=st.tuples(st.integers(1, 2), st.integers(1, 3), st.integers(6, 9), st.integers(6, 9)),
    value=st.floats(-1, 1),
    batch_size=st.integers(1, 40),
    data=st.data(),
)
def test_is_captums(sizes: Any, value: float, batch_size: int, data: Any) -> None:
    size = tuple(data.draw(st.integers(1, side)) for side in sizes[2:])
    stride = tuple(data.draw(st.integers(1, side)) for side in size)
    model, x = small_net(sizes[1], seed=sizes[2]), pictures(*sizes)
    some = st.integers(0, 4)
    classes = data.draw(some | st.lists(some, min_size=sizes[0], max_size=sizes[0]))
    ours = occlusion(
        model, x, classes, size=size, stride=stride, value=value, batch_size=batch_size
    )
    theirs = captums(model, x, classes, size, stride, value)
    torch.testing.assert_close(ours, theirs.double(), rtol=1e-5, atol=1e-6)


def test_is_captums_on_trained_lenet() -> None:
    model, x = pretrained("lenet"), pictures(2, 1, 28, 28).float()
    ours = occlusion(model, x, [3, 8], size=7, stride=3, value=0.5)
    theirs = captums(model, x, [3, 8], (7, 7), (3, 3), 0.5)
    torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("place", [(0, 0), (3, 6), (7, 7)])
def test_only_what_covers_the_known_place_lowers_the_score(place: tuple[int, int]) -> None:
    model = Watchers([place, (4, 1)]).eval()
    x = torch.ones(1, 1, 8, 8)
    drops = occlusion(model, x, 0, size=1, stride=1)[0]
    assert drops.nonzero().tolist() == [list(place)]
    near = occlusion(model, x, 0, size=3, stride=1)[0]
    assert near.argmax() == place[0] * 8 + place[1]
    rows, columns = near.nonzero().T
    assert (rows - place[0]).abs().max() == (columns - place[1]).abs().max() == 2


def test_covering_may_raise_a_score() -> None:
    model = nn.Sequential(nn.Flatten(), nn.Linear(4, 1, bias=False)).eval()
    model[1].weight.data = torch.tensor([[1.0, -1.0, 0.0, 2.0]])
    drops = occlusion(model, torch.ones(1, 1, 2, 2), 0, size=1, stride=1)
    assert drops.tolist() == [[[1, -1], [0, 2]]]


def test_the_cover_may_be_a_colour() -> None:
    model, x = small_net(), pictures(2, 3, 8, 8)
    colour = torch.tensor([0.1, 0.5, 0.9])[:, None, None]
    whole = x.clone()
    whole[:] = colour
    drop = (model(x) - model(whole))[:, 1].detach()
    drops = occlusion(model, x, 1, size=8, stride=8, value=colour)
    torch.testing.assert_close(drops, drop[:, None, None].expand(2, 8, 8))


def test_the_class_is_that_of_the_picture_as_it_is() -> None:
    model, x = small_net(), pictures(5, 3, 10, 10)
    chosen = model(x).argmax(1)
    expected = occlusion(model, x, chosen, size=5, stride=2)
    torch.testing.assert_close(occlusion(model, x, size=5, stride=2), expected)


def test_positions_share_few_batches() -> None:
    model, counts = small_net(), []
    model.register_forward_pre_hook(lambda module, inputs: counts.append(len(inputs[0])))
    occlusion(model, pictures(2, 3, 10, 10), 0, size=4, stride=2, batch_size=10)
    assert counts == [2, 10, 10, 10, 2]  # 16 positions of 2 pictures


def test_every_pixel_is_covered_and_rests_are_cut_off() -> None:
    masks = patch_masks((5, 7), size=(2, 3), stride=(2, 2))
    assert masks.shape == (3 * 3, 5, 7)
    assert masks.any(0).all()
    assert masks.sum((1, 2)).tolist() == [6, 6, 6, 6, 6, 6, 3, 3, 3]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"size": 9, "stride": 1}, "size is 9; expected at most 8 × 8"),
        ({"size": 2, "stride": 3}, "stride is 3; expected at most the size, 2"),
        ({"size": 0, "stride": 1}, "size is 0; expected at least 1"),
        ({"size": 2, "stride": 2, "batch_size": 0}, "batch_size is 0; expected at least 1"),
        ({"size": 2, "stride": 2, "classes": 5}, "expected 0 to 4"),
    ],
)
def test_arguments_that_do_not_fit(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        occlusion(small_net(), pictures(1, 3, 8, 8), **arguments)


def test_gradients_are_not_kept() -> None:
    drops = occlusion(small_net(), pictures(1, 3, 8, 8), size=4, stride=4)
    assert not drops.requires_grad


@pytest.mark.parametrize(("said", "made"), NO_TENSORS.items())
def test_outputs_that_are_no_tensor(said: str, made: Any) -> None:
    for classes in (None, 0):
        with pytest.raises(TypeError, match=f"^model gives a {said}; expected a tensor"):
            occlusion(Gives(made).eval(), pictures(1, 3, 12, 12), classes, size=4, stride=4)


def test_deletion_covers_the_hottest_tiles_first() -> None:
    model = Watchers([(0, 0), (3, 6), (7, 2)]).eval()
    x, heat = pictures(1, 1, 8, 8).float() + 1, torch.zeros(1, 8, 8)
    heat[0, 3, 6], heat[0, 7, 2] = 2, 1
    for k, place, lasts in ((0, (0, 0), 2), (1, (3, 6), 0), (2, (7, 2), 1)):
        found = deletion(model, x, heat, k, size=2, steps=16)[0]
        expected = torch.tensor([x[0, 0, *place] if step <= lasts else 0 for step in range(17)])
        if k:
            torch.testing.assert_close(found, expected)
        else:  # of tiles that are equally hot, the first go first
            assert found[lasts] > 0 == found[lasts + 1]


@random_cases
@given(
    sizes=st.tuples(st.integers(1, 3), st.integers(1, 3), st.integers(6, 9), st.integers(6, 9)),
    size=st.integers(1, 6),
    steps=st.integers(1, 12),
    seed=st.integers(0, 99),
)
def test_deletion_is_a_loop_over_tiles(sizes: Any, size: int, steps: int, seed: int) -> None:
    model, x = small_net(sizes[1], seed=seed), pictures(*sizes, seed=seed)
    heat = pictures(sizes[0], 1, *sizes[2:], seed=seed + 1)[:, 0]
    found = deletion(model, x, heat, 2, size=size, steps=steps, value=0.5)
    for image, own, scores in zip(x, heat, found, strict=True):
        corners = [(r, c) for r in range(0, sizes[2], size) for c in range(0, sizes[3], size)]
        corners.sort(key=lambda at: -own[at[0] : at[0] + size, at[1] : at[1] + size].mean())
        for step in range(steps + 1):
            covered = image.clone()
            for row, column in corners[: round(step / steps * len(corners))]:
                covered[:, row : row + size, column : column + size] = 0.5
            torch.testing.assert_close(scores[step], model(covered[None])[0, 2].detach())


def test_deletion_keeps_the_class_of_the_whole_picture_and_takes_a_cover_per_picture() -> None:
    model, x = small_net(), pictures(4, 3, 9, 9)
    heat, cover = x[:, 0], x.mean((2, 3), keepdim=True)
    chosen = model(x).argmax(1)
    found = deletion(model, x, heat, size=3, steps=3, value=cover)
    torch.testing.assert_close(
        found, deletion(model, x, heat, chosen, size=3, steps=3, value=cover)
    )
    last = model(cover.expand_as(x)).gather(1, chosen[:, None])[:, 0].detach()
    torch.testing.assert_close(found[:, -1], last)
    assert not found.requires_grad


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"size": 0}, "size is 0; expected at least 1"),
        ({"size": 2, "steps": 0}, "steps is 0; expected at least 1"),
        ({"size": 2, "maps": torch.zeros(1, 4, 4)}, r"maps has shape .*expected \(1, 8, 8\)"),
        ({"size": 2, "classes": 5}, "expected 0 to 4"),
    ],
)
def test_arguments_that_do_not_fit_deletion(arguments: dict[str, Any], message: str) -> None:
    given = {"maps": torch.zeros(1, 8, 8), **arguments}
    with pytest.raises(ValueError, match=message):
        deletion(small_net(), pictures(1, 3, 8, 8), **given)
