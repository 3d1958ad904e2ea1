"""The files around the code agree with each other: versions, lock, commands, links, shelves."""

from __future__ import annotations

import itertools
import json
import os
import re
import shutil
import stat
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from conftest import unit
from tests import imports
from tests.checkout import ROOT, name_of, project, project_files, run, workflow_steps

PYTHONS = ("3.11", "3.12", "3.13")
TARGETS = (
    *("book", "serve", "lab", "test", "execute", "lock", "format", "lint", "linkcheck", "clean"),
    *("environment", "coverage", "downloads", "notebooks", "machines", "release-check"),
)
DOCUMENTS = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")]

# A chapter whose module bears another name, or that has none.
MODULES: dict[str, str | None] = {
    "networks/clothes": "mlp",
    "practice/compression": "quantization",
    "practice/privacy": "differential_privacy",
    "practice/robustness": "adversarial",
}


# ---------------------------------------------------------------------------- versions and lock


def lock_lines() -> list[str]:
    text = (ROOT / "requirements.lock").read_text("utf-8").replace("\\\n", " ")
    return [line for line in text.splitlines() if line.strip()]


def locked(python: str) -> dict[str, str]:
    """Read which versions the lock gives that Python on this kind of machine."""
    environment = {"python_version": python, "python_full_version": f"{python}.0"}
    versions: dict[str, str] = {}
    for line in lock_lines():
        requirement = Requirement(line.split("--hash")[0])
        if requirement.marker is None or requirement.marker.evaluate(environment):
            name = canonicalize_name(requirement.name)
            assert name not in versions, f"the lock gives {name} twice to Python {python}"
            versions[name] = str(requirement.specifier).removeprefix("==")
    return versions


def test_lock_pins_every_version_with_its_hashes() -> None:
    lines = lock_lines()
    assert len(lines) > 100
    for line in lines:
        requirement, *hashes = line.split("--hash=")
        pins = list(Requirement(requirement).specifier)
        assert [pin.operator for pin in pins] == ["=="], line
        assert "*" not in pins[0].version, line
        assert hashes, line
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", value.strip()) for value in hashes), line


def test_lock_names_no_place_to_install_from() -> None:
    text = (ROOT / "requirements.lock").read_text("utf-8")
    assert not re.search(r"://|^\s*-(?!-hash=sha256:)|@", text, re.MULTILINE)


@pytest.mark.parametrize("python", PYTHONS)
def test_lock_satisfies_what_the_project_asks_for(python: str) -> None:
    asked = project()["project"]
    versions = locked(python)
    lists = [asked["dependencies"], *asked["optional-dependencies"].values()]
    requirements = list(itertools.chain.from_iterable(lists))
    assert len(requirements) > 20
    for requirement in map(Requirement, requirements):
        version = versions.get(canonicalize_name(requirement.name))
        assert version is not None, f"the lock lacks {requirement}; run `make lock`"
        assert requirement.specifier.contains(version, prereleases=True), (
            f"the lock has {requirement.name} {version}, asked for is {requirement}"
        )


def test_every_tested_python_is_one_the_project_supports() -> None:
    supported = SpecifierSet(project()["project"]["requires-python"])
    tests = yaml.safe_load((ROOT / ".github/workflows/tests.yml").read_text("utf-8"))
    tried = tests["jobs"]["test"]["strategy"]["matrix"]["python-version"]
    assert {tried[0], tried[-1]} == {PYTHONS[0], PYTHONS[-1]}
    assert all(version in supported for version in (*tried, *PYTHONS))
    assert "3.10" not in supported


def test_conda_installs_the_lock_and_nothing_else() -> None:
    environment = yaml.safe_load((ROOT / "environment.yml").read_text("utf-8"))
    python, pip, packages = environment["dependencies"]
    assert re.fullmatch(r"python=3\.\d+", python)
    assert python.partition("=")[2] in SpecifierSet(project()["project"]["requires-python"])
    assert pip == "pip"
    assert packages == {"pip": ["--requirement requirements.lock"]}
    assert f"conda activate {environment['name']}\n" in (ROOT / "README.md").read_text("utf-8")


