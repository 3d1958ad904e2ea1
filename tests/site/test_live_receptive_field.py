"""Receptive fields: of any number of any layer, by mouse and keyboard, with cvlib's numbers."""

from __future__ import annotations

import re
from typing import Any

import pytest
import torch
from playwright.sync_api import Locator, expect
from torch import nn

from cvlib.networks import AlexNet, LeNet, PlainNet
from cvlib.networks.inside import receptive_box, receptive_field
from tests.site import pieces
from tests.site.conftest import PHONE, Kept, Visited

PAGE = "book/layers/cost.html"


def opened(kept: Kept, **options: Any) -> tuple[Visited, Locator]:
    """Open the page near the piece, and wait for its picture."""
    visited, explorer = pieces.opened(kept, PAGE, "receptive_field", **options)
    face = explorer.locator(".explorer-live")
    expect(face.get_by_label("The picture", exact=True)).to_have_attribute("width", "224")
    return visited, face


def result(face: Locator) -> dict[str, Any]:
    found: dict[str, Any] = pieces.result(face.page, "receptive_field")
    return found


@pytest.mark.parametrize(
    ("name", "model", "channels", "side"),
    [("AlexNet", AlexNet, 3, 224), ("PlainNet", PlainNet, 3, 32), ("LeNet", LeNet, 1, 28)],
)
def test_the_field_of_each_layer_is_that_of_cvlib(
    kept: Kept, name: str, model: type[nn.Module], channels: int, side: int
) -> None:
    visited, face = opened(kept)
    face.get_by_label("network").select_option(name)
    with torch.device("meta"):
        network = model()
    layers = face.get_by_role("combobox", name="layer")
    expect(layers).to_have_value(re.compile(r"\w"))
    names = layers.locator("option").all_text_contents()
    assert len(names) >= 7
    for layer in names:
        layers.select_option(layer)
        face.get_by_label("A map of the layer").press("Shift+ArrowUp")
        found = result(face)
        field = receptive_field(network, found["place"], (channels, side, side))
        box = receptive_box(field, found["at"])
        assert (found["top"], found["left"], found["size"]) == box[:3]
        assert (found["jump"], found["start"]) == (field.jump[0], field.start[0])
        rows, columns = (
            min(side, first + box.height) - max(0, first) for first in (box.top, box.left)
        )
        assert found["count"] == rows * columns
    assert visited.faults == []


def test_a_number_is_chosen_by_mouse_and_by_keys(kept: Kept) -> None:
    visited, face = opened(kept)
    face.get_by_role("combobox", name="layer").select_option("pool5")
    status, canvas = face.get_by_role("status"), face.get_by_label("A map of the layer")
    canvas.click(position={"x": 3, "y": 3})
    expect(status).to_contain_text("Row 0, column 0 of pool5 (features.14) sees")
    expect(status).to_contain_text("rows −66 to 128, columns −66 to 128.")
    expect(status).to_contain_text("Size 195 × 195, jump 32, start −66.")
    expect(status).to_contain_text("It really sees 129 × 129 = 16,641 of 38,025 pixels.")
    before = face.locator("rect.frame").first.get_attribute("x")
    visited.page.keyboard.press("ArrowRight")
    expect(status).to_contain_text("columns −34 to 160.")
    assert face.locator("rect.frame").first.get_attribute("x") != before
    face.get_by_role("combobox", name="layer").select_option("fc8")
    expect(status).to_contain_text("Each of the 1,000 numbers of fc8")
    assert visited.faults == []


def test_layers_of_ones_own_are_computed_or_refused(kept: Kept) -> None:
    visited, face = opened(kept, viewport=PHONE)
    status = face.get_by_role("status")
    expect(face.get_by_label("kernel of layer 1")).to_be_hidden()
    face.get_by_label("network").select_option("your own layers")
    face.get_by_label("kernel of layer 1").fill("5")
    face.get_by_label("stride of layer 1").fill("2")
    face.get_by_label("stride of layer 2").fill("1")
    face.get_by_role("combobox", name="layer").select_option("layer 2")
    expect(status).to_contain_text("Size 9 × 9, jump 2")  # as the chapter's question has it
    face.get_by_role("button", name="add a layer").click()
    expect(status).to_contain_text(re.compile(r"of layer 4 sees"))
    for layer in (1, 2, 3, 4):
        face.get_by_label(f"stride of layer {layer}").fill("4")
    face.get_by_label("kernel of layer 4").fill("9")
    expect(status).to_have_text("Layer 4 spans 9 numbers. It gets only 3.")
    face.get_by_role("button", name="take the last away").click()
    expect(status).to_contain_text("of layer 3 sees")
    assert visited.faults == []
