"""Dropout: in training, chance sets numbers to 0, or whole channels."""

from __future__ import annotations

import torch
from torch import Generator, Tensor

from cvlib.arguments import check_numbers

__all__ = ["dropout", "dropout2d"]


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


def dropout2d(
    x: Tensor,
    p: float = 0.5,
    training: bool = True,
    generator: Generator | None = None,
) -> Tensor:
    """Drop whole channels: each is 0 at all positions, or divided by 1 - p, while training.

    Neighbouring positions of a map say much the same, so that one of them alone is hardly missed.

    Parameters
    ----------
    x
        ``(N, C, H, W)``.
    p, training, generator
        As in :func:`dropout`.

    Returns
    -------
    Tensor
        As ``x``. Each channel of each example has its own chance.

    Raises
    ------
    ValueError
        If ``x`` has another number of dimensions, or p is not between 0 and 1.
    TypeError
        If ``x`` is no tensor of floating-point numbers.

    References
    ----------
    Tompson et al., "Efficient object localization using convolutional networks" (2015), who call
    it SpatialDropout.

    Examples
    --------
    >>> y = dropout2d(torch.ones(1, 50, 2, 2), generator=torch.Generator().manual_seed(0))
    >>> y.sum((0, 2, 3)).unique()
    tensor([0., 8.])
    """
    check_numbers(x)
    if x.ndim != 4:
        raise ValueError(f"x has shape {tuple(x.shape)}; expected (N, C, H, W)")
    return x * dropout(torch.ones_like(x[..., :1, :1]), p, training, generator)
