"""A digit drawn on the page by mouse and keys, read there as cvlib reads it."""

from __future__ import annotations

import contextlib
import io
import json
import re
from typing import Any

import numpy as np
import torch
from playwright.sync_api import Locator, Page, expect

from cvlib.data import drawn_strokes, rasterize
from cvlib.figures.lenet import inside
from cvlib.networks import pretrained
from tests.site import built, pieces
from tests.site.conftest import PHONE, Kept, Visit, Visited

CHAPTER, FRONT = "book/networks/lenet.html", "book/index.html"
PIECE, TOLD = ".explorer[data-live=digit]", ".explorer-told[role=status]"
MOST_BYTES = 120_000  # of all that the front page computes with
SEVEN = [(80, 70), (200, 70), (120, 230)]
BAR = [(110, 150), (190, 150)]
STEPS = ("convolved once", "pooled once", "convolved twice", "pooled twice")

# What the maps' canvases show, map after map, from 0 to 255.
SHOWN = f"""() => [...document.querySelectorAll("{PIECE} .digit-maps canvas")].map(canvas => {{
    const copy = new OffscreenCanvas(canvas.width, canvas.height);
    const context = copy.getContext("2d", {{ willReadFrequently: true }});
    context.drawImage(canvas, 0, 0);
    const {{ data }} = context.getImageData(0, 0, canvas.width, canvas.height);
    const red = data.filter((_, at) => at % 4 === 0);
    return {pieces.PLAIN}(
        {{ shape: [canvas.height, canvas.width], data: new Uint8Array(red) }});
}})"""


def opened(kept: Kept, **options: Any) -> tuple[Visited, Locator]:
    visited, explorer = pieces.opened(kept, CHAPTER, "digit", **options)
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


def wait_for_strokes(
    page: Page, count: int, *, points: int = 1, end: tuple[int, int] | None = None
) -> None:
    """Wait until so many strokes were read, the last one with so many points or to its end."""
    page.wait_for_function(
        f"""([count, points, end]) => {{
            const drawn = document.querySelector("{PIECE}").result?.strokes ?? [];
            if (drawn.length !== count || drawn.at(-1).length < points) return false;
            return !end || end.every((place, at) => Math.abs(place - drawn.at(-1).at(-1)[at]) <= 2);
        }}""",
        arg=[count, points, end],
    )


def assert_read_as_cvlib_reads_it(page: Page) -> int:
    """Compare the picture, every map and the bars, and return the answer."""
    found = pieces.result(page, "digit")
    outputs, probabilities = found["outputs"], found["probabilities"]
    picture = rasterize(found["strokes"])
    assert np.array_equal(found["picture"], picture)
    steps = inside(pretrained("lenet").eval(), torch.from_numpy(picture)[None])
    expected = steps["outputs"].softmax(0)
    np.testing.assert_allclose(probabilities, expected, atol=0.03)  # weights of 8 bits
    for place, name, sheet in zip(
        (1, 2, 4, 5), STEPS, pieces.come(page.evaluate(SHOWN)), strict=True
    ):
        maps, step = outputs[place], steps[name].numpy()
        np.testing.assert_allclose(maps, step, atol=0.03 * step.max())
        size = step.shape[1]
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
    shown = explorer.locator(".digit-more code")
    expect(shown).to_contain_text("rasterize(strokes)")  # it comes a moment after the click
    code = shown.text_content() or ""
    with contextlib.redirect_stdout(said):
        exec(code, {})
    assert max(map(len, code.splitlines())) <= 79
    return said.getvalue()


