"""The benchmark of transfer draws alike, trains what it says, and runs from end to end."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from benchmarks import transfer
from cvlib.data import ImageSet


@pytest.fixture(scope="module")
def pictures() -> ImageSet:
    """Noise in which class k is redder by k."""
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(100, (120, 3, 32, 32), generator=generator)
    labels = torch.arange(120) % 10
    images[:, 0] += 15 * labels[:, None, None]
    return ImageSet(images.byte(), labels, tuple("0123456789"), "noise")


def test_as_many_of_each_class_are_drawn_and_a_seed_draws_alike(pictures: ImageSet) -> None:
    one, same, other = (transfer.draw(pictures, 3, seed) for seed in (0, 0, 1))
    assert one.labels.bincount().tolist() == [3] * 10
    assert torch.equal(one.images, same.images)
    assert not torch.equal(one.images, other.images)


def test_pictures_are_enlarged_by_class_and_keep_their_colour(pictures: ImageSet) -> None:
    large = transfer.enlarged(pictures)
    assert large.images.shape == (120, 3, transfer.SIDE, transfer.SIDE)
    assert large.images.dtype == torch.uint8
    torch.testing.assert_close(
        large.images.float().mean((2, 3)), pictures.images.float().mean((2, 3)), atol=1, rtol=0
    )


def test_a_probe_finds_what_is_there_at_any_scale(pictures: ImageSet) -> None:
    known, asked = transfer.draw(pictures, 6, 0), transfer.draw(pictures, 6, 1)
    features = tuple(transfer.pixels(s).mean(1, keepdim=True) for s in (known, asked))
    exact = tuple(torch.eye(10)[s.labels] for s in (known, asked))
    assert transfer.probed((1e-9 * exact[0], 1e-9 * exact[1]), known, asked) == 1
    assert transfer.probed((features[0], features[1]), known, asked) < 1


def test_it_runs_from_end_to_end_and_measures_nothing_twice(
    pictures: ImageSet,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def kept() -> dict[str, Any]:
        found = json.loads((tmp_path / "transfer.json").read_text("utf-8"))
        rows: dict[str, Any] = found["results"]["pictures"]["10"]
        return rows

    monkeypatch.setattr("benchmarks.record.RESULTS", tmp_path)
    monkeypatch.setattr(transfer, "RESULTS", tmp_path)
    for name, value in {"SIDE": 32, "SEEDS": {10: 2}, "SWEEP": ()}.items():
        monkeypatch.setattr(transfer, name, value)
    for name in ("EPOCHS", "SMALL_EPOCHS"):
        monkeypatch.setattr(transfer, name, {10: 1})
    monkeypatch.setattr(transfer, "cifar10", lambda split: pictures)
    monkeypatch.setattr("sys.argv", ["transfer", "--test", "2"])
    transfer.main()
    rows = kept()
    assert list(rows) == [
        *("pixels", "untrained features", "features", "last 5 blocks"),
        *("small network from nothing", "all 19 blocks", "from nothing"),
    ]
    for row in rows.values():
        assert len(row["test_accuracies"]) == 2
        assert all(0 <= each <= 1 for each in row["test_accuracies"])
    assert "all 19 blocks, 10" in capsys.readouterr().out

    measured: list[int] = []

    def trained_on(*given: object, seed: int, **how: object) -> float:
        measured.append(seed)
        return 0.5

    monkeypatch.setattr(transfer, "trained_on", trained_on)
    monkeypatch.setattr(transfer, "SEEDS", {10: 3})
    transfer.main()
    assert measured == [2, 2, 2]  # the last 5 blocks, all 19, and from nothing
    for name, row in kept().items():
        assert row["seeds"] == [0, 1, 2]
        assert row["test_accuracies"][:2] == rows[name]["test_accuracies"]
    assert kept()["all 19 blocks"]["test_accuracies"][2] == 0.5

    monkeypatch.setattr(transfer, "BATCH_SIZE", 49)  # other settings, so all of it is measured
    measured.clear()
    transfer.main()
    assert measured == [0, 1, 2] * 3
