"""The checker of the sharpening kernel knows the right answer, and tells what is wrong."""

from __future__ import annotations

import numpy as np
import pytest

from cvlib.book import mistake


def unsharp_mask(size: int, strength: float) -> np.ndarray:
    identity = np.zeros((size, size))
    identity[size // 2, size // 2] = 1
    box = np.ones((size, size)) / size**2
    return identity + strength * (identity - box)


def test_the_right_answer_passes() -> None:
    assert mistake("unsharp_mask", unsharp_mask) is None
    in_single = lambda size, strength: unsharp_mask(size, strength).astype(np.float32)  # noqa: E731
    assert mistake("unsharp_mask", in_single) is None


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (None, "unsharp_mask is None, expected a function"),
        (lambda size, strength: None, "(3, 1.0) gives None, expected an array of shape (3, 3)"),
        (lambda size, strength: unsharp_mask(3, strength), "(5, 0.5) has shape (3, 3)"),
        (lambda size, strength: 2 * unsharp_mask(size, strength), "sums to 2, expected 1"),
        (
            lambda size, strength: unsharp_mask(size, 1),
            "(3, 0.0) has -0.111 at [0, 0], expected -0",
        ),
        (lambda size, strength: unsharp_mask(size, -strength), "(3, 1.0) has 0.111 at [0, 0]"),
        (
            lambda size, strength: unsharp_mask(size, max(strength, 0)),
            "unsharp_mask(7, -1.0) has 0 at [0, 0], expected 0.0204",
        ),
    ],
)
def test_a_wrong_answer_is_told_why(answer: object, message: str) -> None:
    assert message in (mistake("unsharp_mask", answer) or "")
