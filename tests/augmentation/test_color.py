"""Colours against torchvision's, and principal colours against numpy's and scikit-learn's."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.decomposition import PCA
from torch import Tensor
from torchvision.transforms.v2 import functional as torchvision

from cvlib.augmentation import color
from cvlib.augmentation.color import (
    adjust_brightness,
    adjust_contrast,
    adjust_saturation,
    adjust_sharpness,
    autocontrast,
    color_jitter,
    equalize,
    pca_color,
    posterize,
    principal_colors,
    solarize,
)
from cvlib.data import photograph
from tests.augmentation.pictures import (
    assert_each_is,
    assert_fills,
    batches,
    labels,
    numbers,
    pictures,
    random_cases,
    recorded,
    seeded,
)
from tests.layers.drawn import DEVICE


@random_cases
@given(batches((1, 3)), st.data())
def test_colours(images: Tensor, data: st.DataObject) -> None:
    factor = numbers(data.draw, images, 0, 3)
    for name in ("adjust_brightness", "adjust_contrast", "adjust_saturation"):
        ours, reference = getattr(color, name), getattr(torchvision, name)
        assert_each_is(ours(images, factor), images, reference, factor)
        torch.testing.assert_close(ours(images, 1.0), images)


@random_cases
@given(batches((1, 3)), st.data())
def test_sharpness_bits_and_thresholds(images: Tensor, data: st.DataObject) -> None:
    factor, threshold = numbers(data.draw, images, 0, 3), numbers(data.draw, images, 0, 1)
    bits = torch.tensor([data.draw(st.integers(0, 8)) for _ in images])
    for name, number in (
        ("adjust_sharpness", factor),
        ("posterize", bits),
        ("solarize", threshold),
    ):
        ours, reference = getattr(color, name), getattr(torchvision, name)
        assert_each_is(ours(images, number), images, reference, number)
    torch.testing.assert_close(adjust_sharpness(images, 1.0), images)


@settings(max_examples=15, deadline=None, derandomize=True)
@given(
    st.integers(0, 10_000), st.integers(1, 24), st.sampled_from([1, 3]), st.sampled_from([0.1, 1.0])
)
def test_histograms(seed: int, side: int, channels: int, most: float) -> None:
    images = torch.rand(3, channels, side, side + 9, generator=seeded(seed)) * most
    images[0] = images[0, 0, 0, 0]  # of one value
    for dtype in (torch.float32, torch.float64):
        given_ones = images.to(DEVICE, dtype)
        before = given_ones.clone()
        for name in ("autocontrast", "equalize"):
            ours, reference = getattr(color, name), getattr(torchvision, name)
            assert_each_is(ours(given_ones), given_ones, reference)
            assert torch.equal(given_ones, before)


def test_an_even_histogram_is_one() -> None:
    levels = equalize(torch.rand(1, 1, 200, 200, generator=seeded()).square().to(DEVICE))
    counts = torch.histc(levels, bins=8, min=0, max=1)
    assert counts.max() / counts.min() < 1.25  # the squares have four times as many dark pixels


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda x: adjust_contrast(x, -1), ValueError, "factor is -1; expected at least 0"),
        (lambda x: adjust_contrast(x[:, :2], 1), ValueError, "images has 2 channels; expected 1"),
        (lambda x: adjust_saturation(x[:, :2], 1), ValueError, "images has 2 channels"),
        (lambda x: adjust_sharpness(x, -1), ValueError, "factor is -1; expected at least 0"),
        (lambda x: posterize(x, 9), ValueError, "bits is 9; expected whole numbers from 0 to 8"),
        (lambda x: posterize(x, 1.5), ValueError, "bits is 1.5; expected whole numbers"),
        (lambda x: solarize(x, 1.1), ValueError, "threshold is 1.1; expected at most 1"),
        (lambda x: equalize(x[0]), ValueError, r"images has shape \(3, 4, 4\)"),
        (lambda x: autocontrast(x.byte()), TypeError, "images is torch.uint8"),
        (lambda x: adjust_brightness(x, torch.ones(3)), ValueError, r"expected one number, or \(2"),
    ],
)
def test_refuses_numbers_that_do_not_fit(
    call: Callable[[Tensor], Tensor], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        call(torch.zeros(2, 3, 4, 4, device=DEVICE))


@pytest.mark.parametrize("name", ["brightness", "contrast", "saturation"])
@pytest.mark.parametrize(("strength", "low", "high"), [(0.4, 0.6, 1.4), (1.5, 0, 2.5)])
def test_colours_fill_their_ranges(
    monkeypatch: pytest.MonkeyPatch, name: str, strength: float, low: float, high: float
) -> None:
    strengths: Any = {"brightness": 0, "contrast": 0, "saturation": 0, name: strength}
    call = partial(color_jitter, pictures(1000), labels(1000), seeded(), **strengths)
    (factor,) = recorded(monkeypatch, color, f"adjust_{name}", call)
    assert_fills(factor, low, high)


def test_colours_without_strength_change_nothing() -> None:
    images = pictures()
    same, _ = color_jitter(images, labels(), seeded(), brightness=0, contrast=0, saturation=0)
    assert torch.equal(same, images)


STRENGTHS: list[tuple[Callable[..., Any], dict[str, Any], str]] = [
    (color_jitter, {"contrast": -0.1}, "contrast is -0.1"),
]


@pytest.mark.parametrize(("augment", "strength", "message"), STRENGTHS)
def test_refuses_a_strength_out_of_range(
    augment: Callable[..., Any], strength: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        augment(pictures(), labels(), seeded(), **strength)


VALUES, VECTORS = torch.tensor([0.2, 0.02, 0.01]), torch.linalg.qr(torch.rand(3, 3)).Q


def cat() -> Tensor:
    return torch.from_numpy(photograph("chelsea")).permute(2, 0, 1)[None].to(DEVICE)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 5), st.integers(2, 6), st.booleans())
def test_equals_numpys_covariance(seed: int, count: int, side: int, as_bytes: bool) -> None:
    images = torch.rand(count, 3, side, side + 1, generator=seeded(seed))
    images[:, 1] = 0.5 * images[:, 0] + 0.5 * images[:, 1]
    if as_bytes:
        images = (images * 255).byte()
    colors = images.movedim(1, 0).flatten(1).numpy().astype(np.float64)
    covariance = np.cov(colors / (255 if as_bytes else 1), bias=True)
    values, vectors = (part.cpu().double().numpy() for part in principal_colors(images.to(DEVICE)))
    assert (np.diff(values) <= 0).all()
    np.testing.assert_allclose(vectors @ np.diag(values) @ vectors.T, covariance, atol=1e-6)
    np.testing.assert_allclose(vectors.T @ vectors, np.eye(3), atol=1e-6)
    assert (np.take_along_axis(vectors, abs(vectors).argmax(0)[None], 0) > 0).all()


def test_equals_scikit_learns_components() -> None:
    images = cat()
    colors = images[0].flatten(1).T.cpu().numpy() / 255
    theirs = PCA().fit(colors)
    values, vectors = principal_colors(images)
    count = len(colors)
    np.testing.assert_allclose(
        values.cpu(), theirs.explained_variance_ * (count - 1) / count, rtol=1e-4
    )
    np.testing.assert_allclose(abs(vectors.T.cpu()), abs(theirs.components_), atol=1e-4)


def test_parts_of_a_large_set_add_up() -> None:
    images = torch.rand(2300, 3, 2, 2, generator=seeded())
    images[:1000] *= 0.3
    colors = images.movedim(1, 0).flatten(1).double()
    values, vectors = principal_colors(images)
    covariance = (vectors @ values.diag() @ vectors.T).double()
    torch.testing.assert_close(covariance, torch.cov(colors, correction=0), rtol=0, atol=1e-6)


def test_moves_a_picture_along_the_vectors_by_normal_numbers() -> None:
    images = torch.full((5000, 3, 1, 2), 0.5, device=DEVICE)
    moved, _ = pca_color(images, torch.arange(5000), seeded(), VALUES, VECTORS, std=0.2)
    assert torch.equal(moved[..., 0], moved[..., 1])
    amounts = ((moved - images)[:, :, 0, 0].cpu() @ VECTORS) / VALUES
    assert amounts.mean(0).abs().max() < 0.01
    torch.testing.assert_close(torch.cov(amounts.T), 0.04 * torch.eye(3), rtol=0, atol=0.002)
    beyond = (amounts.abs() > 0.4).float().mean()
    assert 0.035 < beyond < 0.056  # twice the deviation: 4.55 % of normal numbers
    # The very numbers that the generator gives, as the formula has them.
    alpha = 0.2 * torch.randn(3, 5000, generator=seeded())
    by_hand = sum(alpha[i, :, None] * VALUES[i] * VECTORS[:, i] for i in range(3))
    torch.testing.assert_close((moved - images)[:, :, 0, 0].cpu(), by_hand, rtol=0, atol=1e-6)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_keeps_the_contract_of_augmentations(dtype: torch.dtype) -> None:
    images = (cat().to(dtype) / 255).repeat(20, 1, 1, 1)[..., :30, :40]
    targets, before, state = torch.arange(20), images.clone(), torch.get_rng_state()
    generator = seeded()
    first, kept = pca_color(images, targets, generator, VALUES, VECTORS)
    again, _ = pca_color(images, targets, generator, VALUES, VECTORS)
    same, _ = pca_color(images, targets, seeded(), VALUES, VECTORS)
    assert torch.equal(first, same)
    assert not torch.equal(first, again)
    assert kept is targets
    assert torch.equal(images, before)
    assert torch.equal(torch.get_rng_state(), state)
    assert (first.shape, first.dtype, first.device) == (images.shape, dtype, images.device)
    assert len(first.flatten(1).unique(dim=0)) == 20
    strong, _ = pca_color(images, targets, seeded(), VALUES, VECTORS, std=50)
    assert strong.min() == 0
    assert strong.max() == 1
    alike, _ = pca_color(images, targets, seeded(), VALUES, VECTORS, std=0)
    assert torch.equal(alike, images)


REFUSED: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"images": torch.zeros(2, 1, 4, 4)}, ValueError, "images has 1 channels; expected 3"),
    ({"images": torch.zeros(2, 3, 4, 4).byte()}, TypeError, r"images is torch\.uint8"),
    ({"generator": 0}, TypeError, r"generator is a int; expected a torch\.Generator"),
    ({"values": torch.zeros(2)}, ValueError, r"values has shape \(2,\); expected \(3,\)"),
    ({"vectors": torch.zeros(3)}, ValueError, r"vectors has shape \(3,\); expected \(3, 3\)"),
    ({"std": -1}, ValueError, "std is -1"),
]


@pytest.mark.parametrize(("wrong", "error", "message"), REFUSED)
def test_refuses(wrong: dict[str, Any], error: type[Exception], message: str) -> None:
    given_ones: dict[str, Any] = {
        "images": torch.zeros(2, 3, 4, 4),
        "targets": torch.arange(2),
        "generator": seeded(),
        "values": VALUES,
        "vectors": VECTORS,
    }
    with pytest.raises(error, match=message):
        pca_color(**given_ones | wrong)


@pytest.mark.parametrize("images", [torch.zeros(2, 1, 4, 4), torch.zeros(0, 3, 4, 4)])
def test_principal_colors_refuse_other_shapes(images: Tensor) -> None:
    with pytest.raises(ValueError, match=r"images has shape .*; expected \(N, 3, H, W\)"):
        principal_colors(images)
    with pytest.raises(TypeError, match=r"images is torch\.int64"):
        principal_colors(images.long())
