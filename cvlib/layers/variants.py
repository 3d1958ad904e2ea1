"""Relatives of convolution: channels dealt out anew, and kernels whose taps look where they like.

Grouped, dilated, transposed and depthwise-separable convolution are arguments and functions of
:mod:`cvlib.layers.convolution`.
"""

from __future__ import annotations

from itertools import product

import torch
import torch.nn.functional as F
from torch import Tensor

from cvlib.arguments import Size, check_pictures, check_tensors, integer, pair
from cvlib.layers.convolution import check_convolution, output_size
from cvlib.layers.precision import at_least_float32

__all__ = ["bilinear_sample", "channel_shuffle", "deform_conv2d"]


def channel_shuffle(x: Tensor, groups: int) -> Tensor:
    """Deal out the channels anew, one from each group in turn.

    Two grouped convolutions in a row never mix their groups; with a shuffle between them, they do.

    Parameters
    ----------
    x
        ``(N, C, ...)``, of at least three dimensions.
    groups
        Groups of neighbouring channels; a divisor of C.

    Returns
    -------
    Tensor
        The first channel of each group, then the second of each, and so on, in the shape of ``x``.

    Raises
    ------
    ValueError
        If ``groups`` does not divide C, or ``x`` has fewer than three dimensions.
    TypeError
        If ``x`` is not a tensor, or ``groups`` not an integer.

    References
    ----------
    Zhang et al., "ShuffleNet" (2018), section 3.1.

    Examples
    --------
    >>> channel_shuffle(torch.arange(6).reshape(1, 6, 1), groups=2).flatten().tolist()
    [0, 3, 1, 4, 2, 5]
    """
    if not isinstance(x, Tensor):
        raise TypeError(f"x is a {type(x).__name__}; expected a tensor")
    if x.ndim < 3:
        raise ValueError(f"x has shape {tuple(x.shape)}; expected (N, C, ...)")
    if x.shape[1] % integer("groups", groups, least=1):
        raise ValueError(f"groups is {groups}; expected a divisor of the {x.shape[1]} channels")
    return x.unflatten(1, (groups, x.shape[1] // groups)).transpose(1, 2).flatten(1, 2)


@at_least_float32()
def bilinear_sample(x: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """Read pictures at places between the pixels, by a weighted mean of the nearest four.

    Parameters
    ----------
    x
        Pictures, ``(N, C, H, W)``; outside of them everything is 0.
    rows, columns
        Places in pixels, ``(N, ...)``: 0 is the first row's centre, H - 1 the last one's.

    Returns
    -------
    Tensor
        ``(N, C, ...)``. Gradients run to ``x`` and to the places; where a place is a pixel, the
        slope is the one towards the next pixel below, or to the right.

    Raises
    ------
    ValueError
        If shapes do not fit together.
    TypeError
        If an argument is not a tensor, or dtypes differ.

    References
    ----------
    Dai et al., "Deformable convolutional networks" (2017), equations 3 and 4.

    Examples
    --------
    >>> x = torch.tensor([[[[0.0, 4.0], [8.0, 12.0]]]])
    >>> bilinear_sample(x, torch.tensor([[0.5, 0.0]]), torch.tensor([[0.25, 1.5]]))
    tensor([[[5., 2.]]])
    """
    check_pictures(x)
    check_tensors(x=x, rows=rows, columns=columns)
    for name, places in (("rows", rows), ("columns", columns)):
        if places.shape != rows.shape or x.ndim != 4 or places.shape[:1] != x.shape[:1]:
            shapes = f"{tuple(places.shape)} with x {tuple(x.shape)}"
            raise ValueError(f"{name} has shape {shapes}; expected (N, ...) with x (N, C, H, W)")
    (count, channels, height, width), shape = x.shape, rows.shape[1:]
    # A border of zeros: a place beyond it would read zeros too, so it is moved there.
    pixels = F.pad(x, (2, 2, 2, 2)).flatten(2)
    rows = rows.clamp(-2, height).reshape(count, 1, -1)
    columns = columns.clamp(-2, width).reshape(count, 1, -1)
    top, left = rows.floor().nan_to_num(), columns.floor().nan_to_num()
    down, right = rows - top, columns - left
    y = x.new_zeros(count, channels, rows.shape[-1])
    for below, beside in product((0, 1), (0, 1)):
        index = (top + 2 + below).long() * (width + 4) + (left + 2 + beside).long()
        share = (down if below else 1 - down) * (right if beside else 1 - right)
        y = y + share * pixels.gather(2, index.expand(-1, channels, -1))
    return y.unflatten(2, shape)


@at_least_float32()
def deform_conv2d(
    x: Tensor,
    offset: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Size = 1,
    padding: Size = 0,
    dilation: Size = 1,
    mask: Tensor | None = None,
) -> Tensor:
    """Convolve with kernels whose every tap is moved, at every position, by an offset of its own.

    Parameters
    ----------
    x
        Pictures, ``(N, C, H, W)`` or ``(C, H, W)``.
    offset
        How far each tap is moved, in pixels, ``(N, 2 D kernel height kernel width, output height,
        output width)``, without N for one picture: for each of D offset groups, which share the
        channels evenly, and for each tap, row by row, first down, then to the right.
    weight
        Kernels, ``(O, C / groups, kernel height, kernel width)``; their shape tells the groups.
    bias
        One number an output channel, ``(O,)``.
    stride, padding, dilation
        As in :func:`cvlib.layers.convolution.conv2d`, in integers.
    mask
        What each tap's pixel is multiplied with, ``(N, D kernel height kernel width, output
        height, output width)``.

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
    Dai et al., "Deformable convolutional networks" (2017), section 2.1; the mask is of Zhu et al.,
    "Deformable ConvNets v2" (2019), section 3.2.

    Examples
    --------
    >>> x = torch.arange(9.0).reshape(1, 3, 3)
    >>> half_a_row_down = torch.tensor([0.5, 0.0]).reshape(2, 1, 1).expand(2, 3, 3)
    >>> deform_conv2d(x, half_a_row_down, torch.ones(1, 1, 1, 1))
    tensor([[[1.5000, 2.5000, 3.5000],
             [4.5000, 5.5000, 6.5000],
             [3.0000, 3.5000, 4.0000]]])
    """
    check_pictures(x)
    groups, pads = _groups(x, weight), pair("padding", padding)
    stride, dilation, _ = check_convolution(x, weight, bias, stride, 0, dilation, groups)
    check_tensors(x=x, offset=offset, mask=mask)
    if x.ndim == 3:
        moved, factors = offset[None], None if mask is None else mask[None]
        return deform_conv2d(x[None], moved, weight, bias, stride, pads, dilation, factors)[0]
    maps, channels, *kernel = weight.shape
    height, width = output_size(x.shape[2:], kernel, stride, pads, dilation)
    taps = kernel[0] * kernel[1]
    parts = _parts("offset", offset, x, 2 * taps, (height, width))
    down, right = offset.unflatten(1, (parts, taps, 2)).unbind(3)
    rows = _undeformed(height, kernel[0], stride[0], pads[0], dilation[0], x)
    columns = _undeformed(width, kernel[1], stride[1], pads[1], dilation[1], x)
    rows = rows.repeat_interleave(kernel[1], 0)[:, :, None] + down
    columns = columns.repeat(kernel[0], 1)[:, None, :] + right
    # A part of the channels is one more picture in the batch, read at places of its own.
    pictures = x.reshape(len(x) * parts, x.shape[1] // parts, *x.shape[2:])
    seen = bilinear_sample(pictures, rows.flatten(0, 1), columns.flatten(0, 1))
    if mask is not None:
        if _parts("mask", mask, x, taps, (height, width)) != parts:
            raise ValueError(f"mask has {mask.shape[1]} channels; expected {parts * taps}")
        seen = seen * mask.reshape(len(seen), 1, taps, height, width)
    columns = seen.reshape(len(x), groups, channels * taps, height * width)
    y = weight.reshape(groups, maps // groups, -1) @ columns
    y = y.view(len(x), maps, height, width)
    return y if bias is None else y + bias.view(-1, 1, 1)


def _undeformed(count: int, taps: int, stride: int, pad: int, dilation: int, x: Tensor) -> Tensor:
    """List where each tap looks along one side, at each position of the kernel: (taps, count)."""
    tap, position = (torch.arange(n, device=x.device, dtype=x.dtype) for n in (taps, count))
    return tap[:, None] * dilation + position * stride - pad


def _groups(x: Tensor, weight: Tensor) -> int:
    """Read the groups from the kernels' shape: 1 where it does not fit, to be refused later."""
    channels, shape = x.shape[-3], tuple(getattr(weight, "shape", ()))
    fits = len(shape) == 4 and 0 < shape[1] <= channels and channels % shape[1] == 0
    return channels // shape[1] if fits else 1


def _parts(name: str, tensor: Tensor, x: Tensor, numbers: int, size: tuple[int, int]) -> int:
    """Count the offset groups: parts of the channels with places of their own."""
    count, channels = x.shape[:2]
    parts, left = divmod(tensor.shape[1], numbers) if tensor.ndim == 4 else (0, 0)
    fits = parts > 0 and left == 0 and channels % parts == 0
    if not fits or (tensor.shape[0], *tensor.shape[2:]) != (count, *size):
        raise ValueError(
            f"{name} has shape {tuple(tensor.shape)}; expected ({count}, {numbers} D, {size[0]}, "
            f"{size[1]}) with D a divisor of the {channels} channels"
        )
    return parts
