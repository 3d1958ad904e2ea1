"""Building blocks of a network, from scratch, with torch's names, arguments and numbers."""

from cvlib.layers.activation import elu, gelu, leaky_relu, relu, sigmoid, tanh
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
from cvlib.layers.cheaper import ways_to_see_seven
from cvlib.layers.connected import dropout, linear
from cvlib.layers.convolution import (
    conv2d,
    conv2d_loops,
    conv_transpose2d,
    depthwise_separable,
    output_size,
    unfold,
)
from cvlib.layers.cost import LayerCost, ReceptiveField, Summary, summarize
from cvlib.layers.gates import SpatialAttention, SqueezeExcitation
from cvlib.layers.group_normalization import group_norm, instance_norm, layer_norm
from cvlib.layers.initialization import (
    LayerSignal,
    calculate_gain,
    fan_in_and_fan_out,
    initialize_layers,
    kaiming_normal_,
    kaiming_uniform_,
    layer_signals,
    orthogonal_,
    xavier_normal_,
    xavier_uniform_,
)
from cvlib.layers.normalization import (
    BatchNorm2d,
    batch_norm,
    batch_norm_backward,
    local_response_norm,
)
from cvlib.layers.pooling import avg_pool2d, interpolate, max_pool2d, max_unpool2d
from cvlib.layers.residual import (
    BasicBlock,
    Bottleneck,
    PaddedShortcut,
    PreActivationBlock,
    ProjectionShortcut,
    StochasticDepth,
    stochastic_depth,
)
from cvlib.layers.variants import bilinear_sample, channel_shuffle, deform_conv2d

__all__ = [
    "AttentionPool",
    "BasicBlock",
    "BatchNorm2d",
    "Bottleneck",
    "LayerCost",
    "LayerSignal",
    "MultiheadAttention",
    "PaddedShortcut",
    "PreActivationBlock",
    "ProjectionShortcut",
    "ReceptiveField",
    "SpatialAttention",
    "SqueezeExcitation",
    "StochasticDepth",
    "Summary",
    "attention_weights",
    "avg_pool2d",
    "batch_norm",
    "batch_norm_backward",
    "bilinear_sample",
    "calculate_gain",
    "channel_shuffle",
    "chunked_attention",
    "conv2d",
    "conv2d_loops",
    "conv_transpose2d",
    "deform_conv2d",
    "depthwise_separable",
    "dropout",
    "elu",
    "fan_in_and_fan_out",
    "gelu",
    "group_norm",
    "hard_attention",
    "initialize_layers",
    "instance_norm",
    "interpolate",
    "kaiming_normal_",
    "kaiming_uniform_",
    "layer_norm",
    "layer_signals",
    "leaky_relu",
    "linear",
    "local_response_norm",
    "max_pool2d",
    "max_unpool2d",
    "orthogonal_",
    "output_size",
    "relu",
    "scaled_dot_product_attention",
    "sigmoid",
    "sinusoidal_positions",
    "soft_attention",
    "stochastic_depth",
    "summarize",
    "tanh",
    "unfold",
    "ways_to_see_seven",
    "xavier_normal_",
    "xavier_uniform_",
]
