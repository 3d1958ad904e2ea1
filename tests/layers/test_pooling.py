"""Pooling and upsampling against torch's, forward and backward, over random arguments."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch import Tensor

from cvlib.layers import conv2d, pooling
from cvlib.layers.pooling import avg_pool2d, interpolate, max_pool2d, max_unpool2d
from tests.layers.drawn import DEVICE, both, normal, pairs

random_cases = settings(deadline=None, max_examples=80, derandomize=True)


@st.composite
def poolings(draw: st.DrawFn, most_dilation: int = 3) -> tuple[Tensor, dict[str, Any]]:
    """A batch of pictures, with ties or without, and arguments that fit them."""
    kernel = draw(pairs(1, 4))
    rest: dict[str, Any] = {"kernel_size": kernel, "stride": draw(st.none() | pairs(1, 4))}
    rest["padding"] = tuple(draw(st.integers(0, taps // 2)) for taps in both(kernel))
    rest["ceil_mode"] = draw(st.booleans())
    dilation = draw(pairs(1, most_dilation))
    if most_dilation > 1:
        rest["dilation"] = dilation
    spans = [gap * (taps - 1) + 1 for taps, gap in zip(both(kernel), both(dilation), strict=True)]
    least = [max(1, span - 2 * pad) for span, pad in zip(spans, rest["padding"], strict=True)]
    size = [side + draw(st.integers(0, 7)) for side in least]
    gaps = zip(size, both(dilation), rest["padding"], strict=True)
    assume(all(gap <= side or not pad for side, gap, pad in gaps))  # else windows of padding alone
    x = normal(*draw(st.sampled_from([(2,), (0, 1), (1, 1), (2, 2)])), *size)
    return (x.round() if draw(st.booleans()) else x), rest


def assert_same(ours: Any, torchs: Any, x: Tensor, *arguments: Any, **rest: Any) -> None:
    """Both give the same values and, sent the same gradient back, the same gradient."""
    results = []
    for function in (ours, torchs):
        leaf = x.detach().clone().requires_grad_()
        y = function(leaf, *arguments, **rest)
        (gradient,) = torch.autograd.grad(y, leaf, normal(*y.shape).to(y.dtype))
        results.append((y.detach(), gradient))
    for mine, reference in zip(*results, strict=True):
        torch.testing.assert_close(mine, reference, rtol=1e-9, atol=1e-9, equal_nan=True)


@random_cases
@given(poolings())
def test_max_pool2d_is_torchs(case: tuple[Tensor, dict[str, Any]]) -> None:
    x, rest = case
    assert_same(max_pool2d, F.max_pool2d, x, **rest)
    y, indices = max_pool2d(x, **rest, return_indices=True)
    by_torch = F.max_pool2d(x, **rest, return_indices=True)
    assert torch.equal(indices, by_torch[1])
    assert torch.equal(y, by_torch[0])
    assert torch.equal(max_pool2d(x, **rest), y)  # rows, then columns


@random_cases
@given(poolings(most_dilation=1), st.booleans(), st.none() | st.integers(1, 9))
def test_avg_pool2d_is_torchs(
    case: tuple[Tensor, dict[str, Any]], include: bool, divisor: int | None
) -> None:
    x, rest = case
    rest |= {"count_include_pad": include, "divisor_override": divisor}
    assert_same(avg_pool2d, F.avg_pool2d, x, **rest)


FORMS = [2, (2,), [2], (2, 1), [1, 2], torch.Size([2, 2]), torch.tensor(2)]


@pytest.mark.parametrize("form", FORMS, ids=str)
@pytest.mark.parametrize("name", ["kernel_size", "stride", "padding", "dilation"])
def test_arguments_come_as_torch_takes_them(name: str, form: Any) -> None:
    x = normal(1, 2, 8, 9)
    rest = {"kernel_size": 4, name: form}
    assert torch.equal(max_pool2d(x, **rest), F.max_pool2d(x, **rest))
    if name != "dilation":
        torch.testing.assert_close(avg_pool2d(x, **rest), F.avg_pool2d(x, **rest))
        y, indices = F.max_pool2d(x, 4, return_indices=True)
        if name != "padding" and not isinstance(form, Tensor) and form not in ((2,), [2]):
            size = F.max_unpool2d(y, indices % 4, **rest).shape
            assert max_unpool2d(y, indices % 4, **rest).shape == size


@pytest.mark.parametrize("empty", [None, (), []])
def test_without_a_stride_windows_lie_side_by_side(empty: Any) -> None:
    x = normal(1, 2, 8, 9)
    for ours, torchs in ((max_pool2d, F.max_pool2d), (avg_pool2d, F.avg_pool2d)):
        torch.testing.assert_close(ours(x, (2, 3), empty), torchs(x, (2, 3), empty))


@pytest.mark.parametrize("stride", [None, 2, 3])
@pytest.mark.parametrize("padding", [0, 1])
@pytest.mark.parametrize("ceil_mode", [False, True])
def test_every_size_of_either_mode(stride: int | None, padding: int, ceil_mode: bool) -> None:
    for size in range(1, 18):
        for taps in range(1 + padding, 5):
            rest = (taps, stride, padding, 1, ceil_mode)
            x = normal(1, size, 18 - size)
            try:
                expected = F.max_pool2d(x, *rest)
            except RuntimeError:
                with pytest.raises(ValueError, match="spans"):
                    max_pool2d(x, *rest)
                continue
            assert torch.equal(max_pool2d(x, *rest), expected)
            for counted in (False, True):
                arguments = (x, taps, stride, padding, ceil_mode, counted)
                means = avg_pool2d(*arguments), F.avg_pool2d(*arguments)
                torch.testing.assert_close(*means, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("kernel_size", [2, 3])
def test_ties_infinities_and_nan(
    layout: torch.memory_format, dtype: torch.dtype, kernel_size: int
) -> None:
    x = normal(2, 3, 17, 18, dtype=torch.float64).round().to(dtype)
    x[0, 0, 3:9] = -torch.inf
    x[0, 1, 4:9:2, ::3] = torch.nan
    x[1, 0, 5, 5] = torch.inf
    x = x.contiguous(memory_format=layout)
    for rest in ({}, {"stride": 1, "padding": 1}, {"stride": 3, "ceil_mode": True}):
        assert_same(max_pool2d, F.max_pool2d, x, kernel_size, **rest)
        y, indices = max_pool2d(x, kernel_size, **rest, return_indices=True)
        by_torch = F.max_pool2d(x, kernel_size, **rest, return_indices=True)
        for mine, reference in zip((y, indices), by_torch, strict=True):
            torch.testing.assert_close(mine, reference, rtol=0, atol=0, equal_nan=True)
        with torch.no_grad():
            fast = max_pool2d(x, kernel_size, **rest)
        torch.testing.assert_close(fast, y, rtol=0, atol=0, equal_nan=True)


def test_the_gradient_of_a_tie_goes_to_one_pixel() -> None:
    x = torch.zeros(1, 2, 4, device=DEVICE, requires_grad=True)
    max_pool2d(x, 2).sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [[[1, 0, 1, 0], [0, 0, 0, 0]]]


@random_cases
@given(poolings(most_dilation=1))
def test_max_unpool2d_is_torchs(case: tuple[Tensor, dict[str, Any]]) -> None:
    x, rest = case
    assume(len(x))  # torch unpools no empty batch
    rest["stride"] = rest["kernel_size"]  # windows apart: every index once
    y, indices = max_pool2d(x, **rest, return_indices=True)
    size = x.shape[-2:]
    del rest["ceil_mode"]
    whole = [
        step * (count - 1) + step - 2 * pad
        for step, count, pad in zip(
            both(rest["stride"]), y.shape[-2:], rest["padding"], strict=True
        )
    ]
    steps = both(rest["stride"])
    assume(all(abs(a - b) < step for a, b, step in zip(whole, size, steps, strict=True)))
    assert_same(max_unpool2d, F.max_unpool2d, y, indices, **rest, output_size=list(size))
    if tuple(whole) == tuple(size):
        assert_same(max_unpool2d, F.max_unpool2d, y, indices, **rest)
    again = max_pool2d(max_unpool2d(y.abs(), indices, **rest, output_size=size), **rest)
    common = [slice(0, n) for n in again.shape[-2:]]
    assert torch.equal(again, y.abs()[..., common[0], common[1]])


def test_unpool_takes_the_whole_shape() -> None:
    x = normal(2, 1, 5, 7)
    y, indices = max_pool2d(x, 2, return_indices=True)
    ours = max_unpool2d(y, indices, 2, output_size=x.shape)
    assert torch.equal(ours, F.max_unpool2d(y, indices, 2, output_size=x.shape))
    assert ours.shape == x.shape


sizes = st.tuples(st.integers(1, 9), st.integers(1, 9))
scales = st.sampled_from([0.5, 1.5, 2, 3, (2, 1.5), (0.7, 1)])


@random_cases
@given(
    st.tuples(st.integers(0, 2), st.integers(1, 2), st.integers(2, 9), st.integers(2, 9)),
    st.fixed_dictionaries({"size": sizes | st.integers(1, 9)})
    | st.fixed_dictionaries({"scale_factor": scales}),
    st.sampled_from([("nearest", None), ("bilinear", None), ("bilinear", False)])
    | st.just(("bilinear", True)),
)
def test_interpolate_is_torchs(
    shape: tuple[int, ...], size: dict[str, Any], mode: tuple[str, bool | None]
) -> None:
    rest = {**size, "mode": mode[0], "align_corners": mode[1]}
    assert_same(interpolate, F.interpolate, normal(*shape), **rest)


@pytest.mark.parametrize("scale", [2, 2.5, 0.7, (2, 1.5), [1.3, 0.6]], ids=str)
@pytest.mark.parametrize("recompute", [None, False, True])
@pytest.mark.parametrize(
    ("mode", "corners", "antialias"),
    [
        ("nearest", None, False),
        *(("bilinear", corners, smooth) for corners in (None, True) for smooth in (False, True)),
    ],
)
def test_all_arguments_of_interpolate(
    scale: Any, recompute: bool | None, mode: Any, corners: bool | None, antialias: bool
) -> None:
    x = normal(2, 2, 7, 9)
    rest: tuple[Any, ...] = (None, scale, mode, corners, recompute, antialias)
    assert_same(interpolate, F.interpolate, x, *rest)
    new = tuple(interpolate(x, *rest).shape[2:])
    assert_same(interpolate, F.interpolate, x, new, None, mode, corners, None, antialias)


def test_a_factor_is_computed_anew_from_whole_sizes() -> None:
    x = torch.arange(5.0, device=DEVICE).view(1, 1, 1, 5)
    given = interpolate(x, None, (1, 1.5), "bilinear")
    anew = interpolate(x, None, (1, 1.5), "bilinear", recompute_scale_factor=True)
    assert given.shape == anew.shape == (1, 1, 1, 7)
    assert (given - anew).abs().max() > 0.05


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_nearest_copies_torchs_pixel(dtype: torch.dtype) -> None:
    for old in range(1, 33):
        x = torch.arange(old, dtype=dtype, device=DEVICE).view(1, 1, 1, old)
        for new in range(1, 33):
            assert torch.equal(interpolate(x, (1, new)), F.interpolate(x, (1, new))), (old, new)


@pytest.mark.parametrize("align_corners", [False, True])
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_bilinear_in_float32(align_corners: bool, layout: torch.memory_format) -> None:
    x = normal(2, 3, 13, 9, dtype=torch.float32).contiguous(memory_format=layout)
    for size in ((29, 40), (5, 4), (13, 9)):
        rest = {"mode": "bilinear", "align_corners": align_corners}
        ours, torchs = interpolate(x, size, **rest), F.interpolate(x, size, **rest)
        assert ours.dtype == torch.float32
        torch.testing.assert_close(ours, torchs, rtol=1e-5, atol=2e-5)


def test_derivatives() -> None:
    x = normal(1, 2, 5, 6).requires_grad_()
    y, indices = max_pool2d(x.detach(), (2, 3), return_indices=True)
    functions = {
        "max": lambda t: max_pool2d(t, 3, 2, 1, (1, 2), True),
        "avg": lambda t: avg_pool2d(t, 3, 2, 1, True, False),
        "nearest": lambda t: interpolate(t, (3, 8)),
        "bilinear": lambda t: interpolate(t, scale_factor=1.7, mode="bilinear"),
    }
    for function in functions.values():
        assert torch.autograd.gradcheck(function, [x])
        assert torch.autograd.gradgradcheck(function, [x])
    pooled = y.clone().requires_grad_()
    assert torch.autograd.gradcheck(lambda t: max_unpool2d(t, indices, (2, 3)), [pooled])


def test_arguments_stay_as_they_were_and_results_are_new() -> None:
    x = normal(1, 2, 4, 4)
    before = x.clone()
    for function in (max_pool2d, avg_pool2d):
        function(x, 1).add_(1)
        function(x, 2).add_(1)
    interpolate(x, 4).add_(1)
    interpolate(x, 4, mode="bilinear").add_(1)
    assert torch.equal(x, before)


def test_average_pooling_is_a_convolution_and_nearest_its_adjoint() -> None:
    x, y = normal(2, 3, 6, 8), normal(2, 3, 3, 4)
    weight = torch.full((3, 1, 2, 2), 0.25, dtype=x.dtype, device=DEVICE)
    torch.testing.assert_close(avg_pool2d(x, 2), conv2d(x, weight, stride=2, groups=3))
    left = (avg_pool2d(x, 2) * y).sum()
    torch.testing.assert_close(left, (x * interpolate(y, scale_factor=2)).sum() / 4)


@pytest.mark.parametrize("shift", [1, 2, 3, 4])
def test_pooling_by_two_goes_with_shifts_by_two(shift: int) -> None:
    x = normal(1, 1, 16, 16)
    moved = max_pool2d(x.roll(shift, -1), 2)
    assert torch.equal(moved, max_pool2d(x, 2).roll(shift // 2, -1)) == (shift % 2 == 0)


X = torch.zeros(1, 2, 5, 6)
WRONG: dict[str, tuple[type[Exception], str, Any, dict[str, Any]]] = {
    "x is an array": (TypeError, "x is a ndarray", X.numpy(), {}),
    "x is flat": (ValueError, r"x has shape \(5, 6\)", X[0, 0], {}),
    "x is empty": (ValueError, r"x has shape \(1, 2, 0, 6\)", X[:, :, :0], {}),
    "kernel is 0": (ValueError, "kernel_size is 0", X, {"kernel_size": 0}),
    "kernel is a fraction": (TypeError, "kernel_size is 1.5", X, {"kernel_size": 1.5}),
    "three kernels": (TypeError, r"kernel_size is \(2, 2, 2\)", X, {"kernel_size": (2, 2, 2)}),
    "kernel is too large": (ValueError, "spans 7.*the 6 of", X, {"kernel_size": (1, 7)}),
    "stride": (ValueError, "stride is 0", X, {"stride": 0}),
    "padding": (ValueError, "padding is 2; expected at most half of", X, {"padding": 2}),
    "negative padding": (ValueError, "padding is -1", X, {"padding": -1}),
}


@pytest.mark.parametrize("names", [("max_pool2d", F.max_pool2d), ("avg_pool2d", F.avg_pool2d)])
@pytest.mark.parametrize(("error", "message", "x", "rest"), WRONG.values(), ids=list(WRONG))
def test_wrong_arguments_are_named(
    names: Any, error: type[Exception], message: str, x: Any, rest: dict[str, Any]
) -> None:
    with pytest.raises(error, match=message):
        getattr(pooling, names[0])(x, **{"kernel_size": 3, **rest})
    with pytest.raises((RuntimeError, TypeError, IndexError)):
        names[1](x, **{"kernel_size": 3, **rest})


ZERO = torch.zeros(1, 1, 2, 2, dtype=torch.int64)
POOLED = torch.zeros(1, 1, 2, 2)
OTHERS: dict[str, tuple[type[Exception], str, Any]] = {
    "integers": (TypeError, "x is torch.int64", lambda: max_pool2d(ZERO, 2)),
    "dilation": (ValueError, "dilation is 0", lambda: max_pool2d(X, 2, dilation=0)),
    "padding alone": (
        ValueError,
        "dilation is 6; expected less",
        lambda: max_pool2d(X, 2, 1, 1, 6),
    ),
    "divisor": (ValueError, "divisor_override is 0", lambda: avg_pool2d(X, 2, divisor_override=0)),
    "dtype of indices": (TypeError, "indices is torch.float", lambda: max_unpool2d(X, X, 2)),
    "indices": (TypeError, "indices is list", lambda: max_unpool2d(X, [0], 2)),  # type: ignore
    "shape of indices": (ValueError, r"expected \(1, 2, 5, 6\)", lambda: max_unpool2d(X, ZERO, 2)),
    "index": (ValueError, "from 16 to 16; .* 0 to 15", lambda: max_unpool2d(POOLED, ZERO + 16, 2)),
    "negative index": (ValueError, "from -1", lambda: max_unpool2d(POOLED, ZERO - 1, 2)),
    "output size": (
        ValueError,
        r"output_size is \(6, 4\); expected less than stride \(2, 2\) away from \(4, 4\)",
        lambda: max_unpool2d(POOLED, ZERO, 2, output_size=(6, 4)),
    ),
    "nothing left": (ValueError, "padding is 2", lambda: max_unpool2d(POOLED, ZERO, 2, 2, 2)),
    "one picture": (ValueError, r"\(2, 5, 6\); expected \(N", lambda: interpolate(X[0], 4)),
    "no size": (ValueError, "size is None, scale_factor None", lambda: interpolate(X)),
    "both": (ValueError, "size is 4, scale_factor 2", lambda: interpolate(X, 4, 2)),
    "size": (ValueError, "size is 0", lambda: interpolate(X, 0)),
    "three sizes": (TypeError, r"size is \(2, 2, 2\)", lambda: interpolate(X, (2, 2, 2))),
    "scale": (ValueError, "scale_factor is 0.1", lambda: interpolate(X, None, 0.1)),
    "three scales": (TypeError, "scale_factor", lambda: interpolate(X, None, (2, 2, 2))),
    "mode": (ValueError, "mode is 'cubic'", lambda: interpolate(X, 4, mode="cubic")),  # type: ignore
    "a size of one number": (TypeError, r"size is \(4,\)", lambda: interpolate(X, (4,))),
    "an output size of one number": (
        TypeError,
        r"output_size is \(4,\)",
        lambda: max_unpool2d(POOLED, ZERO, 2, output_size=(4,)),
    ),
    "integers to unpool": (TypeError, "x is torch.int64", lambda: max_unpool2d(ZERO, ZERO, 2)),
    "integers to resize": (TypeError, "x is torch.int64", lambda: interpolate(ZERO, 4)),
    "integers to average": (TypeError, "x is torch.int64", lambda: avg_pool2d(ZERO, 2)),
    "a factor with a size": (
        ValueError,
        "recompute_scale_factor is True with size",
        lambda: interpolate(X, 4, recompute_scale_factor=True),
    ),
    "smooth copies": (ValueError, "antialias is True", lambda: interpolate(X, 4, antialias=True)),
    "corners": (ValueError, "align_corners", lambda: interpolate(X, 4, align_corners=False)),
}


@pytest.mark.parametrize(("error", "message", "call"), OTHERS.values(), ids=list(OTHERS))
def test_other_wrong_arguments(error: type[Exception], message: str, call: Any) -> None:
    with pytest.raises(error, match=message):
        call()


def test_room_exports_the_module() -> None:
    from cvlib import layers

    for name in pooling.__all__:
        assert getattr(layers, name) is getattr(pooling, name)
