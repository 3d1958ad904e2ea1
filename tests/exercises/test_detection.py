"""The checkers of the chapter on detection know the right answers."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from cvlib.exercises.detection import curve_area, flip_boxes
from cvlib.tasks.average_precision import interpolated_precision, precision_recall


def right_flip(boxes: Any, width: int) -> Any:
    x1, y1, x2, y2 = boxes.T
    return torch.stack([width - x2, y1, width - x1, y2], 1)


def right_area(hits: Any, objects: int) -> Any:
    scores = torch.arange(len(hits), 0, -1.0)
    curve = precision_recall(torch.tensor(hits, dtype=torch.bool), scores, objects)
    return interpolated_precision(*curve).mean()


def in_place(boxes: Any, width: int) -> Any:
    boxes[:, [0, 2]] = width - boxes[:, [2, 0]]
    return boxes


def area_below_all_points(hits: Any, objects: int) -> float:
    area = right = 0.0
    for seen, hit in enumerate(hits, start=1):
        right += hit
        area += hit * right / seen / objects
    return area


def test_the_right_answers_pass() -> None:
    assert flip_boxes(right_flip) is None
    assert curve_area(right_area) is None
    assert curve_area(lambda hits, objects: right_area(hits, objects).item()) is None


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (None, "flip_boxes is None, expected a function"),
        (lambda boxes, width: None, "of boxes (1, 4) it makes NoneType, expected (1, 4)"),
        (lambda boxes, width: boxes[0], "it makes (4,), expected (1, 4)"),
        (
            lambda boxes, width: torch.stack(
                [width - boxes[:, 0], boxes[:, 1], width - boxes[:, 2], boxes[:, 3]], 1
            ),
            "it makes [10, 2, 7, 6], whose left edge lies right of its right one",
        ),
        (lambda boxes, width: right_flip(boxes, width - 1), "a pixel off: edges lie between"),
        (in_place, "it changes the boxes that it is given"),
        (lambda boxes, width: width - boxes.flip(1), "[4, 7, 8, 10], expected [7, 2, 10, 6]"),
    ],
)
def test_wrong_flips_are_told_why(answer: object, message: str) -> None:
    wrong = flip_boxes(answer)
    assert wrong is not None
    assert message in wrong


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (0.5, "curve_area is 0.5, expected a function"),
        (lambda hits, objects: None, "curve_area([True], 1) raises TypeError"),
        (lambda hits, objects: 1.0, "curve_area([False], 1) gives 1, expected 0"),
        (lambda hits, objects: sum(hits) / len(hits), "raises ZeroDivisionError"),
        (area_below_all_points, "gives 0.833, expected 0.835"),
    ],
)
def test_wrong_areas_are_told_why(answer: object, message: str) -> None:
    wrong = curve_area(answer)
    assert wrong is not None
    assert message in wrong
