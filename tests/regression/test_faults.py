"""Plant faults in copies of a notebook that ran, run pytest over them, and see each one told."""

from __future__ import annotations

import copy
import os
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode

from book import execute

ROOT = Path(__file__).parents[2]
CELLS = {
    "import": (
        "import base64, io, os, pathlib, time\n"
        "import numpy as np\n"
        "from IPython.display import HTML, display\n"
        "from PIL import Image\n"
        "from cvlib.figures import new_figure, use_style\n"
        "%matplotlib inline\n"
        "use_style()\n"
        "noise, slope, place = 0.0, 1.0, 8"
    ),
    "integers": "print('weights', (3, 4), 'parameters', 61706)",
    "decimals": "print(f'mean {1 / 3 + noise:.6f} of 12'); np.arange(1, 4) / 7 + noise",
    "figure": (
        "import matplotlib.pyplot as plt\n"
        "plt.plot([0, 1], [0, slope])\n"
        "plt.ylim(0, 1)\n"
        "plt.title('A line');"
    ),
    "curves": (
        "figure, ((left, middle, right),) = new_figure(1, 3, title='Three curves of 25 points')\n"
        "x = np.linspace(0, 1, 25)\n"
        "for power, word in enumerate(['one', 'two', 'three'], 1):\n"
        "    left.plot(x, x**power, label=word)\n"
        "left.set(xlabel='epoch', ylabel='loss')\n"
        "left.legend()\n"
        "middle.imshow(np.arange(400).reshape(20, 20) / 400, cmap='gray', vmin=0, vmax=1)\n"
        "middle.text(3, 4, '17')\n"
        "middle.text(5, 6, '18')\n"
        "right.bar(['a', 'b', 'c'], [0.5, 0.8, 0.65])\n"
        "figure"
    ),
    "frames": (
        "from cvlib.figures import explore\n"
        "shades = {10: 100, 20: 108, 30: 116}\n"
        "def square(level):\n"
        "    return np.full((32, 32), shades[level], np.uint8)\n"
        "explore(square, alt='A square of level {level}', title='Greys', level=[10, 20, 30])"
    ),
    "measured": (
        "from cvlib.book import expect\n"
        "losses = np.array([0.61234, 0.31234, 0.21234]) + noise\n"
        "expect(losses, between=(0.2, 0.7), label='loss')\n"
        "figure, axes = new_figure()\n"
        "axes[0, 0].plot([1, 2, 3], losses)\n"
        "axes[0, 0].plot([1, 2, 3], [0.7, 0.6, 0.5])\n"
        "figure"
    ),
    "time": "print(f'it took ≈ {time.perf_counter() % 1:.3f} s')",
    "band": (
        "from cvlib.book import expect\n"
        "accuracy = 0.5\n"
        "expect(accuracy, between=(0.4, 0.6), label='accuracy')"
    ),
    "updated": "handle = display(0, display_id=True)",
    "updates": "handle.update(1)",
    "html": (
        "picture = np.full((64, 64, 3), 30, np.uint8)\n"
        "picture[place:place + 16] = 255, 120, 0\n"
        "buffer = io.BytesIO()\n"
        "Image.fromarray(picture).save(buffer, 'webp')\n"
        "frame = base64.b64encode(buffer.getvalue()).decode()\n"
        "HTML(f'<p>A band</p><img src=\"data:image/webp;base64,{frame}\">')"
    ),
    "address": "object()",
    "faces": (
        "view = {'model_id': os.urandom(4).hex(), 'version_major': 2, 'version_minor': 0}\n"
        "display({'application/vnd.jupyter.widget-view+json': view,\n"
        "         'text/html': '<b>two faces</b>'}, raw=True)"
    ),
    "semicolon": "np.arange(3);",
    "product": (
        "import torch\n"
        "_ = torch.manual_seed(0)\n"
        "pictures, weights = torch.rand(512, 3072), torch.randn(3072, 512)\n"
        "product = (pictures @ weights).relu()\n"
        "print(product.mean(), product[:3, :4], product.sum(), sep='\\n')\n"
        "images = torch.rand(16, 3, 32, 32)\n"
        "torch.nn.functional.conv2d(images, torch.rand(8, 3, 5, 5)).std()"
    ),
    "threads": "_ = pathlib.Path('threads').write_text(str(torch.get_num_threads()))",
    "last": "print('the end')",
}


@dataclass
class Verdict:
    """What pytest says of a cell."""

    outcome: str
    message: str
    seconds: float


Verdicts = dict[str, dict[str, Verdict]]
Edit = Callable[[NotebookNode], object]


def source(old: str, new: str) -> Edit:
    def edit(cell: NotebookNode) -> None:
        assert cell.source.count(old) == 1
        cell.source = cell.source.replace(old, new)

    return edit


