"""The fully connected layer: each output is a weighted sum of all inputs."""

from __future__ import annotations

from torch import Tensor

from cvlib.arguments import check_numbers
from cvlib.layers.precision import at_least_float32

__all__ = ["linear"]


@at_least_float32(autocast="lower")
def linear(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Compute a weighted sum of all numbers for each output.

    Parameters
    ----------
    x
        ``(..., I)``: I numbers for each example, behind any number of other dimensions.
    weight
        ``(O, I)``, a row for each output.
    bias
        ``(O,)``.

    Returns
    -------
    Tensor
        ``(..., O)``.

    Raises
    ------
    ValueError
        If shapes do not fit together; the message names the argument.
    TypeError
        If an argument is no tensor of floating-point numbers, or dtypes differ.

    Examples
    --------
    >>> import torch
    >>> x, weight = torch.tensor([1.0, 2.0]), torch.tensor([[3.0, 4.0], [0.0, 1.0]])
    >>> linear(x, weight, torch.tensor([0.0, 10.0]))
    tensor([11., 12.])
    """
    check_numbers(x, weight=weight, bias=bias)
    if x.ndim < 1 or weight.ndim != 2 or weight.shape[1] != x.shape[-1]:
        expected = f"(O, {x.shape[-1]})" if x.ndim else "x of at least one dimension"
        raise ValueError(
            f"weight has shape {tuple(weight.shape)} for x of shape {tuple(x.shape)}; "
            f"expected {expected}"
        )
    if bias is not None and bias.shape != weight.shape[:1]:
        raise ValueError(f"bias has shape {tuple(bias.shape)}; expected ({len(weight)},)")
    y = x @ weight.T
    return y if bias is None else y + bias
