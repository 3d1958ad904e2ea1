"""What the numbers of a picture mean: brightness, light, grey levels, and a sensor's one colour."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cvlib.arguments import expect_rgb, expect_uint8

__all__ = ["linear_to_srgb", "luma", "mosaic", "quantize", "srgb_to_linear"]


def luma(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Weigh red, green and blue to one brightness, as the eye does: 0.299, 0.587 and 0.114.

    The weights are counted in parts of 2¹⁵ and the sum is rounded half up, in integers: this is
    ``cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)`` to the last bit.

    Parameters
    ----------
    image
        ``uint8``, (H, W, 3), RGB.

    Returns
    -------
    ndarray
        ``uint8``, (H, W).

    Raises
    ------
    TypeError
        If the picture is not ``uint8``.
    ValueError
        If it does not have three channels.

    References
    ----------
    ITU-R Recommendation BT.601-7, section 2.5.1 (the weights).

    Examples
    --------
    >>> luma(np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255]]], dtype=np.uint8))
    array([[ 76, 150,  29]], dtype=uint8)
    """
    expect_rgb(image)
    red, green, blue = np.moveaxis(image.astype(np.uint32), -1, 0)
    weighted = 9798 * red + 19235 * green + 3735 * blue  # in parts of 2 ** 15
    return ((weighted + 2**14) >> 15).astype(np.uint8)


def quantize(image: NDArray[np.uint8], bits: int) -> NDArray[np.uint8]:
    """Keep the highest bits of each value, and spread the levels that are left over 0 to 255.

    Parameters
    ----------
    image
        ``uint8``, any shape.
    bits
        Bits to keep of each value, 1 to 8. They can tell ``2 ** bits`` levels apart.

    Returns
    -------
    ndarray
        ``uint8``, the shape of ``image``; black stays 0 and white stays 255.

    Raises
    ------
    TypeError
        If the picture is not ``uint8``.
    ValueError
        If ``bits`` is not from 1 to 8.

    Examples
    --------
    >>> quantize(np.array([0, 63, 64, 127, 128, 200, 255], dtype=np.uint8), bits=2)
    array([  0,   0,  85,  85, 170, 255, 255], dtype=uint8)
    """
    expect_uint8(image)
    if bits not in range(1, 9):
        raise ValueError(f"bits is {bits!r}; expected a whole number from 1 to 8")
    level = (image >> (8 - int(bits))).astype(np.float32)
    return np.rint(level * (255 / (2**bits - 1))).astype(np.uint8)


def mosaic(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Keep of each pixel the one colour that a camera's sensor measures there.

    The colours alternate as in Bayer's filter: red, green, red, green … in the first row; green,
    blue, green, blue … in the second; and so on.

    Parameters
    ----------
    image
        ``uint8``, (H, W, 3), RGB.

    Returns
    -------
    ndarray
        ``uint8``, (H, W): what ``cv2.demosaicing`` takes with ``cv2.COLOR_BayerRGGB2RGB``.

    Raises
    ------
    TypeError
        If the picture is not ``uint8``.
    ValueError
        If it does not have three channels.

    References
    ----------
    Bayer, "Color imaging array", US patent 3,971,065, 1976.

    Examples
    --------
    >>> mosaic(np.full((2, 4, 3), [250, 150, 50], dtype=np.uint8))
    array([[250, 150, 250, 150],
           [150,  50, 150,  50]], dtype=uint8)
    """
    expect_rgb(image)
    raw = image[:, :, 1].copy()
    raw[0::2, 0::2] = image[0::2, 0::2, 0]
    raw[1::2, 1::2] = image[1::2, 1::2, 2]
    return raw


def srgb_to_linear(image: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Turn stored values into amounts of light: undo the gamma curve of sRGB.

    Parameters
    ----------
    image
        ``uint8``, any shape.

    Returns
    -------
    ndarray
        ``float32``, the shape of ``image``: the share of the brightest light, 0 to 1.

    Raises
    ------
    TypeError
        If the picture is not ``uint8``.

    References
    ----------
    IEC 61966-2-1:1999, the sRGB colour space.

    Examples
    --------
    >>> srgb_to_linear(np.array([0, 128, 255], dtype=np.uint8)).round(3)
    array([0.   , 0.216, 1.   ], dtype=float32)
    """
    expect_uint8(image)
    value = image.astype(np.float32) / 255
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


def linear_to_srgb(light: NDArray[np.floating]) -> NDArray[np.uint8]:
    """Turn amounts of light into values to store: apply the gamma curve of sRGB, and round.

    Parameters
    ----------
    light
        Floating point, any shape: the share of the brightest light. What is below 0 or above 1 is
        stored as 0 or 255.

    Returns
    -------
    ndarray
        ``uint8``, the shape of ``light``.

    Raises
    ------
    TypeError
        If the light is not floating point.

    References
    ----------
    IEC 61966-2-1:1999, the sRGB colour space.

    Examples
    --------
    >>> linear_to_srgb(np.array([0.0, 0.5, 1.0]))
    array([  0, 188, 255], dtype=uint8)
    """
    if not np.issubdtype(light.dtype, np.floating):
        raise TypeError(f"light has dtype {light.dtype}; expected floating point from 0 to 1")
    light = np.clip(light, 0, 1)
    value = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return np.rint(255 * value).astype(np.uint8)
