"""The device: chosen by name, by CVLIB_DEVICE or by what is there, and exact in float32."""

import os
import subprocess
import sys

import pytest
import torch

import cvlib


def test_name_beats_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CVLIB_DEVICE", "cuda:7")
    assert cvlib.device("cpu") == torch.device("cpu")


def test_environment_beats_auto(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CVLIB_DEVICE", "cpu")
    assert cvlib.device() == torch.device("cpu")


def test_auto_takes_cuda_where_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CVLIB_DEVICE", raising=False)
    assert cvlib.device().type == ("cuda" if torch.cuda.is_available() else "cpu")


def test_unknown_name_is_named_in_the_error() -> None:
    with pytest.raises(ValueError, match=r"'gpu'.*expected 'auto'"):
        cvlib.device("gpu")


@pytest.mark.skipif(torch.cuda.is_available(), reason="a GPU is there, so its absence cannot show")
def test_cuda_without_gpu_says_so() -> None:
    with pytest.raises(RuntimeError, match=r"'cuda'.*no CUDA GPU"):
        cvlib.device("cuda")


def test_float32_is_float32() -> None:
    torch.backends.cudnn.conv.fp32_precision = "tf32"
    torch.backends.cuda.matmul.fp32_precision = "tf32"
    torch.backends.cudnn.benchmark = True
    cvlib.device("cpu")
    assert torch.backends.cudnn.conv.fp32_precision == "ieee"
    assert torch.backends.cuda.matmul.fp32_precision == "ieee"
    assert not torch.backends.cudnn.benchmark
    # The older flag can be asked, too, as torch.export does; it raises where the two disagree.
    assert not torch.backends.cudnn.allow_tf32


def test_each_room_is_loaded_when_first_used() -> None:
    code = "import sys, cvlib; assert 'cvlib.book' not in sys.modules; cvlib.book.expect"
    subprocess.run([sys.executable, "-c", code], check=True, env={**os.environ})
    with pytest.raises(AttributeError, match="no attribute 'attic'"):
        cvlib.attic  # noqa: B018
