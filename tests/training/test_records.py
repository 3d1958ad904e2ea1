"""Every field of a record says what it is there to say, and the room exports what it holds."""

from __future__ import annotations

import datetime
import importlib
import json
import os
import platform
from pathlib import Path

import pytest
import torch

import cvlib
from cvlib import training
from cvlib.training import records
from cvlib.training.records import write_record


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


@pytest.mark.parametrize(
    "module", ["history", "losses", "metrics", "optimizers", "regularization", "schedules"]
)
def test_the_room_exports_all_of_what_it_exports_a_part_of(module: str) -> None:
    names = importlib.import_module(f"cvlib.training.{module}").__all__
    assert set(names) <= set(training.__all__)
    assert all(name in vars(training) for name in training.__all__)
    assert training.save_weights
