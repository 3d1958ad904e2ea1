"""What torch's schedulers do, for the tests of ours."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import torch

Make = Callable[[torch.optim.Optimizer], Any]


def optimizer(rate: float) -> torch.optim.Optimizer:
    return torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=rate, momentum=0.9)


def rates(make: Make, steps: int, rate: float = 1.0) -> list[float]:
    """Give the learning rate of each step, with a scheduler that ``make`` makes."""
    sgd = optimizer(rate)
    scheduler = make(sgd)
    seen = [float(sgd.param_groups[0]["lr"])]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that the optimizer makes no step, and epochs are counted
        for _ in range(steps - 1):
            scheduler.step()
            seen.append(float(sgd.param_groups[0]["lr"]))
    return seen


def factors(schedule: Callable[[int, int], float], steps: int) -> list[float]:
    return [schedule(step, steps) for step in range(steps)]
