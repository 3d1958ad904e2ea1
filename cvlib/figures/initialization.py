"""Drawings of the chapter on initialization: sizes by layer, singular values, scales that train."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cvlib.figures.style import new_figure, palette
from cvlib.layers.initialization import LayerSignal

__all__ = ["draw_scales", "draw_signals", "draw_singular_values", "draw_sizes"]

_DASHES = ("-", "--", ":", "-.")
_MARKS = ("o", "s", "^", "D")
_SIGNALS = (
    ("size", "size", "blue", "-"),
    ("spread", "what tells pictures apart", "green", ":"),
    ("gradient", "gradient, on its way back", "vermillion", "--"),
)
_LEAST_STRETCH = 1e-10  # below, rounding takes part in what is computed
_DROWNED = 1e-12  # a spread below this part of the size is made of rounding


def draw_sizes(
    measured: Mapping[str, Sequence[float]],
    expected: Mapping[str, Sequence[float]],
    *,
    title: str,
) -> Figure:
    """Draw how large numbers are behind each layer, measured and by the formula.

    Parameters
    ----------
    measured, expected
        The size behind each layer, the first layer first; for each case, a curve each.
    title
        What to see.

    Returns
    -------
    matplotlib.figure.Figure
        Marks for what was measured, lines for the formula, on a logarithmic axis.

    Examples
    --------
    >>> figure = draw_sizes({"gain 1": [1.1, 0.6]}, {"gain 1": [1.0, 0.7]}, title="It fades")
    >>> figure.axes[0].get_yscale()
    'log'
    """
    figure, axes = new_figure(width=5.6, height=3.2, title=title)
    place = axes[0, 0]
    for number, (name, sizes) in enumerate(measured.items()):
        colour = list(palette.values())[number]
        layers = range(1, len(sizes) + 1)
        place.semilogy(layers, expected[name], color=colour, linewidth=1.2)
        style = {"color": colour, "markersize": 4, "markevery": 3}
        place.semilogy(layers, sizes, _MARKS[number], label=name, **style)
    _label(place)
    place.set_ylabel("size of the numbers")
    place.legend()
    return figure


def draw_signals(
    draws: Sequence[Sequence[LayerSignal]], *, limits: tuple[float, float], title: str | None = None
) -> Figure:
    """Draw numbers and gradients behind each layer, a thin line for each draw of the weights.

    Parameters
    ----------
    draws
        What :func:`cvlib.layers.layer_signals` measured in networks that differ by chance alone.
    limits
        The lowest and the highest value shown.
    title
        What to see.

    Returns
    -------
    matplotlib.figure.Figure
        Three kinds of lines on a logarithmic axis. What tells pictures apart ends where it is no
        more than rounding.

    Examples
    --------
    >>> signals = [LayerSignal("0", 1.0, 0.5, 0.1), LayerSignal("2", 1.0, 0.3, 1.0)]
    >>> figure = draw_signals([signals], limits=(1e-3, 1e3))
    >>> len(figure.axes[0].lines)
    3
    """
    figure, axes = new_figure(width=5.0, height=3.6, title=title)
    place = axes[0, 0]
    for number, signals in enumerate(draws):
        for field, name, colour, dash in _SIGNALS:
            values = [getattr(signal, field) for signal in signals]
            if field == "spread":
                values = _until_drowned(signals)
            place.semilogy(
                range(1, len(values) + 1),
                values,
                dash,
                color=palette[colour],
                linewidth=1.4,
                label=name if number == 0 else None,
            )
    _label(place)
    place.set(xlim=(0, len(draws[0]) + 1), ylim=limits)
    place.minorticks_off()
    _legend_below(figure, place)
    return figure


def _until_drowned(signals: Sequence[LayerSignal]) -> list[float]:
    kept: list[float] = []
    for signal in signals:
        if signal.spread < _DROWNED * signal.size:
            break
        kept.append(signal.spread)
    return kept


def draw_singular_values(
    values: Mapping[str, Mapping[int, Sequence[float]]], *, title: str
) -> Figure:
    """Draw by which factors products of random matrices stretch, in order of size.

    Parameters
    ----------
    values
        For each kind of matrix, by the number of factors, the singular values of the product, the
        greatest first.
    title
        What to see.

    Returns
    -------
    matplotlib.figure.Figure
        A plot for each kind, a curve for each number of factors, on one logarithmic axis.

    Examples
    --------
    >>> figure = draw_singular_values({"normal": {1: [2.0, 0.5], 2: [4.0, 0.2]}}, title="Skewed")
    >>> [line.get_label() for line in figure.axes[-1].lines]
    ['1 matrix', '2 matrices']
    """
    figure, axes = new_figure(1, len(values), width=5.8, height=3.0, title=title, sharey=True)
    for place, (name, products) in zip(axes[0], values.items(), strict=True):
        for number, (factors, stretched) in enumerate(products.items()):
            label = f"{factors} {'matrix' if factors == 1 else 'matrices'}"
            shown = [value for value in stretched if value > _LEAST_STRETCH]
            place.semilogy(
                range(1, len(shown) + 1),
                shown,
                _DASHES[number],
                color=list(palette.values())[number],
                label=label,
            )
        place.set_title(name, loc="left")
        place.set_xlabel("direction, by size")
        place.grid(alpha=0.25)
    axes[0, 0].set(ylabel="stretched by", ylim=(_LEAST_STRETCH, 1e3))
    axes[0, -1].legend(loc="lower left", fontsize=9, frameon=False)
    return figure


def draw_scales(
    scales: Sequence[str],
    accuracies: Mapping[str, Sequence[Sequence[float]]],
    *,
    chance: float,
    title: str,
) -> Figure:
    """Draw the accuracy reached from weights of several scales.

    Parameters
    ----------
    scales
        Names of the scales, from small to large.
    accuracies
        For each kind of network and each scale, the accuracy of each seed; empty where the loss was
        no number.
    chance
        The accuracy of guessing.
    title
        What to see.

    Returns
    -------
    matplotlib.figure.Figure
        A mark for each seed, a line through the medians, and a cross at the foot where nothing was
        learnt because the loss was no number.

    Examples
    --------
    >>> figure = draw_scales(["1", "2"], {"plain": [[0.9], []]}, chance=0.1, title="One works")
    >>> [text.get_text() for text in figure.axes[0].texts]
    ['guessing']
    """
    figure, axes = new_figure(width=5.4, height=3.7, title=title)
    place = axes[0, 0]
    for number, (name, by_scale) in enumerate(accuracies.items()):
        colour, mark = list(palette.values())[number], _MARKS[number]
        learnt = [at for at, seeds in enumerate(by_scale) if seeds]
        medians = [median(by_scale[at]) for at in learnt]
        place.plot(learnt, medians, _DASHES[number], color=colour, label=name, linewidth=1.4)
        for at in learnt:
            seeds = by_scale[at]
            place.plot([at] * len(seeds), seeds, mark, color=colour, markersize=4.5, alpha=0.8)
        diverged = [at for at, seeds in enumerate(by_scale) if not seeds]
        if diverged:
            style = {"color": colour, "markersize": 8, "markeredgewidth": 2}
            label = f"{name}: the loss is no number"
            place.plot(diverged, [0.03] * len(diverged), "x", label=label, **style)
    place.axhline(chance, color="#999999", linewidth=0.8)
    place.text(len(scales) - 0.6, chance + 0.02, "guessing", ha="right", fontsize=9)
    place.set_xticks(range(len(scales)), scales)
    place.set(ylim=(0, 1), xlim=(-0.4, len(scales) - 0.6), ylabel="accuracy")
    place.set_xlabel("first weights, times He's")
    place.grid(alpha=0.25)
    _legend_below(figure, place)
    return figure


def _legend_below(figure: Figure, axes: Axes) -> None:
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower left", frameon=False)


def _label(axes: Axes) -> None:
    axes.set_xlabel("layer")
    axes.grid(alpha=0.25)
