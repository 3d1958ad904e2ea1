from __future__ import annotations

import contextlib
import gzip
import hashlib
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
import torchvision.datasets

from cvlib import data
from cvlib.data import DataError

from .conftest import Server

IMAGES, LABELS = "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"


def idx(array: np.ndarray) -> bytes:
    shape = array.shape
    header = bytes((0, 0, 8, len(shape))) + struct.pack(f">{len(shape)}I", *shape)
    return header + array.tobytes()


def made(count: int) -> dict[str, bytes]:
    """The two files of a split: pictures that are no digits, in the right number and format."""
    pixels = np.arange(count * 784, dtype=np.uint32).reshape(count, 28, 28) % 251
    labels = np.arange(count) % 10
    prefix = "train" if count == 60_000 else "t10k"
    return {
        f"{prefix}-images-idx3-ubyte": idx(pixels.astype(np.uint8)),
        f"{prefix}-labels-idx1-ubyte": idx(labels.astype(np.uint8)),
    }


@pytest.fixture(scope="session")
def files() -> dict[str, bytes]:
    return made(60_000) | made(10_000)


@pytest.fixture(scope="session")
def zipped(files: dict[str, bytes]) -> dict[str, bytes]:
    return {f"{name}.gz": gzip.compress(content, 1) for name, content in files.items()}


@pytest.fixture
def raw(root: Path, files: dict[str, bytes]) -> Path:
    """A folder with the two files of the test split."""
    folder = root / "MNIST" / "raw"
    folder.mkdir(parents=True)
    for name in (IMAGES, LABELS):
        (folder / name).write_bytes(files[name])
    return folder


@pytest.fixture
def offered(
    server: Server, tmp_path: Path, zipped: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> Server:
    """A server that torchvision takes for MNIST's; its md5 sums are those of the made files."""
    for name, content in zipped.items():
        (tmp_path / "served" / name).write_bytes(content)
    md5 = [(name, hashlib.md5(content).hexdigest()) for name, content in zipped.items()]
    monkeypatch.setattr(torchvision.datasets.MNIST, "mirrors", [server.url])
    monkeypatch.setattr(torchvision.datasets.MNIST, "resources", md5)
    return server


# The real sets


@pytest.mark.parametrize(
    ("read", "dataset", "mean"),
    [
        (data.mnist, "MNIST", 33.3184),
        (data.fashion_mnist, "FashionMNIST", 72.9404),
    ],
)
def test_the_full_set_is_what_torchvision_reads(
    full: Callable[[str], Path], read: Callable[..., data.ImageSet], dataset: str, mean: float
) -> None:
    place = full(f"{dataset}/raw/train-images-idx3-ubyte")
    for split, count in (("train", 60_000), ("test", 10_000)):
        pictures = read(split)
        known = getattr(torchvision.datasets, dataset)(place, train=split == "train")
        assert pictures.images.shape == (count, 1, 28, 28)
        assert torch.equal(pictures.images[:, 0], known.data)
        assert torch.equal(pictures.labels, known.targets)
        names = [name.partition(" - ")[0] for name in known.classes]
        assert pictures.classes == tuple(names)
        if split == "train":
            assert round(float(pictures.images.float().mean()), 4) == mean
    assert torch.equal(read().labels, read("train").labels)
    assert pictures.source == {"MNIST": "MNIST", "FashionMNIST": "Fashion-MNIST"}[dataset]


def test_a_truncated_copy_of_the_real_file(
    full: Callable[[str], Path], root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = full("MNIST/raw/t10k-images-idx3-ubyte").joinpath("MNIST", "raw")
    monkeypatch.setenv("CVLIB_DATA", str(root))
    shutil.copytree(real, root / "MNIST" / "raw", ignore=shutil.ignore_patterns("train*"))
    data.mnist("test")
    copy = root / "MNIST" / "raw" / IMAGES
    copy.chmod(0o644)
    os.truncate(copy, 5_000_000)
    with pytest.raises(DataError, match=f"{IMAGES}: has 5,000,000 bytes; expected 7,840,016"):
        data.mnist("test")


# Damage


def test_the_pictures_and_labels_are_those_of_the_files(raw: Path) -> None:
    pictures = data.mnist("test")
    assert pictures.images[1, 0, 0, :3].tolist() == [31, 32, 33]  # 784 % 251 and what follows
    assert pictures.labels[:12].tolist() == [*range(10), 0, 1]
    pictures.images.zero_()
    assert int(data.mnist("test").images.max()) == 250


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        (IMAGES, lambda old: old[:-1], "has 7,840,015 bytes; expected 7,840,016"),
        (IMAGES, lambda old: old[:10], "has 10 bytes; expected 7,840,016"),
        (IMAGES, lambda old: old + b"!", "has 7,840,017 bytes; expected 7,840,016"),
        (IMAGES, lambda old: b"", r"begins with the bytes \(none\)"),
        (IMAGES, lambda old: b"<html>not found</html>", "begins with the bytes 3c 68 74 6d;"),
        (IMAGES, lambda old: gzip.compress(old[:99]), "1f 8b 08 00 .a gzip file: unpack it"),
        (IMAGES, lambda old: idx(np.zeros((9, 28, 28), np.uint8)), r"says \(9, 28, 28\)"),
        (LABELS, lambda old: old[:8], "has 8 bytes; expected 10,008"),
        (LABELS, lambda old: idx(np.zeros((10_000, 1), np.uint8)), "expected 00 00 08 01"),
        (LABELS, lambda old: old[:-1] + b"\x0a", "holds label 10; expected 0 to 9"),
    ],
)
def test_a_damaged_file_is_named(
    raw: Path, name: str, change: Callable[[bytes], bytes], message: str
) -> None:
    file = raw / name
    file.write_bytes(change(file.read_bytes()))
    with pytest.raises(DataError, match=f"{file}: .*{message}"):
        data.mnist("test")


