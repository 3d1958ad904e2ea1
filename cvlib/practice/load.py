"""Load: requests sent to a server on this machine, and when each was due, sent and answered.

The client speaks HTTP/1.1 over plain sockets, in the few lines that it takes, so that it leaves the
processor to the server. It asks 127.0.0.1 and nobody else.
"""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Iterator
from contextlib import asynccontextmanager
from http.client import HTTPResponse
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cvlib.arguments import integer, number

__all__ = ["Load", "ask", "closed_loop", "open_loop", "upload"]

_HOST = "127.0.0.1"


class Load(NamedTuple):
    """When requests were due, sent and answered, in seconds from the start, and how.

    Examples
    --------
    >>> load = Load(*np.array([[0.0, 1.0], [0.0, 1.5], [1.5, 2.0]]), np.array([200, 503]))
    >>> load.latency, load.service
    (array([1.5, 1. ]), array([1.5, 0.5]))
    """

    due: NDArray[np.float64]
    sent: NDArray[np.float64]
    done: NDArray[np.float64]
    status: NDArray[np.int64]

    @property
    def latency(self) -> NDArray[np.float64]:
        """From when a request was due to its answer, which is what a user sees."""
        return self.done - self.due

    @property
    def service(self) -> NDArray[np.float64]:
        """From when it was really sent to its answer, as a generator that waits counts."""
        return self.done - self.sent


def upload(
    data: bytes, *, field: str = "picture", media_type: str = "image/png", path: str = "/digit"
) -> bytes:
    r"""Write the request that uploads a file by a form.

    Parameters
    ----------
    data
        The file.
    field
        The form's field.
    media_type
        What the file is said to be.
    path
        Where it goes to.

    Returns
    -------
    bytes
        The request as it goes through the wire: head, empty line, body.

    Raises
    ------
    ValueError
        If the file holds the line that separates the fields.

    References
    ----------
    RFC 7578, "Returning Values from Forms: multipart/form-data", 2015, section 4.

    Examples
    --------
    >>> head, body = upload(b"file").split(b"\r\n\r\n", 1)
    >>> head.splitlines()[0], len(body)
    (b'POST /digit HTTP/1.1', 136)
    """
    line = b"--the-next-field"
    if line in data:
        raise ValueError(f"data holds {line!r}, which separates the fields")
    disposition = f'Content-Disposition: form-data; name="{field}"; filename="file"'
    part = f"\r\n{disposition}\r\nContent-Type: {media_type}\r\n\r\n".encode()
    body = line + part + data + b"\r\n" + line + b"--\r\n"
    head = [
        f"POST {path} HTTP/1.1",
        f"Host: {_HOST}",
        f"Content-Type: multipart/form-data; boundary={line[2:].decode()}",
        f"Content-Length: {len(body)}",
    ]
    return "\r\n".join([*head, "", ""]).encode() + body


def ask(port: int, request: bytes, *, seconds: float = 10) -> tuple[int, Any]:
    """Send one request, and read the answer.

    The head goes first. The body follows if the server says that it may.

    Parameters
    ----------
    port
        Where the server listens, on 127.0.0.1.
    request
        The request, as :func:`upload` writes it.
    seconds
        How long to wait for the server at each step.

    Returns
    -------
    status : int
        200 where all is well.
    answer : object
        What the JSON in the answer says.

    Raises
    ------
    OSError
        If there is no server, or it gives no answer in time.

    References
    ----------
    RFC 9110, "HTTP Semantics", 2022, section 10.1.1 (``Expect``).
    """
    with socket.create_connection((_HOST, port), timeout=seconds) as line:
        head, body = request.split(b"\r\n\r\n", 1)
        # A server that refuses a long body hangs up while it comes: ask first whether to send it.
        expect = b"\r\nExpect: 100-continue" if body else b""
        line.sendall(head + expect + b"\r\n\r\n")
        if body and line.recv(12, socket.MSG_PEEK | socket.MSG_WAITALL).endswith(b" 100"):
            line.sendall(body)
        response = HTTPResponse(line)
        response.begin()
        return response.status, json.loads(response.read())


