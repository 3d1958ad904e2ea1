"""What chance draws: each picture its own guise, the same for the same generator, within bounds."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import torch
from torch import Generator, Tensor

from cvlib.training import adjustments, augmentation
from cvlib.training.augmentation import (
    color_jitter,
    cutout,
    random_affine,
    random_crop,
    random_distortion,
    random_erasing,
    random_horizontal_flip,
)
from cvlib.training.mixing import cutmix, mixup
from tests.layers.drawn import DEVICE

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


def pictures(count: int = 40, dtype: torch.dtype = torch.float32) -> Tensor:
    """As many times the same picture of 7 rows and 10 columns, black and white pixels in it."""
    generator = Generator().manual_seed(1)
    one = torch.rand(1, 3, 7, 10, generator=generator, dtype=dtype).mul(1.4).sub(0.2).clamp(0, 1)
    return one.repeat(count, 1, 1, 1).to(DEVICE)


def labels(count: int = 40) -> Tensor:
    return (torch.arange(count) % 5).to(DEVICE)


def seeded(seed: int = 0) -> Generator:
    return Generator().manual_seed(seed)


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


def test_flips_about_as_many_as_asked_for() -> None:
    images = pictures(1000)
    for p, low, high in ((0, 0, 0), (1, 1000, 1000), (0.3, 240, 360)):
        flipped, _ = random_horizontal_flip(images, labels(1000), seeded(), p=p)
        swapped = (flipped == images.flip(-1)).flatten(1).all(1)
        assert low <= int(swapped.sum()) <= high
        assert torch.equal(flipped[~swapped], images[~swapped])


def recorded(monkeypatch: pytest.MonkeyPatch, name: str, call: Callable[[], object]) -> Any:
    """Run an augmentation, and say with which numbers it called for its adjustment."""
    calls: list[tuple[Any, ...]] = []
    original = getattr(adjustments, name)

    def note(images: Tensor, *arguments: Any) -> Tensor:
        calls.append(arguments)
        result: Tensor = original(images, *arguments)
        return result

    monkeypatch.setattr(f"cvlib.training.augmentation.{name}", note)
    call()
    (arguments,) = calls
    return arguments


def assert_fills(values: Tensor, low: float, high: float) -> None:
    """Hundreds of numbers stay in a range, come near its ends, and have its mean."""
    reach = high - low
    assert low <= values.min() <= low + 0.05 * reach
    assert high - 0.05 * reach <= values.max() <= high
    assert abs(float(values.mean()) - (low + high) / 2) < 0.05 * reach


def test_crops_reach_every_shift(monkeypatch: pytest.MonkeyPatch) -> None:
    images, targets = pictures(1000), labels(1000)
    call = partial(random_crop, images, targets, seeded(), padding=2)
    top, left, padding = recorded(monkeypatch, "crop", call)
    assert padding == 2
    for corner in (top, left):
        counts = corner.bincount()
        assert len(counts) == 5
        assert counts.min() > 150
    assert not torch.equal(top, left)


def test_affine_maps_fill_their_ranges(monkeypatch: pytest.MonkeyPatch) -> None:
    strengths: Any = {"degrees": 30, "translate": 0.2, "scale": (0.5, 2), "shear": 20}
    call = partial(random_affine, pictures(1000), labels(1000), seeded(), **strengths)
    angle, (right, down), scale, (across, along) = recorded(monkeypatch, "affine", call)
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
    monkeypatch.setattr(augmentation, "affine", lambda images, **chosen: drawn.update(chosen))
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


@pytest.mark.parametrize("name", ["brightness", "contrast", "saturation"])
@pytest.mark.parametrize(("strength", "low", "high"), [(0.4, 0.6, 1.4), (1.5, 0, 2.5)])
def test_colours_fill_their_ranges(
    monkeypatch: pytest.MonkeyPatch, name: str, strength: float, low: float, high: float
) -> None:
    strengths: Any = {"brightness": 0, "contrast": 0, "saturation": 0, name: strength}
    call = partial(color_jitter, pictures(1000), labels(1000), seeded(), **strengths)
    (factor,) = recorded(monkeypatch, f"adjust_{name}", call)
    assert_fills(factor, low, high)


def test_colours_without_strength_change_nothing() -> None:
    images = pictures()
    same, _ = color_jitter(images, labels(), seeded(), brightness=0, contrast=0, saturation=0)
    assert torch.equal(same, images)


def test_erases_rectangles_of_the_sizes_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    images = torch.ones(1000, 1, 120, 80, device=DEVICE)
    call = partial(random_erasing, images, labels(1000), seeded(), p=0.4, scale=(0.1, 0.2))
    top, left, height, width = recorded(monkeypatch, "erase", call)
    chosen = height > 0
    assert 340 <= int(chosen.sum()) <= 460
    height, width = height[chosen], width[chosen]
    assert_fills(height * width / 9600, 0.097, 0.204)
    ratio = (height / width).log()
    assert_fills(ratio, math.log(0.28), math.log(3.5))
    top, left = top[chosen], left[chosen]
    assert (top >= 0).all()
    assert (left >= 0).all()
    assert (top + height).max() == 120
    assert (left + width).max() == 80


def test_an_erased_rectangle_longer_than_the_picture_is_cut() -> None:
    images = torch.ones(50, 1, 8, 8, device=DEVICE)
    erased, _ = random_erasing(images, labels(50), seeded(), 1, (0.5, 0.5), (9, 9))
    assert (8 * 8 - erased.sum((1, 2, 3)) == 2 * 8).all()


@pytest.mark.parametrize("size", [0, 3, 4, 20])
def test_cutout_centres_a_square_on_any_pixel(size: int) -> None:
    images = torch.ones(2000, 1, 7, 10, device=DEVICE)
    cut, _ = cutout(images, labels(2000), seeded(), size=size)
    black = (cut == 0)[:, 0]
    for axis, length in ((1, 7), (2, 10)):
        extents = black.any(3 - axis).sum(1)
        centred = [
            sum(0 <= centre - size // 2 + i < length for i in range(size))
            for centre in range(length)
        ]
        assert set(extents.tolist()) == set(centred)
    assert len(black.flatten(1).unique(dim=0)) == (1 if size in (0, 20) else 70)


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
    (color_jitter, {"contrast": -0.1}, "contrast is -0.1"),
    (random_erasing, {"scale": (0.1, 1.2)}, "scale is 1.2; expected a number"),
    (random_erasing, {"ratio": (0, 1)}, "ratio is 0"),
    (cutout, {"size": -1}, "size is -1"),
]


@pytest.mark.parametrize(("augment", "strength", "message"), REFUSED)
def test_refuses_a_strength_out_of_range(
    augment: Callable[..., Any], strength: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        augment(pictures(), labels(), seeded(), **strength)


def test_refuses_a_range_that_is_no_pair() -> None:
    scale: Any = 0.5
    with pytest.raises(TypeError, match=r"scale is 0\.5; expected a pair of numbers"):
        random_erasing(pictures(), labels(), seeded(), scale=scale)
