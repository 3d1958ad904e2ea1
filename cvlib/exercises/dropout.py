"""Checkers of the chapter on dropout and the fully connected layer."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn

__all__ = ["gaussian_dropout", "monte_carlo"]

_SURE = 6  # how many standard errors chance may be off


def gaussian_dropout(answer: object) -> str | None:
    """Check a function that multiplies by normal noise instead of dropping.

    Parameters
    ----------
    answer
        A function of a tensor and of p; it multiplies each number by one of mean 1 and variance
        p / (1 - p).

    Returns
    -------
    str or None
        What is wrong with the noise, or None.

    Examples
    --------
    >>> gaussian_dropout(lambda x, p: x)
    'with p = 0.2, a 2 becomes numbers of variance 0.00, expected 1.00'
    """
    name, count = "gaussian_dropout", 40_000
    if not callable(answer):
        return f"{name} is {answer!r}, expected a function"
    for p, value in ((0.2, 2.0), (0.5, -3.0)):
        y = answer(torch.full((count // 100, 100), value), p)
        if not isinstance(y, Tensor) or y.shape != (count // 100, 100):
            shape = tuple(y.shape) if isinstance(y, Tensor) else type(y).__name__
            return f"{name} gives {shape} for a tensor of shape (400, 100), expected (400, 100)"
        start = f"with p = {p}, a {value:g} becomes numbers of"
        variance = value**2 * p / (1 - p)
        if not float(y.mean(1).var()) < 10 * variance / 100:
            return f"with p = {p}, all numbers of a row get the same noise, expected their own"
        error = _SURE * (variance / count) ** 0.5
        if not abs(float(y.mean()) - value) < error:
            return f"{start} mean {float(y.mean()):.2f}, expected {value:.2f}"
        error = _SURE * variance * (2 / count) ** 0.5
        if not abs(float(y.var()) - variance) < error:
            return f"{start} variance {float(y.var()):.2f}, expected {variance:.2f}"
    if answer(torch.zeros(50), 0.5).any():
        return "a 0 does not stay 0; multiply by the noise, do not add it"
    return None


def monte_carlo(answer: object) -> str | None:
    """Check a function that asks a network several times with dropout, and nothing else, training.

    Parameters
    ----------
    answer
        A function of a network in evaluation, a batch, and the number of passes; it returns mean
        and standard deviation of the outputs over the passes.

    Returns
    -------
    str or None
        What is wrong, or None.

    Examples
    --------
    >>> monte_carlo(lambda model, x, passes: (model(x), 0 * model(x)))
    'the outputs do not differ from pass to pass; put dropout into training'
    """
    name, passes = "monte_carlo", 300
    if not callable(answer):
        return f"{name} is {answer!r}, expected a function"
    generator = torch.Generator().manual_seed(0)
    norm, last = nn.BatchNorm1d(40), nn.Linear(40, 3)
    first = nn.Sequential(nn.Linear(5, 40), norm, nn.ReLU())
    model = nn.Sequential(first, nn.Dropout(0.5), last)
    with torch.no_grad():
        for tensor in (*model.parameters(), norm.get_buffer("running_mean")):
            tensor.copy_(torch.randn(tensor.shape, generator=generator) / 2)
    x = torch.randn((6, 5), generator=generator)
    model.eval()
    before = copy.deepcopy(model.state_dict())
    results = answer(model, x, passes)
    if not isinstance(results, tuple) or len(results) != 2:
        return f"{name} gives {type(results).__name__}, expected a pair, mean and deviation"
    for what, got in zip(("mean", "deviation"), results, strict=True):
        shape = tuple(got.shape) if isinstance(got, Tensor) else type(got).__name__
        if shape != (6, 3):
            return f"the {what} has shape {shape} for 6 examples of 3 outputs, expected (6, 3)"
    after = model.state_dict()
    if any(not torch.equal(before[key], after[key]) for key in before):
        return "the running statistics have moved; only dropout should be in training"
    if any(module.training for module in model.modules()):
        return "a layer is left in training, expected all in evaluation as before"
    mean, deviation = (result.detach() for result in results)
    if not bool((deviation > 0).all()):
        return "the outputs do not differ from pass to pass; put dropout into training"
    with torch.no_grad():
        # With p = 1/2, a number's variance is its square.
        spread = (first(x).square() @ last.weight.square().T).sqrt()
        expected = model(x)
    if not bool(((mean - expected).abs() < _SURE * spread / passes**0.5).all()):
        return f"the mean is off by up to {float((mean - expected).abs().max()):.2f}"
    if not bool(((deviation / spread - 1).abs() < 0.35).all()):
        worst = float((deviation / spread).min())
        return f"the deviation is down to {worst:.2f} times what it should be"
    return None
