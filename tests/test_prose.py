"""The linter of prose tells what was planted, where, and nothing else."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests import prose
from tests.checkout import ROOT


def told(folder: Path, name: str, text: str) -> list[str]:
    path = folder / name
    path.write_text(text, "utf-8")
    return [fault.replace(f"{folder.resolve()}/", "") for fault in prose.faults([path])]


def notebook(**cell: object) -> str:
    first = {"cell_type": "code", "source": ["x = 1"], "metadata": {}, "outputs": ["teh"]}
    return json.dumps({"cells": [first, {"source": [], "metadata": {}, **cell}]})


@pytest.mark.parametrize(
    "sentence",
    [
        "Who gives a tenth to each of ten digits pays ln 10.",
        "It is easy. Who has learnt that a classifier\nends in a softmax puts one there.",
        "The deviation is off, another time in each channel and each step.",
        "It lets stand a row and a column.",
        "It is nowhere near six times faster.",
        "It is six times as quick as that.",
        "What runs from the end of one row into the next is cut off at last.",
        "Of K numbers make one as the question demands.",
        "Equal but for a rest: tables.",
        "It is 10 dB, for half as many bytes more.",
        "How a colour is best asked for.",
        "What is left is one number a\nchannel.",
        "It is stepped once a batch.",
        "There are 45 batches an epoch.",
        "The loop allows to resume.",
        "See how the picture looks like.",
        "It has less parameters.",
        "It is more faster.",
        "It is in the the middle.",
    ],
)
def test_a_phrase_of_the_list_is_told(sentence: str) -> None:
    text = prose.Passage("page.md", f"# Title\n\nFine. {sentence}\n")
    (fault,) = prose.badly_phrased([text])
    assert re.match(r"page\.md:[34]: “", fault)
    assert "”; write " in fault


@pytest.mark.parametrize(
    ("name", "text", "place"),
    [
        ("page.md", "Fine.\n\nWe recieve\nit.", "page.md:3"),
        ("code.py", '"""Read.\n\nWhat we recieve."""\n', "code.py:3"),
        ("code.py", "x = 1\n# What\n# we recieve.\n", "code.py:3"),
        ("a.ipynb", notebook(cell_type="markdown", source=["We\n", "recieve"]), "a.ipynb, cell 1"),
        ("a.ipynb", notebook(cell_type="code", source=["# We recieve"]), "a.ipynb, cell 1"),
        (
            "a.ipynb",
            notebook(metadata={"mystnb": {"image": {"alt": "We recieve"}}}),
            "a.ipynb, cell 1, alt",
        ),
    ],
)
def test_a_misspelled_word_is_told_with_its_place(
    name: str, text: str, place: str, tmp_path: Path
) -> None:
    assert told(tmp_path, name, text) == [f"{place}: recieve ==> receive"]


def test_a_phrase_goes_on_in_the_next_line_of_a_comment(tmp_path: Path) -> None:
    (fault,) = told(tmp_path, "code.py", "x = 1\n# It lets\n# stand a row.\n")
    assert fault.startswith("code.py:2: “lets stand”")


def test_good_english_is_told_nothing(tmp_path: Path) -> None:
    text = """# Who it is for

    Who sees whom? Somebody who has learnt. Its colour is grey: a kernel is a column times a row.
    - Who asks?
    It runs at 40 pictures a second, once a day; one compares a pixel with its four neighbours.
    """
    assert told(tmp_path, "page.md", text) == []


def test_the_command_fails_where_something_is_told(tmp_path: Path) -> None:
    path = tmp_path / "page.md"
    for text, fails in (("Fine.", False), ("It lets stand a row.", True)):
        path.write_text(text, "utf-8")
        command = [sys.executable, "-m", "tests.prose", str(path)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        assert (done.returncode != 0) is fails
        assert ("lets stand" in done.stderr) is fails
