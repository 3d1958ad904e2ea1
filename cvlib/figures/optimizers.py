"""Drawings of the chapter on optimizers: ways into a valley, noise, and a search for rates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from matplotlib.figure import Figure
from torch import Tensor

from cvlib.figures.style import new_figure, palette

__all__ = ["draw_noise", "draw_paths", "draw_search"]

_DASHES = ("-", "--", "-.", ":")
_NEAR, _FAR = 1.25, 4.5  # the least and the most that is drawn of the valley to a side
_LEAST, _MOST = 1e-6, 30.0  # distances drawn
_WORST = 3.0  # what is drawn for a loss above it


def draw_paths(
    paths: Mapping[str, Tensor], curvatures: Sequence[float], *, title: str | None = None
) -> Figure:
    """Draw how optimizers walk through a valley, and how far from its floor they are.

    Parameters
    ----------
    paths
        Where each has been, ``(steps + 1, 2)``, by name.
    curvatures
        Of the valley along its two axes, the first one drawn to the right.
    title
        What to see.

    Returns
    -------
    matplotlib.figure.Figure
        The ways over the valley's contours on the left, the largest coordinate after each step on
        the right, on a logarithmic axis.

    Examples
    --------
    >>> path = torch.tensor([[1.0, 1.0], [0.5, -0.5], [0.25, 0.25]])
    >>> figure = draw_paths({"gradient descent": path}, (0.1, 1.0))
    >>> figure.axes[1].get_yscale()
    'log'
    """
    figure, axes = new_figure(1, 2, width=6.4, height=2.9, title=title, width_ratios=(1, 1.15))
    left, right = axes[0]
    seen = torch.cat(list(paths.values())).nan_to_num(_FAR).clamp(-_FAR, _FAR)
    low, high = 1.1 * min(float(seen[:, 0].min()), -0.3), 1.1 * max(float(seen[:, 0].max()), _NEAR)
    edge = 1.1 * max(float(seen[:, 1].abs().max()), _NEAR)
    x, y = torch.linspace(low, high, 81), torch.linspace(-edge, edge, 81)
    height = curvatures[0] * x.square()[None] / 2 + curvatures[1] * y.square()[:, None] / 2
    levels = [curvatures[1] * (share * edge) ** 2 / 2 for share in (0.2, 0.4, 0.6, 0.8, 1.0)]
    left.contour(
        x.tolist(), y.tolist(), height.numpy(), levels=levels, colors="#BBBBBB", linewidths=0.8
    )
    left.plot(0, 0, "+", color="#333333", markersize=9)
    for number, (name, path) in enumerate(paths.items()):
        colour = list(palette.values())[number % len(palette)]
        left.plot(*path.T.tolist(), color=colour, marker="o", markersize=2.5, linewidth=1)
        distances = path.abs().amax(1).clamp(min=_LEAST / 10)
        dash = _DASHES[number % len(_DASHES)]
        right.semilogy(distances.tolist(), dash, color=colour, label=name)
    left.set(xlim=(low, high), ylim=(-edge, edge), xticks=[], yticks=[])
    left.set(xlabel=f"curvature {curvatures[0]:g}", ylabel=f"curvature {curvatures[1]:g}")
    right.minorticks_off()
    right.set(ylim=(_LEAST, _MOST), xlabel="steps", ylabel="distance")
    right.grid(alpha=0.25)
    if len(paths) > 1:
        right.legend(fontsize=8)
    return figure


def draw_noise(sizes: Sequence[int], noise: Sequence[float], *, title: str) -> Figure:
    """Draw how far the gradient of a batch is from that of all pictures.

    Parameters
    ----------
    sizes
        Pictures a batch.
    noise
        The distance at each size, as a share of the whole gradient.
    title
        What to see.

    Returns
    -------
    matplotlib.figure.Figure
        What was measured, and the line of the inverse root through the first of it, both axes
        logarithmic.

    Examples
    --------
    >>> figure = draw_noise([1, 4, 16], [4.0, 2.0, 1.0], title="Four times, half")
    >>> [label.get_text() for label in figure.axes[0].get_xticklabels()]
    ['1', '4', '16']
    """
    figure, axes = new_figure(width=5.6, height=2.9, title=title)
    place = axes[0, 0]
    predicted = [noise[0] * (sizes[0] / size) ** 0.5 for size in sizes]
    place.loglog(sizes, predicted, color="#999999", linewidth=1, label="first noise / √size")
    blue = palette["blue"]
    place.loglog(sizes, noise, linestyle="", color=blue, marker="o", markersize=6, label="measured")
    place.set(xlabel="pictures in the batch", ylabel="noise / gradient")
    place.minorticks_off()
    place.set_xticks(sizes, [str(size) for size in sizes])
    halvings = [2.0**power for power in range(-9, 10)]
    shown = [value for value in halvings if min(noise) / 1.1 <= value <= 1.1 * max(noise)]
    place.set_yticks(shown, [f"{value:g}" for value in shown])
    place.grid(alpha=0.25)
    place.legend()
    return figure


def draw_search(
    rates: Sequence[float], losses: Mapping[str, Sequence[Sequence[float]]], *, title: str
) -> Figure:
    """Draw the loss that each optimizer reaches with each rate, and its best.

    Parameters
    ----------
    rates
        The learning rates tried.
    losses
        What came of each rate with each seed, a row per rate, by the optimizer's name.
    title
        What to see.

    Returns
    -------
    matplotlib.figure.Figure
        A curve through the means for each optimizer, its lowest point marked, and a thin line from
        the lowest to the highest seed; what is above 3 is drawn at 3.

    Examples
    --------
    >>> losses = {"SGD": [[2.0, 2.5], [0.5, 0.75], [9.0, 8.0]]}
    >>> figure = draw_search([0.01, 0.1, 1.0], losses, title="A valley again")
    >>> figure.axes[0].lines[0].get_ydata().tolist()
    [2.25, 0.625, 3.0]
    """
    figure, axes = new_figure(width=6.4, height=3.6, title=title)
    place = axes[0, 0]
    for number, (name, rows) in enumerate(losses.items()):
        colour = list(palette.values())[number % len(palette)]
        cut = [[min(value, _WORST) for value in row] for row in rows]
        shown = [sum(row) / len(row) for row in cut]
        place.vlines(rates, list(map(min, cut)), list(map(max, cut)), color=colour, linewidth=1)
        dash = _DASHES[number // len(palette) * 2 + number % 2]
        place.semilogx(rates, shown, dash, color=colour, label=name, linewidth=1.5)
        best = min(range(len(shown)), key=shown.__getitem__)
        place.plot(rates[best], shown[best], "o", color=colour, markersize=7)
    place.set(xlabel="learning rate", ylabel="validation loss", ylim=(0, _WORST * 1.03))
    place.grid(alpha=0.25)
    figure.legend(loc="outside right center", fontsize=9)
    return figure
