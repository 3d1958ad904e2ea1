"""The page of results: all that was recorded stands on it, and all of it can be made again."""

from __future__ import annotations

import argparse
import importlib
import inspect
import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from book._extensions import records
from cvlib import command_line
from tests.checkout import ROOT
from tests.site import built

RECORDS = sorted(path.stem for path in (ROOT / "results").glob("*.json"))
PAGE = (ROOT / "book/results.md").read_text("utf-8")
PUBLISHED = yaml.safe_load((ROOT / "results/published.yml").read_text("utf-8"))
every_record = pytest.mark.parametrize("name", RECORDS)


def rendered(results: dict[str, Any]) -> str:
    return "\n\n".join(records.blocks(results))


# ---------------------------------------------------------------------------- the records


@every_record
def test_record_says_how_it_was_made(name: str) -> None:
    record = records.read(name)
    facts = {"command", "date", "seed", "device", "cores", "threads", "versions", "results"}
    assert record.keys() == facts
    assert {"python", "torch", "cvlib"} <= record["versions"].keys()
    text = records.facts(record)
    for fact in ("command", "date", "device"):
        assert record[fact] in text


class ParsedError(Exception):
    """The words of a command line were understood."""


@every_record
def test_recorded_command_is_one_of_the_repository(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = shlex.split(records.read(name)["command"])
    where = words.index("-m")
    assert words[0] in ("python", "torchrun")
    assert words[where + 1].partition(".")[0] in ("benchmarks", "cvlib")
    module, given = words[where + 1], words[where + 2 :]
    if module == "cvlib.training":  # how it was spelled before
        module, given = "cvlib", ["train", *given]
    if module == "cvlib":
        command_line.parser().parse_args(given)
        return
    main = importlib.import_module(module).main
    if "argparse" not in inspect.getsource(importlib.import_module(module)):
        assert given == [], f"{module} takes no arguments"
        return
    parse = argparse.ArgumentParser.parse_args

    def only_parse(line: argparse.ArgumentParser, *_: object) -> None:
        parse(line, given)
        raise ParsedError

    monkeypatch.setattr(argparse.ArgumentParser, "parse_args", only_parse)
    with pytest.raises(ParsedError):
        main()


# ---------------------------------------------------------------------------- the page


def test_every_record_has_its_section() -> None:
    shown = re.findall(r"^```\{record\} (\S+)$", PAGE, re.MULTILINE)
    assert sorted(shown) == RECORDS, "each record of results/ stands once in book/results.md"
    for name in RECORDS:
        assert f"\n(record-{name})=\n### " in PAGE, f"{name} has no heading of its own"


def test_no_measured_number_is_typed() -> None:
    prose = re.sub(r"```.*?```|`[^`]*`|\(record-\S+\)=", "", PAGE, flags=re.DOTALL)
    assert re.findall(r"\d+\.\d+|\d+ ?%", prose) == []


def ends(value: Any) -> list[str]:
    """Say, as patterns, how the values of a tree are written."""
    if isinstance(value, dict):
        return [end for inner in value.values() for end in ends(inner)]
    if isinstance(value, list) and not records.is_plain(value):
        return [end for inner in value for end in ends(inner)]
    written = re.escape(records.cell(value))
    pair = isinstance(value, list) and len(value) == 2
    return [written.replace(r",\ ", r"(?:,| to)\ ") if pair else written]


@every_record
def test_every_number_of_a_record_is_rendered(name: str) -> None:
    results = records.read(name)["results"]
    text = rendered(results)
    for end in ends(results):
        assert re.search(rf" {end}(?:,| \||$)", text), end


names = st.text("abcdefgh_", min_size=1, max_size=12)
numbers = st.integers() | st.floats(0.001, 1e6) | st.lists(st.integers(), max_size=4)
measured = names | st.sampled_from(["seconds", "accuracy_mean", "ratio_quartiles", "loss"])
trees = st.recursive(
    st.dictionaries(measured, numbers, max_size=4),
    lambda inner: st.dictionaries(measured, inner | numbers, max_size=4),
    max_leaves=12,
)


@settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow])
@given(trees)
def test_a_tree_of_any_shape_is_rendered_whole(tree: dict[str, Any]) -> None:
    text = rendered(tree)
    for end in ends(tree):
        assert re.search(rf" {end}(?:,| \||$)", text), end
    for table in re.findall(r"(?:^\|.*\n?)+", text, re.MULTILINE):
        assert len({line.count("|") for line in table.splitlines()}) == 1, table


