"""LeNet-5 against the paper's counts, and each of its parts against the formula written out."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors import safe_open
from torch.nn import functional as F

from cvlib.command_line import NETWORKS
from cvlib.data import mnist_sample
from cvlib.layers.cost import summarize
from cvlib.networks import LeNet5, checkpoint, pretrained
from cvlib.networks.lenet5 import (
    C3_TABLE,
    RadialBasis,
    Subsampling,
    TableConv2d,
    bitmaps,
    connections,
    lenet5_loss,
    scaled_tanh,
)
from cvlib.training import evaluate, fit, one_cycle

random_cases = settings(deadline=None, max_examples=30, derandomize=True)


def test_parameters_and_connections_are_the_papers() -> None:
    model = LeNet5()
    rows = {row.name: row for row in summarize(model, (1, 28, 28)).layers}
    parameters = {name: rows[name].parameters for name in connections(model)}
    assert parameters == {
        "c1": 156, "s2": 12, "c3": 1_516, "s4": 32, "c5": 48_120, "f6": 10_164, "output": 0,
    }  # fmt: skip
    assert sum(parameter.numel() for parameter in model.parameters()) == 60_000
    assert connections(model) == {
        "c1": 122_304, "s2": 5_880, "c3": 151_600, "s4": 2_000,
        "c5": 48_120, "f6": 10_164, "output": 840,
    }  # fmt: skip
    assert sum(connections(model).values()) == 340_908


def test_connections_are_the_numbers_that_a_layer_listens_to() -> None:
    """Count them another way: by the entries of each layer's derivative that are not zero."""
    torch.manual_seed(0)
    model, x = LeNet5(), torch.randn(1, 1, 32, 32)
    counts = {}
    for name, layer in model.named_children():
        x = x.flatten(1) if name == "f6" else x
        derivative = torch.autograd.functional.jacobian(layer, x, vectorize=True)
        support = int((derivative != 0).sum())
        x = layer(x)
        counts[name] = support + (0 if name == "output" else x.numel())
    assert counts == connections(model)


def test_shapes_layer_by_layer() -> None:
    rows = {row.name: row.output_shape for row in summarize(LeNet5(), (1, 28, 28)).layers}
    assert [rows[name] for name in ("c1", "s2", "c3", "s4", "c5", "f6", "output")] == [
        (6, 28, 28), (6, 14, 14), (16, 10, 10), (16, 5, 5), (120, 1, 1), (84,), (10,),
    ]  # fmt: skip


def test_the_table_is_as_the_paper_describes_it() -> None:
    assert [len(maps) for maps in C3_TABLE] == [3] * 6 + [4] * 9 + [6]
    for first in range(6):
        ring = [(first + step) % 6 for step in range(4)]
        assert set(C3_TABLE[first]) == set(ring[:3])
        assert set(C3_TABLE[6 + first]) == set(ring)
    assert C3_TABLE[12:] == ((0, 1, 3, 4), (1, 2, 4, 5), (0, 2, 3, 5), (0, 1, 2, 3, 4, 5))
    assert all(tuple(sorted(set(maps))) == maps for maps in C3_TABLE)
    # So that no two maps can learn the same, and each of S2 is seen ten times.
    assert len(set(C3_TABLE)) == 16
    assert [sum(seen in maps for maps in C3_TABLE) for seen in range(6)] == [10] * 6


@random_cases
@given(seed=st.integers(0, 999), height=st.integers(5, 9), width=st.integers(5, 9))
def test_c3_is_sixteen_convolutions(seed: int, height: int, width: int) -> None:
    torch.manual_seed(seed)
    layer, x = TableConv2d(C3_TABLE, kernel_size=5).double(), torch.randn(2, 6, height, width)
    kernels = list(layer.weight)
    expected = []
    for maps, bias in zip(C3_TABLE, layer.bias, strict=True):
        weight = torch.stack([kernels.pop(0) for _ in maps])[None]
        expected.append(F.conv2d(x.double()[:, list(maps)], weight, bias[None]))
    torch.testing.assert_close(layer(x.double()), torch.cat(expected, 1))
    assert not kernels


@random_cases
@given(
    seed=st.integers(0, 999),
    channels=st.integers(1, 7),
    height=st.integers(2, 9),
    width=st.integers(2, 9),
)
def test_subsampling_is_a_scaled_average(seed: int, channels: int, height: int, width: int) -> None:
    torch.manual_seed(seed)
    layer, x = Subsampling(channels).double(), torch.randn(2, channels, height, width).double()
    scale, shift = (values.reshape(-1, 1, 1) for values in (layer.weight, layer.bias))
    torch.testing.assert_close(layer(x), F.avg_pool2d(x, 2) * 4 * scale + shift)


