"""Which pixels a number inside a network depends on, followed from operation to operation.

Along one side of a picture, the numbers of a feature map see intervals of pixels. From a number to
the next, the interval moves by a fixed step; after a transposed convolution or an enlargement, by a
pattern that repeats. :class:`Axis` holds one period of that pattern, so nothing is approximated.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import lcm
from typing import Any

from torch import Tensor

__all__ = ["Axis", "Field", "follow"]

Span = tuple[int, int] | None  # the first and the last pixel seen, if any


@dataclass(frozen=True)
class Axis:
    """What each number along one side of a feature map sees of the picture.

    Parameters
    ----------
    shift
        Pixels from one period to the next; 0 if all numbers see the same.
    spans
        First and last pixel seen by each number of a period, None where nothing is seen. Pixels
        before 0 lie in the padding.

    Examples
    --------
    >>> pixels = Axis(1, ((0, 0),))
    >>> pixels.window(3, stride=2, padding=1).window(3)
    Axis(shift=2, spans=((-1, 5),))
    """

    shift: int
    spans: tuple[Span, ...]

    def at(self, position: int) -> Span:
        """Return the first and the last pixel that the number at a position sees."""
        turn, phase = divmod(position, len(self.spans))
        span = self.spans[phase]
        return span and (span[0] + turn * self.shift, span[1] + turn * self.shift)

    @property
    def size(self) -> int:
        """Pixels from the first to the last one seen, of the number that sees most."""
        return max((last - first + 1 for first, last in filter(None, self.spans)), default=0)

    @property
    def jump(self) -> int | float:
        """Pixels from what one number sees to what the next one sees, on average."""
        jump = Fraction(self.shift, len(self.spans))
        return jump.numerator if jump.denominator == 1 else float(jump)

    @property
    def start(self) -> int:
        """The first pixel that the first number sees; below 0 in the padding."""
        return next((span[0] for span in self.spans if span), 0)

    def through(self, taps: Sequence[Iterable[int]], step: int) -> Axis:
        """Follow an operation: ``taps[i]`` are the positions here that its output ``i`` sees.

        ``len(taps)`` outputs further on, they are ``step`` positions further on.
        """
        turns = range(len(self.spans))
        spans = [
            _hull(self.at(turn * step + tap) for tap in seen) for turn in turns for seen in taps
        ]
        return Axis(step * self.shift, tuple(spans))._shortened()

    def window(
        self, kernel_size: int, stride: int = 1, padding: int = 0, dilation: int = 1
    ) -> Axis:
        """Follow a convolution or a pooling."""
        return self.through([[k * dilation - padding for k in range(kernel_size)]], stride)

    def transposed(
        self, kernel_size: int, stride: int = 1, padding: int = 0, dilation: int = 1
    ) -> Axis:
        """Follow a transposed convolution."""
        places = [[i + padding - k * dilation for k in range(kernel_size)] for i in range(stride)]
        taps = [[place // stride for place in row if place % stride == 0] for row in places]
        return self.through(taps, 1)

    def whole(self, length: int) -> Axis:
        """Return what the first ``length`` numbers see together."""
        return Axis(0, (_hull(map(self.at, range(length))),))

    def _shortened(self) -> Axis:
        """Find the shortest period."""
        count = len(self.spans)
        for period in range(1, count):
            if count % period == 0 and self.shift * period % count == 0:
                shorter = Axis(self.shift * period // count, self.spans[:period])
                if all(shorter.at(i) == span for i, span in enumerate(self.spans)):
                    return shorter
        return self


Field = tuple[Axis, Axis]  # rows, columns


def follow(
    name: str,
    arguments: dict[str, Any],
    seen: Sequence[tuple[Tensor, Field | None]],
    output: Tensor,
    *,
    pointwise: bool = False,
    view: bool = False,
) -> Field | None:
    """Say what the numbers of an operation's output see, from what those of its inputs see.

    Parameters
    ----------
    name
        The operation in ATen, torch's library of operations, without underscores at either end.
    arguments
        Its arguments by name.
    seen
        The inputs that depend on the picture, each with what it sees.
    output
        Its first output.
    pointwise, view
        Whether it works number by number, and whether its output is its input in another shape.

    Returns
    -------
    tuple of Axis or None
        For rows and columns; None if that is not known.

    Examples
    --------
    >>> import torch
    >>> x, pixels = torch.zeros(1, 1, 8, 8), Axis(1, ((0, 0),))
    >>> arguments = {"kernel_size": [2, 2], "stride": [], "padding": [0, 0]}
    >>> follow("avg_pool2d", arguments, [(x, (pixels, pixels))], x[..., ::2, ::2])[0].size
    2
    """
    fields = [field for _, field in seen if field is not None]
    if len(fields) < len(seen):
        return None
    x, field = seen[0][0], fields[0]
    if pointwise or name in _SAME or all(axis.shift == 0 for f in fields for axis in f):
        return _union([(t, _broadcast(t, f, output)) for t, f in seen if f is not None])
    if x.ndim < 3:
        return None
    sides = (x.ndim - 2, x.ndim - 1)
    if name == "convolution":
        return _convolution(field, arguments)
    if name in ("max_pool2d_with_indices", "avg_pool2d", "avg_pool3d"):
        kernel = _sides(arguments["kernel_size"])
        stride = _sides(arguments["stride"] or kernel)
        dilation = _sides(arguments.get("dilation", [1, 1]))
        settings = zip(kernel, stride, _sides(arguments["padding"]), dilation, strict=True)
        return _each(axis.window(*values) for axis, values in zip(field, settings, strict=True))
    if name in _RESIZING:
        pairs = zip(_broadcast(x, field, output), x.shape[-2:], output.shape[-2:], strict=True)
        return _each(
            axis.through(_RESIZING[name](old, new, arguments), old) for axis, old, new in pairs
        )
    if name.endswith(("pad_nd", "pad2d")):
        pad = arguments["pad" if "pad" in arguments else "padding"]
        return _each(axis.window(1, padding=p) for axis, p in zip(field, pad[2::-2], strict=True))
    if name in ("permute", "transpose", "t"):
        return field if _keeps_sides(name, arguments, sides) else None
    if name in ("slice", "cat", "split", "split_with_sizes", "unsafe_split"):
        if arguments.get("dim", 0) % x.ndim not in sides:
            return _union(seen)
        return None
    if name == "expand" and output.ndim == x.ndim:
        return _broadcast(x, field, output)
    if view or name == "unsafe_view":
        if output.ndim > 2 and output.shape[-2:] == x.shape[-2:]:
            return field
        return _whole(x, field) if output.ndim == 2 and len(output) == len(x) else None
    if "batch_norm" in name:
        return _whole(x, field) if arguments.get("training", "update" in name) else field
    if name in ("native_group_norm", "native_layer_norm"):
        return _whole(x, field)
    if name in _REDUCING:
        given = arguments.get("dim")
        numbers = [given] if isinstance(given, int) else given or range(x.ndim)
        over = {number % x.ndim for number in numbers} & set(sides)
        return field if not over else _whole(x, field) if len(over) == 2 else None
    return None


def _adaptive(old: int, new: int, arguments: dict[str, Any]) -> list[range]:
    return [range(i * old // new, -(-(i + 1) * old // new)) for i in range(new)]


def _nearest(old: int, new: int, arguments: dict[str, Any]) -> list[list[int]]:
    return [[i * old // new] for i in range(new)]


def _bilinear(old: int, new: int, arguments: dict[str, Any]) -> list[list[int]]:
    taps = []
    for i in range(new):
        if arguments["align_corners"]:
            place = Fraction(i * (old - 1), max(new - 1, 1))
        else:
            place = max(Fraction((2 * i + 1) * old, 2 * new) - Fraction(1, 2), Fraction(0))
        first = int(place)
        taps.append([first, min(first + (place > first), old - 1)])
    return taps


# What stays in its place, beside the operations that torch itself calls pointwise.
_SAME = {
    *("clone", "to_copy", "alias", "detach", "lift_fresh", "contiguous", "native_dropout"),
    *("channel_shuffle", "native_channel_shuffle"),
    *("prelu_kernel", "hardswish", "log_sigmoid_forward"),
}
_REDUCING = {"mean", "sum", "amax", "amin", "max", "std", "var", "softmax", "log_softmax"}
_RESIZING: dict[str, Any] = {
    "adaptive_avg_pool2d": _adaptive,
    "adaptive_max_pool2d": _adaptive,
    "upsample_nearest2d": _nearest,
    "upsample_bilinear2d": _bilinear,
}


def _convolution(field: Field, arguments: dict[str, Any]) -> Field | None:
    kernel = arguments["weight"].shape[2:]
    if len(kernel) != 2:
        return None
    names = ("stride", "padding", "dilation")
    settings = list(zip(kernel, *(_sides(arguments[name]) for name in names), strict=True))
    follow_axis = Axis.transposed if arguments["transposed"] else Axis.window
    return _each(follow_axis(axis, *values) for axis, values in zip(field, settings, strict=True))


def _keeps_sides(name: str, arguments: dict[str, Any], sides: tuple[int, int]) -> bool:
    """Say whether rows and columns are still the last two dimensions, in this order."""
    count = sides[1] + 1
    if name == "permute":
        return [dim % count for dim in arguments["dims"]][-2:] == list(sides)
    if name == "transpose":
        return not {arguments["dim0"] % count, arguments["dim1"] % count} & set(sides)
    return False


def _sides(values: Sequence[int]) -> list[int]:
    """Read the last two of an argument that may be one number for all sides."""
    return list(values[-2:]) if len(values) > 1 else list(values) * 2


def _each(axes: Iterable[Axis]) -> Field:
    rows, columns = axes
    return rows, columns


def _whole(x: Tensor, field: Field) -> Field:
    lengths = x.shape[-2:] if x.ndim > 1 else (1, 1)
    return _each(axis.whole(length) for axis, length in zip(field, lengths, strict=True))


def _broadcast(x: Tensor, field: Field, output: Tensor) -> Field:
    """Let all numbers see the same along a side whose only number is copied along it."""
    sides = [*zip((1, 1, *x.shape)[-2:], (1, 1, *output.shape)[-2:], strict=True)]
    return _each(
        axis.whole(1) if old == 1 < new else axis
        for axis, (old, new) in zip(field, sides, strict=True)
    )


def _union(seen: Sequence[tuple[Tensor, Field | None]]) -> Field:
    """Join what inputs see; those that move at different paces see all that they see anywhere."""
    joined = []
    for side in range(2):
        axes = [field[side] for _, field in seen if field is not None]
        if len({Fraction(axis.shift, len(axis.spans)) for axis in axes}) > 1:
            axes = [_whole(x, field)[side] for x, field in seen if field is not None]
        count = lcm(*(len(axis.spans) for axis in axes))
        spans = tuple(_hull(axis.at(i) for axis in axes) for i in range(count))
        joined.append(Axis(axes[0].shift * count // len(axes[0].spans), spans)._shortened())
    return _each(joined)


def _hull(spans: Iterable[Span]) -> Span:
    some = [span for span in spans if span]
    return (min(first for first, _ in some), max(last for _, last in some)) if some else None
