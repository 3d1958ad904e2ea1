"""Attention against torch's, forward and backward, over shapes and masks drawn at random."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

import cvlib
from cvlib.layers import attention
from cvlib.layers.attention import (
    AttentionPool,
    MultiheadAttention,
    attention_weights,
    chunked_attention,
    hard_attention,
    scaled_dot_product_attention,
    sinusoidal_positions,
    soft_attention,
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


@st.composite
def multiheads(draw: st.DrawFn) -> tuple[dict[str, Any], list[Tensor], dict[str, Any]]:
    """How to make a layer, query, key and value for it, and the rest of the call."""
    heads, part, length, source = (draw(st.integers(1, 4)) for _ in range(4))
    batch: tuple[int, ...] = draw(st.sampled_from([(), (1,), (3,)]))
    made = {
        "embed_dim": heads * part,
        "num_heads": heads,
        "dropout": draw(st.sampled_from([0.0, 0.4])),
        "bias": draw(st.booleans()),
        "batch_first": draw(st.booleans()),
    }
    tensors = [
        normal(*batch, size, heads * part, seed=seed)
        for seed, size in enumerate((length, source, source))
    ]
    if batch and not made["batch_first"]:
        tensors = [tensor.transpose(0, 1) for tensor in tensors]
    masks: dict[str, Tensor | None] = {"attn_mask": None, "key_padding_mask": None}
    kind = draw(st.sampled_from(["boolean", "added"]))
    stacks = [(), (heads * (batch or (1,))[0],)]
    shapes = {"attn_mask": (*draw(st.sampled_from(stacks)), length, source)}
    shapes["key_padding_mask"] = (*batch, source)
    for seed, (name, shape) in enumerate(shapes.items(), 3):
        if draw(st.booleans()):
            mask = normal(*shape, seed=seed)
            masks[name] = mask > 0 if kind == "boolean" else mask
            if kind == "boolean":
                masks[name][..., 0] = False  # type: ignore[index]  # torch may give nan without a key
    flags = {name: draw(st.booleans()) for name in ("need_weights", "average_attn_weights")}
    return made, tensors, {**masks, **flags}


@random_cases
@given(multiheads())
def test_multihead_attention_is_torchs(
    case: tuple[dict[str, Any], list[Tensor], dict[str, Any]],
) -> None:
    made, tensors, rest = case
    ours, torchs = (
        kind(**made).double().to(DEVICE) for kind in (MultiheadAttention, nn.MultiheadAttention)
    )
    for parameter in torchs.parameters():
        nn.init.normal_(parameter)
    ours.load_state_dict(torchs.state_dict())
    torchs.load_state_dict(ours.state_dict())
    results: list[list[Tensor]] = []
    for layer in (ours, torchs):
        leaves = [tensor.detach().clone().requires_grad_() for tensor in tensors]
        torch.manual_seed(0)  # the same weights are dropped
        y, weights = layer(*leaves, **rest)
        assert (weights is not None) == rest["need_weights"]
        wanted = [*leaves, *layer.parameters()]
        gradients = torch.autograd.grad(y.square().sum(), wanted)
        results.append([y, *([] if weights is None else [weights]), *gradients])
    for mine, reference in zip(*results, strict=True):
        torch.testing.assert_close(mine, reference, rtol=1e-8, atol=1e-8)


def test_multihead_attention_begins_with_torchs_numbers() -> None:
    layers = []
    for kind in (MultiheadAttention, nn.MultiheadAttention):
        torch.manual_seed(0)
        layers.append(kind(64, 4))
    states = [layer.state_dict() for layer in layers]
    assert list(states[0]) == list(states[1])
    torch.testing.assert_close(*states, rtol=0, atol=0)


def test_nothing_is_dropped_in_evaluation() -> None:
    layer = MultiheadAttention(8, 2, dropout=0.9).eval()
    x = normal(5, 3, 8).float().cpu()
    assert torch.equal(layer(x, x, x)[0], layer(x, x, x)[0])


@pytest.mark.parametrize("kind", ["key_padding_mask", "attn_mask"])
def test_a_query_without_a_key_attends_to_nothing_where_torchs_layer_gives_nan(kind: str) -> None:
    torchs = nn.MultiheadAttention(8, 2, batch_first=True).double()
    nn.init.normal_(torchs.out_proj.bias)
    ours = MultiheadAttention(8, 2, batch_first=True).double()
    ours.load_state_dict(torchs.state_dict())
    x = normal(1, 3, 8).cpu().requires_grad_()
    hidden = torch.ones((1, 3) if kind == "key_padding_mask" else (3, 3), dtype=torch.bool)
    assert torchs(x, x, x, **{kind: hidden})[0].isnan().all()
    y, weights = ours(x, x, x, **{kind: hidden})
    torch.testing.assert_close(y, ours.out_proj.bias.expand_as(y))
    assert not weights.any()
    gradients = torch.autograd.grad(y.square().sum(), [x, *ours.parameters()])
    assert all(gradient.isfinite().all() for gradient in gradients)
    assert not gradients[0].any()


def test_heads_do_not_see_what_other_heads_see() -> None:
    layer = MultiheadAttention(6, 3, batch_first=True).double()
    x = normal(1, 4, 6).cpu()
    before = layer(x, x, x, average_attn_weights=False)[1]
    with torch.no_grad():
        layer.in_proj_weight[2:4] += 1  # rows of the second head's queries
    after = layer(x, x, x, average_attn_weights=False)[1]
    changed = [not torch.equal(before[:, head], after[:, head]) for head in range(3)]
    assert changed == [False, True, False]


@random_cases
@given(attentions(), st.integers(1, 6))
def test_chunked_attention_is_the_whole(
    case: tuple[list[Tensor], dict[str, Any]], chunk_size: int
) -> None:
    tensors, rest = case
    functions: list[Callable[..., Tensor]] = [
        partial(chunked_attention, chunk_size=chunk_size),
        scaled_dot_product_attention,
    ]
    results = []
    for function in functions:
        leaves = [tensor.clone().requires_grad_() for tensor in tensors]
        y = function(*leaves, scale=rest["scale"])
        results.append((y, *torch.autograd.grad(y, leaves, normal(*y.shape, seed=7))))
    for chunked, whole in zip(*results, strict=True):
        torch.testing.assert_close(chunked, whole, rtol=1e-9, atol=1e-9)


def test_chunked_attention_survives_scores_whose_exponentials_overflow() -> None:
    query, key = torch.tensor([[2000.0]]), torch.tensor([[0.0], [1.0], [2.0], [1.0]])
    value = torch.tensor([[1.0], [2.0], [3.0], [4.0]])
    assert chunked_attention(query, key, value, chunk_size=1).tolist() == [[3.0]]


def test_chunked_attention_never_makes_the_whole_matrix() -> None:
    sizes: list[int] = []

    class Sizes(TorchDispatchMode):
        def __torch_dispatch__(
            self, function: Any, types: Any, args: Any = (), kwargs: Any = None
        ) -> Any:
            result = function(*args, **(kwargs or {}))
            sizes.extend(t.numel() for t in tree_leaves(result) if isinstance(t, Tensor))
            return result

    x = torch.zeros(64, 4)
    with Sizes():
        chunked_attention(x, x, x, chunk_size=8)
    assert max(sizes) == 64 * 8


@random_cases
@given(st.integers(1, 40), st.integers(1, 8), st.sampled_from([10.0, 10000.0]))
def test_sinusoidal_positions_are_section_35(length: int, pairs: int, base: float) -> None:
    codes = sinusoidal_positions(length, 2 * pairs, base)
    assert codes.dtype == torch.float32
    expected = [
        [
            turn(place / base ** (2 * pair / (2 * pairs)))
            for pair in range(pairs)
            for turn in (math.sin, math.cos)
        ]
        for place in range(length)
    ]
    torch.testing.assert_close(codes, torch.tensor(expected))


def test_a_step_is_the_same_rotation_wherever_it_is_taken() -> None:
    sines, cosines = sinusoidal_positions(50, 16).double().unflatten(1, (8, 2)).unbind(2)
    angle = 3 * 10000 ** (-torch.arange(8).double() / 8)
    turned = sines[:-3] * angle.cos() + cosines[:-3] * angle.sin()
    torch.testing.assert_close(turned, sines[3:], rtol=1e-5, atol=1e-6)
    turned = cosines[:-3] * angle.cos() - sines[:-3] * angle.sin()
    torch.testing.assert_close(turned, cosines[3:], rtol=1e-5, atol=1e-6)


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


X = torch.zeros(2, 3, 8)
HIDDEN = torch.zeros(2, 3, dtype=torch.bool)


def layer(*tensors: Tensor, **rest: Any) -> Any:
    return MultiheadAttention(8, 2, batch_first=True)(*tensors, **rest)


SCORED = torch.zeros(2, 3, 4, 5)
WRONG_OTHERWISE = {
    "heads": (ValueError, "num_heads is 3; expected a divis", lambda: MultiheadAttention(8, 3)),
    "embed": (TypeError, "embed_dim is '8'", lambda: MultiheadAttention("8", 2)),  # type: ignore
    "dropout": (ValueError, "dropout is 2; expected", lambda: MultiheadAttention(8, 2, dropout=2)),
    "width": (ValueError, "value has 4 channels; expected 8", lambda: layer(X, X, X[..., :4])),
    "ndim": (ValueError, "key has 2 dimensions; expected 3", lambda: layer(X, X[0], X)),
    "4 dims": (ValueError, "query has 4 dimensions", lambda: layer(X[None], X[None], X[None])),
    "list": (TypeError, "query is a list", lambda: layer([1.0], X, X)),  # type: ignore
    "lengths": (ValueError, "value has length 2", lambda: layer(X, X, X[:, :2])),
    "hint": (ValueError, "is_causal comes without", lambda: layer(X, X, X, is_causal=True)),
    "padding": (
        ValueError,
        r"key_padding_mask has shape \(2,\); expected \(2, 3\)",
        lambda: layer(X, X, X, key_padding_mask=HIDDEN[:, 0]),
    ),
    "mask": (
        ValueError,
        r"attn_mask has shape \(2, 3\); expected \(3, 3\)",
        lambda: layer(X, X, X, attn_mask=HIDDEN),
    ),
    "stack": (
        ValueError,
        r"attn_mask has shape \(2, 3, 3\); expected \(4, 3, 3\)",
        lambda: layer(X, X, X, attn_mask=torch.zeros(2, 3, 3)),
    ),
    "kind": (
        TypeError,
        "key_padding_mask is torch.int64",
        lambda: layer(X, X, X, key_padding_mask=HIDDEN.long()),
    ),
    "chunk": (ValueError, "chunk_size is 0", lambda: chunked_attention(X, X, X, 0)),
    "places": (ValueError, "length is 0", lambda: sinusoidal_positions(0, 2)),
    "odd": (ValueError, "embed_dim is 3; expected an even", lambda: sinusoidal_positions(2, 3)),
    "base": (ValueError, "base is 0", lambda: sinusoidal_positions(2, 2, base=0)),
    "x is a list": (TypeError, "x is a list", lambda: soft_attention([1.0], SCORED, 0)),  # type: ignore
    "dtypes": (
        TypeError, "scores is torch.float64", lambda: soft_attention(SCORED, SCORED.double(), 0)
    ),
    "dim": (ValueError, "dim is 4; expected dim", lambda: soft_attention(SCORED, SCORED, 4)),
    "no dim": (ValueError, r"dim is \[\]", lambda: soft_attention(SCORED, SCORED, [])),
    "twice": (ValueError, r"dim is \(0, -4\)", lambda: hard_attention(SCORED, SCORED, (0, -4))),
    "scores": (
        ValueError, r"scores has shape \(3, 4", lambda: soft_attention(SCORED, SCORED[0], 1)
    ),
    "length 1": (
        ValueError, "scores has shape", lambda: hard_attention(SCORED, SCORED[:, :1], 1)
    ),
    "length": (ValueError, "scores has shape", lambda: hard_attention(SCORED, SCORED[..., :2], 0)),
    "pool": (ValueError, "x has 3 channels; expected 2", lambda: AttentionPool(2)(SCORED)),
    "pool of none": (ValueError, "in_channels is 0", lambda: AttentionPool(0)),
}  # fmt: skip


@pytest.mark.parametrize(
    ("error", "message", "call"), WRONG_OTHERWISE.values(), ids=list(WRONG_OTHERWISE)
)
def test_wrong_arguments_are_named(error: type[Exception], message: str, call: Any) -> None:
    with pytest.raises(error, match=message):
        call()


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


def test_attention_pool_is_dot_product_attention_with_one_query() -> None:
    pool, x = AttentionPool(3), torch.rand(2, 3, 4, 5)
    places, query = x.flatten(2).mT, pool.score.weight.detach().view(1, 3)
    found = scaled_dot_product_attention(query.expand(2, 1, 3), places, places, scale=1.0)
    torch.testing.assert_close(pool(x), found[:, 0])


def test_room_exports_the_module() -> None:
    from cvlib import layers

    for name in attention.__all__:
        assert getattr(layers, name) is getattr(attention, name)