@random_cases
@given(seed=st.integers(0, 999), pictures=st.integers(1, 4), classes=st.integers(1, 10))
def test_outputs_are_squared_distances(seed: int, pictures: int, classes: int) -> None:
    torch.manual_seed(seed)
    x, centres = torch.randn(pictures, 84).double(), bitmaps()[:classes].flatten(1).double()
    expected = torch.cdist(x, centres, compute_mode="donot_use_mm_for_euclid_dist").square()
    torch.testing.assert_close(RadialBasis(centres)(x), expected)


@random_cases
@given(
    seed=st.integers(0, 999),
    pictures=st.integers(1, 4),
    classes=st.integers(1, 10),
    j=st.floats(0, 30),
)
def test_the_loss_is_equation_9(seed: int, pictures: int, classes: int, j: float) -> None:
    torch.manual_seed(seed)
    distances = 20 * torch.rand(pictures, classes).double()
    labels = torch.randint(0, classes, (pictures,))
    total = 0.0
    for y, label in zip(distances.tolist(), labels.tolist(), strict=True):
        total += y[label] + math.log(math.exp(-j) + sum(math.exp(-value) for value in y))
    assert float(lenet5_loss(-distances, labels, j)) == pytest.approx(total / pictures, abs=1e-9)


def test_a_wrong_class_that_is_far_away_is_pushed_no_more() -> None:
    outputs = torch.tensor([[-1.0, -3.0, -30.0]], requires_grad=True)
    lenet5_loss(outputs, torch.tensor([0]), j=5).backward()
    assert outputs.grad is not None
    near, far = outputs.grad[0, 1:].tolist()
    assert near > 0.1
    assert 0 < far < 1e-9


def test_gradients() -> None:
    torch.manual_seed(0)
    table = TableConv2d(((0, 1), (1,), (0, 2)), kernel_size=3).double()
    basis = RadialBasis(torch.randn(3, 4).double())
    x = torch.randn(2, 3, 4, 4).double().requires_grad_()
    assert torch.autograd.gradcheck(table, x)
    assert torch.autograd.gradcheck(lambda _: table(x), table.weight)
    assert torch.autograd.gradcheck(Subsampling(3).double(), x)
    assert torch.autograd.gradcheck(basis, x[:, :, 0, 0].repeat(1, 2)[:, :4])
    labels = torch.tensor([2, 0])
    assert torch.autograd.gradcheck(lambda z: lenet5_loss(-z.square(), labels, 2), x[:, :, 0, 0])


def test_is_what_the_paper_writes_down() -> None:
    torch.manual_seed(0)
    model, x = LeNet5(), torch.rand(3, 1, 28, 28)
    w = model.state_dict()
    y = torch.full((3, 1, 32, 32), -0.1)
    y[:, :, 2:-2, 2:-2] = -0.1 + x * (1.175 + 0.1)
    y = scaled_tanh(F.conv2d(y, w["c1.weight"], w["c1.bias"]))
    y = scaled_tanh(model.s2(y))
    y = scaled_tanh(model.c3(y))
    y = scaled_tanh(model.s4(y)).reshape(3, 400)
    y = scaled_tanh(y @ w["c5.weight"].reshape(120, 400).T + w["c5.bias"])
    y = scaled_tanh(y @ w["f6.weight"].T + w["f6.bias"])
    distances = [[(row - digit.flatten()).square().sum() for digit in bitmaps()] for row in y]
    torch.testing.assert_close(model(x), -torch.stack([torch.stack(row) for row in distances]))


def test_scaled_tanh_keeps_one_where_its_curve_bends_most() -> None:
    x = torch.linspace(0, 3, 3001, dtype=torch.float64, requires_grad=True)
    assert scaled_tanh(x)[1000].item() == pytest.approx(1, abs=1e-4)
    (slope,) = torch.autograd.grad(scaled_tanh(x).sum(), x, create_graph=True)
    (bend,) = torch.autograd.grad(slope.sum(), x)
    assert x[bend.abs().argmax()].item() == pytest.approx(1, abs=0.02)


def test_the_drawings_are_ten_different_digits() -> None:
    drawn = bitmaps()
    assert drawn.shape == (10, 12, 7)
    assert set(drawn.unique().tolist()) == {-1.0, 1.0}
    differing = (drawn[:, None] != drawn[None]).sum((2, 3)) + 84 * torch.eye(10)
    assert int(differing.min()) >= 4


