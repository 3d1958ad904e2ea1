"""The accountant, held to that of Opacus, and where Opacus rounds, to thirty digits."""

from __future__ import annotations

import math
import warnings

import mpmath
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from opacus.accountants import RDPAccountant
from opacus.accountants.analysis import rdp as opacus
from opacus.accountants.utils import get_noise_multiplier as opacus_noise

from cvlib.practice import accountant
from cvlib.practice.differential_privacy import gaussian_epsilon

cases = settings(deadline=None, max_examples=5, derandomize=True)
rates = st.floats(0.002, 0.95)
noises = st.floats(0.4, 8)
deltas = st.floats(1e-8, 1e-2)


def test_the_orders_are_those_of_opacus() -> None:
    assert list(accountant.ORDERS) == RDPAccountant.DEFAULT_ALPHAS


@cases
@given(rates, noises, st.integers(1, 3000), deltas)
def test_prices_and_epsilon_are_those_of_opacus(
    q: float, noise: float, steps: int, delta: float
) -> None:
    orders = list(accountant.ORDERS)
    mine = accountant.compute_rdp(q=q, noise_multiplier=noise, steps=steps)
    theirs = opacus.compute_rdp(q=q, noise_multiplier=noise, steps=steps, orders=orders)
    # Opacus computes log(A) beside a 1, and loses what is below 1e-16 of it, per step.
    rounded = 2e-12 * steps / (np.array(orders) - 1)
    assert (np.abs(mine.numpy() - theirs) <= 1e-9 * theirs + rounded).all()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the best order may be the first or the last
        epsilon, order = opacus.get_privacy_spent(orders=orders, rdp=mine.numpy(), delta=delta)
    spent = accountant.get_privacy_spent(rdp=mine, delta=delta)
    assert spent.epsilon == pytest.approx(max(0, epsilon), rel=1e-9)
    assert spent.order == order
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        epsilon, _ = opacus.get_privacy_spent(orders=orders, rdp=theirs, delta=delta)
    assert spent.epsilon == pytest.approx(max(0, epsilon), rel=1e-9, abs=1e-9)


def exact(q: float, noise: float, order: float) -> mpmath.mpf:
    """Integrate the definition with thirty digits."""
    with mpmath.workdps(30):
        rate, sigma, alpha = mpmath.mpf(q), mpmath.mpf(noise), mpmath.mpf(order)

        def above(z: mpmath.mpf) -> mpmath.mpf:
            ratio = 1 - rate + rate * mpmath.exp((2 * z - 1) / (2 * sigma**2))
            return mpmath.npdf(z, 0, sigma) * ratio**alpha

        low, high = -14 * sigma, alpha + 14 * sigma
        edges = [low + (high - low) * at / 24 for at in range(25)]
        return mpmath.log(mpmath.quad(above, edges)) / (alpha - 1)


@pytest.mark.parametrize(
    ("q", "noise", "order"),
    [
        (1e-4, 4.0, 1.1),
        (0.01, 1.0, 5),
        (0.3, 0.5, 1.5),
    ],
)
def test_small_prices_are_right_to_eleven_digits(q: float, noise: float, order: float) -> None:
    (price,) = accountant.compute_rdp(q=q, noise_multiplier=noise, steps=1, orders=[order]).tolist()
    assert price == pytest.approx(float(exact(q, noise, order)), rel=1e-11)


@cases
@given(st.floats(0.001, 0.9), st.floats(0.4, 6), st.integers(2, 40))
def test_the_integral_meets_the_sum_at_whole_orders(q: float, noise: float, order: int) -> None:
    by_sum = accountant._by_sum(q, noise, order)
    assert accountant._by_integral(q, noise, float(order)) == pytest.approx(
        by_sum, rel=1e-8, abs=1e-8
    )


