"""Penalties against weight decay, and when training ends."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import Lasso
from torch import Tensor, nn

from cvlib.training.regularization import EarlyStopping, l1_penalty, l2_penalty, soft_threshold
from tests.layers.drawn import DEVICE, normal

random_cases = settings(deadline=None, max_examples=60, derandomize=True)
shapes = st.lists(st.lists(st.integers(1, 4), max_size=3).map(tuple), min_size=1, max_size=4)
losses = st.lists(st.floats(0, 2) | st.just(math.nan), min_size=1, max_size=12)


@random_cases
@given(shapes)
def test_penalties_and_their_gradients(sizes: list[tuple[int, ...]]) -> None:
    weights = [normal(*size).requires_grad_() for size in sizes]
    flat = torch.cat([w.detach().flatten() for w in weights])
    for penalty, value, slope in (
        (l1_penalty, flat.norm(p=1), torch.sign),
        (l2_penalty, flat.norm() ** 2 / 2, torch.clone),
    ):
        total = penalty(iter(weights))
        assert total.shape == ()
        torch.testing.assert_close(total, value)
        for weight, gradient in zip(weights, torch.autograd.grad(total, weights), strict=True):
            torch.testing.assert_close(gradient, slope(weight.detach()))
        assert torch.equal(penalty(weights[0]), penalty(weights[:1]))
    assert torch.autograd.gradcheck(lambda *w: l2_penalty(w), weights)
    assert torch.autograd.gradcheck(lambda *w: l1_penalty([t + 9 * t.sign() for t in w]), weights)


def test_l1_pulls_no_weight_away_from_0() -> None:
    weight = torch.tensor([0.0, 2.0, -2.0], requires_grad=True)
    l1_penalty(weight).backward()
    assert weight.grad is not None
    assert weight.grad.tolist() == [0.0, 1.0, -1.0]


@pytest.mark.parametrize("arguments", [{}, {"momentum": 0.9}, {"momentum": 0.9, "nesterov": True}])
def test_l2_in_the_loss_is_the_weight_decay_of_sgd(arguments: dict[str, Any]) -> None:
    decay, x, y = 0.1, normal(8, 5), normal(8, 3)
    ends = []
    for in_loss in (True, False):
        weights = [(normal(*size) / 3).requires_grad_() for size in ((5, 4), (4, 3))]
        step = torch.optim.SGD(weights, lr=0.1, weight_decay=0 if in_loss else decay, **arguments)
        for _ in range(20):
            step.zero_grad()
            loss = (torch.tanh(x @ weights[0]) @ weights[1] - y).square().mean()
            (loss + decay * l2_penalty(weights) if in_loss else loss).backward()
            step.step()
        ends.append([w.detach() for w in weights])
    torch.testing.assert_close(ends[0], ends[1])


@pytest.mark.parametrize("penalty", [l1_penalty, l2_penalty])
def test_penalties_refuse_what_is_no_weight(penalty: Any) -> None:
    parameters = nn.Linear(2, 1).parameters()
    penalty(parameters)
    with pytest.raises(ValueError, match="parameters is empty"):
        penalty(parameters)  # the generator is used up: 0 would switch the penalty off in silence
    with pytest.raises(TypeError, match=r"parameters\[1\] is a str; expected a tensor"):
        penalty([normal(2), "weight"])
    with pytest.raises(TypeError, match=r"parameters\[0\] is torch.int64; expected floating"):
        penalty(torch.arange(3, device=DEVICE))


@random_cases
@given(st.integers(0, 10_000), st.floats(0, 2))
def test_soft_threshold_is_torchs_and_the_minimum_that_it_says(seed: int, amount: float) -> None:
    w = torch.randn(40, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    shrunk = soft_threshold(w.to(DEVICE), amount).cpu()
    torch.testing.assert_close(shrunk, nn.functional.softshrink(w, amount))
    assert ((shrunk == 0) == (w.abs() <= amount)).all()
    costs = [
        (v - w).square() / 2 + amount * v.abs() for v in (shrunk, shrunk - 1e-3, shrunk + 1e-3)
    ]
    assert (costs[0] <= torch.minimum(costs[1], costs[2])).all()


@pytest.mark.parametrize("strength", [0.01, 0.1, 0.5])
def test_shrinking_steps_end_where_scikit_learns_lasso_does(strength: float) -> None:
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(60, 20, generator=generator, dtype=torch.float64)
    y = x[:, :4] @ torch.tensor([3.0, -2.0, 1.0, 0.5], dtype=torch.float64)
    y += 0.3 * torch.randn(60, generator=generator, dtype=torch.float64)
    rate = float(1 / torch.linalg.eigvalsh(x.T @ x / 60).max())
    shrinking, sliding = torch.zeros(2, 20, dtype=torch.float64)
    for _ in range(2000):
        gradient = x.T @ (x @ shrinking - y) / 60
        shrinking = soft_threshold(shrinking - rate * gradient, rate * strength)
        gradient = x.T @ (x @ sliding - y) / 60
        sliding = sliding - rate * (gradient + strength * sliding.sign())
    lasso = Lasso(alpha=strength, fit_intercept=False, tol=1e-12, max_iter=100_000).fit(x, y)
    theirs = torch.from_numpy(lasso.coef_)
    torch.testing.assert_close(shrinking, theirs, atol=1e-8, rtol=0)
    assert torch.equal(shrinking == 0, theirs == 0)
    assert (shrinking == 0).any()
    assert (sliding != 0).all(), "subgradients hover around 0 and never end there"


def test_soft_threshold_refuses_what_it_cannot_shorten() -> None:
    with pytest.raises(ValueError, match=r"amount is -0\.1"):
        soft_threshold(normal(2), -0.1)
    with pytest.raises(TypeError, match=r"weights is torch\.int64"):
        soft_threshold(torch.arange(3, device=DEVICE), 1)


def written_out(values: list[float], patience: int, min_delta: float) -> tuple[int, int]:
    """Go through the losses as a loop would: the best epoch, and how many epochs were run."""
    best, index, waited = math.inf, 0, 0
    for number, value in enumerate(values):
        if value < best and best - value > min_delta:
            best, index, waited = value, number, 0
        elif number:
            waited += 1
        if waited >= patience:
            return index, number + 1
    return index, len(values)


@random_cases
@given(losses, st.integers(1, 4), st.sampled_from([0.0, 0.25]))
def test_stops_where_a_loop_with_a_counter_would(
    values: list[float], patience: int, min_delta: float
) -> None:
    index, run = written_out(values, patience, min_delta)
    stopping = EarlyStopping(patience, min_delta=min_delta)
    assert stopping.best(values[:run]) == index
    assert [stopping.should_stop(values[: n + 1]) for n in range(run - 1)] == [False] * (run - 1)
    assert stopping.should_stop(values[:run]) == (run - 1 - index >= patience)
    upwards = EarlyStopping(patience, "validation_accuracy", min_delta)
    assert upwards.best([-value for value in values[:run]]) == index


def test_higher_is_better_unless_it_is_a_loss() -> None:
    values = [0.2, 0.5, 0.3]
    assert EarlyStopping().best(values) == EarlyStopping(monitor="train_loss").best(values) == 0
    for name in ("validation_accuracy", "f1"):
        assert EarlyStopping(monitor=name).best(values) == 1


def test_equal_is_no_progress_and_small_steps_add_up() -> None:
    assert EarlyStopping().best([0.5, 0.5]) == 0
    assert EarlyStopping(min_delta=0.1).best([1.0, 0.95, 0.89]) == 2
    assert not EarlyStopping(patience=2).should_stop([0.5, 0.5])
    assert EarlyStopping(patience=2).should_stop([0.5, 0.5, 0.5])
    assert EarlyStopping(patience=1).should_stop([0.5, math.nan])
    assert EarlyStopping().best([math.nan, 3.0]) == 1


def test_takes_what_metrics_give() -> None:
    values: Any = [torch.tensor(0.5), Tensor([0.7])[0]]
    assert EarlyStopping(monitor="f1").best(values) == 1


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"patience": 0}, ValueError, "patience is 0; expected at least 1"),
        ({"patience": 1.5}, TypeError, "patience is 1.5; expected an integer"),
        ({"monitor": None}, TypeError, "monitor is None; expected a name"),
        ({"monitor": ""}, ValueError, "monitor is ''"),
        ({"min_delta": -0.1}, ValueError, "min_delta is -0.1; expected a number of at least 0"),
        ({"min_delta": math.nan}, ValueError, "min_delta is nan"),
        ({"min_delta": "0"}, TypeError, "min_delta is '0'; expected a number"),
    ],
)
def test_refuses_a_rule_that_means_nothing(
    arguments: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        EarlyStopping(**arguments)


def test_refuses_to_judge_without_values() -> None:
    with pytest.raises(ValueError, match="values is empty"):
        EarlyStopping().best([])
    without: Any = [None, None]
    with pytest.raises(ValueError, match="validation_loss is None; expected pictures held out"):
        EarlyStopping().should_stop(without)


@pytest.mark.parametrize("monitor", ["validation_accuracy", "validation_loss"])
def test_progress_is_measured_in_the_measure_s_own_unit(monitor: str) -> None:
    rule = EarlyStopping(patience=1, monitor=monitor, min_delta=0.02)
    sign = -1 if monitor == "validation_loss" else 1
    for change, best in ((0.015, 0), (0.025, 1)):
        assert rule.best([0.5, 0.5 + sign * change]) == best
        assert rule.should_stop([0.5, 0.5 + sign * change]) == (best == 0)
