"""Training: the loop, and what it measures."""

from cvlib.training.loop import Epoch, Evaluation, History, evaluate, fit
from cvlib.training.regularization import EarlyStopping

__all__ = ["EarlyStopping", "Epoch", "Evaluation", "History", "evaluate", "fit"]
