"""One plane seen twice: the matrix that takes the points of one picture to another's."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["find_homography", "perspective_transform", "read_points"]

Reals = NDArray[np.float64]

_DEGENERATE = 1e-6  # of the points' spread: what lies closer to a line counts as on it


def perspective_transform(points: NDArray[Any], matrix: NDArray[np.floating]) -> Reals:
    """Take points through a homography: multiply, and divide by the third number.

    Parameters
    ----------
    points
        (N, 2): x and y, in pixels, column first.
    matrix
        (3, 3): it takes (x, y, 1) to (wx′, wy′, w), and the point goes to (x′, y′).

    Returns
    -------
    ndarray
        ``float64``, (N, 2): ``cv2.perspectiveTransform``. Not finite where w is 0.

    Raises
    ------
    ValueError
        If ``matrix`` is not 3 by 3, or ``points`` are not (N, 2).

    Examples
    --------
    >>> perspective_transform(np.array([[2, 4]]), np.diag([1.0, 1.0, 2.0]))
    array([[1., 2.]])
    """
    points = np.asarray(points, dtype=np.float64)
    if points.ndim != 2 or points.shape[1] != 2:
        raise ValueError(f"points have shape {points.shape}; expected (N, 2)")
    if np.shape(matrix) != (3, 3):
        raise ValueError(f"matrix has shape {np.shape(matrix)}; expected (3, 3)")
    places = _homogeneous(points) @ np.asarray(matrix, dtype=np.float64).T
    with np.errstate(divide="ignore", invalid="ignore"):
        result: Reals = places[:, :2] / places[:, 2:]
    return result


def find_homography(
    source: NDArray[Any], target: NDArray[Any], normalize: bool = True, refine: bool = True
) -> Reals:
    """Find the homography that takes one picture's points to another's, by all of the pairs.

    Each pair gives two linear equations for the matrix's nine numbers. The direct linear
    transformation takes the nine that violate them least. For more than four pairs, Gauss and
    Newton's steps then lessen what counts, the distances in the second picture.

    Parameters
    ----------
    source, target
        (N, 2) each, N at least 4: x and y, in pixels. Point i of ``source`` goes to point i of
        ``target``.
    normalize
        Whether the equations are set up about the points' centres and in units of their spread.
    refine
        Whether to lessen the distances. Without, it is the linear solution.

    Returns
    -------
    ndarray
        ``float64``, (3, 3), the last number 1 (or, where that is 0, all of length 1): for exact
        pairs ``cv2.getPerspectiveTransform`` and ``cv2.findHomography``, for others the latter.

    Raises
    ------
    TypeError, ValueError
        If the points are no numbers, not finite, fewer than four or not in pairs, or do not
        determine a homography, as when no four are left of which no three lie on a line.

    References
    ----------
    Hartley and Zisserman, Multiple View Geometry in Computer Vision, 2nd edition, sections 4.1
    and 4.4.4 (normalization); Hartley, "In Defense of the Eight-Point Algorithm", IEEE Transactions
    on Pattern Analysis and Machine Intelligence 19(6), 1997.

    Examples
    --------
    >>> square = np.array([[0, 0], [1, 0], [1, 1], [0, 1]])
    >>> find_homography(square, 2 * square + [5, 0]).round(9) + 0.0
    array([[2., 0., 5.],
           [0., 2., 0.],
           [0., 0., 1.]])
    """
    source, target = read_points(source, target)
    before, after = (_normalization(p) if normalize else np.eye(3) for p in (source, target))
    old, new = perspective_transform(source, before), perspective_transform(target, after)
    if not (_in_general_position(source) and _in_general_position(target)):
        raise ValueError(
            "source and target do not determine a homography; expected four pairs or more of "
            "which no three points lie on a line"
        )
    matrix = _solved(_equations(old, new))
    if refine and len(source) > 4:
        matrix = _refined(matrix, old, new)
    matrix = np.linalg.inv(after) @ matrix @ before
    matrix = matrix / np.linalg.norm(matrix)
    return matrix / matrix[2, 2] if abs(matrix[2, 2]) > 1e-12 else matrix


def read_points(source: NDArray[Any], target: NDArray[Any]) -> tuple[Reals, Reals]:
    """Read two lists of points that go in pairs, four at least.

    Parameters
    ----------
    source, target
        (N, 2) each.

    Returns
    -------
    tuple of ndarray
        Both as ``float64``.

    Raises
    ------
    TypeError, ValueError
        If they are no numbers, not finite, fewer than four, or not as many.

    Examples
    --------
    >>> read_points(np.zeros((3, 2)), np.zeros((3, 2)))
    Traceback (most recent call last):
    ValueError: source has 3 points; expected at least 4
    """
    read = []
    for name, given in (("source", source), ("target", target)):
        try:
            points = np.asarray(given, dtype=np.float64)
        except (TypeError, ValueError):
            raise TypeError(f"{name} is {type(given).__name__}; expected numbers, (N, 2)") from None
        if points.ndim != 2 or points.shape[1] != 2:
            raise ValueError(f"{name} has shape {points.shape}; expected (N, 2)")
        if not np.isfinite(points).all():
            bad = int((~np.isfinite(points).all(axis=1)).argmax())
            raise ValueError(f"{name}[{bad}] is {points[bad].tolist()}; expected finite numbers")
        if len(points) < 4:
            raise ValueError(f"{name} has {len(points)} points; expected at least 4")
        read.append(points)
    if len(read[0]) != len(read[1]):
        raise ValueError(f"target has {len(read[1])} points; expected {len(read[0])}, as source")
    return read[0], read[1]


def _homogeneous(points: Reals) -> Reals:
    return np.column_stack([points, np.ones(len(points))])


def _normalization(points: Reals) -> Reals:
    """Build the matrix that moves points about 0, at a mean distance of √2."""
    centre = points.mean(axis=0)
    distance = np.linalg.norm(points - centre, axis=1).mean()
    scale = np.sqrt(2) / distance if distance > 0 else 1.0
    return np.array([[scale, 0, -scale * centre[0]], [0, scale, -scale * centre[1]], [0, 0, 1]])


def _equations(source: Reals, target: Reals) -> Reals:
    """Write two equations a pair; the matrix, row by row, times them is 0."""
    rows = np.zeros((2, len(source), 3, 3))
    places = _homogeneous(source)
    for axis in (0, 1):
        rows[axis, :, axis] = -places
        rows[axis, :, 2] = target[:, axis, None] * places
    return rows.reshape(-1, 9)


def _solved(equations: Reals) -> Reals:
    """Take the nine numbers, of length 1, that violate the equations least."""
    triangle = np.linalg.qr(equations, mode="r")  # 9 rows at most, however many pairs
    _, _, directions = np.linalg.svd(triangle)
    matrix: Reals = directions[-1].reshape(3, 3)
    return matrix


def _in_general_position(points: Reals) -> bool:
    """Say whether only the unit matrix takes the points to themselves, up to a factor."""
    places = perspective_transform(points, _normalization(points))
    triangle = np.linalg.qr(_equations(places, places), mode="r")
    strengths = np.linalg.svd(triangle, compute_uv=False)
    return bool(strengths[7] > _DEGENERATE * strengths[0])


def _refined(matrix: Reals, source: Reals, target: Reals) -> Reals:
    """Lessen the squared distances to ``target`` by Gauss and Newton's steps, while they fall."""
    places = _homogeneous(source)
    least = np.inf
    best = matrix
    for _ in range(20):
        w = places @ matrix[2]
        found = perspective_transform(source, matrix)
        missing = target - found
        error = float(np.square(missing).sum())
        if not error < least * (1 - 1e-12):
            break
        least, best = error, matrix
        slopes = np.zeros((len(source), 2, 3, 3))
        for axis in (0, 1):
            slopes[:, axis, axis] = places / w[:, None]
            slopes[:, axis, 2] = -found[:, axis, None] * places / w[:, None]
        step = np.linalg.lstsq(slopes.reshape(-1, 9), missing.ravel(), rcond=1e-10)[0]
        matrix = matrix + step.reshape(3, 3)
    return best
