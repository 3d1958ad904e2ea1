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


def test_every_cell_passes_on_digits_without_a_data_set_and_without_a_network(
    tmp_path: Path,
) -> None:
    nowhere = "http://127.0.0.1:9"  # nobody listens there
    off = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), nowhere)
    script = "\n".join([*code(), "print('the end on', pictures.source)"])
    ended = subprocess.run(
        [sys.executable, "-"],
        input=script,
        env={**os.environ, **off, "CVLIB_DATA": str(tmp_path), "CVLIB_DEVICE": "cpu"},
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert ended.returncode == 0, ended.stderr[-2000:]
    assert "the end on MNIST, 5,000 embedded digits" in ended.stdout


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
