"""Keypoints, patches and matches: whose is whose, held against OpenCV's brute force."""

import tracemalloc

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from cvlib.data import photograph
from cvlib.images import Keypoints, features, match
from cvlib.images.features import grey, patches

COUNTS = st.tuples(st.integers(1, 9), st.integers(1, 9), st.integers(1, 6))
BITS = COUNTS.flatmap(
    lambda n: st.tuples(arrays(np.uint8, (n[0], n[2])), arrays(np.uint8, (n[1], n[2])))
)
# Sums of squares of small whole numbers are exact, however they are added up.
WHOLE = st.integers(0, 20).map(float)
NUMBERS = COUNTS.flatmap(
    lambda n: st.tuples(
        arrays(np.float32, (n[0], n[2]), elements=WHOLE),
        arrays(np.float32, (n[1], n[2]), elements=WHOLE),
    )
)


@settings(max_examples=80, deadline=None)
@given(st.one_of(BITS, NUMBERS))
def test_nearest_ones_are_opencvs(pair: tuple[np.ndarray, np.ndarray]) -> None:
    a, b = pair
    norm = cv2.NORM_HAMMING if a.dtype == np.uint8 else cv2.NORM_L2
    theirs = cv2.BFMatcher(norm).match(a, b)
    ours = match(a, b, ratio=1)
    assert ours.tolist() == [[found.queryIdx, found.trainIdx] for found in theirs]
    both = cv2.BFMatcher(norm, crossCheck=True).match(a, b)
    pairs = sorted((found.queryIdx, found.trainIdx) for found in both)
    ours = match(a, b, ratio=1, mutual=True)
    assert ours.tolist() == [list(pair) for pair in pairs]


@settings(max_examples=80, deadline=None)
@given(st.one_of(BITS, NUMBERS), st.sampled_from([0.35, 0.7, 0.85]))
def test_the_ratio_test_is_that_of_two_nearest_ones(
    pair: tuple[np.ndarray, np.ndarray], ratio: float
) -> None:
    a, b = pair
    norm = cv2.NORM_HAMMING if a.dtype == np.uint8 else cv2.NORM_L2
    expected = []
    for two in cv2.BFMatcher(norm).knnMatch(a, b, k=2):
        if len(two) == 2 and two[0].distance < ratio * two[1].distance:
            expected.append([two[0].queryIdx, two[0].trainIdx])
    assert match(a, b, ratio).tolist() == expected
    chosen = {tuple(row) for row in match(a, b, ratio, mutual=True).tolist()}
    others = {tuple(row) for row in match(a, b, 1, mutual=True).tolist()}
    assert chosen == {tuple(row) for row in expected} & others


def test_distances_are_taken_some_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    a, b = (rng.random((n, 8), dtype=np.float32) for n in (57, 41))
    expected = [match(a, b, ratio, mutual) for ratio in (1, 0.9) for mutual in (False, True)]
    monkeypatch.setattr(features, "_AT_ONCE", 130)
    again = [match(a, b, ratio, mutual) for ratio in (1, 0.9) for mutual in (False, True)]
    assert [one.tolist() for one in again] == [one.tolist() for one in expected]
    assert min(map(len, expected)) > 0
    same = np.zeros((9, 1), np.float32)  # of equals, the first is taken, wherever it comes
    monkeypatch.setattr(features, "_AT_ONCE", 18)
    assert match(same, same, 1, mutual=True).tolist() == [[0, 0]]


def test_many_descriptors_take_a_bounded_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(features, "_AT_ONCE", 100_000)
    a = np.random.default_rng(0).random((4_000, 4), dtype=np.float32)
    tracemalloc.start()
    match(a, a)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 8e6  # all distances at once would be 128 MB


def test_nothing_matches_nothing() -> None:
    some, none = np.ones((3, 4), np.float32), np.ones((0, 4), np.float32)
    for pair in ((some, none), (none, some), (none, none)):
        for mutual in (False, True):
            found = match(*pair, mutual=mutual)
            assert found.shape == (0, 2)
            assert found.dtype == np.intp


def test_one_candidate_passes_no_ratio_but_one() -> None:
    a = np.float32([[0, 0], [5, 5]])
    assert match(a, a[:1], 0.99).tolist() == []
    assert match(a, a[:1], 1).tolist() == [[0, 0], [1, 0]]


def test_twins_pass_no_ratio_but_one() -> None:
    a, twins = np.float32([[1, 2]]), np.float32([[1, 2], [1, 2]])
    assert match(a, twins, 0.99).tolist() == []
    assert match(a, twins, 1).tolist() == [[0, 0]]


