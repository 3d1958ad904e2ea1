"""Sliding windows: levels, blocks, and a judge that is moved by a convolution."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
import torch
from skimage.feature import hog

from cvlib.data import SceneSet, scenes
from cvlib.tasks import sliding_windows as windows
from cvlib.tasks.average_precision import check_detections, mean_average_precision
from cvlib.tasks.boxes import box_iou
from cvlib.tasks.detection import targets_of


@pytest.fixture(scope="module")
def learnt() -> SceneSet:
    """Scenes in which every digit is found, and two without any."""
    some, none = scenes(16), scenes(2, objects=(0, 0))
    return dataclasses.replace(
        some,
        images=torch.cat([some.images, none.images]),
        boxes=some.boxes + none.boxes,
        labels=some.labels + none.labels,
        masks=torch.cat([some.masks, none.masks]),
    )


@pytest.fixture(scope="module")
def judge(learnt: SceneSet) -> windows.SlidingWindows:
    return windows.train_sliding_windows(learnt, rounds=0)


def test_every_window_has_28_pixels_in_its_level() -> None:
    image = np.zeros((90, 120, 3), np.uint8)
    for side, level in zip(windows.SIDES, windows.pyramid(image), strict=True):
        assert level.shape[0] * side / 28 == pytest.approx(90, abs=1)
        assert level.shape[1] * side / 28 == pytest.approx(120, abs=1)


def test_blocks_are_those_of_scikit_image_in_each_colour() -> None:
    image = scenes(1).images[0].permute(1, 2, 0).numpy()[:37, :50]
    blocks = windows.hog_blocks(image)
    assert blocks.shape == (108, 8, 11)
    for colour in range(3):
        theirs = hog(image[:, :, colour], 9, (4, 4), (2, 2), feature_vector=False)
        mine = blocks[36 * colour : 36 * colour + 36].transpose(1, 2, 0)
        np.testing.assert_allclose(mine, theirs.reshape(8, 11, 36), atol=1e-5)


def test_windows_are_described_as_the_levels_are() -> None:
    """In a level that is the picture itself, a window cut out has the blocks below it."""
    image = scenes(1).images[0].permute(1, 2, 0).numpy()
    blocks = windows.hog_blocks(image)
    cut = windows._described(image, torch.tensor([[8 + 14.0, 12 + 14.0, 28.0]]))
    np.testing.assert_allclose(cut[0], blocks[:, 3:9, 2:8].ravel(), atol=1e-4)


def test_the_convolution_weighs_each_window(judge: windows.SlidingWindows) -> None:
    image = scenes(1, split="test").images[0].permute(1, 2, 0).numpy()
    levels = list(zip(windows.SIDES, windows.pyramid(image), judge._levels(image), strict=True))
    for side, level, (boxes, scores, labels) in levels:
        blocks = torch.from_numpy(windows.hog_blocks(level))
        rows, columns = blocks.shape[1] - 5, blocks.shape[2] - 5
        assert len(boxes) == len(scores) == len(labels) == rows * columns
        at = columns + 3  # row 1, column 3
        window = blocks[:, 1:7, 3:9]
        each = (judge.weight * window).sum((1, 2, 3)) + judge.bias
        assert int(labels[at]) == int(each.argmax())
        torch.testing.assert_close(scores[at], each.max(), atol=1e-4, rtol=1e-4)
        centre = (boxes[at, :2] + boxes[at, 2:]) / 2 * 28 / side
        torch.testing.assert_close(centre, torch.tensor([12 + 14.0, 4 + 14.0]))
        longer = (boxes[at, 2:] - boxes[at, :2]).max()
        assert float(longer) == pytest.approx(20 * side / 28, rel=0.1)


def false_alarms(model: windows.SlidingWindows, seen: SceneSet) -> int:
    """Count the windows that say yes far from any digit."""
    count = 0
    for found, boxes in zip(model.detect(seen.images, min_score=0), seen.boxes, strict=True):
        near = box_iou(found["boxes"], boxes).gt(0.3).any(1)
        count += int((~near).sum())
    return count


def test_it_finds_digits_on_what_it_has_seen(
    judge: windows.SlidingWindows, learnt: SceneSet
) -> None:
    seen = learnt[:10]
    found = judge.detect(seen.images)
    check_detections(found)
    assert all(each["scores"].diff().le(0).all() for each in found)
    assert mean_average_precision(found, targets_of(seen)).at(0.5) > 0.2
    blind = windows.SlidingWindows(judge.weight * 0, judge.bias, judge.shapes)
    chance = blind.detect(seen.images, min_score=-100)
    assert mean_average_precision(chance, targets_of(seen)).at(0.5) < 0.05


def test_hard_negatives_make_fewer_false_alarms(
    judge: windows.SlidingWindows, learnt: SceneSet
) -> None:
    again = windows.train_sliding_windows(learnt, rounds=1)
    assert again.weight.shape == (10, 108, 6, 6)
    some = learnt[:6]
    assert false_alarms(again, some) < false_alarms(judge, some) / 2


def test_negatives_show_no_digit() -> None:
    some = scenes(10)
    generator = np.random.default_rng(0)
    for image, boxes in zip(some.images, some.boxes, strict=True):
        picture = image.permute(1, 2, 0).numpy()
        for x, y, side in windows._elsewhere(picture, boxes, generator).tolist():
            assert 20 <= side <= 32
            assert side / 2 <= x <= 96 - side / 2
            assert side / 2 <= y <= 96 - side / 2
            for box in boxes.tolist():
                middle = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
                assert abs(middle[0] - x) + abs(middle[1] - y) > 3


def test_what_it_cannot_learn_or_search_is_refused(judge: windows.SlidingWindows) -> None:
    with pytest.raises(ValueError, match="scenes holds no "):
        windows.train_sliding_windows(scenes(1))
    refused: list[tuple[Any, type[Exception], str]] = [
        (torch.zeros(1, 3, 96, 96), TypeError, "images is torch.float32; expected uint8"),
        ([1], TypeError, "images is a list"),
        (torch.zeros(3, 96, 96).byte(), ValueError, r"has shape \(3, 96, 96\)"),
        (torch.zeros(1, 3, 96, 31).byte(), ValueError, "of at least 32 pixels a side"),
    ]
    for images, error, message in refused:
        with pytest.raises(error, match=message):
            judge.detect(images)
    with pytest.raises(ValueError, match="max_detections is 0"):
        judge.detect(scenes(1).images, max_detections=0)
    assert judge.detect(torch.zeros(0, 3, 96, 96).byte()) == []
