"""Show the code that waits for a reader's lines without its verdict.

An exercise's cell is stored as nobody has answered it, and the regression run
holds that it says so. On a page it would greet everybody with a failure.
"""

from __future__ import annotations

from docutils import nodes
from sphinx.application import Sphinx

VERDICT = "✗ Not yet"


def hide(app: Sphinx, tree: nodes.document) -> None:
    """Take the verdicts on unanswered exercises off a page."""
    for output in [*tree.findall(nodes.container)]:
        if "cell_output" in output["classes"] and output.astext().startswith(
            VERDICT
        ):
            output.parent.remove(output)


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    app.connect("doctree-read", hide)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
