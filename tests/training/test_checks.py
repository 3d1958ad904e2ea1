"""Wrong use of `fit` and `evaluate` is named, before it does harm."""

import math
from functools import partial

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from cvlib.data import digits
from cvlib.training import evaluate, fit
from tests.training.classifiers import SGD, linear

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"model": "LeNet"}, TypeError, "model is str; expected a torch.nn.Module"),
        ({"model": nn.Flatten()}, ValueError, "model has no parameters"),
        (
            {"train": torch.zeros(3)},
            TypeError,
            "train is Tensor; expected a cvlib.data.ImageSet, or a ",
        ),
        ({"test": [1, 2]}, TypeError, "test is list; expected a cvlib.data.ImageSet, or a "),
        ({"train": digits()[:0]}, ValueError, "train is empty; expected at least one picture"),
        ({"test": digits()[:0]}, ValueError, "test is empty; expected at least one picture"),
        ({"epochs": 0}, ValueError, "epochs is 0; expected at least 1"),
        ({"epochs": 1.5}, TypeError, "epochs is 1.5; expected an integer"),
        ({"batch_size": 0}, ValueError, "batch_size is 0; expected at least 1"),
        ({"optimizer": 0.1}, TypeError, "optimizer is float; expected a torch.optim.Optimizer"),
        ({"optimizer": lambda parameters: 3}, TypeError, "optimizer is int; expected"),
        (
            {"optimizer": SGD(linear().parameters())},
            ValueError,
            "optimizer holds none of the model's parameters",
        ),
        (
            {"model": linear(classes=9)},
            ValueError,
            "train has the label 9, but model gives 9 outputs; expected at least 10",
        ),
        (
            {"train": digits()[digits().labels < 7], "model": linear(classes=7)},
            ValueError,
            "test has the label 9, but model gives 7 outputs; expected at least 10",
        ),
        (
            {"model": nn.Conv2d(1, 10, 3)},
            ValueError,
            r"model gives outputs of shape \(128, 10, 6, 6\) for 128 pictures; expected \(128, cl",
        ),
        (
            {"loss": partial(F.cross_entropy, reduction="none")},
            ValueError,
            r"loss gives a tensor of shape \(128,\); expected one number",
        ),
        (
            {"loss": lambda output, labels: 0.0},
            ValueError,
            "loss gives float; expected one number",
        ),
        ({"device": "abacus"}, ValueError, "abacus"),
    ],
)
def test_wrong_use_is_named(sets, arguments, error, message):
    given = {"model": linear(), "train": sets[0], "test": sets[1], "epochs": 1, "device": "cpu"}
    given |= arguments
    with pytest.raises(error, match=message):
        fit(given.pop("model"), given.pop("train"), given.pop("test"), **given)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"model": None}, TypeError, "model is NoneType"),
        ({"images": None}, TypeError, "images is NoneType; expected a cvlib.data.ImageSet, or a "),
        ({"images": digits()[:0]}, ValueError, "images is empty"),
        ({"model": linear(classes=7)}, ValueError, "images has the label 9, but model gives 7"),
        ({"batch_size": -1}, ValueError, "batch_size is -1"),
        ({"loss": lambda output, labels: output}, ValueError, "loss gives a tensor of shape"),
    ],
)
def test_wrong_use_of_evaluate_is_named(sets, arguments, error, message):
    given = {"model": linear(), "images": sets[1]} | arguments
    with pytest.raises(error, match=message):
        evaluate(given.pop("model"), given.pop("images"), **given)


def test_a_model_that_gives_several_tensors_is_named(sets):
    class Pair(nn.Module):
        def forward(self, x):
            return x, x

    with pytest.raises(TypeError, match="model gives tuple; expected one tensor"):
        evaluate(Pair(), sets[0])


def test_a_rate_that_is_too_large_is_told_with_epoch_and_batch(sets):
    model = nn.Sequential(linear(), nn.ReLU(), nn.Linear(10, 10))
    with pytest.raises(FloatingPointError) as caught:
        fit(model, *sets, epochs=2, optimizer=partial(torch.optim.SGD, lr=1e30), device="cpu")
    message = str(caught.value)
    assert "from epoch 1, batch 2 of 12" in message or "from epoch 1, batch 3 of 12" in message
    assert "Try a smaller learning rate than 1e+30" in message


def test_a_loss_that_was_never_finite_is_told_otherwise(sets):
    class Broken(nn.Module):
        def __init__(self):
            super().__init__()
            self.linear = linear()

        def forward(self, x):
            return self.linear(x) + math.nan

    with pytest.raises(FloatingPointError, match=r"nan from epoch 1, batch 1 of 12\. .*before"):
        fit(Broken(), *sets, epochs=1, device="cpu")


def test_a_model_without_numbers_or_on_two_devices_is_named(sets):
    with pytest.raises(ValueError, match=r"no numbers in 1\.weight, .*'meta'; expected weights"):
        fit(linear().to("meta"), *sets, epochs=1, device="cpu")

    class Forgetful(nn.Module):
        def __init__(self):
            super().__init__()
            self.linear, self.mean = linear(), torch.zeros(10, device="meta")

        def forward(self, x):
            return self.linear(x) - self.mean

    message = r"model holds a tensor that is not on cpu.*parameters or buffers \(register_buffer\)"
    with pytest.raises(ValueError, match=message):
        fit(Forgetful(), *sets, epochs=1, device="cpu")
    with pytest.raises(ValueError, match=message):
        evaluate(Forgetful(), sets[0])
