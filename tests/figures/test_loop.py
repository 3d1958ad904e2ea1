"""The drawings of the chapter on the loop show what they are given, and clip no word."""

from __future__ import annotations

from cvlib.figures.loop import draw_loop, draw_norms
from tests.figures.clipping import assert_nothing_is_clipped


def test_loop_has_five_steps_and_an_arrow_behind_each() -> None:
    figure = draw_loop()
    words = [text.get_text() for text in figure.axes[0].texts]
    assert [word for word in words if word and " " not in word] == [
        *("zero_grad", "forward", "loss", "backward", "step")
    ]
    assert words.count("") == 5
    assert_nothing_is_clipped(figure)


def test_norms_have_a_line_each_and_a_tick_per_layer() -> None:
    networks = {"sigmoid": [1e-6, 1e-3, 0.5], "tanh": [0.01, 0.02]}
    figure = draw_norms(networks, title="It does not arrive")
    place = figure.axes[0]
    for line, (name, norms) in zip(place.lines, networks.items(), strict=True):
        assert line.get_label() == name
        assert list(line.get_ydata()) == norms
        assert list(line.get_xdata()) == [*range(1, len(norms) + 1)]
    assert place.get_yscale() == "log"
    assert place.get_ylim() == (1e-8, 10)
    assert [label.get_text() for label in place.get_xticklabels()] == ["1", "2", "3"]
    assert_nothing_is_clipped(figure)
