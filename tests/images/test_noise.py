"""Noise has the distribution that it promises, and comes from the generator alone."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from cvlib.images.noise import add_gaussian_noise, add_salt_and_pepper, add_shot_noise
from cvlib.images.pixels import srgb_to_linear

GREY = np.full((400, 400), 128, dtype=np.uint8)
MODELS: list[Callable[..., np.ndarray]] = [add_gaussian_noise, add_salt_and_pepper, add_shot_noise]


def random(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.mark.parametrize("add_noise", MODELS)
def test_one_seed_makes_one_picture(add_noise: Callable[..., np.ndarray]) -> None:
    first, again, other = (add_noise(GREY, 0.5, random(seed)) for seed in (0, 0, 1))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    assert first.dtype == np.uint8
    assert (GREY == 128).all()


@pytest.mark.parametrize("sigma", [0, 2, 20])
def test_gaussian_noise_has_its_standard_deviation(sigma: float) -> None:
    noise = add_gaussian_noise(GREY, sigma, random()).astype(float) - 128
    assert noise.mean() == pytest.approx(0, abs=0.2)
    assert noise.std() == pytest.approx(np.hypot(sigma, 12**-0.5 if sigma else 0), rel=0.01)


def test_gaussian_noise_stops_at_black_and_white() -> None:
    for level in (0, 255):
        noisy = add_gaussian_noise(np.full_like(GREY, level), 30, random())
        assert (noisy == level).mean() == pytest.approx(0.5, abs=0.02)
        assert abs(noisy.astype(int) - level).max() < 255


@pytest.mark.parametrize("share", [0, 0.05, 0.5, 1])
def test_salt_and_pepper_hit_their_share(share: float) -> None:
    noisy = add_salt_and_pepper(GREY, share, random())
    for level, part in ((0, share / 2), (255, share / 2), (128, 1 - share)):
        assert (noisy == level).mean() == pytest.approx(part, abs=0.005)


def test_salt_and_pepper_hit_whole_pixels() -> None:
    noisy = add_salt_and_pepper(np.full((50, 50, 3), 128, dtype=np.uint8), 0.3, random())
    assert (noisy == noisy[..., :1]).all()


def test_shot_noise_grows_with_the_root_of_the_light() -> None:
    counts = {}
    for level in (128, 188):
        noisy = add_shot_noise(np.full_like(GREY, level), 1000, random())
        expected = 1000 * srgb_to_linear(np.array([level], dtype=np.uint8)).item()
        counts[level] = 1000 * srgb_to_linear(noisy)
        assert counts[level].mean() == pytest.approx(expected, rel=0.01)
        assert counts[level].std() == pytest.approx(expected**0.5, rel=0.03)
    assert not add_shot_noise(np.zeros_like(GREY), 10, random()).any()


@pytest.mark.parametrize("add_noise", MODELS)
def test_only_uint8_is_taken(add_noise: Callable[..., np.ndarray]) -> None:
    with pytest.raises(TypeError, match="image has dtype float64; expected uint8"):
        add_noise(np.zeros((2, 2)), 0.5, random())


@pytest.mark.parametrize(
    ("add_noise", "amount", "message"),
    [
        (add_gaussian_noise, -1, "sigma is -1; expected 0 or more"),
        (add_gaussian_noise, float("nan"), "sigma is nan"),
        (add_salt_and_pepper, 1.1, "share is 1.1; expected a number from 0 to 1"),
        (add_salt_and_pepper, -0.1, "share is -0.1"),
        (add_shot_noise, 0, "photons is 0; expected a number above 0"),
    ],
)
def test_a_wrong_amount_is_named(
    add_noise: Callable[..., np.ndarray], amount: float, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        add_noise(GREY, amount, random())
