"""Keep a network from learning its training pictures by heart: penalties and early stopping.

A gradient step on an L1 penalty hovers around 0; :func:`soft_threshold` takes the step that lands
there.

Dropout is a layer, and stands in :func:`cvlib.layers.dropout.dropout`; what is done to pictures
stands in :mod:`cvlib.augmentation`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from cvlib.arguments import check_numbers, integer, number

__all__ = ["EarlyStopping", "l1_penalty", "l2_penalty", "soft_threshold"]


def l1_penalty(parameters: Tensor | Iterable[Tensor]) -> Tensor:
    r"""Add up the sizes of all weights: :math:`\sum |w|`.

    Parameters
    ----------
    parameters
        Tensors of any shapes, such as ``model.parameters()``, or a single one.

    Returns
    -------
    Tensor
        One number. Its gradient is the sign of each weight, and 0 for a weight that is 0.

    Raises
    ------
    TypeError
        If an item is no tensor of floating-point numbers.
    ValueError
        If there is none. A generator such as ``model.parameters()`` is empty after its first use.

    References
    ----------
    Tibshirani, "Regression shrinkage and selection via the lasso" (1996), section 2.1.

    Examples
    --------
    >>> l1_penalty([torch.tensor([1.0, -2.0]), torch.tensor(3.0)])
    tensor(6.)
    """
    return torch.stack([w.abs().sum() for w in _weights(parameters)]).sum()


def l2_penalty(parameters: Tensor | Iterable[Tensor]) -> Tensor:
    r"""Add up the squares of all weights and take half: :math:`\frac{1}{2} \sum w^2`.

    Parameters
    ----------
    parameters
        Tensors of any shapes, such as ``model.parameters()``, or a single one.

    Returns
    -------
    Tensor
        One number. Its gradient is the weights themselves, so that ``loss + decay * l2_penalty``
        trains as SGD with ``weight_decay=decay`` does.

    Raises
    ------
    TypeError
        If an item is no tensor of floating-point numbers.
    ValueError
        If there is none. A generator such as ``model.parameters()`` is empty after its first use.

    References
    ----------
    Krogh and Hertz, "A simple weight decay can improve generalization" (1991), section 1.

    Examples
    --------
    >>> l2_penalty([torch.tensor([1.0, -2.0]), torch.tensor(3.0)])
    tensor(7.)
    """
    return torch.stack([w.square().sum() for w in _weights(parameters)]).sum() / 2


def soft_threshold(weights: Tensor, amount: float) -> Tensor:
    r"""Move each weight towards 0 by the same amount, and stop there: the proximal step of L1.

    It is the exact minimum over :math:`v` of
    :math:`\frac{1}{2} \lVert v - w \rVert^2 + a \lVert v \rVert_1`. After a gradient step on a
    loss, with ``amount`` the learning rate times the strength of the penalty, it makes the
    iterative shrinkage-thresholding algorithm (ISTA), which ends where the lasso does.

    Parameters
    ----------
    weights
        Floating-point numbers of any shape.
    amount
        How far, at least 0.

    Returns
    -------
    Tensor
        As ``weights``, which stay as they are: shorter by ``amount``, and exactly 0 where they were
        not longer than that.

    Raises
    ------
    TypeError
        If ``weights`` is no tensor of floating-point numbers, or ``amount`` no number.
    ValueError
        If ``amount`` is negative.

    References
    ----------
    Beck and Teboulle, "A fast iterative shrinkage-thresholding algorithm for linear inverse
    problems" (2009), section 1.

    Examples
    --------
    >>> soft_threshold(torch.tensor([2.0, -0.5, 0.1]), 0.2)
    tensor([ 1.8000, -0.3000,  0.0000])
    """
    check_numbers(weights, name="weights")
    return weights.sign() * (weights.abs() - number("amount", amount)).clamp(min=0)


def _weights(parameters: Tensor | Iterable[Tensor]) -> list[Tensor]:
    weights = [parameters] if isinstance(parameters, Tensor) else list(parameters)
    if not weights:
        raise ValueError("parameters is empty; expected at least one tensor")
    for index, weight in enumerate(weights):
        check_numbers(weight, name=f"parameters[{index}]")
    return weights


@dataclass(frozen=True)
class EarlyStopping:
    """The rule that ends training once pictures held out have seen no progress for a while.

    The pictures that choose the epoch must not be those that measure the result: the best of many
    epochs is partly luck, and luck does not repeat.

    Parameters
    ----------
    patience
        How many epochs in a row without progress end the training, at least 1.
    monitor
        What is watched: a field of :class:`~cvlib.training.loop.Epoch`, or a metric's name. Lower
        is better where the name ends in ``loss``, and higher is better elsewhere.
    min_delta
        Progress is what betters the best value by more than this.

    Raises
    ------
    TypeError
        If ``patience`` is no integer, ``monitor`` no name, or ``min_delta`` no number.
    ValueError
        If ``patience`` is below 1, ``monitor`` is empty, or ``min_delta`` is negative.

    References
    ----------
    Prechelt, "Early stopping - but when?" (1998).

    Examples
    --------
    >>> losses = [0.9, 0.5, 0.6, 0.55]
    >>> rule = EarlyStopping(patience=2)
    >>> rule.best(losses), rule.should_stop(losses)
    (1, True)
    """

    patience: int = 5
    monitor: str = "validation_loss"
    min_delta: float = 0.0

    def __post_init__(self) -> None:
        integer("patience", self.patience, least=1)
        if not isinstance(self.monitor, str):
            raise TypeError(
                f"monitor is {self.monitor!r}; expected a name such as 'validation_loss'"
            )
        if not self.monitor:
            raise ValueError("monitor is ''; expected a name such as 'validation_loss'")
        number("min_delta", self.min_delta)

    def best(self, values: Sequence[float]) -> int:
        """Find the epoch whose weights are to be kept.

        Parameters
        ----------
        values
            What ``monitor`` measured in each epoch so far, first epoch first. What is not a number
            (NaN) is worse than any.

        Returns
        -------
        int
            The index of the last progress: 0 for the first epoch.

        Raises
        ------
        ValueError
            If there is no value, or one is None, as ``validation_loss`` is without validation.
        """
        if not len(values):
            raise ValueError("values is empty; expected one for each epoch so far")
        if any(value is None for value in values):
            raise ValueError(f"{self.monitor} is None; expected pictures held out to measure it on")
        sign = -1 if self.monitor.endswith("loss") else 1
        scores = [-math.inf if math.isnan(value) else sign * float(value) for value in values]
        index = 0
        for epoch, score in enumerate(scores):
            if score - scores[index] > self.min_delta:
                index = epoch
        return index

    def should_stop(self, values: Sequence[float]) -> bool:
        """Say whether the last ``patience`` epochs brought no progress.

        Parameters
        ----------
        values
            As for :meth:`best`.

        Returns
        -------
        bool
            Whether training should end here.

        Raises
        ------
        ValueError
            As :meth:`best`.
        """
        return len(values) - 1 - self.best(values) >= self.patience
