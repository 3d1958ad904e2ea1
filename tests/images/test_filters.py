"""Filters and PSNR held against OpenCV over shapes, dtypes, sizes and borders."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from skimage.metrics import peak_signal_noise_ratio

from cvlib.images.borders import Border
from cvlib.images.edge_preserving import (
    bilateral_filter,
    median_blur,
)
from cvlib.images.filters import blur, filter2d, gaussian_blur, gaussian_kernel, psnr
from cvlib.images.strips import by_strips
from tests.images.pictures import BORDERS, BYTES, CODES, FLOATS, SHAPES

SIDES = st.tuples(st.integers(1, 21), st.integers(1, 21))
ODD = st.integers(0, 6).map(lambda half: 2 * half + 1)
FAR = 40  # rows that are enough for every window here


def in_opencv(
    image: np.ndarray, border: Border, filtered: Callable[[np.ndarray], np.ndarray]
) -> np.ndarray:
    """Let OpenCV filter a picture whose border is already there, so that it takes every border."""
    wide = cv2.copyMakeBorder(image, FAR, FAR, FAR, FAR, CODES[border])
    return filtered(wide)[FAR:-FAR, FAR:-FAR].reshape(image.shape)


def close(ours: np.ndarray, opencvs: np.ndarray, scale: float = 9) -> bool:
    assert ours.dtype == opencvs.dtype
    assert ours.shape == opencvs.shape
    return bool(np.allclose(ours, opencvs, rtol=0, atol=2e-6 * scale))


# -------------------------------------------------------------------------------------- box


def equal_but_for_halves(image: np.ndarray, size: tuple[int, int], border: Border) -> bool:
    """Compare blurs: to the bit up to 256 pixels, in larger boxes but for means halfway between."""
    ours, opencv = blur(image, size, border), in_opencv(image, border, lambda w: cv2.blur(w, size))
    total = in_opencv(image, border, lambda w: cv2.boxFilter(w, cv2.CV_32S, size, normalize=False))
    count = size[0] * size[1]
    half = (2 * total - count) % (2 * count) == 0
    assert cv2.absdiff(ours, opencv).max() <= (count > 256)
    return bool(((ours == opencv) | (half & (count > 256))).all())


@given(BYTES, SIDES, st.sampled_from(BORDERS))
@settings(max_examples=300)
def test_blur_of_bytes_is_opencvs_to_the_bit(
    image: np.ndarray, size: tuple[int, int], border: Border
) -> None:
    assert equal_but_for_halves(image, size, border)


@given(BYTES, SIDES, st.sampled_from(BORDERS[:-1]))
def test_blur_has_opencvs_own_borders(
    image: np.ndarray, size: tuple[int, int], border: Border
) -> None:
    opencv = cv2.blur(image, size, borderType=CODES[border]).reshape(image.shape)
    ours = blur(image, size, border)
    white = (ours == 255) & (opencv == 0) & (size[0] * size[1] == 2)
    differs = (ours != opencv) & ~white
    assert not differs.any() or size[0] * size[1] > 256


@pytest.mark.parametrize("size", [(1, 2), (2, 1)])
@pytest.mark.parametrize("shape", [(2, 2), (3, 40), (40, 3), (70, 90)])
def test_two_white_pixels_stay_white(size: tuple[int, int], shape: tuple[int, int]) -> None:
    """OpenCV's fixed point makes 256 of them, and in narrow pictures writes 0."""
    white = np.full(shape, 255, np.uint8)
    assert (blur(white, size) == 255).all()
    assert equal_but_for_halves(white, size, "reflect_101")


@given(FLOATS, SIDES, st.sampled_from(BORDERS))
def test_blur_of_floats_is_opencvs(
    image: np.ndarray, size: tuple[int, int], border: Border
) -> None:
    opencv = in_opencv(image, border, lambda wide: cv2.blur(wide, size))
    assert close(blur(image, size, border), opencv)


@pytest.mark.parametrize("size", [(16, 16), (17, 17), (4, 64), (3, 71), (71, 4), (2, 1)])
def test_blur_with_any_count_of_pixels(size: tuple[int, int]) -> None:
    image = np.random.default_rng(0).integers(200, 256, (40, 50), dtype=np.uint8)
    assert equal_but_for_halves(image, size, "reflect_101")


# -------------------------------------------------------------------------------------- Gaussian


@given(st.integers(0, 25), st.just(0.0) | st.floats(0.1, 20))
def test_gaussian_kernel_is_opencvs(half: int, sigma: float) -> None:
    ours = gaussian_kernel(2 * half + 1, sigma)
    opencv = cv2.getGaussianKernel(2 * half + 1, sigma, cv2.CV_64F).ravel()
    assert np.allclose(ours, opencv, rtol=0, atol=1e-15)


