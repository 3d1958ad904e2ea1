"""Pictures as sums of waves: the Fourier transform, and filters that say which waves pass."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cvlib.arguments import expect_picture, integer, number, pair
from cvlib.images.strips import Pixel

__all__ = [
    "dft",
    "filter_frequencies",
    "frequencies",
    "gaussian_low_pass",
    "ideal_low_pass",
    "idft",
    "transfer",
    "waves",
    "zone_plate",
]

_MOST = 1 << 20  # numbers of a matrix of waves that are made at a time, 16 MB


def waves(size: int, which: Iterable[int] | None = None) -> NDArray[np.complex128]:
    """Make the waves that fit into a row of pixels a whole number of times.

    Parameters
    ----------
    size
        Pixels of the row, N.
    which
        Frequencies, in waves per row; 0 to N - 1 if not given.

    Returns
    -------
    ndarray
        ``complex128``, (frequencies, N): ``exp(-2πi u n / N)`` in row u and column n. Real part and
        imaginary part are a cosine and a sine, turned upside down.

    Raises
    ------
    ValueError
        If ``size`` is below 1.

    Examples
    --------
    >>> waves(4, [1]).round(12) + 0
    array([[ 1.+0.j,  0.-1.j, -1.+0.j,  0.+1.j]])
    """
    size = integer("size", size, least=1)
    roots = np.exp(-2j * np.pi / size * np.arange(size))
    chosen = np.fromiter(range(size) if which is None else which, dtype=np.int64)
    return roots[np.outer(chosen, np.arange(size)) % size]


def dft(image: NDArray[Any]) -> NDArray[np.complex128]:
    """Say how much of each wave a picture has: the discrete Fourier transform, by its definition.

    As two products of matrices, some rows of waves at a time. For work take ``numpy.fft.fft2``,
    which gives the same numbers in far fewer steps.

    Parameters
    ----------
    image
        Numbers, (H, W), one channel.

    Returns
    -------
    ndarray
        ``complex128``, (H, W): at ``[u, v]``, the wave that goes up and down u times from top to
        bottom and v times from left to right. At ``[0, 0]`` stands the sum of all pixels.

    Raises
    ------
    TypeError
        If it is no array of numbers.
    ValueError
        If the shape is not (H, W), nothing is in it, or a number is nan or infinite: each wave
        takes in all pixels, so a single one would spoil them all.

    References
    ----------
    Szeliski, Computer Vision: Algorithms and Applications, 2nd edition, section 3.4.

    Examples
    --------
    >>> dft(np.array([[3, 1, 3, 1]])).real.round(12) + 0
    array([[8., 0., 4., 0.]])
    """
    _expect_plane("image", image)
    return _sums(_sums(image).T).T


def idft(spectrum: NDArray[Any]) -> NDArray[np.complex128]:
    """Add the waves up again: the inverse of :func:`dft`, and ``numpy.fft.ifft2``.

    Parameters
    ----------
    spectrum
        Numbers, (H, W), as :func:`dft` gives them.

    Returns
    -------
    ndarray
        ``complex128``, (H, W). For the spectrum of a real picture, the imaginary part is 0 but for
        rounding.

    Raises
    ------
    TypeError
        If it is no array of numbers.
    ValueError
        If the shape is not (H, W), nothing is in it, or a number is nan or infinite.

    Examples
    --------
    >>> idft(np.array([[8, 0, 4, 0]])).real
    array([[3., 1., 3., 1.]])
    """
    _expect_plane("spectrum", spectrum)
    summed = _sums(_sums(spectrum.conj()).T).T
    inverse: NDArray[np.complex128] = summed.conj() / spectrum.size
    return inverse


def _sums(values: NDArray[Any]) -> NDArray[np.complex128]:
    """Multiply the matrix of waves by what stands in the columns, without ever having all of it."""
    size = len(values)
    result = np.empty(values.shape, dtype=np.complex128)
    for rows in np.array_split(np.arange(size), -(-size * size // _MOST)):
        result[rows] = waves(size, rows) @ values
    return result


def frequencies(shape: tuple[int, int]) -> NDArray[np.float64]:
    """Say how fine the waves of a spectrum are, whatever their direction.

    Parameters
    ----------
    shape
        (H, W) of the picture.

    Returns
    -------
    ndarray
        ``float64``, (H, W), cycles per pixel: 0 at ``[0, 0]``, and 0.5 for a row of pixels that are
        black and white by turns.

    Raises
    ------
    TypeError, ValueError
        If the shape is not a pair of integers of at least 1.

    Examples
    --------
    >>> frequencies((1, 4))
    array([[0.  , 0.25, 0.5 , 0.25]])
    """
    rows, columns = _expect_shape(shape)
    radius: NDArray[np.float64] = np.hypot(
        np.fft.fftfreq(rows)[:, None], np.fft.fftfreq(columns)[None, :]
    )
    return radius


def ideal_low_pass(shape: tuple[int, int], cutoff: float) -> NDArray[np.float64]:
    """Let all waves pass up to a frequency, and none above it.

    Parameters
    ----------
    shape
        (H, W) of the picture.
    cutoff
        The last frequency that passes, in cycles per pixel.

    Returns
    -------
    ndarray
        ``float64``, (H, W), 1 or 0, for :func:`filter_frequencies`.

    Raises
    ------
    TypeError, ValueError
        If the shape is not a pair of integers of at least 1, or ``cutoff`` no finite number of at
        least 0.

    Examples
    --------
    >>> ideal_low_pass((1, 4), 0.3)
    array([[1., 1., 0., 1.]])
    """
    return (frequencies(shape) <= number("cutoff", cutoff)).astype(np.float64)


def gaussian_low_pass(shape: tuple[int, int], cutoff: float) -> NDArray[np.float64]:
    """Let waves pass the less the finer they are, along a Gaussian bell.

    Parameters
    ----------
    shape
        (H, W) of the picture.
    cutoff
        The frequency of which one half passes, in cycles per pixel, above 0. Among pixels, the bell
        has a standard deviation of ``sqrt(log(2) / 2) / (π cutoff)``, 0.1874 over ``cutoff``.

    Returns
    -------
    ndarray
        ``float64``, (H, W), from 0 to 1, for :func:`filter_frequencies`.

    Raises
    ------
    TypeError, ValueError
        If the shape is not a pair of integers of at least 1, or ``cutoff`` no finite number above
        0.

    Examples
    --------
    >>> gaussian_low_pass((1, 4), 0.25)
    array([[1.    , 0.5   , 0.0625, 0.5   ]])
    """
    if number("cutoff", cutoff) == 0:
        raise ValueError(f"cutoff is {cutoff!r}; expected a number above 0")
    passes: NDArray[np.float64] = 0.5 ** ((frequencies(shape) / cutoff) ** 2)
    return passes


def transfer(kernel: NDArray[Any], shape: tuple[int, int]) -> NDArray[np.complex128]:
    """Say by what number a kernel multiplies each wave: its transfer function.

    Parameters
    ----------
    kernel
        Weights, (rows, columns), as :func:`cvlib.images.filters.filter2d` takes them: the one at
        ``[rows // 2, columns // 2]`` lies on the pixel, and nothing is turned.
    shape
        (H, W) of the picture. A kernel that is larger wraps around.

    Returns
    -------
    ndarray
        ``complex128``, (H, W). The sum of the weights stands at ``[0, 0]``; for a kernel that is
        the same from both ends, all numbers are real but for rounding.

    Raises
    ------
    TypeError
        If the kernel is no array of numbers.
    ValueError
        If its shape is not (rows, columns), a weight is nan or infinite, or ``shape`` is no pair of
        integers of at least 1.

    Examples
    --------
    >>> transfer(np.array([[1, 1, 1]]) / 3, (1, 6)).real.round(3) + 0
    array([[ 1.   ,  0.667,  0.   , -0.333,  0.   ,  0.667]])
    """
    _expect_plane("kernel", kernel)
    height, width = _expect_shape(shape)
    rows, columns = kernel.shape
    spread = np.zeros((height, width), dtype=np.result_type(kernel.dtype, np.float64))
    down = (np.arange(rows) - rows // 2) % height
    across = (np.arange(columns) - columns // 2) % width
    np.add.at(spread, np.ix_(down, across), kernel)
    response: NDArray[np.complex128] = np.fft.fft2(spread).conj()
    return response


def filter_frequencies(image: NDArray[Pixel], passes: NDArray[Any]) -> NDArray[Pixel]:
    """Multiply each wave of a picture by a number of its own.

    What stands beyond a border is the other side of the picture, as a wave goes on there:
    ``border="wrap"``.

    Parameters
    ----------
    image
        ``uint8`` or ``float32``, (H, W) or (H, W, C). Each channel is filtered alike.
    passes
        (H, W), a factor for each wave, as :func:`transfer` and the low passes make them. One minus
        a low pass is a high pass.

    Returns
    -------
    ndarray
        The shape and dtype of ``image``: the real part of the sum; ``uint8`` is rounded and stops
        at 0 and 255.

    Raises
    ------
    TypeError
        If the picture is neither ``uint8`` nor ``float32``, or ``passes`` no array of numbers.
    ValueError
        If a shape is wrong, or a number is nan or infinite.

    References
    ----------
    Szeliski, Computer Vision: Algorithms and Applications, 2nd edition, section 3.4.

    Examples
    --------
    >>> image = np.array([[0, 90, 0, 90]], dtype=np.uint8)
    >>> filter_frequencies(image, ideal_low_pass(image.shape, 0.3))
    array([[45, 45, 45, 45]], dtype=uint8)
    """
    expect_picture(image)
    _expect_finite("image", image)
    _expect_plane("passes", passes)
    if passes.shape != image.shape[:2]:
        raise ValueError(f"passes has shape {passes.shape}; expected {image.shape[:2]}")
    filtered = np.empty_like(image)
    planes = np.atleast_3d(image), np.atleast_3d(filtered)  # views, a channel at a time
    for channel in range(planes[0].shape[2]):
        spectrum = np.fft.fft2(planes[0][..., channel].astype(np.float64)) * passes
        values = np.fft.ifft2(spectrum).real
        if image.dtype == np.uint8:
            values = np.clip(np.rint(values), 0, 255)
        planes[1][..., channel] = values
    return filtered


def zone_plate(size: int) -> NDArray[np.uint8]:
    """Draw rings that get finer outwards: each frequency, in each direction, has its place.

    Parameters
    ----------
    size
        Pixels along a side.

    Returns
    -------
    ndarray
        ``uint8``, (size, size). At r pixels from the middle, ``[size // 2, size // 2]``, the rings
        have r / size cycles per pixel: 0 in the middle, 0.5 halfway along each side.

    Raises
    ------
    TypeError, ValueError
        If ``size`` is not an integer of at least 1.

    Examples
    --------
    >>> zone_plate(4)[2]
    array([  0, 218, 255, 218], dtype=uint8)
    """
    size = integer("size", size, least=1)
    squares = (np.arange(size) - size // 2) ** 2
    turns = (squares[:, None] + squares) / (2 * size)
    plate: NDArray[np.uint8] = np.rint(127.5 + 127.5 * np.cos(2 * np.pi * turns)).astype(np.uint8)
    return plate


def _expect_shape(shape: tuple[int, int]) -> tuple[int, int]:
    return pair("shape", shape, least=1, both=True)


def _expect_plane(name: str, values: Any) -> None:
    if not isinstance(values, np.ndarray) or values.dtype.kind not in "buifc":
        kind = values.dtype if isinstance(values, np.ndarray) else type(values).__name__
        raise TypeError(f"{name} is {kind}; expected an array of numbers")
    if values.ndim != 2 or values.size == 0:
        raise ValueError(f"{name} has shape {values.shape}; expected two sides, not empty")
    _expect_finite(name, values)


def _expect_finite(name: str, values: NDArray[Any]) -> None:
    if values.dtype.kind in "fc" and not (finite := np.isfinite(values)).all():
        place = tuple(int(at) for at in np.argwhere(~finite)[0])
        raise ValueError(
            f"{name} holds {values[place]} at {place}; expected finite numbers, since each wave "
            "takes in all of them"
        )
