"""Boxes: their area, how much two of them share, three ways to write them down, and suppression.

A box is four numbers in pixels, ``(x1, y1, x2, y2)`` unless something else is said: the left,
upper, right and lower edge. Edges lie between pixels, so the box around the first pixel of a
picture is ``(0, 0, 1, 1)``, and its width is ``x2 - x1``. Names and results are those of
:mod:`torchvision.ops`, and what torchvision takes without a word and should not is refused: a box
with nan in it, or whose right edge lies left of its left one, as it does where somebody passes
``(x, y, width, height)``.
"""

from __future__ import annotations

import torch
from torch import Tensor

from cvlib.arguments import check_numbers, number, one_of, pair

__all__ = [
    "batched_nms",
    "box_area",
    "box_convert",
    "box_iou",
    "check_boxes",
    "clip_boxes_to_image",
    "generalized_box_iou",
    "generalized_box_iou_loss",
    "nms",
    "remove_small_boxes",
]

FORMATS = ("xyxy", "xywh", "cxcywh")


def check_boxes(boxes: Tensor, name: str = "boxes") -> None:
    """Refuse what is no tensor of boxes ``(x1, y1, x2, y2)``.

    Parameters
    ----------
    boxes
        What came.
    name
        What the message calls it.

    Raises
    ------
    TypeError
        If it holds no floating-point numbers.
    ValueError
        If its shape is not (N, 4), a number is not finite, or an edge lies on the wrong side of the
        opposite one. A box without area passes.

    Examples
    --------
    >>> check_boxes(torch.tensor([[10.0, 20.0, 30.0, 5.0]]))
    Traceback (most recent call last):
    ValueError: boxes[0] is [10.0, 20.0, 30.0, 5.0]; expected x1 <= x2 and y1 <= y2. Is it (x, y, \
width, height)? Then box_convert makes (x1, y1, x2, y2) of it
    """
    _check_fours(boxes, name)
    wrong = (boxes[:, 2:] < boxes[:, :2]).any(1)
    if wrong.any():
        first = int(wrong.nonzero()[0])
        raise ValueError(
            f"{name}[{first}] is {_listed(boxes[first])}; expected x1 <= x2 and y1 <= y2. Is it "
            "(x, y, width, height)? Then box_convert makes (x1, y1, x2, y2) of it"
        )


def _check_fours(boxes: Tensor, name: str) -> None:
    check_numbers(boxes, name=name)
    if boxes.ndim != 2 or boxes.shape[1] != 4:
        raise ValueError(
            f"{name} has shape {tuple(boxes.shape)}; expected (N, 4), or (0, 4) for none"
        )
    bad = ~boxes.isfinite().all(1)
    if bad.any():
        first = int(bad.nonzero()[0])
        raise ValueError(f"{name}[{first}] is {_listed(boxes[first])}; expected finite numbers")


def _listed(box: Tensor) -> list[float]:
    return [round(edge, 4) for edge in box.tolist()]


def box_area(boxes: Tensor) -> Tensor:
    """Return the areas of boxes.

    Parameters
    ----------
    boxes
        (N, 4), as x1, y1, x2, y2.

    Returns
    -------
    Tensor
        (N,), in square pixels.

    Raises
    ------
    TypeError, ValueError
        As :func:`check_boxes`.

    Examples
    --------
    >>> box_area(torch.tensor([[0.0, 0.0, 4.0, 2.0], [3.0, 3.0, 3.0, 9.0]]))
    tensor([8., 0.])
    """
    check_boxes(boxes)
    return _area(boxes)


