"""Drawings of the chapter on features: corners, keypoints, a descriptor, and who is whose."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import cv2
import numpy as np
from matplotlib import rc_context
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Circle
from numpy.typing import NDArray

from cvlib.figures.style import STYLE, hide_frame, new_figure, palette
from cvlib.images.features import Keypoints

__all__ = [
    "draw_blob_scales",
    "draw_descriptor",
    "draw_keypoints",
    "draw_matches",
    "draw_orientations",
    "draw_points",
    "draw_survival",
    "draw_windows",
    "paint_matches",
]

_RIGHT, _WRONG, _UNKNOWN = palette["blue"], palette["vermillion"], "#999999"
_MARKS = ("o", "s", "^", "D")
_DASHES = ("-", "--", ":", "-.")


def draw_windows(windows: Mapping[str, NDArray[Any]], changes: Sequence[NDArray[Any]]) -> Figure:
    """Draw small windows of a picture, and below each how much every shift changes it.

    Parameters
    ----------
    windows
        ``uint8``, (H, W), by name.
    changes
        As many arrays (2 r + 1, 2 r + 1), for shifts from -r to r either way. All share one scale,
        dark where nothing changes.

    Returns
    -------
    matplotlib.figure.Figure
        A column per window.

    Raises
    ------
    ValueError
        If there are not as many changes as windows.

    Examples
    --------
    >>> figure = draw_windows({"flat": np.zeros((5, 5), np.uint8)}, [np.zeros((3, 3))])
    >>> figure.axes[0].get_title()
    'flat'
    """
    if len(changes) != len(windows):
        raise ValueError(f"changes has {len(changes)} arrays; expected {len(windows)}")
    figure, axes = new_figure(2, len(windows), width=1.65 * len(windows) + 0.5, height=3.9)
    most = max(float(change.max()) for change in changes) or 1.0
    for column, (name, window) in enumerate(windows.items()):
        above, below = axes[:, column]
        above.imshow(window, vmin=0, vmax=255, cmap="gray", interpolation="nearest")
        above.set_title(name, loc="center", fontsize=10)
        hide_frame(above)
        reach = len(changes[column]) // 2
        sides = (-reach - 0.5, reach + 0.5)
        below.imshow(
            changes[column],
            extent=(*sides, *sides[::-1]),
            vmin=0,
            vmax=most,
            cmap="viridis",
            interpolation="nearest",
        )
        below.set_xticks([-reach, 0, reach])
        below.set_yticks([-reach, 0, reach])
        below.set_xlabel("shift right")
        if column == 0:
            below.set_ylabel("shift down")
    return figure


def draw_points(
    image: NDArray[np.uint8], points: Mapping[str, NDArray[Any]], width: float = 4.6
) -> Figure:
    """Mark points of several kinds on a photograph.

    Parameters
    ----------
    image
        ``uint8``, (H, W) or (H, W, 3).
    points
        Pairs (x, y), (N, 2), by kind; up to four kinds, each with its colour and its mark.
    width
        Of the figure, in inches.

    Returns
    -------
    matplotlib.figure.Figure
        The photograph with marks, and a legend if there are several kinds.

    Examples
    --------
    >>> figure = draw_points(np.zeros((50, 60), np.uint8), {"corners": np.array([[3, 4]])})
    >>> len(figure.axes[0].lines)
    1
    """
    several = len(points) > 1
    height = width * image.shape[0] / image.shape[1] + 0.35 * several
    figure, axes = new_figure(width=width, height=height)
    place = axes[0, 0]
    place.imshow(image, vmin=0, vmax=255, cmap="gray")
    colours = (palette["orange"], palette["sky"], palette["purple"], palette["green"])
    for (name, places), mark, colour in zip(points.items(), _MARKS, colours, strict=False):
        place.plot(
            *np.asarray(places, float).T,
            mark,
            label=name,
            markersize=6,
            markerfacecolor="none",
            markeredgecolor=colour,
            markeredgewidth=1.5,
        )
    hide_frame(place)
    if several:
        with rc_context(STYLE):
            figure.legend(loc="outside upper left", ncols=len(points), fontsize=9)
    return figure


def draw_keypoints(image: NDArray[np.uint8], keypoints: Keypoints, width: float = 4.6) -> Figure:
    """Draw each keypoint as a circle of its size, with a hand that shows its angle.

    Parameters
    ----------
    image
        ``uint8``, (H, W) or (H, W, 3).
    keypoints
        What to draw. The radius of a circle is the keypoint's ``size``, twice the blur.
    width
        Of the figure, in inches.

    Returns
    -------
    matplotlib.figure.Figure
        The photograph with circles.

    Examples
    --------
    >>> figure = draw_keypoints(np.zeros((50, 60), np.uint8), Keypoints.at([(20, 30)], size=8))
    >>> len(figure.axes[0].patches)
    1
    """
    figure, axes = new_figure(width=width, height=width * image.shape[0] / image.shape[1])
    place = axes[0, 0]
    place.imshow(image, vmin=0, vmax=255, cmap="gray")
    colours = (palette["orange"], palette["sky"], palette["green"], palette["purple"])
    order = np.argsort(-keypoints.size, kind="stable")
    for number, at in enumerate(order):
        (x, y), size = keypoints.points[at], float(keypoints.size[at])
        turn = math.radians(float(keypoints.angle[at]))
        colour = colours[number % len(colours)]
        place.add_patch(Circle((x, y), size, fill=False, edgecolor=colour, linewidth=1.3))
        hand = (x + size * math.cos(turn), y + size * math.sin(turn))
        place.plot([x, hand[0]], [y, hand[1]], color=colour, linewidth=1.3)
    place.set_xlim(-0.5, image.shape[1] - 0.5)
    place.set_ylim(image.shape[0] - 0.5, -0.5)
    hide_frame(place)
    return figure


def draw_blob_scales(
    blurs: NDArray[Any], responses: Mapping[float, NDArray[Any]], best: Mapping[float, float]
) -> Figure:
    """Draw how a difference of Gaussians answers in the middle of discs, for each blur.

    Parameters
    ----------
    blurs
        In pixels, (N,).
    responses
        The answers, (N,), by the disc's radius in pixels.
    best
        The blur expected to answer most, by radius; a dashed line.

    Returns
    -------
    matplotlib.figure.Figure
        A curve per disc.

    Examples
    --------
    >>> figure = draw_blob_scales(np.arange(1, 4), {4: np.zeros(3)}, {4: 2.8})
    >>> len(figure.axes[0].lines)
    2
    """
    figure, axes = new_figure(height=2.8, width=5.6)
    place = axes[0, 0]
    for (radius, values), colour, dash in zip(
        responses.items(), palette.values(), _DASHES, strict=False
    ):
        place.plot(blurs, values, dash, color=colour, label=f"radius {radius:g}")
        place.axvline(best[radius], color=colour, linestyle=(0, (1, 1.5)), linewidth=1.2)
    place.set_xlabel("blur in pixels")
    place.set_ylabel("answer")
    place.set_ylim(0, 1.05 * max(float(np.max(values)) for values in responses.values()) or 1)
    place.grid(alpha=0.25)
    with rc_context(STYLE):
        figure.legend(loc="outside upper left", ncols=3, fontsize=9)
    return figure


def draw_orientations(
    window: NDArray[Any],
    length: NDArray[Any],
    direction: NDArray[Any],
    histogram: NDArray[Any],
    angles: NDArray[Any],
) -> Figure:
    """Draw what surrounds a keypoint with its gradients, and the histogram of their directions.

    Parameters
    ----------
    window
        The layer around the point, (H, W), from 0 to 255.
    length, direction
        Its gradients, (H, W); degrees, 90 is down. Every other one is drawn.
    histogram
        The sums per direction, (36,).
    angles
        The keypoint's angles, in degrees.

    Returns
    -------
    matplotlib.figure.Figure
        The window with arrows, and bars with a line at each angle and one at 0.8 of the highest.

    Examples
    --------
    >>> flat = np.ones((9, 9))
    >>> figure = draw_orientations(flat, flat, flat, np.arange(36.0), np.array([90.0]))
    >>> len(figure.axes[1].patches)
    36
    """
    figure, axes = new_figure(1, 2, width=6.4, height=2.9, width_ratios=(1, 1.35))
    picture, bars = axes[0]
    picture.imshow(window, vmin=0, vmax=255, cmap="gray", interpolation="nearest")
    rows, columns = (part.ravel() for part in np.mgrid[: len(window) : 2, : window.shape[1] : 2])
    turn = np.radians(direction[rows, columns])
    strength = length[rows, columns] / (length.max() or 1)
    picture.quiver(
        columns, rows, strength * np.cos(turn), strength * np.sin(turn),
        angles="xy", scale_units="xy", scale=0.4, color=palette["sky"], width=0.01, pivot="mid",
    )  # fmt: skip
    middle = (np.array(window.shape[::-1]) - 1) / 2
    for angle in np.radians(angles):
        hand = middle + 0.42 * window.shape[0] * np.array([math.cos(angle), math.sin(angle)])
        picture.plot(*np.stack([middle, hand]).T, color=palette["orange"], linewidth=2.5)
    picture.set_xlim(-0.5, window.shape[1] - 0.5)
    picture.set_ylim(window.shape[0] - 0.5, -0.5)
    hide_frame(picture)
    bars.bar(10 * np.arange(len(histogram)), histogram, width=9, color=palette["sky"])
    for angle in angles:
        bars.axvline(angle, color=palette["orange"], linewidth=2)
    bars.axhline(0.8 * histogram.max(), color=palette["grey"], linestyle="--", linewidth=1)
    bars.set_xticks([0, 90, 180, 270], ["0°", "90°", "180°", "270°"])
    bars.set_yticks([])
    bars.set_xlabel("direction")
    return figure


def draw_descriptor(window: NDArray[Any], descriptor: NDArray[Any]) -> Figure:
    """Draw the turned surroundings of a keypoint in 4 × 4 cells, and what is written down of each.

    Parameters
    ----------
    window
        (S, S), from 0 to 255, turned so that the keypoint's angle is to the right.
    descriptor
        (128,), as :func:`cvlib.images.scale_space.describe` makes it.

    Returns
    -------
    matplotlib.figure.Figure
        The window under a grid, and each cell as a star of 8 rays.

    Raises
    ------
    ValueError
        If there are not 128 numbers.

    Examples
    --------
    >>> figure = draw_descriptor(np.zeros((16, 16)), np.ones(128))
    >>> len(figure.axes)
    2
    """
    if np.shape(descriptor) != (128,):
        raise ValueError(f"descriptor has shape {np.shape(descriptor)}; expected (128,)")
    figure, axes = new_figure(1, 2, width=5.6, height=2.9)
    side = len(window)
    for place, shade in zip(axes[0], (255, 600), strict=True):
        place.imshow(window, vmin=0, vmax=shade, cmap="gray", interpolation="nearest")
        for edge in range(5):
            for line in (place.axhline, place.axvline):
                line(edge * side / 4 - 0.5, color=palette["orange"], linewidth=1)
        place.set_xlim(-0.5, side - 0.5)
        place.set_ylim(side - 0.5, -0.5)
        hide_frame(place)
    axes[0, 0].set_title("upright, in 16 cells", loc="center", fontsize=10)
    axes[0, 1].set_title("8 numbers per cell", loc="center", fontsize=10)
    numbers = np.reshape(descriptor, (4, 4, 8))
    for (row, column, part), value in np.ndenumerate(numbers / (numbers.max() or 1)):
        angle = -math.radians(45 * part)  # they count to the left, and y counts downwards
        start = (np.array([column, row]) + 0.5) * side / 4 - 0.5
        end = start + 0.48 * side / 4 * float(value) * np.array([math.cos(angle), math.sin(angle)])
        axes[0, 1].plot(*np.stack([start, end]).T, color="white", linewidth=1.8)
    return figure


def paint_matches(
    image: NDArray[np.uint8],
    points_a: NDArray[Any],
    points_b: NDArray[Any],
    right: NDArray[Any],
    enlarge: int = 1,
) -> NDArray[np.uint8]:
    """Paint a line from each point to its partner's place into one photograph.

    Parameters
    ----------
    image
        ``uint8``, (H, W) or (H, W, 3); it is shown pale, soft and grey.
    points_a, points_b
        Pairs (x, y), (N, 2).
    right
        (N,): 1 for right, painted blue; 0 for wrong, orange; -1 for not known, grey.
    enlarge
        Pixels of the result per pixel of the photograph.

    Returns
    -------
    ndarray
        ``uint8``, (enlarge · H, enlarge · W, 3), RGB.

    Examples
    --------
    >>> one = np.array([[2.0, 3.0]])
    >>> paint_matches(np.zeros((8, 8), np.uint8), one, one + 3, np.array([1])).shape
    (8, 8, 3)
    """
    flat = image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    soft = cv2.GaussianBlur(
        flat.astype(np.float32), (0, 0), 1.5
    )  # lines stand out, and it is light
    pale = 255 - (255 - soft) * 0.45
    large = cv2.resize(pale, None, fx=enlarge, fy=enlarge, interpolation=cv2.INTER_LINEAR)
    painted = cv2.cvtColor(np.rint(large).astype(np.uint8), cv2.COLOR_GRAY2RGB)
    for kind, colour in ((-1, _UNKNOWN), (0, _WRONG), (1, _RIGHT)):
        shade = tuple(round(255 * part) for part in to_rgb(colour))
        which = np.asarray(right) == kind
        for start, end in zip(points_a[which], points_b[which], strict=True):
            ends = [
                tuple(int(v) for v in np.rint((np.asarray(p) + 0.5) * enlarge * 16 - 8))
                for p in (start, end)
            ]
            cv2.line(painted, ends[0], ends[1], shade, 1 + enlarge // 2, cv2.LINE_AA, shift=4)
            cv2.circle(painted, ends[0], 40, shade, -1, cv2.LINE_AA, shift=4)
    return np.asarray(painted, dtype=np.uint8)


def draw_matches(
    painted: NDArray[np.uint8],
    ratios: Sequence[float],
    right: Sequence[float],
    kept: Sequence[float],
    ratio: float,
) -> Figure:
    """Show painted matches, and beside them what share is right and what share is kept.

    Parameters
    ----------
    painted
        As :func:`paint_matches` makes it.
    ratios
        The ratios that were tried.
    right
        At each, the share of the kept matches that are right.
    kept
        At each, the share of all right matches that are kept.
    ratio
        The one shown, one of ``ratios``.

    Returns
    -------
    matplotlib.figure.Figure
        The picture, and two curves with a dot at the ratio.

    Examples
    --------
    >>> figure = draw_matches(np.zeros((4, 6, 3), np.uint8), [0.8, 1], [0.9, 0.4], [0.9, 1], 0.8)
    >>> len(figure.axes)
    2
    """
    figure, axes = new_figure(1, 2, width=7, height=2.9, width_ratios=(1.75, 1))
    picture, curves = axes[0]
    picture.imshow(painted)
    hide_frame(picture)
    at = list(ratios).index(ratio)
    for values, name, colour, dash in (
        (right, "right, of the kept", _RIGHT, "-"),
        (kept, "kept, of the right", palette["green"], "--"),
    ):
        curves.plot(ratios, values, dash, color=colour, label=name)
        curves.plot([ratio], [values[at]], "o", color=colour, markersize=9)
    curves.axvline(ratio, color=palette["grey"], linewidth=1, linestyle=":")
    curves.set_ylim(0, 1.02)
    curves.set_xlim(min(ratios) - 0.02, 1.02)
    curves.set_xlabel("ratio")
    curves.set_ylabel("share")
    with rc_context(STYLE):
        curves.legend(loc="lower left", fontsize=9)
    return figure


def draw_survival(
    turns: Sequence[float],
    turned: Mapping[str, Sequence[float]],
    scales: Sequence[float],
    scaled: Mapping[str, Sequence[float]],
) -> Figure:
    """Draw what share of the points still finds its partner, when a picture is turned or scaled.

    Parameters
    ----------
    turns
        Angles in degrees.
    turned
        Shares from 0 to 1 at these angles, by method.
    scales
        Factors, spaced by their logarithm.
    scaled
        Shares at these factors, by method.

    Returns
    -------
    matplotlib.figure.Figure
        Two plots, a curve per method in each.

    Examples
    --------
    >>> figure = draw_survival([0, 90], {"SIFT": [1, 1]}, [0.5, 1], {"SIFT": [0.5, 1]})
    >>> len(figure.axes)
    2
    """
    figure, axes = new_figure(1, 2, width=7, height=3, sharey=True)
    for place, along, curves in zip(axes[0], (turns, scales), (turned, scaled), strict=True):
        for (name, values), mark, dash in zip(curves.items(), _MARKS, _DASHES, strict=False):
            place.plot(along, values, dash, marker=mark, markersize=5, label=name)
        place.set_ylim(0, 1.02)
        place.grid(alpha=0.25)
    axes[0, 0].set_xlabel("turned by, in degrees")
    axes[0, 0].set_xticks([0, 30, 60, 90])
    axes[0, 0].set_ylabel("right, of all points")
    axes[0, 1].set_xscale("log", base=2)
    axes[0, 1].set_xticks([0.5, 0.7, 1, 1.4, 2], ["½", "0.7", "1", "1.4", "2"])
    axes[0, 1].minorticks_off()
    axes[0, 1].set_xlabel("scaled by")
    with rc_context(STYLE):
        axes[0, 0].legend(loc="center right", bbox_to_anchor=(1, 0.3), fontsize=9)
    return figure
