"""What a network costs, layer by layer: parameters, arithmetic, memory, and what it sees for it.

The network is run once on an empty picture, and every operation of torch that it performs is
watched. So branches, loops and functions count as well as modules do, and there is nothing to
register for a new kind of layer.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from html import escape
from math import inf, prod
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import flop_registry
from torch.utils.weak import WeakTensorKeyDictionary

from cvlib.arguments import integer
from cvlib.layers.receptive_field import Axis, Field, follow

__all__ = ["LayerCost", "ReceptiveField", "Summary", "summarize"]


@dataclass(frozen=True)
class ReceptiveField:
    """The pixels on which the numbers of a feature map depend, in rows and in columns.

    Parameters
    ----------
    size
        Pixels that one number sees. Where paths of different reach lead to a number, the longest
        counts; a number near the border sees into the padding.
    jump
        Pixels from what one number sees to what its neighbour sees; 0 if all see the same.
    start
        The first pixel that the first number sees; below 0 in the padding.
    """

    size: tuple[int, int]
    jump: tuple[int | float, int | float]
    start: tuple[int, int]


@dataclass(frozen=True)
class LayerCost:
    """What one layer costs for one picture.

    Parameters
    ----------
    name
        The module's name in the model; for an operation outside of such a module, the name of the
        module that called it, and the operation.
    kind
        The module's class, or the operation in ATen, torch's library of operations.
    output_shape
        Without the batch.
    parameters
        Those that no layer above has counted.
    macs
        Products that are added up (multiply-accumulates), of convolutions and of products with
        matrices and vectors.
    activation_bytes
        Bytes of the output; 0 where it lies in the memory of the input.
    receptive_field
        What the output's numbers see of the picture; None if the input is no picture, or the
        operations on the way are not understood. Numbers that have lost their place, as after
        flattening, count together.
    """

    name: str
    kind: str
    output_shape: tuple[int, ...]
    parameters: int
    macs: int
    activation_bytes: int
    receptive_field: ReceptiveField | None

    @property
    def flops(self) -> int:
        """Floating-point operations, a product and a sum for each multiply-accumulate."""
        return 2 * self.macs


@dataclass(frozen=True)
class Summary:
    """What a network costs for one picture; a notebook shows it as a table.

    Parameters
    ----------
    layers
        In the order in which they ran. A layer that ran twice stands here twice.
    parameters
        All parameters of the model, each counted once, whether they were needed or not.
    """

    layers: tuple[LayerCost, ...]
    parameters: int

    @property
    def macs(self) -> int:
        """Multiply-accumulates of all layers."""
        return sum(layer.macs for layer in self.layers)

    @property
    def flops(self) -> int:
        """Floating-point operations of all layers, two for each multiply-accumulate."""
        return 2 * self.macs

    @property
    def activation_bytes(self) -> int:
        """Bytes of all outputs together, about what training keeps for the way back."""
        return sum(layer.activation_bytes for layer in self.layers)

    def _rows(self) -> list[list[str]]:
        head = ["layer", "kind", "output", "parameters", "MACs", "bytes", "field", "jump", "start"]
        rows = [
            [
                layer.name,
                layer.kind,
                " × ".join(map(str, layer.output_shape)),
                f"{layer.parameters:,}",
                f"{layer.macs:,}",
                f"{layer.activation_bytes:,}",
                *_field_words(layer.receptive_field),
            ]
            for layer in self.layers
        ]
        unused = self.parameters - sum(layer.parameters for layer in self.layers)
        if unused:
            rows.append(["(not used)", "", "", f"{unused:,}", "", "", "", "", ""])
        counts = (self.parameters, self.macs, self.activation_bytes)
        total = ["total", "", "", *(f"{count:,}" for count in counts), "", "", ""]
        return [head, *rows, total]

    def __str__(self) -> str:
        rows = self._rows()
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = [
            "  ".join(
                cell.ljust(width) if number < 2 else cell.rjust(width)
                for number, (cell, width) in enumerate(zip(row, widths, strict=True))
            ).rstrip()
            for row in rows
        ]
        return "\n".join(lines)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        head, *rows = self._rows()
        lines = [f"<tr>{_cells('th', head)}</tr>"]
        lines += [f"<tr>{_cells('td', row)}</tr>" for row in rows[:-1]]
        lines += [f"<tr>{_cells('th', rows[-1])}</tr>"]
        table = "\n".join(lines)
        # On a phone, the table moves and not the page; a focus lets the arrow keys move it.
        style = "overflow-x:auto;white-space:nowrap;font-size:85%"
        box = f'<div style="{style}" tabindex="0" role="region" aria-label="Costs by layer">'
        return f'{box}<table class="dataframe">\n{table}\n</table></div>'


def summarize(model: nn.Module, input_size: Sequence[int]) -> Summary:
    """Count what a network costs for one picture, layer by layer.

    The model runs once, in evaluation mode and without gradients, on zeros of its own device and
    dtype; afterwards it is what it was. On the device ``"meta"`` nothing is computed.

    Parameters
    ----------
    model
        Any network of one input. What ``DataParallel`` or ``torch.compile`` wraps is unwrapped; a
        scripted network, whose modules are no longer seen, gets a row for each operation.
    input_size
        The shape of one input without the batch, for pictures (C, H, W).

    Returns
    -------
    Summary
        A row for each module without submodules, and for each operation outside of these that makes
        new numbers. As torch's ``FlopCounterMode``, it counts the arithmetic of convolutions and
        matrix products, without biases; and, which torch's leaves out, that of products with
        vectors, bilinear forms, recurrent layers, deformable convolutions and Euclidean distances.
        The rest counts as none.

    Raises
    ------
    TypeError
        If ``model`` is no module, or ``input_size`` is not made of integers.
    ValueError
        If a size is below 1, parameters have no shape yet, or the model refuses the input; the
        message names the layer.

    References
    ----------
    Araujo, Norris and Sim, "Computing receptive fields of convolutional neural networks", Distill
    (2019).

    Examples
    --------
    >>> model = nn.Sequential(nn.Conv2d(1, 6, 5), nn.MaxPool2d(2), nn.Conv2d(6, 16, 5, groups=2))
    >>> print(summarize(model, (1, 28, 28)))
    layer  kind            output  parameters     MACs   bytes  field  jump  start
    0      Conv2d     6 × 24 × 24         156   86,400  13,824      5     1      0
    1      MaxPool2d  6 × 12 × 12           0        0   3,456      6     2      0
    2      Conv2d      16 × 8 × 8       1,216   76,800   4,096     14     2      0
    total                               1,372  163,200  21,376
    """
    if not isinstance(model, nn.Module):
        raise TypeError(f"model is a {type(model).__name__}; expected a torch.nn.Module")
    if not isinstance(input_size, Sequence) or isinstance(input_size, str) or not input_size:
        raise TypeError(f"input_size is {input_size!r}; expected integers such as (3, 224, 224)")
    shape = [integer("input_size", size, least=1) for size in input_size]
    model = _unwrapped(model)
    parameters = list(model.parameters())
    if any(isinstance(parameter, nn.UninitializedParameter) for parameter in parameters):
        raise ValueError("model has parameters without a shape; expected it to have run once")
    sample = next((p for p in parameters if p.is_floating_point()), torch.empty(0))
    x = torch.zeros(1, *shape, dtype=sample.dtype, device=sample.device)
    recorder = _Recorder(model)
    if len(shape) == 3:
        recorder.fields[x] = (Axis(1, ((0, 0),)), Axis(1, ((0, 0),)))
    else:
        recorder.fields[x] = None
    called = nn.Sequential(model)  # as functional_call takes no scripted model
    copies = {name: buffer.clone() for name, buffer in called.named_buffers()}
    try:
        with torch.inference_mode(False), torch.no_grad(), _evaluating(model), recorder.watching():
            functional_call(called, copies, (x,))
    except Exception as error:
        place = recorder.running[-1] if recorder.running else None
        where = f" in {recorder.name(place.module)} ({place.kind})" if place else ""
        raise ValueError(
            f"input_size is {tuple(shape)}; expected one that model accepts, but{where}: {error}"
        ) from error
    return Summary(tuple(recorder.layers), sum(parameter.numel() for parameter in parameters))


def _unwrapped(model: nn.Module) -> nn.Module:
    """Take a network out of what only says where, or how, it is to run."""
    while True:
        if isinstance(model, nn.DataParallel | nn.parallel.DistributedDataParallel):
            model = model.module
        elif isinstance(inner := getattr(model, "_orig_mod", None), nn.Module):  # torch.compile's
            model = inner
        else:
            return model


@contextmanager
def _evaluating(model: nn.Module) -> Iterator[None]:
    """Put every module in evaluation mode, and afterwards back into the mode it was in.

    In this mode torch fuses a whole transformer block into one operation, in which nothing can be
    watched; for as long, it does not.
    """
    modes = [(module, getattr(module, "training", None)) for module in model.modules()]
    fused = torch.backends.mha.get_fastpath_enabled()
    try:
        torch.backends.mha.set_fastpath_enabled(False)
        for module, training in modes:
            if training is not None:  # a frozen module has no mode
                module.training = False
        yield
    finally:
        torch.backends.mha.set_fastpath_enabled(fused)
        for module, training in modes:
            if training is not None:
                module.training = training


@dataclass
class _Running:
    """A module that has been called and has not returned yet."""

    module: nn.Module
    storages: set[int]
    macs: int = 0

    @property
    def kind(self) -> str:
        return type(self.module).__name__

    @property
    def is_layer(self) -> bool:
        return next(self.module.children(), None) is None


class _Recorder(TorchDispatchMode):
    """Watch the modules and the operations of a run, and note what they cost."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.names = {module: name for name, module in model.named_modules()}
        self.fields: Any = WeakTensorKeyDictionary()  # of the tensors that depend on the input
        self.layers: list[LayerCost] = []
        self.running: list[_Running] = []
        self.uncounted = {id(parameter): parameter.numel() for parameter in model.parameters()}
        self.waiting = 0  # parameters that a view has touched, for the operation that follows

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Watch. The hooks are torch's global ones, so that the model's own stay untouched."""
        handles = [
            register_module_forward_pre_hook(self.enter),
            register_module_forward_hook(self.leave),
        ]
        try:
            with self:
                yield
        finally:
            for handle in handles:
                handle.remove()

    def name(self, module: nn.Module) -> str:
        return self.names.get(module) or type(module).__name__

    def enter(self, module: nn.Module, inputs: Any) -> None:
        self.running.append(_Running(module, set(map(_storage, _tensors(inputs)))))

    def leave(self, module: nn.Module, inputs: Any, output: Any) -> None:
        call = self.running.pop()
        if call.is_layer:
            numbers = sum(self.uncounted.pop(id(p), 0) for p in module.parameters())
            self.add(self.name(module), call.kind, numbers, call.macs, output, call.storages)

    def add(
        self, name: str, kind: str, numbers: int, macs: int, output: Any, storages: set[int]
    ) -> None:
        made = _tensors(output)
        fresh = [tensor for tensor in made if _storage(tensor) not in storages]
        field = next((self.fields[tensor] for tensor in made if tensor in self.fields), None)
        size = sum(tensor.numel() * tensor.element_size() for tensor in fresh)
        shape = tuple(made[0].shape[1:]) if made else ()
        self.layers.append(LayerCost(name, kind, shape, numbers, macs, size, _readable(field)))

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = func._schema.name.partition("::")[2].strip("_")
        output = NotImplemented
        if not name.startswith(_WHOLE):  # these fall into operations that say less
            with self:
                output = func.decompose(*args, **(kwargs or {}))
        if output is not NotImplemented:  # made of other operations, which have been watched
            return output
        output = func(*args, **(kwargs or {}))
        arguments = {a.name: a.default_value for a in func._schema.arguments}
        arguments |= dict(zip(arguments, args, strict=False)) | (kwargs or {})
        given, made = _tensors((args, kwargs)), _tensors(output)
        seen = [(tensor, self.fields[tensor]) for tensor in given if tensor in self.fields]
        macs = _macs(name, arguments, made[0]) if made else 0
        if made and not macs and func._overloadpacket in flop_registry:
            counted = flop_registry[func._overloadpacket]
            macs = counted(*args, **(kwargs or {}), out_val=output) // 2
        if seen and made:
            pointwise = torch.Tag.pointwise in func.tags
            field = follow(name, arguments, seen, made[0], pointwise=pointwise, view=func.is_view)
            for tensor in made:
                self.fields[tensor] = field
        if self.running and self.running[-1].is_layer:
            self.running[-1].macs += macs
            return output
        self.waiting += sum(self.uncounted.pop(id(tensor), 0) for tensor in given)
        if made and (seen or macs) and not func.is_view:
            caller = self.running[-1].module if self.running else None
            path = self.names.get(caller) if caller is not None else None
            label = f"{path}.{name}" if path else name
            numbers, self.waiting = self.waiting, 0
            self.add(label, name, numbers, macs, made[0], set(map(_storage, given)))
        return output


_WHOLE = ("upsample", "euclidean_dist")

# The factors of each product, by the names of their arguments: each number of the first meets a
# column of the second, or one number of it where it is a vector.
_PRODUCTS = {
    **{"mm": ("self", "mat2"), "bmm": ("self", "mat2"), "int_mm": ("self", "mat2")},
    **{"addmm": ("mat1", "mat2"), "addmm_activation": ("mat1", "mat2")},
    **{"baddbmm": ("batch1", "batch2"), "addbmm": ("batch1", "batch2")},
    **{"mv": ("self", "vec"), "addmv": ("mat", "vec")},
    **{"dot": ("self", "tensor"), "vdot": ("self", "other")},
}


def _macs(name: str, arguments: dict[str, Any], output: Tensor) -> int:
    """Count the multiply-accumulates of one operation."""
    if name == "convolution":
        places = (arguments["input"] if arguments["transposed"] else output).shape
        return arguments["weight"].numel() * places[0] * prod(places[2:])
    if name == "deform_conv2d":
        return arguments["weight"].numel() * output.shape[0] * prod(output.shape[2:])
    if name == "conv_tbc":  # (time, batch, channels)
        return arguments["weight"].numel() * prod(output.shape[:2])
    if name in _PRODUCTS:
        first, second = (arguments[factor] for factor in _PRODUCTS[name])
        return first.numel() * (second.shape[-1] if second.ndim > 1 else 1)
    if name.startswith("scaled_dot_product"):
        query, key, value = (arguments[part].shape for part in ("query", "key", "value"))
        return prod(query[:-1]) * key[-2] * (query[-1] + value[-1])
    if name == "trilinear":  # nn.Bilinear: a product for each number of the weight, at each place
        return arguments["i2"].numel() * arguments["i1"].shape[0]
    if name == "euclidean_dist" or (name == "cdist_forward" and arguments["p"] not in (0, 1, inf)):
        return output.numel() * arguments["x1"].shape[-1]
    if name == "pdist_forward" and arguments["p"] not in (0, 1, inf):
        return output.numel() * arguments["self"].shape[-1]
    if name in ("mkldnn_rnn_layer", "cudnn_rnn", "miopen_rnn", "lstm_mps"):
        # At each step of each example, every weight of its matrices meets one number.
        held = (value for key, value in arguments.items() if key.startswith(("weight", "params")))
        matrices = [tensor for tensor in _tensors(list(held)) if tensor.ndim == 2]
        steps = prod(arguments["input"].shape[:-1])
        return steps * sum(matrix.numel() for matrix in matrices)
    return 0


def _tensors(values: Any) -> list[Tensor]:
    return [leaf for leaf in tree_leaves(values) if isinstance(leaf, Tensor)]


def _storage(tensor: Tensor) -> int:
    return tensor.untyped_storage()._cdata


def _readable(field: Field | None) -> ReceptiveField | None:
    if field is None:
        return None
    rows, columns = field
    return ReceptiveField(
        (rows.size, columns.size), (rows.jump, columns.jump), (rows.start, columns.start)
    )


def _field_words(field: ReceptiveField | None) -> list[str]:
    if field is None:
        return ["?", "?", "?"]
    pairs = (field.size, field.jump, field.start)
    return [
        f"{rows:g}" if rows == columns else f"{rows:g} × {columns:g}" for rows, columns in pairs
    ]


def _cells(tag: str, words: Sequence[str]) -> str:
    sides = ["left"] * 2 + ["right"] * (len(words) - 2)
    return "".join(
        f'<{tag} style="text-align:{side}">{escape(word)}</{tag}>'
        for side, word in zip(sides, words, strict=True)
    )
