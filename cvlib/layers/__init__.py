"""Building blocks of a network, from scratch, with torch's names, arguments and numbers."""

from cvlib.layers.convolution import (
    conv2d,
    conv2d_loops,
    conv_transpose2d,
    depthwise_separable,
    output_size,
    unfold,
)

__all__ = [
    "conv2d",
    "conv2d_loops",
    "conv_transpose2d",
    "depthwise_separable",
    "output_size",
    "unfold",
]
