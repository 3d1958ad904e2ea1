"""Soft and hard attention, and the blocks that weigh channels and places, against torch's parts."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torchvision import ops

import cvlib
from cvlib.layers import attention
from cvlib.layers.attention import (
    AttentionPool,
    SpatialAttention,
    SqueezeExcitation,
    hard_attention,
    soft_attention,
)

DEVICE = cvlib.device()
random_cases = settings(deadline=None, max_examples=40, derandomize=True)


def normal(*shape: int, seed: int = 0) -> Tensor:
    """Reproducible numbers, drawn by the CPU."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=generator, dtype=torch.float64).to(DEVICE)


def assert_same(ours: Any, theirs: Any, *leaves: Tensor) -> None:
    """Both give the same values and, sent the same gradient back, the same gradients."""
    results = []
    for function in (ours, theirs):
        fresh = [leaf.detach().clone().requires_grad_() for leaf in leaves]
        y = function(*fresh)
        results.append((y, *torch.autograd.grad(y, fresh, normal(*y.shape, seed=7))))
    for mine, reference in zip(*results, strict=True):
        torch.testing.assert_close(mine, reference, rtol=1e-9, atol=1e-9)


@st.composite
def weighed(draw: st.DrawFn) -> tuple[Tensor, Tensor, list[int]]:
    """Things, scores for them along one or two dimensions, and which these are."""
    shape = draw(st.lists(st.integers(1, 4), min_size=1, max_size=4))
    count = draw(st.integers(1, min(2, len(shape))))
    dims = draw(st.permutations(range(len(shape))))[:count]
    scores = [
        size if number in dims or draw(st.booleans()) else 1 for number, size in enumerate(shape)
    ]
    signed = [number - draw(st.sampled_from([0, len(shape)])) for number in dims]
    return normal(*shape), normal(*scores, seed=1), signed


@random_cases
@given(weighed())
def test_soft_attention_is_exponentials_shared_out(case: tuple[Tensor, Tensor, list[int]]) -> None:
    x, scores, dims = case

    def by_definition(x: Tensor, scores: Tensor) -> Tensor:
        shares = scores.exp() / scores.exp().sum(dims, keepdim=True)
        return (x * shares).sum(dims)

    assert_same(lambda x, scores: soft_attention(x, scores, dims), by_definition, x, scores)


@random_cases
@given(weighed())
def test_hard_attention_keeps_the_highest(case: tuple[Tensor, Tensor, list[int]]) -> None:
    x, scores, dims = case
    kept = hard_attention(x, scores, dims)
    highest = (scores == scores.amax(dims, keepdim=True)).expand_as(x)
    torch.testing.assert_close(kept, (x * highest).sum(dims))
    torch.testing.assert_close(hard_attention(x, scores, dims, straight_through=True), kept)
    # Scores far apart leave soft attention no choice either.
    torch.testing.assert_close(soft_attention(x, 1e9 * scores, dims), kept)


def test_one_dimension_may_be_a_number() -> None:
    x, scores = normal(2, 3, 4), normal(1, 3, 1)
    assert torch.equal(soft_attention(x, scores, 1), soft_attention(x, scores, [-2]))


def test_the_first_of_equal_scores_counts() -> None:
    assert hard_attention(torch.arange(4.0), torch.tensor([0.0, 1, 1, 0]), 0) == 1


def test_a_choice_has_no_gradient_and_a_straight_one_that_of_soft_attention() -> None:
    x, scores = normal(5).requires_grad_(), normal(5, seed=1).requires_grad_()
    hard_attention(x, scores, 0).backward()
    assert scores.grad is None or not scores.grad.any()
    assert x.grad is not None
    assert x.grad.tolist() == F.one_hot(scores.argmax(), 5).tolist()
    (soft,) = torch.autograd.grad(soft_attention(x, scores, 0), scores)
    (straight,) = torch.autograd.grad(hard_attention(x, scores, 0, straight_through=True), scores)
    torch.testing.assert_close(straight, soft)
    assert soft.any()


def test_soft_attention_passes_gradcheck() -> None:
    x, scores = normal(2, 3, 2, 4).requires_grad_(), normal(2, 1, 2, 4, seed=1).requires_grad_()
    assert torch.autograd.gradcheck(lambda *t: soft_attention(*t, dim=(-2, -1)), (x, scores))


@random_cases
@given(st.integers(1, 5), st.integers(1, 3), st.sampled_from([(), (1,), (3,)]), st.integers(1, 6))
def test_squeeze_excitation_is_torchvisions(
    channels: int, squeezed: int, batch: tuple[int, ...], side: int
) -> None:
    torch.manual_seed(0)
    theirs = ops.SqueezeExcitation(channels, squeezed).double().to(DEVICE)
    ours = SqueezeExcitation(channels, squeezed).double().to(DEVICE)
    ours.load_state_dict(theirs.state_dict())
    x = normal(*batch, channels, side, side + 1)
    assert_same(ours, theirs, x)
    for block in (ours, theirs):
        block(x).square().sum().backward()
    for mine, reference in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(mine.grad, reference.grad)
    theirs.load_state_dict(ours.state_dict())


