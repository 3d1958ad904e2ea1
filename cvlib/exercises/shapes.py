"""Checkers of the exercises in the chapter on shapes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cvlib.exercises import fixed_array, fixed_picture

__all__ = ["count_holes", "simplify"]


def count_holes(answer: object) -> str | None:
    """Check a function that counts the holes of a mask.

    Parameters
    ----------
    answer
        The reader's function from a mask of 0 and 1, ``uint8``, (H, W), to a number.

    Returns
    -------
    str or None
        What is wrong, or None.

    Examples
    --------
    >>> print(count_holes(lambda mask: 1))
    count_holes of a piece without a hole gives 1, expected 0
    """
    if not callable(answer):
        return f"count_holes is {answer!r}, expected a function"
    ring = [[1, 1, 1], [1, 0, 1], [1, 1, 1]]
    eight = [[0, 1, 0], [1, 0, 1], [0, 1, 0], [1, 0, 1], [0, 1, 0]]
    pair = [[1, 1, 1, 1], [1, 0, 1, 1], [1, 1, 0, 1], [1, 1, 1, 1]]
    nested = np.zeros((9, 9), dtype=np.uint8)
    for inner, value in enumerate((1, 0, 1, 0)):
        nested[inner : 9 - inner, inner : 9 - inner] = value
    cases = {
        "a piece without a hole": fixed_picture([[0, 1, 1], [0, 1, 0]]),
        "a mask without foreground": fixed_picture([[0, 0, 0], [0, 0, 0]]),
        "a mask without background": fixed_picture([[1, 1], [1, 1]]),
        "a ring that fills the picture": fixed_picture(ring),
        "two rings apart": fixed_picture(np.hstack([ring, np.zeros((3, 2)), ring]).tolist()),
        "an eight whose strokes meet at corners": fixed_picture(eight),
        "two holes that meet at a corner": fixed_picture(pair),
        "a bay that is open at the picture's border": fixed_picture([[1, 0, 1], [1, 1, 1]]),
        "a ring in the hole of a ring": fixed_picture(nested.tolist()),
    }
    for name, mask in cases.items():
        got, expected = answer(mask), _count_holes(mask)
        if got is None or np.ndim(got) != 0 or got != expected:
            return f"count_holes of {name} gives {got!r}, expected {expected}"
    return None


def simplify(answer: object) -> str | None:
    """Check a function that leaves out the points of a curve which deviate little.

    Parameters
    ----------
    answer
        The reader's function from points, ``float64``, (N, 2), and a tolerance to the points kept.

    Returns
    -------
    str or None
        What is wrong, or None.

    Examples
    --------
    >>> print(simplify(lambda points, epsilon: points))
    simplify([[0, 0], [2, 0], [4, 0]], 1) gives [[0, 0], [2, 0], [4, 0]], expected [[0, 0], [4, 0]]
    """
    curves = [
        ([(0, 0), (2, 0), (4, 0)], 1),
        ([(0, 0), (2, 3), (4, 0)], 1),
        ([(0, 0), (2, 3), (4, 0)], 5),
        ([(5, 2), (1, 2)], 1),
        ([(0, 0), (1, 4), (2, 4.5), (8, 0), (9, -6), (10, -7), (16, 0)], 1.5),
        ([(0, 0), (3, 9), (4, 8), (5, 9), (9, 1), (10, 0)], 2),
        ([(0, 0), (0, 7), (6, 6), (7, 0), (0, 0)], 1),  # it ends where it began
    ]
    cases = [(fixed_array(points), epsilon) for points, epsilon in curves]
    if not callable(answer):
        return f"simplify is {answer!r}, expected a function"
    for points, epsilon in cases:
        got, expected = answer(points, epsilon), _simplify(points, epsilon)
        if not _same_points(got, expected):
            call = f"simplify({_written(points)}, {epsilon:g})"
            return f"{call} gives {_written(got)}, expected {_written(expected)}"
    return None


def _same_points(got: object, expected: NDArray[np.float64]) -> bool:
    try:
        given = np.asarray(got, dtype=np.float64)
    except (TypeError, ValueError):
        return False
    return np.array_equal(given, expected)


def _written(points: object) -> str:
    if not isinstance(points, np.ndarray) or points.ndim != 2:
        return repr(points)
    rows = (", ".join(f"{value:g}" for value in row) for row in points.tolist())
    return "[" + ", ".join(f"[{row}]" for row in rows) + "]"


def _count_holes(mask: NDArray[np.uint8]) -> int:
    """Flood the background from outside, side by side; what stays dry are holes."""
    dry = {(int(r), int(c)) for r, c in np.argwhere(np.pad(mask, 1) == 0)}
    floods = 0
    while dry:
        floods += 1
        waiting = [min(dry)]
        dry.discard(waiting[0])
        while waiting:
            r, c = waiting.pop()
            for place in ((r - 1, c), (r + 1, c), (r, c - 1), (r, c + 1)):
                if place in dry:
                    dry.remove(place)
                    waiting.append(place)
    return floods - 1


def _simplify(points: NDArray[np.float64], epsilon: float) -> NDArray[np.float64]:
    first, last = points[0], points[-1]
    along, away = last - first, points - first
    length = np.hypot(*along)
    if length > 0:
        distance = np.abs(along[0] * away[:, 1] - along[1] * away[:, 0]) / length
    else:
        distance = np.hypot(*away.T)
    farthest = int(distance.argmax())
    if distance[farthest] <= epsilon:
        return points[[0, -1]]
    head, tail = points[: farthest + 1], points[farthest:]
    return np.concatenate([_simplify(head, epsilon)[:-1], _simplify(tail, epsilon)])
