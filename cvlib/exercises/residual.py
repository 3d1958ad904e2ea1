"""Checkers of the chapter on residual networks."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from cvlib.exercises import compare_calls
from cvlib.layers import conv2d

__all__ = ["drop_rates", "with_identity"]


def with_identity(answer: object) -> str | None:
    """Check a function that puts the road around a convolution into its weights.

    Parameters
    ----------
    answer
        A function of the weights ``(C, C, k, k)`` of a convolution that keeps the map's size, k
        being odd; it returns weights whose convolution adds the input to what the first one gives.

    Returns
    -------
    str or None
        What is wrong with the weights it makes, or None.

    Examples
    --------
    >>> with_identity(lambda weight: weight)
    'with a 3 × 3 kernel, the convolution differs from x + f(x) by up to 2.63'
    """
    name = "with_identity"
    if not callable(answer):
        return f"{name} is {answer!r}, expected a function"
    for channels, side in ((2, 3), (3, 1), (4, 5)):
        generator = torch.Generator().manual_seed(side)
        weight = torch.randn((channels, channels, side, side), generator=generator)
        x = torch.randn((1, channels, 6, 7), generator=generator)
        given = weight.clone()
        new = answer(given)
        if not isinstance(new, Tensor) or new.shape != weight.shape:
            shape = tuple(new.shape) if isinstance(new, Tensor) else type(new).__name__
            return f"the new weights are {shape}, expected {tuple(weight.shape)}"
        if not torch.equal(given, weight):
            return f"{name} changes the weights it is given; work on a copy"
        expected = x + conv2d(x, weight, padding=side // 2)
        difference = float((conv2d(x, new, padding=side // 2) - expected).abs().max())
        if not difference < 1e-4:
            kernel = f"with a {side} × {side} kernel"
            return f"{kernel}, the convolution differs from x + f(x) by up to {difference:.2f}"
    return None


def drop_rates(answer: object) -> str | None:
    """Check a function that says with which probability stochastic depth leaves out each block.

    Parameters
    ----------
    answer
        A function of the number of blocks and the last block's probability; it returns a list, the
        first block first.

    Returns
    -------
    str or None
        The first call whose result is wrong, or None.

    Examples
    --------
    >>> drop_rates(lambda blocks, last: [last] * blocks)
    'drop_rates(4, 0.5) gives [0.5, 0.5, 0.5, 0.5], expected [0.125, 0.25, 0.375, 0.5]'
    """
    cases: list[tuple[object, ...]] = [(4, 0.5), (1, 0.2), (3, 0.3), (54, 0.5)]
    return compare_calls("drop_rates", answer, _rates, cases, _alike)


def _rates(blocks: int, last: float) -> list[float]:
    return [last * block / blocks for block in range(1, blocks + 1)]


def _alike(got: object, expected: object) -> bool:
    if not isinstance(got, list | tuple | Tensor) or not isinstance(expected, list):
        return False
    return len(got) == len(expected) and all(
        math.isclose(float(one), other, abs_tol=1e-6)
        for one, other in zip(got, expected, strict=True)
    )
