from __future__ import annotations

import io
import os
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from cvlib import data
from cvlib.data import DataError
from tests.images.test_decode import FOUR, GREYS, MASKS, bitmap, png, tiff

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


def test_one_pixel_is_a_size(place: Path) -> None:
    assert data.folder(place, size=(1, 1)).images.shape == (3, 3, 1, 1)
    assert data.folder(place, size=(1, 4)).images[0, :, 0, 3].tolist() == list(GREEN)


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
    Image.new("RGB", (4, 6), RED).convert("CMYK").save(tmp_path / "all" / "e.jpg", quality=100)
    frames = [Image.new("RGB", (4, 6), colour) for colour in (GREEN, RED)]
    frames[0].save(tmp_path / "all" / "f.gif", save_all=True, append_images=frames[1:])
    Image.new("LA", (4, 6), (90, 10)).save(tmp_path / "all" / "g.png")
    images = data.folder(tmp_path).images
    assert images.shape == (7, 3, 6, 4)
    found = images[1:, :, 0, 0].int()
    expected = [[254] * 3, GREEN, [0] * 3, RED, GREEN, [90] * 3]
    assert (found - torch.tensor(expected)).abs().max() <= 2  # printers' colours


def test_of_sixteen_bits_the_nearest_level_is_taken(tmp_path: Path) -> None:
    values = np.arange(2**16, dtype=np.uint16).reshape(256, 256)
    (tmp_path / "all").mkdir()
    for name in ("a.png", "b.tif"):
        Image.fromarray(values).save(tmp_path / "all" / name)
    (tmp_path / "all" / "c.pgm").write_bytes(b"P5 256 256 65535\n" + values.astype(">u2").tobytes())
    levels = data.folder(tmp_path).images[:, 0].numpy().astype(int)
    assert np.abs(257 * levels - values).max() <= 128


def netpbm(kind: int, most: int, values: list[int]) -> bytes:
    """Make a grey picture (2: text, 5: bytes) or one in colour (3, 6) of few or of many levels."""
    head = f"P{kind}\n# of {most} levels\n{len(values) // (3 if kind in (3, 6) else 1)} 1\n{most}\n"
    if kind < 4:
        return head.encode() + " ".join(map(str, values)).encode() + b"\n"
    return head.encode() + np.array(values, ">u2" if most > 255 else "u1").tobytes()


