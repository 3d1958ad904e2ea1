"""The checker of quarter turns knows the right answer, and what is wrong with others."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from cvlib.exercises.augmentation import quarter_turns


def right(images: Any, targets: Any, generator: Any) -> Any:
    turns = torch.randint(4, (len(images),), generator=generator)
    views = torch.stack([images.rot90(k, (2, 3)) for k in range(4)])
    return views[turns, torch.arange(len(images))], targets


def one_by_one(images: Any, targets: Any, generator: Any) -> Any:
    turns = torch.randint(4, (len(images),), generator=generator).tolist()
    return torch.stack([x.rot90(-k, (1, 2)) for x, k in zip(images, turns, strict=True)]), targets


def in_place(images: Any, targets: Any, generator: Any) -> Any:
    images[:] = right(images, targets, generator)[0]
    return images, targets


def one_draw(images: Any, targets: Any, generator: Any) -> Any:
    return images.rot90(1, (2, 3)), targets


def never_three(images: Any, targets: Any, generator: Any) -> Any:
    turns = torch.randint(3, (len(images),), generator=generator)
    views = torch.stack([images.rot90(k, (2, 3)) for k in range(4)])
    return views[turns, torch.arange(len(images))], targets


def seeded_anew(images: Any, targets: Any, generator: Any) -> Any:
    return right(images, targets, generator.manual_seed(0))


@pytest.mark.parametrize("answer", [right, one_by_one])
def test_the_right_answer_passes(answer: object) -> None:
    assert quarter_turns(answer) is None


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (None, "quarter_turns is None, expected a function"),
        (lambda images, targets, generator: images, "gives Tensor, expected a pair"),
        (lambda images, targets, generator: (images[:1], targets), "come back as (1, 3, 5, 5)"),
        (lambda images, targets, generator: (None, targets), "come back as NoneType"),
        (in_place, "the pictures that came were overwritten"),
        (lambda *given: (right(*given)[0], given[1].flip(0)), "the targets are others"),
        (lambda images, targets, generator: (images.flip(3), targets), "picture 0 is no quarter"),
        (lambda images, targets, generator: (images.rot90(1, (1, 2)), targets), "come back as"),
        (one_draw, "all of 400 pictures are turned by 90 degrees"),
        (never_three, "pictures are turned 0 times, expected about 100"),
        (lambda images, targets, generator: right(images, targets, None), "torch's own generator"),
        (seeded_anew, "generators with different seeds give the same turns"),
    ],
)
def test_a_wrong_answer_is_told_why(answer: object, message: str) -> None:
    wrong = quarter_turns(answer)
    assert wrong is not None
    assert message in wrong
