"""Each picture of a batch changed by its own numbers, against torchvision's way for one picture."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage
from torch import Tensor
from torchvision.transforms import InterpolationMode
from torchvision.transforms.v2 import functional as torchvision

from cvlib.training import adjustments
from cvlib.training.adjustments import (
    adjust_brightness,
    adjust_contrast,
    adjust_saturation,
    affine,
    crop,
    erase,
    horizontal_flip,
    rectangles,
)
from tests.layers.drawn import DEVICE, normal

random_cases = settings(deadline=None, max_examples=40, derandomize=True)
dtypes = st.sampled_from([torch.float32, torch.float64])


@st.composite
def batches(draw: st.DrawFn, channels: tuple[int, ...] = (1, 2, 3)) -> Tensor:
    """Pictures of odd sizes, black and white among them."""
    number, size = draw(st.integers(1, 4)), st.integers(1, 9)
    pictures = normal(number, draw(st.sampled_from(channels)), draw(size), draw(size))
    return pictures.add(0.5).clamp(0, 1).to(draw(dtypes))


def numbers(draw: st.DrawFn, images: Tensor, low: float, high: float) -> Tensor:
    """Draw a number for each picture."""
    return torch.tensor([draw(st.floats(low, high)) for _ in images], dtype=images.dtype)


def assert_each_is(
    result: Tensor, images: Tensor, reference: Callable[..., Tensor], *arguments: Tensor
) -> None:
    """Picture by picture, torchvision gives the same; values stay, and nothing is overwritten."""
    assert result.dtype == images.dtype
    assert result.device == images.device
    assert 0 <= result.min() <= result.max() <= 1
    pictures = zip(images.cpu(), *(argument.tolist() for argument in arguments), strict=True)
    expected = torch.stack([reference(picture, *chosen) for picture, *chosen in pictures])
    tolerance = 2e-5 if images.dtype == torch.float32 else 1e-9
    torch.testing.assert_close(result.cpu(), expected, rtol=0, atol=tolerance)


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


@random_cases
@given(batches((1, 3)), st.data())
def test_colours(images: Tensor, data: st.DataObject) -> None:
    factor = numbers(data.draw, images, 0, 3)
    for name in ("adjust_brightness", "adjust_contrast", "adjust_saturation"):
        ours, reference = getattr(adjustments, name), getattr(torchvision, name)
        assert_each_is(ours(images, factor), images, reference, factor)
        torch.testing.assert_close(ours(images, 1.0), images)


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
        (lambda x: adjust_contrast(x, -1), ValueError, "factor is -1; expected at least 0"),
        (lambda x: adjust_contrast(x[:, :2], 1), ValueError, "images has 2 channels; expected 1"),
        (lambda x: adjust_saturation(x[:, :2], 1), ValueError, "images has 2 channels"),
        (lambda x: adjust_brightness(x, torch.ones(3)), ValueError, r"expected one number, or \(2"),
    ],
)
def test_refuses_numbers_that_do_not_fit(
    call: Callable[[Tensor], Tensor], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        call(torch.zeros(2, 3, 4, 4, device=DEVICE))
