"""Explorers as they stand on the pages before any script runs; test_pages.py moves them."""

from __future__ import annotations

from tests.site import built


def test_page_is_whole_before_the_script_runs(explorer_page: str) -> None:
    page = built.parsed(explorer_page)
    for explorer in page.select(".explorer"):
        hidden = [frame.has_attr("hidden") for frame in explorer.select("img")]
        assert hidden == [False] + [True] * (len(hidden) - 1)
        assert explorer["aria-label"] == explorer.select_one(".explorer-title").get_text()
    names = [explorer["id"] for explorer in page.select(".explorer")]
    assert len(names) == len({*names}), "two explorers of the page have the same title"