def test_one_file_of_a_pair_is_never_completed_by_another_copy(raw: Path, offered: Server) -> None:
    (raw / LABELS).unlink()
    with pytest.raises(DataError, match=f"{raw / LABELS}: absent, while {IMAGES} is there"):
        data.mnist("test")
    assert offered.asked == []


def test_a_folder_in_the_place_of_a_file(raw: Path) -> None:
    (raw / LABELS).unlink()
    (raw / LABELS).mkdir()
    with pytest.raises(DataError, match=f"{LABELS}: cannot be read"):
        data.mnist("test")


@pytest.mark.parametrize("split", ["Train", "validation", None, ["test"]])
def test_a_split_of_another_name(root: Path, split: str) -> None:
    for read in (data.mnist, data.fashion_mnist, data.cifar10):
        with pytest.raises(ValueError, match=r"split is .*; expected 'train' or 'test'"):
            read(split)


# Other names of the same files

DOTTED = {IMAGES: "t10k-images.idx3-ubyte", LABELS: "t10k-labels.idx1-ubyte"}


@pytest.mark.parametrize("images", [IMAGES, DOTTED[IMAGES], f"{IMAGES}.gz", f"{DOTTED[IMAGES]}.gz"])
@pytest.mark.parametrize("labels", [LABELS, f"{DOTTED[LABELS]}.gz"])
def test_files_are_read_under_the_names_they_have_elsewhere(
    root: Path, raw: Path, files: dict[str, bytes], offered: Server, images: str, labels: str
) -> None:
    for name, other in ((IMAGES, images), (LABELS, labels)):
        (raw / name).unlink()
        content = files[name]
        (raw / other).write_bytes(gzip.compress(content, 1) if other.endswith("z") else content)
    (root / "SHA256SUMS").write_text("\n".join(sums(root, f"MNIST/raw/{images}")))
    pictures = data.mnist("test")
    assert pictures.images.numpy().tobytes() == files[IMAGES][16:]
    assert pictures.labels[:12].tolist() == [*range(10), 0, 1]
    pictures.images.zero_()
    assert offered.asked == []
    (raw / images).write_bytes(b"another file")
    with pytest.raises(DataError, match=f"{images}: the file is damaged or another one"):
        data.mnist("test")


def test_what_is_unpacked_goes_before_what_is_packed(raw: Path) -> None:
    for name in (IMAGES, LABELS):
        (raw / f"{name}.gz").write_bytes(b"packed")
        (raw / DOTTED[name]).write_bytes(b"other")
    assert len(data.mnist("test")) == 10_000


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"no gzip", "truncated or damaged: Not a gzipped file"),
        (gzip.compress(bytes(5000))[:-3], "truncated or damaged"),
        (gzip.compress(bytes(64 * 1024**2 + 1), 1), "unpacks to more than 67,108,864 bytes"),
        (gzip.compress(b"text"), "begins with the bytes 74 65 78 74; expected"),
    ],
    ids=["no gzip", "cut", "large", "text"],  # the bytes hold the time at which they were made
)
def test_a_packed_file_that_is_damaged_is_named(raw: Path, content: bytes, message: str) -> None:
    (raw / IMAGES).unlink()
    (raw / f"{IMAGES}.gz").write_bytes(content)
    with pytest.raises(DataError, match=rf"{IMAGES}\.gz: {message}"):
        data.mnist("test")


