"""Make what a reader can take away: a PDF, an EPUB and all notebooks.

``python -m book.downloads`` makes them in ``_build/downloads`` from the pages
in ``_build/html``, offline. The pages become one, without what only a screen
can do. Chromium prints it; pandoc binds it for readers of EPUB.
"""

from __future__ import annotations

import argparse
import functools
import posixpath
import re
import shutil
import sys
import tempfile
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from urllib.parse import urlsplit

import yaml
from bs4 import BeautifulSoup, Tag

from book import plain

ROOT = Path(__file__).resolve().parents[1]
SITE = ROOT / "_build/html"
TITLE = "Computer vision with PyTorch"
NAME = "cvlib-course"
#: The published site, to which links lead that leave the book.
ADDRESS = "https://cvlib-course.github.io/cvlib-course/"
#: Chromium without windows comes first: it draws the same with less work.
BROWSERS = (
    "chromium-headless-shell",
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
)
# What does something only on a screen, or is for one of another width.
ON_SCREEN = (
    "script, style, source, [hidden], .headerlink, .explorer-controls, "
    ".explorer-told, button, .map-picture, .sd-stretched-link"
)


def pages() -> list[str]:
    """List the pages of the book in reading order, without the package's.

    Returns
    -------
    list of str
        Paths below the site, without their ends.
    """
    contents = yaml.safe_load((ROOT / "_toc.yml").read_text("utf-8"))
    chapters = [
        chapter["file"]
        for part in contents["parts"]
        for chapter in part["chapters"]
    ]
    return [
        contents["root"],
        *(name for name in chapters if not name.startswith("book/api")),
    ]


def mark(page: str, anchor: str = "") -> str:
    """Name a place of a page in the one that holds all."""
    key = page.removeprefix("book/").replace("/", "-")
    return f"{key}--{anchor}" if anchor else key


def article(site: Path, page: str, included: Iterable[str]) -> Tag:
    """Cut a page's text out, with names and links that hold among all others.

    Parameters
    ----------
    site
        The rendered site.
    page
        A path below it, without its end.
    included
        The pages among which links stay; others lead to the published site.

    Returns
    -------
    bs4.Tag
        An ``article``.
    """
    path = site / f"{page}.html"
    soup = BeautifulSoup(path.read_text("utf-8"), "html.parser")
    text = soup.select_one("article.bd-article")
    if text is None:
        raise ValueError(f"{path} has no article")
    for each in text.select(ON_SCREEN):
        each.decompose()
    for each in text.select("details.hide"):
        each["open"] = ""
        each.summary.decompose()
    for each in text.select(".quiz"):
        _answer(each)
    for each in text.select("[id]"):
        each["id"] = mark(page, str(each["id"]))
    for each in text.select("section[id], div[id]"):
        place = _anchor(each["id"])
        heading = each.find(re.compile("^h[1-6]$"))
        if heading:
            heading.insert(0, place)
        else:
            each.insert_before(place)
        del each["id"]
    for each in text.select("section"):  # EPUB is bound by headings
        each.unwrap()
    text.find("h1")["id"] = mark(page)
    for each in text.select("img"):
        for passing in ("loading", "style"):
            del each[passing]
        each["src"] = posixpath.normpath(
            posixpath.join(posixpath.dirname(page), str(each["src"]))
        )
    for each in text.select("a[href]"):
        each["href"] = _link(page, str(each["href"]), {*included})
    return text


def _answer(quiz: Tag) -> None:
    """List the choices of a question, and the answer below them."""
    make = BeautifulSoup("", "html.parser").new_tag
    choices, answer = make("ul"), make("p")
    for each in quiz.select("details"):
        choice = make("li")
        choice.extend([*each.summary.contents])
        choices.append(choice)
        if each.strong.string == "Right.":
            each.strong.string = f"Answer: {choice.get_text()}."
            answer.extend([*each.p.contents])
        each.decompose()
    quiz.extend([choices, answer])
    cell = quiz.find_parent(class_="cell")
    for each in cell.select("details.hide") if cell else ():
        each.decompose()


def _anchor(name: object) -> Tag:
    """Make a place for links to lead to."""
    return BeautifulSoup("", "html.parser").new_tag("span", id=str(name))


def _link(page: str, link: str, included: set[str]) -> str:
    parts = urlsplit(link)
    if parts.scheme or parts.netloc:
        return link
    path = posixpath.normpath(
        posixpath.join(posixpath.dirname(page), parts.path)
        if parts.path
        else f"{page}.html"
    )
    name = path.removesuffix(".html")
    if name in included:
        return f"#{mark(name, parts.fragment)}"
    return f"{ADDRESS}{path}" + (
        f"#{parts.fragment}" * bool(parts.fragment)
    )


