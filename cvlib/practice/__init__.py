"""Out of the notebook: networks made smaller, exported, served, attacked, kept private, scaled."""

from cvlib.practice.export import to_onnx

__all__ = ["to_onnx"]
