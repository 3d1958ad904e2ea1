"""Take the README's pictures anew from the built pages: ``python -m tests.site.screenshots``."""

from __future__ import annotations

import io

from PIL import Image
from playwright.sync_api import sync_playwright

from tests.checkout import ROOT
from tests.site import built
from tests.site.conftest import executable

PAGE = "book/layers/convolution.html"
MILLISECONDS = 1400  # of each frame


def main() -> None:
    """Write a screenshot of a chapter, and one of its explorer that moves."""
    folder = ROOT / ".github"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable(), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1200, "height": 800}, device_scale_factor=1.5)
        page.goto((built.SITE / PAGE).as_uri())
        page.evaluate("MathJax.startup.promise")
        explorer = page.locator(".explorer").first
        explorer.scroll_into_view_if_needed()
        explorer.hover()
        choices = explorer.locator("option").all_inner_texts()
        frames = []
        for choice in choices:
            explorer.locator("select").select_option(label=choice)
            explorer.locator("img:visible").evaluate("each => each.decode()")
            frames.append(Image.open(io.BytesIO(explorer.screenshot())).convert("RGB"))
        first, *others = frames
        first.save(
            folder / "explorer.webp",
            save_all=True,
            append_images=others,
            duration=MILLISECONDS,
            loop=0,
            quality=75,
            method=6,
        )
        page.evaluate("scrollTo(0, 0)")
        page.wait_for_timeout(300)
        shown = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
        shown.save(folder / "screenshot.webp", quality=80, method=6)
        browser.close()


if __name__ == "__main__":
    main()
