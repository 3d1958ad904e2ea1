"""Training: the loop, and what it measures."""

from cvlib.training.cycles import cyclic, one_cycle
from cvlib.training.loop import Epoch, Evaluation, History, evaluate, fit
from cvlib.training.metrics import accuracy, confusion_matrix, f1_score, top_k_accuracy
from cvlib.training.regularization import EarlyStopping
from cvlib.training.schedules import Plateau, cosine, warm_up

__all__ = [
    "EarlyStopping",
    "Epoch",
    "Evaluation",
    "History",
    "Plateau",
    "accuracy",
    "confusion_matrix",
    "cosine",
    "cyclic",
    "evaluate",
    "f1_score",
    "fit",
    "one_cycle",
    "top_k_accuracy",
    "warm_up",
]
