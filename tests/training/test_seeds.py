"""What runs from several seeds come to: held against numpy, each value at its seed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from cvlib.training.history import Epoch, Evaluation, History
from cvlib.training.seeds import Trained, summary

MODEL = nn.Linear(3, 2)


def trained(seed: int, accuracy: float) -> Trained:
    epochs = [Epoch(number, 0.5, 0.5) for number in range(seed + 1)]
    return Trained(seed, MODEL, History(epochs), 1.25 + seed, Evaluation(1 - accuracy, accuracy))


@given(st.lists(st.floats(0, 1), min_size=2, max_size=9))
def test_several_runs_are_listed_and_averaged(accuracies: list[float]) -> None:
    found = summary([trained(seed, accuracy) for seed, accuracy in enumerate(accuracies)])
    assert found["seeds"] == list(range(len(accuracies)))
    assert found["test_accuracies"] == accuracies
    assert found["test_losses"] == [1 - accuracy for accuracy in accuracies]
    assert found["epochs"] == [seed + 1 for seed in found["seeds"]]
    assert found["parameters"] == 8
    assert found["test_accuracy_mean"] == pytest.approx(np.mean(accuracies), abs=1e-6)
    assert found["test_error_percent"] == pytest.approx(100 - 100 * np.mean(accuracies), abs=1e-3)
    spread = found["test_accuracy_standard_deviation"]
    assert spread == pytest.approx(np.std(accuracies, ddof=1), abs=1e-6)


def test_a_single_run_is_told_without_lists() -> None:
    assert summary([trained(2, 0.75)]) == {
        "parameters": 8,
        "test_error_percent": 25.0,
        "test_accuracy": 0.75,
        "test_loss": 0.25,
        "epochs": 3,
        "seconds": 3.2,
    }


def test_no_run_is_refused() -> None:
    with pytest.raises(ValueError, match="runs is empty"):
        summary([])
