"""Checkers of the chapter on normalization."""

from __future__ import annotations

import torch
from torch import Tensor

from cvlib.layers import batch_norm, conv2d

__all__ = ["combine_statistics", "fold_batch_norm"]


def fold_batch_norm(answer: object) -> str | None:
    """Check a function that puts a batch normalization into the convolution before it.

    Parameters
    ----------
    answer
        A function of the convolution's weight and bias, and of the normalization's running mean,
        running variance, weight, bias and eps; it returns the weight and bias of one convolution.

    Returns
    -------
    str or None
        What is wrong with the convolution it makes, and the likely reason; or None.

    Examples
    --------
    >>> fold_batch_norm(lambda weight, bias, *normalization: (weight, bias))
    'the folded convolution differs from the two layers by up to 9.02'
    """
    name = "fold_batch_norm"
    if not callable(answer):
        return f"{name} is {answer!r}, expected a function"
    for maps, eps in ((2, 1e-5), (3, 0.5)):
        generator = torch.Generator().manual_seed(maps)
        weight = torch.randn((maps, 2, 3, 3), generator=generator)
        bias, mean, spread, scale, shift = torch.randn((5, maps), generator=generator)
        var = spread.square() + 0.1
        arguments = (weight, bias, mean, var, scale, shift, eps)
        folded = answer(*(item.clone() if isinstance(item, Tensor) else item for item in arguments))
        if not isinstance(folded, tuple) or len(folded) != 2:
            return f"{name} gives {type(folded).__name__}, expected a pair, weight and bias"
        for part, got, like in zip(("weight", "bias"), folded, (weight, bias), strict=True):
            shape = tuple(got.shape) if isinstance(got, Tensor) else type(got).__name__
            if shape != tuple(like.shape):
                return f"the folded {part} has shape {shape}, expected {tuple(like.shape)}"
        x = torch.randn(1, 2, 5, 5, generator=generator)
        expected = batch_norm(conv2d(x, weight, bias), mean, var, scale, shift, eps=eps)
        difference = (conv2d(x, *folded) - expected).abs()
        if float(difference.max()) > 1e-4:
            constant = difference.amax((0, 2, 3)) - difference.amin((0, 2, 3))
            hint = ", the same at every position: look at the bias" if constant.max() < 1e-4 else ""
            most = f"{float(difference.max()):.2f}"
            return f"the folded convolution differs from the two layers by up to {most}{hint}"
    return None


def combine_statistics(answer: object) -> str | None:
    """Check a function that makes the statistics of a batch from those of its two parts.

    Parameters
    ----------
    answer
        A function of mean, biased variance and number of values of the one part, and of the other;
        means and variances are ``(C,)``. It returns mean and biased variance of both together.

    Returns
    -------
    str or None
        What is wrong with the statistics it gives, or None.

    Examples
    --------
    >>> combine_statistics(lambda m, v, n, other, var, count: ((m + other) / 2, (v + var) / 2))
    'the variance of equal halves is 1.00, expected 2.00'
    """
    name = "combine_statistics"
    if not callable(answer):
        return f"{name} is {answer!r}, expected a function"
    generator = torch.Generator().manual_seed(0)
    five, three = (torch.randn(n, 2, generator=generator) + n for n in (5, 3))
    cases = {
        "equal halves": (torch.tensor([[0.0], [2.0]]), torch.tensor([[2.0], [4.0]])),
        "parts of 2 and 6": (torch.tensor([[0.0], [2.0]]), torch.tensor([[1.0], [5.0]] * 3)),
        "two channels": (five, three),
    }
    for what, (one, other) in cases.items():
        given: list[Tensor | int] = [
            item
            for part in (one, other)
            for item in (part.mean(0), part.var(0, correction=0), len(part))
        ]
        got = answer(*given)
        if not isinstance(got, tuple) or len(got) != 2:
            return f"{name} gives {type(got).__name__}, expected a pair, mean and variance"
        whole = torch.cat([one, other])
        expected = whole.mean(0), whole.var(0, correction=0)
        for statistic, mine, right in zip(("mean", "variance"), got, expected, strict=True):
            shape = tuple(mine.shape) if isinstance(mine, Tensor) else type(mine).__name__
            if shape != tuple(right.shape):
                return f"the {statistic} of {what} has shape {shape}, expected {tuple(right.shape)}"
            if not torch.allclose(mine, right, atol=1e-4):
                found = f"{float(mine[0]):.2f}, expected {float(right[0]):.2f}"
                return f"the {statistic} of {what} is {found}"
    return None
