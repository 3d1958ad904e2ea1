"""The drawings of the chapter on frequency show what they are given: waves, curves, numbers."""

from __future__ import annotations

import numpy as np
import pytest

from cvlib.figures import palette
from cvlib.figures.frequency import (
    draw_block,
    draw_curves,
    draw_samples,
    spectrum_picture,
    stack_pyramid,
)


def test_a_wave_is_two_bright_spots_as_far_from_the_middle_as_it_is_fine() -> None:
    columns = np.arange(64)
    wave = np.tile(np.cos(2 * np.pi * 8 * columns / 64), (64, 1))
    picture = spectrum_picture(wave)
    assert picture.dtype == np.uint8
    bright = np.argwhere(picture > 200)
    middles = {tuple(np.mean(bright[bright[:, 1] < 32], axis=0))}
    middles |= {tuple(np.mean(bright[bright[:, 1] > 32], axis=0))}
    assert middles == {(32, 24), (32, 40)}


def test_waves_that_do_not_pass_are_black() -> None:
    noise = np.random.default_rng(0).normal(size=(32, 32))
    passes = np.zeros((32, 32))
    passes[0, 0] = 1
    picture = spectrum_picture(noise + 9, passes)
    lit = np.argwhere(picture > 0)
    assert lit.min() >= 15
    assert lit.max() <= 17
    assert np.array_equal(spectrum_picture(noise), spectrum_picture(noise, np.ones((32, 32))))


def test_a_black_picture_has_a_black_spectrum() -> None:
    assert not spectrum_picture(np.zeros((6, 7))).any()


def test_curves_bear_their_names_and_their_numbers() -> None:
    x = np.linspace(0, 0.5, 5)
    (place,) = draw_curves(x, {"ideal": x > 0.2, "bell": 1 - x}, "frequency", "factor").axes
    legend = place.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["ideal", "bell"]
    ideal, bell = place.lines[1:]
    assert np.asarray(ideal.get_ydata()).tolist() == [0, 0, 1, 1, 1]
    assert bell.get_ydata() == pytest.approx(1 - x)
    assert ideal.get_linestyle() != bell.get_linestyle()
    assert (place.get_xlabel(), place.get_ylabel()) == ("frequency", "factor")


def test_both_waves_go_through_the_samples() -> None:
    (place,) = draw_samples(0.75, 0.25, pixels=9).axes
    fast, slow, dots = place.lines
    assert dots.get_ydata() == pytest.approx(np.cos(np.pi / 2 * np.arange(9)), abs=1e-9)
    for curve in (fast, slow):
        x, y, pixels = map(np.asarray, (curve.get_xdata(), curve.get_ydata(), dots.get_xdata()))
        assert np.interp(pixels, x, y) == pytest.approx(dots.get_ydata(), abs=2e-2)
    assert dots.get_color() == palette["blue"]


def test_a_pyramid_is_stacked_without_overlap() -> None:
    floors = [np.full((9, 120), 1), np.full((5, 60), 2), np.full((3, 30), 3), np.full((2, 15), 4)]
    stacked = stack_pyramid(floors, ground=0)
    assert stacked.shape == (10, 182)
    for number, floor in enumerate(floors, 1):
        assert (stacked == number).sum() == floor.size
    assert stack_pyramid(floors[:1]).shape == (9, 120)


def test_a_block_shows_its_numbers_and_pales_its_zeros() -> None:
    grid = np.zeros((8, 8))
    grid[0, 1], grid[7, 7] = -12.6, 3
    place, other = draw_block({"stored": grid}).axes
    assert place.get_title() == "stored"
    texts = {(int(t.get_position()[1]), int(t.get_position()[0])): t for t in place.texts}
    assert len(texts) == 64
    assert texts[0, 1].get_text() == "−13"
    assert texts[7, 7].get_text() == "3"
    assert texts[7, 7].get_color() != texts[3, 3].get_color()
    assert not other.texts
