"""Checkers of the chapter on activation functions."""

from __future__ import annotations

import torch
from torch import Tensor

from cvlib.layers import linear, silu

__all__ = ["merge_linear", "silu_slope"]


def merge_linear(answer: object) -> str | None:
    """Check a function that makes one linear layer of two in a row.

    Parameters
    ----------
    answer
        A function of weight and bias of the first layer and of the second; it returns the weight
        and the bias of one layer.

    Returns
    -------
    str or None
        What is wrong with the layer it makes, or None.

    Examples
    --------
    >>> merge_linear(lambda first_weight, first_bias, weight, bias: (weight, bias))
    'the weight of the one layer has shape (2, 3), expected (2, 4)'
    """
    name = "merge_linear"
    if not callable(answer):
        return f"{name} is {answer!r}, expected a function"
    for inputs, hidden, outputs in ((4, 3, 2), (3, 3, 3)):
        generator = torch.Generator().manual_seed(inputs)
        first, second = (
            (torch.randn((o, i), generator=generator), torch.randn(o, generator=generator))
            for i, o in ((inputs, hidden), (hidden, outputs))
        )
        merged = answer(*first, *second)
        if not isinstance(merged, tuple) or len(merged) != 2:
            return f"{name} gives {type(merged).__name__}, expected a pair, weight and bias"
        for part, got, shape in zip(
            ("weight", "bias"), merged, ((outputs, inputs), (outputs,)), strict=True
        ):
            found = tuple(got.shape) if isinstance(got, Tensor) else type(got).__name__
            if found != shape:
                return f"the {part} of the one layer has shape {found}, expected {shape}"
        x = torch.randn((5, inputs), generator=generator)
        expected = linear(linear(x, *first), *second)
        for numbers, what in ((torch.zeros_like(x), "the bias"), (x, "the layer")):
            wanted = expected if what == "the layer" else linear(linear(numbers, *first), *second)
            difference = float((linear(numbers, *merged) - wanted).abs().max())
            if not difference < 1e-4:
                return f"{what} is off by up to {difference:.2f}"
    return None


def silu_slope(answer: object) -> str | None:
    """Check a function that computes the derivative of SiLU.

    Parameters
    ----------
    answer
        A function from a tensor to the derivative of SiLU at each of its numbers.

    Returns
    -------
    str or None
        The first number where it is wrong, or None.

    Examples
    --------
    >>> silu_slope(lambda x: x.sigmoid())
    'silu_slope gives 0.8808 at 2, expected 1.0908'
    """
    name = "silu_slope"
    if not callable(answer):
        return f"{name} is {answer!r}, expected a function"
    x = torch.tensor([[0.0, 2, -2], [-1.2785, 1000, -1000]], requires_grad=True)
    (slope,) = torch.autograd.grad(silu(x).sum(), x)
    got = answer(x.detach())
    if not isinstance(got, Tensor) or got.shape != x.shape:
        shape = tuple(got.shape) if isinstance(got, Tensor) else type(got).__name__
        return f"{name} gives {shape} for a tensor of shape (2, 3), expected (2, 3)"
    triples = zip(x.flatten().tolist(), got.flatten().tolist(), slope.flatten(), strict=True)
    for number, mine, right in triples:
        if not abs(mine - float(right)) < 1e-4:
            return f"{name} gives {mine:.4f} at {number:g}, expected {float(right):.4f}"
    return None
