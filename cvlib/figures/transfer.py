"""Drawings of the chapter on transfer: what is kept, what is answered, and what lies near what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch
from torch import Tensor

from cvlib.figures.style import as_picture, hide_frame, new_figure, palette

__all__ = [
    "draw_answers",
    "draw_cosines",
    "draw_map",
    "draw_neighbours",
    "draw_plan",
    "draw_unfrozen",
]

_MARKS = ("o", "s", "^", "D", "v", "P")
_KEPT, _NEW, _LINE = "#CFE6F7", "#FBE3B5", "#333333"


def draw_plan(blocks: int, learning: int, *, title: str) -> Figure:
    """Draw a network cut in two: blocks that are kept, blocks that go on learning, a new head.

    Parameters
    ----------
    blocks
        How many blocks its features have.
    learning
        How many of them learn, counted from the last.
    title
        What to see.

    Returns
    -------
    matplotlib.figure.Figure
        Boxes in a row, from the picture to the scores.

    Examples
    --------
    >>> figure = draw_plan(19, 5, title="Cut")
    >>> "goes on learning" in [text.get_text() for text in figure.axes[0].texts]
    True
    """
    figure, axes = new_figure(width=6.4, height=2.1, title=title)
    place = axes[0, 0]
    hide_frame(place)
    place.set(xlim=(-3.4, blocks + 7.6), ylim=(-1.35, 1.6))
    place.text(-1.9, 0, "picture", ha="center", va="center", fontsize=9)
    for number in range(blocks):
        fill = _NEW if number >= blocks - learning else _KEPT
        place.add_patch(_box(number + 0.1, -0.6, 0.8, 1.2, fill))
    middle = blocks - learning / 2
    place.text((blocks - learning) / 2, 1.15, "kept", ha="center", va="center", fontsize=9)
    if learning:
        place.text(middle, 1.15, "goes on learning", ha="center", va="center", fontsize=9)
    place.text(blocks / 2, -1.05, f"{blocks} blocks", ha="center", va="center", fontsize=9)
    place.text(blocks + 1.6, 0, "1,280\nnumbers", ha="center", va="center", fontsize=9)
    place.add_patch(_box(blocks + 3.6, -0.6, 0.8, 1.2, _NEW))
    place.text(blocks + 4, -1.05, "head", ha="center", va="center", fontsize=9)
    place.text(blocks + 4, 1.15, "new", ha="center", va="center", fontsize=9)
    place.text(blocks + 6, 0, "scores", ha="center", va="center", fontsize=9)
    for start, end in ((-0.6, 0), (blocks + 3.2, blocks + 3.6), (blocks + 4.5, blocks + 4.9)):
        place.annotate("", (end, 0), (start, 0), arrowprops={"arrowstyle": "->", "color": _LINE})
    return figure


def draw_unfrozen(
    reached: Mapping[int, Sequence[float]],
    learning: int,
    *,
    blocks: int,
    rivals: Mapping[str, float],
    title: str,
    limits: tuple[float, float],
) -> Figure:
    """Draw which blocks of a network learn, and below it what was reached with that many.

    Parameters
    ----------
    reached
        By how many blocks learnt, from few to many, the accuracy of each seed.
    learning
        How many learn here: one of ``reached``.
    blocks
        How many blocks there are.
    rivals
        What others reached, by name: a line each.
    title
        What to see.
    limits
        The lowest and the highest accuracy of the axis.

    Returns
    -------
    matplotlib.figure.Figure
        The blocks as boxes, those that learn in another colour; a dot for each seed and a line
        through the means, the chosen number of blocks in another colour.

    Examples
    --------
    >>> few = {0: [0.5, 0.6], 2: [0.7]}
    >>> figure = draw_unfrozen(few, 2, blocks=3, rivals={}, title="More", limits=(0, 1))
    >>> [text.get_text() for text in figure.axes[1].texts]
    ['0.70']
    """
    figure, axes = new_figure(2, 1, width=5.6, height=4.2, title=title, height_ratios=(1, 3.2))
    row, place = axes[:, 0]
    hide_frame(row)
    row.set(xlim=(-0.3, blocks + 2.3), ylim=(-1.0, 0.9))
    for number in range(blocks):
        fill = _NEW if number >= blocks - learning else _KEPT
        row.add_patch(_box(number + 0.1, -0.5, 0.8, 1.0, fill))
    row.add_patch(_box(blocks + 0.6, -0.5, 1.2, 1.0, _NEW))
    for where, word in ((blocks / 2, f"{blocks} blocks"), (blocks + 1.2, "head")):
        row.text(where, -0.85, word, ha="center", va="center", fontsize=9)

    means = [sum(seeds) / len(seeds) for seeds in reached.values()]
    spots = range(len(reached))
    place.plot(spots, means, color=palette["blue"], linewidth=1.5)
    for spot, (count, seeds) in enumerate(reached.items()):
        colour = palette["vermillion" if count == learning else "blue"]
        place.plot([spot] * len(seeds), seeds, "o", color=colour, markersize=5, alpha=0.7)
    chosen = list(reached).index(learning)
    place.plot([chosen], [means[chosen]], "D", color=palette["vermillion"], markersize=8)
    above = {"xytext": (0, 10), "textcoords": "offset points", "ha": "center"}
    place.annotate(f"{means[chosen]:.2f}", (chosen, max(reached[learning])), fontsize=10, **above)
    for (name, value), dash in zip(rivals.items(), ("--", ":", "-."), strict=False):
        place.axhline(value, color=palette["grey"], linestyle=dash, linewidth=1.2, label=name)
    place.set(xlim=(-0.4, len(reached) - 0.6), ylim=limits, ylabel="test accuracy")
    place.set_xticks(spots, [str(count) for count in reached])
    place.set_xlabel("blocks that learn")
    place.grid(axis="y", alpha=0.25)
    if rivals:
        place.legend(loc="lower right", fontsize=9)
    return figure


def draw_answers(
    pictures: Sequence[Any], answers: Sequence[Sequence[tuple[str, float]]], *, title: str
) -> Figure:
    """Draw pictures and, beside each, a network's first answers with their probabilities.

    Parameters
    ----------
    pictures
        Tensors ``(C, H, W)`` or arrays.
    answers
        For each picture names and probabilities, the most probable first.
    title
        What to see.

    Returns
    -------
    matplotlib.figure.Figure
        A row for each picture: the picture, and bars.

    Examples
    --------
    >>> import torch
    >>> figure = draw_answers([torch.zeros(3, 2, 2)], [[("cat", 0.9), ("dog", 0.1)]], title="Cat")
    >>> [text.get_text() for text in figure.axes[1].texts]
    ['cat 0.90', 'dog 0.10']
    """
    figure, axes = new_figure(
        len(pictures), 2, width=5.2, height=1.35 * len(pictures) + 0.4, title=title
    )
    for row, picture, names in zip(axes, pictures, answers, strict=True):
        hide_frame(row[0])
        row[0].imshow(as_picture(picture))
        hide_frame(row[1])
        row[1].set(xlim=(0, 1), ylim=(len(names) - 0.4, -0.8))
        for place, (name, probability) in enumerate(names):
            row[1].barh(place, probability, height=0.3, color=palette["blue"])
            words = f"{name} {probability:.2f}"
            row[1].text(0, place - 0.38, words, ha="left", va="center", fontsize=9)
    return figure


def draw_neighbours(
    picture: Any,
    name: str,
    rows: Mapping[str, Sequence[tuple[Any, str]]],
    *,
    title: str | None = None,
) -> Figure:
    """Draw a picture, and its nearest neighbours in several spaces, a row for each space.

    Parameters
    ----------
    picture
        The one whose neighbours they are.
    name
        Its class.
    rows
        For each space the neighbours, the nearest first: the picture, and its class. A class that
        is not ``name`` is written in another colour.
    title
        What to see.

    Returns
    -------
    matplotlib.figure.Figure
        The picture at the left of the first row, the neighbours in rows beside it.

    Examples
    --------
    >>> import torch
    >>> near = [(torch.zeros(3, 2, 2), "cat"), (torch.zeros(3, 2, 2), "dog")]
    >>> figure = draw_neighbours(torch.zeros(3, 2, 2), "cat", {"pixels": near})
    >>> [axes.get_title(loc="center") for axes in figure.axes if axes.get_title(loc="center")]
    ['cat', 'cat', 'dog']
    """
    count = max(len(near) for near in rows.values())
    figure, axes = new_figure(
        len(rows), count + 1, width=1.0 * (count + 1), height=1.15 * len(rows) + 0.3, title=title
    )
    for line in axes:
        for place in line:
            hide_frame(place)
    axes[0, 0].imshow(as_picture(picture))
    axes[0, 0].set_title(name, fontsize=9, loc="center", fontweight="bold")
    for line, (space, near) in zip(axes, rows.items(), strict=True):
        below = line[0] is axes[0, 0]
        spot, align = (-0.1, "top") if below else (0.5, "center")
        where = {"ha": "center", "va": align, "transform": line[0].transAxes}
        line[0].text(0.5, spot, space, fontsize=9, **where)
        for place, (neighbour, of) in zip(line[1:], near, strict=False):
            place.imshow(as_picture(neighbour))
            colour = "#222222" if of == name else palette["vermillion"]
            place.set_title(of, fontsize=9, loc="center", color=colour)
    return figure


def draw_map(
    spaces: Mapping[str, Tensor], labels: Tensor, names: Mapping[int, str], *, title: str
) -> Figure:
    """Draw pictures as points of a plane, in several spaces, a colour and a mark for each class.

    Parameters
    ----------
    spaces
        For each space the points, ``(N, 2)``.
    labels
        ``(N,)``: the class of each.
    names
        Which classes are drawn, by label, and their names: six at most.
    title
        What to see.

    Returns
    -------
    matplotlib.figure.Figure
        A plot for each space, beside each other.

    Examples
    --------
    >>> import torch
    >>> points, labels = torch.rand(4, 2), torch.tensor([0, 0, 1, 2])
    >>> figure = draw_map({"pixels": points}, labels, {0: "cat", 1: "dog"}, title="Two heaps")
    >>> [len(points.get_offsets()) for points in figure.axes[0].collections]
    [2, 1]
    """
    figure, axes = new_figure(1, len(spaces), width=3.2 * len(spaces), height=3.4, title=title)
    for place, (space, points) in zip(axes[0], spaces.items(), strict=True):
        for (label, name), colour, mark in zip(
            names.items(), palette.values(), _MARKS, strict=False
        ):
            x, y = points[labels == label].T.tolist()
            place.scatter(x, y, s=18, marker=mark, color=colour, label=name, linewidth=0)
        place.set_title(space)
        place.set(xticks=[], yticks=[])
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return figure


def draw_cosines(
    cosines: Tensor,
    right: Sequence[int],
    pictures: Sequence[Any],
    captions: Sequence[str],
    *,
    title: str,
) -> Figure:
    """Draw how similar pictures and captions are, and which caption is the right one.

    Parameters
    ----------
    cosines
        ``(pictures, captions)``, from -1 to 1.
    right
        For each picture the place of its caption.
    pictures
        Tensors ``(C, H, W)`` or arrays; they stand above the points.
    captions
        For each picture the words of the right caption, which stand below it.
    title
        What to see.

    Returns
    -------
    matplotlib.figure.Figure
        A column of points for each picture, a point for each caption.

    Examples
    --------
    >>> import torch
    >>> shown = torch.zeros(2, 3, 4, 4)
    >>> figure = draw_cosines(torch.eye(2), [0, 1], shown, ["one", "two"], title="Pairs")
    >>> figure.axes[0].collections[1].get_offsets().tolist()
    [[0.0, 1.0], [1.0, 1.0]]
    """
    figure, axes = new_figure(width=6.4, height=4.2, title=title)
    place, count = axes[0, 0], len(pictures)
    values = cosines.tolist()
    others = [
        (column, value)
        for column, (row, best) in enumerate(zip(values, right, strict=True))
        for number, value in enumerate(row)
        if number != best
    ]
    x, y = zip(*others, strict=True)
    place.scatter(x, y, s=12, color=palette["grey"], alpha=0.6, linewidth=0, label="other captions")
    of_right = [row[best] for row, best in zip(values, right, strict=True)]
    colour = palette["vermillion"]
    place.scatter(range(count), of_right, s=40, marker="s", color=colour, label="the right caption")
    place.set(xlim=(-0.5, count - 0.5), ylim=(-1, 1.35), ylabel="cosine", yticks=(-1, 0, 1))
    words = [caption.replace(" ", "\n") for caption in captions]
    place.set_xticks(range(count), words, fontsize=9)
    for column, picture in enumerate(pictures):
        inset = place.inset_axes(((column + 0.1) / count, 0.86, 0.8 / count, 0.14))
        hide_frame(inset)
        inset.imshow(as_picture(picture))
    figure.legend(*place.get_legend_handles_labels(), loc="outside lower center", ncols=2)
    return figure


def _box(left: float, bottom: float, width: float, height: float, colour: str) -> FancyBboxPatch:
    style = "round,pad=0,rounding_size=0.12"
    return FancyBboxPatch(
        (left, bottom), width, height, boxstyle=style, facecolor=colour, edgecolor=_LINE
    )
