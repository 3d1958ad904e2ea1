"""The drawings of the chapter on edges show what they are given: numbers, arrows, colours."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.colors import to_hex, to_rgb
from matplotlib.patches import Circle, Rectangle
from matplotlib.quiver import Quiver

from cvlib.figures import edges, palette
from cvlib.figures.edges import (
    colour_directions,
    colour_thresholds,
    draw_angle_errors,
    draw_arrows,
    draw_circles,
    draw_profiles,
    draw_rows,
)


def test_rows_show_each_number_on_the_colour_of_its_sign() -> None:
    (place,) = draw_rows([0, 255, 0], {"signed": [255, 0, -255]}).axes
    texts = [text.get_text() for text in place.texts]
    assert texts == ["pixels", "0", "255", "0", "signed", "255", "0", "−255"]
    boxes = [patch for patch in place.patches if isinstance(patch, Rectangle)]
    shades = [to_hex(box.get_facecolor()) for box in boxes]
    expected = ["#000000", "#ffffff", "#000000", edges._RISING, edges._FLAT, edges._FALLING]
    assert shades == [shade.lower() for shade in expected]
    inks = [place.texts[n].get_color() for n in (1, 2)]
    assert inks == ["white", edges._LINE]


def test_rows_of_other_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="short has 1 numbers; expected 2"):
        draw_rows([0, 255], {"short": [1]})


def test_arrows_point_along_the_gradient_from_the_middle_of_their_pixels() -> None:
    dx, dy = np.zeros((3, 4)), np.zeros((3, 4))
    dx[1, 2], dy[1, 2] = 3, -4
    dx[0, 3] = 0.4  # too short to draw
    (place,) = draw_arrows(np.zeros((3, 4), np.uint8), dx, dy).axes
    (arrows,) = (artist for artist in place.collections if isinstance(artist, Quiver))
    assert (arrows.X.tolist(), arrows.Y.tolist()) == ([2], [1])
    assert [*arrows.U, *arrows.V] == pytest.approx([1.6 * 0.6, -1.6 * 0.8])
    low, high = place.get_ylim()
    assert low > high  # rows count downwards, so a negative V points up


def test_arrows_of_another_shape_are_refused() -> None:
    with pytest.raises(ValueError, match=r"dx and dy are \(2, 2\) and \(2, 2\); expected \(3, 4\)"):
        draw_arrows(np.zeros((3, 4), np.uint8), np.zeros((2, 2)), np.zeros((2, 2)))


def test_directions_have_the_colours_of_the_compass() -> None:
    dx, dy = np.array([[1, 0, -1, 0, 1]]), np.array([[0, 1, 0, -1, -1]])
    drawn = colour_directions(dx, dy)[0] / 255
    scale = 1 / np.quantile(np.hypot(dx, dy), 0.95)
    for shade, name in zip(drawn, ("blue", "green", "orange", "purple"), strict=False):
        assert shade == pytest.approx(scale * np.array(to_rgb(palette[name])), abs=0.003)
    between = (np.array(to_rgb(palette["purple"])) + np.array(to_rgb(palette["blue"]))) / 2
    assert drawn[4] == pytest.approx(between, abs=0.003)


def test_a_picture_that_does_not_change_has_no_colour() -> None:
    assert not colour_directions(np.zeros((2, 2)), np.zeros((2, 2))).any()


def test_thresholds_are_those_of_hysteresis() -> None:
    drawn = colour_thresholds(np.array([[4, 5, 8, 9]]), 4, 8)[0].tolist()
    white, orange, blue = [255, 255, 255], [230, 159, 0], [0, 114, 178]
    assert drawn == [white, orange, orange, blue]


def test_profiles_stand_above_each_other_with_the_edge_marked() -> None:
    curves = [np.arange(5.0), np.ones(5), np.zeros(5)]
    figure = draw_profiles({"a": curves, "b": curves[::-1]}, edge=2.5)
    assert len(figure.axes) == 6
    assert [axes.get_title() for axes in figure.axes[:2]] == ["a", "b"]
    labels = [axes.get_ylabel().replace("\n", " ") for axes in figure.axes]
    assert labels == ["brightness", "", "first derivative", "", "second derivative", ""]
    for number, axes in enumerate(figure.axes):
        row, column = divmod(number, 2)
        drawn = axes.lines[-1].get_ydata()
        assert np.array_equal(drawn, (curves, curves[::-1])[column][row])
        assert list(axes.lines[0].get_xdata()) == [2.5, 2.5]


def test_errors_are_drawn_over_the_true_direction() -> None:
    angles, values = np.arange(4), np.array([0.0, 1, 0, -1])
    (place,) = draw_angle_errors(angles, {"sobel": values, "scharr": values / 9}).axes
    lines = place.lines[1:]
    assert [line.get_label() for line in lines] == ["sobel", "scharr"]
    assert np.array_equal(lines[1].get_ydata(), values / 9)
    assert np.array_equal(lines[0].get_xdata(), angles)


def test_circles_stand_where_they_were_found() -> None:
    (place,) = draw_circles(np.zeros((50, 60), np.uint8), [(20, 30, 15), (9, 8, 7)]).axes
    rings = [patch for patch in place.patches if isinstance(patch, Circle)]
    assert [(*ring.center, ring.radius) for ring in rings] == [(30, 20, 15), (8, 9, 7)]
    assert [text.get_text() for text in place.texts] == ["15", "7"]
    assert [text.get_position() for text in place.texts] == [(30, 20), (8, 9)]
