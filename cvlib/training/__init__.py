"""Training: the loop, and what it measures."""

from cvlib.training.adaptive import Adadelta, Adagrad, Adam, AdamW, RMSprop
from cvlib.training.calibration import calibration_curve, expected_calibration_error
from cvlib.training.checkpoints import load_checkpoint, save_checkpoint, save_weights
from cvlib.training.cycles import cyclic, one_cycle
from cvlib.training.learning_rate_finder import RangeTest, find_learning_rate
from cvlib.training.loop import Epoch, Evaluation, History, evaluate, fit
from cvlib.training.losses import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    cross_entropy,
    huber_loss,
    l1_loss,
    log_softmax,
    logsumexp,
    mse_loss,
    smooth_l1_loss,
)
from cvlib.training.metrics import (
    accuracy,
    average_precision,
    confusion_matrix,
    f1_score,
    precision,
    precision_recall_curve,
    recall,
    top_k_accuracy,
)
from cvlib.training.optimizers import SGD, DenseOptimizer
from cvlib.training.regularization import EarlyStopping, l1_penalty, l2_penalty
from cvlib.training.schedules import (
    Plateau,
    constant,
    cosine,
    exponential,
    multi_step,
    polynomial,
    step_decay,
    warm_up,
)

__all__ = [
    "SGD",
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "DenseOptimizer",
    "EarlyStopping",
    "Epoch",
    "Evaluation",
    "History",
    "Plateau",
    "RMSprop",
    "RangeTest",
    "accuracy",
    "average_precision",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "calibration_curve",
    "confusion_matrix",
    "constant",
    "cosine",
    "cross_entropy",
    "cyclic",
    "evaluate",
    "expected_calibration_error",
    "exponential",
    "f1_score",
    "find_learning_rate",
    "fit",
    "huber_loss",
    "l1_loss",
    "l1_penalty",
    "l2_penalty",
    "load_checkpoint",
    "log_softmax",
    "logsumexp",
    "mse_loss",
    "multi_step",
    "one_cycle",
    "polynomial",
    "precision",
    "precision_recall_curve",
    "recall",
    "save_checkpoint",
    "save_weights",
    "smooth_l1_loss",
    "step_decay",
    "top_k_accuracy",
    "warm_up",
]
