"""Where the digits are: ``python -m benchmarks.detection``.

The detector of the package learns 4,000 scenes by its recipe, in less than a minute of one core,
and is tested on 500 scenes of other digits and other photographs. Two variants each change one
thing in the recipe and run once: pictures keep their colours, or half of them are mirrored as well,
digits and all. Beside them stand sliding windows over an image pyramid, judged by a linear SVM on
histograms of oriented gradients, on the same 500 scenes; they learn from the first 800, which takes
them as long.

Every seed draws the scenes to learn from, the weights, and the order; the test scenes are the same
for all. The recipe was chosen in a few runs by 300 other scenes, of the test digits and the test
photographs, too, but drawn from another seed. Times are those of one thread of the processor.

The record is written after each run, and what it holds already is not run again: an interrupted
benchmark goes on where it stopped. Delete ``results/detection.json`` to begin anew.
"""

from __future__ import annotations

import argparse
import json
import statistics
from collections.abc import Callable, Sequence
from functools import partial
from itertools import product
from pathlib import Path
from time import process_time
from typing import Any, NamedTuple

import torch
from torch import Tensor

from benchmarks import record
from cvlib.augmentation import random_horizontal_flip
from cvlib.data import SceneSet, scenes
from cvlib.networks import Detector
from cvlib.recipes import DETECTOR
from cvlib.tasks.average_precision import mean_average_precision
from cvlib.tasks.detection import Scenes, detect, random_colours, targets_of
from cvlib.tasks.sliding_windows import train_sliding_windows
from cvlib.training import fit

SEED, SEEDS = 0, 3
TEST_SEED = 1  # seed 0 chose the recipe
TRAIN, TEST = 4000, 500  # scenes
WINDOWS = 800  # scenes that sliding windows learn from

VARIANTS: dict[str, dict[str, Any]] = {
    "detector": {},
    "colours as they are": {"augment": None},
    "mirrored as well": {"augment": (random_horizontal_flip, random_colours)},
}
Find = Callable[[Tensor], list[dict[str, Tensor]]]


def by_detector(change: dict[str, Any], train: SceneSet, seed: int) -> tuple[Find, int]:
    """Train the detector, and return what finds objects, and how many parameters it has."""
    torch.manual_seed(seed)
    model = Detector().to(memory_format=torch.channels_last)
    fit(model, Scenes(train), device="cpu", seed=seed, **{**DETECTOR, **change})
    return partial(detect, model), sum(each.numel() for each in model.parameters())


def by_windows(train: SceneSet, seed: int) -> tuple[Find, int]:
    """Train the windows' judge, and return the same."""
    model = train_sliding_windows(train[:WINDOWS], seed=seed)
    return model.detect, model.weight.numel() + model.bias.numel()


class Run(NamedTuple):
    """What came of one training."""

    average_precision_50: float
    average_precision: float
    training_seconds: float
    milliseconds_per_picture: float
    parameters: int


def one_run(name: str, test: SceneSet, seed: int) -> Run:
    """Train once, and measure on the test scenes."""
    train = scenes(TRAIN, seed=seed)
    begin = process_time()
    if name in VARIANTS:
        find, parameters = by_detector(VARIANTS[name], train, seed)
    else:
        find, parameters = by_windows(train, seed)
    middle = process_time()
    found = find(test.images)
    milliseconds = 1000 * (process_time() - middle) / len(test)
    result = mean_average_precision(found, targets_of(test))
    half, mean = round(result.at(0.5), 4), round(result.mean, 4)
    seconds = round(middle - begin, 1)
    return Run(half, mean, seconds, round(milliseconds, 2), parameters)


def measured(runs: Sequence[Run]) -> dict[str, Any]:
    """Say what came of the runs from seeds 0, 1 and so on."""
    halves, means, seconds, times, parameters = zip(*runs, strict=True)
    spread = round(statistics.stdev(halves), 4) if len(halves) > 1 else None
    return {
        "parameters": parameters[0],
        "average_precision_50_mean": round(statistics.mean(halves), 4),
        "average_precision_50_standard_deviation": spread,
        "average_precision_mean": round(statistics.mean(means), 4),
        "training_seconds_median": statistics.median(seconds),
        "milliseconds_per_picture_median": statistics.median(times),
        "seeds": list(range(SEED, SEED + len(runs))),
        "average_precisions_50": list(halves),
        "average_precisions": list(means),
        "training_seconds": list(seconds),
        "milliseconds_per_picture": list(times),
    }


def known_runs(path: Path) -> dict[str, list[Run]]:
    """Return the runs of a record, by method."""
    if not path.exists():
        return {}
    columns = (
        "average_precisions_50",
        "average_precisions",
        "training_seconds",
        "milliseconds_per_picture",
    )
    return {
        name: [
            Run(*values, row["parameters"])
            for values in zip(*(row[column] for column in columns), strict=True)
        ]
        for name, row in json.loads(path.read_text("utf-8"))["results"]["methods"].items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=SEEDS, help=f"default: {SEEDS}")
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    test = scenes(TEST, split="test", seed=TEST_SEED)
    runs = known_runs(record.RESULTS / "detection.json")
    detector, *others = VARIANTS
    seeds = range(SEED, SEED + chosen.seeds)
    first = product((detector, "sliding windows"), seeds)
    for name, seed in (*first, *((name, SEED) for name in others)):  # the variants once
        if len(runs.setdefault(name, [])) > seed - SEED:
            continue
        runs[name].append(one_run(name, test, seed))
        print(seed, name, runs[name][-1], flush=True)
        results = {
            "train": f"{TRAIN} scenes, {WINDOWS} for sliding windows",
            "test": f"{TEST} scenes, {test.source}",
            "methods": {key: measured(found) for key, found in runs.items() if found},
        }
        record.record("detection", results, seed=SEED)


if __name__ == "__main__":
    main()
