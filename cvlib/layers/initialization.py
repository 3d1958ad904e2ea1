"""The first weights of a layer, and what they do to numbers and gradients.

Torch's names, arguments and numbers: with generators of one seed, each function fills a tensor with
the very bits that its namesake in :mod:`torch.nn.init` gives.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Literal, NamedTuple

import torch
from torch import Generator, Tensor, nn
from torch.nn.parameter import UninitializedParameter

from cvlib.arguments import check_numbers, number, one_of

__all__ = [
    "LayerSignal",
    "calculate_gain",
    "fan_in_and_fan_out",
    "initialize_layers",
    "kaiming_normal_",
    "kaiming_uniform_",
    "layer_signals",
    "orthogonal_",
    "xavier_normal_",
    "xavier_uniform_",
]

Mode = Literal["fan_in", "fan_out"]

_GAINS = {
    **{"linear": 1.0, "conv1d": 1.0, "conv2d": 1.0, "conv3d": 1.0, "sigmoid": 1.0},
    **{f"conv_transpose{d}d": 1.0 for d in (1, 2, 3)},
    **{"tanh": 5 / 3, "relu": math.sqrt(2), "selu": 3 / 4},
}
_WEIGHED = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)


def fan_in_and_fan_out(tensor: Tensor) -> tuple[int, int]:
    """Count the numbers that enter one output of a layer, and the outputs that one number enters.

    Parameters
    ----------
    tensor
        The weight: ``(O, I)`` of a fully connected layer, or ``(O, I, ...)`` of a convolution, the
        kernel's sides behind the channels.

    Returns
    -------
    fan_in, fan_out : int
        I and O times the places of the kernel. As in torch, ``fan_out`` knows neither stride nor
        groups; with groups, where the weight is ``(O, I / groups, ...)``, it is too large by the
        number of groups.

    Raises
    ------
    TypeError
        If it is no tensor of floating-point numbers.
    ValueError
        If it has fewer than two dimensions, or no number in it.

    References
    ----------
    He et al., "Delving deep into rectifiers" (2015), section 2.2.

    Examples
    --------
    >>> fan_in_and_fan_out(torch.empty(64, 32, 3, 3))
    (288, 576)
    """
    _check_weight(tensor)
    outputs, inputs, *kernel = tensor.shape
    places = math.prod(kernel)
    return inputs * places, outputs * places


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    """Return the factor by which weights are larger because of the activation behind them.

    Parameters
    ----------
    nonlinearity
        Torch's name of it: ``"linear"``, ``"relu"``, ``"leaky_relu"``, ``"tanh"``, ``"sigmoid"``,
        ``"selu"``, or a convolution, such as ``"conv2d"``, which counts as linear.
    param
        The negative slope of a leaky ReLU; 0.01 when None.

    Returns
    -------
    float
        For ReLU and leaky ReLU, what keeps the mean square of the numbers. Torch's 5/3 for tanh and
        3/4 for SELU were found by trying.

    Raises
    ------
    TypeError
        If ``param`` is no number.
    ValueError
        If the activation is none of these.

    References
    ----------
    He et al. (2015), section 2.2, equations 10 and 15.

    Examples
    --------
    >>> calculate_gain("relu"), calculate_gain("leaky_relu", 1)
    (1.4142135623730951, 1.0)
    """
    if nonlinearity == "leaky_relu":
        slope = 0.01 if param is None else number("param", param, least=-math.inf)
        return math.sqrt(2 / (1 + slope**2))
    one_of("nonlinearity", nonlinearity, [*_GAINS, "leaky_relu"])
    return _GAINS[nonlinearity]


@torch.no_grad()
def xavier_uniform_(
    tensor: Tensor, gain: float = 1.0, generator: Generator | None = None
) -> Tensor:
    """Fill a weight with even chances from -√3 σ to √3 σ, σ² being 2 gain² / (fan in + fan out).

    Parameters
    ----------
    tensor
        The weight, ``(O, I, ...)``, changed in place.
    gain
        A factor for what stands behind the layer; see :func:`calculate_gain`.
    generator
        Where chance comes from; torch's default when None.

    Returns
    -------
    Tensor
        The same tensor.

    Raises
    ------
    TypeError
        If it is no tensor of floating-point numbers.
    ValueError
        If it has fewer than two dimensions, or no number in it.

    References
    ----------
    Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural networks"
    (2010), section 4.2.1, equation 16.

    Examples
    --------
    >>> weight = xavier_uniform_(torch.empty(2, 4))  # σ is 1/√3, so the bound is 1
    >>> bool(weight.abs().max() <= 1)
    True
    """
    bound = math.sqrt(3) * _xavier_std(tensor, gain)
    return tensor.uniform_(-bound, bound, generator=generator)


@torch.no_grad()
def xavier_normal_(tensor: Tensor, gain: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Fill a weight with normal numbers of variance 2 gain² / (fan in + fan out).

    Parameters
    ----------
    tensor
        The weight, ``(O, I, ...)``, changed in place.
    gain
        A factor for what stands behind the layer; see :func:`calculate_gain`.
    generator
        Where chance comes from; torch's default when None.

    Returns
    -------
    Tensor
        The same tensor.

    Raises
    ------
    TypeError
        If it is no tensor of floating-point numbers.
    ValueError
        If it has fewer than two dimensions, or no number in it.

    References
    ----------
    Glorot and Bengio (2010), section 4.2.1, equation 12.

    Examples
    --------
    >>> xavier_normal_(torch.empty(2, 4)).shape
    torch.Size([2, 4])
    """
    return tensor.normal_(0, _xavier_std(tensor, gain), generator=generator)


