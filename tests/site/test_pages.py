"""Every page as a reader opens it: from a server or a file, wide or narrow, by day or by night."""

from __future__ import annotations

import functools
import gzip
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.site import built
from tests.site.conftest import PHONE, WIDE, Visit, Visited

# Formulas: how many there are, how many are set, and what was left as it was written.
MATHS = r"""() => {
    const written = [...document.querySelectorAll(".math")];
    const left = [];
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
        const text = texts.currentNode;
        if (text.parentElement.closest("pre, code, script, style, mjx-container")) continue;
        if (/\\[()[\]]|\$\$|\$[^$\s][^$]*\$|\\begin\{/.test(text.data)) left.push(text.data.trim());
    }
    return {
        written: written.length,
        set: written.filter(each => each.querySelector("mjx-container")).length,
        // Errors, and commands that TeX does not know, which MathJax sets in red.
        wrong: [...document.querySelectorAll("mjx-merror, mjx-container [style*='color: red']")]
            .map(each => each.closest(".math").outerHTML.slice(0, 400)),
        left,
    };
}"""

# What sticks out of the window, unless a box that scrolls, itself inside the window, holds it.
STICKS_OUT = """async () => {
    for (let frame = 0; frame < 2; frame++) await new Promise(requestAnimationFrame);
    document.getAnimations().forEach(each => each.finish());
    const edge = document.documentElement.clientWidth + 1;
    const out = [];
    if (document.documentElement.scrollWidth > edge)
        out.push(`the page is ${document.documentElement.scrollWidth} px wide`);
    for (const each of document.querySelectorAll(".bd-article *, .bd-article-container > *")) {
        const place = each.getBoundingClientRect();
        if (!place.width || !place.height || (place.right <= edge && place.left >= -1)) continue;
        if (each.closest("mjx-assistive-mml, .headerlink, .visually-hidden")) continue;
        let box = each.parentElement;
        while (box && getComputedStyle(box).overflowX === "visible") box = box.parentElement;
        const scrolls = box && ["auto", "scroll"].includes(getComputedStyle(box).overflowX);
        const within = box?.closest(".bd-article") && box.getBoundingClientRect().right <= edge;
        if (!scrolls || !within)
            out.push(`<${each.localName} class="${each.className}"> ` +
                `reaches from ${Math.round(place.left)} to ${Math.round(place.right)}: ` +
                each.textContent.trim().slice(0, 40));
    }
    return out.slice(0, 8);
}"""

PICTURES = """async () => Promise.all([...document.images].map(async each => {
    each.loading = "eager";
    await each.decode().catch(() => null);
    const style = getComputedStyle(each);
    const phone = each.closest("picture")?.querySelector("source");
    const kept = phone && matchMedia(phone.media).matches ? phone : each;
    const [width, height] = ["width", "height"].map(side => kept.getAttribute(side));
    const inside = (whole, ...padding) => whole - padding.reduce((a, b) => a + parseFloat(b), 0);
    const seen = [
        inside(each.clientWidth, style.paddingLeft, style.paddingRight),
        inside(each.clientHeight, style.paddingTop, style.paddingBottom),
    ];
    return {
        alt: each.getAttribute("alt"), hidden: each.hidden, width: each.naturalWidth,
        filter: style.filter, opacity: style.opacity, blend: style.mixBlendMode,
        card: style.backgroundColor, ours: !!each.closest("article"),
        output: !!each.closest(".cell_output"), source: each.src.slice(0, 80),
        room: width / height,
        shape: each.naturalWidth / each.naturalHeight,
        seen: seen[1] > 0 ? seen[0] / seen[1] : null,
        drawn: each.currentSrc.endsWith(".svg"),
        density: each.naturalWidth / Math.min(seen[0], width),
        map: each.matches(".map-picture"),
        own: each.naturalWidth == width,
        letters: each.closest(".picture, picture") ? 40 / 3 * seen[0] / width : null,
    };
}))"""

# What of a page's code and output is wider than its box.
CUT = """() => [...document.querySelectorAll(".bd-article pre")]
    .filter(each => each.scrollWidth > each.clientWidth + 1)
    .map(each => each.textContent.slice(0, 60))"""
