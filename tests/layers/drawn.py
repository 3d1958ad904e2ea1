"""Reproducible tensors and arguments for the tests of layers."""

from __future__ import annotations

from typing import Any

import torch
from hypothesis import strategies as st
from torch import Tensor

import cvlib

DEVICE = cvlib.device()


def normal(*shape: int, dtype: torch.dtype = torch.float64) -> Tensor:
    """Reproducible numbers: the shape seeds them, and the CPU draws them."""
    generator = torch.Generator().manual_seed(hash(shape) % 2**31)
    return torch.randn(shape, generator=generator, dtype=dtype).to(DEVICE)


def pairs(low: int, high: int) -> st.SearchStrategy[Any]:
    number = st.integers(low, high)
    return number | st.tuples(number, number)


def both(value: Any) -> tuple[int, int]:
    return value if isinstance(value, tuple) else (value, value)
