"""Spelling by codespell, and the phrases of ``prose.txt``: ``python -m tests.prose [file ...]``.

Read are documents, code with its docstrings and comments, and of notebooks the text, the code and
what describes a picture, never an output. A fault is told with its place, and with what to write.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from tests.checkout import ROOT, project_files

PHRASES = Path(__file__).with_suffix(".txt")
KINDS = {".bib", ".cff", ".css", ".ipynb", ".md", ".py", ".toml", ".yaml", ".yml"}
PLANTED = "test_prose.py"  # its faults are there on purpose
# A sentence ends with its mark, with a blank line, or where a line opens a block of its own.
END = re.compile(r'(?<=[.!?:])["*)]*\s+|\n\s*\n\s*|\n(?=\s*(?:[-*|:`]|\d+\. |#+ ))')


class Passage(NamedTuple):
    """A text, and where it stands: a file, or a cell of a notebook."""

    place: str
    text: str
    first_line: int | None = 1  # None for a cell, whose lines have no numbers

    def at(self, line: int) -> str:
        """Name the place of a line, counted from 0."""
        return self.place if self.first_line is None else f"{self.place}:{self.first_line + line}"


def passages(path: Path) -> Iterator[Passage]:
    """Read what somebody wrote in a file."""
    name = path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else str(path)
    text = path.read_text("utf-8")
    if path.suffix != ".ipynb":
        if path.suffix == ".py":  # a comment of several lines is one text
            text = re.sub(r"(?m)^(\s*)# ", r"\1", text)
        yield Passage(name, text)
        return
    for number, cell in enumerate(json.loads(text)["cells"]):
        place = f"{name}, cell {number}"
        yield Passage(place, "".join(cell["source"]), None)
        alt = cell["metadata"].get("mystnb", {}).get("image", {}).get("alt")
        if alt:
            yield Passage(f"{place}, alt", alt, None)


def phrases() -> list[tuple[re.Pattern[str], str]]:
    """Read the project's own list; a pattern with a capital looks at capitals."""
    lines = PHRASES.read_text("utf-8").splitlines()
    pairs = [line.split(" -> ") for line in lines if line and not line.startswith("#")]
    return [
        (
            re.compile(
                pattern.replace(" ", r"\s+"), 0 if re.search("[A-Z]", pattern) else re.IGNORECASE
            ),
            advice,
        )
        for pattern, advice in pairs
    ]


def sentences(text: str) -> Iterator[tuple[int, str]]:
    """Split a text, and give where each sentence begins."""
    begin = 0
    for end in [*END.finditer(text), None]:
        sentence = text[begin : end.start() if end else None]
        yield begin + len(sentence) - len(sentence.lstrip()), sentence.strip()
        begin = end.end() if end else begin


def badly_phrased(texts: Sequence[Passage]) -> Iterator[str]:
    """Tell each phrase of the project's own list."""
    listed = phrases()
    for passage in texts:
        for begin, sentence in sentences(passage.text):
            for pattern, advice in listed:
                for found in pattern.finditer(sentence):
                    line = passage.text.count("\n", 0, begin + found.start())
                    phrase = " ".join(found[0].split())
                    yield f"{passage.at(line)}: “{phrase}”; write {advice}"


def misspelled(texts: Sequence[Passage]) -> Iterator[str]:
    """Tell what codespell finds; its settings are in pyproject.toml."""
    places = [(text, line) for text in texts for line, _ in enumerate(text.text.split("\n"))]
    given = "\n".join(text.text for text in texts)
    done = subprocess.run(
        [sys.executable, "-X", "utf8", "-m", "codespell_lib", "-"],
        cwd=ROOT,
        input=given,
        encoding="utf-8",
        capture_output=True,
        check=False,
    )
    if done.returncode not in (0, 65) or done.stderr:
        raise RuntimeError(f"codespell: {done.stderr}")
    for number, word in re.findall(r"(?m)^(\d+): .*\n\t(.+ ==> .+)$", done.stdout):
        text, line = places[int(number) - 1]
        yield f"{text.at(line)}: {word}"


def faults(paths: Sequence[Path]) -> list[str]:
    """List the faults of some files; those that hold no prose are left out."""
    texts = [
        passage
        for path in paths
        if path.suffix in KINDS and path.name != PLANTED
        for passage in passages(path.resolve())
    ]
    return [*misspelled(texts), *badly_phrased(texts)]


if __name__ == "__main__":
    found = faults([Path(name) for name in sys.argv[1:]] or sorted(project_files()))
    sys.exit("\n".join(found) or None)
