"""Out of the notebook: networks made smaller, exported, served, attacked, kept private, scaled."""

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
from cvlib.practice.export import WithPreprocessing, resizing_matrix, to_onnx, to_torch, to_web
from cvlib.practice.load import Load, ask, closed_loop, open_loop, upload
from cvlib.practice.queueing import Served, md1_wait, poisson_arrivals, simulate
from cvlib.practice.serving import application, onnx_predictor, probabilities, read_digit, running
from cvlib.practice.troubleshooting import diagnose

__all__ = [
    "CORRUPTIONS",
    "BatchError",
    "Batcher",
    "Load",
    "Served",
    "UnavailableError",
    "WithPreprocessing",
    "application",
    "ask",
    "attacked",
    "closed_loop",
    "corrupt",
    "diagnose",
    "fgsm",
    "input_gradient",
    "margin_loss",
    "md1_wait",
    "mean_corruption_error",
    "onnx_predictor",
    "open_loop",
    "pgd",
    "poisson_arrivals",
    "probabilities",
    "project",
    "random_signs",
    "read_digit",
    "resizing_matrix",
    "running",
    "simulate",
    "to_onnx",
    "to_torch",
    "to_web",
    "upload",
]
