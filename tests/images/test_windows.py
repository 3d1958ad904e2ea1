"""A real window on a virtual screen, opened by a build of OpenCV that has windows."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from matplotlib.figure import Figure

from cvlib.images import show
from cvlib.images.windows import can_open_windows
from tests.checkout import ROOT

PYTHON = ROOT / ".venv-window/bin/python"
MANAGER = "matchbox-window-manager"
NEVER_DRAWN = 75  # Qt leaves some windows black on a virtual screen, most where none manages them
VISITOR = Path(__file__).with_name("window_visitor.py")


@pytest.fixture(scope="module")
def screen() -> Iterator[str]:
    """Start a virtual screen and give its name, as DISPLAY wants it."""
    for program, package in (("Xvfb", "xvfb"), (MANAGER, MANAGER)):
        if shutil.which(program) is None:
            pytest.skip(f"no {program}; on Debian: apt-get install {package}")
    if not PYTHON.exists():
        pytest.skip("no OpenCV with windows; `make test` installs one beside .venv")
    reading, writing = os.pipe()
    command = ["Xvfb", "-displayfd", str(writing), "-screen", "0", "640x480x24", "-noreset"]
    server = subprocess.Popen(command, pass_fds=[writing], stderr=subprocess.DEVNULL)
    os.close(writing)
    with os.fdopen(reading) as answer:
        name = f":{answer.readline().strip()}"
    manager = subprocess.Popen([MANAGER], env={"DISPLAY": name}, stderr=subprocess.DEVNULL)
    try:
        yield name
    finally:
        for process in (manager, server):
            process.terminate()
            process.wait(10)


def visit(screen: str, deed: str, wait: float = 0, picture: str = "colour") -> dict[str, Any]:
    """Show a picture on the screen, do a deed to its window, and tell what came of it."""
    for _ in range(5):
        done = subprocess.run(
            [PYTHON, VISITOR, deed, str(wait), picture],
            env={"DISPLAY": screen, "PYTHONPATH": str(ROOT), "PATH": os.environ["PATH"]},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        if done.returncode != NEVER_DRAWN:
            break
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told


@pytest.mark.parametrize("key", ["q", "a"])
def test_the_pressed_key_is_returned_and_the_window_goes(screen: str, key: str) -> None:
    told = visit(screen, key)
    assert told["key"] == ord(key)
    assert told["opened"] == ["看 a picture"]
    assert told["left"] == []


def test_the_window_shows_red_as_red(screen: str) -> None:
    told = visit(screen, "q")
    assert [200, 30, 10] in told["colours"]
    assert [10, 30, 200] not in told["colours"]


def test_the_window_shows_a_grey_picture(screen: str) -> None:
    assert [77, 77, 77] in visit(screen, "q", picture="grey")["colours"]


def test_a_window_closed_by_its_button_ends_the_wait(screen: str) -> None:
    told = visit(screen, "close")
    assert told["key"] == -1
    assert told["left"] == []


def test_the_wait_ends_by_itself(screen: str) -> None:
    told = visit(screen, "nothing", wait=3)
    assert told["key"] == -1
    assert 3 <= told["seconds"] < 20
    assert told["opened"] == ["看 a picture"]
    assert told["left"] == []


def test_without_a_screen_windows_are_not_tried() -> None:
    if not PYTHON.exists():
        pytest.skip("no OpenCV with windows; `make test` installs one beside .venv")
    code = "import cv2; from cvlib.images import windows as w; print(w.can_open_windows())"
    done = subprocess.run(
        [PYTHON, "-c", code],
        env={"PYTHONPATH": str(ROOT), "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == str(sys.platform in {"darwin", "win32"})


def test_a_kernel_opens_no_window(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cv2, "currentUIFramework", lambda: "QT")
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.delitem(sys.modules, "ipykernel", raising=False)
    assert can_open_windows()
    monkeypatch.setitem(sys.modules, "ipykernel", sys)
    assert not can_open_windows()


@pytest.mark.parametrize("shape", [(30, 40), (30, 40, 3), (1, 1), (10, 2000, 3)])
def test_without_windows_the_picture_is_drawn(
    shape: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cv2, "currentUIFramework", lambda: "")
    image = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    figure = show(image, "noise")
    assert isinstance(figure, Figure)
    (axes,) = figure.axes
    assert axes.get_title(loc="left") == "noise"
    assert np.array_equal(axes.images[0].get_array(), image)
    assert axes.images[0].get_clim() == (0, 255)
    assert figure.get_figwidth() <= 7


@pytest.mark.parametrize(
    ("image", "wait", "error", "words"),
    [
        (np.zeros((2, 2)), 0, TypeError, "image has dtype float64; expected uint8"),
        (None, 0, TypeError, "image is NoneType; expected an array"),
        (np.zeros((2, 2, 4), np.uint8), 0, ValueError, r"image has shape \(2, 2, 4\)"),
        (np.zeros((2,), np.uint8), 0, ValueError, r"image has shape \(2,\)"),
        (np.zeros((0, 2), np.uint8), 0, ValueError, r"image has shape \(0, 2\)"),
        (np.zeros((2, 2), np.uint8), -1, ValueError, "wait is -1; expected a number of seconds"),
        (np.zeros((2, 2), np.uint8), float("nan"), ValueError, "wait is nan"),
    ],
)
def test_wrong_arguments_are_named(
    image: Any, wait: float, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        show(image, wait=wait)
