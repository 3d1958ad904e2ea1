"""The package's MobileNetV2 is torchvision's, rounded: it answers alike on real photographs."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file
from skimage import data
from torch import Tensor, nn
from torchvision.models import MobileNet_V2_Weights, mobilenet_v2

from cvlib.__main__ import main
from cvlib.data import DataError, data_root
from cvlib.networks import checkpoint, pretrained
from cvlib.recipes import fetch

WEIGHTS = MobileNet_V2_Weights.IMAGENET1K_V1
ORIGINAL = data_root() / "weights" / WEIGHTS.url.rpartition("/")[2]
needs_original = pytest.mark.skipif(not ORIGINAL.exists(), reason=f"no {ORIGINAL.name} is here")


@pytest.fixture(scope="module")
def model() -> nn.Module:
    return pretrained("mobilenet_v2")


@pytest.fixture(scope="module")
def photographs() -> Tensor:
    pictures = (data.chelsea(), data.coffee(), data.astronaut(), data.rocket())
    transform = WEIGHTS.transforms()
    return torch.stack([transform(torch.tensor(each).permute(2, 0, 1)) for each in pictures])


def answers(model: nn.Module, x: Tensor) -> Tensor:
    with torch.inference_mode():
        return model(x)


def test_it_knows_a_cat_and_a_cup_of_coffee(model: nn.Module, photographs: Tensor) -> None:
    probabilities = answers(model, photographs[:2]).softmax(1)
    best = probabilities.max(1)
    names = [WEIGHTS.meta["categories"][index] for index in best.indices]
    assert names == ["Egyptian cat", "espresso"]
    torch.testing.assert_close(best.values, torch.tensor([0.72, 0.99]), atol=0.01, rtol=0)


def test_it_is_torchvision_s_class_in_float32_and_evaluates(model: nn.Module) -> None:
    assert type(model) is type(mobilenet_v2())
    assert not model.training
    assert {parameter.dtype for parameter in model.parameters()} == {torch.float32}
    assert sum(parameter.numel() for parameter in model.parameters()) == 3_504_872


def test_its_file_says_where_it_is_from() -> None:
    with safe_open(checkpoint("mobilenet_v2"), framework="pt") as file:
        facts = file.metadata()
    assert facts["command"] == "python -m cvlib checkpoint mobilenet_v2"
    assert facts["source"] == WEIGHTS.url
    assert facts["licence"] == "BSD-3-Clause, torchvision"
    assert "research" in facts["data"]
    assert facts["test_accuracy"] == "0.71878, as published"
    assert checkpoint("mobilenet_v2").stat().st_size < 7.2e6


@needs_original
def test_it_answers_as_the_original_does_within_rounding(
    model: nn.Module, photographs: Tensor
) -> None:
    original = mobilenet_v2()
    original.load_state_dict(torch.load(ORIGINAL, weights_only=True))
    expected, found = (answers(net, photographs) for net in (original.eval(), model))
    torch.testing.assert_close(found, expected, atol=0.06, rtol=0)
    assert torch.equal(found.argmax(1), expected.argmax(1))
    assert not torch.equal(found, expected)


@needs_original
def test_its_weights_are_the_original_s_rounded_to_float16(tmp_path: Path) -> None:
    main(["checkpoint", "mobilenet_v2", "--output", str(tmp_path / "made.safetensors")])
    state = torch.load(ORIGINAL, weights_only=True)
    for path in (checkpoint("mobilenet_v2"), tmp_path / "made.safetensors"):
        stored = load_file(path)
        assert stored.keys() == state.keys()
        for name, value in stored.items():
            whole = not state[name].is_floating_point()
            assert torch.equal(value, state[name] if whole else state[name].half())


def test_another_file_of_that_name_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CVLIB_DATA", str(tmp_path))
    (tmp_path / "weights").mkdir()
    (tmp_path / "weights" / ORIGINAL.name).write_bytes(b"not a network")
    with pytest.raises(DataError, match=r"SHA-256 is .*; expected one that begins with b0353104"):
        fetch("mobilenet_v2")


def test_absent_weights_are_downloaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def download(url: str, path: str) -> None:
        asked.append(url)
        Path(path).write_bytes(b"")

    monkeypatch.setenv("CVLIB_DATA", str(tmp_path))
    monkeypatch.setattr("torch.hub.download_url_to_file", download)
    with pytest.raises(DataError, match="begins with b0353104"):
        fetch("mobilenet_v2")
    assert asked == [WEIGHTS.url]