def test_binder_installs_the_package_after_the_lock() -> None:
    script = ROOT / "postBuild"
    assert script.stat().st_mode & stat.S_IXUSR
    assert script.read_text("utf-8").endswith("pip install --no-deps --editable .\n")


def test_one_version_everywhere() -> None:
    import cvlib

    version = project()["project"]["version"]
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    entries = re.findall(r"^## \[(.+?)\]", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    assert {cvlib.__version__, citation["version"], entries[0]} == {version}


def test_notebooks_install_this_version_where_it_is_missing() -> None:
    version = project()["project"]["version"]
    notebooks = list((ROOT / "book").rglob("*.ipynb"))
    for notebook in notebooks:
        cells = json.loads(notebook.read_text("utf-8"))["cells"]
        first = next("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
        extra = "[practice]" if notebook.parent.name == "practice" else ""
        wanted = [f"cvlib-course{extra}=={version}"]
        assert re.findall(r"cvlib-course\S*==[\w.]+", first) == wanted, name_of(notebook)
    assert notebooks, "the book has no notebook"


def test_wheel_holds_the_package_and_nothing_else(tmp_path: Path) -> None:
    files = [path for path in project_files() if path.is_relative_to(ROOT / "cvlib")]
    for path in [*files, *(ROOT / name for name in ("pyproject.toml", "README.md", "LICENSE"))]:
        copy = tmp_path / "source" / path.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)
    options = ("--no-deps", "--no-index", "--no-build-isolation", "--quiet", "--wheel-dir")
    run(sys.executable, "-m", "pip", "wheel", *options, tmp_path, tmp_path / "source")
    (wheel,) = tmp_path.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {n for n in names if ".dist-info/" not in n} == {name_of(path) for path in files}
    assert any(n.endswith(".dist-info/licenses/LICENSE") for n in names)


# ---------------------------------------------------------------------------- make


def make_calls() -> Iterator[tuple[str, str]]:
    """Find where a file tells a machine or a reader to make something."""
    yield from ((path, step["run"]) for path, step in workflow_steps() if "run" in step)
    yield ".ci/run", (ROOT / ".ci/run").read_text("utf-8")
    for path in [*DOCUMENTS, ROOT / "book/index.md"]:
        text = path.read_text("utf-8")
        blocks = re.findall(r"^```\w*\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
        yield from ((name_of(path), code) for code in [*blocks, *re.findall(r"`([^`\n]+)`", text)])


@pytest.mark.parametrize("target", TARGETS)
def test_make_knows_the_target(target: str) -> None:
    run("make", "--dry-run", target)


def test_every_make_command_that_is_told_exists() -> None:
    rules = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    told = [
        (path, target)
        for path, text in make_calls()
        for targets in re.findall(r"^\s*(?:exec )?make ((?:[a-z-]+ ?)+)", text, re.MULTILINE)
        for target in targets.split()
    ]
    assert {"test", "book", "execute", "lock"} <= {target for _, target in told}
    assert [(path, target) for path, target in told if target not in rules] == []


# ---------------------------------------------------------------------------- what is written


def test_readme_tells_numbers_that_were_recorded() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    (table,) = re.findall(r"^\| \| published.*?(?=\n\n)", text, re.DOTALL | re.MULTILINE)
    told = re.findall(r"(\d+\.\d(?: ± \d\.\d)?) %", table)

    def recorded(name: str, *path: str) -> str:
        found = json.loads((ROOT / f"results/{name}.json").read_text("utf-8"))["results"]
        for part in path:
            found = found[part]
        mean = found.get("test_accuracy_mean", found.get("test_accuracy"))
        spread = found.get("test_accuracy_standard_deviation")
        return f"{mean:.1%}".rstrip("%") + (f" ± {spread:.1%}".rstrip("%") if spread else "")

    published = ["72.8", "83.5"]  # the page of results has their sources
    assert told == [
        *published,
        recorded("recipes", "textbook", "sigmoid, average pooling, SGD 0.1"),
        recorded("clothes", "fair", "CNN"),
        recorded("cifar10", "steps", "the tutorial's loop"),
        recorded("cifar10", "steps", "plain network"),
    ]
    chapter = json.loads((ROOT / "book/layers/cost.ipynb").read_text("utf-8"))
    printed = "".join(str(cell.get("outputs")) for cell in chapter["cells"])
    (numbers,) = re.findall(r"([\d,]+) numbers, \d+ MB per picture", printed)
    assert f"| {int(numbers.replace(',', '')) / 1e6:.1f} million" in table


def foreign_places() -> dict[str, str]:
    """Say which hosts and folders are a machine's, not the project's, and by which pattern."""
    hosts = {".".join(parts) for parts in (("pypi", "org"), ("pythonhosted", "org"))}
    hosts |= {".".join(parts) for parts in (("npmjs", "org"), ("anaconda", "org"))}
    folders = {ROOT, ROOT.parent, Path.home(), Path(tempfile.gettempdir())}
    configured = run(sys.executable, "-m", "pip", "config", "list")
    for url in re.findall(r"\w+://[^\s']+", configured):
        place = urlsplit(url)
        folders |= set() if place.hostname else {Path(place.path).parent}
        hosts |= {place.hostname} if place.hostname else set()
    folder_names = [str(folder) for folder in folders if len(folder.parts) > 1]
    return {host: rf"\b{re.escape(host)}\b" for host in hosts} | {
        name: rf"(?:file://|(?<![\w.~$}}/-])){re.escape(name)}(?![\w-])" for name in folder_names
    }


def test_no_file_names_a_registry_or_a_folder_of_a_machine() -> None:
    anywhere = foreign_places()
    before = r"(?:file://|(?<![\w.~/-]))"
    usual = {f"/{name}/": rf"{before}/{name}/\w" for name in ("root", "home", "Users")}
    usual["Users\\"] = r"[A-Z]:\\+Users\\"
    read = 0
    for path in project_files():
        try:
            text = path.read_text("utf-8")
        except UnicodeDecodeError:
            continue
        read += 1
        tests = path.is_relative_to(ROOT / "tests")  # they plant such folders, to see them found
        for name, pattern in (anywhere if tests else anywhere | usual).items():
            found = name in text and re.search(pattern, text)  # `in` is a hundred times as fast
            assert not found, f"{name_of(path)} names {found[0] if found else ''}"
    assert read > 30


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_every_relative_link_leads_to_a_file(document: Path) -> None:
    text = document.read_text("utf-8")
    links = re.findall(r"\]\(<?([^)>\s]+)", text) + re.findall(r"\b(?:src|href)=\"([^\"]+)", text)
    links += re.findall(r"^\[[^\]]+\]:\s*(\S+)", text, re.MULTILINE)
    assert links
    for link in links:
        target = link.partition("#")[0]
        if target and not urlsplit(target).scheme:
            assert (document.parent / target).exists(), f"{name_of(document)} links to {link}"


# ---------------------------------------------------------------------------- the package


def test_import_is_light() -> None:
    code = (
        "import sys; before = set(sys.modules); import cvlib; "
        "print(*sorted(set(sys.modules) - before))"
    )
    loaded = run(sys.executable, "-c", code).split()
    foreign = {name.partition(".")[0] for name in loaded} - sys.stdlib_module_names
    assert foreign == {"cvlib"}
    assert [name for name in loaded if name.startswith("cvlib.")] == []
    assert len(loaded) < 60, loaded


def test_imports_lead_down() -> None:
    found = imports.arrows()
    assert [(arrow, found[arrow]) for arrow in imports.wrong(found)] == []


def test_the_drawing_of_the_imports_is_that_of_today() -> None:
    text = imports.DOCUMENT.read_text("utf-8")
    told = "CONTRIBUTING.md draws other imports; run `python -m tests.imports --write`"
    assert imports.written(text, imports.drawing(imports.arrows())) == text, told


def test_an_import_that_leads_up_or_aside_is_found(tmp_path: Path) -> None:
    for name, line in (
        ("layers/cost.py", "import cvlib.training.loop"),
        ("layers/pooling.py", "from cvlib.files import expect_path"),
        ("images/files.py", "def late():\n    from cvlib import device, layers"),
        ("training/__main__.py", "from cvlib.__main__ import renamed"),
        ("files.py", "from cvlib.records import summary"),
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(line)
    found = imports.arrows(tmp_path)
    assert found["layers", "training"] == ["layers/cost.py"]
    assert set(imports.wrong(found)) == {
        ("layers", "training"),
        ("images", "layers"),
        ("ground", "command line"),
    }
    assert "1  layers        imports ground, training\n" in imports.drawing(found)


def test_a_module_without_a_room_and_a_text_without_a_place_are_named(tmp_path: Path) -> None:
    (tmp_path / "attic.py").touch()
    with pytest.raises(LookupError, match=r"cvlib\.attic stands in no room"):
        imports.arrows(tmp_path)
    with pytest.raises(ValueError, match="text has no place for the drawing"):
        imports.written("text", "drawing")
    kept = f"one\n{imports.BEGIN}old\n{imports.END}two\n"
    assert imports.written(kept, "new\n") == kept.replace("old", "new")


# ---------------------------------------------------------------------------- the shelves


def chapters() -> list[str]:
    notebooks = (ROOT / "book").rglob("*.ipynb")
    return sorted(path.relative_to(ROOT / "book").with_suffix("").as_posix() for path in notebooks)


def test_every_chapter_has_its_module_and_its_tests() -> None:
    assert chapters()
    for chapter in chapters():
        room, name = chapter.split("/")
        if name == room:  # it stands for the whole room, and every module has its tests
            modules = {path.stem for path in (ROOT / f"cvlib/{room}").glob("*.py")} - {"__init__"}
            tested = {path.stem for path in (ROOT / f"tests/{room}").glob("test_*.py")}
            assert modules, f"{chapter} has no room"
            assert f"test_{name}" not in tested, f"{chapter} has a module of its own"
            assert {f"test_{module}" for module in modules} <= tested, f"{chapter} lacks tests"
            continue
        module = MODULES.get(chapter, name)
        if module is None:
            assert not (ROOT / f"cvlib/{room}/{name}.py").exists(), f"{chapter} has a module"
            continue
        assert (ROOT / f"cvlib/{room}/{module}.py").is_file(), f"{chapter} has no module"
        assert (ROOT / f"tests/{room}/test_{module}.py").is_file(), f"{chapter} has no tests"


def test_every_page_stands_in_the_table_of_contents() -> None:
    listed = re.findall(
        r"^\s*-?\s*(?:root|file): *(\S+)$", (ROOT / "_toc.yml").read_text("utf-8"), re.MULTILINE
    )
    pages = [p for p in project_files() if p.is_relative_to(ROOT / "book")]
    names = [name_of(p.with_suffix("")) for p in pages if p.suffix in {".md", ".ipynb"}]
    assert sorted(names) == sorted(listed)


# ---------------------------------------------------------------------------- how the tests run


def test_a_process_has_as_many_threads_as_it_was_given() -> None:
    import cv2
    import torch

    assert torch.get_num_threads() == int(os.environ["OMP_NUM_THREADS"])
    assert cv2.getNumThreads() == int(os.environ["OPENCV_FOR_THREADS_NUM"])


def test_a_worker_takes_a_file_or_all_that_share_a_browser() -> None:
    units = [unit(f"{name}::test[a::b]") for name in ("tests/test_a.py", "book/a.ipynb")]
    assert units == ["tests/test_a.py", "book/a.ipynb"]
    assert {unit(f"tests/site/test_{name}.py::test") for name in "ab"} == {"tests/site/"}
