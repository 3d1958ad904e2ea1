"""Checkers of the chapter on detection."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

__all__ = ["curve_area", "flip_boxes"]


def flip_boxes(answer: object) -> str | None:
    """Check a function that moves boxes along when their picture is mirrored.

    Parameters
    ----------
    answer
        A function of boxes ``(n, 4)``, as x1, y1, x2, y2, and the picture's width. It returns the
        boxes in the mirrored picture, as x1, y1, x2, y2.

    Returns
    -------
    str or None
        What is wrong with its first wrong box, or None.

    Examples
    --------
    >>> flip_boxes(lambda boxes, width: boxes)
    'of [0, 2, 3, 6] in a picture 10 wide it makes [0, 2, 3, 6], expected [7, 2, 10, 6]'
    """
    if not callable(answer):
        return f"flip_boxes is {answer!r}, expected a function"
    cases = [
        (torch.tensor([[0.0, 2.0, 3.0, 6.0]]), 10),
        (torch.tensor([[1.0, 2.0, 3.0, 6.0], [5.5, 0.0, 20.0, 1.25]]), 20),
        (torch.zeros(0, 4), 10),
    ]
    for boxes, width in cases:
        given = boxes.clone()
        got = answer(given, width)
        if not isinstance(got, Tensor) or got.shape != boxes.shape:
            what = tuple(got.shape) if isinstance(got, Tensor) else type(got).__name__
            return f"of boxes {tuple(boxes.shape)} it makes {what}, expected {tuple(boxes.shape)}"
        if not torch.equal(given, boxes):
            return "it changes the boxes that it is given; expected new ones"
        expected = boxes.clone()
        expected[:, 0], expected[:, 2] = width - boxes[:, 2], width - boxes[:, 0]
        for box, mine, right in zip(boxes, got, expected, strict=True):
            if torch.allclose(mine, right):
                continue
            of = f"of {_box(box)} in a picture {width} wide it makes {_box(mine)}"
            if mine[0] > mine[2]:
                return f"{of}, whose left edge lies right of its right one"
            if torch.allclose(mine + torch.tensor([1.0, 0, 1, 0]), right):
                return f"{of}, a pixel off: edges lie between pixels, from 0 to {width}"
            return f"{of}, expected {_box(right)}"
    return None


def curve_area(answer: object) -> str | None:
    """Check a function that computes the average precision of one class, read at 101 recalls.

    Parameters
    ----------
    answer
        A function of a list of ``bool``, whether each detection is right, from the surest down,
        and of how many objects there are. It returns the mean, over the recalls 0, 0.01 and so on
        up to 1, of the highest precision at which as much is found, or more; 0 where so much is
        never found.

    Returns
    -------
    str or None
        The first case whose result is wrong, or None.

    Examples
    --------
    >>> curve_area(lambda hits, objects: sum(hits) / objects)
    'curve_area([True, False, True], 2) gives 1, expected 0.835'
    """
    if not callable(answer):
        return f"curve_area is {answer!r}, expected a function"
    cases: list[tuple[list[bool], int]] = [
        ([True], 1),
        ([False], 1),
        ([], 3),
        ([True, False, True], 2),
        ([True, True], 5),
        ([False, True, True, False, True], 4),
        ([True, False, False, True, True, True, False], 6),
    ]
    for hits, objects in cases:
        call = f"curve_area({hits}, {objects})"
        try:
            got = float(answer(list(hits), objects))
        except (TypeError, ValueError, ZeroDivisionError, IndexError) as error:
            return f"{call} raises {type(error).__name__}: {error}"
        expected = _curve_area(hits, objects)
        if not abs(got - expected) < 1e-3:
            return f"{call} gives {got:.3g}, expected {expected:.3g}"
    return None


def _curve_area(hits: Sequence[bool], objects: int) -> float:
    """Count in whole numbers: no recall is missed by rounding."""
    points, right = [], 0
    for seen, hit in enumerate(hits, start=1):
        right += hit
        points.append((right, right / seen))
    read = [
        max((precision for found, precision in points if 100 * found >= at * objects), default=0.0)
        for at in range(101)
    ]
    return sum(read) / len(read)


def _box(box: Tensor) -> str:
    return f"[{', '.join(f'{edge:g}' for edge in box.tolist())}]"
