"""Colours in other coordinates: by hue, and by how different they look."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cvlib.arguments import expect_rgb
from cvlib.images.pixels import srgb_to_linear

__all__ = ["rgb_to_hsv", "rgb_to_lab"]


def rgb_to_hsv(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Tell each pixel's hue, how pure its colour is, and how bright: OpenCV's eight-bit HSV.

    The angle of the hue, from 0° for red over 120° for green and 240° for blue back to 360°, is
    halved to fit a byte. In fixed point with 12 bits after the point, this is
    ``cv2.cvtColor(image, cv2.COLOR_RGB2HSV)`` to the last bit.

    Parameters
    ----------
    image
        ``uint8``, (H, W, 3), RGB.

    Returns
    -------
    ndarray
        ``uint8``, (H, W, 3): hue 0 to 179, saturation and value 0 to 255. A grey pixel has hue 0.

    Raises
    ------
    TypeError
        If the picture is not ``uint8``.
    ValueError
        If it does not have three channels.

    References
    ----------
    Smith, "Color gamut transform pairs", SIGGRAPH 1978.

    Examples
    --------
    >>> rgb_to_hsv(np.array([[[255, 0, 0], [0, 128, 0], [10, 20, 30]]], dtype=np.uint8))
    array([[[  0, 255, 255],
            [ 60, 255, 128],
            [105, 170,  30]]], dtype=uint8)
    """
    expect_rgb(image)
    red, green, blue = np.moveaxis(image.astype(np.int32), -1, 0)
    value = np.maximum(np.maximum(red, green), blue)
    spread = value - np.minimum(np.minimum(red, green), blue)
    sector = np.where(
        value == red,
        green - blue,
        np.where(value == green, blue - red + 2 * spread, red - green + 4 * spread),
    )
    hue = _round(sector * _parts_of(180 / 6)[spread]) % 180
    saturation = _round(spread * _parts_of(255)[value])
    return np.stack([hue, saturation, value], axis=-1).astype(np.uint8)


def rgb_to_lab(image: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Tell each pixel's lightness, how red or green it is, and how yellow or blue: CIELAB.

    Equal distances in this space look about equally large.

    Parameters
    ----------
    image
        ``uint8``, (H, W, 3), RGB, taken for sRGB.

    Returns
    -------
    ndarray
        ``float32``, (H, W, 3): lightness L* from 0 to 100; a* above 0 for red and below for green;
        b* above 0 for yellow and below for blue. White is D65.

    Raises
    ------
    TypeError
        If the picture is not ``uint8``.
    ValueError
        If it does not have three channels.

    References
    ----------
    ISO/CIE 11664-4:2019, Colorimetry, part 4: CIE 1976 L*a*b* colour space.

    Examples
    --------
    >>> rgb_to_lab(np.array([[[255, 255, 255], [255, 0, 0]]], dtype=np.uint8)).round() + 0
    array([[[100.,   0.,   0.],
            [ 53.,  80.,  67.]]], dtype=float32)
    """
    expect_rgb(image)
    stimulus = srgb_to_linear(image) @ _XYZ.T / _XYZ.sum(axis=1)  # 1 for white
    dark = stimulus <= (6 / 29) ** 3
    root = np.where(dark, stimulus * (29 / 6) ** 2 / 3 + 4 / 29, np.cbrt(stimulus))
    x, y, z = np.moveaxis(root, -1, 0)
    lab = np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)
    return lab.astype(np.float32)


# From linear red, green and blue to X, Y and Z: the primaries of sRGB.
_XYZ = np.array(
    [
        [0.412453, 0.357580, 0.180423],
        [0.212671, 0.715160, 0.072169],
        [0.019334, 0.119193, 0.950227],
    ],
    dtype=np.float32,
)


def _parts_of(whole: float) -> NDArray[np.int32]:
    """Tabulate ``whole / n`` for n from 0 to 255 in parts of 4096; at 0 it is multiplied by 0."""
    return np.rint(4096 * whole / np.maximum(np.arange(256), 1)).astype(np.int32)


def _round(number: NDArray[np.integer]) -> NDArray[np.integer]:
    return (number + 2048) >> 12
