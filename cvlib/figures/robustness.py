"""Drawings of the chapter on robustness: balls, changes, what a network answers to both."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Circle, Rectangle
from torch import Tensor

from cvlib.figures.style import as_picture, hide_frame, new_figure, palette

__all__ = ["draw_answers", "draw_attacks", "draw_balls", "draw_strength"]

_CHANGES = LinearSegmentedColormap.from_list(
    "changes", [palette["vermillion"], "#FFFFFF", palette["blue"]]
)
_DASHES = ("-", "--", "-.", ":")


def draw_balls(
    weight: Sequence[float],
    bias: float,
    point: Sequence[float],
    epsilon: float,
    *,
    title: str,
) -> Figure:
    """Draw two pixels' plane: a linear network's border, a picture, and both balls around it.

    Parameters
    ----------
    weight, bias
        The network: its score is ``weight @ x + bias``, and above 0 the answer is right.
    point
        The picture, two numbers from 0 to 1.
    epsilon
        The radius of both balls.
    title
        What to see.

    Returns
    -------
    matplotlib.figure.Figure
        A drawing; arrows lead to the worst point of each ball.

    Examples
    --------
    >>> figure = draw_balls((2, -1), -0.5, (0.6, 0.4), 0.125, title="Two balls")
    >>> [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    ['no pixel by more than 0.125', 'length at most 0.125']
    """
    figure, axes = new_figure(width=4.6, height=3.9, title=title)
    place = axes[0, 0]
    w, x = np.asarray(weight, dtype=float), np.asarray(point, dtype=float)
    # The border: points at which the score is 0, followed along its own direction.
    foot = x - (w @ x + bias) / (w @ w) * w
    along = np.array([-w[1], w[0]]) / np.hypot(*w)
    ends = np.stack([foot - 2 * along, foot + 2 * along])
    place.plot(ends[:, 0], ends[:, 1], color=palette["grey"], linewidth=1.5)
    corner = tuple(x - epsilon)
    square, round_ = palette["vermillion"], palette["blue"]
    label = f"no pixel by more than {epsilon:g}"
    place.add_patch(
        Rectangle(corner, 2 * epsilon, 2 * epsilon, fill=False, ec=square, lw=2, label=label)
    )
    label = f"length at most {epsilon:g}"
    place.add_patch(Circle(tuple(x), epsilon, fill=False, ec=round_, lw=2, ls="--", label=label))
    for end, colour in (
        (x - epsilon * np.sign(w), square),
        (x - epsilon * w / np.hypot(*w), round_),
    ):
        place.annotate(
            "",
            end,
            x,
            arrowprops={"arrowstyle": "->", "color": colour, "lw": 1.8, "shrinkA": 0, "shrinkB": 0},
        )
    place.plot(*x, "o", color="#222222", markersize=5)
    reach = 2 * epsilon
    place.set(xlim=(x[0] - reach, x[0] + reach), ylim=(x[1] - reach, x[1] + reach))
    place.set(aspect="equal", xlabel="first pixel", ylabel="second pixel")
    place.text(0.97, 0.03, "right answer", transform=place.transAxes, ha="right", fontsize=9)
    place.text(0.03, 0.94, "wrong answer", transform=place.transAxes, fontsize=9)
    figure.legend(*place.get_legend_handles_labels(), loc="outside lower center", fontsize=9)
    place.legend().set_visible(False)
    return figure


def draw_attacks(
    picture: Tensor,
    changed: Mapping[str, Tensor],
    answers: Sequence[str],
    *,
    epsilon: float,
    title: str,
) -> Figure:
    r"""Draw a picture, and below it what several attacks change and what comes of it.

    Parameters
    ----------
    picture
        ``(C, H, W)``, from 0 to 1.
    changed
        By the attack's name, pictures of the same shape.
    answers
        What the network says of the picture, and then of each changed one.
    epsilon
        The change that is drawn darkest.
    title
        What to see.

    Returns
    -------
    matplotlib.figure.Figure
        Two rows: the pictures with the answers, and the changes, blue where a pixel became
        brighter, orange where it became darker; of a picture in colour, the mean over colours.

    Examples
    --------
    >>> import torch
    >>> black = torch.zeros(1, 8, 8)
    >>> figure = draw_attacks(black, {"noise": black + 0.1}, ["7", "1"], epsilon=0.1, title="One")
    >>> [place.get_title() for place in figure.axes[:2]]
    ['as it was\n“7”', 'noise\n“1”']
    """
    columns = len(changed) + 1
    width = min(7.0, 1.75 * columns)
    each = width / columns
    figure, axes = new_figure(2, columns, width=width, height=2 * each + 0.9, title=title)
    pictures = {"as it was": picture, **changed}
    for at, (name, some) in enumerate(pictures.items()):
        above, below = axes[0, at], axes[1, at]
        hide_frame(above)
        hide_frame(below)
        above.imshow(as_picture(some), cmap="gray", vmin=0, vmax=1, interpolation="nearest")
        above.set_title(f"{name}\n“{answers[at]}”", loc="center", fontsize=9)
        if at:
            change = as_picture((some - picture).mean(0))
            below.imshow(
                change, cmap=_CHANGES, vmin=-epsilon, vmax=epsilon, interpolation="nearest"
            )
            below.set_title("the change", loc="center", fontsize=9)
    return figure


def draw_strength(
    picture: Tensor,
    changed: Tensor,
    answer: str,
    curves: Mapping[str, Sequence[float]],
    epsilons: Sequence[float],
    chosen: tuple[str, float],
) -> Figure:
    """Draw an attack of some strength on a picture, and how many answers are left at each strength.

    Parameters
    ----------
    picture, changed
        ``(1, H, W)``, before and after.
    answer
        What the network says of the changed one.
    curves
        For each attack, the accuracy at each strength.
    epsilons
        The strengths.
    chosen
        Which attack and which strength are shown.

    Returns
    -------
    matplotlib.figure.Figure
        Above the change and the changed picture, below the curves, with the chosen point.

    Examples
    --------
    >>> import torch
    >>> black = torch.zeros(1, 8, 8)
    >>> figure = draw_strength(black, black, "0", {"FGSM": [1, 0.5]}, [0, 0.1], ("FGSM", 0.1))
    >>> figure.axes[0].get_title().split()
    ['the', 'change', 'answer:', '0']
    """
    figure, axes = new_figure(2, 1, width=3.2, height=3.9, height_ratios=(1, 1.15))
    _placed(figure, (0.04, 0.56, 0.92, 0.38), (0.2, 0.13, 0.76, 0.41))
    pair, curve = axes[:, 0]
    name, epsilon = chosen
    limit = max(epsilons)
    hide_frame(pair)
    side = picture.shape[-1]
    # One plot for both: a frame of an explorer is drawn the sooner.
    change = as_picture(changed - picture)
    pair.imshow(
        change,
        cmap=_CHANGES,
        vmin=-limit,
        vmax=limit,
        interpolation="nearest",
        extent=(0, side, side, 0),
    )
    pair.imshow(
        as_picture(changed),
        cmap="gray",
        vmin=0,
        vmax=1,
        interpolation="nearest",
        extent=(1.15 * side, 2.15 * side, side, 0),
    )
    pair.set(xlim=(0, 2.15 * side), ylim=(side, 0), aspect="equal")
    pair.set_title(f"the change{' ' * 14}answer: {answer}", loc="center", fontsize=9)
    colours = (palette["grey"], palette["blue"], palette["vermillion"])
    for at, (label, values) in enumerate(curves.items()):
        dash, colour = _DASHES[at % len(_DASHES)], colours[at % len(colours)]
        curve.plot(epsilons, values, dash, color=colour, label=label)
    curve.plot([epsilon], [curves[name][list(epsilons).index(epsilon)]], "o", color="#222222")
    curve.set(xlim=(-0.01, limit + 0.01), ylim=(-0.03, 1.03), xlabel="ε", ylabel="accuracy")
    curve.legend(fontsize=8, loc="lower left")
    return figure


def draw_answers(
    pictures: Sequence[Tensor],
    answers: Mapping[str, Sequence[int]],
    labels: Sequence[int],
    *,
    title: str,
    columns: int = 3,
) -> Figure:
    """Draw pictures with what several networks say of them.

    Parameters
    ----------
    pictures
        ``(1, H, W)`` each, from 0 to 1.
    answers
        By the network's name, an answer for each picture.
    labels
        The right answers.
    title
        What to see.
    columns
        How many stand in a row.

    Returns
    -------
    matplotlib.figure.Figure
        The pictures. A line below each for each network; wrong answers are in bold and orange.

    Examples
    --------
    >>> import torch
    >>> figure = draw_answers([torch.zeros(1, 8, 8)], {"one": [3]}, [5], title="Wrong")
    >>> [text.get_text() for text in figure.axes[0].texts]
    ['one: 3']
    """
    height, width = pictures[0].shape[1:]
    row, step = height * (1.08 + 0.19 * len(answers)), width * 1.12
    rows = math.ceil(len(pictures) / columns)
    figure, axes = new_figure(width=3.2, height=3.2 * rows * row / (columns * step) + 0.3)
    place = axes[0, 0]
    hide_frame(place)
    _placed(figure, (0.02, 0.02, 0.96, 0.87))
    # One plot for all: a frame of an explorer is drawn in a fifth of the time.
    for at, picture in enumerate(pictures):
        left, top = at % columns * step, at // columns * row
        extent = (left, left + width, top + height, top)
        place.imshow(
            as_picture(picture), cmap="gray", vmin=0, vmax=1, interpolation="nearest", extent=extent
        )
        for line, (name, said) in enumerate(answers.items()):
            right = said[at] == labels[at]
            place.text(
                left + width / 2,
                top + height * (1.03 + 0.19 * line),
                f"{name}: {said[at]}",
                ha="center",
                va="top",
                fontsize=8.5,
                color="#222222" if right else palette["vermillion"],
                weight="normal" if right else "bold",
            )
    place.set(xlim=(0, columns * step - 0.12 * width), ylim=(rows * row, 0), aspect="equal")
    place.set_title(title, loc="center", fontsize=10)
    return figure


def _placed(figure: Figure, *boxes: tuple[float, float, float, float]) -> None:
    """Place the plots by hand: to measure all texts takes a third of the time of a frame."""
    figure.set_layout_engine("none")
    for place, box in zip(figure.axes, boxes, strict=True):
        place.set_position(box)
