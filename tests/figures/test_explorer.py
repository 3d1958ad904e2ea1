"""An explorer has two faces: widgets that call the drawing, and frames that need nothing."""

from __future__ import annotations

import base64
import io
import re
from typing import Any

import ipywidgets
import numpy as np
import pytest
from bs4 import BeautifulSoup
from matplotlib.figure import Figure
from PIL import Image

from cvlib.figures import Explorer, explore, new_figure

COLOURS = {"red": (255, 0, 0), "green": (0, 255, 0)}


def draw(level: int, colour: str) -> np.ndarray[Any, Any]:
    return np.full((8, 8, 3), COLOURS[colour], dtype=np.uint8) // 255 * np.uint8(level)


def colours(**changes: Any) -> Explorer:
    given: dict[str, Any] = {
        **{"alt": "A {colour} square, {level} bright", "title": "How bright?"},
        **{"level": [50, 150, 250], "colour": ["red", "green"]},
    }
    return explore(draw, **{**given, **changes})


def page(explorer: Explorer) -> BeautifulSoup:
    return BeautifulSoup(explorer.html(), "html.parser")


def opened(picture: Any) -> Image.Image:
    kind, data = picture["src"].split(",", 1)
    assert kind == "data:image/webp;base64"
    return Image.open(io.BytesIO(base64.b64decode(data)))


def test_output_has_a_face_for_a_kernel_one_for_a_page_and_a_text() -> None:
    bundle = colours()._repr_mimebundle_()
    assert set(bundle) == {"application/vnd.jupyter.widget-view+json", "text/html", "text/plain"}
    assert bundle["text/plain"] == "Explorer('How bright?', level: 3, colour: 2)"
    assert bundle["text/html"] == colours().html()
    assert bundle["application/vnd.jupyter.widget-view+json"]["model_id"]


def test_page_has_every_frame_the_last_choice_changing_fastest() -> None:
    frames = page(colours()).select("img")
    assert [frame["alt"] for frame in frames] == [
        f"A {colour} square, {level} bright" for level in (50, 150, 250) for colour in COLOURS
    ]
    middles = [opened(frame).getpixel((200, 200)) for frame in frames]
    expected = [draw(level, colour)[0, 0] for level in (50, 150, 250) for colour in COLOURS]
    np.testing.assert_allclose(middles, expected, atol=6)


def test_page_shows_the_first_frame_before_any_script_runs() -> None:
    frames = page(colours()).select("img")
    assert [frame.has_attr("hidden") for frame in frames] == [False] + 5 * [True]


def test_page_needs_nothing_from_elsewhere() -> None:
    code = re.sub(r'src="data:[^"]*"', "", colours().html())
    assert not re.search(r"://|src=|href=|@import|url\(|require|import\(", code)


def test_small_pictures_are_enlarged_by_whole_factors() -> None:
    (frame, *_) = page(colours()).select("img")
    assert opened(frame).size == (400, 400)
    large = explore(
        lambda level: np.full((300, 500), level, dtype=np.uint8),
        **{"alt": "{level}", "title": "Large", "level": [0, 255]},
    )
    assert opened(page(large).img).size == (500, 300)


def test_figures_make_frames() -> None:
    def plot(power: int) -> Figure:
        figure, axes = new_figure(width=4, height=2)
        axes[0, 0].plot([0, 1, 2], [0, 1, 2**power])
        return figure

    frames = page(explore(plot, alt="x^{power}", title="Powers", power=[1, 2])).select("img")
    first, second = (np.asarray(opened(frame), dtype=int) for frame in frames)
    assert first.shape == (220, 440, 3)
    assert abs(first - second).max() > 50


def test_numbers_get_a_slider_and_the_rest_a_list() -> None:
    def controls(values: Any) -> list[str]:
        made = explore(str, alt="{x}", title="t", x=values).choices["x"]
        html = Explorer(lambda x: np.zeros((2, 2), np.uint8), "{x}", "t", {"x": made}).html()
        found = BeautifulSoup(html, "html.parser").select_one("input, select")
        assert found
        if found.name == "select":
            return ["select", *(option.get_text() for option in found.select("option"))]
        assert found["max"] == str(len(values) - 1)
        return ["slider", *found["data-labels"].split("|")]

    assert controls([0, 1000000, 2000001]) == ["slider", "0", "1000000", "2000001"]
    assert controls([0.5, 1 / 3]) == ["slider", "0.5", "0.333333"]
    assert controls(np.arange(2)) == ["slider", "0", "1"]
    assert controls(["a", "b"]) == ["select", "a", "b"]
    assert controls([1, "all"]) == ["select", "1", "all"]
    assert controls([False, True]) == ["select", "False", "True"]


def test_words_of_the_author_are_not_taken_for_html() -> None:
    rough = 'a < b & "c" \' 100 %s'
    explorer = explore(
        lambda size_of_kernel: np.zeros((2, 2), np.uint8),
        alt=lambda size_of_kernel: rough,
        title=rough,
        size_of_kernel=[rough, "<b>"],
    )
    found = page(explorer)
    assert {frame["alt"] for frame in found.select("img")} == {rough}
    assert found.select_one(".explorer-title").get_text() == rough
    assert found.select_one(".explorer")["aria-label"] == rough
    assert [option.get_text() for option in found.select("option")] == [rough, "<b>"]
    assert found.select_one("label").get_text().startswith("size of kernel")
    assert not found.select("b")


def test_every_explorer_of_a_page_has_its_own_script() -> None:
    names = []
    for title in ("Which stride?", "Which padding?"):
        found = page(colours(title=title))
        names.append(found.select_one(".explorer")["id"])
        assert f'getElementById("{names[-1]}")' in found.script.get_text()
    assert names == ["explorer-which-stride", "explorer-which-padding"]


def test_widget_redraws_when_a_control_moves() -> None:
    heading, controls, picture = colours().widget().children
    slider, chooser = controls.children
    assert "How bright?" in heading.value
    assert isinstance(slider, ipywidgets.SelectionSlider)
    assert isinstance(chooser, ipywidgets.Dropdown)

    def seen() -> tuple[str, Any]:
        image = BeautifulSoup(picture.value, "html.parser").img
        return image["alt"], opened(image).getpixel((200, 200))

    alt, pixel = seen()
    assert alt == "A red square, 50 bright"
    np.testing.assert_allclose(pixel, (50, 0, 0), atol=6)
    slider.value = 250
    chooser.value = "green"
    alt, pixel = seen()
    assert alt == "A green square, 250 bright"
    np.testing.assert_allclose(pixel, (0, 250, 0), atol=6)


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({}, "choices is empty; expected at least one control"),
        ({"level": [1]}, "level has 1 values; expected at least 2"),
        ({"a": range(13), "b": range(5)}, "choices make 65 frames; expected at most 64"),
    ],
)
def test_choices_that_make_no_explorer(choices: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        explore(draw, alt="", title="t", **choices)


def test_picture_of_floats_is_refused() -> None:
    explorer = explore(lambda x: np.zeros((2, 2)), alt="{x}", title="t", x=[0, 1])
    with pytest.raises(ValueError, match="draw returns a picture of float64; expected uint8"):
        explorer.html()
