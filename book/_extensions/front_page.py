"""Show on the front page what the chapters hold.

A picture and the minutes of each, and an explorer: all taken from the
rendered chapters, so that it cannot differ from them.
"""

from __future__ import annotations

import hashlib
import html
import re
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageOps
from sphinx.application import Sphinx

CARD = re.compile(
    r'(<div class="sd-card [^>]*>\s*)(<div class="sd-card-body[^>]*>.*?)'
    r'(</p>\s*</div>\s*<a class="sd-stretched-link[^>]* href="([^"#]+)")',
    re.DOTALL,
)
PICTURE = re.compile(
    r'<meta property="og:image" content="[^"]*/(_images/[^"]+)"'
)
MINUTES = re.compile(
    r"This chapter runs in about ([\w ]+) on two CPU cores"
)
EXPLORER = re.compile(
    r'<div data-explorer="([^"]+)" data-page="([^"]+)"></div>'
)
SIZE = 240, 120  # of a card's picture, in pixels of the page


def explorer(page: str, name: str) -> str:
    """Cut an explorer out of a chapter, with its style and its script."""
    begin = page.index(f'<div class="explorer" id="{name}"')
    begin = page.rindex("<style>", 0, begin)
    code = page.index("<script>", begin)  # after what a live piece is given
    end = page.index("</script>", code) + len("</script>")
    return page[begin:end].replace("../../_images/", "../_images/")


def thumbnail(out: Path, name: str) -> str:
    """Write the middle of a picture, small, beside the pictures."""
    with Image.open(out / name) as picture:
        small = ImageOps.fit(
            picture.convert("RGB"),
            (2 * SIZE[0], 2 * SIZE[1]),
            Image.Resampling.LANCZOS,
        )
    encoded = BytesIO()
    small.save(encoded, "webp", quality=78)
    digest = hashlib.sha256(encoded.getvalue()).hexdigest()[:32]
    made = f"_images/{digest}.webp"
    (out / made).write_bytes(encoded.getvalue())
    return made


def fill(app: Sphinx, exception: Exception | None) -> None:
    """Fill the cards of the map, and the place of the explorer."""
    if exception or app.builder.format != "html":
        return
    out = Path(app.outdir)
    path = out / "book/index.html"
    text = path.read_text("utf-8")
    if "map-picture" in text:
        return

    def page(name: str) -> str:
        return (path.parent / name).read_text("utf-8")

    def filled(found: re.Match[str]) -> str:
        chapter = page(found[4])
        picture, minutes = PICTURE.search(chapter), MINUTES.search(chapter)
        if not picture or not minutes:
            raise ValueError(f"{found[4]} has no picture or no minutes")
        name = thumbnail(out, html.unescape(picture[1]))
        width, height = SIZE
        return (
            f'{found[1]}<img class="map-picture" src="../{name}" alt="" '
            f'width="{width}" height="{height}" loading="lazy" />'
            f"{found[2]} · {minutes[1]}{found[3]}"
        )

    text = CARD.sub(filled, text)
    text = EXPLORER.sub(
        lambda found: explorer(page(f"{found[2]}.html"), found[1]), text
    )
    path.write_text(text, "utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx, to come after :mod:`pictures`."""
    app.connect("build-finished", fill, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
