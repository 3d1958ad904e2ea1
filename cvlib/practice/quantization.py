r"""Quantization: numbers rounded to a few steps, and networks that compute with the steps.

A number :math:`x` becomes the whole number :math:`q = \mathrm{round}(x / s) + z`, cut to what the
bits can hold, with a scale :math:`s`, the size of a step, and a zero point :math:`z`, the step at
which 0 lies. Back it is :math:`s (q - z)`. Of signed steps of b bits the range is
:math:`-2^{b-1}` to :math:`2^{b-1} - 1`, of unsigned ones 0 to :math:`2^b - 1`.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from cvlib.arguments import check_numbers, integer, number

__all__ = [
    "FakeQuantize",
    "FakeQuantizeWeight",
    "affine_parameters",
    "calibrate",
    "dequantize",
    "fake_quantize",
    "fold_batch_norm",
    "integer_linear",
    "quantize",
    "quantize_activations",
    "quantize_weights",
    "requantize",
    "steps_of",
    "value_range",
]

_SMALLEST_SCALE = torch.finfo(torch.float32).eps  # torch's observers: a layer may be all zeros


def steps_of(bits: int, signed: bool = False) -> tuple[int, int]:
    """Return the lowest and the highest whole number that so many bits hold.

    Parameters
    ----------
    bits
        From 1 to 16.
    signed
        Whether half of them lie below 0.

    Returns
    -------
    tuple of int
        Lowest and highest.

    Raises
    ------
    TypeError, ValueError
        If ``bits`` is no whole number from 1 to 16.

    Examples
    --------
    >>> steps_of(8), steps_of(8, signed=True)
    ((0, 255), (-128, 127))
    """
    if integer("bits", bits, least=1) > 16:
        raise ValueError(f"bits is {bits}; expected at most 16")
    low = -(2 ** (bits - 1)) if signed else 0
    return low, low + 2**bits - 1


def value_range(x: Tensor, axis: int | None = None, clip: float = 0) -> tuple[Tensor, Tensor]:
    """Say from where to where numbers lie, all of them or all but the outermost.

    Parameters
    ----------
    x
        Floating-point numbers, at least one.
    axis
        Along which each place has a range of its own, such as 0 for the filters of a weight; None
        for one range.
    clip
        The share of numbers that may lie outside, from 0 to 1; half of it on either side. 0 for the
        minimum and the maximum.

    Returns
    -------
    tuple of Tensor
        Lowest and highest, without dimensions, or one for each place along ``axis``.

    Raises
    ------
    TypeError, ValueError
        If ``x`` holds no floating-point numbers or none at all, there is no such axis, or ``clip``
        is no share.

    Examples
    --------
    >>> value_range(torch.tensor([[1.0, 2.0], [-3.0, 5.0]]), axis=0)
    (tensor([ 1., -3.]), tensor([2., 5.]))
    """
    check_numbers(x)
    number("clip", clip, most=1)
    if not x.numel():
        raise ValueError(f"x has shape {tuple(x.shape)}; expected at least one number")
    rows = _rows(x.detach(), axis)
    if clip:
        low, high = (_quantile(rows, share) for share in (clip / 2, 1 - clip / 2))
    else:
        low, high = rows.amin(1), rows.amax(1)
    return (low[0], high[0]) if axis is None else (low, high)


def affine_parameters(
    low: Tensor, high: Tensor, bits: int = 8, *, symmetric: bool = False, signed: bool = False
) -> tuple[Tensor, Tensor]:
    """Choose scale and zero point for a range of numbers.

    Parameters
    ----------
    low, high
        From where to where the numbers lie, of one shape. A range without 0 is widened until it has
        one: zeros of a padding or of a ReLU must stay exact.
    bits
        Of the steps.
    symmetric
        Whether the range reaches as far below 0 as above. Then the zero point is the middle step,
        0 of signed steps.
    signed
        Whether the steps are signed.

    Returns
    -------
    tuple of Tensor
        Scales, above 0, and zero points, ``int32``. Those of ``torch.ao.quantization``'s
        ``MinMaxObserver``, whose symmetric scale is the largest magnitude over 127.5.

    Raises
    ------
    TypeError, ValueError
        If ``low`` and ``high`` hold no floating-point numbers or have different shapes, one is not
        finite or lies on the wrong side, or ``bits`` is no whole number from 1 to 16.

    References
    ----------
    Jacob et al., "Quantization and training of neural networks for efficient
    integer-arithmetic-only inference", CVPR 2018, section 2.1; Krishnamoorthi, "Quantizing deep
    convolutional networks for efficient inference", 2018, section 2.

    Examples
    --------
    >>> scale, zero = affine_parameters(torch.tensor(-1.0), torch.tensor(4.0))
    >>> round(float(scale), 4), int(zero)
    (0.0196, 51)
    """
    check_numbers(low, name="low", high=high)
    lowest, highest = steps_of(bits, signed)
    if low.shape != high.shape:
        raise ValueError(
            f"low and high have shapes {tuple(low.shape)} and {tuple(high.shape)}; expected one"
        )
    if not (low <= high).all() or not (low.isfinite() & high.isfinite()).all():
        raise ValueError("low and high hold no ranges; expected finite numbers, low at most high")
    low, high = low.clamp(max=0), high.clamp(min=0)
    if symmetric:
        scale = torch.maximum(-low, high) / ((highest - lowest) / 2)
        zero = torch.full_like(scale, (highest + lowest + 1) // 2)
    else:
        scale = (high - low) / (highest - lowest)
    scale = scale.clamp(min=_SMALLEST_SCALE)
    if not symmetric:
        zero = (lowest - (low / scale).round()).clamp(lowest, highest)
    return scale, zero.to(torch.int32)


def quantize(
    x: Tensor,
    scale: Tensor,
    zero_point: Tensor,
    bits: int = 8,
    *,
    signed: bool = False,
    axis: int | None = None,
) -> Tensor:
    """Round numbers to steps.

    Parameters
    ----------
    x
        Floating-point numbers.
    scale, zero_point
        One each, or one for each place along ``axis``.
    bits, signed
        Of the steps, see :func:`steps_of`. What lies beyond the last step becomes that step.
    axis
        Along which each place has a scale of its own, such as 0 for the filters of a weight.

    Returns
    -------
    Tensor
        The steps, ``int32``, in the shape of ``x``: those of ``torch.quantize_per_tensor`` and
        ``torch.quantize_per_channel``. Halves go to the even step.

    Raises
    ------
    TypeError, ValueError
        If ``x`` holds no floating-point numbers, or the shapes do not fit.

    Examples
    --------
    >>> x = torch.tensor([-1.0, 0.0, 0.26, 9.0])
    >>> quantize(x, torch.tensor(0.25), torch.tensor(3), bits=4)
    tensor([ 0,  3,  4, 15], dtype=torch.int32)
    """
    low, high = steps_of(bits, signed)
    return _steps(x, scale, zero_point, low, high, axis).to(torch.int32)


def dequantize(
    steps: Tensor, scale: Tensor, zero_point: Tensor, *, axis: int | None = None
) -> Tensor:
    """Turn steps back into numbers.

    Parameters
    ----------
    steps
        Whole numbers, of any integer dtype.
    scale, zero_point, axis
        As for :func:`quantize`.

    Returns
    -------
    Tensor
        The numbers in the middle of the steps, of the dtype of ``scale``.

    Raises
    ------
    TypeError, ValueError
        If ``scale`` holds no floating-point numbers, or the shapes do not fit.

    Examples
    --------
    >>> dequantize(torch.tensor([0, 3, 4]), torch.tensor(0.25), torch.tensor(3))
    tensor([-0.7500,  0.0000,  0.2500])
    """
    scale, zero_point = _shaped(steps, scale, zero_point, axis)
    return (steps - zero_point) * scale


def fake_quantize(
    x: Tensor,
    scale: Tensor,
    zero_point: Tensor,
    bits: int = 8,
    *,
    signed: bool = False,
    axis: int | None = None,
) -> Tensor:
    """Round numbers to steps and back, with a slope for training: the straight-through estimator.

    Rounding is flat nearly everywhere, so its true slope is 0 and teaches nothing. Here the
    gradient passes as if nothing had been rounded; where a number lies beyond the steps, it is 0.

    Parameters
    ----------
    x, scale, zero_point, bits, signed, axis
        As for :func:`quantize`.

    Returns
    -------
    Tensor
        Numbers in the middle of steps; values and gradients of
        ``torch.fake_quantize_per_tensor_affine`` and ``torch.fake_quantize_per_channel_affine``.

    Raises
    ------
    TypeError, ValueError
        As :func:`quantize`.

    References
    ----------
    Bengio, Leonard, Courville, "Estimating or propagating gradients through stochastic neurons for
    conditional computation", 2013; Jacob et al., CVPR 2018, section 3.

    Examples
    --------
    >>> x = torch.tensor([0.3, 9.0], requires_grad=True)
    >>> y = fake_quantize(x, torch.tensor(0.25), torch.tensor(0), bits=4)
    >>> y.sum().backward()
    >>> y.tolist(), x.grad.tolist()
    ([0.25, 3.75], [1.0, 0.0])
    """
    low, high = steps_of(bits, signed)
    free = _steps(x, scale, zero_point, None, None, axis)
    value = dequantize(free.clamp(low, high), scale, zero_point, axis=axis).to(x.dtype)
    inside = ((free >= low) & (free <= high)).to(x.dtype)
    # The difference is 0 with a slope of 1, so the value is exact and the slope passes.
    return value.detach() + (x - x.detach()) * inside


class FakeQuantize(nn.Module):
    """A layer that rounds what passes to steps and back, from a range that is known.

    Parameters
    ----------
    low, high
        From where to where the numbers lie, as :func:`calibrate` found it.
    bits
        Of the unsigned steps.

    Raises
    ------
    TypeError, ValueError
        As :func:`affine_parameters`.

    Examples
    --------
    >>> FakeQuantize(torch.tensor(0.0), torch.tensor(3.0), bits=2)(torch.tensor([0.4, 1.6, 7.0]))
    tensor([0., 2., 3.])
    """

    scale: Tensor
    zero_point: Tensor

    def __init__(self, low: Tensor, high: Tensor, bits: int = 8) -> None:
        super().__init__()
        self.bits = bits
        scale, zero_point = affine_parameters(low, high, bits)
        self.register_buffer("scale", scale)
        self.register_buffer("zero_point", zero_point)

    def forward(self, x: Tensor) -> Tensor:
        """Round.

        Parameters
        ----------
        x
            Numbers of any shape.

        Returns
        -------
        Tensor
            Of the same shape.
        """
        return fake_quantize(x, self.scale, self.zero_point, self.bits)


class FakeQuantizeWeight(nn.Module):
    """A weight that is rounded whenever it is used, for ``torch.nn.utils.parametrize``.

    The steps follow the weight: they are symmetric and signed, from its largest magnitude at the
    moment. Training then moves the numbers behind, and sees what rounding makes of them.

    Parameters
    ----------
    bits
        Of the signed steps.
    axis
        0 for a scale for each filter, None for one for all.

    Examples
    --------
    >>> layer = nn.Linear(2, 1, bias=False)
    >>> _ = nn.init.constant_(layer.weight, 0.3)
    >>> _ = parametrize.register_parametrization(layer, "weight", FakeQuantizeWeight(bits=2))
    >>> layer.weight
    tensor([[0.2000, 0.2000]], grad_fn=<AddBackward0>)
    """

    def __init__(self, bits: int = 8, axis: int | None = 0) -> None:
        super().__init__()
        self.bits, self.axis = bits, axis

    def forward(self, weight: Tensor) -> Tensor:
        """Round.

        Parameters
        ----------
        weight
            The numbers behind.

        Returns
        -------
        Tensor
            Of the same shape.
        """
        low, high = value_range(weight, self.axis)
        scale, zero = affine_parameters(low, high, self.bits, symmetric=True, signed=True)
        return fake_quantize(weight, scale, zero, self.bits, signed=True, axis=self.axis)


def quantize_weights(model: nn.Module, bits: int = 8, axis: int | None = 0) -> nn.Module:
    """Return a copy whose convolutions and linear layers have rounded weights.

    Parameters
    ----------
    model
        Any network.
    bits, axis
        As for :class:`FakeQuantizeWeight`.

    Returns
    -------
    torch.nn.Module
        A copy, with numbers behind the rounded weights, so that it can be trained on. Its weights
        are still kept and computed with as floating-point numbers.

    Raises
    ------
    ValueError
        If the model has neither a convolution nor a linear layer.

    Examples
    --------
    >>> rounded = quantize_weights(nn.Sequential(nn.Linear(16, 4)), bits=2)
    >>> len(rounded[0].weight[0].unique()) <= 4
    True
    """
    integer("bits", bits, least=1)
    rounded = copy.deepcopy(model)
    layers = [each for each in rounded.modules() if isinstance(each, nn.Conv2d | nn.Linear)]
    if not layers:
        raise ValueError(
            "model has neither a convolution nor a linear layer; expected at least one"
        )
    for layer in layers:
        parametrize.register_parametrization(layer, "weight", FakeQuantizeWeight(bits, axis))
    return rounded


def calibrate(
    model: nn.Module, batches: Iterable[Tensor], layers: Iterable[str], clip: float = 0
) -> dict[str, tuple[Tensor, Tensor]]:
    """Watch from where to where the outputs of layers lie, on pictures like those to come.

    Parameters
    ----------
    model
        The network; it computes in the mode in which it is.
    batches
        Inputs of the model. All outputs are kept until the end, so a few hundred pictures will do.
    layers
        Names of modules of the model.
    clip
        As for :func:`value_range`.

    Returns
    -------
    dict
        By name, the lowest and the highest.

    Raises
    ------
    ValueError
        If there is no such layer, or no batch.

    References
    ----------
    Krishnamoorthi, "Quantizing deep convolutional networks for efficient inference", 2018, section
    3.1.2.

    Examples
    --------
    >>> ranges = calibrate(nn.Sequential(nn.ReLU()), [torch.tensor([-2.0, 5.0])], ["0"])
    >>> ranges["0"]
    (tensor(0.), tensor(5.))
    """
    modules, seen = dict(model.named_modules()), {}
    for name in layers:
        if name not in modules:
            raise ValueError(f"layers has {name!r}; expected some of {', '.join(modules)}")
        seen[name] = [torch.empty(0)][:0]
    hooks = [
        modules[name].register_forward_hook(
            lambda _module, _inputs, output, found=found: found.append(output.detach().flatten())
        )
        for name, found in seen.items()
    ]
    try:
        with torch.no_grad():
            for batch in batches:
                model(batch)
    finally:
        for hook in hooks:
            hook.remove()
    if not all(seen.values()):
        raise ValueError("batches is empty, or a layer never ran; expected outputs of each layer")
    return {name: value_range(torch.cat(found), clip=clip) for name, found in seen.items()}


def quantize_activations(
    model: nn.Module, ranges: Mapping[str, tuple[Tensor, Tensor]], bits: int = 8
) -> nn.Module:
    """Return a copy that rounds what layers give.

    Parameters
    ----------
    model
        The network that was calibrated.
    ranges
        As :func:`calibrate` returned them.
    bits
        Of the unsigned steps.

    Returns
    -------
    torch.nn.Module
        A copy in which each of these layers is followed by a :class:`FakeQuantize`.

    Raises
    ------
    ValueError
        If there is no such layer.

    Examples
    --------
    >>> net = nn.Sequential(nn.ReLU())
    >>> ranges = {"0": (torch.tensor(0.0), torch.tensor(3.0))}
    >>> quantize_activations(net, ranges, bits=2)(torch.tensor([-1.0, 1.2, 9.0]))
    tensor([0., 1., 3.])
    """
    rounded = copy.deepcopy(model)
    known = dict(rounded.named_modules())
    for name, (low, high) in ranges.items():
        if not name or name not in known:
            raise ValueError(f"ranges has {name!r}; expected some of {', '.join(known)}")
        parent, _, own = name.rpartition(".")
        pair = nn.Sequential(known[name], FakeQuantize(low, high, bits))
        setattr(known[parent], own, pair)
    return rounded


def fold_batch_norm(layer: nn.Conv2d, norm: nn.BatchNorm2d) -> nn.Conv2d:
    r"""Put a batch normalization into the convolution before it.

    In evaluation it multiplies each channel by :math:`g = \gamma / \sqrt{\sigma^2 + \epsilon}` and
    adds a number, and so can the convolution.

    Parameters
    ----------
    layer
        The convolution.
    norm
        What normalizes its outputs, with running statistics.

    Returns
    -------
    torch.nn.Conv2d
        A convolution with a bias that does both, in evaluation mode.

    Raises
    ------
    ValueError
        If the channels do not fit, or the normalization keeps no statistics.

    References
    ----------
    Jacob et al., CVPR 2018, section 3.2.

    Examples
    --------
    >>> conv, norm = nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2).eval()
    >>> x = torch.rand(1, 1, 5, 5)
    >>> torch.allclose(fold_batch_norm(conv, norm)(x), norm(conv(x)), atol=1e-6)
    True
    """
    if norm.num_features != layer.out_channels:
        raise ValueError(
            f"norm has {norm.num_features} channels; expected {layer.out_channels}, as layer has"
        )
    if norm.running_mean is None or norm.running_var is None:
        raise ValueError("norm has no running statistics; expected some to fold")
    folded = copy.deepcopy(layer).eval()
    with torch.no_grad():
        factor = (norm.running_var + norm.eps).rsqrt()
        if norm.affine:
            factor = factor * norm.weight
        before = -norm.running_mean if layer.bias is None else layer.bias - norm.running_mean
        folded.weight.mul_(factor[:, None, None, None])
        bias = before * factor + (norm.bias if norm.affine else 0)
    folded.bias = nn.Parameter(bias.detach())
    return folded


def integer_linear(x: Tensor, x_zero: int, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Compute a linear layer with whole numbers alone.

    Parameters
    ----------
    x
        Steps of the inputs, (N, n), any integer dtype.
    x_zero
        Their zero point.
    weight
        Steps of the weights, (m, n), whose zero point is 0.
    bias
        (m,), ``int32``: the bias in units of the scale of the inputs times that of the weights.

    Returns
    -------
    Tensor
        (N, m), ``int32``: sums in units of the scale of the inputs times that of the weights.

    Raises
    ------
    TypeError
        If something is no whole number.
    ValueError
        If the sums might not fit into 32 bits.

    References
    ----------
    Jacob et al., CVPR 2018, sections 2.2 to 2.4.

    Examples
    --------
    >>> integer_linear(torch.tensor([[130, 128]]), 128, torch.tensor([[-7, 5]]))
    tensor([[-14]], dtype=torch.int32)
    """
    for name, each in (("x", x), ("weight", weight), ("bias", bias)):
        if each is not None and (each.is_floating_point() or each.dtype == torch.bool):
            raise TypeError(f"{name} is {each.dtype}; expected whole numbers")
    integer("x_zero", x_zero, least=-(2**31))
    shifted = x.to(torch.int64) - x_zero
    if shifted.numel():  # in 64 bits, since in 8 the magnitude of -128 is -128
        most = int(shifted.abs().max()) * int(weight.to(torch.int64).abs().sum(1).max())
        most += 0 if bias is None else int(bias.to(torch.int64).abs().max())
        if most >= 2**31:
            raise ValueError(f"a sum may reach {most}; expected fewer inputs, or fewer bits")
    sums = shifted.to(torch.int32) @ weight.to(torch.int32).T
    return sums if bias is None else sums + bias.to(torch.int32)


