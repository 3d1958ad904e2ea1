"""The benchmarks of training run from end to end on few pictures; no time is asserted."""

from __future__ import annotations

import json
import statistics
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader

from benchmarks import recipes, textbook, training
from benchmarks.turns import seconds_in_turns
from cvlib.data import ImageSet, fashion_mnist
from tests.regression.plugin import missing_sets

LACKING = missing_sets(["FashionMNIST", "MNIST"])
needs_sets = pytest.mark.skipif(bool(LACKING), reason=f"no {LACKING} under CVLIB_DATA")


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for the record, which is otherwise the repository's."""
    monkeypatch.setattr("benchmarks.record.RESULTS", tmp_path)
    return tmp_path


def ran(
    benchmark: ModuleType, arguments: str, results: Path, monkeypatch: pytest.MonkeyPatch
) -> Any:
    name = benchmark.__name__.rpartition(".")[2]
    monkeypatch.setattr("sys.argv", [name, *arguments.split()])
    benchmark.main()
    record = json.loads((results / f"{name}.json").read_text())
    assert record["command"] == f"python -m benchmarks.{name} {arguments}"
    return record["results"]


@needs_sets
def test_training(results: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(textbook, "WORKERS", (0, 1))
    found = ran(training, "--pictures 300 --runs 2 --no-compile", results, monkeypatch)
    others = {"textbook", "d2l", "d2l_as_published", "lightning"}
    ours = {"fit", "fit_fused", "fit_channels_last", "fit_bfloat16", "fit_channels_last_bfloat16"}
    assert found["pictures_a_second"].keys() == found["test_accuracy"].keys() == others | ours
    assert found["times_as_many"].keys() == others
    for ratios in found["times_as_many"].values():
        assert ratios["median"].keys() == ours
    # One precision and one optimizer give one result, whatever the layout and the implementation.
    same = ("fit", "fit_fused", "fit_channels_last")
    assert statistics.pstdev(found["test_accuracy"][side] for side in same) < 0.02


def test_sides_that_do_less_are_found_out() -> None:
    def steps(count: int) -> int:
        model = nn.Linear(1, 1)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

        def side() -> nn.Module:
            for _ in range(count):
                optimizer.step()
            return model

        return training.counted(side)[1]

    sides = {"first": lambda: steps(3), "second": lambda: steps(2)}
    with pytest.raises(RuntimeError, match="a side took 2 steps, the first 3"):
        seconds_in_turns(sides, 1, warm_up=0, agree=training.same_steps)


@needs_sets
def test_recipes(results: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recipes, "GRID", [recipes.Recipe(r, 5e-4, 0.3) for r in (1e-6, 0.1)])
    monkeypatch.setattr(recipes, "TEXTBOOK_EPOCHS", 1)
    monkeypatch.setattr(textbook, "WORKERS", (0,))
    found = ran(recipes, "--pictures 1000 --seeds 2", results, monkeypatch)
    assert found["recipe"] == {"learning_rate": 0.1, "weight_decay": 5e-4, "pct_start": 0.3}
    accuracies = [row["validation_accuracy"] for row in found["grid"]]
    assert accuracies == sorted(accuracies, reverse=True)
    for name in ("Fashion-MNIST", "MNIST"):
        assert found[name]["seeds"] == [0, 1]
        mean = statistics.mean(found[name]["test_accuracies"])
        assert found[name]["test_accuracy_mean"] == pytest.approx(mean, abs=1e-4)
        assert mean > 0.3
    ours = found["Fashion-MNIST"]
    for name, row in found["textbook"].items():
        share = ours["seconds_mean"] / row["seconds"]
        assert ours["share_of_textbook_time"][name] == pytest.approx(share, rel=0.05)


@needs_sets
def test_a_recipe_is_chosen_without_the_test_pictures(
    results: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def few(split: str) -> ImageSet:
        asked.append(split)
        return fashion_mnist(split)

    monkeypatch.setattr(recipes, "fashion_mnist", few)
    monkeypatch.setattr(recipes, "GRID", recipes.GRID[:1])
    monkeypatch.setattr("sys.argv", ["recipes", "--choose", "--pictures", "600"])
    recipes.main()
    assert asked == ["train"]
    assert not list(results.iterdir())


@needs_sets
@pytest.mark.parametrize("train", [True, False])
def test_the_textbook_reads_the_same_pictures(train: bool) -> None:
    theirs = textbook.fashion_mnist(textbook.textbook_transform(), train=train, most=100)
    ours = fashion_mnist("train" if train else "test")[:100]
    images, labels = next(iter(DataLoader(theirs, batch_size=100)))
    torch.testing.assert_close(images * textbook.STD + textbook.MEAN, ours.images / 255)
    assert labels.equal(ours.labels)


@needs_sets
def test_normalizing_is_of_the_training_pictures() -> None:
    pixels = fashion_mnist("train").images.double() / 255
    assert float(pixels.mean()) == pytest.approx(textbook.MEAN, abs=5e-5)
    assert float(pixels.std()) == pytest.approx(textbook.STD, abs=5e-5)


def test_the_board_of_d2l_has_two_points_an_epoch() -> None:
    generator = torch.Generator().manual_seed(0)
    pairs = [(torch.rand(1, 4, generator=generator), torch.tensor(n % 3)) for n in range(40)]
    batches = DataLoader([(image[0], label) for image, label in pairs], batch_size=10)
    model = nn.Linear(4, 3)
    standing = torch.optim.SGD(model.parameters(), lr=0.0)
    drawn = textbook.d2l_epoch(model, batches, standing, torch.device("cpu"))
    losses = [nn.functional.cross_entropy(model(x), y).item() for x, y in batches]
    heights = [statistics.mean(losses[:2]), statistics.mean(losses[2:])]
    assert [at for at, _ in drawn] == [0.125, 0.625]
    assert [height for _, height in drawn] == pytest.approx(heights)
