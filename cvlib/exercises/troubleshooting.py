"""Checkers of the chapter on troubleshooting."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

__all__ = ["clean_keys", "mend_loop", "price_of_guessing"]


def price_of_guessing(answer: object) -> str | None:
    """Check a function that computes the loss of answering every picture with the classes' shares.

    Parameters
    ----------
    answer
        A function of a list of counts, how often each class occurs, to the mean cross entropy.

    Returns
    -------
    str or None
        The first case whose result is wrong, or None.

    Examples
    --------
    >>> price_of_guessing(lambda counts: math.log(len(counts)))
    'price_of_guessing([90, 10]) gives 0.693, expected 0.325'
    """
    if not callable(answer):
        return f"price_of_guessing is {answer!r}, expected a function"
    for counts in ([50] * 10, [90, 10], [1, 2, 3, 4], [7, 0, 7], [5]):
        call = f"price_of_guessing({counts})"
        try:
            got = float(answer(list(counts)))
        except (ArithmeticError, ValueError, TypeError) as error:
            return f"{call} raises {type(error).__name__}: {error}"
        shares = [count / sum(counts) for count in counts if count]
        expected = -sum(share * math.log(share) for share in shares)
        if not abs(got - expected) < 1e-4:
            hint = ": a class that never occurs costs nothing" if 0 in counts else ""
            return f"{call} gives {got:.3g}, expected {expected:.3g}{hint}"
    return None


def mend_loop(answer: object) -> str | None:
    """Check an epoch of training, on a linear layer and three batches, the last one smaller.

    Parameters
    ----------
    answer
        A function of a network, an optimizer and batches of pictures and labels. It trains for one
        epoch and returns the mean loss of a picture, as a number.

    Returns
    -------
    str or None
        The first fault found, and the likely reason; or None.

    Examples
    --------
    >>> mend_loop(lambda model, optimizer, batches: 0.0)
    'the weights do not move: backward and step, in this order'
    """
    if not callable(answer):
        return f"mend_loop is {answer!r}, expected a function"
    draw = torch.Generator().manual_seed(0)
    pictures, labels = torch.randn(20, 6, generator=draw), torch.arange(20) % 3
    batches = [*zip(pictures.split(8), labels.split(8), strict=True)]
    first = nn.Linear(6, 3)
    with torch.no_grad():
        for each in first.parameters():
            each.copy_(torch.randn(each.shape, generator=draw))
    model = copy.deepcopy(first)
    returned = answer(model, torch.optim.SGD(model.parameters(), lr=0.2), batches)
    ways = {
        way: _epoch(copy.deepcopy(first), batches, way)
        for way in ("right", "no zero_grad", "softmax", "early step")
    }
    weights, mean = ways["right"]
    if not torch.allclose(model.weight, weights, atol=1e-5):
        return _why(model.weight, first.weight, {way: moved for way, (moved, _) in ways.items()})
    if isinstance(returned, Tensor) and returned.requires_grad:
        return "what it returns still holds the graphs of all batches; add loss.item()"
    got = float(returned)
    if abs(got - mean) < 1e-4:
        return None
    losses = _losses(first, batches)
    if abs(got - sum(losses) / len(losses)) < 1e-4:
        return f"it gives {got:.4f}, expected {mean:.4f}: the smaller batch counts as a full one"
    return f"it gives {got:.4f}, expected {mean:.4f}, the mean over all pictures"


def _epoch(
    model: nn.Linear, batches: list[tuple[Tensor, Tensor]], way: str
) -> tuple[Tensor, float]:
    """Train as the right loop does, or with one fault; return weights and the mean loss."""
    optimizer = torch.optim.SGD(model.parameters(), lr=0.2)
    total = 0.0
    for pictures, labels in batches:
        outputs = model(pictures)
        loss = F.cross_entropy(outputs.softmax(1) if way == "softmax" else outputs, labels)
        if way == "early step":
            optimizer.step()
        if way != "no zero_grad":
            optimizer.zero_grad()
        loss.backward()
        if way != "early step":
            optimizer.step()
        total += loss.item() * len(labels)
    return model.weight.detach(), total / sum(len(labels) for _, labels in batches)


def _losses(model: nn.Linear, batches: list[tuple[Tensor, Tensor]]) -> list[float]:
    """Give the loss of each batch in a right epoch."""
    model, losses = copy.deepcopy(model), []
    optimizer = torch.optim.SGD(model.parameters(), lr=0.2)
    for pictures, labels in batches:
        loss = F.cross_entropy(model(pictures), labels)
        losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return losses


def _why(weight: Tensor, before: Tensor, ways: Mapping[str, Tensor]) -> str:
    if torch.equal(weight, before):
        return "the weights do not move: backward and step, in this order"
    reasons = {
        "no zero_grad": "gradients of earlier batches are added: zero_grad is missing",
        "softmax": "the gradient is too small: cross entropy applies a softmax of its own",
        "early step": "step follows the gradient of the batch before: backward comes first",
    }
    for way, reason in reasons.items():
        if torch.allclose(weight, ways[way], atol=1e-5):
            return reason
    return "the weights are not those of one step per batch; more than one fault is left"


def clean_keys(answer: object) -> str | None:
    """Check a function that strips what wrappers add to the names of weights.

    Parameters
    ----------
    answer
        A function of a mapping from names to tensors, to one with plain names.

    Returns
    -------
    str or None
        The first case that is wrong, or None.

    Examples
    --------
    >>> clean_keys(lambda state: state)
    "of ['module.0.weight', 'module.0.bias'] it makes ['module.0.weight', 'module.0.bias'], \
expected ['0.weight', '0.bias']"
    """
    if not callable(answer):
        return f"clean_keys is {answer!r}, expected a function"
    cases = (
        (("module.0.weight", "module.0.bias"), ("0.weight", "0.bias")),
        (("_orig_mod.head.weight",), ("head.weight",)),
        (("module._orig_mod.0.weight",), ("0.weight",)),
        (("_orig_mod.module.module.0.weight",), ("0.weight",)),
        (("0.weight", "1.bias"), ("0.weight", "1.bias")),
        (("body.module.weight", "my_module.bias"), ("body.module.weight", "my_module.bias")),
    )
    for names, plain in cases:
        state = {name: torch.full((1,), float(at)) for at, name in enumerate(names)}
        given: Any = dict(state)
        got = answer(given)
        if list(given) != list(names):
            return "it changes the state_dict that it is given; expected a new one"
        if not isinstance(got, Mapping):
            return f"it makes a {type(got).__name__}, expected a mapping of names to tensors"
        if list(got) != list(plain):
            return f"of {list(names)} it makes {list(got)}, expected {list(plain)}"
        if any(got[short] is not state[name] for name, short in zip(names, plain, strict=True)):
            return f"of {list(names)} it mixes up the tensors"
    return None
