"""Checkers of the chapter on attention."""

from __future__ import annotations

import torch
from torch import Tensor

from cvlib.exercises import compare_calls

__all__ = ["causal_weights", "split_heads"]


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


def split_heads(answer: object) -> str | None:
    """Check a function that cuts channels into heads.

    Parameters
    ----------
    answer
        A function of ``(N, L, E)`` and the number of heads; it returns
        ``(N, heads, L, E / heads)``, the first channels in the first head.

    Returns
    -------
    str or None
        What is wrong with what it gives, or None.

    Examples
    --------
    >>> split_heads(lambda x, heads: x.view(len(x), heads, x.shape[1], -1))
    'split_heads(x of shape (1, 2, 4), 2) puts 2 where 4 belongs, in head 0, word 1, channel 0'
    """
    if not callable(answer):
        return f"split_heads is {answer!r}, expected a function"
    for batch, length, heads, channels in ((1, 2, 2, 2), (2, 3, 4, 1), (1, 4, 1, 3), (2, 2, 3, 2)):
        x = torch.arange(float(batch * length * heads * channels))
        x = x.view(batch, length, heads * channels)
        call = f"split_heads(x of shape {tuple(x.shape)}, {heads})"
        got = answer(x.clone(), heads)
        expected = torch.stack(x.split(channels, 2), 1)
        if not isinstance(got, Tensor):
            return f"{call} gives {got!r}, expected a tensor"
        if got.shape != expected.shape:
            return f"{call} has shape {tuple(got.shape)}, expected {tuple(expected.shape)}"
        if (wrong := (got != expected).nonzero()).numel():
            place = tuple(wrong[0].tolist())
            return (
                f"{call} puts {got[place]:g} where {expected[place]:g} belongs, in head "
                f"{place[1]}, word {place[2]}, channel {place[3]}"
            )
    return None
