"""The script for Slurm says what its reader is told, as far as that shows without a cluster."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest
from torch.distributed.run import get_args_parser

from cvlib import command_line
from tests.checkout import ROOT

SCRIPT = ROOT / "benchmarks/lenet.sbatch"
JOB = {
    "SLURM_JOB_NODELIST": "node[07-08]",
    "SLURM_JOB_NUM_NODES": "2",
    "SLURM_JOB_ID": "4711",
    "SLURM_GPUS_ON_NODE": "4",
    "SLURM_CPUS_PER_TASK": "32",
    "SLURM_SUBMIT_DIR": "/shared/run",
}
# The names in the manual of sbatch.
OPTIONS = {
    *("cpus-per-task", "gpus-per-node", "job-name", "nodes", "ntasks-per-node", "open-mode"),
    *("output", "requeue", "time"),
}


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What the script would have srun do, with commands in Slurm's place that only tell."""
    place = tmp_path_factory.mktemp("slurm")
    for name, does in (
        # More lines than a pipe holds: whoever reads the first and leaves lets scontrol fail.
        ("scontrol", '[ "$*" = "show hostnames node[07-08]" ] && echo node07 && seq 99999'),
        ("srun", 'printf "%s\\n" "$OMP_NUM_THREADS" "$@"'),
    ):
        place.joinpath(name).write_text(f"#!/bin/bash\n{does}\n")
        place.joinpath(name).chmod(0o755)
    done = subprocess.run(
        ["bash", str(SCRIPT)],
        env={**JOB, "PATH": f"{place}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.splitlines()


def test_bash_reads_it_and_slurm_knows_its_options() -> None:
    subprocess.run(["bash", "-n", str(SCRIPT)], check=True)
    head = SCRIPT.read_text().partition("set -euo")[0].splitlines()
    assert head[0] == "#!/bin/bash"
    named = [re.fullmatch(r"#SBATCH --([a-z-]+)(=\S+)?", line) for line in head[1:]]
    assert {match[1] for match in named if match} == OPTIONS
    assert all(named)  # whatever comes after another line is no option any more


def test_torchrun_understands_what_it_is_told(said: list[str]) -> None:
    threads, cores, torchrun, *words = said
    assert (threads, cores, torchrun) == ("8", "--cpus-per-task=32", "torchrun")
    told = get_args_parser().parse_args(words)
    assert (told.nnodes, told.nproc_per_node, told.max_restarts) == ("2", "4", 3)
    assert (told.rdzv_backend, told.rdzv_endpoint) == ("c10d", "node07:29500")
    assert (told.rdzv_id, told.module) == ("4711", True)
    assert told.training_script == "cvlib"
    chosen = command_line.parser().parse_args(told.training_script_args)
    assert chosen.resume
    assert chosen.checkpoint == Path("/shared/run/lenet.pt")
