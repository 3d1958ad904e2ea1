"""Keep a comma or a bracket on the line of the formula that it stands at.

MathJax makes a box of each formula, and a browser may break a line on either
side of a box.
"""

from __future__ import annotations

import re
from pathlib import Path

from sphinx.application import Sphinx

FORMULA = re.compile(
    r"([(“]?)"
    r'(<span class="math notranslate nohighlight">[^<]*</span>)'
    r"((?:[.,;:!?)”]|’s?|-[a-z]+)*)"
)


def keep(found: re.Match[str]) -> str:
    """Wrap a formula and its punctuation, if there is any."""
    if not found[1] and not found[3]:
        return found[0]
    return f'<span class="unbroken">{found[0]}</span>'


def punctuate(app: Sphinx, exception: Exception | None) -> None:
    """Go through all pages."""
    if exception or app.builder.format != "html":
        return
    for path in Path(app.outdir).rglob("*.html"):
        text = path.read_text("utf-8")
        if '"unbroken"' not in text and FORMULA.search(text):
            path.write_text(FORMULA.sub(keep, text), "utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    app.connect("build-finished", punctuate)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
