"""What `max_pool2d` costs beside torch's: ``python -m benchmarks.pooling``.

Eight maps of 56x56 with 64 channels, float32, windows of 2x2 with stride 2, and of 3x3 with stride
2. The sides take turns, and must give the same numbers. Torch's is timed twice: on pictures stored
channel by channel (NCHW), as ours, and pixel by pixel (channels last).
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor

import cvlib
from benchmarks.record import record
from benchmarks.turns import take_turns
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
    generator = torch.Generator().manual_seed(SEED)
    x = torch.randn(PICTURES, CHANNELS, SIZE, SIZE, generator=generator).to(place)
    last = x.contiguous(memory_format=torch.channels_last)
    sides: dict[str, tuple[Pool, Tensor]] = {
        "torch": (F.max_pool2d, x),
        "max_pool2d": (max_pool2d, x),
        "torch, channels last": (F.max_pool2d, last),
        "max_pool2d, channels last": (max_pool2d, last),
    }
    return take_turns(
        {
            name: partial(step, pool, pictures, kernel_size)
            for name, (pool, pictures) in sides.items()
        },
        runs,
        warm_up=WARM_UP,
        agree=partial(torch.testing.assert_close, rtol=1e-6, atol=1e-6),
    )


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
