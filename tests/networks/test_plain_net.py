"""The weights of the plain networks are what their headers say, and are made as they say."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open
from torch import nn
from torch.nn import functional as F

from benchmarks import cifar10 as benchmark
from cvlib import recipes
from cvlib.data import ImageSet, cifar10
from cvlib.networks import checkpoint, pretrained
from cvlib.training import evaluate
from tests.regression.plugin import missing_sets

needs_cifar10 = pytest.mark.skipif(
    bool(missing_sets(["CIFAR10"])), reason="no CIFAR10 under CVLIB_DATA"
)


@pytest.fixture(scope="module")
def pictures() -> ImageSet:
    return cifar10("test")[::20]


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("plain_net", "python -m cvlib.networks plain_net --seed 0"),
        ("small_net", "python -m cvlib checkpoint small_net --seed 0"),
    ],
)
def test_the_weights_say_how_they_were_made(name: str, command: str) -> None:
    with safe_open(checkpoint(name), framework="pt") as file:
        facts = file.metadata()
    assert facts["command"] == command
    assert facts["data"] == "CIFAR-10, JPEG copy"
    assert set(facts) == {"command", "cvlib", "data", "test_accuracy", "torch"}


@needs_cifar10
@pytest.mark.parametrize(("name", "least"), [("plain_net", 0.8), ("small_net", 0.8)])
def test_the_weights_know_the_pictures(name: str, least: float, pictures: ImageSet) -> None:
    with safe_open(checkpoint(name), framework="pt") as file:
        claimed = float(file.metadata()["test_accuracy"])
    # One picture in twenty: three standard errors are 0.05.
    measured = evaluate(pretrained(name), pictures).accuracy
    assert measured == pytest.approx(claimed, abs=0.05)
    assert claimed > least


def test_the_small_network_has_less_than_a_tenth_of_the_numbers() -> None:
    numbers, fewer = (
        sum(parameter.numel() for parameter in pretrained(name).parameters())
        for name in ("plain_net", "small_net")
    )
    assert (numbers, fewer) == (539_178, 49_658)


@needs_cifar10
@pytest.mark.usefixtures("float32")
@pytest.mark.parametrize("name", ["plain_net", "small_net"])
def test_its_recipe_learns(name: str, pictures: ImageSet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recipes, "cifar10", lambda split: pictures)
    recipe = recipes.RECIPES[name]
    few = dataclasses.replace(recipe, arguments={**recipe.arguments, "epochs": 10})
    monkeypatch.setitem(recipes.RECIPES, name, few)
    model, facts = recipes.train(name, seed=0)
    assert facts["data"] == pictures.source
    # Learnt by heart, far from it; an untrained network is right once in ten.
    assert float(facts["test_accuracy"]) == evaluate(model, pictures).accuracy > 0.25


class Clock:
    """A clock that a run of the benchmark moves on: by a second each time it is read."""

    def __init__(self) -> None:
        self.now = 0.0

    def perf_counter(self) -> float:
        self.now += 1
        return self.now


@needs_cifar10
@pytest.mark.usefixtures("float32")
def test_the_benchmark_gives_each_step_its_time(
    pictures: ImageSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("benchmarks.record.RESULTS", tmp_path)
    monkeypatch.setattr(benchmark, "WORKERS", 0)
    monkeypatch.setattr(benchmark, "THREADS", 2)
    monkeypatch.setattr(benchmark, "time", Clock())
    tried: list[int] = []
    monkeypatch.setattr(torch, "set_num_threads", tried.append)
    given: list[float] = []
    in_time = benchmark.in_time

    def spy(*arguments: Any) -> Any:
        given.append(arguments[2])
        return in_time(*arguments)

    monkeypatch.setattr(benchmark, "in_time", spy)
    monkeypatch.setattr("sys.argv", ["cifar10", "--pictures", "50", "--seeds", "2"])
    sets = dict.fromkeys(("train", "test"), pictures[::5])
    monkeypatch.setattr(benchmark, "cifar10", sets.__getitem__)
    torch.manual_seed(0)
    benchmark.main()
    record = json.loads((tmp_path / "cifar10.json").read_text())
    assert record["command"] == "python -m benchmarks.cifar10 --pictures 50 --seeds 2"
    tutorial, *steps = record["results"]["steps"].values()
    assert len(steps) == len(benchmark.STEPS)
    assert record["results"]["tutorial_seconds"] == tutorial["seconds_mean"] == 1
    assert tutorial["epochs"] == 2
    for step, row in zip(benchmark.STEPS, steps, strict=True):
        assert row["seeds"] == list(range(min(step.seeds, 2)))
        assert len(row["test_accuracies"]) == len(row["seeds"])
        assert row["seconds"] == [1] * len(row["seeds"])
        assert row["epochs"] == 1  # each run takes a second, and so does all of the tutorial's
        assert row["share_of_tutorial_time"] == 1
    assert given == [step.times for step in benchmark.STEPS]
    assert tried == [2, 1, 2] * len(steps) + [2]  # each number, the faster one, the first again
    networks = {row["parameters"] for row in (tutorial, *steps)}
    assert networks == {62_006, 539_178}


@needs_cifar10
@pytest.mark.parametrize(("slower", "fit"), [(2.0, 4), (1.0, 9), (0.5, 19)])
def test_as_many_epochs_as_fit_by_the_pace_of_the_run_itself(
    slower: float, fit: int, pictures: ImageSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    def by_fit(
        step: benchmark.Step, pictures: ImageSet, epochs: int, seed: int
    ) -> tuple[nn.Module, float]:
        return nn.Identity(), 1 / benchmark.TRIAL if epochs == 1 else slower * epochs

    monkeypatch.setattr(benchmark, "by_fit", by_fit)
    # By the pace of the trial there is room for nine epochs in ten seconds.
    runs, epochs = benchmark.in_time(benchmark.STEPS[0], pictures, seconds=10, seeds=2)
    assert epochs == fit
    assert [seconds for _, seconds in runs] == [slower * fit] * 2


@needs_cifar10
@pytest.mark.usefixtures("float32")
def test_more_looks_are_recorded(
    pictures: ImageSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("benchmarks.record.RESULTS", tmp_path)
    sets = dict.fromkeys(("train", "test"), pictures[::5])
    monkeypatch.setattr(benchmark, "cifar10", sets.__getitem__)
    line = ["cifar10", "--pictures", "50", "--looks", "1", "2", "--seeds", "2"]
    monkeypatch.setattr("sys.argv", line)
    benchmark.main()
    record = json.loads((tmp_path / "cifar10_looks.json").read_text())
    assert record["command"] == f"python -m benchmarks.{' '.join(line)}"
    looks = record["results"]["looks"]
    assert [row["epochs"] for row in looks.values()] == [1, 2]
    for row in looks.values():
        assert row["seeds"] == [0, 1]
        assert row["parameters"] == 62_006
    assert not (tmp_path / "cifar10.json").exists()


def test_a_plain_network_from_identity_hands_on_its_maps() -> None:
    torch.manual_seed(0)
    x = torch.rand(2, 64, 5, 7)
    third = benchmark.from_identity().features[8]
    assert third.weight.shape == (128, 64, 3, 3)
    torch.testing.assert_close(third(x)[:, :64], x)
    assert not torch.allclose(third(x)[:, 64:], x, atol=0.1)


def test_ten_crops_are_the_picture_and_four_shifts_each_mirrored() -> None:
    torch.manual_seed(0)
    net, x = benchmark.PlainNet().eval(), torch.rand(2, 3, 32, 32)
    around = F.pad(x, (1, 1, 1, 1), mode="reflect")
    shifted = [around[:, :, a : a + 32, b : b + 32] for a in (0, 2) for b in (0, 2)]
    views = [view for crop in (x, *shifted) for view in (crop, crop.flip(3))]
    expected = torch.stack([net(view).softmax(1) for view in views]).mean(0)
    torch.testing.assert_close(benchmark.in_ten_crops(net)(x).exp(), expected)
