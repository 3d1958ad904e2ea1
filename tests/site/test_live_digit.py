"""A digit drawn on the page by mouse, finger and keys, read there as cvlib reads it."""

from __future__ import annotations

import contextlib
import io
import json
import re
from typing import Any

import numpy as np
import pytest
import torch
from playwright.sync_api import Locator, Page, expect

from cvlib.data import drawn_strokes, rasterize
from cvlib.figures.lenet import inside
from cvlib.networks import pretrained
from tests.site import built
from tests.site.conftest import PHONE, Visit, Visited

CHAPTER, FRONT = "book/networks/lenet.html", "book/index.html"
PIECE, TOLD = ".explorer[data-live=digit]", ".explorer-told[role=status]"
MOST_BYTES = 120_000  # of all that the front page computes with
SEVEN = [(80, 70), (200, 70), (120, 230)]
BAR = [(110, 150), (190, 150)]
STEPS = ("convolved once", "pooled once", "convolved twice", "pooled twice")

RESULT = f"""() => {{
    const {{ strokes, picture, outputs, probabilities }} = document.querySelector("{PIECE}").result;
    const plain = ({{ shape, data }}) => [shape, Array.from(data)];
    return [strokes, plain(picture), outputs.map(plain), Array.from(probabilities)];
}}"""
# What the maps' canvases show, map after map, from 0 to 255.
SHOWN = f"""() => [...document.querySelectorAll("{PIECE} .digit-maps canvas")].map(canvas => {{
    const copy = new OffscreenCanvas(canvas.width, canvas.height);
    const context = copy.getContext("2d", {{ willReadFrequently: true }});
    context.drawImage(canvas, 0, 0);
    const {{ data }} = context.getImageData(0, 0, canvas.width, canvas.height);
    return Array.from({{ length: canvas.height }}, (_, row) => Array.from(
        {{ length: canvas.width }}, (_, column) => data[4 * (row * canvas.width + column)]));
}})"""


def opened(visit: Visit, page: str = CHAPTER, **options: Any) -> tuple[Visited, Locator]:
    """Open a page and wait until its example is read."""
    visited = visit(page, maths=False, **options)
    explorer = visited.page.locator(PIECE)
    explorer.scroll_into_view_if_needed()
    visited.page.wait_for_function(f"() => document.querySelector('{PIECE}').result")
    return visited, explorer


def at(explorer: Locator, point: tuple[int, int]) -> tuple[float, float]:
    """Say where a point of the board lies in the window."""
    box = explorer.get_by_label("Drawing board").bounding_box()
    assert box
    return box["x"] + point[0] / 280 * box["width"], box["y"] + point[1] / 280 * box["height"]


def draw(explorer: Locator, stroke: list[tuple[int, int]]) -> None:
    """Draw a stroke by mouse."""
    explorer.get_by_label("Drawing board").scroll_into_view_if_needed()
    mouse = explorer.page.mouse
    mouse.move(*at(explorer, stroke[0]))
    mouse.down()
    for point in stroke[1:]:
        mouse.move(*at(explorer, point), steps=5)
    mouse.up()


def wait_for_strokes(page: Page, count: int, points: int = 1) -> None:
    page.wait_for_function(
        f"""([count, points]) => {{
            const {{ result }} = document.querySelector("{PIECE}");
            return result?.strokes.length === count && result.strokes.at(-1).length >= points;
        }}""",
        arg=[count, points],
    )


def assert_read_as_cvlib_reads_it(page: Page) -> int:
    """Compare the picture, every map and the bars, and return the answer."""
    strokes, (_, pixels), outputs, probabilities = page.evaluate(RESULT)
    picture = rasterize(strokes)
    assert pixels == picture.ravel().tolist()
    steps = inside(pretrained("lenet").eval(), torch.from_numpy(picture)[None])
    expected = steps["outputs"].softmax(0)
    np.testing.assert_allclose(probabilities, expected, atol=0.03)  # weights of 8 bits
    for place, name, shown in zip((1, 2, 4, 5), STEPS, page.evaluate(SHOWN), strict=True):
        shape, numbers = outputs[place]
        maps, step = np.reshape(numbers, shape), steps[name].numpy()
        np.testing.assert_allclose(maps, step, atol=0.03 * step.max())
        sheet, size = np.array(shown), step.shape[1]
        columns = (sheet.shape[1] + 1) // (size + 1)
        for number, values in enumerate(maps):
            top, left = ((size + 1) * each for each in divmod(number, columns))
            tile = sheet[top : top + size, left : left + size]
            np.testing.assert_allclose(tile, 255 * values / maps.max(), atol=1)
    rows = [row.inner_text().split() for row in page.locator(f"{PIECE} .digit-bars li").all()]
    assert rows == [[str(digit), f"{p:.2f}"] for digit, p in enumerate(probabilities)]
    return int(expected.argmax())


