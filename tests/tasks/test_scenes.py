"""Relations are held to their definition, box by box, and answers to a count by hand."""

from __future__ import annotations

import re
from itertools import product

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from cvlib.data import mnist_sample, scenes
from cvlib.tasks.scenes import RELATIONS, Question, answer, as_digit, describe, parse, relation

edge = st.integers(0, 6)
box = st.tuples(edge, edge, edge, edge).map(
    lambda b: (min(b[0], b[2]), min(b[1], b[3]), max(b[0], b[2]) + 1, max(b[1], b[3]) + 1)
)
boxes = st.lists(box, max_size=5)
things = st.lists(st.tuples(box, st.integers(0, 3)), max_size=5)

# By the definition, for one pair: x1, y1, x2, y2 of either.
DEFINED = {
    "left of": lambda a, b: a[0] + a[2] < b[0] + b[2],
    "right of": lambda a, b: a[0] + a[2] > b[0] + b[2],
    "above": lambda a, b: a[1] + a[3] < b[1] + b[3],
    "below": lambda a, b: a[1] + a[3] > b[1] + b[3],
    "larger than": lambda a, b: area(a) > area(b),
    "smaller than": lambda a, b: area(a) < area(b),
    "inside": lambda a, b: a[0] >= b[0] and a[1] >= b[1] and a[2] <= b[2] and a[3] <= b[3],
}
HALVES = {
    "left": lambda b: b[0] + b[2] <= 8,
    "right": lambda b: b[0] + b[2] >= 8,
    "upper": lambda b: b[1] + b[3] <= 8,
    "lower": lambda b: b[1] + b[3] >= 8,
}


def area(b: tuple[int, ...]) -> int:
    return (b[2] - b[0]) * (b[3] - b[1])


def tensor(rows: list) -> Tensor:
    return torch.tensor(rows, dtype=torch.float32).view(-1, 4)


def given_as(rows: list) -> dict[str, Tensor]:
    return {
        "boxes": tensor([b for b, _ in rows]),
        "labels": torch.tensor([label for _, label in rows], dtype=torch.int64),
    }


@pytest.mark.parametrize("name", RELATIONS)
@given(first=boxes, second=boxes)
@settings(max_examples=25, deadline=None)
def test_relation_is_as_defined(name: str, first: list, second: list) -> None:
    found = relation(name, tensor(first), tensor(second))
    assert found.shape == (len(first), len(second))
    assert found.dtype == torch.bool
    expected = [[DEFINED[name](a, b) for b in second] for a in first]
    assert found.tolist() == expected


@given(rows=things)
@settings(max_examples=30, deadline=None)
def test_answers_are_counted(rows: list) -> None:
    found = given_as(rows)
    labels = [label for _, label in rows]
    for half, label in product([None, *HALVES], [None, 2]):
        kept = [
            mark
            for b, mark in rows
            if (half is None or HALVES[half](b)) and (label is None or mark == label)
        ]
        where = "" if half is None else f" in the {half} half"
        what = "digits" if label is None else f"{label}s"
        there = " there" if not where else ""
        assert answer(f"How many {what} are{there}{where}?", found, (8, 8)) == str(len(kept))
        one = "digit" if label is None else str(label)
        expected = "yes" if kept else "no"
        assert answer(f"Is there a {one}{where}?", found, (8, 8)) == expected
        if label is None:
            total = answer(f"What is the sum of the digits{where}?", found, (8, 8))
            assert total == str(sum(kept))
    for name in RELATIONS:
        said = answer(f"how many digits are {name} the 1", found, (8, 8))
        if labels.count(1) == 1:
            (other,) = [b for b, mark in rows if mark == 1]
            # A box lies inside itself.
            assert said == str(sum(DEFINED[name](b, other) for b, _ in rows))
        elif labels.count(1) == 0:
            assert said == "there is no 1"
        else:
            assert said == f"there are {labels.count(1)} digits 1"


@given(rows=things)
@settings(max_examples=30, deadline=None)
def test_the_digit_that_is_most_so_is_beaten_by_none(rows: list) -> None:
    found = given_as(rows)
    for extreme, key in {
        "leftmost": lambda b: -b[0] - b[2],
        "rightmost": lambda b: b[0] + b[2],
        "topmost": lambda b: -b[1] - b[3],
        "bottommost": lambda b: b[1] + b[3],
        "largest": area,
        "smallest": lambda b: -area(b),
    }.items():
        said = answer(f"Which digit is the {extreme}?", found, (8, 8))
        if not rows:
            assert said == "there is no digit"
        else:
            most = max(key(b) for b, _ in rows)
            assert said == str(next(label for b, label in rows if key(b) == most))


def test_size_is_height_and_width() -> None:
    found = {"boxes": tensor([[10.0, 1.0, 12.0, 3.0]]), "labels": torch.tensor([4])}
    assert answer("Is there a 4 in the left half?", found, (8, 30)) == "yes"
    assert answer("Is there a 4 in the left half?", found, (30, 8)) == "no"


