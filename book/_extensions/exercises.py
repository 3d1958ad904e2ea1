"""Show exercises unanswered, and each solution behind its title.

An exercise's cell is stored as nobody has answered it, and the regression run
holds that it says so. On a page it would greet everybody with a failure.
"""

from __future__ import annotations

from docutils import nodes
from sphinx.application import Sphinx

VERDICT = "✗ Not yet"
# What sphinx-exercise calls the section in each of its boxes, on one page.
REPEATED = {"exercise-content", "solution-content"}


def hide(app: Sphinx, tree: nodes.document) -> None:
    """Take the verdicts on unanswered exercises off a page."""
    for output in [*tree.findall(nodes.container)]:
        if "cell_output" in output[
            "classes"
        ] and output.astext().startswith(VERDICT):
            output.parent.remove(output)


def open_by_title(app: Sphinx, tree: nodes.document, name: str) -> None:
    """Let a click on a solution's title open it, and no name stand twice.

    The title would lead to the exercise, which stands right above.
    """
    for section in tree.findall(nodes.section):
        if REPEATED.intersection(section["ids"]):
            section["ids"] = []
            if "solution" in section.parent.get("classes", []):
                title = next(section.parent.findall(nodes.title))
                title.children = [nodes.Text(title.astext())]


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    app.connect("doctree-read", hide)
    app.connect("doctree-resolved", open_by_title)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
