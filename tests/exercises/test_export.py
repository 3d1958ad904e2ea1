"""The checkers of the chapter on export know the right answers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch.export import Dim

from cvlib.exercises.export import any_batch, preprocess

MEAN, STD = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])


def prepared(picture: Any, *, scale: float = 255, mean: Any = MEAN, std: Any = STD) -> Any:
    x = (picture[..., ::-1] / scale - mean) / std
    return x.transpose(2, 0, 1)[None].astype("float32")


def exported(count: int, **options: Any) -> Any:
    def answer(model: Any) -> Any:
        return torch.export.export(model, (torch.zeros(count, 1, 28, 28),), **options)

    return answer


def test_the_right_answers_pass() -> None:
    assert preprocess(prepared) is None
    assert any_batch(exported(2, dynamic_shapes=({0: Dim("batch")},))) is None


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (3, "preprocess is 3, expected a function"),
        (lambda picture: picture, "of a picture (2, 2, 3) it makes (2, 2, 3), expected (1, 3, 2"),
        (lambda picture: torch.zeros(1), "torch is not there"),
        (lambda picture: prepared(picture).astype(float), "the batch is float64; onnxruntime"),
        (lambda picture: prepared(picture[..., ::-1]), "blue stands in the place of red"),
        (lambda picture: prepared(picture, mean=MEAN[::-1], std=STD[::-1]), "wrong order of colo"),
        (lambda picture: prepared(picture, scale=1), "from 0 to 255 before the mean"),
        (lambda picture: prepared(picture, mean=0), "the mean is not subtracted"),
        (lambda picture: prepared(picture, std=1), "not divided by the standard deviation"),
        (lambda picture: prepared(picture, mean=0, std=1), "neither mean nor standard deviation"),
        (lambda picture: prepared(picture, mean=MEAN + 1), "up to 4.46 away from the right ones"),
    ],
)
def test_wrong_preparations_are_told_why(answer: object, message: str) -> None:
    wrong = preprocess(answer)
    assert wrong is not None
    assert message in wrong


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (None, "any_batch is None, expected a function"),
        (lambda model: None, "any_batch gives NoneType, expected what torch.export"),
        (exported(2), "the program refuses a batch of 1"),
        (
            lambda model: exported(2, dynamic_shapes=({0: Dim("batch")},))(torch.nn.Flatten()),
            "of a batch of 2 the program makes something else",
        ),
    ],
)
def test_wrong_exports_are_told_why(answer: object, message: str) -> None:
    wrong = any_batch(answer)
    assert wrong is not None
    assert message in wrong
