"""Whether to trust an answer: how familiar a picture is, when to abstain, how sure to sound.

The functions on what was never seen measure; none of them knows. All are computed after training,
of a network's outputs or of its features, and none changes its answers.
"""

from __future__ import annotations

import torch
from torch import Tensor

from cvlib.arguments import check_numbers, check_tensors, integer, number
from cvlib.training.metrics import at_each_threshold, predicted_classes, roc_curve

__all__ = [
    "energy",
    "fit_temperature",
    "fpr_at_tpr",
    "mahalanobis_distance",
    "max_softmax",
    "nearest_distance",
    "risk_coverage",
]

_HALVINGS = 60  # of an interval of factors from 2**-10 to 2**10: finer than float64


def max_softmax(outputs: Tensor) -> Tensor:
    """Return the probability of the class that a network names: how sure it says it is.

    Parameters
    ----------
    outputs
        The outputs (logits) of a network, (N, K).

    Returns
    -------
    Tensor
        (N,), from 1/K to 1. Higher for what is familiar, it is hoped.

    Raises
    ------
    TypeError, ValueError
        If the outputs are no floating-point numbers of shape (N, K).

    References
    ----------
    Hendrycks, Gimpel, "A Baseline for Detecting Misclassified and Out-of-Distribution Examples in
    Neural Networks", ICLR 2017, section 3.

    Examples
    --------
    >>> max_softmax(torch.tensor([[3.0, 0.0, 0.0], [0.0, 0.0, 0.0]]))
    tensor([0.9094, 0.3333])
    """
    _check_table("outputs", outputs)
    return outputs.softmax(1).amax(1)


def energy(outputs: Tensor, temperature: float = 1.0) -> Tensor:
    r"""Return the free energy of a network's outputs, low for what is familiar, it is hoped.

    .. math:: E(x) = -T \log \sum_k e^{z_k / T}

    The softmax divides by that very sum, so it forgets how large all outputs are together; the
    energy keeps that and forgets how they are shared out.

    Parameters
    ----------
    outputs
        The outputs (logits) z of a network, (N, K).
    temperature
        T, above 0.

    Returns
    -------
    Tensor
        (N,).

    Raises
    ------
    TypeError, ValueError
        If the outputs are no floating-point numbers of shape (N, K), or the temperature is not
        above 0.

    References
    ----------
    Liu, Wang, Owens, Li, "Energy-based Out-of-distribution Detection", NeurIPS 2020, equation 4.

    Examples
    --------
    >>> energy(torch.tensor([[3.0, 0.0, 0.0], [0.0, 0.0, 0.0]]))
    tensor([-3.0949, -1.0986])
    """
    _check_table("outputs", outputs)
    if not number("temperature", temperature):
        raise ValueError(f"temperature is {temperature}; expected a number above 0")
    return -temperature * (outputs / temperature).logsumexp(1)


def nearest_distance(features: Tensor, known: Tensor, k: int = 1) -> Tensor:
    """Return how far the k-th nearest of known examples is.

    Parameters
    ----------
    features
        Numbers that describe each picture, such as the outputs of a hidden layer, (N, D).
    known
        The same of pictures that the network has learnt from, (M, D).
    k
        From 1 to M.

    Returns
    -------
    Tensor
        Euclidean distances, (N,). Small for what is familiar, it is hoped.

    Raises
    ------
    TypeError, ValueError
        If one is no table of floating-point numbers, widths differ, or k is out of range.

    References
    ----------
    Sun, Ming, Zhu, Li, "Out-of-Distribution Detection with Deep Nearest Neighbors", ICML 2022. It
    scales features to length 1 first, which is left to the caller here.

    Examples
    --------
    >>> known = torch.tensor([[0.0, 0.0], [3.0, 4.0]])
    >>> nearest_distance(torch.tensor([[0.0, 1.0]]), known)
    tensor([1.])
    """
    _check_features(features, known)
    if integer("k", k, least=1) > len(known):
        raise ValueError(f"k is {k}; expected at most {len(known)}, as many as are known")
    # The faster way, by products of matrices, loses half of the digits of small distances.
    apart = torch.cdist(features, known, compute_mode="donot_use_mm_for_euclid_dist")
    return apart.kthvalue(k, dim=1).values