def after(line: str) -> Edit:
    """Put a line before the last, which shows the figure."""
    return lambda cell: cell.update(source=cell.source.removesuffix("figure") + f"{line}\nfigure")


def stored(**changed: object) -> Edit:
    return lambda cell: cell.update(changed)


def metadata(**nbval: object) -> Edit:
    return lambda cell: cell.metadata.update(nbval=nbval)


FONT = (
    "import cvlib.figures.style\n"
    "cvlib.figures.style.STYLE['font.family'] = 'DejaVu Serif'\n"
    "use_style()\n"
)
# The fault's name, the cell it is planted in, what is done to it, what must be said.
FAULTS: list[tuple[str, str, list[Edit], str]] = [
    ("integer", "integers", [source("61706", "61707")], "came   | weights (3, 4) parameters 61707"),
    ("shape", "integers", [source("(3, 4)", "(4, 3)")], "stored | weights (3, 4) parameters 61706"),
    ("decimal", "decimals", [source("+ noise:", "+ 1e-4:")], "was 0.333333, is 0.333433"),
    ("array", "decimals", [source("7 + noise", "7 + 1e-4")], "decimal 1 of 3 was 0.14285714"),
    (
        "stated",
        "decimals",
        [source("+ noise:", "+ 1e-5:"), metadata(rtol=0, atol=1e-8)],
        "1e-08 allowed",
    ),
    ("axis label", "curves", [source("'epoch'", "'step'")], "x label: the text differs"),
    ("legend", "curves", [source("left.legend()", "left")], "lacks legend"),
    ("legend text", "curves", [source("'two'", "'too'")], "legend: the text differs"),
    ("colour map", "curves", [source("'gray'", "'viridis'")], "colours: the text differs"),
    (
        "curve",
        "curves",
        [source("x**power,", "x**power * (1 + 0.02 * (power == 2)),")],
        "lines 2, y",
    ),
    (
        "curve absent",
        "curves",
        [source("['one', 'two', 'three']", "['one', 'two']")],
        "legend: the text differs",
    ),
    (
        "bar",
        "curves",
        [source("0.8", "0.824")],
        "Rectangle #0072b2, number 8 of 12 was 0.8, is 0.824",
    ),
    ("caption", "curves", [source("of 25", "of 26")], "title: the text differs"),
    ("number in a matrix", "curves", [source("'18'", "'19'")], "texts: the text differs"),
    ("tick", "curves", [source("'c']", "'d']")], "x ticks: the text differs"),
    ("brighter", "curves", [source("/ 400", "/ 400 + 15 / 255")], "a field differs by 15"),
    (
        "frames exchanged",
        "frames",
        [source("108, 30: 116", "116, 30: 108")],
        "frames 2, thumbnail: a field differs by 8",
    ),
    ("other curve", "measured", [source("0.6, 0.5]", "0.62, 0.5]")], "lines 2, y"),
    ("out of it", "measured", [source("losses)\n", "losses - 0.2)\n")], "lines 1, y"),
    ("typo", "decimals", [metadata(rtoll=1)], "expected atol, levels, rtol"),
    ("slope", "figure", [source("slope", "slope / 2")], "figure, axes 1, lines 1"),
    ("frame", "html", [source("[place:", "[40:")], "embedded picture 1 of 1: the picture differs"),
    ("colours", "html", [source("255, 120, 0", "0, 120, 255")], "of 255 levels"),
    ("html", "html", [source("A band", "A bend")], "came   | <p>A bend</p>"),
    ("removed", "integers", [stored(outputs=[])], "stored: no output\ncame:   stdout"),
    (
        "silent",
        "integers",
        [source("print(", "'{} {} {} {}'.format(")],
        "stored: stdout\ncame:   text/plain",
    ),
    (
        "warning",
        "integers",
        [source("print", "os.system('echo ! >&2'); print")],
        "came stderr | !",
    ),
    ("uncounted", "integers", [stored(execution_count=None)], "never run"),
    ("exception", "integers", [source("(3, 4)", "1 / 0")], "raised ZeroDivisionError"),
    ("band", "band", [source("0.5", "0.7")], "accuracy is 0.7, outside the band from 0.4 to 0.6"),
]
HARMLESS: list[tuple[str, str, list[Edit]]] = [
    ("noise", "decimals", [source("7 + noise", "7 + 2e-7")]),
    ("wide", "decimals", [source("+ noise:", "+ 1e-3:"), metadata(rtol=0.1)]),
    ("measured", "band", [source("0.5", "0.45")]),
    ("shade", "html", [source("255, 120, 0", "255, 130, 0")]),
    ("lenient", "html", [source("[place:", "[40:"), metadata(levels=255)]),
    ("resolution", "curves", [source("figure, ((", "figure, (("), after("figure.dpi = 100")]),
    ("font", "curves", [source("figure, ((", FONT + "figure, ((")]),
    ("measured curve", "measured", [source("+ noise", "+ 0.05")]),
]


