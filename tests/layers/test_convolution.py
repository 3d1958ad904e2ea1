"""Convolutions against torch's, forward and backward, over shapes and arguments drawn at random."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from cvlib.layers import convolution
from cvlib.layers.convolution import (
    conv2d,
    conv2d_loops,
    conv_transpose2d,
    depthwise_separable,
    output_size,
    unfold,
)
from tests.layers.drawn import both, normal, pairs

random_cases = settings(deadline=None, max_examples=60, derandomize=True)


@st.composite
def sizes(draw: st.DrawFn) -> tuple[list[int], dict[str, Any]]:
    """Height and width of an input, and kernel_size, stride, padding, dilation that fit it."""
    given = {
        "kernel_size": draw(pairs(1, 4)),
        "stride": draw(pairs(1, 3)),
        "padding": draw(pairs(0, 3)),
        "dilation": draw(pairs(1, 3)),
    }
    kernel, padding, dilation = (both(given[name]) for name in given if name != "stride")
    least = [max(1, d * (kernel[i] - 1) + 1 - 2 * padding[i]) for i, d in enumerate(dilation)]
    return [size + draw(st.integers(0, 5)) for size in least], given


@st.composite
def convolutions(draw: st.DrawFn) -> tuple[Tensor, Tensor, Tensor | None, dict[str, Any]]:
    """Arguments of conv2d: x, weight, bias and the rest by name."""
    size, rest = draw(sizes())
    kernel, groups = both(rest.pop("kernel_size")), draw(st.integers(1, 3))
    maps, channels = groups * draw(st.integers(1, 3)), draw(st.integers(1, 3))
    batch = draw(st.sampled_from([(), (0,), (1,), (2,)]))
    x, weight = normal(*batch, groups * channels, *size), normal(maps, channels, *kernel)
    bias = normal(maps) if draw(st.booleans()) else None
    return x, weight, bias, {**rest, "groups": groups}


def assert_same(ours: Any, torchs: Any, *arguments: Any, **rest: Any) -> None:
    """Both functions give the same values and, sent the same gradient back, the same gradients."""
    results = []
    for function in (ours, torchs):
        leaves = [t.detach().clone().requires_grad_() if t is not None else None for t in arguments]
        y = function(*leaves, **rest)
        cotangent = normal(*y.shape)
        gradients = torch.autograd.grad(y, [t for t in leaves if t is not None], cotangent)
        results.append((y, *gradients))
    for mine, reference in zip(*results, strict=True):
        torch.testing.assert_close(mine, reference, rtol=1e-9, atol=1e-9)


@random_cases
@given(convolutions())
def test_conv2d_is_torchs(case: tuple[Any, ...]) -> None:
    *arguments, rest = case
    assert_same(conv2d, F.conv2d, *arguments, **rest)


@random_cases
@given(convolutions())
def test_conv_transpose2d_is_the_adjoint(case: tuple[Any, ...]) -> None:
    """<conv2d(x), y> = <x, conv_transpose2d(y)>, with the rows that a stride leaves out."""
    x, weight, _, rest = case
    y = conv2d(x, weight, **rest)
    cotangent = normal(*y.shape)
    sides = zip(x.shape[-2:], weight.shape[-2:], *map(both, list(rest.values())[:3]), strict=True)
    left_out = [(size + 2 * p - d * (k - 1) - 1) % s for size, k, s, p, d in sides]
    back = conv_transpose2d(cotangent, weight, **rest, output_padding=left_out)
    assert back.shape == x.shape
    torch.testing.assert_close((y * cotangent).sum(), (x * back).sum(), rtol=1e-9, atol=1e-9)


@st.composite
def transposed(draw: st.DrawFn) -> tuple[Tensor, Tensor, Tensor | None, dict[str, Any]]:
    """Arguments of conv_transpose2d, cut by less than there is."""
    kernel, groups = both(draw(pairs(1, 4))), draw(st.integers(1, 3))
    stride, dilation = draw(pairs(1, 3)), draw(pairs(1, 3))
    size = [draw(st.integers(1, 5)), draw(st.integers(1, 5))]
    limits = list(zip(both(stride), both(dilation), strict=True))
    extra = tuple(draw(st.integers(0, max(limit) - 1)) for limit in limits)
    sides = [
        s * (n - 1) + d * (k - 1) + 1 + e
        for n, (s, d), k, e in zip(size, limits, kernel, extra, strict=True)
    ]
    padding = tuple(draw(st.integers(0, min(3, (side - 1) // 2))) for side in sides)
    maps, channels = draw(st.integers(1, 3)), groups * draw(st.integers(1, 3))
    batch = draw(st.sampled_from([(), (0,), (2,)]))
    x, weight = normal(*batch, channels, *size), normal(channels, maps, *kernel)
    bias = normal(groups * maps) if draw(st.booleans()) else None
    rest = {"stride": stride, "dilation": dilation, "padding": padding, "groups": groups}
    return x, weight, bias, {**rest, "output_padding": extra}


@random_cases
@given(transposed())
def test_conv_transpose2d_is_torchs(case: tuple[Any, ...]) -> None:
    *arguments, rest = case
    assert_same(conv_transpose2d, F.conv_transpose2d, *arguments, **rest)


@random_cases
@given(sizes(), st.sampled_from([(), (1,), (2,)]))
def test_unfold_is_torchs(case: tuple[list[int], dict[str, Any]], batch: tuple[int, ...]) -> None:
    size, rest = case
    assert_same(unfold, F.unfold, normal(*batch, 2, *size), **rest)


@random_cases
@given(sizes())
def test_output_size_is_the_shape(case: tuple[list[int], dict[str, Any]]) -> None:
    size, rest = case
    kernel = both(rest.pop("kernel_size"))
    y = F.conv2d(normal(1, 1, *size), normal(1, 1, *kernel), **rest)
    assert output_size(size, kernel, **rest) == tuple(y.shape[2:])
    rows = {name: both(value)[0] for name, value in rest.items()}
    assert output_size(size[0], kernel[0], **rows) == y.shape[2]


@pytest.mark.parametrize("shape", [(5, 4), (2, 5, 4)], ids=["one", "batch"])
@pytest.mark.parametrize(
    "rest",
    [{}, {"stride": (2, 1), "padding": 1}, {"dilation": (1, 2), "padding": "same"}, {"groups": 2}],
    ids=["plain", "stride", "dilation", "groups"],
)
def test_loops_are_torchs(shape: tuple[int, ...], rest: dict[str, Any]) -> None:
    x = normal(*shape[:-2], 2, *shape[-2:])
    weight = normal(4, 2 // rest.get("groups", 1), 3, 2)
    assert_same(conv2d_loops, F.conv2d, x, weight, normal(4), **rest)


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")
@pytest.mark.parametrize("padding", ["same", "valid"])
@pytest.mark.parametrize("dilation", [1, (2, 3)])
@pytest.mark.parametrize("kernel", [(3, 3), (4, 1), (2, 4)])
def test_padding_by_name_is_torchs(padding: str, dilation: Any, kernel: tuple[int, int]) -> None:
    x, weight = normal(2, 3, 9, 14), normal(4, 3, *kernel)
    assert_same(conv2d, F.conv2d, x, weight, padding=padding, dilation=dilation)


@pytest.mark.parametrize("multiplier", [1, 2])
def test_depthwise_separable_is_torchs_two_layers(multiplier: int) -> None:
    def torchs(x: Tensor, depthwise: Tensor, pointwise: Tensor, bias: Tensor) -> Tensor:
        return F.conv2d(F.conv2d(x, depthwise, groups=3, **rest), pointwise, bias)

    def ours(*arguments: Tensor) -> Tensor:
        return depthwise_separable(*arguments, **rest)

    rest: dict[str, Any] = {"stride": 2, "padding": (1, 2), "dilation": (2, 1)}
    x, depthwise = normal(2, 3, 7, 6), normal(3 * multiplier, 1, 3, 5)
    pointwise, bias = normal(4, 3 * multiplier, 1, 1), normal(4)

    assert_same(ours, torchs, x, depthwise, pointwise, bias)


@pytest.mark.parametrize("function", [conv2d, conv_transpose2d])
def test_first_and_second_derivatives(function: Any) -> None:
    def apply(*arguments: Tensor) -> Tensor:
        return function(*arguments, stride=(2, 1), padding=1, dilation=(1, 2), groups=2)

    shapes = {conv2d: [(1, 4, 4, 5), (2, 2, 2, 3), (2,)], conv_transpose2d: [(1, 4, 2, 3)]}
    rest = [(4, 1, 2, 3), (2,)] if function is conv_transpose2d else []
    leaves = [normal(*shape).requires_grad_() for shape in shapes[function] + rest]
    assert torch.autograd.gradcheck(apply, leaves)
    assert torch.autograd.gradgradcheck(apply, leaves)


def test_unfold_derivative() -> None:
    leaf = normal(1, 2, 4, 5).requires_grad_()
    assert torch.autograd.gradcheck(lambda x: unfold(x, (2, 3), 1, 1, 2), [leaf])


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_float32_of_either_layout(layout: torch.memory_format) -> None:
    x = normal(2, 8, 15, 17, dtype=torch.float32).contiguous(memory_format=layout)
    weight = normal(6, 4, 3, 3, dtype=torch.float32)
    ours, torchs = (f(x, weight, padding=1, groups=2) for f in (conv2d, F.conv2d))
    assert ours.dtype == torch.float32
    torch.testing.assert_close(ours, torchs, rtol=1e-5, atol=1e-4)


def test_arguments_stay_as_they_were() -> None:
    arguments = normal(1, 2, 5, 5), normal(2, 2, 3, 3), normal(2)
    before = [tensor.clone() for tensor in arguments]
    for function in (conv2d, conv2d_loops, conv_transpose2d):
        function(*arguments)
    assert all(map(torch.equal, arguments, before))


def test_a_convolution_is_one_product_with_unfold() -> None:
    x, weight = normal(2, 3, 6, 7), normal(4, 3, 3, 2)
    product = weight.flatten(1) @ unfold(x, (3, 2), stride=2)
    torch.testing.assert_close(product.view(2, 4, 2, 3), conv2d(x, weight, stride=2))


def test_transposed_is_not_the_inverse() -> None:
    x, weight = normal(1, 1, 6, 6), normal(1, 1, 3, 3)
    assert not torch.allclose(conv_transpose2d(conv2d(x, weight), weight), x)


X, WEIGHT = torch.zeros(1, 4, 5, 6), torch.zeros(6, 4, 3, 3)
WRONG = {
    "x is an array": (TypeError, "x is a ndarray", (X.numpy(), WEIGHT), {}),
    "x is flat": (ValueError, r"x has shape \(5, 6\)", (X[0, 0], WEIGHT), {}),
    "weight is a list": (TypeError, "weight is a list", (X, [1.0]), {}),
    "weight has three sizes": (ValueError, r"weight.*\(4, 3, 3\).*four", (X, WEIGHT[0]), {}),
    "weight is empty": (ValueError, "weight.*none of them 0", (X, WEIGHT[:, :, :0]), {}),
    "dtypes": (TypeError, "weight is torch.float64.*float32", (X, WEIGHT.double()), {}),
    "bias dtype": (TypeError, "bias is torch.int64", (X, WEIGHT, torch.arange(6)), {}),
    "channels": (ValueError, r"weight.*\(O, 4, ...\)", (X, WEIGHT[:, :3]), {}),
    "bias": (ValueError, r"bias.*\(5,\).*\(6,\)", (X, WEIGHT, torch.zeros(5)), {}),
    "groups of kernels": (ValueError, "groups is 4.*6 kernels", (X, WEIGHT), {"groups": 4}),
    "groups of channels": (ValueError, "groups is 3.*4 channels", (X, WEIGHT), {"groups": 3}),
    "no groups": (ValueError, "groups is 0", (X, WEIGHT), {"groups": 0}),
    "kernel": (ValueError, "spans 7.*the 5 of", (X, WEIGHT), {"dilation": 3}),
    "stride": (ValueError, "stride is 0", (X, WEIGHT), {"stride": 0}),
    "stride is a fraction": (TypeError, "stride is 1.5", (X, WEIGHT), {"stride": 1.5}),
    "three strides": (TypeError, r"stride is \(1, 1, 1\)", (X, WEIGHT), {"stride": (1, 1, 1)}),
    "dilation": (ValueError, r"dilation is \(1, 0\)", (X, WEIGHT), {"dilation": (1, 0)}),
    "padding": (ValueError, "padding is -1", (X, WEIGHT), {"padding": -1}),
}


@pytest.mark.parametrize("function", [conv2d, conv2d_loops])
@pytest.mark.parametrize(("error", "message", "arguments", "rest"), WRONG.values(), ids=list(WRONG))
def test_wrong_arguments_are_named(
    function: Any, error: type[Exception], message: str, arguments: Any, rest: dict[str, Any]
) -> None:
    with pytest.raises(error, match=message):
        function(*arguments, **rest)
    if message != "bias is torch.int64":  # torch adds such a bias
        with pytest.raises((RuntimeError, TypeError)):
            F.conv2d(*arguments, **rest)


@pytest.mark.parametrize(
    ("padding", "stride", "message"),
    [("same", 2, "'same' with stride 2"), ("reflect", 1, "padding is 'reflect'")],
)
def test_wrong_padding_by_name(padding: Any, stride: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        conv2d(X, WEIGHT, padding=padding, stride=stride)


@pytest.mark.parametrize(
    ("message", "shape", "rest"),
    [
        (r"weight.*\(4, ...\)", (3, 2, 3, 3), {}),
        ("groups is 3.*4 kernels", (4, 2, 3, 3), {"groups": 3}),
        (r"output_padding is 2.*less than stride \(2, 2\)", (4, 2, 3, 3), {"stride": 2}),
        (r"padding is \(0, 4\).*half of \[7, 8\]", (4, 2, 3, 3), {"padding": (0, 4)}),
    ],
)
def test_wrong_transposed_arguments(message: str, shape: Any, rest: dict[str, Any]) -> None:
    rest = {"output_padding": 2 if "stride" in rest else 0, **rest}
    with pytest.raises(ValueError, match=message):
        conv_transpose2d(X, torch.zeros(shape), **rest)
    with pytest.raises(RuntimeError):
        F.conv_transpose2d(X, torch.zeros(shape), **rest)


FORMS = [2, (2,), [2], (2, 1), [1, 2], torch.Size([2, 2]), torch.tensor(2)]


@pytest.mark.parametrize("form", FORMS, ids=str)
@pytest.mark.parametrize("name", ["stride", "padding", "dilation", "output_padding"])
def test_arguments_come_as_torch_takes_them(name: str, form: Any) -> None:
    x, weight = normal(1, 2, 8, 9), normal(2, 2, 3, 3)
    if name != "output_padding":
        for ours in (conv2d, conv2d_loops):
            torch.testing.assert_close(
                ours(x, weight, **{name: form}), F.conv2d(x, weight, **{name: form})
            )
        assert depthwise_separable(x, weight[:, :1], weight[:, :, :1, :1], **{name: form}).ndim == 4
        if not (isinstance(form, tuple | list) and len(form) == 1) and form is not FORMS[-1]:
            expected = F.unfold(x, 3, **{name: form})  # torch's takes no single number in brackets
            torch.testing.assert_close(unfold(x, 3, **{name: form}), expected)
    rest = {"stride": 3, name: form}
    expected = F.conv_transpose2d(x, weight, **rest)
    torch.testing.assert_close(conv_transpose2d(x, weight, **rest), expected)


def test_output_size_takes_pairs_for_a_pair_alone() -> None:
    assert output_size((227, 224), (11, 7), 4, (0, 2), dilation=(1, 2)) == (55, 54)
    with pytest.raises(TypeError, match=r"kernel_size is \(3, 3\); expected an integer"):
        output_size(28, (3, 3))  # type: ignore[call-overload]
    with pytest.raises(ValueError, match="size is -1"):
        output_size(-1, 1, padding=3)


def test_room_exports_the_module() -> None:
    from cvlib import layers

    for name in convolution.__all__:
        assert getattr(layers, name) is getattr(convolution, name)
