"""The checker of the folded normalization knows the right answer, and what is wrong with others."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from cvlib.exercises.normalization import fold_batch_norm


def right(weight: Any, bias: Any, mean: Any, var: Any, scale: Any, shift: Any, eps: Any) -> Any:
    factor = scale / torch.sqrt(var + eps)
    return weight * factor.view(-1, 1, 1, 1), (bias - mean) * factor + shift


def test_the_right_answer_passes() -> None:
    assert fold_batch_norm(right) is None


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (None, "fold_batch_norm is None, expected a function"),
        (lambda *arguments: None, "gives NoneType, expected a pair"),
        (lambda *arguments: (1, 2), "the folded weight has shape int, expected (2, 2, 3, 3)"),
        (lambda w, b, *rest: (w, b.sum()), "the folded bias has shape (), expected (2,)"),
        (lambda w, b, *rest: (w, b), "differs from the two layers by up to"),
        (lambda *rest: (right(*rest)[0], rest[1]), "look at the bias"),
        (lambda *rest: right(*rest[:-1], 0.0), "differs"),  # forgets eps
        (
            lambda w, b, mean, var, scale, shift, eps: right(w, b, mean, var**2, scale, shift, eps),
            "differs",
        ),
        (  # scales input channels
            lambda w, *rest: (w * (right(w, *rest)[0] / w)[:, 0, 0, 0].view(1, -1, 1, 1), rest[0]),
            "differs",
        ),
    ],
)
def test_a_wrong_answer_is_told_why(answer: object, message: str) -> None:
    wrong = fold_batch_norm(answer)
    assert wrong is not None
    assert message in wrong