def test_by_mouse(kept: Kept) -> None:
    visited, explorer = opened(kept)
    page = visited.page
    assert not explorer.locator("picture img").first.is_visible(), "frames give way"
    assert_read_as_cvlib_reads_it(page)
    draw(explorer, SEVEN)  # the example gives way to the first stroke
    wait_for_strokes(page, 1, end=SEVEN[-1])
    expect(explorer.locator(TOLD).first).to_contain_text(re.compile("Read as 7, with"))
    assert assert_read_as_cvlib_reads_it(page) == 7
    draw(explorer, BAR)
    wait_for_strokes(page, 2, end=BAR[-1])
    assert_read_as_cvlib_reads_it(page)
    explorer.get_by_role("button", name="undo").click()
    wait_for_strokes(page, 1)
    assert assert_read_as_cvlib_reads_it(page) == 7
    explorer.get_by_role("button", name="clear").click()
    page.wait_for_function(f"() => document.querySelector('{PIECE}').result === null")
    expect(explorer.locator(TOLD).first).to_have_text("Draw a digit.")
    assert visited.faults == []


def test_by_keyboard(kept: Kept) -> None:
    visited, explorer = opened(kept)
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
    assert pieces.result(page, "digit")["strokes"] == [
        [[140, 50 + 10 * step] for step in range(19)]
    ]
    assert assert_read_as_cvlib_reads_it(page) == 1
    keys.press("Backspace")
    page.wait_for_function(f"() => document.querySelector('{PIECE}').result === null")
    assert visited.faults == []


def test_answer_is_not_told_at_every_pixel(kept: Kept) -> None:
    visited, explorer = opened(kept)
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


def test_python_that_the_page_shows_gives_the_same_answer(kept: Kept) -> None:
    visited, explorer = opened(kept)
    page = visited.page
    draw(explorer, SEVEN)
    draw(explorer, BAR)
    wait_for_strokes(page, 2, end=BAR[-1])
    explorer.get_by_text("The same in Python").click()
    said = [line.split() for line in run(explorer).splitlines()]
    probabilities = pieces.result(page, "digit")["probabilities"]
    assert [digit for digit, _ in said] == [*map(str, range(10))]
    np.testing.assert_allclose([float(p) for _, p in said], probabilities, atol=0.03)


def test_every_example_is_read_and_some_are_not_known(kept: Kept) -> None:
    visited, explorer = opened(kept)
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


def test_network_of_1998_comes_when_it_is_asked(kept: Kept) -> None:
    visited, explorer = opened(kept)
    page = visited.page
    assert not any("1998" in link or "lenet5" in link for link in visited.asked)
    draw(explorer, SEVEN)
    wait_for_strokes(page, 1, end=SEVEN[-1])
    explorer.get_by_text("Ask the network of 1998").click()
    expect(explorer.get_by_text("nearest: the 7")).to_be_visible()
    page.wait_for_function("() => document.querySelector('.digit-old').result?.best === 7")
    strokes = pieces.result(page, "digit")["strokes"]
    with torch.inference_mode():
        x = torch.from_numpy(rasterize(strokes))[None, None] / 255
        expected = -pretrained("lenet5").eval()(x)[0]
    distances = page.evaluate("document.querySelector('.digit-old').result.distances")
    np.testing.assert_allclose(distances, expected, rtol=0.02, atol=3)  # weights of few bits
    explorer.get_by_role("button", name="clear").click()
    expect(explorer.get_by_text("nearest", exact=True)).to_be_visible()
    assert visited.faults == []


def test_front_page_is_light_and_works_on_a_slow_phone(visit: Visit) -> None:
    visited = visit(FRONT, maths=False, viewport=PHONE)
    page = visited.page
    page.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": 4})
    explorer = pieces.near(page, "digit")
    draw(explorer, SEVEN)
    wait_for_strokes(page, 1, end=SEVEN[-1])
    expect(explorer.locator(TOLD).first).to_contain_text(re.compile("Read as 7, with"))
    assert assert_read_as_cvlib_reads_it(page) == 7
    names = {link.partition("/_static/live/")[2].partition("?")[0] for link in visited.asked}
    weights = [(built.SITE / "_static/live" / name).stat().st_size for name in names - {""}]
    assert names - {""} == {"engine.js", "digit.js", "lenet.js"}
    assert sum(weights) < MOST_BYTES
    assert visited.faults == []
