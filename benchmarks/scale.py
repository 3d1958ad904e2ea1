"""LeNet on more than one core, and with larger batches: ``python -m benchmarks.scale``.

Six things are measured, one after the other:

- ``together``: ``torchrun`` with two processes compares gradients and times steps of DDP and FSDP2;
- ``killed``: ``torchrun --max-restarts=1`` trains, and one of two processes is killed by SIGKILL in
  the middle of an epoch; beside it a run that nobody disturbed;
- ``threads``: seconds of a step with two threads, as a multiple of those with one, for LeNet and
  for a wider network, in turns;
- ``workers``: seconds of a pass with two processes that load, as a multiple of those with none, for
  digits in memory and for photographs that must be decoded, in turns;
- ``ray``: the script of ``benchmarks/scale_ray.py``, where Ray Train is installed, beside one
  process;
- ``batches``: LeNet learns 4,000 digits with batches that are k times larger, with the learning
  rate as it was, k times the rate, and k times the rate after a warm-up of an epoch.

Each comparison of times is recorded twice: the ratio of the shortest times, and the median ratio
over turns. Where the two are far apart, measure again on a quieter machine. A loss that is no
longer finite counts as a guess, 10 %.

The record is written after each part, and what it holds already is not run again: an interrupted
benchmark goes on where it stopped. Delete ``results/scale.json`` to begin anew. Where Ray is
missing, that part is left out.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import torch
from skimage import data as photographs
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, Dataset, TensorDataset

from benchmarks import record, scale_ray
from benchmarks.turns import seconds_in_turns
from cvlib.data import mnist_sample
from cvlib.networks import LeNet
from cvlib.practice.ranks import NEW_STORE
from cvlib.training import evaluate, fit
from cvlib.training.schedules import cosine, warm_up

SEED, SEEDS = 0, 3
BASE_BATCH, BASE_RATE, EPOCHS = 32, 0.02, 8  # the rate was chosen by pictures held out
TIMES = (1, 4, 16)
STEPS, PASSES = 25, 5  # turns of what is timed
RAY = {"pictures": 1024, "epochs": 2, "batch_size": 128, "learning_rate": 0.1, "seed": SEED}


# ------------------------------------------------------------------------------ threads and workers


def network(width: int) -> nn.Module:
    """Return LeNet, or one that has so many times its channels."""
    if width == 1:
        return LeNet()
    return nn.Sequential(
        nn.Conv2d(1, 6 * width, 5, padding=2),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(6 * width, 16 * width, 5),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(400 * width, 120),
        nn.ReLU(),
        nn.Linear(120, 10),
    )


def ratios(times: dict[str, list[float]]) -> dict[str, float]:
    """Compare each side's times with the first's: the shortest, and the median over turns."""
    first, *others = times
    found = {}
    for name in others:
        turns = [b / a for a, b in zip(times[first], times[name], strict=True)]
        found[f"{name}_shortest_ratio"] = round(min(times[name]) / min(times[first]), 3)
        found[f"{name}_median_ratio"] = round(statistics.median(turns), 3)
    return found


def in_turns(sides: dict[str, Callable[[], None]], runs: int) -> dict[str, float]:
    """Time two sides in turns."""
    return ratios(seconds_in_turns(sides, runs, warm_up=1, agree=lambda *_: None))


def steps(count: int, model: nn.Module, inputs: torch.Tensor, targets: torch.Tensor) -> None:
    """Compute a gradient with so many threads."""
    torch.set_num_threads(count)
    F.cross_entropy(model(inputs), targets).backward()


def threads(runs: int) -> dict[str, Any]:
    """Time steps with one thread and with two."""
    found = {}
    for name, width, count in (
        ("LeNet, 8 pictures", 1, 8),
        ("LeNet, 128 pictures", 1, 128),
        ("8 times as wide, 128 pictures", 8, 128),
    ):
        model = network(width)
        pictures = mnist_sample()[:count]
        inputs, targets = pictures.images / 255, pictures.labels

        sides = {f"{each}_threads": partial(steps, each, model, inputs, targets) for each in (1, 2)}
        found[name] = in_turns(sides, runs)
    torch.set_num_threads(1)
    return found


class Encoded(Dataset[torch.Tensor]):
    """Photographs as JPEG files have them; each is decoded when a loader wants it."""

    def __init__(self, count: int) -> None:
        names = (photographs.astronaut, photographs.coffee, photographs.chelsea)
        self.files = [cv2.imencode(".jpg", name())[1] for name in names]
        self.count = count

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, at: int) -> torch.Tensor:
        picture = cv2.imdecode(self.files[at % len(self.files)], cv2.IMREAD_COLOR_RGB)
        return torch.from_numpy(cv2.resize(picture, (64, 64), interpolation=cv2.INTER_AREA))


def workers(runs: int) -> dict[str, Any]:
    """Time a pass without and with processes that load."""
    cv2.setNumThreads(1)
    digits = mnist_sample()
    sets: dict[str, Dataset[Any]] = {
        "2,000 digits in memory": TensorDataset(digits.images[:2000], digits.labels[:2000]),
        "400 photographs to decode": Encoded(400),
    }

    def go_through(loader: DataLoader[Any]) -> None:
        for _ in loader:
            pass

    return {
        name: in_turns(
            {
                f"{count}_workers": partial(
                    go_through, DataLoader(each, batch_size=100, num_workers=count)
                )
                for count in (0, 2)
            },
            runs,
        )
        for name, each in sets.items()
    }


# ------------------------------------------------------------------------------ several processes


def torchrun(*words: object, restarts: int = 0) -> None:
    """Start two processes."""
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    command += ["--nproc_per_node=2", f"--max-restarts={restarts}", "-m", "cvlib.practice.ranks"]
    environment = {**os.environ, NEW_STORE[0]: NEW_STORE[1]}
    done = subprocess.run(
        [*command, *map(str, words)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(done.stderr)


def together(rounds: int) -> dict[str, Any]:
    """Compare gradients and times of one process with those of two."""
    with tempfile.TemporaryDirectory() as folder:
        torchrun("compare", Path(folder, "found.json"), "--rounds", rounds)
        found = json.loads(Path(folder, "found.json").read_text("utf-8"))
    times = {f"{size} pictures": ratios(each) for size, each in found["seconds_of_a_step"].items()}
    differences = {f"{name}_largest_error": found[name]["difference"] for name in ("ddp", "fsdp")}
    return {**differences, "times_as_long_as_one_process": times}


def killed(step: int) -> dict[str, Any]:
    """Kill one of two processes, and compare the end with that of an undisturbed run."""
    with tempfile.TemporaryDirectory() as folder:
        weights, lines = [], []
        for name, words in (("whole", ()), ("killed", ("--kill", step))):
            place = Path(folder, name)
            place.mkdir()
            torchrun("train", place, *words, restarts=1)
            weights.append(torch.load(place / "weights.pt"))
            lines.append(place.joinpath("steps.txt").read_text().splitlines())
    steps = Counter(int(line.split()[0]) for line in lines[1])
    whole = len(lines[0])
    return {
        "killed_after_steps": step,
        "epoch_it_was_in": int(lines[1][step - 1].split()[1]),
        "steps_of_the_undisturbed_run": whole,
        "steps_of_both_lives": [steps[0], steps[1]],
        "steps_done_twice": sum(steps.values()) - whole,
        "weights_alike_to_the_bit": all(
            torch.equal(weights[0][name], weights[1][name]) for name in weights[0]
        ),
    }


# ------------------------------------------------------------------------------ larger batches


def ways(times: int) -> Iterator[tuple[str, float, Any]]:
    """Say how the rate may follow the batch: a name, the rate, a schedule."""
    yield "rate as it was", BASE_RATE, cosine
    if times > 1:
        yield "k times the rate", BASE_RATE * times, cosine
        rising = partial(warm_up, schedule=cosine, share=1 / EPOCHS, start=1 / times)
        yield "k times the rate, after a warm-up", BASE_RATE * times, rising


def batches(known: dict[str, Any], seeds: int, epochs: int = EPOCHS) -> Iterator[dict[str, Any]]:
    """Train with larger and larger batches, for as many epochs; yield what is known so far."""
    train, test = mnist_sample().split(test=1000)
    found = {**known, "seeds": list(range(SEED, SEED + seeds))}
    for times in TIMES:
        for name, rate, schedule in ways(times):
            if f"{BASE_BATCH * times} pictures" in found.get(name, {}):
                continue
            accuracies = []
            for seed in range(SEED, SEED + seeds):
                torch.manual_seed(seed)
                model = LeNet()
                try:
                    fit(
                        model,
                        train,
                        epochs=epochs,
                        batch_size=BASE_BATCH * times,
                        optimizer=partial(torch.optim.SGD, lr=rate, momentum=0.9),
                        schedule=schedule,
                        device="cpu",
                        seed=seed,
                    )
                    accuracy = evaluate(model, test).accuracy
                except FloatingPointError:  # the loss is no longer finite
                    accuracy = 0.1  # that of a guess
                assert accuracy is not None
                accuracies.append(round(accuracy, 4))
            spread = round(statistics.stdev(accuracies), 4) if seeds > 1 else None
            found.setdefault(name, {})[f"{BASE_BATCH * times} pictures"] = {
                "accuracy_mean": round(statistics.mean(accuracies), 4),
                "accuracy_standard_deviation": spread,
                "accuracies": accuracies,
            }
            yield found


# ------------------------------------------------------------------------------ Ray


def ray() -> dict[str, Any]:
    """Train by Ray Train, and compare the weights with those of one process."""
    import ray as installed

    with tempfile.TemporaryDirectory() as folder:
        found, weights = scale_ray.main(RAY, folder)
    installed.shutdown()  # else its services run on beside what is measured next
    torch.manual_seed(RAY["seed"])
    model = LeNet()
    begin = {name: value.clone() for name, value in model.state_dict().items()}
    scale_ray.train_lenet(model, RAY)
    alone = model.state_dict()
    return {
        "ray_version": installed.__version__,
        "processes": found["processes"],
        "largest_error_of_a_weight": float(
            max((weights[name] - alone[name]).abs().max() for name in alone)
        ),
        "largest_way_of_a_weight": round(
            float(max((begin[name] - alone[name]).abs().max() for name in alone)), 3
        ),
    }


def keep(known: dict[str, Any], name: str, found: dict[str, Any]) -> None:
    """Write the record, and say what is new in it."""
    known[name] = found
    print(name, found, flush=True)
    record.record("scale", known, seed=SEED)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=SEEDS, help=f"default: {SEEDS}")
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    path = record.RESULTS / "scale.json"
    known = json.loads(path.read_text("utf-8"))["results"] if path.exists() else {}
    parts: dict[str, Callable[[], dict[str, Any]]] = {
        "together": partial(together, STEPS),
        "killed": partial(killed, 20),
        "threads": partial(threads, STEPS),
        "workers": partial(workers, PASSES),
        "ray": ray,
    }
    for name, part in parts.items():
        if name in known or (name == "ray" and importlib.util.find_spec("ray") is None):
            continue
        keep(known, name, part())
    for found in batches(known.get("batches", {}), chosen.seeds):
        keep(known, "batches", found)


if __name__ == "__main__":
    main()
