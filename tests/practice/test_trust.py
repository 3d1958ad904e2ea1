"""Scores of what was never seen, abstaining and temperature, beside scikit-learn and SciPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import optimize, spatial, special
from sklearn import metrics as sklearn_metrics
from sklearn.covariance import EmpiricalCovariance
from sklearn.neighbors import NearestNeighbors
from torch.nn import functional as F

from cvlib.practice.trust import (
    energy,
    fit_temperature,
    fpr_at_tpr,
    mahalanobis_distance,
    max_softmax,
    nearest_distance,
    risk_coverage,
)

few = settings(max_examples=40, deadline=None)


def drawn(seed: int, *shape: int, dtype: torch.dtype = torch.float64) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


seeds = st.integers(0, 10_000)


@few
@given(seeds, st.integers(1, 6), st.integers(1, 5), st.floats(0.1, 8))
def test_sureness_and_energy_are_scipys(seed: int, n: int, k: int, temperature: float) -> None:
    outputs = 5 * drawn(seed, n, k)
    assert np.allclose(max_softmax(outputs), special.softmax(outputs.numpy(), 1).max(1))
    expected = -temperature * special.logsumexp(outputs.numpy() / temperature, axis=1)
    assert np.allclose(energy(outputs, temperature), expected)
    assert torch.equal(energy(outputs), energy(outputs, 1.0))


def test_energy_sees_what_the_softmax_forgets() -> None:
    outputs = drawn(0, 5, 10)
    assert torch.allclose(max_softmax(outputs + 3), max_softmax(outputs))
    assert torch.allclose(energy(outputs + 3), energy(outputs) - 3)


@few
@given(seeds, st.integers(1, 8), st.integers(2, 9), st.integers(1, 4), st.data())
def test_the_nearest_are_scikit_learns(seed: int, n: int, m: int, d: int, data: Any) -> None:
    k = data.draw(st.integers(1, m))
    features, known = drawn(seed, n, d), drawn(seed + 1, m, d)
    away, _ = NearestNeighbors(n_neighbors=k).fit(known).kneighbors(features)
    assert np.allclose(nearest_distance(features, known, k), away[:, -1])


def test_small_distances_far_from_the_middle_are_exact() -> None:
    known = 1024 + drawn(0, 50, 8, dtype=torch.float32).mul(64).round()  # sums are exact
    features = known.clone()
    features[:, 0] += 0.125
    assert nearest_distance(known, known).max() == 0
    assert torch.equal(nearest_distance(features, known), torch.full((50,), 0.125))


@few
@given(seeds, st.integers(1, 4), st.integers(1, 3), st.integers(2, 4))
def test_mahalanobis_is_scikit_learns_about_each_class(
    seed: int, d: int, classes: int, n: int
) -> None:
    labels = torch.arange(classes).repeat_interleave(3 * d + 3) * 2  # names need not be in a row
    known = drawn(seed, len(labels), d) + 3 * labels[:, None]
    features = 4 * drawn(seed + 1, n, d)
    means = torch.stack([known[labels == name].mean(0) for name in labels.unique()])
    centred = known - means[labels // 2]
    fitted = EmpiricalCovariance(assume_centered=True).fit(centred.numpy())
    away = [fitted.mahalanobis((features - mean).numpy()) for mean in means]
    ours = mahalanobis_distance(features, known, labels)
    assert np.allclose(ours, np.sqrt(np.min(away, axis=0)))
    if classes == 1:
        inverse = np.linalg.inv(np.atleast_2d(centred.T @ centred / len(centred)))
        reference = [spatial.distance.mahalanobis(each, means[0], inverse) for each in features]
        assert np.allclose(ours, reference)


def test_a_direction_in_which_nothing_varies_measures_nothing() -> None:
    known = torch.cat([drawn(0, 30, 2), torch.zeros(30, 1, dtype=torch.float64)], 1)
    labels = torch.zeros(30, dtype=torch.int64)
    features = drawn(1, 5, 3)
    moved = features + torch.tensor([0.0, 0, 9])
    distances = mahalanobis_distance(features, known, labels)
    assert torch.isfinite(distances).all()
    assert torch.allclose(mahalanobis_distance(moved, known, labels), distances)
    single = mahalanobis_distance(features.float(), known.float(), labels)
    assert single.dtype == torch.float32


scored = st.lists(st.tuples(st.integers(0, 6), st.booleans()), min_size=2, max_size=30)


@few
@given(scored, st.floats(0.01, 1))
def test_rate_at_a_rate_is_read_off_scikit_learns_curve(rows: Any, tpr: float) -> None:
    labels = torch.tensor([int(label) for _, label in rows])
    assume(0 < labels.sum() < len(labels))
    scores = torch.tensor([float(score) for score, _ in rows])
    false, true, _ = sklearn_metrics.roc_curve(labels, scores, drop_intermediate=False)
    assert fpr_at_tpr(scores, labels, tpr) == false[true >= tpr].min()


@pytest.mark.parametrize("count", [3, 7, 10, 20, 49, 100])
def test_a_share_that_a_threshold_reaches_just_so_is_reached(count: int) -> None:
    scores = torch.arange(count + 1, 0, -1.0)
    labels = torch.ones(count + 1, dtype=torch.int64)
    labels[-1] = 0  # the lowest: not met before all familiar ones have passed
    for keep in range(1, count + 1):
        assert fpr_at_tpr(scores, labels, keep / count) == 0
    assert fpr_at_tpr(-scores, labels, 1 / count) == 1


@few
@given(scored)
def test_risk_and_coverage_are_counted_one_threshold_at_a_time(rows: Any) -> None:
    scores = torch.tensor([float(score) for score, _ in rows])
    right = torch.tensor([label for _, label in rows])
    coverage, risk = risk_coverage(scores, right)
    thresholds = scores.unique().flip(0)
    assert len(coverage) == len(risk) == len(thresholds)
    for at, threshold in enumerate(thresholds):
        given_ = scores >= threshold
        assert coverage[at] == pytest.approx(float(given_.double().mean()))
        assert risk[at] == pytest.approx(1 - float(right[given_].double().mean()))
    assert coverage[-1] == 1


@few
@given(seeds, st.integers(2, 5), st.floats(0.2, 5))
def test_temperature_is_where_scipy_finds_the_least_loss(seed: int, k: int, scale: float) -> None:
    outputs = 2 * drawn(seed, 60, k)
    lot = (outputs / scale).softmax(1)
    generator = torch.Generator().manual_seed(seed)
    labels = torch.multinomial(lot, 1, generator=generator)[:, 0]

    def loss(log: float) -> float:
        return float(F.cross_entropy(outputs / 2**log, labels))

    try:
        found = fit_temperature(outputs, labels)
    except ValueError:
        assert min(loss(-9), loss(9)) <= loss(0) + 1e-9
        return
    best = optimize.minimize_scalar(loss, bounds=(-10, 10), method="bounded")
    assert loss(float(np.log2(found))) <= best.fun + 1e-9
    twice = fit_temperature(2 * outputs, labels)
    if 1 / 256 < found < 256:
        assert twice == pytest.approx(2 * found, rel=1e-6)
        assert np.log2(found) == pytest.approx(best.x, abs=1e-3)


@pytest.mark.parametrize("labels", [[0, 1], [1, 0]])
def test_no_temperature_is_best_for_all_right_or_all_wrong(labels: list[int]) -> None:
    with pytest.raises(ValueError, match="no temperature is best"):
        fit_temperature(torch.eye(2), torch.tensor(labels))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: max_softmax(torch.zeros(3)), ValueError, r"outputs has shape \(3,\)"),
        (lambda: max_softmax(torch.zeros(0, 3)), ValueError, "expected .N, K., none of them 0"),
        (lambda: energy(torch.arange(4).view(2, 2)), TypeError, "outputs is torch.int64"),
        (lambda: energy(torch.eye(2), 0), ValueError, "temperature is 0; expected a number above"),
        (lambda: energy(torch.eye(2), -1), ValueError, "temperature is -1; expected"),
        (
            lambda: nearest_distance(torch.eye(2), torch.eye(3)),
            ValueError,
            r"known has shape \(3, 3\); expected \(M, 2\)",
        ),
        (lambda: nearest_distance(torch.eye(2), torch.eye(2), 3), ValueError, "k is 3; expected"),
        (lambda: nearest_distance(torch.eye(2), torch.eye(2), 0), ValueError, "k is 0; expected"),
        (
            lambda: nearest_distance(torch.eye(2), torch.eye(2).double()),
            TypeError,
            "known is torch.float64; expected torch.float32",
        ),
        (
            lambda: mahalanobis_distance(torch.eye(2), torch.eye(2), torch.arange(3)),
            ValueError,
            r"labels is torch.int64 of shape \(3,\); expected \(2,\)",
        ),
        (
            lambda: fpr_at_tpr(torch.tensor([0.1, 0.2]), torch.tensor([0, 1]), 0),
            ValueError,
            "tpr is 0; expected",
        ),
        (
            lambda: fpr_at_tpr(torch.tensor([0.1, 0.2]), torch.tensor([0, 1]), 1.5),
            ValueError,
            "tpr is 1.5; expected",
        ),
        (
            lambda: risk_coverage(torch.zeros(2), torch.ones(3, dtype=torch.int64)),
            ValueError,
            r"right has shape \(3,\); expected \(2,\), 0 or 1",
        ),
        (
            lambda: risk_coverage(torch.zeros(2), torch.tensor([1, 2])),
            ValueError,
            "expected .2,., 0 or 1 for each score",
        ),
        (lambda: risk_coverage(torch.zeros(2), [1, 0]), TypeError, "right is"),  # type: ignore[arg-type]
        (
            lambda: fit_temperature(torch.eye(2), torch.tensor([0, 2])),
            ValueError,
            "labels has the class 2",
        ),
    ],
)
def test_what_does_not_fit_is_named(call: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call()
