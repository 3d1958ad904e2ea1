"""Draw which room of the package imports which: ``python -m tests.imports``, ``--write`` keeps it.

The order of the rooms stands here, and nowhere else in the code. CONTRIBUTING.md holds the drawing
between two markers; tests hold it against the imports, and the imports against the order.
"""

from __future__ import annotations

import argparse
import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from tests.checkout import ROOT, name_of

DOCUMENT = ROOT / "CONTRIBUTING.md"
BEGIN, END = "<!-- imports: begin -->\n", "<!-- imports: end -->\n"

# From the ground up. A room imports from lower floors, and from itself.
FLOORS = (
    ("ground",),
    ("data", "images", "layers", "augmentation"),
    ("networks",),
    ("training",),
    ("tasks", "practice"),
    ("figures", "exercises"),
    ("book",),
    ("command line",),
)
# Modules beside the rooms; what is not listed bears the name of its room.
BESIDE = {
    **dict.fromkeys(("arguments", "console", "files"), "ground"),
    **dict.fromkeys(("__main__", "command_line", "recipes", "records"), "command line"),
}
HEIGHTS = {room: height for height, floor in enumerate(FLOORS) for room in floor}


def room_of(module: str) -> str:
    """Say in which room a module of cvlib stands, such as ``training.loop``."""
    first, _, rest = module.partition(".")
    room = "command line" if rest == "__main__" else BESIDE.get(first, first)
    if room not in HEIGHTS:
        raise LookupError(f"cvlib.{module} stands in no room; give it one in tests/imports.py")
    return room


def imported(path: Path) -> Iterator[str]:
    """Name what a file imports of cvlib, wherever in it: ``training.loop.fit``."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            if node.level:
                raise ImportError(f"{name_of(path)} imports relatively")
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        yield from (name.removeprefix("cvlib.") for name in names if name.startswith("cvlib."))


def arrows(folder: Path = ROOT / "cvlib") -> dict[tuple[str, str], list[str]]:
    """Find from which room to which there are imports, and the files that have them."""
    found: dict[tuple[str, str], list[str]] = {}
    for path in sorted(folder.rglob("*.py")):
        module = ".".join(path.relative_to(folder).with_suffix("").parts)
        if module == "__init__":  # it loads a room when it is first asked for
            continue
        room = room_of(module.removesuffix(".__init__"))
        for name in imported(path):
            if name != "device" and (other := room_of(name)) != room:
                files = found.setdefault((room, other), [])
                files.extend({path.relative_to(folder).as_posix()} - set(files))
    return found


def wrong(found: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Name the arrows that do not lead down."""
    return [(room, other) for room, other in found if HEIGHTS[other] >= HEIGHTS[room]]


def drawing(found: Iterable[tuple[str, str]]) -> str:
    """Draw the rooms, the highest floor first, each with the rooms that it imports."""
    arrows = set(found)
    width = max(map(len, HEIGHTS))
    lines = []
    for height in reversed(range(len(FLOORS))):
        for room in FLOORS[height]:
            below = [other for other in HEIGHTS if (room, other) in arrows]
            said = f"imports {', '.join(below)}" if below else "imports none"
            lines.append(f"{height}  {room:<{width}}  {said}")
    return "\n".join(["```text", *lines, "```", ""])


def written(text: str, diagram: str) -> str:
    """Put a drawing between the markers of a text."""
    pattern = re.compile(f"{re.escape(BEGIN)}.*?{re.escape(END)}", re.DOTALL)
    if len(pattern.findall(text)) != 1:
        raise ValueError(f"text has no place for the drawing, between {BEGIN!r} and {END!r}")
    return pattern.sub(lambda _: f"{BEGIN}{diagram}{END}", text)


def main(words: list[str] | None = None) -> None:
    """Print the drawing, or keep it in CONTRIBUTING.md."""
    line = argparse.ArgumentParser(prog="python -m tests.imports", description=main.__doc__)
    line.add_argument("--write", action="store_true", help="renew the drawing in CONTRIBUTING.md")
    diagram = drawing(arrows())
    if line.parse_args(words).write:
        DOCUMENT.write_text(written(DOCUMENT.read_text("utf-8"), diagram), "utf-8")
    else:
        print(diagram, end="")


if __name__ == "__main__":
    main()
