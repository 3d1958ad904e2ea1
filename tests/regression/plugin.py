"""A pytest plugin: nbval's collection of notebooks, run by nbclient, compared with tolerance.

nbval 0.11 compares decimals to the letter and pictures not at all, waits out the time limit when
a kernel has died, and shows what a trailing ``;`` or ``clear_output`` takes away in a front end.
Here its items run through the client that ``book/execute.py`` stores outputs with, and
:mod:`tests.regression.comparison` judges them. nbval's options, tags and comments work as ever,
but for coverage: that a notebook calls a line does not mean that a test holds it.
"""

from __future__ import annotations

import copy
import os
import re
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any, NoReturn

import pytest
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from nbval.kernel import CURRENT_ENV_KERNEL_NAME
from nbval.plugin import IPyNbCell, IPyNbFile, NbCellError

from book import promises
from book.execute import kernel_environment, notebook_client, running, take_promises
from tests.regression import forked
from tests.regression.comparison import differences

TOLERANCES = {"rtol", "atol", "levels"}
# Where a data set lies under the data root, in any of the forms that cvlib.data reads.
PLACES = {
    "MNIST": ["MNIST/raw"],
    "FashionMNIST": ["FashionMNIST/raw"],
    "CIFAR10": ["cifar-10-batches-py", "cifar10/train", "cifar10-jpeg.tar.gz"],
}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--promises",
        type=Path,
        default=promises.LEDGER,
        help="the ledger that notebooks are held to; their paths in it start at the root folder",
    )


@pytest.hookimpl(wrapper=True)
def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> Iterator[None]:
    collectors = yield
    return [
        Notebook.from_parent(parent, path=file_path) if type(found) is IPyNbFile else found
        for found in collectors
    ]


SERVER = pytest.StashKey[forked.Server]()


def kernel_server(config: pytest.Config, environment: dict[str, str]) -> forked.Server:
    """Start what forks this worker's kernels, when the first notebook comes."""
    if SERVER not in config.stash:
        stack = ExitStack()
        config.add_cleanup(stack.close)
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        config.stash[SERVER] = forked.Server(folder, environment)
        stack.callback(config.stash[SERVER].close)
    return config.stash[SERVER]


class Notebook(IPyNbFile):
    """A notebook whose kernel runs from the first of its selected cells to the last."""

    stopped: str | None = None  # why no further cell can run
    executed = 0  # code cells that have run or were left out
    ledger: list[str] | None = None  # what the notebook promises; None where no ledger knows it

    def collect(self) -> Iterator[NotebookCell]:
        ledger = promises.read(self.config.getoption("promises"))
        name = self.path.relative_to(self.config.rootpath).as_posix()
        self.ledger = ledger.get(name)
        items = list(super().collect())
        places = (place for place, cell in enumerate(self.nb.cells) if cell.cell_type == "code")
        self.cells = []
        for item, place in zip(items, places, strict=True):
            cell = NotebookCell.from_parent(
                self,
                name=f"In [{item.cell_num + 1}]",
                cell_num=item.cell_num,
                cell=item.cell,
                options=item.options,
            )
            cell.place = place
            if self.config.pluginmanager.hasplugin("timeout"):
                # pytest-timeout knows no cell: let nbval's limit come first.
                cell.add_marker(
                    pytest.mark.timeout(2 * self.config.option.nbval_cell_timeout + 120)
                )
            self.cells.append(cell)
        return iter(self.cells)

    def setup(self) -> None:
        self.errors: dict[NotebookCell, NbCellError] = {}
        self.promised: dict[NotebookCell, list[str]] = {}
        lacking = missing_sets(self.nb.metadata.get("cvlib", {}).get("needs", []))
        if lacking:
            pytest.skip(f"needs {' and '.join(lacking)}, not found under CVLIB_DATA")
        option = self.config.option
        kernel_name = option.nbval_kernel_name or self.nb.metadata.get("kernelspec", {}).get("name")
        if option.nbval_current_env or not kernel_name:
            kernel_name = CURRENT_ENV_KERNEL_NAME
        fresh = copy.deepcopy(self.nb)
        for cell in fresh.cells:
            if cell.cell_type == "code":
                cell.outputs, cell.execution_count = [], None
        self.client = notebook_client(
            fresh, self.path.parent, timeout=option.nbval_cell_timeout, kernel_name=kernel_name
        )
        self.client.startup_timeout = round(option.nbval_kernel_startup_timeout)
        self.kernel_stack = ExitStack()
        # Fewer pixels than make execute stores, and no frames for phones: what is drawn is
        # compared, at any size.
        variables = {"OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", "1"), "CVLIB_DPI": "180"}
        dear = any("torch" in cell.source for cell in fresh.cells if cell.cell_type == "code")
        if dear and kernel_name == CURRENT_ENV_KERNEL_NAME:
            server = kernel_server(self.config, kernel_environment() | variables)
            self.client.km.kernel_spec.argv[:3] = server.command()
        self.kernel_stack.enter_context(running(self.client, **variables))

    def teardown(self) -> None:
        if hasattr(self, "kernel_stack"):
            self.kernel_stack.close()

    def run_up_to(self, item: NotebookCell) -> list[NotebookNode]:
        """Run a cell, before it those that were not selected, and return its outputs."""
        for cell in self.cells[self.executed : item.cell_num + 1]:
            self.executed = cell.cell_num + 1
            if cell is item or not cell.options["skip"]:
                try:
                    self.run(cell)
                except NbCellError as error:
                    self.errors[cell] = error
                    if cell is not item and self.stopped:
                        break
        if item in self.errors:
            raise self.errors[item]
        if self.stopped:
            pytest.skip(self.stopped)
        return self.client.nb.cells[item.place].outputs

    def is_updated(self, item: NotebookCell) -> bool:
        """Tell whether later cells can change the outputs of this one, and if so run them."""
        places = (cells for cells in self.client._display_id_map.values())
        if not any(item.place in cells for cells in places):
            return False
        with suppress(NbCellError, pytest.skip.Exception):
            self.run_up_to(self.cells[-1])
        return True

    def run(self, item: NotebookCell) -> None:
        cell = self.client.nb.cells[item.place]
        self.client.allow_errors = bool(item.options["check_exception"])
        begin = time.monotonic()
        try:
            self.client.execute_cell(cell, item.place)
            self.promised[item] = promises.cell_lines(item.cell, take_promises(self.client))
        except CellExecutionError as error:
            item.raise_cell_error(f"raised {error.ename}", _traceback(cell))
        except DeadKernelError:
            process = getattr(self.client.km.provisioner, "process", None)
            end = _end(process.poll() if process else None)
            self.stop(item, f"the kernel died after {time.monotonic() - begin:.0f} s{end}")
        except CellTimeoutError:
            self.stop(item, f"was stopped after {time.monotonic() - begin:.0f} s")

    def stop(self, item: NotebookCell, message: str) -> NoReturn:
        """Kill the kernel and fail the cell; those that follow are skipped."""
        self.stopped = f"{item.name}: {message}"
        self.kernel_stack.close()
        item.raise_cell_error(message)
        raise AssertionError


