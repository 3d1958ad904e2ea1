"""Losses and their gradients, as pages compute them, beside torch's and the package's."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from cvlib.training import losses
from tests.live.conftest import Engine

random_cases = settings(deadline=None, max_examples=60, derandomize=True)

# Logits as networks give them, in quarters, so that two may be equal; and any others.
quarters = st.integers(-48, 48).map(lambda each: each / 4)
extreme = st.floats(-1e300, 1e300)
logits = st.one_of(*(st.lists(each, min_size=2, max_size=12) for each in (quarters, extreme)))


def compare(found: dict[str, Any], loss: Callable[[Tensor], Tensor], z: list[float]) -> None:
    x = torch.tensor(z, dtype=torch.float64, requires_grad=True)
    value = loss(x)
    (gradient,) = torch.autograd.grad(value, x)
    close = partial(torch.testing.assert_close, rtol=1e-9, atol=1e-12)
    close(torch.tensor(found["loss"], dtype=torch.float64), value.detach())
    close(torch.tensor(found["gradient"], dtype=torch.float64), gradient)


def first_of_batch(loss: Callable[[Tensor, Tensor], Tensor], target: Tensor, x: Tensor) -> Tensor:
    return loss(x[None], target)


@random_cases
@given(logits)
def test_logsumexp_and_log_softmax(engine: Engine, z: list[float]) -> None:
    x = torch.tensor(z, dtype=torch.float64)
    assert engine("logsumexp", z) == pytest.approx(x.logsumexp(0).item(), rel=1e-12, abs=1e-12)
    found = torch.tensor(engine("log_softmax", z), dtype=torch.float64)
    torch.testing.assert_close(found, x.log_softmax(0), rtol=1e-9, atol=1e-12)


@random_cases
@given(logits, st.data())
def test_cross_entropy(engine: Engine, z: list[float], data: Any) -> None:
    right, amount = data.draw(st.integers(0, len(z) - 1)), data.draw(st.sampled_from([0, 0.1, 1]))
    options = {"label_smoothing": amount}
    target = torch.tensor(right)
    found = engine("cross_entropy", z, right, options)
    for cross_entropy in (F.cross_entropy, losses.cross_entropy):
        compare(found, partial(cross_entropy, target=target, **options), z)


@random_cases
@given(logits, st.data())
def test_other_losses_of_the_chapter(engine: Engine, z: list[float], data: Any) -> None:
    right = data.draw(st.integers(0, len(z) - 1))
    target = torch.tensor(right)
    truth = F.one_hot(target, len(z))
    expected: dict[str, Callable[[Tensor], Tensor]] = {
        "cross_entropy_after_softmax": lambda x: losses.cross_entropy(x.softmax(0), target),
        "squared_error": lambda x: (x.softmax(0) - truth).square().sum(),
    }
    for name, loss in expected.items():
        compare(engine(name, z, right), loss, z)


@random_cases
@given(st.lists(quarters, min_size=2, max_size=12), st.data())
def test_multi_margin_loss(engine: Engine, z: list[float], data: Any) -> None:
    right = data.draw(st.integers(0, len(z) - 1))
    target = torch.tensor([right])
    # Also where a logit is just 1 behind, at a corner: there the gradient is 0, as torch's is.
    for multi_margin_loss in (F.multi_margin_loss, losses.multi_margin_loss):
        of_one = partial(first_of_batch, multi_margin_loss, target)
        compare(engine("multi_margin_loss", z, right), of_one, z)


@random_cases
@given(st.lists(quarters, min_size=2, max_size=12), st.integers(-400, 400))
def test_the_same_number_added_to_all_changes_nothing(
    engine: Engine, z: list[float], shift: int
) -> None:
    # Quarters are added exactly, so that the differences stay what they were to the last bit.
    before = engine("cross_entropy", z, 0)
    after = engine("cross_entropy", [value + shift / 4 for value in z], 0)
    assert after == before
