"""The scripts that pages load: each piece with the functions that it calls, and light."""

from __future__ import annotations

import re

import pytest

from book import live

MOST_BYTES = 120_000  # of what the front page computes with
MOST_OF_ALL = 150_000  # with the network of 1998, which a reader may ask for


@pytest.fixture(scope="module")
def scripts() -> dict[str, str]:
    with pytest.MonkeyPatch.context() as patch:
        networks = {"lenet": live.lenet, "lenet5": live.lenet5}  # what else there is takes seconds
        patch.setattr(live, "resources", lambda: networks)
        return dict(live.scripts())


def test_what_the_front_page_computes_with_is_light(scripts: dict[str, str]) -> None:
    names = ("engine", "digit", "lenet", "digit_1998", "lenet5")
    weights = {name: len(scripts[f"{name}.js"].encode()) for name in names}
    assert sum(weights[name] for name in names[:3]) < MOST_BYTES, weights
    assert sum(weights.values()) < MOST_OF_ALL, weights


def test_each_piece_finds_all_functions_that_it_calls(scripts: dict[str, str]) -> None:
    def called(text: str) -> set[str]:
        return {*re.findall(r"\blive\.(?:page\.)?\w+(?=\()", text)}

    def made(text: str) -> set[str]:
        return {*re.findall(r"^(live\.(?:page\.)?\w+) =", text, re.MULTILINE)}

    pieces = sorted((live.SOURCES / "pieces").glob("*.js"))
    assert pieces
    for path in pieces:
        before = scripts.get(f"{path.stem.rpartition('_')[0]}.js", "")
        script = scripts["engine.js"] + before + scripts[path.name]
        assert called(script) <= made(script), path.name


def test_a_piece_brings_what_runs_elsewhere_by_its_name(scripts: dict[str, str]) -> None:
    assert "live.rasterize = " in scripts["digit.js"]  # readStrokes calls it
    assert "live.conv2d" in scripts["engine.js"] + scripts["digit.js"]  # so does live.layer
    assert "live.canny = " not in scripts["engine.js"] + scripts["digit.js"]
    names = live.needed('live.page.run("gaussian_blur", x);')
    assert {"live.gaussian_blur", "live.pad", "live.rint"} <= names
    assert live.needed('// live.blur(x)\nbox.addEventListener("blur", stop);') == set()
    taken = live.needed("const { show, list } = live.page;")
    assert taken == {f"live.page.{name}" for name in ("show", "paint", "packed", "list", "element")}


def test_comments_and_indents_stay_at_home(scripts: dict[str, str]) -> None:
    for name, text in scripts.items():
        assert not re.search(r"^ |^//", text, re.MULTILINE), name
