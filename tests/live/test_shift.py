"""Pooling of a picture that moves, as pages compute it, beside torch's."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from tests.live.conftest import Engine

ways = st.sampled_from(["maximum", "average", "sampling", "convolution"])


def levels(seed: int, *shape: int) -> Tensor:
    """Draw few grey values, so that many are equal."""
    numbers = torch.Generator().manual_seed(seed)
    return torch.randint(0, 6, shape, generator=numbers).float()


def binomial(kernel: int) -> Tensor:
    row = torch.tensor([{1: [1.0], 2: [1, 1], 3: [1, 2, 1], 4: [1, 3, 3, 1]}[kernel]])
    return row.T @ row / row.sum() ** 2


def smaller(x: Tensor, way: str, kernel: int, stride: int) -> Tensor:
    if way == "maximum":
        return F.max_pool2d(x, kernel, stride)
    if way == "average":
        return F.avg_pool2d(x, kernel, stride)
    if way == "sampling":
        return x[..., ::stride, ::stride]
    return F.conv2d(x[None], binomial(kernel)[None, None], stride=stride)[0]


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 99), st.integers(4, 12), st.integers(0, 4), ways, st.integers(1, 4),
    st.integers(1, 4),
)  # fmt: skip
def test_shift_compares_with_the_moved_map_of_the_picture_at_rest(
    engine: Engine, seed: int, side: int, shift: int, way: str, kernel: int, stride: int
) -> None:
    x = levels(seed, 1, side, side + 4)
    picture = x[..., 4 - shift : 4 - shift + side]
    rest, moved = (smaller(each, way, kernel, stride) for each in (x[..., 4:], picture))
    steps = min(shift // stride, moved.shape[2])
    difference = torch.full_like(moved, torch.nan)
    difference[..., steps:] = (moved[..., steps:] - rest[..., : moved.shape[2] - steps]).abs()
    found = engine("shift", x, shift, way, kernel, stride)
    assert np.array_equal(found["picture"], picture)
    np.testing.assert_allclose(found["map"], moved, atol=1e-5)
    np.testing.assert_allclose(found["difference"], difference, atol=1e-5)
    assert found["compared"] == difference[..., steps:].numel()
    assert found["changed"] == (difference > 1e-4).sum()


def test_a_shift_beyond_the_picture_says_so(engine: Engine) -> None:
    with pytest.raises(ValueError, match="shift is 3; expected at most 2"):
        engine("shift", levels(0, 1, 4, 6), 3, "maximum", 2, 2)
    with pytest.raises(ValueError, match="way is median, which is not known"):
        engine("shift", levels(0, 1, 4, 6), 1, "median", 2, 2)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 99), st.integers(4, 9), st.integers(1, 4), st.integers(1, 4), st.data())
def test_winner_is_torchs_first_maximum(
    engine: Engine, seed: int, side: int, kernel: int, stride: int, data: st.DataObject
) -> None:
    x = levels(seed, 1, side, side)
    _, indices = F.max_pool2d(x, kernel, stride, return_indices=True)
    place = [data.draw(st.integers(0, indices.shape[1] - 1)) for _ in range(2)]
    found = engine("winner", x, *place, kernel, stride)
    assert found == list(divmod(int(indices[0, place[0], place[1]]), side))