# What weakens a promise, planted in the cell "band": what must be said.
WEAKER: list[tuple[str, str, list[Edit], str]] = [
    ("widened", "band", [source("(0.4", "(0.1")], "came:   In [{}] accuracy: 0.1 to 0.6"),
    (
        "deleted",
        "band",
        [
            source(
                "expect(accuracy, between=(0.4, 0.6), label='accuracy')", "print('accuracy ≈ 0.5')"
            )
        ],
        "ledger: In [{}] accuracy: 0.4 to 0.6",
    ),
]


@pytest.fixture(scope="module")
def notebook(tmp_path_factory: pytest.TempPathFactory) -> NotebookNode:
    path = tmp_path_factory.mktemp("original") / "original.ipynb"
    cells = [nbformat.v4.new_code_cell(text, id=name) for name, text in CELLS.items()]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    execute.execute(path)
    assert path.with_name("threads").read_text() == "1"
    return nbformat.read(path, as_version=4)


def count_of(notebook: NotebookNode, name: str) -> int:
    return next(cell.execution_count for cell in notebook.cells if cell.id == name)


def copy_with(notebook: NotebookNode, plans: Sequence[tuple]) -> NotebookNode:
    """Keep the first cell, then follow each edited cell by the last, which is whole.

    No cell of a copy imports torch: a kernel then starts in a third of the time.
    """
    cells = {cell.id: cell for cell in notebook.cells}
    changed = copy.deepcopy(notebook)
    changed.cells = [cells["import"]]
    for number, (_, name, edits, *_) in enumerate(plans):
        faulty, whole = copy.deepcopy([cells[name], cells["last"]])
        faulty.id, whole.id = f"edited-{number}", f"whole-{number}"
        for edit in edits:
            edit(faulty)
        changed.cells += [faulty, whole]
    return changed


def run_pytest(folder: Path, *arguments: str, **environment: str) -> Verdicts:
    """Run the plugin over a folder; return what pytest says of each notebook's cells."""
    (folder / "pytest.ini").write_text("[pytest]\n")
    report = folder / "report.xml"
    command = [sys.executable, "-m", "pytest", "--nbval", "--nbval-current-env"]
    command += ["-p", "tests.regression.plugin", "-p", "no:cacheprovider", f"--junitxml={report}"]
    command += ["--rootdir", str(folder), str(folder), *arguments]
    environment = {"OMP_NUM_THREADS": "1", **environment}
    run = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, "PYTEST_ADDOPTS": "", **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert report.exists(), run.stdout + run.stderr
    verdicts: Verdicts = {}
    for case in ElementTree.parse(report).iter("testcase"):
        outcomes = [(part.tag, f"{part.get('message')}\n{part.text}") for part in case]
        outcome, message = outcomes[0] if outcomes else ("passed", "")
        verdict = Verdict(outcome, message, float(case.attrib["time"]))
        notebook = case.attrib["classname"].removesuffix(".ipynb")
        verdicts.setdefault(notebook, {})[case.attrib["name"]] = verdict
    return verdicts


def run_copies(
    notebook: NotebookNode, folder: Path, plans: dict[str, Sequence[tuple]], *arguments: str
) -> Verdicts:
    """Edit a copy of the notebook by each plan, and run them where MNIST is, with two threads."""
    for name, plan in plans.items():
        changed = copy_with(notebook, plan)
        needs = {"lacking": ["MNIST", "CIFAR10"], "having": "MNIST"}.get(name, [])
        changed.metadata["cvlib"] = {"needs": needs}
        nbformat.write(changed, folder / f"{name}.ipynb")
    (folder / "sets" / "MNIST" / "raw").mkdir(parents=True)
    promised = [f"  In [{count_of(notebook, 'band')}] accuracy: 0.4 to 0.6"]
    (folder / "promises.txt").write_text(
        "\n".join(["weaker.ipynb", *promised, "having.ipynb", *promised])
    )
    return run_pytest(
        folder,
        f"--promises={folder / 'promises.txt'}",
        *arguments,
        OMP_NUM_THREADS="2",
        CVLIB_DATA=str(folder / "sets"),
    )


