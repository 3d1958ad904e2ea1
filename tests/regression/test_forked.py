"""A forked kernel is a kernel like any other, but for what is already imported."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from nbclient.exceptions import DeadKernelError

from book.execute import kernel_environment, notebook_client, running
from tests.regression.forked import Server

PRELOAD = ("ipykernel.kernelapp", "xml.dom.minidom")  # the second, because no kernel imports it
LOOK = """import os, sys
print(os.getpid(), os.getcwd(), os.environ.get("CVLIB_DPI"), os.environ.get("ONLY_THE_SERVER"))
print("xml.dom.minidom" in sys.modules, "tests" in sys.modules, "regression" in " ".join(sys.path))
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    environment = kernel_environment() | {"ONLY_THE_SERVER": "1"}
    started = Server(tmp_path_factory.mktemp("s"), environment, PRELOAD)
    yield started
    started.close()
    assert started.process.returncode == 0
    assert not started.address.exists()


def client_of(server: Server, folder: Path, *sources: str):
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    client = notebook_client(nbformat.v4.new_notebook(cells=cells), folder, timeout=60)
    client.km.kernel_spec.argv[:3] = server.command()
    return client


def printed(client, place: int) -> str:
    cell = client.execute_cell(client.nb.cells[place], place)
    return "".join(output.text for output in cell.outputs)


def gone(pid: int) -> bool:
    """Wait until a process has ended; whoever calls this has ended it."""
    for _ in range(1000):
        if not Path(f"/proc/{pid}").exists():
            return True
        time.sleep(0.01)
    return False


def test_two_kernels_have_their_own_folder_variables_and_names(
    server: Server, tmp_path: Path
) -> None:
    seen = []
    for number in "12":
        folder = tmp_path / number
        folder.mkdir()
        client = client_of(server, folder, LOOK, "name = 1", "print('name' in globals())")
        with running(client, CVLIB_DPI=number):
            process, where, *rest = printed(client, 0).split()
            assert Path(where) == folder
            assert rest == [number, "None", "True", "False", "False"]
            seen.append(int(process))
            if number == "1":
                printed(client, 1)
            else:
                assert printed(client, 2) == "False\n"
        assert gone(seen[-1])
    assert len({*seen, os.getpid(), server.process.pid}) == 4


@pytest.mark.parametrize(
    ("end", "code"),
    [("os._exit(3)", 3), ("os.kill(os.getpid(), 9)", -9), ("os.kill(os.getpid(), 15)", -15)],
)
def test_kernel_that_ends_is_told_as_it_ended(
    server: Server, tmp_path: Path, end: str, code: int
) -> None:
    client = client_of(server, tmp_path, f"import os\n{end}")
    with running(client):
        with pytest.raises(DeadKernelError):
            printed(client, 0)
        assert client.km.provisioner.process.wait(60) == code


def test_kernel_goes_with_the_process_that_asked_for_it(server: Server, tmp_path: Path) -> None:
    client = client_of(server, tmp_path, LOOK)
    with running(client):
        process = int(printed(client, 0).split()[0])
        asked = client.km.provisioner.process
        assert process != asked.pid
        asked.kill()
        assert gone(process)
        assert asyncio.run(client.km.is_alive()) is False


def test_kernel_can_start_processes_of_its_own(server: Server, tmp_path: Path) -> None:
    work = """import multiprocessing
process = multiprocessing.get_context("fork").Process(target=int)
process.start()
process.join(20)
print(process.exitcode)
process.kill()"""
    client = client_of(server, tmp_path, work)
    with running(client):
        assert printed(client, 0) == "0\n"


def test_server_that_cannot_import_is_told(tmp_path: Path, capfd: pytest.CaptureFixture) -> None:
    with pytest.raises(RuntimeError, match="no kernels can be forked"):
        Server(tmp_path, dict(os.environ), ["no_such_module"])
    assert "No module named 'no_such_module'" in capfd.readouterr().err
