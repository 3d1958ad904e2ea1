"""RANSAC: who agrees, how many samples it takes, and what no sample can find."""

import math

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cvlib.images.correspondence import ransac, transfer_errors, trials
from cvlib.images.homography import find_homography, perspective_transform

SEEDS = st.integers(0, 2**32 - 1)


def pairs(seed: int, right: int, wrong: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw pairs: right ones within half a pixel, and wrong ones at least 20 pixels off."""
    generator = np.random.default_rng(seed)
    corners = np.array([[0.0, 0], [640, 0], [640, 480], [0, 480]])
    moved = corners + generator.uniform(-100, 100, corners.shape)
    matrix = cv2.getPerspectiveTransform(np.float32(corners), np.float32(moved))
    source = generator.uniform((0, 0), (640, 480), (right + wrong, 2))
    target = perspective_transform(source, matrix)
    target[:right] += generator.uniform(-0.35, 0.35, (right, 2))
    angle, far = generator.uniform(0, 2 * np.pi, wrong), generator.uniform(20, 300, wrong)
    target[right:] += np.stack([far * np.cos(angle), far * np.sin(angle)], axis=1)
    return source, target, matrix


@settings(max_examples=20, deadline=None)
@given(SEEDS, st.integers(20, 40), st.integers(0, 40))
def test_right_pairs_agree_and_wrong_ones_do_not(seed: int, right: int, wrong: int) -> None:
    source, target, matrix = pairs(seed, right, wrong)
    found = ransac(source, target, confidence=0.99999, seed=seed % 1000)
    assert found.inliers[:right].mean() > 0.9
    # A wrong pair may lie near the right place by chance, if its own homography bends there.
    assert found.inliers[right:].sum() <= 1
    np.testing.assert_allclose(
        perspective_transform(source, found.matrix), perspective_transform(source, matrix), atol=3
    )


def test_the_matrix_is_that_of_all_who_agree_and_opencvs_own() -> None:
    source, target, _ = pairs(7, 60, 40)
    found = ransac(source, target)
    assert found.inliers[:60].all()
    assert not found.inliers[60:].any()
    expected, mask = cv2.findHomography(source, target, cv2.RANSAC, 3.0)
    assert np.array_equal(found.inliers, mask[:, 0] == 1)
    np.testing.assert_allclose(
        perspective_transform(source, found.matrix),
        perspective_transform(source, expected),
        atol=2e-3,
    )
    alone = find_homography(source[:60], target[:60])
    np.testing.assert_allclose(found.matrix, alone, rtol=1e-9, atol=1e-12)
    agrees = transfer_errors(source, target, found.matrix) <= 3
    assert np.array_equal(found.inliers, agrees)


def test_all_right_takes_one_sample_and_all_wrong_takes_the_most() -> None:
    source, target, _ = pairs(1, 30, 0)
    assert ransac(source, target).trials == 1
    shuffled = np.random.default_rng(2).permutation(target)
    found = ransac(source, shuffled, most_trials=50)
    assert found.trials == 50
    assert 4 <= found.inliers.sum() < 10


def test_the_same_seed_draws_the_same() -> None:
    source, target, _ = pairs(3, 12, 30)
    first, second = (ransac(source, target, most_trials=200, seed=5) for _ in range(2))
    assert np.array_equal(first.matrix, second.matrix)
    assert first.trials == second.trials


@settings(max_examples=50)
@given(st.floats(0.05, 0.999), st.integers(1, 8), st.floats(0.01, 0.9999))
def test_trials_are_the_fewest_that_suffice(share: float, sample: int, confidence: float) -> None:
    count = trials(share, sample, confidence)
    failing = math.log1p(-(share**sample))  # the logarithm of a sample's chance to hold a mistake
    assert count * failing <= math.log1p(-confidence) + 1e-9
    assert count == 1 or (count - 1) * failing > math.log1p(-confidence) - 1e-9


def test_trials_of_fischler_and_bolles() -> None:
    # k = log(1 - z) / log(1 - w ** n), table of section II.B: w = 0.5, n = 4.
    assert trials(0.5, 4, 0.99) == 72
    assert trials(1.0) == 1


@pytest.mark.parametrize(
    ("arguments", "error", "told"),
    [
        ((0.0,), ValueError, "inlier_share is 0.0 .* expected a share above 0"),
        ((1e-100,), ValueError, "expected a share above 0"),
        ((1.2,), ValueError, "inlier_share is 1.2; expected a number from 0 to 1"),
        ((math.nan,), ValueError, "inlier_share is nan"),
        ((0.5, 0), ValueError, "sample is 0; expected at least 1"),
        ((0.5, 4, 1.0), ValueError, "confidence 1.0; expected .* a confidence between 0 and 1"),
        (("all",), TypeError, "inlier_share is 'all'; expected a number"),
    ],
)
def test_trials_refuse_what_cannot_be(arguments: tuple, error: type[Exception], told: str) -> None:
    with pytest.raises(error, match=told):
        trials(*arguments)


def test_what_cannot_agree_is_refused() -> None:
    line = np.stack([np.arange(9.0), 2 * np.arange(9.0)], axis=1)
    with pytest.raises(ValueError, match="no four pairs of 9 agree on a homography"):
        ransac(line, line, most_trials=20)
    square = np.array([[0, 0], [1, 0], [1, 1], [0, 1]])
    with pytest.raises(ValueError, match="source has 3 points; expected at least 4"):
        ransac(square[:3], square[:3])
    with pytest.raises(ValueError, match=r"target\[0\] is \[nan"):
        ransac(square, square + np.array([np.nan, 0]))
    for name, value in (("threshold", -1), ("most_trials", 0), ("confidence", 1.5)):
        with pytest.raises(ValueError, match=f"{name} is {value}"):
            ransac(square, square, **{name: value})


def test_a_point_that_goes_to_infinity_agrees_with_none() -> None:
    swap = np.array([[0.0, 0, 1], [0, 1, 0], [1, 0, 0]])
    nowhere = np.diag([1.0, 1, 0])  # (0, 0) goes to (0, 0, 0)
    for matrix in (swap, nowhere):
        assert np.isinf(transfer_errors(np.zeros((1, 2)), np.zeros((1, 2)), matrix)).all()
