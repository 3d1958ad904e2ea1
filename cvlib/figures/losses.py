"""Drawings of the chapter on losses: densities, fits, curves, easy and hard places, and a graph."""

from __future__ import annotations

from collections.abc import Mapping

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch
from torch import Tensor

from cvlib.figures.style import hide_frame, new_figure, palette
from cvlib.training.backpropagation import Node

__all__ = ["draw_curves", "draw_densities", "draw_fits", "draw_focal", "draw_graph"]

_DASHES = ("-", "--", "-.", ":")
_VALUE, _GRADIENT = palette["blue"], "#B34700"
_LINE = 0.19  # inches from one line of a box to the next


def draw_densities(x: Tensor, densities: Mapping[str, Tensor]) -> Figure:
    """Draw densities and their negative logarithms, shifted to begin at 0.

    Parameters
    ----------
    x
        Where, ``(N,)``.
    densities
        The logarithms of each density there, ``(N,)``, by name.

    Returns
    -------
    matplotlib.figure.Figure
        Densities on the left, losses on the right.

    Examples
    --------
    >>> import torch
    >>> x = torch.linspace(-3, 3, 7)
    >>> figure = draw_densities(x, {"Gaussian": -x.square() / 2})
    >>> [axes.get_ylabel() for axes in figure.axes]
    ['density', '−log density']
    """
    figure, axes = new_figure(1, 2, width=5.6, height=2.7)
    left, right = axes[0]
    for (name, logs), colour, dash in zip(
        densities.items(), palette.values(), _DASHES, strict=False
    ):
        left.plot(x.numpy(), logs.exp().numpy(), dash, color=colour, label=name)
        right.plot(x.numpy(), (logs.max() - logs).numpy(), dash, color=colour, label=name)
    left.set(ylabel="density")
    right.set(ylabel="−log density")
    for place in (left, right):
        place.set(xlabel="error")
        place.grid(alpha=0.25)
    right.legend(loc="upper center", fontsize=9)
    return figure


def draw_fits(
    x: Tensor, y: Tensor, fits: Mapping[str, tuple[float, float]], *, title: str
) -> Figure:
    """Draw points and the straight lines that losses put through them.

    Parameters
    ----------
    x, y
        The points, ``(N,)`` each.
    fits
        Slope and intercept of each line, by name.
    title
        What to see.

    Returns
    -------
    matplotlib.figure.Figure
        Points and lines.

    Examples
    --------
    >>> import torch
    >>> figure = draw_fits(torch.ones(2), torch.ones(2), {"L1": (1.0, 0.0)}, title="A line")
    >>> [line.get_label() for line in figure.axes[0].lines[1:]]
    ['L1']
    """
    figure, axes = new_figure(width=5.6, height=3.2, title=title)
    place = axes[0, 0]
    place.plot(x.numpy(), y.numpy(), "o", color="#444444", markersize=5)
    ends = [float(x.min()), float(x.max())]
    for (name, (slope, intercept)), colour, dash in zip(
        fits.items(), palette.values(), _DASHES, strict=False
    ):
        heights = [slope * end + intercept for end in ends]
        place.plot(ends, heights, dash, color=colour, label=name)
    place.set(xlabel="x", ylabel="y")
    place.grid(alpha=0.25)
    place.legend()
    return figure


