"""Schedules: how the learning rate changes from the first step of training to the last.

A schedule is a pure function ``schedule(step, total_steps)``: from the number of the step, counted
from 0, and the number of all steps to the factor by which the optimizer's own learning rate is
multiplied at that step. A step is one batch. Options are bound by ``functools.partial``, as in
``fit(model, train, epochs=10, schedule=partial(cosine, minimum=0.01))``. Nothing is remembered from
call to call, so a schedule that was plotted can still be trained with. Beside the steps it takes
``total_steps`` itself: torch's ``LambdaLR`` asks for that one after the last step.

:class:`Plateau` is the one rule that needs to see the losses. :func:`cyclic` and :func:`one_cycle`
rise as well as fall; their factor is of the highest rate that they reach. The range test of
:func:`find_learning_rate` says which rate that may be: it trains for a moment at rising rates, and
watches the loss.
"""

from __future__ import annotations

import copy
import math
from bisect import bisect_right
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler, ReduceLROnPlateau

from cvlib.arguments import integer, number, one_of
from cvlib.training.history import Epoch
from cvlib.training.losses import Loss
from cvlib.training.mean_loss import MeanLoss

if TYPE_CHECKING:
    from cvlib.training.batches import Pictures
    from cvlib.training.loop import MakeOptimizer

__all__ = [
    "Plateau",
    "RangeTest",
    "constant",
    "cosine",
    "cyclic",
    "exponential",
    "find_learning_rate",
    "multi_step",
    "one_cycle",
    "polynomial",
    "step_decay",
    "warm_up",
]

# From a step and the number of all steps to the factor of the learning rate.
Schedule = Callable[[int, int], float]
ThresholdMode = Literal["rel", "abs"]
CycleMode = Literal["triangular", "triangular2", "exp_range"]
AnnealStrategy = Literal["cos", "linear"]
_SMOOTHING = 0.9  # what the old mean weighs in the new one: a memory of about ten steps
_EXPLODED = 4.0  # times the lowest loss
_FALLEN = 0.98  # of the first loss
_MARGIN = 10.0  # between the suggestion and the rate of the lowest loss


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


def cyclic(
    step: int,
    total_steps: int,
    *,
    step_size_up: int = 2000,
    step_size_down: int | None = None,
    minimum: float = 0.25,
    mode: CycleMode = "triangular",
    gamma: float = 1.0,
) -> float:
    """Let the learning rate rise and fall in straight lines, again and again.

    Parameters
    ----------
    step
        The number of the step, from 0.
    total_steps
        The number of all steps; not used.
    step_size_up, step_size_down
        How many steps the rate rises, and how many it falls; as many by default.
    minimum
        Where each cycle begins and ends: torch's ``base_lr / max_lr``, the optimizer's own rate
        being ``max_lr``.
    mode
        What becomes of the height over the minimum: it stays (``"triangular"``), is halved after
        each cycle (``"triangular2"``), or is multiplied by ``gamma`` at each step
        (``"exp_range"``).
    gamma
        The factor of a step in the mode ``"exp_range"``.

    Returns
    -------
    float
        The factor, as ``torch.optim.lr_scheduler.CyclicLR`` has it when stepped once per batch.
        (Torch's also moves the momentum, and refuses optimizers that have none, unless it is given
        ``cycle_momentum=False``.)

    Raises
    ------
    TypeError
        If ``step`` or a step size is not an integer, or ``minimum`` or ``gamma`` no number.
    ValueError
        If ``step`` is below 0, a step size below 1, ``minimum`` not from 0 to 1, ``gamma`` negative
        or not finite, or ``mode`` unknown.

    References
    ----------
    Smith, "Cyclical learning rates for training neural networks" (2017), section 3.1.

    Examples
    --------
    >>> [cyclic(step, 8, step_size_up=2, minimum=0.5) for step in range(6)]
    [0.5, 0.75, 1.0, 0.75, 0.5, 0.75]
    """
    one_of("mode", mode, get_args(CycleMode))
    low, decay = number("minimum", minimum, most=1), number("gamma", gamma)
    up = integer("step_size_up", step_size_up, least=1)
    down = up if step_size_down is None else integer("step_size_down", step_size_down, least=1)
    cycle, place = divmod(integer("step", step), up + down)
    height = place / up if place <= up else (up + down - place) / down
    if mode == "triangular2":
        height *= 0.5**cycle
    elif mode == "exp_range":
        height *= decay**step
    return low + (1 - low) * height


