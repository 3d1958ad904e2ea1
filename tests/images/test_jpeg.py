"""Blocks of cosines against OpenCV and SciPy, and tables and pictures against real JPEG files."""

import io
import tracemalloc

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image
from scipy import fft

from cvlib.data import photograph
from cvlib.images.jpeg import cosines, dct, from_levels, idct, quantization_table, to_levels

SIDES = st.integers(1, 11)
NUMBERS = st.integers(-128, 127)
PLANES = st.tuples(SIDES, SIDES).flatmap(lambda s: arrays(np.float64, s, elements=NUMBERS))
EVEN = st.tuples(SIDES, SIDES).map(lambda sides: (2 * sides[0], 2 * sides[1]))
BLOCKS = st.tuples(*[st.integers(1, 4)] * 4).flatmap(lambda s: arrays(np.int16, s))


@settings(max_examples=40, deadline=None)
@given(EVEN.flatmap(lambda shape: arrays(np.float64, shape, elements=NUMBERS)))
def test_the_cosine_transform_is_opencvs(block: np.ndarray) -> None:
    np.testing.assert_allclose(dct(block), cv2.dct(block), atol=1e-8)
    np.testing.assert_allclose(idct(block), cv2.idct(block), atol=1e-8)


@settings(max_examples=40, deadline=None)
@given(st.one_of(PLANES, BLOCKS))
def test_the_cosine_transform_is_scipys_at_any_size(blocks: np.ndarray) -> None:
    expected = fft.dctn(blocks, axes=(-2, -1), norm="ortho")
    np.testing.assert_allclose(dct(blocks), expected, atol=1e-6)
    np.testing.assert_allclose(idct(dct(blocks)), blocks, atol=1e-6)


def test_cosines_are_orthonormal() -> None:
    np.testing.assert_allclose(cosines(9) @ cosines(9).T, np.eye(9), atol=1e-12)
    assert np.array_equal(cosines(9, [4, 0]), cosines(9)[[4, 0]])


def test_a_strip_is_transformed_in_bounded_memory() -> None:
    """All cosines of 6,000 pixels would fill 288 MB."""
    strip = np.random.default_rng(0).normal(size=(1, 6000))
    tracemalloc.start()
    np.testing.assert_allclose(idct(dct(strip)), strip, atol=1e-9)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 60e6


@pytest.mark.parametrize("quality", [1, 5, 10, 25, 49, 50, 51, 75, 90, 95, 100])
def test_the_tables_are_those_that_files_hold(quality: int) -> None:
    image = photograph("astronaut")[:16, :16]
    written = io.BytesIO()
    Image.fromarray(image).save(written, "JPEG", quality=quality)
    _, opencv = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    for file in (written, io.BytesIO(opencv.tobytes())):
        tables = Image.open(file).quantization  # type: ignore[attr-defined]
        for number, colour in enumerate((False, True)):
            ours = quantization_table(quality, colour=colour)
            assert list(tables[number]) == ours.ravel().tolist()


@pytest.mark.parametrize("quality", [5, 25, 50, 75, 95])
def test_pictures_come_back_as_from_real_files(quality: int) -> None:
    image = photograph("camera")[100:203, 90:301]
    levels = to_levels(image, quality)
    ours = from_levels(levels, quality, image.shape)
    setting = [cv2.IMWRITE_JPEG_QUALITY, quality]
    opencv = cv2.imdecode(cv2.imencode(".jpg", image, setting)[1], cv2.IMREAD_GRAYSCALE)
    assert opencv is not None
    apart = cv2.absdiff(ours, opencv)
    # Theirs computes in whole numbers; a coefficient near a half may be rounded either way.
    assert np.mean(apart > 1) < 0.05
    assert apart.mean() < 0.25
    assert np.abs(ours.astype(int) - image).mean() > (2 if quality == 5 else 0)


@pytest.mark.parametrize("quality", [25, 75])
def test_blocks_differ_from_real_ones_only_where_a_cosine_is_near_a_half(quality: int) -> None:
    image = photograph("camera")
    setting = [cv2.IMWRITE_JPEG_QUALITY, quality]
    opencv = cv2.imdecode(cv2.imencode(".jpg", image, setting)[1], cv2.IMREAD_GRAYSCALE)
    assert opencv is not None
    apart = cv2.absdiff(from_levels(to_levels(image, quality), quality), opencv)
    differs = apart.reshape(64, 8, 64, 8).max(axis=(1, 3)) > 1
    table = quantization_table(quality)
    steps = dct(image.reshape(64, 8, 64, 8).swapaxes(1, 2) - 128.0) / table
    from_half = table * np.abs(np.abs(steps - np.trunc(steps)) - 0.5)
    nearest = from_half.min(axis=(2, 3))
    assert differs.any()
    assert nearest[differs].max() < 0.2
    assert np.median(nearest[~differs]) > 0.2


def test_blocks_stand_where_their_pixels_stood() -> None:
    image = np.zeros((20, 30), dtype=np.uint8)
    image[8:16, 24:] = 255  # the last block goes on to the right
    levels = to_levels(image, 100)
    assert levels.shape == (3, 4, 8, 8)
    assert np.argwhere(levels[..., 0, 0] > 0).tolist() == [[1, 3]]
    assert np.count_nonzero(levels[..., 1:, 1:]) == 0
    assert np.array_equal(from_levels(levels, 100, image.shape), image)


def test_a_strip_of_20000_pixels_and_one_of_one_pixel() -> None:
    strip = np.random.default_rng(0).integers(0, 256, (3, 20_000), dtype=np.uint8)
    for image in (strip, strip[:1, :1], strip[:, :9]):
        again = from_levels(to_levels(image, 100), 100, image.shape)
        assert again.shape == image.shape
        assert cv2.absdiff(again, image).max() <= 2


def test_a_lower_quality_keeps_fewer_numbers() -> None:
    image = photograph("camera")
    kept = [np.count_nonzero(to_levels(image, quality)) for quality in (5, 25, 50, 75, 95)]
    assert kept == sorted(kept)
    assert len(set(kept)) == 5


def test_what_is_no_picture_no_block_and_no_quality_is_refused() -> None:
    for quality in (0, 101):
        with pytest.raises(ValueError, match=f"quality is {quality}; expected at"):
            quantization_table(quality)
    with pytest.raises(TypeError, match=r"quality is 1.5; expected an integer"):
        quantization_table(1.5)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="image has dtype float32; expected uint8"):
        to_levels(np.zeros((8, 8), np.float32), 50)
    with pytest.raises(ValueError, match=r"image has shape \(8, 8, 3\); expected \(H, W\)"):
        to_levels(np.zeros((8, 8, 3), np.uint8), 50)
    with pytest.raises(ValueError, match=r"levels has shape \(8, 8\); expected \(rows"):
        from_levels(np.zeros((8, 8)), 50)
    with pytest.raises(ValueError, match="blocks holds nan or infinity"):
        dct(np.full((2, 2), np.nan))
    with pytest.raises(ValueError, match=r"coefficients has shape \(3,\)"):
        idct(np.zeros(3))
    with pytest.raises(TypeError, match="blocks is complex128; expected an array of real"):
        dct(np.zeros((2, 2), complex))
    with pytest.raises(TypeError, match="blocks is list"):
        dct([[1]])  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="size is 0"):
        cosines(0)
