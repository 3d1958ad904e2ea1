"""Boxes, held to those of torchvision."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torchvision import ops

from cvlib.tasks import boxes as ours

cases = settings(deadline=None, max_examples=40, derandomize=True)
# Quarters of pixels: sums and products are exact, so ties are ties in both.
EDGES = st.integers(-40, 200).map(lambda quarters: quarters / 4)
FORMATS = ("xyxy", "xywh", "cxcywh")


@st.composite
def some_boxes(draw: st.DrawFn, least: int = 0, *, empty: bool = True) -> Tensor:
    """Boxes of any place and size, beyond the picture and without area among them."""
    rows = []
    for _ in range(draw(st.integers(least, 7))):
        x, y = draw(EDGES), draw(EDGES)
        side = st.integers(0 if empty else 1, 120).map(lambda quarters: quarters / 4)
        rows.append([x, y, x + draw(side), y + draw(side)])
    dtype = draw(st.sampled_from([torch.float32, torch.float64]))
    return torch.tensor(rows, dtype=dtype).reshape(-1, 4)


def area_somewhere(one: Tensor, other: Tensor) -> Tensor:
    return (ops.box_area(one)[:, None] + ops.box_area(other)) > 0


@cases
@given(some_boxes(), some_boxes())
def test_overlaps_are_torchvisions(one: Tensor, other: Tensor) -> None:
    other = other.to(one.dtype)
    torch.testing.assert_close(ours.box_area(one), ops.box_area(one), rtol=0, atol=0)
    theirs = ops.box_iou(one, other)
    assert theirs.isnan().equal(~area_somewhere(one, other)), "only there torchvision says nan"
    torch.testing.assert_close(ours.box_iou(one, other), theirs.nan_to_num(0))
    theirs = ops.generalized_box_iou(one, other)
    mine = ours.generalized_box_iou(one, other)
    known = ~theirs.isnan() & area_somewhere(one, other)
    torch.testing.assert_close(mine[known], theirs[known])
    assert mine.isfinite().all()
    assert not len(mine) or not mine.numel() or (mine.min() >= -1 and mine.max() <= 1)


@cases
@given(some_boxes(empty=False), st.randoms(use_true_random=False))
def test_the_loss_is_torchvisions_and_its_gradient(one: Tensor, chance: Any) -> None:
    order = list(range(len(one)))
    chance.shuffle(order)
    one = one.double()
    said, other = one.clone().requires_grad_(), one[order] + 0.125
    for reduction in ("none", "mean", "sum"):
        mine = ours.generalized_box_iou_loss(said, other, reduction)
        theirs = ops.generalized_box_iou_loss(said, other, reduction, eps=0)
        torch.testing.assert_close(mine, torch.as_tensor(theirs))
    if len(one):
        gradients = [
            torch.autograd.grad(loss(said, other).sum(), said)[0]
            for loss in (ours.generalized_box_iou_loss, ops.generalized_box_iou_loss)
        ]
        assert gradients[0].isfinite().all()
        # Where edges touch, either side may have the gradient.
        apart = (one[:, :, None] != other[:, None]).flatten(1).all(1)
        torch.testing.assert_close(*(each[apart] for each in gradients), rtol=1e-4, atol=1e-6)


@cases
@given(some_boxes(empty=True), st.sampled_from(FORMATS), st.sampled_from(FORMATS))
def test_formats_are_torchvisions(boxes: Tensor, one: str, other: str) -> None:
    given_so = ops.box_convert(boxes, "xyxy", one)
    mine = ours.box_convert(given_so, one, other)
    torch.testing.assert_close(mine, ops.box_convert(given_so, one, other), rtol=0, atol=0)
    torch.testing.assert_close(ours.box_convert(mine, other, "xyxy"), boxes, rtol=0, atol=0)


@cases
@given(some_boxes(), st.data())
def test_suppression_is_torchvisions(boxes: Tensor, data: st.DataObject) -> None:
    few = st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0])  # so that scores are equal
    scores = torch.tensor([data.draw(few) for _ in boxes], dtype=boxes.dtype)
    classes = torch.tensor([data.draw(st.integers(0, 2)) for _ in boxes], dtype=torch.int64)
    threshold = data.draw(st.sampled_from([0.0, 0.1, 0.3, 0.55, 1.0]))
    assert ours.nms(boxes, scores, threshold).equal(ops.nms(boxes, scores, threshold))
    theirs = ops.boxes._batched_nms_vanilla(boxes, scores, classes, threshold)
    mine = ours.batched_nms(boxes, scores, classes, threshold)
    # Torchvision leaves open which of equal scores comes first.
    assert mine.sort().values.equal(theirs.sort().values)
    assert scores[mine].equal(scores[theirs])


def test_suppression_of_many_crowded_boxes_is_torchvisions() -> None:
    generator = torch.Generator().manual_seed(0)
    centres = torch.rand(2000, 2, generator=generator) * 100
    boxes = torch.cat([centres, centres + 5 + 20 * torch.rand(2000, 2, generator=generator)], 1)
    scores = torch.rand(2000, generator=generator)
    for threshold in (0.2, 0.5, 0.8):
        kept = ours.nms(boxes, scores, threshold)
        assert 10 < len(kept) < 2000
        assert kept.equal(ops.nms(boxes, scores, threshold))


def test_what_overlaps_by_the_very_threshold_stays() -> None:
    boxes = torch.tensor([[0.0, 0.0, 4.0, 4.0], [0.0, 0.0, 4.0, 2.0]])
    scores = torch.tensor([0.5, 0.4])
    assert ours.nms(boxes, scores, 0.5).tolist() == [0, 1]
    assert ours.nms(boxes, scores, 0.49).tolist() == [0]


def test_a_box_that_was_suppressed_suppresses_none() -> None:
    boxes = torch.tensor([[float(x), 0.0, x + 10.0, 10.0] for x in (0, 4, 8)])
    assert ours.nms(boxes, torch.tensor([0.9, 0.8, 0.7]), 0.3).tolist() == [0, 2]


@cases
@given(some_boxes(), st.integers(0, 50), st.integers(0, 50), st.floats(0, 12))
def test_clipping_and_small_boxes_are_torchvisions(
    boxes: Tensor, height: int, width: int, least: float
) -> None:
    clipped = ours.clip_boxes_to_image(boxes, (height, width))
    theirs = ops.clip_boxes_to_image(boxes, (height, width))
    torch.testing.assert_close(clipped, theirs, rtol=0, atol=0)
    assert ours.remove_small_boxes(boxes, least).equal(ops.remove_small_boxes(boxes, least))


def test_two_boxes_without_area_share_nothing() -> None:
    line = torch.tensor([[1.0, 2.0, 1.0, 5.0]])
    assert ours.box_iou(line, line).tolist() == [[0.0]]
    assert ours.generalized_box_iou(line, line).tolist() == [[0.0]]
    assert ours.generalized_box_iou_loss(line, line).tolist() == [1.0]


GOOD = torch.tensor([[1.0, 2.0, 5.0, 4.0]])


@pytest.mark.parametrize(
    ("boxes", "error", "message"),
    [
        ([[1, 2, 5, 4]], TypeError, "is a list; expected a tensor"),
        (GOOD.long(), TypeError, "is torch.int64; expected floating-point numbers"),
        (GOOD[0], ValueError, r"has shape \(4,\); expected \(N, 4\), or \(0, 4\) for none"),
        (torch.zeros(0), ValueError, r"has shape \(0,\); expected"),
        (GOOD * torch.nan, ValueError, r"\[0\] is \[nan, nan, nan, nan\]; expected finite"),
        (GOOD / 0, ValueError, "expected finite"),
        (torch.tensor([[0.0, 0, 1, 1], [9.0, 9, 4, 4]]), ValueError, r"\[1\] is \[9.0, 9.0, 4.0"),
    ],
)
@pytest.mark.parametrize("which", ["first", "second"])
def test_what_are_no_boxes_is_refused(
    boxes: Any, error: type[Exception], message: str, which: str
) -> None:
    pair = (boxes, GOOD) if which == "first" else (GOOD, boxes)
    for compare in (ours.box_iou, ours.generalized_box_iou, ours.generalized_box_iou_loss):
        with pytest.raises(error, match=f"boxes{1 if which == 'first' else 2}.*{message}"):
            compare(*pair)
    calls = [
        lambda: ours.box_area(boxes),
        lambda: ours.box_convert(boxes, "xyxy", "xywh"),
        lambda: ours.nms(boxes, torch.ones(1), 0.5),
        lambda: ours.clip_boxes_to_image(boxes, (4, 4)),
        lambda: ours.remove_small_boxes(boxes, 1),
    ]
    for call in calls:
        with pytest.raises(error, match=f"boxes.*{message}"):
            call()


def test_what_does_not_fit_is_refused() -> None:
    scores = torch.ones(1)
    refused: list[tuple[Any, str]] = [
        (lambda: ours.nms(GOOD, torch.ones(2), 0.5), r"scores has shape \(2,\); expected \(1,\)"),
        (lambda: ours.nms(GOOD, scores * torch.nan, 0.5), r"scores\[0\] is nan"),
        (lambda: ours.nms(GOOD, scores, 1.5), "iou_threshold is 1.5; expected a number from 0 to"),
        (
            lambda: ours.batched_nms(GOOD[:0], scores[:0], scores[:0].long(), -1),
            "iou_threshold is -1",
        ),
        (lambda: ours.nms(GOOD, scores.double(), 0.5), "scores is torch.float64; expected"),
        (lambda: ours.batched_nms(GOOD, scores, scores, 0.5), "idxs is torch.float32 of shape"),
        (lambda: ours.box_convert(GOOD, "xyxy", "yxyx"), "out_fmt is 'yxyx'; expected 'xyxy' or"),
        (lambda: ours.box_convert(-GOOD, "xywh", "xyxy"), "expected a width and a height of at"),
        (lambda: ours.box_iou(GOOD, GOOD.double()), "boxes2 is torch.float64; expected"),
        (lambda: ours.generalized_box_iou_loss(GOOD, GOOD[:0]), "boxes1 holds 1 and boxes2 0"),
        (lambda: ours.generalized_box_iou_loss(GOOD, GOOD, "max"), "reduction is 'max'; expected"),
        (lambda: ours.clip_boxes_to_image(GOOD, (3,)), "size is"),  # type: ignore[arg-type]
        (lambda: ours.remove_small_boxes(GOOD, -1), "min_size is -1"),
    ]
    for call, message in refused:
        with pytest.raises((TypeError, ValueError), match=message):
            call()


def test_none_is_a_fine_number_of_boxes() -> None:
    none = torch.zeros(0, 4)
    assert ours.box_iou(none, GOOD).shape == (0, 1)
    assert ours.generalized_box_iou(GOOD, none).shape == (1, 0)
    assert ours.nms(none, torch.zeros(0), 0.5).shape == (0,)
    assert ours.batched_nms(none, torch.zeros(0), torch.zeros(0, dtype=torch.int64), 0.5).shape == (
        0,
    )
    assert ours.box_convert(none, "cxcywh", "xywh").shape == (0, 4)
    assert float(ours.generalized_box_iou_loss(none, none, "mean")) == 0
