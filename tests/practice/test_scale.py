"""The gradient of a batch is the mean of those of its shares, and statistics combine exactly."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F

from cvlib.practice import average_gradients, combine_statistics, gradient_of

shares = st.lists(st.integers(1, 7), min_size=1, max_size=5)


def batch(count: int) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(count)
    pictures = torch.rand(count, 1, 6, 6, generator=generator, dtype=torch.float64)
    return pictures, torch.randint(3, (count,), generator=generator)


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(1, 2, 3), nn.Tanh(), nn.Flatten(), nn.Linear(32, 3)).double()


@settings(deadline=None, max_examples=25)
@given(shares)
def test_shares_have_the_gradient_of_the_whole(counts: list[int]) -> None:
    model = network()
    inputs, targets = batch(sum(counts))
    F.cross_entropy(model(inputs), targets).backward()  # torch's own, over the whole batch
    whole = torch.cat([each.grad.flatten() for each in model.parameters() if each.grad is not None])
    parts = zip(inputs.split(counts), targets.split(counts), strict=True)
    gradients = [gradient_of(model, *part) for part in parts]
    torch.testing.assert_close(average_gradients(gradients, counts), whole, rtol=1e-12, atol=1e-14)


def test_a_gradient_leaves_what_was_there() -> None:
    model = network()
    model[0].bias.requires_grad_(False)  # type: ignore[index, union-attr]
    found = gradient_of(model, *batch(3))
    assert all(each.grad is None for each in model.parameters())
    assert found.numel() == sum(each.numel() for each in model.parameters()) - 2
    with pytest.raises(ValueError, match="no parameter that requires a gradient"):
        gradient_of(model.requires_grad_(False), *batch(3))


def test_a_share_of_nothing_counts_for_nothing() -> None:
    nothing = torch.tensor([float("nan")])
    assert average_gradients([nothing, torch.tensor([2.0])], [0, 3]).tolist() == [2]


@settings(deadline=None, max_examples=50)
@given(shares, st.integers(0, 999))
def test_statistics_are_those_of_the_whole(counts: list[int], seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    numbers = 5 * torch.randn(sum(counts), 3, generator=generator, dtype=torch.float64)
    parts = numbers.split(counts)
    means = torch.stack([part.mean(0) for part in parts])
    variances = torch.stack([part.var(0, correction=0) for part in parts])
    layer = nn.BatchNorm1d(3, momentum=1.0).double()
    if len(numbers) > 1:
        layer(numbers)  # its running statistics are those of this batch
        mean, variance = combine_statistics(means, variances, counts)
        torch.testing.assert_close(mean, layer.running_mean)
        torch.testing.assert_close(variance, layer.running_var * (1 - 1 / len(numbers)))


GRADIENT = torch.zeros(2)


@pytest.mark.parametrize(
    ("gradients", "counts", "message"),
    [
        ([], [], "gradients is empty"),
        ([GRADIENT, torch.zeros(3)], [1, 1], r"gradients\[1\] has shape \(3,\); expected \(2,\)"),
        ([GRADIENT], [1, 1], "counts has 2 numbers; expected 1"),
        ([GRADIENT], [0], r"counts is \[0\]; expected a picture at least"),
        ([GRADIENT], [-1], r"counts\[0\] is -1; expected at least 0"),
        ([GRADIENT.long()], [1], r"gradients\[0\] is torch.int64; expected floating-point"),
        ([GRADIENT, GRADIENT.double()], [1, 1], r"gradients\[1\] is torch.float64; expected torch"),
        ([GRADIENT], [0.5], r"counts\[0\] is 0.5; expected an integer"),
    ],
)
def test_wrong_gradients_are_refused(gradients: Any, counts: Any, message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        average_gradients(gradients, counts)


@pytest.mark.parametrize(
    ("means", "variances", "counts", "message"),
    [
        (GRADIENT, GRADIENT, [1, 1], r"means has shape \(2,\) and variances \(2,\)"),
        (torch.zeros(2, 3), torch.zeros(2, 2), [1, 1], r"expected \(k, C\) for both"),
        (torch.zeros(2, 3), torch.zeros(2, 3), [1], "counts has 1 numbers; expected 2"),
        (torch.zeros(2, 3), torch.zeros(2, 3), [1, 0], r"counts\[1\] is 0; expected at least 1"),
        (torch.zeros(2, 3), torch.zeros(2, 3).double(), [1, 1], "variances is torch.float64"),
    ],
)
def test_wrong_statistics_are_refused(
    means: Any, variances: Any, counts: Any, message: str
) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        combine_statistics(means, variances, counts)
