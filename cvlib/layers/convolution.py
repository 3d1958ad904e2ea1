"""Convolution in two dimensions, its im2col form, its adjoint and its separable form.

"Convolution" is the field's word; what is computed is cross-correlation: the kernel is not flipped.
Pictures are ``(N, C, H, W)``, or one ``(C, H, W)``, on any device, and autograd runs through all
functions. Where one integer may stand for rows and columns alike, a pair gives rows, then columns.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Literal, overload

import torch
import torch.nn.functional as F
from torch import Tensor

from cvlib.arguments import Size, check_pictures, check_tensors, integer, pair
from cvlib.layers.precision import at_least_float32

__all__ = [
    "conv2d",
    "conv2d_loops",
    "conv_transpose2d",
    "depthwise_separable",
    "output_size",
    "unfold",
]

Padding = Size | Literal["same", "valid"]


@overload
def output_size(
    size: int, kernel_size: int, stride: int = 1, padding: int = 0, dilation: int = 1
) -> int: ...
@overload
def output_size(
    size: Sequence[int], kernel_size: Size, stride: Size = 1, padding: Size = 0, dilation: Size = 1
) -> tuple[int, int]: ...
def output_size(
    size: Size, kernel_size: Size, stride: Size = 1, padding: Size = 0, dilation: Size = 1
) -> int | tuple[int, int]:
    """Count the positions that a kernel can take along each side of its input.

    Parameters
    ----------
    size
        Pixels along one side, or ``(height, width)``.
    kernel_size
        Pixels of the kernel.
    stride
        Pixels from one position to the next.
    padding
        Pixels added at both ends.
    dilation
        Pixels from one weight of the kernel to the next.

    Returns
    -------
    int or tuple of int
        ``floor((size + 2 padding - dilation (kernel_size - 1) - 1) / stride) + 1``: an integer
        for an integer ``size``, else a pair.

    Raises
    ------
    ValueError
        If the kernel does not fit into the padded input, or a number is too small.
    TypeError
        If an argument is neither an integer nor, for a pair as ``size``, a pair.

    References
    ----------
    Dumoulin and Visin, "A guide to convolution arithmetic for deep learning" (2016), section 5.1.

    Examples
    --------
    >>> output_size(28, 5)
    24
    >>> output_size((227, 224), 11, stride=4)
    (55, 54)
    """
    if isinstance(size, Sequence):
        pairs = [pair("size", size), pair("kernel_size", kernel_size), pair("stride", stride)]
        pairs += [pair("padding", padding), pair("dilation", dilation)]
        rows, columns = (output_size(*side) for side in zip(*pairs, strict=True))
        return rows, columns
    taps = integer("kernel_size", kernel_size, least=1)
    span = integer("dilation", dilation, least=1) * (taps - 1) + 1
    padded = integer("size", size) + 2 * integer("padding", padding)
    if span > padded:
        raise ValueError(
            f"kernel_size {taps} with dilation {dilation} spans {span} pixels; expected at most "
            f"the {padded} of the padded input"
        )
    return (padded - span) // integer("stride", stride, least=1) + 1


@at_least_float32(autocast="lower")
def conv2d_loops(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Size = 1,
    padding: Padding = 0,
    dilation: Size = 1,
    groups: int = 1,
) -> Tensor:
    """Cross-correlate pictures with kernels by plain loops: the definition, for reading.

    Arguments, result and errors are those of :func:`conv2d`. It is slow: keep it to toys.

    Examples
    --------
    >>> x = torch.arange(9.0).reshape(1, 1, 3, 3)
    >>> conv2d_loops(x, torch.ones(1, 1, 2, 2))
    tensor([[[[ 8., 12.],
              [20., 24.]]]])
    """
    stride, dilation, sides = check_convolution(x, weight, bias, stride, padding, dilation, groups)
    x = F.pad(x, sides)
    if x.ndim == 3:
        return conv2d_loops(x[None], weight, bias, stride, 0, dilation, groups)[0]
    maps, channels, *kernel = weight.shape
    height, width = output_size(x.shape[2:], kernel, stride, 0, dilation)
    y = x.new_zeros(len(x), maps, height, width)
    for n, o, r, c in product(range(len(x)), range(maps), range(height), range(width)):
        first = o // (maps // groups) * channels
        top, left = r * stride[0], c * stride[1]
        for k, i, j in product(range(channels), range(kernel[0]), range(kernel[1])):
            pixel = x[n, first + k, top + i * dilation[0], left + j * dilation[1]]
            y[n, o, r, c] += weight[o, k, i, j] * pixel
        if bias is not None:
            y[n, o, r, c] += bias[o]
    return y


def unfold(
    x: Tensor, kernel_size: Size, dilation: Size = 1, padding: Size = 0, stride: Size = 1
) -> Tensor:
    """Copy every window that the kernel sees into one column (im2col).

    A convolution is then one matrix product: ``weight.flatten(1) @ unfold(x, ...)``.

    Parameters
    ----------
    x
        Pictures, ``(N, C, H, W)`` or ``(C, H, W)``.
    kernel_size, dilation, padding, stride
        As in :func:`output_size`, in the order of :func:`torch.nn.functional.unfold`.

    Returns
    -------
    Tensor
        ``(N, C * kernel height * kernel width, positions)``, without N for one picture. A column
        lists channels, then kernel rows, then kernel columns; positions run row by row.

    Raises
    ------
    ValueError
        If the kernel does not fit into the padded input, or shapes are wrong.
    TypeError
        If an argument has the wrong type.

    References
    ----------
    Chellapilla, Puri and Simard, "High performance CNNs for document processing" (2006).

    Examples
    --------
    >>> unfold(torch.arange(9.0).reshape(1, 3, 3), kernel_size=2)
    tensor([[0., 1., 3., 4.],
            [1., 2., 4., 5.],
            [3., 4., 6., 7.],
            [4., 5., 7., 8.]])
    """
    check_pictures(x)
    rows, columns = pair("padding", padding)
    windows = _windows(F.pad(x, (columns, columns, rows, rows)), kernel_size, stride, dilation)
    return windows.flatten(-5, -3).flatten(-2)


@at_least_float32(autocast="lower")
def conv2d(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Size = 1,
    padding: Padding = 0,
    dilation: Size = 1,
    groups: int = 1,
) -> Tensor:
    """Cross-correlate pictures with kernels by one matrix product a kernel row.

    Only the kernel's columns are unfolded, which copies the picture kernel width times (im2col:
    kernel width times kernel height); what a kernel row sees is then a slice of the copy.

    Parameters
    ----------
    x
        Pictures, ``(N, C, H, W)`` or ``(C, H, W)``.
    weight
        Kernels, ``(O, C / groups, kernel height, kernel width)``.
    bias
        One number an output channel, ``(O,)``.
    stride, padding, dilation
        As in :func:`output_size`. Padding adds zeros; ``"valid"`` adds none, and ``"same"``, with
        stride 1, as many as keep height and width.
    groups
        Parts into which input and output channels are cut, each seeing nothing of the others.

    Returns
    -------
    Tensor
        ``(N, O, output height, output width)``, without N for one picture.

    Raises
    ------
    ValueError
        If shapes do not fit together; the message names the argument.
    TypeError
        If dtypes differ, or an argument has the wrong type.

    References
    ----------
    LeCun et al., "Gradient-based learning applied to document recognition" (1998), section II.A.

    Examples
    --------
    >>> x = torch.arange(9.0).reshape(1, 3, 3)
    >>> conv2d(x, torch.tensor([[[[-1.0, 1.0]]]]))
    tensor([[[1., 1.],
             [1., 1.],
             [1., 1.]]])
    """
    stride, dilation, sides = check_convolution(x, weight, bias, stride, padding, dilation, groups)
    x = F.pad(x, sides)
    if x.ndim == 3:
        return conv2d(x[None], weight, bias, stride, 0, dilation, groups)[0]
    maps, channels, *kernel = weight.shape
    height, width = output_size(x.shape[2:], kernel, stride, 0, dilation)
    # A group is one more picture in the batch, with kernels of its own.
    pictures = x.reshape(len(x) * groups, channels, *x.shape[2:])
    columns = _windows(pictures, (1, kernel[1]), (1, stride[1]), (1, dilation[1])).flatten(1, 3)
    y = x.new_zeros(len(pictures), maps // groups, height * width)
    for i in range(kernel[0]):
        seen = columns[..., _positions(i, height, stride[0], dilation[0]), :]
        y.baddbmm_(_kernel_row(weight, i, groups, len(x)), seen.flatten(-2))
    y = y.view(len(x), maps, height, width)
    if bias is not None:
        y += bias.view(-1, 1, 1)
    return y


@at_least_float32(autocast="lower")
def conv_transpose2d(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Size = 1,
    padding: Size = 0,
    output_padding: Size = 0,
    groups: int = 1,
    dilation: Size = 1,
) -> Tensor:
    """Apply the adjoint of :func:`conv2d`: each pixel stamps its weighted kernel on the output.

    It is what backpropagation does to a convolution, not its inverse: without bias,
    ``(conv2d(a, w) * b).sum() == (a * conv_transpose2d(b, w)).sum()`` for all ``a`` and ``b``.

    Parameters
    ----------
    x
        Pictures, ``(N, C, H, W)`` or ``(C, H, W)``.
    weight
        Kernels, ``(C, O / groups, kernel height, kernel width)``: as :func:`conv2d` would take
        them to go from O channels to C.
    bias
        One number an output channel, ``(O,)``.
    stride, padding, dilation, groups
        Those of the convolution whose adjoint this is: padding is cut off here.
    output_padding
        Rows and columns more at the bottom and right, less than stride or dilation: a convolution
        with a stride takes several input sizes to one output size, and this says which.

    Returns
    -------
    Tensor
        ``(N, O, height, width)``, without N for one picture, with ``height = stride (H - 1) +
        dilation (kernel height - 1) + 1 - 2 padding + output_padding``.

    Raises
    ------
    ValueError
        If shapes do not fit together; the message names the argument.
    TypeError
        If dtypes differ, or an argument has the wrong type.

    References
    ----------
    Dumoulin and Visin, "A guide to convolution arithmetic for deep learning" (2016), section 4.

    Examples
    --------
    >>> x = torch.tensor([[[1.0, 2.0]]])
    >>> conv_transpose2d(x, torch.ones(1, 1, 1, 3), stride=(1, 2))
    tensor([[[1., 1., 3., 2., 2.]]])
    """
    pads, extra = pair("padding", padding), pair("output_padding", output_padding)
    stride, dilation, _ = check_convolution(x, weight, bias, stride, 0, dilation, groups, True)
    if x.ndim == 3:
        return conv_transpose2d(x[None], weight, bias, stride, pads, extra, groups, dilation)[0]
    channels, maps, *kernel = weight.shape
    if any(e >= max(step, gap) for e, step, gap in zip(extra, stride, dilation, strict=True)):
        expected = f"less than stride {stride} or dilation {dilation}"
        raise ValueError(f"output_padding is {output_padding!r}; expected {expected}")
    sizes = zip(x.shape[2:], stride, dilation, kernel, extra, strict=True)
    sides = [step * (size - 1) + gap * (k - 1) + 1 + e for size, step, gap, k, e in sizes]
    if any(side <= 2 * pad for side, pad in zip(sides, pads, strict=True)):
        raise ValueError(f"padding is {padding!r}; expected less than half of {sides} pixels")
    height, width = x.shape[2:]
    # The steps of conv2d, each turned round and in the opposite order.
    pictures = x.reshape(len(x) * groups, channels // groups, height * width)
    columns = x.new_zeros(len(pictures), maps * kernel[1], sides[0], width)
    for i in range(kernel[0]):
        stamps = _kernel_row(weight, i, groups, len(x)).mT @ pictures
        rows = _positions(i, height, stride[0], dilation[0])
        columns[:, :, rows] += stamps.unflatten(-1, (height, width))
    columns = columns.view(len(x), groups * maps, kernel[1], sides[0], width)
    y = x.new_zeros(len(x), groups * maps, *sides)
    for j in range(kernel[1]):
        y[..., _positions(j, width, stride[1], dilation[1])] += columns[:, :, j]
    y = F.pad(y, (-pads[1], -pads[1], -pads[0], -pads[0]))
    if bias is not None:
        y += bias.view(-1, 1, 1)
    return y


def depthwise_separable(
    x: Tensor,
    depthwise: Tensor,
    pointwise: Tensor,
    bias: Tensor | None = None,
    stride: Size = 1,
    padding: Padding = 0,
    dilation: Size = 1,
) -> Tensor:
    """Filter each channel with kernels of its own, then mix the channels pixel by pixel.

    Parameters
    ----------
    x, bias, stride, padding, dilation
        As in :func:`conv2d`; stride, padding and dilation belong to the depthwise part.
    depthwise
        Kernels, ``(C m, 1, kernel height, kernel width)``: m for each channel.
    pointwise
        Mixing weights, ``(O, C m, 1, 1)``.

    Returns
    -------
    Tensor
        ``(N, O, output height, output width)``, without N for one picture.

    Raises
    ------
    ValueError
        If shapes do not fit together; the message names the argument.
    TypeError
        If dtypes differ, or an argument has the wrong type.

    References
    ----------
    Howard et al., "MobileNets" (2017), section 3.1.

    Examples
    --------
    >>> x = torch.ones(2, 4, 4)
    >>> depthwise_separable(x, torch.ones(2, 1, 3, 3), torch.ones(5, 2, 1, 1)).shape
    torch.Size([5, 2, 2])
    """
    check_pictures(x)
    seen = conv2d(x, depthwise, None, stride, padding, dilation, groups=x.shape[-3])
    return conv2d(seen, pointwise, bias)


def _positions(tap: int, count: int, stride: int, dilation: int) -> slice:
    """Select the pixels under one tap, over all positions of the kernel along one side."""
    return slice(tap * dilation, tap * dilation + stride * (count - 1) + 1, stride)


def _windows(x: Tensor, kernel_size: Size, stride: Size, dilation: Size) -> Tensor:
    """Copy what each tap sees: (..., C, kernel height, kernel width, height, width)."""
    kernel = pair("kernel_size", kernel_size, least=1)
    stride, dilation = pair("stride", stride), pair("dilation", dilation)
    height, width = output_size(x.shape[-2:], kernel, stride, 0, dilation)
    rows = [_positions(i, height, stride[0], dilation[0]) for i in range(kernel[0])]
    columns = [_positions(j, width, stride[1], dilation[1]) for j in range(kernel[1])]
    taps = torch.stack([x[..., row, column] for row, column in product(rows, columns)], dim=-3)
    return taps.unflatten(-3, kernel)


def _kernel_row(weight: Tensor, i: int, groups: int, pictures: int) -> Tensor:
    """Lay out row i of the kernels as a matrix a group, for each picture."""
    row = weight[:, :, i].reshape(groups, len(weight) // groups, -1)
    return row.expand(pictures, -1, -1, -1).flatten(0, 1)


def check_convolution(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    stride: Size,
    padding: Padding,
    dilation: Size,
    groups: int,
    transposed: bool = False,
) -> tuple[tuple[int, int], tuple[int, int], tuple[int, int, int, int]]:
    """Read the arguments of a convolution and refuse what does not fit together.

    Parameters
    ----------
    x, weight, bias, stride, padding, dilation, groups
        As in :func:`cvlib.layers.convolution.conv2d`.
    transposed
        Whether ``weight`` lists input channels first, as transposed convolution has it.

    Returns
    -------
    stride, dilation : tuple of int
        For rows, for columns.
    sides : tuple of int
        Padding left, right, top and bottom, as :func:`torch.nn.functional.pad` takes it.

    Raises
    ------
    TypeError
        If dtypes differ, or an argument has the wrong type.
    ValueError
        If shapes do not fit together.
    """
    check_pictures(x)
    check_tensors(x=x, weight=weight, bias=bias)
    shape, channels = tuple(weight.shape), x.shape[-3]
    if len(shape) != 4 or 0 in shape:
        raise ValueError(f"weight has shape {shape}; expected four sizes, none of them 0")
    for number, what in ((shape[0], "kernels of weight"), (channels, "channels of x")):
        if number % integer("groups", groups, least=1):
            raise ValueError(f"groups is {groups}; expected a divisor of the {number} {what}")
    if transposed:
        fits, expected, given = shape[0] == channels, f"({channels}, ...)", shape[1] * groups
    else:
        part = channels // groups
        fits, expected, given = shape[1] == part, f"(O, {part}, ...)", shape[0]
    if not fits:
        raise ValueError(
            f"weight has shape {shape}; expected {expected} for x with {channels} channels and "
            f"groups {groups}"
        )
    if bias is not None and bias.shape != (given,):
        raise ValueError(f"bias has shape {tuple(bias.shape)}; expected ({given},)")
    steps, gaps = pair("stride", stride, least=1), pair("dilation", dilation, least=1)
    if padding == "same":
        if steps != (1, 1):
            raise ValueError(f"padding is 'same' with stride {stride!r}; expected stride 1")
        top, left = (gap * (taps - 1) // 2 for gap, taps in zip(gaps, shape[2:], strict=True))
        bottom, right = gaps[0] * (shape[2] - 1) - top, gaps[1] * (shape[3] - 1) - left
        return steps, gaps, (left, right, top, bottom)
    if isinstance(padding, str) and padding != "valid":
        raise ValueError(f"padding is {padding!r}; expected 'same', 'valid' or integers")
    rows, columns = (0, 0) if isinstance(padding, str) else pair("padding", padding)
    return steps, gaps, (columns, columns, rows, rows)
