"""Pictures, numbers and generators for the tests of augmentation."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
import torch
from hypothesis import settings
from hypothesis import strategies as st
from torch import Generator, Tensor

from tests.layers.drawn import DEVICE, normal

random_cases = settings(deadline=None, max_examples=40, derandomize=True)
dtypes = st.sampled_from([torch.float32, torch.float64])


@st.composite
def batches(draw: st.DrawFn, channels: tuple[int, ...] = (1, 2, 3)) -> Tensor:
    """Pictures of odd sizes, black and white among them."""
    number, size = draw(st.integers(1, 4)), st.integers(1, 9)
    pictures = normal(number, draw(st.sampled_from(channels)), draw(size), draw(size))
    return pictures.add(0.5).clamp(0, 1).to(draw(dtypes))


def numbers(draw: st.DrawFn, images: Tensor, low: float, high: float) -> Tensor:
    """Draw a number for each picture."""
    return torch.tensor([draw(st.floats(low, high)) for _ in images], dtype=images.dtype)


def assert_each_is(
    result: Tensor, images: Tensor, reference: Callable[..., Tensor], *arguments: Tensor
) -> None:
    """Picture by picture, torchvision gives the same; values stay, and nothing is overwritten."""
    assert result.dtype == images.dtype
    assert result.device == images.device
    assert 0 <= result.min() <= result.max() <= 1
    pictures = zip(images.cpu(), *(argument.tolist() for argument in arguments), strict=True)
    expected = torch.stack([reference(picture, *chosen) for picture, *chosen in pictures])
    tolerance = 2e-5 if images.dtype == torch.float32 else 1e-9
    torch.testing.assert_close(result.cpu(), expected, rtol=0, atol=tolerance)


def pictures(count: int = 40, dtype: torch.dtype = torch.float32) -> Tensor:
    """As many times the same picture of 7 rows and 10 columns, black and white pixels in it."""
    generator = Generator().manual_seed(1)
    one = torch.rand(1, 3, 7, 10, generator=generator, dtype=dtype).mul(1.4).sub(0.2).clamp(0, 1)
    return one.repeat(count, 1, 1, 1).to(DEVICE)


def labels(count: int = 40) -> Tensor:
    return (torch.arange(count) % 5).to(DEVICE)


def seeded(seed: int = 0) -> Generator:
    return Generator().manual_seed(seed)


def recorded(
    monkeypatch: pytest.MonkeyPatch, module: ModuleType, name: str, call: Callable[[], object]
) -> Any:
    """Run an augmentation, and say with which numbers it called for its adjustment."""
    calls: list[tuple[Any, ...]] = []
    original = getattr(module, name)

    def note(images: Tensor, *arguments: Any) -> Tensor:
        calls.append(arguments)
        result: Tensor = original(images, *arguments)
        return result

    monkeypatch.setattr(module, name, note)
    call()
    (arguments,) = calls
    return arguments


def assert_fills(values: Tensor, low: float, high: float) -> None:
    """Hundreds of numbers stay in a range, come near its ends, and have its mean."""
    reach = high - low
    assert low <= values.min() <= low + 0.05 * reach
    assert high - 0.05 * reach <= values.max() <= high
    assert abs(float(values.mean()) - (low + high) / 2) < 0.05 * reach
