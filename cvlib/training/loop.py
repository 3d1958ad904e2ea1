"""Train a network, and measure what it has learnt.

:func:`fit` is the loop that everybody writes by hand, written once: shuffle, take a batch, forward,
backward, step. Pictures stay ``uint8`` on the device and become numbers from 0 to 1 batch by batch,
so that no picture passes through Python.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace

import torch
from torch import Generator, Tensor, nn
from torch.nn import functional as F
from torch.optim import Optimizer
from tqdm.auto import tqdm

from cvlib.data import ImageSet
from cvlib.files import expect_path
from cvlib.layers.arguments import integer
from cvlib.training.batches import Batches, Pictures, batches_of
from cvlib.training.checks import (
    Amp,
    MakeOptimizer,
    check_finite,
    check_loss,
    check_model,
    check_output,
    check_watched,
    compiled,
    make_optimizer,
    moved,
    precision_of,
)
from cvlib.training.data_parallel import agreed, parallel, processes, share_out, summed
from cvlib.training.history import Epoch, Evaluation, History
from cvlib.training.means import Loss, Mean
from cvlib.training.pace import Pace, Schedule
from cvlib.training.regularization import EarlyStopping
from cvlib.training.run import Run

__all__ = ["Epoch", "Evaluation", "History", "evaluate", "fit"]

Metric = Callable[[Tensor, Tensor], Tensor | float]
Augment = Callable[[Tensor, Tensor, Generator], tuple[Tensor, Tensor]]


def fit(
    model: nn.Module,
    train: Pictures,
    test: Pictures | None = None,
    *,
    epochs: int,
    batch_size: int = 128,
    optimizer: Optimizer | MakeOptimizer | None = None,
    schedule: Schedule | None = None,
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
    place = moved(model, device)
    steps = make_optimizer(model, optimizer)
    criterion = Mean(loss)
    changes = (augment,) if callable(augment) else tuple(augment or ())
    precision, scaler = precision_of(amp, place)
    shuffler = Generator().manual_seed(seed)
    batches = batches_of("train", train, batch_size, place, shuffler=shuffler, team=team)
    held_out = None if test is None else batches_of("test", test, 1000, place)
    pace = Pace(steps, schedule, epochs * len(batches))
    forward = compiled(parallel(model, place), compile)
    run = Run(
        parts={"model": model, "optimizer": steps, "schedule": pace, "scaler": scaler},
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
            stretchable=not pace.needs_total_steps,
        )
    elif resume:
        raise ValueError("resume is True without a checkpoint; expected the file to go on from")

    done, total = len(run.epochs) * len(batches), epochs * len(batches)
    bar = _bar(total, done, False if team.rank else progress)
    with _mode(model, training=True), pace, bar:
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
                pace.before_step((number - 1) * len(batches) + batch)
                steps.zero_grad()
                alone = isinstance(factor, float) and factor == 1
                scaler.scale(mean if alone else mean * factor).backward()
                scaler.step(steps)
                scaler.update()
                pace.after_step()
                # Kept on the device: reading a number here would make the CPU wait for each step.
                counts.append(count)
                wanted = targets if targets.ndim == 1 else targets.argmax(1)
                right += (output.detach().argmax(1) == wanted)[:count].sum()
                bar.update()
            check_finite(criterion.losses, number, steps)
            train_loss = criterion.over_all()
            parts = [right, torch.tensor(sum(counts))]
            known, pictures = summed(torch.stack([part.double().to(place) for part in parts]))
            train_accuracy = float(known / pictures)
            share_out(model)
            record = Epoch(number, train_loss, train_accuracy, learning_rate=pace.rate)
            if held_out is not None and team.rank == 0:
                measured = _measure(model, held_out, "test", criterion.loss, metrics)
                record = replace(
                    record,
                    test_loss=measured.loss,
                    test_accuracy=measured.accuracy,
                    metrics=measured.metrics,
                )
            record = agreed(record)
            pace.after_epoch([*run.epochs, record])
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
    place = moved(model, device)
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