def mahalanobis_distance(features: Tensor, known: Tensor, labels: Tensor) -> Tensor:
    r"""Return how far the nearest class is, in units of how classes spread.

    Each class is taken for a cloud around its mean, and all clouds for alike: their covariance is
    that of the differences to the own class's mean. Along directions in which nothing known varies,
    nothing is measured (the inverse is the pseudo-inverse).

    .. math:: \min_c \sqrt{(f - \mu_c)^\top \Sigma^+ (f - \mu_c)}

    Parameters
    ----------
    features
        Numbers that describe each picture, such as the outputs of a hidden layer, (N, D).
    known
        The same of pictures that the network has learnt from, (M, D).
    labels
        Their classes, (M,).

    Returns
    -------
    Tensor
        (N,), in the dtype of ``features``. Small for what is familiar, it is hoped.

    Raises
    ------
    TypeError, ValueError
        If one is no table of floating-point numbers, widths differ, or the labels are not as many
        whole numbers.

    References
    ----------
    Lee, Lee, Lee, Shin, "A Simple Unified Framework for Detecting Out-of-Distribution Samples and
    Adversarial Attacks", NeurIPS 2018, section 2.1.

    Examples
    --------
    >>> known = torch.tensor([[-2.0, 0.0], [2.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
    >>> one_class = torch.zeros(4, dtype=torch.int64)
    >>> mahalanobis_distance(torch.tensor([[2.0, 0.0], [0.0, 2.0]]), known, one_class)
    tensor([1.4142, 2.8284])
    """
    _check_features(features, known)
    check_tensors(labels=labels)
    if labels.is_floating_point() or labels.shape != known.shape[:1]:
        raise ValueError(
            f"labels is {labels.dtype} of shape {tuple(labels.shape)}; expected ({len(known)},) "
            "whole numbers, as many as are known"
        )
    exact = known.double()
    names, number_of = labels.unique(return_inverse=True)
    means = torch.stack([exact[number_of == at].mean(0) for at in range(len(names))])
    centred = exact - means[number_of]
    covariance = centred.T @ centred / len(centred)
    inverse = torch.linalg.pinv(covariance, rtol=1e-6, hermitian=True)
    away = features.double()[:, None] - means
    squared = torch.einsum("nkd,de,nke->nk", away, inverse, away)
    return squared.amin(1).clamp(min=0).sqrt().to(features.dtype)


def fpr_at_tpr(scores: Tensor, labels: Tensor, tpr: float = 0.95) -> Tensor:
    """Return how many of the strange pass if so many of the familiar must.

    Parameters
    ----------
    scores
        Of each picture, (N,): the higher, the more it counts as familiar.
    labels
        1 for a familiar picture and 0 for a strange one, (N,).
    tpr
        The share of the familiar that must score at least the threshold, above 0 and up to 1.

    Returns
    -------
    Tensor
        The lowest false positive rate at which the true positive rate is ``tpr`` or more, from the
        curve of :func:`cvlib.training.metrics.roc_curve`; a single number, ``float64``.

    Raises
    ------
    TypeError, ValueError
        As :func:`cvlib.training.metrics.roc_curve` does, and if ``tpr`` is not above 0 and up to 1.

    Examples
    --------
    >>> scores = torch.tensor([0.9, 0.8, 0.7, 0.6, 0.5])
    >>> fpr_at_tpr(scores, torch.tensor([1, 1, 0, 1, 0]), tpr=1.0)
    tensor(0.5000, dtype=torch.float64)
    """
    if not number("tpr", tpr, most=1):
        raise ValueError(f"tpr is {tpr}; expected a number above 0 and up to 1")
    false, true, _ = roc_curve(scores, labels)
    return false[true >= tpr].min()


