"""Run the notebooks as other machines would: ``python -m tests.regression.machines [name ...]``.

A number that only one processor prints, or only a home that can be written, is no number for a
book. Each machine here is a difference that a reader's may have; ``make machines`` tries them all.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.checkout import ROOT

NO_ONEDNN = "import torch; torch.backends.mkldnn.set_flags(False)"


@dataclass(frozen=True)
class Machine:
    """How a machine differs from the one that stored the outputs."""

    what: str
    environment: dict[str, str] = field(default_factory=dict)
    clone: bool = False  # below the folder for temporary files, at a path with a blank
    package: str = ""  # another release than the locked one, installed for this run alone
    paths: tuple[str, ...] = ("book", "tests/test_notebooks.py")


MACHINES = {
    "sse41": Machine(
        "a processor without AVX",
        {"ATEN_CPU_CAPABILITY": "default", "ONEDNN_MAX_CPU_ISA": "SSE41"},
    ),
    "avx2": Machine(
        "a processor with AVX2, not more",
        {"ATEN_CPU_CAPABILITY": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2"},
    ),
    # Passive: threads that wait do not spin, where two notebooks share two cores.
    "threads": Machine("two threads", {"OMP_NUM_THREADS": "2", "OMP_WAIT_POLICY": "passive"}),
    "onednn": Machine("torch without oneDNN", {"CVLIB_KERNEL_LINE": NO_ONEDNN}),
    "abroad": Machine(
        "another time zone, locale and hash seed",
        {"TZ": "Asia/Kathmandu", "LC_ALL": "C", "PYTHONHASHSEED": "4711"},
    ),
    "home": Machine("a home that cannot be written", {"HOME": "/dev/null/home"}),
    "bare": Machine(
        "no data set and no network",
        {"CVLIB_WHOLE": "1"},
        paths=("tests/networks/test_clothes.py",),
    ),
    "clone": Machine("a checkout below the folder for temporary files", clone=True),
    "matplotlib": Machine("another patch release of matplotlib", package="matplotlib==3.11.1"),
}


def run(machine: Machine, paths: Sequence[str], folder: Path) -> tuple[list[str], int]:
    """Run pytest as on a machine.

    Parameters
    ----------
    machine
        The machine.
    paths
        What to collect, from the root of the checkout.
    folder
        For the report and, where the machine asks for one, the clone.

    Returns
    -------
    failed : list of str
        What failed, and the first line of why.
    passed : int
        How many cells and tests passed.
    """
    root = ROOT
    if machine.clone:
        root = folder / "a clone"
        subprocess.run(["git", "clone", "--quiet", ROOT, root], check=True)
    found_first = [str(root)]
    if machine.package:
        packages = folder / "packages"
        install = [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--no-deps"]
        subprocess.run([*install, "--target", packages, machine.package], check=True)
        found_first.insert(0, str(packages))
    report = folder / "report.xml"
    environment = {"OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(found_first)}
    environment |= machine.environment
    command = [sys.executable, "-m", "pytest", "-q", f"--junitxml={report}", *paths]
    done = subprocess.run(
        command,
        cwd=root,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    if not report.is_file():
        return [f"pytest made no report:\n{done.stdout[-2000:]}{done.stderr[-2000:]}"], 0
    failed, passed = [], 0
    for case in ElementTree.parse(report).iter("testcase"):
        told = [part for part in case if part.tag in ("failure", "error")]
        passed += not any(part.tag in ("failure", "error", "skipped") for part in case)
        if told:
            why = f"{told[0].get('message')}".split("\n")
            failed.append(f"{case.get('classname')} {case.get('name')}: {' '.join(why[:2])[:240]}")
    return failed, passed


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description="Run the notebooks as other machines would.")
    parser.add_argument("machines", nargs="*", metavar="machine", help=", ".join(MACHINES))
    parser.add_argument("--paths", nargs="+", help="the machine's own by default")
    options = parser.parse_args(arguments)
    if unknown := set(options.machines) - MACHINES.keys():
        parser.error(f"no machine is called {', '.join(unknown)}; there are {', '.join(MACHINES)}")
    worst = 0
    for name in options.machines or MACHINES:
        begin = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            failed, passed = run(
                MACHINES[name], options.paths or MACHINES[name].paths, Path(folder)
            )
        duration = time.monotonic() - begin
        print(f"{name}, {MACHINES[name].what}: {passed} passed, {len(failed)} failed, ", end="")
        print(f"{duration:.0f} s", *failed, sep="\n  ", flush=True)
        worst = max(worst, len(failed) + (passed == 0))
    sys.exit(bool(worst))


if __name__ == "__main__":
    main()
