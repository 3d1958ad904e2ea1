"""Average precision, held to pycocotools and torchmetrics, on their edge cases too."""

from __future__ import annotations

import contextlib
import io
import math
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval
from torch import Tensor

from cvlib.tasks.average_precision import (
    COCO_THRESHOLDS,
    interpolated_precision,
    match,
    mean_average_precision,
    precision_recall,
)

cases = settings(deadline=None, max_examples=30, derandomize=True)


def cocos(
    detections: list[Any], targets: list[Any], max_detections: int = 100
) -> tuple[np.ndarray, list[int]]:
    """Let pycocotools measure: average precision by threshold and class, -1 where none is there."""
    classes = sorted(
        {int(label) for each in (*targets, *detections) for label in each["labels"].tolist()}
    )
    found, there = [], []
    for image, (detection, target) in enumerate(zip(detections, targets, strict=True), 1):
        for box, label in zip(target["boxes"].double(), target["labels"].tolist(), strict=True):
            x, y, right, low = box.tolist()
            there.append({
                "id": len(there) + 1, "image_id": image, "category_id": label, "iscrowd": 0,
                "bbox": [x, y, right - x, low - y], "area": (right - x) * (low - y),
            })  # fmt: skip
        rows = zip(*(detection[key].tolist() for key in ("boxes", "labels", "scores")), strict=True)
        for (x, y, right, low), label, score in rows:
            found.append({
                "id": len(found) + 1, "image_id": image, "category_id": label, "score": score,
                "iscrowd": 0, "bbox": [x, y, right - x, low - y], "area": (right - x) * (low - y),
            })  # fmt: skip
    with contextlib.redirect_stdout(io.StringIO()):
        truth, said = COCO(), COCO()
        shared = {
            "images": [{"id": image + 1} for image in range(len(targets))],
            "categories": [{"id": label} for label in classes],
        }
        truth.dataset, said.dataset = (
            {**shared, "annotations": there},
            {**shared, "annotations": found},
        )
        truth.createIndex()
        said.createIndex()
        judge = COCOeval(truth, said, "bbox")
        judge.params.maxDets = [max_detections]
        judge.params.areaRng, judge.params.areaRngLbl = [[0, 1e10]], ["all"]
        judge.params.iouThrs = np.array(COCO_THRESHOLDS)
        judge.evaluate()
        judge.accumulate()
    curves = judge.eval["precision"][..., 0, 0]  # thresholds, recalls, classes
    return np.where(curves[:, 0] < 0, np.nan, curves.mean(1)), classes


@st.composite
def scenes(draw: st.DrawFn) -> tuple[list[Any], list[Any]]:
    """Pictures with objects, and detections: some of the objects moved a little, and others."""
    detections, targets = [], []
    grades = st.integers(0, 10).map(lambda tenths: tenths / 10)  # so that scores are equal
    for _ in range(draw(st.integers(1, 4))):
        count, extra = draw(st.integers(0, 4)), draw(st.integers(0, 3))
        corner = st.integers(0, 40).map(float)
        low = [[draw(corner), draw(corner)] for _ in range(count + extra)]
        size = [[draw(st.integers(0, 12)), draw(st.integers(1, 12))] for _ in range(count + extra)]
        boxes = torch.tensor(
            [[x, y, x + w, y + h] for (x, y), (w, h) in zip(low, size, strict=True)]
        )
        boxes = boxes.reshape(-1, 4)
        labels = torch.tensor([draw(st.integers(0, 2)) for _ in range(count + extra)]).long()
        targets.append({"boxes": boxes[:count], "labels": labels[:count]})
        chosen = [at for at in range(count + extra) if draw(st.booleans())] * draw(
            st.integers(1, 2)
        )
        moved = torch.tensor([[draw(st.integers(-3, 3)), draw(st.integers(-3, 3))] for _ in chosen])
        detections.append({
            "boxes": boxes[chosen] + moved.reshape(-1, 2).repeat(1, 2),
            "labels": labels[chosen],
            "scores": torch.tensor([draw(grades) for _ in chosen], dtype=torch.float32),
        })  # fmt: skip
    return detections, targets


@cases
@given(scenes(), st.sampled_from([1, 2, 100]))
def test_average_precision_is_cocos(drawn: tuple[list[Any], list[Any]], most: int) -> None:
    detections, targets = drawn
    result = mean_average_precision(detections, targets, max_detections=most)
    theirs, classes = cocos(detections, targets, most)
    assert list(result.classes) == classes
    if classes:
        np.testing.assert_allclose(result.table.numpy(), theirs, atol=1e-9)


