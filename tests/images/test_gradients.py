"""Derivatives of pictures, held against OpenCV: whole numbers to the last bit, over borders."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from cvlib.images.gradients import (
    derivative_kernels,
    direction,
    laplacian,
    magnitude,
    scharr,
    sobel,
    zero_crossings,
)

BORDERS = {
    "constant": cv2.BORDER_CONSTANT,
    "replicate": cv2.BORDER_REPLICATE,
    "reflect": cv2.BORDER_REFLECT,
    "reflect_101": cv2.BORDER_REFLECT_101,
}
SIDES = st.integers(1, 12)
SHAPES = st.one_of(st.tuples(SIDES, SIDES), st.tuples(SIDES, SIDES, st.just(3)))
BORDER = st.sampled_from(sorted(BORDERS))
SIZE = st.sampled_from((1, 3, 5, 7))
ORDERS = st.sampled_from(((1, 0), (0, 1), (1, 1), (2, 0), (0, 2), (2, 1)))
EITHER = st.sampled_from(((1, 0), (0, 1)))
# Few grey levels make ties, and black and white make the largest sums.
LEVELS = st.sampled_from((st.integers(0, 255), st.sampled_from((0, 255)), st.integers(99, 102)))
PICTURES = st.tuples(SHAPES, LEVELS).flatmap(
    lambda drawn: arrays(np.uint8, drawn[0], elements=drawn[1])
)


def whole_floats(image: np.ndarray) -> np.ndarray:
    return image.astype(np.float32) - 100


@pytest.mark.parametrize("ksize", [1, 3, 5, 7])
@pytest.mark.parametrize("orders", [(1, 0), (0, 1), (1, 1), (2, 0), (0, 2), (2, 1), (2, 2)])
def test_kernels_are_opencvs(orders: tuple[int, int], ksize: int) -> None:
    expected = cv2.getDerivKernels(*orders, ksize)
    for kernel, theirs in zip(derivative_kernels(*orders, ksize), expected, strict=True):
        assert np.array_equal(kernel, theirs.ravel())


@settings(max_examples=200, deadline=None)
@given(PICTURES, ORDERS, SIZE, BORDER)
def test_sobel_is_opencvs(
    image: np.ndarray, orders: tuple[int, int], ksize: int, border: str
) -> None:
    options = {"ksize": ksize, "borderType": BORDERS[border]}
    ours = sobel(image, *orders, ksize, border)
    assert ours.dtype == np.int16
    assert np.array_equal(ours, cv2.Sobel(image, cv2.CV_16S, *orders, **options))
    image = whole_floats(image)
    ours = sobel(image, *orders, ksize, border)
    assert ours.dtype == np.float32
    assert np.array_equal(ours, cv2.Sobel(image, cv2.CV_32F, *orders, **options))


@settings(deadline=None)
@given(PICTURES, EITHER, BORDER)
def test_scharr_is_opencvs(image: np.ndarray, orders: tuple[int, int], border: str) -> None:
    expected = cv2.Scharr(image, cv2.CV_16S, *orders, borderType=BORDERS[border])
    assert np.array_equal(scharr(image, *orders, border), expected)
    image = whole_floats(image)
    expected = cv2.Scharr(image, cv2.CV_32F, *orders, borderType=BORDERS[border])
    assert np.array_equal(scharr(image, *orders, border), expected)


@settings(deadline=None)
@given(PICTURES, SIZE, BORDER)
def test_laplacian_is_opencvs(image: np.ndarray, ksize: int, border: str) -> None:
    options = {"ksize": ksize, "borderType": BORDERS[border]}
    expected = cv2.Laplacian(image, cv2.CV_16S, **options)
    assert np.array_equal(laplacian(image, ksize, border), expected)
    image = whole_floats(image)
    expected = cv2.Laplacian(image, cv2.CV_32F, **options)
    assert np.array_equal(laplacian(image, ksize, border), expected)


@settings(deadline=None)
@given(arrays(np.float32, (5, 7), elements=st.floats(-1, 1, width=16)), SIZE)
def test_fractions_differ_from_opencvs_by_rounding_alone(image: np.ndarray, ksize: int) -> None:
    for ours, theirs in (
        (sobel(image, 1, 0, ksize), cv2.Sobel(image, cv2.CV_32F, 1, 0, ksize=ksize)),
        (laplacian(image, ksize), cv2.Laplacian(image, cv2.CV_32F, ksize=ksize)),
    ):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-3)


@pytest.mark.parametrize("shape", [(31, 97), (64, 64), (40, 33, 3)])
@pytest.mark.parametrize("ksize", [1, 3, 5, 7])
def test_larger_pictures_are_opencvs_too(shape: tuple[int, ...], ksize: int) -> None:
    image = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    expected = cv2.Sobel(image, cv2.CV_16S, 1, 0, ksize=ksize)
    assert np.array_equal(sobel(image, 1, 0, ksize), expected)
    assert np.array_equal(sobel(image[::-1], 1, 0, ksize), expected[::-1])  # not contiguous
    assert np.array_equal(laplacian(image, ksize), cv2.Laplacian(image, cv2.CV_16S, ksize=ksize))


def test_wrapping_is_tiling() -> None:  # OpenCV has no such border here
    image = np.random.default_rng(0).integers(0, 256, (7, 9), dtype=np.uint8)
    tiled = sobel(np.tile(image, (3, 3)), 1, 0, 5)[7:14, 9:18]
    assert np.array_equal(sobel(image, 1, 0, 5, "wrap"), tiled)


def test_only_the_largest_kernel_passes_sixteen_bits_and_stops_there() -> None:
    image = np.zeros((9, 18), dtype=np.uint8)
    image[:, 9:] = 255
    assert sobel(image, 1, 0, 5).max() == 48 * 255
    assert sobel(image, 1, 0, 7).max() == 32767
    assert sobel(255 - image, 1, 0, 7).min() == -32768
    assert sobel(image.astype(np.float32), 1, 0, 7).max() == 640 * 255


@settings(deadline=None)
@given(arrays(np.int16, (2, 3, 4)))
def test_magnitude_and_direction_are_opencvs(gradient: np.ndarray) -> None:
    dx, dy = gradient
    as_float = dx.astype(np.float32), dy.astype(np.float32)
    np.testing.assert_allclose(magnitude(dx, dy), cv2.magnitude(*as_float), rtol=1e-6)
    apart = np.abs(direction(dx, dy) - cv2.phase(*as_float, angleInDegrees=True))
    assert np.minimum(apart, 360 - apart).max() < 0.3  # OpenCV's phase is that exact
    assert magnitude(dx, dy).dtype == direction(dx, dy).dtype == np.float32


def test_a_ramp_has_its_true_direction() -> None:
    rows, columns = np.mgrid[:20, :20].astype(np.float32)
    for angle in range(0, 360, 15):
        ramp = columns * np.cos(np.radians(angle)) + rows * np.sin(np.radians(angle))
        ramp = ramp.astype(np.float32)
        for operator in (sobel, scharr):
            found = direction(operator(ramp, 1, 0), operator(ramp, 0, 1))[5, 5]
            assert abs((found - angle + 180) % 360 - 180) < 0.01


@settings(deadline=None)
@given(arrays(np.int8, st.tuples(SIDES, SIDES)), st.integers(0, 200))
def test_zero_crossings_are_changes_of_sign(values: np.ndarray, least: int) -> None:
    found = zero_crossings(values, least)
    for row, column in np.ndindex(values.shape):
        here = int(values[row, column])
        others = [*values[row, column + 1 : column + 2], *values[row + 1 : row + 2, column]]
        crossed = [here * int(n) < 0 and abs(here - int(n)) >= least for n in others]
        assert found[row, column] == any(crossed)


@pytest.mark.parametrize(
    "function", [lambda i: sobel(i, 1, 0), lambda i: scharr(i, 0, 1), laplacian]
)
def test_only_bytes_and_floats_are_taken(function: Callable[[np.ndarray], object]) -> None:
    with pytest.raises(TypeError, match="image has dtype float64; expected uint8 or float32"):
        function(np.zeros((3, 3)))
    for shape in ((3,), (3, 3, 4), (3, 3, 1), (0, 3), (1, 3, 3, 3)):
        with pytest.raises(ValueError, match=r"image has shape \(.*\); expected \(H, W\) or"):
            function(np.zeros(shape, dtype=np.uint8))


def test_what_is_not_known_is_refused() -> None:
    image = np.zeros((3, 3), dtype=np.uint8)
    with pytest.raises(ValueError, match="ksize is 4; expected 1, 3, 5 or 7"):
        sobel(image, 1, 0, 4)
    with pytest.raises(ValueError, match="border is 'mirror'; expected one of constant, replicate"):
        sobel(image, 1, 0, border="mirror")  # type: ignore[arg-type]
    for orders in ((0, 0), (-1, 1), (3, 0)):
        with pytest.raises(ValueError, match=r"dx and dy are .*; expected 0 to 2, and not both 0"):
            sobel(image, *orders)
    for orders in ((1, 1), (0, 0), (2, 0)):
        with pytest.raises(ValueError, match="expected 1 and 0, or 0 and 1"):
            scharr(image, *orders)
