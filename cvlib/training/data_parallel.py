"""Training by several processes at once, each with its share of every batch.

All processes hold the same weights. Each computes the gradient of its share, torch's
``DistributedDataParallel`` averages the gradients, and all take the same step. ``torchrun`` starts
the processes.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple, TypeVar

import torch
from torch import Tensor, distributed, nn

__all__ = ["Processes", "process_group", "processes"]

Value = TypeVar("Value")


class Processes(NamedTuple):
    """Who trains: which of how many processes this is.

    Parameters
    ----------
    rank
        This process, counted from 0. Process 0 shows progress and writes files.
    world_size
        How many there are.
    """

    rank: int = 0
    world_size: int = 1


def processes() -> Processes:
    """Say which of how many processes this is.

    Returns
    -------
    Processes
        Rank 0 of 1 where torch's process group was not started.

    Examples
    --------
    >>> processes()
    Processes(rank=0, world_size=1)
    """
    if distributed.is_available() and distributed.is_initialized():
        return Processes(distributed.get_rank(), distributed.get_world_size())
    return Processes()


@contextmanager
def process_group(device: str | None = None) -> Iterator[str | None]:
    """Join the processes that ``torchrun`` started, and leave them at the end.

    Parameters
    ----------
    device
        As :func:`cvlib.device` takes it. On CUDA each process gets the GPU of its number.

    Yields
    ------
    str or None
        The device for this process. Without ``torchrun`` it is the one that came.
    """
    if "LOCAL_RANK" not in os.environ or processes().world_size > 1:
        yield device
        return
    wanted = device or os.environ.get("CVLIB_DEVICE") or "auto"
    if wanted == "cuda" or (wanted == "auto" and torch.cuda.is_available()):
        wanted = f"cuda:{os.environ['LOCAL_RANK']}"
        torch.cuda.set_device(wanted)
        distributed.init_process_group("nccl", device_id=torch.device(wanted))
    else:
        distributed.init_process_group("gloo")
    try:
        yield wanted
    finally:
        distributed.destroy_process_group()


def parallel(model: nn.Module, place: torch.device) -> nn.Module:
    """Wrap a network so that its gradients are averaged over the processes, if there are several.

    Parameters
    ----------
    model
        The network, on ``place``. Process 0's weights are given to all.
    place
        The device of this process.

    Returns
    -------
    torch.nn.Module
        The network itself where this process is alone.
    """
    if processes().world_size == 1:
        return model
    devices = [place] if place.type == "cuda" else None
    return nn.parallel.DistributedDataParallel(model, device_ids=devices)


def broadcast_state(model: nn.Module) -> None:
    """Give process 0's buffers to all: running statistics differ, since each saw other pictures.

    Parameters
    ----------
    model
        The network.
    """
    if processes().world_size > 1:
        for buffer in model.buffers():
            distributed.broadcast(buffer, 0)


def all_reduce(values: Tensor) -> Tensor:
    """Add up a tensor over the processes.

    Parameters
    ----------
    values
        Changed in place.

    Returns
    -------
    Tensor
        The sum, in every process.
    """
    if processes().world_size > 1:
        distributed.all_reduce(values)
    return values


def broadcast_object(value: Value) -> Value:
    """Return what process 0 has, in every process.

    Parameters
    ----------
    value
        What this process has.

    Returns
    -------
    object
        Process 0's.
    """
    values = [value]
    if processes().world_size > 1:
        distributed.broadcast_object_list(values)
    return values[0]


def all_gather_object(value: Value) -> list[Value]:
    """Return what each process has, in every process.

    Parameters
    ----------
    value
        What this process has.

    Returns
    -------
    list
        By rank.
    """
    values = [value] * processes().world_size
    if processes().world_size > 1:
        distributed.all_gather_object(values, value)
    return values
