"""Drawings of the chapter on troubleshooting: the tree of questions behind a low accuracy."""

from __future__ import annotations

from typing import NamedTuple

from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from cvlib.figures.style import hide_frame, new_figure, palette

__all__ = ["SIGHTS", "TREE", "Question", "draw_tree"]


class Question(NamedTuple):
    """A question of the tree, and what to do where its answer is no."""

    asks: str
    remedy: str


#: The questions, from the first to the last; a yes leads on, a no to the remedy.
TREE = (
    Question(
        "Do the labels fit\nthe pictures,\nby eye?", "The data: order, colours,\nlevels, labels"
    ),
    Question("Is the first loss\nnear ln(classes)?", "Scale the pictures;\nsmaller first weights"),
    Question(
        "Can it learn one\nbatch by heart?", "Rate, zero_grad, double\nsoftmax, dead or frozen"
    ),
    Question("Is training\naccuracy high?", "It underfits: longer,\nlarger, less augmented"),
    Question("Is validation\nnearly as good?", "It overfits: more data,\nor eval() is forgotten"),
    Question("Is your own\npicture read, too?", "Other preprocessing:\nsize, place, colours"),
    Question("Is every class\nread alike?", "Rare classes: count each,\nweigh the loss"),
)
LAST = "Then ask people: how many\nlabels are right?"

#: What one may see, and the place in the tree of the question that it answers with no.
SIGHTS = {
    "training high, validation low": 4,
    "the loss stays at ln(classes)": 2,
    "the loss is nan": 2,
    "always the same answer": 2,
    "the first loss is far too high": 1,
    "training itself ends too low": 3,
    "it depends on the batch size": 4,
    "my own pictures are misread": 5,
    "a rare class is never answered": 6,
    "labels that look wrong": 0,
}

_ROW, _LEFT, _RIGHT = 1.0, 0.23, 0.75


def draw_tree(sight: str | None = None) -> Figure:
    r"""Draw the questions behind a low accuracy, one below another, with what to do at each.

    Parameters
    ----------
    sight
        One of ``SIGHTS``: the way to its question is blue, and its remedy orange. Without it,
        nothing is marked.

    Returns
    -------
    matplotlib.figure.Figure
        Questions left, remedies right, as wide as a phone.

    Raises
    ------
    ValueError
        If the sight is not known.

    Examples
    --------
    >>> figure = draw_tree("the loss is nan")
    >>> figure.axes[0].texts[-1].get_text()
    'Then ask people: how many\nlabels are right?'
    """
    if sight is not None and sight not in SIGHTS:
        raise ValueError(f"sight is {sight!r}; expected one of {', '.join(SIGHTS)}")
    ends = -1 if sight is None else SIGHTS[sight]
    title = "Ask from the top; stop at the first no" if sight is None else f"You see: {sight}"
    figure, axes = new_figure(width=3.2, height=5.6)
    place = axes[0, 0]
    hide_frame(place)
    rows = len(TREE) + 1
    place.set(xlim=(0, 1), ylim=(rows - 0.45, -0.5))
    place.set_title(title, fontsize=9, loc="center")
    for at, question in enumerate(TREE):
        on_the_way = at <= ends
        colour = palette["blue"] if on_the_way else "#888888"
        _box(figure, _LEFT, at, question.asks, colour, "#DCECF6" if on_the_way else "#F6F6F6")
        turns = at == ends
        other = palette["vermillion"] if turns else "#888888"
        _box(figure, _RIGHT, at, question.remedy, other, "#FBE3D3" if turns else "#FFFFFF")
        _arrow(figure, (0.43, at), (0.515, at), other, "no", (0.47, at - 0.13))
        onward = at < ends
        down = palette["blue"] if onward else "#888888"
        _arrow(figure, (_LEFT, at + 0.36), (_LEFT, at + 0.66), down, "yes", (0.32, at + 0.55))
    _box(figure, _LEFT + 0.06, len(TREE), LAST, "#888888", "#F6F6F6", width=0.56)
    return figure


def _box(
    figure: Figure, x: float, y: float, words: str, edge: str, fill: str, width: float | None = None
) -> None:
    place = figure.axes[0]
    width = width or (0.4 if x == _LEFT else 0.47)
    place.add_patch(
        FancyBboxPatch(
            (x - width / 2, y - 0.33),
            width,
            0.66,
            boxstyle="round,pad=0,rounding_size=0.02",
            facecolor=fill,
            edgecolor=edge,
            linewidth=1.2,
            mutation_aspect=8,
        )
    )
    place.text(x, y, words, ha="center", va="center", fontsize=8, color="#222222", linespacing=1.1)


def _arrow(
    figure: Figure,
    begin: tuple[float, float],
    end: tuple[float, float],
    colour: str,
    word: str,
    at: tuple[float, float],
) -> None:
    place = figure.axes[0]
    place.annotate(
        "",
        end,
        begin,
        arrowprops={"arrowstyle": "-|>", "color": colour, "shrinkA": 0, "shrinkB": 0},
    )
    place.text(*at, word, ha="center", va="center", fontsize=8, color=colour)
