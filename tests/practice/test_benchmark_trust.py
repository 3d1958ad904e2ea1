"""The benchmark of trust runs from end to end on few pictures, and knows what it has measured."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from benchmarks import trust
from cvlib.data import clothes_sample, mnist_sample
from cvlib.networks import LeNet


def test_runs_from_end_to_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    few = mnist_sample().split(test=1000)[1].split(test=600)
    seen: list[tuple[int, Any]] = []

    def learnt(train: Any, seed: int, epochs: int, loss: Any) -> LeNet:
        seen.append((len(train), loss.weight))
        torch.manual_seed(seed)
        return LeNet().eval()

    monkeypatch.setattr("benchmarks.record.RESULTS", tmp_path)
    monkeypatch.setattr(trust, "sets", lambda: few)
    monkeypatch.setattr(trust, "learnt", learnt)
    monkeypatch.setattr(trust, "mnist", lambda split: few[1][:40])
    monkeypatch.setattr(trust, "fashion_mnist", lambda split: clothes_sample())
    monkeypatch.setattr(trust, "groups", lambda: torch.arange(40) % 4)
    monkeypatch.setattr(trust, "fit_temperature", lambda outputs, labels: 1.0)
    monkeypatch.setattr(trust, "SOME", 40)
    monkeypatch.setattr(trust, "SEVERITIES", (5,))
    monkeypatch.setattr("torch.set_num_threads", lambda count: None)
    monkeypatch.setattr("sys.argv", ["trust", "--seeds", "1"])
    trust.shifted.cache_clear()
    trust.main()
    trust.shifted.cache_clear()
    first_time, trainings = (tmp_path / "trust.json").read_text(), len(seen)
    trust.main()  # knows it already
    assert (tmp_path / "trust.json").read_text() == first_time
    assert len(seen) == trainings == 4 + 2
    # 400 pictures, of which two classes keep 20 each; resampled to 40 a class
    assert [length for length, _ in seen[:4]] == [360, 360, 400, 400]
    assert [weight is not None for _, weight in seen] == [False, True, *[False] * 4]
    found = json.loads(first_time)["results"]
    assert set(found["rare"]) == set(trust.REMEDIES)
    for training in trust.TRAININGS:
        rows = found[training]
        assert set(rows["familiarity"]) == set(trust.SCORES)
        assert (
            set(rows["shift"])
            == set(rows["ensemble"])
            == {
                "clean",
                *(f"{kind} 5" for kind in trust.SHIFTS),
            }
        )
        for row in rows["shift"].values():
            assert 0 <= row["calibration_error_mean"] <= 1
            assert row["accuracy_standard_deviation"] >= 0
        assert len(rows["strokes"]) == 4
