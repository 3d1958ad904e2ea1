"""Out of the notebook: networks made smaller, exported, served, attacked, kept private, scaled."""

from __future__ import annotations

from cvlib.practice.distillation import distillation_loss, soft_targets
from cvlib.practice.int8 import int8_onnx, onnx_session, write_onnx_chain
from cvlib.practice.low_rank import factor_conv, factor_linear, low_rank
from cvlib.practice.pruning import (
    channel_norms,
    global_masks,
    prune_channels,
    prune_mask,
    sparsity,
)
from cvlib.practice.quantization import (
    FakeQuantize,
    FakeQuantizeWeight,
    affine_parameters,
    calibrate,
    dequantize,
    fake_quantize,
    fold_batch_norm,
    integer_linear,
    quantize,
    quantize_activations,
    quantize_weights,
    requantize,
    steps_of,
    value_range,
)

__all__ = [
    "FakeQuantize",
    "FakeQuantizeWeight",
    "affine_parameters",
    "calibrate",
    "channel_norms",
    "dequantize",
    "distillation_loss",
    "factor_conv",
    "factor_linear",
    "fake_quantize",
    "fold_batch_norm",
    "global_masks",
    "int8_onnx",
    "integer_linear",
    "low_rank",
    "onnx_session",
    "prune_channels",
    "prune_mask",
    "quantize",
    "quantize_activations",
    "quantize_weights",
    "requantize",
    "soft_targets",
    "sparsity",
    "steps_of",
    "value_range",
    "write_onnx_chain",
]
