"""A training run: what it has done so far, kept in a file if one is named."""

from __future__ import annotations

import random
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import asdict
from pathlib import Path
from typing import Any

from torch import Generator, Tensor

from cvlib.training.checkpoints import (
    load_checkpoint,
    random_state,
    restore_random_state,
    save_checkpoint,
)
from cvlib.training.data_parallel import agreed, gathered, processes
from cvlib.training.history import Epoch
from cvlib.training.regularization import EarlyStopping

__all__ = ["Run"]


class Run:
    """What a training run has done so far.

    Parameters
    ----------
    parts
        The model, the optimizer and whatever else changes from step to step, each with
        ``state_dict`` and ``load_state_dict``.
    shuffler
        The generator that draws the order of the pictures.
    settings
        What must be the same when a run goes on, among it ``"epochs"`` and ``"seed"``.
    early_stopping
        When to stop before the last epoch.
    """

    def __init__(
        self,
        parts: Mapping[str, Any],
        shuffler: Generator,
        settings: Mapping[str, Any],
        early_stopping: EarlyStopping | None = None,
    ) -> None:
        self.parts, self.shuffler, self.early_stopping = parts, shuffler, early_stopping
        self.settings = {**settings, "processes": processes().world_size}
        self.epochs: list[Epoch] = []
        self.best: dict[str, Tensor] | None = None
        self.path: Path | None = None

    @property
    def finished(self) -> bool:
        """Whether all epochs are done, or early stopping says that it is enough."""
        if len(self.epochs) == self.settings["epochs"]:
            return True
        rule = self.early_stopping
        return rule is not None and bool(self.epochs) and rule.should_stop(self._watched())

    def generator(self) -> Generator:
        """Make the generator that augments the next epoch, of its own for each process."""
        draws = random.Random(f"{self.settings['seed']} {len(self.epochs)} {processes().rank}")
        return Generator().manual_seed(draws.getrandbits(63))

    def add(self, epoch: Epoch) -> None:
        """Record an epoch, keep its weights if they are the best, and write the checkpoint."""
        self.epochs.append(epoch)
        rule = self.early_stopping
        if rule is not None and rule.best(self._watched()) == len(self.epochs) - 1:
            self.best = deepcopy(self.parts["model"].state_dict())
        self.save()

    def close(self) -> None:
        """Give the model the weights of the best epoch, where one was looked for."""
        if self.best is not None:
            self.parts["model"].load_state_dict(self.best)

    def begin(self, path: Path, *, resume: bool, stretchable: bool) -> None:
        """Begin to keep the run in a file, or go on from the one that is there.

        Parameters
        ----------
        path
            The file.
        resume
            Whether to go on from it.
        stretchable
            Whether a run that goes on may have another number of epochs.

        Raises
        ------
        FileExistsError
            If it holds a run and ``resume`` is False.
        ValueError
            If it is damaged, holds another run, or its state could not be read back.
        OSError
            If it cannot be written.
        """
        self.path = path
        if not agreed(path.exists()):  # process 0 says it for all, before it writes
            self.save()
            if processes().rank == 0:
                load_checkpoint(path)  # better to learn now that it cannot be read than later
        elif resume:
            self._load(path, stretchable)
        else:
            raise FileExistsError(
                f"checkpoint {path} holds a run already; pass resume=True to go on from it, or "
                "move it away"
            )

    def save(self) -> None:
        """Write the checkpoint, if there is to be one; process 0 does it for all."""
        if self.path is None:
            return
        generators = gathered(random_state())
        if processes().rank:
            return
        state = {
            "settings": self.settings,
            "epochs": [{**asdict(epoch), "metrics": dict(epoch.metrics)} for epoch in self.epochs],
            "best": self.best,
            "shuffler": self.shuffler.get_state(),
            "generators": generators,
        }
        parts = {name: part.state_dict() for name, part in self.parts.items()}
        save_checkpoint(self.path, state | {"parts": parts})

    def _load(self, path: Path, stretchable: bool) -> None:
        state = load_checkpoint(path)
        before = state.get("settings", {})
        for name, value in self.settings.items():
            if name == "epochs" and stretchable and before.get(name, 0) <= value:
                continue
            if before.get(name) != value:
                raise ValueError(
                    f"checkpoint {path} is of a run with {name} {before.get(name)!r}, this one "
                    f"has {value!r}; expected the same"
                )
        try:
            for name, part in self.parts.items():
                part.load_state_dict(state["parts"][name])
        except (KeyError, RuntimeError, TypeError, ValueError) as error:
            raise ValueError(
                f"checkpoint {path} does not fit the {name}: {str(error).splitlines()[0]}"
            ) from error
        self.epochs = [Epoch(**epoch) for epoch in state["epochs"]]
        self.best = state["best"]
        self.shuffler.set_state(state["shuffler"])
        restore_random_state(state["generators"][processes().rank])

    def _watched(self) -> list[float]:
        assert self.early_stopping is not None
        return [epoch.measures()[self.early_stopping.monitor] for epoch in self.epochs]
