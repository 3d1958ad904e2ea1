"""Drawings of the chapter on trust: who is refused, what abstaining buys, shifts, and groups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from torch import Tensor

from cvlib.figures.style import new_figure, palette
from cvlib.practice.groups import GroupAccuracy

__all__ = ["draw_groups", "draw_refusals", "draw_risk_coverage", "draw_says_and_right"]

_COLOURS = ("blue", "vermillion", "green", "purple")
_DASHES = ("-", "--", "-.", ":")


def draw_refusals(scores: Mapping[str, Tensor], threshold: float, *, name: str) -> Figure:
    """Draw how familiar pictures look, and whom a threshold refuses.

    Parameters
    ----------
    scores
        By the name of the pictures, how familiar each of them looks, (N,).
    threshold
        Pictures that score less are refused.
    name
        Of the score.

    Returns
    -------
    matplotlib.figure.Figure
        On the left, over 20 bins, the share of each kind of pictures, with a line at the threshold;
        on the right, the share that is refused.

    Examples
    --------
    >>> import torch
    >>> scores = {"digits": torch.tensor([0.5, 0.9]), "letters": torch.tensor([0.2, 0.7])}
    >>> figure = draw_refusals(scores, 0.6, name="sureness")
    >>> [float(bar.get_width()) for bar in figure.axes[1].patches]
    [50.0, 50.0]
    """
    figure, axes = new_figure(1, 2, width=6.4, height=2.9, width_ratios=(3, 2))
    left, right = axes[0]
    everything = np.concatenate([each.double().numpy() for each in scores.values()])
    edges = np.linspace(everything.min(), everything.max(), 21)
    rows = list(zip(scores.items(), _COLOURS, _DASHES, strict=False))
    for (kind, values), colour, dash in rows:
        counts, _ = np.histogram(values.double().numpy(), edges)
        left.stairs(
            100 * counts / len(values),
            edges,
            color=palette[colour],
            linestyle=dash,
            label=kind,
            linewidth=1.6,
        )
    left.axvline(threshold, color=palette["grey"], linewidth=1.2)
    left.set(xlabel=f"{name}, more familiar →", ylabel="% of the pictures", ylim=(0, None))
    left.legend(loc="upper left", fontsize=9)
    refused = [100 * float((values < threshold).double().mean()) for values in scores.values()]
    places = range(len(refused))
    right.barh(places, refused, color=[palette[colour] for _, colour, _ in rows])
    for place, share in zip(places, refused, strict=True):
        right.text(share + 2, place, f"{share:.0f} %", va="center", fontsize=9)
    right.set_yticks(places, list(scores))
    right.invert_yaxis()
    right.set(xlabel="% refused", xlim=(0, 118))
    right.set_xticks([0, 50, 100])
    return figure


def draw_risk_coverage(curves: Mapping[str, tuple[Tensor, Tensor]], *, title: str) -> Figure:
    """Draw how often a network errs among the answers that it gives.

    Parameters
    ----------
    curves
        By name, coverage and risk, as :func:`cvlib.practice.trust.risk_coverage` returns them.
    title
        What to see.

    Returns
    -------
    matplotlib.figure.Figure
        Risk over coverage, both in per cent.

    Examples
    --------
    >>> import torch
    >>> curve = torch.tensor([0.5, 1.0]), torch.tensor([0.0, 0.25])
    >>> draw_risk_coverage({"sureness": curve}, title="!").axes[0].lines[0].get_ydata().tolist()
    [0.0, 25.0]
    """
    figure, axes = new_figure(width=5.2, height=3.0, title=title)
    place = axes[0, 0]
    for (name, (coverage, risk)), colour, dash in zip(
        curves.items(), _COLOURS, _DASHES, strict=False
    ):
        place.plot(100 * coverage, 100 * risk, dash, color=palette[colour], label=name)
    place.set(xlabel="coverage, % of the pictures answered", ylabel="risk, % of answers wrong")
    place.set(xlim=(0, 101), ylim=(0, None))
    place.grid(alpha=0.25)
    place.legend(loc="upper left")
    return figure


def draw_says_and_right(
    panels: Mapping[str, tuple[Sequence[float], Sequence[float]]], *, title: str
) -> Figure:
    """Draw how sure a network is and how often it is right, as pictures get worse.

    Parameters
    ----------
    panels
        By what happens to the pictures: how sure it is on average, and which share of its answers
        is right, at severity 0, 1 and so on.
    title
        What to see.

    Returns
    -------
    matplotlib.figure.Figure
        A panel each. The area between the two lines is vermillion where the network promises too
        much, and sky blue where it promises too little.

    Examples
    --------
    >>> figure = draw_says_and_right({"blur": ([0.9, 0.5], [0.9, 0.7])}, title="!")
    >>> [line.get_label() for line in figure.axes[0].lines]
    ['says', 'is right']
    """
    figure, axes = new_figure(1, len(panels), width=6.8, height=2.8, title=title, sharey=True)
    for place, (name, (says, right)) in zip(axes[0], panels.items(), strict=True):
        steps, said, true = np.arange(len(says)), np.asarray(says), np.asarray(right)
        for above, colour in ((said > true, "vermillion"), (said < true, "sky")):
            place.fill_between(
                steps, said, true, where=above, interpolate=True, alpha=0.25, color=palette[colour]
            )
        place.plot(steps, said, "o--", color=palette["vermillion"], markersize=4, label="says")
        place.plot(steps, true, "s-", color=palette["blue"], markersize=4, label="is right")
        place.set_title(name, loc="left", fontsize=10)
        place.set(xlabel="severity", xticks=steps, ylim=(0.25, 1.02))
        place.grid(alpha=0.25)
    axes[0, 0].legend(loc="lower left")
    return figure


def draw_groups(panels: Mapping[str, Sequence[GroupAccuracy]], *, title: str) -> Figure:
    """Draw the accuracy of each group with its interval, beside the average.

    Parameters
    ----------
    panels
        By how the pictures are grouped, the groups.
    title
        What to see.

    Returns
    -------
    matplotlib.figure.Figure
        A panel each, a row a group: a dot at the share, a line along the interval, and a dashed
        line through all at the average of the pictures. The worst group's is vermillion.

    Examples
    --------
    >>> rows = [GroupAccuracy("thin", 8, 10, 0.49, 0.94), GroupAccuracy("thick", 9, 10, 0.6, 0.98)]
    >>> figure = draw_groups({"strokes": rows}, title="!")
    >>> [label.get_text() for label in figure.axes[0].get_yticklabels()]
    ['thin', 'thick']
    """
    most = max(len(groups) for groups in panels.values())
    figure, axes = new_figure(1, len(panels), width=6.8, height=0.9 + 0.24 * most, title=title)
    least = min(each.low for groups in panels.values() for each in groups)
    for place, (name, groups) in zip(axes[0], panels.items(), strict=True):
        worst = min(groups, key=lambda each: each.accuracy)
        for row, each in enumerate(groups):
            colour = palette["vermillion" if each is worst else "blue"]
            place.plot([100 * each.low, 100 * each.high], [row, row], color=colour)
            place.plot([100 * each.accuracy], [row], "o", color=colour, markersize=5)
        total = sum(each.total for each in groups)
        average = 100 * sum(each.right for each in groups) / total
        place.axvline(average, linestyle="--", color=palette["grey"], linewidth=1)
        place.set_yticks(range(len(groups)), [each.name for each in groups])
        place.set(xlabel="accuracy, %", xlim=(100 * least - 1, 100.5))
        place.set(ylim=(len(groups) - 0.4, -0.6))
        place.set_title(name, loc="left", fontsize=10)
        place.grid(alpha=0.25, axis="x")
    return figure
