"""Callbacks: what else to do at the moments of a training."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from cvlib.arguments import number
from cvlib.files import expect_path
from cvlib.training.history import History, event_writer, write_events

__all__ = ["Callback", "ClipGradients", "ExponentialMovingAverage", "TensorBoard", "Training"]


@dataclass
class Training:
    """What a callback is shown: the training as it stands.

    Parameters
    ----------
    model, optimizer
        What trains.
    evaluated
        The network that is evaluated, and whose best weights are kept. A callback may put another
        in its place, as :class:`ExponentialMovingAverage` does.
    epoch
        Which epoch, counted from 1.
    step
        Which step, counted from 0 at the beginning of the training.
    inputs, targets, outputs, loss
        Those of the last batch (of its last part, where gradients are accumulated).
    history
        What was measured so far.
    stop
        Set it to True, and training ends after this epoch.
    """

    model: nn.Module
    optimizer: Optimizer
    evaluated: nn.Module
    epoch: int = 0
    step: int = 0
    inputs: Any = None
    targets: Any = None
    outputs: Any = None
    loss: Tensor | None = None
    history: History = field(default_factory=lambda: History([]))
    stop: bool = False


class Callback:
    """What is called at the moments of a training; override those that you need.

    Examples
    --------
    >>> class Print(Callback):
    ...     def on_epoch_end(self, training):
    ...         print(f"epoch {training.epoch} of {len(training.history.epochs)} ended")
    >>> from cvlib.data import digits
    >>> from cvlib.training import fit
    >>> model = nn.Sequential(nn.Flatten(), nn.Linear(64, 10))
    >>> _ = fit(model, digits()[:100], epochs=1, callbacks=[Print()], device="cpu")
    epoch 1 of 1 ended
    """

    def on_train_begin(self, training: Training) -> None:
        """Act before the first step, also of a training that goes on."""

    def on_before_optimizer_step(self, training: Training) -> None:
        """Act when all gradients are there, and the weights have not moved."""

    def on_batch_end(self, training: Training) -> None:
        """Act after a step."""

    def on_epoch_end(self, training: Training) -> None:
        """Act when an epoch was measured and before it is kept."""

    def on_train_end(self, training: Training) -> None:
        """Act after the last step, also where an error or Ctrl-C has ended the training."""

    def state_dict(self) -> dict[str, Any]:
        """Return what a checkpoint keeps: tensors and plain values."""
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from what a checkpoint kept; comes after ``on_train_begin``."""


class ClipGradients(Callback):
    """Shorten the gradient where its norm is above a bound, before each step.

    Parameters
    ----------
    max_norm
        The highest norm of all gradients together that is left as it is.

    Raises
    ------
    TypeError, ValueError
        If ``max_norm`` is no positive number.

    Examples
    --------
    >>> ClipGradients(1.0).max_norm
    1.0
    """

    def __init__(self, max_norm: float) -> None:
        self.max_norm = number("max_norm", max_norm)
        if not self.max_norm:
            raise ValueError("max_norm is 0; expected a positive number")

    def on_before_optimizer_step(self, training: Training) -> None:
        """Clip, as ``torch.nn.utils.clip_grad_norm_`` does."""
        nn.utils.clip_grad_norm_(training.model.parameters(), self.max_norm)


class ExponentialMovingAverage(Callback):
    """Evaluate, and in the end keep, a moving average of the weights.

    After each step the average becomes ``decay`` times itself plus ``1 - decay`` times the weights
    (``torch.optim.swa_utils``); running statistics of normalizations are averaged alike.

    Parameters
    ----------
    decay
        From 0, which follows the weights, to below 1.

    Raises
    ------
    TypeError, ValueError
        If ``decay`` is no such number.

    Examples
    --------
    >>> ExponentialMovingAverage(0.99).decay
    0.99
    """

    def __init__(self, decay: float = 0.999) -> None:
        self.decay = number("decay", decay, most=1)
        if self.decay == 1:
            raise ValueError("decay is 1; expected less, as the average would never move")
        self._average: AveragedModel | None = None

    def on_train_begin(self, training: Training) -> None:
        """Begin with the weights as they are."""
        average = get_ema_multi_avg_fn(self.decay)
        self._average = AveragedModel(training.model, multi_avg_fn=average, use_buffers=True)
        training.evaluated = self._average.module

    def on_batch_end(self, training: Training) -> None:
        """Move the average."""
        assert self._average is not None
        self._average.update_parameters(training.model)

    def on_train_end(self, training: Training) -> None:
        """Give the model the average."""
        assert self._average is not None
        training.model.load_state_dict(self._average.module.state_dict())

    def state_dict(self) -> dict[str, Any]:
        """Return the average."""
        assert self._average is not None
        return self._average.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from it."""
        assert self._average is not None
        self._average.load_state_dict(state)


class TensorBoard(Callback):
    """Write what each epoch measures while the training runs: ``tensorboard --logdir FOLDER``.

    Parameters
    ----------
    folder
        Where the file of events goes; made if it is absent.

    Examples
    --------
    >>> TensorBoard("runs/first").folder.name
    'first'
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = expect_path(folder, "folder")

    def on_epoch_end(self, training: Training) -> None:
        """Write the epoch, and close the file, so that nothing is lost."""
        with event_writer(self.folder) as writer:
            write_events(writer, training.history.epochs[-1])
