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
from cvlib.practice.corruptions import CORRUPTIONS, corrupt, mean_corruption_error
from cvlib.practice.troubleshooting import diagnose

__all__ = [
    "CORRUPTIONS",
    "attacked",
    "corrupt",
    "diagnose",
    "fgsm",
    "input_gradient",
    "margin_loss",
    "mean_corruption_error",
    "pgd",
    "project",
    "random_signs",
]
