"""Layer, group, instance and RMS normalization: each example by its own statistics.

They differ in which numbers of the example share a mean and a variance; RMS normalization takes
no mean. So nothing depends on the rest of the batch, and training and evaluation do the same.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from cvlib.arguments import check_numbers, integer
from cvlib.layers.normalization import batch_norm, check_channels, scale
from cvlib.layers.precision import at_least_float32

__all__ = ["group_norm", "instance_norm", "layer_norm", "rms_norm"]


@at_least_float32()
def layer_norm(
    x: Tensor,
    normalized_shape: int | Sequence[int],
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor:
    """Standardize each example over its last dimensions.

    Parameters
    ----------
    x
        ``(..., *normalized_shape)``.
    normalized_shape
        The sizes of the last dimensions, over which mean and variance are taken together.
    weight, bias
        ``normalized_shape`` each: a number for each place.
    eps
        Added to the variance.

    Returns
    -------
    Tensor
        As ``x``.

    Raises
    ------
    ValueError
        If shapes do not fit together.
    TypeError
        If an argument is no tensor of floating-point numbers, or dtypes differ.

    References
    ----------
    Ba, Kiros and Hinton, "Layer normalization" (2016), section 3.

    Examples
    --------
    >>> layer_norm(torch.tensor([[1.0, 3.0], [10.0, 30.0]]), 2)
    tensor([[-1.0000,  1.0000],
            [-1.0000,  1.0000]])
    """
    axes = _last_axes(x, normalized_shape, weight=weight, bias=bias)
    y = _standardize(x, axes, eps)
    y = y if weight is None else y * weight
    return y if bias is None else y + bias


@at_least_float32()
def rms_norm(
    x: Tensor,
    normalized_shape: int | Sequence[int],
    weight: Tensor | None = None,
    eps: float | None = None,
) -> Tensor:
    """Divide each example by the root of the mean square over its last dimensions.

    As :func:`layer_norm`, without a mean that is subtracted, and without a bias.

    Parameters
    ----------
    x
        ``(..., *normalized_shape)``.
    normalized_shape
        The sizes of the last dimensions, over which the mean square is taken.
    weight
        ``normalized_shape``: a number for each place.
    eps
        Added to the mean square; when None, the distance from 1 to the next larger number.

    Returns
    -------
    Tensor
        As ``x``.

    Raises
    ------
    ValueError
        If shapes do not fit together.
    TypeError
        If an argument is no tensor of floating-point numbers, or dtypes differ.

    References
    ----------
    Zhang and Sennrich, "Root mean square layer normalization" (2019).

    Examples
    --------
    >>> rms_norm(torch.tensor([[1.0, 7.0], [10.0, 70.0]]), 2)
    tensor([[0.2000, 1.4000],
            [0.2000, 1.4000]])
    """
    axes = _last_axes(x, normalized_shape, weight=weight)
    added = torch.finfo(x.dtype).eps if eps is None else eps
    y = x / torch.sqrt(x.square().mean(axes, keepdim=True) + added)
    return y if weight is None else y * weight


@at_least_float32()
def group_norm(
    x: Tensor,
    num_groups: int,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor:
    """Standardize each example over groups of channels.

    Parameters
    ----------
    x
        ``(N, C, ...)``.
    num_groups
        Into how many groups the channels are cut, a divisor of C.
    weight, bias
        ``(C,)`` each.
    eps
        Added to the variance.

    Returns
    -------
    Tensor
        As ``x``.

    Raises
    ------
    ValueError
        If shapes do not fit together, or a group has a single value (torch refuses this only where
        there is a single group as well).
    TypeError
        If an argument is no tensor of floating-point numbers, or dtypes differ.

    References
    ----------
    Wu and He, "Group normalization" (2018), section 3.

    Examples
    --------
    >>> group_norm(torch.tensor([[1.0, 3.0, 10.0, 30.0]]), num_groups=2)
    tensor([[-1.0000,  1.0000, -1.0000,  1.0000]])
    """
    check_channels(x, weight=weight, bias=bias)
    channels = x.shape[1]
    if channels % integer("num_groups", num_groups, least=1):
        raise ValueError(
            f"num_groups is {num_groups}; expected a divisor of the {channels} channels"
        )
    groups = x.reshape(len(x), num_groups, channels // num_groups, *x.shape[2:])
    if groups[:1, :1].numel() == 1:
        raise ValueError(
            f"x has shape {tuple(x.shape)}, one value a group; expected at least two to take a "
            "variance of"
        )
    return scale(_standardize(groups, range(2, groups.ndim), eps).reshape(x.shape), weight, bias)


@at_least_float32()
def instance_norm(
    x: Tensor,
    running_mean: Tensor | None = None,
    running_var: Tensor | None = None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """Standardize each channel of each example on its own.

    Parameters
    ----------
    x
        ``(N, C, ...)``, at least one dimension of positions.
    running_mean, running_var, weight, bias, momentum, eps
        As in :func:`cvlib.layers.normalization.batch_norm`; the running statistics move towards
        the average over examples.
    use_input_stats
        Whether to use the statistics of ``x``; else the running ones.

    Returns
    -------
    Tensor
        As ``x``.

    Raises
    ------
    ValueError
        If shapes do not fit together, a channel has a single position, or the running statistics
        are to be used and there are none.
    TypeError
        If an argument is no tensor of floating-point numbers, or dtypes differ.

    References
    ----------
    Ulyanov, Vedaldi and Lempitsky, "Instance normalization: the missing ingredient for fast
    stylization" (2016), section 2.

    Examples
    --------
    >>> instance_norm(torch.tensor([[[1.0, 3.0], [10.0, 30.0]]]))
    tensor([[[-1.0000,  1.0000],
             [-1.0000,  1.0000]]])
    """
    check_channels(x, running_mean=running_mean, running_var=running_var, weight=weight, bias=bias)
    if not use_input_stats:
        return batch_norm(x, running_mean, running_var, weight, bias, False, momentum, eps)
    if x[:1, :1].numel() == 1:
        raise ValueError(
            f"x has shape {tuple(x.shape)}, one position a channel; expected at least two to take "
            "a variance of"
        )
    # Each channel of each example becomes a channel of one example.
    one = x.reshape(1, -1, *x.shape[2:])
    mean, var = (
        None if given is None else given.repeat(len(x)) for given in (running_mean, running_var)
    )
    y = batch_norm(one, mean, var, None, None, True, momentum, eps).reshape(x.shape)
    for given, moved in ((running_mean, mean), (running_var, var)):
        if given is not None and moved is not None:
            given.copy_(moved.view(x.shape[:2]).mean(0))
    return scale(y, weight, bias)


def _standardize(x: Tensor, axes: Sequence[int], eps: float) -> Tensor:
    axes = list(axes)
    centred = x - x.mean(axes, keepdim=True)
    return centred / torch.sqrt(centred.square().mean(axes, keepdim=True) + eps)


def _last_axes(
    x: Tensor, normalized_shape: int | Sequence[int], **others: Tensor | None
) -> list[int]:
    """Refuse what does not fit the last sizes of ``x``; say which axes these are."""
    check_numbers(x, name="x", **others)
    sizes = normalized_shape if isinstance(normalized_shape, Sequence) else (normalized_shape,)
    shape = tuple(integer("normalized_shape", size) for size in sizes)
    if not shape or tuple(x.shape[-len(shape) :]) != shape:
        raise ValueError(
            f"normalized_shape is {normalized_shape!r}; expected the last sizes of x, which has "
            f"shape {tuple(x.shape)}"
        )
    for name, tensor in others.items():
        if tensor is not None and tuple(tensor.shape) != shape:
            raise ValueError(f"{name} has shape {tuple(tensor.shape)}; expected {shape}")
    return list(range(-len(shape), 0))
