"""Out of the notebook: networks made smaller, exported, served, attacked, kept private, scaled."""

from cvlib.practice.corruptions import CORRUPTIONS, corrupt
from cvlib.practice.groups import (
    GroupAccuracy,
    balanced_indices,
    balanced_weights,
    group_accuracies,
    stroke_widths,
    wilson_interval,
)
from cvlib.practice.trust import (
    energy,
    fit_temperature,
    fpr_at_tpr,
    mahalanobis_distance,
    max_softmax,
    nearest_distance,
    risk_coverage,
)

__all__ = [
    "CORRUPTIONS",
    "GroupAccuracy",
    "balanced_indices",
    "balanced_weights",
    "corrupt",
    "energy",
    "fit_temperature",
    "fpr_at_tpr",
    "group_accuracies",
    "mahalanobis_distance",
    "max_softmax",
    "nearest_distance",
    "risk_coverage",
    "stroke_widths",
    "wilson_interval",
]