def requantize(
    sums: Tensor, factor: float, zero_point: int, bits: int = 8, *, signed: bool = False
) -> Tensor:
    """Turn sums into steps of the output, with whole numbers alone.

    The factor from one scale to the other becomes a whole number of 31 bits and a shift.

    Parameters
    ----------
    sums
        ``int32``, from :func:`integer_linear`.
    factor
        The scale of the sums over that of the output, above 0 and below 1.
    zero_point, bits, signed
        Of the output.

    Returns
    -------
    Tensor
        The steps, ``int32``; a half goes up.

    Raises
    ------
    TypeError, ValueError
        If ``sums`` are no whole numbers, or the factor is not between 0 and 1.

    References
    ----------
    Jacob et al., CVPR 2018, section 2.2, equation 6.

    Examples
    --------
    >>> requantize(torch.tensor([1000, -1000]), factor=0.0214, zero_point=128)
    tensor([149, 107], dtype=torch.int32)
    """
    if sums.is_floating_point():
        raise TypeError(f"sums is {sums.dtype}; expected whole numbers")
    if not 0 < number("factor", factor, most=1) < 1:
        raise ValueError(f"factor is {factor}; expected a number between 0 and 1")
    low, high = steps_of(bits, signed)
    shift = 31
    while factor < 0.5 and shift < 62:  # so that all 31 bits count, and no sum overruns 64
        factor, shift = 2 * factor, shift + 1
    multiplier = min(round(factor * 2**31), 2**31 - 1)
    products = sums.to(torch.int64) * multiplier
    steps = (products + (1 << (shift - 1))) >> shift
    return (steps + zero_point).clamp(low, high).to(torch.int32)


