"""Pooling of a picture that moves: by mouse and keyboard, with the numbers of cvlib."""

from __future__ import annotations

import json
from typing import Any

import torch
from playwright.sync_api import Locator, expect

from cvlib.data import photograph
from cvlib.figures.pooling import draw_shift
from cvlib.layers import avg_pool2d, max_pool2d
from tests.site import pieces
from tests.site.conftest import PHONE, Kept, Visited

PAGE = "book/layers/pooling.html"


def opened(kept: Kept, **options: Any) -> tuple[Visited, Locator]:
    visited, explorer = pieces.opened(kept, PAGE, "pooling", **options)
    return visited, explorer.locator(".explorer-live")


def found(face: Locator) -> dict[str, Any]:
    result: dict[str, Any] = pieces.result(face.page, "pooling")
    return result


def given(face: Locator, name: str) -> torch.Tensor:
    """Read a picture out of what the chapter gives the piece."""
    text = face.page.locator("[data-live=pooling] > .explorer-given").text_content()
    return torch.tensor(json.loads(text or "")["pictures"][name]["rows"], dtype=torch.float32)


def told(face: Locator) -> Locator:
    return face.locator(".live-window")


def test_the_cameramans_difference_is_that_of_the_frame(kept: Kept) -> None:
    visited, face = opened(kept)
    face.get_by_role("combobox", name="picture").select_option("cameraman")
    part = photograph("camera")[118:182, 226:294]
    assert torch.equal(given(face, "cameraman"), torch.from_numpy(part).float())
    for shift in range(5):
        face.get_by_label("shift").fill(str(shift))
        figure = draw_shift(part, shift, 2, 2)
        expect(face.get_by_text("different:")).to_have_text(figure.axes[2].get_title())
        difference: Any = figure.axes[2].images[0].get_array()
        assert found(face)["changed"] == (difference > 0).sum()
    assert visited.faults == []


def test_each_pooling_gives_torchs_numbers(kept: Kept) -> None:
    visited, face = opened(kept)
    face.get_by_role("combobox", name="picture").select_option("cameraman")
    for kernel, stride, shift in ((2, 2, 1), (3, 2, 3), (4, 4, 2), (2, 1, 4)):
        for label, value in (("kernel size", kernel), ("stride", stride), ("shift", shift)):
            face.get_by_label(label).fill(str(value))
        for way, pool in (("maximum", max_pool2d), ("average", avg_pool2d)):
            face.get_by_label("pooling").select_option(way)
            result = found(face)
            x = given(face, "cameraman")[None, :, 4 - shift : 68 - shift]
            assert torch.equal(torch.tensor(result["picture"]), x)
            torch.testing.assert_close(torch.tensor(result["map"]), pool(x, kernel, stride))
    assert visited.faults == []


def test_a_number_shows_its_window_by_mouse_and_by_keys(kept: Kept) -> None:
    visited, face = opened(kept)
    page = visited.page
    canvas = face.get_by_label("Its map", exact=True)
    box = canvas.bounding_box()
    assert box
    canvas.hover(position={"x": box["width"] / 2, "y": box["height"] / 2})
    expect(told(face)).to_contain_text("rows 2 to 3, columns 2 to 3 of the picture")
    expect(told(face)).to_contain_text("max(7, 3, 4, 8) = 8")
    canvas.focus()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowLeft")
    expect(told(face)).to_contain_text("max(1, 3, 5, 2) = 5")  # as in the chapter
    face.get_by_label("pooling").select_option("average")
    expect(told(face)).to_contain_text("(1 + 3 + 5 + 2) / 4 = 2.75")
    face.get_by_label("pooling").select_option("convolution")
    expect(told(face)).to_contain_text("(1 · 1 + 1 · 3 + 1 · 5 + 1 · 2) / 4 = 2.75")
    face.get_by_label("pooling").select_option("sampling")
    expect(told(face)).to_contain_text("row 0, column 0 of the picture")
    expect(face.get_by_label("kernel size")).to_be_disabled()
    assert visited.faults == []


def test_what_a_shift_changes_is_marked_and_counted(kept: Kept) -> None:
    visited, face = opened(kept, viewport=PHONE)
    marks = face.locator("rect.changed")
    expect(marks).to_have_count(0)
    slider = face.get_by_label("shift")
    slider.focus()
    visited.page.keyboard.press("ArrowRight")
    result = found(face)
    assert result["chosen"]["shift"] == 1
    assert result["changed"] > 0
    expect(marks).to_have_count(result["changed"])
    expect(face.locator(".live-counted[role=status]")).to_have_text(
        f"{result['changed']} of 9 numbers differ from the map of the picture at rest."
    )
    visited.page.keyboard.press("ArrowRight")  # by as much as the stride: the map moves along
    expect(marks).to_have_count(0)
    expect(face.locator(".live-counted[role=status]")).to_have_text(
        "0 of 6 numbers differ from the map of the picture at rest, moved by 1."
    )
    face.get_by_role("combobox", name="picture").select_option("stripes")
    slider.fill("1")
    assert {*found(face)["map"].ravel()} == {1.0}  # the stripes are gone
    assert visited.faults == []
