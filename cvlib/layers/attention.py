"""Attention: averages whose weights depend on what is averaged.

Soft and hard attention over any dimension, and the blocks that weigh the channels or the places of
feature maps. Attention by queries and keys stands in :mod:`cvlib.layers.dot_product`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from cvlib.arguments import check_pictures, check_tensors, integer
from cvlib.layers.precision import at_least_float32

__all__ = [
    "AttentionPool",
    "SpatialAttention",
    "SqueezeExcitation",
    "hard_attention",
    "soft_attention",
]


@at_least_float32()
def soft_attention(x: Tensor, scores: Tensor, dim: int | Sequence[int]) -> Tensor:
    """Average over a dimension, with the softmax of scores for weights.

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


class SqueezeExcitation(nn.Module):
    """Weigh the channels, each by a factor that all channels' averages decide on together.

    Arguments and ``state_dict`` are those of :class:`torchvision.ops.SqueezeExcitation`.

    Parameters
    ----------
    input_channels
        Channels of the feature maps.
    squeeze_channels
        Numbers in between, mostly fewer.
    activation
        Makes the activation in between.
    scale_activation
        Makes the activation of the factors.

    Raises
    ------
    TypeError
        If a number of channels is no integer.
    ValueError
        If a number of channels is below 1.

    References
    ----------
    Hu, Shen and Sun, "Squeeze-and-excitation networks" (2018), section 3.

    Examples
    --------
    >>> block = SqueezeExcitation(8, 2)
    >>> block(torch.zeros(1, 8, 5, 5)).shape
    torch.Size([1, 8, 5, 5])
    >>> sum(parameter.numel() for parameter in block.parameters())
    42
    """

    def __init__(
        self,
        input_channels: int,
        squeeze_channels: int,
        activation: Callable[[], nn.Module] = nn.ReLU,
        scale_activation: Callable[[], nn.Module] = nn.Sigmoid,
    ) -> None:
        super().__init__()
        integer("input_channels", input_channels, least=1)
        integer("squeeze_channels", squeeze_channels, least=1)
        self.fc1 = nn.Conv2d(input_channels, squeeze_channels, kernel_size=1)
        self.fc2 = nn.Conv2d(squeeze_channels, input_channels, kernel_size=1)
        self.activation = activation()
        self.scale_activation = scale_activation()

    def weights(self, x: Tensor) -> Tensor:
        """Compute a factor for each channel of ``(N, C, H, W)`` or ``(C, H, W)``: H and W are 1."""
        _check_channels(x, self.fc1.in_channels)
        squeezed = x.mean((-2, -1), keepdim=True)
        return self.scale_activation(self.fc2(self.activation(self.fc1(squeezed))))

    def forward(self, x: Tensor) -> Tensor:
        """Multiply each channel by its factor."""
        return x * self.weights(x)


class SpatialAttention(nn.Module):
    """Weigh the places of feature maps, each by a factor that its surroundings decide on.

    What the convolution sees of the channels is their mean and their maximum.

    Parameters
    ----------
    kernel_size
        Side of the surroundings in pixels, odd.

    Raises
    ------
    TypeError
        If ``kernel_size`` is no integer.
    ValueError
        If ``kernel_size`` is even or below 1.

    References
    ----------
    Woo, Park, Lee and Kweon, "CBAM: convolutional block attention module" (2018), equation 3.

    Examples
    --------
    >>> block = SpatialAttention()
    >>> block(torch.zeros(1, 8, 5, 5)).shape, block.weights(torch.zeros(1, 8, 5, 5)).shape
    (torch.Size([1, 8, 5, 5]), torch.Size([1, 1, 5, 5]))
    """

    def __init__(self, kernel_size: int = 7) -> None:
        super().__init__()
        if integer("kernel_size", kernel_size, least=1) % 2 == 0:
            raise ValueError(f"kernel_size is {kernel_size}; expected an odd number")
        self.conv = nn.Conv2d(2, 1, kernel_size, padding=kernel_size // 2, bias=False)

    def weights(self, x: Tensor) -> Tensor:
        """Compute a factor for each place of ``(N, C, H, W)`` or ``(C, H, W)``: C is 1."""
        check_pictures(x)
        seen = torch.cat([x.mean(-3, keepdim=True), x.amax(-3, keepdim=True)], dim=-3)
        return self.conv(seen).sigmoid()

    def forward(self, x: Tensor) -> Tensor:
        """Multiply each place by its factor."""
        return x * self.weights(x)


class AttentionPool(nn.Module):
    """Pool feature maps to one number per channel, by a mean that learns where to look.

    With all parameters 0 it is global average pooling.

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
