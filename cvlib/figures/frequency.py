"""Drawings of the chapter on frequency: spectra, curves, samples, pyramids, a block of a JPEG."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from numpy.typing import NDArray

from cvlib.figures.style import STYLE, hide_frame, new_figure, palette
from cvlib.images.filters import blur

__all__ = [
    "draw_block",
    "draw_curves",
    "draw_samples",
    "spectrum_picture",
    "stack_pyramid",
]

_SHADES = LinearSegmentedColormap.from_list("levels", ["#F9D3BD", "#FFFFFF", "#CFE6F7"])
_DASHES = ("-", "--", ":", "-.")


def spectrum_picture(image: NDArray[Any], passes: NDArray[Any] | float = 1.0) -> NDArray[np.uint8]:
    """Show how much of each wave a picture has, the slow waves in the middle.

    Parameters
    ----------
    image
        (H, W), one channel.
    passes
        Factors by which the waves are multiplied, (H, W), the first of them for the mean.

    Returns
    -------
    ndarray
        ``uint8``, (H, W): the logarithm of the magnitude, as a mean over 3 × 3 waves, since it
        jumps from wave to wave. Black stands for a hundred-thousandth of the strongest, or less.

    Examples
    --------
    >>> spectrum_picture(np.full((5, 5), 9.0))[2]
    array([  0, 255, 255, 255,   0], dtype=uint8)
    """
    plain = np.abs(np.fft.fft2(image))
    weighed = np.fft.fftshift(plain * np.abs(passes)).astype(np.float32)
    mean = np.sqrt(blur(weighed**2, 3, "wrap"))
    share = np.maximum(mean / (plain.max() / 3 or 1.0), 1e-5)
    picture: NDArray[np.uint8] = np.rint(255 * (1 + np.log10(share) / 5)).astype(np.uint8)
    return picture


def draw_curves(
    x: NDArray[Any],
    curves: Mapping[str, NDArray[Any]],
    xlabel: str,
    ylabel: str,
    *,
    height: float = 2.6,
) -> Figure:
    """Draw curves over one axis, each with its name.

    Parameters
    ----------
    x
        (N,).
    curves
        (N,) each, by name.
    xlabel, ylabel
        What the axes show.
    height
        Inches.

    Returns
    -------
    matplotlib.figure.Figure
        The curves, and a grey line at 0.

    Examples
    --------
    >>> figure = draw_curves(np.arange(3), {"ideal": np.ones(3)}, "frequency", "factor")
    >>> figure.axes[0].get_legend().get_texts()[0].get_text()
    'ideal'
    """
    figure, axes = new_figure(width=5.6, height=height)
    place = axes[0, 0]
    place.axhline(0, color="#BBBBBB", linewidth=1)
    for (name, values), dash in zip(curves.items(), _DASHES, strict=False):
        place.plot(x, values, dash, label=name)
    place.set_xlabel(xlabel)
    place.set_ylabel(ylabel)
    place.set_xlim(x[0], x[-1])
    with rc_context(STYLE):
        place.legend(fontsize=9)
    return figure


def draw_samples(frequency: float, alias: float, pixels: int = 20) -> Figure:
    """Draw a wave, another wave, and the pixels at which both are the same.

    Parameters
    ----------
    frequency, alias
        Cycles per pixel.
    pixels
        How many.

    Returns
    -------
    matplotlib.figure.Figure
        Two cosines, and the first one's value at each pixel as a dot.

    Examples
    --------
    >>> figure = draw_samples(0.9, 0.1)
    """
    figure, axes = new_figure(width=5.6, height=2.2)
    place = axes[0, 0]
    fine, whole = np.linspace(0, pixels - 1, 40 * pixels), np.arange(pixels)
    for each, colour, dash in ((frequency, "sky", "-"), (alias, "vermillion", "--")):
        wave = np.cos(2 * np.pi * each * fine)
        place.plot(fine, wave, dash, color=palette[colour], linewidth=1.4, label=f"{each:g}")
    samples = np.cos(2 * np.pi * frequency * whole)
    place.plot(whole, samples, "o", color=palette["blue"], markersize=5, label="pixels")
    place.set_xlabel("pixel")
    place.set_ylabel("brightness")
    place.set_xlim(-0.5, pixels - 0.5)
    place.set_ylim(-1.15, 1.75)
    place.set_yticks([-1, 0, 1])
    with rc_context(STYLE):
        place.legend(loc="upper center", ncols=3, fontsize=9)
    return figure


def stack_pyramid(pyramid: Sequence[NDArray[Any]], ground: float = 255) -> NDArray[Any]:
    """Put the pictures of a pyramid into one: the largest left, the others below each other.

    Parameters
    ----------
    pyramid
        Pictures, (H, W) each, every one half of the one before.
    ground
        The number that stands where no picture is.

    Returns
    -------
    ndarray
        (rows, columns), in the dtype of the largest.

    Examples
    --------
    >>> stack_pyramid([np.zeros((4, 4)), np.ones((2, 2)), np.full((1, 1), 2.0)], 9)
    array([[0., 0., 0., 0., 9., 1., 1.],
           [0., 0., 0., 0., 9., 1., 1.],
           [0., 0., 0., 0., 9., 2., 9.],
           [0., 0., 0., 0., 9., 9., 9.]])
    """
    largest, *rest = pyramid
    gap = max(1, largest.shape[1] // 60)
    height = max(len(largest), sum(len(each) for each in rest))
    width = largest.shape[1] + gap + max((each.shape[1] for each in rest), default=-gap)
    stacked = np.full((height, width), ground, dtype=largest.dtype)
    stacked[: len(largest), : largest.shape[1]] = largest
    top = 0
    for each in rest:
        stacked[top : top + len(each), largest.shape[1] + gap :][:, : each.shape[1]] = each
        top += len(each)
    return stacked


def draw_block(grids: Mapping[str, NDArray[Any]]) -> Figure:
    """Draw blocks of 8 × 8 whole numbers, two beside each other, zeros pale.

    Parameters
    ----------
    grids
        Arrays (8, 8) by what stands above them; what is no whole number is rounded.

    Returns
    -------
    matplotlib.figure.Figure
        Numbers above 0 on blue, below 0 on orange, the deeper the larger, by their logarithm.

    Examples
    --------
    >>> figure = draw_block({"levels": np.eye(8)})
    >>> figure.axes[0].texts[0].get_text()
    '1'
    """
    rows = -(-len(grids) // 2)
    figure, axes = new_figure(rows, 2, width=6.8, height=3.1 * rows)
    for place in axes.flat:
        hide_frame(place)
    for place, (title, grid) in zip(axes.flat, grids.items(), strict=False):
        numbers = np.rint(grid).astype(int)
        shade = np.sign(numbers) * np.log1p(np.abs(numbers))
        deepest = max(float(np.abs(shade).max()), 1.0)
        place.pcolormesh(
            shade, cmap=_SHADES, vmin=-deepest, vmax=deepest, edgecolors="#DDDDDD", linewidth=0.6
        )
        place.set_xlim(0, 8)
        place.set_ylim(8, 0)
        place.set_title(title, loc="center", fontsize=10)
        for (row, column), number in np.ndenumerate(numbers):
            ink = "#333333" if number else "#999999"
            text = f"{number}".replace("-", "−")
            place.text(
                column + 0.5, row + 0.5, text, ha="center", va="center", fontsize=8, color=ink
            )
    return figure
