"""Schedules: how the learning rate changes from the first step of training to the last.

A schedule is a pure function ``schedule(step, total_steps)``: from the number of the step, counted
from 0, and the number of all steps to the factor by which the optimizer's own learning rate is
multiplied at that step. A step is one batch. Options are bound by ``functools.partial``, as in
``fit(model, train, epochs=10, schedule=partial(cosine, minimum=0.01))``. Nothing is remembered from
call to call, so a schedule that was plotted can still be trained with. Beside the steps it takes
``total_steps`` itself: torch's ``LambdaLR`` asks for that one after the last step.

:class:`Plateau` is the one rule that needs to see the losses. What goes up as well as down is in
:mod:`cvlib.training.cycles`.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from cvlib.layers.arguments import integer, number, one_of

__all__ = [
    "Plateau",
    "constant",
    "cosine",
    "exponential",
    "multi_step",
    "polynomial",
    "step_decay",
    "warm_up",
]

# From a step and the number of all steps to the factor of the learning rate.
Schedule = Callable[[int, int], float]

ThresholdMode = Literal["rel", "abs"]


def constant(step: int, total_steps: int) -> float:
    """Leave the learning rate as it is.

    Parameters
    ----------
    step
        The number of the step, from 0.
    total_steps
        The number of all steps; not used.

    Returns
    -------
    float
        1, at every step. (``torch.optim.lr_scheduler.ConstantLR`` is something else: a warm-up in
        one stair.)

    Raises
    ------
    TypeError
        If ``step`` is not an integer.
    ValueError
        If ``step`` is below 0.

    Examples
    --------
    >>> constant(7, 10)
    1.0
    """
    integer("step", step)
    return 1.0


def step_decay(step: int, total_steps: int, *, step_size: int, gamma: float = 0.1) -> float:
    """Multiply the learning rate by ``gamma`` after every ``step_size`` steps.

    Parameters
    ----------
    step
        The number of the step, from 0.
    total_steps
        The number of all steps; not used.
    step_size
        The width of a stair, in steps: batches, not epochs.
    gamma
        The height of a stair as a share of the one before it.

    Returns
    -------
    float
        The factor, as ``torch.optim.lr_scheduler.StepLR`` has it.

    Raises
    ------
    TypeError
        If ``step`` or ``step_size`` is not an integer, or ``gamma`` no number.
    ValueError
        If ``step`` is below 0, ``step_size`` below 1, or ``gamma`` negative or not finite.

    Examples
    --------
    >>> [step_decay(step, 6, step_size=2, gamma=0.5) for step in range(6)]
    [1.0, 1.0, 0.5, 0.5, 0.25, 0.25]
    """
    stairs = integer("step", step) // integer("step_size", step_size, least=1)
    return number("gamma", gamma) ** stairs


def multi_step(
    step: int, total_steps: int, *, milestones: Sequence[int], gamma: float = 0.1
) -> float:
    """Multiply the learning rate by ``gamma`` at each of the given steps.

    Parameters
    ----------
    step
        The number of the step, from 0.
    total_steps
        The number of all steps; not used.
    milestones
        The steps at which the rate changes, in any order; one that stands twice counts twice.
    gamma
        The factor of each change.

    Returns
    -------
    float
        The factor, as ``torch.optim.lr_scheduler.MultiStepLR`` has it.

    Raises
    ------
    TypeError
        If ``step`` or a milestone is not an integer, or ``gamma`` no number.
    ValueError
        If ``step`` or a milestone is below 0, or ``gamma`` negative or not finite.

    Examples
    --------
    >>> [multi_step(step, 6, milestones=[3, 4], gamma=0.5) for step in range(6)]
    [1.0, 1.0, 1.0, 0.5, 0.25, 0.25]
    """
    if not isinstance(milestones, Sequence) or isinstance(milestones, str):
        raise TypeError(f"milestones is {milestones!r}; expected a sequence of integers")
    changes = sorted(integer("a milestone", milestone) for milestone in milestones)
    passed = bisect_right(changes, integer("step", step))
    return number("gamma", gamma) ** passed


def exponential(step: int, total_steps: int, *, gamma: float) -> float:
    """Multiply the learning rate by ``gamma`` at every step.

    Parameters
    ----------
    step
        The number of the step, from 0.
    total_steps
        The number of all steps; not used.
    gamma
        The factor of one step: close to 1, since there are many steps. ``0.01 ** (1 / 500)`` ends
        500 steps at a hundredth.

    Returns
    -------
    float
        ``gamma ** step``, as ``torch.optim.lr_scheduler.ExponentialLR`` has it.

    Raises
    ------
    TypeError
        If ``step`` is not an integer, or ``gamma`` no number.
    ValueError
        If ``step`` is below 0, or ``gamma`` negative or not finite.

    Examples
    --------
    >>> [exponential(step, 4, gamma=0.5) for step in range(4)]
    [1.0, 0.5, 0.25, 0.125]
    """
    return number("gamma", gamma) ** integer("step", step)


def polynomial(step: int, total_steps: int, *, power: float = 1.0) -> float:
    """Let the learning rate fall to 0, in a straight line or along a power of it.

    Parameters
    ----------
    step
        The number of the step, from 0 to ``total_steps``, which is after the last one.
    total_steps
        The number of all steps. The rate would be 0 at the step after the last.
    power
        1 for a straight line, more for a curve that falls early.

    Returns
    -------
    float
        ``(1 - step / total_steps) ** power``, as ``torch.optim.lr_scheduler.PolynomialLR`` has it.

    Raises
    ------
    TypeError
        If ``step`` or ``total_steps`` is not an integer, or ``power`` no number.
    ValueError
        If ``step`` is not from 0 to ``total_steps``, or ``power`` negative or not finite.

    Examples
    --------
    >>> [polynomial(step, 4) for step in range(4)]
    [1.0, 0.75, 0.5, 0.25]
    """
    return (1 - progress(step, total_steps)) ** number("power", power)


def cosine(step: int, total_steps: int, *, minimum: float = 0.0) -> float:
    """Let the learning rate fall along half a cosine: slowly, fast, and slowly again.

    Parameters
    ----------
    step
        The number of the step, from 0 to ``total_steps``, which is after the last one.
    total_steps
        The number of all steps.
    minimum
        Where the curve ends, at the step after the last: torch's ``eta_min`` as a share of the
        optimizer's rate.

    Returns
    -------
    float
        The factor, as ``torch.optim.lr_scheduler.CosineAnnealingLR`` with ``T_max=total_steps``
        has it.

    Raises
    ------
    TypeError
        If ``step`` or ``total_steps`` is not an integer, or ``minimum`` no number.
    ValueError
        If ``step`` is not from 0 to ``total_steps``, or ``minimum`` is not from 0 to 1.

    References
    ----------
    Loshchilov and Hutter, "SGDR: stochastic gradient descent with warm restarts" (2017), equation
    5, without the restarts.

    Examples
    --------
    >>> [round(cosine(step, 4), 3) for step in range(4)]
    [1.0, 0.854, 0.5, 0.146]
    """
    end = number("minimum", minimum, most=1)
    return end + (1 - end) * (1 + math.cos(math.pi * progress(step, total_steps))) / 2


def warm_up(
    step: int,
    total_steps: int,
    *,
    schedule: Schedule = constant,
    share: float = 0.1,
    start: float = 0.01,
) -> float:
    """Let the learning rate rise in a straight line first, then follow another schedule.

    Parameters
    ----------
    step
        The number of the step, from 0 to ``total_steps``, which is after the last one.
    total_steps
        The number of all steps, those of the warm-up included.
    schedule
        What follows. It is given the steps that are left, and counts them from 0.
    share
        The share of the steps in which the rate rises, from 0 to 1, rounded to whole steps.
    start
        The rate at step 0, as a share of the one with which ``schedule`` begins.

    Returns
    -------
    float
        The factor, as torch's ``SequentialLR`` of a ``LinearLR`` and another scheduler has it.

    Raises
    ------
    TypeError
        If ``step`` or ``total_steps`` is not an integer, ``share`` or ``start`` no number, or
        ``schedule`` no function.
    ValueError
        If ``step`` is not from 0 to ``total_steps``, or ``share`` or ``start`` is not from 0 to 1.

    References
    ----------
    Goyal et al., "Accurate, large minibatch SGD: training ImageNet in 1 hour" (2017), section 2.2.

    Examples
    --------
    >>> from functools import partial
    >>> schedule = partial(warm_up, schedule=cosine, share=0.5, start=0.5)
    >>> [round(schedule(step, 8), 3) for step in range(8)]
    [0.5, 0.625, 0.75, 0.875, 1.0, 0.854, 0.5, 0.146]
    """
    if not callable(schedule):
        raise TypeError(f"schedule is {schedule!r}; expected a function of step and total_steps")
    progress(step, total_steps)
    low = number("start", start, most=1)
    steps = round(number("share", share, most=1) * total_steps)
    if step >= steps:
        return schedule(step - steps, max(total_steps - steps, 1))
    return (low + (1 - low) * step / steps) * schedule(0, max(total_steps - steps, 1))


@dataclass(frozen=True)
class Plateau:
    """Lower the learning rate when the loss has stopped falling.

    Called with the losses so far, one an epoch, it gives the factor for the next epoch. It works
    its way through them at each call and remembers nothing.

    Parameters
    ----------
    factor
        By what the rate is multiplied, from 0 to below 1.
    patience
        How many epochs in a row may pass without a new best loss; one more, and the rate falls.
    threshold
        By how much a loss must be lower than the best one to count as better.
    threshold_mode
        Whether the threshold is a share of the best loss, ``"rel"``, or a difference, ``"abs"``.
    cooldown
        For how many epochs after a fall bad losses are not counted.
    minimum
        Below what the factor does not fall: torch's ``min_lr`` as a share of the optimizer's rate.
    eps
        A smaller change of the factor than this is not made.

    Raises
    ------
    TypeError
        If an argument has the wrong type, or what it is called with is no sequence of numbers.
    ValueError
        If an argument is out of its range.

    References
    ----------
    ``torch.optim.lr_scheduler.ReduceLROnPlateau``, whose rule it is. As a rule of thumb, followed
    by hand, in Krizhevsky, Sutskever and Hinton, "ImageNet classification with deep convolutional
    neural networks" (2012), section 5.

    Examples
    --------
    >>> plateau = Plateau(factor=0.5, patience=1)
    >>> losses = [0.9, 0.5, 0.6, 0.7, 0.6]
    >>> [plateau(losses[:epochs]) for epochs in range(6)]
    [1.0, 1.0, 1.0, 1.0, 0.5, 0.5]
    """

    factor: float = 0.1
    patience: int = 10
    threshold: float = 1e-4
    threshold_mode: ThresholdMode = "rel"
    cooldown: int = 0
    minimum: float = 0.0
    eps: float = 1e-8

    def __post_init__(self) -> None:
        one_of("threshold_mode", self.threshold_mode, get_args(ThresholdMode))
        if number("factor", self.factor, most=1) == 1:
            raise ValueError(f"factor is {self.factor!r}; expected below 1")
        integer("patience", self.patience)
        integer("cooldown", self.cooldown)
        number("minimum", self.minimum, most=1)
        for name in ("threshold", "eps"):
            number(name, getattr(self, name))

    def __call__(self, losses: Sequence[float]) -> float:
        """Give the factor for the epoch after those whose losses are given."""
        current, best, bad, cooling = 1.0, math.inf, 0, 0
        for loss in losses:
            if loss < self._bar(best):
                best, bad = loss, 0
            else:
                bad += 1
            if cooling:
                cooling, bad = cooling - 1, 0
            if bad > self.patience:
                lower = max(current * self.factor, self.minimum)
                current = lower if current - lower > self.eps else current
                bad, cooling = 0, self.cooldown
        return current

    def _bar(self, best: float) -> float:
        """Below what a loss counts as better than the best so far."""
        relative = self.threshold_mode == "rel"
        return best * (1 - self.threshold) if relative else best - self.threshold


def progress(step: int, total_steps: int) -> float:
    """Read the share of all steps that lie before a step, and refuse one past the end."""
    total = integer("total_steps", total_steps, least=1)
    if integer("step", step) > total:
        raise ValueError(f"step is {step}; expected at most {total}, the number of all steps")
    return step / total
