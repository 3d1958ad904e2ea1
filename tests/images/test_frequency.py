"""Waves of pictures against numpy's, and filters among waves against filters among pixels."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from cvlib.data import photograph
from cvlib.images.filters import filter2d, gaussian_blur
from cvlib.images.frequency import (
    dft,
    filter_frequencies,
    frequencies,
    gaussian_low_pass,
    ideal_low_pass,
    idft,
    transfer,
    waves,
    zone_plate,
)

SIDES = st.integers(1, 13)
SHAPES = st.tuples(SIDES, SIDES)
PLANES = SHAPES.flatmap(lambda shape: arrays(np.float64, shape, elements=st.integers(-99, 99)))
PICTURES = st.tuples(
    st.one_of(SHAPES, st.tuples(SIDES, SIDES, st.integers(1, 4))), st.sampled_from(("u1", "f4"))
).flatmap(lambda drawn: arrays(drawn[1], drawn[0], elements=st.integers(0, 255)))


@settings(max_examples=60, deadline=None)
@given(PLANES)
def test_the_transform_is_numpys(image: np.ndarray) -> None:
    spectrum = dft(image)
    np.testing.assert_allclose(spectrum, np.fft.fft2(image), atol=1e-9)
    np.testing.assert_allclose(idft(spectrum), image, atol=1e-9)
    np.testing.assert_allclose(idft(image), np.fft.ifft2(image), atol=1e-9)


@settings(max_examples=30, deadline=None)
@given(SHAPES.flatmap(lambda shape: arrays(np.complex128, shape, elements=st.integers(-9, 9))))
def test_complex_numbers_are_transformed_too(values: np.ndarray) -> None:
    np.testing.assert_allclose(dft(values), np.fft.fft2(values), atol=1e-9)
    np.testing.assert_allclose(idft(values), np.fft.ifft2(values), atol=1e-9)


def test_waves_are_orthogonal() -> None:
    matrix = waves(7)
    np.testing.assert_allclose(matrix @ matrix.conj().T, 7 * np.eye(7), atol=1e-12)
    assert np.array_equal(waves(7, [9, 3]), matrix[[2, 3]])


def test_a_strip_is_transformed_in_bounded_memory() -> None:
    """All waves of 6,000 pixels would fill 576 MB."""
    strip = np.random.default_rng(0).integers(0, 256, (1, 6000)).astype(np.uint8)
    tracemalloc.start()
    spectrum = dft(strip)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    np.testing.assert_allclose(spectrum, np.fft.fft2(strip), atol=1e-6)
    assert peak < 100e6


def test_a_strip_of_20000_pixels_is_filtered() -> None:
    strip = np.random.default_rng(0).integers(0, 256, (3, 20_000, 1)).astype(np.uint8)
    smooth = filter_frequencies(strip, gaussian_low_pass((3, 20_000), 0.1))
    assert smooth.shape == strip.shape
    assert abs(smooth.mean() - strip.mean()) < 0.1
    assert smooth.std() < strip.std() / 2


@settings(max_examples=60, deadline=None)
@given(PICTURES, SHAPES.flatmap(lambda s: arrays(np.float32, s, elements=st.integers(-3, 3))))
def test_a_kernel_is_its_transfer_function(image: np.ndarray, kernel: np.ndarray) -> None:
    """Whole numbers, so that both ways round alike: sums are exact, and nothing is halfway."""
    expected = filter2d(image, kernel, "wrap")
    filtered = filter_frequencies(image, transfer(kernel, image.shape[:2]))
    assert filtered.dtype == image.dtype
    np.testing.assert_allclose(filtered, expected, atol=1e-2)


def test_the_transfer_function_answers_waves() -> None:
    """A wave that goes in comes out as the same wave, times that number."""
    kernel = np.array([[0.5, 0.2, -0.1], [0.0, 0.3, 0.4]])
    rows, columns = np.mgrid[:6, :10]
    wave = np.exp(2j * np.pi * (2 * rows / 6 + 3 * columns / 10))
    answer = sum(
        weight * np.roll(wave, (1 - i, 1 - j), axis=(0, 1))
        for (i, j), weight in np.ndenumerate(kernel)
    )
    np.testing.assert_allclose(answer, transfer(kernel, (6, 10))[2, 3] * wave, atol=1e-12)


def test_frequencies_are_those_of_numpy_and_symmetric() -> None:
    radius = frequencies((5, 8))
    assert radius[0].tolist() == np.abs(np.fft.fftfreq(8)).tolist()
    assert radius[:, 0].tolist() == np.abs(np.fft.fftfreq(5)).tolist()
    assert radius[2, 3] == pytest.approx(np.hypot(2 / 5, 3 / 8))


def test_the_gaussian_among_waves_is_the_blur_among_pixels() -> None:
    image = photograph("camera").astype(np.float32)
    for cutoff in (0.05, 0.1):
        sigma = np.sqrt(np.log(2) / 2) / (np.pi * cutoff)
        blurred = gaussian_blur(image, 0, sigma, border="wrap")
        filtered = filter_frequencies(image, gaussian_low_pass(image.shape, cutoff))
        assert np.abs(filtered - blurred).max() < 0.05  # OpenCV's bell ends after 4 sigma


def test_low_passes_keep_the_mean_and_halve_at_the_cutoff() -> None:
    for low_pass in (ideal_low_pass, gaussian_low_pass):
        assert low_pass((9, 16), 0.125)[0, 0] == 1
    assert gaussian_low_pass((9, 16), 0.125)[0, 2] == 0.5
    assert ideal_low_pass((9, 16), 0.125)[0].tolist() == [1, 1, 1, *[0] * 11, 1, 1]
    assert ideal_low_pass((9, 16), 0).sum() == 1


def test_one_pixel_is_its_own_spectrum() -> None:
    pixel = np.array([[7]], dtype=np.uint8)
    assert dft(pixel) == 7 == idft(pixel)
    for passes in (ideal_low_pass((1, 1), 0), gaussian_low_pass((1, 1), 0.1)):
        assert filter_frequencies(pixel, passes) == 7


def test_bytes_stop_at_black_and_white() -> None:
    step = np.repeat(np.array([[0, 255]], dtype=np.uint8), 16, axis=1)
    ringing = filter_frequencies(step, ideal_low_pass(step.shape, 0.2))
    assert ringing.min() == 0
    assert ringing.max() == 255


def test_arguments_are_left_alone() -> None:
    image = np.ones((4, 5), dtype=np.float32)
    image.setflags(write=False)
    passes = ideal_low_pass((4, 5), 0.2)
    passes.setflags(write=False)
    dft(image)
    filter_frequencies(image, passes)


def test_the_zone_plate_has_each_frequency_at_its_place() -> None:
    plate = zone_plate(256).astype(float)
    assert plate.dtype == np.float64
    assert plate[128, 128] == 255
    for radius in (32, 64, 96):
        stretch = plate[128, 128 + radius - 16 : 128 + radius + 16]
        spectrum = np.abs(np.fft.rfft(stretch - stretch.mean()))
        assert abs(spectrum.argmax() / 32 - radius / 256) < 1 / 32
    assert zone_plate(1).tolist() == [[255]]


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_what_is_not_finite_is_refused(bad: float) -> None:
    image = np.zeros((3, 4), dtype=np.float32)
    image[1, 2] = bad
    for call in (
        lambda: dft(image),
        lambda: filter_frequencies(image, np.ones((3, 4))),
        lambda: transfer(image, (8, 8)),
    ):
        with pytest.raises(ValueError, match=r"holds (nan|inf) at \(1, 2\); expected finite"):
            call()
    with pytest.raises(ValueError, match="cutoff is"):
        ideal_low_pass((3, 4), bad)


def test_what_is_no_picture_or_no_size_is_refused() -> None:
    with pytest.raises(ValueError, match=r"image has shape \(2, 3, 3\); expected two sides"):
        dft(np.zeros((2, 3, 3)))
    with pytest.raises(ValueError, match=r"spectrum has shape \(0, 3\)"):
        idft(np.zeros((0, 3)))
    with pytest.raises(TypeError, match="image is list; expected an array of numbers"):
        dft([[1, 2]])  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="image has dtype float64; expected uint8 or float32"):
        filter_frequencies(np.zeros((2, 2)), np.ones((2, 2)))
    with pytest.raises(ValueError, match=r"passes has shape \(2, 3\); expected \(2, 2\)"):
        filter_frequencies(np.zeros((2, 2, 3), np.float32), np.ones((2, 3)))
    with pytest.raises(ValueError, match="cutoff is 0; expected a number above 0"):
        gaussian_low_pass((2, 2), 0)
    with pytest.raises(ValueError, match="cutoff is -1"):
        gaussian_low_pass((2, 2), -1)
    with pytest.raises(ValueError, match="size is 0; expected at least 1"):
        waves(0)
    with pytest.raises(ValueError, match="size is 0; expected at least 1"):
        zone_plate(0)
    for call in (frequencies, lambda shape: transfer(np.ones((1, 1)), shape)):
        with pytest.raises(ValueError, match=r"shape is \(0, 2\); expected at least 1"):
            call((0, 2))
