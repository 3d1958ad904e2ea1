"""Half precision against single precision, and own layers under automatic mixed precision."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
import torch.nn.functional as F
import torchvision
from torch import Tensor, nn

import cvlib
from cvlib import layers
from cvlib.layers import precision
from cvlib.training import losses
from tests.layers.drawn import normal

DEVICE = cvlib.device()
HALVES = [torch.float16, torch.bfloat16]


def full(value: float, *shape: int) -> Tensor:
    return torch.full(shape, value, dtype=torch.float16, device=DEVICE)


def numbers(*values: float) -> Tensor:
    return torch.tensor(values, dtype=torch.float16, device=DEVICE)


def pm(size: float) -> Tensor:
    """Two examples of one channel, whose squares float16 does not hold."""
    return numbers(-size, size).view(2, 1)


def opposite() -> Tensor:
    """A kernel of two rows whose products cancel."""
    return numbers(400, -400).view(1, 1, 2, 1)


BEYOND: dict[str, tuple[Callable[[], Tensor], Any]] = {
    # batch, layer, group and instance normalization
    "batch": (lambda: layers.batch_norm(pm(300), None, None, training=True), [[-1], [1]]),
    "batch of 60,000": (
        lambda: layers.batch_norm(pm(60_000), None, None, training=True),
        [[-1], [1]],
    ),
    "many small ones": (
        lambda: layers.batch_norm(
            full(100, 800, 1).cumsum(0).clamp(max=150), None, None, training=True
        )[:1],
        [[-28.28125]],
    ),
    "evaluation": (
        lambda: layers.batch_norm(pm(60_000), numbers(-60_000), numbers(60_000)),
        [[0], [489.75]],
    ),
    "layer": (lambda: layers.layer_norm(pm(300).T, 2), [[-1, 1]]),
    "RMS": (lambda: layers.rms_norm(pm(300).T, 2), [[-1, 1]]),
    "group": (lambda: layers.group_norm(pm(300).T, 1), [[-1, 1]]),
    "instance": (lambda: layers.instance_norm(pm(300).T[None]), [[[-1, 1]]]),
    "response": (
        lambda: layers.local_response_norm(
            full(300, 1, 3, 1), 3, alpha=1.5, k=0, beta=0.5
        ).flatten(),
        [1, 0.8164, 1],
    ),
    # 64 products of 1,600, times 1/8
    "attention": (
        lambda: layers.scaled_dot_product_attention(
            full(40, 1, 64), full(40, 1, 64), full(1, 1, 1)
        ),
        [[1]],
    ),
    "weights": (lambda: layers.attention_weights(full(99, 1, 64), full(99, 2, 64)), [[0.5, 0.5]]),
    "heads": (
        lambda: layers.MultiheadAttention(64, 1).half().to(DEVICE)(*[full(40, 1, 64)] * 3)[1],
        [[1]],
    ),
    "average": (lambda: layers.avg_pool2d(full(100, 1, 1, 32, 32), 32).flatten(), [100]),
    "divisor": (
        lambda: layers.avg_pool2d(full(100, 1, 1, 32, 32), 32, divisor_override=102_400).flatten(),
        [1],
    ),
    "ceil": (
        lambda: layers.avg_pool2d(full(40_000, 1, 3, 3), 2, ceil_mode=True)[0, 1],
        [40_000] * 2,
    ),
    "bilinear": (
        lambda: layers.interpolate(full(60_000, 1, 1, 3, 3), (1, 4), mode="bilinear").flatten(),
        [60_000] * 4,
    ),
    # sums that are small again before they end
    "rows of a kernel": (
        lambda: layers.conv2d(full(200, 1, 2, 1), opposite()).flatten(),
        [0],
    ),
    "bias": (
        lambda: layers.conv2d(
            full(200, 1, 1, 1), full(400, 1, 1, 1, 1), numbers(-30_000)
        ).flatten(),
        [49_984],
    ),
    "loops": (
        lambda: layers.conv2d_loops(full(200, 1, 2, 1), opposite()).flatten(),
        [0],
    ),
    "transposed": (
        lambda: layers.conv_transpose2d(full(200, 1, 2, 1), opposite())[0, 1],
        [0],
    ),
    "separable": (
        lambda: layers.depthwise_separable(
            full(200, 1, 2, 1), opposite(), full(1, 1, 1, 1, 1)
        ).flatten(),
        [0],
    ),
    "deformed": (
        lambda: layers.deform_conv2d(
            full(200, 1, 1, 1), full(0, 2, 1, 1), full(400, 1, 1, 1, 1), numbers(-30_000)
        ).flatten(),
        [49_984],
    ),
    "linear": (lambda: layers.linear(full(200, 1), full(400, 1, 1), numbers(-30_000)), [49_984]),
    "gelu": (lambda: layers.gelu(numbers(-60_000, 300, 60_000)), [0, 300, 60_000]),
    "gelu by tanh": (lambda: layers.gelu(numbers(-60_000, 60_000), "tanh"), [0, 60_000]),
    "soft": (lambda: layers.soft_attention(full(60_000, 99), full(0, 99), 0), 60_000),
    # losses
    "cross entropy": (
        lambda: losses.cross_entropy(
            numbers(0, 60).expand(3000, 2), torch.zeros(3000, dtype=torch.int64, device=DEVICE)
        ),
        60,
    ),
    "weighted": (
        lambda: losses.cross_entropy(
            numbers(0, 60).expand(3000, 2),
            torch.zeros(3000, dtype=torch.int64, device=DEVICE),
            numbers(50, 50),
        ),
        60,
    ),
    "squares": (lambda: losses.mse_loss(numbers(300, *[0] * 9), full(0, 10)), 9000),
    "huber": (lambda: losses.huber_loss(numbers(300, *[0] * 9), full(0, 10), delta=400), 4500),
    "smooth": (lambda: losses.smooth_l1_loss(full(600, 3), full(0, 3), beta=500), 350),
    "yes or no": (
        lambda: losses.binary_cross_entropy_with_logits(full(60, 3000), full(0, 3000)),
        60,
    ),
    "probabilities": (
        lambda: losses.binary_cross_entropy(
            numbers(0, *[1] * 9), full(1, 10), weight=numbers(1000, *[1] * 9)
        ),
        10_000,
    ),
    "many classes": (lambda: losses.log_softmax(full(0, 70_000), 0)[:2], [-11.1562, -11.1562]),
    "logsumexp": (lambda: losses.logsumexp(full(0, 70_000), 0), 11.1562),
}


@pytest.mark.parametrize(("call", "expected"), BEYOND.values(), ids=list(BEYOND))
def test_what_lies_beyond_float16_on_the_way_does_no_harm(
    call: Callable[[], Tensor], expected: Any
) -> None:
    result = call()
    assert result.dtype == torch.float16
    wanted = torch.tensor(expected, dtype=torch.float16, device=DEVICE)
    torch.testing.assert_close(result, wanted, rtol=2e-3, atol=1e-3)


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "batch": lambda x, w, b: layers.batch_norm(x, None, None, w, b, training=True),
    "layer": lambda x, w, b: layers.layer_norm(x, (5, 6)),
    "group": lambda x, w, b: layers.group_norm(x, 2, w, b),
    "instance": lambda x, w, b: layers.instance_norm(x, None, None, w, b),
    "response": lambda x, w, b: layers.local_response_norm(x, 3, 1.0),
    "attention": lambda x, w, b: layers.scaled_dot_product_attention(x, x, x, is_causal=True),
    "average": lambda x, w, b: layers.avg_pool2d(x, 3, 2, 1),
    "bilinear": lambda x, w, b: layers.interpolate(x, 7, mode="bilinear"),
    "convolution": lambda x, w, b: layers.conv2d(x, x[:2, :, :3, :3], b[:2], padding=1),
    "transposed": lambda x, w, b: layers.conv_transpose2d(x, x[:4, :2, :3, :3], b[:2]),
    "linear": lambda x, w, b: layers.linear(x, x[0, 0]),
    "gelu": lambda x, w, b: layers.gelu(x),
    "soft": lambda x, w, b: layers.soft_attention(x, x, (2, 3)),
    "sampling": lambda x, w, b: layers.bilinear_sample(x, *2 * [x[:, 0].detach()]),
}


@pytest.mark.parametrize("dtype", HALVES, ids=str)
@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=list(FUNCTIONS))
def test_half_precision_is_rounded_once(function: Callable[..., Any], dtype: torch.dtype) -> None:
    """Forward and back, as if all were computed in float32 and rounded at the end."""
    arguments = [normal(6, 4, 5, 6), normal(4), normal(4, 1).flatten()]
    rounded = [argument.to(dtype) for argument in arguments]
    results = []
    for leaves in (rounded, [argument.float() for argument in rounded]):
        leaf = leaves[0].clone().requires_grad_()
        y = function(leaf, *leaves[1:])
        (slope,) = torch.autograd.grad(y, leaf, normal(*y.shape).to(dtype).to(y.dtype))
        results.append((y.detach(), slope))
    for mine, exact in zip(*results, strict=True):
        assert mine.dtype == dtype
        tolerance = torch.finfo(dtype).eps  # a gradient that has several uses is rounded for each
        torch.testing.assert_close(mine, exact.to(dtype), rtol=2 * tolerance, atol=8 * tolerance)


@pytest.mark.parametrize("dtype", HALVES, ids=str)
@pytest.mark.parametrize("size", [1, 300, 9000])
def test_the_backward_formula_is_computed_in_float32(dtype: torch.dtype, size: int) -> None:
    """The squares of 300 are no numbers of float16; the sum of 999 ones is none of bfloat16."""
    x, gradient = (size * normal(999, 2)).to(dtype), normal(999, 2).abs().to(dtype)
    weight = torch.full((2,), float(size), dtype=dtype, device=DEVICE)
    mine = layers.batch_norm_backward(gradient, x, weight)
    exact = layers.batch_norm_backward(gradient.float(), x.float(), weight.float())
    for one, other in zip(mine, exact, strict=True):
        assert one.dtype == dtype
        torch.testing.assert_close(one, other.to(dtype), rtol=0, atol=0)


@pytest.mark.parametrize("dtype", HALVES, ids=str)
@pytest.mark.parametrize(("old", "new"), [(300, 100), (2500, 900), (3000, 7)])
@pytest.mark.parametrize("options", [{}, {"antialias": True}, {"align_corners": True}], ids=str)
def test_places_in_long_pictures_are_exact_in_half_precision(
    dtype: torch.dtype, old: int, new: int, options: dict[str, bool]
) -> None:
    """bfloat16 counts to 256 and float16 to 2048 without leaving a number out."""
    x = normal(1, 1, 2, old).to(dtype)
    mine = layers.interpolate(x, (2, new), mode="bilinear", **options)
    exact = layers.interpolate(x.float(), (2, new), mode="bilinear", **options)
    torch.testing.assert_close(mine, exact.to(dtype), rtol=0, atol=0)


@pytest.mark.parametrize("dtype", HALVES, ids=str)
@pytest.mark.parametrize("kept", [torch.float32, None], ids=["single", "half"])
def test_running_statistics_move_where_they_are(dtype: torch.dtype, kept: Any) -> None:
    """In torch's layer the statistics of half precision may be of either kind, too."""
    x, expected = normal(8, 3, 2, 2).to(dtype), []
    for ours, torchs in (
        (layers.batch_norm, F.batch_norm),
        (layers.instance_norm, F.instance_norm),
    ):
        pairs = [[torch.zeros(3, device=DEVICE), torch.ones(3, device=DEVICE)] for _ in range(2)]
        mine = [tensor.to(kept or dtype) for tensor in pairs[0]]
        named = {"training": True} if ours is layers.batch_norm else {}
        y = ours(x, *mine, **named)
        expected = torchs(x.float(), *pairs[1], **named)
        torch.testing.assert_close(y, expected.to(dtype), rtol=1e-2, atol=1e-2)
        for moved, reference in zip(mine, pairs[1], strict=True):
            assert moved.dtype == (kept or dtype)
            torch.testing.assert_close(moved.float(), reference, rtol=1e-2, atol=1e-2)


