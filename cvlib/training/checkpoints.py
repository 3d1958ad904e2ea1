"""Checkpoints: a training run in a file, written so that it can be killed at any moment.

A checkpoint holds everything that the steps to come depend on: the weights, the state of the
optimizer and of the schedule, the states of the random generators, and the epoch. Whoever goes on
from it ends with the same weights, bit for bit, as a run that was never interrupted.
"""

from __future__ import annotations

import io
import os
import random
import zipfile
from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

import cvlib
from cvlib.files import expect_path, expect_regular

__all__ = [
    "load_checkpoint",
    "random_state",
    "restore_random_state",
    "save_checkpoint",
    "save_weights",
    "write_atomically",
]


def write_atomically(path: str | os.PathLike[str], data: bytes) -> None:
    """Write a file at once or not at all.

    The bytes go to a file beside it, reach the disk, and only then take the name, which the
    operating system does in one step. Whoever kills the writer, or runs out of disk, finds the
    file as it was before.

    Parameters
    ----------
    path
        The file; one that is there is replaced. Folders that are absent are made.
    data
        What it shall hold.

    Raises
    ------
    TypeError, ValueError
        If it is no path.
    OSError
        If the disk is full or the path cannot be written, or leads to a pipe or a device, whose
        place is not taken. A file that was there stands.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_atomically(f"{folder}/notes/first.txt", b"hello")
    ...     os.listdir(f"{folder}/notes")
    ['first.txt']
    """
    place = expect_path(path)
    expect_regular(place, OSError)
    # Of a name that does not change, so that a killed run leaves one such file, not many.
    unfinished = place.with_name(f".{place.name}.unfinished")
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with unfinished.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(place)
    except OSError as error:
        stands = ""
        if place.parent.is_dir():
            unfinished.unlink(missing_ok=True)
            stands = "; what it held before stands" if place.exists() else ""
        reason = error.strerror or error
        raise type(error)(error.errno, f"cannot write {place}: {reason}{stands}") from error


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
