"""Two processes find the gradient of one, and a killed one loses no more than its epoch."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from cvlib.practice import bytes_per_rank, ranks
from tests.checkout import ROOT
from tests.practice.ranks_together import KILLED_AFTER, PICTURES

LENET = 61706  # weights, in 10 tensors


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("ranks")
    command = [sys.executable, "-m", "tests.practice.ranks_together", str(place)]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return place


@pytest.fixture(scope="module")
def found(folder: Path) -> dict[str, Any]:
    values: dict[str, Any] = json.loads(folder.joinpath("found.json").read_text())
    assert (values["processes"], values["parameters"]) == (2, LENET)
    return values


@pytest.mark.parametrize("way", ["ddp", "fsdp"])
def test_two_processes_have_the_gradient_of_one(found: dict[str, Any], way: str) -> None:
    assert found["largest_gradient"] > 0.1
    assert found[way]["difference"] < 1e-14


@pytest.mark.parametrize(("way", "stage"), [("alone", 0), ("ddp", 0), ("fsdp", 3)])
def test_each_holds_what_the_table_says(found: dict[str, Any], way: str, stage: int) -> None:
    held = bytes_per_rank(LENET, 2, stage, weight=8, gradient=8, optimizer=16)._asdict()
    held["optimizer"] += 10 * 4  # a counter of steps for each tensor
    assert found[way]["bytes_held"] == [held, held]


def test_what_goes_between_processes_is_seen(found: dict[str, Any]) -> None:
    assert found["alone"]["operations"] == []
    assert found["ddp"]["operations"] == [["all_reduce", LENET]]
    gathered = [count for name, count in found["fsdp"]["operations"] if name == "all_gather"]
    assert sum(gathered) == LENET  # a half, twice
    others = [count for name, count in found["fsdp"]["operations"] if name != "all_gather"]
    assert sum(others) == LENET


def test_a_killed_run_ends_like_a_whole_one(folder: Path) -> None:
    whole, killed = (torch.load(folder / name / "weights.pt") for name in ("whole", "killed"))
    torch.manual_seed(ranks.SEED)
    begun = ranks.LeNet().state_dict()
    for name in whole:
        assert torch.equal(whole[name], killed[name])
        assert not torch.equal(whole[name], begun[name])


def test_one_process_was_killed_once_and_could_not_tell(folder: Path) -> None:
    lives = {
        name: {file.name for file in (folder / name).glob("ended-1-*")}
        for name in ("whole", "killed")
    }
    assert lives == {"whole": {"ended-1-0"}, "killed": {"ended-1-1"}}


def test_it_loses_no_more_than_the_epoch(folder: Path) -> None:
    steps = -(-PICTURES // ranks.BATCH)
    lines = {
        name: [
            [int(number) for number in line.split()]
            for line in (folder / name / "steps.txt").read_text().splitlines()
        ]
        for name in ("whole", "killed")
    }
    epochs = [epoch for epoch in range(1, ranks.EPOCHS + 1) for _ in range(steps)]
    assert lines["whole"] == [[0, epoch] for epoch in epochs]
    ended = KILLED_AFTER // steps * steps  # whole epochs of the first life
    assert 0 < KILLED_AFTER % steps < steps
    assert lines["killed"] == [
        *([0, epoch] for epoch in epochs[:KILLED_AFTER]),
        *([1, epoch] for epoch in epochs[ended:]),
    ]
