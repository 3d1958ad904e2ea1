"""Files as all rooms meet them: what is a path or a file, how it is written, what it holds."""

from __future__ import annotations

import os
import stat
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "MaskedBitmap",
    "expect_path",
    "expect_regular",
    "masked_bitmap",
    "tiff_numbers",
    "write_atomically",
]


def expect_path(path: Any, name: str = "path") -> Path:
    """Refuse what is no path.

    Parameters
    ----------
    path
        Anything.
    name
        What the caller calls it.

    Returns
    -------
    pathlib.Path
        The path; nothing need be there.

    Raises
    ------
    TypeError
        If it is neither a string nor an :class:`os.PathLike` of one.
    ValueError
        If no file can have that name.

    Examples
    --------
    >>> expect_path(3)
    Traceback (most recent call last):
    TypeError: path is 3; expected a path: str or os.PathLike
    """
    plain = path.__fspath__() if isinstance(path, os.PathLike) else path
    if isinstance(plain, bytes | bytearray | memoryview):
        raise TypeError(f"{name} is {type(path).__name__}; expected a path: str or os.PathLike")
    if not isinstance(plain, str):
        shown = repr(path) if isinstance(path, int | float | None) else type(path).__name__
        raise TypeError(f"{name} is {shown}; expected a path: str or os.PathLike")
    try:
        possible = b"\0" not in os.fsencode(plain)
    except UnicodeEncodeError:
        possible = False
    if not possible:
        raise ValueError(f"{name} is {plain!r}; expected a name that a file can have")
    return Path(plain)


def expect_regular(path: Path, error: type[Exception] = ValueError) -> None:
    """Refuse what would be read for ever, or not like a file: a pipe, a device, a socket.

    Parameters
    ----------
    path
        Where the file lies. A folder, and a place where nothing is, are left to whoever opens it.
    error
        What is raised.

    Examples
    --------
    >>> expect_regular(Path("/dev/zero"))  # doctest: +SKIP
    Traceback (most recent call last):
    ValueError: /dev/zero: is a device; expected a regular file
    """
    try:
        mode = path.stat().st_mode
    except OSError:
        return
    if stat.S_ISREG(mode) or stat.S_ISDIR(mode):
        return
    kind = "pipe" if stat.S_ISFIFO(mode) else "socket" if stat.S_ISSOCK(mode) else "device"
    raise error(f"{path}: is a {kind}; expected a regular file")


def write_atomically(path: str | os.PathLike[str], data: bytes) -> None:
    """Write a file at once or not at all.

    The bytes go to a file beside it, reach the disk, and only then take the name, which the
    operating system does in one step. Whoever kills the writer, or runs out of disk, finds the
    file as it was before.

    Parameters
    ----------
    path
        The file; one that is there is replaced. Folders that are absent are made.
    data
        What it shall hold.

    Raises
    ------
    TypeError, ValueError
        If it is no path.
    OSError
        If the disk is full or the path cannot be written, or leads to a pipe or a device, whose
        place is not taken. A file that was there stands.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_atomically(f"{folder}/notes/first.txt", b"hello")
    ...     os.listdir(f"{folder}/notes")
    ['first.txt']
    """
    place = expect_path(path)
    expect_regular(place, OSError)
    # Of a name that does not change, so that a killed run leaves one such file, not many.
    unfinished = place.with_name(f".{place.name}.unfinished")
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with unfinished.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(place)
    except OSError as error:
        stands = ""
        if place.parent.is_dir():
            unfinished.unlink(missing_ok=True)
            stands = "; what it held before stands" if place.exists() else ""
        reason = error.strerror or error
        raise type(error)(error.errno, f"cannot write {place}: {reason}{stands}") from error


