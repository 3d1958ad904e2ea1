"""CIFAR-10: small colour photographs, as torchvision keeps them or as a copy in JPEG."""

from __future__ import annotations

import contextlib
import io
import re
import tarfile
import warnings
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from cvlib.data.folders import files_by_class, stack
from cvlib.data.image_set import ImageSet
from cvlib.data.root import (
    DataError,
    check_split,
    checksums,
    clean,
    data_root,
    download,
    entries,
    file_md5,
    read,
    unzip,
)
from cvlib.files import expect_regular

_CLASSES = (
    "airplane",
    "automobile",
    "bird",
    "cat",
    "deer",
    "dog",
    "frog",
    "horse",
    "ship",
    "truck",
)
_PER_CLASS = {"train": 5_000, "test": 1_000}
_PICKLES = "cifar-10-batches-py"
_PACKED = "cifar-10-python.tar.gz"
_FOLDER = "cifar10"
_ARCHIVE = "cifar10-jpeg.tar.gz"
_LARGEST_PICTURE = 64 * 1024  # bytes; 32×32 pixels take a few thousand however they are stored
_LARGEST_ARCHIVE = 512 * 1024**2  # bytes once unpacked; the copy that is known takes 93 million


def cifar10(split: str = "train") -> ImageSet:
    """Read CIFAR-10: colour photographs of ten kinds of animals and vehicles, 32×32.

    Looked for under :func:`data_root`, in this order: torchvision's layout
    (``cifar-10-batches-py``); pictures in folders (``cifar10/train/<class>/*``, and ``test``); an
    archive of such folders in JPEG (``cifar10-jpeg.tar.gz``), which is read without unpacking it
    to disk. If none is there, the first is downloaded.

    JPEG is lossy: a figure measured on such a copy is not comparable to the last digit with
    published ones, so ``source`` tells the two apart.

    Parameters
    ----------
    split
        ``"train"``, 50,000 pictures, or ``"test"``, 10,000; the same number of each class.

    Returns
    -------
    ImageSet
        Images of shape (N, 3, 32, 32), RGB, classes ``"airplane"`` to ``"truck"``. Torchvision's
        layout keeps the official order; pictures in folders come by class and then by file name.
        ``source`` is ``"CIFAR-10"`` or ``"CIFAR-10, JPEG copy"``.

    Raises
    ------
    ValueError
        If ``split`` is another word.
    DataError
        If the data are absent and cannot be downloaded, or what is there is incomplete or damaged.

    References
    ----------
    Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009, section 3.1.

    Examples
    --------
    >>> cifar10("test")  # doctest: +SKIP
    ImageSet(images=(10000, 3, 32, 32), classes=10, source='CIFAR-10')
    """
    check_split(split)
    root = data_root()
    clean(root)
    listed = checksums(root)
    here = entries(root)
    if _PICKLES in here:
        return _read_pickles(root, split, listed)
    if _FOLDER in here:
        return _read_folder(root, split, listed)
    if _ARCHIVE in here:
        return _read_archive(root, split, listed)
    if _PACKED in here:
        raise DataError(f"{root / _PACKED}: is still packed; expected {_PICKLES}: unpack it there")
    _download(root)
    return _read_pickles(root, split, listed)


def place() -> Path | None:
    """Return the folder or archive from which :func:`cifar10` would read, or None."""
    root = data_root()
    here = entries(root)
    return next((root / name for name in (_PICKLES, _FOLDER, _ARCHIVE) if name in here), None)


def _read_pickles(root: Path, split: str, listed: dict[str, str]) -> ImageSet:
    """Read torchvision's layout through torchvision.

    The files are pickles, and a pickle can run any code: torchvision holds every file's md5
    against the official one before it opens the first, and nothing else opens them here.
    """
    from torchvision.datasets import CIFAR10

    meta = (CIFAR10.meta["filename"], CIFAR10.meta["md5"])
    md5 = dict([*CIFAR10.train_list, *CIFAR10.test_list, meta])
    folder = root / _PICKLES
    if absent := md5.keys() - entries(folder):
        raise DataError(
            f"{folder}: lacks {', '.join(sorted(absent))}; expected all of {', '.join(md5)}. "
            "Complete the folder, or remove it to have the whole of it downloaded"
        )
    for name in md5:
        expect_regular(folder / name, DataError)
        if (sha256 := listed.get(f"{_PICKLES}/{name}")) is not None:
            read(folder / name, sha256)
    try:
        with _lenient_to_old_pickles():
            data = CIFAR10(root, train=split == "train")
    except (RuntimeError, OSError) as error:
        damaged = [
            f"{folder / name}: md5 is {found}; expected {expected}"
            for name, expected in md5.items()
            if (found := file_md5(folder / name)) != expected
        ]
        raise DataError(
            f"{'; '.join(damaged) or error}. The files are pickles and were not opened; remove "
            f"{folder} to have it downloaded"
        ) from error
    pixels = torch.from_numpy(np.ascontiguousarray(data.data.transpose(0, 3, 1, 2)))
    return ImageSet(pixels, torch.tensor(data.targets), tuple(data.classes), "CIFAR-10")


