"""The checkers of edges know the right answers, and tell what is wrong with others."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from cvlib.book import mistake


def right_grow(strong: np.ndarray, weak: np.ndarray) -> np.ndarray:
    labels = cv2.connectedComponents(weak.astype(np.uint8), connectivity=8)[1]
    return np.isin(labels, labels[strong]) if strong.any() else strong.copy()


def right_histogram(dx: np.ndarray, dy: np.ndarray, bins: int) -> np.ndarray:
    sums = np.zeros(bins)
    for x, y in zip(dx.flat, dy.flat, strict=True):
        sums[int(np.degrees(np.arctan2(y, x)) % 180 // (180 / bins))] += np.hypot(x, y)
    return sums


def once(strong: np.ndarray, weak: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    return cv2.dilate(strong.astype(np.uint8), kernel).astype(bool) & weak


def several(strong: np.ndarray, weak: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    for _ in range(20):
        strong = once(strong, weak, kernel)
    return strong


SQUARE = np.ones((3, 3), np.uint8)
CROSS = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))


def test_right_answers_pass() -> None:
    assert mistake("grow", right_grow) is None
    assert mistake("grow", lambda strong, weak: several(strong, weak, SQUARE)) is None
    assert mistake("direction_histogram", right_histogram) is None


@pytest.mark.parametrize(
    "wrong",
    [
        None,
        lambda strong, weak: None,
        lambda strong, weak: weak,
        lambda strong, weak: once(strong, weak, SQUARE),
        lambda strong, weak: once(once(strong, weak, SQUARE), weak, SQUARE),
        lambda strong, weak: several(strong, weak, CROSS),
        lambda strong, weak: several(strong, np.ones_like(weak), SQUARE),
        lambda strong, weak: right_grow(strong, weak) * np.uint8(255),
    ],
)
def test_grow_is_told_what_is_wrong(wrong: object) -> None:
    assert "expected" in (mistake("grow", wrong) or "")


@pytest.mark.parametrize(
    "wrong",
    [
        lambda dx, dy, bins: right_histogram(dx, dy, bins).tolist(),
        lambda dx, dy, bins: right_histogram(dy, dx, bins),
        lambda dx, dy, bins: right_histogram(dx, abs(dy), bins),
        lambda dx, dy, bins: right_histogram(np.sign(dx), np.sign(dy), bins),
        lambda dx, dy, bins: right_histogram(dx, dy, bins) / 2,
        lambda dx, dy, bins: np.histogram(
            np.degrees(np.arctan2(dy, dx)) % 360, bins, (0, 360), weights=np.hypot(dx, dy)
        )[0],
        lambda dx, dy, bins: np.histogram(np.degrees(np.arctan2(dy, dx)) % 180, bins, (0, 180))[0],
    ],
)
def test_direction_histogram_is_told_what_is_wrong(wrong: object) -> None:
    assert "expected" in (mistake("direction_histogram", wrong) or "")


def test_an_answer_cannot_change_the_cases() -> None:
    def in_place(strong: np.ndarray, weak: np.ndarray) -> np.ndarray:
        strong[:] = right_grow(strong, weak)
        return strong

    assert mistake("grow", in_place) == (
        "grow raises ValueError: assignment destination is read-only"
    )
