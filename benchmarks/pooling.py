"""What `max_pool2d` costs beside torch's: ``python -m benchmarks.pooling``.

Eight maps of 56x56 with 64 channels, float32, windows of 2x2 with stride 2, and of 3x3 with stride
2. The sides take turns, and must give the same numbers. Torch's is timed twice: on pictures stored
channel by channel (NCHW), as ours, and pixel by pixel (channels last).
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

import cvlib
from benchmarks.record import record
from cvlib.layers.pooling import max_pool2d

SEED = 0
PICTURES, CHANNELS, SIZE = 8, 64, 56
WARM_UP = 5  # runs a side that are not counted: caches and allocators fill

Pool = Callable[..., Tensor]


def forward(pool: Pool, x: Tensor, kernel_size: int) -> Tensor:
    with torch.no_grad():
        return pool(x, kernel_size, 2)


def training(pool: Pool, x: Tensor, kernel_size: int) -> Tensor:
    leaf = x.detach().requires_grad_()
    y = pool(leaf, kernel_size, 2)
    y.backward(y.detach())
    assert leaf.grad is not None
    return leaf.grad


def measure(step: Callable[..., Tensor], kernel_size: int, runs: int) -> dict[str, object]:
    place = cvlib.device()
    synchronize = torch.cuda.synchronize if place.type == "cuda" else lambda: None
    generator = torch.Generator().manual_seed(SEED)
    x = torch.randn(PICTURES, CHANNELS, SIZE, SIZE, generator=generator).to(place)
    last = x.contiguous(memory_format=torch.channels_last)
    sides: dict[str, tuple[Pool, Tensor]] = {
        "torch": (F.max_pool2d, x),
        "max_pool2d": (max_pool2d, x),
        "torch, channels last": (F.max_pool2d, last),
        "max_pool2d, channels last": (max_pool2d, last),
    }
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(WARM_UP + runs):
        ends = []
        for name, (pool, pictures) in sides.items():
            synchronize()
            begin = time.perf_counter()
            ends.append(step(pool, pictures, kernel_size))
            synchronize()
            seconds[name].append(time.perf_counter() - begin)
        for end in ends[1:]:
            torch.testing.assert_close(end, ends[0], rtol=1e-6, atol=1e-6)
    taken = {name: times[WARM_UP:] for name, times in seconds.items()}
    ratios = {
        name: [mine / bare for mine, bare in zip(times, taken["torch"], strict=True)]
        for name, times in taken.items()
        if name != "torch"
    }
    return {
        "milliseconds_median": {
            n: round(1000 * statistics.median(times), 3) for n, times in taken.items()
        },
        "ratio_median": {n: round(statistics.median(r), 3) for n, r in ratios.items()},
        "ratio_quartiles": {
            n: [round(q, 3) for q in statistics.quantiles(r)[::2]] for n, r in ratios.items()
        },
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=51, help="a side; default: 51")
    runs = parser.parse_args().runs
    results: dict[str, object] = {"runs_a_side": runs}
    for kernel_size, step in ((2, forward), (3, forward), (2, training)):
        name = f"{step.__name__}_{kernel_size}x{kernel_size}"
        results[name] = measure(step, kernel_size, runs)
        print(name, results[name])
    record("pooling", results, seed=SEED)


if __name__ == "__main__":
    main()
