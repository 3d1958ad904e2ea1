"""The benchmark on LeNet-5 replaces the parts that it says, and runs from end to end."""

from __future__ import annotations

import json
import statistics
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from benchmarks import lenet
from cvlib.data import ImageSet, mnist_sample
from cvlib.networks import LeNet, LeNet5
from cvlib.networks.lenet5 import lenet5_loss


def test_without_a_change_it_is_the_one_of_1998() -> None:
    torch.manual_seed(0)
    model, same = LeNet5(), lenet.Between([])
    same.load_state_dict(model.state_dict())
    x = torch.rand(3, 1, 28, 28)
    torch.testing.assert_close(same(x), model(x))


def test_with_all_changes_it_is_todays_but_for_its_scale() -> None:
    torch.manual_seed(0)
    model, today = lenet.Between(lenet.CHANGES), LeNet()
    shapes = [parameter.numel() for parameter in model.parameters()]
    assert shapes == [parameter.numel() for parameter in today.parameters()]
    with torch.no_grad():
        for mine, theirs in zip(model.parameters(), today.parameters(), strict=True):
            theirs.copy_(mine.reshape(theirs.shape))
        # Its paper is -0.1 and its ink 1.175, where that of today is 0 and 1.
        model.c1.bias += 0.1 * model.c1.weight.sum((1, 2, 3))
        today.features[0].weight *= 1.275
        x = torch.rand(3, 1, 28, 28)
        torch.testing.assert_close(model(x), today(x))


def test_each_step_changes_one_part() -> None:
    made = {name: (make(), loss) for name, (make, loss) in lenet.networks().items()}
    first, *between, last = (model for model, _ in made.values())
    assert type(first) is LeNet5
    assert type(last) is LeNet
    assert [loss for _, loss in made.values()] == [lenet5_loss] * 3 + [F.cross_entropy] * 3
    found = [
        (
            isinstance(model.c3, nn.Conv2d),
            isinstance(model.s2, nn.MaxPool2d),
            isinstance(model.output, nn.Linear),
            model.squash is F.relu,
        )
        for model in between
        if isinstance(model, lenet.Between)
    ]
    assert found == [tuple(step <= done for step in range(4)) for done in range(4)]


def test_runs_from_end_to_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    train, test = mnist_sample().split(test=300)
    train = train[torch.randperm(len(train), generator=torch.Generator().manual_seed(0))]

    def few(split: str) -> ImageSet:
        return {"train": train, "test": test}[split]

    monkeypatch.setattr("benchmarks.record.RESULTS", tmp_path)
    monkeypatch.setattr(lenet, "mnist", few)
    monkeypatch.setattr(lenet, "LEARNING_RATES", (1e-9, 0.01))
    monkeypatch.setattr("sys.argv", ["lenet", "--pictures", "600", "--epochs", "2", "--seeds", "2"])
    lenet.main()
    record = json.loads((tmp_path / "lenet.json").read_text())
    assert record["command"] == "python -m benchmarks.lenet --pictures 600 --epochs 2 --seeds 2"
    rows = record["results"]["networks"]
    assert list(rows) == list(lenet.networks())
    assert [row["parameters"] for row in rows.values()] == [60_000, 60_900, 60_856, *[61_706] * 3]
    for row in rows.values():
        accuracies = row["validation_accuracies"]
        assert accuracies[f"{row['learning_rate']:g}"] == max(accuracies.values())
        mean = statistics.mean(row["test_errors_percent"])
        assert row["test_error_percent_mean"] == pytest.approx(mean, abs=1e-3)
        assert row["share_of_the_time_of_1998"] > 0
    assert rows[lenet.LAST]["learning_rate"] == 0.01
    assert rows[lenet.LAST]["test_error_percent_mean"] < 80
