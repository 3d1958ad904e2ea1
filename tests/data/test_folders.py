from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from cvlib import data
from cvlib.data import DataError

RED, GREEN = (255, 0, 0), (0, 255, 0)


def picture(path: Path, colour: object, size: tuple[int, int] = (6, 4), **options: object) -> None:
    """Write a picture of one colour; its size is Pillow's (width, height)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("L" if isinstance(colour, int) else "RGB", size, colour).save(path, **options)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Two classes, two kinds of file, and things that are no pictures."""
    picture(tmp_path / "red" / "b.png", RED)
    picture(tmp_path / "red" / "a.JPG", (200, 0, 0), quality=100)
    picture(tmp_path / "green" / "c.bmp", GREEN)
    picture(tmp_path / ".checkpoints" / "a.png", RED)
    picture(tmp_path / "red" / ".hidden.png", GREEN, (1, 1))
    picture(tmp_path / "green" / "deeper" / "d.png", RED)
    (tmp_path / "green" / "notes.txt").write_text("green things")
    (tmp_path / "labels.csv").write_text("a,b")
    return tmp_path


def test_classes_and_files_come_in_the_order_of_their_names(place: Path) -> None:
    pictures = data.folder(place)
    assert pictures.classes == ("green", "red")
    assert pictures.labels.tolist() == [0, 1, 1]
    assert pictures.images.shape == (3, 3, 4, 6)
    assert pictures.images[0, :, 0, 0].tolist() == list(GREEN)
    assert pictures.images[2, :, 3, 5].tolist() == list(RED)
    first = pictures.images[1, :, 0, 0].int() - torch.tensor([200, 0, 0])
    assert int(first.abs().max()) <= 3  # JPEG
    assert pictures.source == f"the folder {place.name}"


def test_a_path_may_be_a_string(place: Path) -> None:
    assert torch.equal(data.folder(str(place)).images, data.folder(place).images)


def test_grey_pictures_keep_one_channel(tmp_path: Path) -> None:
    picture(tmp_path / "grey" / "a.png", 7)
    picture(tmp_path / "grey" / "b.jpg", 9)
    pictures = data.folder(tmp_path)
    assert pictures.images.shape == (2, 1, 4, 6)
    assert pictures.images[:, 0, 0, 0].tolist() == [7, 9]
    assert pictures.images.is_contiguous()


@pytest.mark.parametrize("first", ["grey", "red"])
def test_grey_among_colours_becomes_rgb(tmp_path: Path, first: str) -> None:
    names = {"grey": "b.png", "red": "b.png", first: "a.png"}
    picture(tmp_path / "all" / names["grey"], 7)
    picture(tmp_path / "all" / names["red"], RED)
    colours = [pixel.tolist() for pixel in data.folder(tmp_path).images[:, :, 0, 0]]
    expected = [[7, 7, 7], list(RED)]
    assert colours == (expected if first == "grey" else expected[::-1])


def test_shrinking_takes_the_mean_and_growing_goes_between(tmp_path: Path) -> None:
    (tmp_path / "all").mkdir()
    pixels = np.arange(0, 160, 10, dtype=np.uint8).reshape(4, 4)
    Image.fromarray(pixels).save(tmp_path / "all" / "a.png")
    blocks = pixels.reshape(2, 2, 2, 2).mean(axis=(1, 3))
    assert data.folder(tmp_path, size=(2, 2)).images[0, 0].tolist() == blocks.tolist()
    grown = data.folder(tmp_path, size=(2, 8)).images[0, 0].numpy().astype(float)
    assert grown.shape == (2, 8)
    rows = pixels.reshape(2, 2, 4).mean(axis=1)
    where = (np.arange(8) + 0.5) / 2 - 0.5  # centres of the new pixels among the old
    between = np.array([np.interp(where, range(4), row) for row in rows])
    np.testing.assert_allclose(grown, between, atol=1)


def test_size_is_height_and_width(place: Path) -> None:
    assert data.folder(place, size=(3, 5)).images.shape == (3, 3, 3, 5)


def test_pictures_of_different_sizes(place: Path) -> None:
    picture(place / "red" / "z.png", RED, (5, 4))
    with pytest.raises(DataError, match=r"z\.png: is 4×5 pixels .*expected 4×6, .* size=\(height"):
        data.folder(place)
    assert data.folder(place, size=(4, 6)).images.shape == (4, 3, 4, 6)


def test_what_a_camera_and_other_programs_write(tmp_path: Path) -> None:
    turned = Image.Exif()
    turned[0x0112] = 6  # the camera was held upright
    (tmp_path / "all").mkdir()
    Image.new("RGB", (6, 4), RED).save(tmp_path / "all" / "a.jpg", exif=turned)
    sixteen = np.full((6, 4), 255 * 256, np.uint16)
    Image.fromarray(sixteen).save(tmp_path / "all" / "b.png")
    Image.new("RGBA", (4, 6), (*GREEN, 0)).save(tmp_path / "all" / "c.png")
    Image.new("P", (4, 6), 0).save(tmp_path / "all" / "d.png")
    images = data.folder(tmp_path).images
    assert images.shape == (4, 3, 6, 4)
    assert images[1:, :, 0, 0].tolist() == [[255, 255, 255], list(GREEN), [0, 0, 0]]


def encoded(kind: str) -> bytes:
    noise = np.random.default_rng(0).integers(0, 256, (40, 40, 3), np.uint8)
    stream = io.BytesIO()
    Image.fromarray(noise).save(stream, kind)
    return stream.getvalue()


@pytest.mark.parametrize(
    "content",
    [b"", b"not a picture", encoded("JPEG")[:-900], encoded("PNG")[:-900], encoded("PNG")[:20]],
    ids=["empty", "text", "truncated JPEG", "truncated PNG", "header"],
)
def test_an_undecodable_picture_is_named(place: Path, content: bytes) -> None:
    bad = place / "red" / "bad.jpg"
    bad.write_bytes(content)
    with pytest.raises(DataError, match=rf"{bad}: cannot be decoded: {len(content):,} bytes"):
        data.folder(place)


def test_folders_that_hold_nothing(place: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=f"{place / 'away'}: absent"):
        data.folder(place / "away")
    with pytest.raises(DataError, match=r"labels\.csv: not a folder"):
        data.folder(place / "labels.csv")
    (place / "blue").mkdir()
    (place / "blue" / "notes.txt").touch()
    with pytest.raises(DataError, match=f"{place / 'blue'}: holds no picture; .*jpg"):
        data.folder(place)
    with pytest.raises(DataError, match=f"{place / 'blue'}: holds no folder"):
        data.folder(place / "blue")


@pytest.mark.parametrize("size", [32, (32,), (32, 32, 3), [32, 32], (32.0, 32), ("32", "32")])
def test_a_size_that_is_none(place: Path, size: object) -> None:
    with pytest.raises(TypeError, match=r"size is .*; expected \(height, width\)"):
        data.folder(place, size=size)  # type: ignore[arg-type]


@pytest.mark.parametrize("size", [(0, 32), (32, -1)])
def test_a_size_of_nothing(place: Path, size: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        data.folder(place, size=size)


def test_no_progress_bar_off_a_terminal(place: Path, capfd: pytest.CaptureFixture[str]) -> None:
    data.folder(place)
    assert capfd.readouterr() == ("", "")
