"""Every function that takes a path names what is none, and waits for no pipe."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from cvlib import data, images
from cvlib.files import expect_path, masked_bitmap, tiff_numbers, write_atomically
from cvlib.images.files import write
from cvlib.images.preprocessing import Preprocess
from cvlib.records import write_record
from cvlib.training import fit
from cvlib.training.checkpoints import load_checkpoint, save_checkpoint, save_weights
from cvlib.training.history import Epoch, History

GREY = np.zeros((4, 4), np.uint8)
HISTORY = History([Epoch(1, 0.5, 0.8)])


def train(path: Any) -> object:
    model = nn.Sequential(nn.Flatten(), nn.Linear(64, 10))
    return fit(model, data.digits()[:20], epochs=1, device="cpu", checkpoint=path)


READERS: dict[str, tuple[str, Callable[[Any], object]]] = {
    "read": ("path", images.read),
    "folder": ("path", data.folder),
    "from_files": (r"files\[0\]", lambda path: Preprocess().from_files([path])),
    "load_checkpoint": ("path", load_checkpoint),
}
WRITERS: dict[str, tuple[str, Callable[[Any], object]]] = {
    "write": ("path", lambda path: write(path, GREY)),
    "write_atomically": ("path", lambda path: write_atomically(path, b"data")),
    "save_checkpoint": ("path", lambda path: save_checkpoint(path, {"epoch": 1})),
    "save_weights": ("path", lambda path: save_weights(path, nn.Linear(1, 1))),
    "write_record": ("path", lambda path: write_record(path, {}, command="", seed=0)),
    "to_csv": ("path", HISTORY.to_csv),
}
TAKERS = {
    **READERS,
    **WRITERS,
    "to_tensorboard": ("folder", HISTORY.to_tensorboard),
    "fit": ("checkpoint", train),
}


NO_PATHS = {
    **{"3": 3, "0.5": 0.5, "True": True, "None": None, "bytes": b"a.png"},
    **{"list": ["a.png"], "ndarray": GREY, "Tensor": torch.ones(1)},
}
TAKEN = {("fit", "None"), ("from_files", "bytes")}  # no checkpoint, and what a file holds


@pytest.mark.parametrize(
    ("name", "said"),
    [(name, said) for name in TAKERS for said in NO_PATHS if (name, said) not in TAKEN],
)
def test_what_is_no_path_is_named(name: str, said: str) -> None:
    argument, take = TAKERS[name]
    message = f"^{argument} is {said}; expected a path: str or os.PathLike$"
    with pytest.raises(TypeError, match=message):
        take(NO_PATHS[said])


@pytest.mark.parametrize("name", TAKERS)
@pytest.mark.parametrize("path", ["a\0b", Path("a\0b"), "\ud800"])
def test_a_name_that_no_file_can_have_is_named(name: str, path: Any) -> None:
    argument, take = TAKERS[name]
    with pytest.raises(
        ValueError, match=rf"^{argument} is .*; expected a name that a file can have"
    ):
        take(path)


@pytest.mark.parametrize("name", [name for name in READERS if name != "folder"])
def test_no_reader_waits_for_a_pipe(name: str, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    for place, kind in ((tmp_path / "pipe.png", "pipe"), ("/dev/zero", "device")):
        with pytest.raises(ValueError, match=f"{place}: is a {kind}; expected a regular file"):
            READERS[name][1](place)


@pytest.mark.parametrize("name", WRITERS)
def test_no_writer_takes_the_place_of_a_pipe(name: str, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    with pytest.raises((ValueError, OSError), match=r"pipe\.png: is a pipe; expected a regular"):
        WRITERS[name][1](tmp_path / "pipe.png")
    assert [path.is_fifo() for path in tmp_path.iterdir()] == [True]


def test_a_path_may_be_of_any_kind_that_python_takes(tmp_path: Path) -> None:
    class Ours:
        def __fspath__(self) -> str:
            return "ours.png"

    for path in ("a.png", Path("a.png"), np.str_("a.png"), Ours(), "图片 1.png", "."):
        assert expect_path(path) == Path(path)


@pytest.mark.parametrize(
    "start", [b"", b"B", b"BM", b"BM" + bytes(60), b"II*\0", b"II+\0abcdefghij"]
)
def test_the_head_of_no_such_file_is_none(start: bytes) -> None:
    assert masked_bitmap(start) is None
    assert tiff_numbers(start) is None
