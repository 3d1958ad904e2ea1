"""Losses: how wrong a prediction is, in one number that a gradient can lower.

Arguments have torch's names: ``input`` is what the network says, ``target`` what is true.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

import torch
from torch import Tensor
from torch.nn import functional as F

from cvlib.arguments import check_numbers, check_tensors, number
from cvlib.layers.precision import at_least_float32

__all__ = [
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "cross_entropy",
    "dice_loss",
    "huber_loss",
    "info_nce",
    "kl_div",
    "l1_loss",
    "log_softmax",
    "logsumexp",
    "mse_loss",
    "multi_margin_loss",
    "sigmoid_focal_loss",
    "smooth_l1_loss",
]

Reduction = Literal["none", "mean", "sum"]
Loss = Callable[[Any, Any], Tensor | Mapping[str, Tensor]]


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
    check_numbers(input, name="input")
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
    check_numbers(input, name="input")
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


@at_least_float32(autocast="float32")
def multi_margin_loss(
    input: Tensor, target: Tensor, *, margin: float = 1.0, reduction: Reduction = "mean"
) -> Tensor:
    """Ask the right class's score to be ahead of each other's by a margin: the hinge loss.

    A class whose score is further behind costs nothing, and sends no gradient.

    Parameters
    ----------
    input
        Scores ``(N, K)``.
    target
        Labels ``(N,)``, ``int64``.
    margin
        How far ahead is far enough.
    reduction
        ``"none"``, ``"sum"``, or ``"mean"`` over pictures.

    Returns
    -------
    Tensor
        One number, or ``(N,)`` with ``"none"``: the sum over the other classes, divided by K.

    Raises
    ------
    TypeError, ValueError
        As :func:`cross_entropy` with labels, or if ``margin`` is negative.

    References
    ----------
    Crammer and Singer, "On the algorithmic implementation of multiclass kernel-based vector
    machines" (2001), asks it of the best other class; torch's ``multi_margin_loss`` and this
    function ask it of each.

    Examples
    --------
    >>> multi_margin_loss(torch.tensor([[3.0, 2.5, 0.0]]), torch.tensor([0]))  # 0.5 / 3
    tensor(0.1667)
    """
    if input.ndim != 2 or target.ndim != 1:
        shapes = f"{tuple(input.shape)} and target {tuple(target.shape)}"
        raise ValueError(f"input has shape {shapes}; expected (N, K) and (N,)")
    check_classes(input, target, None, -100, 0.0)
    right = input.gather(1, target[:, None])
    behind = (number("margin", margin) - right + input).clamp(min=0)
    others = torch.ones_like(input).scatter_(1, target[:, None], 0)
    return reduce_loss((behind * others).sum(1) / input.shape[1], reduction)


@at_least_float32(autocast="float32")
def kl_div(
    input: Tensor, target: Tensor, *, reduction: Reduction | Literal["batchmean"] = "mean"
) -> Tensor:
    r"""Measure how far one distribution is from another: the Kullback-Leibler divergence.

    Each number gives :math:`t\,(\ln t - \ln p)`, which is 0 where t is.

    Parameters
    ----------
    input
        Logarithms of probabilities, :math:`\ln p`, of any shape.
    target
        Probabilities t, of the same shape.
    reduction
        ``"none"``, ``"sum"``, ``"mean"`` over all numbers, or ``"batchmean"``, which divides the
        sum by the first side and so is the mean divergence of rows.

    Returns
    -------
    Tensor
        One number, or as ``input`` with ``"none"``.

    Raises
    ------
    TypeError, ValueError
        As :func:`binary_cross_entropy`, or if ``target`` is not between 0 and 1.

    References
    ----------
    Kullback and Leibler, "On information and sufficiency" (1951), section 2.

    Examples
    --------
    >>> half, quarter = torch.tensor([[0.5, 0.5]]), torch.tensor([[0.25, 0.75]])
    >>> kl_div(quarter.log(), half, reduction="batchmean")
    tensor(0.1438)
    """
    check_pair(input, target)
    check_probabilities(target=target)
    loss = torch.special.xlogy(target, target) - target * input
    if reduction == "batchmean":
        return loss.sum() / max(1, len(loss))
    return reduce_loss(loss, reduction)


@at_least_float32(autocast="float32")
def sigmoid_focal_loss(
    input: Tensor,
    target: Tensor,
    *,
    alpha: float | None = 0.25,
    gamma: float = 2.0,
    reduction: Reduction = "mean",
) -> Tensor:
    r"""Weigh down what is easy: the binary cross entropy, times :math:`(1 - p_t)^\gamma`.

    Here :math:`p_t` is the probability that the network gives to what is true.

    Parameters
    ----------
    input
        Logits of any shape.
    target
        1 for yes and 0 for no, of the same shape.
    alpha
        How much a yes counts, from 0 to 1, and ``1 - alpha`` a no; None weighs neither.
    gamma
        How strongly the easy is weighed down; 0 gives the cross entropy back.
    reduction
        ``"none"``, ``"sum"`` or ``"mean"``.

    Returns
    -------
    Tensor
        One number, or as ``input`` with ``"none"``.

    Raises
    ------
    TypeError, ValueError
        As :func:`binary_cross_entropy_with_logits`, or if ``alpha`` or ``gamma`` is out of range.

    References
    ----------
    Lin, Goyal, Girshick, He and Dollár, "Focal loss for dense object detection" (2017), equation 5.

    Examples
    --------
    >>> logits = torch.tensor([0.0, 4.0])
    >>> sigmoid_focal_loss(logits, torch.ones(2), alpha=None, reduction="none")
    tensor([1.7329e-01, 5.8716e-06])
    """
    check_pair(input, target)
    check_probabilities(target=target)
    surprise = binary_cross_entropy_with_logits(input, target, reduction="none")
    p = input.sigmoid()
    missing = 1 - (p * target + (1 - p) * (1 - target))
    loss = surprise * missing ** number("gamma", gamma)
    if alpha is not None:
        share = number("alpha", alpha, most=1)
        loss = loss * (share * target + (1 - share) * (1 - target))
    return reduce_loss(loss, reduction)


@at_least_float32(autocast="float32")
def dice_loss(
    input: Tensor, target: Tensor, *, smooth: float = 1.0, reduction: Reduction = "mean"
) -> Tensor:
    r"""Compare regions by their overlap: one less twice the common part over the sum of both.

    A region of few pixels counts as much as a large one, which a mean over pixels does not give.

    Parameters
    ----------
    input
        Probabilities ``(N, ...)``, from 0 to 1.
    target
        1 in the region and 0 outside, of the same shape.
    smooth
        What is added above and below the fraction bar, so that two empty regions agree.
    reduction
        ``"none"``, ``"sum"`` or ``"mean"`` over the N pictures.

    Returns
    -------
    Tensor
        One number, or ``(N,)`` with ``"none"``.

    Raises
    ------
    TypeError, ValueError
        As :func:`binary_cross_entropy`, or if ``smooth`` is negative.

    References
    ----------
    Milletari, Navab and Ahmadi, "V-Net" (2016), section 3, with squares in the denominator; these
    are the sums, as in Sørensen's and Dice's coefficient.

    Examples
    --------
    >>> found, true = torch.tensor([[1.0, 1.0, 0.0, 0.0]]), torch.tensor([[1.0, 0.0, 0.0, 0.0]])
    >>> dice_loss(found, true, smooth=0)  # 1 - 2 / 3
    tensor(0.3333)
    """
    check_pair(input, target)
    check_probabilities(input=input, target=target)
    if not input.ndim:
        raise ValueError("input has shape (); expected (N, ...)")
    given, true = (each.reshape(len(each), -1) for each in (input, target))
    small = number("smooth", smooth)
    common, both = (given * true).sum(1), given.sum(1) + true.sum(1)
    return reduce_loss(1 - (2 * common + small) / (both + small), reduction)


@at_least_float32(autocast="float32")
def info_nce(input: Tensor, target: Tensor, temperature: float = 0.07) -> Tensor:
    r"""Compare pairs: each row with its partner, against all partners of the others.

    The cosines of all rows with all partners, divided by the temperature, are logits, and the right
    class of a row is its own partner. The mean is taken of the cross entropy over the rows and that
    over the partners, as CLIP does.

    Parameters
    ----------
    input
        ``(N, D)``: one half of each pair, such as what an encoder makes of pictures.
    target
        ``(N, D)``: the other halves in the same order, such as what another makes of their words.
    temperature
        Positive: the smaller, the more the most similar wrong partners count.

    Returns
    -------
    Tensor
        One number. It is log N where all rows are alike.

    Raises
    ------
    TypeError, ValueError
        If the two are not floating-point numbers of one shape ``(N, D)``, or ``temperature`` is no
        positive number.

    References
    ----------
    Van den Oord, Li and Vinyals, "Representation learning with contrastive predictive coding"
    (2018), equation 4; Radford et al., "Learning transferable visual models from natural language
    supervision" (2021), figure 3.

    Examples
    --------
    >>> info_nce(torch.eye(3), torch.eye(3), temperature=1)  # log(e + 2) - 1
    tensor(0.5514)
    """
    check_pair(input, target)
    if input.ndim != 2:
        raise ValueError(f"input has shape {tuple(input.shape)}; expected (N, D)")
    if not number("temperature", temperature):
        raise ValueError("temperature is 0; expected a positive number")
    rows, partners = (F.normalize(each, dim=1) for each in (input, target))
    logits = rows @ partners.T / temperature
    right = torch.arange(len(logits), device=logits.device)
    return (cross_entropy(logits, right) + cross_entropy(logits.T, right)) / 2


def reduce_loss(loss: Tensor, reduction: Reduction, weight: Tensor | None = None) -> Tensor:
    """Give a loss back as it is, its sum, or its mean.

    Parameters
    ----------
    loss
        The losses of any number of things.
    reduction
        ``"none"``, ``"sum"`` or ``"mean"``.
    weight
        What each is multiplied by before; it broadcasts to ``loss``.

    Returns
    -------
    Tensor
        One number, or as ``loss`` with ``"none"``.

    Raises
    ------
    ValueError
        If ``reduction`` is none of the three.

    Examples
    --------
    >>> reduce_loss(torch.tensor([1.0, 3.0]), "mean")
    tensor(2.)
    """
    loss = loss if weight is None else loss * weight
    if reduction == "none":
        return loss
    if reduction == "sum":
        return loss.sum()
    if reduction == "mean":
        return loss.mean()
    raise ValueError(f"reduction is {reduction!r}; expected 'none', 'mean' or 'sum'")


def check_pair(input: Tensor, target: Tensor, **weights: Tensor | None) -> None:
    """Refuse a prediction and a target whose shapes differ, and weights that fit neither.

    Parameters
    ----------
    input, target
        Floating-point numbers of one shape.
    weights
        Tensors that broadcast to that shape, by name; None stands for one left out.

    Raises
    ------
    TypeError
        As :func:`cvlib.arguments.check_numbers`.
    ValueError
        If shapes do not fit together.

    Examples
    --------
    >>> check_pair(torch.zeros(3), torch.zeros(3, 1))
    Traceback (most recent call last):
    ValueError: target has shape (3, 1); expected (3,), as input has
    """
    check_numbers(input, name="input", target=target, **weights)
    shape = tuple(input.shape)
    if input.shape != target.shape:
        raise ValueError(f"target has shape {tuple(target.shape)}; expected {shape}, as input has")
    for name, weight in weights.items():
        if weight is not None:
            try:
                fits = torch.broadcast_shapes(shape, weight.shape) == shape
            except RuntimeError:
                fits = False
            if not fits:
                given = tuple(weight.shape)
                raise ValueError(f"{name} has shape {given}; expected one that fits {shape}")


def check_probabilities(**tensors: Tensor) -> None:
    """Refuse numbers that are no probabilities.

    Parameters
    ----------
    tensors
        By the names that the message uses.

    Raises
    ------
    ValueError
        If a number is not between 0 and 1.

    Examples
    --------
    >>> check_probabilities(input=torch.tensor([0.5, 1.5]))
    Traceback (most recent call last):
    ValueError: input holds 1.5; expected numbers from 0 to 1
    """
    for name, numbers in tensors.items():
        wrong = numbers[~((numbers >= 0) & (numbers <= 1))]
        if wrong.numel():
            raise ValueError(f"{name} holds {wrong[0].item():g}; expected numbers from 0 to 1")


def check_classes(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None,
    ignore_index: int,
    label_smoothing: float,
) -> None:
    """Refuse logits, labels and weights of classes that do not fit together.

    Parameters
    ----------
    input, target, weight, ignore_index, label_smoothing
        As in :func:`cvlib.training.losses.cross_entropy`.

    Raises
    ------
    TypeError
        If a dtype is wrong.
    ValueError
        If shapes do not fit together, a label has no class, or a number is out of its range.
    """
    check_numbers(input, name="input", weight=weight)
    check_tensors(target=target)
    if not input.ndim:
        raise ValueError("input has shape (); expected (C,), (N, C) or (N, C, ...)")
    axis = min(input.ndim - 1, 1)
    classes = input.shape[axis]
    soft = target.is_floating_point()
    if not soft and target.dtype != torch.int64:
        raise TypeError(f"target is {target.dtype}; expected labels, torch.int64, or probabilities")
    expected = (*input.shape[:axis], *(input.shape[axis:] if soft else input.shape[axis + 1 :]))
    if target.shape != expected:
        kind = "probabilities" if soft else "labels"
        got, shape = tuple(target.shape), tuple(input.shape)
        raise ValueError(
            f"target has shape {got}; expected {expected} of {kind} for input with shape {shape}"
        )
    if weight is not None and weight.shape != (classes,):
        raise ValueError(f"weight has shape {tuple(weight.shape)}; expected ({classes},)")
    number("label_smoothing", label_smoothing, most=1)
    if soft:
        if ignore_index >= 0:
            raise ValueError(f"ignore_index is {ignore_index} with probabilities; expected labels")
        return
    wrong = target[((target < 0) | (target >= classes)) & (target != ignore_index)]
    if wrong.numel():
        raise ValueError(
            f"target holds the label {int(wrong[0])}; expected 0 to {classes - 1}, or "
            f"ignore_index, which is {ignore_index}"
        )
