"""The checkers of scenes know the right answers, and tell what is wrong with others."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from cvlib.book import mistake


def middles(boxes: Tensor) -> Tensor:
    return (boxes[:, :2] + boxes[:, 2:]) / 2


def right_nearest(boxes: Tensor) -> Tensor:
    return torch.cdist(middles(boxes), middles(boxes)).fill_diagonal_(torch.inf).argmin(1)


def right_between(boxes: Tensor, first: int, second: int) -> Tensor:
    x = middles(boxes)[:, 0]
    return (x - x[first]) * (x - x[second]) < 0


def test_right_answers_pass() -> None:
    assert mistake("nearest", right_nearest) is None
    assert mistake("between", right_between) is None


def by_corners(boxes: Tensor) -> Tensor:
    return torch.cdist(boxes[:, :2], boxes[:, :2]).fill_diagonal_(torch.inf).argmin(1)


def across(boxes: Tensor) -> Tensor:
    x = middles(boxes)[:, :1]
    return torch.cdist(x, x).fill_diagonal_(torch.inf).argmin(1)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (3, "nearest is 3, expected a function"),
        (lambda boxes: None, "for 2 boxes it gives NoneType, expected a tensor (2,)"),
        (lambda boxes: boxes, "for 2 boxes it gives (2, 4), expected a tensor (2,)"),
        (lambda boxes: torch.zeros(len(boxes)), "box 0 of 2 is said to be nearest to itself"),
        (across, "is nearest to"),
        (by_corners, "is nearest to"),
    ],
)
def test_a_wrong_nearest_is_named(answer: object, message: str) -> None:
    assert message in str(mistake("nearest", answer))


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (3, "between is 3, expected a function"),
        (lambda boxes, first, second: None, "gives NoneType, expected a tensor (3,)"),
        (lambda boxes, first, second: boxes[:, 0], "it gives torch.float32, expected torch.bool"),
        (
            lambda b, first, second: (b[:, 0] > b[first, 0]) & (b[:, 0] < b[second, 0]),
            "it finds [], expected [",
        ),
        (
            lambda b, first, second: right_between(b[:, [1, 0, 3, 2]], first, second),
            "it finds",
        ),
        (lambda b, first, second: right_between(b, first, second) | (b[:, 0] < 0), None),
    ],
)
def test_a_wrong_between_is_named(answer: object, message: str | None) -> None:
    found = mistake("between", answer)
    assert found is None if message is None else message in str(found)