def whole(site: Path, names: Sequence[str]) -> str:
    """Join pages to one.

    Parameters
    ----------
    site
        The rendered site.
    names
        The pages, in order.

    Returns
    -------
    str
        HTML that uses the site's style, script of formulas and pictures, as a
        page that lies at the site's root.
    """
    page = (site / f"{names[0]}.html").read_text("utf-8")
    (settings,) = re.findall(r"<script>window.MathJax.*?</script>", page)
    articles = "\n".join(str(article(site, name, names)) for name in names)
    return (
        f'<!DOCTYPE html><html lang="en" data-theme="light"><head>'
        f'<meta charset="utf-8" /><title>{TITLE}</title>'
        f'<link rel="stylesheet" href="_static/book.css" />'
        f"<style>article {{break-before: page}}"
        f"article:first-of-type {{break-before: auto}}"
        f"body {{font-size: 10pt}}</style>"
        f"{settings}"
        f'<script defer src="_static/mathjax/maths.js"></script></head>'
        f'<body><main class="bd-content">{articles}</main></body></html>'
    )


def pdf(source: Path, target: Path) -> None:
    """Print a page, with an outline of its sections.

    Parameters
    ----------
    source
        What :func:`whole` made.
    target
        The PDF to write.
    """
    from playwright.sync_api import sync_playwright

    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        raise FileNotFoundError(
            f"none of {', '.join(BROWSERS)} is installed; "
            "on Debian: apt-get install chromium-headless-shell"
        )
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=browser,
            args=["--no-sandbox", "--allow-file-access-from-files"],
        )
        page = chromium.new_context(offline=True).new_page()
        page.set_default_timeout(600_000)
        page.goto(source.as_uri())
        page.evaluate("MathJax.startup.promise")
        page.evaluate(
            "Promise.all([...document.images].map(each => each.decode()))"
        )
        page.pdf(
            path=target,
            format="A4",
            margin=dict.fromkeys(("top", "left", "right"), "18mm")
            | {"bottom": "20mm"},
            print_background=True,
            outline=True,
            tagged=True,
            display_header_footer=True,
            header_template="<span></span>",
            footer_template=(
                '<div style="font-size: 8pt; width: 100%; text-align: center">'
                '<span class="pageNumber"></span></div>'
            ),
        )
        chromium.close()


def epub(source: Path, target: Path, cover: Path) -> None:
    """Bind a page for readers of EPUB, its formulas as MathML.

    Parameters
    ----------
    source
        What :func:`whole` made.
    target
        The EPUB to write.
    cover
        The picture of its cover.
    """
    import pypandoc

    pypandoc.convert_file(
        str(source),
        "epub3",
        format="html+tex_math_single_backslash-native_divs",
        outputfile=str(target),
        extra_args=[
            "--mathml",
            "--toc",
            "--toc-depth=2",
            "--split-level=1",
            f"--epub-cover-image={cover}",
            f"--metadata=title:{TITLE}",
            "--metadata=author:The cvlib-course authors",
            "--metadata=lang:en",
            "--metadata=rights:CC BY 4.0",
            f"--resource-path={source.parent}",
            "--quiet",
        ],
    )


def archive(folder: Path, target: Path) -> None:
    """Put all files of a folder into one archive, alike from run to run.

    Parameters
    ----------
    folder
        The folder.
    target
        The archive to write.
    """
    with zipfile.ZipFile(target, "w") as made:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                name = f"{NAME}/{path.relative_to(folder).as_posix()}"
                made.writestr(
                    zipfile.ZipInfo(name),
                    path.read_bytes(),
                    zipfile.ZIP_DEFLATED,
                )


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        description="Make the PDF, the EPUB and the archive of the book."
    )
    parser.add_argument("folder", type=Path, help="where to write them")
    parser.add_argument("--pages", nargs="+", help="some pages only")
    options = parser.parse_args(arguments)
    if not SITE.is_dir():
        sys.exit("the book is not rendered; run: make book")
    folder = options.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=".unfinished-", dir=folder))
    for part in ("_images", "_static"):
        shutil.copytree(SITE / part, work / part)
    source = work / "whole.html"
    source.write_text(whole(SITE, options.pages or pages()), "utf-8")
    notebooks = work / "notebooks"
    list(plain.write(notebooks))
    steps = {
        "pdf": functools.partial(pdf, source),
        "epub": functools.partial(
            epub, source, cover=ROOT / "book/cover.png"
        ),
        "zip": functools.partial(archive, notebooks),
    }
    for kind, make in steps.items():
        unfinished, target = (
            work / f"{NAME}.{kind}",
            folder / f"{NAME}.{kind}",
        )
        make(target=unfinished)
        unfinished.replace(target)
        print(f"{target.stat().st_size / 2**20:6.1f} MB  {target.name}")
    shutil.rmtree(work)


if __name__ == "__main__":
    main()
