"""Checkers of the chapter on optimizers."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

__all__ = ["lion_step"]


def lion_step(answer: object) -> str | None:
    """Check a function that makes one step of Lion.

    Parameters
    ----------
    answer
        A function of the parameter, its gradient, the average so far, the learning rate, beta1,
        beta2 and the weight decay; it returns the parameter and the average after the step.

    Returns
    -------
    str or None
        What is wrong with the step, and the likely reason; or None.

    References
    ----------
    Chen et al., "Symbolic discovery of optimization algorithms" (2023), algorithm 2.

    Examples
    --------
    >>> lion_step(lambda parameter, gradient, average, *rest: (parameter, average))
    'without decay, lion_step moves [1.0, -2.0, 0.5] to [1.0, -2.0, 0.5], expected [0.9, -1.9, 0.4]'
    """
    name = "lion_step"
    if not callable(answer):
        return f"{name} is {answer!r}, expected a function"
    x, gradient = torch.tensor([1.0, -2.0, 0.5]), torch.tensor([4.0, -2.0, 1.0])
    average = torch.tensor([-0.25, 0.5, 0.1])
    for case, rates in (
        ("without decay", (0.1, 0.5, 0.75, 0.0)),
        ("with decay 0.5", (0.1, 0.5, 0.75, 0.5)),
        ("where beta1 is 0.9", (0.1, 0.9, 0.99, 0.0)),
    ):
        got = answer(x.clone(), gradient.clone(), average.clone(), *rates)
        if not isinstance(got, tuple) or len(got) != 2:
            return f"{name} gives {type(got).__name__}, expected the parameter and the average"
        expected = _lion(x, gradient, average, *rates)
        for part, before, mine, right in zip(
            ("moves", "turns the average"), (x, average), got, expected, strict=True
        ):
            if not isinstance(mine, Tensor) or mine.shape != right.shape:
                return f"{name} gives {mine!r} in its pair, expected tensors of shape (3,)"
            if not torch.allclose(mine, right, atol=1e-5):
                start, end, goal = map(_told, (before, mine, right))
                return f"{case}, {name} {part} {start} to {end}, expected {goal}"
    return None


def _lion(x: Tensor, gradient: Tensor, average: Tensor, *rates: float) -> tuple[Tensor, Tensor]:
    lr, beta1, beta2, weight_decay = rates
    direction = (beta1 * average + (1 - beta1) * gradient).sign()
    return x - lr * (direction + weight_decay * x), beta2 * average + (1 - beta2) * gradient


def _told(numbers: Tensor) -> Any:
    return [round(number, 3) for number in numbers.tolist()]
