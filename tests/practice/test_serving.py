"""The server answers pictures, refuses everything else in a sentence, and lives on."""

from __future__ import annotations

import asyncio
import io
import json
import socket
import struct
import threading
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import torch
from PIL import Image

from cvlib.data import mnist_sample
from cvlib.images.files import encode
from cvlib.networks import pretrained
from cvlib.practice import (
    application,
    ask,
    onnx_predictor,
    probabilities,
    read_digit,
    running,
    upload,
)
from tests.checkout import ROOT

NET = pretrained("lenet")


def predict(batch: np.ndarray) -> np.ndarray:
    """LeNet, but a picture without ink makes it fail."""
    if (batch.max((1, 2, 3)) == 0).any():
        raise FloatingPointError("a secret of the network")
    with torch.inference_mode():
        return NET(torch.from_numpy(batch)).numpy()


def file_of(mode: str, kind: str, size: tuple[int, int] = (40, 40), **options: Any) -> bytes:
    """A bright stroke on dark, as Pillow writes it."""
    picture = Image.new(mode, size)
    bright: Any = {"I;16": 65535, "CMYK": (0, 0, 0, 0), "RGBA": (255,) * 4, "LA": (255, 255)}
    dark: Any = {"CMYK": (0, 0, 0, 255), "RGBA": (0, 0, 0, 255), "LA": (0, 255)}
    if mode in dark:
        picture.paste(dark[mode], (0, 0, *size))
    picture.paste(bright.get(mode, 255 if mode in "L1" else (255,) * 3), (18, 5, 23, 35))
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def bomb(width: int = 30_000, height: int = 30_000) -> bytes:
    """A sound PNG of two hundred bytes or so that declares a huge picture."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        )

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress(bytes(1000))
    beginning = b"\x89PNG\r\n\x1a\n"
    return beginning + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def many_scans(count: int) -> bytes:
    """A JPEG that draws its last scan again and again."""
    data = file_of("L", "JPEG", progressive=True)
    last, end = data.rindex(b"\xff\xda"), len(data) - 2
    again = count - data.count(b"\xff\xda")
    return data[:end] + again * data[last:end] + data[end:]


ONE = file_of("L", "PNG")
SAMPLE = mnist_sample()
DIGITS = [np.asarray(image[0]) for image in SAMPLE.images[:8]]


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    app = application(predict, window=0, most_bytes=200_000, max_pixels=1_000_000)
    with running(app) as port, httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
        yield client


def sent(client: httpx.Client, data: bytes, kind: str = "image/png") -> httpx.Response:
    return client.post("/digit", files={"picture": ("name", data, kind)})


def refused(client: httpx.Client, status: int, said: str, *what: Any) -> None:
    response = sent(client, *what)
    assert response.status_code == status
    assert said in response.json()["detail"]
    assert sent(client, ONE).status_code == 200  # and the server lives


# ---------------------------------------------------------------------------- what is answered


@pytest.mark.parametrize("kind", ["png", "jpeg"])
def test_the_answer_is_that_of_the_network(client: httpx.Client, kind: str) -> None:
    for digit in DIGITS[:4]:
        data = encode(digit, f".{kind}")
        answer = sent(client, data, f"image/{kind}").json()
        with torch.inference_mode():
            logits = NET(torch.from_numpy(read_digit(data))[None])[0]
        expected = logits.double().softmax(0)
        assert answer["digit"] == int(logits.argmax())
        np.testing.assert_allclose(answer["probabilities"], expected, rtol=1e-4, atol=1e-7)
        if kind == "png":
            np.testing.assert_allclose(read_digit(data), digit[None] / 255, rtol=1e-6)


@pytest.mark.parametrize(
    ("mode", "kind", "options"),
    [
        ("L", "PNG", {}),
        ("1", "PNG", {}),
        ("RGB", "PNG", {}),
        ("RGBA", "PNG", {}),
        ("LA", "PNG", {}),
        ("I;16", "PNG", {}),
        ("RGB", "JPEG", {"quality": 95}),
        ("RGB", "JPEG", {"progressive": True}),
        ("CMYK", "JPEG", {"quality": 95}),
        ("L", "PNG", {"save_all": True, "append_images": [Image.new("L", (40, 40), 99)]}),
    ],
)
def test_pictures_of_every_kind_are_the_same_stroke(
    client: httpx.Client, mode: str, kind: str, options: dict[str, Any]
) -> None:
    data = file_of(mode, kind, **options)
    np.testing.assert_allclose(read_digit(data), read_digit(ONE), atol=0.04)
    answer = sent(client, data, f"image/{kind.lower()}")
    assert answer.status_code == 200
    assert answer.json()["digit"] == sent(client, ONE).json()["digit"]


def test_ink_on_paper_is_turned_into_its_negative() -> None:
    paper = 255 - DIGITS[0]
    np.testing.assert_array_equal(
        read_digit(encode(paper, ".png")), DIGITS[0][None] / np.float32(255)
    )
    clear = Image.new("RGBA", (30, 30))  # transparent paper is white
    clear.paste((0, 0, 0, 255), (10, 10, 20, 20))
    out = io.BytesIO()
    clear.save(out, "PNG")
    digit = read_digit(out.getvalue())
    assert digit[0, 14, 14] == 1
    assert digit[0, 0, 0] == 0


def test_probabilities_are_those_of_torch() -> None:
    logits = np.random.default_rng(0).normal(size=(5, 10)) * 300
    expected = torch.from_numpy(logits).softmax(1)
    np.testing.assert_allclose(probabilities(logits), expected, atol=1e-12)
    for wrong in (logits[0], np.array([[0.0, np.nan]]), np.array([[0.0, np.inf]])):
        with pytest.raises(ValueError, match="no rows of finite numbers"):
            probabilities(wrong)


def test_health_counts(client: httpx.Client) -> None:
    before = client.get("/health").json()
    sent(client, ONE)
    after = client.get("/health").json()
    assert after["requests"] - before["requests"] == after["batches"] - before["batches"] == 1
    assert after["waiting"] == 0


def test_an_onnx_file_is_run(tmp_path: Path) -> None:
    from onnx import TensorProto, helper, numpy_helper, save

    weight = np.random.default_rng(0).normal(size=(784, 10)).astype(np.float32)
    shapes = {"x": ["n", 1, 28, 28], "y": ["n", 10]}
    x, y = (helper.make_tensor_value_info(n, TensorProto.FLOAT, at) for n, at in shapes.items())
    nodes = [
        helper.make_node("Flatten", ["x"], ["flat"]),
        helper.make_node("MatMul", ["flat", "weight"], ["y"]),
    ]
    graph = helper.make_graph(nodes, "one", [x], [y], [numpy_helper.from_array(weight, "weight")])
    opset = [helper.make_opsetid("", 18)]
    save(helper.make_model(graph, opset_imports=opset, ir_version=9), tmp_path / "one.onnx")
    runtime = onnx_predictor(tmp_path / "one.onnx")
    for size in (1, 3):
        batch = np.stack([digit[None] / np.float32(255) for digit in DIGITS[:size]])
        np.testing.assert_allclose(runtime(batch), batch.reshape(size, -1) @ weight, rtol=1e-3)
    with pytest.raises(ValueError, match="threads is 0"):
        onnx_predictor(tmp_path / "one.onnx", threads=0)


# ---------------------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"hello", "image/png"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/png"),
        (file_of("L", "GIF"), "image/gif"),
        (file_of("L", "GIF"), "image/png"),
        (file_of("L", "BMP"), "image/png"),
        (file_of("L", "TIFF"), "image/jpeg"),
        (ONE, "text/plain"),
        (ONE, "application/octet-stream"),
    ],
)
def test_what_is_no_png_or_jpeg_is_refused(client: httpx.Client, data: bytes, kind: str) -> None:
    refused(client, 415, "expected a PNG or a JPEG", data, kind)


@pytest.mark.parametrize(
    ("data", "kind", "said"),
    [
        (b"", "image/png", "data is empty"),
        (ONE[:8], "image/png", "expected a BMP, JPEG, PNG"),
        (ONE[:-20], "image/png", "damaged or truncated PNG"),
        (ONE[:60] + b"\x00" + ONE[61:], "image/png", "damaged or truncated PNG"),
        (file_of("RGB", "JPEG")[:-40], "image/jpeg", "truncated JPEG"),
        (many_scans(101), "image/jpeg", "a JPEG of 101 scans; expected 100 at most"),
        (bomb(), "image/png", "pixels"),
        (bomb(1001, 1000), "image/png", "claims 1001 × 1000 pixels; expected 1000000 at most"),
        (bomb(2**31 - 1, 2**31 - 1), "image/png", "claims"),
        (bomb(0, 10), "image/png", "the picture cannot be read"),
    ],
)
def test_a_damaged_or_huge_picture_is_refused(
    client: httpx.Client, data: bytes, kind: str, said: str
) -> None:
    assert len(data) < 10_000
    refused(client, 422, said, data, kind)


def test_a_hundred_scans_are_read_and_only_bytes() -> None:
    assert read_digit(many_scans(100)).shape == (1, 28, 28)
    with pytest.raises(TypeError, match="data is bytearray; expected bytes"):
        read_digit(bytearray(ONE))  # type: ignore[arg-type]


def test_a_form_without_the_field_is_refused(client: httpx.Client) -> None:
    said = {"detail": "expected a form with a file in its field picture"}
    for request in (
        {},
        {"content": b""},
        {"files": {"image": ("name", ONE, "image/png")}},
        {"data": {"picture": "no file, but words"}},
        {"json": {"picture": "no form"}},
        {"content": ONE, "headers": {"Content-Type": "image/png"}},
    ):
        response = client.post("/digit", **request)
        assert (response.status_code, response.json()) == (422, said)


def test_a_torn_form_is_refused(client: httpx.Client) -> None:
    head = {"Content-Type": "multipart/form-data; boundary=line"}
    for body in (b"no line", b"--line\r\nnonsense"):
        response = client.post("/digit", content=body, headers=head)
        assert response.status_code in (400, 422)
        assert isinstance(response.json()["detail"], str)


def test_what_the_server_does_not_have_is_refused(client: httpx.Client) -> None:
    assert client.get("/digit").status_code == 405
    assert client.get("/../etc/passwd").status_code == 404


def test_a_request_of_as_many_bytes_as_may_be_is_read_and_one_more_is_not(
    client: httpx.Client,
) -> None:
    head, body = upload(ONE).split(b"\r\n\r\n", 1)
    kind = head.split(b"Content-Type: ")[1].splitlines()[0].decode()
    frame = len(body) - len(ONE)
    for length, status in ((200_000, 200), (200_001, 413)):
        # A note inside the PNG, as long as it must be.
        filler = length - frame - len(ONE) - 12
        chunk = struct.pack(">I", filler) + b"noTe" + bytes(filler)
        chunk += struct.pack(">I", zlib.crc32(chunk[4:]))
        data = ONE[:-12] + chunk + ONE[-12:]
        body = upload(data).split(b"\r\n\r\n", 1)[1]
        assert len(body) == length
        response = client.post("/digit", content=body, headers={"Content-Type": kind})
        assert response.status_code == status
    assert response.json() == {"detail": "expected 200000 bytes at most"}


PART = b"--line\r\nContent-Disposition: form-data; name=picture; filename=x\r\n\r\n"


class Sender:
    """Sends a body piece by piece for as long as somebody reads, and counts."""

    def __init__(self, headers: list[tuple[bytes, bytes]], piece: bytes, pieces: int) -> None:
        kind = (b"content-type", b"multipart/form-data; boundary=line")
        self.scope = {
            **{"type": "http", "method": "POST", "path": "/digit", "query_string": b""},
            "headers": [kind, *headers],
        }
        self.piece, self.pieces, self.given, self.said = piece, pieces, 0, []

    async def receive(self) -> dict[str, Any]:
        self.given += 1
        more = self.given < self.pieces
        return {"type": "http.request", "body": self.piece, "more_body": more}

    async def send(self, message: dict[str, Any]) -> None:
        self.said.append(message)


def status_of(sender: Sender, **settings: Any) -> int:
    app = application(predict, **settings)

    async def main() -> None:
        await app(sender.scope, sender.receive, sender.send)

    asyncio.run(main())
    assert len(sender.said) == 2
    return int(sender.said[0]["status"])


def test_of_a_long_upload_no_more_is_read_than_may_be() -> None:
    sender = Sender([], PART.ljust(50_000, b"x"), 1000)
    assert status_of(sender, most_bytes=1_000_000) == 413
    assert sender.given == 21
    assert (b"connection", b"close") in sender.said[0]["headers"]


def test_of_an_upload_that_says_how_long_it_is_nothing_is_read() -> None:
    sender = Sender([(b"content-length", b"1000001")], b"x", 1000)
    assert status_of(sender, most_bytes=1_000_000) == 413
    assert sender.given == 0


def test_a_length_that_is_a_lie_helps_nobody() -> None:
    for length in (b"10", b"-10", b"ten"):
        sender = Sender([(b"content-length", length)], PART.ljust(1000, b"x"), 1000)
        assert status_of(sender, most_bytes=10_000) == 413
        assert sender.given == 11


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"most_bytes": 0}, "most_bytes is 0"),
        ({"max_pixels": -1}, "max_pixels is -1"),
        ({"window": -1}, "window is -1"),
        ({"largest": 0}, "largest is 0"),
    ],
)
def test_wrong_settings_are_refused_at_once(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        application(predict, **settings)


# ---------------------------------------------------------------------------- many at once


class Gate:
    """A network that computes only when it is let, and says that it was reached."""

    def __init__(self) -> None:
        self.reached, self.open = threading.Semaphore(0), threading.Semaphore(0)
        self.sizes: list[int] = []

    def __call__(self, batch: np.ndarray) -> np.ndarray:
        self.sizes.append(len(batch))
        self.reached.release()
        assert self.open.acquire(timeout=20)
        return np.eye(10)[(batch[:, 0, 14, 14] * 9).round().astype(int)]


async def arrived(batcher: Any, count: int) -> None:
    while batcher.waiting < count:
        await asyncio.sleep(0)


def level(grey: int) -> bytes:
    """A picture whose middle says which it is."""
    picture = np.zeros((28, 28), np.uint8)
    picture[14, 14] = grey
    return encode(picture, ".png")


def asked(app: Any) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1")


async def posted(client: httpx.AsyncClient, data: bytes) -> httpx.Response:
    return await client.post("/digit", files={"picture": ("name", data, "image/png")})


def test_a_full_queue_says_when_to_come_back_and_everybody_gets_their_own_answer() -> None:
    gate = Gate()
    app = application(gate, window=0, largest=3, most_waiting=3)

    async def main() -> None:
        async with app.router.lifespan_context(app), asked(app) as client:
            first = asyncio.create_task(posted(client, level(0)))
            await asyncio.to_thread(gate.reached.acquire)
            others = [
                asyncio.create_task(posted(client, level(round(255 * digit / 9))))
                for digit in (7, 2, 4)
            ]
            await arrived(app.state.batcher, 3)
            late = await posted(client, ONE)
            assert late.status_code == 503
            assert late.headers["Retry-After"] == "1"
            assert late.json() == {"detail": "3 requests wait already"}
            health = await client.get("/health")
            assert health.json()["waiting"] == 3
            gate.open.release(2)
            answers = [response.json() for response in await asyncio.gather(first, *others)]
            assert [answer["digit"] for answer in answers] == [0, 7, 2, 4]
            assert gate.sizes == [1, 3]

    asyncio.run(main())


def test_no_more_pictures_wait_to_be_decoded_than_may(monkeypatch: pytest.MonkeyPatch) -> None:
    reached, let = threading.Semaphore(0), threading.Semaphore(0)

    def slowly(data: bytes, *, max_pixels: int) -> np.ndarray:
        reached.release()
        assert let.acquire(timeout=20)
        return read_digit(data, max_pixels=max_pixels)

    monkeypatch.setattr("cvlib.practice.serving.read_digit", slowly)
    app = application(predict, window=0, largest=1, most_waiting=2)

    async def main() -> list[httpx.Response]:
        async with app.router.lifespan_context(app), asked(app) as client:
            calls = [asyncio.create_task(posted(client, data)) for data in (ONE, ONE[:-20])]
            for _ in calls:
                assert await asyncio.to_thread(reached.acquire, timeout=20)
            late = await posted(client, ONE)
            assert late.json() == {"detail": "2 pictures wait to be decoded"}
            let.release(3)
            return [late, *await asyncio.gather(*calls), await posted(client, ONE)]

    responses = asyncio.run(main())
    assert [response.status_code for response in responses] == [503, 200, 422, 200]
    assert responses[0].headers["Retry-After"] == "1"


def test_a_failure_of_the_network_is_told_to_that_batch_only(
    caplog: pytest.LogCaptureFixture,
) -> None:
    empty = encode(np.zeros((28, 28), np.uint8), ".png")
    app = application(predict, window=3600, largest=2)

    async def main() -> list[httpx.Response]:
        responses = []
        async with app.router.lifespan_context(app), asked(app) as client:
            for pair in ((ONE, empty), (ONE, ONE)):
                calls = [posted(client, data) for data in pair]
                responses += await asyncio.gather(*calls)
        return responses

    first, second, third, fourth = asyncio.run(main())
    for failed in (first, second):
        assert failed.status_code == 500
        assert failed.json() == {"detail": "the network failed on this batch"}
    assert third.status_code == fourth.status_code == 200
    assert "a secret of the network" in caplog.text  # for those who run it, and nobody else


@pytest.mark.parametrize("logits", [np.full((1, 10), np.nan), np.zeros((2, 10)), np.zeros(10)])
def test_a_network_that_gives_nonsense_has_failed(logits: np.ndarray) -> None:
    app = application(lambda batch: logits, window=0)

    async def main() -> int:
        async with app.router.lifespan_context(app), asked(app) as client:
            return (await posted(client, ONE)).status_code

    assert asyncio.run(main()) == 500


def test_the_end_answers_what_waits() -> None:
    gate = Gate()
    app = application(gate, window=3600, largest=8)

    async def main() -> list[httpx.Response]:
        async with asked(app) as client:
            async with app.router.lifespan_context(app):
                calls = [asyncio.create_task(posted(client, level(g))) for g in (0, 255)]
                await arrived(app.state.batcher, 2)
                gate.open.release()
            assert app.state.batcher.closed
            late = await posted(client, ONE)
            assert late.status_code == 503
            assert (await client.get("/health")).status_code == 503
            return await asyncio.gather(*calls)

    assert [response.json()["digit"] for response in asyncio.run(main())] == [0, 9]


# ---------------------------------------------------------------------------- through a wire


@pytest.fixture(scope="module")
def gate() -> Gate:
    return Gate()


@pytest.fixture(scope="module")
def port(gate: Gate) -> Iterator[int]:
    with running(application(gate, window=0, most_bytes=100_000)) as port:
        yield port


def test_a_real_server_answers(port: int, gate: Gate) -> None:
    gate.open.release()
    status, answer = ask(port, upload(level(255)))
    assert (status, answer["digit"]) == (200, 9)
    gate.reached.acquire()


def test_a_real_server_ends_a_connection_that_sends_too_much(port: int) -> None:
    kind = b"Content-Type: multipart/form-data; boundary=line\r\n"
    head = b"POST /digit HTTP/1.1\r\nHost: here\r\n" + kind
    announced = head + b"Content-Length: 50000000\r\n\r\n"
    assert ask(port, announced)[0] == 413
    # Not a byte more than it must read to know: what a closed end has not read resets the line.
    body = PART + bytes(100_001 - len(PART))
    chunked = head + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n" % len(body) + body
    assert ask(port, chunked)[0] == 413
    assert ask(port, upload(bytes(5_000_000)))[0] == 413


def test_who_hangs_up_does_not_stop_the_batch(port: int, gate: Gate) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=20) as line:
        line.sendall(upload(level(0)))
        assert gate.reached.acquire(timeout=20)
    gate.open.release(2)  # nobody waits for the first any more
    assert ask(port, upload(level(255)))[1]["digit"] == 9
    assert gate.reached.acquire(timeout=20)


def test_a_real_server_answers_before_it_stops(monkeypatch: pytest.MonkeyPatch) -> None:
    gate, join = Gate(), threading.Thread.join
    found: list[Any] = []

    def client_asks() -> None:
        found.append(ask(port, upload(level(255))))

    with running(application(gate, window=0)) as port:
        client = threading.Thread(target=client_asks)
        client.start()
        assert gate.reached.acquire(timeout=20)

        def release_and_join(thread: threading.Thread, timeout: float | None = None) -> None:
            gate.open.release()  # the server was told to stop by now
            join(thread, timeout)

        monkeypatch.setattr(threading.Thread, "join", release_and_join)
    monkeypatch.undo()
    client.join(20)
    assert found[0][0] == 200
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=20)


def test_the_record_of_real_servers_shows_what_the_text_says() -> None:
    found = json.loads((ROOT / "results/serving.json").read_text("utf-8"))["results"]["served"]
    alone, *batched = found["wide"].values()
    for load in ("load 4", "load 5"):
        assert 140 < alone[load]["answers_a_second"] < 170
        assert 300 < alone[load]["milliseconds_median"] < 400
        assert alone[load]["refused_percent"] > 30
    assert 170 < alone["load 3"]["answers_a_second"] < 190
    fastest = [rows["load 5"] for rows in batched]
    assert all(row["refused_percent"] == 0 for row in fastest)
    without, *_, longest = fastest
    assert 20 < without["milliseconds_median"] < 25
    assert 9 < longest["milliseconds_median"] - without["milliseconds_median"] < 13
    assert without["pictures_per_batch_mean"] < 6 < 12 < longest["pictures_per_batch_mean"]
    for rules in found.values():
        _, no_window, *windows = rules.values()
        for load, row in no_window.items():
            for rows in windows:
                saved = row["milliseconds_median"] - rows[load]["milliseconds_median"]
                assert saved < 0.5
    for rows, window in zip([*found["LeNet"].values()][2:], (5, 20), strict=True):
        at_once = found["LeNet"]["largest 16, window 0 ms"]["load 1"]["milliseconds_median"]
        assert rows["load 1"]["milliseconds_median"] == pytest.approx(at_once + window, abs=1)
