"""Drawings of the chapter on compression: what pruning leaves, and rounding, and a low rank."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure
from torch import Tensor

from cvlib.figures.style import new_figure, palette

__all__ = ["draw_kept", "draw_ranks", "draw_rounding"]


def draw_kept(shares: Mapping[str, Mapping[str, float]], *, title: str) -> Figure:
    """Draw which share of its weights each layer keeps, by several ways to prune.

    Parameters
    ----------
    shares
        By the way to prune, by layer, from 0 to 1.
    title
        What to see.

    Returns
    -------
    matplotlib.figure.Figure
        Groups of bars, one for each layer.

    Examples
    --------
    >>> shares = {"together": {"one": 0.9, "two": 0.1}, "each": {"one": 0.2, "two": 0.2}}
    >>> len(draw_kept(shares, title="Two ways").axes[0].patches)
    4
    """
    figure, axes = new_figure(width=5.6, height=2.8, title=title)
    place = axes[0, 0]
    wide = 0.8 / len(shares)
    layers: Sequence[str] = ()
    for number, ((name, kept), colour) in enumerate(
        zip(shares.items(), palette.values(), strict=False)
    ):
        layers = list(kept)
        left = [at - 0.4 + (number + 0.5) * wide for at in range(len(layers))]
        place.bar(left, [100 * kept[each] for each in layers], wide, color=colour, label=name)
    place.set(ylabel="weights kept (%)", ylim=(0, 105))
    place.set_xticks(range(len(layers)), layers)
    place.legend(loc="upper right")
    return figure


def draw_rounding(
    weights: Tensor,
    steps: Sequence[Sequence[float]],
    accuracies: Mapping[str, Mapping[int, float]],
    *,
    bits: int,
    scales: str,
) -> Figure:
    """Draw the weights of filters on the steps that they may take, and what a network makes of it.

    Parameters
    ----------
    weights
        (filters, weights of each).
    steps
        For each filter, the numbers that can be written down.
    accuracies
        By the way scales are shared, by bits.
    bits, scales
        Which of them this drawing shows.

    Returns
    -------
    matplotlib.figure.Figure
        A row a filter on the left, accuracies on the right.

    Examples
    --------
    >>> import torch
    >>> grid = [[-0.5, 0.0, 0.5]]
    >>> figure = draw_rounding(
    ...     torch.tensor([[-0.4, 0.1]]), grid, {"one": {2: 0.5}}, bits=2, scales="one"
    ... )
    >>> [axes.get_xlabel() for axes in figure.axes]
    ['weight', 'bits']
    """
    figure, axes = new_figure(1, 2, width=7.0, height=2.9)
    left, right = axes[0]
    for row, (filter_, grid) in enumerate(zip(weights, steps, strict=True)):
        left.vlines(grid, row - 0.32, row + 0.32, color=palette["orange"], linewidth=1)
        left.plot(filter_, [row] * len(filter_), "|", color=palette["blue"], markersize=7)
    most = 1.08 * float(weights.abs().max())
    left.set(xlabel="weight", ylabel="filter", xlim=(-most, most), ylim=(len(weights) - 0.4, -0.6))
    left.set_yticks(range(len(weights)))
    left.set_title(f"Weights (blue), {bits} bits (orange)", fontsize=10)
    for (name, curve), colour, dash in zip(
        accuracies.items(), palette.values(), ("-o", "--s"), strict=False
    ):
        right.plot([*curve], [*curve.values()], dash, color=colour, label=name, markersize=4)
    right.plot([bits], [accuracies[scales][bits]], "o", color="black", fillstyle="none", ms=12)
    right.set(xlabel="bits", ylabel="accuracy", ylim=(0, 1.04), xlim=(1.6, 8.4))
    right.set_yticks([0, 0.2, 0.4, 0.6, 0.8, 1])
    right.set_xticks([*next(iter(accuracies.values()))])
    right.set_title(f"A scale for each {scales}", fontsize=10)
    right.grid(alpha=0.25)
    right.legend(loc="lower right", title="a scale for each")
    return figure


def draw_ranks(
    values: Tensor, accuracies: Mapping[int, float], pays: float, *, title: str
) -> Figure:
    """Draw singular values, and how a network reads with a layer of so many of them.

    Parameters
    ----------
    values
        Singular values, from the greatest down.
    accuracies
        By rank.
    pays
        The rank below which two layers have fewer numbers than one.
    title
        What to see.

    Returns
    -------
    matplotlib.figure.Figure
        Values on the left, accuracies on the right.

    Examples
    --------
    >>> import torch
    >>> figure = draw_ranks(torch.tensor([2.0, 1.0]), {1: 0.5, 2: 0.9}, 1.3, title="Two")
    >>> len(figure.axes)
    2
    """
    figure, axes = new_figure(1, 2, width=7.0, height=2.8, title=title)
    left, right = axes[0]
    left.plot(range(1, len(values) + 1), values.tolist(), ".", color=palette["blue"])
    left.set(xlabel="number", ylabel="singular value", ylim=(0, None))
    right.plot([*accuracies], [*accuracies.values()], "o-", color=palette["vermillion"])
    right.set(xlabel="rank", ylabel="accuracy", ylim=(0, 1.04), xlim=(0, len(values)))
    right.set_yticks([0, 0.2, 0.4, 0.6, 0.8, 1])
    for place in (left, right):
        place.axvline(pays, color=palette["grey"], linestyle=":")
        place.grid(alpha=0.25)
    right.text(pays - 1, 0.08, "fewer numbers ", ha="right", fontsize=9)
    return figure
