"""Drawings of the chapter on augmentation: what moves along, and how strong is too strong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from torch import Tensor

from cvlib.figures.style import hide_frame, new_figure, palette

__all__ = ["draw_moved", "draw_strengths"]

_TRAIN, _HELD_OUT = palette["blue"], palette["vermillion"]
_COLOURS = [palette[name] for name in ("sky", "orange", "green", "purple")]


def draw_moved(views: Mapping[str, tuple[Tensor, Tensor, Tensor]]) -> Figure:
    """Draw pictures over their label maps, both with the boxes.

    Parameters
    ----------
    views
        By name, the picture (1, H, W) from 0 to 1, its label map (H, W), in which 0 is background
        and 255 lies outside of what was seen, and boxes (n, 4), as x, y, x, y in pixels. The
        object of number k has the k-th box.

    Returns
    -------
    matplotlib.figure.Figure
        A column a view.

    Examples
    --------
    >>> import torch
    >>> views = {"before": (torch.zeros(1, 8, 8), torch.zeros(8, 8), torch.tensor([[1, 1, 4, 4]]))}
    >>> [axes.get_title(loc="center") for axes in draw_moved(views).axes]
    ['before', 'its label map']
    """
    figure, axes = new_figure(2, len(views), width=2.6 * len(views), height=5.5)
    for column, (name, (picture, labels, boxes)) in enumerate(views.items()):
        painted = labels.new_zeros(*labels.shape, 3, dtype=picture.dtype)
        painted[labels == 255] = 0.45
        for number, colour in enumerate(_COLOURS, start=1):
            painted[labels == number] = picture.new_tensor(_parts(colour))
        axes[0, column].imshow(picture[0].numpy(), cmap="gray", vmin=0, vmax=1)
        axes[1, column].imshow(painted.numpy())
        axes[0, column].set_title(name, loc="center")
        axes[1, column].set_title("its label map", loc="center")
        for place in axes[:, column]:
            hide_frame(place)
            for colour, (left, top, right, bottom) in zip(_COLOURS, boxes.tolist(), strict=False):
                corner, size = (left - 0.5, top - 0.5), (right - left, bottom - top)
                place.add_patch(Rectangle(corner, *size, fill=False, color=colour, linewidth=1.8))
    return figure


def _parts(colour: str) -> list[float]:
    """Read ``#RRGGBB`` as three numbers from 0 to 1."""
    return [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]


def draw_strengths(
    train: Mapping[str, Sequence[float]], held_out: Mapping[str, Sequence[float]], *, title: str
) -> Figure:
    """Draw what a network reads right, against the strength of its augmentation.

    Parameters
    ----------
    train, held_out
        By what was tried, the accuracy with each seed. Names that are numbers are strengths, and
        joined by a curve; others stand beside them.
    title
        What to see.

    Returns
    -------
    matplotlib.figure.Figure
        A point a seed, and a curve through the means.

    Examples
    --------
    >>> train, held_out = {"0": [1.0, 1.0], "1": [0.9, 0.8]}, {"0": [0.7], "1": [0.8]}
    >>> figure = draw_strengths(train, held_out, title="Enough")
    >>> [line.get_label() for line in figure.axes[0].lines]
    ['training', 'validation']
    """
    figure, axes = new_figure(width=6.2, height=3.1, title=title)
    place = axes[0, 0]
    names = list(train)
    joined = sum(name.replace(".", "", 1).isdigit() for name in names)
    parts = (
        ("training", train, _TRAIN, "o", "-"),
        ("validation", held_out, _HELD_OUT, "s", "--"),
    )
    for name, accuracies, colour, marker, dash in parts:
        means = [sum(values) / len(values) for values in accuracies.values()]
        for number, values in enumerate(accuracies.values()):
            place.scatter([number] * len(values), values, s=14, color=colour, alpha=0.45)
        style = {"color": colour, "marker": marker, "markersize": 5}
        place.plot(range(joined), means[:joined], dash, label=name, **style)
        for number in range(joined, len(names)):
            place.plot([number], means[number:][:1], **style)
    place.set_xticks(range(len(names)), names)
    place.set(xlabel="strength" if joined else "", ylabel="accuracy")
    place.grid(alpha=0.25)
    figure.legend(loc="outside lower center", ncols=2)
    return figure
