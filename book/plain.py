"""Write the chapters in plain Markdown: ``python -m book.plain [folder]``.

The chapters are written in MyST, whose roles and directives Colab and GitHub
show as raw text. Here they become links, quotations, and answers that open;
formulas and outputs stay. The site offers these notebooks, and Colab opens
them.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from pathlib import Path, PurePosixPath

import nbformat
import yaml
from nbformat import NotebookNode
from pybtex.database import parse_file

from cvlib.book import FIGURE
from cvlib.files import write_atomically

ROOT = Path(__file__).parents[1]
SITE = yaml.safe_load((ROOT / "_config.yml").read_text("utf-8"))["html"][
    "baseurl"
]
# Read from left to right, so that code is known as code, and left alone.
TOKEN = re.compile(
    r"```.*?```|\{(?P<role>\w+(?::\w)?)\}`(?P<content>[^`]+)`|`[^`]+`"
    r"|\]\((?!\w+:|#)(?P<page>[^)\s]+?)(?:\.ipynb|\.md)?\)",
    re.DOTALL,
)
EXPLICIT = re.compile(r"(.+?)\s*<([^>]+)>", re.DOTALL)
CITED = re.compile(r"([\w-]+)(?:\{([^}]*)\})?")
FENCE = re.compile(
    r"^(?P<fence>`{3,}|:{3,})\{(?P<name>\w+)\}[ ]*(?P<title>[^\n]*)\n"
    r"(?P<body>.*?)^(?P=fence)[ ]*$\n?",
    re.MULTILINE | re.DOTALL,
)
OPTION = re.compile(r"^:(\w+):[ ]*(.*)\n", re.MULTILINE)
EQUATION = re.compile(
    r"\$\$(?P<formula>.+?)\$\$ \((?P<label>[\w-]+)\)", re.DOTALL
)
TARGET = re.compile(r"^\([\w-]+\)=\n", re.MULTILINE)
VERDICT = "✗ Not yet"  # on an exercise that nobody has answered


def anchor(words: str) -> str:
    """Make the end of an address from a title or a term, as docutils does."""
    return re.sub(r"[^a-z0-9]+", "-", words.lower()).strip("-")


class Book:
    """All chapters in order: what their labels are called, and numbered."""

    @cached_property
    def chapters(self) -> dict[str, NotebookNode]:
        """Read the chapters, by their path without its end."""
        contents = yaml.safe_load((ROOT / "_toc.yml").read_text("utf-8"))
        names = [
            chapter["file"]
            for part in contents["parts"]
            for chapter in part["chapters"]
        ]
        return {
            name: nbformat.read(path, as_version=4)
            for name in names
            if (path := ROOT / f"{name}.ipynb").exists()
        }

    @cached_property
    def titles(self) -> dict[str, str]:
        """Find each page's title."""
        found = {}
        for path in ROOT.glob("book/**/*.md"):
            text = path.read_text("utf-8")
            name = path.relative_to(ROOT).with_suffix("").as_posix()
            found[name] = text.partition("\n")[0].removeprefix("# ")
        for name, chapter in self.chapters.items():
            first = next(
                c for c in chapter.cells if c.cell_type == "markdown"
            )
            found[name] = first.source.partition("\n")[0].removeprefix("# ")
        return found

    @cached_property
    def terms(self) -> dict[str, str]:
        """Find the glossary's terms, in small letters and as they stand."""
        text = (ROOT / "book/glossary.md").read_text("utf-8")
        terms = re.findall(r"^\w[^\n]*$", text, re.MULTILINE | re.ASCII)
        return {term.lower(): term for term in terms}

    def numbered(
        self, labels: Callable[[NotebookNode], Iterator[str]]
    ) -> dict[str, tuple[str, str]]:
        """Count labels in each chapter, and say where each stands."""
        return {
            label: (name, f"{number}.{place}")
            for number, (name, chapter) in enumerate(
                self.chapters.items(), 1
            )
            for place, label in enumerate(
                (label for cell in chapter.cells for label in labels(cell)),
                1,
            )
        }

    @cached_property
    def equations(self) -> dict[str, tuple[str, str]]:
        """Number the equations."""

        def labels(cell: NotebookNode) -> Iterator[str]:
            if cell.cell_type == "markdown":
                for found in EQUATION.finditer(cell.source):
                    yield found["label"]

        return self.numbered(labels)

    @cached_property
    def figures(self) -> dict[str, tuple[str, str]]:
        """Number the figures that have a caption."""

        def labels(cell: NotebookNode) -> Iterator[str]:
            figure = cell.metadata.get("mystnb", {}).get("figure", {})
            if "caption" in figure:
                yield figure.get("name", figure["caption"])

        return self.numbered(labels)

    @cached_property
    def exercises(self) -> dict[str, tuple[str, str]]:
        """Number the exercises."""

        def labels(cell: NotebookNode) -> Iterator[str]:
            if cell.cell_type == "markdown":
                for found in FENCE.finditer(cell.source):
                    if found["name"] == "exercise":
                        yield dict(OPTION.findall(found["body"]))["label"]

        return self.numbered(labels)

    @cached_property
    def sections(self) -> dict[str, tuple[str, str]]:
        """Find the sections that bear a label: their page, and their title."""
        return {
            label: (name, title)
            for name, chapter in self.chapters.items()
            for cell in chapter.cells
            for label, title in re.findall(
                r"^\(([\w-]+)\)=\n#+ ([^\n]+)", cell.source, re.MULTILINE
            )
        }

    @cached_property
    def sources(self) -> dict[str, str]:
        """Name each source by its authors and year."""
        named = {}
        entries = parse_file(ROOT / "book/references.bib").entries
        for key, entry in entries.items():
            people = entry.persons.get("author") or entry.persons["editor"]
            last = [" ".join(person.last_names) for person in people]
            names = (
                f"{last[0]} et al." if len(last) > 2 else " and ".join(last)
            )
            clean = re.sub(r"[{}]|\\['\"`^~]", "", names)
            named[key] = f"{clean}, {entry.fields['year']}"
        return named


