"""What `fit` costs beside the same loop written by hand: ``python -m benchmarks.fit_overhead``.

LeNet learns the 4,000 embedded digits, from the same weights, in the same order, on the same
tensors. The two sides take turns, one epoch a run, and must end with the same weights.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

import torch
from torch import nn
from torch.nn import functional as F

import cvlib
from benchmarks.record import record
from cvlib.data import ImageSet, mnist_sample
from cvlib.networks import LeNet
from cvlib.training import fit

SEED = 0
BATCH_SIZE = 128
WARM_UP = 2  # runs a side that are not counted: caches and allocators fill


def by_hand(model: nn.Module, train: ImageSet) -> None:
    images, labels = train.images, train.labels
    optimizer = torch.optim.Adam(model.parameters())
    generator = torch.Generator().manual_seed(SEED)
    model.train()
    for index in (
        torch.randperm(len(images), generator=generator).to(images.device).split(BATCH_SIZE)
    ):
        output = model(images[index].to(torch.float32).div_(255))
        loss = F.cross_entropy(output, labels[index])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def by_fit(model: nn.Module, train: ImageSet) -> None:
    fit(model, train, epochs=1, batch_size=BATCH_SIZE, seed=SEED, device=train.images.device)


def run(
    side: Callable[[nn.Module, ImageSet], None], train: ImageSet
) -> tuple[float, float, nn.Module]:
    """Return wall-clock seconds, processor seconds, and the trained model."""
    torch.manual_seed(SEED)
    model = LeNet().to(train.images.device)
    synchronize = torch.cuda.synchronize if train.images.is_cuda else lambda: None
    synchronize()
    wall, processor = time.perf_counter(), time.process_time()
    side(model, train)
    synchronize()
    return time.perf_counter() - wall, time.process_time() - processor, model


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=40, help="a side; default: 40")
    runs = parser.parse_args().runs
    place = cvlib.device()
    train, _ = mnist_sample().split(test=1000)
    train = train.to(place)
    sides = {"by_hand": by_hand, "fit": by_fit}
    wall: dict[str, list[float]] = {name: [] for name in sides}
    processor: dict[str, list[float]] = {name: [] for name in sides}
    for number in range(WARM_UP + runs):
        ends = []
        for name in sorted(sides, reverse=bool(number % 2)):
            seconds, busy, model = run(sides[name], train)
            if number >= WARM_UP:
                wall[name].append(seconds)
                processor[name].append(busy)
            ends.append(list(model.parameters()))
        if not all(map(torch.equal, *ends)):
            raise RuntimeError("the two sides have not done the same work")
    results: dict[str, float | list[float]] = {"runs_a_side": runs}
    # Wall-clock time is what a user waits for; processor time is the steadier on a busy machine.
    for clock, times in (("wall", wall), ("processor", processor)):
        ratios = [mine / bare for mine, bare in zip(times["fit"], times["by_hand"], strict=True)]
        for name, values in times.items():
            results[f"{clock}_seconds_{name}"] = round(statistics.median(values), 4)
        results[f"{clock}_ratio_median"] = round(statistics.median(ratios), 3)
        quartiles = statistics.quantiles(ratios)
        results[f"{clock}_ratio_quartiles"] = [round(quartiles[at], 3) for at in (0, 2)]
    print(results)
    record("fit_overhead", results, seed=SEED)


if __name__ == "__main__":
    main()
