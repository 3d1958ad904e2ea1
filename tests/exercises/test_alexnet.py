"""The checkers of the chapter on AlexNet know right answers, and what is wrong with others."""

from __future__ import annotations

from math import sqrt
from statistics import mean, pstdev, stdev
from typing import Any

import pytest
import torch
from torch.nn import functional as F

from cvlib.exercises.alexnet import change_of_means, two_towers


def halves(x: Any, weight: Any, bias: Any, padding: int) -> list[Any]:
    parts = zip(x.chunk(2, 1), weight.chunk(2), bias.chunk(2), strict=True)
    return [F.conv2d(*part, padding=padding) for part in parts]


def right(*given: Any) -> Any:
    return torch.cat(halves(*given), 1)


def crossed(x: Any, *rest: Any) -> Any:
    return right(torch.cat(x.chunk(2, 1)[::-1], 1), *rest)


def alternating(*given: Any) -> Any:
    return torch.stack(halves(*given), 2).flatten(1, 2)


def one_tower(x: Any, weight: Any, bias: Any, padding: int) -> Any:
    return F.conv2d(x, weight.repeat(1, 2, 1, 1), bias, padding=padding)


def test_the_right_answer_passes() -> None:
    assert two_towers(right) is None
    assert two_towers(lambda x, w, b, p: F.conv2d(x, w, b, padding=p, groups=2)) is None


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (None, "two_towers is None, expected a function"),
        (lambda *given: halves(*given), "the result is a list, expected a tensor"),
        (lambda *given: halves(*given)[0], "has shape (2, 3, 7, 9), expected (2, 6, 7, 9)"),
        (lambda x, w, b, p: right(x, w, b, 0), "has shape (2, 6, 5, 7)"),
        (crossed, "each tower looks at the other one's maps"),
        (lambda x, w, b, p: right(x, w, 0 * b, p), "the biases are missing"),
        (alternating, "the towers' maps alternate"),
        (one_tower, "the result differs from two groups by up to"),
    ],
)
def test_a_wrong_answer_is_told_why(answer: object, message: str) -> None:
    wrong = two_towers(answer)
    assert wrong is not None
    assert message in wrong


def changed(error: Any) -> Any:
    return lambda before, after: (mean(after) - mean(before), error(before, after))


def of_a_mean(values: list[float]) -> float:
    return stdev(values) / sqrt(len(values))


def test_the_right_change_and_its_error_pass() -> None:
    def answer(before: list[float], after: list[float]) -> list[float]:
        of_before, of_after = (torch.tensor(part) for part in (before, after))
        error = (of_before.var() / len(before) + of_after.var() / len(after)).sqrt()
        return [float(of_after.mean() - of_before.mean()), float(error)]

    assert change_of_means(answer) is None
    squares = changed(lambda *parts: sqrt(sum(of_a_mean(part) ** 2 for part in parts)))
    assert change_of_means(squares) is None


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (0.5, "change_of_means is 0.5, expected a function"),
        (lambda *given: "no", "the result is 'no', expected a pair"),
        (lambda *given: None, "the result is None, expected a pair"),
        (lambda before, after: (mean(before) - mean(after), 0), "what comes after less what was"),
        (lambda *given: (3, 0), "the change is 3, expected 5"),
        (changed(lambda *given: 0.0), "the standard error is 0, expected 1.83"),
        (
            changed(lambda *parts: sqrt(sum(stdev(part) ** 2 for part in parts))),
            "divide each variance by its number of seeds",
        ),
        (
            changed(lambda *parts: sqrt(sum(pstdev(part) ** 2 / len(part) for part in parts))),
            "divides by one less than its number",
        ),
        (changed(lambda *parts: sum(map(of_a_mean, parts))), "errors add up by their squares"),
        (changed(lambda *parts: sum(of_a_mean(p) ** 2 for p in parts)), "that is its square"),
        (changed(lambda before, after: of_a_mean(after)), "the first numbers are uncertain, too"),
        (
            changed(lambda b, a: sqrt((stdev(b) ** 2 + stdev(a) ** 2) / len(a))),
            "each variance has its own number of seeds",
        ),
    ],
)
def test_a_wrong_change_is_told_why(answer: object, message: str) -> None:
    wrong = change_of_means(answer)
    assert wrong is not None
    assert message in wrong
