"""Checkers of the chapter on AlexNet."""

from __future__ import annotations

from collections.abc import Sequence
from math import isclose, sqrt
from statistics import mean, pvariance, variance

import torch
from torch import Generator, Tensor
from torch.nn import functional as F

__all__ = ["change_of_means", "two_towers"]


def change_of_means(answer: object) -> str | None:
    """Check a function that says by how much a mean changes, and how sure that is.

    Parameters
    ----------
    answer
        A function of the numbers that some seeds reached before, and of those that perhaps not as
        many reached after. It returns the change of the mean and its standard error.

    Returns
    -------
    str or None
        What is wrong with its result, and the likely reason; or None.

    Examples
    --------
    >>> change_of_means(lambda before, after: 0.0)
    'the result is 0.0, expected a pair, the change and its standard error'
    """
    if not callable(answer):
        return f"change_of_means is {answer!r}, expected a function"
    for before, after in (
        ([60.0, 61.0, 65.0], [66.0, 66.0, 69.0]),
        ([70.0, 72.0, 74.0], [70.0, 66.0]),
        ([50.0, 52.0], [51.0, 52.0, 55.0, 58.0, 54.0]),
    ):
        given = answer(list(before), list(after))
        if not isinstance(given, Sequence) or isinstance(given, str) or len(given) != 2:
            return f"the result is {given!r}, expected a pair, the change and its standard error"
        change, error = map(float, given)
        seeds = f"{before} and then {after}"
        expected = mean(after) - mean(before)
        if not isclose(change, expected, abs_tol=1e-6):
            turned = isclose(change, -expected, abs_tol=1e-6)
            reason = "; it is what comes after less what was before" if turned else ""
            return f"from {seeds} the change is {change:.3g}, expected {expected:.3g}{reason}"
        right = sqrt(variance(before) / len(before) + variance(after) / len(after))
        if not isclose(error, right, abs_tol=1e-6):
            reason = _likely_reason(error, before, after)
            return f"from {seeds} the standard error is {error:.3g}, expected {right:.3g}{reason}"
    return None


def _likely_reason(error: float, before: list[float], after: list[float]) -> str:
    pairs = [(variance(part), pvariance(part), len(part)) for part in (before, after)]
    reasons = {
        "that is the deviation of one run, divide each variance by its number of seeds": sqrt(
            sum(sample for sample, _, _ in pairs)
        ),
        "a sample's variance divides by one less than its number": sqrt(
            sum(whole / count for _, whole, count in pairs)
        ),
        "errors add up by their squares": sum(sqrt(sample / count) for sample, _, count in pairs),
        "that is its square": sum(sample / count for sample, _, count in pairs),
        "the first numbers are uncertain, too": sqrt(pairs[1][0] / pairs[1][2]),
        "each variance has its own number of seeds": sqrt(
            sum(sample for sample, _, _ in pairs) / len(after)
        ),
    }
    for reason, result in reasons.items():
        if isclose(error, result, abs_tol=1e-6):
            return f"; {reason}"
    return ""


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
