"""Two processes take the steps of one."""

import subprocess
import sys

import pytest
import torch

from cvlib.training.data_parallel import (
    Processes,
    all_gather_object,
    all_reduce,
    broadcast_object,
    process_group,
    processes,
)
from tests.checkout import ROOT


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    folder = tmp_path_factory.mktemp("parallel")
    command = [sys.executable, "-m", "tests.training.parallel", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return {name: torch.load(folder / f"{name}.found") for name in ("1-0", "2-0", "2-1")}


@pytest.mark.parametrize("pictures", [32, 33, 1, "weights"])
def test_two_processes_give_the_gradients_of_one(found, pictures):
    alone, first, second = (part[f"gradient of {pictures}"] for part in found.values())
    assert alone.norm() > 0.1
    assert torch.equal(first, second)
    torch.testing.assert_close(first, alone, rtol=1e-5, atol=1e-6)


def test_a_batch_in_parts_has_the_gradient_of_the_whole(found):
    whole = found["1-0"]["gradient of weights"]
    for part in found.values():
        torch.testing.assert_close(part["gradient of parts"], whole, rtol=1e-5, atol=1e-6)


def test_two_processes_record_the_loss_of_one(found):
    expected = float(found["1-0"]["gradient of weights"][-1])
    for part in found.values():
        assert part["loss of one's own"] == pytest.approx(expected, rel=1e-5)


def test_two_processes_train_as_one(found):
    alone, first, second = found.values()
    assert [part["processes"] for part in (alone, first, second)] == [1, 2, 2]
    assert first["history"] == second["history"]
    assert torch.equal(first["weights"], second["weights"])
    torch.testing.assert_close(first["weights"], alone["weights"], rtol=1e-3, atol=1e-5)
    for mine, theirs in zip(first["history"], alone["history"], strict=True):
        assert mine == pytest.approx(theirs, rel=1e-4)


def test_a_data_set_is_shared_out_like_pictures_in_memory(found):
    for part in found.values():
        losses = [epoch["validation_loss"] for epoch in part["history"]]
        assert part["data set"] == losses
        assert part["resumed"] == losses


def test_a_loader_is_refused(found):
    assert "loader" not in found["1-0"]
    assert "does not know of 2 processes" in found["2-1"]["loader"]


def test_alone_nothing_is_shared():
    assert processes() == Processes(0, 1)
    assert broadcast_object("mine") == "mine"
    assert all_gather_object(3) == [3]
    assert all_reduce(torch.ones(2)).tolist() == [1, 1]
    with process_group("cpu") as device:
        assert device == "cpu"
        assert not torch.distributed.is_initialized()
