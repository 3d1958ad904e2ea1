"""Schedules against torch's schedulers, step by step, and against wrong use."""

from __future__ import annotations

import inspect
import math
from functools import partial
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.optim import lr_scheduler

from cvlib.training import schedules
from cvlib.training.cycles import cyclic, one_cycle
from cvlib.training.schedules import (
    Plateau,
    Schedule,
    constant,
    cosine,
    exponential,
    multi_step,
    polynomial,
    step_decay,
    warm_up,
)
from tests.training.torchs import factors, optimizer, rates

random_cases = settings(deadline=None, max_examples=100, derandomize=True)
steps = st.integers(1, 60)
shares = st.floats(0, 1)
factor = st.floats(0.5, 1.05)
same = partial(pytest.approx, rel=1e-9, abs=1e-12)


def test_constant_leaves_the_rate_alone() -> None:
    assert factors(constant, 5) == [1.0] * 5


@random_cases
@given(steps, st.integers(1, 20), factor)
def test_step_decay_is_torchs(total: int, size: int, gamma: float) -> None:
    ours = partial(step_decay, step_size=size, gamma=gamma)
    torchs = rates(partial(lr_scheduler.StepLR, step_size=size, gamma=gamma), total)
    assert factors(ours, total) == same(torchs)


@random_cases
@given(steps, st.lists(st.integers(1, 50), max_size=5), factor)
def test_multi_step_is_torchs(total: int, milestones: list[int], gamma: float) -> None:
    ours = partial(multi_step, milestones=milestones, gamma=gamma)
    torchs = rates(partial(lr_scheduler.MultiStepLR, milestones=milestones, gamma=gamma), total)
    assert factors(ours, total) == same(torchs)


@random_cases
@given(steps, factor)
def test_exponential_is_torchs(total: int, gamma: float) -> None:
    torchs = rates(partial(lr_scheduler.ExponentialLR, gamma=gamma), total)
    assert factors(partial(exponential, gamma=gamma), total) == same(torchs)


@random_cases
@given(steps, st.floats(0, 4))
def test_polynomial_is_torchs(total: int, power: float) -> None:
    torchs = rates(partial(lr_scheduler.PolynomialLR, total_iters=total, power=power), total)
    assert factors(partial(polynomial, power=power), total) == same(torchs)


@random_cases
@given(steps, shares, st.floats(1e-4, 10))
def test_cosine_is_torchs(total: int, minimum: float, rate: float) -> None:
    make = partial(lr_scheduler.CosineAnnealingLR, T_max=total, eta_min=minimum * rate)
    torchs = [torchs / rate for torchs in rates(make, total, rate)]
    assert factors(partial(cosine, minimum=minimum), total) == same(torchs)


@random_cases
@given(st.integers(2, 60), st.floats(0.01, 0.95), st.floats(0.01, 1), st.booleans())
def test_warm_up_is_torchs(total: int, share: float, start: float, decay: bool) -> None:
    warm = round(share * total)

    def make(sgd: torch.optim.Optimizer) -> Any:
        if decay:
            rest: Any = lr_scheduler.CosineAnnealingLR(sgd, T_max=max(total - warm, 1))
        else:
            rest = lr_scheduler.LambdaLR(sgd, lambda step: 1.0)
        if not warm:
            return rest
        rise = lr_scheduler.LinearLR(sgd, start_factor=start, total_iters=warm)
        return lr_scheduler.SequentialLR(sgd, [rise, rest], [warm])

    ours = partial(warm_up, schedule=cosine if decay else constant, share=share, start=start)
    assert factors(ours, total) == same(rates(make, total))


def test_warm_up_meets_a_schedule_that_begins_low() -> None:
    def low(step: int, total_steps: int) -> float:
        return 0.2

    ours = partial(warm_up, schedule=low, share=0.5, start=0.5)
    assert factors(ours, 4) == same([0.1, 0.15, 0.2, 0.2])
    assert factors(partial(warm_up, share=1, start=0), 4) == same([0, 0.25, 0.5, 0.75])
    assert factors(partial(warm_up, schedule=cosine, share=0), 9) == factors(cosine, 9)


