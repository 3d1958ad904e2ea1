"""What all augmentations share: a batch of any kind, the same for the same generator."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import torch
from torch import Tensor

from cvlib.augmentation.color import (
    adjust_brightness,
    adjust_contrast,
    adjust_saturation,
    color_jitter,
)
from cvlib.augmentation.erasing import cutout, erase, random_erasing
from cvlib.augmentation.geometry import (
    affine,
    crop,
    horizontal_flip,
    random_affine,
    random_crop,
    random_distortion,
    random_horizontal_flip,
)
from cvlib.augmentation.mixing import cutmix, mixup
from tests.augmentation.pictures import labels, pictures, seeded
from tests.layers.drawn import DEVICE, normal

CALLS: dict[str, Callable[[Any], Tensor]] = {
    "horizontal_flip": horizontal_flip,
    "crop": lambda images: crop(images, 0, 0, 1),
    "affine": affine,
    "adjust_brightness": lambda images: adjust_brightness(images, 1),
    "adjust_contrast": lambda images: adjust_contrast(images, 1),
    "adjust_saturation": lambda images: adjust_saturation(images, 1),
    "erase": lambda images: erase(images, 0, 0, 1, 1),
}


@pytest.mark.parametrize("name", CALLS)
def test_refuses_what_is_no_batch_and_takes_an_empty_one(name: str) -> None:
    call = CALLS[name]
    with pytest.raises(TypeError, match=r"images is torch\.uint8; expected floating"):
        call(torch.zeros(1, 1, 2, 2, dtype=torch.uint8))
    with pytest.raises(TypeError, match="images is a list; expected a tensor"):
        call([0.5])
    with pytest.raises(ValueError, match=r"images has shape \(1, 2, 2\); expected \(B, C, H, W\)"):
        call(torch.zeros(1, 2, 2))
    if name != "affine":  # torch samples no empty batch
        assert call(torch.zeros(0, 3, 4, 5, device=DEVICE)).shape == (0, 3, 4, 5)


def test_each_leaves_its_input_as_it_was() -> None:
    images = normal(2, 3, 4, 4).clamp(0, 1)
    before = images.clone()
    for call in CALLS.values():
        call(images)
    assert torch.equal(images, before)


AUGMENTATIONS: dict[str, Callable[..., tuple[Tensor, Tensor]]] = {
    "flip": random_horizontal_flip,
    "crop": random_crop,
    "affine": partial(random_affine, degrees=30, translate=0.3, scale=(0.5, 2), shear=20),
    "distortion": partial(random_distortion, squeeze=2, shear=20),
    "colour": partial(color_jitter, brightness=0.5, contrast=0.5, saturation=0.5),
    "erasing": partial(random_erasing, p=0.9),
    "cutout": partial(cutout, size=3),
    "mixup": partial(mixup, alpha=0.4, num_classes=5),
    "cutmix": partial(cutmix, num_classes=5),
}

every = pytest.mark.parametrize("name", AUGMENTATIONS)


@every
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_gives_back_a_batch_of_the_same_kind(name: str, dtype: torch.dtype) -> None:
    images, targets = pictures(dtype=dtype), labels()
    before = images.clone(), targets.clone()
    changed, kept = AUGMENTATIONS[name](images, targets, seeded())
    assert (changed.shape, changed.dtype, changed.device) == (images.shape, dtype, images.device)
    assert 0 <= changed.min() < changed.max() <= 1
    assert changed.is_contiguous()
    if name not in ("mixup", "cutmix"):
        assert kept is targets
    for mine, reference in zip((images, targets), before, strict=True):
        assert torch.equal(mine, reference), "the batch that came was overwritten"


@every
def test_the_same_generator_gives_the_same_batch_and_goes_on(name: str) -> None:
    images, targets = pictures(), labels()
    generators = seeded(), seeded(), seeded(1)
    first, same, other = (AUGMENTATIONS[name](images, targets, g) for g in generators)
    assert all(torch.equal(*pair) for pair in zip(first, same, strict=True))
    again = AUGMENTATIONS[name](images, targets, generators[0])
    for result in (other, again):
        assert any(not torch.equal(*pair) for pair in zip(first, result, strict=True))


@every
def test_each_picture_is_drawn_on_its_own(name: str) -> None:
    images = pictures()
    if name in ("mixup", "cutmix"):
        images = images * torch.linspace(0, 1, 40, device=DEVICE).view(-1, 1, 1, 1)
        images = torch.cat([images[:20], images[:20].flip(0)])
    changed, _ = AUGMENTATIONS[name](images, labels(), seeded())
    guises = len(changed.flatten(1).unique(dim=0))
    assert guises == 2 if name == "flip" else guises > 15


@every
def test_does_not_touch_the_generator_of_torch(name: str) -> None:
    before = torch.get_rng_state()
    AUGMENTATIONS[name](pictures(), labels(), seeded())
    assert torch.equal(torch.get_rng_state(), before)


@every
def test_refuses_bytes_and_generators_of_another_kind(name: str) -> None:
    augment, images, targets = AUGMENTATIONS[name], pictures(), labels()
    with pytest.raises(TypeError, match=r"images is torch\.uint8; expected floating"):
        augment((images * 255).byte(), targets, seeded())
    with pytest.raises(TypeError, match=r"generator is a int; expected a torch\.Generator"):
        augment(images, targets, 0)
    if name not in ("affine", "distortion"):  # torch samples no empty batch
        assert augment(images[:0], targets[:0], seeded())[0].shape == images[:0].shape
