"""What tests of recipes and benchmarks share."""

from __future__ import annotations

from functools import partial

import pytest
import torch


@pytest.fixture
def float32(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compute in float32 what asks for bfloat16, which many processors emulate at a tenth."""
    monkeypatch.setattr(torch, "autocast", partial(torch.autocast, enabled=False))
