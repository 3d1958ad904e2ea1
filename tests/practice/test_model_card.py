"""The cards say what the files say, and what is measured when they are written."""

from __future__ import annotations

import hashlib
import importlib
import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from cvlib.__main__ import main
from cvlib.data import mnist_sample
from cvlib.networks import checkpoint, pretrained
from cvlib.practice.corruptions import CORRUPTIONS, corrupt
from cvlib.practice.groups import stroke_widths
from cvlib.practice.model_card import DESCRIBED, MEASURED, model_card
from cvlib.practice.trust import fit_temperature
from cvlib.training import evaluate

cards = importlib.import_module("cvlib.practice.model_card")


class Constant(nn.Module):
    """A reader that always says 3, and is sure of it."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        outputs = torch.zeros(len(x), 10)
        outputs[:, 3] = 9.0
        return outputs


@pytest.fixture(scope="module")
def card() -> str:
    return model_card("lenet")


@torch.inference_mode()
def lenet(pictures: torch.Tensor) -> torch.Tensor:
    outputs: torch.Tensor = pretrained("lenet")(pictures)
    return outputs


def section(card: str, title: str) -> str:
    return card.split(f"{title}\n")[1].split("\n#")[0]


def cells(text: str) -> list[list[str]]:
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def test_every_network_with_weights_is_described() -> None:
    folder = checkpoint("lenet").parent
    assert sorted(DESCRIBED) == sorted(path.stem for path in folder.glob("*.safetensors"))


@pytest.mark.parametrize("name", sorted(set(DESCRIBED) - set(MEASURED)))
def test_others_are_honestly_not_measured(name: str) -> None:
    text = model_card(name)
    assert text.count(": not measured") == 4
    assert "Not measured here" in text
    stored = checkpoint(name).read_bytes()
    assert f"{len(stored):,} bytes" in text
    assert hashlib.sha256(stored).hexdigest()[:16] in text
    parameters = 3_504_872  # of torchvision's table; to make the network takes seconds
    if name != "mobilenet_v2":
        parameters = sum(each.numel() for each in pretrained(name).parameters())
    assert f"| parameters | {parameters:,} |" in text
    assert f"cvlib checkpoint {name}" in text or f"cvlib.networks {name}" in text
    assert ("BSD-3-Clause" in text) == (name == "mobilenet_v2")
    assert ("Apache-2.0" in text) == (name != "mobilenet_v2")


def test_what_the_file_says_is_told() -> None:
    detector, published = model_card("detector"), model_card("mobilenet_v2")
    assert "| test average precision 50, measured then | 0.9" in detector
    assert "The number above is an average" in detector
    assert "| from | https://download.pytorch.org/models/mobilenet_v2" in published
    assert "No number stands in its file" in "".join(cards._unmeasured({"data": "some"}))


def test_drawings_that_lenet5_does_not_learn_are_no_parameters(monkeypatch: Any) -> None:
    monkeypatch.setattr(cards, "_measures", lambda model: [])
    assert "| parameters | 60,000 |" in model_card("lenet5")


def test_what_it_measures_is_what_evaluating_measures(card: str) -> None:
    _, test = mnist_sample().split(test=1000)
    accuracy = evaluate(pretrained("lenet"), test).accuracy
    assert accuracy is not None
    right = round(1000 * accuracy)
    assert f"**Accuracy {accuracy:.3f}, {right} of 1,000, from " in card
    classes = cells(section(card, "### By class"))
    assert [row[0] for row in classes] == list("0123456789")
    assert sum(int(row[1]) for row in classes) == right
    strokes = cells(section(card, "### By the thickness of strokes, in pixels"))
    assert sum(int(row[1]) for row in strokes) == right
    assert sum(int(row[2]) for row in strokes) == 1000
    for row in [*classes, *strokes]:
        assert float(row[3]) == pytest.approx(int(row[1]) / int(row[2]), abs=5e-4)
        assert float(row[4]) < float(row[3]) <= float(row[5])
    spoiled = cells(section(card, "### Under corruption, at severity 3 of 5"))
    assert sorted(row[0].replace(" ", "_") for row in spoiled) == sorted(CORRUPTIONS)
    for rows in (classes, strokes, spoiled):
        worst = min(rows, key=lambda row: float(row[3]))
        assert f"The worst: {worst[0]}, {worst[3]}." in card
    widths = stroke_widths(test.images)
    edges = (0, 2.5, 3, 3.5, float("inf"))
    counts = [int(((a < widths) & (widths <= b)).sum()) for a, b in pairwise(edges)]
    assert [int(row[2]) for row in strokes] == counts
    measuring = test[500:]
    blurred = corrupt(measuring.images / 255, "gaussian_blur", 3)
    hits = int((lenet(blurred).argmax(1) == measuring.labels).sum())
    assert [row[1:3] for row in spoiled if row[0] == "gaussian blur"] == [[str(hits), "500"]]


def test_calibration_and_what_was_never_seen_are_told(card: str) -> None:
    rows = cells(section(card, "### Calibration"))
    assert float(rows[0][3]) > 0.1 > 0.03 > float(rows[1][3])
    _, test = mnist_sample().split(test=1000)
    choosing, measuring = (lenet(part.images / 255) for part in (test[:500], test[500:]))
    temperature = fit_temperature(choosing, test[:500].labels)
    p = (measuring / temperature).softmax(1)
    right = (p.argmax(1) == test[500:].labels).double().mean()
    assert rows[1][:3] == [
        f"divided by {temperature:.3f}",
        f"{float(p.amax(1).mean()):.3f}",
        f"{float(right):.3f}",
    ]
    threshold = choosing.softmax(1).amax(1).sort(descending=True).values[474]
    assert f"is {float(threshold):.3f} or more" in card
    sure = measuring.softmax(1).amax(1)
    shares = [100 * float((sure >= least).double().mean()) for least in (0.9, threshold)]
    assert f"| 500 | {shares[0]:.1f} % | {shares[1]:.1f} % |" in card
    strange = {row[0]: row for row in cells(section(card, "### On what it has never seen"))}
    assert list(strange) == ["other digits of MNIST", "drawn digits", "drawn letters", "clothes"]
    assert [row[1] for row in strange.values()] == ["500", "360", "102", "100"]
    assert 90 < float(strange["other digits of MNIST"][3].split()[0]) < 97
    areas = [float(row[4]) for row in list(strange.values())[1:]]
    assert areas[0] < 0.6 < 0.8 < areas[1] < areas[2]


def test_another_network_gets_other_numbers() -> None:
    text = model_card("lenet", Constant())
    assert "**Accuracy 0.100, 100 of 1,000, from" in text
    assert "The worst: 0, 0.000." in text
    assert "no temperature makes the outputs fit" in text
    assert len(cells(section(text, "### Calibration"))) == 1
    assert [row[2:4] for row in cells(section(text, "### On what it has never seen"))] == [
        ["100.0 %", "100.0 %"]
    ] * 4


def test_no_line_tells_a_place_or_a_day(card: str) -> None:
    assert str(Path.home()) not in card
    assert not re.search(r"20\d\d-\d\d", card)
    assert "|  |" not in card


def test_what_cannot_be_measured_is_refused() -> None:
    with pytest.raises(ValueError, match="model is given for unet_0, which is not measured"):
        model_card("unet_0", Constant())


def test_unknown_networks_are_named() -> None:
    with pytest.raises(ValueError, match="name is 'nobody'; expected one of lenet"):
        model_card("nobody")


def test_the_command_writes_a_file_at_once(tmp_path: Path, capsys: Any) -> None:
    path = tmp_path / "cards" / "unet_0.md"
    main(["card", "unet_0", "--output", str(path)])
    assert path.read_text("utf-8") == model_card("unet_0")
    assert capsys.readouterr().out == f"{path}: the card of unet_0\n"
    assert [each.name for each in path.parent.iterdir()] == ["unet_0.md"]


def test_the_command_prints_and_refuses(monkeypatch: Any, tmp_path: Path, capsys: Any) -> None:
    main(["card", "unet_0"])
    assert capsys.readouterr().out.rstrip() == model_card("unet_0").rstrip()
    with pytest.raises(SystemExit) as stopped:
        main(["card", "unet_0", "--output", str(tmp_path)])
    assert stopped.value.code == 1
    assert "cannot write" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["card", "nobody"])
    assert "invalid choice" in capsys.readouterr().err


def test_the_constants_are_what_the_words_say() -> None:
    assert cards.SURE == 0.9
    assert cards.KEEP == 0.95