class NotebookCell(IPyNbCell):
    """A code cell: it is run, and its outputs are compared with the stored ones."""

    place: int  # among all cells of the notebook

    def setup(self) -> None:
        if self.options["skip"]:
            pytest.skip("tagged nbval-skip")
        if self.parent.stopped:
            pytest.skip(self.parent.stopped)

    def runtest(self) -> None:
        tolerances = self.cell.metadata.get("nbval", {})
        if set(tolerances) - TOLERANCES:
            expected = ", ".join(sorted(TOLERANCES))
            self.raise_cell_error(f"has nbval metadata {dict(tolerances)}; expected {expected}")
        self.test_outputs = self.parent.run_up_to(self)
        if not self.options["check"]:
            return
        if self.cell.source.strip() and self.cell.execution_count is None:
            self.raise_cell_error("is stored without an execution count: it was never run")
        found = differences(self.cell.outputs, self.test_outputs, **tolerances)
        if found and self.parent.is_updated(self):
            found = differences(self.cell.outputs, self.test_outputs, **tolerances)
        if found:
            self.raise_cell_error("its outputs are not the stored ones", "\n".join(found))
        self.keep_promises()

    def keep_promises(self) -> None:
        """Fail where what the cell promised is not what the ledger says."""
        came = self.parent.promised.get(self, [])
        if self.parent.ledger is None:
            return
        here = f"  In [{self.cell.execution_count}] "
        tolerated = f"{here}tolerates "
        ledger = [
            line
            for line in self.parent.ledger
            if line.startswith(here) and not line.startswith(tolerated)
        ]
        if came != ledger:
            lines = [f"ledger: {line.strip()}" for line in ledger if line not in came]
            lines += [f"came:   {line.strip()}" for line in came if line not in ledger]
            self.raise_cell_error(
                "its promises are not those of the ledger; make execute writes them",
                "\n".join(lines) or "they come in another order",
            )

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException]) -> str:
        error = excinfo.value
        if not isinstance(error, NbCellError):
            return str(pytest.Item.repr_failure(self, excinfo))
        source = "\n".join(f"    {line}" for line in error.source.splitlines())
        detail = f"{error.inner_traceback}\n" if error.inner_traceback else ""
        return f"{self.describe(error.cell_num)}: {error}\n{detail}The cell:\n{source}"

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, 0, self.describe(self.cell_num)

    def describe(self, number: int) -> str:
        return f"{self.parent.nodeid}, In [{number + 1}]"


def missing_sets(needs: str | list[str]) -> list[str]:
    """List the data sets of a notebook's metadata that lie nowhere under the data root."""
    names = [needs] if isinstance(needs, str) else needs
    if not names:
        return []
    for name in names:
        if name not in PLACES:
            raise ValueError(f"needs names {name!r}; expected some of {', '.join(PLACES)}")
    from cvlib.data import data_root  # with torch: not for notebooks that need nothing

    root = data_root()
    return [name for name in names if not any((root / place).exists() for place in PLACES[name])]


def _traceback(cell: NotebookNode) -> str:
    lines = [line for output in cell.outputs for line in output.get("traceback", [])]
    return re.sub(r"\x1b\[[0-9;]*m", "", "\n".join(lines))


def _end(code: Any) -> str:
    """Say how a process ended: a negative code is a signal's number."""
    if code is None:
        return ""
    return f" ({signal.Signals(-code).name})" if code < 0 else f" (exit code {code})"
