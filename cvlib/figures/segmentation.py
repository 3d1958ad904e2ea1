"""Drawings of the chapter on segmentation: regions that overlap, a U, mistakes, and outlines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from cvlib.figures.style import as_picture, hide_frame, new_figure, palette

__all__ = ["draw_masks", "draw_overlap", "draw_unet", "mistakes", "outlined"]

_LINE = "#333333"
_BOTH, _FOUND, _TRUE = "white", palette["vermillion"], palette["sky"]
_OUTLINES = ("orange", "sky", "green", "purple", "vermillion")


def draw_overlap(found: NDArray[Any], true: NDArray[Any]) -> Figure:
    """Draw two regions of a few pixels, and how they overlap.

    Parameters
    ----------
    found, true
        ``bool``, (H, W).

    Returns
    -------
    matplotlib.figure.Figure
        What was found, what is true, and both: common pixels are marked "both".

    Raises
    ------
    ValueError
        If the two differ in size.

    Examples
    --------
    >>> figure = draw_overlap(np.eye(3, dtype=bool), np.ones((3, 3), bool))
    >>> [axes.get_title() for axes in figure.axes]
    ['found: 3 pixels', 'true: 9 pixels', 'both: 3, either: 9']
    """
    if found.shape != true.shape:
        raise ValueError(f"true has shape {true.shape}; expected {found.shape}, as found has")
    both, either = int((found & true).sum()), int((found | true).sum())
    titles = (f"found: {found.sum()} pixels", f"true: {true.sum()} pixels")
    figure, axes = new_figure(1, 3, width=6.4, height=2.3)
    fields: tuple[Any, ...] = ((found, None), (None, true), (found, true))
    for place, title, (one, other) in zip(
        axes[0], (*titles, f"both: {both}, either: {either}"), fields, strict=True
    ):
        hide_frame(place)
        place.set(xlim=(-0.05, true.shape[1] + 0.05), ylim=(true.shape[0] + 0.05, -0.05))
        place.set_aspect("equal")
        place.set_title(title, loc="center", fontsize=10)
        for row, column in np.ndindex(true.shape):
            inside = tuple(each is not None and bool(each[row, column]) for each in (one, other))
            colour: dict[Any, str] = {
                (True, True): palette["green"],
                (True, False): _FOUND,
                (False, True): _TRUE,
            }
            box: Any = {"facecolor": colour.get(inside, "white"), "edgecolor": _LINE}
            place.add_patch(Rectangle((column, row), 1, 1, **box))
    return figure


def draw_unet(widths: Sequence[int], size: int, classes: int) -> Figure:
    """Draw the plan of a U-Net: down on the left, up on the right, bridges between.

    Parameters
    ----------
    widths
        Channels at each level, the full size first.
    size
        The side of the picture in pixels.
    classes
        How many outputs a pixel gets.

    Returns
    -------
    matplotlib.figure.Figure
        A box for each map; its height goes with its side, its text says channels and side.

    Examples
    --------
    >>> figure = draw_unet([8, 16], 96, 2)
    >>> [text.get_text() for text in figure.axes[0].texts if "²" in text.get_text()]
    ['8 × 96²', '8 × 96²', '16 × 48²', '2 × 96²']
    """
    levels = len(widths) - 1
    figure, axes = new_figure(width=6.6, height=1.0 + 0.85 * (levels + 1))
    place = axes[0, 0]
    hide_frame(place)
    last = 2 * levels + 1
    place.set(xlim=(-0.9, last + 0.9), ylim=(-levels - 0.55, 0.75))
    for level, width in enumerate(widths):
        side, right = size // 2**level, 2 * levels - level
        _map(place, level, -level, f"{width} × {side}²", "#CFE6F7", level, levels)
        if level == levels:
            continue
        _map(place, right, -level, f"{width} × {side}²", "#FBE3B5", level, levels)
        _arrow(place, (level + 0.42, -level), (right - 0.42, -level), palette["green"], "bridge")
        _arrow(place, (level + 0.12, -level - 0.32), (level + 0.8, -level - 0.78), _LINE, "½")
        _arrow(place, (right - 0.8, -level - 0.78), (right - 0.12, -level - 0.32), _LINE, "2×")
    _map(place, last, 0, f"{classes} × {size}²", "#DDF0E8", 0, levels)
    _arrow(place, (2 * levels + 0.42, 0), (last - 0.42, 0), _LINE, "")
    return figure


def mistakes(found: NDArray[Any], true: NDArray[Any]) -> NDArray[np.uint8]:
    """Colour what was found rightly, found wrongly, and missed.

    Parameters
    ----------
    found, true
        (H, W): 0 on the background.

    Returns
    -------
    ndarray
        ``uint8``, (H, W, 3), RGB: white where both are, vermillion where only ``found`` is, sky
        blue where only ``true`` is, black elsewhere.

    Examples
    --------
    >>> mistakes(np.array([[1, 1, 0]]), np.array([[1, 0, 1]]))[0].tolist()
    [[255, 255, 255], [213, 94, 0], [86, 180, 233]]
    """
    one, other = np.asarray(found) != 0, np.asarray(true) != 0
    colours = np.array([to_rgb(each) for each in ("black", _FOUND, _TRUE, _BOTH)])
    return np.rint(255 * colours[one + 2 * other.astype(int)]).astype(np.uint8)


def outlined(picture: Any, labels: NDArray[Any], gain: float = 1.0) -> NDArray[np.uint8]:
    """Draw the outline of each thing over a picture, touching ones in different colours.

    Parameters
    ----------
    picture
        A tensor (C, H, W) or an array, ``uint8``.
    labels
        (H, W): 0 on the background, and a number for each thing.
    gain
        What the picture is multiplied by, so that dark things can be seen.

    Returns
    -------
    ndarray
        ``uint8``, (H, W, 3), RGB, with outlines of one pixel inside of each thing.

    Examples
    --------
    >>> one = outlined(np.zeros((3, 3), np.uint8), np.ones((3, 3), int))
    >>> one[1, 1].tolist()
    [0, 0, 0]
    """
    image = as_picture(picture)
    grey = image if image.ndim == 3 else np.repeat(image[..., None], 3, axis=2)
    shown = np.clip(grey * float(gain), 0, 255).astype(np.uint8)
    colours = np.array([to_rgb(palette[name]) for name in _OUTLINES])
    framed = np.pad(labels, 1)
    middle = framed[1:-1, 1:-1]
    around = (framed[:-2, 1:-1], framed[2:, 1:-1], framed[1:-1, :-2], framed[1:-1, 2:])
    edge = np.logical_or.reduce([side != middle for side in around]) & (middle > 0)
    shown[edge] = np.rint(255 * colours[middle[edge] % len(colours)]).astype(np.uint8)
    return shown


def draw_masks(
    picture: Any, panels: Sequence[tuple[str, NDArray[Any]]], *, title: str | None = None
) -> Figure:
    """Draw a picture, and beside it masks of it.

    Parameters
    ----------
    picture
        A tensor (C, H, W) or an array.
    panels
        A line and a mask (H, W) or a picture (H, W, 3) for each.
    title
        What to see.

    Returns
    -------
    matplotlib.figure.Figure
        One row.

    Examples
    --------
    >>> figure = draw_masks(np.zeros((4, 4), np.uint8), [("found", np.eye(4))])
    >>> [axes.get_title() for axes in figure.axes]
    ['picture', 'found']
    """
    shown = [("picture", as_picture(picture)), *panels]
    figure, axes = new_figure(1, len(shown), width=1.75 * len(shown), height=2.2, title=title)
    for place, (name, image) in zip(axes[0], shown, strict=True):
        hide_frame(place)
        look = {} if image.ndim == 3 else {"cmap": "gray", "vmin": 0}
        place.imshow(image, interpolation="nearest", **look)
        place.set_title(name, loc="center", fontsize=9)
    return figure


def _map(place: Axes, x: float, y: float, text: str, colour: str, level: int, levels: int) -> None:
    height = 0.62 - 0.3 * level / max(1, levels)
    box = Rectangle((x - 0.4, y - height / 2), 0.8, height, facecolor=colour, edgecolor=_LINE)
    place.add_patch(box)
    place.text(x, y, text, ha="center", va="center", fontsize=8.5)


def _arrow(
    place: Axes, start: tuple[float, float], end: tuple[float, float], colour: str, text: str
) -> None:
    how = {"arrowstyle": "->", "color": colour, "linewidth": 1.4, "shrinkA": 0, "shrinkB": 0}
    place.annotate("", end, start, arrowprops=how)
    middle = (start[0] + end[0]) / 2, (start[1] + end[1]) / 2
    shift = (
        (0, 0.12) if text == "bridge" else (-0.2 if end[0] > start[0] and text == "½" else 0.2, 0)
    )
    if text:
        place.text(
            middle[0] + shift[0],
            middle[1] + shift[1],
            text,
            ha="center",
            va="center",
            fontsize=8.5,
            color=colour,
        )
