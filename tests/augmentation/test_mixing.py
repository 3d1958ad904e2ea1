"""Mixtures of two pictures say how much of each they hold."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Generator, Tensor
from torchvision.transforms.v2 import CutMix, MixUp

from cvlib.augmentation.mixing import cutmix, mixup
from tests.layers.drawn import DEVICE

random_cases = settings(deadline=None, max_examples=30, derandomize=True)

either = pytest.mark.parametrize("mix", [mixup, cutmix])


def flat(count: int) -> Tensor:
    """Pictures of one level each, 0 for the first and 1 for the last."""
    levels = torch.linspace(0, 1, count, dtype=torch.float64, device=DEVICE)
    return levels.view(-1, 1, 1, 1).expand(count, 2, 8, 8)


@random_cases
@given(st.integers(2, 20), st.floats(0.05, 5), st.integers(0, 9), st.sampled_from([mixup, cutmix]))
def test_targets_tell_what_the_pictures_are_made_of(
    count: int, alpha: float, seed: int, mix: Callable[..., tuple[Tensor, Tensor]]
) -> None:
    images, generator = flat(count), Generator().manual_seed(seed)
    numbers = torch.arange(count, device=DEVICE)
    mixed, mixture = mix(images, numbers, generator, alpha=alpha, num_classes=count)
    torch.testing.assert_close(mixture.sum(1), torch.ones_like(mixture[:, 0]))
    assert ((mixture > 0).sum(1) <= 2).all()
    levels = mixture @ images[:, 0, 0, 0]
    torch.testing.assert_close(mixed.mean((1, 2, 3)), levels)
    again, probabilities = mix(
        images, torch.eye(count, device=DEVICE), Generator().manual_seed(seed), alpha=alpha
    )
    assert torch.equal(again, mixed)
    torch.testing.assert_close(probabilities, mixture)


def test_mixes_as_torchvision_does() -> None:
    """Two pictures are each other's partners, so one share a picture can be compared."""
    images = torch.rand(2, 3, 6, 6, generator=Generator().manual_seed(3), dtype=torch.float64)
    labels, seeds = torch.tensor([2, 0]), range(20)
    found = 0
    for seed in seeds:
        mixed, mixture = mixup(
            images.to(DEVICE), labels.to(DEVICE), Generator().manual_seed(seed), num_classes=3
        )
        for number in range(2):
            share = float(mixture[number, labels[number]])
            if share == 1:  # the permutation gave it itself
                continue
            found += 1
            theirs = MixUp(num_classes=3)
            theirs.make_params = lambda inputs, share=share: {"lam": share}  # type: ignore[method-assign,misc]
            expected = theirs(images, labels)
            torch.testing.assert_close(mixed[number].cpu(), expected[0][number])
            torch.testing.assert_close(
                mixture[number].cpu(), expected[1][number], check_dtype=False
            )
    assert found > 10


def test_cutmix_pastes_one_rectangle_of_the_picture_s_proportions() -> None:
    images = torch.zeros(400, 1, 30, 20, device=DEVICE)
    images[200:] = 1
    numbers = torch.arange(400, device=DEVICE) // 200
    mixed, mixture = cutmix(images, numbers, Generator().manual_seed(0), num_classes=2)
    pasted = (mixed != images)[:, 0]
    chosen = pasted.flatten(1).any(1)
    assert chosen.sum() > 100
    pasted = pasted[chosen]
    rows, columns = pasted.any(2), pasted.any(1)
    assert torch.equal(pasted, rows[:, :, None] & columns[:, None])
    inside = ~(rows[:, 0] | rows[:, -1] | columns[:, 0] | columns[:, -1])
    ratio = rows[inside].sum(1) / columns[inside].sum(1)
    assert (ratio.sub(1.5).abs() <= 0.6).all()
    share = 1 - pasted.flatten(1).double().mean(1)
    torch.testing.assert_close(
        mixture[chosen].gather(1, numbers[chosen, None])[:, 0], share.float()
    )
    assert CutMix(num_classes=2)(images, numbers)[1].shape == mixture.shape


def test_alpha_shapes_the_shares() -> None:
    images = flat(2000)
    numbers = torch.arange(2000, device=DEVICE)
    for alpha in (0.1, 1.0, 10.0):
        generator = Generator().manual_seed(0)
        _, mixture = mixup(images, numbers, generator, alpha=alpha, num_classes=2000)
        share = mixture.gather(1, numbers[:, None]).cpu()
        assert abs(float(share.mean()) - 0.5) < 0.03
        assert float(share.var()) == pytest.approx(0.25 / (2 * alpha + 1), rel=0.1)


REFUSED: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"alpha": 0}, ValueError, "alpha is 0; expected a number above 0"),
    ({"num_classes": None}, ValueError, "num_classes is None; expected how many"),
    ({"num_classes": 2}, ValueError, "num_classes is 2; expected at least 3"),
    ({"num_classes": 3.0}, TypeError, "num_classes is 3.0; expected an integer"),
    ({"targets": torch.zeros(2)}, ValueError, r"targets has shape \(2,\); expected \(3,\)"),
]


@either
@pytest.mark.parametrize(("arguments", "error", "message"), REFUSED)
def test_refuses_what_cannot_be_mixed(
    mix: Callable[..., Any], arguments: dict[str, Any], error: type[Exception], message: str
) -> None:
    chosen = {"targets": torch.arange(3), "num_classes": 3, **arguments}
    with pytest.raises(error, match=message):
        mix(torch.zeros(3, 1, 2, 2), generator=Generator(), **chosen)


@either
def test_no_pictures_mix_to_none(mix: Callable[..., Any]) -> None:
    empty = torch.zeros(0, dtype=torch.int64, device=DEVICE)
    images, targets = mix(flat(0), empty, Generator(), num_classes=1)
    assert (len(images), targets.shape) == (0, (0, 1))
