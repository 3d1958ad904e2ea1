"""What is kept of a network and what is made anew: against torchvision and scikit-learn."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage import data
from sklearn.linear_model import Ridge
from torch import Tensor, nn
from torchvision.models import MobileNet_V2_Weights
from torchvision.models import mobilenet_v2 as torchvisions

from cvlib.data import ImageSet
from cvlib.networks import pretrained
from cvlib.networks.transfer import (
    Normalize,
    cut,
    extract,
    linear_probe,
    mobilenet_v2,
    nearest,
    train_last,
)
from cvlib.training import fit


def chelsea(side: int = 64) -> Tensor:
    picture = torch.from_numpy(data.chelsea()).permute(2, 0, 1)
    return torch.stack([picture[:, 50 : 50 + side, left : left + side] for left in (100, 200)])


def test_the_chain_computes_what_torchvisions_network_does() -> None:
    x = chelsea().float() / 255
    weights = MobileNet_V2_Weights.IMAGENET1K_V1
    normalized = (x - torch.tensor(weights.transforms().mean)[:, None, None]) / torch.tensor(
        weights.transforms().std
    )[:, None, None]
    with torch.inference_mode():
        expected = pretrained("mobilenet_v2")(normalized)
        found = mobilenet_v2(pretrained=True).eval()(x)
    torch.testing.assert_close(found, expected, atol=1e-4, rtol=1e-4)


def test_its_weights_have_torchvisions_names() -> None:
    model = mobilenet_v2(num_classes=3)
    theirs = torchvisions(num_classes=3)
    assert list(model.state_dict()) == list(theirs.state_dict())
    theirs.load_state_dict(model.state_dict())


def test_all_but_the_new_head_is_pretrained() -> None:
    torch.manual_seed(0)
    model, known = mobilenet_v2(3, pretrained=True), pretrained("mobilenet_v2").state_dict()
    for name, value in model.state_dict().items():
        if not name.startswith("classifier"):
            assert torch.equal(value, known[name])
    assert model.training
    assert model.classifier[-1].weight.shape == (3, 1280)
    torch.manual_seed(0)
    nn.Linear(1280, 3)
    torch.manual_seed(1)
    other = mobilenet_v2(3, pretrained=True)
    assert not torch.equal(other.classifier[-1].weight, model.classifier[-1].weight)


def test_grey_pictures_are_normalized_as_colours() -> None:
    x = torch.rand(2, 1, 4, 4)
    assert torch.equal(Normalize()(x), Normalize()(x.expand(-1, 3, -1, -1)))


@pytest.mark.parametrize(("blocks", "update"), [(0, False), (1, False), (3, True), (19, False)])
def test_what_is_frozen_stands_through_training(blocks: int, update: bool) -> None:
    torch.manual_seed(0)
    model = train_last(mobilenet_v2(2, pretrained=True), blocks, update_statistics=update)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    images = torch.randint(256, (6, 3, 32, 32)).byte()
    pictures = ImageSet(images, torch.arange(6) % 2, ("a", "b"), "noise")
    fit(model, pictures, epochs=1, batch_size=6, device="cpu")
    moved = {n for n, value in model.state_dict().items() if not torch.equal(value, before[n])}
    learning = {f"features.{number}." for number in range(19 - blocks, 19)} | {"classifier."}
    assert all(any(name.startswith(part) for part in learning) for name in moved)
    assert {part for part in learning if any(name.startswith(part) for name in moved)} == learning
    assert any("running_mean" in name for name in moved) == update


def test_too_many_blocks_are_refused() -> None:
    model = mobilenet_v2(2)
    for call in (train_last, cut):
        with pytest.raises(ValueError, match="blocks is 20; expected at most 19"):
            call(model, 20)
        with pytest.raises(ValueError, match="blocks is -1"):
            call(model, -1)


@pytest.mark.parametrize("blocks", [0, 1, 7, 19])
def test_the_two_parts_compute_what_the_whole_does(blocks: int) -> None:
    torch.manual_seed(0)
    model = mobilenet_v2(5, pretrained=True).eval()
    before, after = cut(model, blocks)
    x = torch.rand(2, 3, 40, 48)
    with torch.inference_mode():
        torch.testing.assert_close(after(before(x)), model(x))
    assert sum(p.numel() for p in before.parameters()) + sum(
        p.numel() for p in after.parameters()
    ) == sum(p.numel() for p in model.parameters())
    train_last(model, blocks)
    assert not any(p.requires_grad for p in before.parameters())


def test_extracting_changes_neither_modes_nor_results_with_the_batch() -> None:
    model = train_last(mobilenet_v2(2, pretrained=True), 2)
    modes = [part.training for part in model.modules()]
    images = chelsea(48)
    one, all_at_once = extract(model, images, batch_size=1), extract(model, images)
    torch.testing.assert_close(one, all_at_once, atol=1e-4, rtol=1e-4)
    assert [part.training for part in model.modules()] == modes
    assert not all_at_once.requires_grad
    assert not all_at_once.is_inference()
    floats = extract(model, images.float() / 255)
    torch.testing.assert_close(floats, all_at_once)


def test_extracting_resizes_as_torch_does() -> None:
    images = chelsea()
    found = extract(nn.Identity(), images, size=40)
    expected = nn.functional.interpolate(images / 255, (40, 40), mode="bilinear", antialias=True)
    torch.testing.assert_close(found, expected)


@settings(deadline=None, max_examples=30)
@given(
    count=st.integers(3, 40),
    width=st.integers(1, 40),
    classes=st.integers(2, 4),
    penalty=st.sampled_from([0.1, 1.0, 30.0]),
    seed=st.integers(0, 99),
)
def test_a_probe_is_scikit_learns_ridge_regression(
    count: int, width: int, classes: int, penalty: float, seed: int
) -> None:
    generator = torch.Generator().manual_seed(seed)
    x = 3 + torch.randn(count, width, generator=generator, dtype=torch.double)
    labels = torch.randint(classes, (count,), generator=generator)
    probe = linear_probe(x, labels, classes, penalty)
    ridge = Ridge(alpha=penalty).fit(x.numpy(), nn.functional.one_hot(labels, classes).numpy())
    torch.testing.assert_close(probe.weight, torch.tensor(ridge.coef_), atol=1e-8, rtol=1e-6)
    torch.testing.assert_close(probe.bias, torch.tensor(ridge.intercept_), atol=1e-8, rtol=1e-6)
    assert not probe.weight.requires_grad
    assert linear_probe(x.float(), labels, classes).weight.dtype == torch.float32


def test_a_probe_refuses_what_does_not_fit() -> None:
    x, labels = torch.zeros(3, 2), torch.zeros(3, dtype=torch.long)
    with pytest.raises(ValueError, match=r"features has shape \(3, 2\), labels \(2,\)"):
        linear_probe(x, labels[:2], 2)
    with pytest.raises(ValueError, match="penalty is 0"):
        linear_probe(x, labels, 2, 0)


@given(seed=st.integers(0, 99), count=st.integers(1, 9))
def test_neighbours_are_those_of_the_largest_cosine(seed: int, count: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    query, keys = (torch.randn(n, 5, generator=generator) for n in (3, 9))
    cosine, index = nearest(query, keys, count)
    every = torch.stack([nn.functional.cosine_similarity(one, keys) for one in query])
    torch.testing.assert_close(cosine, every.sort(1, descending=True).values[:, :count])
    torch.testing.assert_close(every.gather(1, index), cosine)
    scaled, same = nearest(7 * query, keys, count)
    assert torch.equal(same, index)
    torch.testing.assert_close(scaled, cosine)


def test_more_neighbours_than_there_are_are_refused() -> None:
    with pytest.raises(ValueError, match="count is 4; expected at most 3"):
        nearest(torch.ones(1, 2), torch.ones(3, 2), 4)
