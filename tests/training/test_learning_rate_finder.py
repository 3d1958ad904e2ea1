"""The range test on real digits: what it suggests learns, and what it touched is as it was."""

from __future__ import annotations

import copy
import itertools
from functools import partial
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

import cvlib
from cvlib.data import digits
from cvlib.training.learning_rate_finder import RangeTest, find_learning_rate
from cvlib.training.loop import fit

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
    found = history.epochs[-1].test_accuracy
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
