"""Pictures in files: round trips, paths, and what is refused before anything is written."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

import cvlib.images
from cvlib.data import photograph
from cvlib.images.files import decode, encode, read, write
from tests.images.test_decode import header_only

SIDES = st.integers(1, 9)
GREYS = st.tuples(SIDES, SIDES).flatmap(lambda shape: arrays(np.uint8, shape))
COLOURS = st.tuples(SIDES, SIDES, st.just(3)).flatmap(lambda shape: arrays(np.uint8, shape))
PHOTOGRAPH = photograph("astronaut")[40:100, 180:250]
LOSSLESS = (".bmp", ".png", ".tif", ".tiff", ".webp")
# Pillow warns of what it finds in a header, before the file is refused.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::RuntimeWarning")
FOREIGN = "expected a BMP, JPEG, PNG, TIFF or WebP file"


# ---------------------------------------------------------------------------- round trips


@settings(max_examples=30)
@given(COLOURS, st.sampled_from(LOSSLESS))
def test_colours_come_back_exactly(image: np.ndarray, extension: str) -> None:
    assert np.array_equal(decode(encode(image, extension)), image)


@settings(max_examples=30)
@given(GREYS, st.sampled_from(LOSSLESS))
def test_greys_come_back_exactly(image: np.ndarray, extension: str) -> None:
    file = encode(image, extension)
    assert np.array_equal(decode(file, grey=True), image)
    assert np.array_equal(decode(file), np.dstack([image] * 3))


@settings(max_examples=10)
@given(COLOURS, st.integers(0, 9))
def test_no_compression_changes_a_png(image: np.ndarray, compression: int) -> None:
    assert np.array_equal(decode(encode(image, ".png", compression=compression)), image)


@pytest.mark.parametrize(
    ("quality", "bound"), [(100, 1.6), (95, 2.5), (75, 5), (25, 8), (5, 15), (0, 23)]
)
def test_the_error_of_a_jpeg_is_bounded_by_its_quality(quality: int, bound: float) -> None:
    back = decode(encode(PHOTOGRAPH, ".jpg", quality=quality))
    assert 0.85 * bound < cv2.absdiff(back, PHOTOGRAPH).mean() < bound


@given(COLOURS)
def test_a_jpeg_of_the_best_quality_in_grey_is_off_by_two_at_most(image: np.ndarray) -> None:
    grey = image[..., 0]
    back = decode(encode(grey, ".jpg", quality=100), grey=True)
    assert cv2.absdiff(back, grey).max() <= 2


def test_pillow_reads_what_is_written() -> None:
    for extension in LOSSLESS:
        with Image.open(BytesIO(encode(PHOTOGRAPH, extension))) as opened:
            assert np.array_equal(opened, PHOTOGRAPH)


def test_settings_are_those_of_opencv() -> None:
    bgr = cv2.cvtColor(PHOTOGRAPH, cv2.COLOR_RGB2BGR)
    for extension in (".jpg", ".webp"):
        name = {".jpg": cv2.IMWRITE_JPEG_QUALITY, ".webp": cv2.IMWRITE_WEBP_QUALITY}[extension]
        expected = cv2.imencode(extension, bgr, [name, 30])[1].tobytes()
        assert encode(PHOTOGRAPH, extension, quality=30) == expected
        assert encode(PHOTOGRAPH, extension) == cv2.imencode(extension, bgr)[1].tobytes()
    sizes = [len(encode(PHOTOGRAPH, ".png", compression=level)) for level in (0, 1, 9)]
    assert sizes == sorted(sizes, reverse=True)
    assert len(set(sizes)) == 3
    assert encode(PHOTOGRAPH, ".JPG") == encode(PHOTOGRAPH, ".jpeg", quality=95)


def test_pictures_of_any_memory_layout_are_written() -> None:
    for view in (PHOTOGRAPH[::-1, ::2], PHOTOGRAPH.transpose(1, 0, 2), PHOTOGRAPH[..., ::-1]):
        assert np.array_equal(decode(encode(view, ".png")), view)
    grey = PHOTOGRAPH[..., 1]  # every third byte
    assert np.array_equal(decode(encode(grey, ".png"), grey=True), grey)


# ---------------------------------------------------------------------------- paths


def test_read_names_the_file_and_what_is_wrong_with_it(tmp_path: Path) -> None:
    contents = {
        "empty.jpg": (b"", "data is empty"),
        "text.png": (b"This is a text.", f"data begins with b'This is '; {FOREIGN}"),
        "half.jpg": (encode(PHOTOGRAPH, ".jpg")[:900], "data is a truncated JPEG"),
        "half.png": (encode(PHOTOGRAPH, ".png")[:900], "data is a damaged or truncated PNG"),
        "huge.png": (header_only(60_000), "data claims too many pixels"),
    }
    for name, (data, message) in contents.items():
        (tmp_path / name).write_bytes(data)
        with pytest.raises(ValueError, match=f"{name}: {message}"):
            read(tmp_path / name)
    with pytest.raises(FileNotFoundError, match=r"absent\.png"):
        read(tmp_path / "absent.png")
    with pytest.raises(IsADirectoryError, match=r"path is the folder .*; expected a file"):
        read(tmp_path)


def test_a_path_may_hold_chinese_characters_and_spaces(tmp_path: Path) -> None:
    folder = tmp_path / "图片 文件夹"
    folder.mkdir()
    for place in (folder / "宇航员.png", str(folder / "宇航员 2.jpg")):
        write(place, PHOTOGRAPH)
        assert read(place).shape == PHOTOGRAPH.shape
    assert np.array_equal(read(folder / "宇航员.png"), PHOTOGRAPH)


def test_what_a_name_ends_in_does_not_matter_to_read(tmp_path: Path) -> None:
    (tmp_path / "wrong.jpg").write_bytes(encode(PHOTOGRAPH, ".png"))
    assert np.array_equal(read(tmp_path / "wrong.jpg"), PHOTOGRAPH)


def test_write_turns_to_bgr_once_and_read_turns_back_once(tmp_path: Path) -> None:
    red = np.full((4, 4, 3), [255, 0, 0], dtype=np.uint8)
    write(tmp_path / "red.png", red)
    assert cv2.imread(str(tmp_path / "red.png"))[0, 0].tolist() == [0, 0, 255]
    with Image.open(tmp_path / "red.png") as opened:
        assert opened.getpixel((0, 0)) == (255, 0, 0)
    assert np.array_equal(cvlib.images.read(tmp_path / "red.png"), red)
    assert read(tmp_path / "red.png", grey=True)[0, 0] == 76


def test_write_replaces_a_file_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    place = tmp_path / "picture.png"
    place.write_bytes(b"old")
    write(place, PHOTOGRAPH)
    write(place, PHOTOGRAPH[::-1])
    assert np.array_equal(read(place), PHOTOGRAPH[::-1])
    assert list(tmp_path.iterdir()) == [place]


def test_write_follows_a_link(tmp_path: Path) -> None:
    (tmp_path / "link.png").symlink_to(tmp_path / "there.png")
    write(tmp_path / "link.png", PHOTOGRAPH)
    assert (tmp_path / "link.png").is_symlink()
    assert np.array_equal(read(tmp_path / "there.png"), PHOTOGRAPH)


def test_a_failed_write_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "picture.png"
    write(place, PHOTOGRAPH)

    def full_disk(path: Path, data: bytes) -> int:
        with path.open("wb") as file:
            file.write(data[:100])
        raise OSError("no space left")

    monkeypatch.setattr(Path, "write_bytes", full_disk)
    with pytest.raises(OSError, match="no space left"):
        write(place, PHOTOGRAPH[::-1])
    assert np.array_equal(read(place), PHOTOGRAPH)
    assert list(tmp_path.iterdir()) == [place]


def test_a_written_file_has_the_rights_of_any_new_file(tmp_path: Path) -> None:
    (tmp_path / "other").touch()
    write(tmp_path / "picture.png", PHOTOGRAPH)
    modes = {path.stat().st_mode for path in tmp_path.iterdir()}
    assert len(modes) == 1


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("a.xyz", {}, r"extension is '\.xyz'; expected one of \.bmp, \.jpeg"),
        ("a", {}, "extension is ''; expected one of"),
        ("a.jpg", {"quality": 101}, "quality is 101; expected a whole number from 0 to 100"),
        ("a.jpg", {"quality": -1}, "quality is -1; expected a whole number from 0 to 100"),
        ("a.jpg", {"quality": 0.5}, "quality is 0.5; expected a whole number"),
        ("a.png", {"compression": 10}, "compression is 10; expected a whole number from 0 to 9"),
        ("a.png", {"quality": 90}, r"quality is 90, and \.png files have none"),
        ("a.jpg", {"compression": 3}, r"compression is 3, and \.jpg files have none"),
    ],
)
def test_write_refuses_what_it_does_not_know(
    tmp_path: Path, name: str, options: dict[str, int], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        write(tmp_path / name, PHOTOGRAPH, **options)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("shape", [(4, 4, 1), (4, 4, 4), (4, 4, 2), (0, 4, 3), (1, 4, 4, 3), (5,)])
def test_write_refuses_other_shapes(tmp_path: Path, shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"image has shape \(.*\); expected \(H, W, 3\), RGB"):
        write(tmp_path / "a.png", np.zeros(shape, dtype=np.uint8))


@pytest.mark.parametrize("dtype", [np.float32, np.uint16, np.int8, np.bool_])
def test_write_refuses_other_dtypes(tmp_path: Path, dtype: type) -> None:
    with pytest.raises(TypeError, match=r"image has dtype .*; expected uint8"):
        write(tmp_path / "a.png", np.zeros((4, 4, 3), dtype=dtype))


@pytest.mark.parametrize("extension", [".jpg", ".webp"])
def test_a_picture_too_long_for_its_format_is_refused(extension: str) -> None:
    with pytest.raises(ValueError, match=rf"shape \(1, 70000\), which \{extension} files cannot"):
        encode(np.zeros((1, 70_000), dtype=np.uint8), extension)


def test_write_wants_a_folder_that_is_there_and_a_path_that_is_no_folder(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="in a folder that is absent"):
        write(tmp_path / "absent" / "a.png", PHOTOGRAPH)
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(IsADirectoryError, match=r"path is the folder .*; expected a file"):
        write(tmp_path / "folder.png", PHOTOGRAPH)


# ---------------------------------------------------------------------------- what is no path


class OfBytes:
    """A path whose name is bytes, as ``os.scandir(b".")`` gives."""

    def __fspath__(self) -> bytes:
        return b"a.png"


NO_PATHS = [
    *((None, "None"), (3, "3"), (0.5, "0.5"), (True, "True"), (b"a.png", "bytes")),
    *((["a.png"], "list"), (("a.png",), "tuple"), (PHOTOGRAPH, "ndarray"), (OfBytes(), "OfBytes")),
    *((bytearray(b"a.png"), "bytearray"), (BytesIO(), "BytesIO")),
]


@pytest.mark.parametrize(("path", "said"), NO_PATHS)
def test_what_is_no_path_is_refused(path: object, said: str) -> None:
    message = f"^path is {said}; expected a path: str or os.PathLike$"
    with pytest.raises(TypeError, match=message):
        read(path)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=message):
        write(path, PHOTOGRAPH)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["a\0b.png", "\0", "\ud800.png"])
def test_a_name_that_no_file_can_have_is_refused(name: str, tmp_path: Path) -> None:
    for path in (name, tmp_path / name):
        with pytest.raises(ValueError, match="expected a name that a file can have"):
            read(path)
        with pytest.raises(ValueError, match="expected a name that a file can have"):
            write(path, PHOTOGRAPH)
    with pytest.raises(IsADirectoryError, match="path is the folder ''; expected a file"):
        read("")


# ---------------------------------------------------------------------------- what is no file


@contextlib.contextmanager
def irregular(folder: Path) -> Iterator[dict[Path, str]]:
    """Yield places where reading would wait, or never end, and what stands there."""
    os.mkfifo(folder / "pipe.png")
    (folder / "link.png").symlink_to(folder / "pipe.png")
    places = {folder / "pipe.png": "pipe", folder / "link.png": "pipe"}
    here = Path.cwd()
    os.chdir(folder)  # a socket's name may have about a hundred letters
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket.png")
        os.chdir(here)
        yield {**places, folder / "socket.png": "socket", Path("/dev/zero"): "device"}


def test_what_is_no_regular_file_is_refused_at_once(tmp_path: Path) -> None:
    with irregular(tmp_path) as places:
        for place, kind in places.items():
            with pytest.raises(ValueError, match=f"{place}: is a {kind}; expected a regular file"):
                read(place)


def test_write_does_not_take_the_place_of_a_pipe(tmp_path: Path) -> None:
    with irregular(tmp_path) as places:
        for place in [place for place in places if place.suffix]:
            with pytest.raises(ValueError, match="expected a regular file"):
                write(place, PHOTOGRAPH)
        assert {path.name for path in tmp_path.iterdir()} == {p.name for p in places if p.suffix}
