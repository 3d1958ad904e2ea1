"""Pixels that move: against torchvision's way for one picture, and within the ranges drawn from."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage
from torch import Tensor, nn
from torchvision import tv_tensors
from torchvision.transforms import InterpolationMode, v2
from torchvision.transforms.v2 import functional as torchvision

from cvlib.augmentation import geometry
from cvlib.augmentation.geometry import (
    OPERATIONS,
    TenCrop,
    affine,
    crop,
    horizontal_flip,
    random_affine,
    random_crop,
    random_distortion,
    random_horizontal_flip,
    random_patch,
    random_resized_crop,
    resize,
    ten_crop,
    trivial_augment,
)
from cvlib.data import ImageSet
from cvlib.training import evaluate
from tests.augmentation.pictures import (
    assert_each_is,
    assert_fills,
    batches,
    labels,
    numbers,
    pictures,
    random_cases,
    recorded,
    seeded,
)
from tests.layers.drawn import DEVICE


@random_cases
@given(batches(), st.data())
def test_flips(images: Tensor, data: st.DataObject) -> None:
    flipped = torch.tensor([data.draw(st.booleans()) for _ in images])

    def reference(picture: Tensor, flip: bool) -> Tensor:
        return torchvision.horizontal_flip(picture) if flip else picture

    assert_each_is(horizontal_flip(images, flipped), images, reference, flipped)
    assert torch.equal(horizontal_flip(images), images.flip(-1))
    assert torch.equal(horizontal_flip(images, False), images)


@random_cases
@given(batches(), st.integers(0, 5), st.data())
def test_crops(images: Tensor, padding: int, data: st.DataObject) -> None:
    position = st.integers(0, 2 * padding)
    top, left = (torch.tensor([data.draw(position) for _ in images]) for _ in range(2))

    def reference(picture: Tensor, row: int, column: int) -> Tensor:
        return torchvision.crop(
            torchvision.pad(picture, [padding] * 4), row, column, *picture.shape[1:]
        )

    assert_each_is(crop(images, top, left, padding), images, reference, top, left)
    assert torch.equal(crop(images, padding, padding, padding), images)


@random_cases
@given(batches(), st.data())
def test_affine_maps(images: Tensor, data: st.DataObject) -> None:
    bounds = {"angle": 360, "right": 5, "down": 5, "across": 60, "along": 60}
    drawn = [numbers(data.draw, images, -bound, bound) for bound in bounds.values()]
    angle, right, down, across, along = drawn
    scale = numbers(data.draw, images, 0.3, 3)

    def reference(picture: Tensor, *chosen: float) -> Tensor:
        angle, right, down, across, along, scale = chosen
        shift, shear, bilinear = [right, down], [across, along], InterpolationMode.BILINEAR
        return torchvision.affine(picture, angle, shift, scale, shear, bilinear)

    result = affine(images, angle, (right, down), scale, (across, along))
    assert_each_is(result, images, reference, *drawn, scale)


@random_cases
@given(batches(), st.data())
def test_affine_squeezes(images: Tensor, data: st.DataObject) -> None:
    """Widths times the factor, heights divided by it, before all else."""
    squeeze = numbers(data.draw, images, 0.4, 2.5)
    angle, across = (numbers(data.draw, images, -bound, bound) for bound in (360, 60))

    def reference(picture: Tensor, squeeze: float, angle: float, across: float) -> Tensor:
        # In rows and columns, as scipy counts them: columns first squeezed, then slanted.
        turn, slant = math.radians(angle), math.tan(math.radians(across))
        turned = np.array([[math.cos(turn), math.sin(turn)], [-math.sin(turn), math.cos(turn)]])
        matrix = turned @ [[1, 0], [-slant, 1]] @ np.diag([1 / squeeze, squeeze])
        inverse, middle = np.linalg.inv(matrix), (np.array(picture.shape[1:]) - 1) / 2
        start, border = middle - inverse @ middle, {"order": 1, "mode": "grid-constant"}
        planes = [ndimage.affine_transform(p, inverse, start, **border) for p in picture.numpy()]
        return torch.from_numpy(np.stack(planes))

    result = affine(images, angle, shear=(across, 0), squeeze=squeeze)
    assert_each_is(result, images, reference, squeeze, angle, across)


def test_affine_turns_clockwise_and_shifts_right_and_down() -> None:
    x = torch.arange(1.0, 10, device=DEVICE).view(1, 1, 3, 3) / 10
    torch.testing.assert_close(affine(x), x)
    torch.testing.assert_close(affine(x, 90), x.rot90(-1, (2, 3)))
    torch.testing.assert_close(affine(x, translate=(1, 2))[..., 2, 1:], x[..., 0, :2])
    assert affine(x, translate=(1, 2))[..., :2, :].max() < 1e-6


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda x: horizontal_flip(x, torch.tensor([1, 0])), TypeError, "flipped is torch.int64"),
        (lambda x: crop(x, 3, 0, 1), ValueError, "top is 3; expected 0 to 2, twice padding"),
        (lambda x: crop(x, 0, torch.tensor([0, -1]), 1), ValueError, "left is tensor"),
        (lambda x: crop(x, 0, 0, 0.5), TypeError, "padding is 0.5; expected an integer"),
        (lambda x: affine(x, scale=0.0), ValueError, "scale is 0.0; expected above 0"),
        (lambda x: affine(x, squeeze=-1.0), ValueError, "squeeze is -1.0; expected above 0"),
        (lambda x: affine(x, shear=(0, torch.zeros(3))), ValueError, r"shear\[1\] has shape \(3,"),
    ],
)
def test_refuses_numbers_that_do_not_fit(
    call: Callable[[Tensor], Tensor], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        call(torch.zeros(2, 3, 4, 4, device=DEVICE))


def test_flips_about_as_many_as_asked_for() -> None:
    images = pictures(1000)
    for p, low, high in ((0, 0, 0), (1, 1000, 1000), (0.3, 240, 360)):
        flipped, _ = random_horizontal_flip(images, labels(1000), seeded(), p=p)
        swapped = (flipped == images.flip(-1)).flatten(1).all(1)
        assert low <= int(swapped.sum()) <= high
        assert torch.equal(flipped[~swapped], images[~swapped])


def test_crops_reach_every_shift(monkeypatch: pytest.MonkeyPatch) -> None:
    images, targets = pictures(1000), labels(1000)
    call = partial(random_crop, images, targets, seeded(), padding=2)
    top, left, padding = recorded(monkeypatch, geometry, "crop", call)
    assert padding == 2
    for corner in (top, left):
        counts = corner.bincount()
        assert len(counts) == 5
        assert counts.min() > 150
    assert not torch.equal(top, left)


def test_affine_maps_fill_their_ranges(monkeypatch: pytest.MonkeyPatch) -> None:
    strengths: Any = {"degrees": 30, "translate": 0.2, "scale": (0.5, 2), "shear": 20}
    drawn: dict[str, Any] = {}
    monkeypatch.setattr(geometry, "_moved_affinely", lambda *_, **chosen: drawn.update(chosen))
    random_affine(pictures(1000), labels(1000), seeded(), **strengths)
    angle, (right, down), scale, (across, along) = drawn.values()
    assert_fills(angle, -30, 30)
    assert_fills(right, -2, 2)  # a fifth of 10 columns
    assert_fills(down, -1.4, 1.4)  # a fifth of 7 rows
    assert_fills(scale, 0.5, 2)
    assert_fills(across, -20, 20)
    assert along == 0
    draws = torch.stack([angle, right, down, scale, across])
    assert (torch.corrcoef(draws) - torch.eye(5)).abs().max() < 0.1, "draws depend on each other"


def test_distortions_fill_their_ranges(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: dict[str, Any] = {}
    monkeypatch.setattr(geometry, "_moved_affinely", lambda *_, **chosen: drawn.update(chosen))
    strengths: Any = {"translate": 0.2, "scale": (0.5, 2), "squeeze": 2, "shear": 20}
    random_distortion(pictures(1000), labels(1000), seeded(), **strengths)
    (right, down), (across, along) = drawn["translate"], drawn["shear"]
    assert_fills(right, -2, 2)  # a fifth of 10 columns
    assert_fills(down, -1.4, 1.4)  # a fifth of 7 rows
    assert_fills(drawn["scale"], 0.5, 2)
    assert_fills(drawn["squeeze"].log2(), -1, 1)
    assert_fills(across, -20, 20)
    assert along == 0
    draws = torch.stack([right, down, drawn["scale"], drawn["squeeze"], across])
    assert (torch.corrcoef(draws) - torch.eye(5)).abs().max() < 0.1, "draws depend on each other"


REFUSED: list[tuple[Callable[..., Any], dict[str, Any], str]] = [
    (random_horizontal_flip, {"p": 1.5}, "p is 1.5; expected a number from 0 to 1"),
    (random_horizontal_flip, {"p": math.nan}, "p is nan"),
    (random_crop, {"padding": -1}, "padding is -1; expected at least 0"),
    (random_affine, {"degrees": -5}, "degrees is -5; expected a number of at least 0"),
    (random_affine, {"translate": 2}, "translate is 2; expected a number"),
    (random_affine, {"scale": (1.1, 0.9)}, "expected the lower number first"),
    (random_affine, {"scale": (0, 1)}, "scale is 0"),
    (random_affine, {"shear": 90}, "shear is 90"),
    (random_distortion, {"squeeze": 0.9}, "squeeze is 0.9; expected a number of at least 1,"),
    (random_distortion, {"shear": 90}, "shear is 90"),
]


@pytest.mark.parametrize(("augment", "strength", "message"), REFUSED)
def test_refuses_a_strength_out_of_range(
    augment: Callable[..., Any], strength: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        augment(pictures(), labels(), seeded(), **strength)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 9), st.integers(1, 9), st.data())
def test_ten_crops_are_torchvisions(height: int, width: int, data: st.DataObject) -> None:
    size = data.draw(st.integers(1, min(height, width)))
    images = torch.rand(2, 3, height, width, generator=seeded()).to(DEVICE)
    theirs = torch.stack(v2.functional.ten_crop(images, [size, size]), 1)
    assert torch.equal(ten_crop(images, size), theirs)


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 7), st.integers(1, 7), st.data())
def test_a_patch_is_a_window_of_its_picture(height: int, width: int, data: st.DataObject) -> None:
    size = data.draw(st.integers(1, min(height, width)))
    images = torch.rand(6, 2, height, width, generator=seeded()).to(DEVICE)
    patches, targets = random_patch(images, torch.arange(6), seeded(1), size)
    assert patches.shape == (6, 2, size, size)
    assert targets.tolist() == [*range(6)]
    for patch, image in zip(patches, images, strict=True):
        windows = image.unfold(1, size, 1).unfold(2, size, 1).movedim(0, 2).flatten(0, 1)
        assert any(torch.equal(patch, window) for window in windows)


def test_patches_reach_every_place_alike() -> None:
    number = torch.arange(30.0, device=DEVICE).view(1, 1, 5, 6).expand(6000, 1, 5, 6)
    patches, _ = random_patch(number, torch.arange(6000), seeded(), size=4)
    places, counts = patches[:, 0, 0, 0].unique(return_counts=True)
    assert places.tolist() == [0, 1, 2, 6, 7, 8]
    assert 900 < counts.min() <= counts.max() < 1100


def test_patches_keep_the_contract_of_augmentations() -> None:
    images, targets = torch.rand(30, 3, 8, 8, dtype=torch.float64), torch.arange(30)
    before, state, generator = images.clone(), torch.get_rng_state(), seeded()
    first, kept = random_patch(images, targets, generator, 5)
    again, _ = random_patch(images, targets, generator, 5)
    assert torch.equal(first, random_patch(images, targets, seeded(), 5)[0])
    assert not torch.equal(first, again)
    assert kept is targets
    assert first.dtype == images.dtype
    assert first.is_contiguous()
    assert torch.equal(images, before)
    assert torch.equal(torch.get_rng_state(), state)


def test_the_answer_is_the_mean_of_the_ten_probabilities() -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Flatten(), nn.Linear(3 * 36, 5)).to(DEVICE)
    images = torch.rand(4, 3, 9, 8).to(DEVICE)
    by_hand = torch.stack(
        [model(crop).softmax(1) for crop in v2.functional.ten_crop(images, [6, 6])]
    ).mean(0)
    outputs = TenCrop(model, 6)(images)
    torch.testing.assert_close(outputs.softmax(1), by_hand)
    torch.testing.assert_close(outputs.exp(), by_hand)


def test_a_class_ruled_out_by_every_crop_has_a_finite_loss() -> None:
    model = nn.Sequential(nn.Flatten(), nn.Linear(3, 2)).to(DEVICE)
    nn.init.zeros_(model[1].weight)
    model[1].bias.data = torch.tensor([0.0, -200.0], device=DEVICE)
    outputs = TenCrop(model, 1)(torch.zeros(1, 3, 2, 2, device=DEVICE))
    torch.testing.assert_close(outputs.cpu(), torch.tensor([[0.0, -200.0]]))


def test_is_evaluated_as_a_network_and_in_its_mode() -> None:
    torch.manual_seed(0)
    pictures = ImageSet(
        torch.randint(0, 256, (20, 3, 9, 9), dtype=torch.uint8),
        torch.arange(20) % 2,
        ("a", "b"),
        "-",
    )
    part = nn.Sequential(nn.Flatten(), nn.Dropout(0.5), nn.Linear(3 * 49, 2))
    model = TenCrop(part, 7)
    first, second = evaluate(model, pictures), evaluate(model, pictures)
    assert first.loss == second.loss  # no dropout
    assert sum(p.numel() for p in model.parameters()) == sum(p.numel() for p in part.parameters())


@pytest.mark.parametrize(
    ("size", "error", "message"),
    [
        (0, ValueError, "size is 0; expected at least 1"),
        (9, ValueError, "size is 9; expected at most 8, the shorter side"),
        (2.5, TypeError, r"size is 2\.5; expected an integer"),
    ],
)
def test_refuses_sizes_that_do_not_fit(size: Any, error: type[Exception], message: str) -> None:
    images = torch.zeros(2, 3, 8, 10)
    with pytest.raises(error, match=message):
        ten_crop(images, size)
    with pytest.raises(error, match=message):
        random_patch(images, torch.arange(2), seeded(), size)


def test_refuses_what_is_no_batch() -> None:
    no_generator: Any = 0
    images: Tensor = torch.zeros(2, 3, 8, 8)
    with pytest.raises(TypeError, match=r"images is torch\.uint8"):
        ten_crop(images.byte(), 4)
    with pytest.raises(ValueError, match="expected"):
        ten_crop(images[0], 4)
    with pytest.raises(TypeError, match=r"generator is a int; expected a torch\.Generator"):
        random_patch(images, torch.arange(2), no_generator, 4)


def places(count: int = 6, side: tuple[int, int] = (11, 14)) -> tuple[Tensor, Tensor, list[Any]]:
    """Pictures, label maps, and dictionaries of boxes and masks, the last without any."""
    height, width = side
    drawn = seeded(3)
    images = torch.rand(count, 3, height, width, generator=drawn)
    maps = torch.randint(0, 5, (count, height, width), generator=drawn)
    targets = []
    for number in range(count):
        objects = 3 if number < count - 1 else 0
        low = torch.rand(objects, 2, generator=drawn) * torch.tensor([width - 5, height - 5])
        high = low + 1 + 3 * torch.rand(objects, 2, generator=drawn)
        masks = torch.randint(0, 2, (objects, height, width), generator=drawn, dtype=torch.uint8)
        boxes = torch.cat([low, high], 1)
        targets.append({"boxes": boxes, "masks": masks, "labels": torch.arange(objects)})
    return images, maps, targets


def torchvisions(
    move: Callable[..., Any], maps: Tensor, targets: list[Any], sizes: tuple[int, int]
) -> tuple[Tensor, list[Any]]:
    """Let torchvision move one picture's label map, boxes and masks after the other."""
    moved = torch.stack([move(number, tv_tensors.Mask(each)) for number, each in enumerate(maps)])
    others = []
    for number, target in enumerate(targets):
        kind = tv_tensors.BoundingBoxFormat.XYXY
        before = (maps.shape[1], maps.shape[2])
        boxes = tv_tensors.BoundingBoxes(target["boxes"], format=kind, canvas_size=before)
        boxes = torchvision.clamp_bounding_boxes(move(number, boxes))
        assert boxes.canvas_size == sizes
        left = (boxes[:, 2:] > boxes[:, :2]).all(1)
        masks = move(number, tv_tensors.Mask(target["masks"])) if len(left) else target["masks"]
        others.append({"boxes": boxes[left], "masks": masks[left], "labels": left.nonzero()[:, 0]})
    return moved, others


