"""The small residual network learns by its recipe, and its benchmark gives it the time it says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from benchmarks import cifar10 as tutorial
from benchmarks import deeper as benchmark
from cvlib.data import ImageSet, cifar10
from cvlib.networks import SmallResNet
from cvlib.recipes import SMALL_RESNET
from cvlib.training import evaluate, fit
from tests.regression.plugin import missing_sets

needs_cifar10 = pytest.mark.skipif(
    bool(missing_sets(["CIFAR10"])), reason="no CIFAR10 under CVLIB_DATA"
)


@pytest.fixture(scope="module")
def pictures() -> ImageSet:
    return cifar10("test")[::20]


class Clock:
    """A clock that a run of the benchmark moves on: by a second each time it is read."""

    def __init__(self) -> None:
        self.now = 0.0

    def perf_counter(self) -> float:
        self.now += 1
        return self.now


@needs_cifar10
@pytest.mark.usefixtures("float32")
@pytest.mark.parametrize("arguments", ["--seeds 2", "--seeds 1 --seconds 1"])
def test_the_benchmark_gives_each_step_its_time(
    arguments: str, pictures: ImageSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("benchmarks.record.RESULTS", tmp_path)
    monkeypatch.setattr(tutorial, "WORKERS", 0)
    monkeypatch.setattr(tutorial, "THREADS", 1)
    monkeypatch.setattr(tutorial, "time", Clock())
    monkeypatch.setattr(torch, "set_num_threads", lambda threads: None)
    given: list[float] = []
    in_time = tutorial.in_time

    def spy(*values: Any) -> Any:
        given.append(values[2])
        return in_time(*values)

    monkeypatch.setattr(tutorial, "in_time", spy)
    sets = dict.fromkeys(("train", "test"), pictures[::25])
    monkeypatch.setattr(benchmark, "cifar10", sets.__getitem__)
    monkeypatch.setattr("sys.argv", ["deeper", "--pictures", "20", *arguments.split()])
    benchmark.main()
    record = json.loads((tmp_path / "deeper.json").read_text())
    assert record["command"] == f"python -m benchmarks.deeper --pictures 20 {arguments}"
    rows = record["results"]["steps"]
    seconds = record["results"]["tutorial_seconds"]
    measured = "seconds" not in arguments
    assert seconds == 1
    assert ("the tutorial's loop" in rows) == measured
    assert given == [1, 2]
    for name in ("residual network", "twice the time"):
        assert rows[name]["parameters"] == 285_816
        assert rows[name]["seeds"] == list(range(2 if measured else 1))
        assert rows[name]["share_of_tutorial_time"] == 1


@needs_cifar10
def test_the_first_layer_is_whitened_and_the_rest_begins_anew(pictures: ImageSet) -> None:
    torch.manual_seed(0)
    first, second = benchmark.whitened(pictures), benchmark.whitened(pictures)
    assert torch.equal(first.whitening.weight, second.whitening.weight)
    assert not torch.equal(first.fc.weight, second.fc.weight)
    assert not torch.allclose(first.whitening.weight, SmallResNet().whitening.weight, atol=0.1)


@needs_cifar10
def test_its_recipe_learns(pictures: ImageSet) -> None:
    torch.manual_seed(0)
    model = benchmark.whitened(pictures)
    fit(model, pictures, epochs=6, **SMALL_RESNET | {"amp": False}, device="cpu")
    # Twelve steps; an untrained network is right once in ten.
    assert (evaluate(model, pictures).accuracy or 0) > 0.25
