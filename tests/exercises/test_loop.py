"""The checker of clipping knows the right answer, and what is wrong with others."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from cvlib.exercises.loop import clip_by_norm


def right(gradients: list[Tensor], max_norm: float) -> list[Tensor]:
    norm = torch.cat([each.flatten() for each in gradients]).norm()
    return [each * (max_norm / norm.clamp(min=max_norm)) for each in gradients]


def in_place(gradients: list[Tensor], max_norm: float) -> list[Tensor]:
    clipped = right(gradients, max_norm)
    for old, new in zip(gradients, clipped, strict=True):
        old.copy_(new)
    return gradients


def always(gradients: list[Tensor], max_norm: float) -> list[Tensor]:
    norm = torch.cat(gradients).norm()
    return [each * max_norm / norm for each in gradients]


def without_care(gradients: list[Tensor], max_norm: float) -> list[Tensor]:
    norm = torch.cat(gradients).norm()
    return gradients if 0 < norm < max_norm else [each * max_norm / norm for each in gradients]


def one_by_one(gradients: list[Tensor], max_norm: float) -> list[Tensor]:
    return [part for each in gradients for part in right([each], max_norm)]


def test_the_right_answer_passes() -> None:
    assert clip_by_norm(right) is None


def test_it_agrees_with_torch() -> None:
    def torchs(gradients: list[Tensor], max_norm: float) -> list[Tensor]:
        parameters = [torch.nn.Parameter(torch.zeros_like(each)) for each in gradients]
        for parameter, each in zip(parameters, gradients, strict=True):
            parameter.grad = each.clone()
        torch.nn.utils.clip_grad_norm_(parameters, max_norm)
        return [each.grad for each in parameters if each.grad is not None]

    assert clip_by_norm(torchs) is None


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (None, "clip_by_norm is None, expected a function"),
        (lambda gradients, max_norm: None, "gives NoneType, expected a list of tensors"),
        (lambda gradients, max_norm: [0.6, 0.8], "gives list, expected a list of tensors"),
        (lambda gradients, max_norm: gradients, "gives [[3.0, 4.0]], expected [[0.6, 0.8]]"),
        (lambda gradients, max_norm: right(gradients, max_norm)[:1], "gives [[0.6]], expected"),
        (in_place, "changes the gradients that it is given"),
        (always, "a short gradient is made longer"),
        (without_care, "0/0 where all gradients are 0"),
        (one_by_one, "each is clipped by a norm of its own"),
        (
            lambda gradients, max_norm: [each.clamp(-max_norm, max_norm) for each in gradients],
            "each number is clipped, so the direction changes",
        ),
    ],
)
def test_a_wrong_answer_is_told_why(answer: object, message: str) -> None:
    wrong = clip_by_norm(answer)
    assert wrong is not None
    assert message in wrong
