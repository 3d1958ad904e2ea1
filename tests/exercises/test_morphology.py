"""The checker of the regions on the frame knows the right answer, and says what is wrong."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from skimage.segmentation import clear_border as by_labels

from cvlib.exercises.morphology import clear_border
from cvlib.images.morphology import reconstruct


def right(image: np.ndarray) -> np.ndarray:
    labels = cv2.connectedComponents(image)[1]
    return np.where(by_labels(labels) > 0, 255, 0).astype(np.uint8)


def on_frame(image: np.ndarray) -> np.ndarray:
    marker = image.copy()
    marker[1:-1, 1:-1] = 0
    return marker


def test_the_right_answer_passes() -> None:
    assert clear_border(right) is None


@pytest.mark.parametrize(
    "wrong",
    [
        None,
        lambda image: None,
        lambda image: image,
        lambda image: np.zeros_like(image),
        lambda image: image - on_frame(image),
        lambda image: right(image).astype(int),
        lambda image: right(image) > 0,
        lambda image: reconstruct(on_frame(image), image, np.ones((3, 3))),
        lambda image: (
            image - reconstruct(on_frame(image), image, cv2.getStructuringElement(1, (3, 3)))
        ),
        lambda image: image - reconstruct(on_frame(image)[:1], image[:1], np.ones((3, 3))),
    ],
)
def test_a_wrong_answer_is_told_what_was_expected(wrong: object) -> None:
    assert "expected" in (clear_border(wrong) or "")


def test_each_side_of_the_frame_counts() -> None:
    for side in range(4):

        def three_sides(image: np.ndarray, side: int = side) -> np.ndarray:
            marker = on_frame(image)
            turned = np.rot90(marker, side)
            turned[0, 1:-1] = 0
            return image - reconstruct(marker, image, np.ones((3, 3)))

        assert clear_border(three_sides) is not None
