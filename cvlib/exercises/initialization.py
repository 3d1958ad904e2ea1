"""Checkers of the chapter on initialization."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor

from cvlib.exercises import compare_calls

__all__ = ["conv_fans", "scale_to_data"]


def conv_fans(answer: object) -> str | None:
    """Check a function that counts fan in and fan out of a convolution with groups.

    Parameters
    ----------
    answer
        A function of the numbers of input and output channels, the kernel's side and the number of
        groups; it returns fan in and fan out.

    Returns
    -------
    str or None
        The first convolution whose fans are wrong, or None.

    Examples
    --------
    >>> conv_fans(lambda inputs, outputs, side, groups: (inputs * side**2, outputs * side**2))
    'conv_fans(64, 64, 3, 64) gives (576, 576), expected (9, 9)'
    """

    def fans(inputs: int, outputs: int, side: int, groups: int) -> tuple[int, int]:
        return inputs // groups * side**2, outputs // groups * side**2

    cases = [(64, 128, 3, 1), (3, 16, 5, 1), (64, 64, 3, 64), (64, 32, 1, 4), (8, 16, 7, 8)]
    return compare_calls("conv_fans", answer, fans, cases)


def scale_to_data(answer: object) -> str | None:
    """Check a function that scales weights until a batch keeps its size through all layers.

    Parameters
    ----------
    answer
        A function of a list of weights, fully connected layers with a ReLU between two of them, and
        of a batch; it returns the list of scaled weights.

    Returns
    -------
    str or None
        The first layer whose outputs have not size 1, or whose weights point elsewhere; or None.

    Examples
    --------
    >>> scale_to_data(lambda weights, x: [1.0 * weight for weight in weights])
    'the outputs of layer 1 have size 2.58, expected 1'
    """
    name = "scale_to_data"
    if not callable(answer):
        return f"{name} is {answer!r}, expected a function"
    for widths in ((6, 8, 8, 8), (5, 20, 10, 7, 4)):
        generator = torch.Generator().manual_seed(len(widths))
        weights = [
            torch.randn(outputs, inputs, generator=generator)
            for inputs, outputs in pairwise(widths)
        ]
        x = torch.randn(50, widths[0], generator=generator)
        scaled = answer([weight.clone() for weight in weights], x.clone())
        if not isinstance(scaled, list | tuple) or len(scaled) != len(weights):
            return f"{name} gives {type(scaled).__name__}, expected {len(weights)} weights"
        for number, (was, weight) in enumerate(zip(weights, scaled, strict=True), start=1):
            shape = tuple(weight.shape) if isinstance(weight, Tensor) else type(weight).__name__
            if shape != tuple(was.shape):
                return f"weight {number} has shape {shape}, expected {tuple(was.shape)}"
            ratio = weight / was
            if not torch.allclose(ratio, ratio.mean(), rtol=1e-3) or ratio.mean() <= 0:
                return f"weight {number} is not the old one times one positive number"
            z = x @ weight.T
            size = float(z.square().mean().sqrt())
            if abs(size - 1) > 1e-3:
                return f"the outputs of layer {number} have size {size:.2f}, expected 1"
            x = z.relu()
    return None
