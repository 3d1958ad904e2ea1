"""Write what the search looks through: the book's sections, one by one.

Sphinx's own index knows pages. A page here is long, so the search shall lead
to a section. Each section becomes a document of MiniSearch: its title, its
chapter, its own prose, its code, and what the book's index says of it. The
browser loads them, with MiniSearch and the stemmer, when somebody searches,
by a script tag, which also works for a site that is opened from a file.
"""

from __future__ import annotations

import json
import posixpath
from collections.abc import Iterable, Iterator
from pathlib import Path

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.search.en import SearchEnglish

LIBRARY = Path(__file__).with_name("minisearch") / "minisearch.js"
WRITTEN = "_static/sections.js"

SILENT = (
    addnodes.index,
    addnodes.toctree,
    nodes.comment,
    nodes.image,
    nodes.math,
    nodes.math_block,
    nodes.raw,
    nodes.substitution_definition,
    nodes.system_message,
    nodes.target,
)
#: What reads as one line of its own, rather than as a part of one.
LINES = (nodes.TextElement, nodes.literal_block, nodes.term)
Section = dict[str, str]


def titled(node: nodes.Node) -> bool:
    """Tell a section of the text from the body of an exercise."""
    return isinstance(node, nodes.section) and isinstance(
        node.children[0], nodes.title
    )


def of_its_own(node: nodes.Node) -> bool:
    """Tell what becomes a document of its own."""
    return titled(node) or isinstance(
        node, (addnodes.desc, addnodes.glossary)
    )


class Page:
    """A page, and the documents that it becomes."""

    def __init__(self, app: Sphinx, name: str) -> None:
        self.titles = app.env.titles
        self.name = name
        self.tree = app.env.get_doctree(name)
        self.chapter = self.titles[name].astext()

    def plain(self, text: nodes.Element) -> str:
        """Read a text as readers will, without formulas and citations."""
        words = text.deepcopy()
        for link in [*words.findall(addnodes.pending_xref)]:
            if link["refdomain"] in ("cite", "math"):
                link.parent.remove(link)
            elif link["reftype"] == "doc" and not link["refexplicit"]:
                folder = posixpath.dirname(self.name)
                path = posixpath.join(folder, link["reftarget"])
                title = self.titles[posixpath.normpath(path)]
                link.parent.replace(link, nodes.Text(title.astext()))
        for silent in [
            *words.findall(lambda node: isinstance(node, SILENT))
        ]:
            silent.parent.remove(silent)
        return words.astext()

    def gather(self, node: nodes.Node, parts: dict[str, list[str]]) -> None:
        """Gather what a node says, less what is a document of its own."""
        if (
            isinstance(node, nodes.Element)
            and "cell_output" in node["classes"]
        ):
            return
        if isinstance(node, addnodes.index):
            parts["index"] += [entry[1] for entry in node["entries"]]
        elif isinstance(node, SILENT):
            pass
        elif isinstance(node, nodes.literal_block):
            parts["code"].append(node.astext())
        elif isinstance(node, nodes.TextElement):
            parts["text"].append(self.plain(node))
            for entry in node.findall(addnodes.index):
                self.gather(entry, parts)
        else:
            for child in node.children:
                if not of_its_own(child):
                    self.gather(child, parts)

    def document(
        self, anchor: str, title: str, content: Iterable[nodes.Node]
    ) -> Section:
        """Make a document of one place on the page."""
        parts: dict[str, list[str]] = {"text": [], "code": [], "index": []}
        for node in content:
            if not of_its_own(node):
                self.gather(node, parts)
        return {
            "id": f"{self.name}.html" + (f"#{anchor}" if anchor else ""),
            "title": title,
            "chapter": self.chapter,
            **{
                name: " ".join(" ".join(words).split())
                for name, words in parts.items()
            },
        }

    def documents(self) -> Iterator[Section]:
        """Make the documents: sections, terms, and what is described."""
        for section in self.tree.findall(titled):
            title, *content = section.children
            whole_page = section.parent is self.tree
            anchor = "" if whole_page else section["ids"][0]
            yield self.document(anchor, title.astext(), content)
        for item in self.tree.findall(nodes.definition_list_item):
            if isinstance(item.parent.parent, addnodes.glossary):
                *terms, meaning = item.children
                words = ", ".join(term.astext() for term in terms)
                yield self.document(terms[0]["ids"][0], words, [meaning])
        for described in self.tree.findall(addnodes.desc):
            signature, content = (
                described.children[0],
                described.children[-1],
            )
            for anchor in signature["ids"]:
                name = signature["fullname"]
                yield self.document(anchor, name, content.children)


def write(app: Sphinx, exception: Exception | None) -> None:
    """Write the documents, and what the browser needs to look through them."""
    if exception or app.builder.format != "html":
        return
    pages = [Page(app, name) for name in sorted(app.env.found_docs)]
    found = [document for page in pages for document in page.documents()]
    stopwords = json.dumps(sorted(SearchEnglish.stopwords))
    documents = json.dumps(found, ensure_ascii=False, separators=(",", ":"))
    Path(app.outdir, WRITTEN).write_text(
        f"{LIBRARY.read_text('utf-8')}\n{SearchEnglish.js_stemmer_code}\n"
        f"const STOPWORDS = new Set({stopwords});\n"
        f"const SECTIONS = {documents};\n",
        "utf-8",
    )


def without_sphinxs(app: Sphinx) -> None:
    """Keep Sphinx from an index of its own; the page of results stays."""
    app.builder.search = False
    app.config.html_additional_pages["search"] = "search.html"


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    app.connect("builder-inited", without_sphinxs)
    app.connect("build-finished", write)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
