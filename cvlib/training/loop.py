"""Train a network, and measure what it has learnt.

:func:`fit` is the loop that everybody writes by hand, written once: shuffle, take a batch, forward,
backward, step. Pictures stay ``uint8`` on the device and become numbers from 0 to 1 batch by batch,
so that no picture passes through Python.

What a batch may hold is told in :mod:`cvlib.training.batches`. The loss says what to make of it.
"""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from typing import Any, Literal, NamedTuple

import torch
from torch import Generator, Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import ReduceLROnPlateau
from torch.utils.data import DataLoader, TensorDataset
from tqdm.auto import tqdm

import cvlib
from cvlib.arguments import integer, one_of
from cvlib.data import ImageSet
from cvlib.files import expect_path
from cvlib.training.batches import Batches, Pictures, batches_of, generators_of
from cvlib.training.callbacks import Callback, Training
from cvlib.training.checkpoints import Run, fingerprint
from cvlib.training.data_parallel import (
    all_reduce,
    broadcast_object,
    broadcast_state,
    parallel,
    processes,
)
from cvlib.training.history import Epoch, Evaluation, History
from cvlib.training.losses import Loss
from cvlib.training.mean_loss import MeanLoss
from cvlib.training.regularization import EarlyStopping
from cvlib.training.schedules import LearningRateController, Plateau, ScheduleLike

__all__ = [
    "Epoch",
    "Evaluation",
    "History",
    "evaluate",
    "fit",
    "predict",
]

Metric = Callable[[Any, Any], Tensor | float]
Augment = Callable[[Any, Any, Generator], tuple[Any, Any]]
MakeOptimizer = Callable[[Iterable[nn.Parameter]], Optimizer]
Amp = bool | Literal["bfloat16", "float16"]
LossLike = Loss | Literal["model"]


