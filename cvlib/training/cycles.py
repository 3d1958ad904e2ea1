"""Schedules that rise: the learning rate goes up and down, again and again or once.

Functions as those of :mod:`cvlib.training.schedules`: from a step and the number of all steps to a
factor of the optimizer's learning rate, which is the highest that they reach.
"""

from __future__ import annotations

import math
from typing import Literal, get_args

from cvlib.layers.arguments import integer, number, one_of
from cvlib.training.schedules import progress

__all__ = ["cyclic", "one_cycle"]

CycleMode = Literal["triangular", "triangular2", "exp_range"]
AnnealStrategy = Literal["cos", "linear"]


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
