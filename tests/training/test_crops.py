"""Patches against slices, ten crops against torchvision's, and the mean of ten answers."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Generator, Tensor, nn
from torchvision.transforms import v2

from cvlib.data import ImageSet
from cvlib.training import evaluate
from cvlib.training.crops import TenCrop, random_patch, ten_crop
from tests.layers.drawn import DEVICE


def seeded(seed: int = 0) -> Generator:
    return Generator().manual_seed(seed)


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
