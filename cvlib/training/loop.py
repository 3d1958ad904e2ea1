"""Train a network, and measure what it has learnt.

:func:`fit` is the loop that everybody writes by hand, written once: shuffle, take a batch, forward,
backward, step. Pictures stay ``uint8`` on the device and become numbers from 0 to 1 batch by batch,
so that no picture passes through Python.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Sized
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from typing import Literal, NamedTuple, Protocol

import torch
from torch import Generator, Tensor, nn
from torch.nn import functional as F
from torch.optim import Optimizer
from torch.utils.data import DataLoader, Dataset
from tqdm.auto import tqdm

import cvlib
from cvlib.arguments import integer
from cvlib.data import ImageSet
from cvlib.files import expect_path
from cvlib.training.checkpoints import Run
from cvlib.training.data_parallel import (
    Processes,
    all_reduce,
    broadcast_object,
    broadcast_state,
    parallel,
    processes,
)
from cvlib.training.history import Epoch, Evaluation, History
from cvlib.training.losses import Loss, MeanLoss, check_loss
from cvlib.training.regularization import EarlyStopping
from cvlib.training.schedules import LearningRateController, ScheduleLike

__all__ = [
    "Batch",
    "Batches",
    "Epoch",
    "Evaluation",
    "History",
    "Pictures",
    "batches_of",
    "evaluate",
    "fit",
]

Metric = Callable[[Tensor, Tensor], Tensor | float]
Augment = Callable[[Tensor, Tensor, Generator], tuple[Tensor, Tensor]]
MakeOptimizer = Callable[[Iterable[nn.Parameter]], Optimizer]
Amp = bool | Literal["bfloat16", "float16"]
Pictures = ImageSet | Dataset | DataLoader


def fit(
    model: nn.Module,
    train: Pictures,
    test: Pictures | None = None,
    *,
    epochs: int,
    batch_size: int = 128,
    optimizer: Optimizer | MakeOptimizer | None = None,
    schedule: ScheduleLike | None = None,
    loss: Loss | None = None,
    metrics: Mapping[str, Metric] | None = None,
    augment: Augment | Sequence[Augment] | None = None,
    device: str | torch.device | None = None,
    amp: Amp = False,
    compile: bool | str = False,  # noqa: A002 - the word that torch has for it
    seed: int = 0,
    checkpoint: str | os.PathLike[str] | None = None,
    resume: bool = False,
    early_stopping: EarlyStopping | None = None,
    progress: bool | None = None,
) -> History:
    """Train a network on labelled pictures.

    Parameters
    ----------
    model
        The network, from pictures of shape (B, C, H, W), ``float32`` from 0 to 1, to one output
        for each class, shape (B, K). It is moved to ``device``, changed in place, and left in the
        mode (training or evaluation) in which it came.
    train
        The pictures to learn from: an :class:`~cvlib.data.ImageSet`, which is the fast way, a
        torch data set of pairs (picture, label), or a ``DataLoader`` of batches of them, which
        brings its own batch size and order. Pictures of ``uint8`` are scaled to 0 to 1.
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
    schedule
        A function of the step, counted from 0, and the number of steps, that gives the factor for
        the optimizer's learning rate (:mod:`cvlib.training.schedules`); a
        :class:`~cvlib.training.schedules.Plateau`; or a scheduler of ``torch.optim.lr_scheduler``,
        which is stepped once per batch, ``ReduceLROnPlateau`` once per epoch. Those that wait for a
        plateau go by the test loss, without a test set by the training loss.
    loss
        A function of outputs (B, K) and labels (B,) that gives the batch's mean; cross entropy by
        default. After an augmentation that mixes pictures it gets probabilities (B, K) for labels.
        Where classes have weights, or one is ignored, pass torch's ``CrossEntropyLoss`` with them,
        or a ``functools.partial`` of a ``cross_entropy``: what a batch counts is read from it. For
        a function of your own, the outputs of an epoch are kept, to record its value for all of
        them; several processes weigh their shares of a batch by pictures.
    metrics
        By name, functions of all outputs (N, K) and labels (N,) of the test set, measured after
        each epoch (:mod:`cvlib.training.metrics`).
    augment
        Changes each training batch: a function, or several in their order, of pictures, labels and
        a generator on the CPU, that gives pictures and labels
        (:mod:`cvlib.augmentation`).
    device
        Where to train; :func:`cvlib.device` chooses by default.
    amp
        Automatic mixed precision: True or ``"bfloat16"``, or ``"float16"`` with its loss scaled.
        Weights and evaluation stay ``float32``. It is faster on some networks, and not on others.
    compile
        Whether to run the network through :func:`torch.compile`, or in which of its modes. It pays
        where training takes much longer than the compiler, about a minute.
    seed
        Seed of the shuffling and of ``augment``, drawn on the CPU: the same seed gives the same
        order on every device. Weights and dropout are drawn by torch; for those, call
        ``torch.manual_seed`` before the model is made.
    checkpoint
        A file that holds the run after each epoch, written at once or not at all.
    resume
        Whether to go on from ``checkpoint``. The run ends with the same weights, bit for bit, as
        one that was never interrupted, however it ended (numpy's own generator is not kept). If
        there is no such file yet, the run begins.
    early_stopping
        When to stop before ``epochs``: the model gets the weights of the best epoch back. The
        pictures of ``test`` have then had a say; measure the model on others.
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
        If an argument is of a kind that it cannot be.
    ValueError
        If a set is empty, a label has no output, ``optimizer`` holds none of the model's
        parameters, the model lies on two devices, ``loss`` gives no single number, a number is too
        small, or the checkpoint is damaged or that of another run.
    FileExistsError
        If ``checkpoint`` holds a run and ``resume`` is False: it would be lost.
    FloatingPointError
        If the loss is no longer finite. The message says in which epoch and batch that began.
    OSError
        If the checkpoint cannot be written. The one before stands.

    Notes
    -----
    Where ``torchrun`` has started several processes, each takes its share of every batch, and
    torch's ``DistributedDataParallel`` averages the gradients: the steps are those of one process,
    as long as no layer looks across the batch, as batch normalization does. Process 0 evaluates
    and writes.

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
    epochs = integer("epochs", epochs, least=1)
    batch_size = integer("batch_size", batch_size, least=1)
    check_watched(test, metrics, early_stopping)
    team = processes()
    place = to_device(model, device)
    steps = make_optimizer(model, optimizer)
    criterion = MeanLoss(loss)
    changes = (augment,) if callable(augment) else tuple(augment or ())
    precision, scaler = precision_of(amp, place)
    shuffler = Generator().manual_seed(seed)
    batches = batches_of("train", train, batch_size, place, shuffler=shuffler, team=team)
    held_out = None if test is None else batches_of("test", test, 1000, place)
    controller = LearningRateController(steps, schedule, epochs * len(batches))
    forward = compiled(parallel(model, place), compile)
    run = Run(
        parts={"model": model, "optimizer": steps, "schedule": controller, "scaler": scaler},
        shuffler=shuffler,
        settings={
            "epochs": epochs,
            "batch_size": batch_size,
            "batches": len(batches),
            "seed": seed,
        },
        early_stopping=early_stopping,
    )
    if checkpoint is not None:
        run.begin(
            expect_path(checkpoint, "checkpoint"),
            resume=resume,
            stretchable=not controller.needs_total_steps,
        )
    elif resume:
        raise ValueError("resume is True without a checkpoint; expected the file to go on from")

    done, total = len(run.epochs) * len(batches), epochs * len(batches)
    bar = _bar(total, done, False if team.rank else progress)
    with _mode(model, training=True), controller, bar:
        while not run.finished:
            number = len(run.epochs) + 1
            bar.set_description(f"epoch {number} of {epochs}", refresh=False)
            generator = run.generator()
            criterion.clear()
            counts: list[int] = []
            right = torch.zeros((), dtype=torch.int64, device=place)
            for batch, (images, labels, count, weight) in enumerate(batches):
                targets = labels
                for change in changes:
                    images, targets = change(images, targets, generator)
                output = _outputs(forward, images, precision)
                check_output(output, len(labels), batches.highest, "train")
                mean = criterion(output.float() if amp else output, targets, count)
                factor = criterion.factor(weight)
                controller.before_step((number - 1) * len(batches) + batch)
                steps.zero_grad()
                alone = isinstance(factor, float) and factor == 1
                scaler.scale(mean if alone else mean * factor).backward()
                scaler.step(steps)
                scaler.update()
                controller.after_step()
                # Kept on the device: reading a number here would make the CPU wait for each step.
                counts.append(count)
                wanted = targets if targets.ndim == 1 else targets.argmax(1)
                right += (output.detach().argmax(1) == wanted)[:count].sum()
                bar.update()
            check_finite(criterion.losses, number, steps)
            train_loss = criterion.over_all()
            parts = [right, torch.tensor(sum(counts))]
            known, pictures = all_reduce(torch.stack([part.double().to(place) for part in parts]))
            train_accuracy = float(known / pictures)
            broadcast_state(model)
            record = Epoch(number, train_loss, train_accuracy, learning_rate=controller.rate)
            if held_out is not None and team.rank == 0:
                measured = _measure(model, held_out, "test", criterion.loss, metrics)
                record = replace(
                    record,
                    test_loss=measured.loss,
                    test_accuracy=measured.accuracy,
                    metrics=measured.metrics,
                )
            record = broadcast_object(record)
            controller.after_epoch([*run.epochs, record])
            run.add(record)
            bar.set_postfix(loss=f"{train_loss:.3f}", refresh=False)
    run.close()
    return History(run.epochs)


def evaluate(
    model: nn.Module,
    images: Pictures,
    *,
    batch_size: int = 1000,
    loss: Loss | None = None,
    metrics: Mapping[str, Metric] | None = None,
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
        The pictures and their labels: whatever :func:`fit` learns from.
    batch_size
        Pictures at a time. It changes speed and memory, and nothing else.
    loss
        A function of all outputs (N, K) and labels (N,); cross entropy by default.
    metrics
        By name, functions of all outputs (N, K) and labels (N,).
    device
        Where to compute; the model is moved there. By default where the model is.

    Returns
    -------
    Evaluation
        The loss of all pictures, the share of them that is classified right, and the metrics.

    Raises
    ------
    TypeError
        If ``model`` is no network, or ``images`` no pictures to learn from.
    ValueError
        If there is no picture, a label has no output, ``loss`` gives no single number, the model
        lies on two devices, or ``batch_size`` is below 1.

    Examples
    --------
    >>> from cvlib.data import digits
    >>> model = nn.Sequential(nn.Flatten(), nn.Linear(64, 10))
    >>> _ = nn.init.zeros_(model[1].weight), nn.init.zeros_(model[1].bias)
    >>> round(evaluate(model, digits()).loss, 4)  # all outputs alike: the logarithm of 10
    2.3026
    """
    batch_size = integer("batch_size", batch_size, least=1)
    check_model(model)
    parameter = next(model.parameters(), None)
    if device is None and parameter is not None:
        device = parameter.device
    elif device is None and isinstance(images, ImageSet):
        device = images.images.device
    place = to_device(model, device)
    batches = batches_of("images", images, batch_size, place)
    return _measure(model, batches, "images", loss or F.cross_entropy, metrics)


def _measure(
    model: nn.Module,
    batches: Batches,
    name: str,
    criterion: Loss,
    metrics: Mapping[str, Metric] | None,
) -> Evaluation:
    outputs, labels = [], []
    with _mode(model, training=False), torch.inference_mode():
        for batch in batches:
            output = _outputs(model, batch.images, nullcontext())
            check_output(output, len(batch.labels), batches.highest, name)
            outputs.append(output)
            labels.append(batch.labels)
        all_outputs, all_labels = torch.cat(outputs), torch.cat(labels)
        # Of all at once: a mean of the batches' means is none where classes weigh, or are ignored.
        mean = criterion(all_outputs, all_labels)
        check_loss(mean)
        right = int((all_outputs.argmax(1) == all_labels).sum())
        others = {
            key: float(metric(all_outputs, all_labels)) for key, metric in (metrics or {}).items()
        }
    return Evaluation(float(mean), right / len(all_labels), others)


def _outputs(
    model: Callable[[Tensor], Tensor], images: Tensor, precision: AbstractContextManager[object]
) -> Tensor:
    try:
        with precision:
            return model(images)
    except RuntimeError as error:
        if "same device" not in str(error) and "expected device" not in str(error):
            raise
        raise ValueError(
            f"model holds a tensor that is not on {images.device}, where the pictures are; "
            "expected its tensors to be parameters or buffers (register_buffer), which move with "
            "it"
        ) from error


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


def _bar(total: int, done: int, progress: bool | None) -> tqdm:
    """Make the progress bar; it shows nothing where nobody is looking."""
    if progress is None:
        wanted = os.environ.get("CVLIB_PROGRESS")
        if wanted:
            progress = wanted != "0"
        else:
            ipython = sys.modules.get("IPython")
            notebook = ipython is not None and hasattr(ipython.get_ipython(), "kernel")
            progress = "CI" not in os.environ and (notebook or sys.stderr.isatty())
    return tqdm(total=total, initial=done, disable=not progress)


def to_device(model: nn.Module, device: str | torch.device | None) -> torch.device:
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


class Batch(NamedTuple):
    """Pictures for one step.

    Parameters
    ----------
    images
        Shape (B, C, H, W), ``float32`` from 0 to 1, on the device.
    labels
        Shape (B,), ``int64``.
    counted
        How many of them count: all, but for a process whose share of a last batch is empty.
    weight
        What this process's mean is multiplied by, so that the average over the processes is the
        mean over all their pictures: 1 where all have equally many.
    """

    images: Tensor
    labels: Tensor
    counted: int
    weight: float


class Batches(Protocol):
    """One pass through the pictures each time that it is iterated over.

    Parameters
    ----------
    highest
        The highest label met so far.
    """

    highest: int

    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[Batch]: ...


def batches_of(
    name: str,
    pictures: Pictures,
    batch_size: int,
    place: torch.device,
    *,
    shuffler: Generator | None = None,
    team: Processes | None = None,
) -> Batches:
    """Take batches from pictures of any kind.

    Parameters
    ----------
    name
        The argument's name in messages.
    pictures
        An :class:`~cvlib.data.ImageSet`, a torch data set of pairs (picture, label), or a
        ``DataLoader`` of batches of them, which brings its own batch size and order.
    batch_size
        Pictures a batch, over all processes.
    place
        Where the batches go.
    shuffler
        Draws the order of each pass, on the CPU; without it the order is that of the pictures.
    team
        Who shares each batch; by default this process is alone.

    Returns
    -------
    Batches
        With a length, the number of batches.

    Raises
    ------
    TypeError
        If ``pictures`` is none of these.
    ValueError
        If it is empty, or a ``DataLoader`` is to be shared among processes.
    """
    if not isinstance(pictures, Pictures):
        raise TypeError(
            f"{name} is {type(pictures).__name__}; expected a cvlib.data.ImageSet, or a "
            "Dataset or DataLoader of torch.utils.data"
        )
    source = pictures.dataset if isinstance(pictures, DataLoader) else pictures
    if not isinstance(source, Sized):
        raise TypeError(f"{name} has no length; expected a data set that knows its size")
    if not len(source) or (isinstance(pictures, DataLoader) and not len(pictures)):
        raise ValueError(f"{name} is empty; expected at least one picture")
    team = team or Processes()
    order = _Order(len(source), batch_size, shuffler, team)
    if isinstance(pictures, ImageSet):
        return _InMemory(pictures, order, place)
    if isinstance(pictures, DataLoader):
        if team.world_size > 1:
            raise ValueError(
                f"{name} is a DataLoader, which does not know of {team.world_size} processes; "
                "expected its data set, which is shared out among them"
            )
        return _Loaded(name, pictures, None, place)
    return _Loaded(name, DataLoader(pictures, batch_sampler=order), order, place)


class _Order:
    """The positions of each batch's pictures, drawn anew for each pass."""

    def __init__(
        self, pictures: int, batch_size: int, shuffler: Generator | None, team: Processes
    ) -> None:
        self.pictures, self.batch_size = pictures, batch_size
        self.shuffler, self.team = shuffler, team

    def __len__(self) -> int:
        return -(-self.pictures // self.batch_size)

    def drawn(self) -> Tensor:
        if self.shuffler is None:
            return torch.arange(self.pictures)
        return torch.randperm(self.pictures, generator=self.shuffler)

    def mine(self, index: Tensor) -> Tensor:
        """Take this process's pictures of a batch; an empty share borrows one, at weight 0."""
        share = index[self.team.rank :: self.team.world_size]
        return share if len(share) else index[:1]

    def share(self, number: int) -> tuple[int, float]:
        """Return how many pictures of a batch are this process's, and what its mean weighs."""
        total = min(self.batch_size, self.pictures - number * self.batch_size)
        count = len(range(self.team.rank, total, self.team.world_size))
        return count, count * self.team.world_size / total

    def __iter__(self) -> Iterator[list[int]]:
        for index in self.drawn().split(self.batch_size):
            yield self.mine(index).tolist()


class _InMemory:
    def __init__(self, pictures: ImageSet, order: _Order, place: torch.device) -> None:
        self.images, self.labels = pictures.images.to(place), pictures.labels.to(place)
        self.highest, self.order = int(pictures.labels.max()), order

    def __len__(self) -> int:
        return len(self.order)

    def __iter__(self) -> Iterator[Batch]:
        order = self.order.drawn().to(self.images.device)
        for number, index in enumerate(order.split(self.order.batch_size)):
            mine = self.order.mine(index)
            yield Batch(_scaled(self.images[mine]), self.labels[mine], *self.order.share(number))


class _Loaded:
    def __init__(
        self, name: str, loader: DataLoader, order: _Order | None, place: torch.device
    ) -> None:
        self.name, self.loader, self.order, self.place = name, loader, order, place
        self.highest = 0

    def __len__(self) -> int:
        return len(self.loader)

    def __iter__(self) -> Iterator[Batch]:
        for number, (images, labels) in enumerate(self._pairs()):
            count, weight = (len(labels), 1.0) if self.order is None else self.order.share(number)
            on_device = images.to(self.place, non_blocking=True)
            yield Batch(_scaled(on_device), labels.to(self.place), count, weight)

    def _pairs(self) -> Iterator[tuple[Tensor, Tensor]]:
        try:
            for pair in self.loader:
                yield self._checked(pair)
        except TypeError as error:
            if "collate" not in str(error):
                raise
            raise TypeError(
                f"{self.name} gives what cannot be put into a batch; expected pairs of a tensor "
                "and a label: does the data set lack transform=ToTensor()?"
            ) from error

    def _checked(self, pair: object) -> tuple[Tensor, Tensor]:
        if not isinstance(pair, list | tuple) or len(pair) != 2:
            what = type(pair).__name__
            if isinstance(pair, list | tuple):
                what += f" of length {len(pair)}"
            raise TypeError(f"{self.name} gives {what}; expected pairs (pictures, labels)")
        images, labels = pair
        for what, value in (("pictures", images), ("labels", labels)):
            if not isinstance(value, Tensor):
                raise TypeError(
                    f"{self.name} gives {what} as {type(value).__name__}; expected a tensor"
                )
        if images.dtype != torch.uint8 and not images.is_floating_point():
            raise TypeError(
                f"{self.name} gives pictures of {images.dtype}; expected uint8, or numbers from "
                "0 to 1"
            )
        if labels.dtype != torch.int64 or labels.shape != images.shape[:1]:
            raise ValueError(
                f"{self.name} gives labels of {labels.dtype} and shape {tuple(labels.shape)}; "
                f"expected torch.int64 and ({len(images)},)"
            )
        low, high = (int(value) for value in labels.aminmax())
        if low < 0:
            raise ValueError(f"{self.name} has the label {low}; expected at least 0")
        self.highest = max(self.highest, high)
        return images, labels


def _scaled(pictures: Tensor) -> Tensor:
    """Turn bytes from 0 to 255 into numbers from 0 to 1; numbers stay what they are."""
    if pictures.dtype == torch.uint8:
        return pictures.to(torch.float32).div_(255)
    return pictures.to(torch.float32)