def crowd(pictures: int = 30) -> tuple[list[Any], list[Any]]:
    """Pictures of some objects, and what a middling detector would say of them."""
    chance = torch.Generator().manual_seed(4)
    detections, targets = [], []
    for picture in range(pictures):
        count = picture % 6
        low = torch.rand(count, 2, generator=chance) * 70
        boxes = torch.cat([low, low + 8 + 20 * torch.rand(count, 2, generator=chance)], 1)
        labels = torch.randint(0, 5, (count,), generator=chance)
        targets.append({"boxes": boxes, "labels": labels})
        seen = torch.cat([boxes, boxes, boxes.flip(0) + 5])
        seen = seen + torch.randn(seen.shape, generator=chance)
        said = torch.cat([labels, labels.roll(1), labels])
        scores = torch.rand(len(seen), generator=chance)
        detections.append({"boxes": seen, "labels": said, "scores": scores})
    return detections, targets


def test_average_precision_is_torchmetrics() -> None:
    from torchmetrics.detection import MeanAveragePrecision

    detections, targets = crowd()
    theirs = MeanAveragePrecision(
        iou_thresholds=list(COCO_THRESHOLDS),
        rec_thresholds=[hundredths / 100 for hundredths in range(101)],
        class_metrics=True,
    )
    theirs.update(detections, targets)
    expected = theirs.compute()
    result = mean_average_precision(detections, targets)
    assert 0.1 < result.mean < 0.9
    assert result.mean == pytest.approx(float(expected["map"]), abs=1e-6)
    assert result.at(0.5) == pytest.approx(float(expected["map_50"]), abs=1e-6)
    assert result.at(0.75) == pytest.approx(float(expected["map_75"]), abs=1e-6)
    assert list(result.classes) == expected["classes"].tolist()
    per_class = result.table.mean(0).to(torch.float32)
    torch.testing.assert_close(per_class, expected["map_per_class"], atol=1e-6, rtol=0)


def picture(boxes: list[list[float]], labels: list[int], scores: list[float] | None = None) -> Any:
    each = {
        "boxes": torch.tensor(boxes, dtype=torch.float32).reshape(-1, 4),
        "labels": torch.tensor(labels, dtype=torch.int64),
    }
    return each if scores is None else {**each, "scores": torch.tensor(scores, dtype=torch.float32)}


HERE, THERE = [0.0, 0.0, 10.0, 10.0], [20.0, 0.0, 30.0, 10.0]


@pytest.mark.parametrize(
    ("detections", "targets", "expected"),
    [
        ([picture([], [], [])], [picture([HERE], [1])], 0.0),
        ([picture([], [], [])], [picture([], [])], math.nan),
        ([picture([HERE], [1], [0.9])], [picture([], [])], math.nan),
        ([picture([HERE], [1], [0.9])], [picture([HERE], [1])], 1.0),
        ([picture([HERE], [2], [0.9])], [picture([HERE], [1])], 0.0),
        # A class that is nowhere counts in no mean, even where it was found.
        ([picture([HERE, THERE], [1, 2], [0.9, 0.9])], [picture([HERE], [1])], 1.0),
        # The second one finds what was found already.
        ([picture([HERE, HERE], [1, 1], [0.9, 0.8])], [picture([HERE], [1])], 1.0),
        ([picture([THERE, HERE], [1, 1], [0.9, 0.8])], [picture([HERE], [1])], 0.5),
        # An object without area is never found.
        ([picture([[5, 5, 5, 9]], [1], [0.9])], [picture([[5, 5, 5, 9]], [1])], 0.0),
        # False alarms in an empty picture count where they come first.
        (
            [picture([HERE], [1], [0.9]), picture([HERE], [1], [0.8])],
            [picture([], []), picture([HERE], [1])],
            0.5,
        ),
    ],
)
def test_edge_cases_are_cocos(detections: Any, targets: Any, expected: float) -> None:
    result = mean_average_precision(detections, targets)
    theirs, classes = cocos(detections, targets)
    known = theirs[~np.isnan(theirs)] if classes else np.zeros(0)
    both = [result.mean, float(known.mean()) if known.size else math.nan]
    assert both == pytest.approx([expected, expected], abs=1e-9, nan_ok=True)


