"""The benchmark of MLP against CNN runs from end to end on few pictures; no time is asserted."""

from __future__ import annotations

import json
import math
import statistics
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Generator

from benchmarks import clothes
from cvlib.data import ImageSet, fashion_mnist
from tests.regression.plugin import missing_sets

LACKING = missing_sets(["FashionMNIST"])
needs_sets = pytest.mark.skipif(bool(LACKING), reason=f"no {LACKING} under CVLIB_DATA")
PARTS = ("fair", "permuted", "tutorial", "tutorial_networks_trained_well")


@pytest.fixture
def short(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Few epochs, two rates of which one teaches nothing, and a folder for the record."""
    monkeypatch.setattr("benchmarks.record.RESULTS", tmp_path)
    monkeypatch.setattr(clothes, "EPOCHS", 2)
    monkeypatch.setattr(clothes, "TUTORIAL_EPOCHS", 1)
    monkeypatch.setattr(clothes, "BATCH_SIZE", 10)
    monkeypatch.setattr(clothes, "RATES", (1e-6, 0.1))
    monkeypatch.setattr("sys.argv", ["clothes", "--pictures", "300", "--seeds", "2"])
    return tmp_path


def recorded(folder: Path) -> Any:
    return json.loads((folder / "clothes.json").read_text())["results"]


@needs_sets
@pytest.mark.usefixtures("float32")
def test_runs_from_end_to_end(short: Path) -> None:
    clothes.main()
    found = recorded(short)
    assert found["parameters"] == {"MLP": 135_658, "CNN": 135_546}
    assert found["tutorial_parameters"] == {"MLP": 669_706, "CNN": 50_186}
    sides = [side for part in PARTS for side in found[part].values()]
    for side in (*sides, found["MLP_for_as_many_seconds"]):
        accuracies = side["test_accuracies"]
        assert side["seeds"] == [0, 1]
        assert side["test_accuracy_mean"] == pytest.approx(statistics.mean(accuracies), abs=1e-4)
    for part in ("rates_tried", "tutorial_rates_tried"):
        for rows in found[part].values():
            assert [row["learning_rate"] for row in rows] == [0.1, 1e-6]
    assert {side["learning_rate"] for side in sides} == {0.1, clothes.TUTORIAL_RATE}
    for side in found["tutorial"].values():
        assert side["test_accuracy_mean"] < 0.4  # ten steps of 0.001 teach next to nothing
    assert found["fair"]["CNN"]["test_accuracy_mean"] > 0.3
    assert found["MLP_for_as_many_seconds"]["epochs"] > clothes.EPOCHS


@needs_sets
def test_rates_are_chosen_without_the_test_pictures(
    short: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train = fashion_mnist("train")[:600]
    seen: list[ImageSet] = []

    def spy(model: object, pictures: ImageSet) -> Any:
        seen.append(pictures)
        return evaluate(model, pictures)

    evaluate: Any = clothes.evaluate
    monkeypatch.setattr(clothes, "evaluate", spy)
    rows = clothes.choose(clothes.fair_mlp, train)
    assert [row["learning_rate"] for row in rows] == [0.1, 1e-6]
    known = {picture.numpy().tobytes() for picture in train.images}
    for pictures in seen:
        assert len(pictures) == 100
        assert {picture.numpy().tobytes() for picture in pictures.images} <= known


def test_a_rate_that_explodes_is_the_last(monkeypatch: pytest.MonkeyPatch) -> None:
    generator = Generator().manual_seed(0)
    images = torch.randint(256, (60, 1, 28, 28), generator=generator).to(torch.uint8)
    train = ImageSet(images, torch.arange(60) % 2, ("even", "odd"), "noise")
    monkeypatch.setattr(clothes, "RATES", (1e30, 0.01))
    monkeypatch.setattr(clothes, "CHOOSING_EPOCHS", 3)
    rows = clothes.choose(clothes.fair_mlp, train)
    assert [row["learning_rate"] for row in rows] == [0.01, 1e30]
    assert rows[-1]["validation_accuracy"] is None


def test_both_see_the_same_number_of_parameters() -> None:
    counts = [clothes.parameters(make()) for make in clothes.FAIR.values()]
    assert max(counts) / min(counts) < 1.01


def test_without_sharing_each_place_has_weights_of_its_own() -> None:
    torch.manual_seed(0)
    shared, own = torch.nn.Conv2d(2, 3, 3, padding=1, bias=False), clothes.Unshared(2, 3, side=5)
    with torch.no_grad():
        own.weight.copy_(shared.weight.flatten(1).T.expand(25, -1, -1))
    x = torch.randn(4, 2, 5, 5)
    torch.testing.assert_close(own(x), shared(x))
    with torch.no_grad():
        own.weight[7] = 0  # row 1, column 2
    before, after = shared(x).flatten(2), own(x).flatten(2)
    assert after[..., 7].count_nonzero() == 0
    others = torch.arange(25) != 7
    torch.testing.assert_close(after[..., others], before[..., others])
    assert clothes.parameters(clothes.unshared_cnn()) == 6_510_570
    assert clothes.unshared_cnn()(torch.zeros(2, 1, 28, 28)).shape == (2, 10)


@needs_sets
def test_networks_without_sharing_are_recorded(
    short: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clothes, "UNSHARED_EPOCHS", 1)
    monkeypatch.setattr(clothes, "UNSHARED_PICTURES", 90)
    monkeypatch.setattr(clothes, "UNSHARED", {"MLP": clothes.fair_mlp})
    monkeypatch.setattr("sys.argv", ["clothes", "--unshared", "--seeds", "2", "--pictures", "90"])
    clothes.main()
    record = json.loads((short / "clothes_unshared.json").read_text())
    assert record["command"] == "python -m benchmarks.clothes --unshared --seeds 2 --pictures 90"
    side = record["results"]["networks"]["MLP"]
    assert record["results"]["pictures"] == 90
    assert set(side["validation_accuracies"]) == {"1e-06", "0.1"}
    for kind in ("as_they_are", "shuffled"):
        accuracies = side[f"{kind}_test_accuracies"]
        assert side[f"{kind}_test_accuracy_mean"] == pytest.approx(
            statistics.mean(accuracies), abs=1e-4
        )


def test_one_order_for_all_pictures() -> None:
    images = torch.arange(2 * 784).reshape(2, 1, 28, 28)
    changed = clothes.shuffled(images)
    assert changed.shape == images.shape
    assert torch.equal(changed[1] - 784, changed[0])
    assert changed[0].flatten().sort().values.equal(images[0].flatten())
    assert int((changed == images).sum()) < 10
    targets = torch.arange(2)
    again, kept = clothes.shuffle_pixels(images, targets, Generator())
    assert torch.equal(again, changed)
    assert torch.equal(kept, targets)


def test_advantage_with_its_standard_error() -> None:
    sides = {"test_accuracies": [0.9, 0.92, 0.94]}, {"test_accuracies": [0.8, 0.8, 0.83]}
    found = clothes.advantage(*sides)
    error = math.sqrt(0.0004 / 3 + 0.0003 / 3)
    assert found == {"mean": pytest.approx(0.11), "standard_error": pytest.approx(error, abs=1e-5)}
