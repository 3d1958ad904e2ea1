"""The tree of questions says what to do for all that one may see, and can be read."""

from __future__ import annotations

from itertools import pairwise

import pytest
from matplotlib.colors import same_color
from matplotlib.patches import FancyBboxPatch

from cvlib.figures.encoding import least_letters
from cvlib.figures.style import palette
from cvlib.figures.troubleshooting import SIGHTS, TREE, draw_tree


def test_every_question_is_reached_by_something_one_sees() -> None:
    assert {*SIGHTS.values()} == {*range(len(TREE))}


@pytest.mark.parametrize("sight", [None, *SIGHTS])
def test_the_way_is_marked_up_to_the_first_no(sight: str | None) -> None:
    place = draw_tree(sight).axes[0]
    edges = [p.get_edgecolor() for p in place.patches if isinstance(p, FancyBboxPatch)]
    questions, remedies = edges[0:-1:2], edges[1:-1:2]
    ends = -1 if sight is None else SIGHTS[sight]
    for at, (question, remedy) in enumerate(zip(questions, remedies, strict=True)):
        assert same_color(question, palette["blue"]) == (at <= ends)
        assert same_color(remedy, palette["vermillion"]) == (at == ends)
    assert sight is None or place.get_title() == f"You see: {sight}"


def test_words_stay_in_their_boxes_and_can_be_read_on_a_phone() -> None:
    figure = draw_tree()
    assert figure.get_size_inches()[0] <= 3.2
    assert least_letters(figure) >= 8
    figure.draw_without_rendering()
    place = figure.axes[0]
    boxes = [p.get_window_extent() for p in place.patches if isinstance(p, FancyBboxPatch)]
    words = [t for t in place.texts if t.get_text() not in ("yes", "no", "")]
    assert len(boxes) == len(words) == 2 * len(TREE) + 1
    for box, text in zip(boxes, words, strict=True):
        extent = text.get_window_extent()
        assert box.x0 < extent.x0 < extent.x1 < box.x1, text.get_text()
        assert box.y0 < extent.y0 < extent.y1 < box.y1, text.get_text()
    for one, other in pairwise(boxes):
        assert not one.overlaps(other)


def test_what_nobody_sees_is_refused() -> None:
    with pytest.raises(ValueError, match="sight is 'smoke'; expected one of"):
        draw_tree("smoke")
