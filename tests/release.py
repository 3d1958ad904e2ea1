"""Try a release as a newcomer would: ``python -m tests.release``.

Builds the source archive and from it the wheel, installs the wheel outside of the checkout, and
runs notebooks there as the site offers them. With ``--empty`` the wheel gets an environment of its
own with all its dependencies, for which a network is needed; without, the dependencies are those
of this Python.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tarfile
import tempfile
import venv
import zipfile
from collections.abc import Sequence
from pathlib import Path

import nbformat
from nbclient import NotebookClient

from book import plain
from tests.checkout import ROOT, project_files

CHAPTERS = ("images/edges", "layers/pooling", "training/loop")
BUILD = "import sys, setuptools.build_meta as backend; backend.build_{}(sys.argv[1])"


def build(folder: Path) -> tuple[Path, Path]:
    """Build the source archive from the checkout's files, and the wheel from that archive.

    Parameters
    ----------
    folder
        Where to put them, and what is needed on the way.

    Returns
    -------
    sdist, wheel : pathlib.Path
        What a release publishes.
    """
    source, dist = folder / "source", folder / "dist"
    dist.mkdir(parents=True)
    for path in project_files():
        copy = source / path.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(path.read_bytes())
    _python(BUILD.format("sdist"), str(dist), cwd=source)
    (sdist,) = dist.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        archive.extractall(folder / "unpacked", filter="data")
    (unpacked,) = (folder / "unpacked").iterdir()
    _python(BUILD.format("wheel"), str(dist), cwd=unpacked)
    (wheel,) = dist.glob("*.whl")
    return sdist, wheel


def _python(code: str, *words: str, cwd: Path) -> None:
    subprocess.run(
        [sys.executable, "-c", code, *words], cwd=cwd, check=True, stdout=subprocess.DEVNULL
    )


def install(wheel: Path, folder: Path, *, empty: bool) -> tuple[Path, dict[str, str]]:
    """Install a wheel outside of the checkout.

    Parameters
    ----------
    wheel
        The wheel.
    folder
        Where to put the environment, or the package alone.
    empty
        Whether to make an empty environment and install the dependencies, too.

    Returns
    -------
    python : pathlib.Path
        The interpreter that finds the package.
    environment : dict
        What it needs beside this process's environment.
    """
    if empty:
        venv.create(folder, with_pip=True)
        python = folder / "bin/python"
        subprocess.run([python, "-m", "pip", "install", "--quiet", wheel, "ipykernel"], check=True)
        return python, {"PYTHONPATH": ""}
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return Path(sys.executable), {"PYTHONPATH": str(folder)}


def run(chapter: str, folder: Path, python: Path, environment: dict[str, str]) -> None:
    """Run a chapter's plain notebook in a folder, and see that the package is the installed one.

    Parameters
    ----------
    chapter
        The chapter, as ``layers/pooling``.
    folder
        Where plain notebooks lie; outside of the checkout.
    python, environment
        As :func:`install` returns them.

    Raises
    ------
    AssertionError
        If the notebook took ``cvlib`` from the checkout.
    nbclient.exceptions.CellExecutionError
        If a cell fails.
    """
    path = folder / f"book/{chapter}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    notebook.cells.append(nbformat.v4.new_code_cell("print(cvlib.__file__)"))
    client = NotebookClient(notebook, timeout=600, resources={"metadata": {"path": path.parent}})
    manager = client.create_kernel_manager()
    manager.kernel_spec.argv = [
        str(python), "-m", "ipykernel_launcher", "-f", "{connection_file}"
    ]  # fmt: skip
    with client.setup_kernel(env={**os.environ, **environment, "CVLIB_PROGRESS": "0"}):
        for number, cell in enumerate(notebook.cells):
            client.execute_cell(cell, number)
    place = notebook.cells[-1].outputs[0]["text"]
    assert not Path(place.strip()).is_relative_to(ROOT), f"the checkout's package ran: {place}"


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description="Try a release as a newcomer would.")
    parser.add_argument("--empty", action="store_true", help="install into an empty environment")
    parser.add_argument("--keep", type=Path, help="a folder for the archive and the wheel")
    parser.add_argument("--chapters", nargs="+", default=CHAPTERS)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        files = build(folder)
        python, environment = install(files[1], folder / "installed", empty=options.empty)
        list(plain.write(folder / "notebooks"))
        for chapter in options.chapters:
            run(chapter, folder / "notebooks", python, environment)
            print(f"{chapter} ran with {files[1].name}", flush=True)
        if options.keep:
            options.keep.mkdir(parents=True, exist_ok=True)
            for file in files:
                (options.keep / file.name).write_bytes(file.read_bytes())


if __name__ == "__main__":
    main()
