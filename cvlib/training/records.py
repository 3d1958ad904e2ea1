"""Keep what was measured, with all that is needed to measure it again."""

from __future__ import annotations

import datetime
import json
import os
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

import cvlib
from cvlib.files import write_atomically

__all__ = ["write_record"]


def write_record(
    path: str | os.PathLike[str],
    results: Mapping[str, Any],
    *,
    command: str,
    seed: int,
    device: torch.device | None = None,
) -> None:
    """Write results as JSON, beside the command, the date, the machine and the versions.

    Parameters
    ----------
    path
        The file; one that is there is replaced, at once or not at all.
    results
        What was measured, with units in the names.
    command
        Whoever runs it measures the same again.
    seed
        The seed it was measured with.
    device
        Where it was measured; :func:`cvlib.device` says by default.

    Raises
    ------
    OSError
        If it cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_record(f"{folder}/two.json", {"sum": 2}, command="python -c 1+1", seed=0)
    ...     sorted(json.loads(Path(folder, "two.json").read_text()))
    ['command', 'cores', 'date', 'device', 'results', 'seed', 'threads', 'versions']
    """
    place = device or cvlib.device()
    facts = {
        "command": command,
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "seed": seed,
        "device": torch.cuda.get_device_name(place) if place.type == "cuda" else _processor(),
        "cores": _cores(),
        "threads": torch.get_num_threads(),
        "versions": {
            "python": platform.python_version(),
            "torch": torch.__version__.partition("+")[0],
            "cvlib": cvlib.__version__,
        },
        "results": dict(results),
    }
    write_atomically(path, (json.dumps(facts, indent=2) + "\n").encode())


def _cores() -> int | None:
    """Count the cores that this process may use, where the system tells."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count()


def _processor() -> str:
    """Name the processor as Linux does, or as Python does elsewhere."""
    information = Path("/proc/cpuinfo")
    if information.exists():
        for line in information.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor()
