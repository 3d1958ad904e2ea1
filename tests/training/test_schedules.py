"""Schedules against torch's step by step, and rates that are set and found on digits."""

from __future__ import annotations

import copy
import inspect
import itertools
import math
from functools import partial
from typing import Any

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim import lr_scheduler
from torch.optim.lr_scheduler import ReduceLROnPlateau

import cvlib
from cvlib.data import digits
from cvlib.training import fit, schedules
from cvlib.training.schedules import (
    Plateau,
    RangeTest,
    Schedule,
    constant,
    cosine,
    cyclic,
    exponential,
    find_learning_rate,
    multi_step,
    one_cycle,
    polynomial,
    step_decay,
    warm_up,
)
from tests.training.classifiers import SGD, linear, weights
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
    for name in set(schedules.__all__) - {"Plateau", "RangeTest", "find_learning_rate"}:
        parameters = list(inspect.signature(getattr(schedules, name)).parameters.values())
        assert [p.name for p in parameters[:2]] == ["step", "total_steps"]
        assert all(p.kind is p.KEYWORD_ONLY for p in parameters[2:])


nearly = partial(pytest.approx, rel=1e-9, abs=1e-9)


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
    assert factors(partial(cyclic, minimum=minimum, **shared), total) == nearly(torchs)


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
    assert factors(partial(one_cycle, **shared), total) == nearly(torchs)


def test_defaults_are_torchs() -> None:
    cycles = rates(lambda sgd: lr_scheduler.CyclicLR(sgd, 0.25, 1.0), 2100)
    assert factors(cyclic, 2100) == nearly(cycles)
    once = rates(lambda sgd: lr_scheduler.OneCycleLR(sgd, 1.0, 50), 50)
    assert factors(one_cycle, 50) == nearly(once)


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
def test_a_wrong_step_of_a_cycle_is_named(schedule: Schedule) -> None:
    with pytest.raises(ValueError, match="step is -1; expected at least 0"):
        schedule(-1, 10)
    with pytest.raises(TypeError, match=r"step is 0\.5; expected an integer"):
        schedule(0.5, 10)  # type: ignore[arg-type]


def test_one_cycle_ends() -> None:
    with pytest.raises(ValueError, match="step is 11; expected at most 10"):
        one_cycle(11, 10)


@pytest.mark.usefixtures("one_thread")
def test_a_schedule_sets_the_rate_of_each_step(sets):
    def slower(step, total_steps):
        asked.append((step, total_steps))
        return 1 - step / total_steps

    asked = []
    model, by_hand = linear(), linear()
    optimizer = SGD(model.parameters())
    history = fit(model, *sets, epochs=2, optimizer=optimizer, schedule=slower, device="cpu")
    assert asked == [(step, 24) for step in range(24)]
    assert history.values("learning_rate") == pytest.approx([0.5 * 13 / 24, 0.5 * 1 / 24])
    assert optimizer.param_groups[0]["lr"] == 0.5, "the rate that the optimizer came with is back"

    theirs = SGD(by_hand.parameters())
    scheduler = torch.optim.lr_scheduler.LambdaLR(theirs, lambda step: 1 - step / 24)
    again = fit(by_hand, *sets, epochs=2, optimizer=theirs, schedule=scheduler, device="cpu")
    assert torch.equal(weights(model), weights(by_hand))
    assert again.values("learning_rate") == pytest.approx(history.values("learning_rate"))


@pytest.mark.usefixtures("one_thread")
def test_a_plateau_is_waited_for_as_torch_does(sets):
    def run(schedule_of):
        model = linear()
        optimizer = SGD(model.parameters())
        schedule = schedule_of(optimizer)
        return fit(
            *(model, *sets), epochs=5, optimizer=optimizer, schedule=schedule, device="cpu"
        ).values("learning_rate")

    settings = {"factor": 0.5, "patience": 0, "threshold": 0.3}
    ours = run(lambda optimizer: Plateau(**settings))
    theirs = run(lambda optimizer: ReduceLROnPlateau(optimizer, **settings))
    assert ours == theirs
    assert ours[0] == 0.5
    assert ours[-1] < 0.5


