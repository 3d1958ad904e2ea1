"""The fully connected layer, and dropout, which was made for it."""

from __future__ import annotations

import torch
from torch import Generator, Tensor

from cvlib.arguments import check_numbers
from cvlib.layers.precision import at_least_float32

__all__ = ["dropout", "linear"]


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


def dropout(
    x: Tensor,
    p: float = 0.5,
    training: bool = True,
    generator: Generator | None = None,
) -> Tensor:
    """Make each number 0 with probability p and divide the others by 1 - p, while training.

    So the expected value of each number is what it was, and in evaluation nothing needs to be done.

    Parameters
    ----------
    x
        Floating-point numbers of any shape.
    p
        The probability of becoming 0, from 0 to 1.
    training
        Whether to do anything at all.
    generator
        Where chance comes from, which torch's function has no argument for; torch's default on the
        device of ``x`` when None. One on the CPU serves every device, with the same numbers.

    Returns
    -------
    Tensor
        As ``x``.

    Raises
    ------
    ValueError
        If p is not between 0 and 1.
    TypeError
        If ``x`` is no tensor of floating-point numbers.

    References
    ----------
    Srivastava et al., "Dropout: a simple way to prevent neural networks from overfitting" (2014),
    sections 4 and 10.

    Examples
    --------
    >>> dropout(torch.ones(8), p=0.5, generator=torch.Generator().manual_seed(0)).unique()
    tensor([0., 2.])
    >>> dropout(torch.ones(3), training=False)
    tensor([1., 1., 1.])
    """
    check_numbers(x)
    if not 0 <= p <= 1:
        raise ValueError(f"p is {p!r}; expected a probability, from 0 to 1")
    if not training or p == 0:
        return x
    if p == 1:
        return x * 0
    place = x.device if generator is None else generator.device
    kept = torch.rand(x.shape, generator=generator, device=place) >= p
    return x * kept.to(x.device) / (1 - p)
