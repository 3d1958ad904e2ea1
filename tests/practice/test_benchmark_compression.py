"""The record on compression shows what the text says of it."""

from __future__ import annotations

import json

import pytest

from tests.checkout import ROOT


def test_the_record_shows_what_the_text_says() -> None:
    found = json.loads((ROOT / "results/compression.json").read_text("utf-8"))["results"]
    large, half, rounded = (found["plain_net"][name] for name in ("float32", "half", "int8"))
    for each in (half, rounded):
        assert large["bytes"] / each["bytes"] == pytest.approx(4, rel=0.05)
    for batch in ("1", "64"):
        times = [each["time_ratio_by_batch"][batch] for each in (half, rounded, large)]
        assert times == sorted(times)
    assert 0 <= large["test_accuracy"] - rounded["test_accuracy"] < 0.002
    assert half["test_accuracy_cut"] < half["test_accuracy"] < large["test_accuracy"] - 0.03
    assert (found["temperature"], found["weight"]) == (4, 0.9)
    alone, at_hand, equal = found["student"].values()
    assert alone["epochs"] == at_hand["epochs"] > equal["epochs"] == 1
    assert min(at_hand["test_accuracies"]) > max(alone["test_accuracies"])
    assert max(equal["test_accuracies"]) < min(alone["test_accuracies"]) - 0.1
    assert equal["seconds_mean_with_teacher"] <= alone["seconds_mean_with_teacher"]
    assert found["teacher_seconds"] > alone["seconds_mean_with_teacher"] / 2