def test_tables_are_narrow_and_read_in_the_right_direction() -> None:
    times = {"seconds_median": {"torch": 2.0, "ours": 1.0}, "ratio": {"ours": 0.5}}
    assert rendered(times).splitlines() == [
        "| what | seconds median | ratio |",
        "| --- | --: | --: |",
        "| torch | 2 |  |",
        "| ours | 1 | 0.5 |",
    ]
    sides = {"torch": {"seconds": 2, "macs": 1200}, "ours": {"seconds": 1, "macs": 1200}}
    assert rendered(sides).splitlines()[2:] == ["| torch | 2 | 1,200 |", "| ours | 1 | 1,200 |"]
    run = {"epochs_in_as_many_seconds": {"epochs": 94, "accuracy": 0.9}}
    assert "| accuracy | 0.9 |" in rendered(run)
    listed = {"rows": [{"layer": 1, "share": {"edge": 0.5}}, {"layer": 2, "share": {"edge": 0.2}}]}
    assert rendered(listed).splitlines()[2::2] == ["| layer | edge |", "| 1 | 0.5 |"]
    wide = {side: {f"seconds_{n}": n for n in range(9)} for side in ("torch", "ours")}
    assert max(line.count("|") for line in rendered(wide).splitlines()) == 3


def test_the_seeds_of_all_runs_are_named() -> None:
    record = records.read("recipes")
    runs = {"a": {"seeds": [0, 1]}, "b": {"deep": {"seeds": [7]}}, "c": {"seeds": [1, 2]}}
    assert ", seeds 0, 1, 2, 7; " in records.facts({**record, "results": runs})
    assert ", seed 5; " in records.facts({**record, "seed": 5, "results": {}})


def test_what_is_left_out_is_left_out_at_every_depth() -> None:
    tree = {"grid": [1], "rows": [{"grid": 2, "loss": 3}], "deep": {"grid": {"loss": 4}, "loss": 5}}
    assert records.without(tree, {"grid"}) == {"rows": [{"loss": 3}], "deep": {"loss": 5}}


# ---------------------------------------------------------------------------- what others published


def test_every_published_figure_has_its_source() -> None:
    known = re.findall(r"^@\w+\{(\w+),", (ROOT / "book/references.bib").read_text("utf-8"), re.M)
    for name, compared in PUBLISHED.items():
        assert f"```{{beside}} {name}\n" in PAGE
        for row in compared["rows"]:
            assert ("published" in row) != ("record" in row)
            assert row.get("source", known[0]) in known
            assert row.get("record", RECORDS[0]) in RECORDS


@pytest.mark.parametrize("name", PUBLISHED)
def test_figures_of_ours_come_from_the_records(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = records.beside(name)
    assert before.count("\n") == 1 + len(PUBLISHED[name]["rows"])
    for row in (row for row in PUBLISHED[name]["rows"] if "record" in row):
        record = records.read(row["record"])
        *way, last = row["accuracy"]
        records.found(record["results"], way)[last] = changed = 0.123456
        if "less" in row:
            changed -= records.found(record["results"], row["less"])
        (tmp_path / f"{row['record']}.json").write_text(json.dumps(record))
        compared = {name: {**PUBLISHED[name], "rows": [row]}}
        (tmp_path / "published.yml").write_text(yaml.safe_dump(compared))
        with monkeypatch.context() as patch:
            patch.setattr(records, "RESULTS", tmp_path)
            shown = records.beside(name)
        error = PUBLISHED[name]["measure"] == "test error"
        wanted = f"{100 - 100 * changed:.2f}" if error else f"{100 * changed:.1f}"
        assert wanted.replace("-", records.MINUS) in shown


# ---------------------------------------------------------------------------- as it is built


@pytest.mark.skipif(not built.SITE.exists(), reason="the book is not built")
@every_record
def test_built_page_shows_the_record(name: str) -> None:
    text = built.parsed("book/results.html").get_text(" ")
    assert records.read(name)["command"] in re.sub(r"\s+", " ", text)
