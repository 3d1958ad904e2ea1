"""Activation functions: what stands between two layers, so that they are more than one layer.

Each is applied to every number on its own, keeps the shape, and is written so that neither it nor
its derivative overflows, however large the number.
"""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor

from cvlib.arguments import check_numbers
from cvlib.layers.precision import at_least_float32

__all__ = ["elu", "gelu", "hardswish", "leaky_relu", "relu", "sigmoid", "silu", "tanh"]


def relu(x: Tensor) -> Tensor:
    """Keep what is positive and make the rest 0: ``max(0, x)``. The derivative at 0 is taken as 0.

    Parameters
    ----------
    x
        Floating-point numbers of any shape.

    Returns
    -------
    Tensor
        As ``x``.

    Raises
    ------
    TypeError
        If ``x`` is no tensor of floating-point numbers.

    References
    ----------
    Nair and Hinton, "Rectified linear units improve restricted Boltzmann machines" (2010).

    Examples
    --------
    >>> relu(torch.tensor([-2.0, 0.0, 3.0]))
    tensor([0., 0., 3.])
    """
    check_numbers(x)
    return torch.where(x <= 0, 0, x)


def leaky_relu(x: Tensor, negative_slope: float = 0.01) -> Tensor:
    """Keep what is positive and make the rest small, so that a gradient comes through everywhere.

    Parameters
    ----------
    x
        Floating-point numbers of any shape.
    negative_slope
        What negative numbers, and 0, are multiplied by.

    Returns
    -------
    Tensor
        As ``x``.

    Raises
    ------
    TypeError
        If ``x`` is no tensor of floating-point numbers.

    References
    ----------
    Maas, Hannun and Ng, "Rectifier nonlinearities improve neural network acoustic models" (2013).

    Examples
    --------
    >>> leaky_relu(torch.tensor([-2.0, 0.0, 3.0]), negative_slope=0.5)
    tensor([-1.,  0.,  3.])
    """
    check_numbers(x)
    return torch.where(x <= 0, negative_slope * x, x)


def elu(x: Tensor, alpha: float = 1.0) -> Tensor:
    """Keep what is positive, and let the rest approach ``-alpha``: ``alpha (exp(x) - 1)``.

    Parameters
    ----------
    x
        Floating-point numbers of any shape.
    alpha
        How far below 0 it can go.

    Returns
    -------
    Tensor
        As ``x``.

    Raises
    ------
    TypeError
        If ``x`` is no tensor of floating-point numbers.

    References
    ----------
    Clevert, Unterthiner and Hochreiter, "Fast and accurate deep network learning by exponential
    linear units (ELUs)" (2016).

    Examples
    --------
    >>> elu(torch.tensor([-50.0, 0.0, 3.0]))
    tensor([-1.,  0.,  3.])
    """
    check_numbers(x)
    below = torch.where(x <= 0, x, 0)  # so that nothing overflows
    return torch.where(x <= 0, alpha * torch.expm1(below), x)


@at_least_float32()
def gelu(x: Tensor, approximate: Literal["none", "tanh"] = "none") -> Tensor:
    """Multiply a number by the probability that a standard normal one lies below it.

    Parameters
    ----------
    x
        Floating-point numbers of any shape.
    approximate
        ``"tanh"`` takes a formula that was quicker where ``erf`` is slow, and errs by less than
        0.0005.

    Returns
    -------
    Tensor
        As ``x``.

    Raises
    ------
    TypeError
        If ``x`` is no tensor of floating-point numbers.
    ValueError
        If ``approximate`` is neither of the two.

    References
    ----------
    Hendrycks and Gimpel, "Gaussian error linear units (GELUs)" (2016), section 2.

    Examples
    --------
    >>> gelu(torch.tensor([-1.0, 0.0, 1.0]))
    tensor([-0.1587,  0.0000,  0.8413])
    """
    check_numbers(x)
    if approximate == "none":
        return x * (1 + torch.erf(x / math.sqrt(2))) / 2
    if approximate == "tanh":
        return x * (1 + tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))) / 2
    raise ValueError(f"approximate is {approximate!r}; expected 'none' or 'tanh'")


@at_least_float32()
def silu(x: Tensor) -> Tensor:
    """Multiply a number by its own sigmoid: ``x / (1 + exp(-x))``. Also called Swish.

    Parameters
    ----------
    x
        Floating-point numbers of any shape.

    Returns
    -------
    Tensor
        As ``x``.

    Raises
    ------
    TypeError
        If ``x`` is no tensor of floating-point numbers.

    References
    ----------
    Hendrycks and Gimpel, "Gaussian error linear units (GELUs)" (2016), who name it, and Elfwing,
    Uchibe and Doya, "Sigmoid-weighted linear units for neural network function approximation in
    reinforcement learning" (2018).

    Examples
    --------
    >>> silu(torch.tensor([-1000.0, 0.0, 1000.0]))
    tensor([  -0.,    0., 1000.])
    """
    check_numbers(x)
    return x * sigmoid(x)


@at_least_float32()
def hardswish(x: Tensor) -> Tensor:
    """Follow SiLU with three pieces, none of which needs an exponential.

    Parameters
    ----------
    x
        Floating-point numbers of any shape.

    Returns
    -------
    Tensor
        0 up to -3, ``x`` from 3 on, and ``x (x + 3) / 6`` between.

    Raises
    ------
    TypeError
        If ``x`` is no tensor of floating-point numbers.

    References
    ----------
    Howard et al., "Searching for MobileNetV3" (2019), section 5.2.

    Examples
    --------
    >>> hardswish(torch.tensor([-4.0, -1.5, 0.0, 4.0]))
    tensor([ 0.0000, -0.3750,  0.0000,  4.0000])
    """
    check_numbers(x)
    between = torch.where(x.abs() < 3, x, 0)  # so that nothing overflows
    return torch.where(x <= -3, 0, torch.where(x < 3, between * (between + 3) / 6, x))


def sigmoid(x: Tensor) -> Tensor:
    """Press all numbers between 0 and 1: ``1 / (1 + exp(-x))``.

    Parameters
    ----------
    x
        Floating-point numbers of any shape.

    Returns
    -------
    Tensor
        As ``x``.

    Raises
    ------
    TypeError
        If ``x`` is no tensor of floating-point numbers.

    Examples
    --------
    >>> sigmoid(torch.tensor([-1000.0, 0.0, 1000.0]))
    tensor([0.0000, 0.5000, 1.0000])
    """
    check_numbers(x)
    z = torch.exp(torch.where(x < 0, x, -x))  # exp(-|x|), which cannot overflow
    return torch.where(x < 0, z, 1) / (1 + z)


def tanh(x: Tensor) -> Tensor:
    """Press all numbers between -1 and 1: the hyperbolic tangent.

    Parameters
    ----------
    x
        Floating-point numbers of any shape.

    Returns
    -------
    Tensor
        As ``x``.

    Raises
    ------
    TypeError
        If ``x`` is no tensor of floating-point numbers.

    Examples
    --------
    >>> tanh(torch.tensor([-1000.0, 0.0, 1000.0]))
    tensor([-1.,  0.,  1.])
    """
    check_numbers(x)
    z = torch.expm1(2 * torch.where(x < 0, x, -x))  # exp(-2|x|) - 1, exact for small x as well
    return torch.where(x < 0, z, -z) / (2 + z)
