"""The benchmark of units finds what is known of made-up units, and runs from end to end."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from benchmarks import inside
from cvlib.data import ImageSet
from cvlib.networks.cifar10 import PlainNet
from cvlib.networks.inside import Box
from tests.checkout import ROOT

HALVES = (torch.arange(300), torch.arange(300, 600))


@pytest.fixture(scope="module")
def pictures() -> ImageSet:
    """Coloured noise, smooth enough to have edges, in which class k is redder by k."""
    generator = torch.Generator().manual_seed(0)
    noise = torch.rand(600, 3, 11, 11, generator=generator)
    smooth = nn.functional.interpolate(noise, size=(32, 32), mode="bilinear")
    labels = torch.arange(600) % 10
    smooth[:, 0] = 0.5 * smooth[:, 0] + labels[:, None, None] / 20
    classes = tuple("0123456789")
    return ImageSet((255 * smooth).to(torch.uint8), labels, classes, "noise")


def known(pictures: ImageSet, box: Box) -> tuple[dict[str, Tensor], Tensor]:
    x = pictures.images / 255
    return inside.features(x, pictures.labels, box), x


def test_an_edge_detector_is_found_and_is_no_texture(pictures: ImageSet) -> None:
    found, x = known(pictures, Box(8, 8, 16, 16))
    seen = x[:, :, 8:24, 8:24].mean(1)
    unit = (seen[:, 6:10, 8:12].mean((1, 2)) - seen[:, 6:10, 4:8].mean((1, 2))).relu()[:, None]
    edge = inside.explained_by_one(found["edge"], unit, *HALVES)
    assert edge > 0.6
    for kind in ("colour", "texture", "class"):
        assert inside.explained(found[kind], unit, *HALVES) < edge / 2


def test_a_colour_unit_is_explained_by_colour(pictures: ImageSet) -> None:
    found, x = known(pictures, Box(-3, -3, 40, 40))
    unit = (x[:, 0] - x[:, 2]).mean((1, 2))[:, None]
    assert inside.explained(found["colour"], unit, *HALVES) > 0.999
    assert inside.explained(found["class"], unit, *HALVES) > 0.5  # class k is redder by k


def test_texture_does_not_care_for_place_or_phase() -> None:
    stripes = torch.sin(torch.arange(48) * 2 * torch.pi / 5)[:, None].expand(3, 48, 32)
    moved = torch.stack([stripes[:, k : k + 32] for k in range(5)])
    found = inside.features(moved, torch.zeros(5, dtype=torch.int64), Box(0, 0, 32, 32))
    strongest = found["texture"].argmax(1)
    assert len(strongest.unique()) == 1
    values = found["texture"][:, strongest[0]]
    assert values.std() < 0.05 * values.mean()
    assert found["edge"].std(0).max() > values.std()


def test_chance_explains_nothing() -> None:
    generator = torch.Generator().manual_seed(0)
    x, y = torch.rand(600, 5, generator=generator), torch.rand(600, 3, generator=generator)
    assert (inside.explained(x, y, *HALVES).abs() < 0.1).all()
    assert (inside.explained_by_one(x, y, *HALVES).abs() < 0.1).all()
    torch.testing.assert_close(inside.explained(x, x[:, :1] * 2 + 1, *HALVES), torch.ones(1))


def test_selectivity_is_that_of_its_definition() -> None:
    labels = torch.arange(10).repeat(2)
    one, alike = (labels == 3).float(), torch.ones(20)
    twice = 1 + (labels == 7).float()
    found = inside.selectivity(torch.stack([one, alike, twice], 1), labels)
    torch.testing.assert_close(found, torch.tensor([1, 0, 1 / 3]))


def test_runs_from_end_to_end(
    pictures: ImageSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.manual_seed(0)
    model = PlainNet([[4], [6]]).eval()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    monkeypatch.setattr("benchmarks.record.RESULTS", tmp_path)
    monkeypatch.setattr(inside, "cifar10", lambda split: pictures)
    monkeypatch.setattr(inside, "pretrained", lambda name: model)
    monkeypatch.setattr("sys.argv", ["inside", "--pictures", "400"])
    inside.main()
    found = json.loads((tmp_path / "inside.json").read_text())["results"]
    assert found["pictures"] == 400
    for rows in (found["trained"], found["untrained"]):
        assert [row["layer"] for row in rows] == ["features.3", "features.7"]
        assert [row["receptive_field"] for row in rows] == [4, 10]
        for row in rows:
            assert row["explained_variance"].keys() == {"edge", "colour", "texture", "class"}
            assert 0 <= row["class_selectivity"] <= 1
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_the_record_says_what_the_chapter_says() -> None:
    record = json.loads((ROOT / "results/inside.json").read_text("utf-8"))["results"]
    shares = {
        (name, kind): [row["explained_variance"][kind] for row in record[name]]
        for name in ("trained", "untrained")
        for kind in ("edge", "colour", "texture", "class")
    }
    for name in ("trained", "untrained"):
        edges = shares[name, "edge"]
        assert edges == sorted(edges, reverse=True), "edges fade, trained or not"
        assert edges[-1] < 0.05
    learnt, fresh = shares["trained", "class"], shares["untrained", "class"]
    assert learnt == sorted(learnt), "the class explains more with every layer"
    assert 0.18 < learnt[-1] < 0.22, "a fifth at the end, four fifths unexplained"
    assert max(fresh) - min(fresh) < 0.02, "hardly moves without training"
    assert 0.45 < shares["trained", "edge"][0] < 0.55, "half of a unit"
    texture = shares["trained", "texture"]
    assert texture.index(max(texture)) == 0
    assert all(0.07 < share < 0.13 for share in texture[2:]), "about a tenth"
    assert all(a < b for a, b in zip(texture[2:], shares["untrained", "texture"][2:], strict=True))
    assert not any(
        row["silent_units"] for name in record if name != "pictures" for row in record[name]
    )
