"""Out of the notebook: networks made smaller, exported, served, attacked, kept private, scaled."""

from cvlib.practice.export import WithPreprocessing, resizing_matrix, to_onnx, to_torch, to_web

__all__ = ["WithPreprocessing", "resizing_matrix", "to_onnx", "to_torch", "to_web"]