def test_squeeze_excitation_takes_other_activations() -> None:
    ours, theirs = (
        kind(4, 2, activation=nn.SiLU, scale_activation=nn.Hardsigmoid)
        for kind in (SqueezeExcitation, ops.SqueezeExcitation)
    )
    ours.load_state_dict(theirs.state_dict())
    x = torch.rand(2, 4, 3, 3)
    torch.testing.assert_close(ours(x), theirs(x))
    assert ours.weights(x).shape == (2, 4, 1, 1)


@pytest.mark.parametrize("shape", [(2, 3, 5, 4), (3, 8, 9)])
@pytest.mark.parametrize("kernel_size", [1, 3, 7])
def test_spatial_attention_is_equation_3(shape: tuple[int, ...], kernel_size: int) -> None:
    block = SpatialAttention(kernel_size).double().to(DEVICE)

    def by_equation(x: Tensor) -> Tensor:
        batch = x if x.ndim == 4 else x[None]
        mean, highest = batch.sum(1) / batch.shape[1], batch.max(1).values
        kernel, padding = block.conv.weight, kernel_size // 2
        scores = F.conv2d(mean[:, None], kernel[:, :1], padding=padding)
        scores = scores + F.conv2d(highest[:, None], kernel[:, 1:], padding=padding)
        return (batch / (1 + (-scores).exp())).view_as(x)

    assert_same(block, by_equation, normal(*shape))
    assert block.weights(normal(*shape)).shape == (*shape[:-3], 1, *shape[-2:])


@pytest.mark.parametrize("shape", [(2, 3, 5, 4), (3, 1, 2)])
def test_attention_pool_is_its_weights_mean(shape: tuple[int, ...]) -> None:
    pool = AttentionPool(3).double().to(DEVICE)
    x = normal(*shape)
    weights = pool.weights(x)
    assert weights.shape == (*shape[:-3], 1, *shape[-2:])
    torch.testing.assert_close(weights.sum((-3, -2, -1)), torch.ones_like(weights[..., 0, 0, 0]))
    assert_same(pool, lambda x: (x * pool.weights(x)).sum((-2, -1)), x)
    for parameter in pool.parameters():
        nn.init.zeros_(parameter)
    torch.testing.assert_close(pool(x), x.mean((-2, -1)))


X = torch.zeros(2, 3, 4, 5)
WRONG = {
    "x is a list": (TypeError, "x is a list", lambda: soft_attention([1.0], X, 0)),  # type: ignore
    "dtypes": (TypeError, "scores is torch.float64", lambda: soft_attention(X, X.double(), 0)),
    "dim": (ValueError, "dim is 4; expected dim", lambda: soft_attention(X, X, 4)),
    "no dim": (ValueError, r"dim is \[\]", lambda: soft_attention(X, X, [])),
    "twice": (ValueError, r"dim is \(0, -4\)", lambda: hard_attention(X, X, (0, -4))),
    "ndim": (ValueError, r"scores has shape \(3, 4", lambda: soft_attention(X, X[0], 1)),
    "length 1": (ValueError, "scores has shape", lambda: hard_attention(X, X[:, :1], 1)),
    "length": (ValueError, "scores has shape", lambda: hard_attention(X, X[..., :2], 0)),
    "channels": (ValueError, "x has 3 channels; expected 4", lambda: SqueezeExcitation(4, 1)(X)),
    "flat": (ValueError, r"x has shape \(4, 5\)", lambda: SqueezeExcitation(3, 1)(X[0, 0])),
    "squeeze": (ValueError, "squeeze_channels is 0", lambda: SqueezeExcitation(3, 0)),
    "input": (TypeError, "input_channels is 1.5", lambda: SqueezeExcitation(1.5, 1)),  # type: ignore
    "even": (ValueError, "kernel_size is 4; expected an odd", lambda: SpatialAttention(4)),
    "no picture": (ValueError, r"x has shape \(4, 5\)", lambda: SpatialAttention()(X[0, 0])),
    "pool": (ValueError, "x has 3 channels; expected 2", lambda: AttentionPool(2)(X)),
    "pool of none": (ValueError, "in_channels is 0", lambda: AttentionPool(0)),
}


@pytest.mark.parametrize(("error", "message", "call"), WRONG.values(), ids=list(WRONG))
def test_wrong_arguments_are_named(error: type[Exception], message: str, call: Any) -> None:
    with pytest.raises(error, match=message):
        call()


def test_room_exports_the_module() -> None:
    from cvlib import layers

    for name in attention.__all__:
        assert getattr(layers, name) is getattr(attention, name)