def _xavier_std(tensor: Tensor, gain: float) -> float:
    fan_in, fan_out = fan_in_and_fan_out(tensor)
    return gain * math.sqrt(2 / (fan_in + fan_out))


@torch.no_grad()
def kaiming_uniform_(
    tensor: Tensor,
    a: float = 0.0,
    mode: Mode = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Generator | None = None,
) -> Tensor:
    """Fill a weight with even chances from -√3 σ to √3 σ, σ² being gain² / fan.

    Parameters
    ----------
    tensor
        The weight, ``(O, I, ...)``, changed in place.
    a
        The negative slope of the leaky ReLU behind the layer; 0 is a ReLU. Other activations have
        no use for it.
    mode
        Which fan divides: ``"fan_in"`` keeps the numbers' size, ``"fan_out"`` the gradient's.
    nonlinearity
        What stands behind the layer, in the words of :func:`calculate_gain`.
    generator
        Where chance comes from; torch's default when None.

    Returns
    -------
    Tensor
        The same tensor.

    Raises
    ------
    TypeError
        If it is no tensor of floating-point numbers, or ``a`` no number.
    ValueError
        If it has fewer than two dimensions or no number in it, or a word is not known.

    References
    ----------
    He et al. (2015), section 2.2, equations 10, 14 and 15.

    Examples
    --------
    >>> weight = kaiming_uniform_(torch.empty(2, 6))  # σ is 1/√3, so the bound is 1
    >>> bool(weight.abs().max() <= 1)
    True
    """
    bound = math.sqrt(3) * _kaiming_std(tensor, a, mode, nonlinearity)
    return tensor.uniform_(-bound, bound, generator=generator)


@torch.no_grad()
def kaiming_normal_(
    tensor: Tensor,
    a: float = 0.0,
    mode: Mode = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Generator | None = None,
) -> Tensor:
    """Fill a weight with normal numbers of variance gain² / fan.

    Parameters
    ----------
    tensor
        The weight, ``(O, I, ...)``, changed in place.
    a
        The negative slope of the leaky ReLU behind the layer; 0 is a ReLU. Other activations have
        no use for it.
    mode
        Which fan divides: ``"fan_in"`` keeps the numbers' size, ``"fan_out"`` the gradient's.
    nonlinearity
        What stands behind the layer, in the words of :func:`calculate_gain`.
    generator
        Where chance comes from; torch's default when None.

    Returns
    -------
    Tensor
        The same tensor.

    Raises
    ------
    TypeError
        If it is no tensor of floating-point numbers, or ``a`` no number.
    ValueError
        If it has fewer than two dimensions or no number in it, or a word is not known.

    References
    ----------
    He et al. (2015), section 2.2, equations 10, 14 and 15.

    Examples
    --------
    >>> kaiming_normal_(torch.empty(2, 6), mode="fan_out", nonlinearity="relu").shape
    torch.Size([2, 6])
    """
    std = _kaiming_std(tensor, a, mode, nonlinearity)
    return tensor.normal_(0, std, generator=generator)


def _kaiming_std(tensor: Tensor, a: float, mode: Mode, nonlinearity: str) -> float:
    one_of("mode", mode, ["fan_in", "fan_out"])
    fan = fan_in_and_fan_out(tensor)[mode == "fan_out"]
    return calculate_gain(nonlinearity, a) / math.sqrt(fan)


