"""Noise as cameras and cables make it, to try filters on."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cvlib.arguments import expect_uint8
from cvlib.images.pixels import linear_to_srgb, srgb_to_linear

__all__ = ["add_gaussian_noise", "add_salt_and_pepper", "add_shot_noise"]


def add_gaussian_noise(
    image: NDArray[np.uint8], sigma: float, generator: np.random.Generator
) -> NDArray[np.uint8]:
    """Add to each number of a picture one drawn from a normal distribution, round, and saturate.

    Parameters
    ----------
    image
        ``uint8``, any shape.
    sigma
        Standard deviation in grey levels, 0 or more.
    generator
        Where the noise comes from, as ``np.random.default_rng(0)``.

    Returns
    -------
    ndarray
        ``uint8``, the shape of ``image``.

    Raises
    ------
    TypeError
        If the picture is not ``uint8``.
    ValueError
        If ``sigma`` is negative.

    Examples
    --------
    >>> grey = np.full((100, 100), 128, dtype=np.uint8)
    >>> noisy = add_gaussian_noise(grey, 10, np.random.default_rng(0))
    >>> print(f"{noisy.mean():.0f} ± {noisy.std():.0f}")
    128 ± 10
    """
    expect_uint8(image)
    if not sigma >= 0:
        raise ValueError(f"sigma is {sigma}; expected 0 or more")
    noise = generator.normal(0, sigma, image.shape)
    return np.clip(np.rint(image + noise), 0, 255).astype(np.uint8)


def add_salt_and_pepper(
    image: NDArray[np.uint8], share: float, generator: np.random.Generator
) -> NDArray[np.uint8]:
    """Set a share of the pixels to white or to black, half of them each.

    Parameters
    ----------
    image
        ``uint8``, (H, W) or (H, W, C). All channels of a pixel are hit together.
    share
        How many pixels are hit, from 0 to 1.
    generator
        Where the noise comes from, as ``np.random.default_rng(0)``.

    Returns
    -------
    ndarray
        ``uint8``, the shape of ``image``.

    Raises
    ------
    TypeError
        If the picture is not ``uint8``.
    ValueError
        If ``share`` is not from 0 to 1.

    Examples
    --------
    >>> grey = np.full((100, 100), 128, dtype=np.uint8)
    >>> noisy = add_salt_and_pepper(grey, 0.1, np.random.default_rng(0))
    >>> [f"{(noisy == level).mean():.1%}" for level in (0, 128, 255)]
    ['5.0%', '90.0%', '5.0%']
    """
    expect_uint8(image)
    if not 0 <= share <= 1:
        raise ValueError(f"share is {share}; expected a number from 0 to 1")
    lot = generator.random(image.shape[:2])
    noisy = image.copy()
    noisy[lot < share / 2] = 0
    noisy[lot >= 1 - share / 2] = 255
    return noisy


def add_shot_noise(
    image: NDArray[np.uint8], photons: float, generator: np.random.Generator
) -> NDArray[np.uint8]:
    """Count the photons of a scene at random, as a sensor does: a Poisson count for each number.

    The stored values are turned into light before the count, and the counts into values after it
    (sRGB).

    Parameters
    ----------
    image
        ``uint8``, any shape.
    photons
        How many are expected where the picture is white, above 0. The fewer, the stronger the
        noise.
    generator
        Where the noise comes from, as ``np.random.default_rng(0)``.

    Returns
    -------
    ndarray
        ``uint8``, the shape of ``image``.

    Raises
    ------
    TypeError
        If the picture is not ``uint8``.
    ValueError
        If ``photons`` is not above 0.

    References
    ----------
    Healey and Kondepudy, "Radiometric CCD camera calibration and noise estimation", IEEE
    Transactions on Pattern Analysis and Machine Intelligence 16(3), 1994.

    Examples
    --------
    >>> black_and_grey = np.array([0, 0, 128, 128], dtype=np.uint8)
    >>> add_shot_noise(black_and_grey, 100, np.random.default_rng(0))
    array([  0,   0, 132,  89], dtype=uint8)
    """
    expect_uint8(image)
    if not photons > 0:
        raise ValueError(f"photons is {photons}; expected a number above 0")
    counts = generator.poisson(photons * srgb_to_linear(image))
    return linear_to_srgb(counts / photons)
