"""Checkers of the chapter on robustness."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from cvlib.exercises import compare_calls

__all__ = ["least_epsilon", "one_step", "within_the_ball"]


def within_the_ball(answer: object) -> str | None:
    """Check a function that brings a changed picture back into the ball and into 0 to 1.

    Parameters
    ----------
    answer
        A function of the changed picture, the picture as it was, and epsilon. It returns the
        nearest picture of which no pixel is changed by more than epsilon, or lies outside 0 to 1.

    Returns
    -------
    str or None
        What is wrong with its first wrong pixel, or None.

    Examples
    --------
    >>> within_the_ball(lambda changed, picture, epsilon: changed.clamp(0, 1))
    'a pixel that was 0.5 and became 0.9 gives 0.9, a change of 0.4: more than epsilon, 0.25'
    """
    if not callable(answer):
        return f"within_the_ball is {answer!r}, expected a function"
    picture = torch.tensor([0.5, 0.5, 0.5, 0.875, 0.125, 0.0, 1.0]).view(1, 1, 1, 7)
    changed = torch.tensor([0.9, 0.0625, 0.625, 1.5, -0.5, -0.1, 0.5]).view(1, 1, 1, 7)
    epsilon = 0.25
    kept = changed.clone(), picture.clone()
    got = answer(changed, picture, epsilon)
    if not isinstance(got, Tensor) or got.shape != picture.shape:
        what = tuple(got.shape) if isinstance(got, Tensor) else type(got).__name__
        return f"of pictures {tuple(picture.shape)} it makes {what}, expected the same shape"
    if not (torch.equal(changed, kept[0]) and torch.equal(picture, kept[1])):
        return "it changes the pictures that it is given; expected a new one"
    expected = (picture + (changed - picture).clamp(-epsilon, epsilon)).clamp(0, 1)
    rows = (each.flatten().tolist() for each in (picture, changed, got, expected))
    for was, became, mine, right in zip(*rows, strict=True):
        if abs(mine - right) < 1e-6:
            continue
        of = f"a pixel that was {was:g} and became {became:g} gives {mine:g}"
        if not math.isfinite(mine):
            return f"{of}, expected {right:g}"
        if abs(mine - was) > epsilon + 1e-6:
            return f"{of}, a change of {abs(mine - was):.3g}: more than epsilon, {epsilon:g}"
        if not -1e-6 <= mine <= 1 + 1e-6:
            return f"{of}, which is no pixel; expected {right:g}"
        return f"{of}, expected {right:g}"
    return None


def one_step(answer: object) -> str | None:
    """Check a function that attacks by one step along the signs of the gradient.

    Parameters
    ----------
    answer
        A function of a model, pictures ``(N, C, H, W)``, their labels and epsilon. It returns the
        attacked pictures, from 0 to 1.

    Returns
    -------
    str or None
        What is wrong, or None.

    Examples
    --------
    >>> one_step(lambda model, pictures, labels, epsilon: pictures)
    'the pictures come back as they were; expected each pixel to change by epsilon'
    """
    if not callable(answer):
        return f"one_step is {answer!r}, expected a function"
    linear = nn.Linear(4, 2)
    with torch.no_grad():
        linear.weight.copy_(torch.tensor([[1.0, -2.0, 0.5, 3.0], [0.0, 1.0, 0.0, 1.0]]))
        linear.bias.zero_()
    model = nn.Sequential(nn.Flatten(), linear)
    epsilon = 0.125
    pictures = torch.tensor([[0.5, 0.5, 0.5, 0.5], [1.0, 0.0, 0.9375, 0.5]]).view(2, 1, 2, 2)
    labels = torch.tensor([0, 1])
    # Of a right class 0, the loss grows along the second row less the first; of 1, the other way.
    slope = torch.tensor([-1.0, 3.0, -0.5, -2.0]).view(1, 2, 2)
    uphill = torch.stack([slope, -slope]).sign()
    expected = (pictures + epsilon * uphill).clamp(0, 1)
    kept = pictures.clone()
    got = answer(model, pictures, labels, epsilon)
    if not isinstance(got, Tensor) or got.shape != pictures.shape:
        what = tuple(got.shape) if isinstance(got, Tensor) else type(got).__name__
        return f"of pictures {tuple(pictures.shape)} it makes {what}, expected the same shape"
    got = got.detach()
    if not torch.equal(pictures, kept):
        return "it changes the pictures that it is given; expected new ones"
    if torch.allclose(got, pictures):
        return "the pictures come back as they were; expected each pixel to change by epsilon"
    if torch.allclose(got, expected, atol=1e-6):
        return None
    if torch.allclose(got, (pictures - epsilon * uphill).clamp(0, 1), atol=1e-6):
        return "it goes downhill: the loss falls, and the network is surer than before"
    if got.min() < -1e-6 or got.max() > 1 + 1e-6:
        return f"it gives pixels from {got.min():.4g} to {got.max():.4g}, expected 0 to 1"
    change = (got - pictures).abs()[0]
    if not torch.allclose(change, torch.full_like(change, epsilon), atol=1e-6):
        sizes = ", ".join(f"{each:.3g}" for each in change.flatten().tolist())
        return f"it changes pixels by {sizes}, expected each by epsilon, {epsilon:g}: take signs"
    return "it changes pixels by epsilon, but not all of them to the side on which the loss grows"


def least_epsilon(answer: object) -> str | None:
    """Check a function that says how large a change of pixels a linear network withstands.

    Parameters
    ----------
    answer
        A function of the network's score, above 0 where it is right, and of its weights, a list.
        It returns the least epsilon for which some change of all pixels by at most epsilon brings
        the score to 0.

    Returns
    -------
    str or None
        The first case whose result is wrong, or None.

    Examples
    --------
    >>> least_epsilon(lambda score, weights: score / max(weights))
    'least_epsilon(0.375, [2.0, -1.0]) gives 0.1875, expected 0.125'
    """

    def least(score: float, weights: Sequence[float]) -> float:
        return score / sum(abs(weight) for weight in weights)

    return compare_calls(
        "least_epsilon",
        answer,
        least,
        [(0.375, [2.0, -1.0]), (1.0, [0.5]), (0.75, [-1.0, 0.0, 0.25, -0.25])],
        equal=lambda got, expected: abs(float(got) - float(expected)) < 1e-9,  # type: ignore[arg-type]
    )
