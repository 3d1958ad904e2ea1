"""Keep what a benchmark measured, with all that is needed to measure it again."""

from __future__ import annotations

import datetime
import json
import os
import platform
import sys
from pathlib import Path
from typing import Any

import torch

import cvlib

RESULTS = Path(__file__).parent.parent / "results"


def record(name: str, results: dict[str, Any], *, seed: int) -> Path:
    """Write ``results/<name>.json`` at once: a reader never sees half a file.

    Parameters
    ----------
    name
        The benchmark; its command is ``python -m benchmarks.<name>``.
    results
        What was measured, with units in the names.
    seed
        The seed it was measured with.

    Returns
    -------
    pathlib.Path
        The file.
    """
    facts = {
        "command": " ".join(["python -m", f"benchmarks.{name}", *sys.argv[1:]]),
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "seed": seed,
        "device": torch.cuda.get_device_name() if cvlib.device().type == "cuda" else _processor(),
        "cores": len(os.sched_getaffinity(0)),
        "threads": torch.get_num_threads(),
        "versions": {
            "python": platform.python_version(),
            "torch": torch.__version__.partition("+")[0],
            "cvlib": cvlib.__version__,
        },
    }
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.json"
    unfinished = path.with_name(f".{path.name}.unfinished")
    unfinished.write_text(json.dumps({**facts, "results": results}, indent=2) + "\n")
    unfinished.replace(path)
    return path


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor()
