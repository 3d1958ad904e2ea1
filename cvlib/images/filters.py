"""Filters: each pixel becomes a weighted sum of its neighbours, with the numbers of OpenCV."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cvlib.arguments import expect_picture
from cvlib.images.borders import Border, pad
from cvlib.images.strips import Line, Pixel, by_strips, window_sum

__all__ = [
    "blur",
    "filter2d",
    "gaussian_blur",
    "gaussian_kernel",
    "parts_of_256",
    "psnr",
]

Size = int | tuple[int, int]

_SMALL_KERNELS = {  # Gaussian weights in parts of 256, by size: the first half and the middle
    **{1: (256,), 3: (64, 128), 5: (16, 64, 96), 7: (8, 28, 56, 72), 9: (4, 13, 30, 51, 60)},
}


def filter2d(
    image: NDArray[Pixel], kernel: NDArray[Any], border: Border = "reflect_101"
) -> NDArray[Pixel]:
    """Cross-correlate a picture with a kernel: ``cv2.filter2D``.

    Small kernels are applied by adding up shifted pictures, those of 100 weights or more by the
    Fourier transform.

    Parameters
    ----------
    image
        ``uint8`` or ``float32``, (H, W) or (H, W, C). Each channel is filtered alike.
    kernel
        Weights, (rows, columns). The one at ``[rows // 2, columns // 2]`` lies on the pixel.
    border
        What stands beyond the border, as in :func:`cvlib.images.borders.pad`.

    Returns
    -------
    ndarray
        The shape and dtype of ``image``. It is computed in ``float32``; for ``uint8``, it is
        rounded and stops at 0 and 255. OpenCV's numbers, but for the rounding of sums: for
        ``uint8``, a value that lies halfway between two levels may go to the other one.

    Raises
    ------
    TypeError
        If the picture is neither ``uint8`` nor ``float32``.
    ValueError
        If the picture or the kernel has the wrong shape, or the border is unknown.

    Examples
    --------
    >>> image = np.array([[0, 0, 9, 9]], dtype=np.float32)
    >>> filter2d(image, np.array([[-1, 0, 1]]))
    array([[0., 9., 9., 0.]], dtype=float32)
    """
    from scipy.linalg.blas import saxpy

    expect_picture(image)
    if kernel.ndim != 2 or kernel.size == 0:
        raise ValueError(f"kernel has shape {kernel.shape}; expected (rows, columns), not empty")
    rows, columns = kernel.shape
    weights = kernel.astype(np.float32)

    def weigh(line: Line, step: int) -> Line:
        places = len(line) - (rows - 1) * step - (columns - 1)
        line = line.astype(np.float32, copy=False)
        total = np.zeros_like(line[:places])
        for (row, column), weight in np.ndenumerate(weights):
            # total += weight * the shifted line, in one pass over memory
            saxpy(line[row * step + column :][:places].ravel(), total.ravel(), a=weight)
        return total if image.dtype == np.float32 else _to_levels(total)

    if kernel.size < 100:
        return by_strips(image, (columns, rows), border, weigh)
    sides = rows // 2, (rows - 1) // 2, columns // 2, (columns - 1) // 2
    total = _correlate_by_fft(pad(image, *sides, border), weights)
    return (total if image.dtype == np.float32 else _to_levels(total)).astype(image.dtype)


def _to_levels(values: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.clip(np.rint(values), 0, 255)


def _correlate_by_fft(padded: NDArray[Any], weights: NDArray[np.float32]) -> NDArray[np.float32]:
    """Multiply the spectra of picture and kernel, each made by rows, then by columns."""
    from scipy import fft

    (height, width), (rows, columns) = padded.shape[:2], weights.shape
    size = fft.next_fast_len(height), fft.next_fast_len(width, real=True)
    padded = padded.astype(np.float32, copy=False)
    turned = weights[::-1, ::-1].reshape(rows, columns, *[1] * (padded.ndim - 2))
    spectrum = fft.fft(fft.rfft(padded, size[1], axis=1), size[0], axis=0)
    spectrum *= fft.fft(fft.rfft(turned, size[1], axis=1), size[0], axis=0)
    valid = fft.ifft(spectrum, axis=0)[rows - 1 : height]
    filtered: NDArray[np.float32] = fft.irfft(valid, size[1], axis=1)[:, columns - 1 : width]
    return filtered


def blur(image: NDArray[Pixel], ksize: Size, border: Border = "reflect_101") -> NDArray[Pixel]:
    """Replace each pixel by the mean of a box around it: ``cv2.blur``, and its rounding.

    Parameters
    ----------
    image
        ``uint8`` or ``float32``, (H, W) or (H, W, C). Each channel is filtered alike.
    ksize
        Pixels of the box along a side, or (width, height), as OpenCV has it.
    border
        What stands beyond the border, as in :func:`cvlib.images.borders.pad`.

    Returns
    -------
    ndarray
        The shape and dtype of ``image``. ``uint8`` is rounded as OpenCV rounds: halves go up. Where
        the box has a power of two pixels, from 2 to 256, OpenCV's fixed point rounds up a little
        early: its box of 2 pixels makes 221 of 220 and 220. Of 255 and 255 it makes 255, as here,
        but 0 in narrow pictures. In boxes of more than 256 pixels, it rounds halves either way,
        depending on which instructions reach them, and so may differ.

    Raises
    ------
    TypeError
        If the picture is neither ``uint8`` nor ``float32``.
    ValueError
        If the picture has the wrong shape, a size is below 1, or the border is unknown.

    Examples
    --------
    >>> blur(np.array([[0, 0, 90, 0, 0]], dtype=np.uint8), (3, 1))
    array([[ 0, 30, 30, 30,  0]], dtype=uint8)
    """
    expect_picture(image)
    width, height = _pair(ksize, least=1)
    count = width * height

    def mean(line: Line, step: int) -> Line:
        if image.dtype == np.float32:
            total = window_sum(window_sum(line, width, 1), height, step)
            return total * np.float32(1 / count)
        if count > 256:
            rows = window_sum(line.astype(np.uint32), width, 1)
            return np.rint(window_sum(rows, height, step) * np.float32(1 / count))
        rows = window_sum(line.astype(np.uint16), width, 1)
        slip = count & (count - 1) == 0 and count > 1  # OpenCV's, see Returns
        total = window_sum(rows, height, step) + np.uint16(count // 2 + slip)
        return np.minimum(total // np.uint16(count), 255)  # two white pixels would make 256

    return by_strips(image, (width, height), border, mean)


def gaussian_kernel(ksize: int, sigma: float = 0) -> NDArray[np.float64]:
    """Compute the weights of a Gaussian blur along one axis: ``cv2.getGaussianKernel``.

    Parameters
    ----------
    ksize
        How many, an odd number.
    sigma
        Standard deviation in pixels. If 0, it follows from the size,
        ``0.3 * ((ksize - 1) / 2 - 1) + 0.8``; up to 9 weights, OpenCV keeps a table.

    Returns
    -------
    ndarray
        ``float64``, (ksize,), with the sum 1.

    Raises
    ------
    ValueError
        If the size is not odd and positive, or ``sigma`` is negative.

    Examples
    --------
    >>> gaussian_kernel(5)
    array([0.0625, 0.25  , 0.375 , 0.25  , 0.0625])
    """
    if ksize < 1 or ksize % 2 == 0:
        raise ValueError(f"ksize is {ksize}; expected an odd number of at least 1")
    if not sigma >= 0:
        raise ValueError(f"sigma is {sigma}; expected 0 or more")
    if sigma == 0 and ksize in _SMALL_KERNELS:
        half = _SMALL_KERNELS[ksize]
        return np.array([*half, *half[-2::-1]]) / 256
    sigma = sigma or 0.3 * ((ksize - 1) / 2 - 1) + 0.8
    x = np.arange(ksize) - ksize // 2
    weights = np.exp(-(x**2) / (2 * sigma**2))
    normalized: NDArray[np.float64] = weights / weights.sum()
    return normalized


def gaussian_blur(
    image: NDArray[Pixel],
    ksize: Size,
    sigma_x: float = 0,
    sigma_y: float = 0,
    border: Border = "reflect_101",
) -> NDArray[Pixel]:
    """Weigh the neighbours by a Gaussian bell: ``cv2.GaussianBlur``, for ``uint8`` to the bit.

    Parameters
    ----------
    image
        ``uint8`` or ``float32``, (H, W) or (H, W, C). Each channel is filtered alike.
    ksize
        Pixels of the kernel along a side, or (width, height), odd. A 0 takes as many as ``sigma``
        needs.
    sigma_x, sigma_y
        Standard deviations in pixels along the rows and along the columns. If ``sigma_y`` is 0, it
        is ``sigma_x``; if both are, they follow from the size.
    border
        What stands beyond the border, as in :func:`cvlib.images.borders.pad`.

    Returns
    -------
    ndarray
        The shape and dtype of ``image``. For ``uint8``, the weights are counted in parts of 256, so
        that all sums are whole numbers, and only the last one is rounded.

    Raises
    ------
    TypeError
        If the picture is neither ``uint8`` nor ``float32``.
    ValueError
        If the picture has the wrong shape, a size or a sigma is out of its range, or the border is
        unknown.

    Examples
    --------
    >>> gaussian_blur(np.array([[0, 0, 96, 0, 0]], dtype=np.uint8), (5, 1))
    array([[12, 24, 36, 24, 12]], dtype=uint8)
    """
    expect_picture(image)
    reach = 6 if image.dtype == np.uint8 else 8  # in sigmas, as OpenCV chooses it
    if 0 in _pair(ksize, least=0) and not sigma_x > 0:
        raise ValueError(f"ksize is {ksize} and sigma_x {sigma_x}; expected one of them above 0")
    sizes, sigmas = _pair(ksize, least=0), (sigma_x, sigma_y or sigma_x)
    across, down = (
        gaussian_kernel(size or round(reach * sigma + 1) | 1, sigma)
        for size, sigma in zip(sizes, sigmas, strict=True)
    )

    def weigh(line: Line, step: int) -> Line:
        if image.dtype == np.float32:
            return _weighted_sum(_weighted_sum(line, across, 1), down, step)
        rows = _weighted_sum(line.astype(np.uint16), parts_of_256(across), 1)  # up to 255 · 256
        total = _weighted_sum(rows.astype(np.float32), parts_of_256(down), step)  # whole, < 2²⁴
        return (total + 2**15) * np.float32(2**-16)  # what is left over is cut off with the dtype

    return by_strips(image, (len(across), len(down)), border, weigh)


def _weighted_sum(line: Line, weights: Sequence[float] | NDArray[np.float64], step: int) -> Line:
    """Add up neighbours ``step`` apart, times weights that are the same from both ends."""
    middle, length = len(weights) // 2, len(line) - (len(weights) - 1) * step
    scaled = [line.dtype.type(weight) for weight in weights]
    total = line[middle * step :][:length] * scaled[middle]
    for i in range(middle):
        pair = line[i * step :][:length] + line[(len(weights) - 1 - i) * step :][:length]
        pair *= scaled[i]
        total += pair
    return total


def parts_of_256(weights: NDArray[np.float64]) -> list[int]:
    """Count a blur's weights in parts of 256, as OpenCV does for ``uint8``.

    Parameters
    ----------
    weights
        As :func:`gaussian_kernel` makes them, the same from both ends, with the sum 1.

    Returns
    -------
    list of int
        Whole numbers with the sum 256. Each makes up for the rounding of the one before it, and
        the middle for what is left.

    Examples
    --------
    >>> parts_of_256(gaussian_kernel(5, 1))
    [14, 62, 104, 62, 14]
    """
    half: list[int] = []
    error = 0.0
    for weight in 256 * weights[: len(weights) // 2]:
        half.append(round(weight + error))
        error += weight - half[-1]
    return [*half, 256 - 2 * sum(half), *half[::-1]]


def psnr(reference: NDArray[Any], image: NDArray[Any], peak: float | None = None) -> float:
    """Measure how near a picture is to another one: the peak signal-to-noise ratio.

    Parameters
    ----------
    reference, image
        Two pictures of one shape and dtype.
    peak
        The largest value that a pixel can have; 255 for ``uint8`` and 1 for other dtypes, if not
        given.

    Returns
    -------
    float
        ``10 log10(peak² / mean squared difference)`` in decibels: 6 more for half the difference.
        Infinite for equal pictures, where ``cv2.PSNR`` gives 361.

    Raises
    ------
    ValueError
        If the shapes or the dtypes differ, the pictures are empty, or ``peak`` is not above 0.

    References
    ----------
    Huynh-Thu and Ghanbari, "Scope of validity of PSNR in image/video quality assessment",
    Electronics Letters 44(13), 2008.

    Examples
    --------
    >>> black = np.zeros((8, 8), dtype=np.uint8)
    >>> psnr(black, black + np.uint8(255)), round(psnr(black, black + np.uint8(1)), 2)
    (0.0, 48.13)
    """
    if reference.shape != image.shape or reference.dtype != image.dtype or image.size == 0:
        raise ValueError(
            f"reference is {reference.dtype} {reference.shape} and image {image.dtype} "
            f"{image.shape}; expected one dtype and one shape, not empty"
        )
    if peak is None:
        peak = 255 if image.dtype == np.uint8 else 1
    if not peak > 0:
        raise ValueError(f"peak is {peak}; expected a number above 0")
    error = np.mean((reference.astype(np.float64) - image.astype(np.float64)) ** 2)
    return float(10 * np.log10(peak**2 / error)) if error > 0 else float("inf")


def _pair(ksize: Size, *, least: int) -> tuple[int, int]:
    width, height = (ksize, ksize) if isinstance(ksize, int) else ksize
    if min(width, height) < least:
        raise ValueError(f"ksize is {ksize}; expected {least} or more")
    return width, height
