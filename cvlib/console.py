"""Write to a console that may lack signs: output to a file under Windows is often cp1252."""

from __future__ import annotations

import sys

__all__ = ["say"]

_PLAIN = {
    "✗ ": "",
    "✓ ": "",
    "≈": "~",
    "×": "x",
    "·": "*",
    "−": "-",
    "±": "+-",
    "→": "->",
    "≤": "<=",
    "≥": ">=",
    "…": "...",
    "–": "-",
}


def say(line: str, *, flush: bool = False) -> None:
    r"""Print a line: as it is where the console can write it, else in plain letters.

    Parameters
    ----------
    line
        What to print. Signs that the console lacks, and for which there are no plain letters, are
        written as Python writes them in a string, such as ``\u56fe``.
    flush
        Whether it shall be seen at once, as :func:`print` takes it.

    Examples
    --------
    >>> say("test accuracy ≈ 0.975")
    test accuracy ≈ 0.975
    """
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    try:
        line.encode(encoding)
    except UnicodeEncodeError:
        for sign, plain in _PLAIN.items():
            line = line.replace(sign, plain)
        line = line.encode(encoding, "backslashreplace").decode(encoding)
    print(line, flush=flush)
