"""Training: the loop, and what it measures."""

from cvlib.training.cycles import cyclic, one_cycle
from cvlib.training.loop import Epoch, Evaluation, History, evaluate, fit
from cvlib.training.regularization import EarlyStopping
from cvlib.training.schedules import Plateau, cosine, warm_up

__all__ = [
    "EarlyStopping",
    "Epoch",
    "Evaluation",
    "History",
    "Plateau",
    "cosine",
    "cyclic",
    "evaluate",
    "fit",
    "one_cycle",
    "warm_up",
]
