"""Serving: a network behind a door of the web, which answers many at once and refuses nonsense.

FastAPI is imported where it is used, since it comes with the extra ``cvlib-course[practice]``.
"""

# No `from __future__ import annotations` here: FastAPI reads the annotations of functions that are
# made inside of a function, and as texts it could not look them up.

import asyncio
import logging
import os
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from numpy.typing import NDArray

from cvlib.arguments import integer
from cvlib.images.files import decode
from cvlib.practice.batching import Batcher, BatchError, UnavailableError

if TYPE_CHECKING:
    from fastapi import FastAPI

__all__ = ["application", "onnx_predictor", "probabilities", "read_digit", "running"]

Predict = Callable[[NDArray[np.float32]], NDArray[Any]]

_BEGINNINGS = {"image/png": b"\x89PNG\r\n\x1a\n", "image/jpeg": b"\xff\xd8\xff"}
_MOST_SCANS = 100  # of a JPEG; programs that write pictures draw them in some ten
_log = logging.getLogger(__name__)


def read_digit(data: bytes, *, max_pixels: int = 4_000_000) -> NDArray[np.float32]:
    """Make of a PNG or a JPEG what LeNet takes: 28 × 28, grey, ink bright on dark.

    A picture that is bright on average is taken for ink on paper, and turned into its negative.
    Transparency, 16 bits, CMYK and several pictures in one file: see
    :func:`cvlib.images.files.decode`.

    Parameters
    ----------
    data
        The whole file.
    max_pixels
        The most pixels that its header may claim; checked before any are decoded.

    Returns
    -------
    ndarray
        (1, 28, 28), ``float32`` from 0 to 1.

    Raises
    ------
    TypeError
        If ``data`` is not bytes.
    ValueError
        If the file is empty, no PNG or JPEG, truncated, damaged, claims too many pixels, or is a
        JPEG of more than 100 scans: a few bytes of each go over all pixels once more.

    Examples
    --------
    >>> from cvlib.images.files import encode
    >>> page = np.full((90, 60, 3), 255, np.uint8)
    >>> page[30:60, 25:35] = 0
    >>> digit = read_digit(encode(page, ".png"))
    >>> digit.shape, float(digit[0, 0, 0]), float(digit[0, 14, 14])
    ((1, 28, 28), 0.0, 1.0)
    >>> read_digit(b"GIF89a")
    Traceback (most recent call last):
    ValueError: data begins with b'GIF89a'; expected a PNG or a JPEG
    """
    if not isinstance(data, bytes):
        raise TypeError(f"data is {type(data).__name__}; expected bytes")
    if data and not data.startswith(tuple(_BEGINNINGS.values())):
        raise ValueError(f"data begins with {data[:8]!r}; expected a PNG or a JPEG")
    # Inside of a scan, 0xff is followed by 0 or a restart: these two bytes begin another scan.
    scans = data.count(b"\xff\xda")
    if data.startswith(_BEGINNINGS["image/jpeg"]) and scans > _MOST_SCANS:
        raise ValueError(f"data is a JPEG of {scans} scans; expected {_MOST_SCANS} at most")
    grey = decode(data, grey=True, max_pixels=max_pixels)
    if grey.mean() > 127.5:
        grey = 255 - grey
    small = cv2.resize(grey, (28, 28), interpolation=cv2.INTER_AREA)
    return (small / np.float32(255))[None]


def probabilities(logits: NDArray[Any]) -> NDArray[np.float64]:
    """Turn logits into probabilities, row by row.

    Parameters
    ----------
    logits
        (N, classes).

    Returns
    -------
    ndarray
        (N, classes); each row adds up to 1.

    Raises
    ------
    ValueError
        If there are no rows, or a number is not finite.

    Examples
    --------
    >>> probabilities(np.array([[0.0, 0.0], [1000.0, 0.0]]))
    array([[0.5, 0.5],
           [1. , 0. ]])
    """
    scores = np.asarray(logits, np.float64)
    if scores.ndim != 2 or not np.isfinite(scores).all():
        raise ValueError(f"logits of shape {scores.shape} are no rows of finite numbers")
    powers = np.exp(scores - scores.max(1, keepdims=True))
    return powers / powers.sum(1, keepdims=True)


