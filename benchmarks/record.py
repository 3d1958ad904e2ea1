"""Keep what a benchmark measured in ``results/``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from cvlib.records import write_record

RESULTS = Path(__file__).parent.parent / "results"


def record(name: str, results: dict[str, Any], *, seed: int, benchmark: str | None = None) -> Path:
    """Write ``results/<name>.json`` at once: a reader never sees half a file.

    Parameters
    ----------
    name
        The file.
    results
        What was measured, with units in the names.
    seed
        The seed it was measured with.
    benchmark
        Which of ``python -m benchmarks.<benchmark>`` it is, where that has another name.

    Returns
    -------
    pathlib.Path
        The file.
    """
    path = RESULTS / f"{name}.json"
    command = " ".join(["python -m", f"benchmarks.{benchmark or name}", *sys.argv[1:]])
    write_record(path, results, command=command, seed=seed)
    return path
