"""What the tests of cvlib.data share: a data root of their own, full sets, a server."""

from __future__ import annotations

import functools
import http.server
import os
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

# Read before any test points CVLIB_DATA elsewhere.
FULL_SETS = os.environ.get("CVLIB_DATA")


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty data root."""
    place = tmp_path / "root"
    place.mkdir()
    monkeypatch.setenv("CVLIB_DATA", str(place))
    return place


@pytest.fixture
def full(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """The data root with the full sets, or a skip that says which file is not there."""

    def find(path: str) -> Path:
        if FULL_SETS is None:
            pytest.skip("CVLIB_DATA is not set: the full data sets are not here")
        if not (Path(FULL_SETS) / path).exists():
            pytest.skip(f"no {path} under CVLIB_DATA")
        monkeypatch.setenv("CVLIB_DATA", FULL_SETS)
        return Path(FULL_SETS)

    return find


class Server(http.server.ThreadingHTTPServer):
    """A server of files on this machine, which remembers what it was asked for."""

    daemon_threads = True

    def __init__(self, folder: Path) -> None:
        self.asked: list[str] = []
        self.truncate = False
        self.garble = False
        self.released = threading.Event()
        self.released.set()
        super().__init__(("127.0.0.1", 0), functools.partial(Handler, directory=str(folder)))

    def handle_error(self, *args: object) -> None:
        """Say nothing when the other side hangs up."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/"


class Handler(http.server.SimpleHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        if self.server.garble:
            self.wfile.write(b"not HTTP\r\n")
        else:
            super().do_GET()

    def copyfile(self, source, outputfile) -> None:  # type: ignore[no-untyped-def]
        data = source.read()
        half = len(data) // 2
        outputfile.write(data[:half])
        self.server.released.wait()
        if not self.server.truncate:
            outputfile.write(data[half:])

    def log_request(self, *args: object) -> None:
        pass

    log_error = log_request


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A server of the files in ``tmp_path / "served"``."""
    (tmp_path / "served").mkdir()
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    running = Server(tmp_path / "served")
    thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield running
    running.released.set()
    running.shutdown()
    thread.join()
    running.server_close()


@pytest.fixture
def nowhere(monkeypatch: pytest.MonkeyPatch) -> str:
    """An address on this machine at which nobody listens: what a missing network looks like."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}/"
