"""What several processes do together: compare gradients, and go on when one of them is killed.

A script for ``torchrun``::

    torchrun --nproc_per_node=2 -m cvlib.practice.ranks compare found.json
    export TORCH_DISABLE_SHARE_RDZV_TCP_STORE=1
    torchrun --nproc_per_node=2 --max-restarts=1 -m cvlib.practice.ranks train folder --kill 20

Started by ``python -m cvlib.practice.ranks`` alone, it starts its processes itself, by the function
that ``torchrun`` calls. It forks them where the system can, so that torch is imported once.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import signal
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, distributed, nn
from torch.nn import functional as F
from torch.nn.parallel import DistributedDataParallel

from cvlib.data import ImageSet, mnist_sample
from cvlib.files import write_atomically
from cvlib.networks import LeNet
from cvlib.practice.scale import gradient_of
from cvlib.practice.sharding import bytes_held
from cvlib.training.callbacks import Callback, Training
from cvlib.training.data_parallel import process_group, processes
from cvlib.training.loop import fit

__all__ = ["KillOnce", "compare", "launch", "main", "shared_out", "train"]

SEED, BATCH = 0, 128
TIMED = (16, 128, 1024)  # pictures of a step, for all processes together
# Torch keeps one store of addresses over restarts. In a run with it, processes of the second life
# called in vain (pytorch issue 135712 reports the like). This asks for a new store each time.
NEW_STORE = "TORCH_DISABLE_SHARE_RDZV_TCP_STORE", "1"
TRAINED, EPOCHS, RATE = 1024, 4, 0.05  # pictures, and what they are trained by


def compare(path: str | os.PathLike[str], rounds: int = 0) -> None:
    """Compute one gradient alone, and with others, by DDP and by FSDP2; write what was found.

    Called in every process. Weights and pictures are ``float64``, so that what is left of a
    difference is rounding. Process 0 writes ``path`` as JSON: the number of processes and of
    weights, the largest number of the gradient, and for ``alone``, ``ddp`` and ``fsdp`` the largest
    difference of a gradient from that of one process alone, the bytes that each rank holds, and the
    operations of a step between processes, with the numbers that each rank puts in.

    Parameters
    ----------
    path
        The file.
    rounds
        How many steps are timed, in turns, in ``float32``, for batches of several sizes.
    """
    with process_group("cpu"):
        team = processes()
        inputs, targets = _batch(BATCH, torch.float64)
        mine = slice(team.rank, None, team.world_size)  # of two processes every second picture
        alone = gradient_of(_network(torch.float64), inputs, targets)
        found: dict[str, Any] = {
            "processes": team.world_size,
            "parameters": alone.numel(),
            "largest_gradient": float(alone.abs().max()),
        }
        for name, make in WAYS.items():
            model = make(_network(torch.float64))
            optimizer = torch.optim.Adam(model.parameters())  # made last: it must see the shares
            share = slice(None) if name == "alone" else mine
            with _between_processes() as operations:
                F.cross_entropy(model(inputs[share]), targets[share]).backward()
            gradient = torch.cat([_whole(each.grad).flatten() for each in model.parameters()])
            optimizer.step()
            found[name] = {
                "difference": float((gradient - alone).abs().max()),
                "bytes_held": _of_all(bytes_held(model, optimizer)._asdict()),
                "operations": operations,
            }
        if rounds:
            found["seconds_of_a_step"] = _timed(rounds)
        if team.rank == 0:
            write_atomically(path, (json.dumps(found, indent=2) + "\n").encode())
        distributed.barrier()


def train(
    folder: str | os.PathLike[str], kill: int | None = None, pictures: ImageSet | None = None
) -> None:
    """Train LeNet with others; go on from the checkpoint, and write the weights at the end.

    Called in every process. ``folder`` gets ``run.pt``, the checkpoint; ``steps.txt``, into which
    the last process writes a line for each step, with the number of its life and of the epoch; and
    ``weights.pt``.

    Parameters
    ----------
    folder
        Where files go.
    kill
        After which step the last process kills itself in its first life; None for never.
    pictures
        What to learn from, those of :func:`cvlib.data.mnist_sample` by default.
    """
    folder = Path(folder)
    with process_group("cpu") as device:
        torch.manual_seed(SEED)
        model = LeNet()
        fit(
            model,
            mnist_sample()[:TRAINED] if pictures is None else pictures,
            epochs=EPOCHS,
            batch_size=BATCH,
            optimizer=partial(torch.optim.SGD, lr=RATE, momentum=0.9),
            callbacks=[KillOnce(folder / "steps.txt", kill)],
            device=device,
            seed=SEED,
            checkpoint=folder / "run.pt",
            resume=True,
        )
        if processes().rank == 0:
            torch.save(model.state_dict(), folder / "weights.pt")


class KillOnce(Callback):
    """Note each step, and kill this process after one of them, unless it was started anew.

    Only the last process notes and dies, so that process 0 sees what it is like to be left.

    Parameters
    ----------
    log
        A file that gets a line for each step: which life, and which epoch.
    step
        After how many steps to die, or None.
    """

    def __init__(self, log: Path, step: int | None) -> None:
        self.log, self.step = log, step

    def on_batch_end(self, training: Training) -> None:
        """Note, and die as if the machine had lost its power: nothing is closed, nothing told."""
        team = processes()
        if team.rank != team.world_size - 1:
            return
        life = int(os.environ.get("TORCHELASTIC_RESTART_COUNT", "0"))
        with self.log.open("a") as lines:
            lines.write(f"{life} {training.epoch}\n")
        if life == 0 and training.step + 1 == self.step:
            os.kill(os.getpid(), signal.SIGKILL)


def launch(
    function: Callable[..., None], *arguments: object, ranks: int = 2, restarts: int = 0
) -> None:
    """Start processes that call a function, and start all anew if one of them dies.

    Asks torch for a new store of addresses after each restart, by an environment variable, unless
    that is set already.

    Parameters
    ----------
    function
        What each process calls, a function of a module. It finds its rank in the environment.
    arguments
        What it is given.
    ranks
        How many processes.
    restarts
        How often all may be started anew.

    Raises
    ------
    torch.distributed.elastic.multiprocessing.errors.ChildFailedError
        If a process fails more often.
    """
    from torch.distributed.launcher.api import LaunchConfig, elastic_launch

    os.environ.setdefault(*NEW_STORE)
    config = LaunchConfig(
        min_nodes=1,
        max_nodes=1,
        nproc_per_node=ranks,
        max_restarts=restarts,
        rdzv_backend="c10d",
        rdzv_endpoint="localhost:0",
        run_id=f"cvlib{os.getpid()}",
        start_method="fork" if sys.platform == "linux" else "spawn",
        monitor_interval=0.1,
    )
    elastic_launch(config, function)(*arguments)


def main(words: list[str] | None = None) -> None:
    """Read the command line, and do what it says: in this process, or in those that it starts."""
    line = argparse.ArgumentParser(prog="cvlib.practice.ranks", description=__doc__)
    commands = line.add_subparsers(required=True, dest="command")
    compares = commands.add_parser("compare", help="gradients, bytes and times")
    compares.add_argument("path", type=Path, help="a file to write")
    compares.add_argument("--rounds", type=int, default=0, help="how often to time steps")
    trains = commands.add_parser("train", help="train, and go on from the checkpoint")
    trains.add_argument("folder", type=Path, help="where files go")
    trains.add_argument("--kill", type=int, help="kill the last process after so many steps, once")
    chosen = line.parse_args(words)
    torch.set_num_threads(1)
    compares_them = chosen.command == "compare"
    function: Callable[..., None] = compare if compares_them else train
    arguments = (chosen.path, chosen.rounds) if compares_them else (chosen.folder, chosen.kill)
    if "LOCAL_RANK" in os.environ:  # torchrun has started this process
        function(*arguments)
        return
    import_module("torch._dynamo")  # else an optimizer's first step does, in each process
    launch(function, *arguments, restarts=int(chosen.command == "train"))


def _network(dtype: torch.dtype) -> nn.Module:
    torch.manual_seed(SEED)
    return LeNet().to(dtype)


def _batch(count: int, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    pictures = mnist_sample()[:count]
    return pictures.images.to(dtype) / 255, pictures.labels


def shared_out(model: nn.Module) -> nn.Module:
    """Share out a network's weights between all processes, part by part, by FSDP2.

    Parameters
    ----------
    model
        Its parts are fetched and given back one after the other.

    Returns
    -------
    torch.nn.Module
        The same, of whose weights this process has a share.
    """
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.fsdp import fully_shard

    # It warns of views that somebody might change in place; nobody does.
    warnings.filterwarnings("ignore", "FSDP2-wrapped module .* returned a view", UserWarning)
    mesh = init_device_mesh("cpu", (processes().world_size,))
    for part in (*model.children(), model):
        fully_shard(part, mesh=mesh)
    return model


WAYS: dict[str, Callable[[nn.Module], nn.Module]] = {
    "alone": lambda model: model,
    "ddp": DistributedDataParallel,
    "fsdp": shared_out,
}


@contextmanager
def _between_processes() -> Iterator[list[tuple[str, int]]]:
    """Note what gloo does meanwhile: the operation, and how many numbers this process puts in."""
    from torch.profiler import ProfilerActivity, profile

    operations: list[tuple[str, int]] = []
    with profile(activities=[ProfilerActivity.CPU], record_shapes=True) as seen:
        yield operations
    for event in seen.events():
        if event.name.startswith("gloo:"):
            numbers = sum(math.prod(shape) for shape in event.input_shapes)
            operations.append((event.name.removeprefix("gloo:"), numbers))


def _timed(rounds: int) -> dict[str, dict[str, list[float]]]:
    """Time steps in turns: alone on whole batches while others wait, and together on shares."""
    team = processes()
    mine = slice(team.rank, None, team.world_size)
    models = {name: make(_network(torch.float32)) for name, make in WAYS.items()}
    optimizers = {name: torch.optim.Adam(each.parameters()) for name, each in models.items()}
    found: dict[str, dict[str, list[float]]] = {}
    for size in TIMED:
        inputs, targets = _batch(size, torch.float32)
        times = found[str(size)] = {name: [] for name in WAYS}
        for _ in range(rounds + 1):
            for name, model in models.items():
                distributed.barrier()
                begin = time.perf_counter()
                if name != "alone" or team.rank == 0:
                    share = slice(None) if name == "alone" else mine
                    optimizers[name].zero_grad()
                    F.cross_entropy(model(inputs[share]), targets[share]).backward()
                    optimizers[name].step()
                times[name].append(time.perf_counter() - begin)
        for each in times.values():
            del each[0]  # the first makes what later ones find
    return found


def _whole(value: Any) -> Tensor:
    """Fetch all of a tensor that is shared out."""
    whole: Tensor = value.full_tensor() if hasattr(value, "full_tensor") else value
    return whole


def _of_all(value: Any) -> list[Any]:
    values = [None] * processes().world_size
    distributed.all_gather_object(values, value)
    return values


if __name__ == "__main__":
    main()