async def open_loop(
    port: int, request: bytes, due: ArrayLike, *, connections: int = 64, seconds: float = 60
) -> Load:
    """Send requests when they are due, whether or not those before them are answered.

    Parameters
    ----------
    port
        Where the server listens, on 127.0.0.1.
    request
        The request, as :func:`upload` writes it.
    due
        When each is due, in seconds from the start.
    connections
        How many are open. A request that finds none idle waits for one, which counts.
    seconds
        The most that all may take.

    Returns
    -------
    Load
        When each was due, sent and answered.

    Raises
    ------
    ConnectionError
        If the server ends a connection, or there is none.
    TimeoutError
        If it takes longer than it may.
    TypeError, ValueError
        If an argument is out of range.

    References
    ----------
    Schroeder, Wierman, Harchol-Balter, "Open Versus Closed: A Cautionary Tale", NSDI 2006.
    """
    times = np.array(due, dtype=np.float64)
    if times.ndim != 1 or not (times >= 0).all():
        raise ValueError("due is not a list of seconds; expected numbers of 0 or more")
    sent, done = np.empty((2, len(times)))
    status = np.empty(len(times), np.int64)
    loop = asyncio.get_running_loop()
    idle: asyncio.Queue[Any] = asyncio.Queue()
    async with (
        asyncio.timeout(number("seconds", seconds)),
        _connected(port, min(integer("connections", connections, 1), len(times))) as lines,
    ):
        for line in lines:
            idle.put_nowait(line)
        begin = loop.time()

        async def ask(at: int, moment: float) -> None:
            await asyncio.sleep(begin + moment - loop.time())
            line = await idle.get()
            sent[at] = loop.time() - begin
            status[at] = await _asked(line, request)
            done[at] = loop.time() - begin
            idle.put_nowait(line)

        await _together(ask(at, moment) for at, moment in enumerate(times.tolist()))
    return Load(times, sent, done, status)


async def closed_loop(
    port: int, request: bytes, *, clients: int, each: int, seconds: float = 60
) -> Load:
    """Let clients ask again and again, each as soon as it has its answer.

    Parameters
    ----------
    port
        Where the server listens, on 127.0.0.1.
    request
        The request, as :func:`upload` writes it.
    clients
        How many ask at the same time.
    each
        How often each asks.
    seconds
        The most that all may take.

    Returns
    -------
    Load
        When each was sent, which is when it was due, and answered; client by client.

    Raises
    ------
    ConnectionError
        If the server ends a connection, or there is none.
    TimeoutError
        If it takes longer than it may.
    TypeError, ValueError
        If an argument is out of range.
    """
    clients, each = integer("clients", clients, 1), integer("each", each, 1)
    sent, done = np.empty((2, clients, each))
    status = np.empty((clients, each), np.int64)
    loop = asyncio.get_running_loop()
    async with (
        asyncio.timeout(number("seconds", seconds)),
        _connected(port, clients) as lines,
    ):
        begin = loop.time()

        async def ask(client: int) -> None:
            for turn in range(each):
                sent[client, turn] = loop.time() - begin
                status[client, turn] = await _asked(lines[client], request)
                done[client, turn] = loop.time() - begin

        await _together(ask(client) for client in range(clients))
    return Load(sent.ravel(), sent.ravel().copy(), done.ravel(), status.ravel())


@asynccontextmanager
async def _connected(port: int, count: int) -> Any:
    lines: list[Any] = []
    try:
        for _ in range(count):
            lines.append(await asyncio.open_connection(_HOST, port))
        yield lines
    finally:
        for _, writer in lines:
            writer.close()


async def _together(tasks: Iterator[Any]) -> None:
    """Run all; where one fails, end the others and raise what it raised."""
    try:
        async with asyncio.TaskGroup() as group:
            for task in tasks:
                group.create_task(task)
    except BaseExceptionGroup as failed:
        raise failed.exceptions[0] from None


async def _asked(line: Any, request: bytes) -> int:
    """Send a request, read the whole answer, and return its status."""
    reader, writer = line
    writer.write(request)
    await writer.drain()
    try:
        head = await reader.readuntil(b"\r\n\r\n")
        first, *fields = head.decode("latin-1").lower().splitlines()
        (length,) = (field[15:] for field in fields if field.startswith("content-length:"))
        await reader.readexactly(int(length))
    except asyncio.IncompleteReadError as error:
        raise ConnectionError("the server closed the connection without an answer") from error
    return int(first.split()[1])
