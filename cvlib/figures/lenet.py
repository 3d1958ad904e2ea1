"""Drawings of the chapter on LeNet: the network from end to end, and what goes on inside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray
from torch import Tensor, nn

from cvlib.figures.style import hide_frame, new_figure, palette
from cvlib.networks import LeNet

__all__ = [
    "draw_confusion",
    "draw_maps",
    "draw_network",
    "draw_reading",
    "draw_shifts",
    "inside",
]

_EDGE = palette["sky"]
_OUTPUT = 2.8  # height of a number in the last column, in pixels of the maps


def inside(model: LeNet, picture: Tensor) -> dict[str, Tensor]:
    """Follow one picture through LeNet.

    Parameters
    ----------
    model
        The network.
    picture
        ``uint8``, shape (1, 28, 28).

    Returns
    -------
    dict of Tensor
        What each step makes of the picture, by its name: feature maps (C, H, W), numbers (N,). What
        ReLU makes counts with the layer before it.

    Examples
    --------
    >>> steps = inside(LeNet(), torch.zeros(1, 28, 28, dtype=torch.uint8))
    >>> {name: tuple(step.shape) for name, step in steps.items()}["pooled once"]
    (6, 14, 14)
    """
    names = iter(
        ("convolved once", "pooled once", "convolved twice", "pooled twice", "hidden 1", "hidden 2")
    )
    place = next(model.parameters()).device
    x = picture[None].to(place).float().div(255)
    steps = {"picture": x[0].cpu()}
    with torch.inference_mode():
        for layer in (*model.features, nn.Flatten(), *model.classifier):
            x = layer(x)
            if isinstance(layer, nn.ReLU | nn.MaxPool2d):
                steps[next(names)] = x[0].cpu()
    return steps | {"outputs": x[0].cpu()}


def draw_network(model: LeNet, picture: Tensor) -> Figure:
    """Draw LeNet from the picture to its outputs, each layer with what it makes of the picture.

    Parameters
    ----------
    model
        The network.
    picture
        ``uint8``, shape (1, 28, 28).

    Returns
    -------
    matplotlib.figure.Figure
        Stacks of feature maps and columns of numbers, in the sizes that they have.

    Examples
    --------
    >>> figure = draw_network(LeNet(), torch.zeros(1, 28, 28, dtype=torch.uint8))
    >>> figure.axes[0].texts[0].get_text()
    '1 × 28 × 28'
    """
    steps = [step.numpy() for step in inside(model, picture).values()]
    names = ("convolution\n5 × 5", "pooling\n2 × 2") * 2 + ("fully\nconnected",) * 3
    figure, axes = new_figure(2, 1, width=6.5, height=4.1)
    _draw_row(axes[0, 0], steps[:4], ("", *names[:3]))
    right = _draw_row(axes[1, 0], steps[4:], names[3:])
    outputs = len(steps[-1])
    for number in range(outputs):
        height = _OUTPUT * (number - (outputs - 1) / 2)
        axes[1, 0].text(right + 1.5, height, str(number), va="center", fontsize=8)
    return figure


def _draw_row(axes: Axes, steps: Sequence[NDArray[np.float32]], names: Sequence[str]) -> float:
    """Draw steps beside each other, an arrow with its name before each, and return the end."""
    hide_frame(axes)
    right = 0.0
    for step, name in zip(steps, names, strict=True):
        left = right + 24 if name else right
        if name:
            arrow = {"arrowstyle": "->", "color": "#333333", "linewidth": 1}
            axes.annotate("", (left - 2, 0), (right + 2, 0), arrowprops=arrow)
            axes.text((left + right) / 2, 24, name, ha="center", va="top", fontsize=9)
        draw = _draw_stack if step.ndim == 3 else _draw_column
        right = draw(axes, step, left)
    axes.set(xlim=(-1, 201), ylim=(37, -28), aspect="equal")
    return right


def _draw_stack(axes: Axes, maps: NDArray[np.float32], left: float) -> float:
    """Draw feature maps one behind the other, and return where they end."""
    count, size = maps.shape[:2]
    step = 2.4 if count <= 6 else 1.4
    extent = size + step * (count - 1)
    for number, values in enumerate(maps[::-1]):
        x = left + extent - size - step * number
        y = -extent / 2 + step * number
        axes.imshow(
            values, cmap="gray", vmin=0, vmax=max(maps.max(), 1e-9), zorder=number + 1,
            extent=(x, x + size, y + size, y),
        )  # fmt: skip
        edge = Rectangle((x, y), size, size, fill=False, edgecolor=_EDGE, linewidth=0.8)
        edge.set_zorder(number + 1.5)
        axes.add_patch(edge)
    axes.text(
        left + extent / 2,
        -extent / 2 - 2,
        " × ".join(map(str, maps.shape)),
        ha="center",
        fontsize=9,
    )
    return left + extent


def _draw_column(axes: Axes, numbers: NDArray[np.float32], left: float) -> float:
    """Draw numbers below each other, and return where they end."""
    width, height = 4.0, len(numbers) * (0.35 if len(numbers) > 62 else _OUTPUT)
    low, high = min(numbers.min(), 0), max(numbers.max(), 1e-9)
    bounds = (left, left + width, height / 2, -height / 2)
    axes.imshow(numbers[:, None], cmap="gray", vmin=low, vmax=high, extent=bounds)
    corner = (left, -height / 2)
    axes.add_patch(Rectangle(corner, width, height, fill=False, edgecolor=_EDGE, linewidth=0.8))
    axes.text(left + width / 2, -height / 2 - 2, str(len(numbers)), ha="center", fontsize=9)
    return left + width


def draw_reading(model: LeNet, picture: Tensor, classes: Sequence[str]) -> Figure:
    """Draw a picture beside the probabilities that the network gives to the classes.

    Parameters
    ----------
    model
        The network.
    picture
        ``uint8``, shape (1, 28, 28).
    classes
        A name for each output.

    Returns
    -------
    matplotlib.figure.Figure
        The picture, and a bar for each class, the highest in another colour.

    Examples
    --------
    >>> figure = draw_reading(LeNet(), torch.zeros(1, 28, 28, dtype=torch.uint8), "0123456789")
    >>> len(figure.axes[1].patches)
    10
    """
    steps = inside(model, picture)
    figure, axes = new_figure(1, 2, height=2, width_ratios=[1, 2.6])
    axes[0, 0].imshow(steps["picture"][0].numpy(), cmap="gray", vmin=0, vmax=1)
    hide_frame(axes[0, 0])
    _draw_probabilities(axes[0, 1], steps["outputs"].softmax(0).numpy(), classes)
    return figure


def _draw_probabilities(
    axes: Axes, probabilities: NDArray[np.float32], classes: Sequence[str]
) -> None:
    best = int(probabilities.argmax())
    colours = [
        palette["vermillion" if number == best else "blue"] for number in range(len(classes))
    ]
    axes.bar(list(classes), probabilities, color=colours)
    axes.set(ylim=(0, 1), yticks=[0, 0.5, 1])
    axes.set_title(
        f"read as {classes[best]}, with probability {probabilities[best]:.2f}", loc="left"
    )


def draw_maps(
    model: LeNet, picture: Tensor, classes: Sequence[str], *, level: float = 0.6
) -> Figure:
    """Draw what LeNet makes of a picture: its answer, and every feature map.

    Parameters
    ----------
    model
        The network.
    picture
        ``uint8``, shape (1, 28, 28).
    classes
        A name for each output.
    level
        The probability below which the answer is "I do not know".

    Returns
    -------
    matplotlib.figure.Figure
        The picture, a bar for each class, and for both convolutions and poolings their maps,
        brighter where they are larger.

    Examples
    --------
    >>> figure = draw_maps(LeNet(), torch.zeros(1, 28, 28, dtype=torch.uint8), "0123456789")
    >>> [axes.get_title(loc="left") for axes in figure.axes][1:3]
    ['I do not know', '6 × 28 × 28']
    """
    steps = inside(model, picture)
    ratios = [1, 1.5, 1, 1, 1, 1]
    figure, axes = new_figure(1, 6, height=1.75, width_ratios=ratios)
    place, bars, *sheets = axes[0]
    hide_frame(place)
    place.imshow(steps["picture"][0].numpy(), cmap="gray", vmin=0, vmax=1)
    place.set_anchor("N")
    place.set_title("picture", loc="left", fontsize=9)
    probabilities = steps["outputs"].softmax(0).numpy()
    best = int(probabilities.argmax())
    known = probabilities[best] >= level
    colours = [palette["blue"]] * len(classes)
    if known:
        colours[best] = palette["vermillion"]
    bars.barh(list(classes), probabilities, color=colours)
    bars.set(xlim=(0, 1), xticks=[0, 1])
    bars.invert_yaxis()
    bars.tick_params(labelsize=8, length=0)
    answer = f"{classes[best]}: {probabilities[best]:.2f}" if known else "I do not know"
    bars.set_title(answer, loc="left", fontsize=9)
    names = ("convolved once", "pooled once", "convolved twice", "pooled twice")
    for sheet, name in zip(sheets, names, strict=True):
        hide_frame(sheet)
        sheet.set_anchor("N")
        maps = steps[name].numpy()
        sheet.imshow(_tiled(maps), cmap="gray", vmin=0, vmax=max(maps.max(), 1e-9))
        sheet.set_title(" × ".join(map(str, maps.shape)), loc="left", fontsize=9)
    return figure


def _tiled(maps: NDArray[np.float32]) -> NDArray[np.float32]:
    """Lay maps side by side, in two columns or four, with nothing (nan) between them."""
    count, size = maps.shape[:2]
    columns = 2 if count <= 6 else 4
    sheet = np.full((-(-count // columns) * (size + 1), columns * (size + 1)), np.nan, np.float32)
    for number, values in enumerate(maps):
        top, left = ((size + 1) * at for at in divmod(number, columns))
        sheet[top : top + size, left : left + size] = values
    return sheet[:-1, :-1]


def draw_confusion(matrix: Tensor, classes: Sequence[str], *, title: str) -> Figure:
    """Draw a confusion matrix with its counts.

    Parameters
    ----------
    matrix
        How many pictures of class ``row`` were read as class ``column``, shape (K, K).
    classes
        The names of the classes.
    title
        What to see in the matrix.

    Returns
    -------
    matplotlib.figure.Figure
        Mistakes darker the more there are; what is right stays white, so that it hides nothing.

    Examples
    --------
    >>> figure = draw_confusion(torch.tensor([[9, 1], [0, 8]]), ["cat", "dog"], title="One mistake")
    >>> [text.get_text() for text in figure.axes[0].texts]
    ['9', '1', '8']
    """
    counts = matrix.cpu().numpy()
    mistakes = counts * (1 - np.eye(len(counts), dtype=counts.dtype))
    figure, axes = new_figure(width=5, height=4.4, title=title)
    place = axes[0, 0]
    shades = np.ma.masked_equal(mistakes, 0)
    place.imshow(shades, cmap="Oranges", vmin=-1, vmax=max(1.5 * mistakes.max(), 1))
    for (row, column), count in np.ndenumerate(counts):
        if count:
            colour = palette["grey"] if row == column else "black"
            weight = "normal" if row == column else "bold"
            place.text(
                column, row, str(count), ha="center", va="center", color=colour, weight=weight
            )
    place.set(xlabel="read as", ylabel="is")
    place.set_xticks(range(len(classes)), classes)
    place.set_yticks(range(len(classes)), classes)
    return figure


def draw_shifts(shifts: Sequence[int], accuracies: Mapping[str, Sequence[float]]) -> Figure:
    """Draw how the accuracy depends on where in the frame the digit stands.

    Parameters
    ----------
    shifts
        By how many pixels the pictures were moved.
    accuracies
        The accuracy at each shift, for each direction.

    Returns
    -------
    matplotlib.figure.Figure
        A curve for each direction.

    Examples
    --------
    >>> figure = draw_shifts([-1, 0, 1], {"to the right": [0.9, 0.97, 0.9]})
    >>> figure.axes[0].get_xlabel()
    'pixels'
    """
    figure, axes = new_figure(height=2.9, title="Right in the middle, lost at the side")
    place = axes[0, 0]
    for (name, values), colour, mark in zip(
        accuracies.items(), palette.values(), "os^v", strict=False
    ):
        place.plot(shifts, values, color=colour, marker=mark, label=name)
    place.set(xlabel="pixels", ylabel="accuracy", ylim=(0, 1.02), xticks=list(shifts))
    place.grid(alpha=0.25)
    place.legend()
    return figure
