"""Pictures in folders, one folder per class; and how a picture file becomes pixels."""

from __future__ import annotations

import contextlib
import io
import os
import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import torch
from torch import Tensor

from cvlib.arguments import one_of
from cvlib.data.image_set import ImageSet
from cvlib.data.root import DataError, entries, read
from cvlib.files import expect_path, masked_bitmap, tiff_numbers

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SUFFIXES = (
    ".bmp",
    ".gif",
    ".jpeg",
    ".jpg",
    ".pgm",
    ".png",
    ".ppm",
    ".tif",
    ".tiff",
    ".webp",
)
_FORMATS = ("BMP", "GIF", "JPEG", "PNG", "PPM", "TIFF", "WEBP")
_OTHER_SUFFIXES = (
    *(".avif", ".exr", ".hdr", ".heic", ".heif", ".ico", ".j2k", ".jp2", ".jxl", ".pcx", ".pfm"),
    *(".psd", ".ras", ".svg", ".tga", ".cr2", ".dng", ".nef"),
)


def folder(
    path: str | os.PathLike[str],
    size: tuple[int, int] | None = None,
    *,
    crop: bool = False,
    damaged: Literal["refuse", "skip"] = "refuse",
) -> ImageSet:
    """Read pictures that lie in one folder for each class: ``path/class/picture.jpg``.

    Parameters
    ----------
    path
        The folder of the folders. The names of these, sorted, are the classes; hidden ones
        (``.name``), files of other kinds and folders further down are passed over. A BMP, GIF,
        JPEG, PNG, PPM, TIFF or WebP file is known by what its name ends in, or else by how the file
        begins. Pictures of other kinds are named in a warning.
    size
        (height, width) in pixels that every picture is resized to: by the mean over the area where
        it shrinks, bilinearly where it grows. Without it all pictures must be of one size.
    crop
        Whether a picture of another shape is first cut to that of ``size``, around its middle, so
        that nothing in it becomes wider or narrower.
    damaged
        What to do with a file that cannot be decoded: ``"refuse"`` all, or ``"skip"`` it and name
        it in a warning.

    Returns
    -------
    ImageSet
        The pictures by class and then by file name. If all of them are grey, C is 1; if any has
        colours, all are RGB. Transparency is dropped, of 16 bits, and of fewer than 8, the nearest
        of 256 levels is taken, and a turn that a camera wrote into the file (EXIF) is carried out.

    Raises
    ------
    TypeError, ValueError
        If ``path`` is no path, ``size`` not a pair of positive whole numbers, ``damaged`` another
        word, or ``crop`` is set without ``size``.
    DataError
        If the folder or its classes are absent, a class holds no picture, a picture cannot be
        decoded, has more than 178,956,970 pixels (which may be a few bytes that unpack to
        gigabytes), or is no file but a pipe or a device, or sizes differ and ``size`` is not given.

    Examples
    --------
    >>> import cv2, tempfile
    >>> place = tempfile.TemporaryDirectory()
    >>> for name, grey in ("night", 0), ("snow", 255):
    ...     (Path(place.name) / name).mkdir()
    ...     picture = np.full((4, 6), grey, np.uint8)
    ...     _ = cv2.imwrite(f"{place.name}/{name}/first.png", picture)
    >>> pictures = folder(place.name)
    >>> pictures.images.shape, pictures.classes
    (torch.Size([2, 1, 4, 6]), ('night', 'snow'))
    >>> folder(place.name, size=(2, 3)).images.shape
    torch.Size([2, 1, 2, 3])
    >>> place.cleanup()
    """
    if size is not None:
        if not isinstance(size, tuple) or len(size) != 2 or not all(type(n) is int for n in size):
            raise TypeError(f"size is {size!r}; expected (height, width), whole numbers")
        if min(size) < 1:
            raise ValueError(f"size is {size!r}; expected a height and width of at least 1")
    elif crop:
        raise ValueError("crop is True without a size; expected size=(height, width) beside it")
    one_of("damaged", damaged, ("refuse", "skip"))
    place = expect_path(path)
    files = files_by_class(place)
    every = [file for names in files.values() for file in names]
    left_out: dict[int, DataError] | None = None if damaged == "refuse" else {}
    images = stack(
        ((file, read(file)) for file in every), len(every), size=size, crop=crop, left_out=left_out
    )
    labels = labels_of(files)
    if left_out:
        labels = labels[[position not in left_out for position in range(len(every))]]
        for label, name in enumerate(files):
            if not (labels == label).any():
                raise DataError(f"{place / name}: holds no picture that can be decoded")
        said = [str(error) for error in left_out.values()]
        more = f"\nand {len(said) - 10} more" if said[10:] else ""
        warnings.warn("left out:\n" + "\n".join(said[:10]) + more, stacklevel=2)
    return ImageSet(images, labels, tuple(files), f"the folder {place.name}")


