"""Checkers of the chapter on deeper networks."""

from __future__ import annotations

import torch
from torch import Tensor

from cvlib.exercises import compare_calls
from cvlib.layers import conv2d

__all__ = ["join_kernels", "stage_parameters"]


def join_kernels(answer: object) -> str | None:
    """Check a function that makes one kernel of two that follow each other.

    Parameters
    ----------
    answer
        A function of the weights of two 3 × 3 convolutions, ``(M, C, 3, 3)`` and ``(K, M, 3, 3)``;
        it returns the weights ``(K, C, 5, 5)`` of the convolution that does what both do.

    Returns
    -------
    str or None
        What is wrong with the weights it makes, or None.

    Examples
    --------
    >>> join_kernels(lambda first, second: first)
    'for 1, 1 and 1 channels the joint weights are (1, 1, 3, 3), expected (1, 1, 5, 5)'
    """
    name = "join_kernels"
    if not callable(answer):
        return f"{name} is {answer!r}, expected a function"
    for channels, middle, outputs in ((1, 1, 1), (3, 2, 4), (2, 5, 1)):
        generator = torch.Generator().manual_seed(channels)
        first = torch.randn((middle, channels, 3, 3), generator=generator)
        second = torch.randn((outputs, middle, 3, 3), generator=generator)
        x = torch.randn((2, channels, 9, 8), generator=generator)
        joint = answer(first.clone(), second.clone())
        case = f"for {channels}, {middle} and {outputs} channels"
        expected = (outputs, channels, 5, 5)
        shape = tuple(joint.shape) if isinstance(joint, Tensor) else type(joint).__name__
        if not isinstance(joint, Tensor) or shape != expected:
            return f"{case} the joint weights are {shape}, expected {expected}"
        both = conv2d(conv2d(x, first), second)
        difference = float((conv2d(x, joint.to(x.dtype)) - both).abs().max())
        if not difference < 1e-3:
            turned = conv2d(x, joint.flip(2, 3).to(x.dtype))
            hint = (
                "; turned by 180° it would be right"
                if torch.allclose(turned, both, 0, 1e-3)
                else ""
            )
            return f"{case} the outputs differ by up to {difference:.2f}{hint}"
    return None


def stage_parameters(answer: object) -> str | None:
    """Check a function that counts the parameters of a stage of basic blocks.

    Parameters
    ----------
    answer
        A function of the channels that come in, the channels of the stage, and its blocks; it
        returns how many parameters the stage has. Its first block has a projection as its
        shortcut, where the channels change.

    Returns
    -------
    str or None
        The first call whose result is wrong, or None.

    Examples
    --------
    >>> stage_parameters(lambda inplanes, planes, blocks: 0)
    'stage_parameters(64, 64, 1) gives 0, expected 73984'
    """
    cases: list[tuple[object, ...]] = [(64, 64, 1), (64, 64, 2), (64, 128, 1), (256, 512, 2)]
    return compare_calls("stage_parameters", answer, _stage_parameters, cases)


def _stage_parameters(inplanes: int, planes: int, blocks: int) -> int:
    convolutions = 9 * planes * (inplanes + (2 * blocks - 1) * planes)
    normalizations = 2 * 2 * blocks * planes
    projection = planes * inplanes + 2 * planes if planes != inplanes else 0
    return convolutions + normalizations + projection