class MaskedBitmap(NamedTuple):
    """The head of a BMP that says by masks which bits of a pixel are which colour.

    Parameters
    ----------
    width, height
        In pixels; a negative height where the first row is the upper one.
    bits
        How many a pixel has, 16 or 32.
    offset
        Where the pixels begin, in bytes.
    masks
        Of red, green, blue and, where there is transparency, alpha.
    """

    width: int
    height: int
    bits: int
    offset: int
    masks: tuple[int, ...]

    def decode(self, data: bytes) -> NDArray[np.uint8]:
        """Return the pixels, each colour as the nearest of 256 levels, all bits set being 255.

        Parameters
        ----------
        data
            The whole file.

        Returns
        -------
        ndarray
            ``uint8``, (H, W, 3) in RGB, or (H, W, 4) with alpha.

        Raises
        ------
        ValueError
            If the data end before the last pixel.
        """
        kind, height = np.dtype(f"<u{self.bits // 8}"), abs(self.height)
        row = (self.width * self.bits + 31) // 32 * 4 // kind.itemsize
        pixels = np.frombuffer(data, kind, height * row, self.offset).reshape(height, row)
        pixels = pixels[:: -1 if self.height > 0 else 1, : self.width]
        levels = np.zeros((height, self.width, len(self.masks)), np.uint8)
        for channel, mask in enumerate(self.masks):
            if mask:
                # Of more than 16 bits a colour, the highest 16 are enough for 256 levels.
                lowest = max((mask & -mask).bit_length() - 1, mask.bit_length() - 16)
                most = mask >> lowest
                level = np.rint(np.arange(most + 1) * (255 / most)).astype(np.uint8)
                levels[..., channel] = level[(pixels & kind.type(mask)) >> kind.type(lowest)]
        return levels


def masked_bitmap(data: bytes) -> MaskedBitmap | None:
    """Read the head of a BMP whose pixels are cut by masks, or have the usual 5 bits a colour.

    OpenCV fills the missing bits with zeros, such that white becomes 248, and takes no other masks.

    Parameters
    ----------
    data
        Any file.

    Returns
    -------
    MaskedBitmap or None
        None for any other file, a BMP of another kind included.

    References
    ----------
    Microsoft, "BITMAPV5HEADER structure", Windows GDI.

    Examples
    --------
    >>> masked_bitmap(b"BM") is None
    True
    """
    if data[:2] != b"BM" or len(data) < 54:
        return None

    def number(place: int, size: int = 4, signed: bool = False) -> int:
        return int.from_bytes(data[place : place + size], "little", signed=signed)

    head, bits, compression = number(14), number(28, 2), number(30)
    width, height = number(18, signed=True), number(22, signed=True)
    if head < 40 or width < 1 or height == 0:
        return None
    if (bits, compression) == (16, 0):
        masks = (0x7C00, 0x3E0, 0x1F)
    elif bits in (16, 32) and compression in (3, 6):
        count = 4 if (head >= 56 or compression == 6) and number(66) else 3
        masks = tuple(number(54 + 4 * channel) % 2**bits for channel in range(count))
    else:
        return None
    return MaskedBitmap(width, height, bits, number(10), masks)


def tiff_numbers(data: bytes) -> tuple[int, str] | None:
    """Say of what numbers the pixels of a TIFF are.

    Parameters
    ----------
    data
        Any file.

    Returns
    -------
    bits : int
        How many a number has.
    kind : str
        ``"unsigned"``, ``"signed"``, ``"floating-point"`` or ``"complex"``. None is returned, for
        both, where the file is no TIFF with a sound head.

    References
    ----------
    Adobe, "TIFF, revision 6.0", 1992, sections 8 (BitsPerSample) and 19 (SampleFormat).

    Examples
    --------
    >>> tiff_numbers(b"no TIFF") is None
    True
    """
    from PIL.TiffImagePlugin import ImageFileDirectory_v2

    if data[:4] not in (b"II*\0", b"MM\0*", b"II+\0"):
        return None
    try:
        tags = ImageFileDirectory_v2(data[: 16 if data[2] == ord("+") else 8])
        file = BytesIO(data)
        file.seek(tags.next)
        tags.load(file)
        bits, kinds = np.max(tags.get(258, 1)), np.max(tags.get(339, 1))
    except Exception:  # a damaged head makes Pillow raise whatever it meets
        return None
    names = {2: "signed", 3: "floating-point", 5: "complex", 6: "complex"}
    return int(bits), names.get(int(kinds), "unsigned")
