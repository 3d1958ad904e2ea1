"""Put what pages compute with (:mod:`book.live`) beside the pages."""

from __future__ import annotations

import subprocess
import sys
import zlib
from pathlib import Path

from sphinx.application import Sphinx


def place(app: Sphinx, exception: Exception | None) -> None:
    """Write the scripts, and their common version into their loader."""
    if exception or app.builder.format != "html":
        return
    static = Path(app.outdir) / "_static"
    subprocess.run(
        [sys.executable, "-m", "book.live", static / "live"],
        cwd=app.confdir,
        stdout=subprocess.DEVNULL,
        check=True,
    )
    version = 0
    for path in sorted((static / "live").iterdir()):
        version = zlib.crc32(path.read_bytes(), version)
    loader = static / "live.js"
    text = loader.read_text("utf-8").replace("VERSION", f"{version:08x}")
    loader.write_text(text, "utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx, to come before the scripts are joined."""
    app.connect("build-finished", place, priority=400)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
