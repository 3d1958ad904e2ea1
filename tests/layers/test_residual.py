"""Residual blocks hold torchvision's state, give its numbers, and build its networks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Generator, Tensor, nn
from torchvision import models, ops
from torchvision.models import resnet

import cvlib
from cvlib import layers
from cvlib.layers.residual import (
    BasicBlock,
    Bottleneck,
    PaddedShortcut,
    PreActivationBlock,
    ProjectionShortcut,
    StochasticDepth,
    stochastic_depth,
)

DEVICE = cvlib.device()
random_cases = settings(deadline=None, max_examples=25, derandomize=True)
PAIRS = [(BasicBlock, resnet.BasicBlock), (Bottleneck, resnet.Bottleneck)]


def normal(*shape: int, seed: int = 0) -> Tensor:
    """Reproducible numbers, drawn by the CPU."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=generator, dtype=torch.float64).to(DEVICE)


def stir(model: nn.Module) -> None:
    """Give all parameters and statistics other numbers than those they begin with."""
    for number, value in enumerate([*model.parameters(), *model.buffers()]):
        if value.is_floating_point():
            value.data = normal(*value.shape, seed=number).abs() / 2 + 0.1


def assert_same(ours: nn.Module, theirs: nn.Module, x: Tensor) -> None:
    """After exchanging states: the same outputs, gradients and, in training, statistics."""
    stir(theirs)
    ours.load_state_dict(theirs.state_dict())
    for training in (True, False):
        results = []
        for model in (ours, theirs):
            model.train(training).zero_grad()
            leaf = x.clone().requires_grad_()
            y = model(leaf)
            y.backward(normal(*y.shape, seed=99))
            gradients = [p.grad for p in model.parameters()]
            results.append([y, leaf.grad, *gradients, *model.buffers()])
        assert len(results[0]) == len(results[1])
        for mine, reference in zip(*results, strict=True):
            torch.testing.assert_close(mine, reference, rtol=1e-9, atol=1e-9)
    theirs.load_state_dict(ours.state_dict())


@random_cases
@given(
    pair=st.sampled_from(PAIRS),
    inplanes=st.integers(1, 9),
    planes=st.integers(1, 4),
    stride=st.integers(1, 3),
    sides=st.tuples(st.integers(3, 8), st.integers(3, 8)),
)
def test_blocks_are_torchvisions(
    pair: tuple[Any, Any], inplanes: int, planes: int, stride: int, sides: tuple[int, int]
) -> None:
    outputs = planes * pair[0].expansion
    assert pair[0].expansion == pair[1].expansion
    blocks = []
    for block, convolution in zip(pair, (None, resnet.conv1x1), strict=True):
        down: nn.Module | None = None
        if stride > 1 or inplanes != outputs:
            down = (
                nn.Sequential(convolution(inplanes, outputs, stride), nn.BatchNorm2d(outputs))
                if convolution
                else ProjectionShortcut(inplanes, outputs, stride)
            )
        blocks.append(block(inplanes, planes, stride, down).double().to(DEVICE))
    ours, theirs = blocks
    assert_same(ours, theirs, normal(3, inplanes, *sides))


@pytest.mark.parametrize(
    ("groups", "base_width", "dilation"), [(4, 16, 1), (1, 128, 2), (2, 32, 3)]
)
def test_bottleneck_takes_groups_width_and_dilation(
    groups: int, base_width: int, dilation: int
) -> None:
    ours, theirs = (
        block(16, 4, groups=groups, base_width=base_width, dilation=dilation).double().to(DEVICE)
        for block in (Bottleneck, resnet.Bottleneck)
    )
    assert_same(ours, theirs, normal(2, 16, 7, 8))