def _rows(x: Tensor, axis: int | None) -> Tensor:
    """Lay out all numbers in one row, or in one for each place along the axis."""
    if axis is None:
        return x.reshape(1, -1)
    if not -x.ndim <= axis < x.ndim:
        raise ValueError(f"axis is {axis}; expected one of the {x.ndim} dimensions of x")
    return x.movedim(axis, 0).flatten(1) if x.ndim > 1 else x[:, None]


def _quantile(rows: Tensor, share: float) -> Tensor:
    """Return the number below which a share of each row lies; torch's takes 16 million at most."""
    ordered = rows.sort(1).values
    place = share * (rows.shape[1] - 1)
    below = int(place)
    above = min(below + 1, rows.shape[1] - 1)
    return ordered[:, below].lerp(ordered[:, above], place - below)


def _shaped(
    x: Tensor, scale: Tensor, zero_point: Tensor, axis: int | None
) -> tuple[Tensor, Tensor]:
    """Give scale and zero point the shape in which they meet x."""
    check_numbers(scale, name="scale")
    if axis is None:
        expected: tuple[int, ...] = ()
    elif -x.ndim <= axis < x.ndim:
        expected = (x.shape[axis],)
    else:
        raise ValueError(f"axis is {axis}; expected one of the {x.ndim} dimensions of x")
    for name, each in (("scale", scale), ("zero_point", zero_point)):
        if tuple(each.shape) != expected:
            raise ValueError(f"{name} has shape {tuple(each.shape)}; expected {expected}")
    if axis is None:
        return scale, zero_point
    shape = [1] * x.ndim
    shape[axis] = -1
    return scale.view(shape), zero_point.view(shape)


def _steps(
    x: Tensor,
    scale: Tensor,
    zero_point: Tensor,
    low: int | None,
    high: int | None,
    axis: int | None,
) -> Tensor:
    """Return the steps, still as floating-point numbers."""
    check_numbers(x)
    scale, zero_point = _shaped(x, scale, zero_point, axis)
    # torch multiplies by the reciprocal, which for one number in ten thousand is another step.
    steps = (x.detach() * (1 / scale)).round() + zero_point
    return steps if low is None else steps.clamp(low, high)