X, C = torch.zeros(2, 4, 3, 3, device=DEVICE), torch.ones(4, device=DEVICE)
MIXED: dict[str, tuple[str, Callable[[], Any]]] = {
    "single and half": ("running_mean is torch.float16", lambda: layers.batch_norm(X, C.half(), C)),
    "half and double": (
        "weight is torch.float64",
        lambda: layers.layer_norm(X.half(), 3, C[:3].double()),
    ),
    "kernels": (
        "weight is torch.float32; expected torch.float16",
        lambda: layers.conv2d(X.half(), X[:1]),
    ),
    "matrix": ("weight is torch.float32", lambda: layers.linear(X.half(), X[0, 0])),
    "keys": ("key is torch.float16", lambda: layers.attention_weights(X, X.half())),
    "halves": ("key is torch.bfloat16", lambda: layers.attention_weights(X.half(), X.bfloat16())),
    "scores": ("scores is torch.float16", lambda: layers.soft_attention(X, X.half(), 0)),
    "target": ("target is torch.float64", lambda: losses.mse_loss(X.half(), X.double())),
}


@pytest.mark.parametrize(("message", "call"), MIXED.values(), ids=list(MIXED))
def test_other_mixtures_are_refused(message: str, call: Callable[[], Any]) -> None:
    with pytest.raises(TypeError, match=message):
        call()


