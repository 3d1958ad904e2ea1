"""The checker of the way back from a tensor knows the right answer, and tells what is wrong."""

from __future__ import annotations

import numpy as np
import pytest
from torch import Tensor

from cvlib.exercises.preprocessing import to_picture

MEAN, STD = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])


def levels(x: Tensor) -> np.ndarray:
    return 255 * (x.permute(1, 2, 0).numpy() * STD + MEAN)


def right(x: Tensor) -> np.ndarray:
    return np.clip(np.rint(levels(x)), 0, 255).astype(np.uint8)


def test_the_right_answer_passes() -> None:
    assert to_picture(right) is None


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (None, "to_picture is None, expected a function"),
        (lambda x: None, "gives a NoneType, expected a NumPy array"),
        (lambda x: right(x).transpose(2, 0, 1), "shape (3, 2, 3), expected (2, 3, 3)"),
        (lambda x: right(x).astype(float), "dtype float64, expected uint8"),
        (lambda x: right(x)[..., ::-1], "is 104, expected 124"),
        (lambda x: levels(x).astype(np.uint8), "values are wrong"),
        (lambda x: np.rint(levels(x) / 255).astype(np.uint8), "is 0, expected 124"),
        (lambda x: right(x.reshape(*x.shape[1:], 3).permute(2, 0, 1)), "values are wrong"),
        (lambda x: np.rint(levels(x)).astype(np.int16).astype(np.uint8), "brighter than white"),
    ],
)
def test_a_wrong_answer_is_told_why(answer: object, message: str) -> None:
    assert message in (to_picture(answer) or "")
