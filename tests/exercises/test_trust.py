"""The checkers of the chapter on trust know the right answers."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch

from cvlib.exercises.trust import share_let_through, sure_interval
from cvlib.practice.groups import wilson_interval
from cvlib.practice.trust import fpr_at_tpr


def by_curve(digits: Any, strange: Any, keep: float) -> Any:
    scores = torch.cat([digits, strange])
    labels = torch.cat([torch.ones(len(digits)), torch.zeros(len(strange))]).long()
    return fpr_at_tpr(scores, labels, keep)


def by_sorting(digits: Any, strange: Any, keep: float) -> Any:
    order = digits.sort(descending=True).values
    threshold = order[math.ceil(keep * len(order)) - 1]
    return (strange >= threshold).double().mean()


def in_place(digits: Any, strange: Any, keep: float) -> Any:
    digits += 1
    strange += 1
    return by_sorting(digits, strange, keep)


def plain(right: int, total: int) -> tuple[float, float]:
    p = right / total
    half = 1.96 * math.sqrt(p * (1 - p) / total)
    return p - half, p + half


def unscaled(right: int, total: int) -> tuple[float, float]:
    p, z = right / total, 1.96
    middle = p + z * z / (2 * total)
    half = z * math.sqrt(p * (1 - p) / total + z * z / (4 * total**2))
    return middle - half, middle + half


def test_the_right_answers_pass() -> None:
    assert sure_interval(wilson_interval) is None
    assert sure_interval(lambda right, total: list(wilson_interval(right, total))) is None
    assert share_let_through(by_curve) is None
    assert share_let_through(by_sorting) is None
    assert share_let_through(lambda *given: float(by_sorting(*given))) is None


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (None, "sure_interval is None, expected a function"),
        (lambda right, total: None, "sure_interval(9, 10) raises TypeError"),
        (lambda right, total: (right / total,) * 2, "it has no width"),
        (plain, "that is p ± z √(p (1 − p) / n), which is too narrow for few"),
        (unscaled, "divide by 1 + z² / n"),
        (lambda right, total: wilson_interval(right, total)[::-1], "the lower end comes first"),
        (lambda right, total: wilson_interval(right, total, 0.9), "expected (0.5958, 0.9821)"),
    ],
)
def test_wrong_intervals_are_told_why(answer: object, message: str) -> None:
    wrong = sure_interval(answer)
    assert wrong is not None
    assert message in wrong


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (0.5, "share_let_through is 0.5, expected a function"),
        (lambda digits, strange, keep: None, "it raises TypeError"),
        (lambda *given: 1 - by_sorting(*given), "that share is refused"),
        (in_place, "it changes the digits that it is given"),
        (
            lambda d, s, keep: (s > d.sort().values[int((1 - keep) * len(d))]).double().mean(),
            "a picture with the threshold's very score passes",
        ),
        (lambda d, s, keep: (s >= d.quantile(1 - keep)).double().mean(), "it gives"),
        (lambda d, s, keep: (s >= keep).double().mean(), "keep 0.5 it gives 0.5, expected 0.25"),
    ],
)
def test_wrong_shares_are_told_why(answer: object, message: str) -> None:
    wrong = share_let_through(answer)
    assert wrong is not None
    assert message in wrong
