"""What a classifier is worth: accuracy, the confusion matrix, precision, recall, F1, and curves.

Every metric takes what a network gives, scores (N, K) of which the highest wins, or the classes
(N,) themselves, and the true labels (N,). Where scores tie, the first class wins, as in
:func:`torch.argmax`. Shares come as ``float64``, so that they are as exact as the counts.
Calibration asks whether a network is right as often as it says.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from cvlib.arguments import check_tensors, integer, one_of

__all__ = [
    "accuracy",
    "average_precision",
    "calibration_curve",
    "confusion_matrix",
    "expected_calibration_error",
    "f1_score",
    "precision",
    "precision_recall_curve",
    "recall",
    "roc_auc",
    "roc_curve",
    "top_k_accuracy",
]


Average = Literal["macro", "micro", "weighted"] | None


def accuracy(outputs: Tensor, labels: Tensor) -> Tensor:
    """Return the share of pictures that are given their right class.

    Parameters
    ----------
    outputs
        Scores (N, K), or predicted classes (N,), whole numbers.
    labels
        The true classes (N,), whole numbers from 0 to K - 1.

    Returns
    -------
    Tensor
        A single number from 0 to 1.

    Raises
    ------
    TypeError
        If one is no tensor, scores are no floating-point numbers or classes no whole ones.
    ValueError
        If shapes or devices do not fit, there is no picture, a label is out of range, or a score is
        not a number.

    Examples
    --------
    >>> float(accuracy(torch.tensor([0, 2, 1, 1]), torch.tensor([0, 2, 1, 0])))
    0.75
    """
    predicted, _ = predicted_classes(outputs, labels)
    return (predicted == labels).double().mean()


def top_k_accuracy(outputs: Tensor, labels: Tensor, k: int = 5) -> Tensor:
    """Return the share of pictures whose right class is among the ``k`` highest scores.

    Parameters
    ----------
    outputs
        Scores (N, K).
    labels
        The true classes (N,), from 0 to K - 1.
    k
        How many guesses count, from 1 to K.

    Returns
    -------
    Tensor
        A single number from 0 to 1; with ``k=1`` it is :func:`accuracy`.

    Raises
    ------
    TypeError, ValueError
        As :func:`accuracy` does, and if ``outputs`` holds classes or ``k`` is above K.

    Examples
    --------
    >>> scores = torch.tensor([[0.1, 0.6, 0.3], [0.5, 0.4, 0.1]])
    >>> [float(top_k_accuracy(scores, torch.tensor([2, 0]), k)) for k in (1, 2)]
    [0.5, 1.0]
    """
    _, classes = predicted_classes(outputs, labels)
    if outputs.ndim == 1:
        raise ValueError(f"outputs has shape {tuple(outputs.shape)}; expected scores (N, K)")
    if integer("k", k, least=1) > classes:
        raise ValueError(f"k is {k}; expected at most the {classes} classes of outputs")
    of_label = outputs.gather(1, labels.long()[:, None])
    earlier = torch.arange(classes, device=labels.device) < labels[:, None]
    before = (outputs > of_label) | ((outputs == of_label) & earlier)
    return (before.sum(1) < k).double().mean()


def confusion_matrix(outputs: Tensor, labels: Tensor, num_classes: int | None = None) -> Tensor:
    """Count who is taken for whom.

    Parameters
    ----------
    outputs
        Scores (N, K), or predicted classes (N,).
    labels
        The true classes (N,).
    num_classes
        K, where ``outputs`` holds classes; one more than the highest class met, if not given.

    Returns
    -------
    Tensor
        ``int64``, (K, K): in row i and column j, how many pictures of class i are taken for j.

    Raises
    ------
    TypeError, ValueError
        As :func:`accuracy` does, and if ``num_classes`` is not the K of the scores.

    Examples
    --------
    >>> confusion_matrix(torch.tensor([0, 1, 1, 1]), torch.tensor([0, 0, 0, 1]))
    tensor([[1, 2],
            [0, 1]])
    """
    predicted, classes = predicted_classes(outputs, labels, num_classes)
    pairs = labels.long() * classes + predicted
    return pairs.bincount(minlength=classes**2).view(classes, classes)


def precision(
    outputs: Tensor,
    labels: Tensor,
    average: Average = "macro",
    zero_division: float = 0.0,
    num_classes: int | None = None,
) -> Tensor:
    """Return which share of the pictures taken for a class belongs to it.

    Parameters
    ----------
    outputs
        Scores (N, K), or predicted classes (N,).
    labels
        The true classes (N,).
    average
        How to make one number of K. ``"macro"``: the mean over the classes; ``"weighted"``: each
        class counts by its pictures; ``"micro"``: pictures of all classes are counted together;
        None: K numbers.
    zero_division
        What stands for 0/0, as when no picture is taken for a class. With ``nan``, means leave such
        classes out.
    num_classes
        K, where ``outputs`` holds classes; one more than the highest class met, if not given.

    Returns
    -------
    Tensor
        A single number, or (K,) without an average.

    Raises
    ------
    TypeError, ValueError
        As :func:`confusion_matrix` does, and if there is no such ``average``.

    Examples
    --------
    >>> predicted, labels = torch.tensor([0, 1, 1, 1]), torch.tensor([0, 0, 0, 1])
    >>> [round(float(share), 4) for share in precision(predicted, labels, average=None)]
    [1.0, 0.3333]
    """
    matrix = confusion_matrix(outputs, labels, num_classes)
    return _averaged(matrix.diag(), matrix.sum(0), matrix.sum(1), average, zero_division)


def recall(
    outputs: Tensor,
    labels: Tensor,
    average: Average = "macro",
    zero_division: float = 0.0,
    num_classes: int | None = None,
) -> Tensor:
    """Return which share of the pictures of a class is found.

    Parameters
    ----------
    outputs, labels, average, zero_division, num_classes
        As in :func:`precision`. 0/0 comes where a class has no picture.

    Returns
    -------
    Tensor
        A single number, or (K,) without an average.

    Raises
    ------
    TypeError, ValueError
        As :func:`precision` does.

    Examples
    --------
    >>> predicted, labels = torch.tensor([0, 1, 1, 1]), torch.tensor([0, 0, 0, 1])
    >>> [round(float(share), 4) for share in recall(predicted, labels, average=None)]
    [0.3333, 1.0]
    """
    matrix = confusion_matrix(outputs, labels, num_classes)
    return _averaged(matrix.diag(), matrix.sum(1), matrix.sum(1), average, zero_division)


def f1_score(
    outputs: Tensor,
    labels: Tensor,
    average: Average = "macro",
    zero_division: float = 0.0,
    num_classes: int | None = None,
) -> Tensor:
    """Return the harmonic mean of precision and recall, which is near the lower of the two.

    Parameters
    ----------
    outputs, labels, average, zero_division, num_classes
        As in :func:`precision`. 0/0 comes where a class has no picture and none is taken for it.

    Returns
    -------
    Tensor
        A single number, or (K,) without an average.

    Raises
    ------
    TypeError, ValueError
        As :func:`precision` does.

    Examples
    --------
    >>> predicted, labels = torch.tensor([0, 1, 1, 1]), torch.tensor([0, 0, 0, 1])
    >>> f1_score(predicted, labels, average=None)
    tensor([0.5000, 0.5000], dtype=torch.float64)
    """
    matrix = confusion_matrix(outputs, labels, num_classes)
    taken, there = matrix.sum(0), matrix.sum(1)
    return _averaged(2 * matrix.diag(), taken + there, there, average, zero_division)


def precision_recall_curve(scores: Tensor, labels: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return precision and recall of "yes, if the score is at least t" for every threshold t.

    Parameters
    ----------
    scores
        The score of "yes" for each picture, (N,).
    labels
        Whether "yes" is right, (N,): ``bool``, or whole numbers 0 and 1.

    Returns
    -------
    precision, recall : Tensor
        (T + 1,), ``float64``, one number for each threshold, and at the end 1 and 0, for the
        threshold that no score reaches.
    thresholds : Tensor
        The T different scores, rising.

    Raises
    ------
    TypeError
        If ``scores`` holds no floating-point numbers, or ``labels`` no whole ones.
    ValueError
        If shapes or devices do not fit, a score is not a number, a label is neither 0 nor 1, or
        none is 1, so that there is nothing to find.

    Examples
    --------
    >>> scores, labels = torch.tensor([0.9, 0.6, 0.4, 0.1]), torch.tensor([1, 0, 1, 0])
    >>> for values in precision_recall_curve(scores, labels):
    ...     print([round(float(value), 2) for value in values])
    [0.5, 0.67, 0.5, 1.0, 1.0]
    [1.0, 1.0, 0.5, 0.5, 0.0]
    [0.1, 0.4, 0.6, 0.9]
    """
    thresholds, yes, right = at_each_threshold(scores, labels)
    one, zero = yes.new_ones(1), yes.new_zeros(1)
    return torch.cat((right / yes, one)), torch.cat((right / right[0], zero)), thresholds


