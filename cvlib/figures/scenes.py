"""Drawings of the chapter on scenes: a chain of steps, relations, answers, and where they fail."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from torch import Tensor

from cvlib.figures.style import as_picture, hide_frame, new_figure, palette

__all__ = ["draw_answers", "draw_inks", "draw_links", "draw_relations"]


def draw_answers(
    picture: Tensor, things: Mapping[str, Tensor], said: Sequence[tuple[str, str, str]], title: str
) -> Figure:
    """Draw what was found in a picture, and below it questions, answers and the truth.

    Parameters
    ----------
    picture
        (3, H, W).
    things
        ``"boxes"`` and ``"labels"`` of what was found.
    said
        Questions, each with the answer that was given and the one that is right.
    title
        What to see.

    Returns
    -------
    matplotlib.figure.Figure
        The picture; a wrong answer says what would be right.

    Examples
    --------
    >>> import torch
    >>> nothing = {"boxes": torch.zeros(0, 4), "labels": torch.zeros(0, dtype=torch.int64)}
    >>> asked = [("How many?", "0", "2")]
    >>> figure = draw_answers(torch.zeros(3, 9, 9), nothing, asked, "A picture")
    >>> [text.get_text() for text in figure.axes[1].texts]
    ['How many?', '0, not 2']
    """
    figure, axes = new_figure(
        2,
        1,
        width=3.2,
        height=3.5 + 0.42 * len(said),
        title=title,
        gridspec_kw={"height_ratios": [3, 0.42 * len(said)]},
    )
    place, below = axes[:, 0]
    for each in (place, below):
        hide_frame(each)
    shown = as_picture(picture)
    height, width = shown.shape[:2]
    place.imshow(shown, extent=(0, width, height, 0), interpolation="nearest")
    for box, label in zip(things["boxes"].tolist(), things["labels"].tolist(), strict=True):
        left, top, right, bottom = box
        size = right - left, bottom - top
        for colour, line in (("#000000", 3.5), (palette["orange"], 2)):
            place.add_patch(
                Rectangle((left, top), *size, fill=False, edgecolor=colour, linewidth=line)
            )
        place.text(
            *(max(left, 1), max(top - 1.5, 6)),
            str(label),
            fontsize=10,
            weight="bold",
            color="#000000",
            bbox={"facecolor": palette["orange"], "edgecolor": "none", "pad": 1},
        )
    place.set(xlim=(0, width), ylim=(height, 0))
    below.set(xlim=(0, 1), ylim=(len(said) - 0.2, -0.4))
    for row, (question, answer, truth) in enumerate(said):
        right = answer == truth
        below.text(0, row, question, fontsize=9, va="center")
        below.text(
            0.04,
            row + 0.42,
            answer if right else f"{answer}, not {truth}",
            fontsize=9,
            va="center",
            weight="bold",
            color=palette["green"] if right else palette["vermillion"],
        )
    return figure


def draw_inks(
    picture: Tensor, boxes: Tensor, foreground: Tensor, digits: Sequence[Tensor], titles: Any
) -> Figure:
    """Draw a picture with boxes, its foreground, and each digit as a network reads it.

    Parameters
    ----------
    picture
        (3, H, W).
    boxes
        (n, 4).
    foreground
        (H, W), from 0 to 1.
    digits
        n pictures (28, 28).
    titles
        What to see in each of them.

    Returns
    -------
    matplotlib.figure.Figure
        All in one row.

    Examples
    --------
    >>> import torch
    >>> parts = torch.zeros(3, 9, 9), torch.zeros(1, 4), torch.zeros(9, 9)
    >>> len(draw_inks(*parts, [torch.zeros(28, 28)], ["a 3"]).axes)
    3
    """
    count = 2 + len(digits)
    figure, axes = new_figure(1, count, width=7.0, height=7.0 / count + 0.6)
    for place in axes.flat:
        hide_frame(place)
    places = axes.flat
    for place, shown, what in zip(
        places,
        (picture, foreground, *digits),
        ("boxes", "foreground", *titles),
        strict=True,
    ):
        seen = as_picture(shown)
        place.imshow(
            seen,
            extent=(0, seen.shape[1], seen.shape[0], 0),
            vmin=0,
            vmax=1 if seen.ndim == 2 else None,
        )
        place.set_title(what, loc="center", fontsize=9)
    for left, top, right, bottom in boxes.tolist():
        axes[0, 0].add_patch(
            Rectangle(
                (left, top),
                right - left,
                bottom - top,
                fill=False,
                edgecolor=palette["orange"],
                linewidth=1.5,
            )
        )
    return figure


def draw_relations(tables: Mapping[str, Tensor], labels: Sequence[int], title: str) -> Figure:
    """Draw for each relation which object has it to which.

    Parameters
    ----------
    tables
        For each relation ``bool``, (n, n): the row has it to the column.
    labels
        The digits.
    title
        What to see.

    Returns
    -------
    matplotlib.figure.Figure
        A chequered square for each relation.

    Examples
    --------
    >>> import torch
    >>> figure = draw_relations({"above": torch.ones(2, 2, dtype=torch.bool)}, [7, 3], "Pairs")
    >>> figure.axes[0].get_title()
    'above'
    """
    figure, axes = new_figure(
        1, len(tables), width=7.0, height=7.0 / len(tables) + 0.7, title=title
    )
    names = [str(label) for label in labels]
    for place, (name, table) in zip(axes.flat, tables.items(), strict=True):
        place.imshow(table.float().numpy(), cmap="Blues", vmin=0, vmax=1.4)
        place.set_xticks(range(len(names)), names)
        place.set_yticks(range(len(names)), names)
        place.set_title(name, loc="center", fontsize=10)
        place.tick_params(length=0)
    return figure


def draw_links(shares: Mapping[str, float], title: str) -> Figure:
    """Draw how many answers are right, with one link after another replaced by the truth.

    Parameters
    ----------
    shares
        For each chain the share of answers that are right.
    title
        What to see.

    Returns
    -------
    matplotlib.figure.Figure
        A bar for each.

    Examples
    --------
    >>> figure = draw_links({"all": 0.5}, "Half")
    >>> [text.get_text() for text in figure.axes[0].get_yticklabels()]
    ['all']
    """
    figure, axes = new_figure(width=5.6, height=0.5 + 0.36 * len(shares), title=title)
    place = axes[0, 0]
    names = list(shares)
    place.barh(range(len(names)), list(shares.values()), color=palette["blue"], height=0.6)
    place.set_yticks(range(len(names)), names)
    place.invert_yaxis()
    place.set(xlim=(0, 1), xlabel="answers that are right")
    place.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", "25 %", "50 %", "75 %", "100 %"])
    return figure
