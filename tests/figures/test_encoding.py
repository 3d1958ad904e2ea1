"""Figures become files that are sharp, light and alike from run to run."""

from __future__ import annotations

import io
from xml.etree import ElementTree

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text
from PIL import Image

from cvlib.figures import new_figure
from cvlib.figures.description import describe
from cvlib.figures.encoding import is_drawing, jpeg, narrow, shown_size, svg, webp


def drawing(side: int = 64) -> Figure:
    figure, axes = new_figure(1, 2, width=6, height=2, title="A title that a phone has to break")
    axes[0, 0].imshow(np.eye(side))
    axes[0, 1].plot([0, 1], [1, 0])
    return figure


@pytest.mark.parametrize(("side", "told"), [(64, True), (65, False)])
def test_drawing_holds_small_pictures_only(side: int, told: bool) -> None:
    assert is_drawing(drawing(side)) is told


def test_svg_is_alike_from_run_to_run_and_needs_no_font() -> None:
    first, second = svg(drawing()), svg(drawing())
    assert first == second
    assert "<text" not in first
    root = ElementTree.fromstring(first)
    assert root.attrib["width"] == "432pt"
    assert "date" not in first


def test_jpeg_has_two_pixels_for_each_of_the_page() -> None:
    figure = drawing(100)
    with Image.open(io.BytesIO(jpeg(figure))) as picture:
        width, height = shown_size(figure)
        assert picture.size == (2 * width, 2 * height) == (1440, 480)
        assert picture.info["dpi"] == (240, 240)


@pytest.mark.parametrize(("side", "lossless"), [(64, True), (100, False)])
def test_webp_loses_nothing_of_a_drawing(side: int, lossless: bool) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (side, side, 3), dtype=np.uint8)
    with Image.open(io.BytesIO(webp(noise))) as picture:
        factor = picture.width // side
        came = np.asarray(picture.convert("RGB"))[::factor, ::factor]
    assert (came == noise).all() == lossless


def test_every_encoding_leaves_the_figure_as_it_came() -> None:
    figure = drawing()
    canvas, dpi = figure.canvas, figure.dpi
    for encode in (svg, jpeg, webp):
        encode(figure)
        assert figure.canvas is canvas
        assert figure.dpi == dpi
    webp(figure)
    before = describe(figure)
    sizes = [text.get_fontsize() for text in figure.findobj(Text)]
    with narrow(figure):
        assert shown_size(figure) == (384, 480)
    assert shown_size(figure) == (720, 240)
    webp(figure)
    assert describe(figure) == before
    assert [text.get_fontsize() for text in figure.findobj(Text)] == sizes


@pytest.mark.parametrize(
    ("grid", "size", "places"),
    [
        ((1, 1), (3.2, 2), [(0, 0)]),
        ((1, 2), (3.2, 4), [(0, 0), (1, 0)]),
        ((1, 3), (3.2, 6), [(0, 0), (1, 0), (2, 0)]),
        ((2, 2), (3.2, 4), [(0, 0), (1, 0), (2, 0), (3, 0)]),
        ((1, 4), (3.2, 4), [(0, 0), (0, 1), (1, 0), (1, 1)]),
    ],
)
def test_plots_come_one_below_another_on_a_phone(
    grid: tuple[int, int], size: tuple[float, float], places: list[tuple[int, int]]
) -> None:
    figure, axes = new_figure(*grid, width=6.4, height=2)
    with narrow(figure):
        assert figure.get_size_inches() == pytest.approx(size)
        specs = [each.get_subplotspec() for each in axes.flat]
        assert [(spec.rowspan.start, spec.colspan.start) for spec in specs] == places
    assert figure.get_size_inches() == pytest.approx((6.4, 2))
    specs = [each.get_subplotspec() for each in axes.flat]
    rows, columns = grid
    assert [(spec.rowspan.start, spec.colspan.start) for spec in specs] == [
        divmod(number, columns) for number in range(rows * columns)
    ]


def test_layout_of_plots_that_share_cells_stays() -> None:
    figure = Figure(figsize=(6, 3))
    axes = figure.subplot_mosaic("AAB;CCB")
    with narrow(figure):
        assert [each.get_subplotspec().colspan.start for each in axes.values()] == [0, 2, 0]
        assert figure.get_size_inches()[0] == pytest.approx(3.2)


def test_titles_break_on_a_phone() -> None:
    figure = drawing()
    suptitle = figure.texts[0]
    with narrow(figure):
        webp(figure)
        width = suptitle.get_window_extent().width / figure.dpi
        assert suptitle.get_wrap()
        assert width <= 3.2
    assert not suptitle.get_wrap()


def test_words_that_cover_each_other_turn_upright() -> None:
    names = [f"layer number {number}" for number in range(8)]
    figure, axes = new_figure(width=20, height=2)
    axes[0, 0].bar(names, range(8))
    figure.draw_without_rendering()
    with narrow(figure):
        assert {label.get_rotation() for label in axes[0, 0].get_xticklabels()} == {90}
    assert {label.get_rotation() for label in axes[0, 0].get_xticklabels()} == {0}


def test_height_of_a_drawing_follows_its_width_and_its_letters_shrink() -> None:
    figure, axes = new_figure(width=6.4, height=4)
    axes[0, 0].set_aspect("equal")
    large, small = (axes[0, 0].text(0, 0, "x", fontsize=size) for size in (16, 9))
    with narrow(figure):
        assert figure.get_size_inches() == pytest.approx((3.2, 2))
        assert (large.get_fontsize(), small.get_fontsize()) == (12, 8)
    assert (large.get_fontsize(), small.get_fontsize()) == (16, 9)


def test_picture_of_another_dtype_is_refused() -> None:
    with pytest.raises(ValueError, match="draw returns a picture of float64; expected uint8"):
        webp(np.zeros((2, 2)))
