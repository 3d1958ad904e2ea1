"""The benchmark on scale changes one thing at a time, and goes on where it stopped."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks import scale
from tests.checkout import ROOT


def test_ratios_are_those_of_one_turn() -> None:
    times = {"first": [2.0, 4.0, 1.0], "second": [2.0, 2.0, 3.0]}
    assert scale.ratios(times) == {"second_shortest_ratio": 2, "second_median_ratio": 1}


def test_only_the_rate_and_its_rise_change() -> None:
    assert [way[:2] for way in scale.ways(1)] == [("rate as it was", scale.BASE_RATE)]
    as_it_was, scaled, warmed = scale.ways(4)
    assert as_it_was[1] == scale.BASE_RATE
    assert scaled[1] == warmed[1] == 4 * scale.BASE_RATE
    steps = 10 * scale.EPOCHS
    assert warmed[2](0, steps) == pytest.approx(1 / 4)  # the rate of the small batch
    assert warmed[2](10, steps) == 1  # after an epoch
    assert scaled[2](0, steps) == as_it_was[2](0, steps) == 1


def test_what_is_known_is_not_run_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scale, "TIMES", (1, 4))
    monkeypatch.setattr(scale, "mnist_sample", lambda: scale_pictures())
    runs = list(scale.batches({}, seeds=1, epochs=1))
    assert len(runs) == 4
    found = runs[-1]
    assert found["seeds"] == [0]
    for way in ("rate as it was", "k times the rate", "k times the rate, after a warm-up"):
        assert len(found[way]["128 pictures"]["accuracies"]) == 1
    assert list(scale.batches(found, seeds=1)) == []


def scale_pictures() -> Any:
    from cvlib.data import mnist_sample

    return mnist_sample()[:1200]


def test_each_part_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.record.RESULTS", tmp_path)
    monkeypatch.setattr("sys.argv", ["scale"])
    known: dict[str, Any] = {"threads": {"ratio": 2}}
    scale.keep(known, "workers", {"ratio": 3})
    record = json.loads((tmp_path / "scale.json").read_text("utf-8"))
    assert record["command"] == "python -m benchmarks.scale"
    assert record["results"] == {"threads": {"ratio": 2}, "workers": {"ratio": 3}}


def test_the_record_shows_what_the_text_says() -> None:
    found = json.loads((ROOT / "results/scale.json").read_text("utf-8"))["results"]
    few, *_, wide = (row["2_threads_median_ratio"] for row in found["threads"].values())
    assert wide < 0.6 < 0.8 < few < 1
    digits, photographs = (row["2_workers_median_ratio"] for row in found["workers"].values())
    assert photographs < 0.7 < 5 < digits
    few, some, many = found["together"]["times_as_long_as_one_process"].values()
    assert many["ddp_median_ratio"] < 0.6 < 1 < few["ddp_shortest_ratio"]
    assert some["ddp_median_ratio"] < 1
    for row in (few, some):
        assert max(1, row["ddp_median_ratio"]) < row["fsdp_shortest_ratio"]
    of_fsdp = abs(many["fsdp_shortest_ratio"] - many["fsdp_median_ratio"])
    for kind in ("shortest_ratio", "median_ratio"):
        assert abs(many[f"ddp_{kind}"] - many[f"fsdp_{kind}"]) < of_fsdp
    killed = found["killed"]
    assert (killed["killed_after_steps"], killed["epoch_it_was_in"]) == (20, 3)
    assert (killed["steps_of_both_lives"], killed["steps_done_twice"]) == ([20, 16], 4)
    assert killed["weights_alike_to_the_bit"]
    assert found["ray"]["processes"] == 2
    way = found["ray"]["largest_way_of_a_weight"]  # rounding grows over the steps
    assert found["ray"]["largest_error_of_a_weight"] < 1e-3 * way