def test_descriptors_that_cannot_be_compared_are_refused() -> None:
    a = np.zeros((3, 4), np.float32)
    with pytest.raises(ValueError, match="descriptors_b has 5 numbers per point; expected 4"):
        match(a, np.zeros((3, 5), np.float32))
    with pytest.raises(TypeError, match="descriptors_b is uint8; expected float32"):
        match(a, np.zeros((3, 4), np.uint8))
    with pytest.raises(TypeError, match="descriptors_a is NoneType"):
        match(None, a)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="descriptors_b is int64"):
        match(a, np.zeros((3, 4), np.int64))
    for shape in ((4,), (2, 0), (2, 3, 4)):
        with pytest.raises(ValueError, match="descriptors_a has shape"):
            match(np.zeros(shape, np.float32), a)
    with pytest.raises(ValueError, match="descriptors_b holds nan or infinity"):
        match(a, np.full((3, 4), np.nan, np.float32))
    for ratio in (0, -1, 1.5, float("nan")):
        with pytest.raises(ValueError, match="ratio is"):
            match(a, a, ratio)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([1, 3, 7, 11]))
def test_patches_forget_brightness_and_contrast(seed: int, size: int) -> None:
    rng = np.random.default_rng(seed)
    image = rng.random((12, 17), dtype=np.float32)
    points = np.stack([rng.integers(0, 17, 5), rng.integers(0, 12, 5)], axis=1)
    found = patches(image, points, size)
    assert found.shape == (5, size**2)
    assert found.dtype == np.float32
    assert np.allclose(patches(3 * image + 0.5, points, size), found, atol=1e-4)
    if size > 1:
        assert np.allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)
        assert np.allclose(found.sum(axis=1), 0, atol=1e-4)
    else:
        assert not found.any()


def test_patches_correlate_as_opencvs_template_matching_does() -> None:
    image = photograph("camera")[100:140, 200:250]
    points = np.array([[8, 9], [30, 20], [41, 32]])
    found = patches(image, points, 11)
    for at, (x, y) in enumerate(points):
        template = image[y - 5 : y + 6, x - 5 : x + 6]
        theirs = cv2.matchTemplate(image, template, cv2.TM_CCOEFF_NORMED)
        for other, (u, v) in enumerate(points):
            assert found[at] @ found[other] == pytest.approx(theirs[v - 5, u - 5], abs=1e-4)


def test_a_flat_patch_is_zero_and_a_corner_of_the_picture_has_one() -> None:
    assert not patches(np.full((9, 9), 200, np.uint8), np.array([[0, 0], [8, 8]])).any()
    assert not patches(np.full((9, 9), 0.1, np.float32), np.array([[4, 4]])).any()
    assert patches(np.eye(9, dtype=np.float32), np.array([[0, 0]]), 5).any()
    assert patches(np.eye(9, dtype=np.float32), np.empty((0, 2)), 5).shape == (0, 25)


def test_points_beyond_the_picture_are_refused() -> None:
    image = np.zeros((4, 6), np.uint8)
    for point in ((6, 0), (0, 4), (-1, 0)):
        with pytest.raises(ValueError, match="points reach beyond the picture; expected x < 6"):
            patches(image, np.array([point]))
    with pytest.raises(ValueError, match="points holds nan"):
        patches(image, np.array([[np.nan, 0]]))
    with pytest.raises(ValueError, match=r"points has shape \(3,\); expected \(N, 2\)"):
        patches(image, np.zeros(3))
    for size in (0, 4):
        with pytest.raises(ValueError, match=f"size is {size}"):
            patches(image, np.zeros((1, 2)), size)


def test_keypoints_go_to_opencv_and_back() -> None:
    rng = np.random.default_rng(0)
    points = rng.random((7, 2), dtype=np.float32)
    one = Keypoints(points, *rng.random((3, 7), dtype=np.float32))
    again = Keypoints.from_opencv(one.to_opencv())
    for name in ("points", "size", "angle", "response"):
        assert np.array_equal(getattr(one, name), getattr(again, name))
        assert getattr(again, name).dtype == np.float32
    few = one[one.response > 0.5]
    assert len(few) == (one.response > 0.5).sum()
    assert np.array_equal(few.angle, one.angle[one.response > 0.5])
    assert len(Keypoints.from_opencv([])) == len(Keypoints.at([])) == 0


def test_keypoints_of_other_shapes_are_refused() -> None:
    three = np.zeros(3, np.float32)
    with pytest.raises(ValueError, match=r"points has shape \(3,\)"):
        Keypoints(three, three, three, three)
    with pytest.raises(ValueError, match=r"angle has shape \(2,\); expected \(3,\)"):
        Keypoints(np.zeros((3, 2), np.float32), three, three[:2], three)


def test_grey_is_luma_and_leaves_grey_alone() -> None:
    image = photograph("coffee")[:5, :7]
    assert np.array_equal(grey(image), cv2.cvtColor(image, cv2.COLOR_RGB2GRAY))
    assert grey(image[..., 0]).shape == (5, 7)
