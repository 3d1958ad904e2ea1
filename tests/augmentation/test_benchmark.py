"""The benchmark of augmentation runs from end to end on few pictures, of all classes."""

from __future__ import annotations

import json
import statistics
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from benchmarks import augmentation
from cvlib.data import ImageSet


def sorted_by_class(count: int) -> ImageSet:
    """Noise in two classes of other brightness, first all of one and then all of the other."""
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(0, 128, (count, 3, 32, 32), generator=generator, dtype=torch.uint8)
    labels = torch.arange(count) // (count // 2)
    return ImageSet(images + 127 * labels.view(-1, 1, 1, 1).byte(), labels, ("dark", "light"), "no")


def test_runs_from_end_to_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sets = {"train": sorted_by_class(200), "test": sorted_by_class(100)}
    seen: list[Tensor] = []
    fit = augmentation.fit

    def noted(model: Any, train: ImageSet, **options: Any) -> Any:
        seen.append(train.labels)
        return fit(model, train, **options)

    monkeypatch.setattr(augmentation, "fit", noted)
    monkeypatch.setattr(augmentation, "cifar10", sets.__getitem__)
    monkeypatch.setattr("benchmarks.record.RESULTS", tmp_path)
    monkeypatch.setattr("sys.argv", ["augmentation", "--seeds", "2"])
    for name, value in {"PICTURES": 60, "TEST_PICTURES": 40, "EPOCHS": 2, "BATCH_SIZE": 20}.items():
        monkeypatch.setattr(augmentation, name, value)
    augmentation.main()
    record = json.loads((tmp_path / "augmentation.json").read_text())
    assert record["command"] == "python -m benchmarks.augmentation --seeds 2"
    results = record["results"]
    assert (results["training_pictures"], results["test_pictures"]) == (60, 40)
    assert (results["steps"], results["seeds"]) == (6, [0, 1])
    assert results["ways"].keys() == augmentation.WAYS.keys()
    assert len(seen) == 2 * len(augmentation.WAYS)
    for labels in seen:
        assert 20 < labels.sum() < 40, "pictures of one class more than of the other"
    for row in results["ways"].values():
        values = row["test_accuracies"]
        assert len(values) == len(row["seconds"]) == 2
        assert row["test_accuracy_mean"] == pytest.approx(statistics.mean(values), abs=1e-4)
        spread = statistics.stdev(values)
        assert row["test_accuracy_standard_deviation"] == pytest.approx(spread, abs=1e-4)


def test_the_same_seed_begins_with_the_same_weights_whatever_the_augmentation(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    begun: list[Tensor] = []

    def noted(model: Any, train: ImageSet, **options: Any) -> None:
        begun.append(next(model.parameters()).detach().clone())

    monkeypatch.setattr(augmentation, "fit", noted)
    pictures = sorted_by_class(20)
    for way in ("nothing", "cutmix"):
        augmentation.measured(pictures, pictures, augmentation.WAYS[way], range(2))
    assert torch.equal(begun[0], begun[2])
    assert torch.equal(begun[1], begun[3])
    assert not torch.equal(begun[0], begun[1])