def draw_curves(
    x: Tensor,
    curves: Mapping[str, tuple[Tensor, Tensor]],
    *,
    xlabel: str,
    limits: tuple[tuple[float, float], tuple[float, float]],
    mark: float | None = None,
) -> Figure:
    """Draw losses and their gradients against what they are a function of.

    Parameters
    ----------
    x
        Logits or errors, ``(N,)``.
    curves
        A loss and its derivative there, ``(N,)`` each, by name. The first is drawn in front.
    xlabel
        What ``x`` is.
    limits
        The lowest and the highest loss, and gradient, that are shown.
    mark
        Where to draw a vertical line; None for no line.

    Returns
    -------
    matplotlib.figure.Figure
        Losses on the left, gradients on the right.

    Examples
    --------
    >>> import torch
    >>> x = torch.linspace(-3, 3, 7)
    >>> figure = draw_curves(
    ...     x, {"MSE": (x.square(), 2 * x)}, xlabel="error", limits=((0, 9), (-6, 6))
    ... )
    >>> [axes.get_ylabel() for axes in figure.axes]
    ['loss', 'gradient']
    """
    figure, axes = new_figure(1, 2, width=5.6, height=2.9)
    for number, (place, what) in enumerate(zip(axes[0], ("loss", "gradient"), strict=True)):
        place.axhline(0, color="#BBBBBB", linewidth=0.8)
        if mark is not None:
            place.axvline(mark, color="#888888", linewidth=0.8, linestyle=":")
        for order, (name, pair) in enumerate(curves.items()):
            (line,) = place.plot(x.numpy(), pair[number].numpy(), _DASHES[order], label=name)
            line.set(color=[*palette.values()][order], zorder=5 - order)
            line.set_linewidth(1.4 if order else 2.4)
        place.set(xlabel=xlabel, ylabel=what, ylim=limits[number])
        place.grid(alpha=0.25)
    figure.legend(
        *axes[0, 0].get_legend_handles_labels(), loc="outside upper center", ncols=3, fontsize=9
    )
    return figure


def draw_focal(
    p: Tensor,
    curves: Mapping[str, Tensor],
    places: Mapping[str, float],
    gammas: Tensor,
    shares: Tensor,
) -> Figure:
    """Draw what a place pays by its probability, and what the hard ones pay of the whole.

    Parameters
    ----------
    p
        The probability of what is true, ``(N,)``.
    curves
        A loss there, ``(N,)``, by name.
    places
        Probabilities to mark, by name.
    gammas, shares
        The exponents, ``(M,)``, and the hard places' share of the sum under each.

    Returns
    -------
    matplotlib.figure.Figure
        Losses on the left, against probabilities as far apart as their logits, and shares on the
        right.

    Examples
    --------
    >>> import torch
    >>> p, gammas = torch.tensor([0.1, 0.9]), torch.tensor([0.0, 2.0])
    >>> figure = draw_focal(p, {"cross entropy": -p.log()}, {"hard": 0.1}, gammas, gammas / 2)
    >>> figure.axes[0].get_yscale()
    'log'
    """
    figure, axes = new_figure(1, 2, width=5.6, height=2.9)
    left, right = axes[0]
    for (name, loss), colour, dash in zip(curves.items(), palette.values(), _DASHES, strict=False):
        left.plot(p.numpy(), loss.numpy(), dash, color=colour, label=name)
    for name, place in places.items():
        left.axvline(place, color="#888888", linewidth=0.8, linestyle=":")
        above = left.get_xaxis_transform()
        left.text(place, 1, f" {name}", transform=above, va="top", fontsize=9)
    left.set(xlabel="probability of what is true", ylabel="loss", yscale="log", ylim=(1e-8, 30))
    left.set_xscale("logit", use_overline=False)
    left.set(xlim=(0.01, 0.999), xticks=[0.01, 0.1, 0.5, 0.9, 0.99])
    left.set_xticklabels(["0.01", "0.1", "0.5", "0.9", "0.99"])
    left.minorticks_off()
    right.plot(gammas.numpy(), shares.numpy(), color=palette["green"])
    right.set(xlabel="γ", ylabel="share of the hard places", ylim=(0, 1.05), xticks=range(5))
    for side in (left, right):
        side.grid(alpha=0.25)
    left.legend(loc="lower left", fontsize=9)
    return figure


