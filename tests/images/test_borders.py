"""What stands beyond a picture's border, held against OpenCV."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cvlib.images.borders import Border, pad
from tests.images.pictures import BORDERS, BYTES, CODES, FLOATS


@given(BYTES | FLOATS, st.tuples(*4 * [st.integers(0, 30)]), st.sampled_from(BORDERS))
def test_pad_is_opencvs(image: np.ndarray, sides: tuple[int, ...], border: Border) -> None:
    opencv = cv2.copyMakeBorder(image, *sides, CODES[border], value=4 * [7])
    padded = pad(image, *sides, border, 7)
    assert np.array_equal(padded, opencv.reshape(padded.shape))
    assert padded.dtype == image.dtype


def test_pad_returns_a_new_picture() -> None:
    image = np.zeros((2, 2), dtype=np.uint8)
    pad(image, 0, 0, 0, 0)[:] = 1
    assert not image.any()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((np.zeros(3), 1, 1, 1, 1), r"image has shape \(3,\); expected \(H, W\) or \(H, W, C\)"),
        ((np.zeros((0, 3)), 1, 1, 1, 1), r"image has shape \(0, 3\)"),
        ((np.zeros((2, 3)), 1, -1, 1, 1), "top, bottom, left, right are 1, -1, 1, 1; expected 0"),
        ((np.zeros((2, 3)), 1, 1, 1, 1, "mirror"), "border is 'mirror'; expected one of constant"),
    ],
)
def test_pad_says_what_is_wrong(arguments: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        pad(*arguments)
