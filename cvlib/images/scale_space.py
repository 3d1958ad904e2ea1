"""Points at their own scale: a picture blurred step by step, and SIFT, which looks through it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from cvlib.arguments import integer, number
from cvlib.images.features import Keypoints, grey

__all__ = [
    "Extrema",
    "describe",
    "extrema",
    "gradients",
    "orientation_histogram",
    "orientations",
    "refine",
    "scale_space",
    "sift",
]

Floats = NDArray[np.float32]

_CAMERA_BLUR = 0.5  # how blurred a photograph is taken to be, in pixels
_BORDER = 5  # pixels next to the border at which no extremum is looked for
_STEPS = 5  # by which an extremum may wander to a neighbour
_DIRECTIONS = 36  # bins of the histogram from which a keypoint gets its angle
_CELLS, _BINS = 4, 8  # of the descriptor: 4 × 4 cells of 8 directions


class Extrema(NamedTuple):
    """Refined extrema of an octave, an array (N,) per property.

    Parameters
    ----------
    layer, row, column
        The nearest sample, whole numbers.
    down, right
        Row and column between the samples, in pixels of the octave.
    scale
        Blur, in pixels of the octave.
    contrast
        The difference of Gaussians there, as a part of the range from black to white.
    """

    layer: NDArray[np.intp]
    row: NDArray[np.intp]
    column: NDArray[np.intp]
    down: Floats
    right: Floats
    scale: Floats
    contrast: Floats


def scale_space(
    image: NDArray[Any], octave_layers: int = 3, sigma: float = 1.6
) -> Iterator[tuple[float, Floats]]:
    """Blur a picture more and more, and halve it each time that the blur has doubled.

    Parameters
    ----------
    image
        ``uint8``, (H, W), or (H, W, 3), which is turned grey. It is doubled first.
    octave_layers
        Steps from one blur to the double one.
    sigma
        Blur of the first layer in pixels of its octave.

    Yields
    ------
    step : float
        Pixels of the picture from one pixel of the octave to the next: 0.5, 1, 2 and so on.
    layers : ndarray
        ``float32``, (octave_layers + 3, h, w), levels from 0 to 255. Layer i is blurred by
        ``sigma * 2 ** (i / octave_layers)`` pixels of the octave.

    Raises
    ------
    TypeError, ValueError
        If the picture is none, or another argument is out of its range.

    References
    ----------
    Lowe, "Distinctive Image Features from Scale-Invariant Keypoints", International Journal of
    Computer Vision 60(2), 2004, section 3.

    Examples
    --------
    >>> octaves = scale_space(np.zeros((32, 48), dtype=np.uint8))
    >>> [(step, layers.shape) for step, layers in octaves][:2]
    [(0.5, (6, 64, 96)), (1.0, (6, 32, 48))]
    """
    picture = grey(image)
    if picture.dtype != np.uint8:
        raise TypeError(f"image has dtype {picture.dtype}; expected uint8")
    octave_layers = integer("octave_layers", octave_layers, least=1)
    if number("sigma", sigma) < 2 * _CAMERA_BLUR:
        raise ValueError(f"sigma is {sigma!r}; expected at least {2 * _CAMERA_BLUR}")
    return _octaves(picture, octave_layers, sigma)


def _octaves(
    picture: NDArray[np.uint8], octave_layers: int, sigma: float
) -> Iterator[tuple[float, Floats]]:
    # Blurs add up by their squares: what is missing is the root of a difference of squares.
    first = math.sqrt(max(sigma**2 - (2 * _CAMERA_BLUR) ** 2, 0.01))
    base = cv2.GaussianBlur(_doubled(picture.astype(np.float32)), (0, 0), first)
    blurs = sigma * 2 ** (np.arange(octave_layers + 3) / octave_layers)
    added = np.sqrt(np.diff(blurs**2))
    for octave in range(round(math.log2(min(picture.shape)))):
        layers = np.empty((octave_layers + 3, *base.shape), dtype=np.float32)
        layers[0] = base
        for layer, blur in enumerate(added):
            cv2.GaussianBlur(layers[layer], (0, 0), blur, dst=layers[layer + 1])
        yield 2.0 ** (octave - 1), layers
        height, width = (side // 2 * 2 for side in base.shape)
        base = layers[octave_layers, :height:2, :width:2].copy()


def _doubled(picture: Floats) -> Floats:
    """Put a mean between any two neighbours, so that pixel (x, y) becomes pixel (2x, 2y)."""
    height, width = picture.shape
    doubled = np.empty((2 * height, 2 * width), dtype=np.float32)
    rows = doubled[::2]
    rows[:, ::2] = picture
    rows[:, 1:-1:2] = (picture[:, :-1] + picture[:, 1:]) / 2
    rows[:, -1] = picture[:, -1]
    doubled[1:-1:2] = (rows[:-1] + rows[1:]) / 2
    doubled[-1] = rows[-1]
    return doubled


def extrema(differences: Floats, threshold: float = 1) -> NDArray[np.intp]:
    """Find what is not smaller, or not larger, than its 26 neighbours in place and scale.

    Parameters
    ----------
    differences
        ``float32``, (L, H, W): differences of Gaussians.
    threshold
        An extremum is further from 0 than this.

    Returns
    -------
    ndarray
        ``intp``, (N, 3): layer, row and column. The first and the last layer have none, nor have
        the 5 pixels next to the border.

    References
    ----------
    Lowe 2004, section 3.1.

    Examples
    --------
    >>> differences = np.zeros((3, 13, 15), dtype=np.float32)
    >>> differences[1, 6, 8] = -3
    >>> extrema(differences)
    array([[1, 6, 8]])
    """
    square = np.ones((3, 3), dtype=np.uint8)
    inside = np.s_[_BORDER:-_BORDER, _BORDER:-_BORDER]
    found = [np.empty((0, 3), dtype=np.intp)]
    for at in range(1, len(differences) - 1):
        here, three = differences[at], differences[at - 1 : at + 2]
        is_extremum = (here > threshold) & (here == cv2.dilate(three.max(axis=0), square))
        is_extremum |= (here < -threshold) & (here == cv2.erode(three.min(axis=0), square))
        rows, columns = np.nonzero(is_extremum[inside])
        place = (np.full(len(rows), at), rows + _BORDER, columns + _BORDER)
        found.append(np.stack(place, axis=1))
    return np.concatenate(found)


def refine(
    differences: Floats,
    places: NDArray[np.intp],
    contrast_threshold: float = 0.04,
    edge_threshold: float = 10,
    sigma: float = 1.6,
) -> Extrema:
    """Fit a parabola through each extremum and its neighbours, and drop the weak and the long ones.

    Parameters
    ----------
    differences
        ``float32``, (L, H, W): differences of Gaussians, in levels from 0 to 255.
    places
        (N, 3): layer, row and column, as :func:`extrema` finds them.
    contrast_threshold
        The least contrast, times the layers of an octave, as a part of the range.
    edge_threshold
        The largest ratio of the two curvatures: an edge curves across, and not along.
    sigma
        Blur of the first layer.

    Returns
    -------
    Extrema
        Those that are left. One whose top lies nearer to another sample goes there, five times at
        most; halfway between two, it may go to and fro, and is dropped.

    References
    ----------
    Lowe 2004, section 4.

    Examples
    --------
    >>> layer, row, column = np.mgrid[:5, :20, :20].astype(np.float32)
    >>> bump = 100 - (layer - 2) ** 2 - (row - 9.75) ** 2 - (column - 10.25) ** 2
    >>> found = refine(bump, np.array([[2, 10, 10]]))
    >>> float(found.row[0] + found.down[0]), float(found.column[0] + found.right[0])
    (9.75, 10.25)
    """
    octave_layers, height, width = len(differences) - 2, *differences.shape[1:]
    least = np.array([1, _BORDER, _BORDER])
    most = np.array([octave_layers, height - _BORDER - 1, width - _BORDER - 1])
    at, moving = np.array(places, dtype=np.intp).reshape(-1, 3), np.arange(len(places))
    offset = np.zeros(at.shape)
    settled = np.zeros(len(at), dtype=np.bool_)
    for _ in range(_STEPS):
        slope, curvature = _derivatives(differences, at[moving])
        solvable = np.abs(np.linalg.det(curvature)) > 1e-12
        moving, slope, curvature = moving[solvable], slope[solvable], curvature[solvable]
        offset[moving] = -np.linalg.solve(curvature, slope[..., None])[..., 0]
        near = (np.abs(offset[moving]) < 0.5).all(axis=1)
        settled[moving[near]] = True
        moving = moving[~near]
        moving = moving[(np.abs(offset[moving]) < 1e6).all(axis=1)]
        at[moving] += np.rint(offset[moving]).astype(np.intp)
        moving = moving[((at[moving] >= least) & (at[moving] <= most)).all(axis=1)]
    at, offset = at[settled], offset[settled]

    slope, curvature = _derivatives(differences, at)
    contrast = differences[tuple(at.T)] / 255 + (slope * offset).sum(axis=1) / 2
    trace = curvature[:, 1, 1] + curvature[:, 2, 2]
    determinant = curvature[:, 1, 1] * curvature[:, 2, 2] - curvature[:, 1, 2] ** 2
    kept = np.abs(contrast) * octave_layers >= contrast_threshold
    kept &= trace**2 * edge_threshold < (edge_threshold + 1) ** 2 * determinant  # no saddle, too
    (layer, row, column), between = at[kept].T, offset[kept].astype(np.float32)
    scale = (sigma * 2 ** ((layer + between[:, 0]) / octave_layers)).astype(np.float32)
    strength = np.abs(contrast[kept]).astype(np.float32)
    return Extrema(layer, row, column, between[:, 1], between[:, 2], scale, strength)


def _derivatives(
    differences: Floats, at: NDArray[np.intp]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Differentiate once and twice along layer, row and column, from the nearest neighbours."""
    shifts = np.eye(3, dtype=np.intp)

    def value(*shift: NDArray[np.intp]) -> NDArray[np.float64]:
        return differences[tuple((at + sum(shift)).T)].astype(np.float64) / 255

    here = differences[tuple(at.T)].astype(np.float64) / 255
    slope = np.empty((len(at), 3))
    curvature = np.empty((len(at), 3, 3))
    for i, one in enumerate(shifts):
        slope[:, i] = (value(one) - value(-one)) / 2
        curvature[:, i, i] = value(one) + value(-one) - 2 * here
        for j, other in enumerate(shifts[:i]):
            same, opposite = value(one, other) + value(-one, -other), value(one, -other)
            mixed = (same - opposite - value(-one, other)) / 4
            curvature[:, i, j] = curvature[:, j, i] = mixed
    return slope, curvature


