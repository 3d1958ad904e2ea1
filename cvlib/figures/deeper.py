"""Drawings of the chapter on deeper networks: stacks of kernels, stages, and what they cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import pi

from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from cvlib.figures.style import hide_frame, new_figure, palette

__all__ = ["draw_singular", "draw_stacks", "draw_stages", "draw_trade"]

_LINE = "#333333"
_SEEN, _UNSEEN = "#CFE6F7", "#FFFFFF"


def draw_stacks(
    stacks: Mapping[str, Sequence[int]], *, title: str | None = None, width: int = 9
) -> Figure:
    """Draw rows of numbers, and which of them a number on top depends on.

    Parameters
    ----------
    stacks
        For each drawing its title and the kernel sizes of its layers, the first layer first; all
        odd, and none with a stride.
    title
        What to see.
    width
        How many numbers a row has.

    Returns
    -------
    matplotlib.figure.Figure
        A drawing each, the input at the bottom; what the number in the middle of the top row sees
        is blue.

    Examples
    --------
    >>> figure = draw_stacks({"two of 3": [3, 3], "one of 5": [5]})
    >>> [axes.get_title() for axes in figure.axes]
    ['two of 3', 'one of 5']
    """
    tallest = max(len(kernels) for kernels in stacks.values())
    size = {"width": 2.3 * len(stacks), "height": 0.4 * tallest + (1.0 if title else 0.7)}
    figure, axes = new_figure(1, len(stacks), title=title, **size)
    middle = width // 2
    for place, (name, kernels) in zip(axes[0], stacks.items(), strict=True):
        hide_frame(place)
        place.set(xlim=(-0.6, width - 0.4), ylim=(-0.55, 1.6 * tallest + 0.55), aspect="equal")
        place.set_title(name, loc="center")
        reach = [
            sum(kernel // 2 for kernel in kernels[level:]) for level in range(len(kernels) + 1)
        ]
        for level, seen in enumerate(reach):
            for column in range(width):
                colour = _SEEN if abs(column - middle) <= seen else _UNSEEN
                corner = (column - 0.4, 1.6 * level - 0.4)
                place.add_patch(Rectangle(corner, 0.8, 0.8, facecolor=colour, edgecolor=_LINE))
            if level == len(kernels):
                break
            for target in range(middle - reach[level + 1], middle + reach[level + 1] + 1):
                for source in range(target - kernels[level] // 2, target + kernels[level] // 2 + 1):
                    ends = ([source, target], [1.6 * level + 0.4, 1.6 * level + 1.2])
                    place.plot(*ends, color=palette["blue"], linewidth=0.8)
    return figure


def draw_stages(
    stages: Mapping[str, tuple[int, int]],
    *,
    title: str,
    limits: tuple[float, float] | None = None,
) -> Figure:
    """Draw the parameters and the multiply-accumulates of each stage of a network.

    Parameters
    ----------
    stages
        For each stage its parameters and its multiply-accumulates for one picture, the first
        stage first.
    title
        What to see.
    limits
        How far the two axes go, in millions; as far as is needed by default.

    Returns
    -------
    matplotlib.figure.Figure
        Bars of the parameters on the left, of the multiply-accumulates on the right, in millions.

    Examples
    --------
    >>> convolutions, linear = (14_714_688, 15_346_630_656), (123_642_856, 123_633_664)
    >>> stages = {"convolutions": convolutions, "linear": linear}
    >>> figure = draw_stages(stages, title="VGG-16")
    >>> [text.get_text() for text in figure.axes[0].texts]
    ['14.71', '123.64']
    """
    height = 0.34 * len(stages) + 1.15
    figure, axes = new_figure(1, 2, width=6.6, height=height, title=title)
    kinds = (("million parameters", "orange"), ("million multiply-accumulates", "blue"))
    for number, (place, (name, colour)) in enumerate(zip(axes[0], kinds, strict=True)):
        counts = [stage[number] / 1e6 for stage in stages.values()]
        places = range(len(counts))
        place.barh(places, counts, height=0.7, color=palette[colour])
        most = limits[number] if limits else max(counts)
        for row, count in zip(places, counts, strict=True):
            digits = 0 if count >= 1000 else 2
            place.text(count + 0.03 * most, row, f"{count:,.{digits}f}", va="center", fontsize=9)
        place.set_yticks(places, list(stages) if number == 0 else [""] * len(counts))
        place.set_title(name, fontsize=10)
        place.set(xlim=(0, 1.35 * most), xticks=[])
        place.invert_yaxis()
        place.spines["bottom"].set_visible(False)
    return figure


def draw_trade(
    networks: Mapping[str, tuple[float, float, float]],
    *,
    title: str,
    left: Sequence[str] = (),
) -> Figure:
    """Draw how well networks do over what they compute, larger circles for more parameters.

    Parameters
    ----------
    networks
        For each network its multiply-accumulates for one picture, its accuracy in per cent, and its
        parameters.
    title
        What to see.
    left
        Networks whose name stands on the left of the circle, so that names do not meet.

    Returns
    -------
    matplotlib.figure.Figure
        A circle for each network, whose area grows with its parameters.

    Examples
    --------
    >>> figure = draw_trade({"AlexNet": (714_188_480, 56.5, 61_100_840)}, title="The first")
    >>> figure.axes[0].texts[0].get_text()
    'AlexNet'
    """
    figure, axes = new_figure(width=6.2, height=3.4, title=title)
    place = axes[0, 0]
    colours = [palette[name] for name in ("grey", "orange", "green", "blue", "sky", "purple")]
    for (name, numbers), colour in zip(networks.items(), colours, strict=False):
        macs, accuracy, parameters = numbers
        area = parameters / 2e5  # in points, as `scatter` has it
        place.scatter(macs / 1e9, accuracy, s=area, color=colour, alpha=0.75)
        away = (4 + (area / pi) ** 0.5) * (-1 if name in left else 1)
        place.annotate(
            name,
            (macs / 1e9, accuracy),
            xytext=(away, 0),
            textcoords="offset points",
            ha="right" if name in left else "left",
            va="center",
            fontsize=9,
        )
    place.set_xscale("log")
    place.set(xlim=(0.4, 40), ylim=(50, 82), xlabel="billion multiply-accumulates per picture")
    place.set_xticks([0.5, 1, 2, 5, 10, 20], ["0.5", "1", "2", "5", "10", "20"])
    place.minorticks_off()
    place.set_ylabel("top-1 accuracy, %")
    place.grid(alpha=0.25)
    return figure


def draw_singular(values: Mapping[str, Sequence[float]], *, title: str) -> Figure:
    """Draw the singular values of matrices, the largest first.

    Parameters
    ----------
    values
        For each matrix its singular values, from 1 down.
    title
        What to see.

    Returns
    -------
    matplotlib.figure.Figure
        A curve each.

    Examples
    --------
    >>> figure = draw_singular({"gradient": [1.0, 0.1]}, title="One direction")
    >>> figure.axes[0].lines[0].get_label()
    'gradient'
    """
    figure, axes = new_figure(width=5.6, height=2.8, title=title)
    place = axes[0, 0]
    looks = zip(values.items(), ("blue", "vermillion", "green"), ("-", "--", ":"), strict=False)
    for (name, sizes), colour, dash in looks:
        place.plot(range(1, len(sizes) + 1), sizes, dash, color=palette[colour], label=name)
    place.set(ylim=(0, 1.03), xlabel="singular value", ylabel="share of the largest")
    place.grid(alpha=0.25)
    place.legend()
    return figure
