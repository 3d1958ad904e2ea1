from __future__ import annotations

import gzip
import hashlib
import io
import os
import pickle
import shutil
import tarfile
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision.datasets import CIFAR10

from cvlib import data
from cvlib.data import DataError, cifar

from .conftest import Server

CLASSES = (
    *("airplane", "automobile", "bird", "cat", "deer"),
    *("dog", "frog", "horse", "ship", "truck"),
)
ARCHIVE = "cifar10-jpeg.tar.gz"


def jpeg(colour: object, size: tuple[int, int] = (32, 32), mode: str = "RGB") -> bytes:
    stream = io.BytesIO()
    Image.new(mode, size, colour).save(stream, "JPEG", quality=95)
    return stream.getvalue()


def archive(members: Iterable[tuple[str | tarfile.TarInfo, bytes]]) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz", compresslevel=1) as tar:
        for member, content in members:
            if isinstance(member, str):
                member = tarfile.TarInfo(member)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return stream.getvalue()


@pytest.fixture
def members(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, bytes]]:
    """A test split of 100 pictures: those of class k have red 20 k, and one is unlike the rest."""
    monkeypatch.setitem(cifar._PER_CLASS, "test", 10)
    files = [
        (f"test/{name}/{number:04}.jpg", content)
        for name, content in ((name, jpeg((20 * k, 0, 90))) for k, name in enumerate(CLASSES))
        for number in range(10)
    ]
    files[17] = (files[17][0], jpeg((250, 250, 250)))
    return files


@pytest.fixture
def packed(members: list[tuple[str, bytes]]) -> bytes:
    # The last comes first: the order must come from the names.
    return archive(members[::-1])


@pytest.fixture
def copy(root: Path, packed: bytes) -> Path:
    (root / ARCHIVE).write_bytes(packed)
    return root / ARCHIVE


# A copy in JPEG


