"""The checkers of faces know the right answers, and tell what is wrong with others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from cvlib.book import mistake
from cvlib.tasks.boxes import nms
from cvlib.tasks.faces import pyramid, suppress


def right_sizes(height: int, width: int, min_size: float, factor: float) -> list[float]:
    return [12 / scale for scale, _, _ in pyramid(height, width, min_size, factor)]


def right_suppression(boxes: Tensor, scores: Tensor, threshold: float) -> list[int]:
    return suppress(boxes, scores, threshold, "min").tolist()


def suppressed_by_all(boxes: Tensor, scores: Tensor, threshold: float) -> list[int]:
    """Let also those that are gone take others with them."""
    order = scores.argsort(descending=True).tolist()
    return [
        place
        for number, place in enumerate(order)
        if all(
            len(suppress(boxes[[other, place]], scores[[other, place]], threshold, "min")) == 2
            for other in order[:number]
        )
    ]


def test_right_answers_pass() -> None:
    assert mistake("face_sizes", right_sizes) is None
    assert mistake("suppress_min", right_suppression) is None
    as_tensor = lambda *case: torch.tensor(right_suppression(*case), dtype=torch.int64)  # noqa: E731
    assert mistake("suppress_min", as_tensor) is None


@pytest.mark.parametrize(
    "wrong",
    [
        None,
        lambda *case: None,
        lambda *case: [case[2]],
        lambda height, width, low, factor: right_sizes(width, width, low, factor),
        lambda height, width, low, factor: right_sizes(height, height, low, factor),
        lambda height, width, low, factor: right_sizes(height, width, low, factor)[1:],
        lambda height, width, low, factor: right_sizes(height, width, low, factor)[::-1],
        lambda height, width, low, factor: [
            s * factor for s in right_sizes(height, width, low, 0.5)
        ],
        lambda *case: tuple(right_sizes(*case)),
    ],
)
def test_wrong_sizes_are_told(wrong: Callable[..., Any] | None) -> None:
    assert (mistake("face_sizes", wrong) or "").startswith("face_sizes")


@pytest.mark.parametrize(
    "wrong",
    [
        None,
        lambda *case: None,
        lambda *case: 0,
        lambda boxes, scores, threshold: list(range(len(boxes))),
        lambda boxes, scores, threshold: nms(boxes, scores, threshold).tolist(),
        lambda boxes, scores, threshold: sorted(right_suppression(boxes, scores, threshold)),
        lambda boxes, scores, threshold: right_suppression(boxes, -scores, threshold),
        lambda boxes, scores, threshold: right_suppression(boxes, scores, 0.7),
        suppressed_by_all,
    ],
)
def test_wrong_suppression_is_told(wrong: Callable[..., Any] | None) -> None:
    assert (mistake("suppress_min", wrong) or "").startswith("suppress_min")
