"""The checkers on initialization know the right answers, and what is wrong with others."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from cvlib.exercises.initialization import conv_fans, scale_to_data


def fans(inputs: int, outputs: int, side: int, groups: int) -> tuple[int, int]:
    return inputs // groups * side**2, outputs // groups * side**2


def scaled(weights: Any, x: Any, *, activation: Any = torch.relu) -> Any:
    result = []
    for weight in weights:
        z = x @ weight.T
        size = z.square().mean().sqrt()
        result.append(weight / size)
        x = activation(z / size)
    return result


def test_the_right_answers_pass() -> None:
    assert conv_fans(fans) is None
    assert scale_to_data(scaled) is None
    assert scale_to_data(lambda weights, x: tuple(scaled(weights, x))) is None


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (None, "conv_fans is None, expected a function"),
        (lambda *sizes: None, "conv_fans(64, 128, 3, 1) gives None, expected (576, 1152)"),
        (lambda i, o, k, g: (o * k**2, i * k**2), "gives (1152, 576)"),
        (lambda i, o, k, g: (i * k, o * k), "gives (192, 384)"),
        (lambda i, o, k, g: (i * k**2, o * k**2), "conv_fans(64, 64, 3, 64) gives (576, 576)"),
        (lambda i, o, k, g: (i // g * k**2, o * k**2), "gives (9, 576), expected (9, 9)"),
    ],
)
def test_wrong_fans_are_told_why(answer: object, message: str) -> None:
    wrong = conv_fans(answer)
    assert wrong is not None
    assert message in wrong


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (3, "scale_to_data is 3, expected a function"),
        (lambda weights, x: None, "gives NoneType, expected 3 weights"),
        (lambda weights, x: weights[:1], "gives list, expected 3 weights"),
        (lambda weights, x: [1.0] * 3, "weight 1 has shape float, expected (8, 6)"),
        (lambda weights, x: [w.T for w in weights], "weight 1 has shape (6, 8), expected (8, 6)"),
        (lambda weights, x: list(weights), "the outputs of layer 1 have size 2.58, expected 1"),
        (lambda weights, x: [w * 0 + 1 for w in weights], "not the old one times one positive"),
        (lambda weights, x: [-w for w in scaled(weights, x)], "weight 1 is not the old one"),
        (  # forgets the ReLU on the way
            lambda weights, x: scaled(weights, x, activation=torch.abs),
            "the outputs of layer 2 have size",
        ),
        (  # scales the first layer alone
            lambda weights, x: [scaled(weights, x)[0], *weights[1:]],
            "the outputs of layer 2 have size",
        ),
    ],
)
def test_wrong_scales_are_told_why(answer: object, message: str) -> None:
    wrong = scale_to_data(answer)
    assert wrong is not None
    assert message in wrong