def test_description_lists_from_left_to_right() -> None:
    rows = [((8, 0, 12, 2), 5), ((0, 4, 3, 8), 0), ((4, 4, 6, 6), 5)]
    said = "There are 3 digits: 0, 5 and 5, from left to right. The 0 is the largest."
    assert describe(given_as(rows)) == said
    assert describe(given_as(rows[:1])) == "There is one digit, a 5."
    assert describe(given_as([])) == "There is no digit."


def test_question_may_be_taken_apart_beforehand() -> None:
    asked = parse("  What is the SUM of the  digits below the 0 ")
    assert asked == Question("sum", relation="below", other=0)
    assert answer(asked, given_as([((0, 0, 1, 1), 0), ((0, 2, 1, 3), 3)]), (8, 8)) == "3"


@pytest.mark.parametrize(
    "question",
    [
        "Why?",
        "",
        "How many digits?",
        "How many letters are there?",
        "How many 12s are there?",
        "Is there a 3 in the first half?",
        "Is there a 3 beside the 4?",
        "Which digit is oldest?",
        "Which digit is largest in the left half?",
    ],
)
def test_other_questions_are_refused_with_examples(question: str) -> None:
    with pytest.raises(ValueError, match=r"question is .*; expected something like"):
        parse(question)


def test_bad_things() -> None:
    none = given_as([])
    with pytest.raises(TypeError, match="question is int"):
        parse(3)  # type: ignore[arg-type]
    with pytest.raises(KeyError, match="no labels"):
        describe({"boxes": tensor([])})
    with pytest.raises(ValueError, match=re.escape("labels has shape (1,); expected (0,)")):
        describe(none | {"labels": torch.tensor([1])})
    with pytest.raises(ValueError, match="x1 <= x2"):
        describe({"boxes": tensor([[5, 0, 1, 1]]), "labels": torch.tensor([1])})
    with pytest.raises(ValueError, match="boxes"):
        relation("above", torch.zeros(4), tensor([]))
    with pytest.raises(ValueError, match="name is 'beside'"):
        relation("beside", tensor([]), tensor([]))
    with pytest.raises(ValueError, match="size is 0"):
        answer("How many digits are there?", none, (0, 8))


@given(
    top=st.integers(0, 8),
    left=st.integers(0, 8),
    height=st.integers(1, 40),
    wide=st.integers(1, 40),
)
@settings(max_examples=25, deadline=None)
def test_a_digit_is_twenty_long_and_centred(top: int, left: int, height: int, wide: int) -> None:
    ink = torch.rand(height, wide, generator=torch.Generator().manual_seed(top + 9 * left))
    ink = ink * 0.9 + 0.1
    framed = as_digit(ink)
    rows, columns = torch.where(framed > 0)
    spans = int(rows.amax() - rows.amin()) + 1, int(columns.amax() - columns.amin()) + 1
    assert max(spans) == 20
    for axis in (0, 1):
        mass = framed.sum(1 - axis)
        mean = float((mass * torch.arange(28)).sum() / mass.sum())
        assert 13.5 - 1e-3 <= mean < 14.5 + 1e-3


def test_digits_of_mnist_stay_what_they_are() -> None:
    """What was framed by others comes out nearly as it was, once it is cut out."""
    images = mnist_sample().images[::50, 0].float() / 255
    off = []
    for image in images:
        rows, columns = (torch.where((image > 0).any(axis))[0] for axis in (1, 0))
        cut = image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        off.append(float((as_digit(cut) - image).abs().mean()))
    assert sorted(off)[90] < 1e-3  # all but a few are 20 pixels long
    assert max(off) < 0.1


def test_no_ink_and_bad_ink() -> None:
    assert not as_digit(torch.zeros(5, 9)).any()
    assert as_digit(torch.ones(1, 20_000)).shape == (28, 28)
    for ink, error, message in (
        (torch.zeros(3, dtype=torch.float32), ValueError, "ink has shape (3,)"),
        (torch.zeros(0, 3), ValueError, "ink has shape (0, 3)"),
        (torch.zeros(3, 3, dtype=torch.uint8), TypeError, "ink is torch.uint8"),
        (torch.full((2, 2), 1.5), ValueError, "ink goes from 1.5 to 1.5"),
        (torch.full((2, 2), float("nan")), ValueError, "ink goes from nan"),
    ):
        with pytest.raises(error, match=re.escape(message)):
            as_digit(ink)


def test_truth_answers_every_scene() -> None:
    some = scenes(20, split="test")
    for found, labels in zip(some.boxes, some.labels, strict=True):
        truth = {"boxes": found, "labels": labels}
        assert answer("How many digits are there?", truth, (96, 96)) == str(len(labels))
        assert answer("Is there a digit in the lower half?", truth, (96, 96)) in ("yes", "no")
