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
        **{"level": [50, 150, 200, 250], "colour": ["red", "green"]},
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
    assert bundle["text/plain"] == "Explorer('How bright?', level: 4, colour: 2)"
    assert bundle["text/html"] == colours().html()
    assert bundle["application/vnd.jupyter.widget-view+json"]["model_id"]


def test_page_has_every_frame_the_last_choice_changing_fastest() -> None:
    frames = page(colours()).select("img")
    assert [frame["alt"] for frame in frames] == [
        f"A {colour} square, {level} bright" for level in (50, 150, 200, 250) for colour in COLOURS
    ]
    middles = [opened(frame).convert("RGB").getpixel((200, 200)) for frame in frames]
    expected = [draw(level, colour)[0, 0] for level in (50, 150, 200, 250) for colour in COLOURS]
    np.testing.assert_allclose(middles, expected, atol=6)


def test_page_shows_the_first_frame_before_any_script_runs() -> None:
    frames = page(colours()).select("img")
    assert [frame.has_attr("hidden") for frame in frames] == [False] + 7 * [True]


def test_page_needs_nothing_from_elsewhere() -> None:
    code = re.sub(r'src="data:[^"]*"', "", colours().html())
    assert not re.search(r"://|src=|href=|@import|url\(|require|import\(", code)


def test_small_pictures_are_enlarged_by_whole_factors() -> None:
    (frame, *_) = page(colours()).select("img")
    assert opened(frame).size == (800, 800)
    assert (frame["width"], frame["height"]) == ("400", "400")
    large = explore(
        lambda level: np.full((300, 500), level, dtype=np.uint8),
        **{"alt": "{level}", "title": "Large", "level": [0, 255]},
    )
    frame = page(large).img
    assert opened(frame).size == (500, 300)  # what its pixels hold, and no more
    assert (frame["width"], frame["height"]) == ("500", "300")


def test_figures_make_frames() -> None:
    def plot(power: int) -> Figure:
        figure, axes = new_figure(width=3, height=2)
        axes[0, 0].plot([0, 1, 2], [0, 1, 2**power])
        return figure

    made = page(explore(plot, alt="x^{power}", title="Powers", power=[1, 2]))
    frames = made.select("img")
    first, second = (np.asarray(opened(frame), dtype=int) for frame in frames)
    assert first.shape == (480, 720, 3)
    assert (frames[0]["width"], frames[0]["height"]) == ("360", "240")
    assert abs(first - second).max() > 50
    assert not made.select("source")


def test_wide_figure_has_a_second_layout_for_phones() -> None:
    def plot(power: int) -> Figure:
        return new_figure(1, 2, width=7, height=2)[0]

    made = page(explore(plot, alt="x^{power}", title="Powers", power=[1, 2]))
    assert len(made.select("picture > source + img")) == 2
    source = made.select_one("source")
    assert source["media"] == "(max-width: 480px)"
    assert opened({"src": source["srcset"]}).size == (640, 800)
    assert (source["width"], source["height"]) == ("384", "480")
    assert opened(made.img).size == (1400, 400)


def test_few_values_get_buttons_more_numbers_a_slider_and_the_rest_a_list() -> None:
    def controls(values: Any) -> list[str]:
        made = explore(str, alt="{x}", title="t", x=values).choices["x"]
        html = Explorer(lambda x: np.zeros((2, 2), np.uint8), "{x}", "t", {"x": made}).html()
        found = BeautifulSoup(html, "html.parser").select_one(".explorer-control")
        assert found
        assert found["data-size"] == str(len(values))
        assert len(found.select("[type=radio], option, .explorer-ticks i")) == len(values)
        if found.name == "fieldset":
            checked = [button.has_attr("checked") for button in found.select("[type=radio]")]
            assert checked == [True] + [False] * (len(values) - 1)
            return ["buttons", *(label.get_text() for label in found.select("label"))]
        if found.select_one("select"):
            return ["select", *(option.get_text() for option in found.select("option"))]
        slider = found.select_one("[type=range]")
        assert slider["max"] == str(len(values) - 1)
        return ["slider", *slider["data-labels"].split("|")]

    assert controls([0, 1000000, 2000001]) == ["buttons", "0", "1000000", "2000001"]
    assert controls([0.5, 1 / 3, 0.2, 1]) == ["slider", "0.5", "0.333333", "0.2", "1"]
    assert controls(np.arange(4)) == ["slider", "0", "1", "2", "3"]
    assert controls(["a", "b", "c", "d"]) == ["select", "a", "b", "c", "d"]
    assert controls([1, 2, 3, "all"]) == ["select", "1", "2", "3", "all"]
    assert controls([False, True]) == ["buttons", "False", "True"]


def test_words_of_the_author_are_not_taken_for_html() -> None:
    rough = 'a < b & "c" \' 100 %s'
    explorer = explore(
        lambda size_of_kernel_: np.zeros((2, 2), np.uint8),
        alt=lambda size_of_kernel_: rough,
        title=rough,
        size_of_kernel_=[rough, "<b>", "c", "d"],
    )
    found = page(explorer)
    assert {frame["alt"] for frame in found.select("img")} == {rough}
    assert found.select_one(".explorer-title").get_text() == rough
    assert found.select_one(".explorer")["aria-label"] == rough
    assert [option.get_text() for option in found.select("option")] == [rough, "<b>", "c", "d"]
    assert found.select_one("label > span").get_text() == "size of kernel"
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
    assert isinstance(chooser, ipywidgets.ToggleButtons)

    def seen() -> tuple[str, Any]:
        image = BeautifulSoup(picture.value, "html.parser").img
        return image["alt"], opened(image).convert("RGB").getpixel((200, 200))

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


def test_letters_that_a_phone_cannot_show_are_refused() -> None:
    def plot(points: float) -> Figure:
        figure, axes = new_figure(width=7, height=2)
        axes[0, 0].set_axis_off()
        axes[0, 0].text(0.5, 0.5, "small", fontsize=points)
        return figure

    explore(plot, alt="{points}", title="t", points=[8, 9]).html()
    explorer = explore(plot, alt="{points}", title="t", points=[8, 7.5])
    with pytest.raises(ValueError, match=r"letters of 7\.5 points; expected at least 8"):
        explorer.html()


def test_picture_of_floats_is_refused() -> None:
    explorer = explore(lambda x: np.zeros((2, 2)), alt="{x}", title="t", x=[0, 1])
    with pytest.raises(ValueError, match="draw returns a picture of float64; expected uint8"):
        explorer.html()