def onnx_predictor(path: str | os.PathLike[str], *, threads: int = 1) -> Predict:
    """Load a network from an ONNX file, to be run without torch.

    Parameters
    ----------
    path
        A file of a network with one input, whose first axis may have any length, and one output.
    threads
        On how many threads it computes.

    Returns
    -------
    Callable
        From a batch, ``float32``, to what the network gives.

    Raises
    ------
    TypeError, ValueError
        If ``threads`` is not a whole number of 1 or more.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = integer("threads", threads, 1)
    session = onnxruntime.InferenceSession(
        os.fspath(path), options, providers=["CPUExecutionProvider"]
    )
    (name,) = (each.name for each in session.get_inputs())

    def predict(batch: NDArray[np.float32]) -> NDArray[Any]:
        return np.asarray(session.run(None, {name: batch})[0])

    return predict


def application(
    predict: Predict,
    *,
    window: float = 0.005,
    largest: int = 16,
    most_waiting: int = 256,
    most_bytes: int = 1 << 20,
    max_pixels: int = 4_000_000,
) -> "FastAPI":
    """Build a web application that tells which digit is on an uploaded picture.

    ``POST /digit`` takes a form whose field ``picture`` is a PNG or JPEG file, and answers
    ``{"digit": 7, "probabilities": [...]}``. What cannot be answered gets a status, and a sentence
    in ``detail``: 400 a torn form, 413 too many bytes, 415 no PNG or JPEG, 422 no file in the
    field, or a damaged or too large picture, 500 the network failed on this batch, 503 too many
    wait, or the server ends; try again after so many seconds as ``Retry-After`` says.
    ``GET /health`` answers 200 while the server takes requests.

    Parameters
    ----------
    predict
        From a batch (N, 1, 28, 28), ``float32``, to logits (N, classes). It is called on a thread
        of its own, one batch at a time.
    window, largest, most_waiting
        As :class:`cvlib.practice.batching.Batcher` takes them. Apart from those that wait for the
        network, ``most_waiting`` pictures may be decoded, or wait for that.
    most_bytes
        The most bytes of a request. Of a longer one, no more are read.
    max_pixels
        The most pixels that a picture may claim; see :func:`read_digit`.

    Returns
    -------
    fastapi.FastAPI
        The application, for uvicorn or :func:`running`. While it runs, ``state.batcher`` is its
        queue.

    Raises
    ------
    TypeError, ValueError
        If a setting is out of range.

    References
    ----------
    RFC 9110, "HTTP Semantics", 2022, sections 15.5.14 (413), 15.5.16 (415), 15.5.21 (422), 15.6.4
    (503) and 10.2.3 (``Retry-After``).
    """
    from fastapi import FastAPI, HTTPException, UploadFile
    from fastapi.exceptions import RequestValidationError
    from fastapi.responses import JSONResponse

    most_bytes, max_pixels = integer("most_bytes", most_bytes, 1), integer("max_pixels", max_pixels)

    async def compute(pictures: list[Any]) -> NDArray[Any]:
        batch = np.stack(pictures)
        return await asyncio.to_thread(lambda: probabilities(predict(batch)))

    def queue() -> Batcher:
        return Batcher(compute, window=window, largest=largest, most_waiting=most_waiting)

    queue()  # a setting that is out of range is told now, not when the server starts

    @asynccontextmanager
    async def life(app: FastAPI) -> Any:
        app.state.batcher, app.state.decoding = queue(), 0
        work = asyncio.create_task(app.state.batcher.run())
        yield
        app.state.batcher.close()
        await work

    app = FastAPI(title="Which digit is it?", lifespan=life)
    app.add_middleware(_LimitedBody, most_bytes=most_bytes)

    @app.exception_handler(RequestValidationError)
    async def no_file(*_: Any) -> JSONResponse:
        return JSONResponse({"detail": "expected a form with a file in its field picture"}, 422)

    @app.get("/health")
    async def health() -> dict[str, int]:
        batcher = app.state.batcher
        if batcher.closed:
            raise HTTPException(503, "the queue is closed")
        names = ("waiting", "batches", "requests")
        return {name: getattr(batcher, name) for name in names}

    @app.post("/digit")
    async def digit(picture: UploadFile) -> dict[str, Any]:
        data = await picture.read()
        kinds = tuple(_BEGINNINGS.values())
        if picture.content_type not in _BEGINNINGS or (data and not data.startswith(kinds)):
            raise HTTPException(415, "expected a PNG or a JPEG, sent as image/png or image/jpeg")
        try:
            if app.state.decoding >= most_waiting:
                raise UnavailableError(f"{app.state.decoding} pictures wait to be decoded")
            app.state.decoding += 1
            try:
                image = await asyncio.to_thread(read_digit, data, max_pixels=max_pixels)
            except ValueError as error:
                raise HTTPException(422, f"the picture cannot be read: {error}") from error
            finally:
                app.state.decoding -= 1
            row = await app.state.batcher(image)
        except UnavailableError as error:
            raise HTTPException(503, str(error), headers={"Retry-After": "1"}) from error
        except BatchError as error:
            _log.error("a batch failed", exc_info=error)
            raise HTTPException(500, "the network failed on this batch") from error
        return {"digit": int(row.argmax()), "probabilities": row.tolist()}

    return app


class _LimitedBody:
    """Let a request have so many bytes and no more, counted as they come in.

    What a sender announces in ``Content-Length`` may be absent or a lie, so both are looked at.
    """

    def __init__(self, app: Any, most_bytes: int) -> None:
        self.app, self.most_bytes = app, most_bytes

    async def __call__(
        self,
        scope: Any,
        receive: Callable[[], Awaitable[Any]],
        send: Callable[[Any], Awaitable[None]],
    ) -> None:
        from fastapi import HTTPException

        headers = dict(scope.get("headers", ()))
        length = headers.get(b"content-length", b"")
        announced = int(length) if length.isdigit() else 0
        seen = 0

        async def limited() -> Any:
            nonlocal seen
            message = None if announced > self.most_bytes else await receive()
            seen += len((message or {}).get("body", b""))
            if message is None or seen > self.most_bytes:
                # The rest is not read, so the connection cannot be used again.
                close = {"Connection": "close"}
                said = f"expected {self.most_bytes} bytes at most"
                raise HTTPException(413, said, headers=close)
            return message

        await self.app(scope, limited, send)


@contextmanager
def running(app: "FastAPI") -> Iterator[int]:
    """Serve an application on this machine while a block runs, from a thread of its own.

    It listens on 127.0.0.1 alone, at a port that is free. At the end of the block it answers what
    it has taken, and stops.

    Parameters
    ----------
    app
        The application, or anything else that speaks ASGI.

    Yields
    ------
    int
        The port.

    Raises
    ------
    RuntimeError
        If the server has not stopped 30 seconds after the end of the block.
    """
    import uvicorn

    config = uvicorn.Config(app, log_level="error", timeout_graceful_shutdown=20)
    server = uvicorn.Server(config)
    # It listens before the server starts: a client that comes early waits in the line.
    with socket.create_server(("127.0.0.1", 0), backlog=256) as listening:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        try:
            yield listening.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join(30)
            if thread.is_alive():
                raise RuntimeError("the server has not stopped")
