"""Attacks, held to captum's and to a linear network, whose worst case is known."""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from captum.robust import FGSM, PGD
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Generator, Tensor, nn

from cvlib import recipes
from cvlib.data import ImageSet, mnist_sample
from cvlib.networks import checkpoint, pretrained
from cvlib.practice.adversarial import (
    attacked,
    fgsm,
    input_gradient,
    margin_loss,
    pgd,
    project,
    random_signs,
)
from cvlib.training import evaluate

cases = settings(deadline=None, max_examples=15, derandomize=True)
SEEDS = st.integers(0, 1000)
EPSILONS = st.sampled_from([0.0, 0.01, 0.1, 0.3, 2.0])
NORMS = st.sampled_from([math.inf, 2])


def seeded(seed: int) -> Generator:
    return torch.Generator().manual_seed(seed)


@functools.cache
def held_out() -> ImageSet:
    return mnist_sample().split(test=1000)[1]


def digits(count: int = 24) -> tuple[Tensor, Tensor]:
    test = held_out()
    return test.images[:count] / 255, test.labels[:count]


def smooth(seed: int, channels: int = 1) -> nn.Module:
    """Make a small network without kinks."""
    torch.manual_seed(seed)
    return nn.Sequential(
        nn.Flatten(), nn.Linear(channels * 12, 8), nn.Tanh(), nn.Linear(8, 4)
    ).double()


def some(seed: int, count: int = 3) -> tuple[Tensor, Tensor]:
    generator = seeded(seed)
    pictures = torch.rand(count, 1, 3, 4, generator=generator, dtype=torch.float64)
    return pictures, torch.randint(4, (count,), generator=generator)


def each_loss(model: nn.Module, pictures: Tensor, labels: Tensor) -> Tensor:
    with torch.no_grad():
        return nn.functional.cross_entropy(model(pictures), labels, reduction="none")


# --------------------------------------------------------------------------- as captum has it


def captums_loss(outputs: Tensor, labels: Tensor) -> Tensor:
    """Cross entropy a million times: captum takes a gradient below 1e-6 for none."""
    return 1e6 * nn.functional.cross_entropy(outputs, labels, reduction="none")


@pytest.mark.parametrize("targeted", [False, True])
@pytest.mark.parametrize("epsilon", [0.05, 0.3])
def test_one_step_is_captums_on_digits(epsilon: float, targeted: bool) -> None:
    model, (pictures, labels) = pretrained("lenet"), digits()
    labels = (labels + targeted) % 10
    theirs = FGSM(model, captums_loss, lower_bound=0, upper_bound=1)
    expected = theirs.perturb(pictures, epsilon, labels, targeted=targeted)
    mine = fgsm(model, pictures, labels, epsilon, targeted=targeted)
    far = (mine - expected).abs() > 1e-6
    # Where captum's threshold is still above the gradient, it leaves the pixel.
    assert torch.equal(expected[far], pictures[far])
    assert far.float().mean() < 0.001


@pytest.mark.parametrize("targeted", [False, True])
def test_many_steps_are_captums_on_digits(targeted: bool) -> None:
    model, (pictures, labels) = pretrained("lenet").double(), digits(6)
    pictures, labels = pictures.double(), (labels + targeted) % 10
    theirs = PGD(model, captums_loss, lower_bound=0, upper_bound=1)
    theirs.fgsm.zero_thresh = 0.0
    expected = theirs.perturb(pictures, 0.15, 0.05, 4, labels, targeted=targeted, norm="Linf")
    mine = pgd(model, pictures, labels, 0.15, steps=4, step=0.05, targeted=targeted)
    torch.testing.assert_close(mine, expected, rtol=0, atol=1e-12)


