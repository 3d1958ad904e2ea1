"""Look inside a network: what its layers make of pictures, and which pixels they see of them.

The functions here leave a network as it was: they remove their hooks, touch no gradient that an
optimizer would use, and want it in evaluation mode, in which pictures do not depend on each other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from cvlib.arguments import check_numbers
from cvlib.layers.cost import ReceptiveField, summarize

__all__ = [
    "Box",
    "check_ready",
    "class_scores",
    "feature_maps",
    "receptive_box",
    "receptive_field",
    "recording",
]


class Box(NamedTuple):
    """A rectangle of pixels; where it reaches out of the picture, it lies in the padding.

    Parameters
    ----------
    top, left
        The first row and the first column.
    height, width
        How many there are.
    """

    top: int
    left: int
    height: int
    width: int


@contextmanager
def recording(model: nn.Module, layers: Sequence[str]) -> Iterator[dict[str, Tensor]]:
    """Record what layers put out while the network runs.

    Parameters
    ----------
    model
        The network, in evaluation mode.
    layers
        Names of modules, as in ``model.named_modules()``.

    Yields
    ------
    dict of Tensor
        Filled as the network runs: the output of each layer that has run, the last one if it ran
        more than once, with its graph if gradients are on. Later layers that work in place do not
        change it.

    Raises
    ------
    TypeError
        If ``model`` is no module, or a layer's output is no tensor.
    ValueError
        If the network is in training mode, or has no layer of that name.

    Examples
    --------
    >>> model = nn.Sequential(nn.Conv2d(1, 6, 5), nn.ReLU(inplace=True)).eval()
    >>> with recording(model, ["0"]) as outputs:
    ...     _ = model(torch.zeros(1, 1, 28, 28))
    >>> outputs["0"].shape
    torch.Size([1, 6, 24, 24])
    """
    modules = _modules(model)
    unknown = [name for name in layers if name not in modules]
    if unknown:
        names = ", ".join(repr(name) for name in modules if name)
        raise ValueError(f"layers has {unknown[0]!r}; expected some of {names}")
    outputs: dict[str, Tensor] = {}

    def keep(name: str) -> Callable[..., Tensor]:
        def hook(module: nn.Module, inputs: Any, output: Any) -> Tensor:
            if not isinstance(output, Tensor):
                kind = type(output).__name__
                raise TypeError(f"layers has {name!r}, which gives a {kind}; expected a tensor")
            outputs[name] = output
            return output.clone()  # for what follows to work on in place, if it must

        return hook

    handles = [modules[name].register_forward_hook(keep(name)) for name in layers]
    try:
        yield outputs
    finally:
        for handle in handles:
            handle.remove()


def feature_maps(model: nn.Module, layers: Sequence[str], images: Tensor) -> dict[str, Tensor]:
    """Run pictures through a network once, and return what the named layers put out.

    Parameters
    ----------
    model
        The network, in evaluation mode.
    layers
        Names of modules, as in ``model.named_modules()``.
    images
        Pictures (N, C, H, W), floating-point numbers.

    Returns
    -------
    dict of Tensor
        The output of each layer, in the order asked for, without gradients: for a convolution
        (N, channels, height, width).

    Raises
    ------
    TypeError, ValueError
        As :func:`recording` does; also if ``images`` is no batch of pictures, or a layer does not
        run.

    Examples
    --------
    >>> model = nn.Sequential(nn.Conv2d(1, 6, 5), nn.MaxPool2d(2)).eval()
    >>> maps = feature_maps(model, ["0", "1"], torch.zeros(3, 1, 28, 28))
    >>> [tuple(m.shape) for m in maps.values()]
    [(3, 6, 24, 24), (3, 6, 12, 12)]
    """
    check_ready(model, images)
    with recording(model, layers) as outputs, torch.no_grad():
        model(images)
    silent = [name for name in layers if name not in outputs]
    if silent:
        raise ValueError(f"layers has {silent[0]!r}, which did not run")
    return {name: outputs[name] for name in layers}


def receptive_field(model: nn.Module, layer: str, input_size: Sequence[int]) -> ReceptiveField:
    """Look up which pixels the numbers of a layer's output depend on.

    Parameters
    ----------
    model
        The network.
    layer
        The name of a module; of a module with parts, the last part counts.
    input_size
        The shape of a picture, (C, H, W).

    Returns
    -------
    ReceptiveField
        As :func:`cvlib.layers.cost.summarize` finds it.

    Raises
    ------
    ValueError
        If no such layer runs, or its receptive field is not known.

    Examples
    --------
    >>> model = nn.Sequential(nn.Conv2d(1, 6, 5, padding=2), nn.MaxPool2d(2), nn.Conv2d(6, 16, 5))
    >>> receptive_field(model, "2", (1, 28, 28))
    ReceptiveField(size=(14, 14), jump=(2, 2), start=(-2, -2))
    """
    fields = [
        cost.receptive_field
        for cost in summarize(model, input_size).layers
        if cost.name == layer or cost.name.startswith(f"{layer}.")
    ]
    if not fields or fields[-1] is None:
        raise ValueError(f"layer is {layer!r}; expected one that runs, its receptive field known")
    return fields[-1]


def receptive_box(field: ReceptiveField, place: tuple[int, int]) -> Box:
    """Say which pixels one number of a feature map depends on.

    Parameters
    ----------
    field
        The receptive field of its layer.
    place
        Row and column of the number in its map.

    Returns
    -------
    Box
        The pixels. Numbers that have lost their place, as behind global pooling, see all alike.

    Raises
    ------
    ValueError
        If the field moves by fractions of pixels from one number to the next.

    Examples
    --------
    >>> receptive_box(ReceptiveField((14, 14), (2, 2), (-2, -2)), place=(0, 3))
    Box(top=-2, left=4, height=14, width=14)
    """
    if not all(isinstance(jump, int) for jump in field.jump):
        raise ValueError(f"field has the jump {field.jump}; expected integers")
    top, left = (
        start + index * int(jump)
        for start, index, jump in zip(field.start, place, field.jump, strict=True)
    )
    return Box(top, left, *field.size)


def check_gradient(what: str, values: Tensor) -> None:
    """Refuse what a network gives without gradients.

    Parameters
    ----------
    what
        Its name in the message.
    values
        What the network gave.

    Raises
    ------
    ValueError
        If no gradient leads back from it.
    """
    if not values.requires_grad:
        raise ValueError(
            f"model gives {what} without gradients; expected a forward pass that keeps "
            "them, without torch.no_grad, torch.inference_mode or detach"
        )


def check_ready(model: nn.Module, images: Tensor) -> None:
    """Refuse a network that is not ready to be looked into, and what is no batch of pictures.

    Parameters
    ----------
    model
        The network, in evaluation mode.
    images
        Pictures (N, C, H, W), floating-point numbers, none of the sizes 0.

    Raises
    ------
    TypeError
        If ``model`` is no module, or ``images`` no tensor of floating-point numbers.
    ValueError
        If the network is in training mode, or ``images`` has another shape.

    Examples
    --------
    >>> check_ready(nn.Flatten().eval(), torch.zeros(1, 28, 28))
    Traceback (most recent call last):
    ValueError: images has shape (1, 28, 28); expected (N, C, H, W), no size 0
    """
    _modules(model)
    check_numbers(images, name="images")
    if images.ndim != 4 or 0 in images.shape:
        raise ValueError(
            f"images has shape {tuple(images.shape)}; expected (N, C, H, W), no size 0"
        )


def class_scores(outputs: Tensor, classes: int | Sequence[int] | Tensor | None) -> Tensor:
    """Choose the output of one class for each picture.

    Parameters
    ----------
    outputs
        What a network gives, (N, K).
    classes
        A class for all pictures, or one for each; the one with the highest output by default.

    Returns
    -------
    Tensor
        (N,), with the graph of ``outputs``.

    Raises
    ------
    TypeError
        If the outputs are no tensor of floating-point numbers, or classes are not whole numbers.
    ValueError
        If shapes do not fit, or there is no such class.

    Examples
    --------
    >>> outputs = torch.tensor([[1.0, 3.0], [5.0, 2.0]])
    >>> class_scores(outputs, None), class_scores(outputs, 1)
    (tensor([3., 5.]), tensor([3., 2.]))
    """
    if not isinstance(outputs, Tensor):
        kind = type(outputs).__name__
        if isinstance(outputs, Mapping):
            kind += f" of {', '.join(map(repr, outputs))}"
        raise TypeError(
            f"model gives a {kind}; expected a tensor (N, K): wrap it in a module that returns one"
        )
    if outputs.ndim != 2:
        shape = tuple(outputs.shape)
        raise ValueError(f"model gives outputs of shape {shape}; expected (N, K)")
    if not outputs.is_floating_point():
        raise TypeError(f"model gives outputs of {outputs.dtype}; expected floating-point numbers")
    chosen = outputs.argmax(1) if classes is None else torch.as_tensor(classes)
    if chosen.is_floating_point() or chosen.is_complex() or chosen.dtype == torch.bool:
        raise TypeError(f"classes is {classes!r}; expected whole numbers")
    if chosen.ndim and chosen.shape != outputs.shape[:1]:
        shape = tuple(chosen.shape)
        raise ValueError(f"classes has shape {shape}; expected one class, or {len(outputs)}")
    if int(chosen.min()) < 0 or int(chosen.max()) >= outputs.shape[1]:
        raise ValueError(f"classes is {classes!r}; expected 0 to {outputs.shape[1] - 1}")
    index = chosen.to(outputs.device).long().expand(len(outputs))
    return outputs.gather(1, index[:, None])[:, 0]


def _modules(model: nn.Module) -> dict[str, nn.Module]:
    """Name the modules of a network that is ready to be looked into."""
    if not isinstance(model, nn.Module):
        raise TypeError(f"model is a {type(model).__name__}; expected a torch.nn.Module")
    if any(module.training for module in model.modules()):
        raise ValueError("model is in training mode; expected model.eval()")
    return dict(model.named_modules())
