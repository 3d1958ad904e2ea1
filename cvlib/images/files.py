"""Pictures in files: read and write RGB, and say clearly what is wrong with a file.

OpenCV decodes and encodes, in BGR; here is the only place where that order is turned. Pillow looks
at the header first, so that nothing is allocated for a file that only claims to be a picture.
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Callable
from io import BytesIO

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from cvlib.arguments import expect_grey_or_rgb
from cvlib.files import expect_path, expect_regular, masked_bitmap, tiff_numbers

__all__ = ["MAX_PIXELS", "decode", "encode", "read", "write"]

#: How many pixels are decoded unless told otherwise, 256 MiB in RGB. It is Pillow's limit too.
MAX_PIXELS = 89_478_485

_FORMATS = ("BMP", "JPEG", "PNG", "TIFF", "WEBP")
_LONGEST_SIDE = 1_000_000  # that OpenCV's libpng reads
_SETTINGS: dict[str, dict[str, int]] = {
    ".bmp": {},
    ".jpeg": {"quality": cv2.IMWRITE_JPEG_QUALITY},
    ".jpg": {"quality": cv2.IMWRITE_JPEG_QUALITY},
    ".png": {"compression": cv2.IMWRITE_PNG_COMPRESSION},
    ".tif": {},
    ".tiff": {},
    ".webp": {"quality": cv2.IMWRITE_WEBP_QUALITY},
}
_MODES = {"1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "I;16", "I;16B"}


def read(
    path: str | os.PathLike[str], *, grey: bool = False, max_pixels: int = MAX_PIXELS
) -> NDArray[np.uint8]:
    """Read a picture from a file: RGB, upright, eight bits, or an error.

    Parameters
    ----------
    path
        A BMP, JPEG, PNG, TIFF or WebP file, whatever its name ends in.
    grey
        Whether to weigh the colours to one brightness, as :func:`cvlib.images.pixels.luma` does.
    max_pixels
        The most pixels that the header may claim; see :func:`decode`.

    Returns
    -------
    ndarray
        ``uint8``, (H, W, 3) in RGB, also for a grey file; (H, W) if ``grey``. What becomes of
        transparency, 16 bits and CMYK: see :func:`decode`.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    IsADirectoryError
        If the path leads to a folder.
    TypeError
        If ``path`` is no path. The bytes of a file go to :func:`decode`.
    ValueError
        If the file is empty, truncated, damaged, too large, no such picture, or no file at all but
        a pipe or a device.

    Examples
    --------
    >>> read("absent.png")
    Traceback (most recent call last):
    FileNotFoundError: [Errno 2] No such file or directory: 'absent.png'
    """
    place = expect_path(path)
    if place.is_dir():
        raise IsADirectoryError(f"path is the folder {os.fspath(path)!r}; expected a file")
    expect_regular(place)
    data = place.read_bytes()
    try:
        return decode(data, grey=grey, max_pixels=max_pixels)
    except ValueError as error:
        raise ValueError(f"{os.fspath(path)}: {error}") from error


def decode(data: bytes, *, grey: bool = False, max_pixels: int = MAX_PIXELS) -> NDArray[np.uint8]:
    """Decode the bytes of a picture file: RGB, upright, eight bits, or an error.

    The EXIF orientation is obeyed. Transparent pictures are laid over white. Of more or fewer bits
    the nearest of 256 levels is taken, of 16 ``round(v / 257)`` (in transparent pictures the high
    byte), of the five of a BMP ``round(v * 255 / 31)``.
    CMYK becomes RGB by the plain formula, and colour profiles are ignored. Of several pictures in
    one file it is the first.

    Parameters
    ----------
    data
        A whole BMP, JPEG, PNG, TIFF or WebP file.
    grey
        Whether to weigh the colours to one brightness, as :func:`cvlib.images.pixels.luma` does.
    max_pixels
        The most pixels that the header may claim; checked before anything is allocated. Above
        twice ``PIL.Image.MAX_IMAGE_PIXELS``, Pillow refuses too: raise that as well.

    Returns
    -------
    ndarray
        ``uint8``, (H, W, 3) in RGB, or (H, W) if ``grey``.

    Raises
    ------
    TypeError
        If ``data`` is not bytes.
    ValueError
        If the data is empty, truncated, damaged, too large, no such picture, or one of numbers
        that are no colours (floating point, signed, 32 bits). Damage inside a JPEG is not noticed:
        the format has no checksums.

    References
    ----------
    ITU-T Recommendation T.81 (JPEG), section B.1.1 (markers).

    Examples
    --------
    >>> red = np.full((2, 3, 3), [255, 0, 0], dtype=np.uint8)
    >>> file = encode(red, ".png")
    >>> bool((decode(file) == red).all()), decode(file, grey=True)[0]
    (True, array([76, 76, 76], dtype=uint8))
    >>> decode(file[:-20])
    Traceback (most recent call last):
    ValueError: data is a damaged or truncated PNG
    """
    if not isinstance(data, bytes | bytearray | memoryview):
        raise TypeError(f"data is {type(data).__name__}; expected bytes")
    data = bytes(data)
    name, decoder = _inspect(data, max_pixels)
    try:
        image = decoder(data)
    except Exception as error:  # decoders raise whatever they like
        raise ValueError(f"data is a damaged or truncated {name}") from error
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), np.uint8) if grey else image


def write(
    path: str | os.PathLike[str],
    image: NDArray[np.uint8],
    *,
    quality: int | None = None,
    compression: int | None = None,
) -> None:
    """Write a picture to a file: the whole of it, or nothing.

    It is written beside its place under another name and then moved, so that a failure, or a
    reader at the wrong moment, never meets half a picture.

    Parameters
    ----------
    path
        Where to; a file that is there is replaced. What the name ends in says the format.
    image
        ``uint8``, (H, W, 3) in RGB or (H, W).
    quality, compression
        As :func:`encode` takes them.

    Raises
    ------
    FileNotFoundError
        If there is no such folder.
    IsADirectoryError
        If the path leads to a folder.
    TypeError
        If the picture is not ``uint8``.
    ValueError
        If the picture has another shape, or the format is not known or does not take it.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = f"{folder}/white.png"
    ...     write(file, np.full((2, 3, 3), 255, dtype=np.uint8))
    ...     read(file).shape
    (2, 3, 3)
    """
    place = expect_path(path).resolve()
    data = encode(image, place.suffix, quality=quality, compression=compression)
    if place.is_dir():
        raise IsADirectoryError(f"path is the folder {os.fspath(path)!r}; expected a file")
    expect_regular(place)
    if not place.parent.is_dir():
        raise FileNotFoundError(f"path is {path}, in a folder that is absent")
    unfinished = place.with_name(f".{secrets.token_hex(8)}.unfinished")
    try:
        unfinished.write_bytes(data)
        unfinished.replace(place)
    finally:
        unfinished.unlink(missing_ok=True)


def encode(
    image: NDArray[np.uint8],
    extension: str,
    *,
    quality: int | None = None,
    compression: int | None = None,
) -> bytes:
    r"""Encode a picture as the bytes of a file.

    Parameters
    ----------
    image
        ``uint8``, (H, W, 3) in RGB or (H, W).
    extension
        ``.bmp``, ``.jpg``, ``.jpeg``, ``.png``, ``.tif``, ``.tiff`` or ``.webp``.
    quality
        For JPEG and WebP, 0 to 100. Without it, JPEG has 95 and WebP keeps every bit.
    compression
        For PNG, 0 to 9: the more, the smaller and the slower. Every bit is kept anyway. Without
        it, OpenCV chooses for speed.

    Returns
    -------
    bytes
        The file.

    Raises
    ------
    TypeError
        If the picture is not ``uint8``.
    ValueError
        If the picture has another shape or more pixels a side than the format can say, the
        extension is not known, or a setting is out of range or not one of this format.

    Examples
    --------
    >>> grey = np.zeros((8, 8), dtype=np.uint8)
    >>> encode(grey, ".png")[:4]
    b'\x89PNG'
    >>> encode(grey, ".jpg", quality=101)
    Traceback (most recent call last):
    ValueError: quality is 101; expected a whole number from 0 to 100
    """
    expect_grey_or_rgb(image)
    extension = extension.lower()
    if extension not in _SETTINGS:
        raise ValueError(f"extension is {extension!r}; expected one of {', '.join(_SETTINGS)}")
    settings = []
    for name, value, most in (("quality", quality, 100), ("compression", compression, 9)):
        if value is None:
            continue
        if name not in _SETTINGS[extension]:
            raise ValueError(f"{name} is {value!r}, and {extension} files have none")
        if value not in range(most + 1):
            raise ValueError(f"{name} is {value!r}; expected a whole number from 0 to {most}")
        settings += [_SETTINGS[extension][name], int(value)]
    bgr = image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
    done, file = cv2.imencode(extension, bgr, settings)
    if not done:
        raise ValueError(f"image has shape {image.shape}, which {extension} files cannot hold")
    return file.tobytes()


def _inspect(data: bytes, max_pixels: int) -> tuple[str, Callable[[bytes], NDArray[np.uint8]]]:
    """Check what can be checked without decoding; tell the format, and what decodes it."""
    if not data:
        raise ValueError("data is empty; expected a picture file")
    if (bitmap := masked_bitmap(data)) is not None:
        _check_size(bitmap.width, abs(bitmap.height), max_pixels)
        return "BMP", lambda data: _blended(Image.fromarray(bitmap.decode(data)))
    bits, kind = tiff_numbers(data) or (8, "unsigned")
    if kind != "unsigned" or bits > 16:
        raise ValueError(
            f"data is a TIFF of {kind} numbers of {bits} bits, which are no colours; expected "
            "unsigned whole numbers of 16 bits or fewer"
        )
    name = "picture"
    try:
        with Image.open(BytesIO(data), formats=_FORMATS) as picture:
            name, mode, (width, height) = picture.format or name, picture.mode, picture.size
            transparent = picture.has_transparency_data and not mode.startswith("I;16")
            if width * height <= max_pixels:
                picture.verify()  # the checksums of a PNG
    except Image.UnidentifiedImageError:
        raise ValueError(
            f"data begins with {data[:8]!r}; expected a BMP, JPEG, PNG, TIFF or WebP file with a "
            "sound header"
        ) from None
    except Image.DecompressionBombError as error:
        raise ValueError(f"data claims too many pixels: {error}") from error
    except Exception as error:
        raise ValueError(f"data is a damaged or truncated {name}") from error
    _check_size(width, height, max_pixels)
    if mode not in _MODES:
        raise ValueError(f"data holds pixels of Pillow's mode {mode!r}, which are no eight-bit RGB")
    if name in ("JPEG", "MPO") and not _jpeg_ends(data):
        raise ValueError("data is a truncated JPEG: its end marker is missing")
    unusual = transparent or 1 < bits < 8 or max(width, height) > _LONGEST_SIDE
    return name, _pillow if unusual else _opencv


def _check_size(width: int, height: int, max_pixels: int) -> None:
    if width * height > max_pixels:
        raise ValueError(f"data claims {width} × {height} pixels; expected {max_pixels} at most")


# A marker that is no fill byte, no stuffed zero and no restart marker.
_MARKER = re.compile(rb"\xff([^\x00\xff\xd0-\xd7])")
_END_OF_IMAGE = b"\xd9"


def _jpeg_ends(data: bytes) -> bool:
    """Walk from marker to marker, over thumbnails and what follows the picture, to its end."""
    at = len(b"\xff\xd8")
    while (marker := _MARKER.search(data, at)) is not None:
        if marker[1] == _END_OF_IMAGE:
            return True
        at = marker.end() + int.from_bytes(data[marker.end() : marker.end() + 2])
    return False


def _opencv(data: bytes) -> NDArray[np.uint8]:
    bgr: NDArray | None = cv2.imdecode(
        np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR | cv2.IMREAD_ANYDEPTH
    )
    if bgr is None:
        raise ValueError("cv2.imdecode returns None")
    if bgr.dtype == np.uint16:
        bgr = np.rint(bgr / np.float32(257)).astype(np.uint8)
    return np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8)


def _pillow(data: bytes) -> NDArray[np.uint8]:
    with Image.open(BytesIO(data), formats=_FORMATS) as picture:
        if picture.format == "PNG" and picture.mode == "L" and "transparency" in picture.info:
            # Pillow spreads two or four bits over eight, but not the transparent one's number.
            most = 2 ** data[24] - 1
            picture.info["transparency"] = picture.info["transparency"] * 255 // most
        return _blended(ImageOps.exif_transpose(picture))


def _blended(picture: Image.Image) -> NDArray[np.uint8]:
    """Lay a picture over white."""
    if not picture.has_transparency_data:
        return np.array(picture.convert("RGB"))
    over = picture.convert("RGBA")
    white = Image.new("RGBA", over.size, "white")
    return np.array(Image.alpha_composite(white, over).convert("RGB"))