@cases
@given(rates, noises, st.integers(1, 500), st.integers(1, 500))
def test_privacy_composes(q: float, noise: float, some: int, more: int) -> None:
    parts = [
        accountant.compute_rdp(q=q, noise_multiplier=noise, steps=steps)
        for steps in (some, more, some + more)
    ]
    torch.testing.assert_close(parts[0] + parts[1], parts[2], rtol=1e-12, atol=0)
    losses = [accountant.get_privacy_spent(rdp=part, delta=1e-5).epsilon for part in parts]
    assert max(losses[:2]) <= losses[2] <= losses[0] + losses[1] + 1e-12


@cases
@given(rates, noises, st.integers(1, 500))
def test_more_noise_and_fewer_examples_cost_less(q: float, noise: float, steps: int) -> None:
    def spent(q: float, noise: float) -> float:
        return accountant.privacy_spent(q=q, noise_multiplier=noise, steps=steps, delta=1e-5)

    assert spent(q, 1.5 * noise) <= spent(q, noise)
    assert spent(q / 2, noise) <= spent(q, noise)


@cases
@given(st.floats(0.5, 8), deltas)
def test_a_whole_batch_costs_at_least_what_the_gaussian_mechanism_does(
    noise: float, delta: float
) -> None:
    bound = accountant.privacy_spent(q=1.0, noise_multiplier=noise, steps=1, delta=delta)
    assert bound >= gaussian_epsilon(delta, noise) - 1e-9


def test_without_steps_or_examples_nothing_is_spent_and_without_noise_all() -> None:
    for q, noise, steps in ((0.0, 1.0, 5), (0.5, 1.0, 0), (0.0, 0.0, 5)):
        assert accountant.compute_rdp(q=q, noise_multiplier=noise, steps=steps).eq(0).all()
    rdp = accountant.compute_rdp(q=0.5, noise_multiplier=0, steps=1)
    spent = accountant.get_privacy_spent(rdp=rdp, delta=1e-5)
    assert spent.epsilon == math.inf
    assert math.isnan(spent.order)


@pytest.mark.parametrize(("target", "q", "steps"), [(1.0, 0.064, 120)])
def test_the_noise_is_that_of_opacus(target: float, q: float, steps: int) -> None:
    mine = accountant.get_noise_multiplier(target_epsilon=target, q=q, steps=steps, delta=1e-5)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = opacus_noise(
            target_epsilon=target,
            target_delta=1e-5,
            sample_rate=q,
            steps=steps,
            accountant="rdp",
            epsilon_tolerance=1e-4,
        )
    assert mine == pytest.approx(theirs, rel=2e-3)
    spent = [
        accountant.privacy_spent(q=q, noise_multiplier=noise, steps=steps, delta=1e-5)
        for noise in (mine, 0.99 * mine)
    ]
    assert spent[0] <= target < spent[1]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: accountant.compute_rdp(q=1.5, noise_multiplier=1, steps=1), "q is 1.5"),
        (
            lambda: accountant.compute_rdp(q=0.5, noise_multiplier=-1, steps=1),
            "noise_multiplier is",
        ),
        (
            lambda: accountant.compute_rdp(q=0.5, noise_multiplier=1, steps=1, orders=[2, 1]),
            r"orders\[1\] is 1.0; expected a number above 1",
        ),
        (
            lambda: accountant.compute_rdp(q=0.5, noise_multiplier=1, steps=1, orders=[]),
            "orders is empty",
        ),
        (
            lambda: accountant.get_privacy_spent(rdp=torch.zeros(3), delta=1e-5),
            r"rdp has shape \(3,\)",
        ),
        (
            lambda: accountant.get_privacy_spent(
                orders=[2, 3], rdp=torch.tensor([1.0, math.nan]), delta=1e-5
            ),
            r"rdp\[1\] is nan; expected a price of at least 0",
        ),
        (
            lambda: accountant.get_privacy_spent(orders=[2], rdp=torch.zeros(1), delta=0),
            "delta is 0; expected a number between 0 and 1",
        ),
        (
            lambda: accountant.get_noise_multiplier(
                target_epsilon=1e-3, q=1.0, steps=10, delta=1e-9
            ),
            "target_epsilon is 0.001; expected one that some noise can reach",
        ),
    ],
)
def test_what_cannot_be_is_refused(call: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()  # type: ignore[operator]
