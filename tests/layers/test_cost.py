"""Costs against torch's own counter, counted parameters and published numbers."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, fx, nn
from torch.utils.flop_counter import FlopCounterMode, register_flop_formula
from torchvision import models
from torchvision.ops import DeformConv2d

import cvlib
from cvlib.layers import cost
from cvlib.layers.cheaper import ways_to_see_seven
from cvlib.layers.cost import Summary, summarize

DEVICE = cvlib.device()
random_cases = settings(deadline=None, max_examples=40, derandomize=True)


def counted(model: nn.Module, size: tuple[int, ...]) -> int:
    """Ask torch for the FLOPs, with gradients: without, it fuses what its counter cannot see."""
    place = next(iter(model.parameters()), torch.empty(0)).device
    with FlopCounterMode(display=False) as counter:
        model.eval()(torch.zeros(1, *size, device=place))
    return counter.get_total_flops()


def assert_true(summary: Summary, model: nn.Module, size: tuple[int, ...]) -> None:
    assert summary.flops == 2 * summary.macs == counted(model, size)
    numbers = sum(parameter.numel() for parameter in model.parameters())
    assert summary.parameters == sum(row.parameters for row in summary.layers) == numbers


@st.composite
def networks(draw: st.DrawFn) -> tuple[nn.Module, tuple[int, int, int]]:
    """A random network of up to three blocks with a fully connected end, and its input's size."""
    channels, size = draw(st.integers(1, 4)), (draw(st.integers(9, 14)), draw(st.integers(9, 14)))
    first, layers = channels, []
    for _ in range(draw(st.integers(1, 3))):
        groups = draw(st.sampled_from([g for g in range(1, 5) if channels % g == 0]))
        maps = groups * draw(st.integers(1, 3))
        settings_ = {
            "kernel_size": (draw(st.integers(1, 3)), draw(st.integers(1, 3))),
            "stride": draw(st.integers(1, 2)),
            "padding": (draw(st.integers(2, 3)), draw(st.integers(2, 3))),
            "dilation": draw(st.integers(1, 2)),
            "groups": groups,
            "bias": draw(st.booleans()),
        }
        kind = draw(st.sampled_from([nn.Conv2d, nn.Conv2d, nn.ConvTranspose2d]))
        if kind is nn.ConvTranspose2d:
            settings_["padding"] = 0
        layers.append(kind(channels, maps, **settings_))
        channels = maps
        layers.append(
            draw(
                st.sampled_from(
                    [
                        nn.Identity(),
                        nn.Dropout(),
                        nn.ReLU(inplace=True),
                        nn.GELU(),
                        nn.BatchNorm2d(channels),
                        nn.GroupNorm(1, channels),
                        nn.MaxPool2d(2, padding=1),
                        nn.AvgPool2d(2, stride=1, ceil_mode=True),
                        nn.AdaptiveAvgPool2d((5, 4)),
                    ]
                )
            )
        )
    layers += [nn.Flatten(), nn.LazyLinear(draw(st.integers(1, 5)))]
    model = nn.Sequential(*layers).eval()
    with torch.no_grad():
        model(torch.zeros(1, first, *size))
    return model, (first, *size)


@random_cases
@given(networks())
def test_random_networks_cost_what_torch_counts(case: tuple[nn.Module, tuple[int, ...]]) -> None:
    model, size = case
    summary = summarize(model, size)
    assert_true(summary, model, size)
    x = torch.zeros(1, *size)
    for row, layer in zip(summary.layers, model, strict=True):
        below, x = x, layer(x.clone())
        assert (row.kind, row.output_shape) == (type(layer).__name__, x.shape[1:])
        assert row.parameters == sum(p.numel() for p in layer.parameters())
        if isinstance(layer, nn.Conv2d):
            rows, columns = layer.kernel_size
            weights = below.shape[1] * rows * columns // layer.groups
            assert row.parameters == (weights + (layer.bias is not None)) * x.shape[1]
            assert row.macs == weights * x[0].numel()
        same_memory = isinstance(layer, nn.Identity | nn.Dropout | nn.Flatten)
        if not same_memory and not isinstance(layer, nn.ReLU):
            assert row.activation_bytes == 4 * x.numel()


