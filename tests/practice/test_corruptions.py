"""Spoilt pictures, held to OpenCV's where it spoils alike, and to what each kind says it does."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Generator, Tensor

from cvlib.augmentation import adjust_contrast, affine
from cvlib.data import photograph
from cvlib.images.jpeg import from_levels, to_levels
from cvlib.practice import CORRUPTIONS, corrupt, mean_corruption_error
from cvlib.practice.corruptions import _KINDS

cases = settings(deadline=None, max_examples=12, derandomize=True)
KINDS, SEVERITIES = st.sampled_from(CORRUPTIONS), st.integers(1, 5)
SHAPES = st.tuples(
    st.integers(1, 4), st.sampled_from([1, 3]), st.integers(12, 40), st.integers(12, 40)
)


def seeded(seed: int = 0) -> Generator:
    return torch.Generator().manual_seed(seed)


def some(shape: tuple[int, ...], seed: int = 0) -> Tensor:
    return torch.rand(shape, generator=seeded(seed))


def strength(kind: str, severity: int) -> float:
    return _KINDS[kind][1][severity - 1]


def photographs(side: int = 64) -> Tensor:
    images = [photograph(name)[40 : 40 + side, 60 : 60 + side] for name in ("chelsea", "coffee")]
    return torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2) / 255


@cases
@given(SHAPES, KINDS, SEVERITIES, st.integers(0, 99))
def test_pictures_stay_pictures_and_chance_is_the_generators(
    shape: tuple[int, ...], kind: str, severity: int, seed: int
) -> None:
    pictures = some(shape, seed)
    kept = pictures.clone()
    found = corrupt(pictures, kind, severity, seeded(seed))
    assert torch.equal(pictures, kept)
    assert (found.shape, found.dtype) == (pictures.shape, pictures.dtype)
    assert 0 <= found.min() <= found.max() <= 1
    assert torch.equal(found, corrupt(pictures, kind, severity, seeded(seed)))
    assert torch.equal(corrupt(pictures, kind, 0), pictures)
    drawn = kind in ("gaussian_noise", "salt_and_pepper", "motion_blur", "rotation", "shift")
    generator = seeded(seed)
    corrupt(pictures, kind, severity, generator)
    assert torch.equal(generator.get_state(), seeded(seed).get_state()) != drawn
    double = corrupt(pictures.double(), kind, severity, seeded(seed))
    assert double.dtype == torch.float64
    torch.testing.assert_close(
        double.float(), found, rtol=0, atol=1 / 255 if kind == "jpeg" else 1e-5
    )


@pytest.mark.parametrize("kind", CORRUPTIONS)
def test_each_severity_is_further_from_the_picture(kind: str) -> None:
    pictures = photographs()
    far = [
        float((corrupt(pictures, kind, severity) - pictures).square().mean())
        for severity in range(6)
    ]
    assert far[0] == 0
    assert all(less < more for less, more in pairwise(far)), far


@cases
@given(SHAPES, SEVERITIES)
def test_blur_is_opencvs(shape: tuple[int, ...], severity: int) -> None:
    pictures = some(shape)
    found = corrupt(pictures, "gaussian_blur", severity)
    sigma = strength("gaussian_blur", severity) * min(shape[2:])
    for mine, plane in zip(found.flatten(0, 1), pictures.flatten(0, 1), strict=True):
        theirs = cv2.GaussianBlur(plane.numpy(), (0, 0), sigma)
        np.testing.assert_allclose(mine.numpy(), theirs, atol=1e-5)


@cases
@given(SHAPES, SEVERITIES)
def test_motion_is_one_of_four_of_opencvs_filters(shape: tuple[int, ...], severity: int) -> None:
    shape = (16, *shape[1:])
    pictures = some(shape)
    found = corrupt(pictures, "motion_blur", severity)
    length = 2 * round(strength("motion_blur", severity) * min(shape[2:]) / 2) + 1
    row = np.zeros((length, length), np.float32)
    row[length // 2] = 1 / length
    diagonal = np.eye(length, dtype=np.float32) / length
    kernels = [row, row.T, diagonal, diagonal[:, ::-1].copy()]
    used = set()
    for mine, picture in zip(found, pictures, strict=True):
        theirs = [
            np.stack([cv2.filter2D(plane.numpy(), -1, kernel) for plane in picture])
            for kernel in kernels
        ]
        off = [float(np.abs(each - mine.numpy()).max()) for each in theirs]
        assert min(off) < 1e-5
        used.add(int(np.argmin(off)))
    assert length == 1 or used == {0, 1, 2, 3}


@cases
@given(st.sampled_from([1, 3]), SEVERITIES)
def test_jpeg_is_opencvs_and_this_courses(channels: int, severity: int) -> None:
    pictures = photographs(40)[:, :channels]
    found = corrupt(pictures, "jpeg", severity).mul(255)
    quality = int(strength("jpeg", severity))
    levels = pictures.mul(255).round().byte().permute(0, 2, 3, 1).numpy()
    for mine, image in zip(found, levels, strict=True):
        given = image[..., ::-1] if channels == 3 else image[..., 0]
        _, file = cv2.imencode(
            ".jpg", np.ascontiguousarray(given), [cv2.IMWRITE_JPEG_QUALITY, quality]
        )
        theirs = cv2.imdecode(file, cv2.IMREAD_COLOR if channels == 3 else cv2.IMREAD_GRAYSCALE)
        theirs = theirs[..., ::-1] if channels == 3 else theirs[..., None]
        np.testing.assert_allclose(mine.permute(1, 2, 0).numpy(), theirs, atol=1e-3)
        if channels == 1:
            ours = from_levels(to_levels(given, quality), quality, given.shape)
            # libjpeg rounds its cosines: now and then a level falls to the other side.
            assert np.abs(mine[0].numpy() - ours).mean() < 0.5


@cases
@given(SHAPES, SEVERITIES)
def test_pixels_are_opencvs_areas(shape: tuple[int, ...], severity: int) -> None:
    pictures = some(shape)
    found = corrupt(pictures, "pixelate", severity)
    height, width = shape[2:]
    share = strength("pixelate", severity)
    small = round(share * width), round(share * height)
    for mine, plane in zip(found.flatten(0, 1), pictures.flatten(0, 1), strict=True):
        down = cv2.resize(plane.numpy(), small, interpolation=cv2.INTER_AREA)
        theirs = cv2.resize(down, (width, height), interpolation=cv2.INTER_NEAREST)
        np.testing.assert_allclose(mine.numpy(), theirs, atol=1e-5)


def test_noise_is_as_strong_as_it_says() -> None:
    grey = torch.full((4, 3, 50, 50), 0.5)
    for severity in (1, 2):
        change = corrupt(grey, "gaussian_noise", severity) - grey
        assert float(change.std()) == pytest.approx(strength("gaussian_noise", severity), rel=0.03)
        assert abs(float(change.mean())) < 0.01
    for severity in range(1, 6):
        found = corrupt(grey, "salt_and_pepper", severity)
        assert torch.equal(found[:, :1].expand_as(found), found), "all channels together"
        share = strength("salt_and_pepper", severity)
        for level in (0.0, 1.0):
            assert float((found == level).float().mean()) == pytest.approx(share / 2, abs=0.012)
        assert set(found.unique().tolist()) == {0.0, 0.5, 1.0}


@cases
@given(SHAPES, SEVERITIES)
def test_light_moves_all_pixels_alike(shape: tuple[int, ...], severity: int) -> None:
    pictures = some(shape)
    amount = strength("brightness", severity)
    assert torch.equal(corrupt(pictures, "brightness", severity), (pictures + amount).clamp(max=1))
    flat = corrupt(pictures, "contrast", severity)
    assert torch.equal(flat, adjust_contrast(pictures, strength("contrast", severity)))


@cases
@given(SEVERITIES, st.integers(0, 99))
def test_turns_and_shifts_are_as_large_as_they_say(severity: int, seed: int) -> None:
    pictures = some((20, 1, 28, 28), seed)
    turned = corrupt(pictures, "rotation", severity, seeded(seed))
    angle = strength("rotation", severity)
    ways = [affine(pictures, angle=sign * angle) for sign in (-1, 1)]
    sides = [[torch.equal(a, b) for a, b in zip(turned, way, strict=True)] for way in ways]
    assert all(left != right for left, right in zip(*sides, strict=True))
    assert any(sides[0])
    assert any(sides[1])
    dot = torch.zeros(50, 1, 41, 41)
    dot[:, :, 20, 20] = 1
    moved = corrupt(dot, "shift", severity, seeded(seed))
    place = torch.arange(41.0)
    down = (moved.sum(3) * place).sum(2) - 20
    right = (moved.sum(2) * place).sum(2) - 20
    length = strength("shift", severity) * 41
    torch.testing.assert_close(
        torch.hypot(down, right), torch.full((50, 1), length), rtol=0, atol=1e-3
    )
    quarters = torch.atan2(down, right).div(math.pi / 2).floor().unique()
    assert len(quarters) == 4, "in all directions"


def test_without_a_generator_all_calls_are_alike() -> None:
    pictures = some((2, 1, 28, 28))
    once = corrupt(pictures, "gaussian_noise", 3)
    assert torch.equal(once, corrupt(pictures, "gaussian_noise", 3, seeded(0)))
    assert not torch.equal(once, corrupt(pictures, "gaussian_noise", 3, seeded(1)))


@cases
@given(
    st.dictionaries(KINDS, st.lists(st.floats(0.01, 1), min_size=5, max_size=5), min_size=1),
    st.floats(0.1, 1),
)
def test_errors_are_measured_by_those_of_the_baseline(
    errors: dict[str, list[float]], factor: float
) -> None:
    assert mean_corruption_error(errors, errors) == pytest.approx(1)
    less = {kind: [factor * each for each in some] for kind, some in errors.items()}
    assert mean_corruption_error(less, errors) == pytest.approx(factor)
    first, *_ = errors
    once = {**errors, first: less[first]}
    expected = 1 - (1 - factor) / len(errors)  # each kind counts alike, however large its errors
    assert mean_corruption_error(once, errors) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("errors", "baseline", "message"),
    [
        ({}, {}, "errors has [], and baseline []"),
        ({"a": [1]}, {"b": [1]}, "errors has ['a'], and baseline ['b']"),
        ({"a": [1]}, {"a": [1, 1]}, "errors has 1 severities of a, and baseline 2"),
        ({"a": [1]}, {"a": [0]}, "baseline has no error at a; expected one to compare with"),
    ],
)
def test_errors_without_a_baseline_are_refused(errors: Any, baseline: Any, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        mean_corruption_error(errors, baseline)


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda x: corrupt(x, "fog", 1), ValueError, "kind is 'fog'; expected 'gaussian_noise' or"),
        (lambda x: corrupt(x, "jpeg", 6), ValueError, "severity is 6; expected 0 to 5"),
        (lambda x: corrupt(x, "jpeg", -1), ValueError, "severity is -1; expected at least 0"),
        (lambda x: corrupt(x, "jpeg", 1.5), TypeError, "severity is 1.5; expected an integer"),
        (
            lambda x: corrupt(x[0], "jpeg", 1),
            ValueError,
            "pictures has shape (1, 8, 8); expected (",
        ),
        (lambda x: corrupt(x.byte(), "jpeg", 1), TypeError, "pictures is torch.uint8; expected"),
        (lambda x: corrupt(x * 255, "jpeg", 1), ValueError, "numbers from 0 to 255; expected 0 to"),
        (lambda x: corrupt(x - 0.5, "jpeg", 0), ValueError, "numbers from -0.5 to 0.5; expected 0"),
        (lambda x: corrupt(x * math.nan, "jpeg", 1), ValueError, "numbers from nan to nan"),
        (lambda x: corrupt(x[:0], "jpeg", 1), ValueError, "expected (N, 1 or 3, H, W), not empty"),
        (lambda x: corrupt(x.expand(2, 2, 8, 8), "jpeg", 1), ValueError, "expected (N, 1 or 3, H"),
    ],
)
def test_what_cannot_be_is_refused(
    call: Callable[[Tensor], Any], kind: type[Exception], message: str
) -> None:
    pictures = torch.zeros(2, 1, 8, 8)
    pictures[1] = 1
    with pytest.raises(kind) as error:
        call(pictures)
    assert message in str(error.value)