def files_by_class(path: Path) -> dict[str, list[Path]]:
    """List the picture files in each folder of a folder: classes and files sorted by name."""
    if not path.is_dir():
        raise DataError(f"{path}: {'not a folder' if path.exists() else 'absent'}; expected one")
    visible = (path / name for name in sorted(entries(path)) if not name.startswith("."))
    files = {place.name: _pictures(place) for place in visible if place.is_dir()}
    if not files:
        raise DataError(f"{path}: holds no folder; expected one for each class")
    for name, pictures in files.items():
        if not pictures:
            raise DataError(
                f"{path / name}: holds no picture; expected files that end in "
                f"{' '.join(_SUFFIXES)}, or begin like one of these, or no such folder"
            )
    return files


def _pictures(place: Path) -> list[Path]:
    """List the pictures in a folder by name, and warn of those that cannot be read."""
    found, other = [], []
    for name in sorted(entries(place)):
        if name.startswith("."):
            continue
        if name.lower().endswith(_SUFFIXES) or _begins_like_a_picture(place / name):
            found.append(place / name)
        elif name.lower().endswith(_OTHER_SUFFIXES):
            other.append(name)
    if other:
        shown = ", ".join(other[:3]) + (f" and {len(other) - 3} more" if other[3:] else "")
        warnings.warn(f"{place}: {shown} left out; expected {' '.join(_SUFFIXES)}", stacklevel=5)
    return found


def _begins_like_a_picture(path: Path) -> bool:
    from PIL import Image

    if not path.is_file():
        return False
    try:
        with Image.open(path, formats=_FORMATS):
            return True
    except Exception:  # what is no picture makes Pillow raise whatever it meets
        return False


def labels_of(files: dict[str, list[Path]]) -> Tensor:
    """Return the labels of files listed by class: the first class is 0."""
    counts = torch.tensor([len(names) for names in files.values()])
    return torch.arange(len(files)).repeat_interleave(counts)


def stack(
    files: Iterable[tuple[object, NDArray[np.uint8]]],
    count: int,
    *,
    size: tuple[int, int] | None = None,
    crop: bool = False,
    expected: tuple[int, int] | None = None,
    left_out: dict[int, DataError] | None = None,
) -> Tensor:
    """Decode picture files, (name for messages, bytes), into one tensor (count, 1 or 3, H, W).

    ``size`` resizes each picture, after ``crop`` has cut it to that shape; ``expected`` is the size
    that each must have, that of the first one if neither is given. What cannot be decoded is left
    out where ``left_out`` is given, which then says by position what and why.
    """
    from tqdm import tqdm

    images: NDArray[np.uint8] = np.empty((0, 3, 0, 0), np.uint8)
    grey, kept = True, 0
    bar = tqdm(files, total=count, desc="Reading", unit=" pictures", disable=None, leave=False)
    for position, (name, data) in enumerate(bar):
        try:
            if expected is None:
                _check_pixels(data, name)
            picture = decode(data, name)
        except DataError as error:
            if left_out is None:
                raise
            left_out[position] = error
            continue
        if size is not None:
            picture = _resize(_cut(picture, size) if crop else picture, size)
        if kept == 0:
            images = np.empty((count, 3, *(expected or picture.shape[:2])), np.uint8)
        if picture.shape[:2] != images.shape[2:]:
            advice = "" if expected else ", as before it: size=(height, width) resizes all"
            raise DataError(
                f"{name}: is {picture.shape[0]}×{picture.shape[1]} pixels (height×width); "
                f"expected {images.shape[2]}×{images.shape[3]}{advice}"
            )
        images[kept] = picture if picture.ndim == 2 else picture.transpose(2, 0, 1)
        kept += 1
        grey = grey and picture.ndim == 2
    return torch.from_numpy(images[:kept, :1].copy() if grey else images[:kept])


