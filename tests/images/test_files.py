"""Pictures in files: round trips, what other programs write, and every kind of broken file."""

from __future__ import annotations

import itertools
import struct
import tracemalloc
import zlib
from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image, ImageOps

import cvlib.images
from cvlib.data import photograph
from cvlib.images.files import MAX_PIXELS, decode, encode, read, write

SIDES = st.integers(1, 9)
GREYS = st.tuples(SIDES, SIDES).flatmap(lambda shape: arrays(np.uint8, shape))
COLOURS = st.tuples(SIDES, SIDES, st.just(3)).flatmap(lambda shape: arrays(np.uint8, shape))
PHOTOGRAPH = photograph("astronaut")[40:100, 180:250]
LOSSLESS = (".bmp", ".png", ".tif", ".tiff", ".webp")
# Pillow warns of what it finds in a header, before the file is refused.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::RuntimeWarning")
FOREIGN = "expected a BMP, JPEG, PNG, TIFF or WebP file"


def pillow(image: Image.Image, name: str, **options: object) -> bytes:
    """Make a file with another program than the one that reads it."""
    buffer = BytesIO()
    image.save(buffer, name, **options)
    return buffer.getvalue()


def picture(mode: str = "RGB") -> Image.Image:
    return Image.fromarray(PHOTOGRAPH).convert(mode)


def transparent() -> np.ndarray:
    alpha = np.linspace(0, 255, PHOTOGRAPH[..., 0].size).reshape(PHOTOGRAPH.shape[:2])
    return np.dstack([PHOTOGRAPH, alpha.astype(np.uint8)])


def header_only(side: int) -> bytes:
    """Make a PNG of a hundred bytes that claims to have side × side pixels."""
    chunks = b"\x89PNG\r\n\x1a\n"
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    for name, body in ((b"IHDR", header), (b"IDAT", zlib.compress(bytes(9))), (b"IEND", b"")):
        chunks += struct.pack(">I", len(body)) + name + body
        chunks += struct.pack(">I", zlib.crc32(name + body))
    return chunks


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


# ---------------------------------------------------------------------------- other programs' files


@pytest.mark.parametrize(
    ("mode", "formats"),
    [
        ("RGB", ("BMP", "PNG", "TIFF")),
        ("L", ("BMP", "PNG", "TIFF", "JPEG")),
        ("1", ("BMP", "PNG", "TIFF")),
        ("P", ("BMP", "PNG", "TIFF")),
        ("CMYK", ("TIFF",)),
        ("RGB", ("JPEG", "WEBP")),
    ],
)
def test_what_pillow_writes_is_read_as_pillow_reads_it(mode: str, formats: tuple[str, ...]) -> None:
    for name in formats:
        file = pillow(picture(mode), name)
        with Image.open(BytesIO(file)) as opened:
            expected = np.array(opened.convert("RGB"))
        assert cv2.absdiff(decode(file), expected).max() <= (1 if name == "WEBP" else 0), name


@pytest.mark.parametrize("options", [{"progressive": True}, {"optimize": True}, {"restart": 4}])
def test_every_way_to_write_a_jpeg_is_read(options: dict[str, int]) -> None:
    options = {"restart_marker_blocks": 4} if "restart" in options else options
    file = pillow(picture(), "JPEG", **options)
    with Image.open(BytesIO(file)) as opened:
        assert np.array_equal(decode(file), opened)


def test_cmyk_jpeg_is_read_within_one_level_of_pillow() -> None:
    file = pillow(picture("CMYK"), "JPEG", quality=100, subsampling=0)
    with Image.open(BytesIO(file)) as opened:
        assert cv2.absdiff(decode(file), np.array(opened.convert("RGB"))).max() <= 1
    assert cv2.absdiff(decode(file), PHOTOGRAPH).mean() < 3


def test_jpeg_with_several_pictures_gives_the_first() -> None:
    second = Image.new("RGB", (8, 8))
    file = pillow(picture(), "MPO", save_all=True, append_images=[second])
    assert cv2.absdiff(decode(file), PHOTOGRAPH).mean() < 6


def test_jpeg_with_a_thumbnail_and_with_a_film_behind_it_is_read_whole() -> None:
    thumbnail = pillow(picture().resize((16, 16)), "JPEG")
    file = pillow(picture(), "JPEG", exif=b"Exif\0\0" + thumbnail)
    assert decode(file + bytes(1000)).shape == PHOTOGRAPH.shape
    for length in range(len(file) - 2, file.rindex(b"\xff\xda") + 14, -97):
        with pytest.raises(ValueError, match="truncated JPEG: its end marker is missing"):
            decode(file[:length])


@pytest.mark.parametrize("extension", [".png", ".tiff"])
@pytest.mark.parametrize("channels", [1, 3])
def test_of_sixteen_bits_the_nearest_level_is_taken(extension: str, channels: int) -> None:
    values = np.arange(2**16, dtype=np.uint16).reshape(256, 256)
    stored = values if channels == 1 else np.dstack([values, values[::-1], values[:, ::-1]])
    back = decode(cv2.imencode(extension, stored)[1].tobytes())
    expected = stored[..., ::-1] if channels == 3 else np.dstack([values] * 3)
    assert np.abs(257 * back.astype(int) - expected).max() <= 128  # 257 is one of 256 levels