# ---------------------------------------------------------------------------- mixed precision


class Calling(nn.Module):
    """A layer of one's own: a function, and the parameters that torch would keep in float32."""

    def __init__(self, function: Callable[..., Tensor], *shapes: tuple[int, ...]) -> None:
        super().__init__()
        parameters = [nn.Parameter(normal(*shape).float()) for shape in shapes]
        self.function, self.parts = function, nn.ParameterList(parameters)

    def forward(self, x: Tensor) -> Tensor:
        return self.function(x, *self.parts)


class Heads(nn.Module):
    """Attention of places to places, with a mask or without."""

    def __init__(self, attention: nn.Module, mask: Tensor | None) -> None:
        super().__init__()
        self.attention, self.mask = attention, mask

    def forward(self, x: Tensor) -> Tensor:
        places = x.flatten(2).mT
        mask = self.mask if self.mask is None else self.mask.to(x.device)
        return self.attention(places, places, places, attn_mask=mask)[0]


def pair(module: Any, *shapes: tuple[int, ...]) -> tuple[nn.Module, nn.Module]:
    """The same layer twice, of own functions and of torch's."""
    return Calling(lambda *given: module(layers, *given), *shapes), Calling(
        lambda *given: module(F, *given), *shapes
    )


def like(ours: nn.Module, torchs: nn.Module) -> tuple[nn.Module, nn.Module]:
    torchs.load_state_dict(ours.state_dict())
    return ours, torchs


