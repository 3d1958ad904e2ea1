"""The checkers of the chapter on troubleshooting know the right answers."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch.nn import functional as F

from cvlib.exercises.troubleshooting import clean_keys, mend_loop, price_of_guessing


def entropy(counts: list[int]) -> float:
    shares = torch.tensor(counts) / sum(counts)
    return float(torch.distributions.Categorical(shares).entropy())


def epoch(
    model: Any, optimizer: Any, batches: Any, *, fault: str = "", weighted: bool = True
) -> Any:
    total: Any = 0.0
    for images, labels in batches:
        outputs = model(images)
        loss = F.cross_entropy(outputs.softmax(1) if fault == "softmax" else outputs, labels)
        if fault == "early":
            optimizer.step()
        if fault != "zero_grad":
            optimizer.zero_grad()
        if fault != "backward":
            loss.backward()
        if fault not in ("early", "step"):
            optimizer.step()
        total = total + (loss if fault == "graph" else loss.item()) * (
            len(labels) if weighted else 1
        )
    return total / (sum(len(labels) for _, labels in batches) if weighted else len(batches))


def stripped(state: Any) -> Any:
    cleaned = {}
    for name, value in state.items():
        while name.startswith(("module.", "_orig_mod.")):
            name = name.partition(".")[2]
        cleaned[name] = value
    return cleaned


def in_place(state: Any) -> Any:
    for name in list(state):
        state[name.removeprefix("module.")] = state.pop(name)
    return state


def test_the_right_answers_pass() -> None:
    assert price_of_guessing(entropy) is None
    assert mend_loop(epoch) is None
    assert clean_keys(stripped) is None


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (2.3, "price_of_guessing is 2.3, expected a function"),
        (lambda counts: None, "price_of_guessing([50, 50, 50, 50, 50, 50, 50, 50, 50, 50]) raises"),
        (lambda counts: math.log(len(counts)), "([90, 10]) gives 0.693, expected 0.325"),
        (lambda counts: entropy(counts) / math.log(2), "gives 3.32, expected 2.3"),
        (
            lambda counts: -sum(c / sum(counts) * math.log(c / sum(counts)) for c in counts),
            "price_of_guessing([7, 0, 7]) raises ValueError",
        ),
        (
            lambda counts: entropy([c for c in counts if c]) + 0.1 * counts.count(0),
            "gives 0.793, expected 0.693: a class that never occurs costs nothing",
        ),
    ],
)
def test_wrong_prices_are_told_why(answer: object, message: str) -> None:
    wrong = price_of_guessing(answer)
    assert wrong is not None
    assert message in wrong


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("softmax", "cross entropy applies a softmax of its own"),
        ("zero_grad", "zero_grad is missing"),
        ("early", "backward comes first"),
        ("backward", "the weights do not move"),
        ("step", "the weights do not move"),
        ("graph", "still holds the graphs of all batches; add loss.item()"),
    ],
)
def test_broken_loops_are_told_why(fault: str, message: str) -> None:
    wrong = mend_loop(lambda *given: epoch(*given, fault=fault))
    assert wrong is not None
    assert message in wrong


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (None, "mend_loop is None, expected a function"),
        (lambda *given: epoch(*given, weighted=False), "the smaller batch counts as a full one"),
        (lambda *given: 2 * epoch(*given), "the mean over all pictures"),
        (lambda model, optimizer, batches: epoch(model, optimizer, batches[:2]), "more than one"),
    ],
)
def test_other_loops_are_told_why(answer: object, message: str) -> None:
    wrong = mend_loop(answer)
    assert wrong is not None
    assert message in wrong


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (None, "clean_keys is None, expected a function"),
        (lambda state: None, "it makes a NoneType, expected a mapping"),
        (in_place, "it changes the state_dict that it is given"),
        (
            lambda state: {k.removeprefix("module."): v for k, v in state.items()},
            "it makes ['_orig_mod.head.weight'], expected ['head.weight']",
        ),
        (
            lambda state: {
                k.replace("module.", "").replace("_orig_mod.", ""): v for k, v in state.items()
            },
            "it makes ['body.weight', 'my_bias'], expected ['body.module.weight',",
        ),
        (
            lambda state: dict(zip(stripped(state), reversed(state.values()), strict=True)),
            "it mixes up the tensors",
        ),
    ],
)
def test_wrong_names_are_told_why(answer: object, message: str) -> None:
    wrong = clean_keys(answer)
    assert wrong is not None
    assert message in wrong
