"""Beside the listings of code: the list of chapters, made once per folder.

Sphinx copies the whole table of contents for each page, to mark the one that is
read. A listing stands in no table, so those of a folder have the same list.
"""

from __future__ import annotations

from functools import partial
from pathlib import PurePosixPath
from typing import Any

from sphinx.application import Sphinx

FOLDER = "_modules"


def share(
    made: dict[tuple[Any, ...], str],
    app: Sphinx,
    name: str,
    template: str,
    context: dict[str, Any],
    doctree: Any,
) -> None:
    """Let a page take the list that the first of its folder made."""
    place = PurePosixPath(name)
    if place.parts[0] != FOLDER:
        return
    toctree = context["toctree"]

    def shared(**how: Any) -> str:
        key = place.parent, *sorted(how.items())
        if key not in made:
            made[key] = toctree(**how)
        return made[key]

    context["toctree"] = shared


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx, before the theme fills a page's places."""
    app.connect("html-page-context", partial(share, {}), priority=400)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
