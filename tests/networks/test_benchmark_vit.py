"""The benchmark of inductive bias shuffles what it says, and runs from end to end."""

from __future__ import annotations

import json
from itertools import count
from pathlib import Path

import pytest
import torch
from torch import nn

from benchmarks import vit
from cvlib.data import ImageSet
from tests.checkout import ROOT


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock that goes on by a second whenever it is read."""
    moments = count()
    monkeypatch.setattr(vit, "process_time", lambda: next(moments))


@pytest.fixture(scope="module")
def pictures() -> ImageSet:
    """Coloured noise, in which class k is redder by k."""
    generator = torch.Generator().manual_seed(0)
    images = torch.rand(200, 3, 32, 32, generator=generator) / 2
    labels = torch.arange(200) % 10
    images[:, 0] += labels[:, None, None] / 20
    classes = tuple("0123456789")
    return ImageSet((255 * images).to(torch.uint8), labels, classes, "noise")


def test_shuffling_moves_patches_and_pixels_and_keeps_every_number() -> None:
    torch.manual_seed(0)
    shuffle, x = vit.Shuffled(), torch.arange(2 * 3 * 32 * 32.0).view(2, 3, 32, 32)
    y = shuffle(x)
    assert torch.equal(y.flatten(2).sort(2).values, x.flatten(2))
    for row, column in ((0, 0), (1, 3)):  # a patch stays together, all channels alike
        new = y[:, :, 8 * row : 8 * row + 8, 8 * column : 8 * column + 8]
        old_row, old_column = divmod(int(shuffle.patches[4 * row + column]), 4)
        old = x[:, :, 8 * old_row : 8 * old_row + 8, 8 * old_column : 8 * old_column + 8]
        assert torch.equal(new.flatten(2), old.flatten(2)[..., shuffle.pixels])


def test_a_transformer_with_moved_weights_does_not_see_the_shuffling() -> None:
    torch.manual_seed(0)
    shuffle, x = vit.Shuffled(), torch.rand(2, 3, 32, 32)
    model, other = (vit.network("ViT")[1] for _ in range(2))  # type: ignore[index]
    nn.init.normal_(model.heads.head.weight)
    other.load_state_dict(model.state_dict())
    weight, positions = other.conv_proj.weight, other.encoder.pos_embedding
    weight.data = weight.flatten(2)[..., shuffle.pixels].view_as(weight)
    positions.data[:, 1:] = positions.data[:, 1:][:, shuffle.patches]
    with torch.inference_mode():
        torch.testing.assert_close(other(shuffle(x)), model(x), rtol=1e-3, atol=1e-4)
        assert not torch.allclose(model(shuffle(x)), model(x), rtol=1e-3, atol=1e-2)


def test_the_networks_have_as_many_parameters_to_within_a_hundredth() -> None:
    counts = [sum(p.numel() for p in vit.network(name).parameters()) for name in vit.RATES]
    assert max(counts) < 1.01 * min(counts)


@pytest.mark.usefixtures("clock")
def test_a_run_takes_the_seconds_it_is_given(pictures: ImageSet) -> None:
    model, looks = vit.trained(lambda: vit.network("ViT"), pictures, 5.0, 0.001, 0)
    assert looks == 3 * vit.BATCH + 200 % vit.BATCH  # the small batch comes first
    assert not model.training


@pytest.mark.usefixtures("clock")
def test_runs_from_end_to_end(
    pictures: ImageSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("benchmarks.record.RESULTS", tmp_path)
    monkeypatch.setattr(vit, "cifar10", lambda split: pictures)
    monkeypatch.setattr(vit, "SECONDS", {100: 2.0, 200: 2.0})
    threads = torch.get_num_threads()
    monkeypatch.setattr("sys.argv", ["vit", "--seeds", "1"])
    vit.main()
    first_time = json.loads((tmp_path / "vit.json").read_text())["results"]["networks"]
    monkeypatch.setattr("sys.argv", ["vit", "--seeds", "2"])
    vit.main()  # goes on
    torch.set_num_threads(threads)
    found = json.loads((tmp_path / "vit.json").read_text())["results"]
    assert list(found["networks"]) == list(vit.RATES)
    for name, row in found["networks"].items():
        assert list(row["pictures"]) == ["100 pictures", "200 pictures"]
        for size, each in row["pictures"].items():
            assert each["seeds"] == [0, 1]
            first, second = each["test_accuracies"]
            assert first_time[name]["pictures"][size]["test_accuracies"] == [first]
            assert each["test_accuracy_mean"] == pytest.approx((first + second) / 2, abs=1e-4)
            spread = abs(first - second) / 2**0.5
            assert each["test_accuracy_standard_deviation"] == pytest.approx(spread, abs=1e-4)


def test_rates_are_tried_on_pictures_held_out(
    pictures: ImageSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = []

    def trained(make: object, some: ImageSet, seconds: float, rate: float, seed: int) -> object:
        tried.append((len(some), rate))
        return vit.network("CNN").eval(), 0

    monkeypatch.setattr(vit, "trained", trained)
    monkeypatch.setattr(vit, "CHOOSING", 50)
    found = vit.rates_tried("CNN", pictures)
    assert tried == [(50, rate) for rate in vit.TRIED]
    assert list(found) == [f"{rate:g}" for rate in vit.TRIED]


def test_the_record_says_what_the_chapter_says() -> None:
    record = json.loads((ROOT / "results/vit.json").read_text("utf-8"))["results"]
    rows = {name: row["pictures"] for name, row in record["networks"].items()}
    sizes = ["500 pictures", "5000 pictures", "50000 pictures"]
    found = {
        name: [row[size]["test_accuracy_mean"] for size in sizes] for name, row in rows.items()
    }
    leads = [cnn - own for cnn, own in zip(found["CNN"], found["ViT"], strict=True)]
    assert leads[0] > 0.1, "the CNN is ahead at every size"
    assert leads == sorted(leads), "and further ahead where there are more pictures"
    pairs = zip(found["CNN, shuffled pictures"], found["ViT"], strict=True)
    apart = [shuffled - own for shuffled, own in pairs]
    assert max(map(abs, apart)) < 0.023, "shuffled, it comes out within some two points of the ViT"
    assert min(apart) < 0 < max(apart), "on either side"
    spreads = [
        row["test_accuracy_standard_deviation"] for row in rows["CNN, shuffled pictures"].values()
    ]
    pairs = zip(apart, spreads, strict=True)
    assert all(abs(gap) < 1.2 * spread for gap, spread in pairs), "about as far as seeds lie apart"
    assert all(accuracies == sorted(accuracies) for accuracies in found.values()), "more help"
    last = rows["ViT"][sizes[-1]]
    assert 3.5 < last["epochs_mean"] < 5, "it went through them some four times"
    gap = last["train_accuracy_mean"] - last["test_accuracy_mean"]
    assert gap < 0.02, "it reads those hardly better than new ones"
