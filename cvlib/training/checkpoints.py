"""Checkpoints: a training run in a file, written so that it can be killed at any moment.

A checkpoint holds everything that the steps to come depend on: the weights, the state of the
optimizer and of the schedule, the states of the random generators, and the epoch. Whoever goes on
from it ends with the same weights, bit for bit, as a run that was never interrupted. ``Run``
is such a run while it lasts.
"""

from __future__ import annotations

import io
import os
import random
import zipfile
import zlib
from collections.abc import Mapping, Sized
from copy import deepcopy
from dataclasses import asdict
from functools import partial
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

import torch
from torch import Generator, Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler
from torch.utils.data import DataLoader, Dataset, TensorDataset

import cvlib
from cvlib.files import expect_path, expect_regular, write_atomically
from cvlib.training.data_parallel import all_gather_object, broadcast_object, processes
from cvlib.training.history import Epoch, History
from cvlib.training.regularization import EarlyStopping

__all__ = [
    "fingerprint",
    "load_checkpoint",
    "random_state",
    "restore_random_state",
    "save_checkpoint",
    "save_weights",
]


def save_checkpoint(path: str | os.PathLike[str], state: Mapping[str, Any]) -> None:
    """Write a checkpoint, at once or not at all.

    Parameters
    ----------
    path
        The file; one that is there is replaced.
    state
        Tensors, numbers, strings, and dicts, lists and tuples of them.

    Raises
    ------
    OSError
        If the disk is full or the path cannot be written. An earlier checkpoint stands.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_checkpoint(f"{folder}/run.pt", {"epoch": 3, "weights": torch.ones(2)})
    ...     load_checkpoint(f"{folder}/run.pt")
    {'epoch': 3, 'weights': tensor([1., 1.])}
    """
    # Into memory first: torch reports a full disk as a RuntimeError without the reason.
    data = io.BytesIO()
    torch.save(dict(state), data)
    write_atomically(path, data.getvalue())


