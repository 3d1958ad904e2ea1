"""Whether a network is right as often as it says: the calibration curve and its summary."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from cvlib.layers.arguments import check_tensors, integer, one_of
from cvlib.training.predictions import check_binary, predicted_classes

__all__ = ["calibration_curve", "expected_calibration_error"]


def calibration_curve(
    probabilities: Tensor,
    labels: Tensor,
    n_bins: int = 5,
    strategy: Literal["uniform", "quantile"] = "uniform",
) -> tuple[Tensor, Tensor]:
    """Compare the probability of "yes" with how often "yes" is right, bin by bin.

    Parameters
    ----------
    probabilities
        The probability of "yes" for each picture, (N,), from 0 to 1. For a network of K classes:
        that of the predicted class.
    labels
        Whether "yes" is right, (N,): ``bool``, or whole numbers 0 and 1. For a network of K
        classes: whether the prediction is right.
    n_bins
        Into how many bins the probabilities are sorted.
    strategy
        ``"uniform"``: bins of equal width from 0 to 1; ``"quantile"``: bins of equally many
        pictures. A probability on an edge belongs to the lower bin.

    Returns
    -------
    prob_true, prob_pred : Tensor
        In each bin that is not empty, the share of right ones and the mean probability: the names
        and the order of :func:`sklearn.calibration.calibration_curve`, ``float64``.

    Raises
    ------
    TypeError
        If ``probabilities`` holds no floating-point numbers, or ``labels`` no whole ones.
    ValueError
        If shapes or devices do not fit, there is no picture, a probability is not from 0 to 1, a
        label is neither 0 nor 1, ``n_bins`` is below 1, or there is no such ``strategy``.

    Examples
    --------
    >>> probabilities = torch.tensor([0.1, 0.3, 0.7, 0.9])
    >>> for values in calibration_curve(probabilities, torch.tensor([0, 0, 0, 1]), n_bins=2):
    ...     print([round(float(value), 2) for value in values])
    [0.0, 0.5]
    [0.2, 0.8]
    """
    counts, right, said = _binned(probabilities, labels, n_bins, strategy)
    filled = counts > 0
    return (right / counts)[filled], (said / counts)[filled]


def expected_calibration_error(probabilities: Tensor, labels: Tensor, n_bins: int = 15) -> Tensor:
    r"""Return how far, on average, the probabilities are from the share of right answers.

    .. math:: \sum_b \frac{n_b}{N} \, \bigl| \text{share right}_b - \text{mean probability}_b \bigr|

    Parameters
    ----------
    probabilities
        The probabilities of the classes, (N, K), not the outputs of a network but their softmax; or
        the probability of "yes", (N,).
    labels
        The true classes (N,); or whether "yes" is right.
    n_bins
        Into how many bins of equal width the probabilities of the predicted classes are sorted.

    Returns
    -------
    Tensor
        A single number from 0 to 1, 0 for a perfectly calibrated network.

    Raises
    ------
    TypeError, ValueError
        As :func:`calibration_curve` does, and if a label is no class of (N, K).

    References
    ----------
    Guo, Pleiss, Sun, Weinberger, "On Calibration of Modern Neural Networks", ICML 2017, equation 3.

    Examples
    --------
    >>> probabilities = torch.tensor([[0.9, 0.1], [0.9, 0.1]])
    >>> round(float(expected_calibration_error(probabilities, torch.tensor([0, 1]))), 4)
    0.4
    """
    check_tensors(probabilities=probabilities)
    if probabilities.ndim == 2:
        predicted, _ = predicted_classes(probabilities, labels, name="probabilities")
        _check_range(probabilities)
        probabilities, labels = probabilities.amax(1), predicted == labels
    counts, right, said = _binned(probabilities, labels, n_bins, "uniform")
    return (right - said).abs().sum() / counts.sum()


def _binned(
    probabilities: Tensor, labels: Tensor, n_bins: int, strategy: str
) -> tuple[Tensor, Tensor, Tensor]:
    """Sum up each bin: how many there are, how many are right, and what was said of them."""
    check_binary(probabilities, labels, "probabilities")
    _check_range(probabilities)
    n_bins = integer("n_bins", n_bins, least=1)
    said = probabilities.detach().double()
    edges = torch.arange(1, n_bins, dtype=torch.float64, device=said.device) * (1 / n_bins)
    one_of("strategy", strategy, ("uniform", "quantile"))
    if strategy == "quantile":
        edges = said.quantile(edges)
    number = torch.bucketize(said.contiguous(), edges)  # the number of edges below it
    addends = torch.stack((torch.ones_like(said), labels.double(), said))
    counts, right, sums = said.new_zeros(3, n_bins).index_add_(1, number, addends)
    return counts, right, sums


def _check_range(probabilities: Tensor) -> None:
    low, high = (float(value) for value in probabilities.detach().aminmax())
    if not (low >= 0 and high <= 1):
        wrong = high if high > 1 else low
        raise ValueError(
            f"probabilities holds {wrong:g}; expected numbers from 0 to 1, as softmax gives them"
        )
