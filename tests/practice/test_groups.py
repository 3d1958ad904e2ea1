"""Intervals and weights are SciPy's and scikit-learn's; bars have the width of their drawing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest
from sklearn.utils.class_weight import compute_class_weight

from cvlib.data import drawn_strokes, rasterize
from cvlib.practice.groups import (
    balanced_indices,
    balanced_weights,
    group_accuracies,
    stroke_widths,
    wilson_interval,
)

few = settings(max_examples=60, deadline=None)
counts = st.integers(1, 400).flatmap(lambda total: st.tuples(st.integers(0, total), st.just(total)))


@few
@given(counts, st.sampled_from([0.5, 0.9, 0.95, 0.99]))
def test_intervals_are_scipys(count: tuple[int, int], confidence: float) -> None:
    expected = binomtest(*count).proportion_ci(confidence, method="wilson")
    assert wilson_interval(*count, confidence) == pytest.approx((expected.low, expected.high))


def test_an_interval_ends_where_nothing_or_everything_was_right() -> None:
    for total in (1, 7, 1000):
        assert wilson_interval(0, total)[0] == 0
        assert wilson_interval(total, total)[1] == 1
        assert wilson_interval(total, total)[0] < 1


def test_nineteen_of_twenty_intervals_hold_the_truth() -> None:
    draw = np.random.default_rng(0).binomial(100, 0.9, 4000)
    held = [low <= 0.9 <= high for low, high in (wilson_interval(int(n), 100) for n in draw)]
    assert np.mean(held) == pytest.approx(0.95, abs=0.02)


answered = st.lists(st.tuples(st.booleans(), st.integers(0, 4)), min_size=1, max_size=40)


@few
@given(answered)
def test_groups_are_counted_as_one_counts_them(rows: Any) -> None:
    right = torch.tensor([hit for hit, _ in rows])
    groups = torch.tensor([group for _, group in rows])
    found = group_accuracies(right, groups, ["a", "b", "c", "d", "e"])
    by_hand = {}
    for hit, group in rows:
        before = by_hand.get("abcde"[group], (0, 0))
        by_hand["abcde"[group]] = before[0] + hit, before[1] + 1
    assert {each.name: (each.right, each.total) for each in found} == by_hand
    assert [each.name for each in found] == sorted(by_hand)
    for each in found:
        assert each.accuracy == by_hand[each.name][0] / by_hand[each.name][1]
        assert (each.low, each.high) == wilson_interval(each.right, each.total)
    assert [each.name for each in group_accuracies(right, groups)] == sorted(
        {str(group) for _, group in rows}
    )


@pytest.mark.parametrize("width", [2, 4, 6, 8])
@pytest.mark.parametrize("across", [False, True])
def test_a_bar_has_its_width(width: int, across: bool) -> None:
    bar = torch.zeros(1, 1, 30, 30, dtype=torch.uint8)
    bar[0, 0, 9 : 9 + width] = 200
    assert stroke_widths(bar.transpose(2, 3) if across else bar).tolist() == [width]


def test_a_thicker_pen_draws_thicker_strokes_and_paper_has_none() -> None:
    pens = [1.5, 2.5, 3.5, 4.5]
    for strokes in (next(iter(drawn_strokes()[digit].values())) for digit in "307"):
        pictures = np.stack([rasterize(strokes, width=pen) for pen in pens])
        found = stroke_widths(torch.from_numpy(pictures)[:, None]).tolist()
        assert found == sorted(found)
        assert all(abs(a - b) < 0.7 for a, b in zip(found, pens, strict=True))
    empty = torch.full((1, 1, 4, 4), 127, dtype=torch.uint8)
    assert stroke_widths(empty).tolist() == [0]
    assert stroke_widths(empty + 1).tolist() == [float("inf")]


labelled = st.lists(st.integers(0, 3), max_size=30).map(lambda some: [*some, 0, 1, 2, 3])


@few
@given(labelled)
def test_weights_are_scikit_learns(labels: list[int]) -> None:
    expected = compute_class_weight("balanced", classes=np.arange(4), y=np.array(labels))
    assert np.allclose(balanced_weights(torch.tensor(labels), 4), expected)


@few
@given(labelled, st.integers(0, 99))
def test_all_classes_come_equally_often_and_no_picture_is_favoured(
    labels: list[int], seed: int
) -> None:
    given_ = torch.tensor(labels)
    chosen = balanced_indices(given_, 4, torch.Generator().manual_seed(seed))
    most = int(given_.bincount().max())
    assert given_[chosen].bincount().tolist() == [most] * 4
    often = chosen.bincount(minlength=len(labels))
    assert often.min() >= 1
    for label in range(4):
        own = often[given_ == label]
        assert int(own.max() - own.min()) <= 1


def test_who_comes_once_more_is_drawn_by_lot() -> None:
    labels = torch.tensor([0] * 15 + [1] * 10)
    lots = {
        tuple(balanced_indices(labels, 2, torch.Generator().manual_seed(seed)).tolist())
        for seed in range(5)
    }
    assert len(lots) > 1
    assert lots == {
        tuple(balanced_indices(labels, 2, torch.Generator().manual_seed(seed)).tolist())
        for seed in range(5)
    }
    for lot in lots:
        assert list(lot) == sorted(lot)  # the labels are in order, so these are, too
        assert sorted(lot.count(at) for at in range(15, 25)) == [1] * 5 + [2] * 5


TWO = torch.tensor([0, 1])


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: wilson_interval(1, 0), ValueError, "total is 0; expected at least 1"),
        (lambda: wilson_interval(3, 2), ValueError, "right is 3; expected at most 2"),
        (lambda: wilson_interval(-1, 2), ValueError, "right is -1"),
        (lambda: wilson_interval(1, 2, 1), ValueError, "confidence is 1; expected"),
        (lambda: wilson_interval(1.5, 2), TypeError, "right is 1.5; expected an integer"),  # type: ignore[arg-type]
        (lambda: group_accuracies(TWO.float(), TWO), TypeError, "right is torch.float32"),
        (lambda: group_accuracies(TWO, TWO[:1]), ValueError, r"groups has shape \(1,\)"),
        (lambda: group_accuracies(TWO, TWO, ["a"]), ValueError, "groups has the group 1"),
        (lambda: group_accuracies(TWO, TWO - 1), ValueError, "groups has the group -1"),
        (lambda: stroke_widths(torch.zeros(1, 1, 2, 2)), TypeError, "images is torch.float32"),
        (
            lambda: stroke_widths(torch.zeros(1, 3, 2, 2, dtype=torch.uint8)),
            ValueError,
            r"images has shape \(1, 3, 2, 2\)",
        ),
        (lambda: balanced_weights(TWO, 3), ValueError, "labels lacks the class 2"),
        (lambda: balanced_weights(TWO - 1, 2), ValueError, "labels has the class -1; expected 0"),
        (lambda: balanced_weights(TWO, 1), ValueError, "labels has the class 1; expected 0 to 0"),
        (lambda: balanced_indices(TWO.float(), 2), ValueError, "labels is torch.float32"),
    ],
)
def test_what_does_not_fit_is_named(call: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call()
