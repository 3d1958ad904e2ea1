"""The learning-rate range test: train for a moment at rising rates, and watch the loss."""

from __future__ import annotations

import copy
import math
from contextlib import suppress
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from cvlib.layers.arguments import integer, number
from cvlib.training.batches import Pictures
from cvlib.training.checks import MakeOptimizer, check_model, make_optimizer
from cvlib.training.loop import fit
from cvlib.training.means import Loss, Mean

__all__ = ["RangeTest", "find_learning_rate"]

_SMOOTHING = 0.9  # what the old mean weighs in the new one: a memory of about ten steps
_EXPLODED = 4.0  # times the lowest loss
_FALLEN = 0.98  # of the first loss
_MARGIN = 10.0  # between the suggestion and the rate of the lowest loss


@dataclass(frozen=True)
class RangeTest:
    """What :func:`find_learning_rate` has measured.

    Parameters
    ----------
    rates
        The learning rate of each step, rising.
    losses
        The loss of each step, smoothed over the steps before it.
    """

    rates: list[float]
    losses: list[float]

    @property
    def suggestion(self) -> float:
        """By a rule of thumb, a tenth of the rate at which the smoothed loss was lowest.

        Raises
        ------
        ValueError
            If the loss has hardly fallen at all, so that its lowest point says nothing.
        """
        lowest = min(range(len(self.losses)), key=self.losses.__getitem__)
        first, best = self.losses[0], self.losses[lowest]
        if best > _FALLEN * first:
            raise ValueError(
                f"the loss fell from {first:.3g} to {best:.3g} only, between the rates "
                f"{self.rates[0]:g} and {self.rates[-1]:g}; expected more steps, or other rates"
            )
        return self.rates[lowest] / _MARGIN


class _EnoughError(Exception):
    """The test is over."""


def find_learning_rate(
    model: nn.Module,
    train: Pictures,
    *,
    optimizer: Optimizer | MakeOptimizer | None = None,
    loss: Loss | None = None,
    lowest: float = 1e-5,
    highest: float = 10.0,
    steps: int = 300,
    batch_size: int = 128,
    device: str | torch.device | None = None,
    seed: int = 0,
) -> RangeTest:
    """Train a copy of a network at a learning rate that rises with every step, and note the loss.

    The test ends before ``steps`` where the loss explodes: where it is no longer finite, or, once
    smoothed, more than four times as high as it was at its lowest. Model, optimizer and torch's
    random numbers are left as they were.

    Parameters
    ----------
    model, train, optimizer, loss, batch_size, device, seed
        As for :func:`cvlib.training.loop.fit`. Of the optimizer's parameter groups, the first has
        the rates that are noted; others keep their ratio to it.
    lowest, highest
        The rates of the first and of the last step. Between them, each is the same number of times
        as high as the one before.
    steps
        How many batches to train on, at least 2. With too few, the network has no time to learn at
        any rate.

    Returns
    -------
    RangeTest
        Rates and smoothed losses, and a suggestion.

    Raises
    ------
    TypeError
        If an argument is of a kind that it cannot be.
    ValueError
        If ``lowest`` is not above 0 and below ``highest``, ``steps`` is below 2, the optimizer's
        own rate is 0, or :func:`cvlib.training.loop.fit` refuses an argument.
    FloatingPointError
        If the loss is not finite at the very first step.

    References
    ----------
    Smith, "Cyclical learning rates for training neural networks" (2017), section 3.3. The rates
    rise in equal ratios here, and in equal differences there.

    Examples
    --------
    >>> from cvlib.data import digits
    >>> torch.manual_seed(0)  # doctest: +ELLIPSIS
    <torch...
    >>> model = nn.Sequential(nn.Flatten(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10))
    >>> test = find_learning_rate(model, digits(), device="cpu")
    >>> 0.001 < test.suggestion < 0.1  # Adam
    True
    """
    check_model(model)
    instance = isinstance(optimizer, Optimizer)
    steps = integer("steps", steps, least=2)
    bottom, top = number("lowest", lowest), number("highest", highest)
    if not 0 < bottom < top:
        raise ValueError(f"lowest is {lowest} and highest {highest}; expected 0 < lowest < highest")
    # Copied together, so that the one copy holds the parameters of the other.
    twin, its_optimizer = copy.deepcopy((model, optimizer if instance else None))
    made = make_optimizer(twin, its_optimizer or optimizer)
    own = float(made.param_groups[0]["lr"])
    if not own:
        raise ValueError("optimizer has the learning rate 0; expected one that can be multiplied")
    criterion = Mean(loss)
    rates: list[float] = []
    losses: list[float] = []

    def rate_of(step: int) -> float:
        return bottom * (top / bottom) ** (step / (steps - 1))

    mean, step = 0.0, -1

    def watch(outputs: Tensor, targets: Tensor) -> Tensor:
        nonlocal mean, step
        criterion.clear()
        value = criterion(outputs, targets, len(outputs))
        now, step = float(value.detach()), step + 1
        if not math.isfinite(now):
            if step:
                raise _EnoughError
            raise FloatingPointError(f"the loss is {now} at the first step: look at the model")
        if float(criterion.shares[-1]):  # else nothing of this batch counts
            mean = _SMOOTHING * mean + (1 - _SMOOTHING) * now
            rates.append(rate_of(step))
            losses.append(mean / (1 - _SMOOTHING ** len(rates)))  # as if it had not begun at 0
        if step == steps - 1 or (losses and losses[-1] > _EXPLODED * min(losses)):
            raise _EnoughError
        return value

    watch.over_pictures = True  # type: ignore[attr-defined] # so that fit asks only for batches
    with torch.random.fork_rng(), suppress(_EnoughError):
        fit(
            twin,
            train,
            epochs=steps,  # more than enough: an epoch has at least one step
            batch_size=batch_size,
            optimizer=made,
            schedule=lambda step, total_steps: rate_of(step) / own,
            loss=watch,
            device=device,
            seed=seed,
            progress=False,
        )
    return RangeTest(rates, losses)
