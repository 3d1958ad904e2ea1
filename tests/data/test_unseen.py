"""Letters are drawn as digits are, and clothes are the first of Fashion-MNIST's test set."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
import torch
from PIL import Image
from PIL.PngImagePlugin import PngImageFile

from cvlib.data import (
    clothes_sample,
    drawn_digits,
    drawn_letters,
    drawn_strokes,
    fashion_mnist,
    rasterize,
    slanted_digits,
)
from cvlib.data.unseen import PENS, pens
from tests.checkout import ROOT
from tests.regression.plugin import missing_sets


def test_letters_have_names_frames_and_ink_as_digits_have() -> None:
    letters = drawn_letters()
    assert "".join(letters.classes) == "ACEFHKLMNPRTUVWXY"
    assert letters.labels.bincount().tolist() == [6] * 17
    pictures = letters.images[:, 0].double()
    for axis in (1, 2):
        means = (pictures.sum(3 - axis) * torch.arange(28)).sum(1) / pictures.sum((1, 2))
        assert 13.5 <= means.min() <= means.max() < 14.5
    for picture in pictures:
        extents = [int(picture.any(axis).nonzero().flatten().diff().sum()) + 1 for axis in (0, 1)]
        assert 18 <= max(extents) <= 20
    assert len({each.numpy().tobytes() for each in letters.images}) == len(letters)


def test_six_pens_vary_width_and_slant() -> None:
    bar = [[(10.0, 0.0), (10.0, 100.0)]]
    pictures = pens(bar)[:, 0].double()
    ink = pictures.sum((1, 2))
    assert ink[3:].min() > 1.3 * ink[:3].max()
    columns = torch.arange(28.0).double()

    def leans(picture: torch.Tensor) -> float:
        upper, lower = ((half.sum(0) @ columns / half.sum()) for half in picture.split(14))
        return float(upper - lower)

    for at, (width, slant) in enumerate(PENS):
        assert np.sign(round(leans(pictures[at]), 3)) == np.sign(slant)
        if slant == 0:
            assert np.array_equal(pictures[at].numpy(), rasterize(bar, width=width))


def test_slanted_digits_are_the_drawn_ones() -> None:
    digits = slanted_digits()
    assert len(digits) == 6 * len(drawn_digits())
    assert digits.labels.equal(drawn_digits().labels.repeat_interleave(6))
    first = next(iter(drawn_strokes()["0"].values()))
    assert torch.equal(digits.images[:6], pens(first))


def test_clothes_are_what_they_were() -> None:
    clothes = clothes_sample()
    assert clothes.images.shape == (100, 1, 28, 28)
    assert clothes.labels.bincount().tolist() == [10] * 10
    digest = hashlib.sha256(clothes.images.numpy().tobytes()).hexdigest()
    assert digest.startswith("2db39ea52f94")


@pytest.mark.skipif(bool(missing_sets(["FashionMNIST"])), reason="no FashionMNIST")
def test_clothes_are_the_first_ten_of_each_class() -> None:
    clothes, full = clothes_sample(), fashion_mnist("test")
    assert clothes.classes == full.classes
    for label in range(10):
        assert torch.equal(
            clothes.images[clothes.labels == label], full.images[full.labels == label][:10]
        )


def test_the_file_is_small_and_holds_its_licence() -> None:
    path = ROOT / "cvlib/data/clothes.png"
    assert path.stat().st_size < 50_000
    with Image.open(path) as picture:
        assert isinstance(picture, PngImageFile)
        text = picture.text
    assert "Fashion-MNIST" in text["Source"]
    assert text["Copyright"].startswith("MIT License")
    assert "2017 Zalando SE" in text["Copyright"]
