"""Drawings of the chapter on residual networks: roads, blocks and what they reach."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate
from operator import mul

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyBboxPatch

from cvlib.figures.style import hide_frame, new_figure, palette

__all__ = ["draw_accuracies", "draw_orders", "draw_removed", "draw_roads"]

_DASHES = ("-", "--", "-.", ":")
_MARKS = ("o", "s", "^", "D")
_LINE, _ROAD, _GRADIENT = "#333333", palette["blue"], "#B34700"
_FILL = {"convolution": "#CFE6F7", "normalization": "#DDF0E8", "ReLU": "#FBE3B5"}


def draw_roads(slopes: Sequence[float]) -> Figure:
    """Draw a chain of functions without and with a road around each, and the gradient on its way.

    Parameters
    ----------
    slopes
        The derivative of each function, the first function first.

    Returns
    -------
    matplotlib.figure.Figure
        The plain chain above, the residual one below; at each number the gradient of the last one
        by it.

    Examples
    --------
    >>> figure = draw_roads([0.1, -0.2, 0.3])
    >>> [axes.texts[-1].get_text() for axes in figure.axes]
    ['−0.006', '1.144']
    """
    heights = [(-1.0, 0.6), (-1.0, 1.3)]
    ratios = [high - low for low, high in heights]
    figure, axes = new_figure(2, 1, width=5.8, height=3.5, height_ratios=ratios)
    for road, (place, limits) in enumerate(zip(axes[:, 0], heights, strict=True)):
        hide_frame(place)
        place.set(xlim=(-2.2, 2 * len(slopes) + 0.45), ylim=limits, aspect="equal")
        place.set_title("residual" if road else "plain")
        place.text(-0.9, -0.75, "gradient", ha="right", va="center", color=_GRADIENT, fontsize=11)
        for number, slope in enumerate(slopes):
            left = 2 * number
            _arrow(place, (left + 0.28, 0), (left + 0.62, 0))
            _arrow(place, (left + 1.38, 0), (left + 1.72, 0))
            place.add_patch(_box((left + 0.62, -0.33), 0.76, 0.66, _FILL["convolution"]))
            place.text(left + 1, 0, _number(slope), ha="center", va="center", fontsize=11)
            if road:
                _arrow(place, (left + 0.2, 0.22), (left + 1.8, 0.22), curve=-0.55, color=_ROAD)
                place.text(left + 1, 0.93, "1", ha="center", va="center", color=_ROAD, fontsize=11)
        for number in range(len(slopes) + 1):
            place.add_patch(Circle((2 * number, 0), 0.28, facecolor="white", edgecolor=_LINE))
            place.text(2 * number, -0.01, f"$x_{number}$", ha="center", va="center", fontsize=11)
        factors = [1.0, *(road + slope for slope in reversed(slopes))]
        for number, gradient in enumerate(accumulate(factors, mul)):
            spot = 2 * (len(slopes) - number)
            shown = _number(gradient)
            place.text(spot, -0.75, shown, ha="center", va="center", color=_GRADIENT, fontsize=11)
    return figure


def draw_accuracies(
    depths: Sequence[int], accuracies: Mapping[str, Sequence[Sequence[float]]], *, title: str
) -> Figure:
    """Draw how well networks of several depths have learnt, a line for each seed.

    A seed's line ends where deeper networks were not trained from it.

    Parameters
    ----------
    depths
        How many layers each network has.
    accuracies
        For each kind of network, and each depth, the accuracy of each seed, the first seed first.
    title
        What to see.

    Returns
    -------
    matplotlib.figure.Figure
        A line over the depths for each kind and seed.

    Examples
    --------
    >>> figure = draw_accuracies([8, 20], {"plain": [[0.9, 0.8], [0.7, 0.7]]}, title="Worse")
    >>> [label.get_text() for label in figure.axes[0].get_xticklabels()]
    ['8', '20']
    """
    figure, axes = new_figure(width=5.2, height=3.0, title=title)
    place = axes[0, 0]
    spots = range(len(depths))
    styles = zip(palette.values(), _DASHES, _MARKS, strict=False)
    for (name, values), (colour, dash, mark) in zip(accuracies.items(), styles, strict=False):
        for number in range(max(map(len, values))):
            line = [(x, seeds[number]) for x, seeds in enumerate(values) if number < len(seeds)]
            label = name if number == 0 else None
            x, y = zip(*line, strict=True)
            place.plot(x, y, dash, marker=mark, markersize=5, color=colour, label=label)
    place.set(ylim=(0, 1.03), xlim=(-0.3, len(depths) - 0.7), xlabel="layers")
    place.set_ylabel("training accuracy")
    place.set_xticks(spots, [str(depth) for depth in depths])
    place.grid(axis="y", alpha=0.25)
    place.legend(loc="lower left")
    return figure


def draw_removed(
    whole: Mapping[str, float], removed: Mapping[str, Sequence[float]], *, title: str
) -> Figure:
    """Draw what a network still gets right when one of its blocks is taken out.

    Parameters
    ----------
    whole
        For each kind of network, its accuracy with all blocks.
    removed
        For each kind, the accuracy without the first block, without the second, and so on.
    title
        What to see.

    Returns
    -------
    matplotlib.figure.Figure
        Points over the number of the missing block, and a line for the whole network.

    Examples
    --------
    >>> figure = draw_removed({"plain": 0.8}, {"plain": [0.1, 0.2]}, title="Gone")
    >>> figure.axes[0].get_legend_handles_labels()[1]
    ['plain', 'plain, whole']
    """
    figure, axes = new_figure(width=5.6, height=3.0, title=title)
    place = axes[0, 0]
    styles = zip(palette.values(), _DASHES, _MARKS, strict=False)
    for (name, values), (colour, dash, mark) in zip(removed.items(), styles, strict=False):
        blocks = range(1, len(values) + 1)
        place.plot(blocks, values, mark, color=colour, label=name)
        place.axhline(
            whole[name], color=colour, linestyle=dash, linewidth=1, label=f"{name}, whole"
        )
        place.set_xticks(blocks)
    place.set(ylim=(0, 1.03), xlabel="block that is missing", ylabel="test accuracy")
    place.grid(axis="y", alpha=0.25)
    place.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    return figure


def draw_orders() -> Figure:
    """Draw two orders of the same layers in a block, and what stands on the road around them.

    Returns
    -------
    matplotlib.figure.Figure
        The block with its last ReLU behind the sum on the left, the one of pre-activation on the
        right.

    Examples
    --------
    >>> [axes.get_title() for axes in draw_orders().axes]
    ['post-activation', 'pre-activation']
    """
    half = ["convolution", "normalization", "ReLU"]
    orders = {
        "post-activation": ([*half, *half[:2]], ["ReLU"]),
        "pre-activation": ([*half[1:], half[0]] * 2, []),
    }
    figure, axes = new_figure(1, 2, width=5.2, height=5.2)
    join = 1.2 * max(len(branch) for branch, _ in orders.values()) + 1.1
    for place, (name, (branch, behind)) in zip(axes[0], orders.items(), strict=True):
        hide_frame(place)
        place.set(xlim=(-1.3, 2.2), ylim=(join + 1.6, -0.35))
        place.set_title(name, loc="center")
        place.text(0.75, 0, "$x$", ha="center", va="center", fontsize=12)
        y = 0.0
        for layer in branch:
            y = _layer(place, layer, y)
        _arrow(place, (0.75, y + 0.36), (0.75, join - 0.25))
        road = {"color": _ROAD, "linewidth": 3, "solid_capstyle": "round"}
        place.plot([0.75, -0.75, -0.75, 0.5], [0.5, 0.5, join, join], **road)
        place.add_patch(Circle((0.75, join), 0.25, facecolor="white", edgecolor=_LINE, zorder=3))
        place.text(0.75, join + 0.01, "+", ha="center", va="center", fontsize=12, zorder=4)
        y = join - 0.1
        for layer in behind:
            y = _layer(place, layer, y)
        if not behind:
            _arrow(place, (0.75, join + 0.26), (0.75, join + 1.45))
    return figure


def _layer(place: Axes, layer: str, above: float) -> float:
    """Draw a layer below what stands at a height, and return the height of its middle."""
    y = above + 1.2
    _arrow(place, (0.75, above + 0.36), (0.75, y - 0.35))
    place.add_patch(_box((-0.35, y - 0.35), 2.2, 0.7, _FILL[layer]))
    place.text(0.75, y, layer, ha="center", va="center", fontsize=10)
    return y


def _box(corner: tuple[float, float], width: float, height: float, colour: str) -> FancyBboxPatch:
    style = "round,pad=0,rounding_size=0.1"
    return FancyBboxPatch(
        corner, width, height, boxstyle=style, facecolor=colour, edgecolor=_LINE, zorder=2
    )


def _arrow(
    place: Axes,
    start: tuple[float, float],
    end: tuple[float, float],
    *,
    curve: float = 0,
    color: str = _LINE,
) -> None:
    style = f"arc3,rad={curve}"
    width = 2 if curve else 1.2
    arrow = {"arrowstyle": "->", "color": color, "connectionstyle": style, "linewidth": width}
    place.annotate("", end, start, arrowprops={**arrow, "shrinkA": 0, "shrinkB": 0})


def _number(value: float) -> str:
    return f"{value:.4g}".replace("-", "−")