def fit(
    model: nn.Module,
    train: Pictures,
    validation: Pictures | None = None,
    *,
    epochs: int,
    batch_size: int = 128,
    validation_batch_size: int = 1000,
    accumulate: int = 1,
    workers: int = 0,
    optimizer: Optimizer | MakeOptimizer | None = None,
    schedule: ScheduleLike | None = None,
    loss: LossLike | None = None,
    metrics: Mapping[str, Metric] | None = None,
    augment: Augment | Sequence[Augment] | None = None,
    callbacks: Sequence[Callback] = (),
    device: str | torch.device | None = None,
    amp: Amp = False,
    compile: bool | str = False,  # noqa: A002 - the word that torch has for it
    deterministic: bool = False,
    seed: int = 0,
    checkpoint: str | os.PathLike[str] | None = None,
    resume: bool = False,
    early_stopping: EarlyStopping | None = None,
    keep: Literal["last", "best"] = "last",
    progress: bool | None = None,
    test: None = None,
) -> History:
    """Train a network on pictures with labels, label maps, numbers or boxes.

    Parameters
    ----------
    model
        The network, from inputs to outputs: for classes from pictures (B, C, H, W), ``float32``
        from 0 to 1, to one output for each class, (B, K), or (B, K, H, W) for label maps. It is
        moved to ``device``, changed in place, and left in the mode (training or evaluation) in
        which it came. If it came in training mode, parts of it that are in evaluation mode stay
        so: a batch normalization that is frozen stays frozen.
    train
        What to learn from: an :class:`~cvlib.data.ImageSet` or a ``TensorDataset``, which are the
        fast way; a torch data set of pairs (input, target); or a ``DataLoader`` of batches of
        them, which brings its own batch size and order. Pictures of ``uint8`` are scaled to 0 to 1.
    validation
        Held out: the network is evaluated on it after each epoch and never learns from it. It may
        choose settings, the epoch to keep, the moment to stop. What has chosen must not measure:
        keep a third set, and call :func:`evaluate` with it once, at the end.
    epochs
        Passes through the training pictures, at least 1.
    batch_size
        Pictures per step. The last batch of an epoch holds what is left.
    validation_batch_size
        Pictures at a time in evaluation. It changes speed and memory, and nothing else.
    accumulate
        Into how many parts each batch is split. Their gradients add up to that of the whole batch,
        in less memory, unless a layer looks across the batch, as batch normalization does.
    workers
        How many processes load what a data set gives one by one; 0 loads in this one.
    optimizer
        A torch optimizer made for the model's parameters, or a function that makes one of them,
        such as ``functools.partial(torch.optim.SGD, lr=0.1)``. By default Adam with a learning
        rate of 0.001.
    schedule
        A function of the step, counted from 0, and the number of steps, that gives the factor for
        the optimizer's learning rate (:mod:`cvlib.training.schedules`); a
        :class:`~cvlib.training.schedules.Plateau`; or a scheduler of ``torch.optim.lr_scheduler``,
        which is stepped once per batch, ``ReduceLROnPlateau`` once per epoch. Those that wait for a
        plateau go by the validation loss, without validation by the training loss.
    loss
        A function of outputs and targets that gives the batch's mean, or a dictionary of parts,
        which are added up and recorded by name; cross entropy by default. After an augmentation
        that mixes pictures it gets probabilities (B, K) for labels. Where classes have weights, or
        one is ignored, pass torch's ``CrossEntropyLoss`` with them, or a ``functools.partial`` of
        a ``cross_entropy``: what a batch counts is read from it. Of a function that is no mean
        over pictures, the outputs of an epoch are kept, to record its value for all of them;
        several processes weigh their shares of a batch by pictures. ``"model"`` for a network
        that computes its own: in training it is called with inputs and targets, and gives the
        loss or its parts, as torchvision's detectors do.
    metrics
        By name, functions of all outputs and targets of the validation set, measured after each
        epoch (:mod:`cvlib.training.metrics`).
    augment
        Changes each training batch: a function, or several in their order, of inputs, targets and
        a generator on the CPU, that gives inputs and targets (:mod:`cvlib.augmentation`).
    callbacks
        What else to do at the moments of the training, such as to clip gradients, to average
        weights or to write for TensorBoard (:mod:`cvlib.training.callbacks`); or your own.
    device
        Where to train; :func:`cvlib.device` chooses by default.
    amp
        Automatic mixed precision: True or ``"bfloat16"``, or ``"float16"`` with its loss scaled.
        Weights and evaluation stay ``float32``. It is faster on some networks, and not on others.
    compile
        Whether to run the network through :func:`torch.compile`, or in which of its modes. It pays
        where training takes much longer than the compiler, about a minute.
    deterministic
        Whether to ask torch for algorithms that give the same bits each time, which are slower on
        a GPU; where there is none, torch raises. On CUDA, set ``CUBLAS_WORKSPACE_CONFIG=:4096:8``.
    seed
        Seed of the shuffling and of ``augment``, drawn on the CPU: the same seed gives the same
        order on every device. Weights and dropout are drawn by torch; for those, call
        ``torch.manual_seed`` before the model is made.
    checkpoint
        A file that holds the run after each epoch, written at once or not at all.
    resume
        Whether to go on from ``checkpoint``. On the CPU, and on CUDA with ``deterministic``, the
        run ends with the same weights, bit for bit, as one that was never interrupted, however it
        ended (numpy's own generator is not kept). What would change the run must be what it was:
        the network, optimizer, schedule, loss, augmentation, batch size, seed and data. If there
        is no such file yet, the run begins.
    early_stopping
        When to stop before ``epochs``: the model gets the weights of the best epoch back.
    keep
        Whether the model ends with the weights of the last epoch or of the best: that of the
        lowest validation loss, without validation of the lowest training loss.
    progress
        Whether to show a progress bar. By default it shows in a notebook and in a terminal, and
        not in continuous integration (``CI`` is set) or where output is kept in a file; the
        environment variable ``CVLIB_PROGRESS``, 0 or 1, settles it.
    test
        No argument any more: a test set is not looked at while training.

    Returns
    -------
    History
        Loss of each epoch, and the accuracy where targets are classes: the share of pictures, in
        label maps of places, whose highest output is the right class, those ignored left out.

    Raises
    ------
    TypeError
        If an argument is of a kind that it cannot be.
    ValueError
        If a set is empty, a label has no output, ``optimizer`` holds none of the model's
        parameters or needs a closure, the model lies on two devices, ``loss`` gives no number, a
        batch normalization is given a batch of one, a number is too small, or the checkpoint is
        damaged or that of another run.
    FileExistsError
        If ``checkpoint`` holds a run and ``resume`` is False: it would be lost.
    FloatingPointError
        If the loss is no longer finite. The message says in which epoch and batch that began.
    OSError
        If the checkpoint cannot be written. The one before stands.

    Notes
    -----
    An error, or Ctrl-C, that ends the training has what was measured in its attribute ``history``.

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
    >>> train, validation = train.split(test=0.2)
    >>> history = fit(model, train, validation, epochs=5, optimizer=adam, device="cpu")
    >>> history.epochs[-1].validation_accuracy > 0.85
    True
    >>> evaluate(model, test).accuracy > 0.85
    True
    """
    if test is not None:
        raise TypeError(
            "fit takes no test set: what is looked at while training chooses, and must not "
            "measure. Pass validation=, and call evaluate with the test set once, at the end"
        )
    epochs = integer("epochs", epochs, least=1)
    batch_size = integer("batch_size", batch_size, least=1)
    accumulate = integer("accumulate", accumulate, least=1)
    one_of("keep", keep, ("last", "best"))
    early_stopping = early_stopping or _best_of(epochs, validation, keep)
    check_watched(validation, metrics, early_stopping, own=isinstance(loss, str))
    team = processes()
    place = to_device(model, device)
    steps = make_optimizer(model, optimizer)
    own = isinstance(loss, str)
    criterion = _criterion(loss)
    changes = (augment,) if callable(augment) else tuple(augment or ())
    precision, scaler = precision_of(amp, place)
    shuffler = Generator().manual_seed(seed)
    batches = batches_of(
        "train",
        train,
        batch_size,
        place,
        shuffler=shuffler,
        team=team,
        workers=workers,
        ignored=criterion.ignored,
    )
    held_out = None
    if validation is not None:
        size = integer("validation_batch_size", validation_batch_size, least=1)
        held_out = batches_of(
            "validation", validation, size, place, workers=workers, ignored=criterion.ignored
        )
    controller = LearningRateController(steps, schedule, epochs * len(batches))
    forward = compiled(parallel(model, place), compile)
    training = Training(model, steps, model)
    run = Run(
        parts={"model": model, "optimizer": steps, "schedule": controller, "scaler": scaler},
        shuffler=shuffler,
        settings={"epochs": epochs, "seed": seed},
        early_stopping=early_stopping,
    )
    for callback in callbacks:
        callback.on_train_begin(training)
    run.parts |= {f"callback {at}": each for at, each in enumerate(callbacks, 1)}
    if checkpoint is not None:
        chooses = run.early_stopping is not None or isinstance(
            schedule, Plateau | ReduceLROnPlateau
        )
        run.parts |= generators_of("train", train)
        run.settings |= {
            "batch_size": train.batch_size if isinstance(train, DataLoader) else batch_size,
            "accumulate": accumulate,
            "network": fingerprint(model),
            "optimizer": fingerprint(steps),
            "schedule": fingerprint(schedule),
            "loss": fingerprint(loss),
            "augmentation": fingerprint(changes),
            "callbacks": fingerprint(tuple(callbacks)),
            "early stopping": fingerprint(run.early_stopping),
            "precision": fingerprint(amp),
            "data": fingerprint(train),
            "batches": len(batches),
            "validation": fingerprint(validation) if chooses else "not what chooses",
        }
        run.begin(
            expect_path(checkpoint, "checkpoint"),
            resume=resume,
            stretchable=not controller.needs_total_steps,
        )
    elif resume:
        raise ValueError("resume is True without a checkpoint; expected the file to go on from")
    training.history = History(run.epochs)

    done, total = len(run.epochs) * len(batches), epochs * len(batches)
    bar = _bar(total, done, False if team.rank else progress)
    try:
        with _mode(model, training=True), controller, _deterministic(deterministic), bar:
            while not run.finished and not training.stop:
                epoch = training.epoch = len(run.epochs) + 1
                bar.set_description(f"epoch {epoch} of {epochs}", refresh=False)
                generator = run.generator()
                criterion.clear()
                score = _Accuracy(place, criterion.ignored)
                for batch, (inputs, targets, count, weight) in enumerate(batches):
                    labels = targets
                    for change in changes:
                        inputs, targets = change(inputs, targets, generator)
                    mixed = labels is not targets and _are_mixed(labels, targets)
                    step = (epoch - 1) * len(batches) + batch
                    controller.before_step(step)
                    steps.zero_grad()
                    for part in _parts(inputs, targets, count, accumulate, criterion):
                        given = part.targets if own else None
                        output = _outputs(forward, part.inputs, precision, given)
                        if own:
                            mean = criterion.take(output, part.counted)
                        else:
                            check_output(output, part.targets, batches.highest, "train", criterion)
                            full = output.float() if amp and isinstance(output, Tensor) else output
                            mean = criterion(full, part.targets, part.counted)
                            labels = part.targets.argmax(1) if mixed else part.targets
                            score.add(output, labels, part.counted)
                        factor = criterion.factor(weight, part.whole)
                        scaled = (
                            mean if isinstance(factor, float) and factor == 1 else mean * factor
                        )
                        if part.share is not None:
                            scaled = scaled * part.share
                        scaler.scale(scaled).backward()
                    if callbacks:
                        if scaler.is_enabled():
                            scaler.unscale_(steps)
                        training.step, training.loss = step, mean.detach()
                        training.inputs, training.targets = part.inputs, part.targets
                        training.outputs = output
                        for callback in callbacks:
                            callback.on_before_optimizer_step(training)
                    scaler.step(steps)
                    scaler.update()
                    controller.after_step()
                    for callback in callbacks:
                        callback.on_batch_end(training)
                    bar.update()
                check_finite(criterion.losses, epoch, steps)
                record = Epoch(
                    epoch,
                    criterion.over_all(),
                    score.over_all(),
                    learning_rate=controller.rate,
                    parts=criterion.parts_over_all(),
                )
                broadcast_state(model)
                if held_out is not None and team.rank == 0:
                    measured = _measure(training.evaluated, held_out, "validation", loss, metrics)
                    record = replace(
                        record,
                        validation_loss=measured.loss,
                        validation_accuracy=measured.accuracy,
                        metrics=measured.metrics,
                    )
                record = broadcast_object(record)
                controller.after_epoch([*run.epochs, record])
                training.history = History([*run.epochs, record])
                for callback in callbacks:
                    callback.on_epoch_end(training)
                run.add(record, training.evaluated)
                bar.set_postfix(loss=f"{record.train_loss:.3f}", refresh=False)
    except BaseException as error:
        error.history = History(run.epochs)  # type: ignore[attr-defined]
        raise
    finally:
        for callback in callbacks:
            callback.on_train_end(training)
        run.close()
    return History(run.epochs)


