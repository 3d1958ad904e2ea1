"""Which full data sets are there is said without reading one."""

from __future__ import annotations

from pathlib import Path

import pytest

from cvlib.data import full_sets


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CVLIB_DATA", str(tmp_path))
    return tmp_path


def test_nothing_is_found_where_nothing_is(root: Path) -> None:
    assert set(full_sets().values()) == {None}
    assert list(root.iterdir()) == []


@pytest.mark.parametrize(
    ("file", "title", "found"),
    [
        ("MNIST/raw/train-images.idx3-ubyte", "MNIST", "MNIST/raw"),
        ("FashionMNIST/raw/t10k-images-idx3-ubyte.gz", "Fashion-MNIST", "FashionMNIST/raw"),
        ("cifar-10-batches-py/test_batch", "CIFAR-10", "cifar-10-batches-py"),
        ("cifar10/train/cat/1.png", "CIFAR-10", "cifar10"),
        ("cifar10-jpeg.tar.gz", "CIFAR-10", "cifar10-jpeg.tar.gz"),
    ],
)
def test_a_set_is_found_in_each_layout(root: Path, file: str, title: str, found: str) -> None:
    (root / file).parent.mkdir(parents=True, exist_ok=True)
    (root / file).touch()
    places = full_sets()
    assert places.pop(title) == root / found
    assert set(places.values()) == {None}


def test_what_is_still_packed_is_not_found(root: Path) -> None:
    (root / "cifar-10-python.tar.gz").touch()
    assert full_sets()["CIFAR-10"] is None