PAPER = {"width": 680, "height": 960}  # A4 less its margins, at 96 pixels per inch

# Marks three texts of each kind: alike in all that their contrast depends on, which are their own
# colours and sizes and what lies behind them. To measure each of the 30,000 texts on the page of
# the package takes four times as long as all the rest of its test, and tells no more.
SAMPLES = """() => {
    const behind = new Map([[null, ""]]), seen = {};
    const look = each => {
        if (!behind.has(each)) {
            const s = getComputedStyle(each);
            const own = [s.backgroundColor, s.backgroundImage, s.opacity, s.position].join();
            const above = look(each.parentElement);
            behind.set(each, above.endsWith(own) ? above : `${above} ${own}`);
        }
        return behind.get(each);
    };
    for (const each of document.body.querySelectorAll("*")) {
        if (each.closest(".highlight pre")) continue;
        const texts = [...each.childNodes].filter(node => node.nodeType === Node.TEXT_NODE);
        if (!texts.some(node => node.data.trim())) continue;
        const s = getComputedStyle(each);
        const own = [s.color, s.fontSize, s.fontWeight, s.textShadow, s.visibility, s.display];
        const kind = `${look(each)} ${own.join()}`;
        seen[kind] = (seen[kind] || 0) + 1;
        if (seen[kind] <= 3) each.dataset.sample = "";
    }
    return Object.keys(seen).length;
}"""

PARE = """() => {
    for (const code of document.querySelectorAll(".highlight pre"))
        code.textContent = code.textContent;
    window.formulas = [...document.querySelectorAll("mjx-container")].slice(6).map(each => {
        const place = each.getBoundingClientRect(), parts = [...each.childNodes];
        const as_wide = document.createElement("span");
        as_wide.style = `display: inline-block; width: ${place.width}px; height: ${place.height}px`;
        each.replaceChildren(as_wide);
        return [each, parts];
    });
}"""
RESTORE = "() => window.formulas.forEach(([each, parts]) => each.replaceChildren(...parts))"

# Pixels of a picture for each of the page; and of letters of 8 points, on a phone.
SHARP, LETTERS = 1.9, 11

# A chapter's budget, before its reader scrolls.
MOST_REQUESTS, MOST_BYTES = 20, 900_000

# Where a tool of the book, not its text, breaks a rule and no style sheet can mend it.
BEYOND_REACH = {
    # docutils puts an anchor for each further label of a citation directly into the list.
    ("aria-required-children", ".citation-list"),
}


def assert_maths_is_set(page: Page) -> None:
    maths = page.evaluate(MATHS)
    assert maths["set"] == maths["written"], "some formulas are not set"
    assert maths["wrong"] == []
    assert maths["left"] == []


def assert_pictures_are_true(page: Page, theme: str) -> None:
    for picture in page.evaluate(PICTURES):
        assert picture["alt"] is not None, picture
        assert picture["width"], f"a picture is not there: {picture}"
        if picture["ours"] and not picture["map"]:
            for shape in filter(None, (picture["room"], picture["seen"])):
                assert shape == pytest.approx(picture["shape"], rel=0.02), picture
            assert picture["alt"].strip(), f"a picture has no alt text: {picture}"
            assert not picture["alt"].endswith((".png", ".svg", ".jpg", ".webp")), picture
        changed = {key: picture[key] for key in ("filter", "opacity", "blend")}
        assert changed == {"filter": "none", "opacity": "1", "blend": "normal"}, picture
        if picture["output"] and not picture["hidden"]:
            # Two pixels for each of the page, or all that there are of a photograph.
            assert picture["drawn"] or picture["density"] >= SHARP or picture["own"], picture
            assert page.viewport_size != PHONE or (picture["letters"] or 99) >= LETTERS, picture
        if picture["output"] and theme == "dark":
            assert picture["card"] == "rgb(255, 255, 255)", picture