def test_equal_overlaps_take_the_last_object_as_cocos_do() -> None:
    # Two objects beside a detection, alike in IoU; a second detection meets only the first.
    targets = [picture([[0, 0, 10, 10], [10, 0, 20, 10]], [1, 1])]
    found = [picture([[5, 0, 15, 10], [0, 0, 9, 10]], [1, 1], [0.9, 0.8])]
    hits = match(found[0], targets[0], [1 / 3, 0.5])
    assert hits.tolist() == [[True, True], [False, True]]


def test_the_curve_is_read_from_the_right() -> None:
    hits = torch.tensor([[True, False, True, False], [False, False, False, False]])
    precision, recall = precision_recall(hits, torch.tensor([0.4, 0.3, 0.2, 0.1]), 2)
    assert recall.tolist() == [[0.5, 0.5, 1.0, 1.0], [0.0, 0.0, 0.0, 0.0]]
    read = interpolated_precision(precision, recall)
    assert read[0, :51].eq(1).all()
    assert torch.allclose(read[0, 51:], torch.tensor(2 / 3, dtype=torch.float64))
    assert read[1].eq(0).all()


def test_detections_beyond_the_limit_are_the_least_sure_of_each_class() -> None:
    boxes = [HERE, THERE, HERE, THERE]
    found = [picture(boxes, [1, 1, 2, 2], [0.1, 0.9, 0.8, 0.2])]
    targets = [picture([HERE, HERE], [1, 2])]
    assert mean_average_precision(found, targets).mean == pytest.approx((0.5 + 1) / 2)
    one = mean_average_precision(found, targets, max_detections=1)
    assert one.table[0].tolist() == [0.0, 1.0]


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"boxes": torch.ones(1, 4).long()}, TypeError, r"\[0\]\['boxes'\] is torch.int64"),
        (
            {"boxes": torch.tensor([[5.0, 5, 4, 9]])},
            ValueError,
            r"\['boxes'\]\[0\] is \[5.0, 5.0, 4",
        ),
        ({"labels": torch.ones(1)}, TypeError, r"\['labels'\] is torch.float32; expected a tensor"),
        ({"labels": [1]}, TypeError, r"\['labels'\] is list; expected a tensor of whole numbers"),
        ({"labels": torch.ones(2).long()}, ValueError, r"\['labels'\] has shape \(2,\)"),
        ({"scores": torch.tensor([torch.nan])}, ValueError, r"\['scores'\] has nan in it"),
        ({"scores": torch.ones(1).long()}, TypeError, r"\['scores'\] is torch.int64"),
    ],
)
def test_what_says_nothing_of_places_is_refused(
    change: dict[str, Tensor], error: type[Exception], message: str
) -> None:
    good = picture([HERE], [1], [0.5])
    with pytest.raises(error, match=f"detections.*{message}"):
        mean_average_precision([{**good, **change}], [picture([HERE], [1])])
    if "scores" not in change:
        with pytest.raises(error, match=f"targets.*{message}"):
            mean_average_precision([good], [{**good, **change}])


def test_lists_that_do_not_fit_are_refused() -> None:
    found, there = [picture([HERE], [1], [0.5])], [picture([HERE], [1])]
    refused: list[tuple[Any, str]] = [
        (lambda: mean_average_precision(found, []), "detections holds 1 and targets 0"),
        (lambda: mean_average_precision(there, there), "holds boxes, labels; expected boxes, la"),
        (lambda: mean_average_precision(found[0], there), "detections is a dict; expected a list"),
        (lambda: mean_average_precision([3], there), r"detections\[0\] is a int; expected a dict"),
        (lambda: mean_average_precision(found, there, [0.0]), "expected numbers above 0"),
        (lambda: mean_average_precision(found, there, []), "expected numbers above 0"),
        (lambda: mean_average_precision(found, there, [1.5]), "iou_thresholds is 1.5"),
        (lambda: mean_average_precision(found, there, max_detections=0), "max_detections is 0"),
        (lambda: mean_average_precision(found, there).at(0.51), "iou_threshold is 0.51; expected"),
        (lambda: precision_recall(torch.ones(1).bool(), torch.ones(1), 0), "objects is 0"),
    ]
    for call, message in refused:
        with pytest.raises((TypeError, ValueError), match=message):
            call()