def assert_moved(ours: tuple[Any, Any], theirs: tuple[Tensor, list[Any]], most: float = 0) -> None:
    """Label maps to the pixel, but for the share that lies between two; boxes to a thousandth."""
    maps, targets = ours
    assert (maps != theirs[0]).double().mean() <= most
    assert maps.dtype == theirs[0].dtype
    for mine, other in zip(targets, theirs[1], strict=True):
        torch.testing.assert_close(
            mine["boxes"], other["boxes"].as_subclass(Tensor), atol=1e-3, rtol=0
        )
        assert torch.equal(mine["labels"], other["labels"])
        assert mine["masks"].dtype == torch.uint8
        if mine["masks"].numel():
            assert (mine["masks"] != other["masks"]).double().mean() <= most


def test_flips_take_boxes_masks_and_label_maps_along() -> None:
    images, maps, targets = places()
    flipped, moved = random_horizontal_flip(images, maps, seeded(2))
    _, others = random_horizontal_flip(images, targets, seeded(2))
    chosen = [not torch.equal(one, other) for one, other in zip(flipped, images, strict=True)]
    assert 0 < sum(chosen) < len(chosen)

    def move(number: int, what: Any) -> Any:
        return torchvision.horizontal_flip(what) if chosen[number] else what

    assert_moved((moved, others), torchvisions(move, maps, targets, (11, 14)))