def run(explorer: Locator) -> str:
    """Run the Python that the page shows."""
    said = io.StringIO()
    code = explorer.locator(".digit-more code").text_content()
    assert code
    with contextlib.redirect_stdout(said):
        exec(code, {})
    assert max(map(len, code.splitlines())) <= 79
    return said.getvalue()


@pytest.mark.parametrize("from_file", [False, True])
def test_by_mouse(visit: Visit, from_file: bool) -> None:
    visited, explorer = opened(visit, from_file=from_file)
    page = visited.page
    assert not explorer.locator("picture img").first.is_visible(), "frames give way"
    assert_read_as_cvlib_reads_it(page)
    draw(explorer, SEVEN)  # the example gives way to the first stroke
    wait_for_strokes(page, 1, points=8)
    expect(explorer.locator(TOLD).first).to_contain_text(re.compile("Read as 7, with"))
    assert assert_read_as_cvlib_reads_it(page) == 7
    draw(explorer, BAR)
    wait_for_strokes(page, 2, points=4)
    assert_read_as_cvlib_reads_it(page)
    explorer.get_by_role("button", name="undo").click()
    wait_for_strokes(page, 1)
    assert assert_read_as_cvlib_reads_it(page) == 7
    explorer.get_by_role("button", name="clear").click()
    page.wait_for_function(f"() => document.querySelector('{PIECE}').result === null")
    expect(explorer.locator(TOLD).first).to_have_text("Draw a digit.")
    assert visited.faults == []


def test_by_finger(visit: Visit) -> None:
    visited, explorer = opened(visit, viewport=PHONE)
    page = visited.page
    session = page.context.new_cdp_session(page)
    explorer.get_by_label("Drawing board").scroll_into_view_if_needed()
    scrolled = page.evaluate("scrollY")

    def touch(kind: str, *point: tuple[int, int]) -> None:
        places = [dict(zip("xy", at(explorer, each), strict=True)) for each in point]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": places})

    touch("touchStart", (140, 50))
    for down in range(60, 240, 10):
        touch("touchMove", (140, down))
    touch("touchEnd")
    wait_for_strokes(page, 1, points=15)
    expect(explorer.locator(TOLD).first).to_contain_text("Read as 1")
    assert assert_read_as_cvlib_reads_it(page) == 1
    assert page.evaluate("scrollY") == scrolled, "the page moved under the finger"
    assert visited.faults == []


def test_by_keyboard(visit: Visit) -> None:
    visited, explorer = opened(visit, theme="dark")
    page, keys = visited.page, visited.page.keyboard
    explorer.get_by_label("example").focus()
    keys.press("Tab")
    board = explorer.get_by_label("Drawing board")
    expect(board).to_be_focused()
    for _ in range(9):
        keys.press("ArrowUp")
    keys.press("Space")
    status = explorer.locator(TOLD)
    expect(status.nth(1)).to_have_text("Pen down.")
    for _ in range(18):
        keys.press("ArrowDown")
    expect(status.nth(1)).to_have_text("14 across, 23 down")
    keys.press("Space")
    wait_for_strokes(page, 1, points=19)
    expect(status.first).to_contain_text("Read as 1")
    assert page.evaluate(RESULT)[0] == [[[140, 50 + 10 * step] for step in range(19)]]
    assert assert_read_as_cvlib_reads_it(page) == 1
    keys.press("Backspace")
    page.wait_for_function(f"() => document.querySelector('{PIECE}').result === null")
    assert visited.faults == []


