"""Drawings of the chapter on what goes on inside networks: fields, maps, and heat over pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from torch import Tensor
from torchvision.utils import make_grid

from cvlib.figures.style import as_picture, hide_frame, new_figure, palette
from cvlib.networks.inside import Box

__all__ = ["draw_answer", "draw_fields", "draw_likeness", "draw_maps", "mosaic", "overlay"]

_FOR, _AGAINST = palette["vermillion"], palette["blue"]


def overlay(picture: Tensor, heat: Tensor, *, most: float | None = None) -> Tensor:
    """Lay heat over a pale grey copy of a picture: vermillion where it is positive, else blue.

    Parameters
    ----------
    picture
        (C, H, W), from 0 to 1.
    heat
        (H, W).
    most
        The heat that is drawn strongest; the largest in size by default.

    Returns
    -------
    Tensor
        (3, H, W), from 0 to 1.

    Examples
    --------
    >>> overlay(torch.ones(1, 1, 2), torch.tensor([[0.0, 1.0]]))[:, 0, 0]
    tensor([1., 1., 1.])
    """
    grey = 0.3 + 0.7 * picture.mean(0, keepdim=True).cpu()
    heat = heat.detach().cpu()
    most = float(heat.abs().max()) if most is None else most
    share = 0.85 * (heat.abs() / max(most, 1e-12)).clamp(max=1)
    colours = torch.tensor([to_rgb(_AGAINST), to_rgb(_FOR)])
    colour = colours[(heat > 0).long()].permute(2, 0, 1)
    return grey + (colour - grey) * share


def mosaic(pictures: Tensor, columns: int) -> Tensor:
    """Lay small pictures of one size side by side, with a thin white line between them.

    Parameters
    ----------
    pictures
        (N, C, H, W), from 0 to 1.
    columns
        Pictures a row.

    Returns
    -------
    Tensor
        One picture, (3, height, width).

    Examples
    --------
    >>> mosaic(torch.zeros(4, 3, 8, 8), columns=2).shape
    torch.Size([3, 17, 17])
    """
    gap = max(1, pictures.shape[-1] // 8)
    return make_grid(pictures.cpu(), nrow=columns, padding=gap, pad_value=1)[:, gap:-gap, gap:-gap]


def draw_fields(picture: Tensor, boxes: Mapping[str, Box], *, title: str) -> Figure:
    """Draw over a picture what one number of each layer sees of it.

    Parameters
    ----------
    picture
        (C, H, W), from 0 to 1.
    boxes
        The pixels that are seen, by the layer's name.
    title
        What to see.

    Returns
    -------
    matplotlib.figure.Figure
        The picture, a frame for each layer, and their names and sizes beside it.

    Examples
    --------
    >>> figure = draw_fields(torch.zeros(3, 9, 9), {"first": Box(3, 3, 3, 3)}, title="Small")
    >>> [text.get_text() for text in figure.legends[0].get_texts()]
    ['first: 3 × 3']
    """
    figure, axes = new_figure(width=5.8, height=3.9, title=title)
    place = axes[0, 0]
    hide_frame(place)
    height, width = picture.shape[1:]
    place.imshow(as_picture(picture), vmin=0, vmax=1)
    frames = []
    for (name, box), colour in zip(boxes.items(), palette.values(), strict=False):
        corner = (box.left - 0.5, box.top - 0.5)
        label = f"{name}: {box.height} × {box.width}"
        frame = Rectangle(
            corner, box.width, box.height, fill=False, edgecolor=colour, linewidth=2.5, label=label
        )
        frames.append(place.add_patch(frame))
    top = min([0, *(box.top for box in boxes.values())])
    left = min([0, *(box.left for box in boxes.values())])
    bottom = max([height, *(box.top + box.height for box in boxes.values())])
    right = max([width, *(box.left + box.width for box in boxes.values())])
    place.set(xlim=(left - 2, right + 1), ylim=(bottom + 1, top - 2))
    figure.legend(handles=frames, loc="outside right upper", fontsize=9)
    return figure


def draw_maps(picture: Tensor, maps: Mapping[str, Tensor], *, title: str) -> Figure:
    """Draw a picture, and below it a row of feature maps for each layer.

    Parameters
    ----------
    picture
        (C, H, W), from 0 to 1.
    maps
        Some maps of each layer (K, height, width), by the words that stand above their row.
    title
        What to see.

    Returns
    -------
    matplotlib.figure.Figure
        Each map from its darkest, 0, to its brightest number.

    Examples
    --------
    >>> figure = draw_maps(torch.zeros(3, 8, 8), {"first": torch.zeros(2, 4, 4)}, title="Dark")
    >>> len(figure.axes)
    3
    """
    columns = max(len(some) for some in maps.values())
    figure, axes = new_figure(
        1 + len(maps),
        columns,
        width=max(1.07 * columns, 4.3),
        height=1.1 * (1 + len(maps)) + 0.3,
        title=title,
    )
    for place in axes.flat:
        hide_frame(place)
    axes[0, 0].imshow(as_picture(picture), vmin=0, vmax=1)
    axes[0, 0].set_title("picture", loc="left", fontsize=9)
    for place in axes[0, 1:]:
        place.remove()
    for row, (name, some) in zip(axes[1:], maps.items(), strict=True):
        row[0].set_title(name, loc="left", fontsize=9)
        for place, values in zip(row, some.cpu(), strict=False):
            place.imshow(values.numpy(), cmap="magma", vmin=0, vmax=max(float(values.max()), 1e-9))
    return figure


def draw_answer(
    pictures: Mapping[str, Tensor], probabilities: Tensor, classes: Sequence[str], *, mark: int
) -> Figure:
    """Draw pictures, and what a network answers.

    Parameters
    ----------
    pictures
        (C, H, W) each, from 0 to 1, by what stands above it.
    probabilities
        One for each class.
    classes
        Their names.
    mark
        The class whose bar is coloured.

    Returns
    -------
    matplotlib.figure.Figure
        The pictures, and a bar for each class.

    Examples
    --------
    >>> pictures = {"as it is": torch.zeros(1, 4, 4)}
    >>> figure = draw_answer(pictures, torch.tensor([0.25, 0.75]), ["cat", "dog"], mark=1)
    >>> figure.axes[1].get_title(loc="left")
    'dog: 0.75'
    """
    ratios = [*(1.0 for _ in pictures), 0.85]
    figure, axes = new_figure(
        1, len(ratios), width=2.3 * len(ratios), height=2.5, width_ratios=ratios
    )
    for place, (name, picture) in zip(axes[0], pictures.items(), strict=False):
        hide_frame(place)
        place.imshow(as_picture(picture), cmap="gray", vmin=0, vmax=1)
        place.set_title(name, loc="left", fontsize=10)
    bars = axes[0, -1]
    colours = [_FOR if number == mark else palette["grey"] for number in range(len(classes))]
    bars.barh(range(len(classes)), probabilities.tolist(), color=colours)
    bars.set_yticks(range(len(classes)), list(classes), fontsize=8)
    bars.set(xlim=(0, 1), xticks=[0, 0.5, 1])
    bars.invert_yaxis()
    bars.set_title(f"{classes[mark]}: {float(probabilities[mark]):.2f}", loc="left", fontsize=10)
    return figure


def draw_likeness(
    found: Mapping[str, Mapping[str, Sequence[float]]],
    *,
    title: str,
    xlabel: str,
    limits: tuple[float, float],
) -> Figure:
    """Draw numbers of several pictures side by side, for what was compared, panel by panel.

    Parameters
    ----------
    found
        By panel, and by what was compared, the numbers: one for each picture.
    title
        What to see.
    xlabel
        What the numbers are.
    limits
        The ends of their axis.

    Returns
    -------
    matplotlib.figure.Figure
        A panel for each method: a row for what was compared, a mark for each number.

    Examples
    --------
    >>> figure = draw_likeness(
    ...     {"a method": {"1 layer": [0.1, -0.2]}},
    ...     title="Nothing alike",
    ...     xlabel="correlation",
    ...     limits=(-1, 1),
    ... )
    >>> [label.get_text() for label in figure.axes[0].get_yticklabels()]
    ['1 layer']
    """
    rows = max(map(len, found.values()))
    figure, axes = new_figure(
        1, len(found), width=7, height=0.35 * rows + 1.3, title=title, sharey=True
    )
    for place, (method, groups) in zip(axes[0], found.items(), strict=True):
        for row, values in enumerate(groups.values()):
            look = {"color": palette["blue"], "s": 18, "alpha": 0.5}
            place.scatter(values, [row] * len(values), **look)
        place.set_yticks(range(len(groups)), list(groups))
        place.set_title(method, loc="left")
        place.set(xlabel=xlabel, xlim=limits, ylim=(rows - 0.5, -0.5))
        place.axvline(0, color=palette["grey"], linewidth=1, zorder=0)
        place.grid(alpha=0.25, axis="x")
    return figure
