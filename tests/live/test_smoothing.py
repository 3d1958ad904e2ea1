"""Filters and noise, as pages compute them, beside OpenCV's and the package's."""

from __future__ import annotations

import math
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cvlib.images import noise
from cvlib.images.edge_preserving import bilateral_filter
from cvlib.images.filters import gaussian_kernel, parts_of_256, psnr
from tests.live.conftest import Engine

seeds, sides = st.integers(0, 99), st.integers(1, 20)


def drawn(seed: int, height: int, width: int) -> Any:
    """Draw a picture: of noise, of few levels, or with an edge."""
    generator = np.random.default_rng(seed)
    image = generator.integers(0, 256, (height, width), dtype=np.uint8)
    if seed % 3 == 1:
        image = image // 128 * 255
    if seed % 3 == 2:
        image = image // 16 + np.uint8(200) * (np.arange(width) > width // 2).astype(np.uint8)
    return image


def levels(found: Any) -> Any:
    """Read a picture of whole numbers."""
    whole = found[0].astype(np.uint8)
    assert np.array_equal(whole, found[0])
    return whole


@settings(deadline=None, max_examples=40)
@given(seeds, sides, sides, st.floats(0.1, 6))
def test_gaussian_blur(engine: Engine, seed: int, height: int, width: int, sigma: float) -> None:
    image = drawn(seed, height, width)
    expected = cv2.GaussianBlur(image, (0, 0), sigma)
    assert np.array_equal(levels(engine("gaussian_blur", image[None], sigma)), expected)


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 20), st.floats(0.1, 9))
def test_weights_of_a_gaussian(engine: Engine, half: int, sigma: float) -> None:
    weights = gaussian_kernel(2 * half + 1, sigma)
    found = engine("gaussian_kernel", 2 * half + 1, sigma)
    found = np.array([found[str(at)] for at in range(2 * half + 1)])
    np.testing.assert_allclose(found, weights, rtol=1e-12)
    assert engine("parts_of_256", weights.tolist()).tolist() == parts_of_256(weights)


@settings(deadline=None, max_examples=40)
@given(seeds, sides, sides, st.integers(1, 16))
def test_blur(engine: Engine, seed: int, height: int, width: int, ksize: int) -> None:
    image = drawn(seed, height, width)
    expected = cv2.blur(image, (ksize, ksize))
    assert np.array_equal(levels(engine("blur", image[None], ksize)), expected)


@settings(deadline=None, max_examples=40)
@given(seeds, sides, sides, st.integers(0, 12))
def test_median_blur(engine: Engine, seed: int, height: int, width: int, half: int) -> None:
    image = drawn(seed, height, width)
    expected = cv2.medianBlur(image, 2 * half + 1)
    assert np.array_equal(levels(engine("median_blur", image[None], 2 * half + 1)), expected)


@settings(deadline=None, max_examples=40)
@given(seeds, sides, sides, st.floats(1, 200), st.floats(0.2, 6))
def test_bilateral_filter(
    engine: Engine, seed: int, height: int, width: int, sigma_color: float, sigma_space: float
) -> None:
    image = drawn(seed, height, width)
    expected = cv2.bilateralFilter(image, 0, sigma_color, sigma_space)
    found = levels(engine("bilateral_filter", image[None], sigma_color, sigma_space))
    assert cv2.absdiff(found, expected).max() <= 1
    ours = bilateral_filter(image, 0, sigma_color, sigma_space)
    difference = cv2.absdiff(found, ours)  # where a sum is rounded in another order
    assert difference.max() <= 1
    assert np.count_nonzero(difference) <= 1 + image.size // 100


@pytest.mark.parametrize(
    ("name", "values", "words"),
    [
        ("gaussian_blur", [0], "sigma is 0; expected more than 0"),
        ("blur", [17], "ksize is 17; expected at most 256 pixels"),
        ("median_blur", [4], "ksize is 4; expected an odd number"),
        ("bilateral_filter", [0, 1], "the sigmas are 0 and 1; expected more than 0"),
    ],
)
def test_what_is_out_of_range_is_named(
    engine: Engine, name: str, values: list[float], words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        engine(name, drawn(0, 4, 4)[None], *values)


@settings(deadline=None, max_examples=30)
@given(seeds, sides, sides)
def test_psnr(engine: Engine, seed: int, height: int, width: int) -> None:
    image = drawn(seed, height, width)
    noisy = np.roll(image, 1)
    noisy[0, 0] ^= 1
    if np.array_equal(image, noisy):
        return
    found = engine("psnr", image[None], noisy[None])
    assert math.isclose(found, psnr(image, noisy), rel_tol=1e-9)


class Shifted:
    """A generator that draws as the pages do, one number after the other."""

    def __init__(self) -> None:
        self.state = 2463534242

    def one(self) -> float:
        state = self.state
        state ^= state << 13 & 0xFFFFFFFF
        state ^= state >> 17
        state ^= state << 5 & 0xFFFFFFFF
        self.state = state
        return state / 2**32

    def random(self, shape: tuple[int, ...]) -> Any:
        return np.array([self.one() for _ in range(math.prod(shape))]).reshape(shape)

    def normal(self, mean: float, sigma: float, shape: tuple[int, ...]) -> Any:
        first, second = self.random((math.prod(shape), 2)).T
        drawn = np.sqrt(-2 * np.log(first)) * np.cos(2 * np.pi * second)
        return mean + sigma * drawn.reshape(shape)

    def poisson(self, expected: Any) -> Any:
        def count(mean: float) -> int:
            product, number = self.one(), 0
            while product > math.exp(-mean):
                product, number = product * self.one(), number + 1
            return number

        return np.array([count(mean) for mean in expected.flat]).reshape(expected.shape)


@settings(deadline=None, max_examples=30)
@given(seeds, sides, sides, st.sampled_from([0, 2, 10, 40, 150]))
def test_noise_is_the_packages_with_other_random_numbers(
    engine: Engine, seed: int, height: int, width: int, strength: int
) -> None:
    image = drawn(seed, height, width)
    for name, amount in (
        ("add_gaussian_noise", strength),
        ("add_salt_and_pepper", strength / 150),
        ("add_shot_noise", strength + 1),
    ):
        shifted: Any = Shifted()
        expected = getattr(noise, name)(image, amount, shifted)
        assert np.array_equal(levels(engine(name, image[None], amount)), expected), name


def test_noise_has_its_strength(engine: Engine) -> None:
    grey = np.full((1, 200, 200), 128, dtype=np.uint8)
    gaussian = engine("add_gaussian_noise", grey.astype(np.float32), 20)
    assert abs(gaussian.mean() - 128) < 0.5
    assert abs(gaussian.std() - 20) < 0.5
    spoilt = engine("add_salt_and_pepper", grey, 0.1)
    assert [round((spoilt == level).mean(), 2) for level in (0, 255)] == [0.05, 0.05]
    photons = [engine("add_shot_noise", grey, count) for count in (10, 1000)]
    assert photons[0].std() > 9 * photons[1].std()
