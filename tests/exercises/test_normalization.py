"""The checkers of the chapter on normalization know the right answers, and what is wrong."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from cvlib.exercises.normalization import combine_statistics, fold_batch_norm


def right(weight: Any, bias: Any, mean: Any, var: Any, scale: Any, shift: Any, eps: Any) -> Any:
    factor = scale / torch.sqrt(var + eps)
    return weight * factor.view(-1, 1, 1, 1), (bias - mean) * factor + shift


def test_the_right_answer_passes() -> None:
    assert fold_batch_norm(right) is None


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (None, "fold_batch_norm is None, expected a function"),
        (lambda *arguments: None, "gives NoneType, expected a pair"),
        (lambda *arguments: (1, 2), "the folded weight has shape int, expected (2, 2, 3, 3)"),
        (lambda w, b, *rest: (w, b.sum()), "the folded bias has shape (), expected (2,)"),
        (lambda w, b, *rest: (w, b), "differs from the two layers by up to"),
        (lambda *rest: (right(*rest)[0], rest[1]), "look at the bias"),
        (lambda *rest: right(*rest[:-1], 0.0), "differs"),  # forgets eps
        (
            lambda w, b, mean, var, scale, shift, eps: right(w, b, mean, var**2, scale, shift, eps),
            "differs",
        ),
        (  # scales input channels
            lambda w, *rest: (w * (right(w, *rest)[0] / w)[:, 0, 0, 0].view(1, -1, 1, 1), rest[0]),
            "differs",
        ),
    ],
)
def test_a_wrong_answer_is_told_why(answer: object, message: str) -> None:
    wrong = fold_batch_norm(answer)
    assert wrong is not None
    assert message in wrong


def combined(mean: Any, var: Any, count: int, mean2: Any, var2: Any, count2: int) -> Any:
    total = count + count2
    both = (count * mean + count2 * mean2) / total
    apart = count * count2 / total**2 * (mean - mean2) ** 2
    return both, (count * var + count2 * var2) / total + apart


def test_the_right_statistics_pass() -> None:
    assert combine_statistics(combined) is None


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (1, "combine_statistics is 1, expected a function"),
        (lambda *parts: parts[0], "gives Tensor, expected a pair"),
        (lambda *parts: (1, 2), "the mean of equal halves has shape int, expected (1,)"),
        (
            lambda m, v, n, m2, v2, n2: ((m + m2) / 2, (v + v2) / 2),
            "the variance of equal halves is 1.00, expected 2.00",
        ),
        (
            lambda m, v, n, m2, v2, n2: ((m + m2) / 2, (v + v2) / 2 + (m - m2) ** 2 / 4),
            "the mean of parts of 2 and 6 is 2.00, expected 2.50",
        ),
        (  # unbiased
            lambda m, v, n, m2, v2, n2: (
                combined(m, v, n, m2, v2, n2)[0],
                combined(m, v, n, m2, v2, n2)[1] * (n + n2) / (n + n2 - 1),
            ),
            "the variance of equal halves is 2.67, expected 2.00",
        ),
        (
            lambda *parts: tuple(part.mean(0, keepdim=True) for part in combined(*parts)),
            "the mean of two channels has shape (1,), expected (2,)",
        ),
    ],
)
def test_wrong_statistics_are_told_why(answer: object, message: str) -> None:
    wrong = combine_statistics(answer)
    assert wrong is not None
    assert message in wrong
