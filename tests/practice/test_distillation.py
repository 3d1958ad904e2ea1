"""The loss of a student is torch's divergence, and only the student learns."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from cvlib.practice import distillation_loss, soft_targets


@given(
    pictures=st.integers(1, 6),
    classes=st.integers(1, 7),
    temperature=st.floats(0.5, 20),
    seed=st.integers(0, 99),
)
@settings(max_examples=30, deadline=None)
def test_the_loss_is_torchs(pictures: int, classes: int, temperature: float, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    student, teacher = (
        torch.randn(pictures, classes, generator=generator, dtype=torch.float64).mul(5)
        for _ in range(2)
    )
    student.requires_grad_()
    teacher.requires_grad_()
    ours = distillation_loss(student, teacher, temperature)
    soft = soft_targets(teacher.detach(), temperature)
    theirs = temperature**2 * F.kl_div(
        (student / temperature).log_softmax(1), soft, reduction="batchmean"
    )
    torch.testing.assert_close(ours, theirs)
    (slope,) = torch.autograd.grad(theirs, student)
    ours.backward()
    torch.testing.assert_close(student.grad, slope)
    assert teacher.grad is None
    torch.testing.assert_close(soft.sum(1), torch.ones(pictures, dtype=torch.float64))


def test_what_cannot_be_compared_is_refused() -> None:
    with pytest.raises(ValueError, match=r"expected \(N, K\) both"):
        distillation_loss(torch.ones(2, 3), torch.ones(2, 4))
    with pytest.raises(ValueError, match=r"expected \(N, K\) both"):
        distillation_loss(torch.ones(0, 3), torch.ones(0, 3))
    with pytest.raises(ValueError, match="temperature is 0"):
        soft_targets(torch.ones(2, 3), 0)
    with pytest.raises(TypeError, match=r"teacher is torch\.float64"):
        distillation_loss(torch.ones(2, 3), torch.ones(2, 3).double())
