"""What fit and evaluate are given: read, and refused with a message that names them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Literal

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

import cvlib
from cvlib.training.regularization import EarlyStopping

__all__ = [
    "Amp",
    "MakeOptimizer",
    "check_finite",
    "check_loss",
    "check_model",
    "check_output",
    "check_watched",
    "compiled",
    "make_optimizer",
    "moved",
    "precision_of",
]

MakeOptimizer = Callable[[Iterable[nn.Parameter]], Optimizer]
Amp = bool | Literal["bfloat16", "float16"]


def moved(model: nn.Module, device: str | torch.device | None) -> torch.device:
    """Move a model to a device, or say why it cannot go there."""
    check_model(model)
    place = cvlib.device(None if device is None else str(device))
    for name, parameter in model.named_parameters():
        if parameter.is_meta:
            raise ValueError(
                f"model has no numbers in {name}, which is on the device 'meta'; expected weights: "
                "call model.to_empty(device=...) and initialise them"
            )
    model.to(place)
    return place


def check_model(model: nn.Module) -> None:
    """Refuse what is no network."""
    if not isinstance(model, nn.Module):
        raise TypeError(f"model is {type(model).__name__}; expected a torch.nn.Module")


def make_optimizer(model: nn.Module, optimizer: Optimizer | MakeOptimizer | None) -> Optimizer:
    """Take an optimizer, or make it, and see that it moves the model's parameters."""
    parameters = list(model.parameters())
    if not parameters:
        raise ValueError("model has no parameters; expected something to train")
    if optimizer is None:
        return torch.optim.Adam(parameters)
    made = optimizer(parameters) if callable(optimizer) else optimizer
    if not isinstance(made, Optimizer):
        raise TypeError(
            f"optimizer is {type(made).__name__}; expected a torch.optim.Optimizer, or a function "
            "that makes one of the parameters"
        )
    held = {id(parameter) for group in made.param_groups for parameter in group["params"]}
    if held.isdisjoint(map(id, parameters)):
        raise ValueError(
            "optimizer holds none of the model's parameters, so the model would not learn; make "
            "the optimizer anew after the model"
        )
    return made


def compiled(model: nn.Module, compile: bool | str) -> Callable[[Tensor], Tensor]:  # noqa: A002
    """Hand a network to torch's compiler, if that is wanted."""
    if not isinstance(compile, bool | str):
        raise TypeError(f"compile is {compile!r}; expected a bool, or a mode of torch.compile")
    if not compile:
        return model
    return torch.compile(model, mode=None if compile is True else compile)


def precision_of(
    amp: Amp, place: torch.device
) -> tuple[AbstractContextManager[object], torch.amp.GradScaler]:
    """Return the precision to compute in, and the scaler that ``float16`` needs."""
    kinds = {True: torch.bfloat16, "bfloat16": torch.bfloat16, "float16": torch.float16}
    if amp is not False and amp not in kinds:
        raise ValueError(f"amp is {amp!r}; expected False, True, 'bfloat16' or 'float16'")
    scaler = torch.amp.GradScaler(place.type, enabled=amp == "float16")
    return torch.autocast(place.type, kinds[amp]) if amp else nullcontext(), scaler


def check_watched(
    test: object,
    metrics: Mapping[str, object] | None,
    early_stopping: EarlyStopping | None,
) -> None:
    """Refuse metrics without a test set, and early stopping by what is not measured."""
    if metrics and test is None:
        raise ValueError("metrics are measured on the test set, but test is None; expected one")
    if early_stopping is None:
        return
    names = ["train_loss", "train_accuracy"]
    if test is not None:
        names += ["test_loss", "test_accuracy", *(metrics or {})]
    if early_stopping.monitor not in names:
        raise ValueError(
            f"early_stopping watches {early_stopping.monitor!r}; expected one of {', '.join(names)}"
        )


def check_output(output: Tensor, count: int, highest: int, name: str) -> None:
    """Refuse outputs that cross entropy would misread, or crash a GPU with."""
    if not isinstance(output, Tensor):
        raise TypeError(f"model gives {type(output).__name__}; expected one tensor of outputs")
    if output.ndim != 2 or len(output) != count:
        raise ValueError(
            f"model gives outputs of shape {tuple(output.shape)} for {count} pictures; "
            f"expected ({count}, classes)"
        )
    if output.shape[1] <= highest:
        raise ValueError(
            f"{name} has the label {highest}, but model gives {output.shape[1]} outputs; "
            f"expected at least {highest + 1}"
        )


def check_loss(mean: Tensor) -> None:
    """Refuse what is not one number."""
    if not isinstance(mean, Tensor) or mean.ndim:
        shape = getattr(mean, "shape", None)
        what = type(mean).__name__ if shape is None else f"a tensor of shape {tuple(shape)}"
        raise ValueError(f"loss gives {what}; expected one number, the mean over the batch")


def check_finite(losses: Sequence[Tensor], number: int, optimizer: Optimizer) -> None:
    """Say where the loss went astray, once per epoch, since asking makes a GPU's queue run dry."""
    astray = torch.stack(list(losses)).isfinite().logical_not().nonzero()
    if not len(astray):
        return
    batch = int(astray[0]) + 1
    rates = ", ".join(f"{group.get('lr'):g}" for group in optimizer.param_groups)
    advice = (
        "This was before the first step: look into the model and the loss"
        if number == batch == 1
        else f"Try a smaller learning rate than {rates}"
    )
    raise FloatingPointError(
        f"the loss is {float(losses[batch - 1])} from epoch {number}, batch {batch} of "
        f"{len(losses)}. {advice}"
    )
