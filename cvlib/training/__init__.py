"""Training: the loop, and what it measures."""

from cvlib.training.adaptive import Adam, AdamW
from cvlib.training.cycles import cyclic, one_cycle
from cvlib.training.loop import Epoch, Evaluation, History, evaluate, fit
from cvlib.training.losses import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    cross_entropy,
    huber_loss,
    l1_loss,
    mse_loss,
    smooth_l1_loss,
)
from cvlib.training.metrics import accuracy, confusion_matrix, f1_score, top_k_accuracy
from cvlib.training.optimizers import SGD
from cvlib.training.regularization import EarlyStopping
from cvlib.training.schedules import Plateau, cosine, warm_up

__all__ = [
    "SGD",
    "Adam",
    "AdamW",
    "EarlyStopping",
    "Epoch",
    "Evaluation",
    "History",
    "Plateau",
    "accuracy",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "confusion_matrix",
    "cosine",
    "cross_entropy",
    "cyclic",
    "evaluate",
    "f1_score",
    "fit",
    "huber_loss",
    "l1_loss",
    "mse_loss",
    "one_cycle",
    "smooth_l1_loss",
    "top_k_accuracy",
    "warm_up",
]
