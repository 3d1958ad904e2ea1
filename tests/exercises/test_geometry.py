"""The checkers of the chapter on geometry know what is right, and tell what is wrong."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from cvlib.exercises.geometry import letterbox, resize_matrix
from cvlib.images.geometry import resize, warp_affine

Size = tuple[int, int]


def right_letterbox(size: Size, side: int) -> tuple[int, ...]:
    inner = [max(1, round(length * side / max(size))) for length in size]
    return (*inner, *((side - length) // 2 for length in inner))


def right_matrix(old: Size, new: Size) -> np.ndarray:
    """Take the centres of the first pixel and of one beside the last to where they belong."""
    rows = []
    for axis in (1, 0):
        scale = new[axis] / old[axis]
        rows.append([0.0, 0.0, 0.5 * scale - 0.5])
        rows[-1][1 - axis] = scale
    return np.array(rows)


def test_the_right_answers_pass() -> None:
    assert letterbox(right_letterbox) is None
    assert resize_matrix(right_matrix) is None


def test_the_matrix_resizes() -> None:
    image = np.random.default_rng(0).random((6, 5), dtype=np.float32)
    warped = warp_affine(image, right_matrix((6, 5), (4, 9)), (4, 9), border="replicate")
    np.testing.assert_allclose(warped, resize(image, (4, 9)), atol=1e-6)


@pytest.mark.parametrize(
    "wrong",
    [
        None,
        lambda size, side: None,
        lambda size, side: (side, side, 0, 0),
        lambda size, side: right_letterbox(size[::-1], side),
        lambda size, side: (*right_letterbox(size, side)[:2], 0, 0),
        lambda size, side: list(right_letterbox(size, side)),
        lambda size, side: tuple(x if x != 1 else 0 for x in right_letterbox(size, side)),
    ],
)
def test_letterbox_is_told_what_is_wrong(wrong: Any) -> None:
    assert "expected" in (letterbox(wrong) or "")


@pytest.mark.parametrize(
    "wrong",
    [
        None,
        lambda old, new: None,
        lambda old, new: right_matrix(old, new) * [[1, 1, 0]],
        lambda old, new: right_matrix(new, old),
        lambda old, new: right_matrix(old[::-1], new[::-1]),
        lambda old, new: np.vstack([right_matrix(old, new), [0, 0, 1]]),
    ],
)
def test_resize_matrix_is_told_what_is_wrong(wrong: Any) -> None:
    assert "expected" in (resize_matrix(wrong) or "")