@pytest.mark.usefixtures("one_thread")
def test_a_schedule_that_is_not_one_is_named(sets):
    other = SGD(linear().parameters())
    with pytest.raises(TypeError, match="schedule is float; expected a function of the step"):
        fit(linear(), *sets, epochs=1, schedule=0.5, device="cpu")
    scheduler = torch.optim.lr_scheduler.StepLR(other, 1)
    with pytest.raises(ValueError, match="schedule was made for another optimizer"):
        fit(linear(), *sets, epochs=1, optimizer=SGD, schedule=scheduler, device="cpu")


DEVICE = cvlib.device()

MOMENTUM = partial(torch.optim.SGD, lr=0.5, momentum=0.9)

TRAIN, TEST = digits().split(test=0.2)

find = partial(find_learning_rate, batch_size=32)


def mlp(seed: int = 0) -> nn.Sequential:
    torch.manual_seed(seed)
    layers = [nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10)]
    return nn.Sequential(nn.Flatten(), *layers).to(DEVICE)


def accuracy(rate: float, seed: int) -> float:
    optimizer = partial(MOMENTUM, lr=rate)
    try:
        history = fit(mlp(seed), TRAIN, TEST, epochs=5, batch_size=32, optimizer=optimizer)
    except FloatingPointError:
        return 0.0
    found = history.epochs[-1].validation_accuracy
    assert found is not None
    return found


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_suggestion_learns_and_rates_far_from_it_do_not(seed: int) -> None:
    suggestion = find(mlp(seed), TRAIN, optimizer=MOMENTUM, seed=seed).suggestion
    assert 0.01 < suggestion < 0.1
    right = accuracy(suggestion, seed)
    assert right > 0.9
    assert accuracy(suggestion / 100, seed) < 0.7 < right
    assert accuracy(suggestion * 100, seed) < 0.2


def test_rates_rise_in_equal_ratios_and_losses_are_smoothed() -> None:
    seen = []

    def loss(outputs: Tensor, labels: Tensor) -> Tensor:
        value = F.cross_entropy(outputs, labels)
        seen.append(float(value.detach()))
        return value

    test = find(mlp(), TRAIN, optimizer=MOMENTUM, loss=loss, lowest=1e-4, highest=1e-2, steps=50)
    assert len(test.rates) == len(test.losses) == len(seen) == 50
    assert test.rates[0] == pytest.approx(1e-4)
    assert test.rates[-1] == pytest.approx(1e-2)
    assert {round(b / a, 9) for a, b in itertools.pairwise(test.rates)} == {
        round(100 ** (1 / 49), 9)
    }
    weights = [0.9**age for age in range(50)]
    for step, smoothed in enumerate(test.losses):
        last = weights[: step + 1]
        mean = sum(w * x for w, x in zip(last, seen[step::-1], strict=True)) / sum(last)
        assert smoothed == pytest.approx(mean)


def test_each_step_is_made_at_its_rate() -> None:
    """Plain gradient descent on a loss of slope 1 in every bias moves it by the rate."""
    model = nn.Sequential(nn.Flatten(), nn.Linear(64, 10)).to(DEVICE)
    nn.init.zeros_(model[1].weight)
    nn.init.zeros_(model[1].bias)
    biases = []

    def loss(outputs: Tensor, labels: Tensor) -> Tensor:
        biases.append(outputs.detach().mean().item())
        return 1e3 + outputs.sum(1).mean() + 0 * labels.sum()

    black = TRAIN.__class__(torch.zeros_like(TRAIN.images), TRAIN.labels, TRAIN.classes, "black")
    test = find(model, black, optimizer=partial(torch.optim.SGD, lr=7.0), loss=loss, steps=9)
    moved = [before - after for before, after in itertools.pairwise(biases)]
    assert moved == pytest.approx(test.rates[:-1], rel=1e-4)


