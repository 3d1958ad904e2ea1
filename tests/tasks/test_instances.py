"""Things are taken apart where they are narrow, and paired with true ones as one would by hand."""

from __future__ import annotations

from collections.abc import Callable
from itertools import permutations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from cvlib.data import nuclei
from cvlib.tasks.instances import match, separate

random_cases = settings(deadline=None, max_examples=30, derandomize=True)
SIDES = st.integers(1, 12)
LABELS = st.tuples(SIDES, SIDES).flatmap(
    lambda shape: arrays(np.int64, (2, *shape), elements=st.integers(0, 4))
)


def discs(*places: tuple[int, int, int], shape: tuple[int, int] = (60, 90)) -> NDArray[np.uint8]:
    region = np.zeros(shape, np.uint8)
    for x, y, radius in places:
        cv2.circle(region, (x, y), radius, 255, -1)
    return region


@pytest.mark.parametrize(
    ("places", "count"),
    [
        ([(20, 20, 9)], 1),
        ([(20, 20, 9), (35, 20, 9)], 2),
        ([(20, 20, 9), (24, 20, 9)], 1),  # too near: one long thing
        ([(20, 20, 9), (34, 22, 9), (49, 20, 9)], 3),
        ([(20, 20, 12), (36, 20, 7)], 2),
        ([(0, 20, 9), (60, 20, 9)], 2),  # half of one lies outside of the picture
        ([(20, 20, 2)], 0),  # smaller than 20 pixels
    ],
)
def test_touching_discs_are_counted(places: list[tuple[int, int, int]], count: int) -> None:
    region = discs(*places)
    found = separate(region)
    assert found.max() == count
    assert found.dtype == np.int32
    if count:
        assert np.array_equal(found > 0, region > 0)


@random_cases
@given(arrays(np.bool_, st.tuples(SIDES, SIDES)), st.sampled_from([0.0, 0.7, 2.0]))
def test_every_pixel_of_the_region_belongs_to_one_thing_that_hangs_together(
    region: NDArray[np.bool_], smooth: float
) -> None:
    found = separate(region, smooth=smooth, height=0.5, smallest=0)
    assert np.array_equal(found > 0, region)
    for number in range(1, found.max() + 1):
        count, _ = cv2.connectedComponents(np.uint8(found == number), connectivity=8)
        assert count == 2


def test_things_that_do_not_touch_are_the_connected_ones() -> None:
    region = discs((12, 12, 8), (40, 12, 9), (70, 40, 11))
    _, parts = cv2.connectedComponents(region, connectivity=4)
    pairs = {(int(a), int(b)) for a, b in zip(separate(region).flat, parts.flat, strict=True)}
    assert len(pairs) == 4
    assert (0, 0) in pairs


def test_the_border_of_the_picture_is_no_edge_of_a_thing() -> None:
    bar = np.zeros((30, 70), bool)
    bar[:8] = True
    bar[7, 30:40] = False  # a neck of 7 pixels, which would be 3.5 wide either way
    for turned in range(4):
        assert separate(np.rot90(bar, turned), smooth=0, height=0.7).max() == 2


def test_nothing_and_everything() -> None:
    assert separate(np.zeros((5, 7), bool)).max() == 0
    assert separate(np.ones((5, 7), bool)).tolist() == np.ones((5, 7)).tolist()


def test_true_nuclei_are_taken_apart_again() -> None:
    _, masks = nuclei()
    found = separate(masks)
    matching = match(found, masks)
    assert matching.true == 125
    assert abs(matching.found - 125) <= 6
    assert matching.f1 > 0.95


def paired_by_hand(found: NDArray[np.int64], true: NDArray[np.int64], threshold: float) -> int:
    """Try every order, and count the pairs of the best."""
    ones, others = (np.unique(each[each > 0]) for each in (found, true))
    overlap = [
        [((found == a) & (true == b)).sum() / ((found == a) | (true == b)).sum() for b in others]
        for a in ones
    ]
    enough = np.array(overlap).reshape(len(ones), len(others)) >= threshold
    if len(ones) > len(others):
        enough = enough.T
    return max(
        sum(enough[row, column] for row, column in enumerate(order))
        for order in permutations(range(enough.shape[1]), enough.shape[0])
    )


