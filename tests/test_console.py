"""What is printed can be written by consoles that know few signs, and loses nothing by it."""

from __future__ import annotations

import contextlib
import dataclasses
import io
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch

from cvlib import book, command_line, training
from cvlib.console import say
from cvlib.data import digits, mnist_sample
from cvlib.networks import LeNet


@contextlib.contextmanager
def console(encoding: str) -> Iterator[Callable[[], str]]:
    """Print to a console of an encoding, strictly; yields what says what was written."""
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding, newline="\n")

    def written() -> str:
        stream.flush()
        return stream.buffer.getvalue().decode(encoding)

    with contextlib.redirect_stdout(stream), contextlib.redirect_stderr(stream):
        yield written


FEW = ["cp1252", "cp437", "cp936", "ascii", "latin-1"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_line_is_written_as_it_is(encoding: str) -> None:
    with console(encoding) as written:
        say("✓ 8×8 ≈ 图")
    assert written() == "✓ 8×8 ≈ 图\n"


@pytest.mark.parametrize(
    ("encoding", "line", "expected"),
    [
        ("cp1252", "7 × 7 at 20°, 3·4, 1 ± 2 …", "7 × 7 at 20°, 3·4, 1 ± 2 …"),
        ("cp936", "accuracy ≈ 0.9, 图 × 2", "accuracy ≈ 0.9, 图 × 2"),
        ("cp1252", "accuracy ≈ 0.9", "accuracy ~ 0.9"),
        ("ascii", "✗ 1 − 2 ≤ 3 ≥ 4 → 5 × 6", "1 - 2 <= 3 >= 4 -> 5 x 6"),
        ("ascii", "✓ 6 · 7 ± 8 – 9 …", "6 * 7 +- 8 - 9 ..."),
        ("cp1252", "✓ 图.png, 90°", "\\u56fe.png, 90°"),
    ],
)
def test_what_a_console_lacks_is_written_in_plain_letters(
    encoding: str, line: str, expected: str
) -> None:
    with console(encoding) as written:
        say(line)
    assert written() == f"{expected}\n"


@pytest.mark.parametrize("encoding", FEW)
def test_a_chapter_can_be_run(encoding: str) -> None:
    with console(encoding) as written:
        book.setup(minutes=0.5)
        book.expect(0.975, between=(0.97, 0.99), label="test accuracy")
        book.expect([0.5, 0.25], between=(0, 1), label="loss")
        book.timing(3.14159, label="loop over tensor")
        book.check("output_size", lambda *sizes: None)
        book.check("output_size", lambda size, k, s, p: (size + 2 * p - k) // s + 1)
    about = "≈" if "≈".encode(encoding, "ignore") else "~"
    assert written().splitlines()[1:] == [
        f"test accuracy {about} 0.975",
        f"loss: from {about} 0.25 to {about} 0.5",
        f"loop over tensor {about} 3.1",
        "Not yet: output_size(28, 5, 1, 0) gives None, expected 24.",
        "output_size is right.",
    ]


def test_the_command_lines_say_what_they_measured(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pictures = dataclasses.replace(mnist_sample()[:60], source="≈ 图片")
    monkeypatch.setattr(command_line, "_sets", lambda *_: (pictures, pictures))
    monkeypatch.setattr(command_line, "train", lambda *_: (LeNet(), {"test_accuracy": "0.9"}))
    with console("cp1252") as written:
        command_line.run(["train", "lenet", "--epochs", "1", "--device", "cpu"])
        command_line.run(["train", "lenet", "--epochs", "1", "--device", "cpu", "--seeds", "2"])
        command_line.run(["checkpoint", "lenet", "--output", str(tmp_path / "权重.safetensors")])
    assert "~ \\u56fe\\u7247: test accuracy" in written()
    assert "~ \\u56fe\\u7247: mean test accuracy" in written()
    assert written().endswith("\\u6743\\u91cd.safetensors: test accuracy 0.9\n")


@pytest.mark.parametrize("encoding", FEW)
def test_training_reports(encoding: str) -> None:
    model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(64, 10))
    with console(encoding) as written:
        history = training.fit(model, digits()[:100], epochs=1, device="cpu", progress=True)
        print(history, repr(history), sep="\n")
    assert "epoch 1 of 1: 100%" in written()
    assert written().splitlines()[-1].startswith("History(")


def test_a_process_that_is_told_cp1252_prints_all_of_it() -> None:
    code = "from cvlib import book; book.check('output_size', 3); book.timing(2, label='loop')"
    settings = {**os.environ, "PYTHONIOENCODING": "cp1252"}
    done = subprocess.run([sys.executable, "-c", code], env=settings, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()
    verdict, ratio = done.stdout.decode("cp1252").splitlines()
    assert verdict.startswith("Not yet: output_size is 3, expected a function")
    assert ratio == "loop ~ 2"
