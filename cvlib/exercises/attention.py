"""Checkers of the chapter on attention."""

from __future__ import annotations

import torch
from torch import Tensor

from cvlib.exercises import compare_calls

__all__ = ["causal_weights"]


def causal_weights(answer: object) -> str | None:
    """Check a function from scores to weights of which row i sees columns 0 to i alone.

    Parameters
    ----------
    answer
        A function of a matrix (L, L) of scores, which gives weights of the same shape.

    Returns
    -------
    str or None
        The first case that it gets wrong, or None.

    Examples
    --------
    >>> print(causal_weights(lambda scores: scores.softmax(-1)))
    causal_weights(tensor([[0., 0.],
            [0., 0.]])) gives tensor([[0.5000, 0.5000],
            [0.5000, 0.5000]]), expected tensor([[1.0000, 0.0000],
            [0.5000, 0.5000]])
    """
    cases = [
        torch.zeros(2, 2),
        torch.tensor([[1.0, 5.0], [0.0, 0.0]]),
        torch.tensor([[0.0, 0, 0], [1, 2, 0], [0, 3, 0]]),
        torch.tensor([[0.0, 0], [500, 500]]),
    ]
    calls = [(scores,) for scores in cases]
    return compare_calls("causal_weights", answer, _causal_weights, calls, _same)


def _causal_weights(scores: Tensor) -> Tensor:
    seen = torch.ones_like(scores, dtype=torch.bool).tril()
    return scores.masked_fill(~seen, -torch.inf).softmax(-1)


def _same(got: object, expected: object) -> bool:
    return (
        isinstance(got, Tensor)
        and isinstance(expected, Tensor)
        and got.shape == expected.shape
        and torch.allclose(got.float(), expected, atol=1e-3)
    )
