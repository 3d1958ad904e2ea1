"""A race of optimizers into a valley, computed in the page: by mouse and keyboard."""

from __future__ import annotations

import re
from functools import partial
from typing import Any

import pytest
import torch
from playwright.sync_api import Browser, Locator, Page, expect

from cvlib.figures import palette
from cvlib.training import SGD, Adam, RMSprop
from tests.live.walks import descended
from tests.site import pieces
from tests.site.conftest import Kept, Visited, watch

CHAPTER = "book/training/optimizers.html"
RESULT = "document.querySelector('.explorer[data-live=optimizers]').result"


def opened(kept: Kept, **options: Any) -> tuple[Visited, Locator]:
    return pieces.opened(kept, CHAPTER, "optimizers", **options)


def assert_raced(
    page: Page,
    start: list[float],
    rate: float = 0.2,
    momentum: float = 0.9,
    kappa: float = 10,
) -> dict[str, float]:
    """Hold the paths of the page to the package's, and give the last losses."""
    found = page.evaluate(RESULT)
    assert found["start"] == pytest.approx(start)
    curvatures = (1 / kappa, 1.0)
    makers: dict[str, Any] = {
        "SGD": partial(SGD, lr=rate),
        "momentum": partial(SGD, lr=rate, momentum=momentum),
        "Nesterov": partial(SGD, lr=rate, momentum=momentum, nesterov=momentum > 0),
        "RMSprop": partial(RMSprop, lr=rate, alpha=0.9, momentum=momentum),
        "Adam": partial(Adam, lr=rate, betas=(momentum, 0.9)),
    }
    assert [*found["racers"]] == [*makers]
    for name, make in makers.items():
        path = torch.tensor(found["racers"][name]["path"], dtype=torch.float64)
        expected = descended(make, curvatures, found["start"])
        torch.testing.assert_close(path, expected, rtol=1e-6, atol=1e-6)
        loss = (torch.tensor(curvatures, dtype=torch.float64) * path.square()).sum(1) / 2
        assert found["racers"][name]["losses"] == pytest.approx(loss.tolist())
    return {name: racer["losses"][-1] for name, racer in found["racers"].items()}


def test_page_computes_what_the_package_computes(kept: Kept) -> None:
    visited, explorer = opened(kept)
    page = visited.page
    last = assert_raced(page, [1, 1])
    least = min(last, key=last.__getitem__)
    told = explorer.locator(".live-told")
    expect(told).to_contain_text(f"After 60 steps, {least} has the least loss")
    drawn = explorer.locator(".live-valley g[stroke]").evaluate_all(
        "all => all.map(each => each.getAttribute('stroke'))"
    )
    assert [*dict.fromkeys(drawn)] == [*palette.values()][:5], "each in its colour, at once"

    for name, value in (("rate", "1.8"), ("condition number", "100")):
        explorer.get_by_role("slider", name=name).fill(value)
    assert_raced(page, [1, 1], rate=1.8, kappa=100)
    expect(told).to_contain_text(re.compile(r"Higher than at the start: Nesterov\."))
    explorer.get_by_role("slider", name="momentum").fill("0")
    assert_raced(page, [1, 1], rate=1.8, momentum=0, kappa=100)
    assert visited.faults == []


def test_start_is_clicked_dragged_and_moved_by_keys(kept: Kept) -> None:
    visited, explorer = opened(kept)
    page = visited.page
    valley = explorer.get_by_role("slider", name="Start in the valley")
    box = valley.bounding_box()
    assert box
    width, height = box["width"], box["height"]  # x from -2 to 2, y from -1.6 to 1.6
    valley.click(position={"x": 0.125 * width, "y": 0.75 * height})
    assert_raced(page, [-1.5, -0.8])
    expect(valley).to_have_attribute("aria-valuetext", "x −1.5, y −0.8")

    page.mouse.down()
    page.mouse.move(box["x"] + 0.25 * width, box["y"] + 0.25 * height, steps=4)
    page.mouse.up()
    assert_raced(page, [-1, 0.8])

    expect(valley).to_be_focused()
    for key in ("ArrowRight", "ArrowUp", "Shift+ArrowLeft", "ArrowDown", "ArrowDown"):
        page.keyboard.press(key)
    assert_raced(page, [-1.4, 0.7])
    expect(explorer.locator(".live-told")).to_contain_text("Start: x = −1.4, y = 0.7.")
    assert visited.faults == []


def test_one_may_stay_out_of_the_race(kept: Kept) -> None:
    visited, explorer = opened(kept)
    for name in ("Nesterov", "RMSprop", "Adam", "momentum"):
        explorer.get_by_role("checkbox", name=name).uncheck()
    told = explorer.locator(".live-told")
    expect(told).to_contain_text("After 60 steps, SGD has the least loss")
    drawn = explorer.locator(".live-valley g[stroke]").evaluate_all(
        "all => all.map(each => each.getAttribute('stroke'))"
    )
    assert {*drawn} == {palette["blue"]}
    explorer.get_by_role("checkbox", name="SGD").uncheck()
    expect(told).to_contain_text("No optimizer is chosen.")
    assert visited.faults == []


def test_steps_are_chosen(kept: Kept) -> None:
    visited, explorer = opened(kept)
    page = visited.page
    losses = page.evaluate(RESULT)["racers"]["SGD"]["losses"]
    explorer.get_by_role("slider", name=re.compile("^step")).fill("7")
    row = explorer.get_by_role("row").filter(has=page.get_by_role("checkbox", name="SGD"))
    expect(row).to_contain_text(f"{losses[7]:.2g}")
    expect(explorer.locator(".live-told")).to_contain_text("After 7 steps")
    assert visited.faults == []


def test_steps_are_played(browser: Browser, address: str) -> None:
    with browser.new_context() as context:  # of its own: a clock stands still for all its pages
        visited = Visited(context.new_page())
        watch(visited, address)
        page = visited.page
        page.goto(f"{address}/{CHAPTER}")
        explorer = pieces.near(page, "optimizers")
        step = explorer.get_by_role("slider", name=re.compile("^step"))
        step.fill("7")
        page.clock.install(time=0)
        page.clock.pause_at(1000)  # it goes on only where it is told to
        explorer.get_by_role("button", name="play").click()
        page.clock.run_for(500)
        halfway = int(step.input_value())
        assert 7 < halfway < 20
        explorer.get_by_role("button", name="pause").click()
        page.clock.run_for(500)
        assert int(step.input_value()) == halfway
        explorer.get_by_role("button", name="play").click()
        page.clock.run_for(10_000)
        assert step.input_value() == "60"
        expect(explorer.get_by_role("button", name="play")).to_be_visible()
        assert visited.faults == []


def test_nothing_moves_for_readers_who_want_no_motion(kept: Kept) -> None:
    visited, explorer = opened(kept)
    visited.page.emulate_media(reduced_motion="reduce")
    expect(explorer.get_by_text("play", exact=True)).to_be_hidden()
    explorer.get_by_role("slider", name=re.compile("^step")).fill("3")
    expect(explorer.locator(".live-told")).to_contain_text("After 3 steps")
    visited.page.emulate_media(reduced_motion="no-preference")
    expect(explorer.get_by_text("play", exact=True)).to_be_visible()
    assert visited.faults == []
