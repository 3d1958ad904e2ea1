"""Checkers of the exercises in the chapter on faces."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor

from cvlib.exercises import compare_calls

__all__ = ["face_sizes", "suppress_min"]


def face_sizes(answer: object) -> str | None:
    """Check a function that lists how large the faces are that each level looks for.

    Parameters
    ----------
    answer
        The reader's function from height, width, the smallest face and the factor to sizes in
        pixels, the smallest first.

    Returns
    -------
    str or None
        What is wrong, or None.

    Examples
    --------
    >>> face_sizes(lambda height, width, min_size, factor: [])
    'face_sizes(100, 200, 20, 0.5) gives [], expected [20.0, 40.0, 80.0]'
    """
    cases = [
        (100, 200, 20, 0.5),
        (300, 100, 20, 0.5),
        (100, 100, 12, 0.8),
        (500, 500, 60, 0.709),
        (10, 300, 20, 0.5),
    ]
    return compare_calls("face_sizes", answer, _face_sizes, cases, _same_sizes)


def suppress_min(answer: object) -> str | None:
    """Check a suppression that measures overlap by the smaller of two boxes.

    Parameters
    ----------
    answer
        The reader's function from boxes ``(N, 4)``, scores ``(N,)`` and a threshold to the places
        of the boxes that are kept, the highest score first.

    Returns
    -------
    str or None
        What is wrong, or None.

    Examples
    --------
    >>> suppress_min(None)
    'suppress_min is None, expected a function'
    """
    inside = [[0, 0, 10, 10], [2, 2, 6, 6]]
    cases = [
        (_numbers(inside), _numbers([0.9, 0.8]), 0.7),
        (_numbers(inside), _numbers([0.8, 0.9]), 0.7),
        (_numbers([[0, 0, 10, 10], [20, 20, 30, 30]]), _numbers([0.1, 0.2]), 0.7),
        # The second goes because of the first; so it takes nothing with it.
        (_numbers([[0, 0, 10, 4], [0, 0, 4, 10], [0, 6, 4, 10]]), _numbers([0.9, 0.8, 0.7]), 0.3),
        (_numbers([[0, 0, 10, 10], [5, 0, 15, 10]]), _numbers([0.9, 0.8]), 0.6),
        (torch.zeros(0, 4), torch.zeros(0), 0.7),
    ]
    return compare_calls("suppress_min", answer, _suppress_min, cases, _same_places)


def _numbers(values: object) -> Tensor:
    return torch.tensor(values, dtype=torch.float32)


def _same_sizes(got: object, expected: object) -> bool:
    assert isinstance(expected, list)
    return (
        isinstance(got, list)
        and len(got) == len(expected)
        and all(abs(one - other) < 0.01 for one, other in zip(got, expected, strict=True))
    )


def _same_places(got: object, expected: object) -> bool:
    return isinstance(got, Iterable) and [int(place) for place in got] == expected


def _face_sizes(height: int, width: int, min_size: float, factor: float) -> list[float]:
    sizes, size = [], float(min_size)
    while size <= min(height, width):
        sizes.append(round(size, 2))
        size /= factor
    return sizes


def _suppress_min(boxes: Tensor, scores: Tensor, threshold: float) -> list[int]:
    kept: list[int] = []
    areas = (boxes[:, 2:] - boxes[:, :2]).prod(1)
    for place in scores.argsort(descending=True).tolist():
        if all(
            _shared(boxes[place], boxes[other]) <= threshold * min(areas[place], areas[other])
            for other in kept
        ):
            kept.append(place)
    return kept


def _shared(one: Tensor, other: Tensor) -> float:
    corner, end = torch.maximum(one[:2], other[:2]), torch.minimum(one[2:], other[2:])
    return float((end - corner).clamp(min=0).prod())
