"""Checkers of the chapter on the loop."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

__all__ = ["clip_by_norm"]

_CASES = (
    ([[3.0, 4.0]], 1.0),
    ([[3.0], [4.0, 0.0]], 1.0),
    ([[0.3, -0.4], [0.0]], 1.0),
    ([[1.0, -2.0], [2.0, 4.0]], 2.5),
    ([[0.0], [0.0, 0.0]], 1.0),
)


def clip_by_norm(answer: object) -> str | None:
    """Check a function that clips several gradients by the norm of all of them together.

    Parameters
    ----------
    answer
        A function of a list of tensors and of the highest norm; it returns a list of new tensors.

    Returns
    -------
    str or None
        What is wrong with the numbers, and the likely reason; or None.

    Examples
    --------
    >>> clip_by_norm(lambda gradients, max_norm: gradients)
    'for [[3.0, 4.0]] and max_norm 1 it gives [[3.0, 4.0]], expected [[0.6, 0.8]]'
    """
    name = "clip_by_norm"
    if not callable(answer):
        return f"{name} is {answer!r}, expected a function"
    for rows, most in _CASES:
        given = [torch.tensor(row) for row in rows]
        returned = answer(given, most)
        for_these = f"for {rows} and max_norm {most:g} it"
        got: list[Any] = list(returned) if isinstance(returned, list | tuple) else [None]
        if not all(isinstance(each, Tensor) for each in got):
            return f"{for_these} gives {type(returned).__name__}, expected a list of tensors"
        norm = float(torch.cat(given).norm())
        if [each.tolist() for each in given] != [torch.tensor(row).tolist() for row in rows]:
            return f"{for_these} changes the gradients that it is given, expected new ones"
        expected = [each * min(1, most / max(norm, 1e-12)) for each in given]
        if not _close(got, expected):
            shown, wanted = ([_rounded(each) for each in side] for side in (got, expected))
            wrong = f"{for_these} gives {shown}, expected {wanted}"
            return wrong + _likely(got, given, most, norm)
    return None


def _likely(got: list[Tensor], given: list[Tensor], most: float, norm: float) -> str:
    """Name the mistake that would have given these tensors."""
    if any(each.isnan().any() for each in got):
        return ": 0/0 where all gradients are 0"
    if norm < most and _close(got, [each * most / norm for each in given]):
        return ": a short gradient is made longer"
    if _close(got, [each * min(1, most / max(float(each.norm()), 1e-12)) for each in given]):
        return ": each is clipped by a norm of its own"
    if _close(got, [each.clamp(-most, most) for each in given]):
        return ": each number is clipped, so the direction changes"
    return ""


def _close(got: list[Tensor], expected: list[Tensor]) -> bool:
    return len(got) == len(expected) and all(
        one.shape == other.shape and torch.allclose(one, other, atol=1e-4)
        for one, other in zip(got, expected, strict=True)
    )


def _rounded(values: Tensor) -> list[float]:
    return [round(value, 4) for value in values.flatten().tolist()]
