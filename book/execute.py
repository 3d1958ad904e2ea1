"""Run notebooks and store their outputs, alike from one run to the next.

``python book/execute.py [notebook ...]`` executes the named notebooks, or all
of the book, each in its own folder, on the CPU with one thread. The regression
run starts its kernels through :func:`notebook_client` too, so that what is
stored and what is compared are made alike.
"""

from __future__ import annotations

import argparse
import hashlib
import math
import os
import re
import sys
import time
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

import nbformat
from jupyter_client import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import (
    CellExecutionError,
    CellTimeoutError,
    DeadKernelError,
)
from nbclient.output_widget import OutputWidget
from nbformat import NotebookNode
from nbval.kernel import CURRENT_ENV_KERNEL_NAME, NbvalKernelspecManager

from book import promises
from book.promises import Promise
from cvlib.book import FIGURE

BOOK = Path(__file__).parent
DIGESTS = "pictures' digests"
CELL_TIMEOUT = 600  # seconds
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
KERNELSPEC = {
    "display_name": "Python 3",
    "language": "python",
    "name": "python3",
}
# What editors leave behind and no reader sees.
PASSING_CELL_METADATA = (
    "ExecuteTime",
    "collapsed",
    "colab",
    "execution",
    "id",
    "jupyter",
    "outputId",
    "scrolled",
    "trusted",
    "vscode",
)
PASSING_METADATA = (
    "accelerator",
    "colab",
    "orig_nbformat",
    "vscode",
    "widgets",
)


class NotebookError(RuntimeError):
    """A notebook not to be stored: a cell raised, hung, or wrote to stderr."""


class QuietOutput(OutputWidget):
    """What ``ipywidgets.Output`` catches, and the kernel is not told of.

    nbclient tells it on the socket on which it awaits the cell's reply, and now
    and then sleeps through that reply until the time limit:
    https://github.com/jupyter/nbclient/issues/312.
    """

    def sync_state(self) -> None:
        """Send nothing."""


def notebook_client(
    notebook: NotebookNode,
    folder: Path,
    *,
    timeout: float,
    kernel_name: str = CURRENT_ENV_KERNEL_NAME,
) -> NotebookClient:
    """Make the client that runs a notebook as a front end would.

    Parameters
    ----------
    notebook
        The notebook; its outputs are replaced as its cells run.
    folder
        Where the kernel runs.
    timeout
        Seconds that a cell may take.
    kernel_name
        The kernel; by default the Python that runs this.

    Returns
    -------
    nbclient.NotebookClient
        A client whose kernel is not yet started: see :func:`running`.
    """
    # For those who try the notebooks with torch in another state.
    first = filter(None, [os.environ.get("CVLIB_KERNEL_LINE")])
    client = NotebookClient(
        notebook,
        km=AsyncKernelManager(
            kernel_name=kernel_name,
            kernel_spec_manager=NbvalKernelspecManager(),
        ),
        resources={"metadata": {"path": str(folder)}},
        timeout=max(1, round(timeout)),
        iopub_timeout=30,
        raise_on_iopub_timeout=True,
        record_timing=False,
        skip_cells_with_tag="",
        shutdown_kernel="immediate",
        extra_arguments=[
            "--HistoryManager.hist_file=:memory:",
            "--log-level=ERROR",
            "--InteractiveShellApp.extra_extensions=cvlib.book",
            *(f"--InteractiveShellApp.exec_lines={line}" for line in first),
        ],
    )
    client.widget_registry["@jupyter-widgets/output"]["OutputModel"] = (
        QuietOutput
    )
    return client


def running(
    client: NotebookClient, **environment: str
) -> AbstractContextManager[None]:
    """Keep the client's kernel alive inside a ``with`` block.

    Parameters
    ----------
    client
        A client of :func:`notebook_client`.
    environment
        Variables to set beside those of this process. ``MPLBACKEND`` is not
        handed on, which would keep figures out of the outputs, nor is
        ``PYTEST_CURRENT_TEST``, which would keep what C code prints. Progress
        bars are off: they are for those who wait. matplotlib keeps its cache
        in ``_build``, so that no settings of a home change a figure, and no
        home need be writable.

    Returns
    -------
    context manager
        The kernel runs inside, and is killed at the end.
    """
    return client.setup_kernel(
        env=kernel_environment() | environment, cleanup_kc=True
    )


def kernel_environment() -> dict[str, str]:
    """Return the variables that a kernel gets, as :func:`running` says."""
    cache = BOOK.resolve().parent / "_build" / "matplotlib"
    cache.mkdir(parents=True, exist_ok=True)
    environment = {
        **os.environ,
        "CVLIB_PROGRESS": "0",
        "MPLCONFIGDIR": str(cache),
    }
    for name in ("MPLBACKEND", "PYTEST_CURRENT_TEST"):
        environment.pop(name, None)
    return environment


def merge_streams(outputs: Iterable[NotebookNode]) -> list[NotebookNode]:
    """Merge adjacent stream outputs: where a kernel cuts them is chance.

    Parameters
    ----------
    outputs
        The outputs of a cell.

    Returns
    -------
    list of NotebookNode
        Copies; in streams, what a carriage return has overwritten is gone.
    """
    merged: list[NotebookNode] = []
    for output in outputs:
        last = merged[-1] if merged else {}
        if (
            output["output_type"] == "stream"
            and last.get("name") == output["name"]
        ):
            last["text"] += output["text"]
        else:
            merged.append(NotebookNode(output))
    for output in merged:
        if output["output_type"] == "stream":
            output["text"] = re.sub(
                r"[^\n]*\r(?=[^\n])", "", output["text"]
            )
    return merged