def assert_nothing_sticks_out(page: Page, viewport: Any) -> None:
    page.set_viewport_size(viewport)
    out = page.evaluate(STICKS_OUT)
    assert out == [], f"at {viewport['width']} px:\n" + "\n".join(out)


def assert_accessible(page: Page, *rules: str) -> None:
    """Hold a page to some rules, or all; to that of contrast, by texts of each kind.

    At the size that the page was opened in, because some time after a change of it the theme says
    anew which tables can be reached by Tab. Meanwhile the page lacks what is alike on every page
    and slows axe fivefold: the letters' colours in code, and the insides of all formulas but six.
    """
    page.evaluate(PARE)
    assert page.evaluate(SAMPLES) > 0
    rule = {"id": "color-contrast", "selector": "[data-sample]"}
    chosen: dict[str, Any] = {}
    if rules:
        chosen = {"runOnly": {"type": "rule", "values": ["color-contrast", *rules]}}
    assert_no_violations(page, {"exclude": [[".highlight pre"]]}, chosen, rule)
    page.evaluate(RESTORE)


def assert_readable(page: Page, of: str) -> None:
    """Measure the contrast of some texts."""
    only = {"runOnly": {"type": "rule", "values": ["color-contrast"]}}
    assert_no_violations(page, {"include": [[of]]}, only)


def assert_no_violations(
    page: Page, context: dict[str, Any], chosen: dict[str, Any], *rules: dict[str, Any]
) -> None:
    page.evaluate(Axe().axe_script)
    page.evaluate("rules => axe.configure({rules})", [*rules])
    options = {"resultTypes": ["violations"], "preload": False, **chosen}
    found = page.evaluate("([context, options]) => axe.run(context, options)", [context, options])
    faults = [
        f"{violation['id']}: {node['target'][0]} {node['html'][:120]}\n  {node['failureSummary']}"
        for violation in found["violations"]
        if violation["impact"] in ("serious", "critical")
        for node in violation["nodes"]
        if (violation["id"], node["target"][0]) not in BEYOND_REACH
    ]
    assert faults == [], "\n".join(faults)


@functools.cache
def compressed(path: Path) -> int:
    return len(gzip.compress(path.read_bytes()))


def assert_arrives_light(visited: Visited, address: str) -> None:
    """Weigh what a page asked for when it was opened, compressed as a server sends it."""
    asked = [link.removeprefix(f"{address}/").partition("?")[0] for link in visited.asked]
    weight = sum(compressed(built.SITE / link) for link in asked)
    told = f"{len(asked)} requests of {weight:,} bytes: {asked}"
    assert len(asked) <= MOST_REQUESTS, told
    assert weight <= MOST_BYTES, told


def test_page_by_day_at_a_desk(written_page: str, visit: Visit, address: str) -> None:
    visited = visit(written_page)
    page = visited.page
    assert_arrives_light(visited, address)
    assert page.get_attribute("html", "data-theme") == "light"
    assert_maths_is_set(page)
    assert_pictures_are_true(page, "light")
    assert_nothing_sticks_out(page, WIDE)
    assert_accessible(page)
    assert_nothing_sticks_out(page, PHONE)
    assert_pictures_are_true(page, "light")
    assert visited.faults == []


@pytest.mark.parametrize("nightly", [*built.one_of_each_room()])
def test_page_by_night_on_a_phone_from_a_file(nightly: str, visit: Visit) -> None:
    """One page of each room: what the night changes is the same on all."""
    visited = visit(nightly, theme="dark", viewport=PHONE, from_file=True)
    page = visited.page
    assert page.get_attribute("html", "data-theme") == "dark"
    assert_maths_is_set(page)
    assert_pictures_are_true(page, "dark")
    assert_nothing_sticks_out(page, PHONE)
    assert_accessible(page, "scrollable-region-focusable")
    assert_nothing_sticks_out(page, WIDE)
    assert visited.faults == []


def test_generated_page_asks_for_nothing_that_is_not_there(
    generated_page: str, visit: Visit
) -> None:
    assert visit(generated_page).faults == []


