"""Drawings of the chapter on edges: derivatives as numbers, arrows, colours, and found circles."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Circle, Rectangle
from numpy.typing import NDArray

from cvlib.figures.style import STYLE, hide_frame, new_figure, palette
from cvlib.images.gradients import direction, magnitude

__all__ = [
    "colour_directions",
    "colour_thresholds",
    "draw_angle_errors",
    "draw_arrows",
    "draw_circles",
    "draw_profiles",
    "draw_rows",
]

_RISING, _FALLING, _FLAT, _LINE = "#CFE6F7", "#F9D3BD", "#FFFFFF", "#333333"
_COMPASS = ("blue", "green", "orange", "purple")  # right, down, left, up


def draw_rows(pixels: Sequence[int], results: Mapping[str, Sequence[int]]) -> Figure:
    """Draw one row of a picture, and below it what operators make of it, number by number.

    Parameters
    ----------
    pixels
        Brightness, 0 to 255.
    results
        Rows of as many numbers, by name.

    Returns
    -------
    matplotlib.figure.Figure
        The pixels in their grey; below them what is above 0 on blue, what is below 0 on orange.

    Raises
    ------
    ValueError
        If a row is not as long as the pixels.

    Examples
    --------
    >>> figure = draw_rows([0, 255], {"difference": [255, -255]})
    >>> [text.get_text() for text in figure.axes[0].texts]
    ['pixels', '0', '255', 'difference', '255', '−255']
    """
    width = len(pixels)
    figure, axes = new_figure(width=min(7.0, 0.62 * width + 0.2), height=0.75 * len(results) + 0.9)
    place = axes[0, 0]
    for top, (name, values) in enumerate({"pixels": pixels, **results}.items()):
        if len(values) != width:
            raise ValueError(f"{name} has {len(values)} numbers; expected {width}")
        place.text(0, 1.55 * top - 0.28, name, ha="left", va="center", fontsize=10)
        for left, value in enumerate(values):
            colour = _FLAT if value == 0 else _RISING if value > 0 else _FALLING
            colour = f"#{3 * f'{value:02x}'}" if top == 0 else colour
            box = Rectangle((left, 1.55 * top), 1, 0.85, facecolor=colour, edgecolor=_LINE)
            place.add_patch(box)
            ink = "white" if top == 0 and value < 128 else _LINE
            text = f"{value}".replace("-", "−")
            place.text(
                left + 0.5,
                1.55 * top + 0.44,
                text,
                ha="center",
                va="center",
                fontsize=10,
                color=ink,
            )
    place.set_xlim(-0.05, width + 0.05)
    place.set_ylim(1.55 * len(results) + 0.95, -0.6)
    hide_frame(place)
    return figure


def draw_arrows(image: NDArray[np.uint8], dx: NDArray[Any], dy: NDArray[Any]) -> Figure:
    """Draw a small patch of a picture, and the gradient in each pixel as an arrow.

    Parameters
    ----------
    image
        ``uint8``, (H, W), some 20 pixels either way.
    dx, dy
        Derivatives across and down, (H, W).

    Returns
    -------
    matplotlib.figure.Figure
        The patch, and arrows towards where it gets brighter; the longest is 1.6 pixels long. Those
        shorter than a quarter of that are left out.

    Raises
    ------
    ValueError
        If the derivatives have another shape than the patch.

    Examples
    --------
    >>> ramp = np.tile(np.arange(4, dtype=np.uint8), (3, 1))
    >>> figure = draw_arrows(ramp, np.ones((3, 4)), np.zeros((3, 4)))
    """
    if not image.shape == dx.shape == dy.shape:
        raise ValueError(f"dx and dy are {dx.shape} and {dy.shape}; expected {image.shape}")
    figure, axes = new_figure(width=4.6, height=4.6 * image.shape[0] / image.shape[1])
    place = axes[0, 0]
    place.imshow(image, vmin=0, vmax=255, cmap="gray", interpolation="nearest")
    length = magnitude(dx, dy)
    rows, columns = np.nonzero(length > length.max() / 4)
    x, y = (1.6 * d[rows, columns] / length.max() for d in (dx, dy))
    place.quiver(
        columns,
        rows,
        x,
        y,
        angles="xy",
        scale_units="xy",
        scale=1,
        pivot="middle",
        color=palette["orange"],
        width=0.007,
    )
    hide_frame(place)
    return figure


def colour_directions(dx: NDArray[Any], dy: NDArray[Any]) -> NDArray[np.uint8]:
    """Colour each pixel by its gradient's direction, the brighter the steeper.

    Parameters
    ----------
    dx, dy
        Derivatives across and down, (H, W).

    Returns
    -------
    ndarray
        ``uint8``, (H, W, 3), RGB: blue where it gets brighter to the right, green downwards,
        orange to the left, purple upwards, mixtures between; black where nothing changes. The
        steepest twentieth is at full brightness.

    Examples
    --------
    >>> colour_directions(np.array([[2, 0]]), np.array([[0, 0]]))[0].tolist()
    [[0, 114, 178], [0, 0, 0]]
    """
    length = magnitude(dx, dy)
    strong = np.quantile(length, 0.95) or length.max() or 1.0
    compass = np.array([to_rgb(palette[name]) for name in _COMPASS])
    turn, share = np.divmod(direction(dx, dy) / 90, 1)
    first = turn.astype(int) % 4
    mixed = (1 - share[..., None]) * compass[first] + share[..., None] * compass[(first + 1) % 4]
    coloured: NDArray[np.uint8] = np.rint(
        255 * mixed * np.clip(length / strong, 0, 1)[..., None]
    ).astype(np.uint8)
    return coloured


def colour_thresholds(strength: NDArray[Any], low: float, high: float) -> NDArray[np.uint8]:
    """Colour what is above two thresholds: strong pixels blue, weak ones orange, on white.

    Parameters
    ----------
    strength
        How strong the edge is, (H, W).
    low, high
        What is above ``high`` is strong, what is above ``low`` at least weak.

    Returns
    -------
    ndarray
        ``uint8``, (H, W, 3), RGB.

    Examples
    --------
    >>> colour_thresholds(np.array([[1, 5, 9]]), 4, 8)[0].tolist()
    [[255, 255, 255], [230, 159, 0], [0, 114, 178]]
    """
    colours = np.array([to_rgb(name) for name in ("white", palette["orange"], palette["blue"])])
    levels = (strength > low).astype(int) + (strength > high)
    coloured: NDArray[np.uint8] = np.rint(255 * colours[levels]).astype(np.uint8)
    return coloured


def draw_profiles(profiles: Mapping[str, Sequence[NDArray[Any]]], edge: float) -> Figure:
    """Draw brightness along rows of pixels, each above its first and second derivative.

    Parameters
    ----------
    profiles
        Three arrays (N,) by name: brightness, first derivative, second derivative.
    edge
        Where the true edge is, in pixels.

    Returns
    -------
    matplotlib.figure.Figure
        A column a name, a dashed line at the edge.

    Examples
    --------
    >>> figure = draw_profiles({"step": [np.zeros(9)] * 3}, edge=4.5)
    >>> len(figure.axes)
    3
    """
    figure, axes = new_figure(3, len(profiles), height=4, sharex=True)
    labels = ("brightness", "first\nderivative", "second\nderivative")
    for column, (name, curves) in enumerate(profiles.items()):
        axes[0, column].set_title(name, loc="center")
        for row, curve in enumerate(curves):
            place = axes[row, column]
            place.axvline(edge, color=palette["vermillion"], linestyle="--", linewidth=1)
            if row:
                place.axhline(0, color="#BBBBBB", linewidth=1)
            place.plot(curve, color=palette["blue"], linewidth=1.4)
            if column == 0:
                place.set_ylabel(labels[row])
        axes[2, column].set_xlabel("column")
    return figure


def draw_angle_errors(angles: NDArray[Any], errors: Mapping[str, NDArray[Any]]) -> Figure:
    """Draw how far operators miss a direction, for each true direction.

    Parameters
    ----------
    angles
        True directions in degrees, (N,).
    errors
        Measured minus true direction in degrees, (N,), by operator.

    Returns
    -------
    matplotlib.figure.Figure
        A curve an operator, with its name beside it.

    Examples
    --------
    >>> figure = draw_angle_errors(np.arange(3), {"sobel": np.zeros(3)})
    """
    figure, axes = new_figure(height=2.6)
    place = axes[0, 0]
    place.axhline(0, color="#BBBBBB", linewidth=1)
    for (name, values), dash in zip(errors.items(), ("-", "--", ":"), strict=False):
        place.plot(angles, values, dash, label=name)
    place.set_xlabel("true direction in degrees")
    place.set_ylabel("error in degrees")
    place.grid(alpha=0.25)
    with rc_context(STYLE):
        place.legend()
    return figure


def draw_circles(image: NDArray[np.uint8], circles: Iterable[tuple[float, float, float]]) -> Figure:
    """Draw circles over a photograph, each with its radius in its middle.

    Parameters
    ----------
    image
        ``uint8``, (H, W) or (H, W, 3).
    circles
        Row, column and radius of each, in pixels.

    Returns
    -------
    matplotlib.figure.Figure
        The photograph with the circles.

    Examples
    --------
    >>> figure = draw_circles(np.zeros((50, 60), np.uint8), [(20, 30, 15)])
    >>> figure.axes[0].texts[0].get_text()
    '15'
    """
    figure, axes = new_figure(width=4.6, height=4.6 * image.shape[0] / image.shape[1])
    place = axes[0, 0]
    place.imshow(image, vmin=0, vmax=255, cmap="gray")
    for row, column, radius in circles:
        ring = Circle((column, row), radius, fill=False, edgecolor=palette["orange"], linewidth=1.6)
        place.add_patch(ring)
        box = {"facecolor": "white", "alpha": 0.75, "edgecolor": "none", "pad": 1.2}
        place.text(
            column, row, f"{radius:g}", ha="center", va="center", fontsize=8, bbox=box, color=_LINE
        )
    hide_frame(place)
    return figure
