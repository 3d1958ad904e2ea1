"""Drawings of the chapter on correspondence: pairs, outlines, costs, points in space, motions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.patches import Polygon
from numpy.typing import NDArray

from cvlib.figures.style import STYLE, hide_frame, new_figure, palette
from cvlib.images.correspondence import trials

__all__ = [
    "draw_costs",
    "draw_curves",
    "draw_flow",
    "draw_outlines",
    "draw_pairs",
    "draw_trials",
    "draw_valleys",
    "look_from",
]

_DASHES = ("-", "--", ":", "-.")


def draw_pairs(
    first: NDArray[np.uint8],
    second: NDArray[np.uint8],
    source: NDArray[np.floating],
    target: NDArray[np.floating],
    right: NDArray[np.bool_],
    width: float = 7.0,
) -> Figure:
    """Draw two pictures side by side, and a line from each point to its partner.

    Parameters
    ----------
    first, second
        ``uint8``, (H, W) or (H, W, 3), of the same height and kind.
    source, target
        (N, 2): points of the one and of the other.
    right
        (N,): which pairs to draw in blue; the others are dashed in vermillion.
    width
        Of the figure, in inches.

    Returns
    -------
    matplotlib.figure.Figure
        The pictures and the lines.

    Raises
    ------
    ValueError
        If the pictures differ in height.

    Examples
    --------
    >>> black, point = np.zeros((40, 50), np.uint8), np.array([[9.0, 9.0]])
    >>> len(draw_pairs(black, black, point, point, np.array([True])).axes[0].lines)
    1
    """
    if len(first) != len(second):
        raise ValueError(f"second is {len(second)} pixels high; expected {len(first)}, as first is")
    both = np.hstack([first, second])
    figure, ((place,),) = new_figure(width=width, height=width * both.shape[0] / both.shape[1])
    place.imshow(both, vmin=0, vmax=255, cmap="gray")
    for (x, y), (u, v), good in zip(source, target, right, strict=True):
        place.plot(
            [x, u + first.shape[1]],
            [y, v],
            "-" if good else "--",
            color=palette["sky" if good else "vermillion"],
            linewidth=1.1 if good else 1.3,
            marker="o",
            markersize=2.5,
        )
    place.set_xlim(-0.5, both.shape[1] - 0.5)
    place.set_ylim(both.shape[0] - 0.5, -0.5)
    hide_frame(place)
    return figure


def draw_outlines(
    image: NDArray[np.uint8],
    outlines: Mapping[str, NDArray[np.floating]],
    points: NDArray[np.floating] | None = None,
    right: NDArray[np.bool_] | None = None,
    width: float = 4.6,
) -> Figure:
    """Draw outlines over a picture, by their corners.

    Parameters
    ----------
    image
        ``uint8``, (H, W) or (H, W, 3).
    outlines
        Corners (N, 2) by name, in pixels, in order around.
    points
        (N, 2), dots to draw as well.
    right
        (N,), which dots are blue; the others are crosses in vermillion. All are, without it.
    width
        Of the figure, in inches.

    Returns
    -------
    matplotlib.figure.Figure
        The picture, each outline with a line of its own, and a legend below.

    Examples
    --------
    >>> square = np.array([[5, 5], [20, 5], [20, 20], [5, 20]])
    >>> figure = draw_outlines(np.zeros((30, 40), np.uint8), {"found": square})
    >>> len(figure.axes[0].patches)
    1
    """
    height = width * image.shape[0] / image.shape[1] + 0.3
    figure, ((place,),) = new_figure(width=width, height=height)
    place.imshow(image, vmin=0, vmax=255, cmap="gray")
    colours = (palette["orange"], palette["sky"], palette["purple"])
    for (name, corners), dash, colour in zip(
        outlines.items(), ("-", "--", ":"), colours, strict=False
    ):
        place.add_patch(
            Polygon(
                corners, fill=False, edgecolor=colour, linestyle=dash, linewidth=2.2, label=name
            )
        )
    if points is not None:
        right = np.ones(len(points), dtype=np.bool_) if right is None else right
        place.plot(*points[right].T, "o", color=palette["sky"], markersize=3)
        place.plot(*points[~right].T, "x", color=palette["vermillion"], markersize=4)
    place.set_xlim(-0.5, image.shape[1] - 0.5)
    place.set_ylim(image.shape[0] - 0.5, -0.5)
    hide_frame(place)
    with rc_context(STYLE):
        place.legend(loc="upper center", bbox_to_anchor=(0.5, 0), ncols=3, fontsize=9)
    return figure


def draw_trials(confidence: float = 0.995) -> Figure:
    """Draw how many samples RANSAC needs, by the share of right pairs and the sample's size.

    Parameters
    ----------
    confidence
        As in :func:`cvlib.images.correspondence.trials`.

    Returns
    -------
    matplotlib.figure.Figure
        A curve each for samples of one, two and four pairs, on a logarithmic scale.

    Examples
    --------
    >>> len(draw_trials().axes[0].lines)
    3
    """
    figure, ((place,),) = new_figure(width=5.0, height=2.8)
    shares = np.linspace(0.1, 0.98, 89)
    names = {1: "1 pair: a shift", 2: "2 pairs: turn, scale", 4: "4 pairs: homography"}
    for (size, name), dash in zip(names.items(), _DASHES, strict=False):
        exact = np.log1p(-confidence) / np.log1p(-(shares**size))
        place.semilogy(shares, exact, dash, label=name)
    assert np.isclose(exact[40], trials(float(shares[40]), 4, confidence), atol=1)
    place.set_xlabel("share of right pairs")
    place.set_ylabel("samples")
    place.set_xlim(0, 1)
    place.set_ylim(0.8, 1e5)
    place.grid(alpha=0.25)
    with rc_context(STYLE):
        place.legend(fontsize=9)
    return figure


def draw_costs(
    patches: Mapping[str, NDArray[np.uint8]],
    costs: Sequence[NDArray[Any]],
    truths: Sequence[float],
) -> Figure:
    """Draw what each disparity costs a window, below the window.

    Parameters
    ----------
    patches
        Windows of the left picture, by name.
    costs
        A cost for each disparity from 0 on, (D,), for each window.
    truths
        The true disparity of each.

    Returns
    -------
    matplotlib.figure.Figure
        A column a window; a dashed line at the truth, a dot at the least cost.

    Examples
    --------
    >>> black = np.zeros((9, 9), np.uint8)
    >>> figure = draw_costs({"one": black}, [np.arange(5)], [2.0])
    >>> len(figure.axes)
    2
    """
    count = len(patches)
    figure, axes = new_figure(2, count, width=2.2 * count, height=3.4)
    most = max(float(np.max(cost)) for cost in costs)
    for column, ((name, patch), cost, truth) in enumerate(
        zip(patches.items(), costs, truths, strict=True)
    ):
        above, below = axes[:, column]
        above.imshow(patch, vmin=0, vmax=255, cmap="gray", interpolation="nearest")
        above.set_title(name, loc="center", fontsize=10)
        hide_frame(above)
        below.axvline(truth, color=palette["vermillion"], linestyle="--", linewidth=1.2)
        below.plot(cost, color=palette["blue"], linewidth=1.4)
        least = int(np.argmin(cost))
        below.plot(least, cost[least], "o", color=palette["blue"], markersize=6)
        below.set_xlabel("disparity", fontsize=9)
        below.set_ylim(0, 1.08 * most)
        if column == 0:
            below.set_ylabel("difference", fontsize=9)
        else:
            below.set_yticklabels([])
    return figure


def draw_curves(
    across: Sequence[float],
    curves: Mapping[str, Sequence[float]],
    labels: tuple[str, str],
    limits: tuple[float, float],
    doubling: bool = False,
) -> Figure:
    """Draw curves over one axis, with a dot at each number.

    Parameters
    ----------
    across
        Where the numbers stand.
    curves
        As many numbers each, by name.
    labels
        Of the two axes.
    limits
        The lowest and the highest number drawn.
    doubling
        Whether each doubling across is as long as the one before.

    Returns
    -------
    matplotlib.figure.Figure
        The curves, each with its own dashes, and a legend where there are several.

    Examples
    --------
    >>> figure = draw_curves([1, 2], {"a": [0, 1], "b": [1, 0]}, ("x", "y"), (0, 1))
    >>> len(figure.axes[0].lines)
    2
    """
    figure, ((place,),) = new_figure(width=4.8, height=2.7)
    for (name, numbers), dash in zip(curves.items(), _DASHES, strict=False):
        place.plot(across, numbers, dash, marker="o", markersize=4, label=name)
    if doubling:
        place.set_xscale("log", base=2)
    place.set_xticks(list(across), [f"{number:g}" for number in across])
    place.set_xlabel(labels[0])
    place.set_ylabel(labels[1])
    place.set_ylim(*limits)
    place.grid(alpha=0.25)
    if len(curves) > 1:
        with rc_context(STYLE):
            place.legend(fontsize=9)
    return figure


def look_from(
    points: NDArray[np.floating],
    colours: NDArray[np.uint8],
    centre: Sequence[float],
    turn: float,
    tilt: float,
    focal_length: float,
    size: tuple[int, int],
) -> NDArray[np.uint8]:
    """Draw points in space as another camera sees them: the near ones over the far ones.

    Parameters
    ----------
    points
        (N, 3): to the right, down, ahead. Those that are not finite are left out.
    colours
        ``uint8``, (N, 3), RGB.
    centre
        The place that the camera goes around, as a point.
    turn, tilt
        Degrees that the camera goes around it to the right, and up.
    focal_length
        Of the camera, in pixels.
    size
        Height and width of the picture.

    Returns
    -------
    ndarray
        ``uint8``, (height, width, 3): each point as two by two pixels; white where there is none.

    Examples
    --------
    >>> dot = np.array([[0.0, 0.0, 5.0]])
    >>> black = np.zeros((1, 3), np.uint8)
    >>> int((look_from(dot, black, (0, 0, 5), 30, 0, 10, (9, 9)) == 0).all(axis=2).sum())
    4
    """
    height, width = size
    cos, sin = np.cos(np.radians([turn, tilt])), np.sin(np.radians([turn, tilt]))
    around = np.array([[cos[0], 0, sin[0]], [0, 1, 0], [-sin[0], 0, cos[0]]])
    over = np.array([[1, 0, 0], [0, cos[1], -sin[1]], [0, sin[1], cos[1]]])
    distance = np.linalg.norm(np.asarray(centre, dtype=np.float64))
    straight = np.array([0, 0, distance])
    known = np.isfinite(points).all(axis=1)
    places = (points[known] - centre) @ (over @ around).T + straight
    seen = places[:, 2] > distance / 10
    places, inks = places[seen], colours[known][seen]
    x = np.rint(places[:, 0] / places[:, 2] * focal_length + width / 2).astype(int)
    y = np.rint(places[:, 1] / places[:, 2] * focal_length + height / 2).astype(int)
    picture = np.full((height + 2, width + 2, 3), 255, dtype=np.uint8)
    inside = (x >= 0) & (x <= width) & (y >= 0) & (y <= height)
    order = np.argsort(-places[inside, 2], kind="stable")  # the far ones first
    x, y, inks = x[inside][order], y[inside][order], inks[inside][order]
    for down, right in ((0, 0), (0, 1), (1, 0), (1, 1)):
        picture[y + down, x + right] = inks
    return picture[1:-1, 1:-1]


def draw_flow(
    image: NDArray[np.uint8],
    points: NDArray[np.floating],
    motions: NDArray[np.floating],
    right: NDArray[np.bool_] | None = None,
    scale: float = 1.0,
    width: float = 4.6,
) -> Figure:
    """Draw where points went, as arrows over a picture.

    Parameters
    ----------
    image
        ``uint8``, (H, W) or (H, W, 3).
    points, motions
        (N, 2) each: from where, and how far, in pixels.
    right
        (N,): which arrows are blue; the others are vermillion. All are, without it.
    scale
        How many times as long to draw the arrows.
    width
        Of the figure, in inches.

    Returns
    -------
    matplotlib.figure.Figure
        The picture and the arrows.

    Examples
    --------
    >>> figure = draw_flow(np.zeros((20, 30), np.uint8), np.ones((2, 2)), np.ones((2, 2)))
    """
    figure, ((place,),) = new_figure(width=width, height=width * image.shape[0] / image.shape[1])
    place.imshow(image, vmin=0, vmax=255, cmap="gray")
    right = np.ones(len(points), dtype=np.bool_) if right is None else right
    for mask, colour in ((~right, "vermillion"), (right, "sky")):
        if mask.any():
            place.quiver(
                *points[mask].T,
                *(scale * motions[mask]).T,
                angles="xy",
                scale_units="xy",
                scale=1,
                color=palette[colour],
                width=0.004,
            )
    place.set_xlim(-0.5, image.shape[1] - 0.5)
    place.set_ylim(image.shape[0] - 0.5, -0.5)
    hide_frame(place)
    return figure


def draw_valleys(
    windows: Mapping[str, NDArray[np.uint8]], costs: Sequence[NDArray[Any]], reach: int
) -> Figure:
    """Draw, below each window, how much it differs from itself at each shift.

    Parameters
    ----------
    windows
        Windows by name.
    costs
        (2·reach + 1, 2·reach + 1) each: what a shift down (row) and across (column) costs.
    reach
        The largest shift, in pixels.

    Returns
    -------
    matplotlib.figure.Figure
        A column a window: the window, and the costs, dark where they are low.

    Examples
    --------
    >>> figure = draw_valleys({"flat": np.zeros((9, 9), np.uint8)}, [np.zeros((5, 5))], 2)
    >>> len(figure.axes)
    2
    """
    count = len(windows)
    figure, axes = new_figure(2, count, width=2.0 * count, height=4.2)
    most = max(float(np.max(cost)) for cost in costs)
    for column, ((name, window), cost) in enumerate(zip(windows.items(), costs, strict=True)):
        above, below = axes[:, column]
        above.imshow(window, vmin=0, vmax=255, cmap="gray", interpolation="nearest")
        above.set_title(name, loc="center", fontsize=10)
        hide_frame(above)
        edge = reach + 0.5
        below.imshow(
            np.sqrt(cost),
            vmin=0,
            vmax=np.sqrt(most),
            cmap="viridis",
            extent=(-edge, edge, edge, -edge),
            interpolation="nearest",
        )
        below.plot(0, 0, "+", color="white", markersize=9)
        below.set_xticks([-reach, 0, reach])
        below.set_yticks([-reach, 0, reach])
        below.set_xlabel("shift across", fontsize=9)
        if column == 0:
            below.set_ylabel("shift down", fontsize=9)
    return figure
