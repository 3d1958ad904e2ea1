"""What cheaper layers save on paper and on the clock: ``python -m benchmarks.cost``.

Eight pictures of 56x56 with 64 channels go to 64 channels, float32, forward only. Every way sees
7x7 pixels. The ways take turns; a ratio is of two runs of the same turn.
"""

from __future__ import annotations

import argparse
import statistics
import time

import torch
from torch import nn

import cvlib
from benchmarks.record import record
from cvlib.layers.cheaper import ways_to_see_seven
from cvlib.layers.cost import summarize

SEED = 0
PICTURES, CHANNELS, SIZE = 8, 64, 56
WARM_UP = 3  # turns that are not counted: caches and allocators fill


def measure(ways: dict[str, nn.Module], turns: int) -> dict[str, list[float]]:
    """Return the seconds of each way in each turn."""
    place = cvlib.device()
    synchronize = torch.cuda.synchronize if place.type == "cuda" else lambda: None
    generator = torch.Generator().manual_seed(SEED)
    x = torch.randn(PICTURES, CHANNELS, SIZE, SIZE, generator=generator).to(place)
    ways = {name: way.to(place).eval() for name, way in ways.items()}
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    with torch.inference_mode():
        for _ in range(WARM_UP + turns):
            for name, way in ways.items():
                synchronize()
                begin = time.perf_counter()
                way(x)
                synchronize()
                seconds[name].append(time.perf_counter() - begin)
    return {name: taken[WARM_UP:] for name, taken in seconds.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=25, help="default: 25")
    turns = parser.parse_args().turns
    ways = ways_to_see_seven(CHANNELS)
    seconds = measure(ways, turns)
    full = seconds["7 × 7"]
    rows = {}
    for name, way in ways.items():
        summary = summarize(way, (CHANNELS, SIZE, SIZE))
        ratios = [taken / other for taken, other in zip(seconds[name], full, strict=True)]
        rows[name] = {
            "parameters": summary.parameters,
            "macs": summary.macs,
            "seconds_median": round(statistics.median(seconds[name]), 5),
            "ratio_median": round(statistics.median(ratios), 3),
            "ratio_quartiles": [round(q, 3) for q in statistics.quantiles(ratios)[::2]],
        }
        print(name, rows[name])
    record("cost", {"turns": turns, "ways": rows}, seed=SEED)


if __name__ == "__main__":
    main()