@pytest.mark.parametrize("name", [IMAGES, LABELS, "SHA256SUMS"])
def test_a_pipe_in_the_place_of_a_file_is_refused_at_once(root: Path, raw: Path, name: str) -> None:
    place = root / name if name == "SHA256SUMS" else raw / name
    place.unlink(missing_ok=True)
    os.mkfifo(place)
    with pytest.raises(DataError, match=f"{place}: is a pipe; expected a regular file"):
        data.mnist("test")


# Checksums


def sums(root: Path, *names: str) -> list[str]:
    digest = [hashlib.sha256((root / name).read_bytes()).hexdigest() for name in names]
    return [f"{sum_}  {name}" for sum_, name in zip(digest, names, strict=True)]


def test_a_file_that_is_listed_is_checked(root: Path, raw: Path) -> None:
    images, labels = sums(root, f"MNIST/raw/{IMAGES}", f"./MNIST/raw/{LABELS}")
    binary = labels.replace("  ", " *")
    capital = images[:64].upper() + images[64:]
    (root / "SHA256SUMS").write_text(f"# made by sha256sum\n\n{capital}\n{binary}\n")
    data.mnist("test")
    changed = bytearray((raw / LABELS).read_bytes())
    changed[-1] ^= 1
    (raw / LABELS).write_bytes(changed)
    found = hashlib.sha256(changed).hexdigest()
    with pytest.raises(DataError, match=f"{LABELS}: .* SHA-256 is {found}, .* {labels[:64]}"):
        data.mnist("test")


def test_a_file_that_is_not_listed_is_not_checked(root: Path, raw: Path) -> None:
    (root / "SHA256SUMS").write_text(f"{'0' * 64}  MNIST/raw/train-images-idx3-ubyte\n")
    data.mnist("test")


def test_a_list_of_checksums_that_is_none(root: Path, raw: Path) -> None:
    (root / "SHA256SUMS").write_text(f"{'0' * 64}  a\nabc  MNIST/raw/{IMAGES}\n")
    with pytest.raises(DataError, match=r"SHA256SUMS: line 2 is 'abc  MNIST.*expected 64 hexa"):
        data.mnist("test")


# Download


def test_an_absent_set_is_downloaded_once(
    root: Path, offered: Server, files: dict[str, bytes], capfd: pytest.CaptureFixture[str]
) -> None:
    root.rmdir()
    pictures = data.mnist("test")
    assert pictures.images.numpy().tobytes() == files[IMAGES][16:]
    assert set(offered.asked) == {f"/{name}.gz" for name in files}
    assert {path.name for path in (root / "MNIST" / "raw").iterdir()} == set(files)
    assert [path.name for path in root.iterdir()] == ["MNIST"]
    offered.asked.clear()
    data.mnist("train")
    assert offered.asked == []
    assert capfd.readouterr() == ("", "")


def test_a_download_touches_nothing_that_is_there(
    root: Path, raw: Path, offered: Server, files: dict[str, bytes]
) -> None:
    other = files[LABELS][:-1] + b"\x07"
    (raw / LABELS).write_bytes(other)
    data.mnist("train")
    assert (raw / LABELS).read_bytes() == other
    assert {path.name for path in raw.iterdir()} == set(files)


