"""The drawings of the chapter on features show what they are given."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.patches import Circle, Rectangle
from matplotlib.quiver import Quiver

from cvlib.figures import features
from cvlib.figures.features import (
    draw_blob_scales,
    draw_descriptor,
    draw_keypoints,
    draw_matches,
    draw_orientations,
    draw_points,
    draw_survival,
    draw_windows,
    paint_matches,
)
from cvlib.images import Keypoints


def test_windows_stand_above_their_changes_on_one_scale() -> None:
    window, low, high = np.zeros((5, 5), np.uint8), np.zeros((3, 3)), np.full((3, 3), 7.0)
    figure = draw_windows({"flat": window, "corner": window}, [low, high])
    assert [axes.get_title() for axes in figure.axes[:2]] == ["flat", "corner"]
    for axes, change in zip(figure.axes[2:], (low, high), strict=True):
        (picture,) = axes.images
        assert np.array_equal(picture.get_array(), change)
        assert picture.get_clim() == (0, 7)
        assert list(picture.get_extent()) == [-1.5, 1.5, 1.5, -1.5]
    with pytest.raises(ValueError, match="changes has 1 arrays; expected 2"):
        draw_windows({"flat": window, "corner": window}, [low])


def test_points_of_each_kind_have_a_mark_of_their_own() -> None:
    first, second = np.array([[3, 4], [5, 6]]), np.array([[7, 8]])
    figure = draw_points(np.zeros((20, 30), np.uint8), {"a": first, "b": second})
    lines = figure.axes[0].lines
    assert np.array_equal(lines[0].get_xydata(), first)
    assert np.array_equal(lines[1].get_xydata(), second)
    assert lines[0].get_marker() != lines[1].get_marker()
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["a", "b"]
    assert not draw_points(np.zeros((20, 30), np.uint8), {"a": first}).legends


def test_a_keypoint_is_a_circle_with_a_hand() -> None:
    keypoints = Keypoints.at([(20, 30)], size=8, angle=90)
    (place,) = draw_keypoints(np.zeros((50, 60), np.uint8), keypoints).axes
    (circle,) = place.patches
    assert isinstance(circle, Circle)
    assert (circle.center, circle.radius) == ((20, 30), 8)
    assert place.lines[0].get_xydata() == pytest.approx(np.array([[20, 30], [20, 38]]))
    assert place.get_ylim() == (49.5, -0.5)


def test_a_curve_per_disc_with_a_line_at_what_is_expected() -> None:
    figure = draw_blob_scales(np.arange(3), {4: np.arange(3), 8: np.ones(3)}, {4: 2.8, 8: 5.7})
    lines = figure.axes[0].lines
    assert lines[0].get_ydata().tolist() == [0, 1, 2]
    assert [lines[n].get_xdata()[0] for n in (1, 3)] == [2.8, 5.7]
    assert lines[0].get_color() == lines[1].get_color() != lines[2].get_color()


def test_directions_are_arrows_and_bars() -> None:
    length, direction = np.ones((9, 9)), np.full((9, 9), 90.0)
    histogram = np.arange(36.0)
    figure = draw_orientations(length, length, direction, histogram, np.array([90.0, 200.0]))
    picture, bars = figure.axes
    (arrows,) = (artist for artist in picture.collections if isinstance(artist, Quiver))
    assert pytest.approx(np.zeros(25), abs=1e-12) == arrows.U
    assert pytest.approx(np.ones(25)) == arrows.V
    ends = picture.lines[0].get_xydata()
    assert ends[0].tolist() == [4, 4]
    assert ends[1][0] == pytest.approx(4)
    assert ends[1][1] > 4  # 90 degrees is down
    heights = [bar.get_height() for bar in bars.patches if isinstance(bar, Rectangle)]
    assert heights == histogram.tolist()
    assert [line.get_xdata()[0] for line in bars.lines[:2]] == [90, 200]
    assert bars.lines[2].get_ydata()[0] == 0.8 * 35


def test_a_descriptor_is_stars_in_a_grid() -> None:
    numbers = np.zeros((4, 4, 8))
    numbers[1, 2, 2] = 100
    figure = draw_descriptor(np.zeros((16, 16)), numbers.ravel())
    rays = figure.axes[1].lines[10:]
    assert len(rays) == 128
    long = rays[(1 * 4 + 2) * 8 + 2].get_xydata()
    assert long[0].tolist() == [9.5, 5.5]
    assert long[1] == pytest.approx([9.5, 5.5 - 0.48 * 4])  # two eighths to the left: up
    assert np.ptp(rays[0].get_xydata(), axis=0).tolist() == [0, 0]
    with pytest.raises(ValueError, match=r"descriptor has shape \(16,\); expected \(128,\)"):
        draw_descriptor(np.zeros((16, 16)), np.zeros(16))


def test_matches_are_painted_in_the_colour_of_their_truth() -> None:
    image = np.full((20, 40), 100, np.uint8)
    a = np.array([[5.0, 3.0], [5.0, 9.0], [5.0, 15.0]])
    painted = paint_matches(image, a, a + np.array([20, 0]), np.array([1, 0, -1]), enlarge=3)
    assert painted.shape == (60, 120, 3)
    for (x, y), colour in zip(
        a, (features._RIGHT, features._WRONG, features._UNKNOWN), strict=True
    ):
        there = painted[int(3 * y + 1), int(3 * (x + 10) + 1)] / 255
        assert there == pytest.approx(to_rgb(colour), abs=0.01)
    untouched = painted[-1, -1]
    assert untouched.tolist() == [round(255 - 155 * 0.45)] * 3


def test_the_chosen_ratio_has_its_dots() -> None:
    painted = np.zeros((4, 6, 3), np.uint8)
    figure = draw_matches(painted, [0.6, 0.8, 1.0], [0.9, 0.8, 0.4], [0.5, 0.7, 1.0], 0.8)
    picture, curves = figure.axes
    assert np.array_equal(picture.images[0].get_array(), painted)
    lines = curves.lines
    assert list(lines[0].get_ydata()) == [0.9, 0.8, 0.4]
    dots = [lines[n].get_xydata()[0].tolist() for n in (1, 3)]
    assert dots == [[0.8, 0.8], [0.8, 0.7]]


def test_survival_has_a_curve_per_method_in_both_plots() -> None:
    figure = draw_survival(
        [0, 90], {"a": [1, 0.5], "b": [1, 0]}, [0.5, 1], {"a": [0, 1], "b": [0, 0]}
    )
    turned, scaled = figure.axes
    assert [list(line.get_ydata()) for line in turned.lines] == [[1, 0.5], [1, 0]]
    assert [list(line.get_ydata()) for line in scaled.lines] == [[0, 1], [0, 0]]
    assert turned.get_ylim() == scaled.get_ylim() == (0, 1.02)
