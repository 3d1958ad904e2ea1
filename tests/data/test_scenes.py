"""Scenes: every claim of their docstring is held against the pixels."""

from __future__ import annotations

import importlib
import re
from typing import Any

import pytest
import torch

from cvlib.data import SceneSet, mnist_sample, scenes


@pytest.fixture(scope="module", params=["train", "test"])
def some(request: pytest.FixtureRequest) -> SceneSet:
    return scenes(40, split=request.param, seed=3, objects=(0, 8))


def test_each_box_is_the_smallest_around_its_mask(some: SceneSet) -> None:
    assert {len(boxes) for boxes in some.boxes} == set(range(9))
    for mask, boxes in zip(some.masks, some.boxes, strict=True):
        assert mask.unique().tolist() == list(range(len(boxes) + 1))
        for k, box in enumerate(boxes, start=1):
            rows, columns = torch.where(mask == k)
            around = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
            assert box.tolist() == [float(edge) for edge in around]


def test_digits_have_their_size_and_do_not_meet(some: SceneSet) -> None:
    for boxes in some.boxes:
        assert ((boxes[:, 2:] - boxes[:, :2]).amax(1) <= 32).all()
        for i, (left, top, right, bottom) in enumerate(boxes):
            others = torch.cat([boxes[:i], boxes[i + 1 :]])
            apart = (others[:, 0] >= right) | (others[:, 2] <= left)
            assert (apart | (others[:, 1] >= bottom) | (others[:, 3] <= top)).all()


def test_pixel_labels_say_what_boxes_say(some: SceneSet) -> None:
    by_pixel = some.pixel_labels()
    assert torch.equal(by_pixel > 0, some.masks > 0)
    for found, mask, labels in zip(by_pixel, some.masks, some.labels, strict=True):
        for k, label in enumerate(labels, start=1):
            assert (found[mask == k] == label + 1).all()


def test_digits_can_be_seen() -> None:
    """What lies below a digit is the same scene without it."""
    full, bare = scenes(30, seed=5, objects=(1, 1)), scenes(30, seed=5, objects=(0, 0))
    # The first scene of both starts from the same random numbers, so it has the same ground.
    changed = (full.images[0].int() - bare.images[0].int()).abs().amax(0)
    assert (changed[full.masks[0] > 0] > 20).all()
    left, top, right, bottom = full.boxes[0][0].int().tolist()
    changed[top:bottom, left:right] = 0
    assert (changed == 0).all()


def test_labels_belong_to_the_digits() -> None:
    """The nearest of all digits, cut and stretched to one size, mostly bears the label."""
    sample = mnist_sample()
    inks = (image[0] >= 128 for image in sample.images[::5])
    known = torch.stack([_square(ink[ink.any(1)][:, ink.any(0)]) for ink in inks]).flatten(1)
    right = []
    some = scenes(40, split="test")
    for mask, boxes, labels in zip(some.masks, some.boxes, some.labels, strict=True):
        for k, (box, label) in enumerate(zip(boxes, labels, strict=True), start=1):
            left, top, r, bottom = box.int().tolist()
            digit = _square(mask[top:bottom, left:r] == k).flatten()
            nearest = (known - digit).square().sum(1).argmin()
            right.append(bool(sample.labels[::5][nearest] == label))
    assert sum(right) > 0.6 * len(right)  # a tenth by chance


def _square(ink: torch.Tensor) -> torch.Tensor:
    return torch.nn.functional.interpolate(ink[None, None].float(), (12, 12), mode="area")[0, 0]


def test_a_seed_names_a_scene() -> None:
    first, more = scenes(3, seed=1), scenes(5, seed=1)
    assert torch.equal(first.images, more.images[:3])
    assert torch.equal(first.masks, more[:3].masks)
    assert not torch.equal(first.images, scenes(3, seed=2).images)
    assert not torch.equal(first.images, scenes(3, seed=1, split="test").images)
    # Pinned on one processor, exact on all: nothing here is rounded.
    assert (int(first.images.long().sum()), int(first.masks.long().sum())) == (10020231, 1371)