def heads(mask: Tensor | None) -> tuple[nn.Module, nn.Module]:
    ours, torchs = (
        package.MultiheadAttention(4, 2, batch_first=True)  # type: ignore[attr-defined]
        for package in (layers, nn)
    )
    torchs.load_state_dict(ours.state_dict())
    return Heads(ours, mask), Heads(torchs, mask)


PAIRS: dict[str, Callable[[], tuple[nn.Module, nn.Module]]] = {
    "BatchNorm2d": lambda: like(layers.BatchNorm2d(4), nn.BatchNorm2d(4)),
    "BatchNorm2d, no statistics": lambda: (
        layers.BatchNorm2d(4, track_running_stats=False),
        nn.BatchNorm2d(4, track_running_stats=False),
    ),
    "SqueezeExcitation": lambda: like(
        layers.SqueezeExcitation(4, 2), torchvision.ops.SqueezeExcitation(4, 2)
    ),
    "MultiheadAttention": lambda: heads(None),
    "with a mask": lambda: heads(torch.ones(36, 36).triu(1) * -9),
    "with a mask of booleans": lambda: heads(torch.ones(36, 36).triu(1).bool()),
    "conv2d": lambda: pair(lambda f, x, w, b: f.conv2d(x, w, b), (5, 4, 3, 3), (5,)),
    "conv_transpose2d": lambda: pair(
        lambda f, x, w, b: f.conv_transpose2d(x, w, b, 2), (4, 5, 3, 3), (5,)
    ),
    "linear": lambda: pair(lambda f, x, w, b: f.linear(x, w, b), (5, 6), (5,)),
    "layer_norm": lambda: pair(lambda f, x, w, b: f.layer_norm(x, (6,), w, b), (6,), (6,)),
    "group_norm": lambda: pair(lambda f, x, w, b: f.group_norm(x, 2, w, b), (4,), (4,)),
    "instance_norm": lambda: pair(
        lambda f, x, w, b: f.instance_norm(x, None, None, w, b), (4,), (4,)
    ),
    "attention": lambda: pair(
        lambda f, x, k: f.scaled_dot_product_attention(x, k.expand_as(x), x), (6, 6)
    ),
}


@pytest.fixture(params=HALVES, ids=str)
def lower(request: pytest.FixtureRequest) -> Iterator[torch.dtype]:
    with torch.autocast(DEVICE.type, request.param):
        yield request.param


@pytest.mark.parametrize("before", ["single", "half"])
@pytest.mark.parametrize("make", PAIRS.values(), ids=list(PAIRS))
def test_layers_in_mixed_precision_do_what_torchs_do(
    make: Callable[[], tuple[nn.Module, nn.Module]], before: str, lower: torch.dtype
) -> None:
    """The input is float32, as at a network's beginning, or comes from a convolution of torch's."""
    x = normal(3, 4, 6, 6).to(lower if before == "half" else torch.float32)
    results = []
    for layer in make():
        layer.to(DEVICE).train()
        outputs = [layer(x), layer.eval()(x)]
        outputs[0].float().sum().backward()
        slopes = [p.grad for p in layer.parameters()]
        assert all(slope is not None and slope.isfinite().all() for slope in slopes)
        results.append((*outputs, *layer.buffers()))
    for mine, reference in zip(*results, strict=True):
        if mine.dtype.is_floating_point and mine.shape != (4,):
            assert mine.dtype in (lower, torch.float32)
        bound = 8 * torch.finfo(lower).eps
        torch.testing.assert_close(mine.float(), reference.float(), rtol=bound, atol=bound)


