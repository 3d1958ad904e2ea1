"""What `conv2d` costs beside torch's and im2col: ``python -m benchmarks.convolution``.

Eight pictures of 56x56 with 64 channels go to 64 channels, float32, same padding. The sides take
turns, and must give the same numbers.
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
from cvlib.layers.convolution import conv2d, unfold

SEED = 0
PICTURES, CHANNELS, MAPS, SIZE = 8, 64, 64, 56
WARM_UP = 2  # runs a side that are not counted: caches and allocators fill


def by_im2col(x: Tensor, weight: Tensor, *, padding: int) -> Tensor:
    columns = unfold(x, weight.shape[-1], padding=padding)
    return (weight.flatten(1) @ columns).unflatten(-1, x.shape[2:])


SIDES: dict[str, Callable[..., Tensor]] = {"torch": F.conv2d, "conv2d": conv2d, "im2col": by_im2col}


def forward(side: Callable[..., Tensor], x: Tensor, weight: Tensor, padding: int) -> Tensor:
    with torch.no_grad():
        return side(x, weight, padding=padding)


def training(side: Callable[..., Tensor], x: Tensor, weight: Tensor, padding: int) -> Tensor:
    x, weight = x.detach().requires_grad_(), weight.detach().requires_grad_()
    y = side(x, weight, padding=padding)
    y.backward(y.detach())
    return y.detach()


def measure(step: Callable[..., Tensor], kernel_size: int, runs: int) -> dict[str, object]:
    place = cvlib.device()
    synchronize = torch.cuda.synchronize if place.type == "cuda" else lambda: None
    generator = torch.Generator().manual_seed(SEED)
    x = torch.randn(PICTURES, CHANNELS, SIZE, SIZE, generator=generator).to(place)
    weight = torch.randn(MAPS, CHANNELS, kernel_size, kernel_size, generator=generator).to(place)
    weight /= CHANNELS**0.5 * kernel_size
    seconds: dict[str, list[float]] = {name: [] for name in SIDES}
    for _ in range(WARM_UP + runs):
        ends = []
        for name, side in SIDES.items():
            synchronize()
            begin = time.perf_counter()
            ends.append(step(side, x, weight, kernel_size // 2))
            synchronize()
            seconds[name].append(time.perf_counter() - begin)
        for end in ends[1:]:
            torch.testing.assert_close(end, ends[0], rtol=1e-4, atol=1e-4)
    taken = {name: times[WARM_UP:] for name, times in seconds.items()}
    ratios = {
        name: [mine / bare for mine, bare in zip(times, taken["torch"], strict=True)]
        for name, times in taken.items()
        if name != "torch"
    }
    return {
        "seconds_median": {n: round(statistics.median(times), 5) for n, times in taken.items()},
        "ratio_median": {n: round(statistics.median(r), 2) for n, r in ratios.items()},
        "ratio_quartiles": {
            n: [round(q, 2) for q in statistics.quantiles(r)[::2]] for n, r in ratios.items()
        },
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=15, help="a side; default: 15")
    runs = parser.parse_args().runs
    results: dict[str, object] = {"runs_a_side": runs}
    for kernel_size, step in ((3, forward), (11, forward), (3, training)):
        name = f"{step.__name__}_{kernel_size}x{kernel_size}"
        results[name] = measure(step, kernel_size, runs)
        print(name, results[name])
    record("convolution", results, seed=SEED)


if __name__ == "__main__":
    main()
