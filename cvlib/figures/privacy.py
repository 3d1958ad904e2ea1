"""Drawings of the chapter on privacy: attacks, two answers that overlap, budgets, noisy weights."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from torch import Tensor

from cvlib.figures.style import hide_frame, new_figure, palette

__all__ = ["draw_attacks", "draw_budgets", "draw_neighbours", "draw_private_weights"]

_DASHES = ("-", "--", "-.", ":")
NO_NOISE = 1000.0  # where an infinite epsilon stands on the axis
GAP = 10  # pixels above a picture of weights, for its name


def draw_attacks(
    found: Mapping[str, Sequence[float]], accused: Sequence[float], *, title: str
) -> Figure:
    """Draw which share of the members attacks find, over the share of strangers accused.

    Parameters
    ----------
    found
        For each network the shares of members, one for each of ``accused``.
    accused
        Shares of strangers, from 0 to 1.
    title
        What to see.

    Returns
    -------
    matplotlib.figure.Figure
        The curves, and the diagonal of guessing.

    Examples
    --------
    >>> figure = draw_attacks({"known by heart": [0, 0.8, 1]}, [0, 0.5, 1], title="Found out")
    >>> [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    ['known by heart', 'guessing']
    """
    figure, axes = new_figure(width=5.4, height=3.6, title=title)
    place = axes[0, 0]
    for (name, shares), colour, dash in zip(found.items(), palette.values(), _DASHES, strict=False):
        place.plot(accused, shares, dash, color=colour, label=name)
    place.plot([0, 1], [0, 1], color="#999999", linewidth=1, label="guessing")
    place.set(
        xlim=(0, 1),
        ylim=(0, 1),
        xlabel="strangers taken for members",
        ylabel="members found",
    )
    place.grid(alpha=0.25)
    place.legend(loc="lower right", fontsize=9)
    return figure


def draw_neighbours(
    answers: Sequence[float],
    one: Sequence[float],
    other: Sequence[float],
    *,
    epsilon: float,
    names: tuple[str, str],
    title: str,
) -> Figure:
    r"""Draw how likely each answer is with an example and without, and what no factor covers.

    Parameters
    ----------
    answers
        Answers, in order.
    one, other
        The density of each with the example, and without it.
    epsilon
        The loss allowed. Where ``one`` lies above :math:`e^\varepsilon` times ``other``, it is
        filled.
    names
        What to call the two.
    title
        What to see.

    Returns
    -------
    matplotlib.figure.Figure
        Both densities, the second raised by the factor, and the excess.

    Examples
    --------
    >>> figure = draw_neighbours(
    ...     [0, 1], [1, 2], [2, 1], epsilon=0.5, names=("41 people", "40 people"), title="Close"
    ... )
    >>> len(figure.axes[0].lines)
    3
    """
    x, with_it, without = (np.asarray(each, dtype=float) for each in (answers, one, other))
    raised = math.exp(epsilon) * without
    figure, axes = new_figure(width=5.6, height=3.0, title=title)
    place = axes[0, 0]
    place.plot(x, with_it, color=palette["vermillion"], label=names[0])
    place.plot(x, without, color=palette["blue"], label=names[1])
    place.plot(
        x,
        raised,
        ":",
        color=palette["blue"],
        linewidth=1.5,
        label=rf"$e^{{{epsilon:g}}}$ times {names[1]}",
    )
    place.fill_between(
        x,
        raised,
        with_it,
        where=with_it > raised * (1 + 1e-9),
        color=palette["vermillion"],
        alpha=0.35,
        linewidth=0,
    )
    place.set(xlim=(x[0], x[-1]), ylim=(0, None), xlabel="answer", ylabel="how likely")
    place.legend(fontsize=9)
    return figure


def draw_budgets(
    steps: Sequence[int], spent: Mapping[str, Sequence[float]], *, title: str
) -> Figure:
    """Draw what was spent after so many steps.

    Parameters
    ----------
    steps
        How many.
    spent
        For each way of counting or each noise the epsilon after each number of steps.
    title
        What to see.

    Returns
    -------
    matplotlib.figure.Figure
        Curves on a logarithmic axis.

    Examples
    --------
    >>> figure = draw_budgets([1, 2], {"noise 1": [0.5, 0.6]}, title="Slowly up")
    >>> figure.axes[0].get_yscale()
    'log'
    """
    figure, axes = new_figure(width=5.6, height=3.2, title=title)
    place = axes[0, 0]
    for (name, losses), colour, dash in zip(
        spent.items(), palette.values(), _DASHES * 2, strict=False
    ):
        place.plot(steps, losses, dash, color=colour, label=name)
    place.set(xlabel="steps", ylabel="epsilon", yscale="log", xlim=(0, steps[-1]))
    place.grid(alpha=0.25)
    place.legend(fontsize=9, ncols=2, loc=(0.32, 0.52))
    return figure


def draw_private_weights(
    weights: Tensor,
    reached: Mapping[str, Mapping[float, Sequence[float]]],
    chosen: tuple[str, float],
    *,
    names: Sequence[str],
    limits: tuple[float, float],
) -> Figure:
    """Draw what weights are left of, and where this training stands among the others.

    Parameters
    ----------
    weights
        (K, H, W): the weights of each class, as a picture.
    reached
        For each set of examples, for each epsilon what each seed reached. Without noise, epsilon is
        infinite.
    chosen
        The set and the epsilon that ``weights`` are of.
    names
        The classes.
    limits
        Both ends of the axis of accuracies.

    Returns
    -------
    matplotlib.figure.Figure
        Left the accuracies over epsilon, right the weights, blue against and red for.

    Examples
    --------
    >>> import torch
    >>> figure = draw_private_weights(
    ...     torch.zeros(2, 3, 3), {"all": {1.0: [0.5, 0.6], math.inf: [0.9, 0.8]}}, ("all", 1.0),
    ...     names=["0", "1"], limits=(0, 1),
    ... )
    >>> [text.get_text() for text in figure.axes[1].texts]
    ['0', '1']
    """
    figure, axes = new_figure(1, 2, width=7.0, height=3.2, gridspec_kw={"width_ratios": [1, 1.4]})
    place, tiles = axes[0]
    for (name, by_epsilon), colour, marker in zip(
        reached.items(), palette.values(), "os^", strict=False
    ):
        at = [min(epsilon, NO_NOISE) for epsilon in by_epsilon for _ in by_epsilon[epsilon]]
        values = [value for all_seeds in by_epsilon.values() for value in all_seeds]
        place.plot(at, values, marker, color=colour, alpha=0.5, markersize=4, label=name)
        if name == chosen[0]:
            now = by_epsilon[chosen[1]]
            place.plot(
                [min(chosen[1], NO_NOISE)] * len(now),
                now,
                marker,
                color=colour,
                markersize=10,
                markerfacecolor="none",
                markeredgewidth=2,
            )
    place.set(
        xscale="log", xlim=(0.1, 2 * NO_NOISE), ylim=limits, xlabel="epsilon", ylabel="accuracy"
    )
    place.minorticks_off()
    place.set_xticks([1, 10, 100, NO_NOISE], ["1", "10", "100", "∞"])
    place.grid(alpha=0.25)
    place.legend(loc="lower right", fontsize=8)
    # One picture of all, since ten of their own are slow to draw.
    columns = -(-len(weights) // 2)
    height, width = weights.shape[1:]
    sheet = np.zeros((2 * (height + GAP), columns * (width + GAP)))
    hide_frame(tiles)
    for number, (picture, name) in enumerate(zip(weights, names, strict=True)):
        top, left = (number // columns) * (height + GAP) + GAP, (number % columns) * (width + GAP)
        sheet[top : top + height, left : left + width] = picture.numpy()
        tiles.text(left + width / 2, top - 2, name, fontsize=9, ha="center")
    largest = float(weights.abs().max()) or 1.0
    tiles.imshow(sheet, cmap="RdBu_r", vmin=-largest, vmax=largest)
    return figure