def test_front_page_forwards_to_the_book(visit: Visit, address: str) -> None:
    visited = visit("book/references.html")
    visited.page.goto(f"{address}/")
    visited.page.wait_for_url("**/book/index.html")
    # The forwarding page may be left before its own icon has come.
    assert [fault for fault in visited.faults if "ERR_ABORTED" not in fault] == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_theme_changes_at_a_click_and_stays(theme: str, visit: Visit) -> None:
    other = {"light": "dark", "dark": "light"}[theme]
    page = visit("book/index.html", theme=theme).page
    try:
        for _ in range(3):  # light, dark, and the system's own: the button goes round
            page.locator(".theme-switch-button:visible").click()
            if page.get_attribute("html", "data-theme") == other:
                break
        assert page.get_attribute("html", "data-theme") == other
        page.goto(page.url.replace("index", "references"))
        assert page.get_attribute("html", "data-theme") == other
    finally:
        page.evaluate("localStorage.clear()")


@pytest.mark.parametrize("printed", ["book/layers/convolution.html", "book/training/loop.html"])
def test_paper_is_white_and_cuts_nothing(printed: str, visit: Visit) -> None:
    page = visit(printed, theme="dark").page
    page.emulate_media(media="print")
    page.wait_for_function("document.documentElement.dataset.theme == 'light'")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    page.set_viewport_size(PAPER)
    assert page.evaluate(CUT) == []
    page.emulate_media(media="screen")
    page.wait_for_function("document.documentElement.dataset.theme == 'dark'")


def test_paper_holds_pictures_that_no_reader_has_come_near(visit: Visit) -> None:
    page = visit("book/layers/pooling.html", maths=False).page
    fetched = "[...document.images].filter(each => each.complete && each.naturalWidth).length"
    every = page.evaluate("document.images.length")
    assert page.evaluate(fetched) < every / 2
    printed = page.pdf().count(b"/Subtype /Image")
    assert page.evaluate(fetched) == every
    assert printed >= page.locator("article img:visible").count() > 2


def test_nothing_moves_when_pictures_are_found_to_scroll(visit: Visit) -> None:
    page = visit("book/layers/convolution.html", viewport=PHONE, maths=False).page
    page.locator(".picture[tabindex]").first.wait_for()
    height = page.evaluate("document.documentElement.scrollHeight")
    assert page.evaluate("""() => {
        const all = [...document.querySelectorAll(".picture[tabindex]")];
        for (const each of all) each.removeAttribute("tabindex");
        return [all.length > 2, document.documentElement.scrollHeight];
    }""") == [True, height]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_code_can_be_read(theme: str, visit: Visit) -> None:
    page = visit("book/layers/convolution.html", theme=theme).page
    assert_readable(page, ".highlight")


LAUNCHES = {
    "colab": "https://colab.research.google.com/github/cvlib-course/cvlib-course/blob/notebooks/",
    "mybinder": "https://mybinder.org/v2/gh/cvlib-course/cvlib-course/main?urlpath=lab/tree/",
}


def test_page_offers_colab_binder_and_the_notebook(notebook_page: str) -> None:
    page = built.parsed(notebook_page)
    for site, link in LAUNCHES.items():
        (button,) = page.select(f".dropdown-launch-buttons a[href*={site}]")
        assert button["href"] == link + notebook_page.replace(".html", ".ipynb")
    (download,) = page.select(".dropdown-download-buttons a[href$='.ipynb']")
    offered = (built.SITE / notebook_page).parent / str(download["href"])
    assert offered.resolve() == built.notebook(notebook_page)


def test_what_is_offered_opens_at_a_click(visit: Visit) -> None:
    path = "book/layers/convolution.html"
    page = visit(path).page
    page.locator(".dropdown-launch-buttons > button").click()
    for site in LAUNCHES:
        assert page.locator(f".dropdown-launch-buttons a[href*={site}]").is_visible()
    page.locator(".dropdown-download-buttons > button").click()
    with page.expect_download() as download:
        page.locator(".dropdown-download-buttons a[href$='.ipynb']").click()
    assert download.value.path().read_bytes() == built.notebook(path).read_bytes()
