"""Out of the notebook: networks made smaller, exported, served, attacked, kept private, scaled."""

from cvlib.practice.accountant import compute_rdp, get_noise_multiplier, get_privacy_spent
from cvlib.practice.differential_privacy import gaussian_mechanism, laplace_mechanism
from cvlib.practice.membership import attack_curve, likelihood_ratio, margins
from cvlib.practice.private_training import per_example_gradients, train_privately

__all__ = [
    "attack_curve",
    "compute_rdp",
    "gaussian_mechanism",
    "get_noise_multiplier",
    "get_privacy_spent",
    "laplace_mechanism",
    "likelihood_ratio",
    "margins",
    "per_example_gradients",
    "train_privately",
]
