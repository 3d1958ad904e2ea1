"""Let pictures arrive when a reader comes near them, in the room kept for them.

A page says how large each of its pictures is, so that nothing moves when one
arrives, and a link to a section still leads there; and that pictures below
the first are to be fetched only when the reader scrolls towards them. The
frames of explorers, which a notebook holds in its text, become files for it:
frames.js fetches them when a reader comes to the explorer.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import re
from pathlib import Path
from xml.etree import ElementTree

from PIL import Image
from sphinx.application import Sphinx

FRAME = re.compile(r'src="data:image/(webp|png);base64,([A-Za-z0-9+/=]+)"')
PICTURE = re.compile(r'<img ([^>]*src="[^"]*(_images/[^"]+)"[^>]*?)\s*/?>')


@functools.cache
def size(path: Path) -> tuple[int, int]:
    """Read a picture's width and height, in pixels of the page."""
    if path.suffix == ".svg":
        root = ElementTree.parse(path).getroot()
        _, _, width, height = root.attrib["viewBox"].split()
        return round(float(width)), round(float(height))
    with Image.open(path) as picture:
        return picture.size


def file(out: Path, kind: str, encoded: str) -> str:
    """Write a frame beside the pictures, under a name made of what it shows."""
    data = base64.b64decode(encoded)
    name = f"_images/{hashlib.sha256(data).hexdigest()[:32]}.{kind}"
    if not (out / name).exists():
        (out / name).write_bytes(data)
    return name


def announce(app: Sphinx, exception: Exception | None) -> None:
    """Write into each page how large its pictures are."""
    if exception or app.builder.format != "html":
        return
    out = Path(app.outdir)

    def announced(found: re.Match[str]) -> str:
        whole, said, name = found[0], found[1], found[2]
        if "width=" in said or "loading=" in said:
            return whole
        width, height = size(out / name)
        lazy = ' loading="lazy"' if found.start() > first else ""
        return f'<img {said} width="{width}" height="{height}"{lazy} />'

    for path in out.rglob("*.html"):
        text = path.read_text("utf-8")
        if FRAME.search(text):
            root = "../" * len(path.relative_to(out).parents[:-1])

            def filed(found: re.Match[str], root: str = root) -> str:
                return f'src="{root}{file(out, found[1], found[2])}"'

            text = FRAME.sub(filed, text)
            path.write_text(text, "utf-8")
        if picture := PICTURE.search(text):
            first = picture.start()
            path.write_text(PICTURE.sub(announced, text), "utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    app.connect("build-finished", announce)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
