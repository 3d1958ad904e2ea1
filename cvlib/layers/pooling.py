"""Pooling and upsampling: layers that change the size of a picture and learn nothing.

Pictures are ``(N, C, H, W)``, or one ``(C, H, W)``. A pair of integers is for rows, then columns.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import reduce
from itertools import product
from typing import Literal, NamedTuple, overload

import torch
import torch.nn.functional as F
from torch import Tensor

from cvlib.arguments import Size, check_numbers, check_pictures, integer, one_of, pair
from cvlib.layers.precision import at_least_float32

__all__ = ["avg_pool2d", "interpolate", "max_pool2d", "max_unpool2d"]


class _Side(NamedTuple):
    """How windows stand along one side of a picture, in pixels."""

    size: int
    taps: int
    stride: int
    padding: int
    dilation: int
    windows: int

    def seen(self) -> Iterator[slice]:
        """Select what each tap sees of the padded side, over all windows."""
        for first in range(0, self.taps * self.dilation, self.dilation):
            yield slice(first, first + self.stride * (self.windows - 1) + 1, self.stride)

    def margins(self) -> tuple[int, int]:
        """Count what is put before and after the side, so that each tap finds something."""
        last = self.stride * (self.windows - 1) + self.dilation * (self.taps - 1)
        return self.padding, max(0, last + 1 - self.size - self.padding)

    def covered(self, count_include_pad: bool) -> Tensor:
        """Count the pixels in each window: ceil mode's surplus never, the padding if asked."""
        margin = self.padding if count_include_pad else 0
        starts = self.stride * torch.arange(self.windows) - self.padding
        return (starts + self.taps).clamp(max=self.size + margin) - starts.clamp(min=-margin)


