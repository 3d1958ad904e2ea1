"""Membership inference, held to scikit-learn's curve and to scipy's densities."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import roc_auc_score, roc_curve
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from cvlib.practice import membership

cases = settings(deadline=None, max_examples=25, derandomize=True)
# Few values, so that many scores are alike.
scores = st.lists(st.integers(-4, 4), min_size=1, max_size=12).map(
    lambda numbers: torch.tensor(numbers, dtype=torch.float32) / 2
)


def truth(members: Tensor, strangers: Tensor) -> np.ndarray:
    return np.r_[np.ones(len(members)), np.zeros(len(strangers))]


@cases
@given(scores, scores)
def test_the_curve_is_scikit_learns(members: Tensor, strangers: Tensor) -> None:
    curve = membership.attack_curve(members, strangers)
    labels, both = truth(members, strangers), torch.cat([members, strangers]).numpy()
    false, true, _ = roc_curve(labels, both, drop_intermediate=False)
    np.testing.assert_allclose(curve.false_positive_rate, false, atol=1e-12)
    np.testing.assert_allclose(curve.true_positive_rate, true, atol=1e-12)
    assert curve.area == pytest.approx(roc_auc_score(labels, both), abs=1e-12)
    pairs = members[:, None] - strangers
    area = (pairs > 0).double().mean() + (pairs == 0).double().mean() / 2
    assert curve.area == pytest.approx(float(area), abs=1e-12)
    for rate in (0.0, 0.1, 0.5, 1.0):
        assert curve.found_at(rate) == pytest.approx(true[false <= rate].max())


@cases
@given(scores, scores, st.integers(-9, 9))
def test_the_advantage_is_a_difference_on_the_curve(
    members: Tensor, strangers: Tensor, quarters: int
) -> None:
    curve = membership.attack_curve(members, strangers)
    gained = membership.advantage(members, strangers, quarters / 2)
    differences = curve.true_positive_rate - curve.false_positive_rate
    assert (differences - gained).abs().min() < 1e-12
    assert gained == -membership.advantage(strangers, members, quarters / 2)


def test_the_very_threshold_is_no_member() -> None:
    assert membership.advantage(torch.tensor([1.0]), torch.tensor([0.0]), 1.0) == 0


def test_the_spread_of_chance_is_what_shuffled_scores_have() -> None:
    generator = torch.Generator().manual_seed(0)
    areas = [
        membership.attack_curve(*torch.randn(50, generator=generator).split([20, 30])).area
        for _ in range(1000)
    ]
    assert np.mean(areas) == pytest.approx(0.5, abs=0.01)
    assert np.std(areas) == pytest.approx(membership.chance_spread(20, 30), rel=0.08)


@cases
@given(st.integers(0, 99), st.integers(1, 8), st.integers(2, 6))
def test_margins_are_those_of_the_cross_entropy(seed: int, count: int, classes: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    logits = 5 * torch.randn(count, classes, generator=generator)
    labels = torch.randint(classes, (count,), generator=generator)
    margins = membership.margins(nn.Identity(), logits, labels)
    losses = cross_entropy(logits.double(), labels, reduction="none")
    torch.testing.assert_close(torch.log1p(torch.exp(-margins)), losses, rtol=1e-9, atol=1e-9)


def test_margins_go_on_where_losses_are_rounded_to_nothing() -> None:
    logits = torch.tensor([[50.0, 0.0], [60.0, 0.0]])
    labels = torch.tensor([0, 0])
    assert cross_entropy(logits, labels, reduction="none").tolist() == [0, 0]
    assert membership.margins(nn.Identity(), logits, labels).tolist() == [50, 60]


def test_margins_ask_in_evaluation_and_leave_the_mode() -> None:
    model = nn.Dropout(0.5)
    logits = torch.tensor([[2.0, 1.0]] * 50)
    assert membership.margins(
        model, logits, torch.zeros(50, dtype=torch.int64)
    ).unique().tolist() == [1]
    assert model.training


@cases
@given(st.integers(0, 999), st.integers(1, 6), st.integers(5, 9))
def test_the_ratio_is_that_of_scipys_densities(seed: int, pictures: int, shadows: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    margins = 3 * torch.randn(shadows, pictures, generator=generator, dtype=torch.float64)
    target = 3 * torch.randn(pictures, generator=generator, dtype=torch.float64)
    inside = torch.rand(shadows, pictures, generator=generator) < 0.5
    inside[0], inside[1], inside[2], inside[3] = True, False, True, False
    found = membership.likelihood_ratio(target, margins, inside)
    expected = np.zeros(pictures)
    for side, sign in ((inside.numpy(), 1), (~inside.numpy(), -1)):
        rows = [margins.numpy()[side[:, at], at] for at in range(pictures)]
        left = sum(((row - row.mean()) ** 2).sum() for row in rows)
        deviation = math.sqrt(left / sum(len(row) - 1 for row in rows))
        means = np.array([row.mean() for row in rows])
        expected += sign * stats.norm.logpdf(target.numpy(), means, deviation)
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: membership.attack_curve(torch.zeros(0), torch.zeros(2)),
            ValueError,
            r"members has shape \(0,\)",
        ),
        (
            lambda: membership.advantage(torch.zeros(2), torch.tensor([0.0, math.nan]), 0),
            ValueError,
            r"strangers\[1\] is nan",
        ),
        (
            lambda: membership.attack_curve(torch.zeros(2), torch.zeros(2, dtype=torch.int64)),
            TypeError,
            "strangers is torch.int64",
        ),
        (lambda: membership.chance_spread(0, 3), ValueError, "members and strangers are 0 and 3"),
        (
            lambda: membership.margins(
                nn.Identity(), torch.zeros(2, 3), torch.zeros(1, dtype=torch.int64)
            ),
            ValueError,
            "labels holds 1; expected 2",
        ),
        (
            lambda: membership.likelihood_ratio(
                torch.zeros(2), torch.zeros(3, 2), torch.ones(3, 2, dtype=torch.bool)
            ),
            ValueError,
            r"inside\[:, 0\] has 3 of 3",
        ),
        (
            lambda: membership.likelihood_ratio(
                torch.zeros(2), torch.zeros(3, 2), torch.ones(3, 2)
            ),
            TypeError,
            "inside is torch.float32",
        ),
        (
            lambda: membership.likelihood_ratio(
                torch.zeros(2), torch.zeros(3, 4), torch.ones(3, 4, dtype=torch.bool)
            ),
            ValueError,
            r"shadows has shape \(3, 4\)",
        ),
        (
            lambda: membership.likelihood_ratio(
                torch.zeros(2), torch.zeros(3, 2), torch.ones(3, 1, dtype=torch.bool)
            ),
            ValueError,
            r"inside has shape \(3, 1\)",
        ),
    ],
)
def test_what_cannot_be_is_refused(call: object, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call()  # type: ignore[operator]