def evaluate(
    model: nn.Module,
    images: Pictures,
    *,
    batch_size: int = 1000,
    loss: LossLike | None = None,
    metrics: Mapping[str, Metric] | None = None,
    device: str | torch.device | None = None,
    workers: int = 0,
) -> Evaluation:
    """Measure the loss and the accuracy of a network on pictures that it does not learn from.

    Parameters
    ----------
    model
        The network, as :func:`fit` takes it. Evaluated in evaluation mode and left in the mode in
        which it came.
    images
        The pictures and their targets: whatever :func:`fit` learns from.
    batch_size
        Pictures at a time. It changes speed and memory, and nothing else.
    loss
        As :func:`fit` takes it; cross entropy by default. A network that computes its own
        (``"model"``) has none in evaluation mode.
    metrics
        By name, functions of all outputs and targets: tensors, or lists with one item per picture.
    device
        Where to compute; the model is moved there. By default where the model is.
    workers
        How many processes load what a data set gives one by one.

    Returns
    -------
    Evaluation
        The loss of all pictures, the share of them (in label maps, of their places) that is
        classified right, and the metrics.

    Raises
    ------
    TypeError
        If ``model`` is no network, or ``images`` no pictures to learn from.
    ValueError
        If there is no picture, a label has no output, ``loss`` gives no number, the model lies on
        two devices, or ``batch_size`` is below 1.

    Examples
    --------
    >>> from cvlib.data import digits
    >>> model = nn.Sequential(nn.Flatten(), nn.Linear(64, 10))
    >>> _ = nn.init.zeros_(model[1].weight), nn.init.zeros_(model[1].bias)
    >>> round(evaluate(model, digits()).loss, 4)  # all outputs alike: the logarithm of 10
    2.3026
    """
    batch_size = integer("batch_size", batch_size, least=1)
    place = _place_of(model, images, device)
    ignored = _criterion(loss).ignored
    batches = batches_of("images", images, batch_size, place, workers=workers, ignored=ignored)
    return _measure(model, batches, "images", loss, metrics)


