"""Drawings of the chapter on MLP and CNN: what a row of numbers forgets, and what it costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from torch import Tensor

from cvlib.figures.style import as_picture, hide_frame, new_figure, palette

__all__ = ["draw_flattening", "draw_growth", "draw_learning", "draw_scores"]

_NETWORKS = {"MLP": ("blue", "o"), "CNN": ("vermillion", "s")}
_STRIP = 0.14  # height of the row of numbers, as a share of the picture's


def draw_flattening(
    picture: Tensor, orders: Mapping[str, Tensor], pixel: tuple[int, int]
) -> Figure:
    """Draw a picture in several orders of its pixels, each above the row that flattening makes.

    Parameters
    ----------
    picture
        Shape (1, H, W).
    orders
        By what is said above it, the order of the pixels: shape (H · W,), at each place of the row
        the place from which its number comes.
    pixel
        Row and column of a pixel inside the picture, which is marked with its four neighbours.

    Returns
    -------
    matplotlib.figure.Figure
        A column an order: the picture, and below it the row, with the five pixels marked in both.

    Examples
    --------
    >>> import torch
    >>> picture = torch.eye(4)[None]
    >>> figure = draw_flattening(picture, {"as it is": torch.arange(16)}, pixel=(1, 2))
    >>> figure.axes[0].get_title(loc="left")
    'as it is'
    """
    height, width = picture.shape[-2:]
    row, column = pixel
    cross = [(row, column), (row - 1, column), (row + 1, column), (row, column - 1)]
    places = [r * width + c for r, c in [*cross, (row, column + 1)]]
    figure, axes = new_figure(
        2, len(orders), width=3.3 * len(orders), height=3.9, height_ratios=(1, _STRIP)
    )
    for above, below, (name, order) in zip(*axes, orders.items(), strict=True):
        numbers = picture.flatten()[order]
        above.imshow(as_picture(numbers.view(height, width)), cmap="gray")
        below.imshow(as_picture(numbers[None]), cmap="gray", aspect="auto")
        above.set_title(name, loc="left")
        below.set_xlabel(f"the row of {height * width} numbers")
        for place in (above, below):
            hide_frame(place)
        for number, at in enumerate(places):
            (found,) = (order == at).nonzero()[0].tolist()
            _mark(above, below, divmod(found, width), found, "vermillion" if number else "sky")
    return figure


def _mark(above: Axes, below: Axes, pixel: tuple[int, int], place: int, name: str) -> None:
    row, column = pixel
    corner, colour = (column - 0.5, row - 0.5), palette[name]
    front = 4 if name == "sky" else 3
    box = Rectangle(corner, 1, 1, fill=False, edgecolor=colour, linewidth=1.8, zorder=front)
    above.add_patch(box)
    below.axvline(place, color=colour, linewidth=1.8, zorder=front)


def draw_growth(
    sides: Sequence[int], parameters: Mapping[str, Sequence[int]], *, title: str
) -> Figure:
    """Draw how many parameters a layer needs for pictures of several sizes.

    Parameters
    ----------
    sides
        The side of each picture in pixels.
    parameters
        By the layer's name, how many parameters it has for each of them.
    title
        What to see.

    Returns
    -------
    matplotlib.figure.Figure
        A curve a layer, both axes logarithmic.

    Examples
    --------
    >>> counts = {"connected": [10, 40], "kernel": [9, 9]}
    >>> figure = draw_growth([28, 56], counts, title="Four times")
    >>> [text.get_text() for text in figure.axes[0].texts]
    ['connected', 'kernel']
    """
    figure, axes = new_figure(width=6.2, height=3.2, title=title)
    place = axes[0, 0]
    for (name, counts), colour, dash in zip(
        parameters.items(), palette.values(), ("-", "--", "-.", ":"), strict=False
    ):
        place.loglog(sides, counts, dash, color=colour, marker="o", markersize=4)
        place.text(sides[0], counts[0] * 5, name, color=colour, fontsize=10)
    place.set(xlabel="side of the picture in pixels", ylabel="parameters")
    place.minorticks_off()
    place.set_xticks(sides, [str(side) for side in sides])
    place.margins(y=0.12)
    place.grid(alpha=0.25)
    return figure


def draw_learning(curves: Mapping[str, Sequence[Sequence[float]]], *, title: str) -> Figure:
    """Draw the accuracy after each epoch, recipe by recipe and seed by seed.

    Parameters
    ----------
    curves
        By the name of the recipe, for each seed, the accuracy after each epoch.
    title
        What to see.

    Returns
    -------
    matplotlib.figure.Figure
        A curve for each seed; those of one recipe share colour and dash.

    Examples
    --------
    >>> figure = draw_learning({"slowly": [[0.1, 0.2]], "well": [[0.7, 0.8]]}, title="Slow")
    >>> [line.get_label() for line in figure.axes[0].lines]
    ['slowly', 'well']
    """
    figure, axes = new_figure(width=6.2, height=3.4, title=title)
    place = axes[0, 0]
    looks = zip(palette.values(), ("-", "--", "-.", ":"), "os^D", strict=False)
    for (name, seeds), (colour, dash, marker) in zip(curves.items(), looks, strict=False):
        for number, values in enumerate(seeds):
            line = {"color": colour, "marker": marker, "markersize": 4, "linestyle": dash}
            label = "_nolegend_" if number else name
            place.plot(range(1, len(values) + 1), values, label=label, **line)
    place.set(xlabel="epoch", ylabel="accuracy on held-out pictures", ylim=(0, 1))
    longest = max(len(values) for seeds in curves.values() for values in seeds)
    place.set_xticks(range(1, longest + 1))
    place.grid(alpha=0.25)
    figure.legend(loc="outside lower center", ncols=2, handlelength=4)
    return figure


def draw_scores(
    scores: Mapping[str, Mapping[str, Sequence[float]]],
    *,
    title: str,
    limits: tuple[float, float] | None = None,
) -> Figure:
    """Draw the accuracies of both networks, seed by seed.

    Parameters
    ----------
    scores
        For each kind of pictures, by network ("MLP", "CNN"), the accuracy with each seed.
    title
        What to see.
    limits
        Of the axis of accuracy; as the data are by default.

    Returns
    -------
    matplotlib.figure.Figure
        A row a kind: a small mark a seed, a large one for the mean.

    Examples
    --------
    >>> figure = draw_scores({"as they are": {"MLP": [0.8], "CNN": [0.9]}}, title="The CNN wins")
    >>> [label.get_text() for label in figure.axes[0].get_yticklabels()]
    ['as they are']
    """
    figure, axes = new_figure(width=6.4, height=0.5 * len(scores) + 1.5, title=title)
    place = axes[0, 0]
    for row, networks in enumerate(scores.values()):
        means = [sum(values) / len(values) for values in networks.values()]
        place.plot(means, [row] * len(means), color="#BBBBBB", linewidth=1.5, zorder=1)
        for (name, values), mean in zip(networks.items(), means, strict=True):
            colour, marker = _NETWORKS[name]
            look = {"color": palette[colour], "marker": marker}
            place.scatter(values, [row] * len(values), s=14, alpha=0.45, **look)
            place.scatter(mean, row, s=52, label=None if row else name, **look)
    place.set_yticks(range(len(scores)), list(scores))
    place.set_ylim(len(scores) - 0.5, -0.5)
    place.set(xlabel="accuracy", xlim=limits)
    place.grid(alpha=0.25, axis="x")
    figure.legend(loc="outside lower center", ncols=2)
    return figure
