"""Attention: averages whose weights depend on what is averaged.

Queries, keys and values are ``(..., length, channels)``, on any device, and autograd runs through.
Blocks that only multiply channels or places by factors stand in :mod:`cvlib.layers.gates`.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cvlib.arguments import check_pictures, check_tensors, integer, number
from cvlib.layers.precision import at_least_float32, lowered

__all__ = [
    "AttentionPool",
    "MultiheadAttention",
    "attention_weights",
    "chunked_attention",
    "hard_attention",
    "scaled_dot_product_attention",
    "sinusoidal_positions",
    "soft_attention",
]


@at_least_float32(autocast="lower")
def attention_weights(
    query: Tensor,
    key: Tensor,
    attn_mask: Tensor | None = None,
    is_causal: bool = False,
    scale: float | None = None,
) -> Tensor:
    """Compute how much each query attends to each key.

    Parameters
    ----------
    query, key, attn_mask, is_causal, scale
        As in :func:`scaled_dot_product_attention`.

    Returns
    -------
    Tensor
        ``(..., L, S)``. A row sums to 1, or is 0 where the mask leaves it no key.

    Raises
    ------
    TypeError
        If an argument is no tensor, or dtypes differ.
    ValueError
        If shapes do not fit together, or a mask comes along with ``is_causal``.

    Examples
    --------
    >>> attention_weights(torch.zeros(3, 4), torch.zeros(3, 4), is_causal=True)
    tensor([[1.0000, 0.0000, 0.0000],
            [0.5000, 0.5000, 0.0000],
            [0.3333, 0.3333, 0.3333]])
    """
    _check_attention(query, key, None, attn_mask, is_causal)
    if scale is None:
        scale = query.shape[-1] ** -0.5
    scores = (query @ key.mT) * scale
    if is_causal:
        attn_mask = torch.ones_like(scores, dtype=torch.bool).tril()
    if attn_mask is None:
        return scores.softmax(-1)
    if attn_mask.dtype == torch.bool:
        scores = scores.masked_fill(~attn_mask, -torch.inf)
    else:
        scores = scores + attn_mask
    # A row without a key would be 0 / 0; as in torch, it attends to nothing.
    blind = (scores == -torch.inf).all(-1, keepdim=True)
    return scores.masked_fill(blind, 0).softmax(-1).masked_fill(blind, 0)


@at_least_float32(autocast="lower")
def scaled_dot_product_attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
) -> Tensor:
    """Give each query the mean of the values, weighted by how well their keys match it.

    Parameters
    ----------
    query
        What is looked for, ``(..., L, E)``.
    key
        What each value is known by, ``(..., S, E)``.
    value
        What there is to be had, ``(..., S, V)``.
    attn_mask
        Broadcast to ``(..., L, S)``: booleans that say which keys a query may see, or numbers of
        the query's dtype that are added to the scores.
    dropout_p
        Chance of each weight to be dropped, the rest being scaled up; not only in training.
    is_causal
        Whether query i may see keys 0 to i alone.
    scale
        Factor of the scores; ``E ** -0.5`` by default.

    Returns
    -------
    Tensor
        ``(..., L, V)``; 0 for a query that sees no key.

    Raises
    ------
    TypeError
        If an argument is no tensor, or dtypes differ.
    ValueError
        If shapes do not fit together, a mask comes along with ``is_causal``, or ``dropout_p`` is
        not from 0 to 1.

    References
    ----------
    Vaswani et al., "Attention is all you need" (2017), section 3.2.1.

    Examples
    --------
    >>> query, key = torch.tensor([[9.0, 0.0]]), torch.tensor([[9.0, 0.0], [0.0, 9.0]])
    >>> scaled_dot_product_attention(query, key, torch.tensor([[1.0], [5.0]]))
    tensor([[1.]])
    """
    _check_attention(query, key, value, attn_mask, is_causal)
    if not 0 <= dropout_p <= 1:
        raise ValueError(f"dropout_p is {dropout_p!r}; expected 0 to 1")
    weights = attention_weights(query, key, attn_mask, is_causal, scale)
    return F.dropout(weights, dropout_p) @ value


class MultiheadAttention(nn.Module):
    """Attend with several heads, each on its own part of the channels, and mix what they found.

    Arguments, ``state_dict`` and results are those of :class:`torch.nn.MultiheadAttention`, and
    from the same seed it begins with the same numbers. Where a mask leaves a query no key, it
    attends to nothing: weights of 0, where torch's layer mostly gives nan.

    Parameters
    ----------
    embed_dim
        Channels E of query, key, value and result.
    num_heads
        Parts into which they are cut.
    dropout
        Chance of each weight to be dropped in training.
    bias
        Whether the projections have biases.
    batch_first
        Whether sequences are ``(N, length, E)``; otherwise, as by default in torch,
        ``(length, N, E)``.

    Raises
    ------
    TypeError
        If ``embed_dim`` or ``num_heads`` is no integer, or ``dropout`` no number.
    ValueError
        If ``num_heads`` does not divide ``embed_dim``, one of them is below 1, or ``dropout`` is
        not from 0 to 1.

    References
    ----------
    Vaswani et al., "Attention is all you need" (2017), section 3.2.2.

    Examples
    --------
    >>> layer = MultiheadAttention(8, num_heads=2, batch_first=True)
    >>> x = torch.zeros(1, 5, 8)
    >>> result, weights = layer(x, x, x)
    >>> result.shape, weights.shape
    (torch.Size([1, 5, 8]), torch.Size([1, 5, 5]))
    """

    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        dropout: float = 0.0,
        bias: bool = True,
        *,
        batch_first: bool = False,
    ) -> None:
        super().__init__()
        integer("embed_dim", embed_dim, least=1)
        if embed_dim % integer("num_heads", num_heads, least=1):
            raise ValueError(f"num_heads is {num_heads}; expected a divisor of {embed_dim}")
        self.embed_dim, self.num_heads = embed_dim, num_heads
        self.dropout = number("dropout", dropout, most=1)
        self.batch_first = batch_first
        self.in_proj_weight = nn.Parameter(torch.empty(3 * embed_dim, embed_dim))
        self.in_proj_bias: nn.Parameter | None = None
        self.out_proj = nn.Linear(embed_dim, embed_dim, bias)
        if bias:
            self.in_proj_bias = nn.Parameter(torch.zeros(3 * embed_dim))
            nn.init.zeros_(self.out_proj.bias)
        nn.init.xavier_uniform_(self.in_proj_weight)

    def forward(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        key_padding_mask: Tensor | None = None,
        need_weights: bool = True,
        attn_mask: Tensor | None = None,
        average_attn_weights: bool = True,
        is_causal: bool = False,
    ) -> tuple[Tensor, Tensor | None]:
        """Let queries attend to keys, and return what they found and how they weighed.

        Parameters
        ----------
        query, key, value
            With L queries and S keys: ``(N, L, E)`` and ``(N, S, E)`` if ``batch_first``, else
            ``(L, N, E)`` and ``(S, N, E)``. Without N for one sequence.
        key_padding_mask
            ``(N, S)``, which keys *not* to look at, whoever asks.
        need_weights
            Whether to return the weights; otherwise None stands in their place.
        attn_mask
            ``(L, S)`` or ``(N * num_heads, L, S)``. In both masks True means here *not* to look, as
            in torch's layer and unlike :func:`scaled_dot_product_attention`; numbers are added to
            the scores.
        average_attn_weights
            Whether to return the heads' mean weights.
        is_causal
            Says that ``attn_mask`` is causal. As in torch only a hint, here without effect.

        Returns
        -------
        Tensor
            Of the shape of ``query``.
        Tensor or None
            ``(N, L, S)``, or ``(N, num_heads, L, S)`` if not averaged. What dropout has dropped is
            0.

        Raises
        ------
        TypeError
            If an argument is no tensor, or dtypes differ.
        ValueError
            If shapes do not fit together, or ``is_causal`` comes without a mask.
        """
        query, key, value, key_padding_mask, attn_mask = lowered(
            (query, key, value, key_padding_mask, attn_mask), self.in_proj_weight
        )
        self._check(query, key, value, is_causal and attn_mask is None)
        swapped = query.ndim == 3 and not self.batch_first
        if swapped:
            query, key, value = (part.transpose(0, 1) for part in (query, key, value))
        _check_attention(query, key, value, None, is_causal=False)
        added = self._added(key_padding_mask, attn_mask, query, key.shape[-2])
        query, key, value = self.project(query, key, value)
        weights = attention_weights(query, key, added)
        weights = F.dropout(weights, self.dropout, self.training)
        # The heads' results lie side by side again: (N, L, E).
        result = self.out_proj((weights @ value).transpose(-3, -2).flatten(-2))
        if swapped:
            result = result.transpose(0, 1)
        if not need_weights:
            return result, None
        return result, weights.mean(-3) if average_attn_weights else weights

    def project(self, query: Tensor, key: Tensor, value: Tensor) -> tuple[Tensor, ...]:
        """Project the three, ``(N, length, E)`` each, and cut them into heads.

        The heads become one more dimension of the batch: ``(N, num_heads, length, E / num_heads)``.
        """
        bias = self.in_proj_bias
        biases = [None] * 3 if bias is None else bias.chunk(3)
        parts = map(F.linear, (query, key, value), self.in_proj_weight.chunk(3), biases)
        return tuple(part.unflatten(-1, (self.num_heads, -1)).transpose(-3, -2) for part in parts)

    def _check(self, query: Tensor, key: Tensor, value: Tensor, lone_hint: bool) -> None:
        check_tensors(query=query, key=key, value=value)
        for name, tensor in (("query", query), ("key", key), ("value", value)):
            if tensor.ndim not in (2, 3) or tensor.ndim != query.ndim:
                raise ValueError(
                    f"{name} has {tensor.ndim} dimensions; expected 3, or for one sequence 2, as "
                    "query, key and value alike"
                )
            if tensor.shape[-1] != self.embed_dim:
                raise ValueError(
                    f"{name} has {tensor.shape[-1]} channels; expected {self.embed_dim}"
                )
        if lone_hint:
            raise ValueError("is_causal comes without attn_mask; it is a hint about the mask")

    def _added(
        self,
        key_padding_mask: Tensor | None,
        attn_mask: Tensor | None,
        query: Tensor,
        source: int,
    ) -> Tensor | None:
        """Join the masks to numbers to be added to the scores, ``(N, num_heads, L, S)``."""
        batch, length = query.shape[:-2], query.shape[-2]
        added: Tensor | None = None
        if attn_mask is not None:
            stacked = (self.num_heads * (batch[0] if batch else 1), length, source)
            _check_mask("attn_mask", attn_mask, query, stacked[-attn_mask.ndim :])
            added = _numbers(attn_mask, query)
            if added.ndim == 3:
                added = added.unflatten(0, (*batch, self.num_heads))
        if key_padding_mask is not None:
            _check_mask("key_padding_mask", key_padding_mask, query, (*batch, source))
            padding = _numbers(key_padding_mask, query)[..., None, None, :]
            added = padding if added is None else added + padding
        return added


def sinusoidal_positions(length: int, embed_dim: int, base: float = 10000.0) -> Tensor:
    """Give each place of a sequence a code of its own: sines and cosines of many wavelengths.

    Channels ``2i`` and ``2i + 1`` hold the sine and the cosine of ``p / base ** (2i / embed_dim)``
    at place ``p``. A step from one place to the next turns each such pair by the same angle,
    wherever it is taken.

    Parameters
    ----------
    length
        How many places.
    embed_dim
        Channels, an even number.
    base
        The longest wavelength comes near ``2 * pi * base`` places.

    Returns
    -------
    Tensor
        ``float32``, ``(length, embed_dim)``, to be added to what stands at the places.

    Raises
    ------
    TypeError
        If ``length`` or ``embed_dim`` is no integer, or ``base`` no number.
    ValueError
        If ``embed_dim`` is odd, one of them is below 1, or ``base`` is not above 0.

    References
    ----------
    Vaswani et al., "Attention is all you need" (2017), section 3.5.

    Examples
    --------
    >>> sinusoidal_positions(3, 4)
    tensor([[ 0.0000,  1.0000,  0.0000,  1.0000],
            [ 0.8415,  0.5403,  0.0100,  0.9999],
            [ 0.9093, -0.4161,  0.0200,  0.9998]])
    """
    integer("length", length, least=1)
    if integer("embed_dim", embed_dim, least=1) % 2:
        raise ValueError(f"embed_dim is {embed_dim}; expected an even number")
    if number("base", base) == 0:
        raise ValueError("base is 0; expected a number above 0")
    places = torch.arange(length, dtype=torch.float64)[:, None]
    angles = places * base ** (-torch.arange(0, embed_dim, 2, dtype=torch.float64) / embed_dim)
    return torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(1).float()


@at_least_float32(autocast="lower")
def chunked_attention(
    query: Tensor, key: Tensor, value: Tensor, chunk_size: int, scale: float | None = None
) -> Tensor:
    """Attend to a few keys at a time, so that the matrix of all weights is never held.

    The softmax is computed on the way (Milakov and Gimelshein 2018): what was summed up so far
    shrinks whenever a larger score comes along. Where gradients are wanted, autograd keeps the
    weights of all chunks after all; fused kernels compute them once more instead.

    Parameters
    ----------
    query, key, value, scale
        As in :func:`scaled_dot_product_attention`.
    chunk_size
        How many keys at a time.

    Returns
    -------
    Tensor
        ``(..., L, V)``, as :func:`scaled_dot_product_attention` gives it without a mask.

    Raises
    ------
    TypeError
        If an argument is no tensor, dtypes differ, or ``chunk_size`` is no integer.
    ValueError
        If shapes do not fit together, or ``chunk_size`` is below 1.

    References
    ----------
    Milakov and Gimelshein, "Online normalizer calculation for softmax" (2018), algorithm 3; Rabe
    and Staats, "Self-attention does not need O(n²) memory" (2021), section 2; Dao et al.,
    "FlashAttention" (2022), algorithm 1.

    Examples
    --------
    >>> query, key = torch.zeros(1, 2), torch.zeros(4, 2)
    >>> chunked_attention(query, key, torch.tensor([[1.0], [2.0], [3.0], [6.0]]), chunk_size=3)
    tensor([[3.]])
    """
    _check_attention(query, key, value, None, is_causal=False)
    integer("chunk_size", chunk_size, least=1)
    if scale is None:
        scale = query.shape[-1] ** -0.5
    highest = query.new_full((*query.shape[:-1], 1), -torch.inf)
    total, result = torch.zeros_like(highest), torch.zeros_like(highest)
    chunks = key.split(chunk_size, -2), value.split(chunk_size, -2)
    for some_keys, some_values in zip(*chunks, strict=True):
        scores = (query @ some_keys.mT) * scale
        new = torch.maximum(highest, scores.amax(-1, keepdim=True))
        shrink, weights = (highest - new).exp(), (scores - new).exp()
        total = total * shrink + weights.sum(-1, keepdim=True)
        result = result * shrink + weights @ some_values
        highest = new
    return result / total


@at_least_float32()
def soft_attention(x: Tensor, scores: Tensor, dim: int | Sequence[int]) -> Tensor:
    """Average over a dimension, with the softmax of scores as weights.

    Parameters
    ----------
    x
        What is averaged: feature maps over space, a pyramid over scale, frames over time.
    scores
        As many dimensions as ``x``; as long as ``x`` along ``dim``, elsewhere as long or of
        length 1. The higher, the more weight.
    dim
        Over which dimension, or dimensions together, to average.

    Returns
    -------
    Tensor
        ``x`` without ``dim``.

    Raises
    ------
    TypeError
        If ``x`` or ``scores`` is no tensor, or their dtypes differ.
    ValueError
        If the shapes do not fit together.

    References
    ----------
    Bahdanau, Cho and Bengio, "Neural machine translation by jointly learning to align and
    translate" (2015), section 3.1.

    Examples
    --------
    >>> x = torch.tensor([1.0, 5.0, 9.0])
    >>> soft_attention(x, torch.tensor([0.0, 0.0, 0.0]), dim=0)
    tensor(5.)
    >>> soft_attention(x, torch.tensor([0.0, 0.0, 99.0]), dim=0)
    tensor(9.)
    """
    dims = _check_scores(x, scores, dim)
    weights = _positions(scores, dims).softmax(-1)
    return (_positions(x, dims) * weights).sum(-1)


@at_least_float32()
def hard_attention(
    x: Tensor, scores: Tensor, dim: int | Sequence[int], straight_through: bool = False
) -> Tensor:
    """Keep what has the highest score along a dimension, and drop the rest.

    Parameters
    ----------
    x, scores, dim
        As in :func:`soft_attention`. Of equal scores the first counts.
    straight_through
        Whether to send back the gradient of :func:`soft_attention`'s weights, at the values of
        hard ones. Otherwise the scores get none: a choice does not change under a small push.

    Returns
    -------
    Tensor
        ``x`` without ``dim``.

    Raises
    ------
    TypeError
        If ``x`` or ``scores`` is no tensor, or their dtypes differ.
    ValueError
        If the shapes do not fit together.

    References
    ----------
    Bengio, Léonard and Courville, "Estimating or propagating gradients through stochastic neurons
    for conditional computation" (2013), the straight-through estimator.

    Examples
    --------
    >>> hard_attention(torch.tensor([1.0, 5.0, 9.0]), torch.tensor([0.1, 0.3, 0.2]), dim=0)
    tensor(5.)
    """
    dims = _check_scores(x, scores, dim)
    scores = _positions(scores, dims)
    weights = torch.zeros_like(scores).scatter(-1, scores.argmax(-1, keepdim=True), 1)
    if straight_through:
        soft = scores.softmax(-1)
        weights = weights + (soft - soft.detach())
    return (_positions(x, dims) * weights).sum(-1)


class AttentionPool(nn.Module):
    """Pool feature maps to one number per channel, by a mean that learns where to look.

    It is dot-product attention with a single query, the layer's weight, which all pictures share;
    the places are keys and values. With all parameters 0 it is global average pooling.

    Parameters
    ----------
    in_channels
        Channels of the feature maps.

    Raises
    ------
    TypeError
        If ``in_channels`` is no integer.
    ValueError
        If ``in_channels`` is below 1.

    References
    ----------
    Ilse, Tomczak and Welling, "Attention-based deep multiple instance learning" (2018), equation
    7, with places for instances and a score that is linear.

    Examples
    --------
    >>> pool = AttentionPool(8)
    >>> pool(torch.zeros(2, 8, 5, 5)).shape, pool.weights(torch.zeros(2, 8, 5, 5)).shape
    (torch.Size([2, 8]), torch.Size([2, 1, 5, 5]))
    """

    def __init__(self, in_channels: int) -> None:
        super().__init__()
        integer("in_channels", in_channels, least=1)
        self.score = nn.Conv2d(in_channels, 1, kernel_size=1)

    def weights(self, x: Tensor) -> Tensor:
        """Compute a weight for each place of ``(N, C, H, W)`` or ``(C, H, W)``; they sum to 1."""
        _check_channels(x, self.score.in_channels)
        scores = self.score(x)
        return scores.flatten(-2).softmax(-1).view_as(scores)

    def forward(self, x: Tensor) -> Tensor:
        """Average the places: ``(N, C)`` for ``(N, C, H, W)``."""
        _check_channels(x, self.score.in_channels)
        return soft_attention(x, self.score(x), dim=(-2, -1))


def _check_attention(
    query: Tensor, key: Tensor, value: Tensor | None, attn_mask: Tensor | None, is_causal: bool
) -> None:
    check_tensors(query=query, key=key, value=value)
    for name, tensor in (("query", query), ("key", key), ("value", value)):
        if tensor is not None and tensor.ndim < 2:
            raise ValueError(f"{name} has shape {tuple(tensor.shape)}; expected (..., length, E)")
    if key.shape[-1] != query.shape[-1]:
        raise ValueError(f"key has {key.shape[-1]} channels; expected {query.shape[-1]}, as query")
    if value is not None and value.shape[-2] != key.shape[-2]:
        raise ValueError(f"value has length {value.shape[-2]}; expected {key.shape[-2]}, as key")
    if attn_mask is None:
        return
    if is_causal:
        raise ValueError("attn_mask is given with is_causal; expected one of them")
    if not (isinstance(attn_mask, Tensor) and attn_mask.dtype == torch.bool):
        check_tensors(query=query, attn_mask=attn_mask)
    lengths = (query.shape[-2], key.shape[-2])
    sides = zip((1, 1, *attn_mask.shape)[-2:], lengths, strict=True)
    if any(side not in (1, length) for side, length in sides):
        raise ValueError(
            f"attn_mask has shape {tuple(attn_mask.shape)}; expected (..., {lengths[0]}, "
            f"{lengths[1]})"
        )


def _numbers(mask: Tensor, query: Tensor) -> Tensor:
    """Turn booleans that say where not to look into numbers to be added to scores."""
    if mask.dtype != torch.bool:
        return mask
    return query.new_zeros(mask.shape).masked_fill_(mask, -torch.inf)


def _check_mask(name: str, mask: Tensor, query: Tensor, shape: tuple[int, ...]) -> None:
    if not (isinstance(mask, Tensor) and mask.dtype == torch.bool):
        check_tensors(query=query, **{name: mask})
    if mask.shape != shape:
        raise ValueError(f"{name} has shape {tuple(mask.shape)}; expected {shape}")


def _positions(x: Tensor, dims: list[int]) -> Tensor:
    """Move some dimensions to the end, as one."""
    last = list(range(-len(dims), 0))
    return x.movedim(dims, last).flatten(-len(dims))


def _check_channels(x: Tensor, channels: int) -> None:
    check_pictures(x)
    if x.shape[-3] != channels:
        raise ValueError(f"x has {x.shape[-3]} channels; expected {channels}")


def _check_scores(x: Tensor, scores: Tensor, dim: int | Sequence[int]) -> list[int]:
    """Refuse scores that do not fit; return the dimensions, counted from 0."""
    check_tensors(x=x, scores=scores)
    dims = list(dim) if isinstance(dim, Sequence) else [dim]
    known = [d % x.ndim for d in dims if -x.ndim <= d < x.ndim]
    if not dims or len(set(known)) < len(dims):
        raise ValueError(f"dim is {dim!r}; expected dimensions of x of shape {tuple(x.shape)}")
    fits = scores.ndim == x.ndim and all(
        length == size or (length == 1 and number not in known)
        for number, (length, size) in enumerate(zip(scores.shape, x.shape, strict=True))
    )
    if not fits:
        raise ValueError(
            f"scores has shape {tuple(scores.shape)}; expected that of x, {tuple(x.shape)}, or 1 "
            f"outside of dim {dim!r}"
        )
    return known
