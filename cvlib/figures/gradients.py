"""What is left of a gradient on its way back through many layers, drawn alike in all chapters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from cvlib.figures.style import new_figure, palette

__all__ = ["draw_gradients", "plot_gradients"]

_DASHES = ("-", "--", "-.", ":")
_LEAST = 1e-40  # what is drawn for a gradient that has become exactly 0


def draw_gradients(
    norms: Mapping[str, Sequence[float]],
    depth: int,
    *,
    title: str | None = None,
    limits: tuple[float, float],
) -> Figure:
    """Draw how the gradient changes on its way from the last layer to the first.

    Parameters
    ----------
    norms
        The gradient's norm behind each layer, or each block of layers, the first one first; a
        curve each.
    depth
        How many layers there are, as many in each block.
    title
        What to see.
    limits
        The lowest and the highest norm of the axis.

    Returns
    -------
    matplotlib.figure.Figure
        The curves over the layers, on a logarithmic axis.

    Examples
    --------
    >>> figure = draw_gradients({"plain": [0.01, 0.1, 1.0]}, 6, limits=(1e-3, 10))
    >>> figure.axes[0].lines[0].get_xdata().tolist()
    [2, 4, 6]
    """
    figure, axes = new_figure(width=5.6, height=3.2, title=title)
    place = axes[0, 0]
    plot_gradients(place, norms, depth, limits=limits)
    place.legend()
    return figure


def plot_gradients(
    axes: Axes,
    norms: Mapping[str, Sequence[float]],
    depth: int,
    *,
    limits: tuple[float, float],
) -> None:
    """Draw what :func:`draw_gradients` draws into axes that are there, without a legend.

    Parameters
    ----------
    axes
        Where to draw.
    norms, depth, limits
        As in :func:`draw_gradients`.

    Examples
    --------
    >>> from cvlib.figures import new_figure
    >>> figure, axes = new_figure()
    >>> plot_gradients(axes[0, 0], {"plain": [0.1, 1.0]}, 2, limits=(1e-3, 10))
    >>> axes[0, 0].get_yscale()
    'log'
    """
    for (name, values), colour, dash in zip(norms.items(), palette.values(), _DASHES, strict=False):
        layers = depth // len(values) * np.arange(1, len(values) + 1)
        axes.semilogy(layers, np.maximum(values, _LEAST), dash, color=colour, label=name)
    axes.set(xlim=(0, depth + 1), ylim=limits, xlabel="layer", ylabel="norm of the gradient")
    axes.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True))
    axes.grid(alpha=0.25)
