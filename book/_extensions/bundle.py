"""Give each page one style sheet, one script, and one that sets formulas.

A page would ask for ten small sheets, a dozen small scripts, and a MathJax
with a menu that takes 108 KB. Here they become three files, which the browser
keeps from page to page. Scripts wait for the page (``defer``), so that it
shows before they run; only Sphinx's options, which inline scripts add to, are
written into the page itself.
"""

from __future__ import annotations

import re
import zlib
from pathlib import Path

from sphinx.application import Sphinx

SHEET = re.compile(
    r'[ \t]*<link[^>]*href="([^"]*?_static/)([^"?]+\.css)[^"]*"[^>]*>\n?'
)
SCRIPT = re.compile(
    r'[ \t]*<script[^>]*src="([^"]*?_static/)([^"?]+\.js)[^>]*></script>\n?'
)
PRELOAD = re.compile(r'[ \t]*<link rel="preload"[^>]*>\n?')
IMPORT = re.compile(r'@import "([^"]+)";')
OPTIONS = "documentation_options.js"
#: MathJax as a whole, and the parts of it that the pages need.
MATHJAX, MATHS = "mathjax/tex-chtml.js", "mathjax/maths.js"
PARTS = (
    "startup",
    "core",
    "input/tex",
    "output/chtml",
    "output/chtml/fonts/tex",
)
ASSISTIVE = "a11y/assistive-mml"


def sheet(path: Path) -> str:
    """Read a style sheet, and those that it imports."""
    return IMPORT.sub(
        lambda found: sheet(path.parent / found[1]), path.read_text("utf-8")
    )


def bundle(app: Sphinx, exception: Exception | None) -> None:
    """Join the files, and name the joined ones on each page instead."""
    if exception or app.builder.format != "html":
        return
    out = Path(app.outdir)
    static = out / "_static"
    # The page of results is rendered each time, and has all but formulas.
    page = (out / "search.html").read_text("utf-8")
    sheets = [found[2] for found in SHEET.finditer(page)]
    scripts = sorted(
        SCRIPT.finditer(page), key=lambda found: "defer" in found[0]
    )
    names = [found[2] for found in scripts if found[2] != OPTIONS]
    written = {
        "book.css": "\n".join(sheet(static / name) for name in sheets),
        # Begins empty: else the first one's "use strict" would hold for all.
        "book.js": ";\n".join(
            ["", *((static / name).read_text("utf-8") for name in names)]
        ),
        MATHS: ";\n".join(
            (static / f"mathjax/{part}.js").read_text("utf-8")
            for part in (*PARTS, ASSISTIVE)
        ),
    }
    for name, text in written.items():
        (static / name).write_text(text, "utf-8")
    options = (static / OPTIONS).read_text("utf-8")

    def tag(name: str, root: str) -> str:
        address = f"{root}{name}?v={zlib.crc32(written[name].encode()):08x}"
        if name.endswith(".css"):
            return f'<link rel="stylesheet" href="{address}" />\n'
        return f'<script defer src="{address}"></script>\n'

    def joined(found: re.Match[str]) -> str:
        root, name = found[1], found[2]
        if name == OPTIONS:
            return f"<script>{options}</script>\n{tag('book.js', root)}"
        return tag(MATHS, root) if name == MATHJAX else ""

    for path in out.rglob("*.html"):
        text = path.read_text("utf-8")
        first = SHEET.search(text)
        if first and first[2] != "book.css":  # not yet joined
            link = tag("book.css", first[1])
            text = (
                text[: first.start()]
                + link
                + SHEET.sub("", text[first.end() :])
            )
            path.write_text(
                SCRIPT.sub(joined, PRELOAD.sub("", text)), "utf-8"
            )


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx, after all that changes these files."""
    app.connect("build-finished", bundle, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
