"""A kernel on a picture, computed in the page; and a reader's own pictures, good and bad."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from cvlib.data import photograph
from tests.site import pieces
from tests.site.conftest import PHONE, Kept, Visited

CHAPTER = "book/layers/convolution.html"
CAMERA = photograph("camera")[40:296, 130:386]
EDGES = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]], np.float32)


def opened(kept: Kept, **options: Any) -> tuple[Visited, Locator]:
    return pieces.opened(kept, CHAPTER, "conv2d", **options)


def wait_for(page: Page, expected: np.ndarray) -> None:
    """Wait until the page has computed this, to a thousandth of a grey value."""
    found = pieces.wait_for(page, "conv2d", "result", expected)
    np.testing.assert_allclose(found[0], expected, atol=1e-3)


def filtered(picture: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    return cv2.filter2D(picture.astype(np.float32), -1, kernel)


def test_page_computes_what_opencv_computes(kept: Kept) -> None:
    visited, explorer = opened(kept)
    page = visited.page
    wait_for(page, filtered(CAMERA, np.full((5, 5), 1 / 25, np.float32)))
    explorer.locator(".explorer-live select").first.select_option("vertical edges")
    wait_for(page, filtered(CAMERA, EDGES))
    weight = explorer.get_by_label("Weight in row 2, column 2")
    weight.fill("2.5")
    changed = EDGES.copy()
    changed[1, 1] = 2.5
    wait_for(page, filtered(CAMERA, changed))
    assert not explorer.locator("picture img").first.is_visible(), "frames give way"
    assert visited.faults == []


def test_weight_can_be_dragged_and_pixel_looked_into(kept: Kept) -> None:
    visited, explorer = opened(kept)
    page = visited.page
    explorer.locator(".explorer-live select").first.select_option("vertical edges")
    wait_for(page, filtered(CAMERA, EDGES))
    place = explorer.get_by_label("Weight in row 1, column 1").bounding_box()
    assert place
    x, y = place["x"] + place["width"] / 2, place["y"] + place["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x, y - 16, steps=4)
    page.mouse.up()
    changed = EDGES.copy()
    changed[0, 0] = 0
    wait_for(page, filtered(CAMERA, changed))

    explorer.get_by_label("What the kernel makes of it").focus()
    page.keyboard.press("ArrowUp")  # from the middle
    window = CAMERA[126:129, 127:130].astype(float)
    told = explorer.locator(".live-told").last
    expect(told).to_contain_text(f"= {(changed * window).sum():g}".replace("-", "−"))
    assert all(f"· {value:g}" in str(told.text_content()) for value in window.ravel())
    assert visited.faults == []


def test_frame_is_for_paper_and_for_pages_without_a_script(kept: Kept, browser: Any) -> None:
    visited, explorer = opened(kept)
    visited.page.emulate_media(media="print")
    assert explorer.locator("img").first.is_visible()
    assert not explorer.locator(".explorer-live").is_visible()
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(visited.page.url)
        assert page.locator(".explorer[data-live=conv2d] img").first.is_visible()
    visited.page.emulate_media(media="screen")


def encoded(kind: str, pixels: np.ndarray, **options: Any) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind, **options)
    return file.getvalue()


def give(page: Page, name: str, data: bytes) -> None:
    page.get_by_label("Your own picture, from a file").first.set_input_files(
        {"name": name, "mimeType": "", "buffer": data}
    )


def test_readers_own_picture_is_computed_and_stays_in_the_page(kept: Kept) -> None:
    visited, explorer = opened(kept, viewport=PHONE)
    colours = np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8)
    give(visited.page, "mine.png", encoded("png", colours))
    told = explorer.locator(".live-bring .live-told")
    expect(told).to_have_text(
        "mine.png: 60 × 40 pixels, computed at 60 × 40. It stays in this page."
    )
    grey = cv2.cvtColor(colours, cv2.COLOR_RGB2GRAY)
    wait_for(visited.page, filtered(grey, np.full((5, 5), 1 / 25, np.float32)))
    assert visited.faults == []


def test_picture_that_is_copied_or_dropped_is_taken(kept: Kept) -> None:
    visited, explorer = opened(kept)
    grey = np.arange(48, dtype=np.uint8).reshape(6, 8) * 5
    data = base64.b64encode(encoded("png", grey)).decode()
    for kind, carrier in (("paste", "clipboardData"), ("drop", "dataTransfer")):
        explorer.evaluate(
            """(explorer, [kind, carrier, data]) => {
            const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
            const carried = new DataTransfer();
            carried.items.add(new File([bytes], "it.png", { type: "image/png" }));
            const event = kind === "paste"
                ? new ClipboardEvent(kind, { [carrier]: carried, bubbles: true })
                : new DragEvent(kind, { [carrier]: carried, bubbles: true, cancelable: true });
            explorer.dispatchEvent(event);
        }""",
            [kind, carrier, data],
        )
        wait_for(visited.page, filtered(grey, np.full((5, 5), 1 / 25, np.float32)))
        explorer.get_by_role("button", name="photographer").click()
        wait_for(visited.page, filtered(CAMERA, np.full((5, 5), 1 / 25, np.float32)))


def test_large_picture_moving_one_and_what_is_none_are_told(kept: Kept, tmp_path: Path) -> None:
    visited, explorer = opened(kept)
    page = visited.page
    told = explorer.locator(".live-bring .live-told")

    give(page, "large.jpg", encoded("jpeg", np.full((6000, 8000, 3), 90, np.uint8)))
    expect(told).to_contain_text("8000 × 6000 pixels, computed at 256 × 192.", timeout=60_000)
    wait_for(page, np.full((192, 256), 90.0))

    frames = [Image.new("L", (20, 10), level) for level in (0, 200)]
    file = io.BytesIO()
    frames[0].save(file, "gif", save_all=True, append_images=frames[1:])
    give(page, "moves.gif", file.getvalue())
    expect(told).to_contain_text("It moves; this is its first picture.")
    wait_for(page, np.zeros((10, 20)))
    give(page, "still.gif", encoded("gif", np.full((10, 20), 7, np.uint8)))
    expect(told).to_contain_text("still.gif: 20 × 10 pixels")
    expect(told).not_to_contain_text("moves")

    for name, data in (
        ("notes.txt", b"no picture"),
        ("broken.png", b"\x89PNG\r\n\x1a\n"),
        ("e", b""),
    ):
        give(page, name, data)
        expect(told).to_contain_text(f"{name} cannot be read as a picture.")
    assert visited.faults == []


def test_camera_that_is_denied_is_told(kept: Kept) -> None:
    visited, explorer = opened(kept)
    explorer.get_by_role("button", name="camera").click()
    told = explorer.locator(".live-bring .live-told")
    expect(told).to_contain_text("A file does as well.")
    assert visited.faults == []