@pytest.mark.parametrize("padding", [0, 3, 9])
def test_crops_take_boxes_masks_and_label_maps_along(
    monkeypatch: pytest.MonkeyPatch, padding: int
) -> None:
    images, maps, targets = places()
    _, moved = random_crop(images, maps, seeded(), padding)
    _, others = random_crop(images, targets, seeded(), padding)
    call = partial(random_crop, images, labels(6), seeded(), padding)
    top, left, _ = recorded(monkeypatch, geometry, "crop", call)

    def move(number: int, what: Any) -> Any:
        fill = 255 if what.shape[0] == 11 and isinstance(what, tv_tensors.Mask) else 0
        padded = torchvision.pad(what, padding, fill=fill)
        return torchvision.crop(padded, int(top[number]), int(left[number]), 11, 14)

    assert_moved((moved, others), torchvisions(move, maps, targets, (11, 14)))
    assert padding < 9 or any(len(each["boxes"]) < 3 for each in others[:-1]), "none has left"


def test_patches_take_boxes_masks_and_label_maps_along() -> None:
    images, maps, targets = places()
    places_of = torch.arange(11 * 14.0).view(1, 1, 11, 14).expand(6, 1, 11, 14)
    corner = random_patch(places_of, labels(6), seeded(), 7)[0][:, 0, 0, 0].long()
    top, left = corner // 14, corner % 14
    _, moved = random_patch(images, maps, seeded(), 7)
    _, others = random_patch(images, targets, seeded(), 7)

    def move(number: int, what: Any) -> Any:
        return torchvision.crop(what, int(top[number]), int(left[number]), 7, 7)

    assert_moved((moved, others), torchvisions(move, maps, targets, (7, 7)))


