"""What `conv2d` costs beside torch's and im2col: ``python -m benchmarks.convolution``.

Eight pictures of 56x56 with 64 channels go to 64 channels, float32, same padding. The sides take
turns, and must give the same numbers.
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
    generator = torch.Generator().manual_seed(SEED)
    x = torch.randn(PICTURES, CHANNELS, SIZE, SIZE, generator=generator).to(place)
    weight = torch.randn(MAPS, CHANNELS, kernel_size, kernel_size, generator=generator).to(place)
    weight /= CHANNELS**0.5 * kernel_size
    return take_turns(
        {name: partial(step, side, x, weight, kernel_size // 2) for name, side in SIDES.items()},
        runs,
        warm_up=WARM_UP,
        agree=partial(torch.testing.assert_close, rtol=1e-4, atol=1e-4),
    )


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
