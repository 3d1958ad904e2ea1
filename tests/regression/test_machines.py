"""The other machines are other, and a fault on one of them is told."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from tests.regression import machines

STATE = """\
import os, time
import torch
print(torch.backends.cpu.get_cpu_capability(), torch.get_num_threads())"""


def test_machine_is_another_and_its_fault_is_told(tmp_path: Path) -> None:
    cells = [
        new_code_cell(STATE, outputs=[new_output("stream", text="DEFAULT 1\n")]),
        new_code_cell("print('one')", outputs=[new_output("stream", text="two\n")]),
    ]
    for number, cell in enumerate(cells, 1):
        cell.execution_count = number
    path = tmp_path / "state.ipynb"
    nbformat.write(new_notebook(cells=cells), path)
    options = ["--nbval", "--nbval-current-env", "-p", "tests.regression.plugin"]
    options += [str(path), "--rootdir", str(tmp_path)]
    failed, passed = machines.run(machines.MACHINES["sse41"], options, tmp_path)
    assert passed == 1
    (told,) = failed
    assert "In [2]" in told
    assert "its outputs are not the stored ones" in told


def test_run_without_a_report_has_failed(tmp_path: Path) -> None:
    failed, passed = machines.run(machines.Machine("none"), ["--no-such-option"], tmp_path)
    assert passed == 0
    assert "no-such-option" in failed[0]


@pytest.mark.parametrize(
    ("found", "code"),
    [(([], 3), False), ((["book a: it differs"], 3), True), (([], 0), True)],
)
def test_command_fails_where_a_machine_does(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    found: tuple[list[str], int],
    code: bool,
) -> None:
    monkeypatch.setattr(machines, "run", lambda *_: found)
    with pytest.raises(SystemExit) as stopped:
        machines.main(["avx2", "home"])
    assert stopped.value.code == code
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(",")[0] for line in lines if not line.startswith(" ")] == ["avx2", "home"]


def test_unknown_machine_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        machines.main(["z80"])
    assert "no machine is called z80; there are sse41" in capsys.readouterr().err


def test_patch_release_is_another_than_the_locked_one() -> None:
    name, _, release = machines.MACHINES["matplotlib"].package.partition("==")
    locked = version(name)
    assert release != locked
    assert release.rpartition(".")[0] == locked.rpartition(".")[0]