@pytest.mark.parametrize("most", [1, 3, 15, 31, 100, 254, 255, 256, 1000, 4095, 65535])
@pytest.mark.parametrize("kind", [2, 3, 5, 6])
def test_netpbm_goes_from_black_to_white_however_many_levels_it_has(
    tmp_path: Path, kind: int, most: int
) -> None:
    values = [0, most, most // 2, most, 0, most // 3]
    (tmp_path / "all").mkdir()
    (tmp_path / "all" / "a.ppm").write_bytes(netpbm(kind, most, values))
    expected = np.array(values) * 255 / most
    images = data.folder(tmp_path).images.numpy()
    assert images.shape == ((1, 1, 1, 6) if kind in (2, 5) else (1, 3, 1, 2))
    found = images[0].transpose(1, 2, 0).ravel()
    assert np.abs(found - expected).max() <= (0.51 if most < 256 else 1)
    assert found[[0, 1, 3, 4]].tolist() == [0, 255, 255, 0]


def test_few_bits_are_spread_over_all_levels(tmp_path: Path) -> None:
    (tmp_path / "all").mkdir()
    files = [
        *(bitmap(np.array([[0x7FFF, 0x7C00, 0x10, 0]], np.uint16)),),
        bitmap(np.array([[0xFFFF, 0xF800, 0x10, 0]], np.uint16), (0xF800, 0x7E0, 0x1F)),
        bitmap(np.array([[2**30 - 1, 0x3FF00000, 0x10, 0]], np.uint32), MASKS["10-10-10"][1]),
        *(png(bits, 0, FOUR[bits]) for bits in (1, 2, 4)),
        *(tiff(bits, FOUR[bits]) for bits in (1, 2, 4)),
    ]
    for number, file in enumerate(files):
        (tmp_path / "all" / f"{number}.bmp").write_bytes(file)
    images = data.folder(tmp_path).images
    assert images[:3, :, 0].permute(0, 2, 1).tolist() == [
        [[255] * 3, [255, 0, 0], [0, 0, 132], [0] * 3],
        [[255] * 3, [255, 0, 0], [0, 0, 132], [0] * 3],
        [[255] * 3, [255, 0, 0], [0, 0, 4], [0] * 3],
    ]
    assert images[3:, 0, 0].tolist() == [*GREYS.values(), *GREYS.values()]


@pytest.mark.parametrize(
    ("bits", "kind", "said"),
    [
        *((32, 1, "unsigned numbers of 32"), (32, 2, "signed numbers of 32")),
        *((8, 2, "signed numbers of 8"), (16, 2, "signed numbers of 16")),
        *((32, 3, "floating-point numbers of 32"), (64, 3, "floating-point numbers of 64")),
    ],
)
def test_the_depth_of_numbers_that_are_no_colours_is_named(
    place: Path, bits: int, kind: int, said: str
) -> None:
    bad = place / "red" / "deep.tif"
    bad.write_bytes(tiff(bits, bytes(bits // 8), kind=kind))
    with pytest.raises(DataError, match=f"{bad}: holds {said} bits, which are no colours"):
        data.folder(place, size=(4, 6))


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


def test_damaged_pictures_can_be_skipped_and_are_named(place: Path) -> None:
    (place / "red" / "0.jpg").write_bytes(encoded("JPEG")[:-900])
    (place / "red" / "z.jpg").touch()
    with pytest.warns(UserWarning, match="left out") as caught:
        pictures = data.folder(place, damaged="skip")
    assert pictures.labels.tolist() == [0, 1, 1]
    assert torch.equal(pictures.images[0, :, 0, 0], torch.tensor(GREEN).byte())
    lines = str(caught[0].message).splitlines()
    assert lines[0] == "left out:"
    assert lines[1].startswith(f"{place / 'red' / '0.jpg'}: cannot be decoded: ")
    assert lines[2].startswith(f"{place / 'red' / 'z.jpg'}: cannot be decoded: 0 bytes")
    assert len(lines) == 3
    assert caught[0].filename == __file__
    for number in range(1, 12):
        (place / "red" / f"{number}.jpg").touch()
    with pytest.warns(UserWarning, match="\nand 3 more$"):
        data.folder(place, damaged="skip")
    (place / "green" / "c.bmp").write_bytes(b"")
    with pytest.raises(DataError, match="green: holds no picture that can be decoded"):
        data.folder(place, damaged="skip")
    with pytest.raises(ValueError, match="damaged is 'ignore'"):
        data.folder(place, damaged="ignore")  # type: ignore[arg-type]


@pytest.mark.parametrize("damaged", ["skip", "refuse"])
def test_few_bytes_that_unpack_to_gigabytes_are_refused(place: Path, damaged: str) -> None:
    bomb = place / "red" / "bomb.png"
    Image.new("1", (20_000, 10_000)).save(bomb)
    assert bomb.stat().st_size < 100_000
    said = rf"{bomb}: has more pixels than the 178,956,970 that are read; expected a smaller"
    if damaged == "skip":
        with pytest.warns(UserWarning, match=said):
            assert len(data.folder(place, size=(4, 6), damaged="skip")) == 3
    else:
        with pytest.raises(DataError, match=said):
            data.folder(place, size=(4, 6))


def test_a_large_photograph_is_read_without_a_warning(tmp_path: Path) -> None:
    (tmp_path / "all").mkdir()
    Image.new("1", (12_000, 8_000)).save(tmp_path / "all" / "a.png")  # 96 million pixels
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert data.folder(tmp_path, size=(2, 3)).images.shape == (1, 1, 2, 3)


@pytest.mark.parametrize(("height", "width"), [(4, 12), (12, 4), (4, 4), (5, 12), (1, 9)])
def test_a_crop_takes_the_middle_and_distorts_nothing(
    tmp_path: Path, height: int, width: int
) -> None:
    (tmp_path / "all").mkdir()
    pixels = np.arange(height * width, dtype=np.uint8).reshape(height, width)
    Image.fromarray(pixels).save(tmp_path / "all" / "a.png")
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    middle = pixels[top : top + side, left : left + side]
    found = data.folder(tmp_path, size=(side, side), crop=True)
    assert found.images[0, 0].tolist() == middle.tolist()


def test_a_crop_has_the_shape_of_the_size(place: Path) -> None:
    picture(place / "red" / "z.png", RED, (50, 7))
    assert data.folder(place, size=(3, 9), crop=True).images.shape == (4, 3, 3, 9)
    with pytest.raises(ValueError, match="crop is True without a size"):
        data.folder(place, crop=True)


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


# Names, and what is no file


@pytest.mark.parametrize("name", ["a.jfif", "a.JPE", "a", "a.jpg.1", "a.jpg_original", "photo.dat"])
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "BMP", "TIFF", "GIF", "WEBP", "PPM"])
def test_a_picture_of_another_name_is_read(tmp_path: Path, name: str, kind: str) -> None:
    picture(tmp_path / "all" / "b.png", RED)
    picture(tmp_path / "all" / name, RED, format=kind)
    images = data.folder(tmp_path).images
    assert len(images) == 2
    assert (images[0] - images[1].int()).abs().max() <= 2


def test_what_is_no_picture_is_passed_over_whatever_it_begins_with(place: Path) -> None:
    for number, start in enumerate((b"BMW", b"P5 is a grey", b"II*\0", b"GIF", b"\xff\xd8", b"")):
        (place / "red" / f"{number}.txt").write_bytes(start)
    (place / "red" / "folder.jfif").mkdir()
    assert len(data.folder(place)) == 3


def test_pictures_that_cannot_be_read_are_named_in_a_warning(place: Path) -> None:
    (place / "red" / "z.HEIC").touch()
    with pytest.warns(UserWarning, match=rf"{place / 'red'}: z\.HEIC left out; expected \.bmp"):
        assert len(data.folder(place)) == 3
    for number in range(5):
        (place / "red" / f"{number}.avif").touch()
    with pytest.warns(UserWarning, match=r"0\.avif, 1\.avif, 2\.avif and 3 more left") as caught:
        data.folder(place)
    assert caught[0].filename == __file__


def test_no_warning_without_a_reason(place: Path) -> None:
    (place / "red" / ".hidden.heic").touch()
    (place / "red" / "heic.txt").touch()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(data.folder(place)) == 3


@pytest.mark.parametrize(
    ("path", "said"),
    [
        *((None, "None"), (3, "3"), (1.5, "1.5"), (b"pictures", "bytes"), ([], "list")),
        (np.zeros(3), "ndarray"),
    ],
)
def test_what_is_no_path_is_refused(path: object, said: str) -> None:
    with pytest.raises(TypeError, match=f"^path is {said}; expected a path: str or os.PathLike$"):
        data.folder(path)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["a\0b", "\ud800"])
def test_a_name_that_no_folder_can_have(name: str) -> None:
    with pytest.raises(ValueError, match=r"^path is '.*'; expected a name that a file can have"):
        data.folder(name)


@pytest.mark.parametrize("where", ["/dev/zero", "pipe"])
def test_what_is_no_regular_file_is_refused_at_once(place: Path, where: str) -> None:
    if where == "pipe":
        os.mkfifo(place / where)
    with pytest.raises(DataError, match=f"{where}: not a folder; expected one"):
        data.folder(place / where)
    (place / "red" / "c.png").symlink_to(place / where)
    kind = "pipe" if where == "pipe" else "device"
    with pytest.raises(DataError, match=rf"c\.png: is a {kind}; expected a regular file"):
        data.folder(place)
    (place / "red" / "c.png").rename(place / "red" / "c.jfif")
    assert len(data.folder(place)) == 3
