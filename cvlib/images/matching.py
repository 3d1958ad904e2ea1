"""Template matching: how alike a small picture is to each window of a large one."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from cvlib.arguments import expect_picture

__all__ = ["match_template"]

Numbers = NDArray[np.float64]

_METHODS = (
    cv2.TM_SQDIFF,
    cv2.TM_SQDIFF_NORMED,
    cv2.TM_CCORR,
    cv2.TM_CCORR_NORMED,
    cv2.TM_CCOEFF,
    cv2.TM_CCOEFF_NORMED,
)
_AT_ONCE = 2**20  # pixels of the picture that are transformed together


def match_template(
    image: NDArray[np.uint8] | NDArray[np.float32],
    template: NDArray[np.uint8] | NDArray[np.float32],
    method: int = cv2.TM_CCOEFF_NORMED,
) -> NDArray[np.float32]:
    """Compare a template with each window of a picture that is as large as the template.

    Parameters
    ----------
    image
        ``uint8`` or ``float32``, (H, W) or (H, W, C).
    template
        The same dtype and channels, (h, w) or (h, w, C), not larger than the picture.
    method
        ``cv2.TM_SQDIFF``, the sum of squared differences; ``cv2.TM_CCORR``, the sum of products;
        ``cv2.TM_CCOEFF``, the sum of products of what is above the mean of each channel; or one of
        them with ``_NORMED``, divided by the roots of both sums of squares.

    Returns
    -------
    ndarray
        ``float32``, (H - h + 1, W - w + 1): place (r, c) is the window whose upper left pixel it
        is. What ``cv2.matchTemplate`` gives. With ``cv2.TM_CCOEFF_NORMED``, 1 where the window is
        the template up to brightness and contrast, and 0 in a window of a single grey.

    Raises
    ------
    TypeError, ValueError
        If one is no picture, they do not go together, a number is not finite, or the method is
        unknown; and with a ``_NORMED`` method, if the template is black (or, for
        ``cv2.TM_CCOEFF_NORMED``, has one grey all over), where it would be 0 / 0. OpenCV then
        gives 1 everywhere, or 0.

    References
    ----------
    Lewis, "Fast Template Matching", Vision Interface, 1995 (windows' sums by running totals,
    products by Fourier transforms).

    Examples
    --------
    >>> image = np.array([[9, 1, 5, 1, 9, 7, 9]], dtype=np.uint8)
    >>> match_template(image, np.array([[20, 40, 20]], dtype=np.uint8)).round(2)
    array([[-0.87,  1.  , -0.87,  0.69, -1.  ]], dtype=float32)
    """
    _check(image, template, method)
    large, small = (np.atleast_3d(x).astype(np.float64) for x in (image, template))
    height, width = template.shape[:2]
    rows = len(image) - height + 1
    scores = np.empty((rows, image.shape[1] - width + 1), dtype=np.float32)
    block = max(_AT_ONCE // image.shape[1], height)  # rows at a time, so that memory is bounded
    for top in range(0, rows, block):
        strip = large[top : top + block + height - 1]
        scores[top : top + block] = _match(strip, small, method, image.dtype == np.uint8)
    return scores


def _match(image: Numbers, template: Numbers, method: int, exact: bool) -> Numbers:
    size = template.shape[:2]
    if method in (cv2.TM_CCOEFF, cv2.TM_CCOEFF_NORMED):
        centred = template - template.mean(axis=(0, 1))
        # The windows' means need no subtraction: what is above the template's mean sums to 0.
        scores = _products(image, centred, exact=False)
        energy = (centred**2).sum()
        sums, squares = _window_sums(image, size), _window_sums(image**2, size)
        windows = (squares - sums**2 / (size[0] * size[1])).sum(axis=2)
        flat = windows <= 1e-9 * squares.sum(axis=2)
    else:
        scores = _products(image, template, exact)
        energy = (template**2).sum()
        windows = _window_sums(image**2, size).sum(axis=2)
        flat = windows <= 0
        if method in (cv2.TM_SQDIFF, cv2.TM_SQDIFF_NORMED):
            scores = np.maximum(windows - 2 * scores + energy, 0)
    if method in (cv2.TM_SQDIFF, cv2.TM_CCORR, cv2.TM_CCOEFF):
        return scores
    scale = np.sqrt(np.where(flat, 1, windows) * energy)
    if method == cv2.TM_SQDIFF_NORMED:  # OpenCV stops at 1, and so do we
        return np.where(flat, 1, np.minimum(scores / scale, 1))
    return np.where(flat, 0, np.clip(scores / scale, -1, 1))


def _products(image: Numbers, template: Numbers, exact: bool) -> Numbers:
    """Sum the products of the template with each window: one multiplication of two spectra."""
    rows, columns = (a - b + 1 for a, b in zip(image.shape[:2], template.shape[:2], strict=True))
    shape = tuple(cv2.getOptimalDFTSize(side) for side in image.shape[:2])
    of_image, of_template = (np.fft.rfft2(x, shape, axes=(0, 1)) for x in (image, template))
    sums = np.fft.irfft2((of_image * of_template.conj()).sum(axis=2), shape)[:rows, :columns]
    return np.rint(sums) if exact else sums


def _window_sums(values: Numbers, size: tuple[int, int]) -> Numbers:
    """Sum each window from four running totals."""
    total = np.pad(values.cumsum(axis=0).cumsum(axis=1), ((1, 0), (1, 0), (0, 0)))
    height, width = size
    right = total[:, width:] - total[:, :-width]
    return right[height:] - right[:-height]


def _check(image: NDArray[Any], template: NDArray[Any], method: int) -> None:
    if method not in _METHODS:
        raise ValueError(
            f"method is {method!r}; expected one of cv2's, such as cv2.TM_CCOEFF_NORMED"
        )
    for picture in (image, template):
        expect_picture(picture)
    if template.dtype != image.dtype or template.shape[2:] != image.shape[2:]:
        got, expected = (f"{x.dtype} with shape {x.shape}" for x in (template, image))
        raise ValueError(
            f"template is {got}; expected the dtype and the channels of image, {expected}"
        )
    if template.shape[0] > image.shape[0] or template.shape[1] > image.shape[1]:
        raise ValueError(f"template has shape {template.shape}; expected at most {image.shape}")
    for name, picture in (("image", image), ("template", template)):
        if not np.isfinite(picture).all():
            raise ValueError(f"{name} holds nan or infinity; expected finite numbers")
    if method in (cv2.TM_SQDIFF_NORMED, cv2.TM_CCORR_NORMED) and not template.any():
        raise ValueError("template is 0 everywhere; expected something to normalize by")
    if method == cv2.TM_CCOEFF_NORMED and (template == template[:1, :1]).all():
        raise ValueError("template has one value everywhere; expected something to normalize by")
