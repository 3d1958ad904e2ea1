"""Search: from a question to the section that answers it, from a server and from a file."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.site.conftest import PHONE, Visit

# What a learner asks, and where it is answered: the best place first.
QUESTIONS = {
    "overfitting": ["training/metrics.html#too-little-too-much", "training/regularization.html"],
    "why is my accuracy 10%": [
        "training/loop.html#when-it-does-not-learn",
        "practice/troubleshooting.html#always-the-same-answer",
    ],
    "im2col": ["layers/convolution.html#as-a-matrix-product"],
    "BatchNorm eval": ["layers/normalization.html#batch-normalization"],
    "卷积": ["glossary.html#term-convolution"],
    "loss nan": [
        "practice/troubleshooting.html#the-loss-is-nan",
        "training/loop.html#too-long-a-step",
    ],
    "blue face": [
        "practice/troubleshooting.html#blue-faces",
        "images/pixels.html#bgr-the-wrong-red",
    ],
    "mat1 and mat2 shapes": [
        "practice/troubleshooting.html#mat1-and-mat2-shapes-cannot-be-multiplied",
        "networks/lenet.html#every-number-accounted-for",
    ],
    "label smoothing": ["training/losses.html#classes-cross-entropy"],
    "receptive field": [
        "layers/convolution.html#stacking-feature-maps-and-receptive-fields",
        "layers/cost.html#what-a-layer-sees",
    ],
    "zero_grad": [
        "training/loop.html#forget-a-line",
        "practice/troubleshooting.html#zero-grad-forgotten",
    ],
    "confusion matrix": [
        "training/metrics.html#what-accuracy-hides",
        "networks/lenet.html#its-mistakes",
    ],
    "vanishing gradient": ["layers/activation.html#what-fifty-layers-do-to-a-gradient"],
    "align_corners": ["layers/pooling.html#back-to-more-pixels"],
    "checkerboard artifacts": ["layers/variants.html#the-checkerboard"],
    "how to choose the learning rate": ["training/schedules.html#which-rate-ask-the-network"],
    "save and load a model": ["training/loop.html#save-load-and-trust-nobody"],
    "softmax twice": [
        "training/losses.html#one-softmax-too-many",
        "practice/troubleshooting.html#softmax-twice-the-loss-never-falls-below-1-461",
    ],
    "gradient accumulation": ["training/loop.html#a-larger-batch-than-fits"],
    "why does my picture look rotated": ["images/files.html#which-way-is-up"],
    "loss stuck at 2.303": ["practice/troubleshooting.html#the-loss-is-stuck-at-2-303"],
    "loss is nan": ["practice/troubleshooting.html#the-loss-is-nan"],
    "mat1 and mat2 shapes cannot be multiplied": [
        "practice/troubleshooting.html#mat1-and-mat2-shapes-cannot-be-multiplied"
    ],
    "my own digit is misread": ["practice/troubleshooting.html#my-own-digit-is-misread"],
    "UnpicklingError weights_only": [
        "practice/troubleshooting.html#unpicklingerror-weights-only-load-failed"
    ],
    "blue faces": ["practice/troubleshooting.html#blue-faces"],
    "CUDA out of memory": ["practice/troubleshooting.html#cuda-out-of-memory"],
    "expected scalar type Long": [
        "practice/troubleshooting.html#expected-scalar-type-long-labels-of-the-wrong-type"
    ],
    "modified by an inplace operation": [
        "practice/troubleshooting.html#modified-by-an-inplace-operation"
    ],
    "expected more than 1 value per channel": [
        "practice/troubleshooting.html#expected-more-than-1-value-per-channel-when-training"
    ],
    "test better than training": ["practice/troubleshooting.html#the-test-is-better-than-training"],
    "detector finds nothing": ["practice/troubleshooting.html#the-detector-finds-nothing"],
    "forgot eval": ["practice/troubleshooting.html#each-call-gives-another-answer-eval-forgotten"],
    "memory grows": ["practice/troubleshooting.html#the-memory-grows-with-each-step-total-loss"],
    "why is my accuracy low": ["practice/troubleshooting.html#why-is-my-accuracy-low"],
}

HITS = "#search-results .search-hits"
LINKS = f"""query => {{
    const hits = document.querySelector("{HITS}");
    if (hits.shown !== query) return null;
    return [...hits.querySelectorAll("a")].map(each => each.getAttribute("href"));
}}"""


def found(page: Page, query: str) -> list[str]:
    """Type a question on the page of results, and read where the results lead."""
    page.locator("#main-content input[name=q]").fill(query)
    links = page.wait_for_function(LINKS, arg=query).json_value()
    return [link.removeprefix("./book/") for link in links]


def section(link: str) -> str:
    page, _, anchor = link.partition("#")
    return page.partition("?")[0] + (f"#{anchor}" if anchor else "")


@pytest.fixture
def results(visit: Visit) -> Iterator[Page]:
    visited = visit("search.html", from_file=True)
    yield visited.page
    assert visited.faults == []


def test_each_question_finds_its_section(results: Page) -> None:
    first = []
    for question, right in QUESTIONS.items():
        places = [section(link) for link in found(results, question)]
        assert {*places[:3]} & {*right}, f"{question}: {places[:6]}"
        first += [question] if places[0] in right else []
    assert len(first) >= len(QUESTIONS) - 3, (
        f"another section is first for {QUESTIONS.keys() - {*first}}"
    )


@pytest.mark.parametrize("from_file", [False, True])
def test_a_result_leads_to_its_section_highlighted(from_file: bool, visit: Visit) -> None:
    visited = visit("search.html?q=checkerboard+artifacts", from_file=from_file)
    page = visited.page
    page.locator(f"{HITS} a").first.click()
    page.wait_for_url("**/variants.html#the-checkerboard")
    marked = page.locator("#the-checkerboard .highlighted").first
    expect(marked).to_be_in_viewport()
    assert "checkerboard" in marked.inner_text().lower()
    assert visited.faults == []


def test_results_come_as_one_types_and_by_keyboard(visit: Visit) -> None:
    visited = visit("book/layers/cost.html", viewport=PHONE)
    page = visited.page
    page.keyboard.press("Control+k")
    page.keyboard.type("equivarian")
    hits = page.locator("#pst-search-dialog .search-hits")
    link = hits.locator("a[href*='convolution.html?highlight=equivarian']").first
    expect(link).to_be_visible()
    excerpt = hits.locator("li").first.locator("p")
    expect(excerpt.locator("mark").first).to_contain_text("quivarian")
    assert "def " not in excerpt.inner_text(), "the excerpt is code, not prose"
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    page.keyboard.press("ArrowDown")
    expect(hits.locator("a").first).to_be_focused()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search.html?q=equivarian")
    assert page.locator(f"{HITS} a").first.is_visible()
    assert visited.faults == []


def test_what_is_not_there_is_said_and_nothing_is_run(results: Page) -> None:
    assert found(results, "zyxwvutsrq") == []
    assert results.locator(f"{HITS} [role=status]").inner_text() == "Nothing found"
    assert found(results, "<img src=x onerror=alert(1)>")  # "img", as in code
    assert results.locator(f"{HITS} img").count() == 0
