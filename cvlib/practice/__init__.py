"""Out of the notebook: networks made smaller, exported, served, attacked, kept private, scaled."""

from __future__ import annotations

from cvlib.practice.accountant import compute_rdp, get_noise_multiplier, get_privacy_spent
from cvlib.practice.adversarial import (
    attacked,
    fgsm,
    input_gradient,
    margin_loss,
    pgd,
    project,
    random_signs,
)
from cvlib.practice.batching import Batcher, BatchError, UnavailableError
from cvlib.practice.corruptions import CORRUPTIONS, corrupt, mean_corruption_error
from cvlib.practice.differential_privacy import gaussian_mechanism, laplace_mechanism
from cvlib.practice.distillation import distillation_loss, soft_targets
from cvlib.practice.export import WithPreprocessing, resizing_matrix, to_onnx, to_torch, to_web
from cvlib.practice.groups import (
    GroupAccuracy,
    balanced_indices,
    balanced_weights,
    group_accuracies,
    stroke_widths,
    wilson_interval,
)
from cvlib.practice.int8 import int8_onnx, onnx_session, write_onnx_chain
from cvlib.practice.load import Load, ask, closed_loop, open_loop, upload
from cvlib.practice.low_rank import factor_conv, factor_linear, low_rank
from cvlib.practice.membership import attack_curve, likelihood_ratio, margins
from cvlib.practice.private_training import per_example_gradients, train_privately
from cvlib.practice.pruning import channel_norms, global_masks, prune_channels, prune_mask, sparsity
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
from cvlib.practice.queueing import Served, md1_wait, poisson_arrivals, simulate
from cvlib.practice.ring import RingStep, ring_all_reduce, ring_steps
from cvlib.practice.scale import average_gradients, combine_statistics, gradient_of
from cvlib.practice.serving import application, onnx_predictor, probabilities, read_digit, running
from cvlib.practice.sharding import Held, bytes_held, bytes_per_rank, bytes_sent
from cvlib.practice.troubleshooting import diagnose
from cvlib.practice.trust import (
    energy,
    fit_temperature,
    fpr_at_tpr,
    mahalanobis_distance,
    max_softmax,
    nearest_distance,
    risk_coverage,
)
from cvlib.practice.workers import Draws, seed_own_generator

__all__ = [
    "CORRUPTIONS",
    "BatchError",
    "Batcher",
    "Draws",
    "FakeQuantize",
    "FakeQuantizeWeight",
    "GroupAccuracy",
    "Held",
    "Load",
    "RingStep",
    "Served",
    "UnavailableError",
    "WithPreprocessing",
    "affine_parameters",
    "annotations",
    "application",
    "ask",
    "attack_curve",
    "attacked",
    "average_gradients",
    "balanced_indices",
    "balanced_weights",
    "bytes_held",
    "bytes_per_rank",
    "bytes_sent",
    "calibrate",
    "channel_norms",
    "closed_loop",
    "combine_statistics",
    "compute_rdp",
    "corrupt",
    "dequantize",
    "diagnose",
    "distillation_loss",
    "energy",
    "factor_conv",
    "factor_linear",
    "fake_quantize",
    "fgsm",
    "fit_temperature",
    "fold_batch_norm",
    "fpr_at_tpr",
    "gaussian_mechanism",
    "get_noise_multiplier",
    "get_privacy_spent",
    "global_masks",
    "gradient_of",
    "group_accuracies",
    "input_gradient",
    "int8_onnx",
    "integer_linear",
    "laplace_mechanism",
    "likelihood_ratio",
    "low_rank",
    "mahalanobis_distance",
    "margin_loss",
    "margins",
    "max_softmax",
    "md1_wait",
    "mean_corruption_error",
    "nearest_distance",
    "onnx_predictor",
    "onnx_session",
    "open_loop",
    "per_example_gradients",
    "pgd",
    "poisson_arrivals",
    "probabilities",
    "project",
    "prune_channels",
    "prune_mask",
    "quantize",
    "quantize_activations",
    "quantize_weights",
    "random_signs",
    "read_digit",
    "requantize",
    "resizing_matrix",
    "ring_all_reduce",
    "ring_steps",
    "risk_coverage",
    "running",
    "seed_own_generator",
    "simulate",
    "soft_targets",
    "sparsity",
    "steps_of",
    "stroke_widths",
    "to_onnx",
    "to_torch",
    "to_web",
    "train_privately",
    "upload",
    "value_range",
    "wilson_interval",
    "write_onnx_chain",
]
