"""The detector: cells, hills, losses, and boxes out of answers."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors import safe_open
from torch import Generator, Tensor
from torchvision import ops

from cvlib import recipes
from cvlib.data import scenes
from cvlib.networks import Detector, checkpoint, pretrained
from cvlib.tasks.average_precision import mean_average_precision
from cvlib.tasks.detection import (
    Scenes,
    average_precision_50,
    boxes_of,
    centre_map,
    detect,
    detection_loss,
    focal_loss,
    random_colours,
    read_answers,
    targets_of,
)
from cvlib.training import evaluate, fit

cases = settings(deadline=None, max_examples=25, derandomize=True)


def seeded(seed: int = 0) -> Generator:
    return Generator().manual_seed(seed)


def answers_for(targets: list[dict[str, Tensor]], size: tuple[int, int], classes: int) -> Tensor:
    """Write the answers that say exactly what is there, from the definition, cell by cell."""
    rows, columns = -(-size[0] // 4), -(-size[1] // 4)
    answers = torch.zeros(len(targets), 5 + classes, rows, columns)
    answers[:, 0] = -20
    for at, target in enumerate(targets):
        for (x1, y1, x2, y2), label in zip(
            target["boxes"].tolist(), target["labels"].tolist(), strict=True
        ):
            x, y = (x1 + x2) / 8, (y1 + y2) / 8
            row, column = int(y), int(x)
            answers[at, 0, row, column] = 20
            answers[at, 1, row, column] = x - column - 0.5
            answers[at, 2, row, column] = y - row - 0.5
            answers[at, 3, row, column] = torch.tensor((x2 - x1) / 16).log()
            answers[at, 4, row, column] = torch.tensor((y2 - y1) / 16).log()
            answers[at, 5 + label, row, column] = 30
    return answers


@st.composite
def objects(draw: st.DrawFn) -> tuple[list[dict[str, Tensor]], tuple[int, int]]:
    """Objects of some pictures of odd sizes, no two with their centres in one cell."""
    size = draw(st.integers(17, 60)), draw(st.integers(17, 60))
    targets = []
    for _ in range(draw(st.integers(1, 3))):
        cells = draw(
            st.sets(
                st.tuples(st.integers(1, size[1] // 4 - 2), st.integers(1, size[0] // 4 - 2)),
                max_size=4,
            )
        )
        boxes, labels = [], []
        for column, row in sorted(cells):
            x, y = 4 * column + draw(st.floats(0.1, 3.9)), 4 * row + draw(st.floats(0.1, 3.9))
            wide, high = draw(st.floats(1, 4)), draw(st.floats(1, 4))
            boxes.append([x - wide, y - high, x + wide, y + high])
            labels.append(draw(st.integers(0, 3)))
        rows, names = torch.tensor(boxes).reshape(-1, 4).float(), torch.tensor(labels).long()
        targets.append({"boxes": rows, "labels": names})
    return targets, size


@cases
@given(objects())
def test_right_answers_cost_nothing_and_are_read_as_they_were_meant(drawn: Any) -> None:
    targets, size = drawn
    answers = answers_for(targets, size, classes=4)
    parts = detection_loss(answers, targets)
    assert set(parts) == {"centre", "box", "class"}
    assert all(float(part) == pytest.approx(0, abs=1e-4) for part in parts.values())
    found = read_answers(answers, size, min_score=0.5, iou_threshold=1.0)
    for detection, target in zip(found, targets, strict=True):
        order = detection["boxes"][:, 0].argsort(), target["boxes"][:, 0].argsort()
        here = ops.clip_boxes_to_image(target["boxes"], size)
        assert detection["labels"][order[0]].equal(target["labels"][order[1]])
        torch.testing.assert_close(detection["boxes"][order[0]], here[order[1]], atol=1e-3, rtol=0)


def test_hills_are_one_at_the_centre_and_fall_off_as_wide_as_the_object() -> None:
    boxes = torch.tensor([[10.0, 20.0, 34.0, 26.0], [40.0, 40.0, 46.0, 46.0]])
    hills = centre_map(boxes, torch.tensor([1, 1]), (2, 14, 15))
    assert hills[0].eq(0).all()
    assert (hills[1] == 1).nonzero().tolist() == [[5, 5], [10, 10]]
    wide, high = 24 / 4 / 6, 0.4  # the second is too low for a sixth of its height
    for row, column in ((5, 6), (5, 3), (6, 5), (4, 4)):
        expected = torch.exp(
            torch.tensor(-((column - 5) ** 2) / (2 * wide**2) - (row - 5) ** 2 / (2 * high**2))
        )
        torch.testing.assert_close(hills[1, row, column], expected)


def test_where_hills_meet_the_higher_one_counts() -> None:
    boxes = torch.tensor([[0.0, 0.0, 24.0, 24.0], [8.0, 0.0, 32.0, 24.0]])
    both = centre_map(boxes, torch.tensor([0, 0]), (1, 8, 8))
    one, other = (centre_map(box[None], torch.tensor([0]), (1, 8, 8)) for box in boxes)
    assert both.equal(torch.maximum(one, other))


def test_a_centre_on_the_edge_lies_in_the_last_cell() -> None:
    beyond = torch.tensor([[10.0, 10.0, 30.0, 30.0]])  # the middle of its lower right corner
    assert centre_map(beyond, torch.tensor([0]), (1, 5, 5))[0, 4, 4] == 1


@cases
@given(st.integers(0, 999))
def test_the_focal_loss_is_its_formula(seed: int) -> None:
    logits = 3 * torch.randn(7, 5, generator=seeded(seed), dtype=torch.float64)
    truth = torch.rand(7, 5, generator=seeded(seed + 1), dtype=torch.float64)
    truth[0, :2] = 1
    p, expected = logits.sigmoid(), 0.0
    for row in range(7):
        for column in range(5):
            q, t = float(p[row, column]), float(truth[row, column])
            log = torch.log(torch.tensor(q if t == 1 else 1 - q, dtype=torch.float64))
            expected -= float(log) * ((1 - q) ** 2 if t == 1 else (1 - t) ** 4 * q**2)
    assert float(focal_loss(logits, truth)) == pytest.approx(expected)


def test_the_focal_loss_stays_finite() -> None:
    sure = torch.tensor([200.0, -200.0], requires_grad=True)
    focal_loss(sure, torch.tensor([0.0, 1.0])).backward()
    assert sure.grad is not None
    assert sure.grad.isfinite().all()


def test_the_parts_of_the_loss_are_those_of_torch() -> None:
    some = scenes(5, seed=2)
    targets = targets_of(some)
    answers = torch.randn(5, 15, 24, 24, generator=seeded())
    parts = detection_loss(answers, targets)
    said, named, boxes, labels = [], [], [], []
    for at, target in enumerate(targets):
        for box, label in zip(target["boxes"], target["labels"], strict=True):
            column, row = ((box[:2] + box[2:]) / 8).long().tolist()
            said.append(boxes_of(answers)[at, row, column])
            named.append(answers[at, 5:, row, column])
            boxes.append(box)
            labels.append(label)
    box_loss = ops.generalized_box_iou_loss(torch.stack(said), torch.stack(boxes), "mean")
    torch.testing.assert_close(parts["box"], box_loss)
    torch.testing.assert_close(
        parts["class"], F.cross_entropy(torch.stack(named), torch.stack(labels))
    )


def test_a_scene_without_objects_is_learnt_from() -> None:
    none = scenes(2, objects=(0, 0))
    answers = torch.zeros(2, 15, 24, 24, requires_grad=True)
    parts = detection_loss(answers, targets_of(none))
    assert parts["box"].item() == parts["class"].item() == 0
    torch.stack(list(parts.values())).sum().backward()
    assert answers.grad is not None
    assert (answers.grad[:, 0] > 0).all(), "every cell is to say no"
    assert answers.grad[:, 1:].eq(0).all()


GOOD = {"boxes": torch.tensor([[8.0, 8.0, 24.0, 24.0]]), "labels": torch.tensor([3])}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"labels": torch.tensor([10])}, "labels from 10 to 10; expected 0 to 9 for 10 classes"),
        ({"labels": torch.tensor([-1])}, "labels from -1 to -1; expected 0 to 9"),
        ({"boxes": torch.tensor([[8.0, 8, 8, 24]])}, r"targets\[0\] has a box .* of no area"),
        ({"boxes": torch.tensor([[60.0, 8, 9, 24]])}, r"targets\[0\]\['boxes'\]\[0\] is \[60.0"),
        ({"boxes": torch.full((1, 4), torch.nan)}, "expected finite numbers"),
        ({"labels": torch.tensor([3.0])}, r"\['labels'\] is torch.float32"),
    ],
)
def test_targets_that_cannot_be_learnt_are_refused(change: Any, message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        detection_loss(torch.zeros(1, 15, 24, 24), [{**GOOD, **change}])


def test_as_many_targets_as_pictures() -> None:
    with pytest.raises(ValueError, match="targets holds 1 and answers 2; expected one of each"):
        detection_loss(torch.zeros(2, 15, 24, 24), [GOOD])


def test_colours_change_places_and_sides_and_nothing_moves() -> None:
    images = torch.rand(200, 3, 4, 5, generator=seeded())
    changed, targets = random_colours(images, "boxes", seeded(1))
    assert targets == "boxes"
    seen = set()
    for before, after in zip(images, changed, strict=True):
        for negative in (False, True):
            source = 1 - before if negative else before
            which = [[at for at in range(3) if torch.equal(source[at], each)] for each in after]
            if all(which):
                seen.add((negative, *(at for (at,) in which)))
    assert len(seen) == 12, "three colours in any order, and their negatives"
    with pytest.raises(ValueError, match="expected"):
        random_colours(images[0], None, seeded())


# ------------------------------------------------------------------------------ the network


@pytest.mark.parametrize("size", [(96, 96), (33, 70), (1, 1)])
def test_every_four_pixels_have_a_cell(size: tuple[int, int]) -> None:
    model = Detector(num_classes=3, widths=(4, 5, 6, 7)).eval()
    answers = model(torch.rand(2, 3, *size))
    assert answers.shape == (2, 8, -(-size[0] // 4), -(-size[1] // 4))


def test_it_begins_with_no_centre() -> None:
    torch.manual_seed(0)
    model = Detector().eval()
    assert model(torch.rand(1, 3, 96, 96))[:, 0].sigmoid().mean() < 0.1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"num_classes": 0}, "num_classes is 0; expected at least 1"),
        ({"widths": (1, 2, 3)}, r"widths is \(1, 2, 3\); expected four numbers"),
        ({"widths": (1, 2, 3, 0)}, "widths is 0; expected at least 1"),
    ],
)
def test_the_network_refuses_sizes_that_are_none(arguments: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Detector(**arguments)
    for shape in ((3, 96, 96), (1, 1, 96, 96), (1, 3, 0, 96)):
        with pytest.raises(ValueError, match=r"expected \(B, 3, H, W\)"):
            Detector()(torch.zeros(shape))


# ------------------------------------------------------------------------------ what it finds


@pytest.fixture(scope="module")
def model() -> Any:
    return pretrained("detector")


def test_the_weights_say_how_they_were_made_and_how_good_they_are(model: Any) -> None:
    path = checkpoint("detector")
    assert path.stat().st_size < 500_000
    with safe_open(path, framework="pt") as file:
        facts = file.metadata()
    assert facts["command"] == "python -m cvlib checkpoint detector --seed 0"
    assert facts["data"] == "digits on photographs (train)"
    claimed = float(facts["test_average_precision_50"])
    assert claimed > 0.85
    some = scenes(100, split="test")
    found = mean_average_precision(detect(model, some.images), targets_of(some)).at(0.5)
    assert found == pytest.approx(claimed, abs=0.05)


def test_detections_are_in_order_within_the_picture_and_do_not_repeat(model: Any) -> None:
    some = scenes(20, split="test")
    found = detect(model, some.images, iou_threshold=0.4)
    assert len(found) == 20
    assert sum(len(each["boxes"]) for each in found) > 40
    for each in found:
        assert each["scores"].diff().le(0).all()
        assert (each["scores"] >= 0.05).all()
        assert each["boxes"].min() >= 0
        assert each["boxes"].max() <= 96
        for label in each["labels"].unique():
            mine = each["boxes"][each["labels"] == label]
            assert (ops.box_iou(mine, mine).triu(1) <= 0.4).all()


def test_pictures_may_come_as_bytes_or_numbers_in_any_batches(model: Any) -> None:
    images = scenes(5, split="test").images
    first = detect(model, images)
    for other in (detect(model, images / 255), detect(model, images, batch_size=2)):
        for one, two in zip(first, other, strict=True):
            torch.testing.assert_close(one, two, atol=1e-3, rtol=1e-3)


def test_a_larger_picture_is_searched_too(model: Any) -> None:
    wide = scenes(1, split="test", size=96).images.repeat(1, 1, 1, 30)[..., :2801]
    (found,) = detect(model, wide, min_score=0.3)
    assert found["boxes"][:, 2].max() > 2500
    assert found["boxes"].max() <= 2801


def test_the_model_keeps_its_mode_and_none_is_a_fine_number(model: Any) -> None:
    training = Detector(widths=(2, 2, 2, 2)).train()
    detect(training, torch.zeros(1, 3, 16, 16))
    assert training.training
    assert detect(training, torch.zeros(0, 3, 16, 16)) == []
    (nothing,) = detect(model, torch.zeros(1, 3, 96, 96))
    assert {key: tuple(value.shape) for key, value in nothing.items()} == {
        "boxes": (0, 4), "scores": (0,), "labels": (0,),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        ({"images": [1]}, TypeError, "images is a list; expected a tensor"),
        ({"images": torch.zeros(1, 3, 8, 8).double()}, TypeError, "images is torch.float64; exp"),
        ({"images": torch.zeros(3, 8, 8)}, ValueError, r"has shape \(3, 8, 8\); expected \(N, 3"),
        ({"images": torch.zeros(1, 1, 8, 8)}, ValueError, r"expected \(N, 3, H, W\)"),
        ({"min_score": 2}, ValueError, "min_score is 2; expected a number from 0 to 1"),
        ({"iou_threshold": -1}, ValueError, "iou_threshold is -1"),
        ({"max_detections": 0}, ValueError, "max_detections is 0"),
        ({"batch_size": 0}, ValueError, "batch_size is 0"),
    ],
)
def test_what_cannot_be_searched_is_refused(
    model: Any, call: dict[str, Any], error: type[Exception], message: str
) -> None:
    arguments = {"images": torch.zeros(1, 3, 8, 8), **call}
    with pytest.raises(error, match=message):
        detect(model, **arguments)


def test_fit_learns_it_and_measures_it() -> None:
    some = Scenes(scenes(24, objects=(1, 2)))
    torch.manual_seed(0)
    small = Detector(widths=(8, 16, 16, 16))
    history = fit(
        small,
        some,
        some,
        epochs=5,
        batch_size=8,
        loss=detection_loss,
        metrics={"average_precision_50": average_precision_50},
        optimizer=lambda parameters: torch.optim.AdamW(parameters, lr=0.01),
        device="cpu",
    )
    first, last = history.epochs[0], history.epochs[-1]
    assert set(last.parts) == {"centre", "box", "class"}
    assert last.train_loss < 0.8 * first.train_loss
    assert 0 <= last.metrics["average_precision_50"] <= 1
    assert small.training


def test_its_recipe_learns(monkeypatch: pytest.MonkeyPatch) -> None:
    few = Scenes(scenes(16, objects=(1, 1)))
    recipe = dataclasses.replace(
        recipes.RECIPES["detector"],
        sets=lambda: (few, few),
        arguments={**recipes.DETECTOR, "epochs": 25, "batch_size": 8, "augment": None},
    )
    monkeypatch.setitem(recipes.RECIPES, "detector", recipe)
    trained, facts = recipes.train("detector", seed=0, device="cpu")
    assert next(trained.parameters()).dtype == torch.float16
    score = float(facts["test_average_precision_50"])
    assert score > 0.3, "by heart, far from it; an untrained one finds nothing"
    trained.float()
    measured = evaluate(
        trained, few, loss=detection_loss, metrics={"ap": average_precision_50}
    ).metrics
    assert measured["ap"] == pytest.approx(score, abs=1e-5)


def test_scenes_are_split_once_each() -> None:
    some = Scenes(scenes(9))
    learn, held = some.split(test=0.33, seed=3)
    assert (len(learn), len(held)) == (6, 3)
    assert sorted([*learn.indices, *held.indices]) == list(range(9))