@torch.no_grad()
def orthogonal_(tensor: Tensor, gain: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Fill a weight with rows, or columns, that stand at right angles and have length ``gain``.

    Normal numbers are decomposed as QR. Signs make R's diagonal positive, without which Q would not
    be drawn evenly from all orthogonal matrices.

    Parameters
    ----------
    tensor
        The weight, ``(O, I, ...)``, changed in place. It is filled as a matrix of O rows: they
        stand at right angles where they are no longer than they are many, else its columns do.
    gain
        The length.
    generator
        Where chance comes from; torch's default when None.

    Returns
    -------
    Tensor
        The same tensor.

    Raises
    ------
    TypeError
        If it is no tensor of floating-point numbers.
    ValueError
        If it has fewer than two dimensions, or no number in it.

    References
    ----------
    Saxe, McClelland and Ganguli, "Exact solutions to the nonlinear dynamics of learning in deep
    linear neural networks" (2014); Mezzadri, "How to generate random matrices from the classical
    compact groups" (2007), its section "A correct and efficient algorithm".

    Examples
    --------
    >>> weight = orthogonal_(torch.empty(2, 3, dtype=torch.float64))
    >>> torch.testing.assert_close(weight @ weight.T, torch.eye(2, dtype=torch.float64))
    """
    _check_weight(tensor)
    matrix = torch.empty_like(tensor, memory_format=torch.contiguous_format).flatten(1)
    matrix.normal_(generator=generator)
    wide = matrix.shape[0] < matrix.shape[1]
    q, r = torch.linalg.qr(matrix.T if wide else matrix)
    q = q * r.diagonal().sign()
    tensor.copy_((q.T if wide else q).reshape(tensor.shape))
    return tensor.mul_(gain)


@torch.no_grad()
def initialize_layers(
    model: nn.Module, initialize: Callable[[Tensor], Any], bias: float = 0.0
) -> int:
    """Initialize the weights of all convolutions and fully connected layers, and say how many.

    ``model.apply(function)`` says nothing where the function's condition holds for no layer, as
    for lazy layers, which have no weights before they have met a batch. This refuses both.

    Parameters
    ----------
    model
        Its layers are changed in place.
    initialize
        Called with each weight, which it fills.
    bias
        What every bias becomes.

    Returns
    -------
    int
        How many layers were initialized, at least one.

    Raises
    ------
    ValueError
        If the model has no such layer, or one without weights as yet.

    Examples
    --------
    >>> initialize_layers(nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2)), orthogonal_)
    2
    """
    layers = _weighed(model)
    for name, layer in layers:
        if isinstance(layer.weight, UninitializedParameter):
            raise ValueError(
                f"model has a layer {name!r}, a {type(layer).__name__}, that has no weights before "
                "it meets a batch; expected the model to have been called once"
            )
    for _, layer in layers:
        initialize(layer.weight)
        if layer.bias is not None:
            nn.init.constant_(layer.bias, bias)
    return len(layers)


class LayerSignal(NamedTuple):
    """What stands behind one layer, before the activation.

    Parameters
    ----------
    name
        The layer's name in the network.
    size
        The root of the mean square of all its outputs.
    spread
        The same of what tells the examples apart: the outputs less their mean over the batch.
    gradient
        The root of the mean square of the gradient there, when normal numbers of variance 1 are
        sent back from the network's outputs.
    """

    name: str
    size: float
    spread: float
    gradient: float


def layer_signals(
    model: nn.Module, x: Tensor, generator: Generator | None = None
) -> list[LayerSignal]:
    """Measure how large numbers and gradients are behind each layer that has weights.

    Parameters
    ----------
    model
        Any network that gives one tensor. Its weights stay as they are. A batch normalization in
        training mode does learn from the batch.
    x
        A batch, the examples first.
    generator
        Where the gradient that is sent back comes from, on the CPU; torch's default when None.

    Returns
    -------
    list of LayerSignal
        For each convolution and each fully connected layer, in the order in which they were used.

    Raises
    ------
    TypeError
        If ``x`` is no tensor of floating-point numbers.
    ValueError
        If the model has no such layer.

    Examples
    --------
    >>> model = nn.Sequential(nn.Linear(1, 1, bias=False), nn.Linear(1, 1, bias=False))
    >>> for layer in model:
    ...     _ = nn.init.constant_(layer.weight, 10.0)
    >>> signals = layer_signals(model, torch.tensor([[1.0], [3.0]]))
    >>> [(signal.name, round(signal.spread)) for signal in signals]
    [('0', 10), ('1', 100)]
    """
    check_numbers(x)
    outputs: list[tuple[str, Tensor]] = []

    def listen(name: str) -> Callable[..., Tensor]:
        def keep(layer: nn.Module, inputs: Any, output: Tensor) -> Tensor:
            outputs.append((name, output))
            return output.clone()  # an activation in place changes the copy

        return keep

    handles = [layer.register_forward_hook(listen(name)) for name, layer in _weighed(model)]
    try:
        with torch.enable_grad():
            y = model(x.detach().requires_grad_())
    finally:
        for handle in handles:
            handle.remove()
    sent = torch.randn(y.shape, generator=generator, dtype=y.dtype).to(y.device)
    numbers = [output for _, output in outputs]
    gradients = torch.autograd.grad(y, numbers, sent, materialize_grads=True)
    return [
        LayerSignal(name, _rms(output), _rms(output - output.mean(0)), _rms(gradient))
        for (name, output), gradient in zip(outputs, gradients, strict=True)
    ]


def _rms(numbers: Tensor) -> float:
    return float(numbers.detach().square().mean().sqrt())


def _weighed(model: nn.Module) -> list[tuple[str, Any]]:
    """List the layers with weights that are multiplied, by name."""
    layers = [(name, m) for name, m in model.named_modules() if isinstance(m, _WEIGHED)]
    if not layers:
        raise ValueError("model has no convolution and no fully connected layer; expected some")
    return layers


def _check_weight(tensor: Tensor) -> None:
    check_numbers(tensor, name="tensor")
    if tensor.ndim < 2 or tensor.numel() == 0:
        raise ValueError(f"tensor has shape {tuple(tensor.shape)}; expected (O, I, ...), not empty")
