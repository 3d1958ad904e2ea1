"""What other programs write is decoded, and no broken file passes for a picture."""

from __future__ import annotations

import itertools
import struct
import tracemalloc
import zlib
from io import BytesIO

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

from cvlib.data import photograph
from cvlib.images.files import MAX_PIXELS, decode, encode

PHOTOGRAPH = photograph("astronaut")[40:100, 180:250]
# Pillow warns of what it finds in a header, before the file is refused.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::RuntimeWarning")


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


def test_numbers_that_are_no_colours_are_refused() -> None:
    for mode, said in (
        ("F", "is a TIFF of floating-point numbers of 32 bits"),
        ("I", "is a TIFF of signed numbers of 32 bits"),
        ("LAB", "holds pixels of Pillow's mode 'LAB'"),
    ):
        with pytest.raises(ValueError, match=f"data {said}, which are no"):
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


# ---------------------------------------------------------------------------- bits and masks


def bitmap(
    pixels: np.ndarray, masks: tuple[int, ...] = (), *, head: int = 40, upright: bool = False
) -> bytes:
    """Make a BMP of pixels that hold several colours: without masks, of the usual five bits."""
    height, width = pixels.shape
    told = struct.pack(f"<{len(masks)}I", *masks)
    told += bytes(head - 40 - len(told)) if head > 40 else b""
    row = width * pixels.itemsize
    rows = b"".join(bytes(line) + bytes(-row % 4) for line in pixels[:: 1 if upright else -1])
    begin = 54 + len(told)
    numbers = (begin + len(rows), 0, 0, begin, 40 if head == 40 else head, width)
    start = struct.pack("<2sIHHIIi", b"BM", *numbers)
    bits = 8 * pixels.itemsize
    kind = 3 if masks else 0
    end = (-height if upright else height, 1, bits, kind, len(rows), 0, 0, 0, 0)
    return start + struct.pack("<iHHIIiiII", *end) + told + rows


MASKS = {
    "5-5-5": (2, (0x7C00, 0x3E0, 0x1F)),
    "5-6-5": (2, (0xF800, 0x7E0, 0x1F)),
    "blue first": (2, (0x1F, 0x7E0, 0xF800)),
    "4-4-4": (2, (0xF00, 0xF0, 0xF)),
    "3-3-2": (2, (0xE0, 0x1C, 0x3)),
    "1-1-1": (2, (0x4, 0x2, 0x1)),
    "8-8-8": (4, (0xFF0000, 0xFF00, 0xFF)),
    "8-8-8, high": (4, (0xFF000000, 0xFF0000, 0xFF00)),
    "10-10-10": (4, (0x3FF00000, 0xFFC00, 0x3FF)),
    "20-8-4": (4, (0xFFFFF000, 0xFF0, 0xF)),
}


@pytest.mark.parametrize("head", [40, 52, 108, 124])
@pytest.mark.parametrize(("size", "masks"), MASKS.values(), ids=MASKS)
def test_a_bitmaps_masks_say_which_bits_are_which_colour(
    size: int, masks: tuple[int, ...], head: int
) -> None:
    pixels = np.random.default_rng(0).integers(0, 2 ** (8 * size), (3, 5), dtype=f"u{size}")
    pixels[0, :4] = [sum(masks), *masks]
    expected = np.zeros((3, 5, 3))
    for channel, mask in enumerate(masks):
        for place, pixel in np.ndenumerate(pixels):
            expected[*place, channel] = round(255 * (int(pixel) & mask) / mask)
    for upright in (False, True):
        image = decode(bitmap(pixels, masks, head=head, upright=upright))
        assert image[0, :4].tolist() == [[255] * 3, *(255 * np.eye(3, dtype=int)).tolist()]
        assert np.abs(image - expected).max() <= (1 if size == 4 else 0)


def test_the_usual_bitmap_of_sixteen_bits_has_five_a_colour() -> None:
    levels = np.arange(32, dtype=np.uint16)
    image = decode(bitmap(np.stack([levels << 10, levels << 5, levels])))
    for channel in range(3):
        expected = np.zeros((32, 3))
        expected[:, channel] = np.rint(levels * 255 / 31)
        assert np.array_equal(image[channel], expected)
    assert decode(bitmap(np.full((2, 3), 0x7FFF, np.uint16)), grey=True).tolist() == [[255] * 3] * 2


def test_a_bitmaps_alpha_is_laid_over_white() -> None:
    masks = (0xF00, 0xF0, 0xF, 0xF000)
    image = decode(bitmap(np.array([[0x0000, 0xF000, 0x8F00, 0x7FFF]], np.uint16), masks, head=124))
    assert image.tolist() == [[[255] * 3, [0] * 3, [255, 119, 119], [255] * 3]]
    opaque = decode(bitmap(np.array([[0x0F00]], np.uint16), (*masks[:3], 0), head=124))
    assert opaque.tolist() == [[[255, 0, 0]]]


