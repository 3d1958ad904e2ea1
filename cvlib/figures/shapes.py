"""Drawings of the chapter on shapes: runs, walks around borders, boxes, polygons and votes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch, Polygon
from numpy.typing import NDArray

from cvlib.figures.style import hide_frame, new_figure, palette
from cvlib.images.components import find_runs
from cvlib.images.shapes import RotatedBox, box_points

__all__ = [
    "draw_boxes",
    "draw_lines",
    "draw_polygons",
    "draw_runs",
    "draw_votes",
    "draw_walks",
]

_PALE = ("#CFE6F7", "#FBE3B5", "#CDEBDF", "#F3D9E6", "#F9D3BD", "#E4E4E4")
_LINE, _FAINT, _SHAPE = "#333333", "#BBBBBB", "#D5D5D5"


def draw_runs(labels: NDArray[np.integer]) -> Figure:
    """Draw a small mask in squares, its runs as bars that are tied where they touch.

    Parameters
    ----------
    labels
        Integers, (H, W): 0 for the background, then a number per piece; pieces that touch at a
        corner only may bear one number.

    Returns
    -------
    matplotlib.figure.Figure
        A colour and a number per piece; a line between runs of one piece in neighbouring rows
        that touch.

    Examples
    --------
    >>> figure = draw_runs(np.array([[1, 0, 2], [1, 0, 2]]))
    >>> [text.get_text() for text in figure.axes[0].texts]
    ['1', '2', '1', '2']
    """
    figure, axes = _squared_paper(labels.shape)
    row, start, end = (part.tolist() for part in find_runs(np.asarray(labels > 0)))
    runs = list(zip(row, start, end, strict=True))
    for r, first, behind in runs:
        number = int(labels[r, first])
        bar = FancyBboxPatch(
            (first - 0.32, r - 0.27),
            behind - first - 0.36,
            0.54,
            boxstyle="round,pad=0,rounding_size=0.2",
            facecolor=_PALE[(number - 1) % len(_PALE)],
            edgecolor=_LINE,
            linewidth=1,
            zorder=2,
        )
        axes.add_patch(bar)
        middle = (first + behind - 1) / 2
        axes.text(middle, r, f"{number}", ha="center", va="center_baseline", fontsize=9)
        for below, left, right in runs:
            same = below == r + 1 and labels[below, left] == number
            if same and left <= behind and right >= first:
                low, high = max(left, first), min(right, behind) - 1
                across = ((low + high) / 2,) * 2
                if low > high:  # corner to corner
                    across = (behind - 1, left) if left == behind else (first, right - 1)
                axes.plot(across, (r, below), color=_LINE, linewidth=1.6, zorder=1)
    return figure


def draw_walks(
    mask: NDArray[Any], contours: Sequence[NDArray[np.integer]], is_hole: Sequence[bool]
) -> Figure:
    """Draw a small mask in squares, and the walk around each of its borders.

    Parameters
    ----------
    mask
        (H, W), anything but 0 is foreground.
    contours
        The pixels of each border in the order of the walk, (N, 2) each, x and y.
    is_hole
        Whether each is the border of a hole.

    Returns
    -------
    matplotlib.figure.Figure
        Outer borders in blue, those of holes in vermillion and dashed; a dot and the border's
        number where it begins, and an arrow on each step. The two kinds are drawn a little apart,
        for they often share pixels.

    Raises
    ------
    ValueError
        If there are not as many answers as contours.

    Examples
    --------
    >>> figure = draw_walks(np.ones((1, 2)), [np.array([[0, 0], [1, 0]])], [False])
    >>> figure.axes[0].texts[-1].get_text()
    '0'
    """
    if len(is_hole) != len(contours):
        raise ValueError(f"is_hole has {len(is_hole)} answers for {len(contours)} contours")
    figure, axes = _squared_paper(mask.shape)
    colours = np.where(np.asarray(mask)[..., None] != 0, to_rgb("#E6E6E6"), to_rgb("#FFFFFF"))
    axes.imshow(colours, interpolation="nearest", zorder=0)
    for number, (contour, hole) in enumerate(zip(contours, is_hole, strict=True)):
        colour = palette["vermillion" if hole else "blue"]
        shift = 0.13 if hole else -0.13
        x, y = contour[:, 0] + shift, contour[:, 1] + shift
        ahead_x, ahead_y = np.roll(x, -1) - x, np.roll(y, -1) - y
        style = "--" if hole else "-"
        axes.plot(np.r_[x, x[:1]], np.r_[y, y[:1]], style, color=colour, linewidth=1.3)
        if len(contour) > 1:
            axes.quiver(
                x + 0.35 * ahead_x,
                y + 0.35 * ahead_y,
                ahead_x,
                ahead_y,
                angles="xy",
                scale_units="xy",
                scale=4,
                width=0.009,
                headwidth=5,
                headlength=4,
                headaxislength=4,
                color=colour,
                zorder=3,
            )
        axes.plot(x[0], y[0], "o", color=colour, markersize=9, zorder=4)
        text = axes.text(
            x[0], y[0], f"{number}", fontsize=8, weight="bold", color="white", zorder=5
        )
        text.set(ha="center", va="center_baseline")
    return figure


def draw_boxes(
    shape: NDArray[np.number],
    upright: tuple[int, int, int, int],
    rotated: RotatedBox,
    hull: NDArray[np.number],
    center: tuple[float, float],
    angle: float,
) -> Figure:
    """Draw a shape with what is put around it: two boxes, the hull, and its main direction.

    Parameters
    ----------
    shape
        The corners of its contour, (N, 2), x and y.
    upright
        Left, top, width and height.
    rotated
        Centre, size and angle.
    hull
        The corners of the hull, (M, 2).
    center
        The centroid, x and y.
    angle
        The main direction in degrees, from the x axis towards the y axis.

    Returns
    -------
    matplotlib.figure.Figure
        The shape in grey, the rest in colours with a legend.

    Examples
    --------
    >>> corners = np.array([[0, 0], [9, 0], [9, 4]])
    >>> figure = draw_boxes(corners, (0, 0, 10, 5), ((4.5, 2), (9, 4), 0), corners, (6, 1), 10)
    >>> [text.get_text() for text in figure.legends[0].get_texts()]
    ['bounding box', 'smallest box', 'hull', 'main direction']
    """
    figure, grid = new_figure(width=4.4, height=4.1)
    axes = grid[0, 0]
    axes.add_patch(Polygon(shape, facecolor=_SHAPE, edgecolor="none"))
    left, top, width, height = upright
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]]) - 0.5 + (left, top)
    _outline(axes, corners, "sky", "-", "bounding box")
    _outline(axes, box_points(rotated), "vermillion", "--", "smallest box")
    _outline(axes, hull, "green", "-.", "hull")
    reach = 0.45 * max(rotated[1])
    ends = np.array([[-reach], [reach]]) * [
        math.cos(math.radians(angle)),
        math.sin(math.radians(angle)),
    ] + np.array(center)
    axes.plot(*ends.T, ":", color=palette["purple"], linewidth=2.4, label="main direction")
    axes.plot(*center, "o", color=palette["purple"], markersize=7)
    axes.set_aspect("equal")
    axes.invert_yaxis()
    hide_frame(axes)
    figure.legend(loc="outside lower center", ncols=2, frameon=False, fontsize=9)
    return figure


def draw_polygons(
    shape: NDArray[np.number], polygons: Mapping[str, NDArray[np.number]], *, columns: int = 3
) -> Figure:
    """Draw a shape several times, each time under another polygon that stands for it.

    Parameters
    ----------
    shape
        The corners of its contour, (N, 2), x and y.
    polygons
        Corners, (M, 2) each, by the title above.
    columns
        Drawings beside each other.

    Returns
    -------
    matplotlib.figure.Figure
        The shape in grey, each polygon with a dot on every corner.

    Examples
    --------
    >>> square = np.array([[0, 0], [4, 0], [4, 4], [0, 4]])
    >>> figure = draw_polygons(square, {"3 corners": square[:3]}, columns=1)
    >>> len(figure.axes[0].lines[0].get_xdata())
    4
    """
    rows = -(-len(polygons) // columns)
    width, height = np.ptp(shape, axis=0)
    size = 6.6 / max(columns, 2)
    figure, grid = new_figure(
        rows, columns, width=columns * size, height=rows * (size * height / width + 0.3)
    )
    for axes in grid.flat:
        hide_frame(axes)
    for axes, (title, corners) in zip(grid.flat, polygons.items(), strict=False):
        axes.add_patch(Polygon(shape, facecolor=_SHAPE, edgecolor="none"))
        closed = np.concatenate([corners, corners[:1]])
        axes.plot(*closed.T, "o-", color=palette["blue"], markersize=3.5, linewidth=1.3)
        axes.set_title(title, fontsize=10, loc="center")
        axes.set_aspect("equal")
        axes.invert_yaxis()
    return figure


def draw_votes(
    edges: NDArray[Any],
    votes: NDArray[np.integer],
    angles: NDArray[np.floating],
    distances: NDArray[np.floating],
) -> Figure:
    """Draw a few edge pixels, and beside them how many votes each line got.

    Parameters
    ----------
    edges
        (H, W), anything but 0 has a vote.
    votes, angles, distances
        What :func:`cvlib.images.hough.hough_votes` made of them.

    Returns
    -------
    matplotlib.figure.Figure
        The pixels, with the line that most of them voted for; and the votes, dark where there are
        many, with a ring around that line.

    Examples
    --------
    >>> from cvlib.images.hough import hough_votes
    >>> edges = np.eye(9, dtype=np.uint8)
    >>> figure = draw_votes(edges, *hough_votes(edges))
    >>> figure.axes[1].get_xlabel()
    'angle θ in degrees'
    """
    figure, grid = new_figure(1, 2, width=6.6, height=2.9, width_ratios=(1, 1.5))
    left, right = grid[0]
    row, column = np.nonzero(edges)
    left.plot(column, row, "s", color=_LINE, markersize=4)
    height, width = edges.shape
    which, place = np.unravel_index(votes.argmax(), votes.shape)
    _draw_line(left, (float(distances[place]), float(angles[which])), edges.shape)
    left.set_xlim(-0.5, width - 0.5)
    left.set_ylim(height - 0.5, -0.5)
    left.set_aspect("equal")
    left.set_xlabel("x")
    left.set_ylabel("y")
    some = np.flatnonzero(votes.any(axis=0))
    low, high = some[0], some[-1]
    limits = (float(np.degrees(angles[0])), float(np.degrees(angles[-1])))
    right.imshow(
        votes[:, low : high + 1].T,
        cmap="gray_r",
        aspect="auto",
        interpolation="nearest",
        extent=(*limits, float(distances[high]), float(distances[low])),
    )
    ring = (float(np.degrees(angles[which])), float(distances[place]))
    right.plot(*ring, "o", color=palette["vermillion"], markersize=13, fillstyle="none")
    right.set_xlabel("angle θ in degrees")
    right.set_ylabel("distance ρ")
    return figure


def draw_lines(image: NDArray[np.uint8], lines: NDArray[np.floating]) -> Figure:
    """Draw straight lines over a photograph.

    Parameters
    ----------
    image
        ``uint8``, (H, W) or (H, W, 3).
    lines
        Distance and angle in radians of each line, (N, 2).

    Returns
    -------
    matplotlib.figure.Figure
        The photograph, and the lines from border to border.

    Examples
    --------
    >>> figure = draw_lines(np.zeros((20, 30), np.uint8), np.array([[10.0, 0.0]]))
    >>> figure.axes[0].lines[0].get_xdata().round().tolist()
    [10.0, 10.0]
    """
    figure, grid = new_figure(width=4.2, height=4.2 * image.shape[0] / image.shape[1])
    axes = grid[0, 0]
    axes.imshow(image, cmap="gray", vmin=0, vmax=255)
    for line in lines:
        _draw_line(axes, (float(line[0]), float(line[1])), image.shape)
    axes.set_xlim(-0.5, image.shape[1] - 0.5)
    axes.set_ylim(image.shape[0] - 0.5, -0.5)
    hide_frame(axes)
    return figure


def _squared_paper(shape: tuple[int, ...]) -> tuple[Figure, Axes]:
    height, width = shape
    inches = min(0.4, 6.8 / width)
    figure, grid = new_figure(width=inches * width + 0.1, height=inches * height + 0.1)
    axes = grid[0, 0]
    axes.hlines(np.arange(height + 1) - 0.5, -0.5, width - 0.5, color=_FAINT, linewidth=0.6)
    axes.vlines(np.arange(width + 1) - 0.5, -0.5, height - 0.5, color=_FAINT, linewidth=0.6)
    axes.set_xlim(-0.6, width - 0.4)
    axes.set_ylim(height - 0.4, -0.6)
    axes.set_aspect("equal")
    hide_frame(axes)
    return figure, axes


def _outline(axes: Axes, corners: NDArray[Any], colour: str, style: str, label: str) -> None:
    closed = np.concatenate([corners, corners[:1]])
    axes.plot(*closed.T, style, color=palette[colour], linewidth=1.8, label=label)


def _draw_line(axes: Axes, line: tuple[float, float], shape: tuple[int, ...]) -> None:
    """Draw the points x, y with x cos θ + y sin θ = ρ, far enough to leave the picture."""
    rho, theta = line
    normal = np.array([math.cos(theta), math.sin(theta)])
    reach = 2.0 * max(shape[:2])
    ends = rho * normal + np.array([[-reach], [reach]]) * [-normal[1], normal[0]]
    axes.plot(*ends.T, color=palette["orange"], linewidth=1.5)