@pytest.fixture(scope="module")
def verdicts(notebook: NotebookNode, tmp_path_factory: pytest.TempPathFactory) -> Verdicts:
    folder = tmp_path_factory.mktemp("copies in a folder with blanks")
    plans: dict[str, Sequence[tuple]] = {
        "weaker": WEAKER,
        "faults": FAULTS,
        "harmless": HARMLESS,
    }
    return run_copies(notebook, folder, plans)


@pytest.fixture(scope="module")
def whole(notebook: NotebookNode, tmp_path_factory: pytest.TempPathFactory) -> Verdicts:
    """What pytest says of notebooks without a fault in what they compute."""
    folder = tmp_path_factory.mktemp("whole notebooks")
    nbformat.write(notebook, folder / "same.ipynb")
    plans: dict[str, Sequence[tuple]] = {
        "exit": [("", "faces", [source("os.urandom", "os._exit(3) or os.urandom")])],
        "alone": [("", "html", [])],
        "lacking": [("", "html", [])],
        "having": [("", "band", [])],
    }
    verdicts = run_copies(notebook, folder, plans, "--deselect=alone.ipynb::In [1]")
    assert (folder / "threads").read_text() == "2"
    return verdicts


def outcomes(verdicts: Verdicts, notebook: str) -> list[str]:
    return [verdict.outcome for verdict in verdicts[notebook].values()]


def test_every_cell_is_counted_when_it_is_stored(notebook: NotebookNode) -> None:
    assert [cell.execution_count for cell in notebook.cells] == [*range(1, len(CELLS) + 1)]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault[0])
def test_fault_is_told_by_its_cell_alone(verdicts: Verdicts, fault: tuple) -> None:
    number = 2 * FAULTS.index(fault) + 2
    faulty, whole = (verdicts["faults"][f"In [{at}]"] for at in (number, number + 1))
    assert faulty.outcome == "failure"
    assert fault[-1] in faulty.message
    assert whole.outcome == "passed"


@pytest.mark.parametrize("fault", WEAKER, ids=lambda fault: fault[0])
def test_weaker_promise_is_told_by_the_ledger(
    verdicts: Verdicts, notebook: NotebookNode, fault: tuple
) -> None:
    faulty = verdicts["weaker"][f"In [{2 * WEAKER.index(fault) + 2}]"]
    assert faulty.outcome == "failure"
    assert fault[-1].format(count_of(notebook, "band")) in faulty.message


@pytest.mark.parametrize("change", HARMLESS, ids=lambda change: change[0])
def test_harmless_change_passes(verdicts: Verdicts, change: tuple) -> None:
    verdict = verdicts["harmless"][f"In [{2 * HARMLESS.index(change) + 2}]"]
    assert verdict.outcome == "passed", verdict.message


def test_notebook_passes_as_it_is_and_with_two_threads_where_one_was_stored(
    whole: Verdicts,
) -> None:
    assert outcomes(whole, "same") == ["passed"] * len(CELLS)


def test_kernel_that_exits_is_told_in_seconds_and_ends_its_notebook(whole: Verdicts) -> None:
    assert outcomes(whole, "exit") == ["passed", "failure", "skipped"]
    _, faulty, after = whole["exit"].values()
    assert "(exit code 3)" in faulty.message
    assert faulty.seconds < 30
    assert "In [2]: the kernel died" in after.message


def test_selected_cells_find_what_those_before_them_made(whole: Verdicts) -> None:
    assert list(whole["alone"]) == ["In [2]", "In [3]"]
    assert outcomes(whole, "alone") == ["passed"] * 2


def test_notebook_is_skipped_where_its_data_set_is_missing(whole: Verdicts) -> None:
    # This one keeps what the ledger says of it, too.
    assert outcomes(whole, "having") == ["passed"] * 3
    assert outcomes(whole, "lacking") == ["skipped"] * 3
    for verdict in whole["lacking"].values():
        assert "needs CIFAR10, not found under CVLIB_DATA" in verdict.message


def test_endless_loop_is_stopped_at_the_time_limit(tmp_path: Path) -> None:
    for name, loop in (("quiet", "while True: pass"), ("loud", "while True: print('and on')")):
        cells = [nbformat.v4.new_code_cell(text) for text in (loop, "2", "3")]
        for number, cell in enumerate(cells, 1):
            cell.execution_count = number
        nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / f"{name}.ipynb")
    verdicts = run_pytest(tmp_path, "--nbval-cell-timeout=3")
    for name in ("quiet", "loud"):
        assert outcomes(verdicts, name) == ["failure", "skipped", "skipped"]
        faulty = verdicts[name]["In [1]"]
        assert "was stopped after" in faulty.message
        assert faulty.seconds < 20


def test_project_runs_its_notebooks_through_the_plugin(request: pytest.FixtureRequest) -> None:
    assert request.config.pluginmanager.hasplugin("tests.regression.plugin")