def test_no_part_of_a_masked_bitmap_passes_and_none_may_be_too_large() -> None:
    file = bitmap(np.zeros((4, 3), np.uint16), MASKS["5-6-5"][1])
    for length in range(len(file)):
        with pytest.raises(ValueError, match="data "):
            decode(file[:length])
    assert decode(file, max_pixels=12).shape == (4, 3, 3)
    with pytest.raises(ValueError, match="data claims 3 × 4 pixels; expected 11 at most"):
        decode(file, max_pixels=11)
    wide = file[:18] + struct.pack("<ii", 2**30, -(2**30)) + file[26:]
    with pytest.raises(ValueError, match="data claims 1073741824 × 1073741824 pixels"):
        decode(wide)


def png(bits: int, kind: int, row: bytes, *chunks: tuple[bytes, bytes]) -> bytes:
    """Make a PNG of four pixels side by side."""
    header = struct.pack(">IIBBBBB", 4, 1, bits, kind, 0, 0, 0)
    file = b"\x89PNG\r\n\x1a\n"
    for name, body in ((b"IHDR", header), *chunks, (b"IDAT", zlib.compress(b"\0" + row))):
        file += struct.pack(">I", len(body)) + name + body
        file += struct.pack(">I", zlib.crc32(name + body))
    return file + bytes(4) + b"IEND" + struct.pack(">I", zlib.crc32(b"IEND"))


def tiff(bits: int, data: bytes, *, kind: int = 1, zero_is_white: bool = False) -> bytes:
    """Make a TIFF of numbers side by side: four if they have fewer than eight bits, else one."""
    tags = {256: 4 if bits < 8 else 1, 257: 1, 258: bits, 259: 1, 262: int(not zero_is_white)}
    tags |= {273: 8, 277: 1, 278: 1, 279: len(data), 339: kind}
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags.items())
    place = 8 + len(data)
    head = struct.pack("<2sHI", b"II", 42, place)
    return head + data + struct.pack("<H", len(tags)) + entries + bytes(4)


FOUR = {1: bytes([0b10100000]), 2: bytes([0b11100100]), 4: bytes([0xF1, 0x80])}
GREYS = {1: [255, 0, 255, 0], 2: [255, 170, 85, 0], 4: [255, 17, 136, 0]}


@pytest.mark.parametrize("bits", [1, 2, 4])
def test_greys_of_few_bits_go_from_black_to_white(bits: int) -> None:
    assert decode(png(bits, 0, FOUR[bits]), grey=True).tolist() == [GREYS[bits]]
    assert decode(tiff(bits, FOUR[bits]), grey=True).tolist() == [GREYS[bits]]
    turned = decode(tiff(bits, FOUR[bits], zero_is_white=True), grey=True)
    assert turned.tolist() == [[255 - grey for grey in GREYS[bits]]]


@pytest.mark.parametrize("bits", [1, 2, 4])
def test_palettes_of_few_bits_give_their_colours(bits: int) -> None:
    colours = np.random.default_rng(bits).integers(0, 256, (2**bits, 3), np.uint8)
    chosen = {1: [1, 0, 1, 0], 2: [3, 2, 1, 0], 4: [15, 1, 8, 0]}[bits]
    file = png(bits, 3, FOUR[bits], (b"PLTE", colours.tobytes()))
    assert decode(file)[0].tolist() == colours[chosen].tolist()


@pytest.mark.parametrize("bits", [1, 2, 4])
def test_a_transparent_grey_of_few_bits_is_white(bits: int) -> None:
    last_but_one = {1: 1, 2: 1, 4: 8}[bits]
    file = png(bits, 0, FOUR[bits], (b"tRNS", struct.pack(">H", last_but_one)))
    assert decode(file, grey=True).tolist() == [[*GREYS[bits][:2], 255, 0]]


@pytest.mark.parametrize(
    ("bits", "kind", "said"),
    [
        *((32, 1, "unsigned numbers of 32"), (64, 1, "unsigned numbers of 64")),
        *((8, 2, "signed numbers of 8"), (16, 2, "signed numbers of 16")),
        *((32, 3, "floating-point numbers of 32"), (64, 3, "floating-point numbers of 64")),
        (16, 3, "floating-point numbers of 16"),
    ],
)
def test_numbers_that_are_no_colours_are_refused_with_their_bits(
    bits: int, kind: int, said: str
) -> None:
    with pytest.raises(ValueError, match=f"data is a TIFF of {said} bits, which are no colours"):
        decode(tiff(bits, bytes(bits // 8), kind=kind))


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
