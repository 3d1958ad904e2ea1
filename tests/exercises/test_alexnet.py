"""The checker of the two towers knows the right answer, and what is wrong with others."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch.nn import functional as F

from cvlib.exercises.alexnet import two_towers


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
