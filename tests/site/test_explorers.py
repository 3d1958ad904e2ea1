"""Explorers on the built pages: moved by mouse and by keyboard, and printed."""

from __future__ import annotations

import functools
from typing import Any

from PIL import Image
from playwright.sync_api import Locator, Page

from tests.site import built
from tests.site.conftest import Visit

SEEN = """root => Promise.all([...root.querySelectorAll("img")]
    .filter(each => each.checkVisibility({visibilityProperty: true}))
    .map(async each => {
        each.loading = "eager";  // it may lie far below the window
        await each.decode();
        return {alt: each.alt, source: each.src, width: each.naturalWidth};
    }))"""

# Sets a control to one of its values, as a reader's choice would.
SET = """(control, place) => {
    const field = control.querySelector(`[value="${place}"][type=radio], [type=range], select`);
    if (field.type == "radio") field.checked = true;
    else field[field.localName == "select" ? "selectedIndex" : "value"] = place;
    field.dispatchEvent(new Event("input", {bubbles: true}));
}"""

# The frames that are seen at each combination of choices, the last choice changing fastest.
CHOICES = f"""root => {{
    const set = {SET};
    const controls = [...root.querySelectorAll(".explorer-control")].reverse();
    const total = controls.reduce((product, each) => product * each.dataset.size, 1);
    return Array.from({{length: total}}, (_, number) => {{
        for (const each of controls) {{
            const place = number % each.dataset.size;
            number = (number - place) / each.dataset.size;
            set(each, place);
        }}
        return [...root.querySelectorAll("img")]
            .flatMap((each, at) => each.checkVisibility() ? [at] : []);
    }});
}}"""

# What a control says, on it or beside it.
SAID = """control => {
    const field = control.querySelector(":checked[type=radio], [type=range], select");
    if (field.localName == "select") return field.selectedOptions[0].label;
    if (field.type == "radio") return field.nextElementSibling.textContent;
    const said = control.querySelector("output").value;
    return field.getAttribute("aria-valuetext") == said ? said : null;
}"""


def explorers(page: Page) -> list[Locator]:
    found = page.locator(".explorer").all()
    assert found
    return found


def shown(explorer: Locator) -> dict[str, Any]:
    """Read the one frame that is seen."""
    frames = explorer.evaluate(SEEN)
    assert len(frames) == 1, f"{len(frames)} frames are seen at once"
    (frame,) = frames
    assert frame["width"] > 0, "the frame seen is no picture"
    assert frame["alt"].strip(), "the frame seen has no alt text"
    return frame


@functools.cache
def pixels(source: str) -> bytes:
    """Decode a frame."""
    with Image.open(built.SITE / "_images" / source.rpartition("/")[2]) as picture:
        return picture.convert("RGB").tobytes()


def make_ready(explorer: Locator, control: Locator) -> None:
    """Set a control to its first value, and all others to their last.

    Were the others at their first, it might rightly change nothing: which way is all one to a
    step of 0.
    """
    explorer.evaluate(
        f"""(root, control) => root.querySelectorAll(".explorer-control").forEach(each =>
            ({SET})(each, each === control ? 0 : each.dataset.size - 1))""",
        control.element_handle(),
    )


def value(control: Locator) -> str:
    """Read what a control says beside it or on it."""
    said = control.evaluate(SAID)
    assert said is not None, "a slider says one value to the eye and another to the ear"
    return str(said)


def assert_changed(control: Locator, explorer: Locator, before: tuple[str, dict[str, Any]]) -> None:
    label, frame = before
    after = shown(explorer)
    assert value(control) != label, f"the label stays at {label}"
    same = pixels(after["source"]) == pixels(frame["source"])
    assert not same, f"the picture stays what it was at {label}"
    assert after["alt"] != frame["alt"], f"the alt text stays {frame['alt']!r}"
    told = explorer.locator("[aria-live=polite]")
    assert told.text_content() == after["alt"], "a screen reader is not told"


def assert_every_choice_has_a_frame_and_paper_the_first(page: Page) -> None:
    page.emulate_media(media="print")
    for explorer in explorers(page):
        first = explorer.locator("img").first
        assert shown(explorer)["alt"] == first.get_attribute("alt")
        assert first.is_visible()
        assert not explorer.locator(".explorer-controls").is_visible()
    page.emulate_media(media="screen")
    for explorer in explorers(page):
        seen = explorer.evaluate(CHOICES)
        assert seen == [[number] for number in range(explorer.locator("img").count())]


def test_mouse_keyboard_and_paper_show_the_right_frame(explorer_page: str, visit: Visit) -> None:
    visited = visit(explorer_page, theme="dark", from_file=True, maths=False, live=False)
    assert_every_choice_has_a_frame_and_paper_the_first(visited.page)
    assert_mouse_changes_the_picture(visited.page)
    assert_keyboard_changes_the_picture(visited.page)
    assert visited.faults == []


def assert_mouse_changes_the_picture(page: Page) -> None:
    for explorer in explorers(page):
        for number, control in enumerate(explorer.locator(".explorer-control").all()):
            make_ready(explorer, control)
            before = value(control), shown(explorer)
            look = explorer.locator("img:visible").screenshot() if number == 0 else None
            if control.locator("select").count():
                control.locator("select").select_option(index=1)
                assert_changed(control, explorer, before)
            elif control.locator("[type=radio]").count():
                control.locator("label").nth(1).click()
                assert_changed(control, explorer, before)
            else:
                drag(control, explorer, before)
                control.locator("input").press("ArrowRight")
            assert look is None or explorer.locator("img:visible").screenshot() != look


def drag(control: Locator, explorer: Locator, before: tuple[str, dict[str, Any]]) -> None:
    """Click at a slider's right end, and drag it back to its left."""
    slider = control.locator("input")
    box = slider.bounding_box()
    assert box
    middle = box["height"] / 2
    slider.click(position={"x": box["width"] - 4, "y": middle})
    assert_changed(control, explorer, before)
    last = value(control), shown(explorer)
    mouse = control.page.mouse
    mouse.down()
    mouse.move(box["x"] + 4, box["y"] + middle, steps=4)
    mouse.up()
    assert_changed(control, explorer, last)
    assert value(control) == before[0]


def assert_keyboard_changes_the_picture(page: Page) -> None:
    """Press keys in the page's last explorer: one script listens to all."""
    explorer = explorers(page)[-1]
    explorer.locator(".explorer-title").click()  # Tab goes on from here
    for control in explorer.locator(".explorer-control").all():
        page.keyboard.press("Tab")
        make_ready(explorer, control)
        field = control.locator("[type=radio]:checked, [type=range], select")
        if field.get_attribute("type") == "radio":
            field.focus()  # the one that Tab reached is no longer the chosen one
        assert control.evaluate("each => each.contains(document.activeElement)")
        assert field.evaluate("each => each.matches(':focus-visible')")
        before = value(control), shown(explorer)
        page.keyboard.press("ArrowRight")
        assert_changed(control, explorer, before)
        page.keyboard.press("ArrowLeft")
        assert shown(explorer)["source"] == before[1]["source"]


def test_page_is_whole_before_the_script_runs(explorer_page: str) -> None:
    page = built.parsed(explorer_page)
    for explorer in page.select(".explorer"):
        hidden = [frame.has_attr("hidden") for frame in explorer.select("img")]
        assert hidden == [False] + [True] * (len(hidden) - 1)
        assert explorer["aria-label"] == explorer.select_one(".explorer-title").get_text()
    names = [explorer["id"] for explorer in page.select(".explorer")]
    assert len(names) == len({*names}), "two explorers of the page have the same title"
