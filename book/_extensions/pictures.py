"""Let pictures arrive when a reader comes near them, in the room kept for them.

Pictures of pixels have two for each of the page, those of lines any number.

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

FRAME = re.compile(
    r'(src|srcset)="data:image/(webp|png);base64,([A-Za-z0-9+/=]+)"'
)
RASTER = re.compile(r"\.(jpg|png|webp)$")
STYLE = re.compile(r' style="[^"]*"')
ALT = re.compile(r'alt="([^"]*)"')
COVER = re.compile(
    r'(<meta property="og:image" content="[^"]*/_images/)cover\.png(?=")'
)
OF_COVER = 'property="og:image:alt" content="Computer vision with PyTorch"'
SHOWN_DPI = 120  # as in cvlib.figures.encoding
PICTURE = re.compile(r'<img ([^>]*src="[^"]*(_images/[^"]+)"[^>]*?)\s*/?>')


@functools.cache
def size(path: Path) -> tuple[int, int]:
    """Read a picture's width and height, in pixels of the page."""
    if path.suffix == ".svg":
        root = ElementTree.parse(path).getroot()
        sides = [float(side) for side in root.attrib["viewBox"].split()[2:]]
        points = root.attrib.get("width", "").endswith("pt")
        scale = SHOWN_DPI / 72 if points else 1
    else:
        with Image.open(path) as picture:
            sides = [float(side) for side in picture.size]
            dpi = picture.info.get("dpi", (SHOWN_DPI,))[0]
            scale = SHOWN_DPI / dpi if dpi > SHOWN_DPI else 1
    return round(sides[0] * scale), round(sides[1] * scale)


def file(out: Path, kind: str, encoded: str) -> str:
    """Write a frame beside the pictures, under a name made of what it shows."""
    data = base64.b64decode(encoded)
    name = f"_images/{hashlib.sha256(data).hexdigest()[:32]}.{kind}"
    if not (out / name).exists():
        (out / name).write_bytes(data)
    return name


def show_own(text: str) -> str:
    """Let a page be shown elsewhere by a picture of its own.

    A card of a page can show no drawing (SVG); where the first picture of the
    page is one, the first that is none takes the place of the book's cover.
    """
    own = next(
        (
            found
            for found in PICTURE.finditer(text)
            if RASTER.search(found[2])
        ),
        None,
    )
    alt = own and ALT.search(own[1])
    if not own or not alt:
        return text
    name = own[2].removeprefix("_images/")
    text = COVER.sub(rf"\g<1>{name}", text)
    return text.replace(
        OF_COVER, f'property="og:image:alt" content="{alt[1]}"'
    )


def announce(app: Sphinx, exception: Exception | None) -> None:
    """Write into each page how large its pictures are."""
    if exception or app.builder.format != "html":
        return
    out = Path(app.outdir)

    def announced(found: re.Match[str]) -> str:
        whole, said, name = found[0], found[1], found[2]
        if "loading=" in said:
            return whole
        lazy = ' loading="lazy"' if found.start() > first else ""
        if "width=" in said:
            return f"<img {said}{lazy} />"
        width, height = size(out / name)
        said = STYLE.sub("", said)  # the size that a notebook wishes for
        said += f' width="{width}" height="{height}"'
        wide = f'style="--wide: {width}px"'
        return f'<span class="picture" {wide}><img {said}{lazy} /></span>'

    for path in out.rglob("*.html"):
        text = path.read_text("utf-8")
        if FRAME.search(text):
            root = "../" * len(path.relative_to(out).parents[:-1])

            def filed(found: re.Match[str], root: str = root) -> str:
                return f'{found[1]}="{root}{file(out, found[2], found[3])}"'

            text = FRAME.sub(filed, text)
            path.write_text(text, "utf-8")
        if picture := PICTURE.search(text):
            first = picture.start()
            text = PICTURE.sub(announced, text)
            path.write_text(
                show_own(text) if COVER.search(text) else text, "utf-8"
            )


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    app.connect("build-finished", announce)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