@pytest.mark.parametrize(
    ("schedule", "end"),
    [
        (constant, 1),
        (partial(step_decay, step_size=4, gamma=0.5), 0.25),
        (partial(exponential, gamma=0.5), 0.5**10),
        (polynomial, 0),
        (partial(cosine, minimum=0.2), 0.2),
        (partial(warm_up, schedule=cosine), 0),
        (partial(warm_up, share=1), 1),
        (partial(warm_up, schedule=cosine, share=1), 1),
        (partial(cyclic, step_size_up=5), 0.25),
        (one_cycle, 1 / 25 / 1e4),
        (partial(one_cycle, pct_start=1), 1),
        (partial(one_cycle, pct_start=0), 1 / 25 / 1e4),
    ],
)
def test_torchs_lambda_steps_through_to_the_end(schedule: Schedule, end: float) -> None:
    """After the last of ten steps, LambdaLR asks for the factor of an eleventh."""
    sgd = optimizer(1.0)
    scheduler = lr_scheduler.LambdaLR(sgd, partial(schedule, total_steps=10))
    seen = [scheduler.get_last_lr()[0]]
    for _ in range(10):
        sgd.step()
        scheduler.step()
        seen.append(scheduler.get_last_lr()[0])
    assert seen == same([*factors(schedule, 10), end])


def test_defaults() -> None:
    """Those of torch's classes where there is one, and what the documentation says."""
    assert step_decay(9, 100, step_size=10) == 1
    assert step_decay(10, 100, step_size=10) == pytest.approx(0.1)
    assert multi_step(7, 9, milestones=[3, 7]) == pytest.approx(0.01)
    assert exponential(1, 10, gamma=0.5) == 0.5
    assert polynomial(1, 4) == 0.75
    assert cosine(5, 10) == pytest.approx(0.5)
    assert cosine(10, 10) == pytest.approx(0)


# ---------------------------------------------------------------------------- plateau


def torchs_plateau(losses: list[float], **options: Any) -> list[float]:
    sgd = optimizer(1.0)
    rule = lr_scheduler.ReduceLROnPlateau(sgd, **options)
    seen = [1.0]
    for loss in losses:
        rule.step(loss)
        seen.append(sgd.param_groups[0]["lr"])
    return seen


@random_cases
@given(
    st.lists(st.sampled_from([-1.0, 0.0, 0.1, 0.5, 0.9, 0.99, 1.0, 1.5, math.inf, math.nan]))
    | st.lists(st.floats(-1, 1), max_size=30),
    st.floats(0, 0.99),
    st.integers(0, 3),
    st.floats(0, 0.5),
    st.sampled_from(["rel", "abs"]),
    st.integers(0, 4),
    st.floats(0, 0.2),
    st.sampled_from([0.0, 1e-8, 0.05]),
)
def test_plateau_is_torchs(
    losses: list[float],
    factor: float,
    patience: int,
    threshold: float,
    threshold_mode: Any,
    cooldown: int,
    minimum: float,
    eps: float,
) -> None:
    shared: Any = {
        "factor": factor,
        "patience": patience,
        "threshold": threshold,
        "threshold_mode": threshold_mode,
        "cooldown": cooldown,
        "eps": eps,
    }
    plateau = Plateau(minimum=minimum, **shared)
    ours = [plateau(losses[:count]) for count in range(len(losses) + 1)]
    assert ours == torchs_plateau(losses, min_lr=minimum, **shared)


def test_plateau_has_torchs_defaults() -> None:
    names = {"min_lr": "minimum"}
    parameters = inspect.signature(lr_scheduler.ReduceLROnPlateau).parameters
    for name, parameter in parameters.items():
        if name not in ("optimizer", "mode"):
            assert getattr(Plateau(), names.get(name, name)) == parameter.default


def test_plateau_waits_and_cools_down() -> None:
    plateau = Plateau(factor=0.5, patience=1, cooldown=2)
    losses = [1.0] * 9  # the first is the best; bad are 2, 3 | cooling 4, 5 | bad 6, 7
    expected = [1.0, 1.0, 1.0, 0.5, 0.5, 0.5, 0.5, 0.25, 0.25, 0.25]
    assert [plateau(losses[:count]) for count in range(10)] == expected


# ---------------------------------------------------------------------------- wrong use


