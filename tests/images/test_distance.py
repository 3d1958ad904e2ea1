"""The distance transform, held against OpenCV's precise one, SciPy's, and every pair of pixels."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import ndimage

from cvlib.images.distance import distance_transform

SIDES = st.integers(1, 20)
MASKS = arrays(np.uint8, st.tuples(SIDES, SIDES), elements=st.sampled_from((0, *[1] * 9)))


@settings(max_examples=80, deadline=None)
@given(MASKS)
def test_distances_are_those_to_the_nearest_background(mask: np.ndarray) -> None:
    distance = distance_transform(mask)
    assert distance.dtype == np.float32
    background = np.argwhere(mask == 0)
    if len(background) == 0:
        assert np.isinf(distance).all()
        return
    places = np.indices(mask.shape).reshape(2, -1).T
    apart = np.hypot(*np.moveaxis(places[:, None] - background, -1, 0)).min(axis=1)
    np.testing.assert_allclose(distance, apart.reshape(mask.shape), rtol=1e-6)
    theirs = cv2.distanceTransform(mask, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    np.testing.assert_allclose(distance, theirs, rtol=1e-5)


@pytest.mark.parametrize("turned", [False, True])
def test_a_strip_of_twenty_thousand_columns(turned: bool) -> None:
    strip = np.ones((6, 20_000), dtype=np.uint8)
    strip[2, 7000] = strip[5, 19_999] = 0
    strip = strip.T if turned else strip
    np.testing.assert_allclose(
        distance_transform(strip), ndimage.distance_transform_edt(strip), rtol=1e-6
    )


def test_what_is_no_mask_is_refused() -> None:
    with pytest.raises(TypeError, match="mask has dtype float64; expected bool or uint8"):
        distance_transform(np.array([[np.nan]]))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"mask has shape \(0, 3\); expected \(H, W\), not empty"):
        distance_transform(np.zeros((0, 3), dtype=np.uint8))
