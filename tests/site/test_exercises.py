"""Exercises, figures and equations on the built pages: their numbers, names and answers."""

from __future__ import annotations

import collections
import re
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Browser, Page

from tests.site import built
from tests.site.conftest import Visit

CHAPTER = "book/layers/pooling.html"


def test_no_name_stands_twice(all_page: str) -> None:
    text = (built.SITE / all_page).read_text("utf-8")
    names = re.findall(r'<[^>]* id="([^"]*)"', text)  # to parse every page takes ten times as long
    assert [name for name, count in collections.Counter(names).items() if count > 1] == []


def test_what_is_numbered_is_numbered_by_chapter(notebook_page: str) -> None:
    page = built.parsed(notebook_page)
    chapter = page.select_one("article h1 .section-number").get_text().strip(" .\xa0")
    assert chapter.isdigit()
    for kind in ("figure .caption-number", ".exercise > .admonition-title", ".eqno"):
        numbers = [
            re.search(r"\d+(?:\.\d+)?", each.get_text())[0]  # type: ignore[index]
            for each in page.select(kind)
        ]
        assert numbers == [f"{chapter}.{place}" for place in range(1, len(numbers) + 1)], kind


def test_chapters_are_numbered_in_order() -> None:
    numbers = [
        built.parsed(page).select_one("article h1 .section-number").get_text().strip(" .\xa0")
        for page in built.notebook_pages()
    ]
    assert sorted(map(int, numbers)) == list(range(1, len(numbers) + 1))


def test_click_on_its_title_opens_a_solution(visit: Visit) -> None:
    page = visit(CHAPTER, maths=False).page
    solution = page.locator(".solution").first
    answer = solution.locator("section p").first
    assert not answer.is_visible()
    address = page.url
    solution.locator(".admonition-title").click(position={"x": 40, "y": 12})
    answer.wait_for(state="visible")
    assert page.url == address


def test_mistake_is_reported_with_page_and_section(visit: Visit) -> None:
    page = visit(CHAPTER, maths=False).page
    heading = page.locator("article h2").nth(2)
    name = heading.evaluate("each => each.closest('section').id")
    page.goto(f"{page.url.partition('#')[0]}#{name}")
    link = page.locator(".btn-source-issues-button")
    assert link.text_content().strip() == "Report a mistake here"
    link.evaluate("each => each.dispatchEvent(new Event('pointerdown'))")
    asked = parse_qs(urlsplit(str(link.get_attribute("href"))).query)
    title = str(heading.evaluate("each => each.firstChild.textContent"))
    assert asked["title"] == [f"15. Pooling and upsampling: {title}"]
    assert asked["body"][0].startswith(f"{built.ADDRESS}{CHAPTER}#{name}\n")
    edit = page.locator(".btn-source-edit-button")
    assert edit.text_content().strip() == "Edit this page"
    assert edit.get_attribute("href").endswith("/edit/main/book/layers/pooling.ipynb")


def test_punctuation_stays_with_its_formula(notebook_page: str) -> None:
    for formula in built.parsed(notebook_page).select("span.math"):
        after = formula.next_sibling
        if isinstance(after, str) and re.match(r"[.,;:!?)]", after):
            assert "unbroken" in formula.parent.get("class", []), formula


def test_question_is_answered_by_keyboard_and_without_script(browser: Browser) -> None:
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto((built.SITE / "book/layers/convolution.html").as_uri())
        answer_by_keyboard(page)


def answer_by_keyboard(page: Page) -> None:
    quiz = page.locator(".quiz").first
    choices = quiz.locator("details")
    for number in range(choices.count()):
        choices.nth(number).locator("summary").focus()
        page.keyboard.press("Enter")
        verdicts = quiz.locator("details p").filter(visible=True)
        assert verdicts.count() == 1, "one choice closes another"
        right = verdicts.text_content().startswith("Right. ")
        assert right == (choices.nth(number).locator("summary").text_content() == "16")


def test_code_folds_and_opens(visit: Visit) -> None:
    page = visit("book/layers/convolution.html", maths=False).page
    folded = page.locator("details.hide")
    assert folded.count() >= page.locator("article h2").count() - 2
    code = folded.first.locator("pre")
    assert not code.is_visible()
    folded.first.locator("summary").press("Enter")
    code.wait_for(state="visible")
    quiz, opens = (page.locator(each).first.bounding_box() for each in (".quiz", "details.hide"))
    assert quiz["y"] < opens["y"], "the code stands below its question"