def gradients(layer: Floats) -> tuple[Floats, Floats]:
    """Differentiate a layer between the neighbours of each pixel.

    Parameters
    ----------
    layer
        ``float32``, (H, W).

    Returns
    -------
    length, direction : ndarray
        ``float32``, (H, W): how steep it is, and degrees from 0 to 360, 90 is down. At the border,
        where a neighbour is missing, the length is 0.

    Examples
    --------
    >>> length, direction = gradients(np.tile(np.float32([0, 1, 2]), (3, 1)))
    >>> float(length[1, 1]), float(direction[1, 1]), float(length[0, 1])
    (2.0, 0.0, 0.0)
    """
    dx, dy = np.zeros_like(layer), np.zeros_like(layer)
    dx[1:-1, 1:-1] = layer[1:-1, 2:] - layer[1:-1, :-2]
    dy[1:-1, 1:-1] = layer[2:, 1:-1] - layer[:-2, 1:-1]
    length, direction = cv2.cartToPolar(dx, dy, angleInDegrees=True)
    return np.asarray(length, np.float32), np.asarray(direction, np.float32)


def orientation_histogram(
    length: Floats, direction: Floats, row: int, column: int, scale: float
) -> NDArray[np.float64]:
    """Count the directions around a point, weighted by steepness and by nearness.

    Parameters
    ----------
    length, direction
        As :func:`gradients` gives them.
    row, column
        The point, in pixels of the layer.
    scale
        Its blur in pixels of the layer. The weights are a bell of 1.5 times that, cut off at three
        times its width.

    Returns
    -------
    ndarray
        ``float64``, (36,): bin i collects the directions around 10 i degrees, and is smoothed with
        its neighbours by 1, 4, 6, 4, 1.

    References
    ----------
    Lowe 2004, section 5.

    Examples
    --------
    >>> ramp = np.tile(np.arange(20, dtype=np.float32), (20, 1))
    >>> int(orientation_histogram(*gradients(ramp.T.copy()), 10, 10, 1.6).argmax())
    9
    """
    reach = round(4.5 * scale)
    rows, columns = _window(length.shape, row, column, reach)
    down, across = np.arange(rows.start, rows.stop) - row, np.arange(columns.start, columns.stop)
    bell = np.exp(-(down[:, None] ** 2 + (across - column) ** 2) / (2 * (1.5 * scale) ** 2))
    bins = np.rint(direction[rows, columns] * (_DIRECTIONS / 360)).astype(np.intp) % _DIRECTIONS
    weights = bell * length[rows, columns]
    counted = np.bincount(bins.ravel(), weights.ravel(), minlength=_DIRECTIONS)
    smoothed = np.zeros(_DIRECTIONS)
    for shift, weight in zip(range(-2, 3), (1, 4, 6, 4, 1), strict=True):
        smoothed += np.roll(counted, shift) * weight
    return smoothed / 16


