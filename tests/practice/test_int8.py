"""A chain written down by hand computes what torch does, and in eight bits nearly so."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
import torch
from torch import nn

from cvlib.networks import PlainNet
from cvlib.practice import int8_onnx, onnx_session, write_onnx_chain

pytest.importorskip("onnxruntime")


def test_a_chain_computes_what_torch_does(tmp_path: Path) -> None:
    torch.manual_seed(0)
    plain = PlainNet(widths=((6,), (8, 8)))
    for _ in range(3):
        plain(torch.rand(8, 3, 16, 16))
    plain.eval()
    layers = [*plain.features, nn.AdaptiveAvgPool2d(1), nn.Flatten(), plain.classifier]
    odd = [
        nn.Conv2d(2, 4, (3, 2), stride=2, padding=1, dilation=(1, 2), groups=2),
        nn.MaxPool2d(2, 1),
    ]
    for chain, shape in ((layers, (3, 16, 16)), (odd, (2, 11, 12))):
        large, small = tmp_path / "large.onnx", tmp_path / "small.onnx"
        write_onnx_chain(chain, large, shape)
        x = torch.rand(5, *shape)
        with torch.no_grad():
            expected = nn.Sequential(*chain)(x)
        said = onnx_session(large).run(None, {"x": x.numpy()})[0]
        torch.testing.assert_close(torch.from_numpy(said), expected, rtol=1e-4, atol=1e-5)
        level = logging.getLogger().level
        int8_onnx(large, small, x, batch_size=2)
        assert logging.getLogger().level == level
        rough = torch.from_numpy(onnx_session(small).run(None, {"x": x.numpy()})[0])
        assert 0 < (rough - expected).norm() < 0.1 * expected.norm()


def test_what_is_not_written_is_refused(tmp_path: Path) -> None:
    for layer in (
        nn.Sigmoid(),
        nn.MaxPool2d(2, ceil_mode=True),
        nn.Conv2d(3, 3, 3, padding="same"),
    ):
        with pytest.raises(ValueError, match="expected one that is written here"):
            write_onnx_chain([layer], tmp_path / "no.onnx", (3, 8, 8))
    with pytest.raises(ValueError, match="pictures is empty"):
        int8_onnx(tmp_path / "a", tmp_path / "b", torch.zeros(0, 3, 8, 8))
