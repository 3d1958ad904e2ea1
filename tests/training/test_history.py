"""What training has measured: read, drawn, and carried elsewhere without a loss."""

import csv
import importlib
import sys

import pytest

from cvlib import training
from cvlib.figures import plot_history
from cvlib.training import Epoch, History

HISTORY = History(
    [
        Epoch(1, 0.5, 0.8, 0.6, 0.75, 0.1, {"top3": 0.9}),
        Epoch(2, 1 / 3, 0.9, 0.05, 0.875, 0.001, {"top3": 0.95}),
    ]
)


def test_table():
    assert str(HISTORY) == HISTORY.table()
    heads = "epoch train_loss train_accuracy validation_loss validation_accuracy learning_rate top3"
    rows = [
        "1 0.5000 0.8000 0.6000 0.7500 0.1000 0.9000",
        "2 0.3333 0.9000 0.05 0.8750 0.001 0.9500",
    ]
    lines = HISTORY.table().splitlines()
    assert [line.split() for line in lines] == [row.split() for row in (heads, *rows)]
    assert len({len(line) for line in lines}) == 1
    assert History([]).table() == ""
    assert "validation" not in History([Epoch(1, 0.5, 0.8)]).table()


def test_values():
    assert HISTORY.values("top3") == [0.9, 0.95]
    assert HISTORY.values("validation_loss") == [0.6, 0.05]
    with pytest.raises(ValueError, match="name is 'top5'; expected one of number, train_loss"):
        HISTORY.values("top5")
    with pytest.raises(ValueError, match="name is 'validation_loss'"):
        History([Epoch(1, 0.5, 0.8)]).values("validation_loss")


def test_csv_keeps_every_digit(tmp_path):
    HISTORY.to_csv(tmp_path / "runs" / "history.csv")
    with (tmp_path / "runs" / "history.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [{name: float(value) for name, value in row.items()} for row in rows] == [
        epoch.measures() for epoch in HISTORY.epochs
    ]


def test_tensorboard_reads_the_curves(tmp_path):
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    HISTORY.to_tensorboard(tmp_path)
    events = accumulator.EventAccumulator(str(tmp_path))
    events.Reload()
    assert sorted(events.Tags()["scalars"]) == [
        *("accuracy/train", "accuracy/validation", "learning_rate"),
        *("loss/train", "loss/validation", "top3"),
    ]
    losses = events.Scalars("loss/validation")
    assert [event.step for event in losses] == [1, 2]
    assert [event.value for event in losses] == pytest.approx([0.6, 0.05])


def test_without_tensorboard_it_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with pytest.raises(ModuleNotFoundError, match="pip install tensorboard"):
        HISTORY.to_tensorboard(tmp_path)


def test_it_plots_itself_as_the_book_does():
    plain, styled = HISTORY.plot(), plot_history(HISTORY)
    for one, other in zip(plain.axes, styled.axes, strict=True):
        assert one.get_ylabel() == other.get_ylabel()
        for mine, theirs in zip(one.lines, other.lines, strict=True):
            assert mine.get_xydata().tolist() == theirs.get_xydata().tolist()
            assert mine.get_linestyle() == theirs.get_linestyle()
    assert [line.get_label() for line in plain.axes[0].lines] == ["train", "validation"]
    with pytest.raises(ValueError, match="history has no epochs"):
        History([]).plot()


@pytest.mark.parametrize(
    "module", ["history", "losses", "metrics", "optimizers", "regularization", "schedules"]
)
def test_the_room_exports_all_of_what_it_exports_a_part_of(module: str) -> None:
    names = importlib.import_module(f"cvlib.training.{module}").__all__
    assert set(names) <= set(training.__all__)
    assert all(name in vars(training) for name in training.__all__)
    assert training.save_weights
