"""The benchmark of segmentation runs from end to end, goes on where it stopped, and judges maps."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from benchmarks import segmentation
from cvlib.data import nuclei


@pytest.fixture
def few(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Little to do, and a folder for the record."""
    monkeypatch.setattr("benchmarks.record.RESULTS", tmp_path)
    monkeypatch.setattr(segmentation, "SEEDS", 2)
    monkeypatch.setattr(segmentation, "UNET", {**segmentation.UNET, "epochs": 1})
    return tmp_path / "segmentation.json"


def run(monkeypatch: pytest.MonkeyPatch, path: Path, *rows: str) -> dict[str, Any]:
    words = ["segmentation", "--scenes", "8", "--fewer", "4", "--test", "3", "--rows", *rows]
    monkeypatch.setattr("sys.argv", words)
    segmentation.main()
    record = json.loads(path.read_text())
    assert record["command"].startswith("python -m benchmarks.segmentation --scenes 8")
    found: dict[str, Any] = record["results"]
    return found


def test_it_runs_and_goes_on_where_it_stopped(few: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = run(monkeypatch, few, "recipe", "0 levels")
    assert found["recipe"]["seeds"] == [0, 1]
    assert len(set(found["recipe"]["test_mean_ious"])) == 2
    assert found["parameters"] == 113_122

    def again(*_: object) -> None:
        raise AssertionError("it was measured already")

    kept, monkeypatched = found["comparisons"]["0 levels"], segmentation.several
    monkeypatch.setattr(segmentation, "several", again)
    assert run(monkeypatch, few, "recipe", "0 levels")["comparisons"] == {"0 levels": kept}
    monkeypatch.setattr(segmentation, "several", monkeypatched)
    found = run(monkeypatch, few, "focal loss", "0 levels")
    assert list(found["comparisons"]) == ["focal loss", "0 levels"]


def test_every_row_changes_one_thing() -> None:
    plain = segmentation.ROWS["as it is"][0]()
    count = sum(each.numel() for each in plain.parameters())
    for name, (make, changed) in segmentation.ROWS.items():
        model = make()
        assert model(torch.zeros(2, 3, 8, 8)).shape == (2, 2, 8, 8)
        assert set(changed) <= {"loss"}
        if changed or name == "no bridges":
            assert sum(each.numel() for each in model.parameters()) == count


def test_maps_of_nuclei_are_judged_by_pixels_and_by_things(
    few: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture, masks = nuclei()

    def learnt(corner: tuple[int, int], seed: int) -> np.ndarray:
        top, left = corner
        true = masks[top : top + 256, left : left + 256] > 0
        return true if seed == 0 else np.zeros_like(true)

    monkeypatch.setattr(segmentation, "learnt", learnt)
    rows = run(monkeypatch, few, "nuclei")["nuclei"]
    assert rows["the true map, taken apart"]["iou_mean"] == 1
    assert rows["U-Net"]["iou_of_seeds"] == [1, 0]
    assert rows["U-Net"]["iou_mean"] == 0.5
    assert rows["the true map, taken apart"]["true"] == [35, 33, 40, 29]
    by_otsu = segmentation.classical(picture)["Otsu"][256:, 256:]
    true = masks[256:, 256:] > 0
    expected = (by_otsu & true).sum() / (by_otsu | true).sum()
    assert rows["Otsu"]["iou_of_quarters"][3] == round(expected, 4)
    assert 0.6 < rows["Otsu"]["f1_mean"] < rows["the true map, taken apart"]["f1_mean"] < 1


def test_the_focal_loss_is_of_the_difference_of_the_scores() -> None:
    logits = torch.tensor([[[[0.0, 2.0]], [[1.0, 5.0]]]])
    p = torch.sigmoid(torch.tensor([1.0, 3.0]))
    expected = (-((1 - p[0]) ** 2) * p[0].log() - (p[1] ** 2) * (1 - p[1]).log()) / 2
    found = segmentation.focal(logits, torch.tensor([[[1, 0]]]))
    torch.testing.assert_close(found, expected)