@cases
@given(SEEDS, EPSILONS)
def test_projections_are_captums_and_the_nearest_points(seed: int, epsilon: float) -> None:
    change = torch.randn(4, 2, 3, 3, generator=seeded(seed), dtype=torch.float64)
    assert torch.equal(project(change, epsilon), change.clamp(-epsilon, epsilon))
    two = project(change, epsilon, norm=2)
    torch.testing.assert_close(two, change.renorm(2, 0, epsilon), rtol=1e-6, atol=1e-6)
    lengths = two.flatten(1).norm(dim=1)
    assert lengths.max() <= epsilon + 1e-12
    # No other point of the ball is nearer.
    other = project(torch.randn(change.shape, generator=seeded(seed + 1)).double(), epsilon, 2)
    nearer = (other - change).flatten(1).norm(dim=1) < (two - change).flatten(1).norm(dim=1)
    assert not nearer.any()
    for norm in (math.inf, 2):
        torch.testing.assert_close(project(two, epsilon + 1e-9, norm), two, rtol=0, atol=0)


# ------------------------------------------------------------------------- what attacks promise


@cases
@given(SEEDS, EPSILONS, NORMS, st.booleans(), st.booleans())
def test_what_is_changed_stays_in_the_ball_and_a_picture(
    seed: int, epsilon: float, norm: float, targeted: bool, random: bool
) -> None:
    model, (pictures, labels) = smooth(seed), some(seed)
    kept = pictures.clone()
    how: dict[str, Any] = {"targeted": targeted, "norm": norm, "steps": 3}
    generator = seeded(seed) if random else None
    for found in (
        pgd(model, pictures, labels, epsilon, generator=generator, **how),
        fgsm(model, pictures, labels, epsilon, targeted=targeted),
        random_signs(pictures, epsilon, seeded(seed)),
    ):
        assert torch.equal(pictures, kept)
        assert found.dtype == pictures.dtype
        assert not found.requires_grad
        assert 0 <= found.min() <= found.max() <= 1
        assert (found - pictures).abs().max() <= epsilon + 1e-12
    if norm == 2:
        length = (pgd(model, pictures, labels, epsilon, **how) - pictures).flatten(1).norm(dim=1)
        assert length.max() <= epsilon + 1e-12


@cases
@given(SEEDS, NORMS)
def test_one_small_step_raises_the_loss_or_lowers_it(seed: int, norm: float) -> None:
    model, (pictures, labels) = smooth(seed), some(seed)
    pictures = 0.2 + 0.6 * pictures  # no pixel stops at a border
    before = each_loss(model, pictures, labels)
    attack: Callable[..., Tensor] = partial(
        pgd, model, pictures, labels, 1e-4, steps=1, step=1e-4, norm=norm
    )
    assert (each_loss(model, attack(), labels) > before).all()
    assert (each_loss(model, attack(targeted=True), labels) < before).all()


@cases
@given(SEEDS, st.sampled_from([0.01, 0.1]))
def test_the_worst_case_of_a_linear_network(seed: int, epsilon: float) -> None:
    """The margin grows by epsilon times the sum of the weights' sizes, or by their length."""
    weight = torch.randn(2, 12, generator=seeded(seed), dtype=torch.float64)
    model, label = (lambda x: x.flatten(1) @ weight.T), torch.zeros(1, dtype=torch.int64)
    picture = torch.full((1, 1, 3, 4), 0.5, dtype=torch.float64)
    slope = weight[1] - weight[0]
    torch.testing.assert_close(
        input_gradient(model, picture, label, margin_loss).flatten(), slope, rtol=0, atol=1e-12
    )
    before = margin_loss(model(picture), label)
    for norm, dual in ((math.inf, slope.abs().sum()), (2, slope.norm())):
        found = pgd(model, picture, label, epsilon, norm=norm, loss=margin_loss)
        grown = margin_loss(model(found), label) - before
        torch.testing.assert_close(grown, epsilon * dual[None], rtol=1e-9, atol=1e-12)
    once = fgsm(model, picture, label, epsilon)
    torch.testing.assert_close(
        margin_loss(model(once), label) - before, epsilon * slope.abs().sum()[None]
    )


def test_a_walk_of_one_step_is_the_fast_attack() -> None:
    model, (pictures, labels) = pretrained("lenet"), digits()
    one = pgd(model, pictures, labels, 0.1, steps=1, step=0.1)
    torch.testing.assert_close(one, fgsm(model, pictures, labels, 0.1), rtol=0, atol=1e-7)


