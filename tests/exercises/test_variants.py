"""The checker of the chapter on kinds of convolution tells right from wrong, and says why."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from cvlib.exercises import variants
from cvlib.exercises.variants import output_padding
from cvlib.layers import conv2d, conv_transpose2d


def by_trying(size: int, kernel_size: int, stride: int, padding: int) -> int:
    x, weight = torch.zeros(1, size, size), torch.zeros(1, 1, kernel_size, kernel_size)
    y = conv2d(x, weight, stride=stride, padding=padding)
    for extra in range(stride):
        back = conv_transpose2d(y, weight, None, stride, padding, output_padding=extra)
        if back.shape == x.shape:
            return extra
    raise AssertionError


def test_what_leads_back_passes() -> None:
    assert output_padding(by_trying) is None


@pytest.mark.parametrize(
    "wrong",
    [
        None,
        lambda *sizes: None,
        lambda *sizes: 0,
        lambda size, kernel_size, stride, padding: stride - 1,
        lambda size, kernel_size, stride, padding: (size - kernel_size) % stride,
        lambda size, kernel_size, stride, padding: (size + padding - kernel_size) % stride,
        lambda size, kernel_size, stride, padding: (size + 2 * padding) % stride,
    ],
)
def test_what_is_wrong_is_told(wrong: Any) -> None:
    assert "expected" in (output_padding(wrong) or "")


def test_every_checker_is_listed() -> None:
    assert variants.__all__ == ["output_padding"]
