"""Low-rank factors: one layer written as two narrower ones, by the singular value decomposition."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from cvlib.arguments import check_numbers, integer

__all__ = ["factor_conv", "factor_linear", "low_rank"]


def low_rank(matrix: Tensor, rank: int) -> tuple[Tensor, Tensor]:
    r"""Write a matrix as the product of two narrow ones, as nearly as it can be done.

    No matrix of that rank is nearer: the sum of the squared differences is that of the squares of
    the singular values left out.

    Parameters
    ----------
    matrix
        (m, n), floating-point numbers.
    rank
        From 1 to the smaller of m and n.

    Returns
    -------
    tuple of Tensor
        (m, rank) and (rank, n). They have fewer numbers than the matrix if ``rank`` is below
        :math:`mn / (m + n)`. Each takes the root of the singular values.

    Raises
    ------
    TypeError, ValueError
        If it is no matrix of floating-point numbers, or there is no such rank.

    References
    ----------
    Eckart, Young, "The approximation of one matrix by another of lower rank", Psychometrika 1(3),
    1936.

    Examples
    --------
    >>> one, other = low_rank(torch.tensor([[3.0, 0.0], [0.0, 1.0]]), rank=1)
    >>> one @ other
    tensor([[3., 0.],
            [0., 0.]])
    """
    check_numbers(matrix, name="matrix")
    if matrix.ndim != 2:
        raise ValueError(f"matrix has shape {tuple(matrix.shape)}; expected (m, n)")
    if integer("rank", rank, least=1) > min(matrix.shape):
        raise ValueError(f"rank is {rank}; expected at most {min(matrix.shape)}")
    left, values, right = torch.linalg.svd(matrix.detach(), full_matrices=False)
    root = values[:rank].sqrt()
    return left[:, :rank] * root, root[:, None] * right[:rank]


def factor_linear(layer: nn.Linear, rank: int) -> nn.Sequential:
    """Write a linear layer as two, with ``rank`` numbers between them.

    Parameters
    ----------
    layer
        From n inputs to m outputs.
    rank
        As for :func:`low_rank`.

    Returns
    -------
    torch.nn.Sequential
        A linear layer without bias, and one with the bias of ``layer``.

    Raises
    ------
    TypeError, ValueError
        As :func:`low_rank`, or if ``layer`` is no linear layer.

    References
    ----------
    Denton, Zaremba, Bruna, LeCun, Fergus, "Exploiting linear structure within convolutional
    networks for efficient evaluation", NeurIPS 2014.

    Examples
    --------
    >>> factor_linear(nn.Linear(8, 4), rank=2)
    Sequential(
      (0): Linear(in_features=8, out_features=2, bias=False)
      (1): Linear(in_features=2, out_features=4, bias=True)
    )
    """
    if not isinstance(layer, nn.Linear):
        raise TypeError(f"layer is a {type(layer).__name__}; expected a Linear")
    wide, narrow = low_rank(layer.weight, rank)
    first = nn.Linear(layer.in_features, rank, bias=False)
    second = nn.Linear(rank, layer.out_features, bias=layer.bias is not None)
    return _filled(first, second, narrow, wide, layer)


def factor_conv(layer: nn.Conv2d, rank: int) -> nn.Sequential:
    """Write a convolution as one with ``rank`` filters and a 1 × 1 convolution that mixes these.

    Parameters
    ----------
    layer
        Without groups.
    rank
        As for :func:`low_rank`, of the matrix with a filter in each row.

    Returns
    -------
    torch.nn.Sequential
        A convolution of the same kernel, stride, padding and dilation without bias, and one of
        1 × 1 with the bias of ``layer``.

    Raises
    ------
    TypeError, ValueError
        As :func:`low_rank`, or if ``layer`` is no convolution, or has groups.

    Examples
    --------
    >>> factor_conv(nn.Conv2d(8, 16, 3), rank=4)
    Sequential(
      (0): Conv2d(8, 4, kernel_size=(3, 3), stride=(1, 1), bias=False)
      (1): Conv2d(4, 16, kernel_size=(1, 1), stride=(1, 1))
    )
    """
    if not isinstance(layer, nn.Conv2d):
        raise TypeError(f"layer is a {type(layer).__name__}; expected a Conv2d")
    if layer.groups != 1:
        raise ValueError(f"layer has {layer.groups} groups; expected a convolution without")
    wide, narrow = low_rank(layer.weight.flatten(1), rank)
    first = nn.Conv2d(
        layer.in_channels,
        rank,
        layer.kernel_size,  # type: ignore[arg-type]  # torch says tuple[int, ...] of its pairs
        layer.stride,  # type: ignore[arg-type]
        layer.padding,  # type: ignore[arg-type]
        layer.dilation,  # type: ignore[arg-type]
        bias=False,
        padding_mode=layer.padding_mode,
    )
    second = nn.Conv2d(rank, layer.out_channels, 1, bias=layer.bias is not None)
    return _filled(first, second, narrow, wide, layer)


def _filled(
    first: nn.Linear | nn.Conv2d,
    second: nn.Linear | nn.Conv2d,
    narrow: Tensor,
    wide: Tensor,
    layer: nn.Linear | nn.Conv2d,
) -> nn.Sequential:
    """Give the two layers their weights, and the mode, dtype and device of the one before."""
    pair = nn.Sequential(first, second).to(layer.weight).train(layer.training)
    with torch.no_grad():
        first.weight.copy_(narrow.view_as(first.weight))
        second.weight.copy_(wide.view_as(second.weight))
        if layer.bias is not None and second.bias is not None:
            second.bias.copy_(layer.bias)
    return pair
