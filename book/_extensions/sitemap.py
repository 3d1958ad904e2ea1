"""List all pages of the book for search engines, in ``sitemap.xml``.

Where only what changed is rendered again, sphinx-sitemap lists only that. The
environment knows all pages.
"""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from pathlib import Path

from sphinx.application import Sphinx

NAMESPACE = "http://www.sitemaps.org/schemas/sitemap/0.9"


def write(app: Sphinx, exception: Exception | None) -> None:
    """Write the list beside the pages."""
    if exception or app.builder.format != "html":
        return
    pages = ElementTree.Element("urlset", xmlns=NAMESPACE)
    for name in sorted(app.env.found_docs):
        place = ElementTree.SubElement(
            ElementTree.SubElement(pages, "url"), "loc"
        )
        place.text = app.config.html_baseurl + app.builder.get_target_uri(
            name
        )
    path = Path(app.outdir, "sitemap.xml")
    ElementTree.ElementTree(pages).write(
        path, "utf-8", xml_declaration=True
    )


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    app.connect("build-finished", write)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