def test_what_is_tested_on_was_never_learnt_from(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither digits nor photographs: note which are used."""
    used: dict[str, set[bytes]] = {}
    module = importlib.import_module("cvlib.data.scenes")
    places = module._places

    def noted(digits: Any, *others: Any) -> Any:
        used[split].update(digit.tobytes() for digit in digits)
        return places(digits, *others)

    monkeypatch.setattr(module, "_places", noted)
    for split in ("train", "test"):
        used[split] = set()
        scenes(300, split=split, objects=(8, 8))
    assert len(used["train"]) > 1000
    assert len(used["test"]) > 500
    assert used["train"].isdisjoint(used["test"])
    assert {*module._GROUNDS["train"]}.isdisjoint(module._GROUNDS["test"])


def test_small_large_and_none() -> None:
    assert scenes(0).images.shape == (0, 3, 96, 96)
    assert scenes(0).pixel_labels().shape == (0, 96, 96)
    assert scenes(12, size=32, objects=(8, 8)).masks.amax() == 8
    assert scenes(1, size=512).images.shape == (1, 3, 512, 512)
    empty = scenes(2, objects=(0, 0))
    assert [boxes.shape for boxes in empty.boxes] == [(0, 4), (0, 4)]
    assert not empty.pixel_labels().any()


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"n": -1}, ValueError, "n is -1"),
        ({"n": 2.0}, TypeError, "n is"),
        ({"seed": -1}, ValueError, "seed is -1"),
        ({"split": "validation"}, ValueError, "split is 'validation'"),
        ({"size": 31}, ValueError, "size is 31; expected 32 to 512"),
        ({"size": 20_000}, ValueError, "size is 20000"),
        ({"objects": (3, 2)}, ValueError, "objects is (3, 2)"),
        ({"objects": (1, 9)}, ValueError, "objects is (1, 9)"),
        ({"objects": (1,)}, ValueError, "objects is (1,)"),
        ({"objects": (1, 2.5)}, TypeError, "objects is"),
    ],
)
def test_bad_requests(given: dict[str, object], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=re.escape(message)):
        scenes(**{"n": 1, **given})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "value", "error", "message"),
    [
        ("images", torch.zeros(1, 3, 8, 8), TypeError, "images holds torch.float32"),
        ("images", torch.zeros(1, 1, 8, 8, dtype=torch.uint8), ValueError, "images has shape"),
        ("masks", torch.zeros(1, 8, 9, dtype=torch.uint8), ValueError, "masks has shape"),
        ("masks", torch.full((1, 8, 8), 2, dtype=torch.uint8), ValueError, "mask 2; expected 0"),
        ("boxes", (), ValueError, "0 boxes"),
        ("boxes", (torch.tensor([[2.0, 2, 2, 4]]),), ValueError, "the box [2.0, 2.0, 2.0, 4.0]"),
        ("boxes", (torch.tensor([[2.0, 2, 9, 4]]),), ValueError, "within 8×8"),
        ("boxes", (torch.tensor([[2.0, 2, float("nan"), 4]]),), ValueError, "the box"),
        ("boxes", (torch.zeros(1, 5),), ValueError, "expected (n, 4)"),
        ("labels", (torch.tensor([10]),), ValueError, "expected 0 to 9"),
        ("labels", (torch.tensor([1, 2]),), ValueError, "expected (n, 4) and (n,)"),
        ("labels", (torch.tensor([1.0]),), TypeError, "labels holds torch.float32"),
    ],
)
def test_bad_sets(name: str, value: object, error: type[Exception], message: str) -> None:
    parts = {
        "images": torch.zeros(1, 3, 8, 8, dtype=torch.uint8),
        "boxes": (torch.tensor([[1.0, 2, 5, 4]]),),
        "labels": (torch.tensor([3]),),
        "masks": torch.zeros(1, 8, 8, dtype=torch.uint8),
        "classes": tuple("0123456789"),
        "source": "a test",
    }
    SceneSet(**parts)  # type: ignore[arg-type]
    with pytest.raises(error, match=re.escape(message)):
        SceneSet(**{**parts, name: value})  # type: ignore[arg-type]


def test_one_scene_is_taken_by_a_slice() -> None:
    with pytest.raises(TypeError, match="expected a slice"):
        scenes(2)[0]  # type: ignore[index]
