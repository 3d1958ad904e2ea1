"""Where data sets lie, how a file of theirs is read and checked, how an absent one is fetched."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import http.client
import io
import os
import re
import shutil
import socket
import sys
import tempfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cvlib.arguments import one_of
from cvlib.files import expect_regular

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SECONDS_WITHOUT_A_BYTE = 30.0
_UNFINISHED = ".download-"


class DataError(RuntimeError):
    """Data that is absent, incomplete or damaged; the message says what to do about it."""


def data_root() -> Path:
    """Return the folder where the full data sets lie.

    Returns
    -------
    Path
        The folder named by the environment variable ``CVLIB_DATA``, else ``cvlib`` in the user's
        cache folder (``XDG_CACHE_HOME``, else ``~/.cache``). It need not exist.

    Examples
    --------
    >>> import os
    >>> from unittest import mock
    >>> with mock.patch.dict(os.environ, CVLIB_DATA="/data/pictures"):
    ...     print(data_root())
    /data/pictures
    """
    if named := os.environ.get("CVLIB_DATA"):
        return Path(named).expanduser()
    cache = Path(os.environ.get("XDG_CACHE_HOME", ""))
    # The XDG specification: a relative path in such a variable is to be ignored.
    return (cache if cache.is_absolute() else Path.home() / ".cache") / "cvlib"


def check_split(split: str) -> None:
    """Raise ValueError unless ``split`` is ``"train"`` or ``"test"``."""
    one_of("split", split, ("train", "test"))


def entries(folder: Path) -> set[str]:
    """Return the names in a folder: none where the folder is absent."""
    try:
        return {entry.name for entry in folder.iterdir()}
    except (FileNotFoundError, NotADirectoryError):
        return set()
    except OSError as error:
        raise DataError(f"{folder}: cannot be listed ({error.strerror})") from error


def read(path: Path, sha256: str | None = None) -> NDArray[np.uint8]:
    """Read a file's bytes, and hold them against a checksum where one is known."""
    expect_regular(path, DataError)
    try:
        data = np.fromfile(path, dtype=np.uint8)
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from error
    if sha256 is not None and (found := hashlib.sha256(data.data).hexdigest()) != sha256:
        raise DataError(
            f"{path}: the file is damaged or another one: its SHA-256 is {found}, "
            f"the file SHA256SUMS at the data root says {sha256}"
        )
    return data


def unzip(data: NDArray[np.uint8], path: Path, *, most: int) -> NDArray[np.uint8]:
    """Return what a gzip file holds, whose own checksum and length are thereby checked."""
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data.data)) as file:
            unpacked = file.read(most + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(
            f"{path}: truncated or damaged: {error} (found {len(data):,} bytes; expected a whole "
            "gzip file)"
        ) from error
    if len(unpacked) > most:
        raise DataError(f"{path}: unpacks to more than {most:,} bytes; expected fewer")
    return np.frombuffer(bytearray(unpacked), np.uint8)


def clean(root: Path) -> None:
    """Remove what downloads have left below the data root whose processes were killed."""
    left = [root / name for name in entries(root) if name.startswith(_UNFINISHED)]
    if left:
        with _locked(root, alone=True) as nobody_downloads:
            for folder in left if nobody_downloads else ():
                shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _locked(root: Path, *, alone: bool) -> Iterator[bool]:
    """Lock the data root, alone or among others; yields whether that could be done.

    The system lifts the lock of a process that dies, however it dies.
    """
    try:
        import fcntl

        place = os.open(root, os.O_RDONLY)
    except (ImportError, OSError):  # Windows, where no folder can be locked
        yield False
        return
    try:
        fcntl.flock(place, fcntl.LOCK_EX | fcntl.LOCK_NB if alone else fcntl.LOCK_SH)
        locked = True
    except OSError:
        locked = False
    try:
        yield locked
    finally:
        os.close(place)


def checksums(root: Path) -> dict[str, str]:
    """Read ``SHA256SUMS`` at the data root, if there is one: path below the root to checksum."""
    if "SHA256SUMS" not in entries(root):
        return {}
    path = root / "SHA256SUMS"
    listed = {}
    for number, line in enumerate(read(path).tobytes().decode(errors="replace").splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        match = re.fullmatch(r"([0-9a-fA-F]{64}) [ *](?:\./)?(.+)", line)
        if match is None:
            raise DataError(
                f"{path}: line {number} is {line[:80]!r}; expected 64 hexadecimal digits, two "
                "blanks and a path below that folder, as sha256sum writes them"
            )
        listed[match[2]] = match[1].lower()
    return listed


def download(
    dataset: str, folder: str, wanted: Iterable[str], md5: Mapping[str, str], advice: str
) -> None:
    """Have torchvision download a data set, and move it below the data root when it is whole.

    Parameters
    ----------
    dataset
        The name of the class in :mod:`torchvision.datasets`.
    folder
        Where torchvision puts the unpacked files, below the root.
    wanted
        Names of the files to move should the folder be there already; else it is moved as one.
    md5
        The md5 that torchvision expects, for each file that it downloads (path below the root):
        says what came instead when a download is refused.
    advice
        What the reader can do when it fails.

    Raises
    ------
    DataError
        If the root cannot be written, the network is not there, or what came is not what
        torchvision expects. Nothing is left under the root then.
    """
    import torchvision.datasets

    root = data_root()
    absent = f"{dataset} is not under {root}"
    with contextlib.ExitStack() as stack:
        try:
            root.mkdir(parents=True, exist_ok=True)
            stack.enter_context(_locked(root, alone=False))
            temporary = tempfile.TemporaryDirectory(
                prefix=_UNFINISHED, dir=root, ignore_cleanup_errors=True
            )
        except OSError as error:
            raise DataError(
                f"{absent}, and cannot be downloaded there: the folder cannot be written "
                f"({error.strerror}). {advice}"
            ) from error
        name = stack.enter_context(temporary)
        try:
            with _silent_off_a_terminal(), _impatient():
                getattr(torchvision.datasets, dataset)(name, download=True)
            _move(Path(name) / folder, root / folder, wanted)
        except (RuntimeError, OSError, http.client.HTTPException) as error:
            reasons = [" ".join(str(error).split()), *_refused(Path(name), md5)]
            raise DataError(
                f"{absent}, and its download failed: {'; '.join(reasons)}. {advice}"
            ) from error


def _refused(folder: Path, md5: Mapping[str, str]) -> Iterator[str]:
    for name, expected in md5.items():
        path = folder / name
        if path.is_file() and (found := file_md5(path)) != expected:
            size = path.stat().st_size
            yield f"{path.name} came with {size:,} bytes and md5 {found}, expected md5 {expected}"


def file_md5(path: Path) -> str:
    """Return the md5 of a file (a check against damage, no guard against intent)."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def _move(source: Path, target: Path, wanted: Iterable[str]) -> None:
    for archive in source.glob("*.gz"):
        archive.unlink()
    target.parent.mkdir(parents=True, exist_ok=True)
    if not target.exists():
        source.rename(target)
        return
    for name in wanted:
        (source / name).replace(target / name)


@contextlib.contextmanager
def _silent_off_a_terminal() -> Iterator[None]:
    """Keep torchvision's progress bar out of logs and notebooks: it cannot be switched off."""
    if sys.stderr is not None and sys.stderr.isatty():
        yield
    else:
        with contextlib.redirect_stderr(io.StringIO()):
            yield


@contextlib.contextmanager
def _impatient() -> Iterator[None]:
    """Give up on a silent connection: torchvision sets no time limit."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(_SECONDS_WITHOUT_A_BYTE)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)
