"""What tests of live pieces share: to come near one, to read what it has computed, a finger."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
from playwright.sync_api import Locator, Page

from tests.site.conftest import WIDE, Kept, Visited

KINDS = {"Float32Array": "<f4", "Float64Array": "<f8", "Int32Array": "<i4", "Uint8Array": "u1"}

# Numbers as their bytes, since lists of them are slow to carry.
PLAIN = """(() => {
    const plain = value => {
        if (ArrayBuffer.isView(value)) {
            const bytes = new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
            let text = "";
            for (let at = 0; at < bytes.length; at += 8192)
                text += String.fromCharCode(...bytes.subarray(at, at + 8192));
            return {kind: value.constructor.name, bytes: btoa(text)};
        }
        if (Array.isArray(value)) return value.map(plain);
        if (value === null || typeof value !== "object") return value;
        return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, plain(each)]));
    };
    return plain;
})()"""
RESULT = f"name => {PLAIN}(document.querySelector(`.explorer[data-live=${{name}}]`).result)"

# Starts a piece anew, as live.js does: to open its page again would take ten times as long.
ANEW = """name => {
    const old = document.querySelector(`.explorer[data-live=${name}]`);
    const explorer = old.cloneNode(true);  // without those who listen to it
    explorer.querySelector(".explorer-live").remove();
    old.replaceWith(explorer);
    const face = document.createElement("div");
    face.className = "explorer-live";
    const given = explorer.querySelector(".explorer-given");
    const said = given ? JSON.parse(given.textContent) : {};
    live.page.pieces[name].start(face, said, explorer);
    explorer.querySelector(".explorer-title").after(face);
}"""


def come(value: Any) -> Any:
    """Make arrays of what came as bytes, in their shape where there is one."""
    if isinstance(value, list):
        return [come(each) for each in value]
    if not isinstance(value, dict):
        return value
    if {*value} == {"kind", "bytes"}:
        return np.frombuffer(base64.b64decode(value["bytes"]), KINDS[value["kind"]])
    if {*value} == {"shape", "data"}:
        return come(value["data"]).reshape(value["shape"])
    return {name: come(each) for name, each in value.items()}


def result(page: Page, name: str) -> Any:
    """Read what a piece has computed last."""
    return come(page.evaluate(RESULT, name))


def wait(page: Page, name: str, condition: str, arg: Any = None) -> Any:
    """Wait until a condition on ``result``, and on ``arg``, holds, and read the result."""
    page.wait_for_function(
        f"""arg => {{
            const {{ result }} = document.querySelector(".explorer[data-live={name}]");
            return result !== undefined && ({condition});
        }}""",
        arg=arg,
    )
    return result(page, name)


def wait_for(page: Page, name: str, numbers: str, expected: np.ndarray) -> Any:
    """Wait until a piece's numbers have a sum of their own, by which few others pass for them."""
    weights = np.arange(expected.size) % 251 + 1
    total = float((weights * expected.ravel().astype(np.float64)).sum())
    condition = f"""(numbers => numbers.length === arg[0] && Math.abs(arg[1] -
        numbers.reduce((sum, value, at) => sum + value * (at % 251 + 1), 0)) <= arg[2]
    )({numbers}.data)"""
    return wait(page, name, condition, [expected.size, total, 1e-3 * float(weights.sum())])


def near(page: Page, name: str) -> Locator:
    """Come near a piece, and wait until it has computed."""
    explorer = page.locator(f".explorer[data-live={name}]")
    explorer.scroll_into_view_if_needed()
    page.wait_for_function(
        f"document.querySelector('.explorer.live-on[data-live={name}]')?.result !== undefined"
    )
    return explorer


def opened(kept: Kept, path: str, name: str, viewport: Any = WIDE) -> tuple[Visited, Locator]:
    """Open a page near a piece, which is as at the first time."""
    visited = kept(path)
    page = visited.page
    page.set_viewport_size(viewport)
    if page.locator(f".explorer[data-live={name}].live-on").count():
        page.evaluate(ANEW, name)
    return visited, near(page, name)


class Finger:
    """A finger on a page whose context has touch.

    Parameters
    ----------
    page
        A page.
    """

    def __init__(self, page: Page) -> None:
        self._session = page.context.new_cdp_session(page)

    def tap(self, place: Locator, across: float = 0.5, down: float = 0.5) -> None:
        """Touch a place shortly, at these shares of its width and height."""
        self.drag(place, (across, down))

    def drag(self, place: Locator, *way: tuple[float, float]) -> None:
        """Put the finger down at the first of these shares, and lift it at the last."""
        place.scroll_into_view_if_needed()
        place.element_handle().wait_for_element_state("stable")
        box = place.bounding_box()
        assert box
        points = [
            {"x": box["x"] + across * box["width"], "y": box["y"] + down * box["height"]}
            for across, down in way
        ]
        for kind, point in zip(("touchStart", *["touchMove"] * len(points)), points, strict=False):
            self._send(kind, [point])
        self._send("touchEnd", [])

    def _send(self, kind: str, points: list[dict[str, float]]) -> None:
        self._session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
