"""The benchmark of AlexNet runs from end to end on few pictures, and its parts do what they say."""

from __future__ import annotations

import json
import statistics
from pathlib import Path

import pytest
import torch
from torch import nn

from benchmarks import alexnet
from cvlib.data import ImageSet


def pictures(count: int) -> ImageSet:
    """Noise in two classes of other brightness."""
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(0, 128, (count, 3, 32, 32), generator=generator, dtype=torch.uint8)
    labels = torch.arange(count) % 2
    return ImageSet(images + 127 * labels.view(-1, 1, 1, 1).byte(), labels, ("dark", "light"), "no")


@pytest.mark.usefixtures("float32")
def test_runs_from_end_to_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sets = {"train": pictures(130), "test": pictures(30)}
    monkeypatch.setattr(alexnet, "cifar10", sets.__getitem__)
    monkeypatch.setattr("benchmarks.record.RESULTS", tmp_path)
    monkeypatch.setattr("sys.argv", ["alexnet", "--seeds", "2"])
    for name, value in {"PICTURES": 96, "HELD_OUT": 20, "EPOCHS": 1, "RATES": (1e-6, 1e-3)}.items():
        monkeypatch.setattr(alexnet, name, value)
    alexnet.main()
    record = json.loads((tmp_path / "alexnet.json").read_text())
    assert record["command"] == "python -m benchmarks.alexnet --seeds 2"
    results = record["results"]
    assert (results["training_pictures"], results["test_pictures"]) == (96, 30)
    assert results["variants"].keys() == alexnet.VARIANTS.keys()
    for name, row in results["variants"].items():
        for what in ("training", "test"):
            values = row[f"{what}_accuracies"]
            assert len(values) == len(row["seeds"]) == 2
            assert row[f"{what}_accuracy_mean"] == pytest.approx(statistics.mean(values), abs=1e-4)
        assert ("ten_crop_accuracies" in row) == (name == "all of it")
        grid = results["grids"]["tanh" if name == "tanh for ReLU" else "ReLU"]
        best = max(grid, key=lambda row: row["validation_accuracy"])
        assert row["learning_rate"] == best["learning_rate"]
    for row in results["figure_1"].values():
        assert all(1 <= epochs <= alexnet.MOST_EPOCHS for epochs in row["epochs"])


@pytest.mark.parametrize("channels", [3, 8])
def test_the_fast_normalization_is_torchs(channels: int) -> None:
    theirs = nn.LocalResponseNorm(5, alpha=2.0, beta=0.75, k=2.0)
    ours = alexnet.ResponseNorm(theirs, channels)
    x = torch.randn(2, channels, 4, 5, generator=torch.Generator().manual_seed(0)) * 3
    torch.testing.assert_close(ours(x), theirs(x))
    with pytest.raises(ValueError, match=r"beta is 0\.5; expected 0\.75"):
        alexnet.ResponseNorm(nn.LocalResponseNorm(5, beta=0.5), channels)


def test_the_network_of_the_benchmark_is_that_of_the_package() -> None:
    torch.manual_seed(0)
    ours = alexnet.network(activation=nn.Tanh).eval()
    torch.manual_seed(0)
    package = alexnet.SmallAlexNet(activation=nn.Tanh).eval()
    x = torch.rand(3, 3, 28, 28)
    torch.testing.assert_close(ours(x), package(x))
    assert sum(isinstance(part, alexnet.ResponseNorm) for part in ours.features) == 2
    assert not any(isinstance(part, nn.LocalResponseNorm) for part in ours.features)


def test_without_augmentation_the_middle_is_learnt() -> None:
    images, labels = torch.rand(2, 3, 32, 32), torch.arange(2)
    (step,) = alexnet.augmentations(pictures(4), "none")
    cut, _ = step(images, labels, torch.Generator())
    assert torch.equal(cut, images[..., 2:30, 2:30])
    names = [len(alexnet.augmentations(pictures(4), name)) for name in ("patches and flips", "all")]
    assert names == [2, 3]
