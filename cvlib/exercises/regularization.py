"""Checkers of the chapter on regularization."""

from __future__ import annotations

import torch
from torch import Tensor

from cvlib.training.regularization import soft_threshold

__all__ = ["elastic_step"]


def elastic_step(answer: object) -> str | None:
    """Check a function that takes the proximal step of the L1 and the L2 penalty together.

    Parameters
    ----------
    answer
        A function of weights and of the strengths of L1 and L2, that gives the weights after the
        step.

    Returns
    -------
    str or None
        The first case that it gets wrong, and the likely reason; or None.

    Examples
    --------
    >>> elastic_step(lambda w, a, b: w)
    'elastic_step([2.0, -0.5, 0.1], 0.25, 0.0) gives [2.0, -0.5, 0.1], expected [1.75, -0.25, 0.0]'
    """
    name = "elastic_step"
    if not callable(answer):
        return f"{name} is {answer!r}, expected a function"
    for a, b in ((0.25, 0.0), (0.0, 1.0), (0.25, 1.0)):
        weights = torch.tensor([2.0, -0.5, 0.1])
        call = f"{name}({_written(weights)}, {a}, {b})"
        got, expected = answer(weights, a, b), soft_threshold(weights, a) / (1 + b)
        if not isinstance(got, Tensor) or got.shape != expected.shape:
            return f"{call} gives {got!r}, expected a tensor of the shape of w"
        if not torch.equal(weights, torch.tensor([2.0, -0.5, 0.1])):
            return f"{call} overwrites w; expected a new tensor"
        if torch.allclose(got, expected, rtol=0, atol=1e-6):
            continue
        told = f"{call} gives {_written(got)}, expected {_written(expected)}"
        swapped = soft_threshold(weights / (1 + b), a)
        if a and b and torch.allclose(got, swapped, rtol=0, atol=1e-6):
            return f"{told}: L1 comes first, and then L2's share"
        return told
    return None


def _written(numbers: Tensor) -> str:
    return str([round(each, 4) + 0.0 for each in numbers.tolist()])
