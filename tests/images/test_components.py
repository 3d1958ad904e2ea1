"""Connected components, held against OpenCV's and SciPy's; also where a mask is hard."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import ndimage

from cvlib.data import photograph
from cvlib.images.components import (
    connected_components,
    connected_components_with_stats,
    find_runs,
)

SIDES = st.integers(1, 16)
MASKS = arrays(np.uint8, st.tuples(SIDES, SIDES), elements=st.sampled_from((0, 0, 1, 255)))


@settings(max_examples=100, deadline=None)
@given(MASKS, st.sampled_from((4, 8)))
def test_pieces_are_opencvs_with_their_numbers_and_measures(
    mask: np.ndarray, connectivity: int
) -> None:
    ours = connected_components_with_stats(mask, connectivity)
    theirs = cv2.connectedComponentsWithStatsWithAlgorithm(
        mask, connectivity, cv2.CV_32S, cv2.CCL_SAUF
    )
    first = 0 if (mask == 0).any() else 1  # OpenCV measures no background without pixels
    assert ours[0] == theirs[0]
    for one, other, start in zip(ours[1:], theirs[1:], (0, first, first), strict=True):
        assert one.dtype == other.dtype
        np.testing.assert_allclose(one[start:], other[start:])
    assert np.array_equal(connected_components(mask > 0, connectivity)[1], ours[1])


@settings(max_examples=30, deadline=None)
@given(MASKS)
def test_runs_cover_the_foreground_once(mask: np.ndarray) -> None:
    covered = np.zeros(mask.shape, dtype=int)
    for row, start, end in zip(*find_runs(mask), strict=True):
        covered[row, start:end] += 1
        assert start == 0 or mask[row, start - 1] == 0
        assert end == mask.shape[1] or mask[row, end] == 0
    assert np.array_equal(covered, mask > 0)


@pytest.mark.parametrize("name", ["coins", "camera", "page"])
def test_pieces_of_photographs_are_scipys(name: str) -> None:
    mask = photograph(name) > 120
    for connectivity, structure in ((4, None), (8, np.ones((3, 3)))):
        expected, count = ndimage.label(mask, structure)
        ours = connected_components(mask, connectivity)
        assert ours[0] == count + 1
        assert np.array_equal(ours[1], expected)


def test_a_spiral_is_one_piece() -> None:
    spiral = np.zeros((41, 41), dtype=np.uint8)
    r, c, down, right, steps = 20, 20, 0, 1, 2
    while steps < 40:
        for _ in range(2):
            for _ in range(steps):
                spiral[r, c] = 1
                r, c = r + down, c + right
            down, right = right, -down
        steps += 2
    assert connected_components(spiral, 4)[0] == 2
    assert connected_components(1 - spiral, 4)[0] == 2


def test_a_mask_without_foreground_and_one_without_background() -> None:
    count, labels, stats, centroids = connected_components_with_stats(np.zeros((3, 4), bool))
    assert (count, labels.any(), stats.tolist()) == (1, False, [[0, 0, 4, 3, 12]])
    assert centroids.tolist() == [[1.5, 1]]
    count, labels, stats, centroids = connected_components_with_stats(np.ones((3, 4), bool))
    assert (count, labels.all()) == (2, True)
    assert stats.tolist() == [[0, 0, 0, 0, 0], [0, 0, 4, 3, 12]]
    assert np.isnan(centroids[0]).all()
    assert centroids[1].tolist() == [1.5, 1]


def test_a_strip_of_twenty_thousand_columns() -> None:
    comb = np.zeros((40, 20_000), dtype=np.uint8)
    comb[:, ::2] = 1
    assert connected_components(comb)[0] == 10_001
    comb[-1] = 1
    count, _, stats, _ = connected_components_with_stats(comb)
    assert count == 2
    assert stats[1].tolist() == [0, 0, 20_000, 40, 40 * 10_000 + 10_000]


def test_what_is_no_mask_is_refused() -> None:
    with pytest.raises(TypeError, match="mask has dtype float64; expected bool or uint8"):
        connected_components(np.array([[1.0, np.nan]]))  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="mask is list; expected an array of bool or uint8"):
        connected_components([[1]])  # type: ignore[arg-type]
    for shape in ((0, 5), (5,), (2, 3, 3)):
        with pytest.raises(ValueError, match=r"mask has shape .*; expected \(H, W\), not empty"):
            connected_components(np.zeros(shape, dtype=np.uint8))
    with pytest.raises(ValueError, match="connectivity is 6; expected 4 or 8"):
        connected_components(np.ones((2, 2), dtype=np.uint8), 6)