def orientations(histogram: NDArray[np.float64]) -> NDArray[np.float64]:
    """Read the angles of a keypoint: all peaks at least 0.8 times as high as the highest one.

    Parameters
    ----------
    histogram
        As :func:`orientation_histogram` counts it.

    Returns
    -------
    ndarray
        ``float64``, (K,): degrees from 0 to 360, at the top of the parabola through a peak and its
        two neighbours.

    References
    ----------
    Lowe 2004, section 5.

    Examples
    --------
    >>> histogram = np.zeros(36)
    >>> histogram[8:11] = 4, 8, 4
    >>> orientations(histogram)
    array([90.])
    """
    before, after = np.roll(histogram, 1), np.roll(histogram, -1)
    is_peak = (histogram > before) & (histogram > after)
    (at,) = np.nonzero(is_peak & (histogram >= 0.8 * histogram.max()))
    left, here, right = before[at], histogram[at], after[at]
    return (at + 0.5 * (left - right) / (left - 2 * here + right)) * (360 / len(histogram)) % 360


def describe(
    length: Floats, direction: Floats, row: float, column: float, scale: float, angle: float
) -> NDArray[np.float32]:
    """Describe what surrounds a point: 4 × 4 histograms of 8 directions, seen along its angle.

    Parameters
    ----------
    length, direction
        As :func:`gradients` gives them.
    row, column
        The point in pixels of the layer; rounded.
    scale
        Its blur in pixels of the layer; a cell is three times as wide.
    angle
        In degrees, the direction that counts as 0.

    Returns
    -------
    ndarray
        ``float32``, (128,), whole numbers from 0 to 255: cell by cell, row by row. Its length was
        1, then no number was left above 0.2, then it was made 512.

    References
    ----------
    Lowe 2004, section 6.

    Examples
    --------
    >>> ramp = np.tile(np.arange(40, dtype=np.float32), (40, 1))
    >>> for angle in (0, 90):
    ...     numbers = describe(*gradients(ramp), 20, 20, 1.6, angle).reshape(4, 4, 8)
    ...     print(np.unique(numbers.argmax(axis=2)))
    [0]
    [2]
    """
    width = 3 * scale
    row, column = round(row), round(column)
    reach = round(width * math.sqrt(2) * (_CELLS + 1) / 2)
    rows, columns = _window(length.shape, row, column, reach)
    down = np.arange(rows.start, rows.stop)[:, None] - row
    right = np.arange(columns.start, columns.stop) - column
    cosine, sine = math.cos(math.radians(angle)) / width, math.sin(math.radians(angle)) / width
    x, y = right * cosine + down * sine, down * cosine - right * sine  # in cells, turned upright
    inside = np.maximum(np.abs(x), np.abs(y)) < (_CELLS + 1) / 2
    x, y = x[inside], y[inside]
    weight = np.exp(-(x**2 + y**2) / (_CELLS**2 / 2)) * length[rows, columns][inside]
    turn = (angle - direction[rows, columns][inside]) * (_BINS / 360)  # OpenCV turns to the left

    # Each pixel is shared by the two nearest cells either way, and the two nearest directions.
    histogram = np.zeros((_CELLS + 2) ** 2 * _BINS)
    place = [part + (_CELLS - 1) / 2 for part in (y, x)] + [turn]
    first = [np.floor(part).astype(np.intp) for part in place]
    above, left, before = (part - whole for part, whole in zip(place, first, strict=True))
    for r, c, b in np.ndindex(2, 2, 2):
        share = weight * (above if r else 1 - above)
        share *= left if c else 1 - left
        share *= before if b else 1 - before
        cell = (first[0] + r + 1) * (_CELLS + 2) + first[1] + c + 1
        index = cell * _BINS + (first[2] + b) % _BINS
        histogram += np.bincount(index, share, minlength=len(histogram))
    numbers = histogram.reshape(_CELLS + 2, _CELLS + 2, _BINS)[1:-1, 1:-1].ravel()
    numbers = np.minimum(numbers, 0.2 * np.linalg.norm(numbers))
    numbers *= 512 / max(float(np.linalg.norm(numbers)), 1e-7)
    described: NDArray[np.float32] = np.minimum(np.rint(numbers), 255).astype(np.float32)
    return described


