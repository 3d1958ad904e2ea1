"""The checkers of the chapter on dropout know the right answers, and what is wrong."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from cvlib.exercises.dropout import gaussian_dropout, monte_carlo


def gaussian(x: Any, p: float) -> Any:
    return x * (1 + (p / (1 - p)) ** 0.5 * torch.randn_like(x))


def asked(model: Any, x: Any, passes: int, wake: Any = nn.Dropout) -> Any:
    for layer in model.modules():
        layer.train(isinstance(layer, wake))
    with torch.no_grad():
        outputs = torch.stack([model(x) for _ in range(passes)])
    model.eval()
    return outputs.mean(0), outputs.std(0)


def left_on(model: Any, x: Any, passes: int) -> Any:
    result = asked(model, x, passes)
    model[1].train()
    return result


@pytest.mark.parametrize("seed", range(5))
def test_the_right_answers_pass(seed: int) -> None:
    torch.manual_seed(seed)
    assert gaussian_dropout(gaussian) is None
    assert monte_carlo(asked) is None


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (0.5, "gaussian_dropout is 0.5, expected a function"),
        (lambda x, p: None, "gives NoneType for a tensor of shape (400, 100)"),
        (lambda x, p: gaussian(x, p)[0], "gives (100,) for a tensor"),
        (lambda x, p: gaussian(x, p) / (1 - p), "numbers of mean 2."),
        (lambda x, p: x * (1 + p / (1 - p) * torch.randn_like(x)), "expected 1.00"),
        (lambda x, p: x + gaussian(torch.ones_like(x), p) - 1, "numbers of variance 0.2"),
        (
            lambda x, p: x + (x.abs() + (x == 0)) * (gaussian(torch.ones_like(x), p) - 1),
            "a 0 does not stay 0",
        ),
        (
            lambda x, p: x * gaussian(torch.ones_like(x[..., :1]), p),
            "all numbers of a row get the same noise",
        ),
    ],
)
def test_wrong_noise_is_told_why(answer: object, message: str) -> None:
    torch.manual_seed(0)
    wrong = gaussian_dropout(answer)
    assert wrong is not None
    assert message in wrong


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (None, "monte_carlo is None, expected a function"),
        (lambda model, x, passes: model(x), "gives Tensor, expected a pair"),
        (lambda model, x, passes: (1, 2), "the mean has shape int"),
        (lambda *given: tuple(part[0] for part in asked(*given)), "the mean has shape (3,)"),
        (lambda model, x, passes: (model(x), 0 * model(x)), "do not differ from pass to pass"),
        (lambda *given: asked(*given, wake=nn.Module), "the running statistics have moved"),
        (left_on, "a layer is left in training"),
        (lambda *given: (asked(*given)[0] + 1, asked(*given)[1]), "the mean is off by up to 1"),
        (
            lambda *given: (asked(*given)[0], asked(*given)[1] / 300**0.5),
            "times what it should be",
        ),
    ],
)
def test_wrong_passes_are_told_why(answer: object, message: str) -> None:
    torch.manual_seed(0)
    wrong = monte_carlo(answer)
    assert wrong is not None
    assert message in wrong
