"""Make the glossary and the index easy to enter, and terms easy to ask.

On the glossary's page stand letters to jump by, the language of what is
Chinese, and the chapters that use each term. Where a chapter uses one, its
meaning comes with the link, for terms.js to show. The general index keeps its
letters for English words; Chinese ones stand at its end, under one head.
"""

from __future__ import annotations

import html
import re
from collections import defaultdict
from pathlib import Path
from typing import Any

from bs4 import BeautifulSoup, Tag
from sphinx.application import Sphinx

PAGE = "book/glossary.html"
CHINESE = re.compile(r"[\u4e00-\u9fff]")
LINK = re.compile(
    r'<a class="reference internal"( data-meaning="[^"]*")?'
    r' href="(?:\.\./)*(?:book/)?glossary\.html#(term-[^"]+)">'
)

Users = dict[str, dict[str, None]]


def uses(out: Path) -> Users:
    """Find, for each term, the chapters that link to it, in their order."""
    found: Users = defaultdict(dict)
    for path in sorted(out.glob("book/*/*.html")):
        for link in LINK.finditer(path.read_text("utf-8")):
            found[link[2]][path.relative_to(out / "book").as_posix()] = None
    return found


def title(path: Path) -> str:
    """Read a page's own title."""
    found = re.search(r"<h1>(.*?)</h1>", path.read_text("utf-8"), re.DOTALL)
    assert found, path
    words = re.sub(r"<a class=\"headerlink\".*?</a>", "", found[1])
    return html.unescape(re.sub(r"<[^>]+>", "", words)).strip()


def enter(page: BeautifulSoup, terms: Tag) -> None:
    """Put letters to jump by above the terms."""
    letters: dict[str, str] = {}
    for term in terms.select("dt"):
        text = term.get_text()
        if CHINESE.search(text):
            term["lang"] = "zh"
        elif text[0].isascii() and text[0].isalpha():
            letters.setdefault(text[0].upper(), str(term["id"]))
    line = page.new_tag("nav", attrs={"class": "letters"})
    line["aria-label"] = "Terms by letter"
    for letter, place in letters.items():
        link = page.new_tag("a", href=f"#{place}")
        link.string = letter
        line.append(link)
    terms.insert_before(line)


def used_in(page: BeautifulSoup, terms: Tag, out: Path) -> dict[str, str]:
    """Name below each term the chapters that use it; return the meanings."""
    users, meanings = uses(out), {}
    titles = {
        name: title(out / "book" / name)
        for of in users.values()
        for name in of
    }
    for meaning in terms.select("dd"):
        names = []
        for before in meaning.find_previous_siblings():
            if before.name != "dt":
                break
            names.append(str(before["id"]))
        text = " ".join(meaning.get_text().split())
        meanings |= dict.fromkeys(names, text)
        chapters = {
            each: None for name in names for each in users.get(name, ())
        }
        if chapters:
            line = page.new_tag("p", attrs={"class": "used-in"})
            for number, chapter in enumerate(chapters):
                line.append(", " if number else "In: ")
                link = page.new_tag("a", href=chapter)
                link.string = titles[chapter]
                line.append(link)
            meaning.append(line)
    return meanings


def finish(app: Sphinx, exception: Exception | None) -> None:
    """Add to the pages what only the whole book knows."""
    if exception or app.builder.format != "html":
        return
    out = Path(app.outdir)
    page = BeautifulSoup((out / PAGE).read_text("utf-8"), "html.parser")
    for earlier in page.select(".letters, .used-in"):
        earlier.decompose()
    terms = page.select_one("dl.glossary")
    assert terms
    meanings = used_in(page, terms, out)
    enter(page, terms)
    (out / PAGE).write_text(str(page), "utf-8")

    def told(link: re.Match[str]) -> str:
        said = html.escape(meanings[link[2]])
        rest = link[0].replace(link[1] or "", "")
        return rest.replace(" href=", f' data-meaning="{said}" href=', 1)

    for path in out.glob("book/*/*.html"):
        text = path.read_text("utf-8")
        if LINK.search(text):
            path.write_text(LINK.sub(told, text), "utf-8")


def order(
    app: Sphinx,
    name: str,
    template: str,
    context: dict[str, Any],
    tree: object,
) -> None:
    """Put what is Chinese at the end of the index, under one head."""
    if name == "genindex":
        entries = context["genindexentries"]
        chinese = [
            entry
            for key, part in entries
            if CHINESE.search(key)
            for entry in part
        ]
        context["genindexentries"] = [
            each for each in entries if not CHINESE.search(each[0])
        ]
        context["chinese"] = chinese


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    app.connect("html-page-context", order)
    app.connect("build-finished", finish, priority=400)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