def test_answer_is_not_told_at_every_pixel(visit: Visit) -> None:
    visited, explorer = opened(visit)
    page = visited.page
    explorer.get_by_role("button", name="clear").click()
    status = explorer.locator(TOLD).first
    expect(status).to_have_text("Draw a digit.")
    page.mouse.move(*at(explorer, (140, 50)))
    page.mouse.down()
    page.mouse.move(*at(explorer, (140, 230)), steps=9)
    wait_for_strokes(page, 1, points=9)
    expect(explorer.locator(".digit-answer")).to_have_text("1")
    expect(status).to_have_text("Draw a digit.")
    page.mouse.up()
    expect(status).to_contain_text("Read as 1")


def test_python_that_the_page_shows_gives_the_same_answer(visit: Visit) -> None:
    visited, explorer = opened(visit)
    page = visited.page
    draw(explorer, SEVEN)
    draw(explorer, BAR)
    wait_for_strokes(page, 2, points=4)
    explorer.get_by_text("The same in Python").click()
    said = [line.split() for line in run(explorer).splitlines()]
    *_, probabilities = page.evaluate(RESULT)
    assert [digit for digit, _ in said] == [*map(str, range(10))]
    np.testing.assert_allclose([float(p) for _, p in said], probabilities, atol=0.03)


def test_every_example_is_read_and_some_are_not_known(visit: Visit) -> None:
    visited, explorer = opened(visit)
    page, choice = visited.page, explorer.get_by_label("example")
    given = json.loads(explorer.locator(".explorer-given").text_content() or "")
    assert given["examples"]["7 with a bar"] == drawn_strokes()["7"]["with a bar"]
    known = {}
    for name, strokes in given["examples"].items():
        choice.select_option(name)
        page.wait_for_function(
            f"""strokes => JSON.stringify(document.querySelector("{PIECE}").result?.strokes)
                === JSON.stringify(strokes)""",
            arg=strokes,
        )
        assert_read_as_cvlib_reads_it(page)
        known[name] = explorer.locator(".digit-answer").inner_text()
    assert known["7 with a bar"] == "7"
    assert known["5 in a corner"] == "5"
    assert known["letter A"] == "I do not know"
    assert visited.faults == []


def test_network_of_1998_comes_when_it_is_asked(visit: Visit) -> None:
    visited, explorer = opened(visit)
    page = visited.page
    assert not any("1998" in link or "lenet5" in link for link in visited.asked)
    draw(explorer, SEVEN)
    wait_for_strokes(page, 1, points=8)
    explorer.get_by_text("Ask the network of 1998").click()
    expect(explorer.get_by_text("nearest: the 7")).to_be_visible()
    page.wait_for_function("() => document.querySelector('.digit-old').result?.best === 7")
    strokes = page.evaluate(RESULT)[0]
    with torch.inference_mode():
        x = torch.from_numpy(rasterize(strokes))[None, None] / 255
        expected = -pretrained("lenet5").eval()(x)[0]
    distances = page.evaluate("document.querySelector('.digit-old').result.distances")
    np.testing.assert_allclose(distances, expected, rtol=0.02, atol=1)  # weights of 8 bits
    explorer.get_by_role("button", name="clear").click()
    expect(explorer.get_by_text("nearest", exact=True)).to_be_visible()
    assert visited.faults == []


def test_front_page_is_light_and_works_on_a_slow_phone(visit: Visit) -> None:
    visited = visit(FRONT, maths=False, viewport=PHONE)
    page = visited.page
    page.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": 4})
    explorer = page.locator(PIECE)
    explorer.scroll_into_view_if_needed()
    page.wait_for_function(f"() => document.querySelector('{PIECE}').result")
    draw(explorer, SEVEN)
    wait_for_strokes(page, 1, points=8)
    expect(explorer.locator(TOLD).first).to_contain_text(re.compile("Read as 7, with"))
    assert assert_read_as_cvlib_reads_it(page) == 7
    names = {link.partition("/_static/live/")[2].partition("?")[0] for link in visited.asked}
    weights = [(built.SITE / "_static/live" / name).stat().st_size for name in names - {""}]
    assert names - {""} == {"engine.js", "digit.js", "lenet.js"}
    assert sum(weights) < MOST_BYTES
    assert visited.faults == []
