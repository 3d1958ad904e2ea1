"""Thresholds and shapes are OpenCV's to the last bit; what morphology promises holds."""

from fractions import Fraction
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from skimage.morphology import reconstruction

from cvlib.images.morphology import (
    dilate,
    erode,
    morphology_ex,
    otsu_threshold,
    reconstruct,
    structuring_element,
)

SHAPES = (cv2.MORPH_RECT, cv2.MORPH_CROSS, cv2.MORPH_ELLIPSE, cv2.MORPH_DIAMOND)
BORDERS = (cv2.BORDER_CONSTANT, cv2.BORDER_REPLICATE, cv2.BORDER_REFLECT, cv2.BORDER_REFLECT_101)
DTYPES = (np.uint8, np.uint16, np.int16, np.float32, np.float64)
OPERATIONS = (
    cv2.MORPH_ERODE,
    cv2.MORPH_DILATE,
    cv2.MORPH_OPEN,
    cv2.MORPH_CLOSE,
    cv2.MORPH_GRADIENT,
    cv2.MORPH_TOPHAT,
    cv2.MORPH_BLACKHAT,
)
SQUARE = np.ones((3, 3), dtype=np.uint8)
BINARY = arrays(np.uint8, array_shapes(min_dims=2, max_dims=2, max_side=12)).map(
    lambda image: image // 128 * 255
)


@st.composite
def images(draw: Any, dtypes: tuple[Any, ...] = DTYPES) -> np.ndarray:
    """Grey or colour, down to a single pixel, with the dtype's ends in it."""
    dtype = np.dtype(draw(st.sampled_from(dtypes)))
    shape = draw(st.tuples(st.integers(1, 14), st.integers(1, 14)))
    shape += draw(st.sampled_from([(), (3,)]))
    finite = {"allow_nan": False, "allow_infinity": False}
    return draw(arrays(dtype, shape, elements=finite))


@st.composite
def settings_of(draw: Any) -> tuple[np.ndarray, dict[str, Any]]:
    """Draw a kernel, from a familiar shape or at random, and where and how often it is laid."""
    width, height = draw(st.integers(1, 7)), draw(st.integers(1, 7))
    kernel = draw(
        st.sampled_from(SHAPES).map(lambda shape: cv2.getStructuringElement(shape, (width, height)))
        | arrays(np.uint8, (height, width), elements=st.integers(0, 1))
    )
    assume(kernel.any())
    anchor = draw(
        st.just((-1, -1)) | st.tuples(st.integers(-1, width - 1), st.integers(-1, height - 1))
    )
    options = {"anchor": anchor, "iterations": draw(st.integers(0, 3))}
    return kernel, options | {"border_type": draw(st.sampled_from(BORDERS))}


def opencvs(options: dict[str, Any]) -> dict[str, Any]:
    """Spell the options in OpenCV's way."""
    renamed = {"border_type": "borderType"}
    return {renamed.get(name, name): value for name, value in options.items()}


@pytest.mark.parametrize("shape", SHAPES)
def test_structuring_elements_are_opencvs(shape: int) -> None:
    for size in np.ndindex(33, 33):
        width, height = size[0] + 1, size[1] + 1
        ours = structuring_element(shape, (width, height))
        assert ours.dtype == np.uint8
        assert np.array_equal(ours, cv2.getStructuringElement(shape, (width, height)))


@settings(max_examples=200, deadline=None)
@given(images(), settings_of())
def test_erosion_and_dilation_are_opencvs(image: np.ndarray, how: tuple[Any, Any]) -> None:
    kernel, options = how
    for ours, theirs in ((erode, cv2.erode), (dilate, cv2.dilate)):
        result = ours(image, kernel, **options)
        assert result.dtype == image.dtype
        assert np.array_equal(result, theirs(image, kernel, **opencvs(options)))


@settings(max_examples=200, deadline=None)
@given(images(), settings_of(), st.sampled_from(OPERATIONS))
def test_every_operation_is_opencvs(
    image: np.ndarray, how: tuple[Any, Any], operation: int
) -> None:
    kernel, options = how
    with np.errstate(over="ignore"):
        ours = morphology_ex(image, operation, kernel, **options)
    assert ours.dtype == image.dtype
    theirs = cv2.morphologyEx(image, operation, kernel, **opencvs(options))
    assert np.array_equal(ours, theirs)