def _check_pixels(data: NDArray[np.uint8], name: object) -> None:
    """Refuse a picture of a size that Pillow holds for an attack, before it is unpacked."""
    from PIL import Image

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns from half of that size on
        try:
            with Image.open(io.BytesIO(data.data), formats=_FORMATS):
                pass
        except Image.DecompressionBombError as error:
            raise DataError(
                f"{name}: has more pixels than the {2 * (Image.MAX_IMAGE_PIXELS or 0):,} that are "
                "read; expected a smaller copy of it"
            ) from error
        except Exception:  # what is no picture is said when it is decoded
            return


def decode(data: NDArray[np.uint8], name: object) -> NDArray[np.uint8]:
    """Decode a picture file: (H, W) if the file is grey, else (H, W, 3) in RGB."""
    import cv2

    start = data[:128].tobytes()
    if (bitmap := masked_bitmap(start)) is not None:
        with _damage(data, name):
            return bitmap.decode(data.tobytes())[..., :3]
    bits, kind = 8, "unsigned"
    if start[:2] in (b"II", b"MM"):
        bits, kind = tiff_numbers(data.tobytes()) or (8, "unsigned")
    if kind != "unsigned" or bits > 16:
        raise DataError(
            f"{name}: holds {kind} numbers of {bits} bits, which are no colours; expected unsigned "
            "whole numbers of 16 bits or fewer"
        )
    with _damage(data, name):
        if 1 < bits < 8 or start[:1] == b"P":
            return _pillow(data)
        picture = cv2.imdecode(data, cv2.IMREAD_ANYCOLOR | cv2.IMREAD_ANYDEPTH)
        pixels = _eight_bits(np.asarray(picture))
        return pixels if pixels.ndim == 2 else pixels[..., ::-1]


@contextlib.contextmanager
def _damage(data: NDArray[np.uint8], name: object) -> Iterator[None]:
    try:
        yield
    except Exception as error:  # decoders raise whatever they like
        raise DataError(
            f"{name}: cannot be decoded: {len(data):,} bytes that are no picture, "
            "or only a part of one"
        ) from error


def _pillow(data: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Decode what OpenCV does not scale to 256 levels: TIFF of few bits, and Netpbm's formats."""
    from PIL import Image, ImageOps

    with Image.open(io.BytesIO(data.data), formats=("PPM", "TIFF")) as picture:
        upright = ImageOps.exif_transpose(picture)
    if upright.mode.startswith("I"):
        return _eight_bits(np.asarray(upright).astype(np.uint16))
    return np.array(upright.convert("L" if upright.mode in ("1", "L") else "RGB"))


def _eight_bits(pixels: NDArray[Any]) -> NDArray[np.uint8]:
    if pixels.dtype == np.uint16:
        return np.rint(pixels / np.float32(257)).astype(np.uint8)
    if pixels.dtype != np.uint8:
        raise ValueError(f"pixels of {pixels.dtype}")
    return pixels


def _cut(picture: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    """Cut the largest part of a size's shape from the middle."""
    have = picture.shape[:2]
    scale = min(have[0] / size[0], have[1] / size[1])
    sides = [max(1, round(scale * side)) for side in size]
    top, left = ((whole - part) // 2 for whole, part in zip(have, sides, strict=True))
    return picture[top : top + sides[0], left : left + sides[1]]


def _resize(picture: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    import cv2

    height, width = min(size[0], picture.shape[0]), min(size[1], picture.shape[1])
    smaller = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
    resized = cv2.resize(smaller, (size[1], size[0]), interpolation=cv2.INTER_LINEAR)
    return np.asarray(resized, np.uint8)
