"""Networks for every kind of target train, are measured, stopped and resumed."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, Dataset, TensorDataset

from cvlib.training import Callback, Training, evaluate, fit, predict

SIDE = 12


def squares(count: int, seed: int) -> tuple[Tensor, Tensor]:
    """Dark pictures with one bright square, and its corners (x, y, x, y)."""
    drawn = torch.Generator().manual_seed(seed)
    pictures = torch.randint(0, 60, (count, 1, SIDE, SIDE), generator=drawn, dtype=torch.uint8)
    corners = torch.randint(0, SIDE - 5, (count, 2), generator=drawn)
    boxes = torch.cat([corners, corners + 5], 1)
    for picture, (left, top, right, bottom) in zip(pictures, boxes.tolist(), strict=True):
        picture[0, top:bottom, left:right] += 150
    return pictures, boxes


class Boxes(Dataset):
    """A detector's data: pairs of a picture and a dictionary."""

    def __init__(self, pictures: Tensor, boxes: Tensor) -> None:
        self.pictures, self.boxes = pictures, boxes

    def __len__(self) -> int:
        return len(self.boxes)

    def __getitem__(self, index: int) -> tuple[Tensor, dict[str, Tensor]]:
        return self.pictures[index], {"boxes": self.boxes[index : index + 1].float()}


class Detector(nn.Module):
    """Finds one box; like torchvision's, it computes its own loss in training."""

    def __init__(self, broken: bool = False) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Flatten(), nn.Linear(SIDE * SIDE, 64), nn.ReLU())
        self.head, self.broken = nn.Linear(64, 4), broken

    def forward(self, pictures: Tensor, targets: list[dict[str, Tensor]] | None = None) -> Any:
        boxes = SIDE * self.head(self.body(pictures))
        if not self.training:
            return [{"boxes": box[None]} for box in boxes]
        assert targets is not None
        true = torch.cat([target["boxes"] for target in targets])
        true = true.flip(0) if self.broken else true
        return {
            "corner": F.l1_loss(boxes[:, :2], true[:, :2]),
            "far_corner": F.l1_loss(boxes[:, 2:], true[:, 2:]),
        }


def distance(outputs: list[dict[str, Tensor]], targets: list[dict[str, Tensor]]) -> Tensor:
    found, true = (torch.cat([each["boxes"] for each in some]) for some in (outputs, targets))
    return (found - true).abs().mean()


def task(name: str, broken: bool = False) -> tuple[nn.Module, Dataset, Dataset, dict[str, Any]]:
    """Make a network, its sets, and how to train it; a broken one learns what is not true."""
    torch.manual_seed(0)
    (pictures, boxes), (others, their) = squares(600, 1), squares(200, 2)
    flat = nn.Sequential(nn.Flatten(), nn.Linear(SIDE * SIDE, 64), nn.ReLU())
    turn = (lambda targets: targets.flip(0)) if broken else (lambda targets: targets)
    if name == "labels":
        half = [turn((each[:, 0] > 3).long()) for each in (boxes, their)]
        net, settings = nn.Sequential(flat, nn.Linear(64, 2)), {}
    elif name == "several labels":
        half = [turn((each[:, :2] > 3).float()) for each in (boxes, their)]
        net, settings = nn.Sequential(flat, nn.Linear(64, 2)), {"loss": nn.BCEWithLogitsLoss()}
    elif name == "numbers":
        half = [turn(each.float() / SIDE) for each in (boxes, their)]
        net, settings = nn.Sequential(flat, nn.Linear(64, 4)), {"loss": nn.MSELoss()}
    elif name == "label maps":
        half = [turn((each[:, 0] > 70).long()) for each in (pictures, others)]
        net, settings = nn.Conv2d(1, 2, 3, padding=1), {}
    else:
        net = Detector(broken)
        settings = {"loss": "model", "metrics": {"distance": distance}}
        return net, Boxes(pictures, boxes), Boxes(others, their), settings
    train, validation = TensorDataset(pictures, half[0]), TensorDataset(others, half[1])
    return net, train, validation, settings


