"""A local server, one browser for all the pages, and the record of what a page does wrong."""

from __future__ import annotations

import contextlib
import functools
import http.server
import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from book.downloads import BROWSERS
from tests.site import built

FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    # How far below the window pictures are fetched, in pixels, depends on the connection. Without
    # windows Chromium does not know it; let it be as near as with windows, over a fast one.
    "--blink-settings=lazyLoadingImageMarginPxUnknown=1250",
)
WIDE, PHONE = {"width": 1280, "height": 900}, {"width": 375, "height": 720}
MATHS_IS_SET = """async () => {
    if (!document.querySelector("script[src*=mathjax]")) return;
    while (!window.MathJax.startup?.promise) await new Promise(done => setTimeout(done, 10));
    await MathJax.startup.promise;
}"""
FRAMES_ALONE = """document.addEventListener("DOMContentLoaded", () => {
    for (const each of document.querySelectorAll("[data-live]")) each.removeAttribute("data-live");
});"""


Visit = Callable[..., "Visited"]
Kept = Callable[[str], "Visited"]


@dataclass
class Visited:
    """A page in the browser, what it asked the site for, and what went wrong on it so far."""

    page: Page
    asked: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test once per page of the kind that the name of its argument says."""
    for kind in ("all", "written", "generated", "notebook", "explorer"):
        name = f"{kind}_page"
        if name in metafunc.fixturenames:
            pages = getattr(built, f"{name}s")()
            skip = pytest.mark.skip(reason=f"the site has no {kind} page")
            metafunc.parametrize(name, pages or [pytest.param("", marks=skip)])


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip the tests of this folder where there is no site, and say how to build it."""
    if (built.SITE / "index.html").exists():
        return
    skip = pytest.mark.skip(reason=f"no site in {built.SITE.name}; run `make book`")
    for item in items:
        if item.path.is_relative_to(__file__.rpartition("/")[0]):
            item.add_marker(skip, append=False)


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments: Any) -> None:
        pass

    def copyfile(self, source: Any, outputfile: Any) -> None:
        with contextlib.suppress(BrokenPipeError):  # the page was closed before a picture came
            super().copyfile(source, outputfile)


@pytest.fixture(scope="package")
def address() -> Iterator[str]:
    """Serve the site from this machine, and give its address."""
    handler = functools.partial(QuietHandler, directory=built.SITE)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def executable() -> str | None:
    """Find Chromium."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Start Chromium without a network."""
    if executable() is None:
        package = BROWSERS[0]
        pytest.skip(f"none of {', '.join(BROWSERS)} is installed; on Debian: apt install {package}")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=executable(), args=list(FLAGS))
        yield chromium
        chromium.close()


@pytest.fixture(scope="package")
def contexts(browser: Browser) -> Iterator[dict[str, BrowserContext]]:
    """Open one profile for each theme, as a reader's system would choose it."""
    opened = {
        theme: browser.new_context(color_scheme=theme, viewport=WIDE) for theme in ("light", "dark")
    }
    yield opened
    for context in opened.values():
        context.close()


@pytest.fixture
def visit(contexts: dict[str, BrowserContext], address: str) -> Iterator[Visit]:
    """Open pages; each is closed at the end of the test."""
    opened: list[Page] = []

    def open_page(
        path: str,
        theme: str = "light",
        viewport: Any = WIDE,
        from_file: bool = False,
        maths: bool = True,
        live: bool = True,
    ) -> Visited:
        context = contexts[theme]
        context.set_offline(from_file)
        page = context.new_page()
        opened.append(page)
        visited = Visited(page)
        root = built.SITE.as_uri() if from_file else address
        watch(visited, root)
        page.set_viewport_size(viewport)
        if not live:  # explorers show frames, as where nothing may compute
            page.add_init_script(FRAMES_ALONE)
        if not maths:
            leave_maths(page)
        page.goto(f"{root}/{path}")
        if maths:
            page.evaluate(MATHS_IS_SET)
        else:
            assert not page.evaluate("window.MathJax?.version"), "formulas are set all the same"
        return visited

    yield open_page
    for page in opened:
        page.close()


@pytest.fixture(scope="module")
def kept(contexts: dict[str, BrowserContext], address: str) -> Iterator[Kept]:
    """Open pages without formulas, each once; they stay until the last test of the file."""
    opened: dict[str, Visited] = {}

    def open_page(path: str) -> Visited:
        context = contexts["light"]
        context.set_offline(False)
        if path not in opened:
            visited = opened[path] = Visited(context.new_page())
            watch(visited, address)
            leave_maths(visited.page)
            visited.page.goto(f"{address}/{path}")
        return opened[path]

    yield open_page
    for visited in opened.values():
        visited.page.close()


def leave_maths(pages: Page | BrowserContext) -> None:
    """Do without what takes longest, where a test looks at something else."""
    pages.route("**/mathjax/maths.js*", lambda route: route.fulfill(body=""))


def watch(visited: Visited, root: str) -> None:
    """Note every request that fails or leaves the site, and every error of a script."""

    def asked(request: Any) -> None:
        if request.url.startswith(f"{root}/"):
            visited.asked.append(request.url)
        elif not request.url.startswith(("data:", "blob:")):
            visited.faults.append(f"asks for {request.url}, which is not of the site")

    def answered(response: Any) -> None:
        if response.status >= 400:
            visited.faults.append(f"{response.url} answers {response.status}")

    def said(message: Any) -> None:
        asked_for_icon = message.location["url"].endswith("/favicon.ico")  # by Chromium itself
        if message.type in ("error", "warning") and not asked_for_icon:
            visited.faults.append(f"console {message.type}: {message.text}")

    page = visited.page
    page.on("request", asked)
    page.on("response", answered)
    page.on("console", said)
    page.on("pageerror", lambda error: visited.faults.append(f"script error: {error}"))
    page.on(
        "requestfailed",
        lambda request: visited.faults.append(f"{request.url} fails: {request.failure}"),
    )
