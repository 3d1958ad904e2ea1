"""Train a network, and measure what it has learnt.

:func:`fit` is the loop that everybody writes by hand, written once: shuffle, take a batch, forward,
backward, step. Pictures stay ``uint8`` on the device and become numbers from 0 to 1 batch by batch,
so that no picture passes through Python.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim import Optimizer
from tqdm.auto import tqdm

import cvlib
from cvlib.data import ImageSet
from cvlib.layers.arguments import integer

__all__ = ["Epoch", "Evaluation", "History", "evaluate", "fit"]

Loss = Callable[[Tensor, Tensor], Tensor]
MakeOptimizer = Callable[[Iterable[nn.Parameter]], Optimizer]


@dataclass(frozen=True)
class Evaluation:
    """What a network does on a set of pictures.

    Parameters
    ----------
    loss
        The mean over the pictures.
    accuracy
        The share of pictures whose highest output is the right class, from 0 to 1.
    """

    loss: float
    accuracy: float


@dataclass(frozen=True)
class Epoch:
    """What one pass through the training pictures has measured.

    Parameters
    ----------
    number
        Which pass, counted from 1.
    train_loss, train_accuracy
        Means over the training pictures, each taken in the step that learnt from it, while the
        weights were moving: the network as it was during the epoch, not at its end.
    test_loss, test_accuracy
        Means over the test pictures at the end of the epoch, or None without a test set.
    """

    number: int
    train_loss: float
    train_accuracy: float
    test_loss: float | None = None
    test_accuracy: float | None = None


@dataclass(frozen=True)
class History:
    """What :func:`fit` has measured, epoch by epoch.

    Parameters
    ----------
    epochs
        The records, first epoch first.
    """

    epochs: list[Epoch]


def fit(
    model: nn.Module,
    train: ImageSet,
    test: ImageSet | None = None,
    *,
    epochs: int,
    batch_size: int = 128,
    optimizer: Optimizer | MakeOptimizer | None = None,
    loss: Loss | None = None,
    device: str | torch.device | None = None,
    seed: int = 0,
    progress: bool | None = None,
) -> History:
    """Train a network on pictures in memory.

    Parameters
    ----------
    model
        The network, from pictures of shape (B, C, H, W), ``float32`` from 0 to 1, to one output
        for each class, shape (B, K). It is moved to ``device``, changed in place, and left in the
        mode (training or evaluation) in which it came.
    train
        The pictures to learn from.
    test
        Pictures held out, on which the network is evaluated after each epoch. It never learns from
        them.
    epochs
        Passes through the training pictures, at least 1.
    batch_size
        Pictures a step. The last batch of an epoch holds what is left.
    optimizer
        A torch optimizer made for the model's parameters, or a function that makes one of them,
        such as ``functools.partial(torch.optim.SGD, lr=0.1)``. By default Adam with a learning
        rate of 0.001.
    loss
        A function of outputs (B, K) and labels (B,) that gives the batch's mean; cross entropy by
        default.
    device
        Where to train; :func:`cvlib.device` chooses by default.
    seed
        Seed of the shuffling, which is done on the CPU: the same seed gives the same order on every
        device. Weights and dropout are drawn by torch; for those, call ``torch.manual_seed``
        before the model is made.
    progress
        Whether to show a progress bar. By default it shows in a notebook and in a terminal, and
        not in continuous integration (``CI`` is set) or where output is kept in a file; the
        environment variable ``CVLIB_PROGRESS``, 0 or 1, settles it.

    Returns
    -------
    History
        Loss and accuracy of each epoch.

    Raises
    ------
    TypeError
        If ``model`` is no network, ``train`` or ``test`` is no
        :class:`~cvlib.data.ImageSet`, or ``optimizer`` is neither an optimizer nor makes one.
    ValueError
        If a set is empty, a label has no output, ``optimizer`` holds none of the model's
        parameters, ``loss`` gives no single number, or ``epochs`` or ``batch_size`` is below 1.
    FloatingPointError
        If the loss is no longer finite. The message says in which epoch and batch that began.

    Examples
    --------
    >>> from cvlib.data import digits
    >>> train, test = digits().split(test=0.2)
    >>> model = nn.Sequential(nn.Flatten(), nn.Linear(64, 10))
    >>> adam = torch.optim.Adam(model.parameters(), lr=0.01)
    >>> history = fit(model, train, test, epochs=5, optimizer=adam, device="cpu")
    >>> history.epochs[-1].test_accuracy > 0.85
    True
    """
    _check_model(model)
    _check_pictures("train", train)
    if test is not None:
        _check_pictures("test", test)
    epochs = integer("epochs", epochs, least=1)
    batch_size = integer("batch_size", batch_size, least=1)
    place = cvlib.device(None if device is None else str(device))
    model.to(place)
    steps = _make_optimizer(model, optimizer)
    criterion = loss or F.cross_entropy
    images, labels, highest = (
        train.images.to(place),
        train.labels.to(place),
        int(train.labels.max()),
    )
    if test is not None:
        test = replace(test, images=test.images.to(place), labels=test.labels.to(place))
    shuffler = torch.Generator().manual_seed(seed)
    losses = torch.zeros(-(-len(train) // batch_size), device=place)
    records = []
    with _mode(model, training=True), _bar(epochs * len(losses), progress) as bar:
        for number in range(1, epochs + 1):
            bar.set_description(f"epoch {number} of {epochs}", refresh=False)
            right = torch.zeros((), dtype=torch.int64, device=place)
            order = torch.randperm(len(train), generator=shuffler).to(place)
            for batch, index in enumerate(order.split(batch_size)):
                target = labels[index]
                output = model(_scaled(images[index]))
                _check_output(output, len(target), highest, "train")
                mean = criterion(output, target)
                _check_loss(mean)
                steps.zero_grad()
                mean.backward()
                steps.step()
                # Kept on the device: reading a number here would make the CPU wait for each step.
                losses[batch] = mean.detach()
                right += (output.detach().argmax(1) == target).sum()
                bar.update()
            _check_finite(losses, number, steps)
            train_loss = _mean_over_pictures(losses, batch_size, len(train))
            record = Epoch(number, train_loss, int(right) / len(train))
            if test is not None:
                held_out = evaluate(model, test, loss=loss, device=place)
                record = replace(record, test_loss=held_out.loss, test_accuracy=held_out.accuracy)
            records.append(record)
            bar.set_postfix(loss=f"{train_loss:.3f}", refresh=False)
    return History(records)


def evaluate(
    model: nn.Module,
    images: ImageSet,
    *,
    batch_size: int = 1000,
    loss: Loss | None = None,
    device: str | torch.device | None = None,
) -> Evaluation:
    """Measure the loss and the accuracy of a network on pictures that it does not learn from.

    Parameters
    ----------
    model
        The network, from pictures of shape (B, C, H, W), ``float32`` from 0 to 1, to one output
        for each class, shape (B, K). Evaluated in evaluation mode and left in the mode in which it
        came.
    images
        The pictures and their labels.
    batch_size
        Pictures at a time. It changes speed and memory, and nothing else.
    loss
        A function of outputs (B, K) and labels (B,) that gives the batch's mean; cross entropy by
        default.
    device
        Where to compute; the model is moved there. By default where the model is.

    Returns
    -------
    Evaluation
        The mean loss over the pictures, and the share of them that is classified right.

    Raises
    ------
    TypeError
        If ``model`` is no network or ``images`` is no :class:`~cvlib.data.ImageSet`.
    ValueError
        If there is no picture, a label has no output, ``loss`` gives no single number, or
        ``batch_size`` is below 1.

    Examples
    --------
    >>> from cvlib.data import digits
    >>> model = nn.Sequential(nn.Flatten(), nn.Linear(64, 10))
    >>> _ = nn.init.zeros_(model[1].weight), nn.init.zeros_(model[1].bias)
    >>> round(evaluate(model, digits()).loss, 4)  # all outputs alike: the logarithm of 10
    2.3026
    """
    _check_model(model)
    _check_pictures("images", images)
    batch_size = integer("batch_size", batch_size, least=1)
    if device is None:
        place = next((parameter.device for parameter in model.parameters()), images.images.device)
    else:
        place = cvlib.device(str(device))
        model.to(place)
    criterion = loss or F.cross_entropy
    highest = int(images.labels.max())
    losses, right = [], torch.zeros((), dtype=torch.int64, device=place)
    with _mode(model, training=False), torch.inference_mode():
        for pictures, labels in zip(
            images.images.split(batch_size), images.labels.split(batch_size), strict=True
        ):
            target = labels.to(place)
            output = model(_scaled(pictures.to(place)))
            _check_output(output, len(target), highest, "images")
            mean = criterion(output, target)
            _check_loss(mean)
            losses.append(mean)
            right += (output.argmax(1) == target).sum()
    mean_loss = _mean_over_pictures(torch.stack(losses), batch_size, len(images))
    return Evaluation(mean_loss, int(right) / len(images))


def _scaled(pictures: Tensor) -> Tensor:
    """Turn bytes from 0 to 255 into numbers from 0 to 1."""
    return pictures.to(torch.float32).div_(255)


def _mean_over_pictures(losses: Tensor, batch_size: int, count: int) -> float:
    """Average the batches' means, each by its number of pictures: the last batch has fewer."""
    sums = losses.double().cpu() * batch_size
    sums[-1] = losses[-1].double().cpu() * (count - batch_size * (len(losses) - 1))
    return float(sums.sum()) / count


