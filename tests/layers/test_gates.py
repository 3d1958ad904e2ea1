"""Gates of channels and places, against torchvision's block and the published equation."""

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
from cvlib.layers import gates
from cvlib.layers.gates import SpatialAttention, SqueezeExcitation

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


X = torch.zeros(2, 3, 4, 5)
WRONG = {
    "channels": (ValueError, "x has 3 channels; expected 4", lambda: SqueezeExcitation(4, 1)(X)),
    "flat": (ValueError, r"x has shape \(4, 5\)", lambda: SqueezeExcitation(3, 1)(X[0, 0])),
    "squeeze": (ValueError, "squeeze_channels is 0", lambda: SqueezeExcitation(3, 0)),
    "input": (TypeError, "input_channels is 1.5", lambda: SqueezeExcitation(1.5, 1)),  # type: ignore
    "even": (ValueError, "kernel_size is 4; expected an odd", lambda: SpatialAttention(4)),
    "no picture": (ValueError, r"x has shape \(4, 5\)", lambda: SpatialAttention()(X[0, 0])),
}


@pytest.mark.parametrize(("error", "message", "call"), WRONG.values(), ids=list(WRONG))
def test_wrong_arguments_are_named(error: type[Exception], message: str, call: Any) -> None:
    with pytest.raises(error, match=message):
        call()


def test_room_exports_the_module() -> None:
    from cvlib import layers

    for name in gates.__all__:
        assert getattr(layers, name) is getattr(gates, name)
