"""Losses: how wrong a prediction is, in one number that a gradient can lower.

Arguments have torch's names: ``input`` is what the network says, ``target`` what is true.
"""

from __future__ import annotations

import torch
from torch import Tensor

from cvlib.layers.arguments import number
from cvlib.layers.precision import at_least_float32
from cvlib.training.arguments import (
    Reduction,
    check_classes,
    check_input,
    check_pair,
    check_probabilities,
    reduce_loss,
)

__all__ = [
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "cross_entropy",
    "huber_loss",
    "l1_loss",
    "log_softmax",
    "logsumexp",
    "mse_loss",
    "smooth_l1_loss",
]


@at_least_float32(autocast="float32")
def logsumexp(input: Tensor, dim: int, keepdim: bool = False) -> Tensor:
    """Take the logarithm of a sum of exponentials, none of which overflows.

    Parameters
    ----------
    input
        Numbers of any shape.
    dim
        The axis along which the exponentials are added up.
    keepdim
        Whether that axis stays, with size 1.

    Returns
    -------
    Tensor
        As ``input`` without the axis.

    Raises
    ------
    TypeError
        If ``input`` is no tensor of floating-point numbers.

    Examples
    --------
    >>> logsumexp(torch.tensor([1000.0, 1000.0]), 0)
    tensor(1000.6932)
    """
    check_input(input=input)
    highest = input.amax(dim, keepdim=True).detach()
    highest = torch.where(highest.isinf(), 0, highest)  # as inf - inf is no number
    total = (input - highest).exp().sum(dim, keepdim=keepdim)
    return total.log() + (highest if keepdim else highest.squeeze(dim))


@at_least_float32(autocast="float32")
def log_softmax(input: Tensor, dim: int) -> Tensor:
    """Turn logits into the logarithms of probabilities: ``input - logsumexp(input)``.

    Parameters
    ----------
    input
        Logits of any shape.
    dim
        The axis of the classes.

    Returns
    -------
    Tensor
        As ``input``; the exponentials along the axis add up to 1.

    Raises
    ------
    TypeError
        If ``input`` is no tensor of floating-point numbers.

    Examples
    --------
    >>> log_softmax(torch.tensor([0.0, 1000.0]), 0)
    tensor([-1000.,     0.])
    """
    check_input(input=input)
    shifted = input - input.amax(dim, keepdim=True).detach()  # the highest becomes 0
    return shifted - shifted.exp().sum(dim, keepdim=True).log()


@at_least_float32(autocast="float32")
def cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    *,
    ignore_index: int = -100,
    reduction: Reduction = "mean",
    label_smoothing: float = 0.0,
) -> Tensor:
    """Compare logits with the right classes: minus the logarithm of what these are given.

    Parameters
    ----------
    input
        Logits ``(C,)``, ``(N, C)`` or ``(N, C, ...)``: one for each of the C classes.
    target
        Labels from 0 to C - 1, ``int64``, of the input's shape without the axis of classes; or
        probabilities of the input's shape.
    weight
        ``(C,)``: how much each class counts.
    ignore_index
        Labels of this number count nothing.
    reduction
        ``"none"``, ``"sum"``, or ``"mean"``. With labels and weights, the mean divides by the sum
        of the weights of the labels; with probabilities, by the number of examples.
    label_smoothing
        The share of the target that is taken from it and spread evenly over all classes, 0 to 1.

    Returns
    -------
    Tensor
        One number, or one for each example with ``"none"``. The mean of nothing is ``nan``.

    Raises
    ------
    TypeError
        If ``target`` is neither ``int64`` nor floating point, or another dtype does not fit.
    ValueError
        If shapes do not fit together, a label has no class, or a number is out of its range.

    References
    ----------
    Szegedy et al., "Rethinking the Inception architecture for computer vision" (2016), section 7.

    Examples
    --------
    >>> logits = torch.tensor([[2.0, 0.0, 0.0], [2.0, 0.0, 0.0]])
    >>> cross_entropy(logits, torch.tensor([0, 1]), reduction="none")
    tensor([0.2395, 2.2395])
    >>> cross_entropy(logits, torch.tensor([0, 3]))
    Traceback (most recent call last):
    ValueError: target holds the label 3; expected 0 to 2, or ignore_index, which is -100
    """
    check_classes(input, target, weight, ignore_index, label_smoothing)
    axis = min(input.ndim - 1, 1)
    classes = input.shape[axis]
    surprise = -log_softmax(input, axis)
    if weight is not None:
        surprise = surprise * weight.view(-1, *[1] * (input.ndim - axis - 1))
    total: Tensor | int
    if target.is_floating_point():
        target = (1 - label_smoothing) * target + label_smoothing / classes
        loss = (surprise * target).sum(axis)
        total = loss.numel()
    else:
        counts = target != ignore_index
        label = torch.where(counts, target, 0)
        loss = surprise.gather(axis, label.unsqueeze(axis)).squeeze(axis)
        if label_smoothing:
            loss = (1 - label_smoothing) * loss + label_smoothing * surprise.mean(axis)
        loss = torch.where(counts, loss, 0)
        total = counts.sum() if weight is None else weight[target[counts]].sum()
    return loss.sum() / total if reduction == "mean" else reduce_loss(loss, reduction)


