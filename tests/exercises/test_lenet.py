"""The checker of LeNet's parameters knows the right answer, and tells what is wrong with others."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from cvlib.exercises.lenet import lenet_parameters
from cvlib.networks import LeNet


def counted(size: int, channels: int, classes: int) -> int:
    """Build the network and count."""
    model = LeNet(classes)
    model.features[0] = nn.Conv2d(channels, 6, kernel_size=5, padding=2)
    flat = model.features(torch.zeros(1, channels, size, size)).numel()
    model.classifier[0] = nn.Linear(flat, 120)
    assert model(torch.zeros(1, channels, size, size)).shape == (1, classes)
    return sum(parameter.numel() for parameter in model.parameters())


def test_the_right_answer_passes() -> None:
    assert lenet_parameters(counted) is None


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (None, "lenet_parameters is None, expected a function"),
        (lambda *sizes: None, "lenet_parameters(28, 1, 10) gives None, expected 61706"),
        (lambda size, channels, classes: counted(28, channels, classes), "(32, 1, 10) gives 61706"),
        (lambda size, channels, classes: counted(size, 1, classes), "(28, 3, 10) gives 61706"),
        (lambda size, channels, classes: counted(size, channels, 10), "(28, 1, 62) gives 61706"),
        (
            lambda size, channels, classes: counted(size, channels, classes) - 226 - classes,
            "gives 61470, expected 61706: are the biases counted",
        ),
        (  # rounds 5.25 up
            lambda size, channels, classes: counted(32 if size == 29 else size, channels, classes),
            "(29, 1, 10)",
        ),
    ],
)
def test_a_wrong_answer_is_told_why(answer: object, message: str) -> None:
    wrong = lenet_parameters(answer)
    assert wrong is not None
    assert message in wrong
