"""Exported networks give torch's numbers, in other runtimes and in other processes."""

from __future__ import annotations

import json
import logging
import re
import subprocess
import sys
import warnings
import zipfile
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F
from torchvision.transforms import v2

from cvlib.data import mnist_sample, photograph
from cvlib.images.preprocessing import Preprocess
from cvlib.networks import ViT, pretrained
from cvlib.practice import export
from cvlib.practice.export import WithPreprocessing, resizing_matrix, to_onnx, to_torch, to_web
from cvlib.practice.preparation import FAULTS
from tests.checkout import ROOT

sides = st.integers(1, 60)
PICTURES = {0: "batch", 1: "height", 2: "width"}
# What the difference of two sums of the same numbers in another order may come to.
CLOSE = 1e-5


class Branch(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return -x if x.mean() > 0 else x


class OfTwo(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x.view(2, 784)


class Square(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x + x.mT


class Pair(nn.Module):
    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return x, x


class Counts(nn.Module):
    """Has the length of the batch as an int, which an export takes for a constant."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([x.flatten(1), torch.ones(len(x), 1)], 1)


@pytest.fixture(scope="module")
def digits() -> tuple[Tensor, Tensor]:
    _, test = mnist_sample().split(test=1000)
    return test.images[:40], test.labels[:40]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("exported")


@pytest.fixture(scope="module")
def whole(folder: Path) -> Path:
    """LeNet with what prepares its pictures."""
    model = WithPreprocessing(pretrained("lenet"), resize=28)
    example = torch.zeros(1, 30, 40, 1, dtype=torch.uint8)
    return to_onnx(model, folder / "whole.onnx", example=example, dynamic=PICTURES)


def by_onnxruntime(path: Path, x: NDArray[Any]) -> NDArray[Any]:
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    (found,) = session.run(["logits"], {"pictures": x})
    return np.asarray(found)


def by_opencv(path: Path, x: NDArray[Any]) -> NDArray[Any]:
    net = cv2.dnn.readNetFromONNX(str(path))
    net.setInput(x)
    return np.asarray(net.forward())


@settings(max_examples=60, deadline=None)
@given(sides, sides, st.integers(0, 2**16))
def test_two_matrices_resize_as_torch_does_with_antialias(
    length: int, resized: int, seed: int
) -> None:
    x = torch.rand(1, 1, length, 3, generator=torch.Generator().manual_seed(seed))
    rows = resizing_matrix(length, resized, resized)
    torch.testing.assert_close(rows.sum(1), torch.ones(resized))
    theirs = F.interpolate(x, (resized, 3), mode="bilinear", antialias=True)
    torch.testing.assert_close(rows @ x, theirs, atol=1e-5, rtol=1e-4)


@settings(max_examples=60, deadline=None)
@given(sides, st.integers(1, 30), st.integers(0, 30), st.integers(1, 4))
def test_what_is_kept_is_the_middle_that_torchvision_cuts_out(
    length: int, kept: int, more: int, seed: int
) -> None:
    x = torch.rand(1, length, 1, generator=torch.Generator().manual_seed(seed))
    all_of_it = resizing_matrix(length, kept + more, kept + more) @ x
    theirs = v2.functional.center_crop(all_of_it, [kept, 1])
    found = resizing_matrix(length, kept + more, kept) @ x
    torch.testing.assert_close(found, theirs, atol=1e-5, rtol=1e-4)


@settings(max_examples=25, deadline=None)
@given(st.integers(2, 90), st.integers(2, 90), st.integers(1, 20), st.integers(0, 20))
def test_preprocessing_is_that_of_the_package_within_a_level(
    height: int, width: int, crop: int, more: int
) -> None:
    draw = np.random.default_rng(height + 100 * width)
    pictures = draw.integers(0, 256, (2, height, width, 3)).astype(np.uint8)
    mean, std = (0.4, 0.5, 0.6), (0.2, 0.3, 0.4)
    inside = WithPreprocessing(nn.Identity(), resize=crop + more, crop=crop, mean=mean, std=std)
    theirs = Preprocess(crop + more, crop, mean, std)(list(pictures))
    apart = (inside(torch.from_numpy(pictures)) - theirs) * torch.tensor(std).view(3, 1, 1)
    assert apart.abs().max() < 1.01 / 255


def test_preprocessing_refuses_what_cannot_be() -> None:
    for settings_, message in (
        ({"resize": 0}, "resize is 0; expected at least 1"),
        ({"resize": 4, "crop": 5}, "crop is 5; expected at most resize, 4"),
        ({"resize": 4, "mean": (0.0, 0.0)}, "expected one of each for each channel"),
        ({"resize": 4, "mean": (), "std": ()}, "expected one of each for each channel"),
        ({"resize": 4, "std": (0.0,)}, r"std is \(0.0,\); expected numbers above 0"),
    ):
        with pytest.raises(ValueError, match=message):
            WithPreprocessing(nn.Identity(), **settings_)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"resize is 2\.5; expected an integer"):
        WithPreprocessing(nn.Identity(), resize=2.5)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="model is a int; expected a"):
        WithPreprocessing(3, resize=2)  # type: ignore[arg-type]


@pytest.mark.parametrize("shape", [(1, 28, 28), (2, 30, 90), (7, 57, 20)])
@pytest.mark.parametrize("run", [by_onnxruntime, by_opencv])
def test_pictures_of_any_size_go_into_the_file(
    whole: Path, shape: tuple[int, int, int], run: Any
) -> None:
    x = np.random.default_rng(0).integers(0, 256, (*shape, 1)).astype(np.uint8)
    with torch.inference_mode():
        truth = WithPreprocessing(pretrained("lenet"), resize=28)(torch.from_numpy(x))
    np.testing.assert_allclose(run(whole, x), truth, atol=CLOSE)


def test_the_file_is_sound_and_says_what_it_takes(whole: Path) -> None:
    proto = onnx.load(whole)
    onnx.checker.check_model(proto, full_check=True)
    (takes,), (gives,) = proto.graph.input, proto.graph.output
    shape = [side.dim_param or side.dim_value for side in takes.type.tensor_type.shape.dim]
    assert (takes.name, shape, gives.name) == (
        "pictures", ["batch", "height", "width", 1], "logits",
    )  # fmt: skip
    assert [(each.domain, each.version) for each in proto.opset_import] == [
        ("", export.OPERATOR_SET)
    ]


def test_files_say_nothing_of_where_they_were_made(whole: Path, folder: Path) -> None:
    secret = torch.full((2, 1, 28, 28), 0.123)
    program = to_torch(pretrained("lenet"), folder / "lenet.pt2", example=secret)
    with zipfile.ZipFile(program) as archive:
        parts = b"".join(archive.read(name) for name in archive.namelist())
    for file in (whole.read_bytes(), parts):
        for trace in ("site-packages", str(ROOT), "lenet.py", "torch/nn/modules"):
            assert trace.encode() not in file
        assert secret.numpy().tobytes() not in file


def test_it_is_silent_leaves_the_model_as_it_was_and_makes_the_same_bytes(
    folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    model = nn.Sequential(nn.Flatten(), nn.Dropout(), nn.Linear(4, 1)).train()
    model[1].eval()
    modes = [part.training for part in model.modules()]
    disabled = logging.root.manager.disable
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        one, other = (
            to_onnx(model, folder / f"{count}.onnx", example=torch.rand(count, 4))
            for count in (1, 3)
        )
    assert one.read_bytes() == other.read_bytes()
    assert [part.training for part in model.modules()] == modes
    with pytest.raises(ValueError, match="model cannot be exported"):
        to_torch(Branch(), folder / "absent.pt2", example=torch.zeros(1, 1, 28, 28))
    assert logging.root.manager.disable == disabled
    assert capfd.readouterr() == ("", "")


def test_dropout_is_left_out(folder: Path) -> None:
    model = nn.Sequential(nn.Flatten(), nn.Dropout(0.9)).train()
    program = torch.export.load(to_torch(model, folder / "drop.pt2", example=torch.zeros(1, 4)))
    torch.testing.assert_close(program.module()(torch.ones(3, 4)), torch.ones(3, 4))


@pytest.mark.parametrize(
    ("write", "model", "message"),
    [
        (to_onnx, Branch(), "Could not guard on data-dependent expression"),
        (to_torch, OfTwo(), r"your code specialized it to be a constant \(2\)"),
        (to_torch, Counts(), r"your code specialized it to be a constant \(2\)"),
        (to_torch, nn.Linear(27, 1), "must have same reduction dim"),
    ],
)
def test_what_cannot_be_exported_is_told_in_a_sentence(
    write: Any, model: nn.Module, message: str, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        write(model, tmp_path / "absent", example=torch.zeros(1, 1, 28, 28))
    assert "\n" not in str(caught.value)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("write", [to_onnx, to_torch, to_web])
def test_arguments_are_refused(write: Any, tmp_path: Path) -> None:
    x, net = torch.zeros(1, 1, 28, 28), nn.Flatten()
    for model, example, error, message in (
        (3, x, TypeError, "model is a int; expected a torch.nn.Module"),
        (net, [1], TypeError, "example is a list; expected a tensor"),
        (net, torch.zeros(()), ValueError, r"example has shape \(\)"),
        (net, torch.zeros(0, 1, 28, 28), ValueError, "expected a batch of one picture or more"),
    ):
        with pytest.raises(error, match=message):
            write(model, tmp_path / "absent", example=example)
    with pytest.raises(TypeError, match="path is 3; expected a path"):
        write(net, 3, example=x)


@pytest.mark.parametrize("write", [to_onnx, to_torch, to_web])
def test_a_model_that_gives_two_is_refused(write: Any, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="model gives 2 tensors; expected one"):
        write(Pair(), tmp_path / "absent", example=torch.zeros(1, 1, 28, 28))
    assert not list(tmp_path.iterdir())


def test_axes_are_refused(tmp_path: Path) -> None:
    x = torch.zeros(1, 1, 28, 28)
    for dynamic, error, message in (
        ({0: 3}, ValueError, "dynamic names axis 0 3; expected a name such as 'batch'"),
        ({0: "a b"}, ValueError, "dynamic names axis 0 'a b'; expected a name"),
        (["batch"], TypeError, "expected names by axis, such as {0: 'batch'}"),
    ):
        with pytest.raises(error, match=re.escape(message)):
            to_torch(nn.Flatten(), tmp_path / "absent", example=x, dynamic=dynamic)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="the length of axis 3, width, to be height; dynamic is"):
        to_onnx(Square(), tmp_path / "absent", example=x, dynamic={2: "height", 3: "width"})
    with pytest.raises(ValueError, match="dynamic names axis 4; expected 0 to 3"):
        to_onnx(nn.Flatten(), tmp_path / "absent", example=x, dynamic={4: "depth"})
    with pytest.raises(ValueError, match="dynamic is -1; expected at least 0"):
        to_torch(nn.Flatten(), tmp_path / "absent", example=x, dynamic={-1: "width"})


def test_what_is_not_installed_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib.util

    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ModuleNotFoundError, match="onnx and onnxscript not installed; expected"):
        to_onnx(nn.Flatten(), tmp_path / "absent", example=torch.zeros(1, 1, 28, 28))


def test_a_vision_transformer_takes_any_batch(folder: Path) -> None:
    model = ViT(num_layers=1).eval()
    path = to_torch(model, folder / "vit.pt2", example=torch.zeros(1, 1, 28, 28))
    x = torch.rand(3, 1, 28, 28)
    with torch.inference_mode():
        torch.testing.assert_close(torch.export.load(path).module()(x), model(x))


WITHOUT_TORCH = """
import importlib.abc, json, sys

class No(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("torch", "cvlib"):
            raise ImportError(f"{name} is not here")

sys.meta_path.insert(0, No())
for name in ("torch", "cvlib"):
    try:
        __import__(name)
    except ImportError as error:
        print(error)
import cv2, onnxruntime
network, *files = sys.argv[1:]
session = onnxruntime.InferenceSession(network, providers=["CPUExecutionProvider"])
pixels = [cv2.imread(file, cv2.IMREAD_GRAYSCALE)[None, :, :, None] for file in files]
print(json.dumps([session.run(None, {"pictures": each})[0][0].tolist() for each in pixels]))
print(any(name in sys.modules for name in ("torch", "cvlib")))
"""


def test_digits_are_read_in_a_process_that_cannot_import_torch(
    whole: Path, digits: tuple[Tensor, Tensor], tmp_path: Path
) -> None:
    files = []
    for place, image in enumerate(digits[0]):
        files.append(str(tmp_path / f"{place}.png"))
        cv2.imwrite(files[-1], image[0].numpy())
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_TORCH, str(whole), *files],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    absent, also, found, loaded = done.stdout.splitlines()
    assert (absent, also, loaded) == ("torch is not here", "cvlib is not here", "False")
    with torch.inference_mode():
        truth = pretrained("lenet")(digits[0] / 255)
    np.testing.assert_allclose(json.loads(found), truth, atol=CLOSE)
    assert (truth.argmax(1) == digits[1]).sum() >= 38


def test_faults_change_one_thing_each() -> None:
    picture = photograph("chelsea")
    right = FAULTS["as it should be"](picture)
    theirs = Preprocess()(picture)
    assert (right - theirs).abs().max() * 0.229 < 1.01 / 255
    for name, prepare in FAULTS.items():
        assert prepare(picture).shape == (1, 3, 224, 224), name
        assert (name == "as it should be") == torch.equal(prepare(picture), right)
    torch.testing.assert_close(FAULTS["rows for columns"](picture).transpose(2, 3), right)
    mean, std = (torch.tensor(each).view(3, 1, 1) for each in (Preprocess.mean, Preprocess.std))
    undone = FAULTS["0 to 255"](picture) * std + mean
    torch.testing.assert_close(undone / 255, FAULTS["no mean, no deviation"](picture))
