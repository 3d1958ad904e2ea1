"""Resizing, turning and warping, held against OpenCV, torch and Pillow; and the exercises."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from torch.nn import functional as F

from cvlib.images import geometry
from cvlib.images.geometry import (
    flip,
    resize,
    rotate,
    rotation_matrix,
    warp_affine,
    warp_perspective,
)

FLAGS = {
    "nearest": cv2.INTER_NEAREST,
    "nearest-exact": cv2.INTER_NEAREST_EXACT,
    "bilinear": cv2.INTER_LINEAR,
    "bicubic": cv2.INTER_CUBIC,
    "area": cv2.INTER_AREA,
}
PILLOW = {
    "nearest-exact": Image.Resampling.NEAREST,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
}
BORDERS = {
    "constant": cv2.BORDER_CONSTANT,
    "replicate": cv2.BORDER_REPLICATE,
    "reflect": cv2.BORDER_REFLECT,
    "reflect_101": cv2.BORDER_REFLECT_101,
    "wrap": cv2.BORDER_WRAP,
}
RAMP = np.arange(24, dtype=np.uint8).reshape(4, 6)

lengths = st.integers(1, 32)
sizes = st.tuples(lengths, lengths)


@st.composite
def pictures(draw: st.DrawFn, dtype: str | None = None) -> np.ndarray:
    """Make a picture of any small size, grey or colour; float32 lies between 0 and 1."""
    shape = (*draw(sizes), *draw(st.sampled_from([(), (3,)])))
    image = np.random.default_rng(draw(st.integers(0, 99))).integers(0, 256, shape, dtype=np.uint8)
    dtype = dtype or draw(st.sampled_from(["uint8", "float32"]))
    return image if dtype == "uint8" else image.astype(np.float32) / 255


def farthest(image: np.ndarray, other: Any) -> float:
    """Return the largest difference, in grey levels, or in parts of the range of float32."""
    other = np.asarray(other, dtype=np.float64).reshape(image.shape)
    return float(np.abs(image - other).max())


def allowed(image: np.ndarray) -> float:
    """Return what rounding may change: OpenCV weighs uint8 in fixed point."""
    return 1 if image.dtype == np.uint8 else 1e-5


def by_torch(image: np.ndarray, size: tuple[int, int], mode: str, **options: bool) -> np.ndarray:
    x = torch.from_numpy(image).reshape(*image.shape[:2], -1).permute(2, 0, 1)[None].contiguous()
    return F.interpolate(x, size, mode=mode, **options)[0].permute(1, 2, 0).numpy()


# ---------------------------------------------------------------------------- resize


@given(pictures(), sizes, st.sampled_from(["nearest", "nearest-exact"]))
def test_nearest_copies_the_pixels_that_opencv_copies(
    image: np.ndarray, size: tuple[int, int], interpolation: Any
) -> None:
    opencv = cv2.resize(image, size[::-1], interpolation=FLAGS[interpolation])
    assert np.array_equal(
        resize(image, size, interpolation), opencv.reshape(*size, *image.shape[2:])
    )


@pytest.mark.parametrize("interpolation", ["nearest", "nearest-exact"])
def test_nearest_is_opencvs_for_every_pair_of_lengths(interpolation: Any) -> None:
    for old in range(1, 60, 7):
        row = np.arange(old, dtype=np.uint8)[None]
        for new in range(1, 100):
            opencv = cv2.resize(row, (new, 1), interpolation=FLAGS[interpolation])
            assert np.array_equal(resize(row, (1, new), interpolation), opencv)


@settings(max_examples=200)
@given(pictures(), sizes, st.sampled_from(["bilinear", "bicubic"]))
def test_resize_is_opencvs(image: np.ndarray, size: tuple[int, int], interpolation: Any) -> None:
    opencv = cv2.resize(image, size[::-1], interpolation=FLAGS[interpolation])
    result = resize(image, size, interpolation)
    assert result.dtype == image.dtype
    assert farthest(result, opencv) <= allowed(image)


@given(pictures(), sizes)
def test_area_is_opencvs_where_it_shrinks(image: np.ndarray, size: tuple[int, int]) -> None:
    # OpenCV 5 copies a wrong pixel where it enlarges, as in 21 pixels to 27.
    size = min(size[0], image.shape[0]), min(size[1], image.shape[1])
    opencv = cv2.resize(image, size[::-1], interpolation=cv2.INTER_AREA)
    assert farthest(resize(image, size, "area"), opencv) <= allowed(image)


@given(pictures("float32"), sizes)
def test_area_keeps_the_mean(image: np.ndarray, size: tuple[int, int]) -> None:
    assert resize(image, size, "area").mean() == pytest.approx(image.mean(), abs=1e-5)


@given(pictures(), st.integers(1, 4), st.integers(1, 4))
def test_area_enlarges_by_whole_steps_to_squares(image: np.ndarray, down: int, across: int) -> None:
    size = image.shape[0] * down, image.shape[1] * across
    squares = image.repeat(down, axis=0).repeat(across, axis=1)
    assert farthest(resize(image, size, "area"), squares) <= (image.dtype != np.uint8) * 1e-6


@given(pictures("float32"), sizes, st.sampled_from(["bilinear", "bicubic"]), st.booleans())
def test_resize_is_torchs(
    image: np.ndarray, size: tuple[int, int], mode: Any, antialias: bool
) -> None:
    size = size[0], max(size[1], 2)  # torch 2.15 antialiases wrongly to a width of 1
    expected = by_torch(image, size, mode, antialias=antialias)
    assert farthest(resize(image, size, mode, antialias), expected) <= 1e-5


@given(sizes, st.integers(1, 5), st.integers(1, 5))
def test_area_by_whole_steps_is_torchs_pooling(
    size: tuple[int, int], down: int, across: int
) -> None:
    rng = np.random.default_rng(0)
    image = rng.random((size[0] * down, size[1] * across), dtype=np.float32)
    assert farthest(resize(image, size, "area"), by_torch(image, size, "area")) <= 1e-5


@given(pictures("uint8"), sizes, st.sampled_from(["nearest-exact", "bilinear"]))
def test_resize_is_pillows(image: np.ndarray, size: tuple[int, int], interpolation: Any) -> None:
    pillow = Image.fromarray(image).resize(size[::-1], PILLOW[interpolation])
    bilinear = interpolation == "bilinear"
    assert farthest(resize(image, size, interpolation, antialias=bilinear), pillow) <= bilinear


@given(pictures("float32").filter(lambda image: image.ndim == 2), sizes)
def test_antialiased_bicubic_is_pillows_in_floating_point(
    image: np.ndarray, size: tuple[int, int]
) -> None:
    pillow = Image.fromarray(image).resize(size[::-1], PILLOW["bicubic"])
    assert farthest(resize(image, size, "bicubic", antialias=True), pillow) <= 1e-5


@pytest.mark.parametrize("interpolation", FLAGS)
@given(image=pictures())
def test_resize_to_the_same_size_changes_nothing(interpolation: Any, image: np.ndarray) -> None:
    result = resize(image, image.shape[:2], interpolation)
    assert farthest(result, image) <= (0 if image.dtype == np.uint8 else 1e-6)
    assert not np.shares_memory(result, image)


@given(sizes, sizes, st.sampled_from(["bilinear", "bicubic"]), st.booleans())
def test_one_colour_stays_one_colour(
    old: tuple[int, int], new: tuple[int, int], interpolation: Any, antialias: bool
) -> None:
    colour = np.array([0, 100, 255], dtype=np.uint8)
    image = np.broadcast_to(colour, (*old, 3))
    assert np.all(resize(image, new, interpolation, antialias) == colour)


def test_resize_takes_height_before_width() -> None:
    assert resize(RAMP, (2, 9)).shape == (2, 9)


def test_bicubic_overshoots_and_eight_bits_stop_it() -> None:
    step = np.array([[0, 0, 0, 255, 255, 255]], dtype=np.uint8)
    real = resize(step.astype(np.float32), (1, 24), "bicubic")
    assert real.min() < -10
    assert real.max() > 265
    assert np.array_equal(resize(step, (1, 24), "bicubic")[0], np.clip(np.rint(real[0]), 0, 255))


# ---------------------------------------------------------------------------- flip and rotate


@given(pictures(), st.sampled_from([0, 1, -1]))
def test_flip_is_numpys_and_opencvs(image: np.ndarray, code: int) -> None:
    flipped = flip(image, code)
    assert np.array_equal(flipped, np.flip(image, (0, 1) if code == -1 else code))
    assert np.array_equal(flipped, cv2.flip(image, code).reshape(image.shape))
    assert not np.shares_memory(flipped, image)


@given(pictures(), st.integers(-9, 9))
def test_rotate_is_numpys_and_opencvs(image: np.ndarray, turns: int) -> None:
    rotated = rotate(image, turns)
    assert np.array_equal(rotated, np.rot90(image, turns))
    assert not np.shares_memory(rotated, image)
    if turns % 4:
        codes = [cv2.ROTATE_90_COUNTERCLOCKWISE, cv2.ROTATE_180, cv2.ROTATE_90_CLOCKWISE]
        opencv = cv2.rotate(image, codes[turns % 4 - 1])
        assert np.array_equal(rotated, opencv.reshape(rotated.shape))


# ---------------------------------------------------------------------------- warps


numbers = st.floats(-50, 50)


@given(st.tuples(numbers, numbers), st.floats(-720, 720), st.floats(0.01, 9))
def test_rotation_matrix_is_opencvs(
    center: tuple[float, float], angle: float, scale: float
) -> None:
    opencv = cv2.getRotationMatrix2D(center, angle, scale)
    # OpenCV keeps the centre in float32
    np.testing.assert_allclose(rotation_matrix(center, angle, scale), opencv, atol=1e-3)


def test_rotation_matrix_leaves_the_centre_where_it_is() -> None:
    assert rotation_matrix((3, 5), 30, 2) @ [3, 5, 1] == pytest.approx([3, 5])
    assert rotation_matrix((3, 5), 90) @ [4, 5, 1] == pytest.approx([3, 4])  # right goes up


@st.composite
def turns(draw: st.DrawFn) -> np.ndarray:
    """Make the matrix of a turn about some point, by some scale."""
    center = draw(st.tuples(st.floats(-3, 35), st.floats(-3, 35)))
    return rotation_matrix(center, draw(st.floats(1, 89)), draw(st.floats(0.3, 4)))


@settings(max_examples=200)
@given(pictures(), turns(), sizes, st.sampled_from(list(BORDERS)))
def test_warp_affine_is_opencvs(
    image: np.ndarray, matrix: np.ndarray, size: tuple[int, int], border: Any
) -> None:
    opencv = cv2.warpAffine(
        image, matrix, size[::-1], borderMode=BORDERS[border], borderValue=3 * [0.25]
    )
    result = warp_affine(image, matrix, size, border=border, value=0.25)
    assert result.dtype == image.dtype
    assert farthest(result, opencv) <= (1 if image.dtype == np.uint8 else 1e-4)


@given(pictures(), turns(), sizes, st.sampled_from(list(BORDERS)))
def test_warp_affine_by_nearest_is_opencvs_but_at_ties(
    image: np.ndarray, matrix: np.ndarray, size: tuple[int, int], border: Any
) -> None:
    opencv = cv2.warpAffine(
        image, matrix, size[::-1], flags=cv2.INTER_NEAREST, borderMode=BORDERS[border]
    )
    result = warp_affine(image, matrix, size, "nearest", border)
    inverse = cv2.invertAffineTransform(matrix)
    y, x = np.indices(size)
    places = np.stack([x, y, np.ones_like(x)], axis=-1) @ inverse.T
    clear = np.all(np.abs(places % 1 - 0.5) > 1e-4, axis=-1)
    assert np.array_equal(result[clear], opencv.reshape(result.shape)[clear])


@given(pictures(), st.floats(-40, 40), sizes, st.data())
def test_warp_perspective_is_opencvs(
    image: np.ndarray, angle: float, size: tuple[int, int], data: st.DataObject
) -> None:
    matrix = np.vstack([rotation_matrix((9, 9), angle, 1.5), [0, 0, 1]])
    matrix[2, :2] = data.draw(st.tuples(st.floats(0, 0.02), st.floats(0, 0.02)))
    border = data.draw(st.sampled_from(list(BORDERS)))
    opencv = cv2.warpPerspective(image, matrix, size[::-1], borderMode=BORDERS[border])
    result = warp_perspective(image, matrix, size, border=border)
    assert farthest(result, opencv) <= (1 if image.dtype == np.uint8 else 2e-4)


@given(pictures(), st.integers(0, 3))
def test_a_warp_by_a_quarter_turn_is_a_quarter_turn(image: np.ndarray, turns: int) -> None:
    expected = rotate(image, turns)
    matrix = rotation_matrix((0, 0), 90 * turns)
    corners = matrix @ np.array([[0, image.shape[1] - 1], [0, image.shape[0] - 1], [1, 1]])
    matrix[:, 2] -= corners.min(axis=1)
    warped = warp_affine(image, matrix, expected.shape[:2], border="replicate")
    assert farthest(warped, expected) <= (0 if image.dtype == np.uint8 else 1e-5)


@given(pictures(), sizes)
def test_resize_is_a_warp_with_half_pixel_centres(image: np.ndarray, size: tuple[int, int]) -> None:
    down, across = (new / old for new, old in zip(size, image.shape, strict=False))
    matrix = np.array([[across, 0, (across - 1) / 2], [0, down, (down - 1) / 2]])
    warped = warp_affine(image, matrix, size, border="replicate")
    assert farthest(warped, resize(image, size)) <= allowed(image)


@given(pictures(), turns())
def test_blocks_do_not_show(image: np.ndarray, matrix: np.ndarray) -> None:
    whole = resize(image, (17, 19), "bicubic"), warp_affine(image, matrix, (17, 19))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(geometry, "_AT_ONCE", 50)
        pieces = resize(image, (17, 19), "bicubic"), warp_affine(image, matrix, (17, 19))
    for one, other in zip(whole, pieces, strict=True):
        assert farthest(one, other) <= (0 if image.dtype == np.uint8 else 1e-6)


def test_outside_is_the_value_in_every_channel() -> None:
    away = np.array([[1.0, 0, 9], [0, 1, 0]])
    for value, stored in ((7, 7), (300, 255), (-3, 0)):
        image = np.zeros((2, 2, 3), dtype=np.uint8)
        assert np.all(warp_affine(image, away, (2, 2), value=value) == stored)
        opencv = cv2.warpAffine(image, away, (2, 2), borderValue=value)
        assert opencv[0, 0].tolist() == [stored, 0, 0]


def test_what_lies_on_the_horizon_is_read_somewhere_and_raises_nothing() -> None:
    matrix = np.linalg.inv(np.array([[1.0, 0, 0], [0, 1, 0], [1, 0, -2]]))
    assert warp_perspective(RAMP, matrix, (3, 5)).shape == (3, 5)


CALLS: list[Callable[[np.ndarray], np.ndarray]] = [
    lambda image: resize(image, (3, 3)),
    lambda image: flip(image, 1),
    lambda image: rotate(image, 1),
    lambda image: warp_affine(image, np.eye(3)[:2], (3, 3)),
    lambda image: warp_perspective(image, np.eye(3), (3, 3)),
]


@pytest.mark.parametrize("call", CALLS)
def test_what_is_no_picture_is_refused(call: Callable[[np.ndarray], np.ndarray]) -> None:
    with pytest.raises(TypeError, match=r"image has dtype float64; expected an array of uint8 or"):
        call(np.zeros((4, 4)))
    with pytest.raises(TypeError, match="image has dtype list; expected"):
        call([[1, 2]])  # type: ignore[arg-type]
    for shape in ((4,), (4, 4, 2), (0, 4), (1, 4, 4, 3)):
        with pytest.raises(ValueError, match=r"image has shape \(.*\); expected \(H, W\) or"):
            call(np.zeros(shape, dtype=np.uint8))


@pytest.mark.parametrize("call", CALLS)
def test_the_argument_stays_as_it_was(call: Callable[[np.ndarray], np.ndarray]) -> None:
    image = RAMP.copy()
    call(image)[:] = 99
    assert np.array_equal(image, RAMP)


@pytest.mark.parametrize("size", [5, (3,), (0, 3), (3, 2.0), (1, 2, 3), "ab", None])
def test_only_a_height_and_a_width_are_a_size(size: Any) -> None:
    for call in (
        lambda: resize(RAMP, size),
        lambda: warp_affine(RAMP, np.eye(3)[:2], size),
    ):
        with pytest.raises(ValueError, match=r"size is .*; expected height and width, integers"):
            call()


def test_names_that_are_not_known_are_refused() -> None:
    with pytest.raises(ValueError, match=r"interpolation is 'linear'; expected one of nearest, "):
        resize(RAMP, (2, 2), "linear")  # type: ignore[arg-type]
    for interpolation in ("nearest", "nearest-exact", "area"):
        with pytest.raises(ValueError, match=f"antialias is True with '{interpolation}'"):
            resize(RAMP, (2, 2), interpolation, antialias=True)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="interpolation is 'area'; expected one of nearest, bili"):
        warp_affine(RAMP, np.eye(3)[:2], (2, 2), "area")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="border is 'mirror'; expected one of constant, repl"):
        warp_affine(RAMP, np.eye(3)[:2], (2, 2), border="mirror")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="flip_code is 2; expected 0, 1 or -1"):
        flip(RAMP, 2)
    with pytest.raises(TypeError, match=r"turns is 0.5; expected an integer"):
        rotate(RAMP, 0.5)  # type: ignore[arg-type]


def test_a_matrix_needs_its_shape_and_an_inverse() -> None:
    with pytest.raises(ValueError, match=r"matrix has shape \(3, 3\); expected \(2, 3\)"):
        warp_affine(RAMP, np.eye(3), (2, 2))
    with pytest.raises(ValueError, match=r"matrix is \[\[.*; expected 3 by 3, with an inverse"):
        warp_affine(RAMP, np.zeros((2, 3)), (2, 2))
    with pytest.raises(ValueError, match=r"matrix is \[\[.*; expected 3 by 3, with an inverse"):
        warp_perspective(RAMP, np.eye(3)[:2], (2, 2))