PUBLISHED = {  # parameters, MACs, receptive field and jump of the last feature map
    "alexnet": (61_100_840, 714_188_480, 195, 32),
    "resnet18": (11_689_512, 1_814_073_344, 435, 32),
    "mobilenet_v2": (3_504_872, 300_774_272, 491, 32),
    "squeezenet1_1": (1_235_496, 349_151_936, None, None),
    "shufflenet_v2_x0_5": (1_366_792, 40_476_448, None, None),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_networks(name: str) -> None:
    parameters, macs, size, jump = PUBLISHED[name]
    with torch.device("meta"):
        model = models.get_model(name, weights=None)
    summary = summarize(model, (3, 224, 224))
    assert (summary.parameters, summary.macs) == (parameters, macs)
    assert_true(summary, model, (3, 224, 224))
    documented = models.get_model_weights(name).DEFAULT.meta
    assert documented["num_params"] == parameters
    assert documented["_ops"] == pytest.approx(macs / 1e9, abs=6e-4)
    maps = [row.receptive_field for row in summary.layers if len(row.output_shape) == 3]
    assert all(maps)
    if size is not None:
        fields = [field for field in maps if field is not None and field.jump == (jump, jump)]
        assert fields[-1].size == (size, size)


class Branching(nn.Module):
    """Functions, a shared layer, a parameter of its own, attention and a loop."""

    def __init__(self) -> None:
        super().__init__()
        self.shared = nn.Conv2d(4, 4, 3, padding=1)
        self.scale = nn.Parameter(torch.ones(1, 4, 1, 1))
        self.attention = nn.MultiheadAttention(4, 2, batch_first=True)
        self.spare = nn.Linear(3, 3)

    def forward(self, x: Tensor) -> Tensor:
        for _ in range(3):
            x = x + self.scale * F.relu(self.shared(x))
        x = torch.cat([x, F.conv2d(x, torch.ones(2, 2, 3, 3), padding=1, groups=2)], dim=1)
        x = x[:, :4].flatten(2).transpose(1, 2)
        return self.attention(x, x, x, need_weights=False)[0]


def test_functions_branches_and_shared_layers_count() -> None:
    model, size = Branching(), (4, 6, 6)
    summary = summarize(model, size)
    assert summary.flops == counted(model, size)
    shared = [row for row in summary.layers if row.name == "shared"]
    assert [row.parameters for row in shared] == [148, 0, 0]
    assert len({row.macs for row in shared}) == 1
    assert shared[0].macs == 4 * 4 * 9 * 36
    assert summary.parameters == sum(p.numel() for p in model.parameters())
    assert summary.parameters - sum(row.parameters for row in summary.layers) == 12
    assert "(not used)" in str(summary)
    assert [row.kind for row in summary.layers[:4]] == ["Conv2d", "relu", "mul", "add"]
    assert summary.layers[-1].receptive_field is None


def test_tied_weights_count_once() -> None:
    model = nn.Sequential(nn.Linear(5, 5, bias=False), nn.Linear(5, 5, bias=False))
    model[1].weight = model[0].weight
    summary = summarize(model, (5,))
    assert [row.parameters for row in summary.layers] == [25, 0]
    assert (summary.parameters, summary.macs) == (25, 50)


class Calls(nn.Module):
    """A function of the input, and of modules."""

    def __init__(self, function: Callable[..., Tensor], *modules: nn.Module) -> None:
        super().__init__()
        self.function, self.parts = function, nn.ModuleList(modules)

    def forward(self, x: Tensor) -> Tensor:
        return self.function(x, *self.parts)


def rows_of(layer: nn.Module) -> nn.Module:
    """A recurrent layer that reads a picture's rows."""
    return nn.Sequential(nn.Flatten(0, 1), layer)


BLOCK = nn.TransformerEncoderLayer(64, 4, 128, batch_first=True)
ATTENTION = nn.MultiheadAttention(64, 4, batch_first=True)
IMAGE, ROWS = (3, 8, 8), (1, 28, 28)
FUSED: dict[str, tuple[nn.Module, tuple[int, ...], int]] = {
    # Four projections, two products with the weights of attention, two layers of 128.
    "block": (BLOCK, (16, 64), 16 * (4 * 64 * 64 + 2 * 16 * 64 + 2 * 64 * 128)),
    "two blocks": (nn.TransformerEncoder(BLOCK, 2), (16, 64), 2 * 557_056),
    "norm first": (
        nn.TransformerEncoderLayer(64, 4, 128, batch_first=True, norm_first=True),
        (16, 64),
        557_056,
    ),
    "attention": (
        Calls(lambda x, a: a(x, x, x)[0], ATTENTION), (16, 64), 16 * (4 * 64 * 64 + 2 * 16 * 64),
    ),
    # Each weight of a matrix once per step.
    "LSTM": (rows_of(nn.LSTM(28, 64, batch_first=True)), ROWS, 28 * 4 * 64 * (28 + 64)),
    "GRU": (rows_of(nn.GRU(28, 64, batch_first=True)), ROWS, 28 * 3 * 64 * (28 + 64)),
    "RNN": (rows_of(nn.RNN(28, 64)), ROWS, 28 * 64 * (28 + 64)),
    "two LSTMs, both ways": (
        rows_of(nn.LSTM(28, 8, 2, bidirectional=True, batch_first=True)),
        ROWS,
        28 * 2 * 4 * 8 * ((28 + 8) + (16 + 8)),
    ),
    "LSTM of parts": (
        rows_of(nn.LSTM(28, 8, proj_size=3)), ROWS, 28 * (4 * 8 * (28 + 3) + 3 * 8),
    ),
    "LSTM cell": (nn.LSTMCell(28, 64), (28,), 4 * 64 * (28 + 64)),
    "bilinear": (Calls(lambda x, f: f(x, x[..., :4]), nn.Bilinear(6, 4, 7)), (5, 6), 5 * 6 * 4 * 7),
    "matrix times vector": (Calls(lambda x: torch.ones(7, 5) @ x[0]), (5,), 35),
    "matrices times vector": (Calls(lambda x: x @ torch.ones(5)), (3, 4, 5), 60),
    "plus a vector": (Calls(lambda x: torch.ones(7).addmv(torch.ones(7, 5), x[0])), (5,), 35),
    "dot": (Calls(lambda x: torch.dot(x[0], torch.ones(5))), (5,), 5),
    "inner": (Calls(lambda x: torch.inner(x, torch.ones(5))), (4, 5), 20),
    "sum of products": (
        Calls(lambda x: torch.addbmm(torch.ones(4, 2), x[0], torch.ones(3, 5, 2))[None]),
        (3, 4, 5),
        3 * 4 * 5 * 2,
    ),
    "einsum": (Calls(lambda x: torch.einsum("nij,jk->nik", x, torch.ones(5, 6))), (4, 5), 120),
    "few distances": (Calls(lambda x: torch.cdist(x, torch.ones(3, 5))), (4, 5), 4 * 3 * 5),
    "many distances": (Calls(lambda x: torch.cdist(x, torch.ones(30, 5))), (40, 5), 40 * 30 * 5),
    "absolute distances": (Calls(lambda x: torch.cdist(x, torch.ones(3, 5), p=1)), (4, 5), 0),
    "distances of pairs": (Calls(lambda x: torch.pdist(x[0])), (4, 5), 6 * 5),
    "deformable": (
        Calls(lambda x, f: f(x, torch.zeros(1, 18, 6, 6)), DeformConv2d(3, 4, 3)),
        IMAGE,
        4 * 3 * 9 * 36,
    ),
    "time, batch, channels": (
        Calls(lambda x: torch.conv_tbc(x.movedim(1, 0), torch.ones(3, 8, 6), torch.ones(6))),
        (5, 8),
        3 * 8 * 6 * 3,
    ),
}  # fmt: skip


@pytest.mark.parametrize(("model", "size", "macs"), FUSED.values(), ids=list(FUSED))
@pytest.mark.parametrize("training", [True, False])
def test_what_torch_fuses_counts(
    model: nn.Module, size: tuple[int, ...], macs: int, training: bool
) -> None:
    assert summarize(model.train(training), size).macs == macs
    assert torch.backends.mha.get_fastpath_enabled()
    assert model.training == training


def test_a_vision_transformer_counts_alike_wherever_it_runs() -> None:
    """torchvision documents 17.56 G; in evaluation, its blocks run as one operation each."""
    size = (3, 32, 32)
    made = {"patch_size": 16, "num_heads": 4, "hidden_dim": 32, "mlp_dim": 64, "num_layers": 2}
    small = models.VisionTransformer(image_size=32, **made)
    places, d = 5, 32
    block = places * (4 * d * d + 2 * places * d + 2 * d * 64)
    patches, head = 4 * 3 * 16 * 16 * d, d * 1000
    assert summarize(small, size).macs == 2 * block + patches + head
    with torch.device("meta"):
        assert (
            summarize(models.VisionTransformer(image_size=32, **made), size).macs
            == summarize(small, size).macs
        )
        large = models.vit_b_16(weights=None)
    documented = models.ViT_B_16_Weights.DEFAULT.value  # of the weights for 384 pixels or 224
    macs = summarize(large, (3, 224, 224)).macs
    assert macs == 17_563_828_224
    assert documented.meta["_ops"] == pytest.approx(macs / 1e9, abs=6e-3)


def test_an_operation_whose_formula_torch_knows_counts() -> None:
    """Operations of one's own are told to torch's counter, and to this one with it."""

    @torch.library.custom_op("cvlib_test::product", mutates_args=())
    def product(x: Tensor, y: Tensor) -> Tensor:
        return x @ y

    @register_flop_formula(torch.ops.cvlib_test.product)
    def flops(x: Any, y: Any, *_: Any, **__: Any) -> int:
        return 2 * x[0] * x[1] * y[1]

    model = Calls(lambda x: torch.ops.cvlib_test.product(x, torch.ones(5, 6)))
    assert summarize(model, (5,)).macs == 30


class Counting(nn.Module):
    """A layer that counts its calls in a buffer and remembers its mode."""

    calls: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("calls", torch.zeros(()))
        self.modes: list[bool] = []

    def forward(self, x: Tensor) -> Tensor:
        self.calls += 1
        self.modes.append(self.training)
        return x


def small() -> nn.Module:
    return nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Flatten(), nn.Linear(72, 3))


