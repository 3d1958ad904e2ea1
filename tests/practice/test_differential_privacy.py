"""Mechanisms, held to their definition: integrals of densities, and what they answer."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, stats

from cvlib.practice import differential_privacy as private

cases = settings(deadline=None, max_examples=25, derandomize=True)
losses = st.floats(0, 4)
noises = st.floats(0.3, 5)


def by_definition(one: Any, other: Any, epsilon: float) -> float:
    """Add up, over a fine grid, what one density has above the other times e to the epsilon."""
    x = np.linspace(-60, 60, 120_001)
    above = np.maximum(one.pdf(x) - math.exp(epsilon) * other.pdf(x), 0)
    return float(np.trapezoid(above, x))


@settings(cases, max_examples=8)
@given(losses, noises)
def test_deltas_are_those_of_the_definition(epsilon: float, noise: float) -> None:
    laplace = by_definition(stats.laplace(1, noise), stats.laplace(0, noise), epsilon)
    assert private.laplace_delta(epsilon, noise) == pytest.approx(laplace, abs=1e-5)
    normal = by_definition(stats.norm(1, noise), stats.norm(0, noise), epsilon)
    assert private.gaussian_delta(epsilon, noise) == pytest.approx(normal, abs=1e-5)


@cases
@given(st.floats(0, 30), noises)
def test_the_gaussians_delta_is_that_of_its_tails(epsilon: float, noise: float) -> None:
    near = 1 / (2 * noise) - epsilon * noise
    tail = stats.norm.cdf(near) - math.exp(epsilon) * stats.norm.cdf(near - 1 / noise)
    assert private.gaussian_delta(epsilon, noise) == pytest.approx(
        max(0, tail), rel=1e-6, abs=1e-15
    )


@cases
@given(st.floats(1e-8, 0.3), noises)
def test_epsilon_is_the_inverse_of_delta(delta: float, noise: float) -> None:
    found = private.gaussian_epsilon(delta, noise)
    if private.gaussian_delta(0, noise) <= delta:
        assert found == 0
        return
    expected = optimize.brentq(lambda e: private.gaussian_delta(e, noise) - delta, 0, 400)
    assert found == pytest.approx(expected, rel=1e-6)
    assert private.gaussian_delta(found, noise) <= delta


@cases
@given(st.floats(0.05, 8))
def test_laplace_has_no_delta_from_its_epsilon_on_and_one_before(epsilon: float) -> None:
    assert private.laplace_delta(epsilon, 1 / epsilon) == pytest.approx(0, abs=1e-12)
    assert private.laplace_delta(0.9 * epsilon, 1 / epsilon) > 0


@pytest.mark.parametrize("epsilon", [0.5, 2.0])
def test_laplace_noise_is_of_its_distribution(epsilon: float) -> None:
    generator = torch.Generator().manual_seed(0)
    answers = private.laplace_mechanism(torch.full((4000,), 40.0), 3, epsilon, generator)
    assert answers.dtype == torch.float32
    assert stats.kstest(answers.numpy(), stats.laplace(40, 3 / epsilon).cdf).pvalue > 0.01


@pytest.mark.parametrize("noise", [0.5, 2.0])
def test_normal_noise_is_of_its_distribution(noise: float) -> None:
    generator = torch.Generator().manual_seed(0)
    answers = private.gaussian_mechanism(
        torch.full((4000,), 40.0, dtype=torch.float64), 3, noise, generator
    )
    assert answers.dtype == torch.float64
    assert stats.kstest(answers.numpy(), stats.norm(40, 3 * noise).cdf).pvalue > 0.01


def test_the_same_seed_answers_alike_and_no_noise_is_the_truth() -> None:
    value = torch.tensor([1.0, 2.0])
    answers = [
        private.laplace_mechanism(value, 1, 1, torch.Generator().manual_seed(seed))
        for seed in (0, 0, 1)
    ]
    assert answers[0].equal(answers[1])
    assert not answers[0].equal(answers[2])
    assert private.gaussian_mechanism(value, 1, 0).equal(value)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: private.laplace_mechanism(torch.zeros(1), 0, 1), ValueError, "sensitivity is 0"),
        (lambda: private.laplace_mechanism(torch.zeros(1), 1, 0), ValueError, "epsilon is 0"),
        (
            lambda: private.gaussian_mechanism(torch.arange(2), 1, 1),
            TypeError,
            "value is torch.int",
        ),
        (
            lambda: private.gaussian_mechanism(torch.ones(2), 1, -1),
            ValueError,
            "noise_multiplier is",
        ),
        (lambda: private.gaussian_delta(-1, 1), ValueError, "epsilon is -1"),
        (lambda: private.laplace_delta(1, 0), ValueError, "scale is 0"),
        (
            lambda: private.gaussian_epsilon(1.0, 1),
            ValueError,
            "delta is 1.0; expected a number bet",
        ),
    ],
)
def test_what_cannot_be_is_refused(call: object, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call()  # type: ignore[operator]
