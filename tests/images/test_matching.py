"""Template matching, held against OpenCV's and against windows written out."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from skimage import feature

from cvlib.data import photograph
from cvlib.images import matching
from cvlib.images.matching import match_template

NAMES = ("SQDIFF", "CCORR", "CCOEFF", "SQDIFF_NORMED", "CCORR_NORMED", "CCOEFF_NORMED")
METHODS = {name: getattr(cv2, f"TM_{name}") for name in NAMES}
SIDES = st.tuples(*[st.integers(1, 9)] * 2)


def pair(seed: int, size: tuple[int, int], more: tuple[int, int], channels: int) -> tuple:
    draw = np.random.default_rng(seed)
    template = draw.integers(0, 256, (*size, channels), dtype=np.uint8)
    shape = (size[0] + more[0] - 1, size[1] + more[1] - 1, channels)
    image = draw.integers(0, 256, shape, dtype=np.uint8)
    return (image, template) if channels > 1 else (image[..., 0], template[..., 0])


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 9999),
    SIDES,
    SIDES,
    st.sampled_from((1, 3)),
    st.sampled_from(list(METHODS)),
    st.sampled_from((np.uint8, np.float32)),
)
def test_scores_are_opencvs(
    seed: int,
    size: tuple[int, int],
    more: tuple[int, int],
    channels: int,
    name: str,
    dtype: type,
) -> None:
    image, template = (x.astype(dtype) for x in pair(seed, size, more, channels))
    assume(name != "CCOEFF_NORMED" or np.prod(size) > 1)
    ours = match_template(image, template, METHODS[name])
    theirs = cv2.matchTemplate(image, template, METHODS[name])
    assert ours.dtype == np.float32
    np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-3 * max(1, np.abs(theirs).max()))


@pytest.mark.parametrize("name", METHODS)
def test_strips_give_what_the_whole_gives(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    image, template = pair(3, (4, 7), (40, 9), 1)
    whole = match_template(image, template, METHODS[name])
    monkeypatch.setattr(matching, "_AT_ONCE", 100)
    assert np.allclose(match_template(image, template, METHODS[name]), whole, rtol=1e-6, atol=1e-6)


def test_a_word_is_found_as_scikit_image_finds_it() -> None:
    page = photograph("page")
    word = page[51:65, 167:223]
    scores = match_template(page, word)
    np.testing.assert_allclose(scores, feature.match_template(page, word), atol=1e-4)
    assert np.unravel_index(scores.argmax(), scores.shape) == (51, 167)
    assert scores.max() == pytest.approx(1, abs=1e-6)


def test_light_changes_nothing() -> None:
    image, template = (x.astype(np.float32) for x in pair(1, (5, 6), (9, 9), 1))
    expected = match_template(image, template)
    np.testing.assert_allclose(match_template(3 * image + 40, template), expected, atol=1e-5)
    np.testing.assert_allclose(match_template(image, 0.2 * template - 7), expected, atol=1e-5)
    np.testing.assert_allclose(match_template(image, 300 - template), -expected, atol=1e-5)


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_windows_without_contrast_score_zero(dtype: type) -> None:
    image = np.full((12, 15), 200, dtype=dtype)
    image[:, 9:] = np.random.default_rng(0).integers(0, 256, (12, 6))
    template = image[2:6, 9:13]
    scores = match_template(image, template)
    assert (scores[:, :6] == 0).all()
    assert scores[2, 9] == pytest.approx(1)
    image[:4, :4] = 0
    assert match_template(image, template, cv2.TM_CCORR_NORMED)[0, 0] == 0
    assert match_template(image, template, cv2.TM_SQDIFF_NORMED)[0, 0] == 1


def test_a_strip_of_twenty_thousand_columns() -> None:
    strip = np.random.default_rng(0).integers(0, 256, (24, 20_000), dtype=np.uint8)
    scores = match_template(strip, strip[5:15, 12_345:12_360])
    assert np.unravel_index(scores.argmax(), scores.shape) == (5, 12_345)
    assert scores.shape == (15, 19_986)


@pytest.mark.parametrize(
    ("image", "template", "message"),
    [
        (np.zeros((4, 4)), np.zeros((2, 2)), "image has dtype float64; expected uint8 or float32"),
        (
            np.zeros((4, 4), np.uint8),
            np.zeros((2, 2), np.float32),
            r"template is float32 .*; expected the dtype and the channels of image, uint8",
        ),
        (
            np.zeros((4, 4, 3), np.uint8),
            np.zeros((2, 2), np.uint8),
            r"template is uint8 with shape \(2, 2\)",
        ),
        (
            np.zeros((4, 4), np.uint8),
            np.zeros((2, 5), np.uint8),
            r"template has shape \(2, 5\); expected at most \(4, 4\)",
        ),
        (np.ones((4, 4), np.uint8), np.ones((2, 2), np.uint8), "template has one value everywhere"),
        (
            np.full((4, 4), np.nan, np.float32),
            np.ones((2, 2), np.float32),
            "image holds nan or infinity",
        ),
        (
            np.ones((4, 4), np.float32),
            np.full((2, 2), np.inf, np.float32),
            "template holds nan or infinity",
        ),
    ],
)
def test_what_does_not_go_together_is_refused(
    image: np.ndarray, template: np.ndarray, message: str
) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        match_template(image, template)


def test_a_black_template_and_an_unknown_method_are_refused() -> None:
    image, black = np.ones((4, 4), dtype=np.uint8), np.zeros((2, 2), dtype=np.uint8)
    for method in (cv2.TM_CCORR_NORMED, cv2.TM_SQDIFF_NORMED):
        with pytest.raises(ValueError, match="template is 0 everywhere; expected something to"):
            match_template(image, black, method)
    with pytest.raises(ValueError, match="method is 9; expected one of cv2's"):
        match_template(image, black, 9)
