"""The drawings of robustness say what was asked: worst points, answers, changes, strengths."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from matplotlib.colors import same_color

from cvlib.figures.encoding import least_letters
from cvlib.figures.robustness import draw_answers, draw_attacks, draw_balls, draw_strength
from cvlib.figures.style import palette

BLACK = torch.zeros(1, 8, 8)


def test_arrows_lead_to_the_worst_points_and_the_border_has_no_score() -> None:
    w, bias, x, epsilon = np.array([2.0, -1.0]), -0.5, np.array([0.6, 0.4]), 0.125
    place = draw_balls(w.tolist(), bias, x.tolist(), epsilon, title="Balls").axes[0]
    ends = [text.xy for text in place.texts if hasattr(text, "xy")]
    np.testing.assert_allclose(ends[0], (0.475, 0.525))
    np.testing.assert_allclose(np.subtract(ends[1], x), -epsilon * w / np.sqrt(5))
    np.testing.assert_allclose(np.asarray(place.lines[0].get_xydata()) @ w + bias, 0, atol=1e-12)


def test_brighter_is_blue_and_darker_orange() -> None:
    grey = BLACK + 0.5
    changed = grey.clone()
    changed[0, 0, 0], changed[0, 1, 0] = 0.6, 0.4
    figure = draw_attacks(grey, {"some": changed}, ["7", "1"], epsilon=0.1, title="One")
    change = figure.axes[3].images[0]
    drawn = change.cmap(change.norm(change.get_array()))
    assert same_color(drawn[0, 0], palette["blue"])
    assert same_color(drawn[1, 0], palette["vermillion"])
    assert not figure.axes[2].images, "below the picture itself nothing has changed"


def test_all_curves_are_drawn_and_the_chosen_point_lies_on_its_own() -> None:
    curves = {name: (1, 0.2 * at) for at, name in enumerate("abcde")}
    figure = draw_strength(BLACK, BLACK + 0.1, "0", curves, (0, 0.1), ("c", 0.1))
    *lines, point = figure.axes[1].lines
    assert [line.get_label() for line in lines] == list(curves)
    assert (point.get_xdata()[0], point.get_ydata()[0]) == (0.1, pytest.approx(0.4))


def test_wrong_answers_stand_out_and_nothing_leaves_the_card() -> None:
    said = {"one": [3, 5], "other": [3, 4]}
    figure = draw_answers([BLACK, BLACK], said, [3, 4], title="Two", columns=2)
    bold = [text.get_text() for text in figure.axes[0].texts if text.get_weight() == "bold"]
    assert bold == ["one: 5"]
    strength = draw_strength(BLACK, BLACK, "0", {"a": (1, 0)}, (0, 0.1), ("a", 0.1))
    for each in (figure, strength):
        assert least_letters(each) >= 8
        each.draw_without_rendering()
        for place in each.axes:
            box = place.get_tightbbox()
            assert box is not None
            assert each.bbox.padded(0.5).containsx(box.x0)
            assert each.bbox.padded(0.5).containsx(box.x1)
            assert each.bbox.padded(0.5).containsy(box.y0)
            assert each.bbox.padded(0.5).containsy(box.y1)