def test_parameters_are_drawn_as_the_paper_says() -> None:
    torch.manual_seed(0)
    model = LeNet5()
    parts = {
        25: [model.c1.weight, model.c1.bias],
        4: [model.s2.weight, model.s2.bias, model.s4.weight, model.s4.bias],
        75: [model.c3.weight[:18], model.c3.bias[:6]],
        100: [model.c3.weight[18:54], model.c3.bias[6:15]],
        150: [model.c3.weight[54:], model.c3.bias[15:]],
        400: [model.c5.weight, model.c5.bias],
        120: [model.f6.weight, model.f6.bias],
    }
    seen = 0
    for inputs, tensors in parts.items():
        values = torch.cat([tensor.detach().flatten() for tensor in tensors]) * inputs / 2.4
        assert 0.9 < float(values.abs().max()) <= 1
        seen += len(values)
    assert seen == 60_000


def test_each_layer_is_drawn_within_its_own_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """To the digit: 2.4 divided by the inputs of a unit, which a few draws would not tell apart."""
    drawn: list[tuple[int, float, float]] = []
    monkeypatch.setattr(
        torch.nn.init, "uniform_", lambda t, low, high: drawn.append((t.numel(), low, high))
    )
    Subsampling(6)
    TableConv2d([(0, 1, 2), (1, 2)], kernel_size=5)
    assert [count for count, *_ in drawn] == [6, 6, 75, 1, 50, 1]
    assert [2.4 / high for *_, high in drawn] == pytest.approx([4, 4, 75, 75, 50, 50])
    drawn.clear()
    LeNet5()
    assert all(low == -high for _, low, high in drawn)  # torch's own layers are drawn before
    last = drawn[-6:]
    assert [count for count, *_ in last] == [150, 6, 48_000, 120, 10_080, 84]
    assert [2.4 / high for *_, high in last] == pytest.approx([25, 25, 400, 400, 120, 120])


def test_the_drawings_are_no_parameters() -> None:
    model = LeNet5()
    assert "output.weight" not in dict(model.named_parameters())
    assert torch.equal(model.state_dict()["output.weight"], bitmaps().flatten(1))


def test_fewer_digits() -> None:
    assert LeNet5(num_classes=3)(torch.zeros(2, 1, 28, 28)).shape == (2, 3)


@pytest.mark.parametrize("number", [0, 11, 62])
def test_there_are_drawings_of_ten_digits_only(number: int) -> None:
    with pytest.raises(ValueError, match=f"num_classes is {number}; expected"):
        LeNet5(num_classes=number)


def test_wrong_arguments_are_named() -> None:
    outputs, labels = torch.zeros(1, 2), torch.tensor([0])
    with pytest.raises(ValueError, match="j is -1"):
        lenet5_loss(outputs, labels, j=-1)
    with pytest.raises(TypeError, match=r"torch\.int64; expected floating-point"):
        lenet5_loss(outputs.long(), labels)
    with pytest.raises(TypeError, match=r"num_classes is 2\.5; expected an integer"):
        LeNet5(num_classes=2.5)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="channels is 0"):
        Subsampling(0)
    with pytest.raises(ValueError, match="kernel_size is 0"):
        TableConv2d(C3_TABLE, kernel_size=0)


def test_learns_digits() -> None:
    train, test = mnist_sample().split(test=1000)
    torch.manual_seed(0)
    model = LeNet5()
    assert evaluate(model, test).accuracy < 0.2
    adam = torch.optim.Adam(model.parameters(), lr=0.01)
    fit(
        model,
        train,
        epochs=2,
        batch_size=32,
        optimizer=adam,
        schedule=one_cycle,
        loss=lenet5_loss,
    )
    assert evaluate(model, test).accuracy > 0.9


def test_the_command_line_trains_it_by_its_own_loss() -> None:
    network = NETWORKS["lenet5"]
    assert network.make is LeNet5
    assert network.loss is lenet5_loss


def test_checkpoint_is_what_it_says() -> None:
    train, test = mnist_sample().split(test=1000)
    with safe_open(checkpoint("lenet5"), framework="pt") as file:
        facts = file.metadata()
    assert facts["command"] == "python -m cvlib.networks lenet5 --seed 0"
    assert facts["data"] == train.source
    assert evaluate(pretrained("lenet5"), test).accuracy == float(facts["test_accuracy"]) >= 0.97