def risk_coverage(scores: Tensor, right: Tensor) -> tuple[Tensor, Tensor]:
    """Return how often a network errs among the answers it is surest of, for every number of these.

    Parameters
    ----------
    scores
        How sure it is of each answer, (N,). Answers with equal scores are given together.
    right
        Whether each answer is right, (N,): ``bool``, or 0 and 1.

    Returns
    -------
    coverage : Tensor
        The shares of the pictures that are answered, rising to 1, (T,), ``float64``.
    risk : Tensor
        The share of wrong answers among them, (T,), ``float64``.

    Raises
    ------
    TypeError, ValueError
        If the scores are no floating-point numbers that can be compared, or ``right`` is not 0 or 1
        for each of them. All answers may be right, or wrong.

    References
    ----------
    El-Yaniv, Wiener, "On the Foundations of Noise-free Selective Classification", Journal of
    Machine Learning Research 11, 2010, section 2.

    Examples
    --------
    >>> scores, right = torch.tensor([0.9, 0.8, 0.6, 0.6]), torch.tensor([1, 1, 0, 1])
    >>> coverage, risk = risk_coverage(scores, right)
    >>> coverage.tolist(), risk.tolist()
    ([0.25, 0.5, 1.0], [0.0, 0.0, 0.25])
    """
    check_tensors(scores=scores)
    check_tensors(right=right)
    if right.shape != scores.shape or ((right != 0) & (right != 1)).any():
        raise ValueError(
            f"right has shape {tuple(right.shape)}; expected {tuple(scores.shape)}, "
            "0 or 1 for each score"
        )
    right = right.bool()
    given = torch.ones_like(right)
    _, answered, _ = at_each_threshold(scores, given)
    if right.any():
        _, _, hits = at_each_threshold(scores, right)
    else:
        hits = torch.zeros_like(answered)
    answered, hits = answered.flip(0), hits.flip(0)
    return answered / len(scores), 1 - hits / answered


def fit_temperature(outputs: Tensor, labels: Tensor) -> float:
    """Return the number by which to divide all outputs so that the labels surprise least.

    The mean cross entropy of ``outputs / T`` is convex in 1/T, so its slope has one zero, which is
    found by halving.

    Parameters
    ----------
    outputs
        The outputs (logits) of a network for pictures that it has not learnt from, (N, K).
    labels
        Their classes, (N,).

    Returns
    -------
    float
        T, from 1/1024 to 1024. Above 1, the network sounded too sure.

    Raises
    ------
    TypeError, ValueError
        If outputs and labels do not fit, or no T is best: where all answers are right, and by no
        tie, smaller is always better, and where the right class scores no better than the mean of
        all, larger is.

    References
    ----------
    Guo, Pleiss, Sun, Weinberger, "On Calibration of Modern Neural Networks", ICML 2017, section
    4.2.

    Examples
    --------
    >>> outputs = torch.tensor([[2.0, 0.0], [2.0, 0.0], [2.0, 0.0], [2.0, 0.0]])
    >>> round(fit_temperature(outputs, torch.tensor([0, 0, 0, 1])), 4)  # for 3/4: 2 / ln 3
    1.8205
    """
    _check_table("outputs", outputs)
    predicted_classes(outputs, labels)
    exact = outputs.detach().double()
    named = exact.gather(1, labels.long()[:, None])[:, 0].mean()

    def slope(log2: float) -> float:
        expected = ((exact * 2**log2).softmax(1) * exact).sum(1).mean()
        return float(expected - named)

    low, high = -10.0, 10.0
    if not slope(low) < 0 < slope(high):
        raise ValueError(
            "outputs are such that no temperature is best; expected some wrong answers, and right "
            "classes that score above the mean"
        )
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if slope(middle) < 0 else (low, middle)
    return float(2**-low)


def _check_table(name: str, table: Tensor) -> None:
    check_numbers(table, name=name)
    if table.ndim != 2 or not table.numel():
        raise ValueError(f"{name} has shape {tuple(table.shape)}; expected (N, K), none of them 0")


def _check_features(features: Tensor, known: Tensor) -> None:
    _check_table("features", features)
    check_numbers(features, name="features", known=known)
    _check_table("known", known)
    if features.shape[1] != known.shape[1]:
        raise ValueError(
            f"known has shape {tuple(known.shape)}; expected (M, {features.shape[1]}), as many "
            "numbers as features have"
        )
