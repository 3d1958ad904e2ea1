"""Two narrow layers are the nearest of their rank, and the layer itself at full rank."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from cvlib.practice import factor_conv, factor_linear, low_rank


@given(m=st.integers(1, 8), n=st.integers(1, 8), seed=st.integers(0, 99), data=st.data())
@settings(max_examples=30, deadline=None)
def test_no_product_of_that_rank_is_nearer(m: int, n: int, seed: int, data: st.DataObject) -> None:
    rank = data.draw(st.integers(1, min(m, n)))
    generator = torch.Generator().manual_seed(seed)
    matrix = torch.randn(m, n, generator=generator, dtype=torch.float64)
    one, other = low_rank(matrix, rank)
    assert one.shape == (m, rank)
    assert other.shape == (rank, n)
    error = (matrix - one @ other).square().sum()
    torch.testing.assert_close(error, torch.linalg.svdvals(matrix)[rank:].square().sum())
    # The best right factor for any left one is by least squares; none is nearer.
    left = torch.randn(m, rank, generator=generator, dtype=torch.float64)
    right = torch.linalg.lstsq(left, matrix, driver="gelsd").solution
    assert (matrix - left @ right).square().sum() >= error - 1e-9
    torch.testing.assert_close(one.norm(dim=0), other.norm(dim=1))


def test_layers_of_full_rank_are_the_layers() -> None:
    torch.manual_seed(0)
    for bias in (True, False):
        linear = nn.Linear(6, 4, bias=bias)
        x = torch.randn(3, 6)
        torch.testing.assert_close(factor_linear(linear, 4)(x), linear(x), rtol=1e-4, atol=1e-5)
        conv = nn.Conv2d(3, 5, 3, stride=2, padding=1, dilation=2, bias=bias)
        y = torch.randn(2, 3, 9, 11)
        torch.testing.assert_close(factor_conv(conv, 5)(y), conv(y), rtol=1e-4, atol=1e-5)
    double = factor_linear(nn.Linear(6, 4).double().eval(), 2)
    assert double[0].weight.dtype == torch.float64
    assert not double.training
    assert sum(each.numel() for each in double.parameters()) == 2 * (6 + 4) + 4


def test_what_has_no_such_rank_is_refused() -> None:
    with pytest.raises(ValueError, match="rank is 5; expected at most 4"):
        factor_linear(nn.Linear(6, 4), 5)
    with pytest.raises(ValueError, match="at least 1"):
        low_rank(torch.ones(2, 2), 0)
    with pytest.raises(ValueError, match="expected \\(m, n\\)"):
        low_rank(torch.ones(2), 1)
    with pytest.raises(TypeError, match="expected a Linear"):
        factor_linear(nn.ReLU(), 1)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="expected a Conv2d"):
        factor_conv(nn.ReLU(), 1)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="2 groups"):
        factor_conv(nn.Conv2d(4, 4, 3, groups=2), 1)
