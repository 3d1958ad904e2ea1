"""The checkers of the chapter on compression know the right answers."""

from __future__ import annotations

from typing import Any

import pytest

from cvlib.exercises.compression import keep_mask, to_steps


def right_steps(x: float, scale: float, zero_point: int, bits: int) -> int:
    return min(max(round(x / scale) + zero_point, 0), 2**bits - 1)


def right_mask(weights: list[float], gone: int) -> list[int]:
    order = sorted(range(len(weights)), key=lambda at: abs(weights[at]))
    out = set(order[:gone])
    return [int(at not in out) for at in range(len(weights))]


def sorting(weights: list[float], gone: int) -> list[int]:
    weights.sort()
    return [0] * gone + [1] * (len(weights) - gone)


def by_sign(weights: list[float], gone: int) -> list[int]:
    order = sorted(range(len(weights)), key=lambda at: weights[at])
    return [int(at not in order[:gone]) for at in range(len(weights))]


def test_the_right_answers_pass() -> None:
    assert to_steps(right_steps) is None
    assert keep_mask(right_mask) is None


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (None, "to_steps is None, expected a function"),
        (lambda x, scale, zero_point, bits: 0, "gives 0, expected 3: 0 lies at the zero point"),
        (
            lambda x, scale, zero, bits: min(max(int(x / scale) + zero, 0), 2**bits - 1),
            "expected 6: the nearest step",
        ),
        (lambda x, scale, zero, bits: round(x / scale) + zero, "expected 15: four bits end at 15"),
        (
            lambda x, scale, zero, bits: min(round(x / scale) + zero, 2**bits - 1),
            "expected 0: unsigned steps begin at 0",
        ),
        (
            lambda x, scale, zero, bits: min(max(round(x / scale) + zero, 0), 15),
            "to_steps(100.0, 0.5, 3, 8) gives 15, expected 203",
        ),
    ],
)
def test_wrong_steps_are_told_why(answer: Any, message: str) -> None:
    wrong = to_steps(answer)
    assert wrong is not None
    assert message in wrong


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (3, "keep_mask is 3, expected a function"),
        (lambda weights, gone: [1] * len(weights), "keeps 3, expected 2 to stay"),
        (lambda weights, gone: None, "gives None, expected a list of 3"),
        (lambda weights, gone: weights, "expected 1 for what stays and 0 for what goes"),
        (sorting, "changes the weights that it is given"),
        (by_sign, "expected [1, 0, 1]: what counts is the magnitude"),
    ],
)
def test_wrong_masks_are_told_why(answer: Any, message: str) -> None:
    wrong = keep_mask(answer)
    assert wrong is not None
    assert message in wrong
