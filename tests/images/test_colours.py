"""Hue and Lab, held against OpenCV and scikit-image."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from skimage.color import rgb2lab

from cvlib.images.colours import rgb_to_hsv, rgb_to_lab

COLOURS = st.tuples(st.integers(1, 9), st.integers(1, 9), st.just(3)).flatmap(
    lambda shape: arrays(np.uint8, shape)
)
EVERY_VALUE = np.arange(256, dtype=np.uint8)
EVERY_THIRD_COLOUR = np.stack(np.meshgrid(*3 * [EVERY_VALUE[::3]]), axis=-1).reshape(86, -1, 3)


@given(COLOURS)
def test_hsv_is_opencvs_to_the_last_bit(image: np.ndarray) -> None:
    assert np.array_equal(rgb_to_hsv(image), cv2.cvtColor(image, cv2.COLOR_RGB2HSV))


def test_hsv_of_every_third_colour_is_opencvs() -> None:
    expected = cv2.cvtColor(EVERY_THIRD_COLOUR, cv2.COLOR_RGB2HSV)
    assert np.array_equal(rgb_to_hsv(EVERY_THIRD_COLOUR), expected)
    assert expected[..., 0].max() == 179


def test_a_grey_pixel_has_no_hue_and_no_saturation() -> None:
    grey = np.repeat(EVERY_VALUE[None, :, None], 3, axis=2)
    assert not rgb_to_hsv(grey)[..., :2].any()
    assert np.array_equal(rgb_to_hsv(grey)[..., 2], EVERY_VALUE[None])


@given(COLOURS)
def test_lab_is_scikit_images(image: np.ndarray) -> None:
    assert rgb_to_lab(image) == pytest.approx(rgb2lab(image), abs=0.02)


def test_lab_of_every_third_colour_is_opencvs_within_its_tables() -> None:
    scaled = np.rint(rgb_to_lab(EVERY_THIRD_COLOUR) * [255 / 100, 1, 1] + [0, 128, 128])
    error = np.abs(scaled - cv2.cvtColor(EVERY_THIRD_COLOUR, cv2.COLOR_RGB2Lab))
    assert error.max() <= 3
    assert (error <= 1).mean() > 0.9995


@pytest.mark.parametrize("function", [rgb_to_hsv, rgb_to_lab])
def test_memory_layout_does_not_matter_and_the_argument_is_left_alone(function: object) -> None:
    image = np.random.default_rng(0).integers(0, 256, (3, 5, 7), dtype=np.uint8).transpose(1, 2, 0)
    before = image.copy()
    assert np.array_equal(function(image), function(before))  # type: ignore[operator]
    assert np.array_equal(image, before)


@pytest.mark.parametrize("function", [rgb_to_hsv, rgb_to_lab])
def test_only_eight_bits_and_three_channels_are_taken(function: object) -> None:
    with pytest.raises(TypeError, match="image has dtype float64; expected uint8"):
        function(np.zeros((2, 2, 3)))  # type: ignore[operator]
    for shape in ((4, 4), (4, 4, 4), (3, 4, 5), (1, 4, 4, 3)):
        with pytest.raises(ValueError, match=r"image has shape \(.*\); expected \(H, W, 3\), RGB"):
            function(np.zeros(shape, dtype=np.uint8))  # type: ignore[operator]