def load_checkpoint(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Read a checkpoint, and nothing but data: no code in the file is run.

    Parameters
    ----------
    path
        The file.

    Returns
    -------
    dict
        What was saved, tensors on the CPU.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    TypeError
        If ``path`` is no path.
    ValueError
        If the file is no checkpoint, is damaged (its checksums are compared), or holds anything
        but tensors and plain values.
    """
    place = expect_path(path)
    expect_regular(place)
    data = place.read_bytes()
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            damaged = archive.testzip()
        if damaged is not None:
            raise ValueError(f"{damaged} has another checksum than when it was written")
        state = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    except Exception as error:  # a damaged file makes the readers raise whatever they meet
        raise ValueError(
            f"checkpoint {place} cannot be read: it is damaged, or no checkpoint "
            f"({str(error).splitlines()[0] if str(error) else type(error).__name__}). "
            "To start anew, move it away"
        ) from error
    if not isinstance(state, dict):
        raise ValueError(f"checkpoint {place} holds {type(state).__name__}; expected a dict")
    return state


def save_weights(path: str | os.PathLike[str], model: nn.Module, **facts: str) -> None:
    """Write a network's weights as safetensors, a format that holds numbers and text, no code.

    Parameters
    ----------
    path
        The file; one that is there is replaced, at once or not at all.
    model
        The network; ``safetensors.torch.load_model`` reads the weights back into one like it.
    facts
        How they were made, kept in the file's header beside the versions of cvlib and torch.

    Raises
    ------
    OSError
        If it cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> from safetensors.torch import load_file
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_weights(f"{folder}/line.safetensors", nn.Linear(3, 2), data="none")
    ...     sorted(load_file(f"{folder}/line.safetensors"))
    ['bias', 'weight']
    """
    from safetensors.torch import save

    weights = {name: value.cpu().contiguous() for name, value in model.state_dict().items()}
    versions = {"cvlib": cvlib.__version__, "torch": torch.__version__.partition("+")[0]}
    write_atomically(path, save(weights, {**facts, **versions}))


def random_state() -> dict[str, Any]:
    """Return the states of the generators that training draws from: Python's, torch's, CUDA's.

    Returns
    -------
    dict
        For :func:`restore_random_state`.

    Examples
    --------
    >>> before = random_state()
    >>> first = torch.rand(3)
    >>> restore_random_state(before)
    >>> torch.equal(torch.rand(3), first)
    True
    """
    return {
        "python": random.getstate(),
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
    }


def restore_random_state(state: Mapping[str, Any]) -> None:
    """Put the generators back to where they were.

    Parameters
    ----------
    state
        From :func:`random_state`.
    """
    random.setstate(state["python"])
    torch.set_rng_state(state["torch"])
    if torch.cuda.is_available() and state["cuda"]:
        torch.cuda.set_rng_state_all(state["cuda"])


def fingerprint(value: Any) -> str:
    """Describe what was given to a training, so that what would act alike is described alike.

    Parameters
    ----------
    value
        Anything: a number, a function, a ``partial`` of one, a network, an optimizer, a schedule,
        pictures. Of tensors the numbers are taken, of functions the code and what it closes over,
        of networks the architecture without the weights, of other objects the attributes.

    Returns
    -------
    str
        In words that a message can show.

    Examples
    --------
    >>> fingerprint(torch.optim.SGD([torch.zeros(2)], lr=0.5, momentum=0.9)).split(", ")[:3]
    ['SGD(lr=0.5', 'momentum=0.9', 'dampening=0']
    >>> fingerprint(None), fingerprint([1, 2.5])
    ('None', '[1, 2.5]')
    """
    return _described(value, ())


def _described(value: Any, above: tuple[int, ...]) -> str:
    if value is None or isinstance(value, bool | int | float | complex | str | bytes | os.PathLike):
        return repr(value)
    if id(value) in above:
        return "itself"
    above = (*above, id(value))

    def inner(each: Any) -> str:
        return _described(each, above)

    def named(items: Mapping[str, Any]) -> str:
        return ", ".join(f"{name}={inner(each)}" for name, each in items.items())

    name = type(value).__qualname__
    if isinstance(value, Tensor):
        numbers = value.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy()
        checksum = zlib.crc32(numbers.data) if numbers.size else 0
        return f"{value.dtype} {tuple(value.shape)} {checksum:08x}"
    if isinstance(value, list | tuple | set | frozenset):
        each = (
            sorted(map(inner, value)) if isinstance(value, set | frozenset) else map(inner, value)
        )
        return f"[{', '.join(each)}]"
    if isinstance(value, Mapping):
        return f"{{{named({str(key): each for key, each in value.items()})}}}"
    if isinstance(value, partial):
        arguments = [inner(value.func), *map(inner, value.args)]
        return f"{', '.join(arguments)} with ({named(value.keywords)})"
    if isinstance(value, FunctionType):
        code = value.__code__
        closed = [cell.cell_contents for cell in value.__closure__ or ()]
        kept = [value.__defaults__, value.__kwdefaults__, closed]
        constants = [each for each in code.co_consts if not isinstance(each, CodeType)]
        inside = [each.co_code for each in code.co_consts if isinstance(each, CodeType)]
        text = f"{code.co_code!r}{code.co_names}{inside}{inner(constants)}{inner(kept)}"
        return f"{value.__qualname__} {zlib.crc32(text.encode()):08x}"
    if isinstance(value, nn.Module):
        buffers = {key: tuple(each.shape) for key, each in value.state_dict().items()}
        own = {key: each for key, each in vars(value).items() if _is_plain(each)}
        return f"{name} {zlib.crc32(f'{value}{buffers}{named(own)}'.encode()):08x}"
    if isinstance(value, Optimizer):
        groups = [
            named({key: each for key, each in group.items() if key not in ("params", "initial_lr")})
            for group in value.param_groups
        ]
        counts = [len(group["params"]) for group in value.param_groups]
        return f"{name}({'; '.join(groups)}) of {counts} parameters"
    if isinstance(value, LRScheduler):
        hidden = ("_", "optimizer")
        public = {k: each for k, each in vars(value).items() if not k.startswith(hidden)}
        return f"{name}({named(public)})"
    if isinstance(value, DataLoader):
        return f"DataLoader of {inner(value.dataset)} by {value.batch_size}"
    if isinstance(value, TensorDataset):
        return f"TensorDataset{inner(value.tensors)}"
    if isinstance(value, Dataset):
        return f"{name} of {len(value) if isinstance(value, Sized) else 'unknown length'}"
    if isinstance(value, type) or (callable(value) and not hasattr(value, "__dict__")):
        return getattr(value, "__qualname__", name)
    state = getattr(value, "__dict__", None)
    if state is None:
        return name
    return (
        f"{name}({named({key: each for key, each in state.items() if not key.startswith('__')})})"
    )


def _is_plain(value: Any) -> bool:
    return isinstance(value, bool | int | float | str | tuple)


class Run:
    """What a training run has done so far.

    Parameters
    ----------
    parts
        By name the model, the optimizer and whatever else changes from step to step, each with
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
        self.parts, self.shuffler, self.early_stopping = dict(parts), shuffler, early_stopping
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

    def add(self, epoch: Epoch, evaluated: nn.Module) -> None:
        """Record an epoch, keep its weights if they are the best, and write the checkpoint.

        Parameters
        ----------
        epoch
            What was measured.
        evaluated
            The network that was.
        """
        self.epochs.append(epoch)
        rule = self.early_stopping
        if rule is not None and rule.best(self._watched()) == len(self.epochs) - 1:
            self.best = deepcopy(evaluated.state_dict())
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
        if not broadcast_object(path.exists()):  # process 0 says it for all, before it writes
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
        generators = all_gather_object(random_state())
        if processes().rank:
            return
        state = {
            "settings": self.settings,
            "epochs": [
                asdict(epoch) | {"metrics": dict(epoch.metrics), "parts": dict(epoch.parts)}
                for epoch in self.epochs
            ],
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
            was = before.get(name, "unknown")
            if name == "epochs" and stretchable and isinstance(was, int) and was <= value:
                continue
            if was != value:
                raise ValueError(
                    f"checkpoint {path} is of a run with {name} {was}, this one has {value}; "
                    "expected the same"
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
        return History(self.epochs).values(self.early_stopping.monitor)
