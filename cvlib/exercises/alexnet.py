"""Checkers of the chapter on AlexNet."""

from __future__ import annotations

import torch
from torch import Generator, Tensor
from torch.nn import functional as F

__all__ = ["two_towers"]


def two_towers(answer: object) -> str | None:
    """Check a function that computes a convolution in two towers.

    Parameters
    ----------
    answer
        A function of pictures (N, C, H, W), kernels (O, C / 2, K, K), biases (O,) and a padding,
        that gives what ``torch.nn.functional.conv2d`` gives with two groups.

    Returns
    -------
    str or None
        What is wrong with its result, and the likely reason; or None.

    Examples
    --------
    >>> two_towers(lambda x, weight, bias, padding: None)
    'the result is a NoneType, expected a tensor'
    """
    if not callable(answer):
        return f"two_towers is {answer!r}, expected a function"
    generator = Generator().manual_seed(0)
    for channels, kernels, padding in ((4, 6, 1), (6, 2, 0), (2, 8, 2)):
        x = torch.rand(2, channels, 7, 9, generator=generator)
        weight = torch.randn(kernels, channels // 2, 3, 3, generator=generator)
        bias = torch.randn(kernels, generator=generator)
        expected = F.conv2d(x, weight, bias, padding=padding, groups=2)
        given = answer(x.clone(), weight.clone(), bias.clone(), padding)
        wrong = _difference(given, expected, x, weight, bias, padding)
        if wrong:
            return wrong
    return None


def _difference(
    given: object, expected: Tensor, x: Tensor, weight: Tensor, bias: Tensor, padding: int
) -> str | None:
    if not isinstance(given, Tensor):
        return f"the result is a {type(given).__name__}, expected a tensor"
    if given.shape != expected.shape:
        return f"the result has shape {tuple(given.shape)}, expected {tuple(expected.shape)}"
    if torch.allclose(given, expected, atol=1e-4):
        return None
    crossed = F.conv2d(torch.cat(x.chunk(2, 1)[::-1], 1), weight, bias, padding=padding, groups=2)
    without = expected - bias.view(-1, 1, 1)
    interleaved = expected.unflatten(1, (2, -1)).transpose(1, 2).flatten(1, 2)
    reasons = {
        "each tower looks at the other one's maps": crossed,
        "the biases are missing": without,
        "the towers' maps alternate, expected those of the first tower first": interleaved,
    }
    for reason, result in reasons.items():
        if torch.allclose(given, result, atol=1e-4):
            return reason
    return f"the result differs from two groups by up to {(given - expected).abs().max():.3g}"