def box_convert(boxes: Tensor, in_fmt: str, out_fmt: str) -> Tensor:
    """Write boxes down in another way.

    Parameters
    ----------
    boxes
        (N, 4).
    in_fmt, out_fmt
        ``"xyxy"``: left, upper, right and lower edge; ``"xywh"``: left and upper edge, width and
        height; ``"cxcywh"``: the centre, width and height.

    Returns
    -------
    Tensor
        (N, 4).

    Raises
    ------
    TypeError
        If ``boxes`` holds no floating-point numbers.
    ValueError
        If a format is not known, the shape is not (N, 4), a number is not finite, or a box has a
        width or a height below 0.

    Examples
    --------
    >>> box_convert(torch.tensor([[1.0, 2.0, 5.0, 4.0]]), "xyxy", "cxcywh")
    tensor([[3., 3., 4., 2.]])
    """
    one_of("in_fmt", in_fmt, FORMATS)
    one_of("out_fmt", out_fmt, FORMATS)
    if in_fmt == "xyxy":
        check_boxes(boxes)
    else:
        _check_fours(boxes, "boxes")
        if boxes[:, 2:].lt(0).any():
            first = int(boxes[:, 2:].lt(0).any(1).nonzero()[0])
            raise ValueError(
                f"boxes[{first}] is {_listed(boxes[first])}; expected a width and a height of at "
                f"least 0, as in_fmt is {in_fmt!r}"
            )
    if in_fmt == out_fmt:
        return boxes
    one, other = boxes[:, :2], boxes[:, 2:]
    if in_fmt == "xywh":
        one, other = one, one + other
    elif in_fmt == "cxcywh":
        one, other = one - other / 2, one + other / 2
    if out_fmt == "xywh":
        one, other = one, other - one
    elif out_fmt == "cxcywh":
        one, other = (one + other) / 2, other - one
    return torch.cat([one, other], 1)


def box_iou(boxes1: Tensor, boxes2: Tensor) -> Tensor:
    """Measure how much each box shares with each other one: intersection over union (IoU).

    Parameters
    ----------
    boxes1, boxes2
        (N, 4) and (M, 4), as x1, y1, x2, y2, of one dtype.

    Returns
    -------
    Tensor
        (N, M), from 0, which says that they share nothing, to 1 for two that are alike. Two boxes
        without area have 0, where ``torchvision.ops.box_iou`` gives nan.

    Raises
    ------
    TypeError, ValueError
        As :func:`check_boxes`.

    Examples
    --------
    >>> one = torch.tensor([[0.0, 0.0, 4.0, 4.0]])
    >>> box_iou(one, torch.tensor([[0.0, 0.0, 4.0, 4.0], [2.0, 0.0, 6.0, 4.0]]))
    tensor([[1.0000, 0.3333]])
    """
    _check_both(boxes1, boxes2)
    return _ratio(*_inter_union(boxes1[:, None], boxes2[None]))


def generalized_box_iou(boxes1: Tensor, boxes2: Tensor) -> Tensor:
    r"""Measure how much boxes share, and how far apart they lie where they share nothing.

    The generalized IoU takes from the IoU the share of the hull, the smallest box around both, that
    belongs to neither: :math:`\mathrm{GIoU} = \mathrm{IoU} - (|H| - |A \cup B|) / |H|`.

    Parameters
    ----------
    boxes1, boxes2
        (N, 4) and (M, 4), as x1, y1, x2, y2, of one dtype.

    Returns
    -------
    Tensor
        (N, M), above -1 and at most 1. Where the hull has no area it is 0, where
        ``torchvision.ops.generalized_box_iou`` gives nan.

    Raises
    ------
    TypeError, ValueError
        As :func:`check_boxes`.

    References
    ----------
    Rezatofighi et al., "Generalized intersection over union: a metric and a loss for bounding box
    regression", CVPR 2019, algorithm 1.

    Examples
    --------
    >>> one = torch.tensor([[0.0, 0.0, 4.0, 4.0]])
    >>> generalized_box_iou(one, torch.tensor([[4.0, 0.0, 8.0, 4.0], [8.0, 0.0, 12.0, 4.0]]))
    tensor([[ 0.0000, -0.3333]])
    """
    _check_both(boxes1, boxes2)
    return _giou(boxes1[:, None], boxes2[None])