@pytest.mark.parametrize("size", [(11, 14), (22, 7), (5, 33), 8])
def test_resizing_takes_boxes_masks_and_label_maps_along(size: Any) -> None:
    images, maps, targets = places()
    resized, moved = resize(images, maps, size)
    _, others = resize(images, targets, size)
    height, width = (size, size) if isinstance(size, int) else size

    def move(number: int, what: Any) -> Any:
        return torchvision.resize(what, [height, width])

    expected = torchvision.resize(images, [height, width])
    torch.testing.assert_close(resized, expected, atol=1e-6, rtol=0)
    assert_moved((moved, others), torchvisions(move, maps, targets, (height, width)))


@settings(random_cases, max_examples=15)
@given(st.integers(0, 1000), st.sampled_from([None, (9, 20), 16]))
def test_resized_crops_are_torchvisions_and_take_targets_along(seed: int, size: Any) -> None:
    images, maps, targets = places()
    seen: list[tuple[Tensor, Tensor]] = []
    original = geometry._cut_and_resized

    def note(images: Tensor, targets: Any, corner: Tensor, sides: Tensor, new: Any) -> Any:
        seen.append((corner, sides))
        return original(images, targets, corner, sides, new)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(geometry, "_cut_and_resized", note)
        changed, moved = random_resized_crop(images, maps, seeded(seed), size)
        _, others = random_resized_crop(images, targets, seeded(seed), size)
    new = list(changed.shape[2:])
    assert new == ([11, 14] if size is None else [16, 16] if size == 16 else list(size))
    (corner, sides), _ = seen
    assert (corner >= 0).all()
    assert (sides >= 1).all()
    assert (corner + sides <= torch.tensor([[11], [14]])).all()

    def move(number: int, what: Any) -> Any:
        place = [*corner[:, number].tolist(), *sides[:, number].tolist()]
        return torchvision.resized_crop(what, *place, size=new)

    expected = torch.stack([move(number, image) for number, image in enumerate(images)])
    torch.testing.assert_close(changed, expected, atol=1e-5, rtol=0)
    assert_moved((moved, others), torchvisions(move, maps, targets, (new[0], new[1])))


