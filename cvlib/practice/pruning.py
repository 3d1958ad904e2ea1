"""Pruning: weights set to zero one by one, or whole channels cut out.

The first makes a network sparse: as many numbers, most of them 0. The second makes it smaller.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from cvlib.arguments import check_numbers, integer, number

__all__ = ["channel_norms", "global_masks", "prune_channels", "prune_mask", "sparsity"]


def prune_mask(weight: Tensor, amount: float) -> Tensor:
    """Say which weights stay when the smallest ones go: magnitude pruning of one tensor.

    Parameters
    ----------
    weight
        Floating-point numbers of any shape.
    amount
        The share that goes, from 0 to 1; of n weights the nearest whole number to ``amount * n``.

    Returns
    -------
    Tensor
        1 for what stays, 0 for what goes; shape and dtype of ``weight``. That of
        ``torch.nn.utils.prune.L1Unstructured``.

    Raises
    ------
    TypeError, ValueError
        If ``weight`` holds no floating-point numbers, or ``amount`` is no number from 0 to 1.

    References
    ----------
    Han, Pool, Tran, Dally, "Learning both weights and connections for efficient neural networks",
    NeurIPS 2015, section 3.

    Examples
    --------
    >>> prune_mask(torch.tensor([0.1, -3.0, 0.2, -0.5]), amount=0.5)
    tensor([0., 1., 0., 1.])
    """
    check_numbers(weight, name="weight")
    number("amount", amount, most=1)
    count = round(amount * weight.numel())
    mask = torch.ones_like(weight)
    if count:  # the positions of the smallest
        gone = weight.detach().abs().flatten().topk(count, largest=False).indices
        mask.view(-1)[gone] = 0
    return mask


def global_masks(weights: Mapping[str, Tensor], amount: float) -> dict[str, Tensor]:
    """Say which weights stay when the smallest of all layers together go.

    Parameters
    ----------
    weights
        By name, floating-point numbers of any shape, of one dtype.
    amount
        The share of all of them that goes, from 0 to 1. A layer of small weights loses more.

    Returns
    -------
    dict of Tensor
        By name a mask, as :func:`prune_mask` makes it; those of
        ``torch.nn.utils.prune.global_unstructured``.

    Raises
    ------
    TypeError, ValueError
        As :func:`prune_mask`, or if there are no weights.

    Examples
    --------
    >>> weights = {"first": torch.tensor([3.0, 4.0]), "second": torch.tensor([1.0, 2.0])}
    >>> global_masks(weights, amount=0.5)
    {'first': tensor([1., 1.]), 'second': tensor([0., 0.])}
    """
    if not weights:
        raise ValueError("weights is empty; expected tensors by name")
    first, *_ = weights.values()
    for name, weight in weights.items():
        check_numbers(first, name="the first of the weights", **{name: weight})
    together = prune_mask(torch.cat([each.detach().flatten() for each in weights.values()]), amount)
    parts = together.split([each.numel() for each in weights.values()])
    return {
        name: part.view_as(each) for (name, each), part in zip(weights.items(), parts, strict=True)
    }


def sparsity(*tensors: Tensor) -> float:
    """Count which share of numbers is zero.

    Parameters
    ----------
    tensors
        Of any shape.

    Returns
    -------
    float
        From 0 to 1.

    Raises
    ------
    ValueError
        If there is no number.

    Examples
    --------
    >>> sparsity(torch.tensor([0.0, 1.0]), torch.tensor([0.0, 0.0]))
    0.75
    """
    total = sum(each.numel() for each in tensors)
    if not total:
        raise ValueError("tensors hold no number; expected at least one")
    return sum(int((each == 0).sum()) for each in tensors) / total


def channel_norms(weight: Tensor, p: float = 1) -> Tensor:
    """Measure how much each filter weighs: the norm of what leads to each output.

    Parameters
    ----------
    weight
        Of a convolution, (out, in, rows, columns), or of a linear layer, (out, in).
    p
        1 for the sum of magnitudes, 2 for the root of the sum of squares; any number from 1 up.

    Returns
    -------
    Tensor
        (out,), at least 0.

    Raises
    ------
    TypeError, ValueError
        If ``weight`` holds no floating-point numbers or has fewer than two dimensions, or ``p`` is
        below 1.

    References
    ----------
    Li, Kadav, Durdanovic, Samet, Graf, "Pruning filters for efficient ConvNets", ICLR 2017, section
    3.1, with p = 1.

    Examples
    --------
    >>> channel_norms(torch.tensor([[3.0, -4.0], [0.0, 1.0]]), p=2)
    tensor([5., 1.])
    """
    check_numbers(weight, name="weight")
    number("p", p, least=1)
    if weight.ndim < 2:
        raise ValueError(f"weight has shape {tuple(weight.shape)}; expected (out, in, ...)")
    return torch.linalg.vector_norm(weight.detach().flatten(1), ord=p, dim=1)


def prune_channels(model: nn.Module, layer: str, keep: Tensor | Sequence[int]) -> nn.Module:
    """Cut outputs of a layer out of a network, and out of the layers that take them.

    What is kept of the layer loses the rows of its weight; batch normalizations up to the next
    convolution or linear layer lose the same channels, and that next layer the inputs it got them
    by. After a flattening a channel has been several inputs, one for each place, side by side.

    If the layers between turn a zero into a zero (ReLU and pooling do), the network computes what
    the old one does with these channels at zero: with their filters and biases at zero, and the
    weights and biases of their batch normalization.

    Parameters
    ----------
    model
        A chain: its layers run one after another, in the order in which they stand in it. Whether
        that is so cannot be seen from outside; in a network with shortcuts the shapes fit no more.
    layer
        The name of a convolution without groups or of a linear layer, with one of them after it.
    keep
        Which outputs stay, each once; they come in this order.

    Returns
    -------
    torch.nn.Module
        A copy, in the mode in which the model is. The model stays as it is.

    Raises
    ------
    TypeError, ValueError
        If there is no such layer, none comes after it, a shape does not fit, or ``keep`` is empty,
        names an output twice or one that is not there.

    References
    ----------
    Li, Kadav, Durdanovic, Samet, Graf, "Pruning filters for efficient ConvNets", ICLR 2017, section
    3.1, figure 1.

    Examples
    --------
    >>> net = nn.Sequential(nn.Conv2d(1, 6, 3), nn.ReLU(), nn.Flatten(), nn.Linear(6 * 4, 2))
    >>> prune_channels(net, "0", keep=[1, 4])
    Sequential(
      (0): Conv2d(1, 2, kernel_size=(3, 3), stride=(1, 1))
      (1): ReLU()
      (2): Flatten(start_dim=1, end_dim=-1)
      (3): Linear(in_features=8, out_features=2, bias=True)
    )
    """
    modules = dict(model.named_modules())
    if not isinstance(modules.get(layer), nn.Conv2d | nn.Linear):
        known = [name for name, each in modules.items() if isinstance(each, nn.Conv2d | nn.Linear)]
        raise ValueError(f"layer is {layer!r}; expected one of {', '.join(known)}")
    smaller = copy.deepcopy(model)
    modules = dict(smaller.named_modules())
    first = modules[layer]
    count = first.weight.shape[0]
    kept = _kept(keep, count).to(first.weight.device)
    names = list(modules)
    after = [modules[name] for name in names[names.index(layer) + 1 :]]
    _only_whole(first, layer)
    _cut(first, 0, kept)
    for each in after:
        if isinstance(each, nn.BatchNorm2d | nn.BatchNorm1d):
            if each.num_features != count:
                raise ValueError(
                    f"a batch normalization after {layer} has {each.num_features} channels; "
                    f"expected {count}. Is the model a chain?"
                )
            _cut_norm(each, kept)
        if isinstance(each, nn.Conv2d | nn.Linear):
            inputs = each.weight.shape[1]
            if inputs % count or (isinstance(each, nn.Conv2d) and inputs != count):
                raise ValueError(
                    f"the layer after {layer} takes {inputs} inputs, which are not those of "
                    f"{count} channels. Is the model a chain?"
                )
            _only_whole(each, "the next layer")
            places = torch.arange(inputs // count, device=kept.device)
            _cut(each, 1, (kept[:, None] * len(places) + places).flatten())
            return smaller
    raise ValueError(f"layer is {layer!r}, the last one; its outputs are the model's")


def _kept(keep: Tensor | Sequence[int], count: int) -> Tensor:
    """Read which outputs stay."""
    chosen = [
        integer("keep", each) for each in (keep.tolist() if isinstance(keep, Tensor) else keep)
    ]
    if not chosen or len(set(chosen)) != len(chosen) or max(chosen) >= count:
        raise ValueError(f"keep is {chosen}; expected some of 0 to {count - 1}, each once")
    return torch.tensor(chosen)


def _only_whole(layer: nn.Module, name: str) -> None:
    if isinstance(layer, nn.Conv2d) and layer.groups != 1:
        raise ValueError(f"{name} has {layer.groups} groups; expected a convolution without")


def _cut(layer: nn.Module, side: int, kept: Tensor) -> None:
    """Keep some outputs (side 0) or inputs (side 1) of a layer, in place."""
    assert isinstance(layer, nn.Conv2d | nn.Linear)
    layer.weight = _part(layer.weight, side, kept)
    if side == 0 and layer.bias is not None:
        layer.bias = _part(layer.bias, 0, kept)
    outputs, inputs = layer.weight.shape[:2]
    if isinstance(layer, nn.Conv2d):
        layer.out_channels, layer.in_channels = outputs, inputs
    else:
        layer.out_features, layer.in_features = outputs, inputs


def _cut_norm(norm: nn.BatchNorm1d | nn.BatchNorm2d, kept: Tensor) -> None:
    norm.num_features = len(kept)
    if norm.affine:
        norm.weight, norm.bias = (_part(each, 0, kept) for each in (norm.weight, norm.bias))
    if norm.running_mean is not None and norm.running_var is not None:
        norm.running_mean = norm.running_mean[kept].clone()
        norm.running_var = norm.running_var[kept].clone()


def _part(parameter: Tensor, side: int, kept: Tensor) -> nn.Parameter:
    return nn.Parameter(parameter.detach().index_select(side, kept), parameter.requires_grad)
