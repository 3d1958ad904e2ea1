"""Draw the theme's icons from a font of the few that the pages show.

The theme draws a handful of icons with all of Font Awesome: a script of
1.5 MB, which runs on every page, and fonts and style rules for 2,000. The
rules alone can draw an icon from the font, so the script goes; the font keeps
the icons that stand on some page or in some script, and travels inside the
style sheet.
"""

from __future__ import annotations

import base64
import re
from io import BytesIO
from pathlib import Path

import pydata_sphinx_theme
from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont
from sphinx.application import Sphinx

THEME = (
    Path(pydata_sphinx_theme.__file__).parent
    / "theme/pydata_sphinx_theme/static"
)
SHEET = "styles/pydata-sphinx-theme.css"
SCRIPT = "scripts/fontawesome.js"
FONTS = "vendor/fontawesome/webfonts"

NAME = re.compile(r"fa-[a-z0-9-]+")
RULE = re.compile(r'((?:\.fa-[a-z0-9-]+:before,?)+)\{content:"[^"]*"\}')
CHARACTER = re.compile(r'"\\([0-9a-f]{4})')
TAG = re.compile(rf"\s*<script[^>]*{re.escape(SCRIPT)}[^>]*></script>")
SOURCE = re.compile(rf"src:url\(\.\./{FONTS}/([a-z0-9-]+)\.woff2\)[^}};]*")


def without_unused(sheet: str, used: set[str]) -> str:
    """Leave out the rules of icons that nothing shows."""

    def keep(rule: re.Match[str]) -> str:
        return rule[0] if used & {*NAME.findall(rule[1])} else ""

    return RULE.sub(keep, sheet)


def font_of(path: Path, characters: set[int]) -> str:
    """Cut a font down to some characters, as an address that holds it."""
    font = TTFont(path)
    subsetter = Subsetter(Options(notdef_outline=True))
    subsetter.populate(unicodes=characters & {*font.getBestCmap()})
    subsetter.subset(font)
    font.flavor = "woff"
    written = BytesIO()
    font.save(written)
    encoded = base64.b64encode(written.getvalue()).decode()
    return f"data:font/woff;base64,{encoded}"


def lighten(app: Sphinx, exception: Exception | None) -> None:
    """Take away the script, and what no page shows of fonts and rules."""
    if exception or app.builder.format != "html":
        return
    out = Path(app.outdir)
    used: set[str] = set()
    for page in out.rglob("*.html"):
        text = page.read_text("utf-8")
        used |= {*NAME.findall(text)}
        if TAG.search(text):
            page.write_text(TAG.sub("", text), "utf-8")
    static = out / "_static"
    (static / SCRIPT).unlink(missing_ok=True)
    for script in static.glob("**/*.js"):
        used |= {*NAME.findall(script.read_text("utf-8"))}
    sheet = without_unused((THEME / SHEET).read_text("utf-8"), used)
    others = "".join(
        path.read_text("utf-8") for path in static.glob("**/*.css")
    )
    ours = without_unused(others, used)
    characters = {int(code, 16) for code in CHARACTER.findall(sheet + ours)}

    def embedded(source: re.Match[str]) -> str:
        whole = THEME / FONTS / f"{source[1]}.ttf"
        return f"src:url({font_of(whole, characters)})"

    (static / SHEET).write_text(SOURCE.sub(embedded, sheet), "utf-8")
    for font in (static / FONTS).glob("*"):
        font.unlink()


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    app.connect("build-finished", lighten)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
