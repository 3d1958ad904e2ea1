"""The checker of pooled sizes knows the right answer, and tells what is wrong with others."""

from __future__ import annotations

import pytest

from cvlib.book import mistake


def pooled_size(size: int, kernel_size: int, stride: int, padding: int, ceil_mode: bool) -> int:
    left = size + 2 * padding - kernel_size
    count = (left + (stride - 1 if ceil_mode else 0)) // stride + 1
    behind = ceil_mode and (count - 1) * stride >= size + padding
    return count - 1 if behind else count


def by_rounding_up(size: int, kernel: int, stride: int, padding: int, ceil_mode: bool) -> int:
    return -(-(size + 2 * padding - kernel) // stride) + 1


def by_formula(size: int, kernel: int, stride: int, padding: int, ceil_mode: bool) -> int:
    left = size + 2 * padding - kernel
    return (left + (stride - 1 if ceil_mode else 0)) // stride + 1


def test_the_right_answer_passes() -> None:
    assert mistake("pooled_size", pooled_size) is None


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (None, "pooled_size is None, expected a function"),
        (lambda *sizes: None, "pooled_size(6, 2, 2, 0, False) gives None, expected 3"),
        (by_rounding_up, "pooled_size(5, 2, 2, 0, False) gives 3, expected 2"),
        (by_formula, "pooled_size(5, 2, 2, 1, True) gives 4, expected 3"),
        (
            lambda *sizes: pooled_size(sizes[0], sizes[1], sizes[2], 0, sizes[4]),
            "pooled_size(6, 3, 1, 1, True) gives 4, expected 6",
        ),
    ],
)
def test_a_wrong_answer_is_told_why(answer: object, message: str) -> None:
    assert message in (mistake("pooled_size", answer) or "")