def test_what_came_is_not_what_torchvision_expects(
    root: Path, offered: Server, zipped: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    official = torchvision.datasets.FashionMNIST.resources
    monkeypatch.setattr(torchvision.datasets.MNIST, "resources", official)
    name, expected = official[0]
    found = hashlib.md5(zipped[name]).hexdigest()
    with pytest.raises(
        DataError, match=f"{name} came with .* md5 {found}, expected md5 {expected}"
    ):
        data.mnist("test")
    assert list(root.iterdir()) == []


def test_a_download_that_breaks_off(root: Path, offered: Server) -> None:
    offered.truncate = True
    with pytest.raises(DataError, match=r"MNIST is not under .* download failed: .*gz came with"):
        data.mnist("test")
    assert list(root.iterdir()) == []


def test_a_server_that_speaks_no_http(root: Path, offered: Server) -> None:
    offered.garble = True
    with pytest.raises(DataError, match=r"download failed: not HTTP\. Either"):
        data.mnist("test")


def test_a_server_that_falls_silent(
    root: Path, offered: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cvlib.data.root._SECONDS_WITHOUT_A_BYTE", 0.2)
    offered.released.clear()
    with pytest.raises(DataError, match="timed out"):
        data.mnist("test")
    assert socket.getdefaulttimeout() is None


def test_a_server_without_the_file(root: Path, server: Server, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr(torchvision.datasets.MNIST, "mirrors", [server.url])
    with pytest.raises(DataError, match="404"):
        data.mnist("test")


@pytest.mark.parametrize("dataset", ["MNIST", "FashionMNIST"])
def test_no_network_says_both_ways(
    root: Path, nowhere: str, dataset: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(getattr(torchvision.datasets, dataset), "mirrors", [nowhere])
    with pytest.raises(DataError) as caught:
        {"MNIST": data.mnist, "FashionMNIST": data.fashion_mnist}[dataset]("test")
    message = str(caught.value)
    assert "Connection refused" in message
    assert f"{dataset} is not under {root}" in message
    assert f"by hand and unpack them into {root / dataset / 'raw'}" in message
    assert "or set CVLIB_DATA to a folder that holds" in message
    assert list(root.iterdir()) == []


KILLED = """
import sys, torchvision.datasets
from cvlib import data
torchvision.datasets.MNIST.mirrors = [sys.argv[1]]
data.mnist("test")
"""


def test_what_killed_downloads_leave_is_removed_at_the_next_use(
    root: Path, server: Server, tmp_path: Path, nowhere: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "served" / "train-images-idx3-ubyte.gz").write_bytes(bytes(1_000_000))
    server.released.clear()
    monkeypatch.setattr(torchvision.datasets.MNIST, "mirrors", [nowhere])
    command = [sys.executable, "-c", KILLED, server.url]
    children = [subprocess.Popen(command), subprocess.Popen(command)]
    try:
        while len(begun := list(root.glob(".download-*/MNIST/raw/*.gz"))) < 2:
            assert [child.poll() for child in children] == [None, None]
            time.sleep(0.02)
        for child, how in zip(children, (signal.SIGTERM, signal.SIGKILL), strict=True):
            # While one of them lives, nothing is taken from it.
            assert all(file.exists() for file in begun)
            child.send_signal(how)
            assert child.wait() == -how
            assert len(list(root.iterdir())) == 2
            with pytest.raises(DataError, match="MNIST is not under"):
                data.mnist("test")
    finally:
        for child in children:
            child.kill()
            child.wait()
    assert list(root.iterdir()) == []


@pytest.mark.parametrize("read", [data.mnist, data.fashion_mnist, data.cifar10])
def test_every_set_removes_what_killed_downloads_have_left(
    root: Path, read: Callable[..., object]
) -> None:
    (root / ".download-abc" / "MNIST").mkdir(parents=True)
    (root / ".downloads").mkdir()
    for folder in ("MNIST/raw", "FashionMNIST/raw", "cifar10/train"):
        (root / folder).mkdir(parents=True)
    for folder in ("MNIST/raw", "FashionMNIST/raw"):
        (root / folder / IMAGES).touch()
    with pytest.raises(DataError):
        read("test")
    names = {path.name for path in root.iterdir()}
    assert names == {".downloads", "MNIST", "FashionMNIST", "cifar10"}


# Folders that cannot be written


def test_a_root_below_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    for place in (tmp_path / "file", tmp_path / "file" / "below"):
        monkeypatch.setenv("CVLIB_DATA", str(place))
        for read in (data.mnist, data.fashion_mnist, data.cifar10):
            with pytest.raises(
                DataError, match=f"not under {place}, .* cannot be written .*or set"
            ):
                read("test")


@contextlib.contextmanager
def without_roots_rights() -> Iterator[None]:
    """Permissions do not bind root: read and write as nobody for a while."""
    if os.geteuid() == 0:
        os.seteuid(65534)
        try:
            yield
        finally:
            os.seteuid(0)
    else:
        yield


def test_a_root_that_may_not_be_written_or_not_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    with tempfile.TemporaryDirectory() as place:  # tmp_path would be closed to another user.
        Path(place).chmod(0o755)
        for mode, message in (
            (
                0o555,
                r"not under {root}, .*cannot be written \(Permission denied\)\. Either download",
            ),
            (0o000, r"^{root}: cannot be listed \(Permission denied\)$"),
        ):
            root = Path(place) / f"{mode:o}"
            root.mkdir()
            root.chmod(mode)
            monkeypatch.setenv("CVLIB_DATA", str(root))
            for read in (data.mnist, data.fashion_mnist, data.cifar10):
                with (
                    without_roots_rights(),
                    pytest.raises(DataError, match=message.format(root=root)),
                ):
                    read("test")
            root.chmod(0o755)
