"""Building blocks of a network, from scratch, with torch's names, arguments and numbers."""

from cvlib.layers.activation import (
    elu,
    gelu,
    hardswish,
    leaky_relu,
    relu,
    sigmoid,
    silu,
    tanh,
)
from cvlib.layers.attention import (
    AttentionPool,
    SpatialAttention,
    SqueezeExcitation,
    hard_attention,
    soft_attention,
)
from cvlib.layers.cheaper import ways_to_see_seven
from cvlib.layers.connected import linear
from cvlib.layers.convolution import (
    conv2d,
    conv2d_loops,
    conv_transpose2d,
    depthwise_separable,
    output_size,
    unfold,
)
from cvlib.layers.cost import LayerCost, ReceptiveField, Summary, summarize
from cvlib.layers.dot_product import (
    MultiheadAttention,
    attention_weights,
    scaled_dot_product_attention,
)
from cvlib.layers.dropout import dropout, dropout2d
from cvlib.layers.group_normalization import group_norm, instance_norm, layer_norm, rms_norm
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
    "conv2d",
    "conv2d_loops",
    "conv_transpose2d",
    "deform_conv2d",
    "depthwise_separable",
    "dropout",
    "dropout2d",
    "elu",
    "fan_in_and_fan_out",
    "gelu",
    "group_norm",
    "hard_attention",
    "hardswish",
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
    "rms_norm",
    "scaled_dot_product_attention",
    "sigmoid",
    "silu",
    "soft_attention",
    "stochastic_depth",
    "summarize",
    "tanh",
    "unfold",
    "ways_to_see_seven",
    "xavier_normal_",
    "xavier_uniform_",
]