def one_cycle(
    step: int,
    total_steps: int,
    *,
    pct_start: float = 0.3,
    div_factor: float = 25.0,
    final_div_factor: float = 1e4,
    anneal_strategy: AnnealStrategy = "cos",
) -> float:
    """Let the learning rate rise to its peak once, and fall far below where it began.

    Parameters
    ----------
    step
        The number of the step, from 0 to ``total_steps``, which is after the last one.
    total_steps
        The number of all steps. The last of them has the lowest rate.
    pct_start
        The share of the steps in which the rate rises, from 0 to 1 (and not in per cent, the name
        notwithstanding: it is torch's).
    div_factor
        The peak divided by the rate at the beginning. The peak is the optimizer's own rate: torch's
        ``max_lr``.
    final_div_factor
        The rate at the beginning divided by that at the end.
    anneal_strategy
        The shape of both parts: half a cosine, ``"cos"``, or a straight line, ``"linear"``.

    Returns
    -------
    float
        The factor, as ``torch.optim.lr_scheduler.OneCycleLR`` has it when stepped once per batch.
        (Torch's also moves the momentum the other way, unless it is given
        ``cycle_momentum=False``.)

    Raises
    ------
    TypeError
        If ``step`` or ``total_steps`` is not an integer, or another argument no number.
    ValueError
        If ``step`` is not from 0 to ``total_steps``, ``pct_start`` is not from 0 to 1, a divisor is
        below 1 or not finite, or ``anneal_strategy`` is unknown.

    References
    ----------
    Smith and Topin, "Super-convergence: very fast training of neural networks using large learning
    rates" (2019).

    Examples
    --------
    >>> [round(one_cycle(step, 10, pct_start=0.5), 3) for step in (0, 2, 4, 9)]
    [0.04, 0.52, 1.0, 0.0]
    """
    one_of("anneal_strategy", anneal_strategy, get_args(AnnealStrategy))
    progress(step, total_steps)
    step = min(step, total_steps - 1)  # after the last step the rate stays
    first = 1 / number("div_factor", div_factor, least=1)
    last = first / number("final_div_factor", final_div_factor, least=1)
    peak = number("pct_start", pct_start, most=1) * total_steps - 1
    if step <= peak:
        start, end, way = first, 1.0, step / peak if peak else 1.0
    else:
        start, end, way = 1.0, last, (step - peak) / (total_steps - 1 - peak)
    if anneal_strategy == "cos":
        way = (1 - math.cos(math.pi * way)) / 2
    return start + (end - start) * way


ScheduleLike = Callable[[int, int], float] | Plateau | LRScheduler


class LearningRateController:
    """Set an optimizer's learning rates, step by step.

    Parameters
    ----------
    optimizer
        Whose rates are set. The rates that it came with are multiplied by the schedule's factors.
    schedule
        A function of the step and of the number of steps, a :class:`Plateau`, a
        scheduler of torch's, or None for rates that stay.
    total_steps
        How many steps the whole training has.

    Raises
    ------
    TypeError
        If the schedule is none of these.
    ValueError
        If a scheduler of torch's was made for another optimizer, or waits for the loss to rise.
    """

    def __init__(
        self, optimizer: Optimizer, schedule: ScheduleLike | None, total_steps: int
    ) -> None:
        if isinstance(schedule, LRScheduler):
            if schedule.optimizer is not optimizer:
                raise ValueError(
                    "schedule was made for another optimizer; expected the one that trains: give "
                    "fit the optimizer itself, and a scheduler made of it"
                )
            if isinstance(schedule, ReduceLROnPlateau) and schedule.mode == "max":
                raise ValueError(
                    "schedule is a ReduceLROnPlateau of mode 'max', but it is given the loss, "
                    "which falls as the network learns; expected mode='min'"
                )
        elif schedule is not None and not callable(schedule):
            raise TypeError(
                f"schedule is {type(schedule).__name__}; expected a function of the step and of "
                "the number of steps, such as cvlib.training.schedules.cosine"
            )
        self.optimizer, self.schedule, self.total_steps = optimizer, schedule, total_steps
        self.base = [group["lr"] for group in optimizer.param_groups]
        self.rate = self.base[0]

    def __enter__(self) -> LearningRateController:
        return self

    def __exit__(self, *error: object) -> None:
        """Give the optimizer the rates back that it came with; schedulers of torch's go on."""
        if not isinstance(self.schedule, LRScheduler):
            self._multiply(1.0)

    @property
    def needs_total_steps(self) -> bool:
        """Whether the rates depend on how long the whole training is."""
        return self.schedule is not None and not isinstance(self.schedule, Plateau | LRScheduler)

    def before_step(self, step: int) -> None:
        """Set the rates for a step, counted from 0."""
        if self.schedule is not None and not isinstance(self.schedule, Plateau | LRScheduler):
            self._multiply(self.schedule(step, self.total_steps))
        self.rate = self.optimizer.param_groups[0]["lr"]

    def after_step(self) -> None:
        """Let a scheduler of torch's count the step."""
        if isinstance(self.schedule, LRScheduler) and not isinstance(
            self.schedule, ReduceLROnPlateau
        ):
            self.schedule.step()

    def after_epoch(self, epochs: Sequence[Epoch]) -> None:
        """Set the rates for the next epoch, where the schedule goes by the losses so far."""
        losses = [e.train_loss if e.validation_loss is None else e.validation_loss for e in epochs]
        if isinstance(self.schedule, Plateau):
            self._multiply(self.schedule(losses))
        elif isinstance(self.schedule, ReduceLROnPlateau):
            self.schedule.step(losses[-1])

    def _multiply(self, factor: float) -> None:
        for group, rate in zip(self.optimizer.param_groups, self.base, strict=True):
            group["lr"] = rate * factor

    def state_dict(self) -> dict[str, Any]:
        """Return what a checkpoint keeps."""
        scheduler = self.schedule.state_dict() if isinstance(self.schedule, LRScheduler) else None
        return {"base": self.base, "scheduler": scheduler}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from what a checkpoint kept."""
        self.base = state["base"]
        if isinstance(self.schedule, LRScheduler):
            self.schedule.load_state_dict(state["scheduler"])


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
    from cvlib.training.loop import check_model, fit, make_optimizer

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
    criterion = MeanLoss(loss)
    criterion.known = True  # it uses the losses of batches alone
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