@given(
    BYTES,
    st.tuples(ODD, ODD),
    st.just(0.0) | st.floats(0.2, 9),
    st.just(0.0) | st.floats(0.2, 9),
    st.sampled_from(BORDERS),
)
@settings(max_examples=300)
def test_gaussian_blur_of_bytes_is_opencvs_to_the_bit(
    image: np.ndarray, size: tuple[int, int], across: float, down: float, border: Border
) -> None:
    down = down if across else 0.0
    opencv = cv2.GaussianBlur(image, size, across, sigmaY=down, borderType=CODES[border])
    assert np.array_equal(
        gaussian_blur(image, size, across, down, border), opencv.reshape(image.shape)
    )


@given(FLOATS, st.tuples(ODD, ODD), st.just(0.0) | st.floats(0.2, 9), st.sampled_from(BORDERS))
def test_gaussian_blur_of_floats_is_opencvs(
    image: np.ndarray, size: tuple[int, int], sigma: float, border: Border
) -> None:
    opencv = in_opencv(image, border, lambda wide: cv2.GaussianBlur(wide, size, sigma))
    assert close(gaussian_blur(image, size, sigma, border=border), opencv)


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
@pytest.mark.parametrize("sigma", [0.3, 0.5, 1, 1.5, 2.5, 4, 11])
def test_gaussian_blur_takes_its_size_from_sigma(dtype: type, sigma: float) -> None:
    image = np.random.default_rng(0).integers(0, 256, (30, 40)).astype(dtype)
    ours, opencv = gaussian_blur(image, 0, sigma), cv2.GaussianBlur(image, (0, 0), sigma)
    assert np.array_equal(ours, opencv) if dtype == np.uint8 else close(ours, opencv, 255)


# -------------------------------------------------------------------------------------- filter2d


@given(
    BYTES | FLOATS,
    SIDES.flatmap(lambda sides: arrays(np.int8, sides, elements=st.integers(-9, 9))),
    st.sampled_from(BORDERS),
)
@settings(max_examples=300)
def test_filter2d_with_whole_weights_is_opencvs(
    image: np.ndarray, kernel: np.ndarray, border: Border
) -> None:
    weights = kernel.astype(np.float32)
    opencv = in_opencv(image, border, lambda wide: cv2.filter2D(wide, -1, weights))
    if image.dtype == np.uint8:
        assert np.array_equal(filter2d(image, kernel, border), opencv)
    else:
        assert close(filter2d(image, kernel, border), opencv, 9 * 9 * kernel.size)


@given(BYTES, st.integers(0, 999), SIDES, st.sampled_from(BORDERS[:-1]))
def test_filter2d_of_bytes_rounds_as_opencv_does(
    image: np.ndarray, seed: int, sides: tuple[int, int], border: Border
) -> None:
    kernel = np.random.default_rng(seed).normal(0.5, 1, sides).astype(np.float32)
    opencv = cv2.filter2D(image, -1, kernel, borderType=CODES[border]).reshape(image.shape)
    assert cv2.absdiff(filter2d(image, kernel, border), opencv).max() <= 1


@pytest.mark.parametrize("shape", [(256, 256), (70, 45, 3)])
@pytest.mark.parametrize("size", [(3, 3), (9, 11), (10, 10), (11, 11), (31, 4)])
def test_the_fourier_way_is_the_same_filter(shape: tuple[int, ...], size: tuple[int, int]) -> None:
    generator = np.random.default_rng(0)
    image = generator.random(shape, dtype=np.float32)
    kernel = generator.normal(size=size).astype(np.float32)
    opencv = cv2.filter2D(image, -1, kernel)
    assert close(filter2d(image, kernel), opencv, np.abs(kernel).sum())


def test_filter2d_is_cross_correlation() -> None:
    spot = np.zeros((5, 5), dtype=np.float32)
    spot[2, 2] = 1
    kernel = np.arange(9).reshape(3, 3)
    assert np.array_equal(filter2d(spot, kernel)[1:-1, 1:-1], kernel[::-1, ::-1])


# -------------------------------------------------------------------------------------- strips