def test_the_full_copy(full: Callable[[str], Path]) -> None:
    place = full(ARCHIVE)
    train, test = data.cifar10(), data.cifar10("test")
    for pictures, count in ((train, 50_000), (test, 10_000)):
        assert pictures.images.shape == (count, 3, 32, 32)
        assert pictures.labels.bincount().tolist() == [count // 10] * 10
        assert (pictures.labels.diff() >= 0).all()
        assert pictures.classes == CLASSES
        assert pictures.source == "CIFAR-10, JPEG copy"
    with tarfile.open(place / ARCHIVE) as tar:  # Another reader and another decoder agree.
        for _, member in zip(range(300), tar, strict=False):
            kind, _, name = member.name.rstrip("/").partition("/")
            if member.isreg() and kind == "train":
                known = np.asarray(Image.open(tar.extractfile(member)))
                label, number = CLASSES.index(name[: name.index("/")]), int(name[-8:-4])
                picture = train.images[5000 * label + number].permute(1, 2, 0)
                np.testing.assert_array_equal(picture.numpy(), known)
    # RGB, not BGR: the sky behind the planes is blue.
    red, _, blue = train.images[:5000].float().mean(dim=(0, 2, 3))
    assert blue > red + 5


def test_the_archive_is_read_where_it_lies(root: Path, copy: Path) -> None:
    pictures = data.cifar10("test")
    assert pictures.images.shape == (100, 3, 32, 32)
    assert pictures.labels.bincount().tolist() == [10] * 10
    middle = pictures.images[:, :, 16, 16].int()
    assert middle[17].tolist() == [250, 250, 250]
    red = middle[:, 0].clone()
    red[17] = 20
    assert int((red - 20 * pictures.labels).abs().max()) <= 3
    assert [path.name for path in root.iterdir()] == [ARCHIVE]
    assert pictures.source == "CIFAR-10, JPEG copy"


def test_the_unpacked_copy_is_the_same(root: Path, copy: Path) -> None:
    packed = data.cifar10("test")
    with tarfile.open(copy) as tar:
        tar.extractall(root / "cifar10", filter="data")
    copy.unlink()
    unpacked = data.cifar10("test")
    assert torch.equal(unpacked.images, packed.images)
    assert torch.equal(unpacked.labels, packed.labels)
    assert (unpacked.classes, unpacked.source) == (packed.classes, packed.source)

    file = root / "cifar10" / "test" / "cat" / "0003.jpg"
    listed = hashlib.sha256(file.read_bytes()).hexdigest()
    (root / "SHA256SUMS").write_text(f"{listed}  cifar10/test/cat/0003.jpg\n")
    file.write_bytes(jpeg((255, 0, 0)))
    found = hashlib.sha256(jpeg((255, 0, 0))).hexdigest()
    with pytest.raises(DataError, match=rf"cat/0003\.jpg: .* SHA-256 is {found}, .* {listed}"):
        data.cifar10("test")
    (root / "SHA256SUMS").unlink()

    file.write_bytes(jpeg(0, (32, 31)))
    with pytest.raises(DataError, match=r"0003\.jpg: is 31×32 pixels .*expected 32×32$"):
        data.cifar10("test")
    file.unlink()
    with pytest.raises(
        DataError, match="holds 9 of cat for split 'test'; expected 10 of each of air"
    ):
        data.cifar10("test")
    shutil.rmtree(file.parent)
    with pytest.raises(DataError, match="holds 0 of cat"):
        data.cifar10("test")
    with pytest.raises(DataError, match="train: absent"):
        data.cifar10("train")


def test_a_copy_in_png_does_not_call_itself_jpeg(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(cifar._PER_CLASS, "test", 1)
    for name in CLASSES:
        (root / "cifar10" / "test" / name).mkdir(parents=True)
        Image.new("RGB", (32, 32)).save(root / "cifar10" / "test" / name / "0.png")
    assert data.cifar10("test").source == "CIFAR-10, PNG copy"


@pytest.mark.parametrize("cut", [0.5, -9, -1])
def test_a_truncated_archive(copy: Path, packed: bytes, cut: float) -> None:
    size = int(len(packed) * cut) if cut > 0 else len(packed) + int(cut)
    os.truncate(copy, size)
    with pytest.raises(DataError, match=f"{copy}: truncated or damaged: .*found {size:,} bytes"):
        data.cifar10("test")


def test_an_archive_with_a_flipped_bit(copy: Path, packed: bytes) -> None:
    changed = bytearray(packed)
    changed[len(changed) // 2] ^= 4
    copy.write_bytes(changed)
    with pytest.raises(DataError, match=f"{copy}: "):
        data.cifar10("test")


def test_an_archive_that_is_none(copy: Path) -> None:
    copy.write_bytes(b"<html>")
    with pytest.raises(DataError, match="truncated or damaged: Not a gzipped file"):
        data.cifar10("test")
    copy.write_bytes(gzip.compress(b"no tar" * 500))
    with pytest.raises(DataError, match="no whole tar archive"):
        data.cifar10("test")


def test_an_archive_with_another_checksum(root: Path, copy: Path, packed: bytes) -> None:
    found = hashlib.sha256(packed).hexdigest()
    (root / "SHA256SUMS").write_text(f"{'1' * 64}  {ARCHIVE}\n")
    with pytest.raises(DataError, match=f"{copy}: .* SHA-256 is {found}, .*{'1' * 64}"):
        data.cifar10("test")


def test_an_archive_that_lacks_pictures(copy: Path, members: list[tuple[str, bytes]]) -> None:
    with pytest.raises(DataError, match=r"0 of airplane, 0 of automobile, .* for split 'train'"):
        data.cifar10("train")
    copy.write_bytes(archive(members[:-1]))
    with pytest.raises(DataError, match=f"{copy}: holds 9 of truck for split 'test'; expected"):
        data.cifar10("test")
    copy.write_bytes(archive([*members, ("test/unicorn/0000.jpg", jpeg(0, mode="L"))]))
    with pytest.raises(DataError, match="holds 1 of unicorn"):
        data.cifar10("test")


@pytest.mark.parametrize("prefix", ["./", "cifar10/", "./cifar10/"])
def test_an_archive_that_was_packed_from_a_folder_above(
    copy: Path, members: list[tuple[str, bytes]], prefix: str
) -> None:
    straight = data.cifar10("test")
    copy.write_bytes(archive((prefix + str(name), content) for name, content in members))
    assert torch.equal(data.cifar10("test").images, straight.images)


def test_a_copy_of_another_number_of_pictures_is_not_cifar10(
    copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    monkeypatch.setenv("CVLIB_DATA", str(copy.parent))
    with pytest.raises(DataError, match=r"10 of airplane, .*10 of truck .* expected 1,000 of each"):
        data.cifar10("test")


def test_an_archive_that_means_harm(
    root: Path, copy: Path, members: list[tuple[str, bytes]], tmp_path: Path
) -> None:
    secret = tmp_path / "secret.jpg"
    secret.write_bytes(jpeg((1, 2, 3)))
    link = tarfile.TarInfo("test/cat/0000.jpg")
    link.type, link.linkname = tarfile.SYMTYPE, str(secret)
    away = [("../../away.jpg", b"x"), (f"{tmp_path}/away.jpg", b"x"), ("test/../away.jpg", b"x")]
    away.append(("backup/test/cat/9999.jpg", jpeg((1, 2, 3))))
    rest = [member for member in members if member[0] != "test/cat/0000.jpg"]
    copy.write_bytes(archive([*away, (link, b""), *rest]))
    with pytest.raises(DataError, match="holds 9 of cat"):  # The link is not followed.
        data.cifar10("test")
    copy.write_bytes(archive([*away, *members]))
    data.cifar10("test")
    assert {path.name for path in tmp_path.iterdir()} == {"root", "secret.jpg"}
    assert [path.name for path in root.iterdir()] == [ARCHIVE]


def test_an_archive_that_is_too_large(
    copy: Path, members: list[tuple[str, bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    copy.write_bytes(archive([("test/cat/0000.jpg", bytes(65_537))]))
    with pytest.raises(DataError, match=r"cat/0000\.jpg has 65,537 bytes; expected at most 65,536"):
        data.cifar10("test")
    monkeypatch.setattr(cifar, "_LARGEST_ARCHIVE", 100_000)
    copy.write_bytes(gzip.compress(bytes(100_001)))
    with pytest.raises(DataError, match="unpacks to more than 100,000 bytes"):
        data.cifar10("test")


# Torchvision's layout


class Marked:
    """Creates a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = str(path)

    def __reduce__(self) -> tuple[object, tuple[str, str]]:
        return open, (self.path, "w")


class OldDtype(pickle._Pickler):  # type: ignore[misc,name-defined]
    """Writes a dtype such that NumPy 2.4 calls it deprecated, as it calls the official files."""

    def reducer_override(self, value: object) -> object:
        if isinstance(value, np.dtype):
            return np.dtype, ("u1", 0, 0)
        return NotImplemented


@pytest.fixture
def pickles(root: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Torchvision's layout with 20 pictures for test; the md5 sums are those of these files."""
    folder = root / "cifar-10-batches-py"
    folder.mkdir()
    pixels = (np.arange(20 * 3072) % 251).astype(np.uint8).reshape(20, 3072)
    for name, _ in CIFAR10.train_list + CIFAR10.test_list:
        stream = io.BytesIO()
        labels = [k * 7 % 10 for k in range(20)]
        OldDtype(stream, 2).dump({"data": pixels, "labels": labels})
        (folder / name).write_bytes(stream.getvalue())
    (folder / "batches.meta").write_bytes(pickle.dumps({"label_names": list(CLASSES)}))
    md5 = {path.name: hashlib.md5(path.read_bytes()).hexdigest() for path in folder.iterdir()}
    for names in ("train_list", "test_list"):
        sums = [[name, md5[name]] for name, _ in getattr(CIFAR10, names)]
        monkeypatch.setattr(CIFAR10, names, sums)
    monkeypatch.setattr(CIFAR10, "meta", CIFAR10.meta | {"md5": md5["batches.meta"]})
    return folder


@pytest.mark.filterwarnings("error")
def test_torchvisions_layout_comes_first(root: Path, pickles: Path) -> None:
    (root / ARCHIVE).touch()
    (root / "cifar10").mkdir()
    pictures = data.cifar10("test")
    assert pictures.source == "CIFAR-10"
    assert pictures.images.shape == (20, 3, 32, 32)
    assert pictures.images.is_contiguous()
    assert pictures.images[0, 2, 0, :3].tolist() == [40, 41, 42]  # 2 · 1024 % 251 and what follows
    assert pictures.labels[:4].tolist() == [0, 7, 4, 1]
    assert pictures.classes == CLASSES


@pytest.mark.parametrize("name", ["test_batch", "data_batch_3", "batches.meta"])
@pytest.mark.parametrize("listed", [False, True])
def test_a_pickle_with_another_md5_is_never_opened(
    root: Path, pickles: Path, tmp_path: Path, name: str, listed: bool
) -> None:
    marker = tmp_path / "opened"
    evil = pickle.dumps(Marked(marker))
    with pickle.loads(evil):
        assert marker.exists()
    marker.unlink()
    expected = hashlib.md5((pickles / name).read_bytes()).hexdigest()
    (pickles / name).write_bytes(evil)
    if listed:
        digest = hashlib.sha256(evil).hexdigest()
        (root / "SHA256SUMS").write_text(f"{digest}  cifar-10-batches-py/{name}\n")
    found = hashlib.md5(evil).hexdigest()
    with pytest.raises(DataError, match=f"{pickles / name}: md5 is {found}; expected {expected}"):
        data.cifar10("test")
    assert not marker.exists()


def test_a_pickle_with_another_sha256_than_listed(root: Path, pickles: Path) -> None:
    (root / "SHA256SUMS").write_text(f"{'2' * 64}  cifar-10-batches-py/data_batch_2\n")
    with pytest.raises(DataError, match=f"data_batch_2: .* SHA-256 is .*{'2' * 64}"):
        data.cifar10("test")


def test_pickles_that_are_not_all_there(pickles: Path) -> None:
    (pickles / "data_batch_4").unlink()
    with pytest.raises(DataError, match=f"{pickles}: lacks data_batch_4; expected all of data_ba"):
        data.cifar10("test")


def test_a_pipe_in_the_place_of_a_pickle_is_refused_at_once(pickles: Path) -> None:
    (pickles / "data_batch_4").unlink()
    os.mkfifo(pickles / "data_batch_4")
    with pytest.raises(DataError, match="data_batch_4: is a pipe; expected a regular file"):
        data.cifar10("test")


@pytest.mark.parametrize("name", [ARCHIVE, "SHA256SUMS"])
def test_a_pipe_in_the_place_of_a_file_is_refused_at_once(root: Path, name: str) -> None:
    os.mkfifo(root / name)
    with pytest.raises(DataError, match=f"{name}: is a pipe; expected a regular file"):
        data.cifar10("test")


def test_an_archive_that_is_still_packed_is_named(root: Path) -> None:
    (root / "cifar-10-python.tar.gz").touch()
    with pytest.raises(
        DataError, match=r"cifar-10-python\.tar\.gz: is still packed; expected cifar"
    ):
        data.cifar10("test")


# Download


@pytest.mark.filterwarnings("error")
def test_an_absent_set_is_downloaded(
    root: Path, pickles: Path, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    served = tmp_path / "served" / "cifar-10-python.tar.gz"
    with tarfile.open(served, "w:gz", compresslevel=1) as tar:
        tar.add(pickles, pickles.name)
    shutil.rmtree(pickles)
    monkeypatch.setattr(CIFAR10, "url", f"{server.url}{served.name}")
    with pytest.raises(DataError, match=f"{served.name} came with .* expected md5 c58f3010"):
        data.cifar10("test")
    assert list(root.iterdir()) == []
    monkeypatch.setattr(CIFAR10, "tgz_md5", hashlib.md5(served.read_bytes()).hexdigest())
    assert data.cifar10("test").source == "CIFAR-10"
    assert [path.name for path in root.iterdir()] == ["cifar-10-batches-py"]


def test_no_network_says_both_ways(
    root: Path, nowhere: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(CIFAR10, "url", f"{nowhere}cifar-10-python.tar.gz")
    with pytest.raises(DataError) as caught:
        data.cifar10("train")
    message = str(caught.value)
    assert "Connection refused" in message
    assert f"by hand and unpack it into {root}, or set CVLIB_DATA" in message
    assert "cifar10/train/<class>/*.jpg or cifar10-jpeg.tar.gz" in message
    assert list(root.iterdir()) == []
