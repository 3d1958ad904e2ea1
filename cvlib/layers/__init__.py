"""Building blocks of a network, from scratch, with torch's names, arguments and numbers."""

from cvlib.layers.attention import (
    AttentionPool,
    SpatialAttention,
    SqueezeExcitation,
    hard_attention,
    soft_attention,
)
from cvlib.layers.convolution import (
    conv2d,
    conv2d_loops,
    conv_transpose2d,
    depthwise_separable,
    output_size,
    unfold,
)
from cvlib.layers.dot_product import (
    MultiheadAttention,
    attention_weights,
    scaled_dot_product_attention,
)

__all__ = [
    "AttentionPool",
    "MultiheadAttention",
    "SpatialAttention",
    "SqueezeExcitation",
    "attention_weights",
    "conv2d",
    "conv2d_loops",
    "conv_transpose2d",
    "depthwise_separable",
    "hard_attention",
    "output_size",
    "scaled_dot_product_attention",
    "soft_attention",
    "unfold",
]
