"""The glossary, the index, and the terms that chapters use."""

from __future__ import annotations

import re

from playwright.sync_api import Browser, expect

from tests.site import built
from tests.site.conftest import PHONE, Visit
from tests.site.test_pages import assert_accessible, assert_nothing_sticks_out

GLOSSARY, INDEX = "book/glossary.html", "genindex.html"
CHINESE = re.compile(r"[\u4e00-\u9fff]")


def test_letters_lead_to_the_first_term_of_each() -> None:
    page = built.parsed(GLOSSARY)
    letters = page.select(".letters a")
    assert [letter.get_text() for letter in letters] == sorted(
        {term.get_text()[0].upper() for term in page.select("dt") if term.get_text()[0].isascii()}
    )
    for letter in letters:
        term = page.find(id=str(letter["href"]).removeprefix("#"))
        assert term
        assert term.get_text()[0].upper() == letter.get_text()


def test_what_is_chinese_says_so() -> None:
    terms = built.parsed(GLOSSARY).select("dl.glossary > dt")
    chinese = [term for term in terms if CHINESE.search(term.get_text())]
    assert len(chinese) > 100
    assert [term for term in terms if term.get("lang") == "zh"] == chinese


def test_a_term_leads_to_the_chapters_that_use_it() -> None:
    page = built.parsed(GLOSSARY)
    for term, chapter in {
        "term-receptive-field": ("What a network costs", "layers/cost.html"),
        "term-im2col": ("Convolution", "layers/convolution.html"),
    }.items():
        meaning = page.find(id=term).find_next_sibling("dd")  # type: ignore[union-attr]
        users = meaning.select(".used-in a")  # type: ignore[union-attr]
        assert chapter in [(user.get_text(), user["href"]) for user in users]


def test_each_term_in_a_chapter_brings_its_meaning(notebook_page: str) -> None:
    links = built.parsed(notebook_page).select("a[href*='glossary.html#term-']")
    glossary = built.parsed(GLOSSARY)
    for link in links:
        place = str(link["href"]).partition("#")[2]
        meaning = glossary.find(id=place).find_next_sibling("dd")  # type: ignore[union-attr]
        said = " ".join(meaning.get_text().split())  # type: ignore[union-attr]
        assert said.startswith(str(link["data-meaning"]))
        assert len(str(link["data-meaning"])) > 20


def test_a_tap_shows_the_meaning_and_the_next_one_goes_there(
    browser: Browser, address: str
) -> None:
    context = browser.new_context(viewport=PHONE, has_touch=True)
    page = context.new_page()
    page.goto(f"{address}/book/layers/cost.html")
    term = page.locator("a[data-meaning]").first
    note = page.locator(".term-meaning")
    term.tap()
    expect(note).to_be_visible()
    expect(note).to_have_text(str(term.get_attribute("data-meaning")))
    box = note.bounding_box()
    assert box
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= PHONE["width"]
    page.locator("h1:visible").first.tap()
    expect(note).to_be_hidden()
    term.tap()
    term.tap()
    page.wait_for_url("**/glossary.html#term-*")
    context.close()


def test_the_keyboard_shows_a_meaning_and_escape_hides_it(visit: Visit) -> None:
    visited = visit("book/layers/cost.html", maths=False)
    term = visited.page.locator("a[data-meaning]").first
    term.focus()
    expect(term).to_have_accessible_description(str(term.get_attribute("data-meaning")))
    visited.page.keyboard.press("Escape")
    expect(visited.page.locator(".term-meaning")).to_be_hidden()
    assert visited.faults == []


def test_the_index_begins_with_english_words_and_fits_a_phone(visit: Visit) -> None:
    heads = [head.get_text() for head in built.parsed(INDEX).select("h2[id]")]
    assert heads[0] == "A"
    assert [head for head in heads if CHINESE.search(head)] == heads[-1:]
    assert built.parsed(GLOSSARY).select_one("a[href='../genindex.html']")
    visited = visit(INDEX, viewport=PHONE)
    assert_nothing_sticks_out(visited.page, PHONE)
    assert_accessible(visited.page)
    assert visited.faults == []