def predict(
    model: nn.Module,
    images: Pictures | Tensor,
    *,
    batch_size: int = 1000,
    device: str | torch.device | None = None,
    workers: int = 0,
) -> Any:
    """Return what a network says of pictures.

    Parameters
    ----------
    model
        The network; in evaluation mode meanwhile, and left in the mode in which it came.
    images
        Whatever :func:`fit` learns from, whose targets are not looked at, or a tensor of pictures,
        shape (N, C, H, W).
    batch_size, device, workers
        As for :func:`evaluate`.

    Returns
    -------
    Tensor or list
        The outputs of all pictures, (N, ...), on the device; a list with one item for each picture
        where the network gives one.

    Raises
    ------
    TypeError, ValueError
        As :func:`evaluate`.

    Examples
    --------
    >>> from cvlib.data import digits
    >>> model = nn.Sequential(nn.Flatten(), nn.Linear(64, 10))
    >>> predict(model, digits()).shape
    torch.Size([1797, 10])
    """
    batch_size = integer("batch_size", batch_size, least=1)
    place = _place_of(model, images, device)
    if isinstance(images, Tensor):
        if not images.ndim or not len(images):
            shape = tuple(images.shape)
            raise ValueError(f"images has shape {shape}; expected (N, ...), N at least 1")
        images = TensorDataset(images, torch.zeros(len(images)))
    outputs = []
    with _mode(model, training=False), torch.inference_mode():
        for batch in batches_of("images", images, batch_size, place, workers=workers):
            outputs.append(_outputs(model, batch.inputs, nullcontext()))
    return _joined(outputs)


