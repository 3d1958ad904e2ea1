"""Records of what was measured: what runs came to, and all that is needed to measure it again."""

from __future__ import annotations

import datetime
import json
import os
import platform
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import nn

import cvlib
from cvlib.files import write_atomically
from cvlib.training.history import Evaluation, History

__all__ = ["RunResult", "summary", "write_record"]


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


class RunResult(NamedTuple):
    """What a whole run from one seed has left.

    Parameters
    ----------
    seed
        Seed of the weights, the order and of chance.
    model
        The trained network.
    history
        What each epoch measured.
    seconds
        How long training took, measuring each epoch included.
    test
        What the network does on the test pictures at the end.
    """

    seed: int
    model: nn.Module
    history: History
    seconds: float
    test: Evaluation


def summary(runs: Sequence[RunResult]) -> dict[str, Any]:
    """Say what runs from several seeds measured, as a record keeps it.

    Parameters
    ----------
    runs
        At least one, of the same network.

    Returns
    -------
    dict
        The network's ``parameters``, and ``test_error_percent``, the mean. For a single run
        ``epochs``, ``seconds``, ``test_accuracy`` and ``test_loss``. For several
        ``test_accuracy_mean`` and ``test_accuracy_standard_deviation`` (that of a sample: divided
        by one less than their number), ``seeds``, and a value for each of them in the lists
        ``test_accuracies``, ``test_losses``, ``epochs`` and ``seconds``. Metrics stand beside the
        accuracy, by name. A network that does not classify has these alone, and no error.

    Raises
    ------
    ValueError
        If there is no run, or one that has neither an accuracy nor a metric.

    Examples
    --------
    >>> model = nn.Linear(2, 2)
    >>> runs = [
    ...     RunResult(seed, model, History([]), 9.0, Evaluation(0.1, accuracy))
    ...     for seed, accuracy in enumerate((0.97, 0.99))
    ... ]
    >>> found = summary(runs)
    >>> found["seeds"], found["test_accuracy_mean"], found["test_error_percent"]
    ([0, 1], 0.98, 2.0)
    """
    if not runs:
        raise ValueError("runs is empty; expected at least one")
    measures = [_measured(run.test) for run in runs]
    found: dict[str, Any] = {
        "parameters": sum(each.numel() for each in runs[0].model.parameters()),
    }
    if "accuracy" in measures[0]:
        mean = statistics.mean(each["accuracy"] for each in measures)
        found["test_error_percent"] = round(100 * (1 - mean), 3)
    losses = [run.test.loss for run in runs]
    epochs = [len(run.history.epochs) for run in runs]
    seconds = [round(run.seconds, 1) for run in runs]
    if len(runs) == 1:
        one = {f"test_{name}": value for name, value in measures[0].items()}
        return found | one | {"test_loss": losses[0], "epochs": epochs[0], "seconds": seconds[0]}
    several: dict[str, Any] = {}
    for name in measures[0]:
        values = [each[name] for each in measures]
        several[f"test_{name}_mean"] = round(statistics.mean(values), 6)
        several[f"test_{name}_standard_deviation"] = round(statistics.stdev(values), 6)
    found |= several | {"seeds": [run.seed for run in runs]}
    for name in measures[0]:
        plural = "accuracies" if name == "accuracy" else f"{name}s"
        found[f"test_{plural}"] = [each[name] for each in measures]
    return found | {"test_losses": losses, "epochs": epochs, "seconds": seconds}


def _measured(test: Evaluation) -> dict[str, float]:
    """Return the accuracy, where the network classifies, and the metrics, by name."""
    if test.accuracy is not None:
        return {"accuracy": test.accuracy, **test.metrics}
    if not test.metrics:
        raise ValueError(
            "runs holds one without an accuracy; expected networks that classify, or metrics"
        )
    return dict(test.metrics)
