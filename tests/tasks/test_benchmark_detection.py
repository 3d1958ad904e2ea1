"""The benchmark of detection runs from end to end."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks import detection
from cvlib.recipes import DETECTOR


def test_runs_from_end_to_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.record.RESULTS", tmp_path)
    monkeypatch.setattr(detection, "TRAIN", 16)
    monkeypatch.setattr(detection, "TEST", 4)
    monkeypatch.setattr(detection, "WINDOWS", 16)
    variants = dict(list(detection.VARIANTS.items())[:2])
    monkeypatch.setattr(detection, "VARIANTS", variants)
    monkeypatch.setattr(detection, "DETECTOR", {**DETECTOR, "epochs": 1})
    monkeypatch.setattr("sys.argv", ["detection", "--seeds", "1"])
    monkeypatch.setattr("torch.set_num_threads", lambda count: None)
    detection.main()
    first_time = (tmp_path / "detection.json").read_text()
    detection.main()  # knows it already
    assert (tmp_path / "detection.json").read_text() == first_time
    record = json.loads((tmp_path / "detection.json").read_text())
    assert record["command"] == "python -m benchmarks.detection --seeds 1"
    methods = record["results"]["methods"]
    assert set(methods) == {*detection.VARIANTS, "sliding windows"}
    for row in methods.values():
        assert row["seeds"] == [0]
        assert 0 <= row["average_precision_mean"] <= row["average_precision_50_mean"] <= 1
        assert row["milliseconds_per_picture_median"] > 0
    assert methods["detector"]["parameters"] == 232_895
    assert methods["sliding windows"]["parameters"] == 10 * (108 * 36 + 1)