@random_cases
@given(LABELS, st.sampled_from([0.1, 0.3, 0.5, 0.75, 1.0]))
def test_there_are_as_many_pairs_as_there_can_be(
    drawn: NDArray[np.int64], threshold: float
) -> None:
    found, true = drawn
    matching = match(found, true, threshold)
    assert len(matching.pairs) == paired_by_hand(found, true, threshold)
    assert len(set(matching.pairs[:, 0])) == len(set(matching.pairs[:, 1])) == len(matching.pairs)
    for (a, b), overlap in zip(matching.pairs, matching.overlaps, strict=True):
        both, either = (found == a) & (true == b), (found == a) | (true == b)
        assert overlap == both.sum() / either.sum() >= threshold
    assert matching.found == len(np.unique(found[found > 0]))
    assert matching.true == len(np.unique(true[true > 0]))


@random_cases
@given(LABELS)
def test_the_numbers_of_things_do_not_matter_and_all_match_themselves(
    drawn: NDArray[np.int64],
) -> None:
    found, true = drawn
    again = match(np.where(found > 0, 900 - 7 * found, 0), true)
    assert again.f1 == pytest.approx(match(found, true).f1, nan_ok=True)
    if true.any():
        same = match(true, true, 1.0)
        assert (same.precision, same.recall, same.f1) == (1, 1, 1)


def test_an_overlap_of_just_the_threshold_makes_a_pair() -> None:
    true = np.array([[1, 1, 0, 0, 2, 2]])
    found = np.array([[2, 0, 0, 1, 0, 0]])
    assert match(found, true, 0.5).pairs.tolist() == [[2, 1]]


def test_scores_are_shares_and_nan_where_there_is_nothing() -> None:
    true = np.array([[1, 1, 0, 2, 2, 0, 3]])
    found = np.array([[1, 1, 0, 2, 0, 0, 0]])
    matching = match(found, true)
    assert (matching.precision, matching.recall, matching.f1) == (1, 2 / 3, 4 / 5)
    nothing = np.zeros_like(true)
    assert match(nothing, true).recall == match(nothing, true).f1 == 0
    assert np.isnan(match(nothing, true).precision)
    assert np.isnan(match(true, nothing).recall)
    assert np.isnan(match(nothing, nothing).f1)


PLANE = np.zeros((3, 4), int)


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda: match(PLANE, PLANE[1:]), ValueError, "true has shape (2, 4); expected (3, 4)"),
        (lambda: match(PLANE, PLANE - 1), ValueError, "true holds -1; expected numbers from 0 up"),
        (lambda: match(PLANE * 1.5, PLANE), TypeError, "found has dtype float64; expected whole"),
        (lambda: match(PLANE[0], PLANE[0]), ValueError, "found has shape (4,); expected (H, W)"),
        (lambda: match(PLANE, PLANE, 0), ValueError, "threshold is 0; expected a number above 0"),
        (lambda: match(PLANE, PLANE, 2), ValueError, "threshold is 2; expected a number from 0"),
        (lambda: match([[0]], PLANE), TypeError, "found is list; expected an array"),  # type: ignore[arg-type]
        (lambda: separate(PLANE * np.nan), ValueError, "foreground holds nan; expected numbers"),
        (lambda: separate(PLANE[None]), ValueError, "foreground has shape (1, 3, 4)"),
        (lambda: separate(PLANE.astype(str)), TypeError, "foreground has dtype <U21"),
        (lambda: separate(PLANE, smooth=-1), ValueError, "smooth is -1; expected a number"),
        (lambda: separate(PLANE, height=-1), ValueError, "height is -1; expected a number"),
        (lambda: separate(PLANE, smallest=-1), ValueError, "smallest is -1; expected at least 0"),
    ],
)
def test_what_cannot_be_is_refused(
    call: Callable[[], object], kind: type[Exception], message: str
) -> None:
    with pytest.raises(kind) as refused:
        call()
    assert message in str(refused.value)