def test_resized_crops_reach_every_place_and_the_sizes_asked_for() -> None:
    rows = torch.arange(50.0).view(1, 1, 50, 1).expand(300, 1, 50, 50) / 50
    columns = rows.mT
    seen = []
    for images in (rows, columns):
        cut, _ = random_resized_crop(images, labels(300), seeded(), 50, (0.25, 0.25), (1, 1))
        seen.append(cut[:, 0].flatten(1))
    for each in seen:
        spread = each.amax(1) - each.amin(1)
        assert (spread - 0.48).abs().max() < 0.011, "25 of 50 pixels"
        assert_fills(each.amin(1), 0.0, 0.5)
    shares, _ = random_resized_crop(rows, labels(300), seeded(), 50, (0.5, 1.0), (1, 1))
    high = shares[:, 0].amax((1, 2)) - shares[:, 0].amin((1, 2))
    assert 0.67 < high.min() < 0.75, "half of the area"
    assert high.max() > 0.95


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"size": 0}, ValueError, "size is 0; expected at least 1"),
        ({"size": 2.5}, TypeError, "size is 2.5; expected an integer"),
        ({"size": (3,)}, TypeError, r"size is \(3,\); expected an integer or a pair"),
        ({"scale": (0, 1)}, ValueError, "scale"),
        ({"scale": (0.5, 1.5)}, ValueError, "scale"),
        ({"ratio": (2, 1)}, ValueError, "expected the lower number first"),
    ],
)
def test_resized_crops_refuse_sizes_and_ranges(
    arguments: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        random_resized_crop(pictures(), labels(), seeded(), **arguments)


def test_affine_maps_take_boxes_masks_and_label_maps_along() -> None:
    images, maps, targets = places()
    strengths: Any = {"degrees": 40, "translate": 0.3, "scale": (0.6, 1.5), "shear": 15}
    drawn: dict[str, Any] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(geometry, "_moved_affinely", lambda *_, **chosen: drawn.update(chosen))
        random_affine(images, maps, seeded(), **strengths)
    _, moved = random_affine(images, maps, seeded(), **strengths)
    _, others = random_affine(images, targets, seeded(), **strengths)

    def move(number: int, what: Any) -> Any:
        shifts = [float(shift[number]) for shift in drawn["translate"]]
        tilt = [float(drawn["shear"][0][number]), 0.0]
        size, angle = float(drawn["scale"][number]), float(drawn["angle"][number])
        fill = 255 if what.shape[0] == 11 and isinstance(what, tv_tensors.Mask) else 0
        middle = [7.0, 5.5]
        if isinstance(what, tv_tensors.BoundingBoxes):
            return torchvision.affine(what, angle, shifts, size, tilt, center=middle)
        return torchvision.affine(
            what, angle, shifts, size, tilt, InterpolationMode.NEAREST, fill=fill, center=middle
        )

    assert_moved((moved, others), torchvisions(move, maps, targets, (11, 14)), most=0.02)


def test_what_says_nothing_of_places_stays() -> None:
    images, _, targets = places()
    strings = [{"file": "a.png", "boxes": target["boxes"]} for target in targets]
    _, moved = random_crop(images, strings, seeded(), 1)
    assert [each["file"] for each in moved] == ["a.png"] * 6
    for same in (labels(6), torch.rand(6, 4), [1, 2, 3, 4, 5, 6], "words"):
        assert random_crop(images, same, seeded(), 1)[1] is same or isinstance(same, list)
    with pytest.raises(ValueError, match="targets holds 5; expected one for each of 6"):
        random_horizontal_flip(images, targets[:5], seeded())
    whole = {"boxes": torch.tensor([[0, 0, 14, 11]])}
    ((box,),) = (each["boxes"] for each in random_crop(images[:1], [whole], seeded(), 2)[1])
    assert box.dtype == torch.int64
    assert box.min() >= 0


def by_torchvision(picture: Tensor, name: str, amount: float) -> Tensor:
    """Change a picture by one operation, as torchvision's functions do."""
    height, width = picture.shape[1:]
    degrees = math.degrees(math.atan(amount))
    maps: dict[str, tuple[float, list[float], list[float]]] = {
        "rotate": (amount, [0, 0], [0, 0]),
        "shear_x": (0, [0, 0], [degrees, 0]),
        "shear_y": (0, [0, 0], [0, degrees]),
        "translate_x": (0, [amount * width, 0], [0, 0]),
        "translate_y": (0, [0, amount * height], [0, 0]),
    }
    if name in maps:
        angle, shift, shear = maps[name]
        bilinear = InterpolationMode.BILINEAR
        return torchvision.affine(picture, angle, shift, 1, shear, interpolation=bilinear)
    return {
        "identity": lambda: picture,
        "autocontrast": lambda: torchvision.autocontrast(picture),
        "equalize": lambda: torchvision.equalize(picture),
        "brightness": lambda: torchvision.adjust_brightness(picture, 1 + amount),
        "contrast": lambda: torchvision.adjust_contrast(picture, 1 + amount),
        "saturation": lambda: torchvision.adjust_saturation(picture, 1 + amount),
        "sharpness": lambda: torchvision.adjust_sharpness(picture, 1 + amount),
        "posterize": lambda: torchvision.posterize(picture, 8 - round(abs(amount))),
        "solarize": lambda: torchvision.solarize(picture, 1 - abs(amount)),
    }[name]()


def written_down(count: int, operations: dict[str, float]) -> list[tuple[str, float]]:
    """Say which operation the generator of seed 0 draws for each picture, and how strong."""
    kind, level, side = torch.rand(3, count, generator=seeded())
    names = [list(operations)[int(chance * len(operations))] for chance in kind.tolist()]
    levels = torch.tensor([int(chance * 31) for chance in level.tolist()]) / 30
    signs = torch.where(side < 0.5, -1.0, 1.0)
    amounts = torch.tensor([operations[name] for name in names]) * levels * signs
    return list(zip(names, amounts.tolist(), strict=True))


@pytest.mark.parametrize("name", OPERATIONS)
def test_each_trivial_operation_is_torchvisions(name: str) -> None:
    images = torch.rand(40, 3, 19, 23, generator=seeded(5)).square().to(DEVICE)
    alone = {name: OPERATIONS[name]}
    changed, kept = trivial_augment(images, labels(), seeded(), alone)
    drawn = written_down(40, alone)
    theirs = torch.stack(
        [by_torchvision(image, *how) for image, how in zip(images.cpu(), drawn, strict=True)]
    )
    torch.testing.assert_close(changed.cpu(), theirs, rtol=0, atol=1e-4)
    assert torch.equal(kept, labels())
    assert (name == "identity") == torch.equal(changed, images)


def test_each_picture_has_an_operation_of_its_own() -> None:
    images = torch.rand(300, 3, 19, 23, generator=seeded(5)).square().to(DEVICE)
    before, state = images.clone(), torch.get_rng_state()
    changed, _ = trivial_augment(images, labels(300), seeded())
    drawn = written_down(300, OPERATIONS)
    assert {name for name, _ in drawn} == OPERATIONS.keys()
    theirs = torch.stack(
        [by_torchvision(image, *how) for image, how in zip(images.cpu(), drawn, strict=True)]
    )
    torch.testing.assert_close(changed.cpu(), theirs, rtol=0, atol=1e-4)
    assert torch.equal(images, before)
    assert torch.equal(torch.get_rng_state(), state)
    grey = trivial_augment(images[:, :1].double(), labels(300), seeded())[0]
    assert (grey.shape, grey.dtype) == ((300, 1, 19, 23), torch.float64)


@pytest.mark.parametrize("name", ["rotate", "shear_x", "shear_y", "translate_x", "translate_y"])
def test_trivial_moves_take_targets_along(name: str) -> None:
    _, _, targets = places()
    picture = torch.arange(11 * 14.0).view(1, 1, 11, 14).expand(6, 1, 11, 14) / 154
    operations = {"identity": 0, name: 0.4, "brightness": 0.5}
    maps = (picture[:, 0] > 0.5).long() + 1
    small = dict(operations) | {name: 20.0 if name == "rotate" else 0.4}
    _, moved = trivial_augment(picture, maps, seeded(1), small)
    _, others = trivial_augment(picture, targets, seeded(1), small)
    kind = torch.rand(3, 6, generator=seeded(1))[0]
    stays = [int(3 * chance) != 1 for chance in kind.tolist()]
    assert 0 < sum(stays) < 6
    for number, still in enumerate(stays):
        assert torch.equal(moved[number], maps[number]) == still
        boxes = targets[number]["boxes"]
        if still:
            torch.testing.assert_close(others[number]["boxes"], boxes, atol=1e-5, rtol=0)
        elif len(boxes):
            assert not torch.equal(others[number]["boxes"], boxes)


@pytest.mark.parametrize(
    ("operations", "error", "message"),
    [
        ({}, ValueError, "operations is empty; expected at least one"),
        (["rotate"], TypeError, "operations is a list; expected names with their greatest"),
        ({"turn": 1}, ValueError, "operations has 'turn'; expected one of identity, autocontrast"),
        ({"posterize": 9}, ValueError, r"operations\['posterize'\] is 9"),
        ({"brightness": 1.5}, ValueError, r"operations\['brightness'\] is 1.5"),
        ({"rotate": -1}, ValueError, r"operations\['rotate'\] is -1"),
    ],
)
def test_trivial_augment_refuses_a_list_that_is_none(
    operations: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        trivial_augment(pictures(), labels(), seeded(), operations)
    with pytest.raises(ValueError, match="images has 2 channels; expected 1 or 3"):
        trivial_augment(pictures()[:, :2], labels(), seeded())
