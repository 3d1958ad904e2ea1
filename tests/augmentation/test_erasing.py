"""Rectangles and squares that are painted over: where they lie, and how large they are."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torchvision.transforms.v2 import functional as torchvision

from cvlib.augmentation import erasing
from cvlib.augmentation.erasing import cutout, erase, random_erasing, rectangles
from tests.augmentation.pictures import (
    assert_each_is,
    assert_fills,
    batches,
    labels,
    pictures,
    random_cases,
    recorded,
    seeded,
)
from tests.layers.drawn import DEVICE


@random_cases
@given(batches(), st.sampled_from([0.0, 0.25, 1.0]), st.data())
def test_erases(images: Tensor, value: float, data: st.DataObject) -> None:
    rows, columns = images.shape[2:]
    sides = [[data.draw(st.integers(0, size)) for _ in images] for size in (rows, columns)]
    corners = [
        [data.draw(st.integers(0, size - side)) for side in chosen]
        for size, chosen in zip((rows, columns), sides, strict=True)
    ]
    rectangle = [torch.tensor(numbers) for numbers in (*corners, *sides)]

    def reference(picture: Tensor, top: int, left: int, height: int, width: int) -> Tensor:
        return torchvision.erase(picture, top, left, height, width, torch.tensor(value))

    assert_each_is(erase(images, *rectangle, value=value), images, reference, *rectangle)
    area = rectangles(images, *rectangle).sum((1, 2, 3))
    assert area.tolist() == (rectangle[2] * rectangle[3]).tolist()


def test_a_rectangle_may_stick_out() -> None:
    inside = rectangles(torch.zeros(1, 1, 3, 3, device=DEVICE), -1, 2, 2, 5)
    assert inside[0, 0].tolist() == [[False, False, True], [False] * 3, [False] * 3]


def test_erases_rectangles_of_the_sizes_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    images = torch.ones(1000, 1, 120, 80, device=DEVICE)
    call = partial(random_erasing, images, labels(1000), seeded(), p=0.4, scale=(0.1, 0.2))
    top, left, height, width = recorded(monkeypatch, erasing, "erase", call)
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