class Everything(nn.Module):
    """A network with batch statistics, dropout, and a buffer that no state holds."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Flatten(), nn.BatchNorm1d(64), nn.Dropout(), nn.Linear(64, 10))
        self.seen: Tensor
        self.register_buffer("seen", torch.zeros(()), persistent=False)

    def forward(self, x: Tensor) -> Any:
        self.seen += 1
        return self.body(x)


@pytest.mark.parametrize("made", [True, False])
def test_all_is_left_as_it_was(made: bool) -> None:
    torch.manual_seed(0)
    model = Everything().to(DEVICE)
    model.body[2].eval()
    adam = torch.optim.Adam(model.parameters(), lr=0.003)
    fit(model, TRAIN, epochs=1, optimizer=adam)
    model.body[3].weight.grad = torch.ones_like(model.body[3].weight)
    buffers = {name: value.clone() for name, value in model.named_buffers()}
    weights = {name: value.detach().clone() for name, value in model.named_parameters()}
    modes = {name: part.training for name, part in model.named_modules()}
    state = copy.deepcopy(adam.state_dict())
    random = torch.get_rng_state()

    test = find(model, TRAIN, optimizer=adam if made else partial(torch.optim.Adam, lr=0.003))

    assert len(test.losses) > 100
    assert torch.equal(torch.get_rng_state(), random)
    for name, value in (*model.named_buffers(), *model.named_parameters()):
        assert torch.equal(value, {**buffers, **weights}[name]), name
    assert torch.equal(model.body[3].weight.grad, torch.ones_like(model.body[3].weight))
    assert modes == {name: part.training for name, part in model.named_modules()}
    for key, value in adam.state_dict().items():
        torch.testing.assert_close(value, state[key], rtol=0, atol=0)


def test_an_optimizer_that_a_scheduler_of_torchs_holds_can_be_tried() -> None:
    model = mlp()
    sgd = MOMENTUM(model.parameters())
    scheduler = torch.optim.lr_scheduler.StepLR(sgd, step_size=1)
    test = find(model, TRAIN, optimizer=sgd)
    assert test == find(model, TRAIN, optimizer=MOMENTUM)
    assert scheduler.get_last_lr() == [0.5] == [group["lr"] for group in sgd.param_groups]


def test_the_test_ends_when_the_loss_explodes() -> None:
    test = find(mlp(), TRAIN, optimizer=MOMENTUM, highest=1e6)
    assert len(test.losses) < 300
    assert test.losses[-1] > 4 * min(test.losses)
    assert all(loss <= 4 * min(test.losses[: at + 1]) for at, loss in enumerate(test.losses[:-1]))


def test_the_test_ends_when_the_loss_is_no_number() -> None:
    calls = []

    def loss(outputs: Tensor, labels: Tensor) -> Tensor:
        calls.append(1)
        return F.cross_entropy(outputs, labels) * (float("nan") if len(calls) > 20 else 1.0)

    test = find(mlp(), TRAIN, optimizer=MOMENTUM, loss=loss)
    assert len(test.rates) == len(test.losses) == 20
    calls += [1] * 20
    with pytest.raises(FloatingPointError, match="the loss is nan at the first step"):
        find(mlp(), TRAIN, optimizer=MOMENTUM, loss=loss)


def test_the_same_seed_gives_the_same_test() -> None:
    assert find(mlp(), TRAIN, seed=3) == find(mlp(), TRAIN, seed=3)
    assert find(mlp(), TRAIN, seed=3) != find(mlp(), TRAIN, seed=4)


def test_a_suggestion_is_a_tenth_of_the_rate_of_the_lowest_loss() -> None:
    assert RangeTest([0.1, 1.0, 10.0], [2.0, 1.0, 5.0]).suggestion == pytest.approx(0.1)
    with pytest.raises(ValueError, match=r"fell from 2 to 1\.99 only, between the rates 0\.1"):
        _ = RangeTest([0.1, 1.0], [2.0, 1.99]).suggestion
    stuck = find(mlp(), TRAIN, optimizer=MOMENTUM, highest=1e-4)
    with pytest.raises(ValueError, match="expected more steps, or other rates"):
        _ = stuck.suggestion


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"steps": 1}, ValueError, "steps is 1; expected at least 2"),
        ({"lowest": 0}, ValueError, "lowest is 0 and highest 10.0; expected 0 < lowest < highest"),
        ({"lowest": 1, "highest": 1}, ValueError, "expected 0 < lowest < highest"),
        ({"highest": float("inf")}, ValueError, "highest is inf; expected a number of at least 0"),
        ({"lowest": "1e-5"}, TypeError, "lowest is '1e-5'; expected a number"),
        ({"optimizer": partial(torch.optim.SGD, lr=0.0)}, ValueError, "the learning rate 0"),
        ({"optimizer": "adam"}, TypeError, "optimizer is str"),
        ({"batch_size": 0}, ValueError, "batch_size is 0"),
    ],
)
def test_wrong_use_is_named(options: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        find(mlp(), TRAIN, **options)


def test_a_model_is_asked_for() -> None:
    with pytest.raises(TypeError, match="model is str; expected"):
        find("mlp", TRAIN)  # type: ignore[arg-type]
