"""What pixels mean, held against OpenCV, scikit-image and torch; and the exercises' checkers."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from skimage.color import rgb2xyz

from cvlib.book import mistake
from cvlib.images.pixels import linear_to_srgb, luma, mosaic, quantize, srgb_to_linear

COLOURS = st.tuples(st.integers(1, 9), st.integers(1, 9), st.just(3)).flatmap(
    lambda shape: arrays(np.uint8, shape)
)
EVERY_VALUE = np.arange(256, dtype=np.uint8)


@given(COLOURS)
def test_luma_is_opencvs_to_the_last_bit(image: np.ndarray) -> None:
    assert np.array_equal(luma(image), cv2.cvtColor(image, cv2.COLOR_RGB2GRAY))


def test_luma_of_every_sixteenth_colour_is_opencvs() -> None:
    image = np.stack(np.meshgrid(*3 * [EVERY_VALUE[::5]]), axis=-1).reshape(52, -1, 3)
    assert np.array_equal(luma(image), cv2.cvtColor(image, cv2.COLOR_RGB2GRAY))


def test_luma_does_not_depend_on_memory_layout() -> None:
    image = np.random.default_rng(0).integers(0, 256, (3, 5, 7), dtype=np.uint8)
    assert np.array_equal(luma(image.transpose(1, 2, 0)), luma(image.transpose(1, 2, 0).copy()))


@pytest.mark.parametrize("bits", range(1, 9))
def test_quantize_keeps_as_many_levels_as_the_bits_can_tell_apart(bits: int) -> None:
    levels, counts = np.unique(quantize(EVERY_VALUE, bits), return_counts=True)
    assert len(levels) == 2**bits
    assert set(counts) == {2 ** (8 - bits)}
    assert levels[[0, -1]].tolist() == [0, 255]
    assert np.ptp(np.diff(levels.astype(int))) <= 1


def test_quantize_with_all_bits_changes_nothing() -> None:
    assert np.array_equal(quantize(EVERY_VALUE, 8), EVERY_VALUE)


@given(st.integers(1, 7))
def test_quantize_is_never_off_by_more_than_one_step(bits: int) -> None:
    assert cv2.absdiff(quantize(EVERY_VALUE, bits), EVERY_VALUE).max() <= 255 / 2**bits


@given(COLOURS)
def test_mosaic_measures_each_pixel_in_the_order_of_rggb(image: np.ndarray) -> None:
    raw = mosaic(image)
    order = ((0, 1), (1, 2))
    for row, column in np.ndindex(raw.shape):
        assert raw[row, column] == image[row, column, order[row % 2][column % 2]]


@given(arrays(np.uint8, 3))
def test_opencv_rebuilds_one_colour_from_its_mosaic(colour: np.ndarray) -> None:
    image = np.broadcast_to(colour, (6, 8, 3))
    assert np.array_equal(cv2.demosaicing(mosaic(image), cv2.COLOR_BayerRGGB2RGB), image)


def test_mosaic_leaves_its_argument_alone() -> None:
    image = np.arange(27, dtype=np.uint8).reshape(3, 3, 3)
    mosaic(image)
    assert np.array_equal(image.ravel(), np.arange(27))


def test_linear_light_is_scikit_images() -> None:
    grey = np.repeat(EVERY_VALUE[:, None], 3, axis=1)
    white = rgb2xyz(np.array([255, 255, 255], dtype=np.uint8))[1]
    assert srgb_to_linear(grey)[:, 1] == pytest.approx(rgb2xyz(grey)[:, 1] / white, abs=1e-6)


def test_every_stored_value_survives_the_way_to_light_and_back() -> None:
    assert np.array_equal(linear_to_srgb(srgb_to_linear(EVERY_VALUE)), EVERY_VALUE)


def test_the_two_pieces_of_the_gamma_curve_meet() -> None:
    below, above = np.float64(0.0031308), np.nextafter(0.0031308, 1)
    for light in (below, above):
        assert linear_to_srgb(np.array([light]))[0] == 10


def test_light_out_of_range_is_black_or_white() -> None:
    assert linear_to_srgb(np.array([-1.0, 0.0, 1.0, 2.0])).tolist() == [0, 0, 255, 255]


@pytest.mark.parametrize("function", [luma, mosaic, srgb_to_linear])
def test_only_uint8_is_taken(function: object) -> None:
    with pytest.raises(TypeError, match="image has dtype float64; expected uint8"):
        function(np.zeros((2, 2, 3)))  # type: ignore[operator]


def test_quantize_takes_only_uint8_and_one_to_eight_bits() -> None:
    with pytest.raises(TypeError, match="image has dtype int64; expected uint8"):
        quantize(np.zeros(3, dtype=np.int64), 4)  # type: ignore[arg-type]
    for bits in (0, 9, 2.5):
        with pytest.raises(ValueError, match=f"bits is {bits}; expected a whole number from 1"):
            quantize(EVERY_VALUE, bits)  # type: ignore[arg-type]


@pytest.mark.parametrize("function", [luma, mosaic])
@pytest.mark.parametrize("shape", [(4, 4), (4, 4, 4), (3, 4, 5), (1, 4, 4, 3)])
def test_only_three_channels_last_are_taken(function: object, shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"image has shape \(.*\); expected \(H, W, 3\), RGB"):
        function(np.zeros(shape, dtype=np.uint8))  # type: ignore[operator]


def test_light_must_be_floating_point() -> None:
    with pytest.raises(TypeError, match="light has dtype uint8; expected floating point"):
        linear_to_srgb(EVERY_VALUE)  # type: ignore[arg-type]


def right_brighten(image: np.ndarray, amount: int) -> np.ndarray:
    return np.clip(image.astype(int) + amount, 0, 255).astype(np.uint8)


def right_half_size(raw: np.ndarray) -> np.ndarray:
    blocks = raw.reshape(raw.shape[0] // 2, 2, -1, 2).astype(int)
    green = (blocks[:, 0, :, 1] + blocks[:, 1, :, 0]) // 2
    return np.stack([blocks[:, 0, :, 0], green, blocks[:, 1, :, 1]], -1).astype(np.uint8)


def test_checkers_pass_what_is_right() -> None:
    assert mistake("brighten", right_brighten) is None
    assert mistake("half_size", right_half_size) is None


@pytest.mark.parametrize(
    "wrong",
    [
        lambda image, amount: None,
        lambda image, amount: (image.astype(int) + amount).astype(np.uint8),
        lambda image, amount: np.minimum(image.astype(int) + amount, 255).astype(np.uint8),
        lambda image, amount: np.maximum(image.astype(int) + amount, 0).astype(np.uint8),
        lambda image, amount: np.clip(image.astype(int) + amount, 0, 255),
        lambda image, amount: right_brighten(image, amount).tolist(),
        lambda image, amount: right_brighten(image, abs(amount)),
        lambda image, amount: right_brighten(image.ravel(), amount),
        "brighten",
    ],
)
def test_brighten_is_told_what_is_wrong(wrong: object) -> None:
    assert "expected" in (mistake("brighten", wrong) or "")


@pytest.mark.parametrize(
    "wrong",
    [
        lambda raw: raw[0::2, 0::2],
        lambda raw: np.stack([raw[0::2, 0::2], raw[0::2, 1::2], raw[1::2, 1::2]], -1),
        lambda raw: np.stack([raw[0::2, 0::2], raw[1::2, 0::2], raw[1::2, 1::2]], -1),
        lambda raw: right_half_size(raw)[..., ::-1],
        lambda raw: right_half_size(raw).astype(float),
        lambda raw: right_half_size(raw).transpose(1, 0, 2),
        lambda raw: np.stack(
            [raw[0::2, 0::2], (raw[0::2, 1::2] + raw[1::2, 0::2]) // 2, raw[1::2, 1::2]], -1
        ),
        lambda raw: right_half_size(raw) + np.array([0, raw[0, 1] % 2, 0], dtype=np.uint8),
    ],
)
def test_half_size_is_told_what_is_wrong(wrong: object) -> None:
    assert "expected" in (mistake("half_size", wrong) or "")


def test_an_answer_cannot_change_the_cases() -> None:
    def in_place(image: np.ndarray, amount: int) -> np.ndarray:
        image[:] = right_brighten(image, amount)
        return image

    assert mistake("brighten", in_place) == (
        "brighten raises ValueError: assignment destination is read-only"
    )
