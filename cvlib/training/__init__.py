"""Training: the loop, and what it measures."""

from cvlib.training.loop import Epoch, Evaluation, History, evaluate, fit

__all__ = ["Epoch", "Evaluation", "History", "evaluate", "fit"]