def _place_of(model: nn.Module, images: object, device: str | torch.device | None) -> torch.device:
    """Say where to compute: where the model is, unless somebody says where."""
    check_model(model)
    parameter = next(model.parameters(), None)
    if device is None and parameter is not None:
        device = parameter.device
    elif device is None and isinstance(images, ImageSet):
        device = images.images.device
    return to_device(model, device)


def _criterion(loss: LossLike | None, *, alone: bool = False) -> MeanLoss:
    if isinstance(loss, str):
        if loss != "model":
            raise ValueError(f"loss is {loss!r}; expected a function, or 'model'")
        loss = None
    return MeanLoss(loss, alone=alone)


def _measure(
    model: nn.Module,
    batches: Batches,
    name: str,
    loss: LossLike | None,
    metrics: Mapping[str, Metric] | None,
) -> Evaluation:
    criterion = _criterion(loss, alone=True)
    outputs, targets, score = [], [], None
    with _mode(model, training=False), torch.inference_mode():
        for batch in batches:
            output = _outputs(model, batch.inputs, nullcontext())
            if not isinstance(loss, str):
                check_output(output, batch.targets, batches.highest, name, criterion)
                criterion(output, batch.targets, batch.counted)
                score = score or _Accuracy(output.device, criterion.ignored, alone=True)
                score.add(output, batch.targets, batch.counted)
            if metrics:
                outputs.append(output)
                targets.append(batch.targets)
        others = {}
        if metrics:
            everything = _joined(outputs), _joined(targets)
            others = {key: float(metric(*everything)) for key, metric in metrics.items()}
        if score is None:
            return Evaluation(None, None, others)
        return Evaluation(criterion.over_all(), score.over_all(), others)