KINDS = ["labels", "several labels", "numbers", "label maps", "boxes"]
TRAINED = {"epochs": 12, "batch_size": 50, "device": "cpu"}


def best_constant(name: str, targets: Any) -> float:
    """Measure the error of the best answer that does not look at the picture."""
    if name == "boxes":
        boxes = targets.boxes.float()
        return float((boxes - boxes.mean(0)).abs().mean())
    if name in ("labels", "label maps"):
        return float(torch.special.entr(targets.flatten().bincount() / targets.numel()).sum())
    mean = targets.mean(0).expand_as(targets)
    measure = F.binary_cross_entropy if name == "several labels" else F.mse_loss
    return float(measure(mean, targets))


def score(name: str, broken: bool) -> float:
    """Train; give the error on what is held out, in units of the best constant answer's."""
    net, train, validation, settings = task(name, broken)
    truth = task(name)[2]
    adam = torch.optim.Adam(net.parameters(), lr=0.03 if name == "label maps" else 0.003)
    history = fit(net, train, validation, optimizer=adam, **settings, **TRAINED)
    measured = evaluate(net, truth, loss=settings.get("loss"), metrics=settings.get("metrics"))
    last = history.epochs[-1]
    assert last.train_loss < history.epochs[0].train_loss
    if name == "boxes":
        assert last.validation_loss is last.validation_accuracy is None
        assert set(last.parts) == {"corner", "far_corner"}
        assert last.train_loss == pytest.approx(sum(last.parts.values()))
        return measured.metrics["distance"] / best_constant(name, truth)
    assert (last.train_accuracy is not None) == (name in ("labels", "label maps"))
    assert measured.loss is not None
    return measured.loss / best_constant(name, truth.tensors[1])  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_of_target_trains_and_a_broken_loss_does_not(name: str) -> None:
    assert score(name, broken=False) < 0.3
    assert score(name, broken=True) > 0.6


class StoppedError(Exception):
    """The training was stopped."""


class Stop(Callback):
    """Ends the training at a step; of no state, so that a run with it is like one without end."""

    at: int | None = None

    def on_batch_end(self, training: Training) -> None:
        if training.step == type(self).at:
            raise StoppedError


