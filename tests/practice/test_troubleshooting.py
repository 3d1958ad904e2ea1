"""The doctor finds each fault alone, suspects no sound network, and changes nothing."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils import prune

from cvlib.data import digits, mnist_sample
from cvlib.networks import MLP, LeNet, PlainNet, SmallResNet, TutorialNet, ViT, pretrained
from cvlib.networks.cifar10 import SMALL_WIDTHS
from cvlib.practice import diagnose

SMALL = digits()[:16]
X, Y = SMALL.images / 255, SMALL.labels


def small(*end: nn.Module, classes: int = 10) -> nn.Sequential:
    torch.manual_seed(0)
    layers = nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, classes)
    return nn.Sequential(nn.Flatten(), *layers, *end)


def sgd(model: nn.Module, lr: float = 0.1) -> torch.optim.Optimizer:
    return torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9)


@pytest.mark.parametrize(
    ("make", "channels", "side"),
    [
        (MLP, 1, 28),
        (lambda: MLP([], 10), 1, 28),
        (lambda: MLP((64,), batch_norm=True), 1, 28),
        (LeNet, 1, 28),
        (ViT, 1, 28),
        (TutorialNet, 3, 32),
        (lambda: PlainNet(SMALL_WIDTHS), 3, 32),
        (SmallResNet, 3, 32),
        (lambda: pretrained("lenet"), 1, 28),
        (lambda: pretrained("small_net").train(), 3, 32),
    ],
)
def test_sound_networks_are_left_in_peace(
    make: Callable[[], nn.Module], channels: int, side: int
) -> None:
    torch.manual_seed(1)
    model, sample = make(), mnist_sample()[range(0, 5000, 313)]
    pictures = F.pad(sample.images / 255, [(side - 28) // 2] * 4).expand(-1, channels, -1, -1)
    assert diagnose(model, pictures, sample.labels) == []


def test_a_sound_optimizer_and_other_losses_are_left_in_peace() -> None:
    model = small()
    assert diagnose(model, X, Y, optimizer=sgd(model)) == []
    assert diagnose(model, X, Y, nn.CrossEntropyLoss(label_smoothing=0.1)) == []
    assert diagnose(small(nn.LogSoftmax(1)), X, Y, nn.NLLLoss()) == []
    assert diagnose(model, X, F.one_hot(Y, 10).float()) == []
    assert diagnose(small(classes=1), X, Y[:, None].float(), F.mse_loss) == []
    assert diagnose(model, X[:1], Y[:1]) == []
    assert diagnose(model, X, Y.byte()) == []
    frozen = small()
    frozen[1].requires_grad_(False)
    head = torch.optim.SGD(frozen[3].parameters(), lr=0.1)
    assert diagnose(frozen, X, Y, optimizer=head) == []


@pytest.mark.parametrize("seed", range(40))
def test_two_outputs_above_0_are_no_ending(seed: int) -> None:
    """Of fresh networks of two classes, some answer all pictures with numbers above 0."""
    torch.manual_seed(seed)
    model = nn.Sequential(nn.Flatten(), nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 2))
    assert diagnose(model, X, Y % 2, steps=0) == []


def test_a_frozen_body_asleep_is_left_in_peace() -> None:
    body = nn.Sequential(small(), nn.BatchNorm1d(10, affine=False), nn.Dropout(0.1))
    model = nn.Sequential(body.requires_grad_(False).eval(), nn.Linear(10, 10))
    assert diagnose(model, X, Y, steps=0) == []
    (found,) = diagnose(model.train(), X, Y, steps=0)
    assert found.startswith("0.1 is frozen, but running statistics still move")
    body.requires_grad_(True).eval()
    (found,) = diagnose(model, X, Y, steps=0)
    assert found.startswith("0.1, 0.2 are in evaluation mode")


def test_a_loss_of_another_size_is_left_in_peace() -> None:
    assert diagnose(small(), X, Y, nn.CrossEntropyLoss(reduction="sum"), steps=0) == []
    assert diagnose(small(), X, Y, lambda o, t: 9 * F.cross_entropy(o, t), steps=0) == []
    (found,) = diagnose(loud(), X, Y, nn.CrossEntropyLoss(reduction="sum"), steps=0)
    assert "a network that knows nothing pays ln 10 = 2.303" in found


def test_few_labels_may_be_the_same_by_chance() -> None:
    assert diagnose(small(classes=2), X[:10], 0 * Y[:10], steps=0) == []
    assert diagnose(small(classes=2), X[:11], 0 * Y[:11], steps=0) == [
        "all 11 labels are 0; is the set sorted, and not shuffled?"
    ]
    assert diagnose(small(), X[:3], 0 * Y[:3], steps=0) == []


def test_gradients_of_a_penalty_stay_away_from_the_network() -> None:
    model = small()

    def penalized(outputs: Tensor, labels: Tensor) -> Tensor:
        size = torch.stack([each.pow(2).sum() for each in model.parameters()]).sum()
        return F.cross_entropy(outputs, labels) + 1e-4 * size

    assert diagnose(model, X, Y, penalized) == []
    assert all(each.grad is None for each in model.parameters())


def test_what_cannot_be_tried_is_told() -> None:
    model = small()
    prune.l1_unstructured(model[1], "weight", 0.5)
    (found,) = diagnose(model, X, Y)
    assert found.startswith("the network cannot be copied, so it is not tried: Only Tensors")

    class Picky(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            assert x.shape[-1] == 224, "expected 224 pixels"
            return x

    assert diagnose(Picky(), X, Y)[-1].startswith("the network refuses the batch: expected 224")
    model = small()
    assert diagnose(model, X, Y, optimizer=torch.optim.LBFGS(model.parameters())) == []


def test_maps_of_labels_are_understood() -> None:
    torch.manual_seed(0)
    model = nn.Conv2d(1, 2, 3, padding=1)
    labels = (X[:, 0] > 0.5).long()
    assert diagnose(model, X, labels) == []
    assert diagnose(model, X, labels + 1, steps=0) == [
        "the labels go from 1 to 2; 2 outputs know 0 to 1"
    ]
    assert diagnose(model, X, labels[:, 0], steps=0) == [
        "the labels have shape (16, 8); expected (16, 8, 8)"
    ]
    labels[labels == 0] = 255
    assert diagnose(model, X, labels, nn.CrossEntropyLoss(ignore_index=255), steps=0) == [
        f"all {int((labels == 1).sum())} labels are 1; is the set sorted, and not shuffled?"
    ]


def dead() -> nn.Sequential:
    model = small()
    nn.init.constant_(model[1].bias, -100.0)
    return model


def detached() -> nn.Module:
    class Cut(nn.Sequential):
        def forward(self, x: Tensor) -> Tensor:
            return self[1](self[0](x.flatten(1)).relu().detach())

    torch.manual_seed(0)
    return Cut(nn.Linear(64, 32), nn.Linear(32, 10))


def loud() -> nn.Sequential:
    model = small()
    nn.init.normal_(model[3].weight, std=20)
    return model


def poisoned() -> nn.Sequential:
    model = small()
    with torch.no_grad():
        model[3].bias[3] = math.nan
    return model


def asleep() -> nn.Sequential:
    model = small(nn.BatchNorm1d(10), nn.Dropout(0.1))
    model.eval()
    return model


def still_moving() -> nn.Sequential:
    model = nn.Sequential(nn.Flatten(), nn.BatchNorm1d(64), small())
    model[1].requires_grad_(False)
    return model


def blind() -> nn.Module:
    class Blind(nn.Sequential):
        def forward(self, x: Tensor) -> Tensor:
            return self[0](0 * x.flatten(1))

    return Blind(nn.Linear(64, 10))


def rooted(outputs: Tensor, labels: Tensor) -> Tensor:
    return F.cross_entropy(outputs, labels) + 0 * (outputs - outputs.detach()).pow(2).sum().sqrt()


FAULTS: dict[str, tuple[nn.Module, Tensor, Tensor, Any, str]] = {
    "bytes": (small(), SMALL.images, Y, None, "the batch holds torch.uint8"),
    "unscaled": (small(), X * 21, Y, None, "the numbers of the batch go from 0 to 21"),
    "below": (small(), X * -21, Y, None, "the numbers of the batch go from -21 to 0"),
    "twice": (small(), X / 255, Y, None, "were they divided by 255 twice"),
    "constant": (small(), 0 * X, Y, None, "all numbers of the batch are 0"),
    "copies": (small(), X[:1].repeat(16, 1, 1, 1), Y, None, "all 16 pictures of the batch are"),
    "nan pixels": (small(), X / 0, Y, None, "the batch holds nan or infinity"),
    "float labels": (small(), X, Y.float(), None, "the labels are torch.float32; expected torch"),
    "int32 labels": (small(), X, Y.int(), None, "the labels are torch.int32"),
    "column": (small(), X, Y[:, None], None, "the labels have shape (16, 1); expected (16,)"),
    "fewer labels": (small(), X, Y[:15], None, "the labels have shape (15,); expected (16,)"),
    "from 1": (small(), X, Y + 1, None, "the labels go from 1 to 10; 10 outputs know 0 to 9"),
    "below 0": (small(), X, Y - 1, None, "the labels go from -1 to 8"),
    "sorted": (small(), X, 0 * Y, None, "all 16 labels are 0; is the set sorted"),
    "ignored": (small(), X, 0 * Y - 100, None, "no label counts"),
    "softmax": (small(nn.Softmax(1)), X, Y, None, "each row of outputs adds up to 1"),
    "sigmoid": (small(nn.Sigmoid()), X, Y, None, "the network ends in a sigmoid: no"),
    "ReLU": (small(nn.ReLU()), X, Y, None, "the network ends in a ReLU: no"),
    "squeezed": (small(nn.ReLU6(), nn.Unflatten(1, (10, 1)), nn.Flatten()), X, Y, None, "a ReLU6:"),
    "one output": (small(classes=1), X, 0 * Y, None, "the network has one output"),
    "no log": (small(), X, Y, nn.NLLLoss(), "NLLLoss expects logarithms"),
    "loud": (loud(), X, Y, None, "a network that knows nothing pays ln 10 = 2.303"),
    "nan weights": (poisoned(), X, Y, None, "the outputs hold nan or infinity"),
    "nan loss": (small(), X, Y, lambda o, t: F.cross_entropy(o, t) / 0, "the first loss is inf"),
    "nan gradient": (small(), X, Y, rooted, "the gradient of 1.weight, 1.bias, 3.weight and 1 m"),
    "a loss each": (small(), X, Y, nn.CrossEntropyLoss(reduction="none"), "expected one number"),
    "item": (small(), X, Y, lambda o, t: F.cross_entropy(o.detach(), t), "knows no way back"),
    "detached": (detached(), X, Y, None, "no gradient reaches 0.weight, 0.bias: not used"),
    "frozen": (small().requires_grad_(False), X, Y, None, "all of the network is frozen"),
    "asleep": (asleep(), X, Y, None, "4, 5 are in evaluation mode"),
    "moving": (still_moving(), X, Y, None, "1 is frozen, but running statistics still move"),
    "dead": (dead(), X, Y, None, "100% of the units of 2 are 0 for every picture"),
    "blind": (blind(), X, Y, None, "the outputs are the same for all pictures, although"),
    "shape": (nn.Linear(9, 10), X.flatten(1), Y, None, "the network refuses the batch: "),
    "broadcast": (small(classes=1), X, Y.float(), F.mse_loss, "are spread to (16, 16)"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_is_found_alone(name: str) -> None:
    model, batch, targets, loss, message = FAULTS[name]
    found = diagnose(model, batch, targets, loss)
    assert sum(message in each for each in found) == 1, found
    companions = {  # what cannot be wrong without the other
        *(
            "unscaled",
            "below",
            "bytes",
            "constant",
            "twice",
            "copies",
            "nan pixels",
            "frozen",
            "blind",
        )
    }
    assert len(found) == 1 or name in companions, found


def test_what_cannot_be_learnt_by_heart_is_told() -> None:
    class Deaf(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.bias = nn.Parameter(torch.arange(10.0) / 10 - 0.5)

        def forward(self, x: Tensor) -> Tensor:
            return self.bias.expand(len(x), 10)

    first, second = diagnose(Deaf(), X, Y, steps=20)
    assert first.startswith("it cannot learn 16 pictures by heart: after 20 steps the loss went")
    assert second == "the outputs are the same for all pictures, although the pictures differ"
    assert diagnose(Deaf(), X, Y, steps=0) == []

    class HardOfHearing(Deaf):
        def forward(self, x: Tensor) -> Tensor:
            return super().forward(x) + 0.01 * x.mean((1, 2, 3), keepdim=True)[:, :, 0, 0]

    assert len(diagnose(HardOfHearing(), X, Y, steps=20)) == 1


def test_a_gradient_of_zero_and_one_of_before_are_told_apart() -> None:
    assert diagnose(blind(), X, Y, steps=20)[1:] == [
        "the outputs are the same for all pictures, although the pictures differ",
        "the gradient of 0.weight is 0",
    ]
    model = detached()
    for each in model.parameters():
        each.grad = torch.ones_like(each)
    (found,) = diagnose(model, X, Y)
    assert found.startswith("no gradient reaches 0.weight, 0.bias")


def test_the_optimizer_is_looked_at() -> None:
    model = small()
    before = sgd(model)
    model[3] = nn.Linear(32, 10)
    assert diagnose(model, X, Y, optimizer=before, steps=0) == [
        "the optimizer does not hold 3.weight, 3.bias; make it after the last change of the "
        "network",
        "the optimizer holds 2 tensors that are not of this network",
    ]
    for lr, message in (
        (0.0, "the rate of the optimizer is 0"),
        (1e-7, "raise its rate, 1e-07"),
        (1e4, "lower its rate, 10000"),
    ):
        (found,) = diagnose(model, X, Y, optimizer=sgd(model, lr))
        assert message in found
    F.cross_entropy(model(X), Y).backward()
    model[1].requires_grad_(False)
    (found,) = diagnose(model, X, Y, optimizer=sgd(model))
    assert found.startswith("frozen parameters keep an old gradient")


def test_nothing_is_changed() -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Flatten(), nn.BatchNorm1d(64), nn.Dropout(0.2), small())
    optimizer = sgd(model)
    F.cross_entropy(model(X), Y).backward()
    optimizer.step()
    kept = copy.deepcopy((model.state_dict(), optimizer.state_dict()))
    gradients = [each.grad.clone() for each in model.parameters() if each.grad is not None]
    chance = torch.get_rng_state()
    diagnose(model, X, Y, optimizer=optimizer)
    assert torch.equal(chance, torch.get_rng_state())
    for before, after in zip(kept[0].values(), model.state_dict().values(), strict=True):
        assert torch.equal(before, after)
    for at, state in optimizer.state_dict()["state"].items():
        assert torch.equal(state["momentum_buffer"], kept[1]["state"][at]["momentum_buffer"])
    for gradient, each in zip(gradients, model.parameters(), strict=True):
        assert each.grad is not None
        assert torch.equal(gradient, each.grad)
    assert not any(layer._forward_hooks for layer in model.modules())
    with torch.no_grad():
        assert diagnose(small(), X, Y) == []


def test_its_time_is_bounded() -> None:
    """At most a pass, three times as many steps as said, and a last look."""
    calls = 0

    class Counted(nn.Linear):
        def forward(self, x: Tensor) -> Tensor:
            nonlocal calls
            calls += 1
            return super().forward(x) * 1e-6

    model = Counted(64, 10)
    found = diagnose(model, X.flatten(1), Y, optimizer=sgd(model), steps=7, pictures=5)
    assert any("cannot learn 5 pictures by heart: after 7 steps" in each for each in found)
    assert calls == 1 + 3 * 8 + 1


@settings(max_examples=60, deadline=None)
@given(
    classes=st.integers(2, 6),
    labels=st.lists(st.integers(-2, 7), min_size=2, max_size=9),
    dtype=st.sampled_from([torch.int64, torch.uint8, torch.int32, torch.int16, torch.float32]),
    column=st.booleans(),
)
def test_it_refuses_the_labels_that_torch_refuses(
    classes: int, labels: list[int], dtype: torch.dtype, column: bool
) -> None:
    torch.manual_seed(0)
    if dtype is torch.uint8:
        labels = [abs(each) for each in labels]
    targets = torch.tensor(labels).to(dtype)
    targets = targets[:, None] if column else targets
    model, batch = nn.Linear(3, classes), torch.rand(len(labels), 3)
    try:
        F.cross_entropy(model(batch), targets)
        refused = False
    except (RuntimeError, IndexError):
        refused = True
    found = [each for each in diagnose(model, batch, targets, steps=0) if "label" in each]
    if len(set(labels)) == 1 and classes ** (len(labels) - 1) >= 1000 and not refused:
        assert found == [
            f"all {len(labels)} labels are {labels[0]}; is the set sorted, and not shuffled?"
        ]
    else:
        assert bool(found) == refused, found


@pytest.mark.parametrize(
    ("change", "kind", "message"),
    [
        ({"model": "lenet"}, TypeError, "model is a str; expected a Module"),
        ({"batch": [1.0]}, TypeError, "batch is a list; expected a Tensor"),
        ({"targets": 3}, TypeError, "targets is a int; expected a Tensor"),
        ({"batch": X[:0]}, ValueError, r"batch has shape \(0, 1, 8, 8\)"),
        ({"steps": -1}, ValueError, "steps is -1; expected at least 0"),
        ({"pictures": 0}, ValueError, "pictures is 0; expected at least 1"),
    ],
)
def test_bad_input_is_refused(change: dict[str, Any], kind: type[Exception], message: str) -> None:
    case: dict[str, Any] = {"model": small(), "batch": X, "targets": Y, **change}
    with pytest.raises(kind, match=message):
        diagnose(**case)
