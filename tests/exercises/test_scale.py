"""The checkers of the chapter on more cores and machines know the right answers."""

from __future__ import annotations

from typing import Any

import pytest

from cvlib.exercises.scale import bytes_for_each, whole_variance
from cvlib.practice import bytes_per_rank, combine_statistics


def right_variance(means: Any, variances: Any, counts: Any) -> Any:
    share = counts / counts.sum()
    mean = (share * means).sum()
    return (share * (variances + (means - mean) ** 2)).sum()


def in_place(means: Any, variances: Any, counts: Any) -> Any:
    found = right_variance(means, variances, counts)
    counts /= counts.sum()
    return found


def test_the_right_answers_pass() -> None:
    assert bytes_for_each(lambda *numbers: sum(bytes_per_rank(*numbers))) is None
    assert whole_variance(right_variance) is None
    assert whole_variance(lambda *numbers: float(right_variance(*numbers))) is None
    assert (
        whole_variance(
            lambda means, variances, counts: combine_statistics(
                means[:, None], variances[:, None], counts.int().tolist()
            )[1]
        )
        is None
    )


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (None, "bytes_for_each is None, expected a function"),
        (lambda *_: None, "bytes_for_each(1000, 4, 0) gives None, expected 16000"),
        (lambda n, k, stage: 16 * n // (k if stage else 1), "gives 4000, expected 10000"),
        (
            lambda n, k, stage: sum(bytes_per_rank(n, k, stage + (stage > 0 and stage < 3))),
            "only what the optimizer remembers",
        ),
        (
            lambda n, k, stage: 12 * n + 4 * n // k if stage == 1 else 16 * n,
            "expected 10000",
        ),
        (
            lambda n, k, stage: sum(bytes_per_rank(n, k, stage)) + (n if stage == 1 else 0),
            "Adam remembers two numbers",
        ),
    ],
)
def test_wrong_bytes_are_told_why(answer: object, message: str) -> None:
    wrong = bytes_for_each(answer)
    assert wrong is not None
    assert message in wrong


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (0.5, "whole_variance is 0.5, expected a function"),
        (lambda *_: None, "gives None, expected one number"),
        (lambda means, variances, counts: variances, "expected one number"),
        (
            lambda means, variances, counts: (counts * variances).sum() / counts.sum(),
            "[[1, 1], [3, 3]] it gives 0, expected 1; the means of the shares differ, too",
        ),
        (
            lambda means, variances, counts: (variances + (means - means.mean()) ** 2).mean(),
            "a share of more numbers counts for more",
        ),
        (
            lambda *numbers: right_variance(*numbers) * numbers[2].sum() / (numbers[2].sum() - 1),
            "gives 1.333, expected 1",
        ),
        (in_place, "changes what it is given"),
    ],
)
def test_wrong_variances_are_told_why(answer: object, message: str) -> None:
    wrong = whole_variance(answer)
    assert wrong is not None
    assert message in wrong