@contextmanager
def _mode(model: nn.Module, *, training: bool) -> Iterator[None]:
    """Keep a model in training or evaluation mode, then give each part its own mode back."""
    before = {part: part.training for part in model.modules()}
    model.train(training)
    try:
        yield
    finally:
        for part, was_training in before.items():
            part.training = was_training


def _make_optimizer(model: nn.Module, optimizer: Optimizer | MakeOptimizer | None) -> Optimizer:
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


def _bar(total: int, progress: bool | None) -> tqdm:
    """Make the progress bar; it shows nothing where nobody is looking."""
    if progress is None:
        wanted = os.environ.get("CVLIB_PROGRESS")
        if wanted:
            progress = wanted != "0"
        else:
            ipython = sys.modules.get("IPython")
            notebook = ipython is not None and hasattr(ipython.get_ipython(), "kernel")
            progress = "CI" not in os.environ and (notebook or sys.stderr.isatty())
    return tqdm(total=total, disable=not progress)


def _check_model(model: nn.Module) -> None:
    if not isinstance(model, nn.Module):
        raise TypeError(f"model is {type(model).__name__}; expected a torch.nn.Module")


def _check_pictures(name: str, images: ImageSet) -> None:
    if not isinstance(images, ImageSet):
        raise TypeError(f"{name} is {type(images).__name__}; expected a cvlib.data.ImageSet")
    if not len(images):
        raise ValueError(f"{name} is empty; expected at least one picture")


def _check_output(output: Tensor, count: int, highest: int, name: str) -> None:
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


def _check_loss(mean: Tensor) -> None:
    if not isinstance(mean, Tensor) or mean.ndim:
        shape = getattr(mean, "shape", None)
        what = type(mean).__name__ if shape is None else f"a tensor of shape {tuple(shape)}"
        raise ValueError(f"loss gives {what}; expected one number, the mean over the batch")


def _check_finite(losses: Tensor, number: int, optimizer: Optimizer) -> None:
    """Say where the loss went astray, once an epoch, since asking makes a GPU's queue run dry."""
    astray = losses.isfinite().logical_not().nonzero()
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
