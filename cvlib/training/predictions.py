"""Predictions and labels: read, and refused with a message that names them."""

from __future__ import annotations

from torch import Tensor

from cvlib.layers.arguments import check_tensors, integer

__all__ = ["check_binary", "predicted_classes"]


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