@pytest.mark.parametrize("name", ["PNG", "WEBP", "TIFF"])
def test_transparency_is_laid_over_white(name: str) -> None:
    options = {"lossless": True, "exact": True} if name == "WEBP" else {}
    file = pillow(Image.fromarray(transparent()), name, **options)
    share = transparent()[..., 3:] / 255
    expected = share * PHOTOGRAPH + (1 - share) * 255
    assert np.abs(decode(file) - expected).max() <= 1
    assert decode(file)[0, 0].tolist() == [255, 255, 255]


def test_a_transparent_colour_of_a_palette_is_white() -> None:
    small = picture().quantize(4)
    file = pillow(small, "PNG", transparency=2)
    there = np.array(small) == 2
    assert there.any()
    assert (decode(file)[there] == 255).all()
    assert np.array_equal(decode(file)[~there], np.array(small.convert("RGB"))[~there])


def test_grey_with_transparency_and_sixteen_bits_with_transparency_are_read() -> None:
    assert decode(pillow(picture("LA"), "PNG"), grey=True).shape == PHOTOGRAPH.shape[:2]
    deep = transparent()[..., [2, 1, 0, 3]].astype(np.uint16) * 257
    file = cv2.imencode(".png", deep)[1].tobytes()
    assert np.array_equal(decode(file), decode(pillow(Image.fromarray(transparent()), "PNG")))


@pytest.mark.parametrize("mode", ["F", "I", "LAB"])
def test_numbers_that_are_no_colours_are_refused(mode: str) -> None:
    with pytest.raises(ValueError, match=f"holds pixels of Pillow's mode '{mode}'"):
        decode(pillow(picture(mode), "TIFF"))


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize(
    ("name", "mode"),
    [("JPEG", "RGB"), *itertools.product(("PNG", "WEBP", "TIFF"), ("RGB", "RGBA"))],
)
def test_pictures_stand_upright(name: str, mode: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"lossless": True} if name == "WEBP" else {}
    file = pillow(picture(mode), name, exif=exif, **options)
    with Image.open(BytesIO(file)) as opened:
        expected = np.array(ImageOps.exif_transpose(opened).convert("RGB"))
    assert np.array_equal(decode(file), expected)
    assert decode(file).shape[:2] == PHOTOGRAPH.shape[:2][:: -1 if orientation > 4 else 1]


# ---------------------------------------------------------------------------- broken files


@pytest.mark.parametrize(
    "options",
    [
        {"format": "PNG"},
        {"format": "JPEG"},
        {"format": "JPEG", "progressive": True},
        {"format": "WEBP"},
        {"format": "BMP"},
        {"format": "TIFF"},
        {"format": "TIFF", "compression": "tiff_lzw"},
    ],
)
def test_no_part_of_a_file_passes_for_the_whole(options: dict[str, object]) -> None:
    buffer = BytesIO()
    picture().crop((0, 0, 16, 12)).save(buffer, **options)
    file = buffer.getvalue()
    assert decode(file).shape == (12, 16, 3)
    lengths = range(len(file)) if len(file) < 800 else range(len(file) - 1, 0, -7)
    for length in lengths:
        with pytest.raises(ValueError, match="data "):
            decode(file[:length])


@settings(max_examples=60)
@given(
    st.sampled_from(["PNG", "JPEG", "WEBP", "BMP", "TIFF"]),
    st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), min_size=1, max_size=8),
)
def test_a_damaged_file_gives_a_picture_or_a_value_error(
    name: str, changes: list[tuple[int, int]]
) -> None:
    file = bytearray(pillow(picture().crop((0, 0, 16, 12)), name))
    for place, value in changes:
        file[place % len(file)] = value
    try:
        image = decode(bytes(file), max_pixels=10**6)
    except ValueError:
        return
    assert image.dtype == np.uint8
    assert image.shape[2:] == (3,)


@given(st.binary(max_size=200))
def test_any_other_bytes_are_no_picture(data: bytes) -> None:
    with pytest.raises(ValueError, match="data "):
        decode(data)


def test_damage_in_a_png_is_found_by_its_checksums() -> None:
    file = bytearray(encode(PHOTOGRAPH, ".png"))
    file[len(file) // 2] ^= 1
    with pytest.raises(ValueError, match="data is a damaged or truncated PNG"):
        decode(bytes(file))


def test_a_header_that_claims_too_much_is_refused_before_anything_is_allocated() -> None:
    tracemalloc.start()
    for side in (60_000, 10_000):
        with pytest.raises(ValueError, match=r"3600000000|claims 10000 × 10000 pixels; expected"):
            decode(header_only(side))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 10**6


def test_a_jpeg_that_claims_too_much_is_refused_too() -> None:
    file = bytearray(pillow(picture(), "JPEG"))
    at = file.index(b"\xff\xc0") + 5
    file[at : at + 4] = struct.pack(">HH", 60_000, 60_000)
    with pytest.raises(ValueError, match="3600000000 pixels"):
        decode(bytes(file))


def test_the_limit_is_the_readers_to_choose() -> None:
    file = encode(PHOTOGRAPH, ".png")
    pixels = PHOTOGRAPH[..., 0].size
    assert decode(file, max_pixels=pixels).shape == PHOTOGRAPH.shape
    with pytest.raises(ValueError, match=f"claims 70 × 60 pixels; expected {pixels - 1} at most"):
        decode(file, max_pixels=pixels - 1)
    assert MAX_PIXELS == Image.MAX_IMAGE_PIXELS


def test_only_bytes_are_decoded() -> None:
    with pytest.raises(TypeError, match="data is str; expected bytes"):
        decode("picture.png")  # type: ignore[arg-type]


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