class Chapter:
    """One chapter, made plain."""

    def __init__(self, book: Book, name: str) -> None:
        self.book = book
        self.name = name

    def page(self, path: str) -> str:
        """Give the address of a page that is named from this one."""
        folder = PurePosixPath(self.name).parent
        parts: list[str] = []
        for part in (folder / path).parts:
            if part == "..":
                parts.pop()
            else:
                parts.append(part)
        return "/".join(parts)

    def link(self, words: str, page: str, place: str = "") -> str:
        """Link some words to a page of the site."""
        return f"[{words}]({SITE}{page}.html{f'#{place}' if place else ''})"

    def token(self, found: re.Match[str]) -> str:
        """Say in plain Markdown what a role or a link says."""
        if found["page"]:
            return f"]({SITE}{self.page(found['page'])}.html)"
        return self.role(found) if found["role"] else found[0]

    def role(self, found: re.Match[str]) -> str:
        """Say in plain Markdown what a role says."""
        kind, content = found["role"], " ".join(found["content"].split())
        explicit = EXPLICIT.fullmatch(content)
        words, target = (
            explicit.groups() if explicit else (content, content)
        )
        if kind == "term":
            term = self.book.terms[target.lower()]
            place = f"term-{re.sub('[^A-Za-z0-9]+', '-', term)}"
            return self.link(words, "book/glossary", place)
        if kind == "doc":
            page = self.page(target)
            return self.link(
                words if explicit else self.book.titles[page], page
            )
        if kind == "eq":
            page, number = self.book.equations[target]
            here = page == self.name
            return f"({number})" if here else self.link(f"({number})", page)
        if kind == "numref":
            page, number = self.book.figures[target]
            said = f"Fig. {number}"
            return said if page == self.name else self.link(said, page)
        if kind == "ref":
            return self.reference(words if explicit else "", target)
        if kind.startswith("cite"):
            return self.citation(content, in_text=kind == "cite:t")
        return words  # an entry of the index

    def reference(self, words: str, label: str) -> str:
        """Name an exercise or a section."""
        if label in self.book.exercises:
            page, number = self.book.exercises[label]
            title = f"exercise {number}"
            return words or (
                title if page == self.name else self.link(title, page)
            )
        if label.startswith("record-"):
            return self.link(words or "the record", "book/results", label)
        page, title = self.book.sections[label]
        return self.link(words or title, page, anchor(title))

    def citation(self, content: str, *, in_text: bool) -> str:
        """Name sources by author and year."""
        said = []
        for found in CITED.finditer(content):
            key, place = found.groups()
            who, _, year = self.book.sources[key].rpartition(", ")
            if in_text:
                said.append(
                    f"{who} ({year}{f', {place}' if place else ''})"
                )
            else:
                said.append(f"{who}, {year}{f', {place}' if place else ''}")
        linked = self.link("; ".join(said), "book/references")
        return (
            linked
            if in_text
            else linked.replace("[", "[[", 1).replace("](", "]](", 1)
        )

    def directive(self, found: re.Match[str]) -> str:
        """Say in plain Markdown what a directive says."""
        options = dict(OPTION.findall(found["body"]))
        body = OPTION.sub("", found["body"]).strip()
        if found["name"] == "exercise":
            _, number = self.book.exercises[options["label"]]
            lines = f"**Exercise {number}: {found['title']}**\n\n{body}"
            return "".join(
                f"> {line}".rstrip() + "\n" for line in lines.splitlines()
            )
        if found["name"] == "solution":
            _, number = self.book.exercises[found["title"].strip()]
            head = f"<summary>Solution to exercise {number}</summary>"
            return (
                f"<details>{head}\n\n{self.markdown(body)}\n\n</details>\n"
            )
        return ""  # entries of the index

    def markdown(self, text: str) -> str:
        """Make a text plain."""

        def equation(found: re.Match[str]) -> str:
            _, number = self.book.equations[found["label"]]
            formula = found["formula"].strip()
            return f"$$\n{formula} \\tag{{{number}}}\n$$"

        text = FENCE.sub(self.directive, text)
        text = EQUATION.sub(equation, TARGET.sub("", text))
        text = TOKEN.sub(self.token, text)
        return re.sub(r"\n{3,}", "\n\n", text).strip()

    def notebook(self) -> NotebookNode:
        """Make the notebook plain."""
        whole = self.book.chapters[self.name]
        page = f"{SITE}{self.name}.html"
        cells = []
        for cell in whole.cells:
            plain = NotebookNode({**cell})
            if cell.cell_type == "markdown":
                plain["source"] = self.markdown(cell.source)
                cells.append(plain)
                continue
            plain["metadata"] = NotebookNode()
            if "hide-input" in cell.metadata.get("tags", []):
                hidden = NotebookNode(source_hidden=True)  # in JupyterLab
                plain["metadata"].update(jupyter=hidden, cellView="form")
            plain["outputs"] = [
                self.output(each)
                for each in cell.outputs
                if not each.get("text", "").startswith(VERDICT)
            ]
            cells.append(plain)
            figure = cell.metadata.get("mystnb", {}).get("figure", {})
            if "caption" in figure:
                _, number = self.book.figures[
                    figure.get("name", figure["caption"])
                ]
                said = self.markdown(figure["caption"])
                below = {
                    "cell_type": "markdown",
                    "metadata": NotebookNode(),
                }
                below["source"] = f"*Fig. {number}.* {said}"
                if "id" in cell:
                    below["id"] = f"{cell['id']}-caption"
                cells.append(NotebookNode(below))
        title, _, rest = cells[0]["source"].partition("\n")
        book = f"[Computer vision with PyTorch]({SITE}book/index.html)"
        cells[0]["source"] = (
            f"{title}\n\n*[A chapter]({page}) of {book}.*\n{rest}"
        )
        return NotebookNode({**whole, "cells": cells})

    def output(self, output: NotebookNode) -> NotebookNode:
        """Make an output plain; a figure needs no description here."""
        if "data" not in output:
            return output
        data = {
            kind: said
            for kind, said in output.data.items()
            if kind != FIGURE
        }
        if "text/markdown" in data:
            data["text/markdown"] = self.markdown(data["text/markdown"])
        return NotebookNode({**output, "data": NotebookNode(data)})


def write(folder: Path) -> Iterator[Path]:
    """Write all chapters in plain Markdown.

    Parameters
    ----------
    folder
        Where the chapters' own folders are made, if they are not there.

    Yields
    ------
    Path
        Each notebook that was written.
    """
    book = Book()
    for name in book.chapters:
        path = folder / f"{name}.ipynb"
        text = nbformat.writes(Chapter(book, name).notebook())
        write_atomically(path, f"{text}\n".encode())
        yield path


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        description="Write the chapters plainly."
    )
    parser.add_argument(
        "folder", nargs="?", type=Path, default=Path("notebooks")
    )
    for path in write(parser.parse_args(arguments).folder):
        print(path)


if __name__ == "__main__":
    main()
