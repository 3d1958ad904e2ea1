"""Scaled dot-product attention, with one head or several.

Queries, keys and values are ``(..., length, channels)``, on any device, and autograd runs through.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cvlib.arguments import check_tensors, integer
from cvlib.layers.precision import at_least_float32, lowered

__all__ = ["MultiheadAttention", "attention_weights", "scaled_dot_product_attention"]


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

    ``state_dict`` and results are those of :class:`torch.nn.MultiheadAttention` with
    ``batch_first=True``.

    Parameters
    ----------
    embed_dim
        Channels E of query, key, value and result.
    num_heads
        Parts into which they are cut.
    bias
        Whether the projections have biases.

    Raises
    ------
    TypeError
        If ``embed_dim`` or ``num_heads`` is no integer.
    ValueError
        If ``num_heads`` does not divide ``embed_dim``, or one of them is below 1.

    References
    ----------
    Vaswani et al., "Attention is all you need" (2017), section 3.2.2.

    Examples
    --------
    >>> layer, x = MultiheadAttention(8, num_heads=2), torch.zeros(1, 5, 8)
    >>> result, weights = layer(x, x, x)
    >>> result.shape, weights.shape
    (torch.Size([1, 5, 8]), torch.Size([1, 5, 5]))
    """

    def __init__(self, embed_dim: int, num_heads: int, bias: bool = True) -> None:
        super().__init__()
        integer("embed_dim", embed_dim, least=1)
        if embed_dim % integer("num_heads", num_heads, least=1):
            raise ValueError(f"num_heads is {num_heads}; expected a divisor of {embed_dim}")
        self.num_heads = num_heads
        self.in_proj_weight = nn.Parameter(torch.empty(3 * embed_dim, embed_dim))
        nn.init.xavier_uniform_(self.in_proj_weight)
        self.in_proj_bias: nn.Parameter | None = None
        self.out_proj = nn.Linear(embed_dim, embed_dim, bias)
        if bias:
            self.in_proj_bias = nn.Parameter(torch.zeros(3 * embed_dim))
            nn.init.zeros_(self.out_proj.bias)

    def forward(
        self, query: Tensor, key: Tensor, value: Tensor, attn_mask: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Return the result ``(N, L, E)`` and the heads' mean weights ``(N, L, S)``.

        In ``attn_mask``, ``(L, S)``, True means here *not* to look, as in torch's layer and unlike
        :func:`scaled_dot_product_attention`. Without N for one sequence.
        """
        query, key, value, attn_mask = lowered((query, key, value, attn_mask), self.in_proj_weight)
        _check_attention(query, key, value, attn_mask, is_causal=False)
        if attn_mask is not None and attn_mask.dtype == torch.bool:
            attn_mask = ~attn_mask
        bias = self.in_proj_bias
        biases = [None] * 3 if bias is None else bias.chunk(3)
        projections = self.in_proj_weight.chunk(3), biases
        parts = map(F.linear, (query, key, value), *projections)
        # The heads become one more dimension of the batch:
        # (N, L, E) to (N, heads, L, E / heads).
        query, key, value = (
            part.unflatten(-1, (self.num_heads, -1)).transpose(-3, -2) for part in parts
        )
        weights = attention_weights(query, key, attn_mask)
        found = (weights @ value).transpose(-3, -2).flatten(-2)
        return self.out_proj(found), weights.mean(-3)


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
