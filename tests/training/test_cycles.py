"""Cyclic rates and the one cycle against torch's schedulers, step by step."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch.optim import lr_scheduler

from cvlib.training.cycles import cyclic, one_cycle
from cvlib.training.schedules import Schedule
from tests.training.torchs import factors, optimizer, rates

random_cases = settings(deadline=None, max_examples=100, derandomize=True)
same = partial(pytest.approx, rel=1e-9, abs=1e-9)


@random_cases
@given(
    st.integers(1, 60),
    st.integers(1, 12),
    st.none() | st.integers(1, 12),
    st.floats(0, 1),
    st.sampled_from(["triangular", "triangular2", "exp_range"]),
    st.floats(0.8, 1),
    st.booleans(),
)
def test_cyclic_is_torchs(
    total: int, up: int, down: int | None, minimum: float, mode: Any, gamma: float, momentum: bool
) -> None:
    shared: Any = {"step_size_up": up, "step_size_down": down, "mode": mode, "gamma": gamma}

    def make(sgd: torch.optim.Optimizer) -> Any:
        return lr_scheduler.CyclicLR(sgd, 2 * minimum, 2.0, cycle_momentum=momentum, **shared)

    torchs = [rate / 2 for rate in rates(make, total)]
    assert factors(partial(cyclic, minimum=minimum, **shared), total) == same(torchs)


@random_cases
@given(
    st.integers(1, 60),
    st.floats(0, 1),
    st.floats(1, 100),
    st.floats(1, 1e5),
    st.sampled_from(["cos", "linear"]),
    st.booleans(),
)
def test_one_cycle_is_torchs(
    total: int, start: float, divisor: float, last: float, shape: Any, momentum: bool
) -> None:
    assume(start * total != 1)  # torch divides by zero there
    shared: Any = {
        "pct_start": start,
        "div_factor": divisor,
        "final_div_factor": last,
        "anneal_strategy": shape,
    }

    def make(sgd: torch.optim.Optimizer) -> Any:
        return lr_scheduler.OneCycleLR(sgd, 2.0, total, cycle_momentum=momentum, **shared)

    torchs = [rate / 2 for rate in rates(make, total)]
    assert factors(partial(one_cycle, **shared), total) == same(torchs)


def test_defaults_are_torchs() -> None:
    cycles = rates(lambda sgd: lr_scheduler.CyclicLR(sgd, 0.25, 1.0), 2100)
    assert factors(cyclic, 2100) == same(cycles)
    once = rates(lambda sgd: lr_scheduler.OneCycleLR(sgd, 1.0, 50), 50)
    assert factors(one_cycle, 50) == same(once)


def test_one_cycle_begins_at_its_peak_where_torch_divides_by_zero() -> None:
    assert factors(partial(one_cycle, pct_start=0.1), 10)[0] == 1.0
    with pytest.raises(ZeroDivisionError):
        lr_scheduler.OneCycleLR(optimizer(1.0), 1.0, 10, pct_start=0.1)


def test_the_extremes_are_where_they_are_said_to_be() -> None:
    once = factors(one_cycle, 100)
    assert once[0] == pytest.approx(1 / 25)
    assert once.index(max(once)) == 29
    assert once[29] == 1.0
    assert once[-1] == min(once) == pytest.approx(1 / 25e4)


@pytest.mark.parametrize(
    ("schedule", "error", "message"),
    [
        (partial(cyclic, step_size_up=0), ValueError, "step_size_up is 0; expected at least 1"),
        (partial(cyclic, step_size_down=0), ValueError, "step_size_down is 0"),
        (partial(cyclic, step_size_up=2.5), TypeError, r"step_size_up is 2\.5; expected an int"),
        (partial(cyclic, minimum=-0.1), ValueError, r"minimum is -0\.1; expected a number from 0"),
        (partial(cyclic, gamma=-1), ValueError, "gamma is -1; expected a number of at least 0"),
        (partial(cyclic, mode="sine"), ValueError, "mode is 'sine'; expected 'triangular' or"),
        (partial(one_cycle, pct_start=30), ValueError, "pct_start is 30; expected a number from"),
        (partial(one_cycle, div_factor=0), ValueError, "div_factor is 0; expected a number of at"),
        (partial(one_cycle, final_div_factor=0.5), ValueError, r"final_div_factor is 0\.5"),
        (partial(one_cycle, div_factor="25"), TypeError, "div_factor is '25'; expected a number"),
        (partial(one_cycle, anneal_strategy="cosine"), ValueError, "anneal_strategy is 'cosine'"),
    ],
)
def test_bad_arguments_are_named(schedule: Schedule, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=f"^{message}"):
        schedule(1, 10)


@pytest.mark.parametrize("schedule", [cyclic, one_cycle])
def test_a_wrong_step_is_named(schedule: Schedule) -> None:
    with pytest.raises(ValueError, match="step is -1; expected at least 0"):
        schedule(-1, 10)
    with pytest.raises(TypeError, match=r"step is 0\.5; expected an integer"):
        schedule(0.5, 10)  # type: ignore[arg-type]


def test_one_cycle_ends() -> None:
    with pytest.raises(ValueError, match="step is 11; expected at most 10"):
        one_cycle(11, 10)
