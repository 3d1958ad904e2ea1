"""Checkers of the chapter on scenes."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["between", "nearest"]


def nearest(answer: object) -> str | None:
    """Check a function that finds the nearest other object of each object.

    Parameters
    ----------
    answer
        A function of boxes ``(n, 4)``, n at least 2, as x1, y1, x2, y2. It returns for each the
        position of the other box whose centre is nearest, ``int64``, (n,).

    Returns
    -------
    str or None
        The first case whose result is wrong, or None.

    Examples
    --------
    >>> nearest(lambda boxes: torch.arange(len(boxes)))
    'box 0 of 2 is said to be nearest to itself'
    """
    if not callable(answer):
        return f"nearest is {answer!r}, expected a function"
    for count in (2, 3, 6):
        boxes = _boxes(count)
        middles = (boxes[:, :2] + boxes[:, 2:]) / 2
        apart = torch.cdist(middles, middles).fill_diagonal_(torch.inf)
        expected = apart.argmin(1)
        found = answer(boxes.clone())
        if not isinstance(found, Tensor) or found.shape != (count,):
            shape = tuple(found.shape) if isinstance(found, Tensor) else type(found).__name__
            return f"for {count} boxes it gives {shape}, expected a tensor ({count},)"
        for at, (came, right) in enumerate(zip(found.tolist(), expected.tolist(), strict=True)):
            if came == at:
                return f"box {at} of {count} is said to be nearest to itself"
            if came != right:
                return f"box {at} of {boxes.tolist()} is nearest to {right}, not to {came}"
    return None


def between(answer: object) -> str | None:
    """Check a function that says which objects stand between two others, from left to right.

    Parameters
    ----------
    answer
        A function of boxes ``(n, 4)`` and two positions. It returns ``bool``, (n,): whether a
        centre lies strictly between the centres of the two, horizontally, whichever of them is
        further left.

    Returns
    -------
    str or None
        The first case whose result is wrong, or None.

    Examples
    --------
    >>> between(lambda boxes, first, second: torch.ones(len(boxes), dtype=torch.bool))
    'between 0 and 0 it finds [0, 1, 2], expected []'
    """
    if not callable(answer):
        return f"between is {answer!r}, expected a function"
    for count in (3, 6):
        boxes = _boxes(count)
        middles = boxes[:, 0] + boxes[:, 2]
        for first in range(count):
            for second in range(count):
                low, high = sorted((float(middles[first]), float(middles[second])))
                expected = ((middles > low) & (middles < high)).nonzero().flatten().tolist()
                found = answer(boxes.clone(), first, second)
                if not isinstance(found, Tensor) or found.shape != (count,):
                    kind = tuple(found.shape) if isinstance(found, Tensor) else type(found).__name__
                    return f"for {count} boxes it gives {kind}, expected a tensor ({count},)"
                if found.dtype != torch.bool:
                    return f"it gives {found.dtype}, expected torch.bool"
                came = found.nonzero().flatten().tolist()
                if came != expected:
                    return f"between {first} and {second} it finds {came}, expected {expected}"
    return None


def _boxes(count: int) -> Tensor:
    """Draw boxes of whole pixels whose centres all differ in both directions."""
    generator = torch.Generator().manual_seed(count)
    corners = torch.stack([torch.randperm(9, generator=generator)[:count] * 8 for _ in "xy"], 1)
    sizes = 2 * torch.randint(1, 4, (count, 2), generator=generator)
    return torch.cat([corners, corners + sizes], 1).float()