def test_the_whole_ball_can_be_crossed_and_the_random_start_is_in_it() -> None:
    slope = torch.ones(2, 12)
    slope[0] = -1
    model, (pictures, _) = (lambda x: x.flatten(1) @ slope.T), (torch.full((2, 1, 3, 4), 0.5), 0)
    right = torch.ones(2, dtype=torch.int64)
    found = pgd(model, pictures, right, 0.2, steps=5, generator=seeded(0))
    torch.testing.assert_close(found, pictures - 0.2, msg="from any start it comes to the corner")
    flat = torch.zeros(2, 12)
    for norm in (math.inf, 2):
        starts = partial(pgd, lambda x: x.flatten(1) @ flat.T, pictures, right, 0.2, norm=norm)
        one, other = starts(generator=seeded(0)), starts(generator=seeded(1))
        assert torch.equal(one, starts(generator=seeded(0)))
        assert not torch.equal(one, other)
        assert torch.equal(starts(), pictures), "no gradient, no step"
    many = pgd(
        lambda x: x.flatten(1)[:, :2] * 0, torch.full((500, 1, 3, 4), 0.5), right[:1].expand(500),
        0.2, norm=2, generator=seeded(0),
    )  # fmt: skip
    lengths = (many - 0.5).flatten(1).norm(dim=1) / 0.2
    # Of a ball in 12 dimensions, half lies beyond 0.5 ** (1 / 12) = 0.944 of the radius.
    assert lengths.median() == pytest.approx(0.5 ** (1 / 12), abs=0.01)


@cases
@given(SEEDS)
def test_coins_fall_evenly(seed: int) -> None:
    grey = torch.full((1, 1, 40, 50), 0.5)
    change = random_signs(grey, 0.25, seeded(seed)) - grey
    assert torch.equal(change.abs(), torch.full_like(grey, 0.25))
    assert abs(float(change.mean())) < 0.03


def test_gradients_of_parameters_and_modes_stay() -> None:
    model, (pictures, labels) = smooth(0), some(0)
    model.train()
    with torch.no_grad():
        pgd(model, pictures, labels, 0.1)
    assert model.training
    assert all(each.grad is None for each in model.parameters())


# --------------------------------------------------------------------- networks, and masking


def accuracy(model: Callable[[Tensor], Tensor], pictures: Tensor, labels: Tensor) -> float:
    with torch.no_grad():
        return float((model(pictures).argmax(1) == labels).float().mean())


def test_attacks_on_digits_and_the_control() -> None:
    model, (pictures, labels) = pretrained("lenet"), digits(60)
    noisy = accuracy(model, random_signs(pictures, 0.15, seeded(0)), labels)
    fast = accuracy(model, fgsm(model, pictures, labels, 0.15), labels)
    slow = accuracy(model, pgd(model, pictures, labels, 0.15), labels)
    assert noisy > 0.95
    assert slow < fast - 0.2 < noisy - 0.2
    wanted = (labels + 1) % 10
    assert accuracy(model, pgd(model, pictures, wanted, 0.2, targeted=True), wanted) > 0.5


def test_large_outputs_hide_the_gradient_from_cross_entropy_alone() -> None:
    model, (pictures, labels) = pretrained("lenet"), digits(100)

    def loud(x: Tensor) -> Tensor:
        return 1000 * model(x)

    hidden = accuracy(loud, fgsm(loud, pictures, labels, 0.2), labels)
    found = accuracy(loud, fgsm(loud, pictures, labels, 0.2, loss=margin_loss), labels)
    assert hidden > 0.9
    assert found < 0.6


def test_learning_under_attack_changes_the_batch_and_not_its_labels() -> None:
    model, (pictures, labels) = pretrained("lenet"), digits(20)
    how: dict[str, Any] = {"epsilon": 0.15, "steps": 3}
    inputs, targets = attacked(pictures, labels, seeded(1), model=model, **how)
    assert targets is labels
    assert torch.equal(inputs, pgd(model, pictures, labels, 0.15, steps=3, generator=seeded(1)))