@overload
def max_pool2d(
    x: Tensor,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    dilation: Size = 1,
    ceil_mode: bool = False,
    return_indices: Literal[False] = False,
) -> Tensor: ...
@overload
def max_pool2d(
    x: Tensor,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    dilation: Size = 1,
    ceil_mode: bool = False,
    *,
    return_indices: Literal[True],
) -> tuple[Tensor, Tensor]: ...
def max_pool2d(
    x: Tensor,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    dilation: Size = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Tensor | tuple[Tensor, Tensor]:
    """Keep the greatest number of every window.

    A window's maximum is that of its columns' maxima, which is fast. But the gradient goes to one
    pixel of the window: where the caller asks for it, that pixel is looked up.

    Parameters
    ----------
    x
        Pictures, ``(N, C, H, W)`` or ``(C, H, W)``.
    kernel_size
        Pixels of the window.
    stride
        Pixels from one window to the next; ``kernel_size`` if None, or empty.
    padding
        Rows and columns of minus infinity around the picture, at most half of ``kernel_size``.
    dilation
        Pixels from one tap of the window to the next.
    ceil_mode
        Whether a last window may hang over the bottom or right, as long as it starts inside of the
        picture or its upper or left padding.
    return_indices
        Whether to say where each maximum lies, too.

    Returns
    -------
    y : Tensor
        ``(N, C, output height, output width)``, without N for one picture. NaN beats any number.
    indices : Tensor
        Only with ``return_indices``: ``int64``, of the shape of ``y``; row times W plus column of
        the first maximum in each window, or of the last NaN.

    Raises
    ------
    ValueError
        If shapes or numbers do not fit together, or a window sees nothing but padding.
    TypeError
        If an argument has the wrong type.

    Examples
    --------
    >>> x = torch.tensor([[[1.0, 3, 2, 0], [5, 2, 1, 4]]])
    >>> max_pool2d(x, 2)
    tensor([[[5., 4.]]])
    >>> max_pool2d(x, 2, return_indices=True)[1]
    tensor([[[4, 7]]])
    """
    rows, columns = _windows(x, kernel_size, stride, padding, dilation, ceil_mode)
    if return_indices or (x.requires_grad and torch.is_grad_enabled()):
        indices = _places_of_maxima(x.detach(), rows, columns)
        y = x.flatten(-2).gather(-1, indices.flatten(-2)).view_as(indices)
        return (y, indices) if return_indices else y
    y = _padded(x, rows, columns, -torch.inf)
    y = reduce(torch.maximum, [y[..., row, :] for row in rows.seen()])
    y = reduce(torch.maximum, [y[..., column] for column in columns.seen()])
    return y.clone() if rows.taps == columns.taps == 1 else y


@at_least_float32()
def avg_pool2d(
    x: Tensor,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Tensor:
    """Take the mean of every window.

    Parameters
    ----------
    x, kernel_size, stride, ceil_mode
        As in :func:`max_pool2d`.
    padding
        Rows and columns of zeros around the picture, at most half of ``kernel_size``.
    count_include_pad
        Whether the zeros of the padding count as pixels. What ``ceil_mode`` adds never counts.
    divisor_override
        At least 1: what each window's sum is divided by, instead of the number of its pixels.

    Returns
    -------
    Tensor
        ``(N, C, output height, output width)``, without N for one picture.

    Raises
    ------
    ValueError
        If shapes or numbers do not fit together.
    TypeError
        If an argument has the wrong type.

    Examples
    --------
    >>> avg_pool2d(torch.tensor([[[1.0, 3, 2, 0], [5, 2, 1, 4]]]), 2)
    tensor([[[2.7500, 1.7500]]])
    """
    rows, columns = _windows(x, kernel_size, stride, padding, 1, ceil_mode)
    y = _padded(x, rows, columns, 0.0)
    y = reduce(torch.add, [y[..., row, :] for row in rows.seen()])
    y = reduce(torch.add, [y[..., column] for column in columns.seen()])
    if divisor_override is not None:
        return y / integer("divisor_override", divisor_override, least=1)
    pixels = torch.outer(rows.covered(count_include_pad), columns.covered(count_include_pad))
    return y / pixels.to(y)


def max_unpool2d(
    x: Tensor,
    indices: Tensor,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    output_size: Sequence[int] | None = None,
) -> Tensor:
    """Put each maximum back where it was found, with zeros everywhere else.

    Parameters
    ----------
    x
        Pooled pictures, ``(N, C, H, W)`` or ``(C, H, W)``.
    indices
        Where each number goes, as :func:`max_pool2d` returns it.
    kernel_size, stride, padding
        Those of the pooling.
    output_size
        Height and width of the result, or its whole shape: less than one stride away from
        ``(H - 1) stride - 2 padding + kernel_size``, which it is if None.

    Returns
    -------
    Tensor
        ``(N, C, height, width)``, without N for one picture.

    Raises
    ------
    ValueError
        If shapes or sizes do not fit together, or an index lies outside of the result.
    TypeError
        If an argument has the wrong type.

    References
    ----------
    Badrinarayanan, Kendall and Cipolla, "SegNet" (2017), section 3.

    Examples
    --------
    >>> y, indices = max_pool2d(torch.tensor([[[1.0, 3], [5, 2]]]), 2, return_indices=True)
    >>> max_unpool2d(y, indices, 2)
    tensor([[[0., 0.],
             [5., 0.]]])
    """
    _check_floating(x)
    if not isinstance(indices, Tensor) or indices.dtype != torch.int64:
        came = getattr(indices, "dtype", type(indices).__name__)
        raise TypeError(f"indices is {came}; expected a tensor of torch.int64")
    if indices.shape != x.shape:
        raise ValueError(f"indices has shape {tuple(indices.shape)}; expected {tuple(x.shape)}")
    kernel = pair("kernel_size", kernel_size, least=1)
    steps = kernel if stride is None else pair("stride", stride, least=1)
    sides = zip(x.shape[-2:], kernel, steps, pair("padding", padding), strict=True)
    height, width = sizes = [step * (size - 1) + k - 2 * pad for size, k, step, pad in sides]
    if output_size is not None:
        wanted = output_size[-2:] if len(output_size) == 4 else output_size
        height, width = pair("output_size", wanted, least=1, both=True)
        away = [abs(height - sizes[0]), abs(width - sizes[1])]
        if any(far >= step for far, step in zip(away, steps, strict=True)):
            expected = f"less than stride {steps} away from {tuple(sizes)}"
            raise ValueError(f"output_size is {output_size!r}; expected {expected}")
    if min(height, width) < 1:
        raise ValueError(f"padding is {padding!r}; expected less: the result has size {sizes}")
    places = indices.flatten(-2)
    if places.numel() and not 0 <= places.min() <= places.max() < height * width:
        expected = f"0 to {height * width - 1}, for a result of {height} x {width}"
        raise ValueError(f"indices go from {places.min()} to {places.max()}; expected {expected}")
    y = x.new_zeros(*x.shape[:-2], height * width)
    return y.scatter(-1, places, x.flatten(-2)).unflatten(-1, (height, width))


@at_least_float32()
def interpolate(
    x: Tensor,
    size: Size | None = None,
    scale_factor: float | Sequence[float] | None = None,
    mode: Literal["nearest", "bilinear"] = "nearest",
    align_corners: bool | None = None,
    recompute_scale_factor: bool | None = None,
    antialias: bool = False,
) -> Tensor:
    """Give a picture another size: copy the nearest pixel, or mix the four around a place.

    Parameters
    ----------
    x
        Pictures, ``(N, C, H, W)``.
    size
        Height and width of the result, or one integer for both.
    scale_factor
        Instead of ``size``: the result has ``floor(scale_factor H)`` rows, and columns alike.
    mode
        ``"nearest"`` copies pixel ``floor(i / scale)`` to ``i``; ``"bilinear"`` mixes.
    align_corners
        Only for ``"bilinear"``. True lays the centres of the corner pixels on those of the old
        ones; False or None lays the borders of the pictures on each other.
    recompute_scale_factor
        Only with ``scale_factor``: whether the places are computed from the sizes before and after,
        which are whole, and not from the factor.
    antialias
        Only for ``"bilinear"``: whether to mix all pixels that a new one covers, where there are
        more than four, by how near they are.

    Returns
    -------
    Tensor
        ``(N, C, height, width)``.

    Raises
    ------
    ValueError
        If shapes or numbers do not fit together, or the mode is unknown.
    TypeError
        If an argument has the wrong type.

    Examples
    --------
    >>> row = torch.tensor([[[[10.0, 30, 20]]]])
    >>> interpolate(row, (1, 6), mode="bilinear")
    tensor([[[[10.0000, 15.0000, 25.0000, 27.5000, 22.5000, 20.0000]]]])
    >>> interpolate(row, (1, 6), mode="bilinear", align_corners=True)
    tensor([[[[10., 18., 26., 28., 24., 20.]]]])
    """
    _check_floating(x)
    if x.ndim != 4 or 0 in x.shape[1:]:
        raise ValueError(f"x has shape {tuple(x.shape)}; expected (N, C, H, W), only N may be 0")
    one_of("mode", mode, ("nearest", "bilinear"))
    if mode == "nearest" and align_corners is not None:
        raise ValueError(f"align_corners is {align_corners!r} with mode 'nearest'; expected None")
    if mode == "nearest" and antialias:
        raise ValueError(f"antialias is {antialias!r} with mode 'nearest'; expected False")
    steps, sizes = _scaled(x.shape[2:], size, scale_factor, bool(recompute_scale_factor))
    for axis, (new, step) in enumerate(zip(sizes, steps, strict=True), start=2):
        if antialias:
            x = _antialiased(x, axis, new, step, bool(align_corners))
            continue
        places = _places(x, axis, new, step, mode, bool(align_corners))
        before = places.long().clamp(max=x.shape[axis] - 1)
        if mode == "nearest":
            x = x.index_select(axis, before)
            continue
        after = (before + 1).clamp(max=x.shape[axis] - 1)
        share = (places - before).to(x).view(-1, *[1] * (3 - axis))
        x = x.index_select(axis, before) * (1 - share) + x.index_select(axis, after) * share
    return x


def _check_floating(x: Tensor) -> None:
    check_pictures(x)
    check_numbers(x)


def _windows(
    x: Tensor, kernel_size: Size, stride: Size | None, padding: Size, dilation: Size, ceil: bool
) -> tuple[_Side, _Side]:
    """Read the arguments of a pooling: its windows along the rows, and along the columns."""
    _check_floating(x)
    if 0 in x.shape[-3:]:
        raise ValueError(f"x has shape {tuple(x.shape)}; expected no size but N to be 0")
    kernel = pair("kernel_size", kernel_size, least=1)
    bare = stride is None or (isinstance(stride, Sequence) and not stride)
    steps = kernel if bare else pair("stride", stride, least=1)  # type: ignore[arg-type]
    pads, gaps = pair("padding", padding), pair("dilation", dilation, least=1)
    sides = []
    for size, taps, step, pad, gap in zip(x.shape[-2:], kernel, steps, pads, gaps, strict=True):
        if pad > taps // 2:
            raise ValueError(f"padding is {padding!r}; expected at most half of kernel_size {taps}")
        padded, span = size + 2 * pad, gap * (taps - 1) + 1
        count = (padded - span + (step - 1 if ceil else 0)) // step + 1
        if ceil and (count - 1) * step >= size + pad:  # it would start behind the picture
            count -= 1
        if count < 1:
            raise ValueError(
                f"kernel_size {taps} with dilation {gap} spans {span} pixels; expected at most the "
                f"{padded} of the padded input"
            )
        if any(start % gap >= size for start in range(-pad, min(0, count * step - pad), step)):
            raise ValueError(f"dilation is {dilation!r}; expected less: a window sees only padding")
        sides.append(_Side(size, taps, step, pad, gap, count))
    return sides[0], sides[1]


def _padded(x: Tensor, rows: _Side, columns: _Side, value: float) -> Tensor:
    margins = (*columns.margins(), *rows.margins())
    return F.pad(x, margins, value=value) if any(margins) else x


def _places_of_maxima(x: Tensor, rows: _Side, columns: _Side) -> Tensor:
    """Go through the taps of all windows at once, and note where a greater number is met."""
    places = torch.arange(rows.size * columns.size, device=x.device).view(rows.size, -1)
    places = _padded(places, rows, columns, -1)
    values = _padded(x, rows, columns, -torch.inf)
    best, where = values.new_tensor(-torch.inf), places.new_tensor(-1)
    for row, column in product(rows.seen(), columns.seen()):
        value, place = values[..., row, column], places[row, column]
        better = (value > best) | value.isnan() | (where < 0)
        best = torch.where(better, value, best)
        where = torch.where(better, place, where)
    return where


def _scaled(
    old: Sequence[int],
    size: Size | None,
    scale_factor: float | Sequence[float] | None,
    recompute: bool,
) -> tuple[list[float], tuple[int, int]]:
    """Read how long a new pixel is, in old ones, and how many there are."""
    if (size is None) == (scale_factor is None):
        raise ValueError(f"size is {size!r}, scale_factor {scale_factor!r}; expected one of them")
    if size is not None:
        if recompute:
            raise ValueError("recompute_scale_factor is True with size; expected scale_factor")
        rows, columns = pair("size", size, least=1, both=True)
        return [old[0] / rows, old[1] / columns], (rows, columns)
    given = scale_factor if isinstance(scale_factor, Sequence) else (scale_factor, scale_factor)
    scales = [scale for scale in given if isinstance(scale, int | float)]
    if not len(given) == len(scales) == 2:
        raise TypeError(f"scale_factor is {scale_factor!r}; expected a number or a pair of numbers")
    rows, columns = (int(side * scale) for side, scale in zip(old, scales, strict=True))
    if min(rows, columns) < 1:
        raise ValueError(f"scale_factor is {scale_factor!r}; expected enough for one pixel")
    if recompute:
        return [old[0] / rows, old[1] / columns], (rows, columns)
    return [1 / scale for scale in scales], (rows, columns)


def _places(x: Tensor, axis: int, new: int, step: float, mode: str, align_corners: bool) -> Tensor:
    """Say where the new pixels of one side lie among the old ones, 0 being the first's centre."""
    if mode == "nearest":  # torch multiplies in single precision, whatever x is
        return torch.arange(new, device=x.device, dtype=torch.float32) * step
    steps = torch.arange(new, device=x.device, dtype=torch.promote_types(x.dtype, torch.float32))
    if align_corners:
        return steps * ((x.shape[axis] - 1) / max(new - 1, 1))
    return ((steps + 0.5) * step - 0.5).clamp(min=0)


def _antialiased(x: Tensor, axis: int, new: int, step: float, align_corners: bool) -> Tensor:
    """Mix the old pixels of one side by a triangle around each new one, as wide as both are."""
    old = x.shape[axis]
    if align_corners:
        step = (old - 1) / max(new - 1, 1)
    pixels, centres = (torch.arange(n, device=x.device, dtype=x.dtype) + 0.5 for n in (old, new))
    far = (pixels - centres[:, None] * step).abs() / max(step, 1)
    weights = (1 - far).clamp(min=0)
    return (x.movedim(axis, -1) @ (weights / weights.sum(1, keepdim=True)).T).movedim(-1, axis)
