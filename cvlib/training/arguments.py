"""The arguments that losses share: read, and refused with a message that names them."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from cvlib.layers.arguments import check_tensors, number

__all__ = [
    "Reduction",
    "check_classes",
    "check_input",
    "check_pair",
    "check_probabilities",
    "reduce_loss",
]

Reduction = Literal["none", "mean", "sum"]


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


def check_input(input: Tensor, **others: Tensor | None) -> None:
    """Refuse what holds no floating-point numbers, or has another dtype than ``input``.

    Parameters
    ----------
    input
        Any tensor.
    others
        Tensors that go with it, by name; None stands for one left out.

    Raises
    ------
    TypeError
        If one is no tensor, ``input`` does not hold floating-point numbers, or dtypes differ.
    """
    check_tensors(input=input)
    if not input.is_floating_point():
        raise TypeError(f"input is {input.dtype}; expected floating-point numbers")
    check_tensors(input=input, **others)


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
        As :func:`check_input`.
    ValueError
        If shapes do not fit together.

    Examples
    --------
    >>> check_pair(torch.zeros(3), torch.zeros(3, 1))
    Traceback (most recent call last):
    ValueError: target has shape (3, 1); expected (3,), as input has
    """
    check_input(input, target=target, **weights)
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
    check_input(input, weight=weight)
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
