"""Metrics and calibration against scikit-learn's and torchmetrics', with ties."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import sklearn.metrics
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.calibration import calibration_curve as reference_curve
from torch import Tensor
from torchmetrics.functional.classification import (
    binary_calibration_error,
    multiclass_calibration_error,
)

import cvlib
from cvlib.training import metrics
from cvlib.training.metrics import (
    accuracy,
    average_precision,
    calibration_curve,
    confusion_matrix,
    expected_calibration_error,
    f1_score,
    precision,
    precision_recall_curve,
    recall,
    roc_auc,
    roc_curve,
    top_k_accuracy,
)

DEVICE = cvlib.device()

random_cases = settings(deadline=None, max_examples=60, derandomize=True)

averages = st.sampled_from(["macro", "micro", "weighted", None])


@st.composite
def answers(draw: st.DrawFn) -> tuple[Tensor, Tensor]:
    """Scores of few values, so that many tie, for labels that leave out some classes."""
    number, classes = draw(st.integers(1, 12)), draw(st.integers(2, 5))
    levels = st.integers(-2, 2) if draw(st.booleans()) else st.floats(-1e3, 1e3, width=32)
    scores = draw(st.lists(levels, min_size=number * classes, max_size=number * classes))
    labels = draw(st.lists(st.integers(0, classes - 1), min_size=number, max_size=number))
    dtype = draw(st.sampled_from([torch.float32, torch.float64]))
    outputs = torch.tensor(scores, dtype=dtype).view(number, classes)
    return outputs.to(DEVICE), torch.tensor(labels, device=DEVICE)


def as_numpy(*tensors: Tensor) -> list[Any]:
    return [tensor.cpu().numpy() for tensor in tensors]


def assert_equal(ours: Tensor, theirs: Any) -> None:
    assert ours.device.type == DEVICE.type
    np.testing.assert_allclose(ours.cpu().numpy(), theirs, rtol=1e-12, atol=1e-15)


@random_cases
@given(answers())
def test_accuracy_and_confusion_are_sklearns(answer: tuple[Tensor, Tensor]) -> None:
    outputs, labels = answer
    predicted, classes = outputs.argmax(1), outputs.shape[1]
    for answered in (outputs, predicted, predicted.to(torch.uint8)):
        for true in (labels, labels.to(torch.int32), labels.to(torch.uint8)):
            assert_equal(
                accuracy(answered, true),
                sklearn.metrics.accuracy_score(*as_numpy(labels, predicted)),
            )
            matrix = confusion_matrix(answered, true, classes)
            assert matrix.dtype == torch.int64
            expected = sklearn.metrics.confusion_matrix(
                *as_numpy(labels, predicted), labels=range(classes)
            )
            assert_equal(matrix, expected)


@random_cases
@given(answers(), averages, st.sampled_from([0.0, 1.0, math.nan]))
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.UndefinedMetricWarning")
@pytest.mark.parametrize("name", ["precision", "recall", "f1_score"])
def test_precision_recall_and_f1_are_sklearns(
    name: str, answer: tuple[Tensor, Tensor], average: Any, zero_division: float
) -> None:
    outputs, labels = answer
    predicted, classes = outputs.argmax(1), outputs.shape[1]
    reference = getattr(sklearn.metrics, name if name == "f1_score" else f"{name}_score")
    expected = reference(
        *as_numpy(labels, predicted),
        labels=range(classes),
        average=average,
        zero_division=zero_division,
    )
    ours = getattr(metrics, name)
    assert_equal(ours(outputs, labels, average, zero_division), expected)
    assert_equal(ours(predicted, labels, average, zero_division, classes), expected)


@random_cases
@given(answers(), st.data())
def test_top_k_is_sklearns(answer: tuple[Tensor, Tensor], data: st.DataObject) -> None:
    outputs, labels = answer
    classes = outputs.shape[1]
    k = data.draw(st.integers(1, classes))
    hits = top_k_accuracy(outputs, labels, k)
    if k == 1:
        assert_equal(hits, accuracy(outputs, labels).cpu())
    if classes > 2 and k < classes:
        # Among equal scores scikit-learn prefers the last class: mirrored, that is the first.
        mirrored = as_numpy(classes - 1 - labels, outputs.flip(1))
        expected = sklearn.metrics.top_k_accuracy_score(*mirrored, k=k, labels=range(classes))
        assert_equal(hits, expected)
    if k == classes:
        assert hits == 1


@st.composite
def binary(draw: st.DrawFn) -> tuple[Tensor, Tensor]:
    number = draw(st.integers(1, 15))
    values = st.sampled_from([0.0, 0.2, 0.5, 0.7, 1.0]) | st.floats(-3, 3, width=32)
    scores = draw(st.lists(values, min_size=number, max_size=number))
    labels = draw(st.lists(st.integers(0, 1), min_size=number, max_size=number).filter(any))
    dtype = draw(st.sampled_from([torch.float32, torch.float64]))
    return torch.tensor(scores, dtype=dtype).to(DEVICE), torch.tensor(labels, device=DEVICE)


@random_cases
@given(binary())
def test_precision_recall_curve_is_sklearns(answer: tuple[Tensor, Tensor]) -> None:
    scores, labels = answer
    arrays = as_numpy(labels, scores)
    expected = sklearn.metrics.precision_recall_curve(*arrays)
    for true in (labels, labels.bool()):
        for ours, theirs in zip(precision_recall_curve(scores, true), expected, strict=True):
            assert_equal(ours, theirs)
        assert_equal(
            average_precision(scores, true), sklearn.metrics.average_precision_score(*arrays)
        )


@random_cases
@given(binary().filter(lambda answer: not answer[1].all()))
def test_roc_curve_is_sklearns(answer: tuple[Tensor, Tensor]) -> None:
    scores, labels = answer
    arrays = as_numpy(labels, scores)
    expected = sklearn.metrics.roc_curve(*arrays, drop_intermediate=False)
    for true in (labels, labels.bool()):
        for ours, theirs in zip(roc_curve(scores, true), expected, strict=True):
            assert_equal(ours, theirs)
        assert_equal(roc_auc(scores, true), sklearn.metrics.roc_auc_score(*arrays))


@random_cases
@given(binary().filter(lambda answer: not answer[1].all()))
def test_area_is_the_share_of_pairs_in_order_and_half_of_the_ties(
    answer: tuple[Tensor, Tensor],
) -> None:
    scores, labels = answer
    pairs = scores[labels == 1][:, None] - scores[labels == 0]
    shares = (pairs > 0).double() + (pairs == 0).double() / 2
    assert_equal(roc_auc(scores, labels), float(shares.mean()))


def test_curve_agrees_with_precision_and_recall_at_each_threshold() -> None:
    generator = torch.Generator().manual_seed(0)
    scores = torch.randint(0, 20, (200,), generator=generator) / 20
    labels = (scores + torch.rand(200, generator=generator) > 1.0).long()
    precisions, recalls, thresholds = precision_recall_curve(scores, labels)
    for share, found, threshold in zip(precisions, recalls, thresholds, strict=False):
        yes = (scores >= threshold).long()
        assert share == precision(yes, labels, average=None, num_classes=2)[1]
        assert found == recall(yes, labels, average=None, num_classes=2)[1]


def test_outputs_of_a_network_may_come_with_their_graph() -> None:
    outputs = torch.tensor([[2.0, 1.0], [0.5, 3.0]], device=DEVICE, requires_grad=True)
    labels = torch.tensor([0, 0], device=DEVICE)
    for metric in (accuracy, precision, recall, f1_score):
        result = metric(outputs, labels)
        assert result.ndim == 0
        assert result.dtype == torch.float64
        assert not result.requires_grad
    assert not precision_recall_curve(outputs[:, 1], labels.bool() | True)[2].requires_grad


# ---------------------------------------------------------------------------- wrong arguments
SCORES, LABELS = torch.zeros(3, 4), torch.tensor([0, 1, 3])

WRONG = {
    "list": (TypeError, "outputs is a list", accuracy, ([0, 1], LABELS)),
    "no labels": (TypeError, "labels is a list", accuracy, (SCORES, [0, 1, 3])),
    "empty": (ValueError, r"outputs has shape \(0, 4\)", accuracy, (SCORES[:0], LABELS[:0])),
    "no classes": (ValueError, r"outputs has shape \(3, 0\)", accuracy, (SCORES[:, :0], LABELS)),
    "maps": (
        ValueError,
        r"shape \(3, 4, 1\); expected \(N, K\)",
        accuracy,
        (SCORES[..., None], LABELS),
    ),
    "too few": (
        ValueError,
        r"labels has shape \(2,\); expected \(3,\)",
        accuracy,
        (SCORES, LABELS[:2]),
    ),
    "one-hot": (ValueError, r"labels has shape \(3, 4\)", accuracy, (SCORES, SCORES.long())),
    "real labels": (TypeError, "labels is torch.float32", accuracy, (SCORES, LABELS.float())),
    "whole scores": (TypeError, "outputs is torch.int64", accuracy, (SCORES.long(), LABELS)),
    "real classes": (
        TypeError,
        r"outputs is torch.float32 of shape \(3,\)",
        accuracy,
        (SCORES[:, 0], LABELS),
    ),
    "too high": (
        ValueError,
        "labels has the class 4; expected 0 to 3",
        accuracy,
        (SCORES, LABELS + 1),
    ),
    "negative": (ValueError, "labels has the class -1", accuracy, (SCORES, LABELS - 1)),
    "negative class": (ValueError, "outputs has the class -1", accuracy, (LABELS - 1, LABELS)),
    "nan": (ValueError, "outputs holds nan", accuracy, (SCORES / 0, LABELS)),
    "device": (
        ValueError,
        "labels is on meta; expected cpu",
        accuracy,
        (SCORES, LABELS.to("meta")),
    ),
    "other K": (ValueError, "num_classes is 5; expected 4", confusion_matrix, (SCORES, LABELS, 5)),
    "small K": (
        ValueError,
        "labels has the class 3; expected 0 to 2",
        confusion_matrix,
        (LABELS * 0, LABELS, 3),
    ),
    "half a K": (TypeError, "num_classes is 4.5", confusion_matrix, (LABELS, LABELS, 4.5)),
    "average": (
        ValueError,
        "average is 'samples'; expected 'macro'",
        f1_score,
        (SCORES, LABELS, "samples"),
    ),
    "no k": (ValueError, "k is 0; expected at least 1", top_k_accuracy, (SCORES, LABELS, 0)),
    "default k": (
        ValueError,
        "k is 5; expected at most the 4 classes",
        top_k_accuracy,
        (SCORES, LABELS),
    ),
    "top classes": (
        ValueError,
        r"outputs has shape \(3,\); expected scores",
        top_k_accuracy,
        (LABELS, LABELS, 1),
    ),
    "curve of K": (
        ValueError,
        r"scores has shape \(3, 4\)",
        precision_recall_curve,
        (SCORES, LABELS),
    ),
    "curve of whole": (
        TypeError,
        "scores is torch.int64",
        precision_recall_curve,
        (LABELS, LABELS * 0),
    ),
    "no score": (
        ValueError,
        r"scores has shape \(0,\)",
        precision_recall_curve,
        (SCORES[:0, 0], LABELS[:0]),
    ),
    "no yes": (ValueError, "labels holds no 1", average_precision, (SCORES[:, 0], LABELS * 0)),
    "no yes to find": (ValueError, "labels holds no 1", roc_curve, (SCORES[:, 0], LABELS * 0)),
    "no no": (ValueError, "labels holds no 0", roc_auc, (SCORES[:, 0], LABELS * 0 + 1)),
    "roc of K": (ValueError, r"scores has shape \(3, 4\)", roc_curve, (SCORES, LABELS)),
    "class 3": (
        ValueError,
        "labels has the class 3; expected 0 to 1",
        average_precision,
        (SCORES[:, 0], LABELS),
    ),
    "nan score": (
        ValueError,
        "scores holds nan",
        average_precision,
        (SCORES[:, 0] / 0, LABELS.bool()),
    ),
}


@pytest.mark.parametrize(("error", "message", "metric", "arguments"), WRONG.values(), ids=WRONG)
def test_wrong_arguments_are_named(
    error: type[Exception], message: str, metric: Any, arguments: Any
) -> None:
    with pytest.raises(error, match=message):
        metric(*arguments)


more_cases = settings(deadline=None, max_examples=80, derandomize=True)


@st.composite
def probable(draw: st.DrawFn, edges: bool = True) -> tuple[Tensor, Tensor]:
    """Probabilities, many of which tie or lie on the edges of bins, and whether each was right."""
    number = draw(st.integers(1, 20))
    anywhere = st.floats(0, 1, width=32)
    values = st.sampled_from([0.0, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0]) | anywhere if edges else anywhere
    probabilities = draw(st.lists(values, min_size=number, max_size=number))
    labels = draw(st.lists(st.integers(0, 1), min_size=number, max_size=number))
    dtype = draw(st.sampled_from([torch.float32, torch.float64]))
    return torch.tensor(probabilities, dtype=dtype).to(DEVICE), torch.tensor(labels, device=DEVICE)


@more_cases
@given(probable(), st.integers(1, 12), st.sampled_from(["uniform", "quantile"]))
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


@more_cases
@given(st.integers(1, 40), st.integers(2, 5), st.integers(0, 99), st.integers(1, 20))
def test_error_is_torchmetrics(number: int, classes: int, seed: int, n_bins: int) -> None:
    probabilities, labels = drawn(number, classes, seed)
    ours = expected_calibration_error(probabilities, labels, n_bins)
    expected = multiclass_calibration_error(
        probabilities, labels, num_classes=classes, n_bins=n_bins
    )
    torch.testing.assert_close(ours, expected.double(), rtol=1e-6, atol=1e-7)

    scores, yes = probabilities[:, 0].contiguous(), labels == 0
    ours = expected_calibration_error(scores, yes, n_bins)
    expected = binary_calibration_error(scores, yes.long(), n_bins=n_bins)
    torch.testing.assert_close(ours, expected.double(), rtol=1e-6, atol=1e-7)


@more_cases
@given(probable(), st.integers(1, 12))
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

WRONG_PROBABILITIES = {
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


@pytest.mark.parametrize(
    ("error", "message", "function", "arguments"),
    WRONG_PROBABILITIES.values(),
    ids=WRONG_PROBABILITIES,
)
def test_wrong_probabilities_are_named(
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
