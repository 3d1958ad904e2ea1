"""Drawings of the chapter on activation functions: bends, and units that die."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median_low

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from cvlib.figures.gradients import plot_gradients
from cvlib.figures.style import new_figure, palette

__all__ = ["draw_activation", "draw_bends", "draw_silent"]

_DASHES = ("-", "--", "-.", ":")
_MARKS = ("o", "s", "^", "D")


def draw_bends(x: Tensor, curves: Mapping[str, tuple[Tensor, Tensor]], *, title: str) -> Figure:
    """Draw functions with their derivatives, a small plot each.

    Parameters
    ----------
    x
        Numbers ``(N,)``, from low to high.
    curves
        For each function what it makes of them, and its derivative there: ``(N,)`` each.
    title
        What to see.

    Returns
    -------
    matplotlib.figure.Figure
        Four plots to a row, all on the same axes.

    Examples
    --------
    >>> import torch
    >>> x = torch.linspace(-4, 4, 9)
    >>> figure = draw_bends(x, {"ReLU": (x.relu(), (x > 0).float())}, title="A bend")
    >>> len(figure.axes)
    4
    """
    rows = -(-len(curves) // 4)
    figure, axes = new_figure(
        rows, 4, width=6.8, height=0.5 + 1.75 * rows, title=title, sharex=True, sharey=True
    )
    for place in axes.flat[len(curves) :]:
        place.set_axis_off()
    for place, (name, pair) in zip(axes.flat, curves.items(), strict=False):
        _plot_pair(place, x, *pair)
        place.set_title(name, fontsize=10)
        place.set_ylim(-1.25, 2.25)
    figure.legend(
        *axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=2, fontsize=9
    )
    return figure


def draw_activation(x: Tensor, y: Tensor, slope: Tensor, norms: Sequence[float]) -> Figure:
    """Draw an activation function with its derivative, and what it does to a gradient with depth.

    Parameters
    ----------
    x, y, slope
        Numbers, what the function makes of them, and its derivative there: ``(N,)`` each.
    norms
        The gradient's norm at the output of each layer, the first layer first.

    Returns
    -------
    matplotlib.figure.Figure
        Function and derivative on the left, the norms on the right.

    Examples
    --------
    >>> import torch
    >>> x = torch.linspace(-4, 4, 9)
    >>> figure = draw_activation(x, x.relu(), (x > 0).float(), [0.25, 0.5, 1.0])
    >>> [line.get_label() for line in figure.axes[0].lines[-2:]]
    ['function', 'derivative']
    """
    figure, axes = new_figure(1, 2, width=5.6, height=2.6, width_ratios=(1, 1.2))
    place = axes[0, 0]
    _plot_pair(place, x, y, slope)
    place.set(ylim=(-1.25, 2.25), xlabel="x")
    place.legend(loc="upper left", fontsize=9)
    plot_gradients(axes[0, 1], {"gradient": norms}, len(norms), limits=(1e-36, 1e10))
    return figure


def _plot_pair(axes: Axes, x: Tensor, y: Tensor, slope: Tensor) -> None:
    for line in (axes.axhline, axes.axvline):
        line(0, color="#BBBBBB", linewidth=0.8)
    for values, name, colour, dash in (
        (y, "function", "blue", "-"),
        (slope, "derivative", "vermillion", "--"),
    ):
        axes.plot(x.numpy(), values.numpy(), dash, color=palette[colour], label=name)


def draw_silent(
    rates: Sequence[float], shares: Mapping[str, Sequence[Sequence[float]]], *, title: str
) -> Figure:
    """Draw how many units answer to no picture, against the learning rate.

    Parameters
    ----------
    rates
        The learning rates, from low to high.
    shares
        For each function and each rate, the share of such units of each seed.
    title
        What to see.

    Returns
    -------
    matplotlib.figure.Figure
        A mark for each seed and a line through the medians, rates on a logarithmic axis.

    Examples
    --------
    >>> figure = draw_silent([0.01, 0.1], {"ReLU": [[0.1, 0.2], [0.8, 0.9]]}, title="They die")
    >>> [label.get_text() for label in figure.axes[0].get_xticklabels()]
    ['0.01', '0.1']
    """
    figure, axes = new_figure(width=5.4, height=3.2, title=title)
    place = axes[0, 0]
    for number, (name, by_rate) in enumerate(shares.items()):
        colour = list(palette.values())[number]
        middle = [median_low(seeds) for seeds in by_rate]
        place.semilogx(
            rates, middle, _DASHES[number], color=colour, label=name, marker=_MARKS[number]
        )
        for rate, seeds in zip(rates, by_rate, strict=True):
            style = {"color": colour, "markersize": 4, "alpha": 0.6}
            place.semilogx([rate] * len(seeds), seeds, _MARKS[number], **style)
    place.minorticks_off()
    place.set_xticks(rates, [f"{rate:g}" for rate in rates])
    place.set(ylim=(-0.03, 1.03), xlabel="learning rate", ylabel="share of the units")
    place.grid(alpha=0.25)
    place.legend(loc="upper left")
    return figure