@contextlib.contextmanager
def _lenient_to_old_pickles() -> Iterator[None]:
    """Keep a warning quiet: the official files are of 2009, and NumPy 2.4 wants dtypes anew."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", np.exceptions.VisibleDeprecationWarning)
        yield


def _read_folder(root: Path, split: str, listed: dict[str, str]) -> ImageSet:
    """Read ``cifar10/<split>/<class>/*``."""
    files = [
        (path, listed.get(path.relative_to(root).as_posix()))
        for paths in files_by_class(root / _FOLDER / split).values()
        for path in paths
    ]
    _check_counts([path.parent.name for path, _ in files], split, root / _FOLDER / split)
    images = stack(
        ((path, read(path, sha256)) for path, sha256 in files), len(files), expected=(32, 32)
    )
    kinds = {path.suffix.lower().lstrip(".").replace("jpg", "jpeg") for path, _ in files}
    source = f"CIFAR-10, {' and '.join(sorted(kinds)).upper()} copy"
    return ImageSet(images, _labels(split), _CLASSES, source)


def _read_archive(root: Path, split: str, listed: dict[str, str]) -> ImageSet:
    """Read ``<split>/<class>/*.jpg`` out of the archive: in memory, no path of it is followed."""
    path = root / _ARCHIVE
    data = unzip(read(path, listed.get(_ARCHIVE)), path, most=_LARGEST_ARCHIVE)
    layout = re.compile(rf"(?:\./)?(?:{_FOLDER}/)?{split}/([a-z]+)/([^/]+\.jpe?g)")
    places = {}
    try:
        with tarfile.open(fileobj=io.BytesIO(data.data)) as archive:
            for member in archive:
                match = layout.fullmatch(member.name)
                if match is None or not member.isreg():
                    continue
                if member.size > _LARGEST_PICTURE:
                    raise DataError(
                        f"{path}: {member.name} has {member.size:,} bytes; expected at most "
                        f"{_LARGEST_PICTURE:,} for 32×32 pixels"
                    )
                start = member.offset_data
                places[match[1], match[2]] = slice(start, start + member.size)
    except tarfile.TarError as error:
        raise DataError(f"{path}: is no whole tar archive ({error})") from error
    _check_counts([name for name, _ in places], split, path)
    files = (
        (f"{path}: {split}/{name}/{file}", data[place])
        for (name, file), place in sorted(places.items(), key=lambda item: item[0])
    )
    images = stack(files, len(places), expected=(32, 32))
    return ImageSet(images, _labels(split), _CLASSES, "CIFAR-10, JPEG copy")


def _check_counts(found: list[str], split: str, path: Path) -> None:
    """Refuse a copy that is incomplete: an unpacking that was broken off looks like a small set."""
    counts, expected = Counter(found), _PER_CLASS[split]
    wrong = [
        f"{counts[name]:,} of {name}"
        for name in sorted(counts.keys() | set(_CLASSES))
        if counts[name] != (expected if name in _CLASSES else 0)
    ]
    if wrong:
        raise DataError(
            f"{path}: holds {', '.join(wrong)} for split {split!r}; expected {expected:,} of each "
            f"of {', '.join(_CLASSES)}"
        )


def _labels(split: str) -> Tensor:
    return torch.arange(len(_CLASSES)).repeat_interleave(_PER_CLASS[split])


def _download(root: Path) -> None:
    from torchvision.datasets import CIFAR10

    advice = (
        f"Either download {CIFAR10.url} by hand and unpack it into {root}, or set CVLIB_DATA to a "
        f"folder that holds {_PICKLES}, {_FOLDER}/train/<class>/*.jpg or {_ARCHIVE}"
    )
    with _lenient_to_old_pickles():
        download("CIFAR10", _PICKLES, (), {CIFAR10.filename: CIFAR10.tgz_md5}, advice)
