"""Dot-product attention against torch's, forward and backward, over shapes drawn at random."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

import cvlib
from cvlib.layers import dot_product
from cvlib.layers.dot_product import (
    MultiheadAttention,
    attention_weights,
    scaled_dot_product_attention,
)

DEVICE = cvlib.device()
random_cases = settings(deadline=None, max_examples=60, derandomize=True)


def normal(*shape: int, seed: int = 0) -> Tensor:
    """Reproducible numbers, drawn by the CPU."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=generator, dtype=torch.float64).to(DEVICE)


@st.composite
def attentions(draw: st.DrawFn) -> tuple[list[Tensor], dict[str, Any]]:
    """Query, key and value, a mask or none, and the rest by name."""
    batch = draw(st.sampled_from([(), (2,), (2, 3), (0, 1)]))
    length, source, channels, width = (draw(st.integers(1, 5)) for _ in range(4))
    query = normal(*batch, length, channels)
    key, value = normal(*batch, source, channels, seed=1), normal(*batch, source, width, seed=2)
    rest: dict[str, Any] = {"scale": draw(st.sampled_from([None, 0.3]))}
    mask = normal(*draw(st.sampled_from([(), batch])), length, source, seed=3)
    kind = draw(st.sampled_from(["none", "causal", "boolean", "added", "both"]))
    if kind == "causal":
        rest["is_causal"] = True
    elif kind == "boolean":
        rest["attn_mask"] = mask > 0  # a row may be left without any key
    elif kind == "added":
        rest["attn_mask"] = mask
    elif kind == "both":
        rest["attn_mask"] = mask.masked_fill(mask < -0.5, -torch.inf)
    return [query, key, value], rest


@random_cases
@given(attentions())
def test_scaled_dot_product_attention_is_torchs(case: tuple[list[Tensor], dict[str, Any]]) -> None:
    tensors, rest = case
    results = []
    for function in (scaled_dot_product_attention, F.scaled_dot_product_attention):
        leaves = [tensor.clone().requires_grad_() for tensor in tensors]
        y = function(*leaves, **rest)
        results.append((y, *torch.autograd.grad(y, leaves, normal(*y.shape, seed=7))))
    for ours, torchs in zip(*results, strict=True):
        torch.testing.assert_close(ours, torchs, rtol=1e-9, atol=1e-9)


def test_the_mask_gets_the_gradient_that_torch_gives_it() -> None:
    gradients = []
    for function in (scaled_dot_product_attention, F.scaled_dot_product_attention):
        x, mask = normal(1, 2, 4, 3), normal(4, 4, seed=3).requires_grad_()
        gradients += torch.autograd.grad(function(x, x, x, mask).square().sum(), mask)
    torch.testing.assert_close(*gradients)


@pytest.mark.parametrize("is_causal", [False, True])
def test_gradcheck(is_causal: bool) -> None:
    leaves = [normal(2, 3, 4, seed=seed).requires_grad_() for seed in range(3)]
    attend = scaled_dot_product_attention
    assert torch.autograd.gradcheck(lambda *t: attend(*t, is_causal=is_causal), leaves)
    assert torch.autograd.gradgradcheck(lambda *t: attend(*t, is_causal=is_causal), leaves)


def test_rows_of_weights_sum_to_one_or_to_nothing() -> None:
    query, key = normal(2, 3, 4), normal(2, 5, 4, seed=1)
    mask = torch.ones(3, 5, dtype=torch.bool, device=DEVICE)
    mask[1] = False
    sums = attention_weights(query, key, mask).sum(-1)
    torch.testing.assert_close(sums, sums.new_tensor([[1, 0, 1], [1, 0, 1]]))


def test_a_query_that_sees_nothing_sends_no_nan_back() -> None:
    seen = torch.tensor([[True, False], [False, False]], device=DEVICE)
    added = torch.zeros(2, 2, dtype=torch.float64, device=DEVICE).masked_fill(~seen, -torch.inf)
    gradients = []
    for mask in (seen, added):
        x = normal(2, 3).requires_grad_()
        y = scaled_dot_product_attention(x, x, x, mask)
        gradients += torch.autograd.grad(y.square().sum(), x)
    torch.testing.assert_close(*gradients)


def test_float32_is_torchs() -> None:
    q, k, v = (normal(2, 2, 33, 16, seed=seed).float() for seed in range(3))
    ours, torchs = scaled_dot_product_attention(q, k, v), F.scaled_dot_product_attention(q, k, v)
    assert ours.dtype == torch.float32
    torch.testing.assert_close(ours, torchs, rtol=1e-4, atol=1e-5)


def test_dropout_drops_its_share_and_scales_up_the_rest() -> None:
    torch.manual_seed(0)
    x, ones = torch.zeros(400, 1), torch.ones(400, 1)
    kept = scaled_dot_product_attention(x, x, ones, dropout_p=0.25)
    assert kept.mean().item() == pytest.approx(1, abs=0.01)
    assert kept.std().item() == pytest.approx((0.25 / 0.75 / 400) ** 0.5, rel=0.15)
    assert not scaled_dot_product_attention(x, x, ones, dropout_p=1).any()