def seal(output: NotebookNode) -> None:
    """Bind the description of a figure to the pictures that stand beside it.

    Parameters
    ----------
    output
        An output, changed in place: a stored picture that was exchanged by
        hand no longer has the digest that its description holds.
    """
    data = output.get("data", {})
    if FIGURE not in data:
        return
    kinds = ("image/svg+xml", "image/jpeg", "image/png")
    pictures = [data[kind] for kind in kinds if kind in data]
    pictures += re.findall(r'base64,([^"]+)"', data.get("text/html", ""))
    data[FIGURE][DIGESTS] = [
        hashlib.sha256(picture.replace("\n", "").encode()).hexdigest()[:16]
        for picture in pictures
    ]


def take_promises(client: NotebookClient) -> list[Promise]:
    """Ask a kernel what was promised since it was asked last.

    Parameters
    ----------
    client
        A client whose kernel runs and has replied to its last cell.

    Returns
    -------
    list of (str, (float, float) or None)
        As ``cvlib.book.take_promises`` returns them.
    """
    code = "__import__('cvlib.book').book.take_promises()"
    request = client.kc.execute(
        "", silent=True, user_expressions={"promises": code}
    )
    reply = client.wait_for_reply(request)
    answer = reply["content"]["user_expressions"]["promises"]
    inf = math.inf
    return eval(answer["data"]["text/plain"], {"inf": inf})


def normalise(notebook: NotebookNode) -> None:
    """Take out what changes from run to run or from machine to machine.

    Parameters
    ----------
    notebook
        The notebook, changed in place.
    """
    for name in PASSING_METADATA:
        notebook.metadata.pop(name, None)
    notebook.metadata["kernelspec"] = NotebookNode(KERNELSPEC)
    language = notebook.metadata.get("language_info", {})
    language.pop("version", None)
    count = 0
    for cell in notebook.cells:
        for name in PASSING_CELL_METADATA:
            cell.metadata.pop(name, None)
        if cell.cell_type != "code":
            continue
        if "hide-input" in cell.metadata.get("tags", []):  # on a page
            cell.metadata["jupyter"] = NotebookNode(source_hidden=True)
        cell.outputs = merge_streams(cell.outputs)
        if not cell.source.strip():
            cell.execution_count, cell.outputs = None, []
            continue
        count += 1
        cell.execution_count = count
        for output in cell.outputs:
            if "execution_count" in output:
                output["execution_count"] = count
            if "text/html" in output.get("data", {}):
                output["data"].pop(WIDGET_VIEW, None)
            seal(output)


def execute(path: Path) -> list[str]:
    """Run one notebook and store its outputs in place.

    Parameters
    ----------
    path
        The notebook. It is replaced at once and only when every cell ran.

    Returns
    -------
    list of str
        What it promises, as lines of the ledger.

    Raises
    ------
    NotebookError
        If a cell raises, hangs, kills its kernel or writes to stderr.
    """
    notebook = nbformat.read(path, as_version=4)
    lines: list[str] = []
    client = notebook_client(notebook, path.parent, timeout=CELL_TIMEOUT)
    with running(client, OMP_NUM_THREADS="1", CVLIB_DEVICE="cpu"):
        notebook.metadata["language_info"] = _language(client)
        for number, cell in enumerate(notebook.cells):
            here = f"{path}, In [{client.code_cells_executed + 1}]"
            try:
                client.execute_cell(cell, number)
            except (
                CellExecutionError,
                CellTimeoutError,
                DeadKernelError,
            ) as error:
                raise NotebookError(f"{here}: {error}") from None
            if cell.cell_type == "code" and cell.source.strip():
                lines += promises.cell_lines(cell, take_promises(client))
            for output in cell.get("outputs", []):
                if output.get("name") == "stderr":
                    raise NotebookError(
                        f"{here} wrote to stderr:\n{output.text}"
                    )
    normalise(notebook)
    nbformat.validate(notebook)
    unfinished = path.with_name(f".{path.name}.unfinished")
    nbformat.write(notebook, unfinished)
    unfinished.replace(path)
    return promises.static_lines(notebook) + lines


def _language(client: NotebookClient) -> NotebookNode:
    reply = client.wait_for_reply(client.kc.kernel_info())
    return NotebookNode(reply["content"]["language_info"])


def notebooks(folder: Path = BOOK) -> list[Path]:
    """Find the notebooks of the book.

    Parameters
    ----------
    folder
        Where to look, at any depth.

    Returns
    -------
    list of pathlib.Path
        Every notebook outside hidden folders, sorted.
    """
    return sorted(
        path
        for path in folder.rglob("*.ipynb")
        if not any(
            part.startswith(".") for part in path.relative_to(folder).parts
        )
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        description="Run notebooks and store their outputs."
    )
    parser.add_argument(
        "notebooks", nargs="*", type=Path, help="default: all of the book"
    )
    for path in parser.parse_args(arguments).notebooks or notebooks():
        begin = time.perf_counter()
        try:
            lines = execute(path)
        except NotebookError as error:
            sys.exit(f"{error}\n\nStopped; {path} is as it was.")
        if path.resolve().is_relative_to(BOOK.resolve()):
            name = path.resolve().relative_to(BOOK.resolve().parent)
            promises.update(name.as_posix(), lines)
        print(f"{time.perf_counter() - begin:6.1f} s  {path}", flush=True)


if __name__ == "__main__":
    main()
