"""Offer the notebooks in plain Markdown: to download, and to open in Colab.

Colab opens what lies in a repository, so a workflow puts the plain notebooks
on the branch ``notebooks``; the pages' links lead there.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from sphinx.application import Sphinx

OFFERED = "https://colab.research.google.com/github/{}/blob/{}/"


def offer(app: Sphinx, exception: Exception | None) -> None:
    """Write the plain notebooks where pages offer the others, and link them."""
    if exception or app.builder.format != "html":
        return
    out = Path(app.outdir)
    subprocess.run(
        [sys.executable, "-m", "book.plain", out / "_sources"],
        cwd=app.confdir,
        stdout=subprocess.DEVNULL,
        check=True,
    )
    options = app.config.html_theme_options
    project = options["repository_url"].removeprefix("https://github.com/")
    whole = OFFERED.format(project, options["repository_branch"])
    plain = OFFERED.format(project, "notebooks")
    for path in out.rglob("*.html"):
        text = path.read_text("utf-8")
        if whole in text:
            path.write_text(text.replace(whole, plain), "utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    app.connect("build-finished", offer)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