@at_least_float32(autocast="float32")
def binary_cross_entropy(
    input: Tensor, target: Tensor, weight: Tensor | None = None, *, reduction: Reduction = "mean"
) -> Tensor:
    """Compare probabilities with what is true, a yes or no for each.

    Logarithms are cut off at -100, as torch does it, so that a wrong certainty costs 100 and not
    infinitely much. At exactly 0 and 1 the gradient differs from torch's, which may be 1e12; a
    sigmoid before it multiplies either by 0.

    Parameters
    ----------
    input
        Probabilities from 0 to 1, of any shape.
    target
        1 for yes and 0 for no, or a probability, of the same shape.
    weight
        How much each number counts: of the same shape, or one that broadcasts to it.
    reduction
        ``"none"``, ``"sum"``, or ``"mean"``, which divides by how many numbers there are.

    Returns
    -------
    Tensor
        One number, or as ``input`` with ``"none"``.

    Raises
    ------
    TypeError
        If an argument is no tensor of floating-point numbers, or dtypes differ.
    ValueError
        If shapes differ, or a number is not between 0 and 1.

    Examples
    --------
    >>> binary_cross_entropy(torch.tensor([0.5, 0.0]), torch.tensor([1.0, 1.0]), reduction="none")
    tensor([  0.6931, 100.0000])
    """
    check_pair(input, target, weight=weight)
    check_probabilities(input=input, target=target)
    loss = -(target * _log(input) + (1 - target) * _log(1 - input))
    return reduce_loss(loss, reduction, weight)


def _log(p: Tensor) -> Tensor:
    """Take the logarithm, at least -100; where it is cut off, the gradient is 0."""
    safe = torch.where(p > 0, p, 1)
    return torch.where(p > 0, safe.log(), -100).clamp(min=-100)


@at_least_float32(autocast="float32")
def binary_cross_entropy_with_logits(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    *,
    reduction: Reduction = "mean",
    pos_weight: Tensor | None = None,
) -> Tensor:
    """Compare logits with what is true, a yes or no for each: a sigmoid and its cross entropy.

    Parameters
    ----------
    input
        Logits of any shape; the sigmoid of each is the probability of yes.
    target, weight, reduction
        As in :func:`binary_cross_entropy`.
    pos_weight
        How much a yes counts, of a shape that broadcasts to the input's.

    Returns
    -------
    Tensor
        One number, or as ``input`` with ``"none"``.

    Raises
    ------
    TypeError, ValueError
        As in :func:`binary_cross_entropy`; any logit is allowed.

    Examples
    --------
    >>> logits, truth = torch.tensor([0.0, -1000.0]), torch.tensor([1.0, 1.0])
    >>> binary_cross_entropy_with_logits(logits, truth, reduction="none")
    tensor([6.9315e-01, 1.0000e+03])
    """
    check_pair(input, target, weight=weight, pos_weight=pos_weight)
    check_probabilities(target=target)
    # -log(sigmoid(x)) = log(1 + exp(-x)). Both parts have the derivative of their right side at 0,
    # in sum -1/2, which abs() and clamp() would not give.
    size = torch.where(input < 0, -input, input)
    surprise = torch.where(input < 0, -input, 0) + (-size).exp().log1p()
    positive = 1 if pos_weight is None else 1 + (pos_weight - 1) * target
    return reduce_loss((1 - target) * input + positive * surprise, reduction, weight)


