"""Calibration against scikit-learn's curve and torchmetrics' error."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.calibration import calibration_curve as reference_curve
from torch import Tensor

import cvlib
from cvlib.training.calibration import calibration_curve, expected_calibration_error

DEVICE = cvlib.device()
random_cases = settings(deadline=None, max_examples=80, derandomize=True)


@st.composite
def answers(draw: st.DrawFn, edges: bool = True) -> tuple[Tensor, Tensor]:
    """Probabilities, many of which tie or lie on the edges of bins, and whether each was right."""
    number = draw(st.integers(1, 20))
    anywhere = st.floats(0, 1, width=32)
    values = st.sampled_from([0.0, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0]) | anywhere if edges else anywhere
    probabilities = draw(st.lists(values, min_size=number, max_size=number))
    labels = draw(st.lists(st.integers(0, 1), min_size=number, max_size=number))
    dtype = draw(st.sampled_from([torch.float32, torch.float64]))
    return torch.tensor(probabilities, dtype=dtype).to(DEVICE), torch.tensor(labels, device=DEVICE)


@random_cases
@given(answers(), st.integers(1, 12), st.sampled_from(["uniform", "quantile"]))
def test_curve_is_sklearns(answer: tuple[Tensor, Tensor], n_bins: int, strategy: Any) -> None:
    probabilities, labels = answer
    arrays = labels.cpu().numpy(), probabilities.cpu().double().numpy()
    expected = reference_curve(*arrays, pos_label=1, n_bins=n_bins, strategy=strategy)
    for true in (labels, labels.bool()):
        ours = calibration_curve(probabilities, true, n_bins, strategy)
        for mine, theirs in zip(ours, expected, strict=True):
            assert mine.device.type == DEVICE.type
            np.testing.assert_allclose(mine.cpu().numpy(), theirs, rtol=1e-12, atol=1e-15)


def drawn(number: int, classes: int, seed: int) -> tuple[Tensor, Tensor]:
    """Draw outputs that are surer than right; no probability falls on the edge of a bin."""
    generator = torch.Generator().manual_seed(seed)
    logits = 3 * torch.randn(number, classes, generator=generator, dtype=torch.float64)
    labels = torch.randint(0, classes, (number,), generator=generator)
    return logits.softmax(1).to(DEVICE), labels.to(DEVICE)


@random_cases
@given(st.integers(1, 40), st.integers(2, 5), st.integers(0, 99), st.integers(1, 20))
def test_error_is_torchmetrics(number: int, classes: int, seed: int, n_bins: int) -> None:
    functional = pytest.importorskip("torchmetrics.functional.classification")
    probabilities, labels = drawn(number, classes, seed)
    ours = expected_calibration_error(probabilities, labels, n_bins)
    expected = functional.multiclass_calibration_error(
        probabilities, labels, num_classes=classes, n_bins=n_bins
    )
    torch.testing.assert_close(ours, expected.double(), rtol=1e-6, atol=1e-7)

    scores, yes = probabilities[:, 0].contiguous(), labels == 0
    ours = expected_calibration_error(scores, yes, n_bins)
    expected = functional.binary_calibration_error(scores, yes.long(), n_bins=n_bins)
    torch.testing.assert_close(ours, expected.double(), rtol=1e-6, atol=1e-7)


@random_cases
@given(answers(), st.integers(1, 12))
def test_error_is_what_the_curve_is_off(answer: tuple[Tensor, Tensor], n_bins: int) -> None:
    probabilities, labels = answer
    shares, means = calibration_curve(probabilities, labels, n_bins)
    error = float(expected_calibration_error(probabilities, labels, n_bins))
    off = (shares - means).abs()
    assert float(off.min()) - 1e-12 <= error <= float(off.max()) + 1e-12


def test_error_by_hand() -> None:
    """Two pictures said to be sure to 0.6 and both right, two to 0.9 of which one is right."""
    sure = torch.tensor([0.6, 0.6, 0.9, 0.9], dtype=torch.float64, device=DEVICE)
    probabilities, labels = torch.stack((sure, 1 - sure), 1), torch.tensor([0, 0, 0, 1])
    error = expected_calibration_error(probabilities, labels.to(DEVICE), n_bins=10)
    assert float(error) == pytest.approx((0.4 + 0.4) / 2)


def test_perfect_calibration_has_no_error() -> None:
    generator = torch.Generator().manual_seed(0)
    probabilities = torch.rand(200_000, generator=generator)
    labels = torch.rand(200_000, generator=generator) < probabilities
    assert float(expected_calibration_error(probabilities, labels)) < 0.01
    assert float(expected_calibration_error(probabilities, ~labels)) > 0.4


P, Y = torch.tensor([0.2, 0.7, 0.4]), torch.tensor([0, 1, 0])
BOTH = torch.stack((P, 1 - P), 1)
WRONG = {
    "logits": (
        ValueError,
        "probabilities holds 2; expected numbers from 0 to 1",
        calibration_curve,
        (P + 1.3, Y),
    ),
    "negative": (ValueError, r"probabilities holds -0\.", calibration_curve, (P - 0.3, Y)),
    "logits of K": (
        ValueError,
        "probabilities holds 1.6",
        expected_calibration_error,
        (2 * BOTH, Y),
    ),
    "list": (TypeError, "probabilities is a list", expected_calibration_error, ([0.2], Y)),
    "whole": (TypeError, "probabilities is torch.int64", calibration_curve, (Y, Y)),
    "classes": (
        ValueError,
        "labels has the class 2; expected 0 to 1",
        calibration_curve,
        (P, Y + 1),
    ),
    "class of K": (
        ValueError,
        "labels has the class 2; expected 0 to 1",
        expected_calibration_error,
        (BOTH, Y + 1),
    ),
    "two of three": (
        ValueError,
        r"labels has shape \(2,\); expected \(3,\), as many as probabilities",
        calibration_curve,
        (P, Y[:2]),
    ),
    "empty": (ValueError, r"probabilities has shape \(0,\)", calibration_curve, (P[:0], Y[:0])),
    "curve of K": (ValueError, r"probabilities has shape \(3, 2\)", calibration_curve, (BOTH, Y)),
    "nan": (ValueError, "probabilities holds nan", calibration_curve, (P / 0 - P / 0, Y)),
    "no bins": (ValueError, "n_bins is 0; expected at least 1", calibration_curve, (P, Y, 0)),
    "strategy": (
        ValueError,
        "strategy is 'even'; expected 'uniform'",
        calibration_curve,
        (P, Y, 5, "even"),
    ),
}


@pytest.mark.parametrize(("error", "message", "function", "arguments"), WRONG.values(), ids=WRONG)
def test_wrong_arguments_are_named(
    error: type[Exception], message: str, function: Any, arguments: Any
) -> None:
    with pytest.raises(error, match=message):
        function(*arguments)


def test_defaults_are_scikit_learns() -> None:
    probabilities = torch.linspace(0, 1, 41) ** 2
    labels = (torch.arange(41) % 3 == 0).long()
    ours = calibration_curve(probabilities, labels)
    for mine, reference in zip(ours, reference_curve(labels, probabilities), strict=True):
        np.testing.assert_allclose(mine.numpy(), reference, rtol=1e-6)
