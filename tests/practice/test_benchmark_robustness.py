"""The benchmark of the chapter on robustness runs from end to end on few pictures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks import robustness as benchmark
from cvlib.recipes import digits


def test_what_is_recorded_is_not_run_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    few = [part[:count] for part, count in zip(digits(), (32, 12), strict=True)]
    monkeypatch.setattr("benchmarks.record.RESULTS", tmp_path)
    monkeypatch.setattr(benchmark, "digits", lambda: few)
    monkeypatch.setattr(benchmark, "EPOCHS", 1)
    monkeypatch.setattr(benchmark, "SLOW", 4)
    monkeypatch.setattr(benchmark, "CORRUPTIONS", ("jpeg", "shift"))
    monkeypatch.setattr(
        benchmark, "DIETS", {name: benchmark.DIETS[name] for name in ("noisy", "attacked")}
    )
    trained, seen = benchmark.trained, []

    def watched(diet: str, train: Any, seed: int) -> Any:
        seen.append((diet, seed))
        return trained(diet, train, seed)

    monkeypatch.setattr(benchmark, "trained", watched)
    for seeds in ("1", "2"):
        monkeypatch.setattr("sys.argv", ["robustness", "--seeds", seeds, "--pictures", "32"])
        benchmark.main()
    assert seen == [("noisy", 0), ("attacked", 0), ("noisy", 1), ("attacked", 1)]
    results = json.loads((tmp_path / "robustness.json").read_text("utf-8"))["results"]
    assert results["seeds"] == [0, 1]
    for row in results["diets"].values():
        assert len(row["accuracies"]) == len(row["training_seconds"]) == 2
        assert row["accuracies_pgd"].keys() == {"0.1", "0.2"}
        assert list(row["accuracies_corrupted"]) == ["jpeg", "shift"]
        for by_severity in row["accuracies_corrupted"].values():
            assert [len(each) for each in by_severity.values()] == [2] * 5
        shares = [*row["accuracies"], *row["accuracies_corrupted"]["jpeg"]["severity 1"]]
        assert all(0 <= share <= 1 for share in shares)
