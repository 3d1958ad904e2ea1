"""The nuclei are those that StarDist brings, and say where they are from."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngImageFile

from cvlib.data import data_root, nuclei
from tests.checkout import ROOT

ORIGINALS = data_root() / "nuclei"


def test_the_picture_and_its_masks() -> None:
    picture, masks = nuclei()
    assert picture.shape == masks.shape == (512, 512)
    assert picture.dtype == masks.dtype == np.uint8
    assert (int(picture.min()), int(picture.max()), int(masks.max())) == (0, 235, 183)
    assert len(np.unique(masks)) == 126
    assert hashlib.sha256(picture.tobytes()).hexdigest()[:8] == "f5bd38ab"
    assert hashlib.sha256(masks.tobytes()).hexdigest()[:8] == "f8435c28"


@pytest.mark.skipif(not ORIGINALS.exists(), reason="no nuclei under CVLIB_DATA")
def test_they_are_the_originals_in_eight_bits() -> None:
    for ours, name in zip(nuclei(), ("img2d", "mask2d"), strict=True):
        with Image.open(ORIGINALS / f"{name}.tif") as original:
            assert np.array_equal(ours, np.array(original))


def test_the_files_are_small_and_hold_their_licence() -> None:
    for name in ("nuclei", "nuclei_masks"):
        path = ROOT / f"cvlib/data/{name}.png"
        assert path.stat().st_size < 200_000
        with Image.open(path) as picture:
            assert isinstance(picture, PngImageFile)
            text = picture.text
        assert "stardist 0.9.2" in text["Source"]
        assert "BBBC038v1" in text["Source"]
        assert text["Copyright"].startswith("BSD-3-Clause: BSD 3-Clause License")
        assert "Uwe Schmidt, Martin Weigert" in text["Copyright"]


def test_what_a_caller_does_to_them_stays_with_the_caller() -> None:
    nuclei()[0][:] = 0
    assert nuclei()[0].max() == 235