def draw_graph(loss: Node) -> Figure:
    """Draw what a loss was made of, each node with its value and its gradient.

    The nodes from the first input to the loss stand in the middle, from top to bottom; what else
    a node is made of stands left and right of it.

    Parameters
    ----------
    loss
        The last node, after :func:`cvlib.training.backpropagation.backward`.

    Returns
    -------
    matplotlib.figure.Figure
        Boxes and arrows: grey the way of the values, brown the way of the gradients.

    Raises
    ------
    ValueError
        If a node is made of more than three others.

    Examples
    --------
    >>> import torch
    >>> from cvlib.training.backpropagation import relu
    >>> figure = draw_graph(relu(Node(torch.tensor([1.0, -2.0]), "x"), "h"))
    >>> [text.get_text() for text in figure.axes[0].texts[2:5]]
    ['x', '1.00  −2.00', '0.00  0.00']
    """
    spine = [loss]
    while spine[-1].inputs:
        spine.append(spine[-1].inputs[0])
    spine.reverse()
    rows = [[node, *node.inputs[1:]] for node in spine]
    if max(map(len, rows)) > 3:
        raise ValueError("a node is made of more than three others; expected at most three")
    heights = [max(_height(node) for node in row) for row in rows]
    total = sum(heights) + 0.42 * len(rows)
    figure, axes = new_figure(width=5.2, height=total + 0.3)
    place = axes[0, 0]
    hide_frame(place)
    place.set(xlim=(0, 5.2), ylim=(-total, 0.3))
    place.text(0.05, 0.2, "value", color=_VALUE, va="top", fontsize=9.5)
    place.text(0.05, -0.02, "gradient", color=_GRADIENT, va="top", fontsize=9.5)
    top, above = 0.0, None
    for row, height in zip(rows, heights, strict=True):
        middle = top - height / 2
        for node, centre in zip(row, (2.6, 0.85, 4.35), strict=False):
            _box(place, node, centre, middle)
            if node is not row[0]:
                side = 1 if centre < 2.6 else -1
                half = side * _width(node) / 2
                _both_ways(
                    place, (centre + half, middle), (2.6 - side * _width(row[0]) / 2, middle)
                )
        if above is not None:
            _both_ways(place, (2.6, above), (2.6, middle + _height(row[0]) / 2))
        above = middle - _height(row[0]) / 2
        top -= height + 0.42
    return figure


def _rows(tensor: Tensor) -> list[str]:
    matrix = tensor.detach().cpu().reshape(-1, tensor.shape[-1] if tensor.ndim else 1)
    lines = ["  ".join(f"{v:.2f}" for v in (row + 0.0).tolist()) for row in matrix]
    return [line.replace("-0.00", "0.00").replace("-", "−") for line in lines]


def _height(node: Node) -> float:
    return _LINE * (1 + 2 * len(_rows(node.value))) + 0.12


def _width(node: Node) -> float:
    longest = max(len(line) for line in [*_rows(node.value), *_rows(node.gradient)])
    return max(0.6, 0.085 * longest + 0.25)


def _box(place: Axes, node: Node, x: float, y: float) -> None:
    width, height = _width(node), _height(node)
    place.add_patch(
        FancyBboxPatch(
            (x - width / 2, y - height / 2),
            width,
            height,
            boxstyle="round,pad=0,rounding_size=0.08",
            facecolor="#F6F6F6",
            edgecolor="#444444",
        )
    )
    lines = [(node.name, "#222222")]
    lines += [(line, _VALUE) for line in _rows(node.value)]
    lines += [(line, _GRADIENT) for line in _rows(node.gradient)]
    for number, (line, colour) in enumerate(lines):
        at = y + height / 2 - 0.06 - _LINE * (number + 0.5)
        text = place.text(x, at, line, color=colour, fontsize=9.5, ha="center", va="center")
        text.set_fontweight("normal" if number else "bold")


def _both_ways(place: Axes, start: tuple[float, float], end: tuple[float, float]) -> None:
    """Draw an arrow there and one back, side by side."""
    along = start[1] == end[1]
    for sign, colour, (tail, head) in (
        (1, "#444444", (start, end)),
        (-1, _GRADIENT, (end, start)),
    ):
        shift = (0, 0.06 * sign) if along else (0.06 * sign, 0)
        place.annotate(
            "",
            (head[0] + shift[0], head[1] + shift[1]),
            (tail[0] + shift[0], tail[1] + shift[1]),
            arrowprops={"arrowstyle": "-|>", "color": colour, "shrinkA": 2, "shrinkB": 2},
        )
