"""Boxes, masks and label maps move as their pictures are said to move."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from cvlib.augmentation import (
    random_affine,
    random_crop,
    random_horizontal_flip,
    random_resized_crop,
)
from cvlib.augmentation.boxes_and_masks import OUTSIDE, Motion, carried
from tests.augmentation.pictures import seeded
from tests.augmentation.test_geometry import places


def shifted(right: int) -> Motion:
    """Move everything to the right, in pictures of 11 by 14."""

    def maps(some: Tensor, whose: Tensor) -> Tensor:
        moved = torch.zeros_like(some)
        moved[..., right:] = some[..., : some.shape[-1] - right]
        return moved

    return Motion(maps, lambda points, at: points + points.new_tensor([right, 0]), 11, 14)


def test_boxes_masks_and_maps_go_the_same_way() -> None:
    images, maps, targets = places(3)
    moved = carried(targets, images, shifted(2))
    for before, after in zip(targets, moved, strict=True):
        expected = before["boxes"] + torch.tensor([2.0, 0, 2, 0])
        expected[:, [0, 2]] = expected[:, [0, 2]].clamp(max=14)
        torch.testing.assert_close(after["boxes"], expected)
        assert torch.equal(after["masks"][:, :, 2:], before["masks"][:, :, :-2])
        assert after["masks"][:, :, :2].eq(0).all()
    shifted_maps = carried(maps, images, shifted(2))
    assert torch.equal(shifted_maps[:, :, 2:], maps[:, :, :-2])
    assert shifted_maps[:, :, :2].eq(OUTSIDE).all()


def test_what_has_left_the_picture_goes_with_its_mask_and_label() -> None:
    images, _, _ = places(1)
    boxes = torch.tensor([[1.0, 1, 4, 4], [10.0, 1, 12, 4], [0.0, 2, 5, 2]])
    masks = torch.arange(3, dtype=torch.uint8).view(3, 1, 1).repeat(1, 11, 14)
    target = {"boxes": boxes, "masks": masks, "labels": torch.tensor([5, 6, 7]), "file": "a.png"}
    (moved,) = carried([target], images, shifted(4))
    assert moved["boxes"].tolist() == [[5.0, 1.0, 8.0, 4.0]], "one is beyond, and one has no area"
    assert moved["labels"].tolist() == [5]
    assert moved["masks"].shape == (1, 11, 14)
    assert moved["file"] == "a.png"
    assert target["boxes"] is boxes


def test_what_says_nothing_of_places_stays() -> None:
    images, _, _ = places(2)
    for targets in (torch.tensor([3, 4]), torch.rand(2, 5), None, ["a", "b"]):
        moved = carried(targets, images, shifted(1))
        assert moved is targets or moved == targets


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ({"boxes": torch.zeros(4)}, r"targets\[1\]\['boxes'\] has shape \(4,\); expected \(n, 4\)"),
        ({"boxes": torch.tensor([[5.0, 5, 2, 9]])}, "expected x1 <= x2 and y1 <= y2 in each"),
        ({"boxes": torch.tensor([[5.0, 5, torch.nan, 9]])}, "expected x1 <= x2"),
        (
            {"masks": torch.zeros(2, 3, 3)},
            r"\['masks'\] has shape \(2, 3, 3\); expected \(n, 11, 14",
        ),
        ({"masks": torch.zeros(11, 14)}, r"\['masks'\] has shape \(11, 14\); expected"),
    ],
)
def test_targets_that_do_not_fit_their_picture_are_refused(target: Any, message: str) -> None:
    images, _, targets = places(2)
    for augment in (random_horizontal_flip, random_crop, random_affine, random_resized_crop):
        with pytest.raises(ValueError, match=message):
            augment(images, [targets[0], target], seeded())
    with pytest.raises(ValueError, match="targets holds 1; expected one for each of 2"):
        random_horizontal_flip(images, targets[:1], seeded())