def generalized_box_iou_loss(boxes1: Tensor, boxes2: Tensor, reduction: str = "none") -> Tensor:
    """Compute how far boxes are from those they should be: one minus the generalized IoU, in pairs.

    Parameters
    ----------
    boxes1, boxes2
        (N, 4) both, as x1, y1, x2, y2: what is said, and what is true.
    reduction
        ``"none"`` for a number per pair, ``"mean"`` or ``"sum"``. The mean of no pairs is 0.

    Returns
    -------
    Tensor
        (N,), or one number. ``torchvision.ops.generalized_box_iou_loss`` adds ``eps`` below its
        fractions, which makes a difference only for the smallest boxes.

    Raises
    ------
    TypeError, ValueError
        As :func:`check_boxes`, or if there are not equally many, or ``reduction`` is another word.

    References
    ----------
    Rezatofighi et al., "Generalized intersection over union: a metric and a loss for bounding box
    regression", CVPR 2019, algorithm 2.

    Examples
    --------
    >>> said = torch.tensor([[0.0, 0.0, 4.0, 4.0], [0.0, 0.0, 4.0, 4.0]])
    >>> true = torch.tensor([[0.0, 0.0, 4.0, 4.0], [4.0, 0.0, 8.0, 4.0]])
    >>> generalized_box_iou_loss(said, true)
    tensor([0., 1.])
    """
    one_of("reduction", reduction, ("none", "mean", "sum"))
    _check_both(boxes1, boxes2)
    if len(boxes1) != len(boxes2):
        raise ValueError(f"boxes1 holds {len(boxes1)} and boxes2 {len(boxes2)}; expected pairs")
    loss = 1 - _giou(boxes1, boxes2)
    if reduction == "none":
        return loss
    return loss.sum() / max(len(loss), 1) if reduction == "mean" else loss.sum()


def nms(boxes: Tensor, scores: Tensor, iou_threshold: float) -> Tensor:
    """Keep the best of the boxes that mean the same thing: non-maximum suppression.

    The box with the highest score stays, and those that overlap it too much go. Of what is left the
    same is asked again, until nothing is left.

    Parameters
    ----------
    boxes
        (N, 4), as x1, y1, x2, y2.
    scores
        (N,), of the same dtype: how sure each is.
    iou_threshold
        From 0 to 1. What has a higher IoU with a better box goes.

    Returns
    -------
    Tensor
        The positions of the boxes that stay, ``int64``, from the highest score down; among equal
        scores the first comes first. Memory grows with N and not with its square.

    Raises
    ------
    TypeError, ValueError
        As :func:`check_boxes`, or if the scores are not (N,), one is nan, or the threshold is not
        between 0 and 1.

    Examples
    --------
    >>> boxes = torch.tensor([[0.0, 0.0, 9.0, 9.0], [1.0, 0.0, 10.0, 9.0], [20.0, 0.0, 29.0, 9.0]])
    >>> nms(boxes, torch.tensor([0.8, 0.9, 0.3]), iou_threshold=0.5)
    tensor([1, 2])
    """
    _check_scored(boxes, scores)
    number("iou_threshold", iou_threshold, most=1)
    kept, left = [], scores.argsort(descending=True, stable=True)
    while len(left):
        best, others = left[:1], left[1:]
        kept.append(best)
        overlap = _ratio(*_inter_union(boxes[best], boxes[others]))
        left = others[overlap <= iou_threshold]
    return torch.cat(kept) if kept else left


def batched_nms(boxes: Tensor, scores: Tensor, idxs: Tensor, iou_threshold: float) -> Tensor:
    """Suppress boxes within each class, or each picture, and not across.

    Parameters
    ----------
    boxes, scores, iou_threshold
        As for :func:`nms`.
    idxs
        (N,), whole numbers: to which class, or picture, each box belongs.

    Returns
    -------
    Tensor
        As for :func:`nms`.

    Raises
    ------
    TypeError, ValueError
        As :func:`nms`, or if ``idxs`` are not N whole numbers.

    Examples
    --------
    >>> boxes = torch.tensor([[0.0, 0.0, 9.0, 9.0], [1.0, 0.0, 10.0, 9.0], [0.0, 1.0, 9.0, 10.0]])
    >>> batched_nms(boxes, torch.tensor([0.8, 0.9, 0.3]), torch.tensor([3, 3, 7]), 0.5)
    tensor([1, 2])
    """
    _check_scored(boxes, scores)
    if idxs.is_floating_point() or idxs.shape != scores.shape:
        raise ValueError(
            f"idxs is {idxs.dtype} of shape {tuple(idxs.shape)}; expected whole numbers, "
            f"({len(scores)},)"
        )
    number("iou_threshold", iou_threshold, most=1)
    kept = torch.zeros(len(boxes), dtype=torch.bool, device=boxes.device)
    for each in idxs.unique():
        mine = (idxs == each).nonzero()[:, 0]
        kept[mine[nms(boxes[mine], scores[mine], iou_threshold)]] = True
    found = kept.nonzero()[:, 0]
    return found[scores[found].argsort(descending=True, stable=True)]


