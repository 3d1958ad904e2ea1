"""Drawings of the chapter on detection: boxes on pictures, overlaps, curves, cells and anchors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from torch import Tensor

from cvlib.figures.style import as_picture, hide_frame, new_figure, palette

__all__ = [
    "draw_anchors",
    "draw_boxes",
    "draw_centres",
    "draw_overlap",
    "draw_precision_recall",
    "draw_suppression",
]

_TRUE, _FOUND = "#FFFFFF", palette["orange"]
_KEPT, _GONE = palette["orange"], palette["sky"]
_DASHES = ("-", "--", "-.", ":")


def draw_boxes(
    pictures: Sequence[Any],
    boxes: Sequence[Tensor],
    names: Sequence[Sequence[str]] | None = None,
    *,
    truth: Sequence[Tensor] | None = None,
    titles: Sequence[str] | None = None,
    title: str | None = None,
    columns: int = 4,
) -> Figure:
    """Draw pictures with the boxes in them.

    Parameters
    ----------
    pictures
        Tensors ``(3, H, W)``, ``uint8`` or from 0 to 1.
    boxes
        For each picture (n, 4), as x1, y1, x2, y2; drawn in orange.
    names
        For each picture what is written above each box.
    truth
        For each picture the boxes that are true; drawn in white, dotted.
    titles
        What to see in each picture.
    title
        What to see.
    columns
        How many stand in a row.

    Returns
    -------
    matplotlib.figure.Figure
        The pictures, row by row.

    Examples
    --------
    >>> import torch
    >>> figure = draw_boxes([torch.zeros(3, 9, 9)], [torch.tensor([[1.0, 1.0, 5.0, 4.0]])], [["7"]])
    >>> [text.get_text() for text in figure.axes[0].texts]
    ['7']
    """
    columns = min(columns, len(pictures))
    rows = -(-len(pictures) // columns)
    extra = 0.3 * (titles is not None)
    width = 7.0 if columns > 2 else 3.4 * columns
    height = rows * (width / columns + extra) + 0.35 * (title is not None)
    figure, axes = new_figure(rows, columns, width=width, height=height, title=title)
    for at, place in enumerate(axes.flat):
        hide_frame(place)
        if at >= len(pictures):
            continue
        picture = as_picture(pictures[at])
        side = picture.shape[:2]
        place.imshow(picture, extent=(0, side[1], side[0], 0), vmin=0, interpolation="bicubic")
        if truth is not None:
            _frames(place, truth[at], _TRUE, dash=":")
        _frames(place, boxes[at], _FOUND, [] if names is None else names[at])
        place.set(xlim=(0, side[1]), ylim=(side[0], 0))
        if titles is not None:
            place.set_title(titles[at], loc="center", fontsize=9)
    return figure


def draw_overlap(one: Sequence[float], other: Sequence[float], iou: float, giou: float) -> Figure:
    """Draw two boxes, what they share, and the hull around both.

    Parameters
    ----------
    one, other
        Boxes, as x1, y1, x2, y2.
    iou, giou
        What was computed of them.

    Returns
    -------
    matplotlib.figure.Figure
        A drawing on squared paper.

    Examples
    --------
    >>> figure = draw_overlap((0, 0, 4, 4), (2, 0, 6, 4), 1 / 3, 1 / 3)
    >>> figure.axes[0].get_title()
    'IoU 8/24 = 0.33, GIoU 0.33'
    """
    figure, axes = new_figure(width=3.9, height=3.3)
    place = axes[0, 0]
    place.set(xlim=(-0.5, 15.5), ylim=(11.5, -0.5), aspect="equal")
    place.set_xticks(range(0, 16, 4))
    place.set_yticks(range(0, 12, 4))
    place.set_axisbelow(True)
    for x in range(16):
        place.axvline(x, color="#E4E4E4", linewidth=0.6, zorder=0)
    for y in range(12):
        place.axhline(y, color="#E4E4E4", linewidth=0.6, zorder=0)
    hull = [
        min(one[0], other[0]),
        min(one[1], other[1]),
        max(one[2], other[2]),
        max(one[3], other[3]),
    ]
    low, high = (
        [max(one[0], other[0]), max(one[1], other[1])],
        [
            min(one[2], other[2]),
            min(one[3], other[3]),
        ],
    )
    _frame(place, hull, palette["grey"], dash=":", linewidth=1.5)
    for box, colour in ((one, palette["blue"]), (other, palette["vermillion"])):
        _frame(place, box, colour, fill=colour + "22")
    wide, tall = max(0.0, high[0] - low[0]), max(0.0, high[1] - low[1])
    if wide and tall:
        corners = [*low, *high]
        _frame(place, corners, palette["purple"], fill=palette["purple"] + "88", linewidth=0)
    shared = wide * tall
    area = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (one, other)) - shared
    place.set_title(
        f"IoU {shared:g}/{area:g} = {iou:.2f}, GIoU {giou:.2f}", loc="center", fontsize=10
    )
    return figure


def draw_suppression(picture: Any, boxes: Tensor, kept: Sequence[int], title: str) -> Figure:
    """Draw which boxes stay and which go.

    Parameters
    ----------
    picture
        A tensor ``(3, H, W)``.
    boxes
        (n, 4), as x1, y1, x2, y2.
    kept
        The positions of those that stay.
    title
        What to see.

    Returns
    -------
    matplotlib.figure.Figure
        The picture twice: with all boxes, and with those that stay.

    Examples
    --------
    >>> import torch
    >>> boxes = torch.tensor([[1.0, 1.0, 5.0, 4.0], [2.0, 1.0, 6.0, 4.0]])
    >>> figure = draw_suppression(torch.zeros(3, 9, 9), boxes, [0], "One stays")
    >>> [len(axes.patches) for axes in figure.axes]
    [2, 1]
    """
    figure, axes = new_figure(1, 2, width=5.6, height=3.2, title=title)
    image = as_picture(picture)
    high, wide = image.shape[:2]
    stay = set(kept)
    for place, only in zip(axes[0], (False, True), strict=True):
        hide_frame(place)
        place.imshow(image, extent=(0, wide, high, 0), vmin=0, interpolation="bicubic")
        for at, box in enumerate(boxes.tolist()):
            if at in stay:
                _frame(place, box, _KEPT, zorder=3)
            elif not only:
                _frame(place, box, _GONE, linewidth=0.8)
        place.set(xlim=(0, wide), ylim=(high, 0))
    for place, words in zip(axes[0], (f"{len(boxes)} boxes", f"{len(stay)} left"), strict=True):
        place.set_title(words, loc="center", fontsize=9)
    return figure


def draw_precision_recall(
    curves: Mapping[str, tuple[Tensor, Tensor]], *, read: Tensor | None = None, title: str
) -> Figure:
    """Draw precision over recall, as detections come in from the surest to the least sure.

    Parameters
    ----------
    curves
        By name, precision and recall (n,) after each detection.
    read
        The 101 numbers that are read of the only curve; drawn as steps, with the area below.
    title
        What to see.

    Returns
    -------
    matplotlib.figure.Figure
        The curves, both axes from 0 to 1.

    Examples
    --------
    >>> import torch
    >>> curve = torch.tensor([1.0, 0.5]), torch.tensor([0.5, 0.5])
    >>> figure = draw_precision_recall({"ours": curve}, title="Two detections")
    >>> figure.axes[0].get_xlabel()
    'recall'
    """
    figure, axes = new_figure(width=5.2, height=3.0, title=title)
    place = axes[0, 0]
    for (name, (precision, recall)), colour, dash in zip(
        curves.items(), palette.values(), _DASHES, strict=False
    ):
        marks = "o" if len(recall) < 20 else None
        place.plot(recall, precision, dash, color=colour, label=name, marker=marks, zorder=3)
    if read is not None:
        recalls = [hundredth / 100 for hundredth in range(len(read))]
        place.plot(
            recalls, read, ".", color=palette["orange"], markersize=3, label="read", zorder=4
        )
        place.fill_between(recalls, read, color=palette["orange"], alpha=0.2, step="pre")
    place.set(xlabel="recall", ylabel="precision", xlim=(-0.02, 1.02), ylim=(-0.02, 1.05))
    place.grid(alpha=0.25)
    place.legend(loc="lower left")
    return figure


def draw_centres(picture: Any, maps: Mapping[str, Tensor], *, title: str) -> Figure:
    """Draw a picture, and beside it what each of its cells says or should say.

    Parameters
    ----------
    picture
        A tensor ``(3, H, W)``.
    maps
        By name, (h, w), from 0 to 1.
    title
        What to see.

    Returns
    -------
    matplotlib.figure.Figure
        The picture with the borders of the cells, and the maps.

    Examples
    --------
    >>> import torch
    >>> maps = {"should": torch.zeros(2, 2)}
    >>> len(draw_centres(torch.zeros(3, 8, 8), maps, title="Four cells").axes)
    2
    """
    count = len(maps) + 1
    figure, axes = new_figure(1, count, width=2.3 * count, height=2.9, title=title)
    image = as_picture(picture)
    high, wide = image.shape[:2]
    for place in axes[0]:
        hide_frame(place)
    axes[0, 0].imshow(image, extent=(0, wide, high, 0), vmin=0, interpolation="bicubic")
    rows, columns = next(iter(maps.values())).shape
    for row in range(1, rows):
        axes[0, 0].axhline(row * high / rows, color="white", linewidth=0.3, alpha=0.6)
    for column in range(1, columns):
        axes[0, 0].axvline(column * wide / columns, color="white", linewidth=0.3, alpha=0.6)
    axes[0, 0].set_title(f"{rows} × {columns} cells", loc="center", fontsize=9)
    for place, (name, seen) in zip(axes[0, 1:], maps.items(), strict=True):
        place.imshow(seen.detach().numpy(), vmin=0, vmax=1, cmap="Blues", interpolation="nearest")
        place.set_title(name, loc="center", fontsize=9)
    return figure


def draw_anchors(picture: Any, anchors: Tensor, *, stride: int, title: str) -> Figure:
    """Draw the anchors of one place, and the places that have as many.

    Parameters
    ----------
    picture
        A tensor ``(3, H, W)``.
    anchors
        (n, 4), as x1, y1, x2, y2, of one place.
    stride
        Pixels from place to place.
    title
        What to see.

    Returns
    -------
    matplotlib.figure.Figure
        The picture, a dot for each place, and the anchors of one.

    Examples
    --------
    >>> import torch
    >>> anchors = torch.tensor([[0.0, 0.0, 4.0, 4.0]])
    >>> figure = draw_anchors(torch.zeros(3, 8, 8), anchors, stride=4, title="One")
    >>> len(figure.axes[0].patches)
    1
    """
    figure, axes = new_figure(width=3.6, height=3.8, title=title)
    place = axes[0, 0]
    hide_frame(place)
    image = as_picture(picture)
    high, wide = image.shape[:2]
    place.imshow(image, extent=(0, wide, high, 0), vmin=0, interpolation="bicubic")
    dots = [
        (column + stride / 2, row + stride / 2)
        for row in range(0, high, stride)
        for column in range(0, wide, stride)
    ]
    place.plot(*zip(*dots, strict=True), ".", color="white", markersize=4, alpha=0.8)
    for box, colour in zip(anchors.tolist(), [*palette.values()] * len(anchors), strict=False):
        _frame(place, box, colour, linewidth=1.8)
    place.set(xlim=(0, wide), ylim=(high, 0))
    return figure


def _frames(
    place: Axes, boxes: Tensor, colour: str, names: Sequence[str] = (), dash: str = "-"
) -> None:
    for at, box in enumerate(boxes.tolist()):
        _frame(place, box, colour, dash=dash, linewidth=1.6)
        if at < len(names):
            up = box[1] > 9
            words: dict[str, Any] = {
                "fontsize": 9,
                "color": "black",
                "va": "bottom" if up else "top",
            }
            back = {"facecolor": colour, "edgecolor": "none", "pad": 0.8}
            place.text(box[0], box[1] - 1 if up else box[3] + 1, names[at], bbox=back, **words)


def _frame(
    place: Axes,
    box: Sequence[float],
    colour: str,
    *,
    dash: str = "-",
    fill: str | None = None,
    linewidth: float = 2.0,
    zorder: float = 2,
) -> None:
    frame = Rectangle(
        (box[0], box[1]),
        box[2] - box[0],
        box[3] - box[1],
        facecolor=fill or "none",
        edgecolor=colour,
        linestyle=dash,
        linewidth=linewidth,
        zorder=zorder,
    )
    place.add_patch(frame)
