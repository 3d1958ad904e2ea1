from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import cvlib
from cvlib.data import ImageSet

# A busy machine is no fault of the code.
UNHURRIED = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])

# Each picture holds its own number in its first two pixels, so that it is known again anywhere.


def numbered(labels: list[int], classes: int) -> ImageSet:
    images = torch.zeros(len(labels), 1, 2, 2, dtype=torch.uint8)
    numbers = torch.arange(len(labels))
    images[:, 0, 0, 0], images[:, 0, 0, 1] = numbers // 256, numbers % 256
    names = tuple(f"class {index}" for index in range(classes))
    return ImageSet(images, torch.tensor(labels, dtype=torch.int64), names, "numbered squares")


def numbers(pictures: ImageSet) -> list[int]:
    first = pictures.images[:, 0, 0].long()
    return (first[:, 0] * 256 + first[:, 1]).tolist()


@pytest.fixture
def ten() -> ImageSet:
    return numbered([0, 1] * 5, 2)


@st.composite
def labelled(draw: st.DrawFn) -> ImageSet:
    classes = draw(st.integers(1, 5))
    labels = draw(st.lists(st.integers(0, classes - 1), min_size=2, max_size=100))
    return numbered(labels, classes)


@UNHURRIED
@given(labelled(), st.data(), st.integers(0, 2**32))
def test_split_holds_every_picture_once_and_every_class_in_its_share(
    pictures: ImageSet, data: st.DataObject, seed: int
) -> None:
    wanted = data.draw(st.integers(1, len(pictures) - 1))
    train, test = pictures.split(wanted, seed)
    assert len(test) == wanted
    assert sorted(numbers(train) + numbers(test)) == list(range(len(pictures)))
    for part in (train, test):
        assert torch.equal(part.labels, pictures.labels[torch.tensor(numbers(part))])
        counts = part.labels.bincount(minlength=len(pictures.classes))
        exact = pictures.labels.bincount(minlength=len(pictures.classes)) * len(part)
        assert ((counts - exact / len(pictures)).abs() < 1).all()
    again = pictures.split(wanted, seed)
    assert [numbers(part) for part in again] == [numbers(train), numbers(test)]


@UNHURRIED
@given(labelled(), st.data())
def test_an_index_chooses_what_it_chooses_of_a_list(
    pictures: ImageSet, data: st.DataObject
) -> None:
    total = len(pictures)
    everything = list(range(total))
    cut = data.draw(st.slices(total))
    assert numbers(pictures[cut]) == everything[cut]
    positions = data.draw(st.lists(st.integers(-total, total - 1), max_size=20))
    expected = [everything[position] for position in positions]
    assert numbers(pictures[positions]) == expected
    assert numbers(pictures[torch.tensor(positions, dtype=torch.int64)]) == expected
    assert numbers(pictures[np.array(positions, dtype=np.int32)]) == expected
    mask = torch.tensor(data.draw(st.lists(st.booleans(), min_size=total, max_size=total)))
    chosen = pictures[mask]
    assert numbers(chosen) == [number for number in everything if mask[number]]
    assert torch.equal(chosen.labels, pictures.labels[mask])
    assert (chosen.classes, chosen.source) == (pictures.classes, pictures.source)


def test_split_is_shuffled_and_its_seed_matters() -> None:
    pictures = numbered([0] * 100 + [1] * 100, 2)
    train, test = pictures.split(50)
    assert numbers(train) != sorted(numbers(train))
    assert 0 < int(test.labels[:25].sum()) < 25
    assert numbers(pictures.split(50, seed=1)[1]) != numbers(test)


def test_split_is_the_same_on_every_machine() -> None:
    _, test = numbered([0, 1] * 10, 2).split(6, seed=0)
    assert numbers(test) == [4, 5, 13, 19, 14, 6]


def test_split_by_a_fraction(ten: ImageSet) -> None:
    train, test = ten.split(0.2)
    assert (len(train), len(test)) == (8, 2)
    assert test.labels.sort().values.tolist() == [0, 1]