def clip_boxes_to_image(boxes: Tensor, size: tuple[int, int]) -> Tensor:
    """Cut off what lies beyond the picture.

    Parameters
    ----------
    boxes
        (N, 4), as x1, y1, x2, y2.
    size
        Height and width of the picture, in this order.

    Returns
    -------
    Tensor
        (N, 4). A box that lies wholly beyond has no area left.

    Raises
    ------
    TypeError, ValueError
        As :func:`check_boxes`, or if ``size`` is no pair of integers from 0 up.

    Examples
    --------
    >>> clip_boxes_to_image(torch.tensor([[-3.0, 2.0, 5.0, 30.0]]), (20, 10))
    tensor([[ 0.,  2.,  5., 20.]])
    """
    check_boxes(boxes)
    height, width = pair("size", size, both=True)
    most = boxes.new_tensor([width, height, width, height])
    return boxes.clamp(min=0).minimum(most)


def remove_small_boxes(boxes: Tensor, min_size: float) -> Tensor:
    """Say which boxes have sides that are long enough.

    Parameters
    ----------
    boxes
        (N, 4), as x1, y1, x2, y2.
    min_size
        The shortest side that stays, in pixels.

    Returns
    -------
    Tensor
        The positions of the boxes that stay, ``int64``.

    Raises
    ------
    TypeError, ValueError
        As :func:`check_boxes`, or if ``min_size`` is no number from 0 up.

    Examples
    --------
    >>> remove_small_boxes(torch.tensor([[0.0, 0.0, 9.0, 0.0], [0.0, 0.0, 2.0, 3.0]]), 1)
    tensor([1])
    """
    check_boxes(boxes)
    number("min_size", min_size)
    return ((boxes[:, 2:] - boxes[:, :2]) >= min_size).all(1).nonzero()[:, 0]


def _check_both(boxes1: Tensor, boxes2: Tensor) -> None:
    check_boxes(boxes1, "boxes1")
    check_boxes(boxes2, "boxes2")
    check_numbers(boxes1, name="boxes1", boxes2=boxes2)


def _check_scored(boxes: Tensor, scores: Tensor) -> None:
    check_boxes(boxes)
    check_numbers(boxes, name="boxes", scores=scores)
    if scores.shape != boxes.shape[:1]:
        raise ValueError(
            f"scores has shape {tuple(scores.shape)}; expected ({len(boxes)},), one for each box"
        )
    if scores.isnan().any():
        raise ValueError(f"scores[{int(scores.isnan().nonzero()[0])}] is nan; expected numbers")


def _area(boxes: Tensor) -> Tensor:
    return (boxes[..., 2] - boxes[..., 0]) * (boxes[..., 3] - boxes[..., 1])


def _inter_union(boxes1: Tensor, boxes2: Tensor) -> tuple[Tensor, Tensor]:
    """Return the areas that boxes share, and those that they cover together; shapes broadcast."""
    low = torch.maximum(boxes1[..., :2], boxes2[..., :2])
    high = torch.minimum(boxes1[..., 2:], boxes2[..., 2:])
    shared = (high - low).clamp(min=0).prod(-1)
    return shared, _area(boxes1) + _area(boxes2) - shared


def _ratio(part: Tensor, whole: Tensor) -> Tensor:
    """Divide; 0 where the whole is nothing."""
    nothing = whole <= 0
    return torch.where(nothing, 0, part / torch.where(nothing, 1, whole))


def _giou(boxes1: Tensor, boxes2: Tensor) -> Tensor:
    shared, union = _inter_union(boxes1, boxes2)
    low = torch.minimum(boxes1[..., :2], boxes2[..., :2])
    high = torch.maximum(boxes1[..., 2:], boxes2[..., 2:])
    hull = (high - low).prod(-1)
    return _ratio(shared, union) - _ratio(hull - union, hull)