def _window(shape: tuple[int, ...], row: int, column: int, reach: int) -> tuple[slice, slice]:
    """Cut a square around a pixel, as far as it lies in the picture."""
    return (
        slice(max(row - reach, 0), min(row + reach + 1, shape[0])),
        slice(max(column - reach, 0), min(column + reach + 1, shape[1])),
    )


def sift(
    image: NDArray[Any],
    nfeatures: int = 0,
    octave_layers: int = 3,
    contrast_threshold: float = 0.04,
    edge_threshold: float = 10,
    sigma: float = 1.6,
) -> tuple[Keypoints, NDArray[np.float32]]:
    """Find points at their own scale and angle, and describe them: SIFT, with OpenCV's numbers.

    Parameters
    ----------
    image
        ``uint8``, (H, W), or (H, W, 3), RGB, which is turned grey.
    nfeatures
        How many of the strongest to keep, with all that are as strong as the last of them; 0 keeps
        all.
    octave_layers, sigma
        As in :func:`scale_space`.
    contrast_threshold, edge_threshold
        As in :func:`refine`.

    Returns
    -------
    keypoints : Keypoints
        N points, ordered by x, then by y. A point with two angles is there twice. ``size`` is twice
        the blur at which the point was found, in pixels of the picture.
    descriptors : ndarray
        ``float32``, (N, 128), whole numbers from 0 to 255.

    Raises
    ------
    TypeError, ValueError
        If the picture is none, or another argument is out of its range.

    References
    ----------
    Lowe, "Distinctive Image Features from Scale-Invariant Keypoints", International Journal of
    Computer Vision 60(2), 2004. As ``cv2.SIFT_create(enable_precise_upscale=True)`` has it.

    Examples
    --------
    >>> rows, columns = np.mgrid[:64, :64]
    >>> blob = 255 * np.exp(-((columns - 20) ** 2 + (rows - 40) ** 2) / (2 * 4**2))
    >>> keypoints, descriptors = sift(blob.astype(np.uint8))
    >>> np.unique(keypoints.points.round(1), axis=0).tolist(), descriptors.shape[1]
    ([[20.0, 40.0]], 128)
    """
    octaves = scale_space(image, octave_layers, sigma)
    nfeatures = integer("nfeatures", nfeatures)
    number("contrast_threshold", contrast_threshold)
    number("edge_threshold", edge_threshold)
    least = math.floor(0.5 * contrast_threshold / octave_layers * 255)
    rows: list[tuple[float, ...]] = []
    descriptors = []
    for step, layers in octaves:
        differences = np.diff(layers, axis=0)
        found = refine(
            *(differences, extrema(differences, least)), contrast_threshold, edge_threshold, sigma
        )
        del differences
        for at in range(1, octave_layers + 1):
            slopes = gradients(layers[at])
            for place in np.flatnonzero(found.layer == at):
                row, column = int(found.row[place]), int(found.column[place])
                scale = float(found.scale[place])
                y, x = row + float(found.down[place]), column + float(found.right[place])
                histogram = orientation_histogram(*slopes, row, column, scale)
                for angle in orientations(histogram):
                    response = float(found.contrast[place])
                    rows.append((x * step, y * step, 2 * scale * step, float(angle), response))
                    descriptors.append(describe(*slopes, y, x, scale, angle))
    table = np.array(rows, dtype=np.float32).reshape(-1, 5)
    described = np.array(descriptors, dtype=np.float32).reshape(-1, _CELLS**2 * _BINS)
    # Two extrema may have wandered to one place: the same row twice.
    order = np.lexsort((table[:, 3], -table[:, 2], table[:, 1], table[:, 0]))
    table, described = table[order], described[order]
    alike = (table[1:, :4] == table[:-1, :4]).all(axis=1)
    kept = np.r_[True, ~alike][: len(table)]
    if 0 < nfeatures < kept.sum():
        kept &= table[:, 4] >= np.sort(table[kept, 4])[-nfeatures]
    table = table[kept]
    return Keypoints(table[:, :2], *table[:, 2:].T), described[kept]
