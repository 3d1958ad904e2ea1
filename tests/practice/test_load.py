"""The generator of load sends what it should, when it should, and counts from when it was due."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from email.parser import BytesParser
from typing import Any

import numpy as np
import pytest

from cvlib.practice import closed_loop, open_loop, upload
from tests.practice.virtual import run

ANSWER = b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\nContent-Length: 2\r\n\r\nok"
REQUEST = upload(b"file")


def with_server(
    load: Callable[[int], Awaitable[Any]],
    seconds: Callable[[int], float] = lambda asked: 1.0,
    answer: bytes = ANSWER,
) -> Any:
    """Load a server that answers a connection's requests one after another, in virtual time.

    The wire is one of memory, so that the clock may jump: while a real socket is on its way, a
    loop with such a clock would think that nothing happens.
    """
    count = 0

    class Wire:
        def __init__(self) -> None:
            self.reader = asyncio.StreamReader()
            self.closed = False

        def write(self, data: bytes) -> None:
            nonlocal count
            assert data == REQUEST
            count += 1
            asyncio.get_running_loop().call_later(seconds(count), self.feed)

        def feed(self) -> None:
            self.reader.feed_data(answer)
            if not answer.endswith(b"ok"):
                self.reader.feed_eof()

        async def drain(self) -> None:
            pass

        def close(self) -> None:
            self.closed = True

    wires: list[Wire] = []

    async def connect(host: str, port: int) -> tuple[Any, Any]:
        assert (host, port) == ("127.0.0.1", 80)
        wires.append(Wire())
        return wires[-1].reader, wires[-1]

    async def main() -> Any:
        return await load(80)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(asyncio, "open_connection", connect)
        try:
            return run(main()), len(wires)
        finally:
            assert all(wire.closed for wire in wires)


def test_an_open_loop_does_not_wait_for_answers() -> None:
    due = [0.0, 0.25, 0.5, 4.0]
    load, wires = with_server(lambda port: open_loop(port, REQUEST, due, connections=8))
    assert wires == 4  # no more than there are requests
    np.testing.assert_allclose(load.due, due)
    np.testing.assert_allclose(load.sent, due)
    np.testing.assert_allclose(load.latency, 1)
    assert load.status.tolist() == [200] * 4


def test_a_request_that_finds_no_connection_waits_and_that_counts() -> None:
    due = np.arange(4) / 4
    load, wires = with_server(lambda port: open_loop(port, REQUEST, due, connections=1))
    assert wires == 1
    np.testing.assert_allclose(load.sent, [0, 1, 2, 3])
    np.testing.assert_allclose(load.service, 1)
    np.testing.assert_allclose(load.latency, [1, 1.75, 2.5, 3.25])


def test_a_closed_loop_leaves_out_what_it_would_have_asked_meanwhile() -> None:
    load, wires = with_server(
        lambda port: closed_loop(port, REQUEST, clients=2, each=3),
        lambda asked: 10.0 if asked == 1 else 1.0,
    )
    assert wires == 2
    np.testing.assert_allclose(load.latency.reshape(2, 3), [[10, 1, 1], [1, 1, 1]])
    np.testing.assert_allclose(load.sent.reshape(2, 3), [[0, 10, 11], [0, 1, 2]])
    assert (load.due == load.sent).all()


def test_a_server_that_hangs_up_or_never_answers_is_told() -> None:
    with pytest.raises(ConnectionError, match="without an answer"):
        with_server(lambda port: closed_loop(port, REQUEST, clients=2, each=2), answer=b"HTTP/1.1")
    for load in (
        lambda port: closed_loop(port, REQUEST, clients=1, each=2, seconds=5),
        lambda port: open_loop(port, REQUEST, [0.0, 1.0], seconds=5),
    ):
        with pytest.raises(TimeoutError):
            with_server(load, lambda asked: 3600)


def test_the_form_is_one_that_others_read() -> None:
    data = bytes(range(256))
    head, body = upload(data, field="it", media_type="image/jpeg", path="/there").split(
        b"\r\n\r\n", 1
    )
    first, fields = head.split(b"\r\n", 1)
    assert first == b"POST /there HTTP/1.1"
    assert b"Content-Length: %d" % len(body) in fields.splitlines()
    (part,) = BytesParser().parsebytes(fields + b"\r\n\r\n" + body).get_payload()
    assert part.get_content_type() == "image/jpeg"
    assert part.get_param("name", header="content-disposition") == "it"
    with pytest.raises(ValueError, match="which separates the fields"):
        upload(b"a --the-next-field b")


@pytest.mark.parametrize(
    ("load", "said"),
    [
        (lambda: open_loop(1, b"", [-1.0]), "due is not a list of seconds"),
        (lambda: open_loop(1, b"", 3.0), "due is not a list of seconds"),
        (lambda: open_loop(1, b"", [0.0], connections=0), "connections is 0"),
        (lambda: open_loop(1, b"", [0.0], seconds=-1), "seconds is -1"),
        (lambda: closed_loop(1, b"", clients=0, each=1), "clients is 0"),
        (lambda: closed_loop(1, b"", clients=1, each=0), "each is 0"),
    ],
)
def test_wrong_settings_are_refused(load: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        asyncio.run(load())