@pytest.mark.parametrize("block", [BasicBlock, Bottleneck])
def test_blocks_take_another_normalization(block: Any) -> None:
    seen: list[int] = []

    def norm(channels: int) -> nn.Module:
        seen.append(channels)
        return layers.BatchNorm2d(channels)

    ours = block(8, 8 // block.expansion, norm_layer=norm)
    assert len(seen) == 2 + (block is Bottleneck)
    assert ours(torch.rand(2, 8, 4, 4)).shape == (2, 8, 4, 4)
    pre = PreActivationBlock(3, 5, norm_layer=norm, downsample=PaddedShortcut(3, 5))
    assert seen[-2:] == [3, 5]
    assert pre(torch.rand(2, 3, 4, 4)).shape == (2, 5, 4, 4)
    ProjectionShortcut(3, 6, norm_layer=norm)
    assert seen[-1] == 6


@pytest.mark.parametrize(
    ("name", "block", "blocks", "wider"),
    [
        ("resnet18", BasicBlock, [2, 2, 2, 2], {}),
        ("resnet50", Bottleneck, [3, 4, 6, 3], {}),
        ("resnext50_32x4d", Bottleneck, [3, 4, 6, 3], {"groups": 32, "width_per_group": 4}),
        ("wide_resnet50_2", Bottleneck, [3, 4, 6, 3], {"width_per_group": 128}),
    ],
)
def test_torchvisions_networks_can_be_built_of_our_blocks(
    name: str, block: Any, blocks: list[int], wider: dict[str, int]
) -> None:
    with torch.device("meta"):
        theirs = models.get_model(name, weights=None)
        ours = models.ResNet(block, blocks, **wider)
    assert {n: v.shape for n, v in ours.state_dict().items()} == {
        n: v.shape for n, v in theirs.state_dict().items()
    }
    assert layers.summarize(ours, (3, 64, 64)).macs == layers.summarize(theirs, (3, 64, 64)).macs


def test_resnet18_of_our_blocks_gives_torchvisions_numbers() -> None:
    ours = models.ResNet(BasicBlock, [2, 2, 2, 2], num_classes=10)
    theirs = models.resnet18(num_classes=10)
    theirs.load_state_dict(ours.state_dict())
    x = torch.rand(2, 3, 33, 35)
    torch.testing.assert_close(ours(x), theirs(x))
    torch.testing.assert_close(ours.eval()(x), theirs.eval()(x))


def test_a_block_without_a_branch_is_the_identity_or_its_positive_part() -> None:
    x = normal(2, 4, 5, 5)
    pre, post = PreActivationBlock(4, 4).double(), BasicBlock(4, 4).double()
    for weight in (pre.conv2.weight, post.bn2.weight):
        nn.init.zeros_(weight)  # type: ignore[arg-type]
    assert torch.equal(pre.to(DEVICE)(x), x)
    assert torch.equal(post.to(DEVICE)(x), x.relu())


@pytest.mark.parametrize("stride", [1, 2])
def test_pre_activation_is_normalization_relu_convolution_twice(stride: int) -> None:
    block = PreActivationBlock(3, 4, stride, ProjectionShortcut(3, 4, stride)).double().to(DEVICE)
    stir(block)
    x = normal(2, 3, 6, 7).requires_grad_()
    first = block.bn1(x).relu()
    expected = block.conv2(block.bn2(block.conv1(first)).relu()) + block.downsample(first)  # type: ignore[misc]
    torch.testing.assert_close(block(x), expected)
    (ours,) = torch.autograd.grad(block(x).square().sum(), x)
    (theirs,) = torch.autograd.grad(expected.square().sum(), x)
    torch.testing.assert_close(ours, theirs)


@random_cases
@given(st.integers(1, 4), st.integers(0, 4), st.integers(1, 3), st.integers(1, 7))
def test_padded_shortcut_is_a_projection_by_the_identity(
    channels: int, new: int, stride: int, side: int
) -> None:
    x = normal(2, channels, side, side + 1)
    weight = torch.eye(channels + new, channels, dtype=x.dtype, device=DEVICE)[..., None, None]
    projected = nn.functional.conv2d(x, weight, stride=stride)
    padded = PaddedShortcut(channels, channels + new, stride)
    assert torch.equal(padded(x), projected)
    assert torch.equal(padded(x[0]), projected[0])
    assert list(padded.parameters()) == []


# ---------------------------------------------------------------------------- stochastic depth


@random_cases
@given(
    shape=st.lists(st.integers(1, 4), min_size=1, max_size=4),
    p=st.sampled_from([0.0, 0.1, 0.5, 0.9, 1.0]),
    mode=st.sampled_from(["row", "batch"]),
    training=st.booleans(),
    dtype=st.sampled_from([torch.float32, torch.float64, torch.bfloat16]),
)
def test_stochastic_depth_is_torchvisions_from_the_same_seed(
    shape: list[int], p: float, mode: str, training: bool, dtype: torch.dtype
) -> None:
    results = []
    for function in (stochastic_depth, ops.stochastic_depth):
        torch.manual_seed(3)
        x = normal(*shape).to(dtype).requires_grad_()
        y = function(x, p, mode, training)
        y.backward(torch.ones_like(y))
        results.append((y, x.grad))
    for mine, reference in zip(*results, strict=True):
        assert mine is not None
        assert reference is not None
        assert torch.equal(mine, reference)


@pytest.mark.parametrize("mode", ["row", "batch"])
def test_the_layer_is_torchvisions(mode: str) -> None:
    ours, theirs = StochasticDepth(0.4, mode), ops.StochasticDepth(0.4, mode)
    assert repr(ours) == repr(theirs)
    x = normal(5, 2, 3)
    for training in (True, False):
        results = []
        for layer in (ours, theirs):
            torch.manual_seed(1)
            results.append(torch.stack([layer.train(training)(x) for _ in range(4)]))
        assert torch.equal(*results)


@pytest.mark.parametrize(("mode", "choices"), [("row", 2**3), ("batch", 2)])
def test_rows_are_chosen_alone_and_a_batch_together(mode: str, choices: int) -> None:
    generator = Generator().manual_seed(0)
    draws = {
        tuple(stochastic_depth(torch.ones(3, 2), 0.5, mode, generator=generator).flatten().tolist())
        for _ in range(200)
    }
    assert len(draws) == choices
    assert all(draw[::2] == draw[1::2] for draw in draws)  # a row stays or goes as a whole


@pytest.mark.parametrize("p", [0.2, 0.5, 0.8])
def test_the_mean_stays(p: float) -> None:
    n = 100_000
    y = stochastic_depth(torch.ones(n), p, "row", generator=Generator().manual_seed(0))
    assert abs(float(y.mean()) - 1) < 4 * (p / (1 - p) / n) ** 0.5
    assert sorted(set(y.tolist())) == pytest.approx([0, 1 / (1 - p)])


def test_a_generator_on_the_cpu_serves_every_device() -> None:
    draws = [
        stochastic_depth(
            torch.ones(9, device=place), 0.5, "row", generator=Generator().manual_seed(0)
        ).cpu()
        for place in ("cpu", DEVICE)
    ]
    assert torch.equal(*draws)


# ---------------------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (
            lambda: BasicBlock(8, 8, groups=2),
            ValueError,
            "groups, base_width, dilation are 2, 64, 1",
        ),
        (lambda: BasicBlock(8, 8, dilation=2), ValueError, "expected 1, 64, 1"),
        (lambda: BasicBlock(0, 8), ValueError, "inplanes is 0; expected at least 1"),
        (lambda: BasicBlock(8, 8, stride=0), ValueError, "stride is 0"),
        (lambda: Bottleneck(8, 2.5), TypeError, "planes is 2.5; expected an integer"),  # type: ignore[arg-type]
        (lambda: PreActivationBlock(8, -1), ValueError, "planes is -1"),
        (lambda: PaddedShortcut(8, 4), ValueError, "planes is 4; expected at least 8"),
        (lambda: PaddedShortcut(8, 8, 0), ValueError, "stride is 0"),
        (
            lambda: StochasticDepth(1.5, "row"),
            ValueError,
            "p is 1.5; expected a number from 0 to 1",
        ),
        (lambda: StochasticDepth(0.5, "rows"), ValueError, "expected 'row' or 'batch'"),
        (lambda: stochastic_depth(torch.ones(2), -0.1, "row"), ValueError, "p is -0.1"),
        (lambda: stochastic_depth(torch.ones(2), 0.1, "column"), ValueError, "mode is 'column'"),
        (lambda: stochastic_depth(torch.tensor(1.0), 0.1, "row"), ValueError, "a single number"),
        (lambda: stochastic_depth(torch.arange(3), 0.1, "row"), TypeError, "x is torch.int64"),
    ],
)
def test_what_cannot_be_is_refused(
    call: Callable[[], object], kind: type[Exception], message: str
) -> None:
    with pytest.raises(kind) as refused:
        call()
    assert message in str(refused.value)