def test_keys_have_no_order() -> None:
    query, key, value = (normal(6, 4, seed=seed) for seed in range(3))
    order = torch.tensor([3, 0, 5, 1, 4, 2], device=DEVICE)
    y = scaled_dot_product_attention(query, key, value)
    torch.testing.assert_close(scaled_dot_product_attention(query, key[order], value[order]), y)
    torch.testing.assert_close(scaled_dot_product_attention(query[order], key, value), y[order])


@random_cases
@given(
    st.integers(1, 3), st.integers(1, 3), st.integers(1, 4), st.integers(1, 4), st.booleans(),
    st.sampled_from([(), (2,)]), st.sampled_from(["none", "boolean", "added"]),
)  # fmt: skip
def test_multihead_attention_is_torchs(
    heads: int, part: int, length: int, source: int, bias: bool, batch: tuple[int, ...], kind: str
) -> None:
    torch.manual_seed(0)
    width = heads * part
    torchs = nn.MultiheadAttention(width, heads, bias=bias, batch_first=True).double().to(DEVICE)
    if bias:
        nn.init.normal_(torchs.in_proj_bias)
        nn.init.normal_(torchs.out_proj.bias)
    ours = MultiheadAttention(width, heads, bias=bias).double().to(DEVICE)
    ours.load_state_dict(torchs.state_dict())
    torchs.load_state_dict(ours.state_dict())
    mask = None if kind == "none" else normal(length, source, seed=3)
    if mask is not None and kind == "boolean":
        mask = mask > 0
        mask[:, 0] = False  # torch's layer gives nan where a query sees nothing
    results = []
    for layer in (ours, torchs):
        leaves = [
            normal(*batch, size, width, seed=seed).requires_grad_()
            for seed, size in enumerate((length, source, source))
        ]
        y, weights = layer(*leaves, attn_mask=mask)
        wanted = [*leaves, *layer.parameters()]
        results.append((y, weights, *torch.autograd.grad(y.square().sum(), wanted)))
    for mine, reference in zip(*results, strict=True):
        torch.testing.assert_close(mine, reference, rtol=1e-8, atol=1e-8)


def test_multihead_attention_begins_as_torchs_does() -> None:
    layers = []
    for kind in (MultiheadAttention, nn.MultiheadAttention):
        torch.manual_seed(0)
        layers.append(kind(64, 4))
    for mine, reference in zip(*(layer.parameters() for layer in layers), strict=True):
        assert mine.shape == reference.shape
        assert mine.std().item() == pytest.approx(reference.std().item(), rel=0.1)


Q, KEY = torch.zeros(2, 3, 4), torch.zeros(2, 5, 4)
MASK = torch.ones(3, 5, dtype=torch.bool)
WRONG = {
    "query is a list": (TypeError, "query is a list", ([1.0], KEY, KEY), {}),
    "key": (TypeError, "key is torch.float64; expected", (Q, KEY.double(), KEY), {}),
    "value": (TypeError, "value is torch.float64", (Q, KEY, KEY.double()), {}),
    "flat": (ValueError, r"query has shape \(4,\)", (Q[0, 0], KEY, KEY), {}),
    "channels": (ValueError, "key has 3 channels; expected 4", (Q, KEY[..., :3], KEY), {}),
    "length": (ValueError, "value has length 4; expected 5", (Q, KEY, KEY[:, :4]), {}),
    "two masks": (ValueError, "one of them", (Q, KEY, KEY, MASK), {"is_causal": True}),
    "mask dtype": (TypeError, "attn_mask is torch.int64", (Q, KEY, KEY, MASK.long()), {}),
    "mask shape": (ValueError, r"attn_mask.*\(2, 5\).*3, 5\)", (Q, KEY, KEY, MASK[:2]), {}),
    "dropout": (ValueError, "dropout_p is 1.5", (Q, KEY, KEY), {"dropout_p": 1.5}),
}


@pytest.mark.parametrize(("error", "message", "arguments", "rest"), WRONG.values(), ids=list(WRONG))
def test_wrong_arguments_are_named_and_torch_refuses_them_too(
    error: type[Exception], message: str, arguments: Any, rest: dict[str, Any]
) -> None:
    with pytest.raises(error, match=message):
        scaled_dot_product_attention(*arguments, **rest)
    if "length" in message:
        return  # here torch notices nothing
    with pytest.raises((RuntimeError, TypeError)):
        F.scaled_dot_product_attention(*arguments, **rest)


def test_heads_must_divide_the_channels() -> None:
    with pytest.raises(ValueError, match="num_heads is 3; expected a divisor of 8"):
        MultiheadAttention(8, 3)
    with pytest.raises(TypeError, match="embed_dim is '8'"):
        MultiheadAttention("8", 2)  # type: ignore[arg-type]


def test_room_exports_the_module() -> None:
    from cvlib import layers

    for name in dot_product.__all__:
        assert getattr(layers, name) is getattr(dot_product, name)
