"""A server under load: ``python -m benchmarks.serving``, about three minutes.

Two networks answer on one thread of onnxruntime: LeNet, and a wide one of three linear layers with
4,096 units in between, whose 80 MB of weights no cache of a core holds. Of each, how long a batch
takes; the sizes take turns, and the median counts. Then real servers, each in a process of its own,
are asked by this process through 127.0.0.1: requests come at random at a rate that is a share of
what the network can do one by one, whether or not those before them are answered. Latency counts
from when a request was due.

The largest batch is 1 or 16; the window changes for 16. All servers of a network stand beside one
another and are asked in turns, so that what else the machine does meets all of them; of each number
the median over the turns is kept. A run has as many requests as come in a second, 400 at most.
Nothing is asked but 127.0.0.1, and every run has an end.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.client import HTTPConnection
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.record import record
from cvlib.data import mnist_sample
from cvlib.images.files import encode
from cvlib.networks import MLP, pretrained
from cvlib.practice import (
    application,
    onnx_predictor,
    open_loop,
    poisson_arrivals,
    running,
    to_onnx,
    upload,
)

SEED = 0
SIZES, TURNS = (1, 2, 4, 8, 16, 32), 15
SECONDS, MOST, RUNS = 1.0, 400, 3  # per run; runs per server and load
LOADS = (0.3, 0.6, 0.9, 1.5, 2.5)  # of what the network alone can do one by one
RULES = ((1, 0), (16, 0), (16, 5), (16, 20))  # the largest batch, and the window in milliseconds


def networks(folder: Path) -> dict[str, Path]:
    """Write the two networks as ONNX files."""
    torch.manual_seed(SEED)
    nets = {"LeNet": pretrained("lenet"), "wide": MLP((4096, 4096))}
    example = torch.zeros(2, 1, 28, 28)
    return {
        name: to_onnx(net, folder / f"{name}.onnx", example=example) for name, net in nets.items()
    }


def batch_milliseconds(file: Path) -> dict[int, float]:
    """Measure how long batches take; the sizes take turns."""
    predict = onnx_predictor(file)
    pictures = np.random.default_rng(SEED).random((max(SIZES), 1, 28, 28), np.float32)
    times: dict[int, list[float]] = {size: [] for size in SIZES}
    for _ in range(TURNS):
        for size, seen in times.items():
            begin = time.perf_counter()
            predict(pictures[:size])
            seen.append(1000 * (time.perf_counter() - begin))
    return {size: round(statistics.median(seen), 4) for size, seen in times.items()}


def serve(file: Path, largest: int, window: float, wire: Connection) -> None:
    """Serve until the other side says stop."""
    predict = onnx_predictor(file)
    app = application(predict, window=window, largest=largest, most_waiting=64)
    with running(app) as port:
        wire.send(port)
        wire.recv()


@contextmanager
def served(file: Path, largest: int, window: float) -> Iterator[int]:
    """Run a server in a process of its own, and end it."""
    ours, theirs = multiprocessing.Pipe()
    start = multiprocessing.get_context("spawn").Process
    process = start(target=serve, args=(file, largest, window, theirs), daemon=True)
    process.start()
    try:
        yield ours.recv()
    finally:
        ours.send("stop")
        process.join(60)


def health(port: int) -> Any:
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", "/health")
    found = json.load(connection.getresponse())
    connection.close()
    return found


def one_run(port: int, request: bytes, rate: float, seed: int) -> dict[str, Any]:
    """Ask at one rate, and say what came of it."""
    before = health(port)
    due = poisson_arrivals(rate, min(MOST, round(rate * SECONDS)), seed=seed)
    load = asyncio.run(open_loop(port, request, due, connections=128, seconds=60))
    after = health(port)
    answered = load.status == 200
    middle, high, highest = np.percentile(1000 * load.latency[answered], (50, 95, 99))
    batches = after["batches"] - before["batches"]
    return {
        "requests_a_second": round(rate, 1),
        "answers_a_second": round(float(answered.sum() / load.done.max()), 1),
        "milliseconds_median": round(float(middle), 2),
        "milliseconds_95_percent": round(float(high), 2),
        "milliseconds_99_percent": round(float(highest), 2),
        "pictures_per_batch_mean": round((after["requests"] - before["requests"]) / batches, 2),
        "refused_percent": round(100 * float((load.status == 503).mean()), 1),
        "requests": len(due),
    }


def medians(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """Keep the median of each number."""
    return {name: statistics.median(run[name] for run in runs) for name in runs[0]}


def main() -> None:
    torch.set_num_threads(1)
    request = upload(encode(np.asarray(mnist_sample().images[0, 0]), ".png"))
    results: dict[str, Any] = {"batch": {}, "served": {}}
    with tempfile.TemporaryDirectory() as folder:
        files = networks(Path(folder))
        for name, file in files.items():
            results["batch"][name] = {
                f"{size} pictures" if size > 1 else "1 picture": {"milliseconds_median": each}
                for size, each in batch_milliseconds(file).items()
            }
        # LeNet needs so little that the way to it and back is nearly all of the time.
        alone = results["batch"]["wide"]["1 picture"]["milliseconds_median"]
        wide = [1000 / alone * load for load in LOADS]
        rates = {"LeNet": [25.0, 50.0, 100.0, 200.0, 400.0], "wide": wide}
        for name, file in files.items():
            results["served"][name] = rows = {}
            with ExitStack() as stack:
                ports = {
                    f"largest {largest}, window {window} ms": stack.enter_context(
                        served(file, largest, window / 1000)
                    )
                    for largest, window in RULES
                }
                for port in ports.values():
                    one_run(port, request, 30, SEED)  # to warm up
                for at, rate in enumerate(rates[name], 1):
                    runs: dict[str, list[dict[str, Any]]] = {rule: [] for rule in ports}
                    for turn in range(RUNS):
                        for rule, port in ports.items():
                            runs[rule].append(one_run(port, request, rate, SEED + turn))
                    for rule, seen in runs.items():
                        rows.setdefault(rule, {})[f"load {at}"] = medians(seen)
                        print(name, rule, rows[rule][f"load {at}"], flush=True)
    record("serving", results, seed=SEED)


if __name__ == "__main__":
    main()