@pytest.mark.parametrize(
    "wrap",
    [
        nn.DataParallel,
        lambda model: nn.DataParallel(nn.DataParallel(model)),
        lambda model: torch.compile(model),
        lambda model: nn.DataParallel(torch.compile(model)),
        fx.symbolic_trace,
    ],
    ids=["parallel", "twice", "compiled", "both", "traced"],
)
def test_a_wrapper_costs_nothing(wrap: Callable[[nn.Module], nn.Module]) -> None:
    assert summarize(wrap(small()), (1, 8, 8)) == summarize(small(), (1, 8, 8))


@pytest.mark.parametrize("inside", [False, True])
@pytest.mark.parametrize(
    "wrap",
    [
        torch.jit.script,
        lambda model: torch.jit.trace(model.eval(), torch.zeros(1, 1, 8, 8)),
        lambda model: torch.jit.freeze(torch.jit.script(model.eval())),
    ],
    ids=["scripted", "traced", "frozen"],
)
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_a_scripted_network_counts(wrap: Callable[[nn.Module], nn.Module], inside: bool) -> None:
    expected, model = summarize(small(), (1, 8, 8)), wrap(small())
    summary = summarize(nn.Sequential(model) if inside else model, (1, 8, 8))
    assert summary.macs == expected.macs == 864
    assert summary.parameters in (expected.parameters, 0)  # frozen, they are constants
    assert summary.layers[-1].receptive_field == expected.layers[-1].receptive_field
    assert summary.layers[-1].output_shape == (3,)


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_a_scripted_network_stays_as_it_was() -> None:
    model = torch.jit.trace(
        nn.Sequential(Counting(), nn.Dropout()), torch.zeros(1, 3), check_trace=False
    )
    before = int(model.state_dict()["0.calls"])
    summarize(model, (3,))
    assert model.training
    assert int(model.state_dict()["0.calls"]) == before
    model(torch.zeros(1, 3))
    assert int(model.state_dict()["0.calls"]) == before + 1


