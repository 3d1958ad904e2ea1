"""A record says all that is needed to measure again, and what runs from several seeds came to."""

from __future__ import annotations

import datetime
import json
import os
import platform
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

import cvlib
from cvlib import records
from cvlib.records import RunResult, summary, write_record
from cvlib.training.history import Epoch, Evaluation, History


def read(path: Path, **arguments: object) -> dict[str, object]:
    write_record(path, {"sum": 2}, command="python -c 1+1", seed=7, **arguments)  # type: ignore[arg-type]
    return json.loads(path.read_text())


def test_a_record_holds_what_is_needed_to_measure_again(tmp_path: Path) -> None:
    before = datetime.datetime.now(datetime.UTC).date().isoformat()
    record = read(tmp_path / "one.json", device=torch.device("cpu"))
    after = datetime.datetime.now(datetime.UTC).date().isoformat()
    assert before <= str(record.pop("date")) <= after
    name = records._processor()
    assert name
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    version = torch.__version__.split("+")[0]
    assert record == {
        "command": "python -c 1+1",
        "seed": 7,
        "device": name,
        "cores": cores,
        "threads": torch.get_num_threads(),
        "versions": {
            "python": platform.python_version(), "torch": version, "cvlib": cvlib.__version__,
        },
        "results": {"sum": 2},
    }  # fmt: skip
    assert (tmp_path / "one.json").read_text().startswith('{\n  "command"')
    assert (tmp_path / "one.json").read_text().endswith("}\n")


def test_the_processor_is_named_as_linux_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    information = tmp_path / "cpuinfo"
    monkeypatch.setattr(records, "Path", lambda _: information)
    monkeypatch.setattr(platform, "processor", lambda: "another name")
    assert records._processor() == "another name"
    information.write_text("processor\t: 0\nmodel name\t: Fast: 3000\nmodel name\t: Slow\n")
    assert records._processor() == "Fast: 3000"
    information.write_text("processor\t: 0\nBogoMIPS\t: 50.00\n")  # as on Arm
    assert records._processor() == "another name"


def test_the_device_is_the_one_that_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda place: f"card {place.index}")
    assert read(tmp_path / "a.json", device=torch.device("cuda:1"))["device"] == "card 1"
    monkeypatch.setattr(cvlib, "device", lambda: torch.device("cuda:0"))
    assert read(tmp_path / "b.json")["device"] == "card 0"


MODEL = nn.Linear(3, 2)


def trained(seed: int, accuracy: float) -> RunResult:
    epochs = [Epoch(number, 0.5, 0.5) for number in range(seed + 1)]
    return RunResult(seed, MODEL, History(epochs), 1.25 + seed, Evaluation(1 - accuracy, accuracy))


@given(st.lists(st.floats(0, 1), min_size=2, max_size=9))
def test_several_runs_are_listed_and_averaged(accuracies: list[float]) -> None:
    found = summary([trained(seed, accuracy) for seed, accuracy in enumerate(accuracies)])
    assert found["seeds"] == list(range(len(accuracies)))
    assert found["test_accuracies"] == accuracies
    assert found["test_losses"] == [1 - accuracy for accuracy in accuracies]
    assert found["epochs"] == [seed + 1 for seed in found["seeds"]]
    assert found["parameters"] == 8
    assert found["test_accuracy_mean"] == pytest.approx(np.mean(accuracies), abs=1e-6)
    assert found["test_error_percent"] == pytest.approx(100 - 100 * np.mean(accuracies), abs=1e-3)
    spread = found["test_accuracy_standard_deviation"]
    assert spread == pytest.approx(np.std(accuracies, ddof=1), abs=1e-6)


def test_a_single_run_is_told_without_lists() -> None:
    assert summary([trained(2, 0.75)]) == {
        "parameters": 8,
        "test_error_percent": 25.0,
        "test_accuracy": 0.75,
        "test_loss": 0.25,
        "epochs": 3,
        "seconds": 3.2,
    }


def test_metrics_stand_in_the_place_of_an_accuracy() -> None:
    runs = [
        RunResult(
            seed, MODEL, History([]), 1.0, Evaluation(0.5, None, {"precision": 0.5 + seed / 4})
        )
        for seed in (0, 1)
    ]
    assert summary(runs[:1]) == {
        "parameters": 8,
        "test_precision": 0.5,
        "test_loss": 0.5,
        "epochs": 0,
        "seconds": 1.0,
    }
    several = summary(runs)
    assert several["test_precision_mean"] == 0.625
    assert several["test_precisions"] == [0.5, 0.75]
    assert several["seeds"] == [0, 1]
    assert "test_error_percent" not in several
    with pytest.raises(ValueError, match="runs holds one without an accuracy"):
        summary([RunResult(0, MODEL, History([]), 1.0, Evaluation(0.5))])


def test_no_run_is_refused() -> None:
    with pytest.raises(ValueError, match="runs is empty"):
        summary([])


def test_metrics_stand_beside_the_accuracy() -> None:
    runs = [
        RunResult(seed, nn.Linear(1, 2), History([]), 1.0, Evaluation(0.1, 0.9, {"mean_iou": iou}))
        for seed, iou in enumerate((0.5, 0.7))
    ]
    found = summary(runs)
    assert (found["test_accuracy_mean"], found["test_mean_iou_mean"]) == (0.9, 0.6)
    assert found["test_mean_ious"] == [0.5, 0.7]
    assert summary(runs[:1])["test_mean_iou"] == 0.5