@settings(deadline=None)
@given(images((np.uint8, np.int16)), settings_of(), st.integers(0, 255))
def test_a_border_value_is_opencvs(
    image: np.ndarray, how: tuple[Any, Any], border_value: int
) -> None:
    kernel, options = how
    options["border_type"] = cv2.BORDER_CONSTANT
    for ours, theirs in ((erode, cv2.erode), (dilate, cv2.dilate)):
        assert np.array_equal(
            ours(image, kernel, **options, border_value=border_value),
            theirs(image, kernel, **opencvs(options), borderValue=(border_value,) * 4),
        )


@settings(deadline=None)
@given(
    images((np.uint8,)).filter(lambda image: image.ndim == 2),
    arrays(np.int8, array_shapes(min_dims=2, max_dims=2, max_side=5), elements=st.integers(-1, 1)),
    st.sampled_from(BORDERS),
    st.integers(1, 2),
)
def test_hit_or_miss_is_opencvs(
    image: np.ndarray, kernel: np.ndarray, border_type: int, iterations: int
) -> None:
    assume(kernel.any())
    options = {"border_type": border_type, "iterations": iterations}
    assert np.array_equal(
        morphology_ex(image, cv2.MORPH_HITMISS, kernel, **options),
        cv2.morphologyEx(image, cv2.MORPH_HITMISS, kernel.astype(np.int32), **opencvs(options)),
    )


@settings(deadline=None)
@given(images((np.uint8,)), settings_of())
def test_dilation_of_the_negative_is_the_negative_of_erosion(
    image: np.ndarray, how: tuple[Any, Any]
) -> None:
    kernel, options = how
    assert np.array_equal(~dilate(~image, kernel, **options), erode(image, kernel, **options))


@settings(deadline=None)
@given(images(), st.integers(0, 3), st.integers(0, 3))
def test_dilation_is_max_pooling(image: np.ndarray, x: int, y: int) -> None:
    channels = torch.from_numpy(np.atleast_3d(image).astype(np.float64)).permute(2, 0, 1)
    pad = torch.nn.functional.pad(channels, (x, x, y, y), value=-np.inf)
    pooled = torch.nn.functional.max_pool2d(pad, (2 * y + 1, 2 * x + 1), stride=1)
    dilated = dilate(image, structuring_element(cv2.MORPH_RECT, (2 * x + 1, 2 * y + 1)))
    expected = pooled.permute(1, 2, 0).numpy().reshape(image.shape)
    assert np.array_equal(dilated.astype(np.float64), expected)


@settings(deadline=None)
@given(images(), st.sampled_from(SHAPES), st.integers(0, 2), st.integers(0, 2))
def test_opening_and_closing_once_is_enough(image: np.ndarray, shape: int, x: int, y: int) -> None:
    kernel = structuring_element(shape, (2 * x + 1, 2 * y + 1))
    for operation, beyond in ((cv2.MORPH_OPEN, np.less_equal), (cv2.MORPH_CLOSE, np.greater_equal)):
        once = morphology_ex(image, operation, kernel)
        assert np.array_equal(morphology_ex(once, operation, kernel), once)
        assert beyond(once, image).all()