@pytest.mark.parametrize("fails", [False, True])
def test_the_model_stays_as_it_was(fails: bool) -> None:
    called = []
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), Counting(), nn.Dropout())
    model[1].eval()
    model[0].register_forward_hook(lambda *_: called.append(1))
    before = copy.deepcopy(model.state_dict())
    hooks = [dict(layer._forward_hooks) for layer in model]
    flags = [layer.training for layer in model]
    if fails:
        with pytest.raises(ValueError, match=r"\(1, 2, 2\).* in 0 \(Conv2d\)"):
            summarize(model, (1, 2, 2))
    else:
        summarize(model, (1, 8, 8))
        assert model[2].modes == [False]
        assert called == [1]
    assert all(map(torch.equal, before.values(), model.state_dict().values()))
    assert [layer.training for layer in model] == flags == [True, False, True, True]
    assert [dict(layer._forward_hooks) for layer in model] == hooks
    assert all(parameter.grad is None for parameter in model.parameters())
    from torch.nn.modules import module

    assert not module._global_forward_hooks
    assert not module._global_forward_pre_hooks
    assert torch.is_grad_enabled()


def test_every_device_and_dtype_counts_alike() -> None:
    def build() -> nn.Module:
        return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(144, 2))

    with torch.device("meta"):
        on_meta = summarize(build(), (3, 8, 8))
    assert summarize(build().to(DEVICE), (3, 8, 8)) == on_meta
    double = summarize(build().double(), (3, 8, 8))
    assert double.activation_bytes == 2 * on_meta.activation_bytes
    with torch.inference_mode():
        assert summarize(build(), (3, 8, 8)) == on_meta


