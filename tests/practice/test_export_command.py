"""``python -m cvlib export``: what it hands on, what it says, and what it refuses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from cvlib import command_line
from cvlib.__main__ import main
from cvlib.command_line import EXPORTED, NETWORKS
from cvlib.networks import LeNet, pretrained
from cvlib.networks.transfer import mobilenet_v2
from cvlib.training.checkpoints import save_weights

Handed = dict[str, Any]


@pytest.fixture
def handed(monkeypatch: pytest.MonkeyPatch) -> Handed:
    """Stand in for what writes files, and keep what it was given."""
    kept: Handed = {}

    def writer(name: str) -> Any:
        def write(model: Any, path: Path, **options: Any) -> Path:
            kept.update(name=name, model=model, path=path, **options)
            Path(path).write_bytes(b"12345")
            return path

        return write

    for name in ("to_onnx", "to_torch", "to_web"):
        monkeypatch.setattr(command_line, name, writer(name))
    return kept


def run(*words: str | Path) -> None:
    main(["export", *map(str, words)])


def refused(capsys: pytest.CaptureFixture[str], *words: str | Path) -> str:
    with pytest.raises(SystemExit) as caught:
        run(*words)
    assert caught.value.code == 1
    (line,) = capsys.readouterr().err.splitlines()
    return line


@pytest.mark.parametrize(
    ("form", "end", "writer"),
    [("onnx", ".onnx", "to_onnx"), ("torch", ".pt2", "to_torch")],
)
def test_a_network_is_written_with_what_prepares_its_pictures(
    handed: Handed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str], form: str, end: str, writer: str,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    run("lenet", "--to", form)
    said = f"lenet{end}: 5 bytes; takes uint8 pictures (batch, height, width, 1)\n"
    assert capsys.readouterr().out == said
    assert (handed["name"], handed["dynamic"]) == (writer, {0: "batch", 1: "height", 2: "width"})
    pictures = torch.randint(0, 256, (2, 28, 28, 1), dtype=torch.uint8)
    truth = pretrained("lenet")(pictures.permute(0, 3, 1, 2) / 255)
    torch.testing.assert_close(handed["model"](pictures), truth)
    assert handed["example"].dtype == torch.uint8


def test_a_page_takes_what_is_drawn(
    handed: Handed, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run("lenet", "--to", "web", "--output", tmp_path / "page.html")
    assert capsys.readouterr().out.endswith("page.html: 5 bytes; draw a digit on it\n")
    assert handed["example"].shape == (1, 1, 28, 28)
    assert isinstance(handed["model"], LeNet)


def test_photographs_are_cut_as_they_were_in_training(handed: Handed, tmp_path: Path) -> None:
    run("mobilenet_v2", "--to", "onnx", "--output", tmp_path / "m.onnx")
    assert (handed["model"].resize, handed["model"].crop) == (256, 224)
    x = torch.rand(1, 3, 64, 64)
    truth = mobilenet_v2(pretrained=True).eval()(x)
    torch.testing.assert_close(handed["model"].model(x), truth, atol=1e-4, rtol=1e-4)
    own = tmp_path / "own.safetensors"
    save_weights(own, mobilenet_v2(num_classes=3), classes="cat, dog, mouse")
    run("mobilenet_v2", "--to", "onnx", "--weights", own, "--output", tmp_path / "m.onnx")
    assert (handed["model"].resize, handed["model"].crop) == (224, 224)
    assert handed["model"].model(x).shape == (1, 3)


def test_the_reader_s_own_weights_are_taken(handed: Handed, tmp_path: Path) -> None:
    torch.manual_seed(1)
    own = LeNet(num_classes=4)
    save_weights(tmp_path / "own.safetensors", own, classes="a, b, c, d")
    words = ("--weights", tmp_path / "own.safetensors", "--output", tmp_path / "own.html")
    run("lenet", "--to", "web", *words)
    x = torch.rand(1, 1, 28, 28)
    torch.testing.assert_close(handed["model"](x), own(x))
    assert not handed["model"].training


def test_what_cannot_be_done_is_told_in_a_line(
    handed: Handed, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: Any
) -> None:
    other, text = tmp_path / "mlp.safetensors", tmp_path / "text"
    save_weights(other, NETWORKS["mlp"].make(num_classes=10))
    text.write_text("no weights")
    for words, message in (
        (("mlp", "--to", "onnx"), "mlp has no weights in the package; expected your own by"),
        (("vit", "--to", "onnx", "--weights", other), "vit is not trained from the command line"),
        (("lenet", "--to", "onnx", "--weights", other), "holds no weights of lenet: Error(s) in"),
        (("lenet", "--to", "onnx", "--weights", text), "text: holds no weights of lenet: "),
        (("lenet", "--to", "onnx", "--weights", tmp_path / "none"), "No such file"),
        (("mobilenet_v2", "--to", "web"), "a page reads digits, 28 × 28 and grey; mobilenet_v2"),
    ):
        line = refused(capsys, *words, "--output", tmp_path / "absent")
        assert line.startswith("python -m cvlib export: ")
        assert message in line
    assert not handed

    def write(*_: Any, **__: Any) -> None:
        raise ModuleNotFoundError("onnx not installed; expected what pip brings")

    monkeypatch.setattr(command_line, "to_onnx", write)
    assert "onnx not installed" in refused(capsys, "lenet", "--to", "onnx")


def test_help_names_all_networks_and_formats(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        run("--help")
    told = capsys.readouterr().out
    for words in (*EXPORTED, "--to {onnx,torch,web}", "python -m cvlib export lenet --to web"):
        assert words in told.replace("\n  ", "")
    assert max(map(len, told.splitlines())) <= 100