@at_least_float32(autocast="float32")
def l1_loss(input: Tensor, target: Tensor, *, reduction: Reduction = "mean") -> Tensor:
    """Compare numbers by the absolute value of their difference.

    Parameters
    ----------
    input, target
        Numbers of any shape, the same for both.
    reduction
        ``"none"``, ``"sum"``, or ``"mean"``, which divides by how many numbers there are.

    Returns
    -------
    Tensor
        One number, or as ``input`` with ``"none"``.

    Raises
    ------
    TypeError
        If an argument is no tensor of floating-point numbers, or dtypes differ.
    ValueError
        If shapes differ: torch broadcasts them with no more than a warning.

    Examples
    --------
    >>> l1_loss(torch.tensor([1.0, 5.0]), torch.tensor([1.0, 1.0]))
    tensor(2.)
    """
    check_pair(input, target)
    return reduce_loss((input - target).abs(), reduction)


@at_least_float32(autocast="float32")
def mse_loss(input: Tensor, target: Tensor, *, reduction: Reduction = "mean") -> Tensor:
    """Compare numbers by the square of their difference.

    Parameters
    ----------
    input, target, reduction
        As in :func:`l1_loss`.

    Returns
    -------
    Tensor
        One number, or as ``input`` with ``"none"``.

    Raises
    ------
    TypeError, ValueError
        As in :func:`l1_loss`.

    Examples
    --------
    >>> mse_loss(torch.tensor([1.0, 5.0]), torch.tensor([1.0, 1.0]))
    tensor(8.)
    """
    check_pair(input, target)
    return reduce_loss((input - target).square(), reduction)


@at_least_float32(autocast="float32")
def huber_loss(
    input: Tensor, target: Tensor, *, reduction: Reduction = "mean", delta: float = 1.0
) -> Tensor:
    """Compare numbers by half the square of a small difference, and in proportion to a large one.

    Parameters
    ----------
    input, target, reduction
        As in :func:`l1_loss`.
    delta
        Where small ends; from there on the slope stays ``delta``.

    Returns
    -------
    Tensor
        One number, or as ``input`` with ``"none"``.

    Raises
    ------
    TypeError, ValueError
        As in :func:`l1_loss`; also if ``delta`` is no number above 0.

    References
    ----------
    Huber, "Robust estimation of a location parameter" (1964).

    Examples
    --------
    >>> huber_loss(torch.tensor([1.5, 5.0]), torch.tensor([1.0, 1.0]), reduction="none")
    tensor([0.1250, 3.5000])
    """
    check_pair(input, target)
    if not number("delta", delta) > 0:
        raise ValueError(f"delta is {delta!r}; expected a number above 0")
    distance = (input - target).abs()
    near = distance.clamp(max=delta)
    return reduce_loss(near * near / 2 + delta * (distance - near), reduction)


@at_least_float32(autocast="float32")
def smooth_l1_loss(
    input: Tensor, target: Tensor, *, reduction: Reduction = "mean", beta: float = 1.0
) -> Tensor:
    """Compare numbers by their absolute difference, with its corner at 0 rounded off.

    It is ``huber_loss`` with ``delta=beta``, divided by ``beta``.

    Parameters
    ----------
    input, target, reduction
        As in :func:`l1_loss`.
    beta
        How far the rounding reaches; with 0 it is :func:`l1_loss`.

    Returns
    -------
    Tensor
        One number, or as ``input`` with ``"none"``.

    Raises
    ------
    TypeError, ValueError
        As in :func:`l1_loss`; also if ``beta`` is no number from 0 on.

    References
    ----------
    Girshick, "Fast R-CNN" (2015), equation 3.

    Examples
    --------
    >>> smooth_l1_loss(torch.tensor([1.5, 5.0]), torch.tensor([1.0, 1.0]), reduction="none")
    tensor([0.1250, 3.5000])
    """
    if number("beta", beta) == 0:
        return l1_loss(input, target, reduction=reduction)
    return huber_loss(input, target, reduction=reduction, delta=beta) / beta