def _joined(batches: Sequence[Any]) -> Any:
    """Put batches of tensors into one, or batches of lists."""
    if isinstance(batches[0], Tensor):
        return torch.cat(list(batches))
    return [item for batch in batches for item in batch]


class _Accuracy:
    """The share of pictures, in label maps of places, whose highest output is the right class."""

    def __init__(self, place: torch.device, ignored: int, *, alone: bool = False) -> None:
        self.right = torch.zeros((), dtype=torch.int64, device=place)
        self.counted = torch.zeros((), dtype=torch.int64, device=place)
        self.ignored, self.alone, self.pictures = ignored, alone, 0

    def add(self, output: Any, targets: Any, count: int) -> None:
        """Count a batch. Kept on the device: to read a number makes the CPU wait for each step."""
        if not isinstance(output, Tensor) or not isinstance(targets, Tensor):
            return
        if not _are_classes(output, targets):
            return
        hits = (output.detach().argmax(1) == targets)[:count]
        self.right += hits.sum()
        if targets.ndim > 1 or self.ignored >= 0:
            self.counted += (targets[:count] != self.ignored).sum()
        else:
            self.pictures += count

    def over_all(self) -> float | None:
        """Return it for all batches, or None where targets are no classes."""
        values = torch.stack([self.right, self.counted + self.pictures]).double()
        right, counted = (values if self.alone else all_reduce(values)).tolist()
        return right / counted if counted else None


def _are_classes(output: Tensor, targets: Tensor) -> bool:
    return (
        not targets.is_floating_point()
        and targets.ndim > 0
        and output.ndim == targets.ndim + 1
        and output.shape[0] == targets.shape[0]
        and output.shape[2:] == targets.shape[1:]
    )


def _are_mixed(labels: Any, targets: Any) -> bool:
    """Say whether an augmentation has turned labels into probabilities."""
    return (
        isinstance(labels, Tensor)
        and isinstance(targets, Tensor)
        and targets.is_floating_point()
        and not labels.is_floating_point()
    )


class _Part(NamedTuple):
    """A part of a batch, what share of the batch's mean its mean is, and what the batch weighs."""

    inputs: Any
    targets: Any
    counted: int
    share: float | Tensor | None = None
    whole: float | Tensor | None = None


