"""What several runs measured that differ in their seed alone: each of them, and all together."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import Any, NamedTuple

from torch import nn

from cvlib.training.history import Evaluation, History

__all__ = ["Trained", "summary"]


class Trained(NamedTuple):
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


def summary(runs: Sequence[Trained]) -> dict[str, Any]:
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
        ``test_accuracies``, ``test_losses``, ``epochs`` and ``seconds``.

    Raises
    ------
    ValueError
        If there is no run.

    Examples
    --------
    >>> model = nn.Linear(2, 2)
    >>> runs = [
    ...     Trained(seed, model, History([]), 9.0, Evaluation(0.1, accuracy))
    ...     for seed, accuracy in enumerate((0.97, 0.99))
    ... ]
    >>> found = summary(runs)
    >>> found["seeds"], found["test_accuracy_mean"], found["test_error_percent"]
    ([0, 1], 0.98, 2.0)
    """
    if not runs:
        raise ValueError("runs is empty; expected at least one")
    accuracies = [run.test.accuracy for run in runs]
    mean = statistics.mean(accuracies)
    found: dict[str, Any] = {
        "parameters": sum(each.numel() for each in runs[0].model.parameters()),
        "test_error_percent": round(100 * (1 - mean), 3),
    }
    losses = [run.test.loss for run in runs]
    epochs = [len(run.history.epochs) for run in runs]
    seconds = [round(run.seconds, 1) for run in runs]
    if len(runs) == 1:
        one = {"test_accuracy": mean, "test_loss": losses[0]}
        return found | one | {"epochs": epochs[0], "seconds": seconds[0]}
    return found | {
        "test_accuracy_mean": round(mean, 6),
        "test_accuracy_standard_deviation": round(statistics.stdev(accuracies), 6),
        "seeds": [run.seed for run in runs],
        "test_accuracies": accuracies,
        "test_losses": losses,
        "epochs": epochs,
        "seconds": seconds,
    }