def average_precision(scores: Tensor, labels: Tensor) -> Tensor:
    """Return the mean of the precisions at which each further picture is found.

    Parameters
    ----------
    scores, labels
        As in :func:`precision_recall_curve`.

    Returns
    -------
    Tensor
        A single number up to 1, which is reached where every "yes" scores above every "no".

    Raises
    ------
    TypeError, ValueError
        As :func:`precision_recall_curve` does.

    Examples
    --------
    >>> scores, labels = torch.tensor([0.9, 0.6, 0.4, 0.1]), torch.tensor([1, 0, 1, 0])
    >>> round(float(average_precision(scores, labels)), 4)  # half of 1 and 2/3
    0.8333
    """
    precisions, recalls, _ = precision_recall_curve(scores, labels)
    return -(recalls.diff() * precisions[:-1]).sum()


def roc_curve(scores: Tensor, labels: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return the false and the true positive rate of "yes, if the score is at least t".

    Parameters
    ----------
    scores, labels
        As in :func:`precision_recall_curve`; at least one label must be 0.

    Returns
    -------
    fpr : Tensor
        (T + 1,), ``float64``: for each threshold, which share of the pictures whose label is 0 is
        taken for a 1. It begins with 0, for the threshold that no score reaches.
    tpr : Tensor
        (T + 1,), ``float64``: which share of the pictures whose label is 1 is found, the recall.
    thresholds : Tensor
        Infinity, then the T different scores, falling: those of
        :func:`sklearn.metrics.roc_curve` with ``drop_intermediate=False``.

    Raises
    ------
    TypeError
        As :func:`precision_recall_curve` does.
    ValueError
        As :func:`precision_recall_curve` does, and if no label is 0.

    References
    ----------
    Fawcett, "An Introduction to ROC Analysis", Pattern Recognition Letters 27, 2006, algorithm 1.

    Examples
    --------
    >>> scores, labels = torch.tensor([0.9, 0.6, 0.4, 0.1]), torch.tensor([1, 0, 1, 0])
    >>> for values in roc_curve(scores, labels):
    ...     print([round(float(value), 2) for value in values])
    [0.0, 0.0, 0.5, 0.5, 1.0]
    [0.0, 0.5, 0.5, 1.0, 1.0]
    [inf, 0.9, 0.6, 0.4, 0.1]
    """
    thresholds, yes, right = at_each_threshold(scores, labels)
    if right[0] == yes[0]:
        raise ValueError("labels holds no 0; expected at least one, or there is no false positive")
    shares = [counts.flip(0) / counts[0] for counts in (yes - right, right)]
    fpr, tpr = (torch.cat((share.new_zeros(1), share)) for share in shares)
    return fpr, tpr, torch.cat((thresholds.new_full((1,), torch.inf), thresholds.flip(0)))


def roc_auc(scores: Tensor, labels: Tensor) -> Tensor:
    """Return the area under the ROC curve: how often a "yes" scores above a "no".

    Of all pairs of a picture with the label 1 and one with the label 0 it is the share in which
    the first scores higher; where both score the same, half a pair counts.

    Parameters
    ----------
    scores, labels
        As in :func:`roc_curve`.

    Returns
    -------
    Tensor
        A single number: 1 where every "yes" scores above every "no", 0.5 for scores that do not
        depend on the label.

    Raises
    ------
    TypeError, ValueError
        As :func:`roc_curve` does.

    References
    ----------
    Hanley, McNeil, "The Meaning and Use of the Area under a Receiver Operating Characteristic (ROC)
    Curve", Radiology 143, 1982.

    Examples
    --------
    >>> scores, labels = torch.tensor([0.9, 0.6, 0.4, 0.1]), torch.tensor([1, 0, 1, 0])
    >>> float(roc_auc(scores, labels))  # of four pairs, only 0.4 and 0.6 are the wrong way round
    0.75
    """
    fpr, tpr, _ = roc_curve(scores, labels)
    return torch.trapezoid(tpr, fpr)


def at_each_threshold(scores: Tensor, labels: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Count for each threshold who is a "yes", and who of them rightly.

    Parameters
    ----------
    scores, labels
        As in :func:`cvlib.training.metrics.precision_recall_curve`.

    Returns
    -------
    thresholds : Tensor
        The T different scores, rising: equal ones are one threshold.
    yes, right : Tensor
        (T,), ``float64``: how many score at least that, and how many of them have the label 1.

    Raises
    ------
    TypeError, ValueError
        As :func:`cvlib.training.metrics.precision_recall_curve` does.

    Examples
    --------
    >>> for values in at_each_threshold(torch.tensor([0.5, 0.5, 0.25]), torch.tensor([1, 0, 1])):
    ...     print(values.tolist())
    [0.25, 0.5]
    [3.0, 2.0]
    [2.0, 1.0]
    """
    check_binary(scores, labels)
    if not labels.any():
        raise ValueError("labels holds no 1; expected at least one, or recall is undefined")
    thresholds, group = scores.detach().unique(return_inverse=True)
    yes = group.bincount(minlength=len(thresholds))
    right = group[labels.bool()].bincount(minlength=len(thresholds))
    yes, right = (counts.flip(0).cumsum(0).flip(0).double() for counts in (yes, right))
    return thresholds, yes, right


def _averaged(
    right: Tensor, total: Tensor, weight: Tensor, average: Average, zero_division: float
) -> Tensor:
    """Divide counts class by class, or summed up, and take the mean that the caller wants."""
    if average is not None:
        one_of("average", average, ("macro", "micro", "weighted"))
    if average == "micro":
        right, total = right.sum(), total.sum()
    shares = torch.where(total > 0, right / total.double(), zero_division)
    if average in ("micro", None):
        return shares
    known = ~shares.isnan()
    weights = known * (weight if average == "weighted" else torch.ones_like(weight))
    weights = weights if weights.any() else known
    return (weights * shares.nan_to_num(0.0)).sum() / weights.sum()


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


def predicted_classes(
    outputs: Tensor, labels: Tensor, num_classes: int | None = None, name: str = "outputs"
) -> tuple[Tensor, int]:
    """Read the predicted classes, and refuse what does not fit the labels.

    Parameters
    ----------
    outputs, labels, num_classes
        As in :func:`cvlib.training.metrics.confusion_matrix`.
    name
        The name of ``outputs`` in messages.

    Returns
    -------
    predicted : Tensor
        ``int64``, (N,).
    classes : int
        K.

    Raises
    ------
    TypeError, ValueError
        As :func:`cvlib.training.metrics.confusion_matrix` does.
    """
    check_tensors(**{name: outputs})
    if outputs.ndim not in (1, 2) or not outputs.numel():
        shape = tuple(outputs.shape)
        raise ValueError(f"{name} has shape {shape}; expected (N, K) or (N,), none of them 0")
    _check_labels(labels, outputs, name)
    if outputs.ndim == 2:
        _check_scores(outputs, name)
        predicted, classes = outputs.argmax(1), outputs.shape[1]
        if num_classes not in (None, classes):
            raise ValueError(f"num_classes is {num_classes}; expected {classes}, as {name} has")
    else:
        _check_whole(outputs, name)
        predicted = outputs.long()
        met = 1 + max(0, int(predicted.max()), int(labels.max()))
        classes = met if num_classes is None else integer("num_classes", num_classes, least=1)
    _check_between(predicted, classes, name)
    _check_between(labels, classes, "labels")
    return predicted, classes


def check_binary(scores: Tensor, labels: Tensor, name: str = "scores") -> None:
    """Refuse what are not scores of "yes" with labels 0 and 1.

    Parameters
    ----------
    scores, labels
        As in :func:`cvlib.training.metrics.precision_recall_curve`, but no label need be 1.
    name
        The name of ``scores`` in messages.

    Raises
    ------
    TypeError, ValueError
        As :func:`cvlib.training.metrics.precision_recall_curve` does.
    """
    check_tensors(**{name: scores})
    if scores.ndim != 1 or not len(scores):
        raise ValueError(f"{name} has shape {tuple(scores.shape)}; expected (N,), N at least 1")
    _check_labels(labels, scores, name)
    _check_scores(scores, name)
    _check_between(labels, 2, "labels")


def _check_labels(labels: Tensor, outputs: Tensor, name: str) -> None:
    check_tensors(labels=labels)
    _check_whole(labels, "labels")
    if labels.shape != outputs.shape[:1]:
        raise ValueError(
            f"labels has shape {tuple(labels.shape)}; expected ({len(outputs)},), as many as {name}"
        )
    if labels.device != outputs.device:
        raise ValueError(f"labels is on {labels.device}; expected {outputs.device}, as {name} is")


def _check_scores(scores: Tensor, name: str) -> None:
    if not scores.is_floating_point():
        raise TypeError(f"{name} is {scores.dtype}; expected floating-point numbers")
    if scores.isnan().any():
        raise ValueError(f"{name} holds nan; expected numbers that can be compared")


def _check_whole(values: Tensor, name: str) -> None:
    if values.is_floating_point() or values.is_complex():
        shape = tuple(values.shape)
        raise TypeError(f"{name} is {values.dtype} of shape {shape}; expected whole numbers")


def _check_between(values: Tensor, classes: int, name: str) -> None:
    low, high = (int(value) for value in values.long().aminmax())
    if low < 0 or high >= classes:
        wrong = low if low < 0 else high
        raise ValueError(f"{name} has the class {wrong}; expected 0 to {classes - 1}")