@pytest.mark.parametrize("rows", [1, 2, 7, 100])
def test_strips_meet_without_a_seam(rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    image = np.random.default_rng(0).integers(0, 256, (23, 31), dtype=np.uint8)
    monkeypatch.setattr("cvlib.images.strips._STRIP", rows * (31 + 4))
    assert np.array_equal(gaussian_blur(image, 5), cv2.GaussianBlur(image, (5, 5), 0))
    assert np.array_equal(median_blur(image, 5), cv2.medianBlur(image, 5))
    ours = bilateral_filter(image, 5, 30, 3)
    assert cv2.absdiff(ours, cv2.bilateralFilter(image, 5, 30, 3)).max() <= 1


def test_a_picture_wider_than_a_strip_and_one_in_another_memory_order() -> None:
    image = np.random.default_rng(0).integers(0, 256, (40_000, 3), dtype=np.uint8)
    assert np.array_equal(blur(image.T, 3), cv2.blur(image.T.copy(), (3, 3)))
    turned = image[:200].reshape(20, 30)[:, ::-1]
    assert np.array_equal(blur(turned, 3), cv2.blur(turned.copy(), (3, 3)))


def test_by_strips_keeps_shape_and_dtype() -> None:
    image = np.ones((3, 4, 2), dtype=np.float32)
    filtered = by_strips(image, (1, 1), "wrap", lambda line, step: line * 2)
    assert filtered.dtype == np.float32
    assert np.array_equal(filtered, 2 * image)


@pytest.mark.parametrize(
    "filtered",
    [
        lambda image: blur(image, 5),
        lambda image: gaussian_blur(image, 5),
        lambda image: median_blur(image, 5),
        lambda image: bilateral_filter(image, 5, 30, 3),
        lambda image: filter2d(image, np.ones((12, 12)) / 144),
    ],
)
def test_the_argument_stays_as_it_is(filtered: Callable[[np.ndarray], np.ndarray]) -> None:
    image = np.random.default_rng(0).integers(0, 256, (9, 9), dtype=np.uint8)
    image.setflags(write=False)
    filtered(image)


# -------------------------------------------------------------------------------------- PSNR


@given(SHAPES, st.integers(0, 999), st.integers(1, 200))
def test_psnr_is_opencvs_and_scikit_images(shape: tuple[int, ...], seed: int, spread: int) -> None:
    generator = np.random.default_rng(seed)
    a = generator.integers(0, 256, shape, dtype=np.uint8)
    b = np.clip(a + generator.integers(-spread, spread + 1, shape), 0, 255).astype(np.uint8)
    if np.array_equal(a, b):
        assert psnr(a, b) == np.inf
        return
    assert psnr(a, b) == pytest.approx(cv2.PSNR(a, b), abs=1e-9)
    assert psnr(a, b) == pytest.approx(peak_signal_noise_ratio(a, b), abs=1e-9)
    floats = a.astype(np.float32) / 255, b.astype(np.float32) / 255
    assert psnr(*floats) == pytest.approx(psnr(a, b), abs=1e-4)
    assert psnr(*floats, peak=10) == pytest.approx(psnr(a, b) + 20, abs=1e-4)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((np.zeros(3), np.zeros(4)), r"reference is float64 \(3,\) and image float64 \(4,\)"),
        ((np.zeros(3), np.zeros(3, np.uint8)), r"reference is float64 \(3,\) and image uint8"),
        ((np.zeros(0), np.zeros(0)), "expected one dtype and one shape, not empty"),
        ((np.zeros(3), np.ones(3), 0), "peak is 0; expected a number above 0"),
    ],
)
def test_psnr_says_what_is_wrong(arguments: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        psnr(*arguments)


# -------------------------------------------------------------------------------------- errors

GREY = np.zeros((4, 4), dtype=np.uint8)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: blur(GREY, 0), "ksize is 0; expected 1 or more"),
        (lambda: blur(GREY, (3, -1)), r"ksize is \(3, -1\); expected 1 or more"),
        (lambda: blur(GREY, 3, "mirror"), "border is 'mirror'"),  # type: ignore[arg-type]
        (lambda: gaussian_kernel(4), "ksize is 4; expected an odd number"),
        (lambda: gaussian_kernel(-1), "ksize is -1; expected an odd number"),
        (lambda: gaussian_kernel(3, -1), "sigma is -1; expected 0 or more"),
        (lambda: gaussian_kernel(3, float("nan")), "sigma is nan"),
        (lambda: gaussian_blur(GREY, 4), "ksize is 4; expected an odd number"),
        (lambda: gaussian_blur(GREY, 0), "ksize is 0 and sigma_x 0; expected one of them above 0"),
        (lambda: gaussian_blur(GREY, -3), "ksize is -3; expected 0 or more"),
        (lambda: gaussian_blur(GREY, 3, 1, -1), "sigma is -1"),
        (lambda: median_blur(GREY, 4), "ksize is 4; expected an odd number from 1 to 255"),
        (lambda: median_blur(GREY, 257), "ksize is 257; expected an odd number from 1 to 255"),
        (lambda: bilateral_filter(GREY, 5, 0, 1), "sigma_color is 0 and sigma_space 1; expected"),
        (lambda: bilateral_filter(GREY[..., None], 5, 1, 1), r"expected \(H, W\) or \(H, W, 3\)"),
        (lambda: filter2d(GREY, np.ones(3)), r"kernel has shape \(3,\); expected \(rows, columns"),
        (lambda: filter2d(GREY, np.ones((0, 3))), r"kernel has shape \(0, 3\)"),
        (lambda: blur(GREY[:0], 3), r"image has shape \(0, 4\); expected \(H, W\)"),
        (lambda: median_blur(GREY[0], 3), r"image has shape \(4,\); expected \(H, W\)"),
    ],
)
def test_a_wrong_value_is_named(call: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize(
    "call",
    [
        lambda image: blur(image, 3),
        lambda image: gaussian_blur(image, 3),
        lambda image: median_blur(image, 3),
        lambda image: bilateral_filter(image, 3, 1, 1),
        lambda image: filter2d(image, np.ones((3, 3))),
    ],
)
def test_only_bytes_and_floats_are_taken(call: Callable[[np.ndarray], object]) -> None:
    with pytest.raises(TypeError, match="image has dtype float64; expected uint8 or float32"):
        call(np.zeros((4, 4)))
