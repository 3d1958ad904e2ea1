"""The command line of the course: ``python -m cvlib --help`` says what it does.

What is heavy is imported only once an interruption is waited for, so that Ctrl-C ends it without a
traceback from the first moment on.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

__all__ = ["main"]


def main(words: Sequence[str] | None = None) -> None:
    """Run the command line.

    Parameters
    ----------
    words
        The words after the command's name; those of this process by default.

    Raises
    ------
    SystemExit
        With the status 130 if it was interrupted, and with others if something cannot be done.
    """
    script = Path(sys.argv[0]).stem == "cvlib-course"
    try:
        from cvlib.command_line import run

        run(
            sys.argv[1:] if words is None else words,
            "cvlib-course" if script else "python -m cvlib",
        )
    except KeyboardInterrupt:
        print("\ninterrupted", file=sys.stderr)
        raise SystemExit(130) from None


def renamed(room: str, command: str) -> None:
    """Run a command under the spelling that it had before, and say the new one.

    Parameters
    ----------
    room
        Where it was: ``python -m cvlib.ROOM``.
    command
        Which it is now.
    """
    if os.environ.get("LOCAL_RANK", "0") == "0":  # else torchrun has started others that say it
        said = f"python -m cvlib.{room} is going away; write: python -m cvlib {command}"
        print(said, file=sys.stderr)
    main([command, *sys.argv[1:]])


if __name__ == "__main__":
    main()
