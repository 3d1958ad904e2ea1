"""Drawings of the chapter on the loop: its steps, and what reaches the layers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from cvlib.figures.style import hide_frame, new_figure, palette

__all__ = ["draw_loop", "draw_norms"]

_STEPS = {
    "zero_grad": "forget old\ngradients",
    "forward": "what does\nit answer?",
    "loss": "how wrong\nis that?",
    "backward": "which way\nis down?",
    "step": "go there,\na little",
}
_BOX = {"boxstyle": "round,pad=0.5", "facecolor": "#E8F2F9", "edgecolor": palette["blue"]}
_ARROW = {"arrowstyle": "-|>", "color": "#444444", "linewidth": 1.4, "shrinkA": 0, "shrinkB": 0}


def draw_loop() -> Figure:
    """Draw the five steps of training as a ring, with what each one asks.

    Returns
    -------
    matplotlib.figure.Figure
        The ring, clockwise from the top.

    Examples
    --------
    >>> [text.get_text() for text in draw_loop().axes[0].texts if "_" in text.get_text()]
    ['zero_grad']
    """
    figure, axes = new_figure(width=5.2, height=4.0)
    place = axes[0, 0]
    hide_frame(place)
    place.set(xlim=(-1.62, 1.62), ylim=(-1.2, 1.28))
    angles = np.pi / 2 - 2 * np.pi * np.arange(len(_STEPS)) / len(_STEPS)
    for (name, question), angle in zip(_STEPS.items(), angles, strict=True):
        x, y = 1.2 * np.cos(angle), np.sin(angle)
        place.text(x, y + 0.02, name, ha="center", va="bottom", weight="bold", family="monospace")
        place.text(x, y - 0.02, question, ha="center", va="top", fontsize=9)
        start, end = angle - 2 * np.pi * 0.075, angle - 2 * np.pi * 0.125
        place.annotate(
            "",
            (1.2 * np.cos(end), np.sin(end)),
            (1.2 * np.cos(start), np.sin(start)),
            arrowprops=_ARROW | {"connectionstyle": "arc3,rad=-0.15"},
        )
    place.text(0, 0, "one batch\nper turn", ha="center", va="center", bbox=_BOX)
    return figure


def draw_norms(networks: Mapping[str, Sequence[float]], *, title: str) -> Figure:
    """Draw how long the gradient of each layer is.

    Parameters
    ----------
    networks
        By the name of a network: the norms of the gradients of its layers, first layer first.
    title
        What to see.

    Returns
    -------
    matplotlib.figure.Figure
        A line per network, the norms on a logarithmic axis.

    Examples
    --------
    >>> figure = draw_norms({"sigmoid": [1e-6, 0.5]}, title="It does not arrive")
    >>> [line.get_xdata().tolist() for line in figure.axes[0].lines]
    [[1, 2]]
    """
    figure, axes = new_figure(width=5.0, height=3.2, title=title)
    place = axes[0, 0]
    names = ("vermillion", "blue", "green", "purple")
    for (name, norms), colour, marker in zip(networks.items(), names, "osD^", strict=False):
        layers = np.arange(1, len(norms) + 1)
        place.plot(layers, norms, color=palette[colour], marker=marker, markersize=5, label=name)
    most = max(map(len, networks.values()))
    place.set(xlabel="layer", ylabel="norm of the gradient", yscale="log", ylim=(1e-8, 10))
    place.set_xticks(range(1, most + 1))
    place.minorticks_off()
    place.grid(alpha=0.25)
    place.legend(loc="lower right")
    return figure