@pytest.mark.parametrize("before", ["single", "half"])
@pytest.mark.parametrize(
    "layer",
    [
        layers.SpatialAttention(3),
        layers.AttentionPool(4),
        Calling(lambda x, s: layers.soft_attention(x, s.expand_as(x), (2, 3)), (6, 6)),
        Calling(lambda x, s: layers.hard_attention(x, s.expand_as(x), 1, True), (6, 6)),
        Calling(lambda x, d, p: layers.depthwise_separable(x, d, p), (4, 1, 3, 3), (5, 4, 1, 1)),
        Calling(
            lambda x, o, w, b: layers.deform_conv2d(x, o, w, b),
            *((3, 18, 4, 4), (5, 4, 3, 3), (5,)),
        ),
        Calling(lambda x, r: layers.bilinear_sample(x, r, r), (3, 5)),
        Calling(lambda x, k: layers.attention_weights(x, k), (6, 6)),
    ],
    ids=lambda layer: type(layer).__name__,
)
def test_other_layers_run_in_mixed_precision(
    layer: nn.Module, before: str, lower: torch.dtype
) -> None:
    x = normal(3, 4, 6, 6).to(lower if before == "half" else torch.float32)
    layer.to(DEVICE)
    y = layer(x)
    y.float().sum().backward()
    assert all(p.grad is not None for p in layer.parameters())
    with torch.autocast(DEVICE.type, enabled=False):
        expected = layer(x.float())
    bound = 16 * torch.finfo(lower).eps
    torch.testing.assert_close(y.float(), expected, rtol=bound, atol=bound)


@pytest.mark.parametrize("name", ["mse_loss", "l1_loss", "huber_loss", "smooth_l1_loss"])
def test_losses_in_mixed_precision_are_float32(name: str, lower: torch.dtype) -> None:
    x, target = normal(3, 4).to(lower), normal(4, 3).T.float()
    results = [getattr(module, name)(x, target) for module in (losses, F)]
    assert results[0].dtype == torch.float32
    torch.testing.assert_close(results[0], results[1].float())


def test_cross_entropy_in_mixed_precision_is_float32(lower: torch.dtype) -> None:
    x, labels = normal(3, 4).to(lower), torch.tensor([0, 1, 3], device=DEVICE)
    weight, likely = torch.ones(4, device=DEVICE), normal(4, 3).T.float().softmax(1)
    for arguments in ((x, labels), (x, labels, weight), (x, likely)):
        mine, torchs = losses.cross_entropy(*arguments), F.cross_entropy(*arguments)
        assert mine.dtype == torch.float32
        torch.testing.assert_close(mine, torchs.float(), rtol=1e-2, atol=1e-2)
    yes = losses.binary_cross_entropy_with_logits(x, likely, pos_weight=weight)
    assert yes.dtype == torch.float32
    torch.testing.assert_close(yes, F.binary_cross_entropy_with_logits(x.float(), likely))


def test_double_precision_stays(lower: torch.dtype) -> None:
    """As in torch, which rounds no float64 where mixed precision is on."""
    x, weight = normal(2, 3, 4, 4), normal(5, 3, 2, 2)
    torch.testing.assert_close(layers.conv2d(x, weight), F.conv2d(x, weight))
    torch.testing.assert_close(
        layers.linear(x, weight[0, 0].repeat(1, 2)), F.linear(x, weight[0, 0].repeat(1, 2))
    )
    for made in (layers.group_norm(x, 3), layers.avg_pool2d(x, 2), losses.mse_loss(x, x)):
        assert made.dtype == torch.float64


def test_what_mixed_precision_does_not_know_stays() -> None:
    x = torch.zeros(1, 1, 4, 4, device="meta")
    assert layers.avg_pool2d(x, 2).shape == (1, 1, 2, 2)
    assert precision.lowered((x, 1, None), x) == (x, 1, None)


def test_the_name_the_arguments_and_the_words_stay() -> None:
    import inspect

    assert layers.conv2d.__name__ == "conv2d"
    assert list(inspect.signature(layers.conv2d).parameters)[:3] == ["x", "weight", "bias"]
    assert "Cross-correlate" in (layers.conv2d.__doc__ or "")
    with pytest.raises(TypeError, match="missing"):
        layers.conv2d()  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="x is a list"):
        layers.avg_pool2d([1], 2)  # type: ignore[arg-type]
