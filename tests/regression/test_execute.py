from __future__ import annotations

import json
from pathlib import Path

import nbformat
import pytest
from nbclient.output_widget import OutputWidget
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from book import execute

FACES = """\
from IPython.display import display
view = {"application/vnd.jupyter.widget-view+json": {"model_id": "0f"}}
for kinds in (["text/html", "text/plain"], ["text/plain"]):
    display(view | {kind: "a face" for kind in kinds}, raw=True)"""
FRONT_END = """\
import ipywidgets
from IPython.display import clear_output, display
caught = ipywidgets.Output()
with caught:
    print("caught by a widget")
print("gone")
clear_output(wait=True)
print("stays")
shown = display("first", display_id=True)
shown.update("second")"""


def write(path: Path, *sources: str) -> Path:
    cells = [new_code_cell(source, id=f"cell-{at}") for at, source in enumerate(sources)]
    nbformat.write(new_notebook(cells=cells), path)
    return path


@pytest.fixture(scope="module")
def executed(tmp_path_factory: pytest.TempPathFactory) -> tuple[NotebookNode, str]:
    path = write(
        tmp_path_factory.mktemp("a folder with blanks") / "chapter.ipynb",
        "import os\nos.environ['OMP_NUM_THREADS'], os.environ['CVLIB_DEVICE']",
        "",
        "from pathlib import Path\nprint(Path.cwd().name)\nPath('chapter.ipynb').exists()",
        "40 + 2;",
        FACES,
        FRONT_END,
        "print('one', flush=True)\nprint('two', flush=True)\ndisplay(3)\nprint('four')",
        "import matplotlib.pyplot as plt\nplt.plot([1, 2]);",
    )
    notebook = nbformat.read(path, as_version=4)
    notebook.cells.insert(1, new_markdown_cell("Text", id="text"))
    notebook.cells[0].metadata = NotebookNode(tags=["keep"], collapsed=True, execution={"a": "b"})
    notebook.metadata = NotebookNode(widgets={}, cvlib={"needs": []}, vscode={})
    nbformat.write(notebook, path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MPLBACKEND", "agg")
        patch.setenv("CVLIB_DEVICE", "cuda")
        patch.setenv("OMP_NUM_THREADS", "7")
        execute.main([str(path)])
    first = path.read_text("utf-8")
    execute.main([str(path)])
    assert path.read_text("utf-8") == first, "the second run stores other bytes"
    assert [file.name for file in path.parent.iterdir()] == [path.name]
    return nbformat.read(path, as_version=4), first


def outputs(executed: tuple[NotebookNode, str], cell: int) -> list[object]:
    """List what a cell shows: the text of streams, the data of the rest."""
    found = executed[0].cells[cell].outputs
    return [output.get("text") or dict(output["data"]) for output in found]


def test_kernel_runs_on_one_thread_and_the_cpu_in_the_notebooks_folder(executed) -> None:
    assert outputs(executed, 0) == [{"text/plain": "('1', 'cpu')"}]
    assert outputs(executed, 3) == ["a folder with blanks0\n", {"text/plain": "True"}]


def test_cells_are_counted_from_one_without_the_empty_ones(executed) -> None:
    cells = [cell for cell in executed[0].cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in cells] == [1, None, 2, 3, 4, 5, 6, 7]
    assert cells[2].outputs[1].execution_count == 2


def test_outputs_are_those_of_a_front_end(executed) -> None:
    assert outputs(executed, 4) == []
    assert outputs(executed, 6) == ["stays\n", {"text/plain": "'second'"}]
    assert outputs(executed, 7) == ["one\ntwo\n", {"text/plain": "3"}, "four\n"]
    assert "image/png" in outputs(executed, 8)[0]


def test_widget_gives_way_to_the_face_for_the_page(executed) -> None:
    both, plain = (set(shown) for shown in outputs(executed, 5))
    assert both == {"text/html", "text/plain"}
    assert plain == {"text/plain", execute.WIDGET_VIEW}


def test_metadata_hold_what_the_author_wrote(executed) -> None:
    notebook, text = executed
    assert notebook.cells[0].metadata == {"tags": ["keep"]}
    assert notebook.metadata.kernelspec == execute.KERNELSPEC
    assert notebook.metadata.cvlib == {"needs": []}
    assert set(notebook.metadata) == {"cvlib", "kernelspec", "language_info"}
    assert "version" not in notebook.metadata.language_info
    assert text == json.dumps(json.loads(text), indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def test_nothing_is_sent_to_the_kernel_while_it_may_reply(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(OutputWidget, "send", lambda *_: pytest.fail("it may miss the reply"))
    execute.execute(write(tmp_path / "widget.ipynb", FRONT_END))


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("1 / 0", "ZeroDivisionError"),
        ("import warnings\nwarnings.warn('beware')", "UserWarning: beware"),
        ("import os\nos._exit(1)", "Kernel died"),
        ("while True: pass", "timed out"),
    ],
)
def test_fault_stops_the_command_and_leaves_the_notebook(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str, message: str
) -> None:
    monkeypatch.setattr(execute, "CELL_TIMEOUT", 5)
    path = write(tmp_path / "faulty.ipynb", "1", source)
    before = path.read_bytes()
    with pytest.raises(SystemExit) as stopped:
        execute.main([str(path)])
    assert message in str(stopped.value)
    assert f"{path}, In [2]" in str(stopped.value)
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_each_notebook_is_timed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path / "one.ipynb")
    execute.main([str(tmp_path / "one.ipynb")])
    assert capsys.readouterr().out.endswith(f" s  {tmp_path / 'one.ipynb'}\n")


def test_all_of_the_book_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[Path] = []
    monkeypatch.setattr(execute, "execute", ran.append)
    monkeypatch.setattr(execute, "notebooks", lambda: [Path("a.ipynb"), Path("b.ipynb")])
    execute.main([])
    assert ran == [Path("a.ipynb"), Path("b.ipynb")]


def test_notebooks_in_hidden_folders_are_left_out(tmp_path: Path) -> None:
    for folder in ("b", "a", "a/.ipynb_checkpoints"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "chapter.ipynb").touch()
    names = [path.relative_to(tmp_path).as_posix() for path in execute.notebooks(tmp_path)]
    assert names == ["a/chapter.ipynb", "b/chapter.ipynb"]


def test_merging_streams_leaves_its_arguments_alone() -> None:
    pieces = [new_output("stream", text=text) for text in ("a", "b\r", "c\n")]
    assert [output.text for output in execute.merge_streams(pieces)] == ["c\n"]
    assert [output.text for output in pieces] == ["a", "b\r", "c\n"]
