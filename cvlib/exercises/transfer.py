"""Checkers of the chapter on transfer."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from cvlib.training.losses import info_nce

__all__ = ["contrastive_loss", "freeze"]


def freeze(answer: object) -> str | None:
    """Check a function that freezes all of a network but its last part.

    Parameters
    ----------
    answer
        A function of an ``nn.Sequential`` in training mode. It changes it: all parts but the last
        get no gradient and stand in evaluation mode.

    Returns
    -------
    str or None
        What still moves, or no longer does, or None.

    Examples
    --------
    >>> freeze(lambda model: model)
    'the first part still learns: its weight asks for a gradient'
    """
    name = "freeze"
    if not callable(answer):
        return f"{name} is {answer!r}, expected a function"
    torch.manual_seed(0)
    first = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten())
    middle, drop, linear = nn.Dropout(0.5), nn.Dropout(0.5), nn.Linear(16, 3)
    model = nn.Sequential(first, middle, nn.Sequential(drop, linear))
    answer(model)
    if any(weight.requires_grad for weight in first.parameters()):
        return "the first part still learns: its weight asks for a gradient"
    if not all(weight.requires_grad for weight in linear.parameters()):
        return "the head does not learn: its weight asks for no gradient"
    before = {key: value.clone() for key, value in first.state_dict().items()}
    x = torch.randn(6, 1, 4, 4)
    first(x)
    for key, value in first.state_dict().items():
        if not torch.equal(value, before[key]):
            return f"the first part still changes: a batch moves its {key.rpartition('.')[2]}"
    if middle.training:
        return "the dropout in the middle still drops: it is in training mode"
    if not drop.training:
        return "the head is in evaluation mode, so its dropout does nothing"
    return None


def contrastive_loss(answer: object) -> str | None:
    """Check a function that compares pictures with words, both ways.

    Parameters
    ----------
    answer
        A function of the vectors of pictures and of words, ``(N, D)`` each, and a temperature.

    Returns
    -------
    str or None
        The first call whose result is wrong, and the mistake if it is a known one, or None.

    Examples
    --------
    >>> contrastive_loss(lambda pictures, words, temperature: 0)
    'for 4 pairs it gives 0, expected a tensor with one number'
    """
    name = "contrastive_loss"
    if not callable(answer):
        return f"{name} is {answer!r}, expected a function"
    for count, width, temperature in ((4, 3, 0.5), (2, 5, 0.1), (7, 2, 1.0)):
        generator = torch.Generator().manual_seed(count)
        a, b = torch.randn((2, count, width), generator=generator).unbind()
        got = answer(a.clone(), b.clone(), temperature)
        if not isinstance(got, Tensor) or got.numel() != 1:
            return f"for {count} pairs it gives {got!r}, expected a tensor with one number"
        expected = info_nce(a, b, temperature)
        if not torch.allclose(got, expected, atol=1e-5):
            said = f"for {count} pairs it gives {float(got):.4f}, expected {float(expected):.4f}"
            return said + _reason(got, a, b, temperature)
    return None


def _reason(got: Tensor, a: Tensor, b: Tensor, temperature: float) -> str:
    right = torch.arange(len(a))
    rows, partners = F.normalize(a, dim=1), F.normalize(b, dim=1)
    cosines = rows @ partners.T
    mistakes = {
        "the vectors are not normalized": _both_ways(a @ b.T / temperature),
        "the temperature is missing": _both_ways(cosines),
        "the temperature multiplies": _both_ways(cosines * temperature),
        "only the pictures choose": F.cross_entropy(cosines / temperature, right),
        "only the words choose": F.cross_entropy(cosines.T / temperature, right),
        "it is the sum of both ways, not their mean": 2 * _both_ways(cosines / temperature),
    }
    for reason, wrong in mistakes.items():
        if torch.allclose(got, wrong, atol=1e-5):
            return f": {reason}"
    return ""


def _both_ways(logits: Tensor) -> Tensor:
    """Take the mean of both ways; partners stand on the diagonal."""
    right = torch.arange(len(logits))
    return (F.cross_entropy(logits, right) + F.cross_entropy(logits.T, right)) / 2
