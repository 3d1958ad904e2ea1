"""Corners are OpenCV's: the measure to the last digits, the choice of peaks to the last pixel."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from cvlib.data import photograph
from cvlib.images.corners import (
    fast,
    good_features,
    harris,
    min_eigenvalue,
    peaks,
    structure_tensor,
)
from tests.images.pictures import CODES

SIDES = st.tuples(st.integers(2, 15), st.integers(2, 15))
GREY = SIDES.flatmap(lambda sides: arrays(np.uint8, sides))
FLOATS = SIDES.flatmap(lambda sides: arrays(np.float32, sides, elements=st.floats(-2, 2, width=16)))


@settings(max_examples=60, deadline=None)
@given(
    st.one_of(GREY, FLOATS),
    st.integers(1, 5),
    st.sampled_from([1, 3, 5, 7]),
    st.sampled_from(["reflect_101", "replicate", "reflect"]),
)
def test_measures_are_opencvs(image: np.ndarray, block: int, ksize: int, border: str) -> None:
    if block % 2 == 0 and border == "replicate":  # there, OpenCV's window lies a pixel further on
        border = "reflect_101"
    code = CODES[border]
    theirs = cv2.cornerHarris(image, block, ksize, 0.05, borderType=code)
    xx, _, yy = structure_tensor(image, block, ksize, border)
    largest = float((xx + yy).max())  # what both are computed from
    assert np.abs(harris(image, block, ksize, 0.05, border) - theirs).max() <= 1e-5 * largest**2
    theirs = cv2.cornerMinEigenVal(image, block, ksize=ksize, borderType=code)
    assert np.abs(min_eigenvalue(image, block, ksize, border) - theirs).max() <= 1e-5 * largest
    assert harris(image).dtype == min_eigenvalue(image).dtype == np.float32


def test_the_tensor_foretells_what_a_small_shift_changes() -> None:
    rows, columns = np.mgrid[:15, :15].astype(np.float32)
    ramp = 2 * columns - 3 * rows + 100
    xx, xy, yy = (part[7, 7] for part in structure_tensor(ramp, block_size=5, border="reflect"))
    scale = (8 / (4 * 5)) ** 2 * 25  # Sobel's 8, divided as OpenCV divides, 25 pixels
    assert (xx, xy, yy) == pytest.approx((4 * scale, -6 * scale, 9 * scale))


def test_edges_are_below_zero_corners_above_and_flat_ones_at_zero() -> None:
    image = np.zeros((20, 20), dtype=np.uint8)
    image[8:, 8:] = 255
    response, least = harris(image), min_eigenvalue(image)
    assert response[8, 8] > 0 > response[15, 8]
    assert response[2, 2] == least[2, 2] == 0
    assert least[8, 8] > 1000 * abs(least[15, 8])


@pytest.mark.parametrize("name", ["camera", "coins", "astronaut"])
@pytest.mark.parametrize("distance", [0, 1, 6.5])
def test_peaks_are_those_of_good_features_to_track(name: str, distance: float) -> None:
    image = photograph(name)[100:300, 90:280]
    grey = image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    for count, quality in ((25, 0.05), (500, 0.01)):
        expected = cv2.goodFeaturesToTrack(grey, count, quality, distance).reshape(-1, 2)
        theirs = cv2.cornerMinEigenVal(grey, 3, ksize=3)
        assert np.array_equal(peaks(theirs, count, quality, distance), expected)
        ours = good_features(image, count, quality, distance)
        together = (ours[:, None] == expected[None]).all(axis=2).any(axis=1)
        assert together.mean() > 0.98  # of two that are equally good, either may come first


@settings(max_examples=40, deadline=None)
@given(SIDES.flatmap(lambda s: arrays(np.float32, s, elements=st.integers(0, 5))),
       st.floats(0, 6), st.integers(1, 9))  # fmt: skip
def test_peaks_keep_their_distance_and_their_order(
    response: np.ndarray, distance: float, count: int
) -> None:
    found = peaks(response, count, 0.1, distance)
    assert found.dtype == np.float32
    assert len(found) <= count
    places = found.astype(int)
    values = response[places[:, 1], places[:, 0]]
    assert (np.diff(values) <= 0).all()
    assert (values > 0.1 * response.max()).all()
    for at, (x, y) in enumerate(places):
        assert 0 < x < response.shape[1] - 1
        assert 0 < y < response.shape[0] - 1
        assert values[at] == response[y - 1 : y + 2, x - 1 : x + 2].max()
        others = np.delete(found, at, axis=0)
        assert (np.linalg.norm(others - found[at], axis=1) >= distance - 1e-4).all()


@settings(max_examples=60, deadline=None)
@given(
    st.tuples(st.integers(1, 16), st.integers(1, 16)).flatmap(
        lambda sides: arrays(np.uint8, sides, elements=st.sampled_from([0, 9, 40, 41, 80, 255]))
    ),
    st.integers(0, 60),
)
def test_fast_is_opencvs(image: np.ndarray, threshold: int) -> None:
    expected = np.zeros(image.shape, dtype=bool)
    for found in cv2.FastFeatureDetector_create(threshold, False).detect(image):
        expected[int(found.pt[1]), int(found.pt[0])] = True
    assert np.array_equal(fast(image, threshold), expected)


def test_fast_of_a_photograph_is_opencvs() -> None:
    image = photograph("coins")
    found = cv2.FastFeatureDetector_create(20, False).detect(image)
    assert len(found) > 3000
    expected = {point.pt[::-1] for point in found}
    assert set(map(tuple, np.argwhere(fast(image)).tolist())) == expected


def test_a_picture_without_corners_gives_none() -> None:
    for image in (np.full((30, 40), 77, np.uint8), np.zeros((1, 1), np.uint8)):
        assert not harris(image).any()
        assert good_features(image).shape == (0, 2)
        assert not fast(image).any()


def test_colour_counts_by_its_luma() -> None:
    image = photograph("astronaut")[:40, 100:160]
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    assert np.array_equal(harris(image), harris(grey))


def test_a_strip_of_20000_pixels_is_measured() -> None:
    strip = np.zeros((5, 20_000), dtype=np.uint8)
    strip[2:, 19_990:] = 200
    (corner,) = good_features(strip)
    assert corner.tolist() == [19_990, 2]


def test_bad_pictures_and_numbers_are_refused_by_name() -> None:
    image = np.zeros((5, 5), dtype=np.float32)
    with pytest.raises(TypeError, match="image is int64; expected an array of uint8 or float32"):
        harris(np.zeros((5, 5), dtype=np.int64))
    with pytest.raises(TypeError, match="image is list"):
        min_eigenvalue([[1, 2]])  # type: ignore[arg-type]
    for shape in ((5,), (0, 3), (4, 4, 4), (1, 4, 4, 3)):
        with pytest.raises(ValueError, match="image has shape"):
            good_features(np.zeros(shape, dtype=np.uint8))
    bad = image.copy()
    bad[2, 2] = np.nan
    with pytest.raises(ValueError, match="image holds nan or infinity"):
        harris(bad)
    with pytest.raises(ValueError, match="ksize is 4; expected 1, 3, 5 or 7"):
        harris(image, ksize=4)
    with pytest.raises(ValueError, match="block_size is 0; expected at least 1"):
        harris(image, block_size=0)
    with pytest.raises(ValueError, match="k is -1"):
        harris(image, k=-1)
    with pytest.raises(TypeError, match="image has dtype float32; expected uint8"):
        fast(image)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="threshold is -1"):
        fast(np.zeros((9, 9), np.uint8), -1)
    with pytest.raises(ValueError, match="max_corners is 0; expected at least 1"):
        peaks(image, 0)
    for quality in (0, 2):
        with pytest.raises(ValueError, match=f"quality_level is {quality}"):
            peaks(image, quality_level=quality)
    with pytest.raises(ValueError, match="min_distance is -1"):
        peaks(image, min_distance=-1)
    with pytest.raises(ValueError, match="response has shape"):
        peaks(bad)
