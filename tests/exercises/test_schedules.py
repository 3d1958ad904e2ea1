"""The checker of the warm restarts knows the right answer, and what is wrong with others."""

from __future__ import annotations

import pytest
import torch

from cvlib.exercises.schedules import _warm_restarts, warm_restarts
from cvlib.training.schedules import cosine
from tests.training.torchs import rates


def right(step: int, total_steps: int, first: int) -> float:
    cycle = 0
    while step >= first * (2 ** (cycle + 1) - 1):
        cycle += 1
    return cosine(step - first * (2**cycle - 1), first * 2**cycle)


def test_the_right_answer_passes() -> None:
    assert warm_restarts(right) is None
    assert warm_restarts(lambda *arguments: torch.tensor(right(*arguments)).item()) is None


def test_the_reference_is_torchs() -> None:
    restarts = torch.optim.lr_scheduler.CosineAnnealingWarmRestarts
    torchs = rates(lambda sgd: restarts(sgd, T_0=3, T_mult=2), 40)
    assert [_warm_restarts(step, 40, 3) for step in range(40)] == pytest.approx(torchs)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (None, "warm_restarts is None, expected a function"),
        (lambda step, total_steps, first: None, "warm_restarts(0, 12, 4) gives None, expected 1.0"),
        (lambda step, total_steps, first: "1", "gives '1', expected 1.0"),
        (lambda step, total_steps, first: cosine(step, total_steps), "warm_restarts(1, 12, 4)"),
        (lambda step, total_steps, first: cosine(step % first, first), "(5, 12, 4) gives 0.85"),
        (lambda step, total_steps, first: right(step, total_steps, 4), "warm_restarts(1, 21, 3)"),
    ],
)
def test_a_wrong_answer_is_told_why(answer: object, message: str) -> None:
    wrong = warm_restarts(answer)
    assert wrong is not None
    assert message in wrong
