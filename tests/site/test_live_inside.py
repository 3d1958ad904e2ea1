"""A patch moved over a picture, and Grad-CAM by layer, computed in the page."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from playwright.sync_api import Locator, Page, expect
from torch import Tensor, nn

from cvlib.networks.grad_cam import grad_cam
from cvlib.networks.occlusion import occlusion
from tests.live.test_small_net import shown, unfolded
from tests.site import pieces
from tests.site.conftest import PHONE, Kept, Visited

CHAPTER = "book/networks/inside.html"
CLASSES = (
    *("airplane", "automobile", "bird", "cat", "deer"),
    *("dog", "frog", "horse", "ship", "truck"),
)


def opened(kept: Kept, name: str, **options: Any) -> tuple[Visited, Locator]:
    return pieces.opened(kept, CHAPTER, name, **options)


def covered(x: Tensor, row: int, column: int, size: int) -> Tensor:
    y = x.clone()
    y[:, row : row + size, column : column + size] = 0.5
    return y


def network(page: Page) -> nn.Sequential:
    """Make a model of torch of the weights that the page has loaded, which have 8 bits."""
    layers = pieces.come(
        page.evaluate(f"async () => {pieces.PLAIN}(await live.unpack(live.given.small_net))")
    )
    return unfolded(layers)


def answer(model: nn.Module, x: Tensor) -> Tensor:
    with torch.inference_mode():
        return model(x[None])[0]


def give(explorer: Locator, pixels: np.ndarray) -> None:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "png")
    explorer.get_by_label("Your own picture, from a file").set_input_files(
        {"name": "mine.png", "mimeType": "", "buffer": file.getvalue()}
    )


def point(page: Page, canvas: Locator, row: int, column: int) -> None:
    place = canvas.bounding_box()
    assert place
    page.mouse.move(
        place["x"] + (column + 0.5) * place["width"] / 32,
        place["y"] + (row + 0.5) * place["height"] / 32,
    )


def test_patch_by_mouse_and_keyboard_changes_the_answers(kept: Kept) -> None:
    visited, explorer = opened(kept, "occlusion")
    page = visited.page
    picture = explorer.get_by_label("The picture with the patch")
    point(page, picture, 9, 20)
    found = pieces.wait(page, "occlusion", "String(result.at) === '5,16'")
    x = torch.tensor(found["x"])
    model, patched = network(page), covered(x, 5, 16, 8)
    np.testing.assert_allclose(found["whole"], answer(model, x), atol=1e-4)
    np.testing.assert_allclose(found["logits"], answer(model, patched), atol=1e-4)
    probability = torch.tensor(found["logits"]).softmax(0)[3]
    told = explorer.locator(".live-told").last
    expect(told).to_contain_text(f"Patch at row 5, column 16: cat {probability:.2f}")

    picture.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    pieces.wait(page, "occlusion", "String(result.at) === '6,17'")
    page.keyboard.press("Shift+ArrowUp")
    pieces.wait(page, "occlusion", "String(result.at) === '0,17'")
    assert visited.faults == []


def test_map_is_the_packages_for_the_class_and_the_patch_chosen(kept: Kept) -> None:
    visited, explorer = opened(kept, "occlusion")
    page = visited.page
    model = network(page)
    explorer.get_by_role("radio", name="12").check()
    for name in ("cat", "dog"):
        explorer.get_by_role("radio", name=name).check()
        k = CLASSES.index(name)
        found = pieces.wait(
            page, "occlusion", f"result.map && result.size === 12 && result.k === {k}"
        )
        x = torch.tensor(found["x"])
        expected = occlusion(model, x[None], k, size=12, stride=2, value=0.5)[0]
        np.testing.assert_allclose(found["map"], expected, atol=1e-4)
    assert visited.faults == []


def test_grad_cam_is_the_packages_by_layer_class_and_picture(kept: Kept) -> None:
    visited, explorer = opened(kept, "grad_cam")
    page = visited.page
    model = network(page)
    relus = [str(at) for at, part in enumerate(model) if isinstance(part, nn.ReLU)]
    pictures = shown()
    for picture, name in (("motorcycle", "dog"), ("cat", "frog")):
        explorer.get_by_role("combobox", name="picture").select_option(picture)
        x = pictures[picture]
        there = f"Math.abs(result.x.data[0] - {float(x[0, 0, 0])}) < 1e-6"
        pieces.wait(page, "grad_cam", there)
        explorer.get_by_role("radio", name=name).check()
        k = CLASSES.index(name)
        found = pieces.wait(page, "grad_cam", f"{there} && result.k === {k}")
        for layer, heat in zip(relus, found["heats"], strict=True):
            expected = grad_cam(model, layer, x[None], k)[0]
            np.testing.assert_allclose(heat, expected, atol=1e-4)
    layers = [f"features.{at}" for at in (3, 6, 10, 13, 17)]
    explorer.get_by_role("radio", name=layers[1]).check()
    pieces.wait(page, "grad_cam", f"result.layer === '{layers[1]}'")
    page.keyboard.press("ArrowRight")
    pieces.wait(page, "grad_cam", f"result.layer === '{layers[2]}'")
    expect(explorer.locator(".live-told").last).to_contain_text(f"{layers[2]} has 32 maps")
    assert visited.faults == []


@pytest.mark.parametrize("name", ["occlusion", "grad_cam"])
def test_readers_own_picture_is_cropped_shrunk_and_stays(kept: Kept, name: str) -> None:
    visited, explorer = opened(kept, name, viewport=PHONE)
    page = visited.page
    pixels = np.random.default_rng(0).integers(0, 256, (64, 96, 3), dtype=np.uint8)
    pixels[:, :32] //= 2
    give(explorer, pixels)
    expect(explorer.locator(".live-bring .live-told")).to_contain_text(
        "mine.png: 96 × 64 pixels, computed at 32 × 32. It stays in this page."
    )
    middle = torch.from_numpy(pixels[:, 16:80]).permute(2, 0, 1).double()
    small = (middle.reshape(3, 32, 2, 32, 2).mean((2, 4)) + 0.5).floor() / 255
    first = f"Math.abs(result.x.data[0] - {float(small[0, 0, 0])}) < 1e-6"
    found = pieces.wait(page, name, first)
    np.testing.assert_allclose(found["x"], small, atol=1e-6)
    assert visited.faults == []