@pytest.mark.parametrize(
    ("schedule", "message"),
    [
        (partial(step_decay, step_size=0), "step_size is 0; expected at least 1"),
        (partial(step_decay, step_size=1, gamma=-0.1), "gamma is -0.1; expected a number of at"),
        (partial(multi_step, milestones=[3, -1]), "a milestone is -1; expected at least 0"),
        (partial(exponential, gamma=math.nan), "gamma is nan; expected a number of at least 0"),
        (partial(exponential, gamma=math.inf), "gamma is inf"),
        (partial(polynomial, power=-1), "power is -1"),
        (partial(cosine, minimum=1.1), "minimum is 1.1; expected a number from 0 to 1"),
        (partial(warm_up, share=-0.1), "share is -0.1; expected a number from 0 to 1"),
        (partial(warm_up, start=2), "start is 2; expected a number from 0 to 1"),
    ],
)
def test_a_value_out_of_range_is_named(schedule: Schedule, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}"):
        schedule(1, 10)


@pytest.mark.parametrize(
    ("schedule", "message"),
    [
        (partial(step_decay, step_size=1.5), "step_size is 1.5; expected an integer"),
        (partial(multi_step, milestones=3), "milestones is 3; expected a sequence of integers"),
        (partial(multi_step, milestones="3"), "milestones is '3'; expected a sequence"),
        (partial(multi_step, milestones=[0.5]), "a milestone is 0.5; expected an integer"),
        (partial(exponential, gamma="0.9"), "gamma is '0.9'; expected a number"),
        (partial(polynomial, power=None), "power is None; expected a number"),
        (partial(cosine, minimum="0"), "minimum is '0'; expected a number"),
        (partial(warm_up, schedule=0.5), "schedule is 0.5; expected a function of step and"),
    ],
)
def test_a_wrong_type_is_named(schedule: Schedule, message: str) -> None:
    with pytest.raises(TypeError, match=f"^{message}"):
        schedule(1, 10)


@pytest.mark.parametrize(
    "schedule",
    [
        constant,
        partial(step_decay, step_size=1),
        partial(multi_step, milestones=[1]),
        partial(exponential, gamma=0.9),
        polynomial,
        cosine,
        warm_up,
    ],
)
def test_a_wrong_step_is_named(schedule: Schedule) -> None:
    with pytest.raises(ValueError, match="step is -1; expected at least 0"):
        schedule(-1, 10)
    with pytest.raises(TypeError, match=r"step is 0\.5; expected an integer"):
        schedule(0.5, 10)  # type: ignore[arg-type]


@pytest.mark.parametrize("schedule", [polynomial, cosine, warm_up])
def test_a_step_past_the_end_is_refused(schedule: Schedule) -> None:
    with pytest.raises(ValueError, match="step is 11; expected at most 10, the number of all"):
        schedule(11, 10)
    with pytest.raises(ValueError, match="total_steps is 0; expected at least 1"):
        schedule(0, 0)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"factor": 1.0}, ValueError, "factor is 1.0; expected below 1"),
        ({"factor": -0.5}, ValueError, "factor is -0.5; expected a number from 0 to 1"),
        ({"patience": -1}, ValueError, "patience is -1; expected at least 0"),
        ({"patience": 1.5}, TypeError, "patience is 1.5; expected an integer"),
        ({"cooldown": -1}, ValueError, "cooldown is -1; expected at least 0"),
        ({"threshold": -1e-4}, ValueError, "threshold is -0.0001"),
        ({"threshold_mode": "max"}, ValueError, "threshold_mode is 'max'; expected 'rel' or 'abs'"),
        ({"minimum": 2}, ValueError, "minimum is 2; expected a number from 0 to 1"),
        ({"eps": "no"}, TypeError, "eps is 'no'; expected a number"),
    ],
)
def test_a_wrong_plateau_is_refused_when_it_is_made(
    options: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        Plateau(**options)


def test_a_plateau_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        Plateau().factor = 0.5  # type: ignore[misc]


def test_every_schedule_takes_a_step_and_all_steps() -> None:
    for name in set(schedules.__all__) - {"Plateau"}:
        parameters = list(inspect.signature(getattr(schedules, name)).parameters.values())
        assert [p.name for p in parameters[:2]] == ["step", "total_steps"]
        assert all(p.kind is p.KEYWORD_ONLY for p in parameters[2:])
