"""The checkers of the chapter on deeper networks know the right answers, and what is wrong."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import torch.nn.functional as F

from cvlib.exercises.deeper import join_kernels, stage_parameters
from cvlib.layers import BasicBlock, ProjectionShortcut


def right_kernel(first: Any, second: Any) -> Any:
    return F.conv2d(first.transpose(0, 1), second.flip(2, 3), padding=2).transpose(0, 1)


def transposed(first: Any, second: Any) -> Any:
    return right_kernel(first, second).transpose(0, 1)


def counted(inplanes: int, planes: int, blocks: int) -> int:
    change = ProjectionShortcut(inplanes, planes, 2) if inplanes != planes else None
    stage = [BasicBlock(inplanes, planes, downsample=change)]
    stage += [BasicBlock(planes, planes) for _ in range(blocks - 1)]
    return sum(parameter.numel() for block in stage for parameter in block.parameters())


def test_the_right_answers_pass() -> None:
    assert join_kernels(right_kernel) is None
    assert join_kernels(lambda first, second: right_kernel(first.double(), second.double())) is None
    assert stage_parameters(counted) is None


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (5, "join_kernels is 5, expected a function"),
        (lambda first, second: None, "the joint weights are NoneType, expected (1, 1, 5, 5)"),
        (lambda first, second: second, "the joint weights are (1, 1, 3, 3)"),
        (transposed, "for 3, 2 and 4 channels the joint weights are (3, 4, 5, 5)"),
        (lambda first, second: right_kernel(first, second).flip(2, 3), "turned by 180°"),
        (lambda first, second: right_kernel(first, second.flip(2, 3)), "the outputs differ by"),
        (lambda first, second: right_kernel(first, second) * torch.nan, "by up to nan"),
    ],
)
def test_wrong_kernels_are_told_why(answer: object, message: str) -> None:
    wrong = join_kernels(answer)
    assert wrong is not None
    assert message in wrong


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (0, "stage_parameters is 0, expected a function"),
        (lambda inplanes, planes, blocks: None, "gives None, expected 73984"),
        # A bias for each convolution, no normalization, no projection.
        (lambda *sizes: counted(*sizes) + 2 * sizes[2] * sizes[1], "gives 74112, expected 73984"),
        (lambda *sizes: counted(*sizes) - 4 * sizes[2] * sizes[1], "gives 73728, expected 73984"),
        (
            lambda i, p, n: counted(i, p, n) - (i != p) * (i * p + 2 * p),
            "stage_parameters(64, 128, 1) gives 221696, expected 230144",
        ),
    ],
)
def test_wrong_counts_are_told_why(answer: object, message: str) -> None:
    wrong = stage_parameters(answer)
    assert wrong is not None
    assert message in wrong