def test_the_weights_that_have_learnt_under_attack_resist() -> None:
    robust, (pictures, labels) = pretrained("lenet_robust"), digits(60)
    assert checkpoint("lenet_robust").stat().st_size < 130_000
    found = evaluate(robust, held_out()[:400]).accuracy
    assert found is not None
    assert found > 0.96
    assert accuracy(robust, pgd(robust, pictures, labels, 0.2), labels) > 0.8


def test_the_recipe_hands_the_network_to_its_attack(monkeypatch: pytest.MonkeyPatch) -> None:
    recipe, seen = recipes.RECIPES["lenet_robust"], []
    assert recipe.attack is not None

    def attack(inputs: Tensor, targets: Tensor, generator: Generator, *, model: nn.Module) -> Any:
        seen.append(model)
        return inputs, targets

    train, test = mnist_sample().split(test=1000)
    few = dataclasses.replace(
        recipe,
        attack=attack,
        sets=lambda: (train[:64], test[:20]),
        arguments={**recipe.arguments, "epochs": 1},
    )
    monkeypatch.setitem(recipes.RECIPES, "lenet_robust", few)
    model, _ = recipes.train("lenet_robust", seed=0, device="cpu")
    assert len(seen) == 2
    assert all(each is model for each in seen)


# ---------------------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda m, x, y: fgsm(m, x[0], y, 0.1), ValueError, "pictures has shape (1, 3, 4); expe"),
        (lambda m, x, y: fgsm(m, x, y[:2], 0.1), ValueError, "labels has shape (2,); expected (3,"),
        (lambda m, x, y: fgsm(m, x, y, -0.1), ValueError, "epsilon is -0.1; expected a number of"),
        (lambda m, x, y: pgd(m, x, y, math.nan), ValueError, "epsilon is nan"),
        (lambda m, x, y: pgd(m, x, y, "1"), TypeError, "epsilon is '1'; expected a number"),
        (lambda m, x, y: pgd(m, x, y, 0.1, steps=0), ValueError, "steps is 0; expected at least 1"),
        (
            lambda m, x, y: pgd(m, x, y, 0.1, steps=0, step=0.1),
            ValueError,
            "steps is 0; expected at least 1",
        ),
        (lambda m, x, y: pgd(m, x, y, 0.1, step=-1), ValueError, "step is -1; expected a number"),
        (lambda m, x, y: pgd(m, x, y, 0.1, norm=1), ValueError, "norm is 1; expected math.inf or"),
        (lambda m, x, y: project(x, -1.0), ValueError, "epsilon is -1.0"),
        (lambda m, x, y: project(x, 1, 0), ValueError, "norm is 0; expected math.inf or 2"),
        (lambda m, x, y: project(x.long(), 1), TypeError, "perturbation is torch.int64; exp"),
        (lambda m, x, y: random_signs(x, -1, seeded(0)), ValueError, "epsilon is -1"),
        (
            lambda m, x, y: margin_loss(torch.zeros(3, 1), y * 0),
            ValueError,
            "outputs has shape (3, 1); expected (N, K), K at least 2",
        ),
        (
            lambda m, x, y: margin_loss(torch.zeros(3, 4), y[:1]),
            ValueError,
            "labels has shape (1,); expected (3,)",
        ),
        (
            lambda m, x, y: input_gradient(m, x, y, nn.functional.cross_entropy),
            ValueError,
            "loss gives shape (); expected (3,), a number for each picture",
        ),
    ],
)
def test_what_cannot_be_is_refused(
    call: Callable[..., object], kind: type[Exception], message: str
) -> None:
    with pytest.raises(kind) as error:
        call(smooth(0), *some(0))
    assert message in str(error.value)


def test_captum_takes_a_small_gradient_for_none() -> None:
    """What the chapter tells: that is why this file multiplies captum's loss."""
    model, (pictures, labels) = pretrained("lenet"), digits()
    loss = nn.CrossEntropyLoss(reduction="none")
    theirs = FGSM(model, loss, lower_bound=0, upper_bound=1).perturb(pictures, 0.1, labels)
    gradient = input_gradient(model, pictures, labels).abs()
    small = (gradient > 0) & (gradient < 0.9e-6)
    assert torch.equal(theirs[small], pictures[small])
    assert np.isclose(FGSM(model).zero_thresh, 1e-6)
