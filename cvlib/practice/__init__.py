"""Out of the notebook: networks made smaller, exported, served, attacked, kept private, scaled."""

from cvlib.practice.batching import Batcher, BatchError, UnavailableError
from cvlib.practice.export import WithPreprocessing, resizing_matrix, to_onnx, to_torch, to_web
from cvlib.practice.load import Load, ask, closed_loop, open_loop, upload
from cvlib.practice.queueing import Served, md1_wait, poisson_arrivals, simulate
from cvlib.practice.serving import (
    application,
    onnx_predictor,
    probabilities,
    read_digit,
    running,
)

__all__ = [
    "BatchError",
    "Batcher",
    "Load",
    "Served",
    "UnavailableError",
    "WithPreprocessing",
    "application",
    "ask",
    "closed_loop",
    "md1_wait",
    "onnx_predictor",
    "open_loop",
    "poisson_arrivals",
    "probabilities",
    "read_digit",
    "resizing_matrix",
    "running",
    "simulate",
    "to_onnx",
    "to_torch",
    "to_web",
    "upload",
]