def test_memory_counts_where_there_is_new_memory() -> None:
    model = nn.Sequential(nn.ReLU(), nn.ReLU(inplace=True), nn.Flatten(), nn.Dropout())
    rows = summarize(model, (2, 3, 5)).layers
    assert [row.activation_bytes for row in rows] == [120, 0, 0, 0]


def test_shown_as_data_as_text_and_as_html() -> None:
    model = nn.Sequential(nn.Conv2d(1, 2, (3, 5), stride=(1, 2)), nn.Flatten())
    summary = summarize(model, (1, 8, 9))
    row = asdict(summary)["layers"][0]
    assert row["output_shape"] == (2, 6, 3)
    assert row["receptive_field"] == {"size": (3, 5), "jump": (1, 2), "start": (0, 0)}
    assert summary.layers[0].flops == 2 * row["macs"] == 2 * 15 * 36
    lines = str(summary).splitlines()
    words = "0 Conv2d 2 × 6 × 3 32 540 144 3 × 5 1 × 2 0"
    assert " ".join(lines[1].split()) == words
    assert lines[-1].split() == ["total", "32", "540", "144"]
    html = summary._repr_html_()
    assert html.count("<tr>") == len(lines) == 4
    assert ">3 × 5</td>" in html


def test_names_are_escaped() -> None:
    class Odd(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x

    Odd.__name__ = "<b>"
    assert "&lt;b&gt;" in summarize(Odd(), (2,))._repr_html_()


def no_pictures() -> dict[str, Any]:
    lazy = nn.Sequential(nn.LazyLinear(3))
    small = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Sequential(nn.ReLU(), nn.Conv2d(5, 4, 3)))
    return {
        "no model": (TypeError, "model is a function; expected a torch.nn.Module", F.relu, (3,)),
        "a number": (TypeError, "input_size is 28; expected integers", nn.ReLU(), 28),
        "nothing": (TypeError, r"input_size is \(\)", nn.ReLU(), ()),
        "a fraction": (TypeError, "input_size is 1.5; expected an integer", nn.ReLU(), (1, 1.5)),
        "an empty side": (ValueError, "input_size is 0; expected at least 1", nn.ReLU(), (3, 0)),
        "lazy": (ValueError, "parameters without a shape", lazy, (3,)),
        "channels": (ValueError, r"\(3, 9, 9\).* in 1.1 \(Conv2d\): ", small, (3, 9, 9)),
    }


@pytest.mark.parametrize(
    ("error", "message", "model", "size"), no_pictures().values(), ids=list(no_pictures())
)
def test_wrong_arguments_are_named(
    error: type[Exception], message: str, model: Any, size: Any
) -> None:
    with pytest.raises(error, match=message):
        summarize(model, size)


def test_every_way_to_see_seven_sees_seven() -> None:
    ways = ways_to_see_seven(16)
    macs = {}
    for name, way in ways.items():
        summary = summarize(way, (16, 12, 12))
        assert_true(summary, way, (16, 12, 12))
        field, macs[name] = summary.layers[-1].receptive_field, summary.macs
        assert field is not None
        assert field.size == (7, 7), name
        assert field.start == (-3, -3)
        side = 12 // field.jump[0]
        assert summary.layers[-1].output_shape == (16, side, side)
    assert max(macs, key=macs.__getitem__) == "7 × 7"
    with pytest.raises(ValueError, match="channels is 12; expected a multiple of 8"):
        ways_to_see_seven(12)
    with pytest.raises(TypeError, match=r"channels is 8\.0"):
        ways_to_see_seven(8.0)  # type: ignore[arg-type]


def test_room_exports_the_module() -> None:
    from cvlib import layers

    for name in cost.__all__:
        assert getattr(layers, name) is getattr(cost, name)
