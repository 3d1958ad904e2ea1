"""MNIST and Fashion-MNIST: handwritten digits and clothes, in files of the IDX format."""

from __future__ import annotations

import math
from pathlib import Path

import torch
from torch import Tensor

from cvlib.data.image_set import ImageSet
from cvlib.data.root import (
    DataError,
    check_split,
    checksums,
    clean,
    data_root,
    download,
    entries,
    read,
    unzip,
)

_PICTURES = {"train": 60_000, "test": 10_000}
_PREFIX = {"train": "train", "test": "t10k"}
_UNSIGNED_BYTE = 8
_LARGEST_FILE = 64 * 1024**2  # bytes once unpacked; the training pictures take 47 million
_DIGITS = tuple("0123456789")
CLOTHES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)


def mnist(split: str = "train") -> ImageSet:
    """Read MNIST: handwritten digits, grey, 28×28, white on black.

    Found under :func:`data_root` in torchvision's layout (``MNIST/raw/train-images-idx3-ubyte``
    and so on; also as ``train-images.idx3-ubyte``, and with ``.gz``), else downloaded into it.

    Parameters
    ----------
    split
        ``"train"``, 60,000 pictures, or ``"test"``, 10,000.

    Returns
    -------
    ImageSet
        Images of shape (N, 1, 28, 28) in the order of the files; classes ``"0"`` to ``"9"``.

    Raises
    ------
    ValueError
        If ``split`` is another word.
    DataError
        If the files are absent and cannot be downloaded, or one is truncated, is no such file, or
        has another checksum than ``SHA256SUMS`` at the data root says.

    References
    ----------
    LeCun, Bottou, Bengio, Haffner, "Gradient-Based Learning Applied to Document Recognition",
    Proceedings of the IEEE 86(11), 1998, section III.A.

    Examples
    --------
    >>> mnist("train")  # doctest: +SKIP
    ImageSet(images=(60000, 1, 28, 28), classes=10, source='MNIST')
    """
    return _load("MNIST", "MNIST", split, _DIGITS)


def fashion_mnist(split: str = "train") -> ImageSet:
    """Read Fashion-MNIST: pictures of clothes, grey, 28×28, made to stand in for MNIST.

    Found under :func:`data_root` in torchvision's layout
    (``FashionMNIST/raw/train-images-idx3-ubyte`` and so on; also as ``train-images.idx3-ubyte``,
    and with ``.gz``), else downloaded into it.

    Parameters
    ----------
    split
        ``"train"``, 60,000 pictures, or ``"test"``, 10,000.

    Returns
    -------
    ImageSet
        Images of shape (N, 1, 28, 28) in the order of the files; ten classes, from
        ``"T-shirt/top"`` to ``"Ankle boot"``.

    Raises
    ------
    ValueError
        If ``split`` is another word.
    DataError
        If the files are absent and cannot be downloaded, or one is truncated, is no such file, or
        has another checksum than ``SHA256SUMS`` at the data root says.

    References
    ----------
    Xiao, Rasul, Vollgraf, "Fashion-MNIST: a Novel Image Dataset for Benchmarking Machine Learning
    Algorithms", arXiv:1708.07747, section 2.

    Examples
    --------
    >>> fashion_mnist("test")  # doctest: +SKIP
    ImageSet(images=(10000, 1, 28, 28), classes=10, source='Fashion-MNIST')
    """
    return _load("FashionMNIST", "Fashion-MNIST", split, CLOTHES)


def _load(dataset: str, title: str, split: str, classes: tuple[str, ...]) -> ImageSet:
    check_split(split)
    root = data_root()
    clean(root)
    listed = checksums(root)
    folder = root / dataset / "raw"
    wanted = [f"{_PREFIX[split]}-{kind}-ubyte" for kind in ("images-idx3", "labels-idx1")]
    names = [_name(folder, name) for name in wanted]
    if not any(names):
        _download(dataset, folder, wanted)
        names = [*wanted]
    if not all(names):
        # Never complete a pair by download: another copy may be in another order.
        here, absent = sorted(zip(names, wanted, strict=True), key=lambda pair: not pair[0])
        raise DataError(
            f"{folder / absent[1]}: absent, while {here[0]} is there; expected both, from one "
            "copy. Put it there, or remove the other to have both downloaded"
        )
    files = [folder / name for name in names if name]
    sums = [listed.get(file.relative_to(root).as_posix()) for file in files]
    count = _PICTURES[split]
    images = _read_idx(files[0], (count, 28, 28), sums[0])
    labels = _read_idx(files[1], (count,), sums[1])
    if int(labels.max()) >= len(classes):
        raise DataError(f"{files[1]}: holds label {int(labels.max())}; expected 0 to 9")
    return ImageSet(images[:, None], labels.to(torch.int64), classes, title)


def place(dataset: str) -> Path | None:
    """Return the folder that holds files of a data set, or None where there is none of them."""
    folder = data_root() / dataset / "raw"
    names = [f"{prefix}-images-idx3-ubyte" for prefix in _PREFIX.values()]
    return folder if any(_name(folder, name) for name in names) else None


def _name(folder: Path, name: str) -> str | None:
    """Find a file under the names it has elsewhere: with a dot, and as it was downloaded."""
    dotted = name.replace("-idx", ".idx")
    here = entries(folder)
    return next((n for n in (name, dotted, f"{name}.gz", f"{dotted}.gz") if n in here), None)


def _download(dataset: str, folder: Path, names: list[str]) -> None:
    import torchvision.datasets

    known = getattr(torchvision.datasets, dataset)
    download(
        dataset,
        f"{dataset}/raw",
        names,
        {f"{dataset}/raw/{file}": md5 for file, md5 in known.resources},
        f"Either download the four .gz files from {known.mirrors[0]} by hand and unpack them "
        f"into {folder}, or set CVLIB_DATA to a folder that holds {dataset}/raw/{names[0]} and "
        "the rest",
    )


def _read_idx(path: Path, shape: tuple[int, ...], sha256: str | None) -> Tensor:
    """Read an IDX file of bytes: two zeros, the type, the number of axes, their lengths, data."""
    data = read(path, sha256)
    if path.suffix == ".gz":
        data = unzip(data, path, most=_LARGEST_FILE)
    magic = bytes((0, 0, _UNSIGNED_BYTE, len(shape)))
    start = 4 + 4 * len(shape)
    if bytes(data[:4]) != magic:
        hint = " (a gzip file: unpack it)" if bytes(data[:2]) == b"\x1f\x8b" else ""
        raise DataError(
            f"{path}: begins with the bytes {bytes(data[:4]).hex(' ') or '(none)'}{hint}; "
            f"expected {magic.hex(' ')}, an IDX file of bytes with {len(shape)} axes"
        )
    found = tuple(data[4:start].view(">u4").tolist()) if len(data) >= start else ()
    if found and found != shape:
        raise DataError(f"{path}: its header says {found}; expected {shape}")
    expected = start + math.prod(shape)
    if len(data) != expected:
        raise DataError(
            f"{path}: has {len(data):,} bytes; expected {expected:,} "
            f"(a header of {start}, then {'×'.join(map(str, shape))}). "
            "Remove the damaged file and its neighbour of the same split to have both downloaded"
        )
    return torch.from_numpy(data[start:]).reshape(shape)
