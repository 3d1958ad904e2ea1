"""The checkout as a whole, for the tests that hold its files against each other."""

from __future__ import annotations

import fnmatch
import os
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))


def run(*command: str | Path, given: str | None = None) -> str:
    """Run a command that must succeed, and return what it prints."""
    done = subprocess.run(
        list(map(str, command)),
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if name != "MAKEFLAGS"},
        input=given or "",
        text=True,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, f"{command}:\n{done.stdout}{done.stderr}"
    return done.stdout


def project() -> dict[str, Any]:
    """Read pyproject.toml."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


def project_files() -> Iterator[Path]:
    """Walk over the files of the project: what .gitignore leaves, without asking git."""
    ignored = [".git", *(line.strip("/") for line in (ROOT / ".gitignore").read_text().split())]
    for folder, folders, files in os.walk(ROOT):
        for names in folders, files:
            names[:] = [n for n in names if not any(fnmatch.fnmatch(n, i) for i in ignored)]
        yield from (Path(folder, name) for name in files)


def name_of(path: Path) -> str:
    """Name a file of the project by its path from the root."""
    return path.relative_to(ROOT).as_posix()


def workflow_steps() -> Iterator[tuple[str, dict[str, Any]]]:
    """Go through the steps of every workflow, each with its file's name."""
    for path in WORKFLOWS:
        jobs = yaml.safe_load(path.read_text("utf-8"))["jobs"].values()
        yield from ((name_of(path), step) for job in jobs for step in job["steps"])