@pytest.mark.parametrize("name", KINDS)
def test_a_stopped_run_of_any_task_goes_on_bit_for_bit(
    name: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def train(**more: Any) -> tuple[nn.Module, Any]:
        net, train_set, validation, settings = task(name)
        adam = torch.optim.Adam(net.parameters(), lr=0.003)
        settings = {**TRAINED, **settings, "optimizer": adam, "callbacks": [Stop()], "epochs": 3}
        return net, fit(net, train_set, validation, **settings, **more)

    whole, history = train()
    path = tmp_path / "run.pt"
    monkeypatch.setattr(Stop, "at", 30)  # in the third epoch
    with pytest.raises(StoppedError) as stopped:
        train(checkpoint=path)
    assert stopped.value.history.epochs == history.epochs[:2]  # type: ignore[attr-defined]
    monkeypatch.setattr(Stop, "at", None)
    net, again = train(checkpoint=path, resume=True)
    assert again == history
    for mine, theirs in zip(net.parameters(), whole.parameters(), strict=True):
        assert torch.equal(mine, theirs)


@pytest.mark.parametrize("kind", ["several labels", "numbers", "label maps"])
def test_a_data_set_a_loader_and_tensors_train_alike(kind: str) -> None:
    ends = []
    for wrap in (lambda given: given, Items, lambda given: DataLoader(given, 50)):
        net, _, validation, settings = task(kind)
        history = fit(net, wrap(validation), validation, **settings, **TRAINED | {"epochs": 1})
        ends.append((history.epochs[0].validation_loss, predict(net, validation)))
    assert ends[0][0] == pytest.approx(ends[1][0], rel=1e-6)
    assert torch.allclose(ends[0][1], ends[1][1], atol=1e-6)
    assert ends[2][0] == pytest.approx(ends[0][0], rel=0.2)  # a loader has its own order


class Items(Dataset):
    """What gives one pair at a time."""

    def __init__(self, pairs: TensorDataset) -> None:
        self.pairs = pairs

    def __len__(self) -> int:
        return len(self.pairs)

    def __getitem__(self, index: int) -> Any:
        return self.pairs[index]


def test_pictures_of_several_sizes_come_as_a_list() -> None:
    class Sizes(Dataset):
        def __len__(self) -> int:
            return 4

        def __getitem__(self, index: int) -> Any:
            return torch.rand(1, 8 + index, 8), {"count": torch.tensor([index])}

    class Mean(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.zeros(1))

        def forward(self, pictures: list[Tensor], targets: Any = None) -> Any:
            means = torch.stack([picture.mean() for picture in pictures]) * self.weight
            if targets is None or not self.training:
                return list(means)
            true = torch.cat([target["count"] for target in targets])
            return F.mse_loss(means, true.float())

    net = Mean()
    fit(net, Sizes(), epochs=3, batch_size=3, loss="model", device="cpu")
    assert float(net.weight.detach()) > 0
    assert len(predict(net, Sizes(), batch_size=3)) == 4


@pytest.mark.parametrize("batch_size", [1, 7, 64, 200])
def test_ignored_places_count_neither_in_the_loss_nor_in_the_accuracy(batch_size: int) -> None:
    net, _, validation, _ = task("label maps")
    images, maps = validation.tensors  # type: ignore[attr-defined]
    maps = maps.clone()
    maps[:, :3] = 255
    maps[5] = 255  # a picture of which nothing counts
    loss = nn.CrossEntropyLoss(torch.tensor([1.0, 3.0]), ignore_index=255)
    measured = evaluate(net, TensorDataset(images, maps), loss=loss, batch_size=batch_size)
    with torch.no_grad():
        outputs = net(images / 255)
    counted = maps != 255
    assert measured.loss == pytest.approx(float(loss(outputs, maps)), rel=1e-5)
    right = (outputs.argmax(1) == maps)[counted].double().mean()
    assert measured.accuracy == pytest.approx(float(right), rel=1e-6)


def test_an_augmentation_changes_pictures_and_targets_alike() -> None:
    net, train, _, settings = task("label maps")
    settings["optimizer"] = torch.optim.Adam(net.parameters(), lr=0.03)

    def mirrored(images: Tensor, maps: Tensor, generator: Any) -> tuple[Tensor, Tensor]:
        return images.flip(3), maps.flip(2)

    fit(net, train, augment=mirrored, **settings, **TRAINED)
    assert evaluate(net, train).accuracy > 0.95  # type: ignore[operator]


def test_outputs_that_do_not_fit_are_named() -> None:
    net, train, _, _ = task("numbers")
    with pytest.raises(ValueError, match=r"\(50, 4\) for 50 targets of torch.float32 and shape"):
        fit(net, TensorDataset(train.tensors[0], train.tensors[1][:, 0]), **TRAINED)  # type: ignore
    _, boxes, _, _ = task("boxes")
    with pytest.raises(TypeError, match="gives targets as list, which cross entropy does not know"):
        fit(nn.Sequential(nn.Flatten(), nn.Linear(SIDE * SIDE, 4)), boxes, **TRAINED)
    with pytest.raises(ValueError, match="loss is 'own'; expected a function, or 'model'"):
        fit(net, boxes, loss="own", **TRAINED)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="loss gives no part; expected at least one"):
        fit(net.eval(), train, loss=lambda outputs, targets: {}, **TRAINED)


def test_predictions_are_in_order_and_the_model_keeps_its_mode() -> None:
    net, _, validation, _ = task("numbers")
    images, _ = validation.tensors  # type: ignore[attr-defined]
    net.train()
    whole = predict(net, images, batch_size=1000)
    assert net.training
    assert torch.allclose(whole, predict(net, validation, batch_size=7), atol=1e-6)
    with torch.no_grad():
        assert torch.allclose(whole, net(images / 255), atol=1e-6)
    with pytest.raises(ValueError, match=r"images has shape \(0, 1\); expected"):
        predict(net, torch.zeros(0, 1))
    assert copy.deepcopy(net)(images / 255).requires_grad