def _parts(
    inputs: Any, targets: Any, count: int, parts: int, criterion: MeanLoss
) -> Iterator[_Part]:
    """Split a batch."""
    if parts == 1:
        yield _Part(inputs, targets, count)
        return
    size = -(-len(inputs) // parts)
    whole = criterion.weigh(targets[:count], count)
    for start in range(0, len(inputs), size):
        piece = slice(start, start + size)
        counted = min(size, max(0, count - start))
        weight = criterion.weigh(targets[piece][:counted], counted)
        if isinstance(whole, Tensor):
            share: float | Tensor = weight / whole.clamp(min=torch.finfo(whole.dtype).tiny)
        else:
            share = weight / whole if whole else 0.0
        yield _Part(inputs[piece], targets[piece], counted, share, whole)


def _outputs(
    model: Callable[..., Any],
    inputs: Any,
    precision: AbstractContextManager[object],
    targets: Any = None,
) -> Any:
    try:
        with precision:
            return model(inputs) if targets is None else model(inputs, targets)
    except RuntimeError as error:
        if "same device" not in str(error) and "expected device" not in str(error):
            raise
        raise ValueError(
            f"model holds a tensor that is not on {_device_of(inputs)}, where the pictures are; "
            "expected its tensors to be parameters or buffers (register_buffer), which move with "
            "it"
        ) from error
    except ValueError as error:
        if "more than 1 value per channel" not in str(error):
            raise
        raise ValueError(
            f"model has a batch normalization that was given one number per channel ({error}). A "
            "batch of one picture has no spread to normalize by; choose a batch_size that does "
            "not leave one picture for the last batch, or leave one out"
        ) from error


def _device_of(inputs: Any) -> torch.device:
    return inputs.device if isinstance(inputs, Tensor) else inputs[0].device


@contextmanager
def _mode(model: nn.Module, *, training: bool) -> Iterator[None]:
    """Keep a model in training or evaluation mode, then give each part its own mode back.

    Where the whole is to train and already does, a part in evaluation mode was frozen by its
    owner, and stays so.
    """
    before = {part: part.training for part in model.modules()}
    if not training or not model.training:
        model.train(training)
    try:
        yield
    finally:
        for part, was_training in before.items():
            part.training = was_training


@contextmanager
def _deterministic(wanted: bool) -> Iterator[None]:
    """Ask torch for deterministic algorithms meanwhile, if that is wanted."""
    if not wanted:
        yield
        return
    before = torch.are_deterministic_algorithms_enabled(), torch.backends.cudnn.deterministic
    torch.use_deterministic_algorithms(True)
    torch.backends.cudnn.deterministic = True
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before[0])
        torch.backends.cudnn.deterministic = before[1]


def _best_of(epochs: int, validation: object, keep: str) -> EarlyStopping | None:
    """Return the rule that stops too late to stop anything, and keeps the best epoch."""
    monitor = "train_loss" if validation is None else "validation_loss"
    return EarlyStopping(epochs, monitor) if keep == "best" else None


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
    closure = inspect.signature(made.step).parameters.get("closure")
    if closure is not None and closure.default is closure.empty:
        raise ValueError(
            f"optimizer is {type(made).__name__}, whose step needs a closure that computes the "
            "loss several times; expected one that takes a step from one gradient, such as SGD "
            "or Adam"
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
    validation: object,
    metrics: Mapping[str, object] | None,
    early_stopping: EarlyStopping | None,
    *,
    own: bool,
) -> None:
    """Refuse metrics without validation, and early stopping by what is not measured."""
    if metrics and validation is None:
        raise ValueError("metrics are measured on validation, but it is None; expected a set")
    if early_stopping is None:
        return
    names = ["train_loss", "train_accuracy"]
    if validation is not None:
        names += [*([] if own else ["validation_loss", "validation_accuracy"]), *(metrics or {})]
    if early_stopping.monitor not in names:
        raise ValueError(
            f"early_stopping (keep='best' is one) watches {early_stopping.monitor!r}; expected one "
            f"of what is measured: {', '.join(names)}"
        )


def check_output(output: Any, targets: Any, highest: int, name: str, criterion: MeanLoss) -> None:
    """Refuse outputs that cross entropy would misread, or crash a GPU with."""
    if not criterion.classifies and not isinstance(output, Tensor):
        return
    if not isinstance(output, Tensor):
        raise TypeError(f"model gives {type(output).__name__}; expected one tensor of outputs")
    if not criterion.classifies and not (
        isinstance(targets, Tensor) and _are_classes(output, targets)
    ):
        return
    if not isinstance(targets, Tensor):
        raise TypeError(
            f"{name} gives targets as {type(targets).__name__}, which cross entropy does not "
            "know; pass a loss for them"
        )
    if targets.is_floating_point() and targets.shape == output.shape:
        return
    if not _are_classes(output, targets):
        places = "".join(f", {side}" for side in targets.shape[1:])
        raise ValueError(
            f"model gives outputs of shape {tuple(output.shape)} for {len(targets)} targets of "
            f"{targets.dtype} and shape {tuple(targets.shape)}; expected outputs "
            f"({len(targets)}, classes{places}) for labels of torch.int64, or another loss"
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
