"""Logits to drag, computed in the page: by mouse and keyboard."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from playwright.sync_api import Locator, Page, expect
from torch import Tensor

from cvlib.training import losses
from tests.site import pieces
from tests.site.conftest import Kept, Visited

CHAPTER = "book/training/losses.html"
START = [0.0, 0.0, 0.0, -2.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]
RESULT = "document.querySelector('.explorer[data-live=softmax]').result"


def opened(kept: Kept, **options: Any) -> tuple[Visited, Locator]:
    return pieces.opened(kept, CHAPTER, "softmax", **options)


def assert_computed(
    page: Page, z: list[float], right: int, loss: Callable[[Tensor, Tensor], Tensor]
) -> None:
    """Hold what the page computed last to what torch computes."""
    found = page.evaluate(RESULT)
    assert found["logits"] == pytest.approx(z)
    assert found["right"] == right
    x = torch.tensor([z], dtype=torch.float64, requires_grad=True)
    value = loss(x, torch.tensor([right]))
    (gradient,) = torch.autograd.grad(value, x)
    assert found["loss"] == pytest.approx(value.item())
    assert found["gradient"] == pytest.approx(gradient[0].tolist(), abs=1e-9)
    assert found["probabilities"] == pytest.approx(x[0].softmax(0).tolist())


def after_softmax(z: Tensor, right: Tensor) -> Tensor:
    return losses.cross_entropy(z.softmax(1), right)


def squared(z: Tensor, right: Tensor) -> Tensor:
    truth = torch.nn.functional.one_hot(right, z.shape[1])
    return (z.softmax(1) - truth).square().sum()


def smoothed(z: Tensor, right: Tensor) -> Tensor:
    return losses.cross_entropy(z, right, label_smoothing=0.1)


def test_page_computes_what_torch_computes(kept: Kept) -> None:
    visited, explorer = opened(kept)
    page = visited.page
    assert_computed(page, START, 3, losses.cross_entropy)
    smoothing = explorer.get_by_role("slider", name="label smoothing")
    others: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
        "after a softmax": after_softmax,
        "squared error": squared,
        "hinge": losses.multi_margin_loss,
    }
    for name, loss in others.items():
        explorer.get_by_role("combobox").select_option(name)
        assert_computed(page, START, 3, loss)
        expect(smoothing).to_be_disabled()
    explorer.get_by_role("combobox").select_option("cross entropy")
    smoothing.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert_computed(page, START, 3, smoothed)
    expect(explorer.locator(".live-told")).to_contain_text("no logits make it less than 0.500.")
    assert visited.faults == []


def test_logit_is_dragged_and_the_right_class_chosen_by_mouse(kept: Kept) -> None:
    visited, explorer = opened(kept)
    page = visited.page
    box = explorer.get_by_label("logit of 8").bounding_box()
    assert box
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] / 2, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.8 * box["width"], middle, steps=4)
    page.mouse.up()
    z = page.evaluate(RESULT)["logits"]
    assert z[:8] == START[:8]
    assert z[8] == pytest.approx(6, abs=0.3)
    assert_computed(page, z, 3, losses.cross_entropy)
    explorer.get_by_label("8 is right").check()
    assert_computed(page, z, 8, losses.cross_entropy)
    row = explorer.get_by_role("row").filter(has=page.get_by_label("8 is right"))
    expect(row).to_have_class("live-chosen")
    p = page.evaluate(RESULT)["probabilities"][8]
    expect(row).to_contain_text(f"{p:.3f}")
    assert visited.faults == []


def test_keyboard_moves_a_logit_and_the_right_class(kept: Kept) -> None:
    visited, explorer = opened(kept)
    page = visited.page
    explorer.get_by_label("3 is right").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")  # from the class to its logit
    page.keyboard.press("ArrowRight")
    logit = explorer.get_by_label("logit of 4")
    expect(logit).to_be_focused()
    expect(logit).to_have_attribute("aria-valuetext", "0.1")
    assert_computed(page, [*START[:4], 0.1, *START[5:]], 4, losses.cross_entropy)
    assert visited.faults == []


def test_same_number_is_added_to_all_and_nothing_else_changes(kept: Kept) -> None:
    visited, explorer = opened(kept)
    page = visited.page
    before = page.evaluate(RESULT)
    told = explorer.locator(".live-told")
    higher, lower = (explorer.get_by_role("button", name=name) for name in ("+1", "−1"))
    highest = explorer.get_by_role("button", name="highest to 0")
    expect(highest).to_be_disabled()
    for _ in range(10):
        higher.click()
    expect(higher).to_be_disabled()  # the highest is at the end of its bar
    assert_computed(page, [each + 10 for each in START], 3, losses.cross_entropy)
    expect(told).to_contain_text("1.0 added to all: no probability changes.")
    after = page.evaluate(RESULT)
    for name in ("probabilities", "gradient", "loss"):
        assert after[name] == before[name]
    lower.click()
    highest.click()
    assert_computed(page, START, 3, losses.cross_entropy)
    expect(told).to_contain_text("Loss 4.212: log-sum-exp 2.212 minus the right logit −2.0.")
    assert visited.faults == []
