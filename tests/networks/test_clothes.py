"""The chapter on clothes carries its argument on digits too, where there is no data set."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from IPython.core.inputtransformer2 import TransformerManager
from torch import nn

from benchmarks import clothes

REPOSITORY = Path(__file__).parents[2]
CHAPTER = REPOSITORY / "book" / "networks" / "clothes.ipynb"
RECORD = REPOSITORY / "results" / "clothes.json"


def code() -> list[str]:
    cells = nbformat.read(CHAPTER, as_version=4).cells
    transform = TransformerManager().transform_cell  # %pip is no Python
    return [transform(cell.source) for cell in cells if cell.cell_type == "code"]


class Shorter(ast.NodeTransformer):
    """One epoch and one seed, and nothing claimed of what they bring."""

    def visit_Assert(self, node: ast.Assert) -> ast.Pass:
        return ast.Pass()

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        if getattr(node.func, "id", None) == "expect":
            return ast.Constant(None)
        if getattr(node.func, "id", None) == "good_recipe":
            node.args[1] = ast.Constant(1)
        if getattr(node.func, "id", None) == "range" and ast.unparse(node.args[0]) == "2":
            node.args[0] = ast.Constant(1)
        for keyword in node.keywords:
            if keyword.arg in ("epochs", "seeds") and isinstance(keyword.value, ast.Constant):
                keyword.value = ast.Constant(1)
        return node


def run_without_a_data_set_and_without_a_network(script: str, root: Path) -> None:
    nowhere = "http://127.0.0.1:9"  # nobody listens there
    off = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), nowhere)
    ended = subprocess.run(
        [sys.executable, "-"],
        input=f"{script}\nprint('the end on', pictures.source)",
        env={**os.environ, **off, "CVLIB_DATA": str(root), "CVLIB_DEVICE": "cpu"},
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert ended.returncode == 0, ended.stderr[-2000:]
    assert "the end on MNIST, 5,000 embedded digits" in ended.stdout


def test_every_cell_runs_on_digits(tmp_path: Path) -> None:
    script = ast.unparse(Shorter().visit(ast.parse("\n".join(code()))))
    assert script.count("seeds=1") == 2  # fair, and shuffled
    run_without_a_data_set_and_without_a_network(script, tmp_path)


@pytest.mark.skipif("CVLIB_WHOLE" not in os.environ, reason="takes a minute; see `make machines`")
def test_every_claim_holds_on_digits(tmp_path: Path) -> None:
    run_without_a_data_set_and_without_a_network("\n".join(code()), tmp_path)


def test_the_chapter_and_the_benchmark_compare_the_same_networks() -> None:
    names = {"block", "cnn", "mlp"}
    parts = [
        node
        for cell in code()
        for node in ast.parse(cell).body
        if isinstance(node, ast.FunctionDef) and node.name in names
    ]
    world: dict[str, object] = {"nn": nn, "MLP": clothes.MLP}
    exec(compile(ast.Module(parts, []), str(CHAPTER), "exec"), world)
    for name, reference in (("cnn", clothes.fair_cnn), ("mlp", clothes.fair_mlp)):
        assert str(world[name]()) == str(reference())  # type: ignore[operator]


@pytest.mark.skipif(not RECORD.exists(), reason="nothing recorded")
def test_the_record_is_of_these_networks_and_says_what_the_chapter_says() -> None:
    results = json.loads(RECORD.read_text())["results"]
    counts = {name: clothes.parameters(make()) for name, make in clothes.FAIR.items()}
    assert results["parameters"] == counts
    assert results["pictures"] == 60_000
    fair = results["fair"]
    assert len(fair["CNN"]["seeds"]) == len(fair["MLP"]["seeds"]) == 5
    assert fair["CNN"]["epochs"] == fair["MLP"]["epochs"]
    assert fair["CNN"]["test_accuracy_mean"] >= 0.92
    gain, error = results["advantage"].values()
    assert gain > 2 * error
    assert results["advantage"] == clothes.advantage(fair["CNN"], fair["MLP"])
