"""The scripts that pages load: each piece with the functions that it calls, and light."""

from __future__ import annotations

import re

import pytest

from book import live

MOST_BYTES = 120_000  # of what the front page computes with


@pytest.fixture(scope="module")
def scripts() -> dict[str, str]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(live, "resources", lambda: {"lenet": live.lenet})  # the others take seconds
        return dict(live.scripts())


def test_what_the_front_page_computes_with_is_light(scripts: dict[str, str]) -> None:
    weights = {name: len(scripts[f"{name}.js"].encode()) for name in ("engine", "digit", "lenet")}
    assert sum(weights.values()) < MOST_BYTES, weights


def test_each_piece_finds_all_functions_that_it_calls(scripts: dict[str, str]) -> None:
    def called(text: str) -> set[str]:
        return {*re.findall(r"\blive\.(?:page\.)?\w+(?=\()", text)}

    def made(text: str) -> set[str]:
        return {*re.findall(r"^(live\.(?:page\.)?\w+) =", text, re.MULTILINE)}

    pieces = sorted((live.SOURCES / "pieces").glob("*.js"))
    assert pieces
    for path in pieces:
        script = scripts["engine.js"] + scripts[path.name]
        assert called(script) <= made(script), path.name


def test_a_piece_brings_what_runs_elsewhere_by_its_name(scripts: dict[str, str]) -> None:
    assert "live.rasterize = " in scripts["digit.js"]  # readStrokes calls it
    assert "live.conv2d" in scripts["engine.js"] + scripts["digit.js"]  # so does live.layer
    assert "live.canny = " not in scripts["engine.js"] + scripts["digit.js"]
    names = {path.stem for path in live.needed('live.page.run("gaussian_blur", x);')}
    assert "smoothing" in names
    assert live.needed('// live.blur(x)\nbox.addEventListener("blur", stop);') == set()
    taken = {path.stem for path in live.needed("const { show, list } = live.page;")}
    assert taken == {"controls", "tensor"}  # controls calls live.tensor


def test_comments_stay_at_home(scripts: dict[str, str]) -> None:
    for name, text in scripts.items():
        assert not re.search(r"^ *//", text, re.MULTILINE), name
