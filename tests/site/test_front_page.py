"""The front page: its map and its explorer come from the chapters, and it knows what was read."""

from __future__ import annotations

import re

from tests.site import built
from tests.site.conftest import Visit

FRONT, CHAPTER = "book/index.html", "book/layers/cost.html"
READ = ".sd-card.read .sd-stretched-link"


def test_map_has_every_chapter_its_picture_its_minutes_and_what_it_needs() -> None:
    front = built.parsed(FRONT)
    chapters = []
    for card in front.select(".sd-card"):
        link = str(card.select_one(".sd-stretched-link")["href"])
        chapters.append(f"book/{link}")
        picture = (built.SITE / "book" / str(card.select_one("img")["src"])).resolve()
        assert picture.stat().st_size < 40_000, link
        words = card.get_text(" ", strip=True)
        said = built.parsed(chapters[-1]).get_text()
        (minutes,) = re.findall(r"This chapter runs in about ([\w ]+) on two CPU cores", said)
        assert f"· {minutes}" in words
        needed = [str(each["href"]) for each in card.select("a") if each["href"] != link]
        assert bool(needed) != ("Start here" in words), link
        assert all(f"book/{each}" in chapters for each in needed), "it needs a later chapter"
    assert sorted(chapters) == sorted(built.notebook_pages())


def test_explorer_of_the_front_page_moves(visit: Visit) -> None:
    visited = visit(FRONT, maths=False, live=False)
    explorer = visited.page.locator(".explorer")
    before = explorer.locator("img:visible").get_attribute("src")
    explorer.locator(".explorer-buttons label").nth(1).click()
    frame = explorer.locator("img:visible")
    assert frame.get_attribute("src") != before
    assert frame.evaluate("each => each.decode().then(() => each.naturalWidth)") > 0
    assert visited.faults == []


def test_what_was_read_to_its_end_is_marked(visit: Visit) -> None:
    page = visit(CHAPTER, maths=False).page
    front = page.url.replace("layers/cost", "index")
    page.evaluate("localStorage.clear()")  # other tests may have read to an end
    try:
        page.goto(front)
        assert page.locator(READ).count() == 0, "a chapter was opened, not read"
        page.go_back()
        page.locator(".prev-next-footer").scroll_into_view_if_needed()
        page.wait_for_function("localStorage.getItem('cvlib-course chapters read')")
        page.goto(front)
        links = [each.get_attribute("href") for each in page.locator(READ).all()]
        assert links == ["layers/cost.html"]
    finally:
        page.evaluate("localStorage.clear()")