def test_functions_leave_their_arguments_alone() -> None:
    image = np.random.default_rng(0).integers(0, 256, (9, 9), dtype=np.uint8)
    kept = image.copy()
    for operation in (*OPERATIONS, cv2.MORPH_HITMISS):
        result = morphology_ex(image, operation, SQUARE, iterations=0)
        assert not np.shares_memory(result, image)
        morphology_ex(image, operation, SQUARE)
        reconstruct(image // 2, image, SQUARE)
        assert np.array_equal(image, kept)


@settings(deadline=None)
@given(arrays(np.uint8, array_shapes(min_dims=1, max_dims=2, max_side=40)))
def test_otsus_threshold_is_opencvs_or_as_good(image: np.ndarray) -> None:
    ours, theirs = otsu_threshold(image), int(cv2.threshold(image, 0, 255, cv2.THRESH_OTSU)[0])
    assert ours == theirs or (ours < theirs and spread(image, ours) == spread(image, theirs))


def spread(image: np.ndarray, threshold: int) -> Fraction:
    """Compute the variance between the classes without rounding."""
    dark, bright = image[image <= threshold].tolist(), image[image > threshold].tolist()
    difference = Fraction(sum(dark), len(dark)) - Fraction(sum(bright), len(bright))
    return len(dark) * len(bright) * difference**2


def test_otsus_threshold_of_photographs_is_opencvs() -> None:
    from cvlib.data import photograph

    for name in ("camera", "coins", "page", "text", "clock", "moon", "brick"):
        image = photograph(name)
        assert otsu_threshold(image) == cv2.threshold(image, 0, 255, cv2.THRESH_OTSU)[0]


@pytest.mark.parametrize("value", [0, 7, 255])
def test_otsus_threshold_of_one_level_is_zero(value: int) -> None:
    image = np.full((3, 4), value, dtype=np.uint8)
    assert otsu_threshold(image) == cv2.threshold(image, 0, 255, cv2.THRESH_OTSU)[0] == 0


@settings(deadline=None)
@given(BINARY, st.sampled_from((cv2.MORPH_RECT, cv2.MORPH_CROSS)), st.data())
def test_reconstruction_is_scikit_images(mask: np.ndarray, shape: int, data: Any) -> None:
    marker = np.minimum(mask, data.draw(arrays(np.uint8, mask.shape)))
    kernel = structuring_element(shape, (3, 3))
    expected = reconstruction(marker, mask, footprint=kernel)
    assert np.array_equal(reconstruct(marker, mask, kernel), expected)


def test_reconstruction_cuts_off_what_is_above_the_mask() -> None:
    mask = np.array([[3, 5, 0, 9]], dtype=np.uint8)
    assert reconstruct(mask + 1, mask, SQUARE).tolist() == mask.tolist()


@pytest.mark.parametrize("function", [erode, dilate])
def test_what_is_not_a_picture_is_refused(function: Any) -> None:
    with pytest.raises(TypeError, match="image has dtype bool; expected one of uint8, uint16"):
        function(np.zeros((3, 3), dtype=bool), SQUARE)
    for shape in ((3,), (0, 3), (1, 2, 3, 4)):
        with pytest.raises(ValueError, match=r"image has shape \(.*\); expected \(H, W\) or"):
            function(np.zeros(shape, dtype=np.uint8), SQUARE)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"kernel": np.zeros((3, 3))},
            r"kernel is array[^;]*; expected two dimensions and a value other than 0",
        ),
        ({"kernel": np.ones(3)}, "kernel is .*; expected two dimensions"),
        ({"kernel": np.ones((0, 3))}, "kernel is .*; expected two dimensions"),
        ({"anchor": (3, 0)}, r"anchor is \(3, 0\); expected a place in a kernel 3 × 3"),
        ({"anchor": (0, -2)}, r"anchor is \(0, -2\)"),
        ({"iterations": -1}, "iterations is -1; expected at least 0"),
        ({"border_type": cv2.BORDER_WRAP}, "border_type is 3; expected cv2.BORDER_CONSTANT, "),
    ],
)
def test_wrong_settings_are_refused(options: dict[str, Any], message: str) -> None:
    arguments = {"kernel": SQUARE} | options
    for function in (erode, dilate):
        with pytest.raises(ValueError, match=message):
            function(np.zeros((4, 4), dtype=np.uint8), **arguments)


def test_wrong_operations_and_shapes_are_refused() -> None:
    image = np.zeros((4, 4), dtype=np.uint8)
    with pytest.raises(ValueError, match="operation is 99; expected one of cv2's"):
        morphology_ex(image, 99, SQUARE)
    with pytest.raises(TypeError, match="image has dtype float32; expected uint8 for hit-or-miss"):
        morphology_ex(image.astype(np.float32), cv2.MORPH_HITMISS, SQUARE)
    with pytest.raises(ValueError, match=r"shape is 9; expected cv2.MORPH_RECT, MORPH_CROSS"):
        structuring_element(9, (3, 3))
    for size in ((0, 3), (3, -1)):
        with pytest.raises(ValueError, match=r"size is \(.*\); expected a width and a height"):
            structuring_element(cv2.MORPH_RECT, size)


def test_otsu_takes_only_uint8_with_pixels() -> None:
    with pytest.raises(TypeError, match="image has dtype float64; expected uint8"):
        otsu_threshold(np.zeros(3))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"image has shape \(0, 3\); expected at least one pixel"):
        otsu_threshold(np.zeros((0, 3), dtype=np.uint8))


def test_marker_and_mask_must_be_alike() -> None:
    mask = np.zeros((3, 4), dtype=np.uint8)
    for marker in (mask[:2], mask.astype(np.int16)):
        with pytest.raises(ValueError, match=r"marker is .* expected that of mask, uint8 of shape"):
            reconstruct(marker, mask, SQUARE)
