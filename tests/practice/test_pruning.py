"""Masks are torch's, and a network without some channels is the one with these at zero."""

from __future__ import annotations

import copy

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn.utils import prune

from cvlib.networks import LeNet, PlainNet
from cvlib.practice import channel_norms, global_masks, prune_channels, prune_mask, sparsity


def drawn(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


@given(
    shape=st.lists(st.integers(1, 6), min_size=1, max_size=4),
    amount=st.floats(0, 1),
    seed=st.integers(0, 99),
)
@settings(max_examples=40, deadline=None)
def test_masks_are_torchs(shape: list[int], amount: float, seed: int) -> None:
    weight = drawn(*shape, seed=seed)
    theirs = prune.L1Unstructured(amount).compute_mask(weight, torch.ones_like(weight))
    assert torch.equal(prune_mask(weight, amount), theirs)


@given(amount=st.floats(0, 1), seed=st.integers(0, 99))
@settings(max_examples=20, deadline=None)
def test_masks_of_all_layers_are_torchs(amount: float, seed: int) -> None:
    torch.manual_seed(seed)
    model = nn.Sequential(nn.Conv2d(2, 3, 3), nn.Linear(5, 4))
    ours = global_masks({str(at): each.weight for at, each in enumerate(model)}, amount)
    parts = [(each, "weight") for each in model]
    prune.global_unstructured(parts, prune.L1Unstructured, amount=amount)
    for name, mask in ours.items():
        assert torch.equal(mask, model[int(name)].weight_mask)


def test_sparsity_counts_zeros() -> None:
    assert sparsity(prune_mask(drawn(10, 10), 0.37)) == 0.37
    with pytest.raises(ValueError, match="no number"):
        sparsity(torch.zeros(0))


def test_norms_are_those_of_the_filters() -> None:
    weight = drawn(4, 3, 5, 5)
    for p in (1, 2):
        expected = torch.stack([each.abs().pow(p).sum() ** (1 / p) for each in weight])
        torch.testing.assert_close(channel_norms(weight, p), expected)


def zeroed(model: nn.Module, layers: list[str], keep: list[int]) -> nn.Module:
    """Set channels to zero, in a layer and in what follows it."""
    model = copy.deepcopy(model)
    for name in layers:
        layer = model.get_submodule(name)
        assert isinstance(layer.weight, Tensor)
        gone = [at for at in range(len(layer.weight)) if at not in keep]
        for values in (layer.weight, layer.bias):
            if isinstance(values, Tensor):
                values.data[gone] = 0
    return model


@given(
    layer=st.sampled_from(["features.0", "features.3", "classifier.0", "classifier.2"]),
    data=st.data(),
)
@settings(max_examples=15, deadline=None)
def test_a_chain_without_channels_is_one_with_zeros(layer: str, data: st.DataObject) -> None:
    torch.manual_seed(0)
    model = LeNet().eval()
    count = len(model.get_submodule(layer).weight)  # type: ignore[arg-type]
    keep = data.draw(st.lists(st.integers(0, count - 1), min_size=1, max_size=8, unique=True))
    smaller = prune_channels(model, layer, keep)
    x = drawn(3, 1, 28, 28)
    torch.testing.assert_close(smaller(x), zeroed(model, [layer], keep)(x), rtol=1e-4, atol=1e-5)
    before, after = (sum(each.numel() for each in net.parameters()) for net in (model, smaller))
    assert (after < before) == (len(keep) < count)  # all may be kept, in another order
    assert sum(each.numel() for each in model.parameters()) == 61706  # the model stays as it is


def test_batch_normalization_loses_its_channels() -> None:
    torch.manual_seed(0)
    model = PlainNet(widths=((6,), (5, 4)))
    for _ in range(3):  # statistics that are not those of the beginning
        model(torch.rand(8, 3, 16, 16))
    model.eval()
    x = torch.rand(4, 3, 16, 16)
    for layer, norm, keep in (
        ("features.0", "features.2", [5, 0, 2]),
        ("features.4", "features.5", [1]),
        ("features.7", "features.9", [3, 1]),
    ):
        smaller = prune_channels(model, layer, torch.tensor(keep))
        expected = zeroed(model, [layer, norm], keep)
        # A weight of 0 alone leaves a channel at its bias, which is 0, too.
        torch.testing.assert_close(smaller(x), expected(x), rtol=1e-4, atol=1e-5)
        assert smaller.get_submodule(norm).num_features == len(keep)
    smaller.train()(x).sum().backward()


def test_what_cannot_be_cut_is_refused() -> None:
    model = LeNet()
    for keep in ([], [0, 0], [6], [-1]):
        with pytest.raises(ValueError, match="keep"):
            prune_channels(model, "features.0", keep)
    with pytest.raises(ValueError, match=r"expected one of features\.0, features\.3"):
        prune_channels(model, "features.1", [0])
    with pytest.raises(ValueError, match="the last one"):
        prune_channels(model, "classifier.4", [0])
    wrong = nn.Sequential(nn.Conv2d(1, 4, 3), nn.Conv2d(6, 4, 3))
    with pytest.raises(ValueError, match=r"takes 6 inputs.*chain"):
        prune_channels(wrong, "0", [0])
    wrong = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(3), nn.Conv2d(4, 4, 3))
    with pytest.raises(ValueError, match="has 3 channels; expected 4"):
        prune_channels(wrong, "0", [0])
    grouped = nn.Sequential(nn.Conv2d(4, 4, 3, groups=2), nn.Conv2d(4, 4, 3))
    with pytest.raises(ValueError, match="2 groups"):
        prune_channels(grouped, "0", [0])
    with pytest.raises(ValueError, match="amount"):
        prune_mask(torch.ones(3), 1.5)
    with pytest.raises(ValueError, match="empty"):
        global_masks({}, 0.5)
    with pytest.raises(ValueError, match=r"expected \(out, in"):
        channel_norms(torch.ones(3))