@pytest.mark.parametrize("test", [0, 10, 11, -1, 0.0, 1.0, 1.5, 0.01, 0.99, float("nan")])
def test_split_leaves_no_side_empty(ten: ImageSet, test: float) -> None:
    with pytest.raises(ValueError, match=f"test is {test}; expected .* from 1 to 9"):
        ten.split(test)


@pytest.mark.parametrize("test", [True, "half", None])
def test_split_wants_a_number(ten: ImageSet, test: object) -> None:
    with pytest.raises(TypeError, match="test is"):
        ten.split(test)  # type: ignore[arg-type]


def test_split_leaves_the_global_random_state_alone(ten: ImageSet) -> None:
    before = torch.get_rng_state()
    ten.split(3)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize(
    ("index", "error", "message"),
    [
        (3, TypeError, "the number 3"),
        (torch.tensor([0.0]), TypeError, "float32"),
        (torch.tensor(3), ValueError, "one dimension"),
        (torch.zeros(2, 2, dtype=torch.int64), ValueError, "one dimension"),
        (torch.ones(9, dtype=torch.bool), ValueError, "a mask of 9; expected 10"),
        ([0, 10], IndexError, "between 0 and 10; the set holds 10"),
        ([-11], IndexError, "between -11 and -11"),
    ],
)
def test_an_index_that_fits_nothing(
    ten: ImageSet, index: object, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        ten[index]  # type: ignore[index]


IMAGES = torch.zeros(2, 1, 4, 4, dtype=torch.uint8)
LABELS = torch.tensor([0, 1])


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"images": IMAGES.float()}, TypeError, "images has dtype torch.float32; .*uint8"),
        ({"images": IMAGES.numpy()}, TypeError, "images is ndarray"),
        ({"labels": LABELS.int()}, TypeError, "labels has dtype torch.int32; .*int64"),
        ({"classes": ["a", "b"]}, TypeError, "classes is"),
        ({"classes": ("a", 1)}, TypeError, "classes is"),
        ({"source": None}, TypeError, "source is NoneType"),
        ({"images": IMAGES[:, 0]}, ValueError, r"images has shape \(2, 4, 4\)"),
        ({"labels": LABELS[:1]}, ValueError, r"labels has shape \(1,\); expected \(2,\)"),
        ({"labels": LABELS[:, None]}, ValueError, "labels has shape"),
        ({"labels": LABELS + 1}, ValueError, "labels lie between 1 and 2; expected 0 to 1"),
        ({"labels": LABELS - 1}, ValueError, "labels lie between -1 and 0"),
        ({"classes": ("a", "a")}, ValueError, "no name twice"),
    ],
)
def test_what_is_no_image_set(
    change: dict[str, object], error: type[Exception], message: str
) -> None:
    right = {"images": IMAGES, "labels": LABELS, "classes": ("a", "b"), "source": "squares"}
    ImageSet(**right)  # type: ignore[arg-type]
    with pytest.raises(error, match=message):
        ImageSet(**right | change)  # type: ignore[arg-type]


def test_it_moves_with_its_labels(ten: ImageSet) -> None:
    place = cvlib.device()
    moved = ten.to(place)
    assert moved.images.device.type == moved.labels.device.type == place.type
    assert torch.equal(moved.images.cpu(), ten.images)
    assert torch.equal(moved.labels.cpu(), ten.labels)
    assert (moved.classes, moved.source) == (ten.classes, ten.source)


def test_it_says_briefly_what_it_is(ten: ImageSet) -> None:
    expected = "ImageSet(images=(10, 1, 2, 2), classes=2, source='numbered squares')"
    assert repr(ten) == str(ten) == expected


def test_it_is_frozen_and_compares_without_tensors_in_the_way(ten: ImageSet) -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        ten.source = "another"  # type: ignore[misc]
    assert ten == ten
    assert ten != ten[:]
    assert len({ten, ten}) == 1


def test_an_empty_choice_is_a_set(ten: ImageSet) -> None:
    assert len(ten[[]]) == len(ten[:0]) == 0
