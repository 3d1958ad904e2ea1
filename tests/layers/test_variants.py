"""Deformable convolution and channel shuffle against torch's, and what groups and stamps cost."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torchvision import ops

from cvlib.layers import conv2d, conv_transpose2d, depthwise_separable, output_size, variants
from cvlib.layers.variants import bilinear_sample, channel_shuffle, deform_conv2d
from tests.layers.drawn import DEVICE, both, normal, pairs

random_cases = settings(deadline=None, max_examples=50, derandomize=True)


@st.composite
def deformable(draw: st.DrawFn) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Arguments of deform_conv2d: tensors, then stride, padding and dilation."""
    kernel = both(draw(pairs(1, 3)))
    walk = {name: both(draw(pairs(low, 2))) for name, low in {"stride": 1, "padding": 0}.items()}
    walk["dilation"] = both(draw(pairs(1, 2)))
    spans = [d * (k - 1) + 1 for d, k in zip(walk["dilation"], kernel, strict=True)]
    least = [max(1, span - 2 * pad) for span, pad in zip(spans, walk["padding"], strict=True)]
    size = [side + draw(st.integers(0, 4)) for side in least]
    groups, parts = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    channels, count = groups * parts * draw(st.integers(1, 2)), draw(st.integers(1, 2))
    maps, taps = groups * draw(st.integers(1, 2)), kernel[0] * kernel[1]
    place = output_size(size, kernel, walk["stride"], walk["padding"], walk["dilation"])
    far = draw(st.sampled_from([0.0, 0.4, 1.5, 6.0]))  # 0 is on the pixels, 6 mostly outside
    tensors = {
        "x": normal(count, channels, *size),
        "offset": far * normal(count, 2 * parts * taps, *place),
        "weight": normal(maps, channels // groups, *kernel),
    }
    if draw(st.booleans()):
        tensors["bias"] = normal(maps)
    if draw(st.booleans()):
        tensors["mask"] = normal(count, parts * taps, *place)
    return tensors, walk


@random_cases
@given(deformable())
def test_deform_conv2d_is_torchvisions(case: tuple[dict[str, Tensor], dict[str, Any]]) -> None:
    """The same values and, sent the same gradient back, the same gradients of all tensors."""
    tensors, walk = case
    results = []
    for function, name in ((deform_conv2d, "x"), (ops.deform_conv2d, "input")):
        leaves = {key: tensor.clone().requires_grad_() for key, tensor in tensors.items()}
        y = function(**{name: leaves["x"]}, **{k: t for k, t in leaves.items() if k != "x"}, **walk)
        results.append((y, *torch.autograd.grad(y, list(leaves.values()), normal(*y.shape))))
    for mine, reference in zip(*results, strict=True):
        torch.testing.assert_close(mine, reference, rtol=1e-9, atol=1e-9)


@random_cases
@given(st.integers(1, 2), st.integers(1, 3), st.integers(1, 5), st.integers(1, 6))
def test_bilinear_sample_is_torchs(count: int, channels: int, height: int, width: int) -> None:
    x, places = normal(count, channels, height, width), 4 * normal(count, 3, 5, 2) + 1
    results = []
    for ours in (True, False):
        leaves = [x.clone().requires_grad_(), places.clone().requires_grad_()]
        if ours:
            y = bilinear_sample(leaves[0], leaves[1][..., 1], leaves[1][..., 0])
        else:  # from -1 to 1 between the outer borders of the outer pixels
            scale = torch.tensor([width, height], dtype=x.dtype, device=DEVICE)
            grid = (2 * leaves[1] + 1) / scale - 1
            y = F.grid_sample(leaves[0], grid, padding_mode="zeros", align_corners=False)
        results.append((y, *torch.autograd.grad(y, leaves, normal(*y.shape))))
    for mine, reference in zip(*results, strict=True):
        torch.testing.assert_close(mine, reference, rtol=1e-8, atol=1e-8)


def test_places_far_outside_read_zero_and_no_number_stays_none() -> None:
    rows = torch.tensor([[float("inf"), -1e30, 1e30, float("nan"), 0]], device=DEVICE)
    seen = bilinear_sample(torch.ones(1, 1, 3, 3, device=DEVICE), rows, torch.zeros_like(rows))
    assert seen[0, 0, :3].tolist() == [0, 0, 0]
    assert seen[0, 0, 3].isnan()
    assert seen[0, 0, 4] == 1


@pytest.mark.parametrize("groups", [1, 2])
def test_without_offsets_it_is_a_convolution(groups: int) -> None:
    x, weight, bias = normal(2, 4, 7, 6), normal(6, 4 // groups, 3, 2), normal(6)
    walk: dict[str, Any] = {"stride": (2, 1), "padding": 1, "dilation": (1, 2)}
    y = conv2d(x, weight, bias, groups=groups, **walk)
    zeros = x.new_zeros(2, 12, *y.shape[2:])
    torch.testing.assert_close(deform_conv2d(x, zeros, weight, bias, **walk), y)
    one = deform_conv2d(x[0], zeros[0], weight, bias, **walk, mask=torch.ones_like(zeros[0, :6]))
    torch.testing.assert_close(one, y[0])


def test_whole_offsets_shift_the_picture() -> None:
    x, weight = normal(1, 2, 6, 7), normal(3, 2, 3, 3)
    offset = torch.tensor([2.0, -1.0], dtype=x.dtype, device=DEVICE).repeat(9)
    y = deform_conv2d(x, offset.view(1, 18, 1, 1).expand(1, 18, 6, 7), weight, padding=1)
    shifted = F.pad(x, (1, 0, 0, 2))  # one column of zeros at the left, two rows below
    expected = conv2d(F.pad(shifted, (1, 1, 1, 1)), weight)[..., 2:, :7]
    torch.testing.assert_close(y, expected)


def test_first_and_second_derivatives_between_the_pixels() -> None:
    def apply(*arguments: Tensor) -> Tensor:
        x, offset, weight, bias, mask = arguments
        return deform_conv2d(x, offset, weight, bias, (2, 1), 1, (1, 2), mask)

    x, weight, bias = normal(1, 2, 3, 3), normal(2, 1, 2, 2), normal(2)
    size = output_size((3, 3), 2, (2, 1), 1, (1, 2))
    whole = (2 * normal(1, 16, *size)).round()
    offset = whole + 0.2 + 0.6 * normal(1, 16, *size).sigmoid()
    leaves = [t.requires_grad_() for t in (x, offset, weight, bias, normal(1, 8, *size))]
    assert torch.autograd.gradcheck(apply, leaves)
    assert torch.autograd.gradgradcheck(apply, leaves)


def test_float32() -> None:
    x, weight = (normal(*s, dtype=torch.float32) for s in [(2, 4, 9, 8), (6, 4, 3, 3)])
    offset, mask = (normal(2, n, 7, 6, dtype=torch.float32) for n in (36, 18))
    ours = deform_conv2d(x, offset, weight, mask=mask)
    assert ours.dtype == torch.float32
    reference = ops.deform_conv2d(x, offset, weight, mask=mask)
    torch.testing.assert_close(ours, reference, rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize("rest", [(5,), (3, 4), (2, 3, 2)])
@pytest.mark.parametrize(("channels", "groups"), [(6, 1), (6, 2), (6, 3), (6, 6), (1, 1)])
def test_channel_shuffle_is_torchs(channels: int, groups: int, rest: tuple[int, ...]) -> None:
    x = normal(2, channels, *rest).requires_grad_()
    y = channel_shuffle(x, groups)
    assert torch.equal(y, nn.ChannelShuffle(groups)(x))
    cotangent = normal(*y.shape)
    (gradient,) = torch.autograd.grad(y, x, cotangent)
    assert torch.equal(gradient, channel_shuffle(cotangent, channels // groups))


@random_cases
@given(st.integers(1, 3), st.integers(1, 3), st.integers(1, 3))
def test_groups_are_a_block_diagonal_weight(groups: int, maps: int, channels: int) -> None:
    x, weight = normal(2, groups * channels, 5, 6), normal(groups * maps, channels, 2, 3)
    whole = x.new_zeros(groups * maps, groups * channels, 2, 3)
    for g in range(groups):
        block = slice(g * maps, (g + 1) * maps), slice(g * channels, (g + 1) * channels)
        whole[block] = weight[block[0]]
    torch.testing.assert_close(conv2d(x, weight, groups=groups), conv2d(x, whole))


@random_cases
@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 7))
def test_separable_costs_one_over_maps_plus_one_over_taps(c: int, maps: int, k: int) -> None:
    parts = [nn.Conv2d(c, c, k, groups=c, bias=False), nn.Conv2d(c, maps, 1, bias=False)]
    separable = sum(part.weight.numel() for part in parts)
    dense = nn.Conv2d(c, maps, k, bias=False).weight.numel()
    assert separable * maps * k * k == dense * (maps + k * k)
    x, (depthwise, pointwise) = torch.rand(1, c, k, k), (part.weight for part in parts)
    y = parts[1](parts[0](x))
    torch.testing.assert_close(depthwise_separable(x, depthwise, pointwise), y)


@pytest.mark.parametrize(
    ("kernel", "stride", "counts"), [(3, 2, {1, 2, 4}), (4, 2, {4}), (2, 2, {1}), (6, 3, {4})]
)
def test_stamps_overlap(kernel: int, stride: int, counts: set[int]) -> None:
    ones = torch.ones(1, 1, 6, 6)
    y = conv_transpose2d(ones, torch.ones(1, 1, kernel, kernel), stride=stride)
    inner = y[..., kernel:-kernel, kernel:-kernel]
    assert set(inner.flatten().int().tolist()) == counts


X, WEIGHT = torch.zeros(2, 4, 5, 6), torch.zeros(6, 2, 3, 3)
OFFSET, MASK = torch.zeros(2, 36, 3, 4), torch.zeros(2, 18, 3, 4)
WRONG: dict[str, Any] = {
    "x": (TypeError, "x is a list", {"x": [1.0]}),
    "x is flat": (ValueError, r"x has shape \(5, 6\)", {"x": X[0, 0]}),
    "weight": (TypeError, "weight is a list", {"weight": [1.0]}),
    "weight has three sizes": (ValueError, "weight.*four", {"weight": WEIGHT[0]}),
    "channels": (ValueError, r"weight.*\(O, 4, ...\)", {"weight": torch.zeros(6, 3, 3, 3)}),
    "kernels": (ValueError, "groups is 2.*5 kernels", {"weight": WEIGHT[:5]}),
    "bias": (ValueError, r"bias.*\(5,\).*\(6,\)", {"bias": torch.zeros(5)}),
    "stride": (ValueError, "stride is 0", {"stride": 0}),
    "padding": (TypeError, "padding is 'same'", {"padding": "same"}),
    "kernel": (ValueError, "spans 7", {"dilation": 3}),
    "offset is a list": (TypeError, "offset is a list", {"offset": [0.0]}),
    "offset dtype": (TypeError, "offset is torch.float64", {"offset": OFFSET.double()}),
    "offset taps": (ValueError, r"offset.*\(2, 18 D, 3, 4\)", {"offset": OFFSET[:, :20]}),
    "too few": (ValueError, r"offset has shape \(2, 16", {"offset": OFFSET[:, :16]}),
    "offset groups": (ValueError, "divisor of the 4", {"offset": torch.zeros(2, 54, 3, 4)}),
    "offset size": (ValueError, "offset", {"offset": OFFSET[..., :3]}),
    "offset batch": (ValueError, "offset", {"offset": OFFSET[:1]}),
    "offset of one": (ValueError, "offset", {"offset": OFFSET[0]}),
    "mask dtype": (TypeError, "mask is torch.int64", {"mask": MASK.long()}),
    "mask taps": (ValueError, r"mask.*\(2, 9 D", {"mask": MASK[:, :10]}),
    "mask groups": (ValueError, "mask has 9 channels; expected 18", {"mask": MASK[:, :9]}),
    "mask size": (ValueError, "mask", {"mask": MASK[:, :, :2]}),
}


@pytest.mark.parametrize(("error", "message", "change"), WRONG.values(), ids=list(WRONG))
def test_wrong_arguments_are_named(error: type[Exception], message: str, change: Any) -> None:
    arguments = {"x": X, "offset": OFFSET, "weight": WEIGHT, "mask": MASK, **change}
    with pytest.raises(error, match=message):
        deform_conv2d(**arguments)


@pytest.mark.parametrize(
    ("error", "message", "arguments"),
    [
        (TypeError, "x is a list", ([1.0], 1)),
        (ValueError, r"x has shape \(2, 3\)", (X[0, 0, :2, :3], 1)),
        (ValueError, "groups is 3; expected a divisor of the 4", (X, 3)),
        (ValueError, "groups is 0", (X, 0)),
        (TypeError, "groups is 1.5", (X, 1.5)),
    ],
)
def test_wrong_shuffles(error: type[Exception], message: str, arguments: Any) -> None:
    with pytest.raises(error, match=message):
        channel_shuffle(*arguments)
    with pytest.raises((RuntimeError, TypeError)):
        nn.ChannelShuffle(arguments[1])(arguments[0])


@pytest.mark.parametrize(
    ("error", "message", "change"),
    [
        (ValueError, r"rows has shape .*\(4, 5, 6\)", {"x": X[0]}),
        (ValueError, r"rows has shape \(3, 7\)", {"rows": torch.zeros(3, 7)}),
        (ValueError, r"columns has shape \(2, 8\)", {"columns": torch.zeros(2, 8)}),
        (TypeError, "columns is torch.int64", {"columns": torch.zeros(2, 7).long()}),
        (TypeError, "rows is a float", {"rows": 1.0}),
    ],
)
def test_wrong_places(error: type[Exception], message: str, change: Any) -> None:
    arguments = {"x": X, "rows": torch.zeros(2, 7), "columns": torch.zeros(2, 7), **change}
    with pytest.raises(error, match=message):
        bilinear_sample(**arguments)


def test_room_exports_the_module() -> None:
    from cvlib import layers

    for name in variants.__all__:
        assert getattr(layers, name) is getattr(variants, name)
