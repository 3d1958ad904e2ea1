"""Average precision: how good a detector is, by the rules of COCO.

A detection is right if it has the class of an object and an IoU with it of at least a threshold,
and no better detection has taken that object. So a picture is matched from the surest detection
down (:func:`match`). Over all pictures, the detections of a class in the order of their scores give
a curve of precision over recall, and the area below it, read at 101 recalls, is the average
precision (AP). Its mean over classes, and over thresholds, is what tables call mAP or AP.

Results are those of pycocotools, without its crowds and its ranges of area.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from cvlib.arguments import integer, number
from cvlib.tasks.boxes import box_iou, check_boxes

__all__ = [
    "COCO_THRESHOLDS",
    "AveragePrecision",
    "check_detections",
    "check_targets",
    "interpolated_precision",
    "match",
    "mean_average_precision",
    "precision_recall",
]

#: The ten thresholds that COCO averages over, from 0.5 to 0.95.
COCO_THRESHOLDS = tuple(hundredths / 100 for hundredths in range(50, 100, 5))

_RECALLS = torch.arange(101, dtype=torch.float64) / 100

Target = Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class AveragePrecision:
    """The average precision of a detector, for each threshold and class.

    Parameters
    ----------
    table
        (thresholds, classes), ``float64``, from 0 to 1; nan for a class of which there is no
        object, and which no mean counts.
    iou_thresholds
        The thresholds of the rows.
    classes
        The classes of the columns: all that objects or detections have.
    """

    table: Tensor
    iou_thresholds: tuple[float, ...]
    classes: tuple[int, ...]

    @property
    def mean(self) -> float:
        """The mean over thresholds and classes; nan if there is no object at all."""
        return float(self.table.nanmean())

    def at(self, iou_threshold: float) -> float:
        """Return the mean over classes at one of the thresholds.

        Parameters
        ----------
        iou_threshold
            One of ``iou_thresholds``.

        Returns
        -------
        float
            From 0 to 1; nan if there is no object at all.

        Raises
        ------
        ValueError
            If it is none of them.
        """
        if iou_threshold not in self.iou_thresholds:
            expected = ", ".join(f"{each:g}" for each in self.iou_thresholds)
            raise ValueError(f"iou_threshold is {iou_threshold}; expected one of {expected}")
        return float(self.table[self.iou_thresholds.index(iou_threshold)].nanmean())


def check_targets(targets: Sequence[Target], name: str = "targets") -> None:
    """Refuse what does not say where the objects of each picture are.

    Parameters
    ----------
    targets
        For each picture a dictionary with ``"boxes"`` (n, 4), as x1, y1, x2, y2, and ``"labels"``
        (n,), whole numbers.
    name
        What the message calls it.

    Raises
    ------
    TypeError
        If it is no list of dictionaries, boxes hold no floating-point numbers, or labels no whole
        ones.
    ValueError
        If a shape does not fit, or a box is none (:func:`cvlib.tasks.boxes.check_boxes`).

    Examples
    --------
    >>> check_targets([{"boxes": torch.zeros(2, 4), "labels": torch.zeros(1, dtype=torch.int64)}])
    Traceback (most recent call last):
    ValueError: targets[0]['labels'] has shape (1,); expected (2,), one for each box
    """
    _check(targets, name, ("labels",))


def check_detections(detections: Sequence[Target], name: str = "detections") -> None:
    """Refuse what does not say what was found in each picture.

    Parameters
    ----------
    detections
        As for :func:`check_targets`, with ``"scores"`` (n,) in each dictionary.
    name
        What the message calls it.

    Raises
    ------
    TypeError, ValueError
        As :func:`check_targets`, or if a score is nan.

    Examples
    --------
    >>> none = torch.zeros(0, dtype=torch.int64)
    >>> check_detections([{"boxes": torch.zeros(0, 4), "labels": none}])
    Traceback (most recent call last):
    ValueError: detections[0] holds boxes, labels; expected boxes, labels, scores
    """
    _check(detections, name, ("labels", "scores"))


def _check(pictures: Sequence[Target], name: str, others: tuple[str, ...]) -> None:
    if isinstance(pictures, Mapping) or not isinstance(pictures, Sequence):
        what = type(pictures).__name__
        raise TypeError(f"{name} is a {what}; expected a list of dictionaries, one per picture")
    for at, picture in enumerate(pictures):
        where = f"{name}[{at}]"
        if not isinstance(picture, Mapping):
            raise TypeError(f"{where} is a {type(picture).__name__}; expected a dictionary")
        if not {"boxes", *others} <= set(picture):
            expected = ", ".join(("boxes", *others))
            raise ValueError(f"{where} holds {', '.join(picture)}; expected {expected}")
        boxes = picture["boxes"]
        check_boxes(boxes, f"{where}['boxes']")
        for key in others:
            value = picture[key]
            if not isinstance(value, Tensor) or value.is_floating_point() != (key == "scores"):
                kind = "floating-point" if key == "scores" else "whole"
                came = value.dtype if isinstance(value, Tensor) else type(value).__name__
                raise TypeError(f"{where}['{key}'] is {came}; expected a tensor of {kind} numbers")
            if value.shape != boxes.shape[:1]:
                raise ValueError(
                    f"{where}['{key}'] has shape {tuple(value.shape)}; "
                    f"expected ({len(boxes)},), one for each box"
                )
            if key == "scores" and value.isnan().any():
                raise ValueError(f"{where}['scores'] has nan in it; expected numbers")


def match(detection: Target, target: Target, iou_thresholds: Sequence[float]) -> Tensor:
    """Say which detections of a picture are right.

    From the highest score down, each detection takes, among the objects of its class that are still
    free, the one with which it has the highest IoU, if that reaches the threshold.

    Parameters
    ----------
    detection
        What was found in a picture: ``"boxes"``, ``"labels"`` and ``"scores"`` of n.
    target
        What is there: ``"boxes"`` and ``"labels"``.
    iou_thresholds
        How much of an object must be met.

    Returns
    -------
    Tensor
        (thresholds, n), ``bool``, in the order of the detections.

    Examples
    --------
    >>> boxes = torch.tensor([[0.0, 0.0, 10.0, 10.0], [0.0, 0.0, 10.0, 8.0]])
    >>> found = {"boxes": boxes, "labels": torch.tensor([3, 3]), "scores": torch.tensor([0.6, 0.9])}
    >>> match(found, {"boxes": boxes[:1], "labels": torch.tensor([3])}, [0.5, 0.85])
    tensor([[False,  True],
            [ True, False]])
    """
    found, there = (each["boxes"].double().cpu() for each in (detection, target))
    same = detection["labels"].cpu()[:, None] == target["labels"].cpu()
    overlaps = box_iou(found, there).where(same, -1.0)
    # Equal overlaps take the last object, as pycocotools has it; so argmax goes backwards.
    overlaps = overlaps.flip(1)
    least = torch.tensor(iou_thresholds, dtype=torch.float64).clamp(max=1 - 1e-10)
    hits = torch.zeros(len(least), len(overlaps), dtype=torch.bool)
    free = torch.ones(len(least), overlaps.shape[1], dtype=torch.bool)
    rows = torch.arange(len(least))
    if not overlaps.numel():
        return hits
    for at in detection["scores"].argsort(descending=True, stable=True).tolist():
        best, place = overlaps[at].where(free, -1.0).max(1)
        hits[:, at] = best >= least
        free[rows, place] &= ~hits[:, at]
    return hits


def precision_recall(hits: Tensor, scores: Tensor, objects: int) -> tuple[Tensor, Tensor]:
    """Compute precision and recall after each detection, from the highest score down.

    Parameters
    ----------
    hits
        (..., n), ``bool``: which detections of a class, in all pictures, are right.
    scores
        (n,).
    objects
        How many objects of the class there are.

    Returns
    -------
    precision, recall : Tensor
        (..., n), ``float64``: which share of the detections so far is right, and which share of the
        objects they have found.

    Raises
    ------
    ValueError
        If there is no object.

    Examples
    --------
    >>> hits = torch.tensor([True, False, True])
    >>> precision, recall = precision_recall(hits, torch.tensor([0.9, 0.8, 0.3]), objects=4)
    >>> precision, recall
    (tensor([1.0000, 0.5000, 0.6667], dtype=torch.float64), tensor([0.2500, 0.2500, 0.5000], \
dtype=torch.float64))
    """
    integer("objects", objects, least=1)
    order = scores.argsort(descending=True, stable=True)
    right = hits[..., order].double().cumsum(-1)
    return right / torch.arange(1, len(scores) + 1, device=right.device), right / objects


def interpolated_precision(precision: Tensor, recall: Tensor) -> Tensor:
    """Read the curve at 101 recalls: the highest precision with which as much is found, or more.

    Parameters
    ----------
    precision, recall
        (..., n), as :func:`precision_recall` gives them.

    Returns
    -------
    Tensor
        (..., 101), for the recalls 0, 0.01 and so on up to 1; 0 where so much is never found. Its
        mean is the average precision.

    Examples
    --------
    >>> precision = torch.tensor([1.0, 0.5, 2 / 3], dtype=torch.float64)
    >>> recall = torch.tensor([0.25, 0.25, 0.5], dtype=torch.float64)
    >>> read = interpolated_precision(precision, recall)
    >>> [round(float(read[at]), 4) for at in (0, 25, 26, 50, 51)]
    [1.0, 1.0, 0.6667, 0.6667, 0.0]
    """
    best = precision.flip(-1).cummax(-1).values.flip(-1)  # the best from here on
    best = torch.cat([best, best.new_zeros(*best.shape[:-1], 1)], -1)
    recalls = _RECALLS.to(recall.device).expand(*recall.shape[:-1], -1).contiguous()
    return best.gather(-1, torch.searchsorted(recall.contiguous(), recalls))


def mean_average_precision(
    detections: Sequence[Target],
    targets: Sequence[Target],
    iou_thresholds: Sequence[float] = COCO_THRESHOLDS,
    max_detections: int = 100,
) -> AveragePrecision:
    """Measure a detector on pictures, by the rules of COCO.

    Parameters
    ----------
    detections
        For each picture what was found: a dictionary with ``"boxes"`` (n, 4), as x1, y1, x2, y2,
        ``"scores"`` (n,) and ``"labels"`` (n,).
    targets
        For each picture what is there: ``"boxes"`` (m, 4) and ``"labels"`` (m,).
    iou_thresholds
        From above 0 to 1.
    max_detections
        How many of each class count in a picture: those with the highest scores.

    Returns
    -------
    AveragePrecision
        ``result.mean`` is COCO's AP, ``result.at(0.5)`` its AP50.

    Raises
    ------
    TypeError, ValueError
        As :func:`check_detections`, or if there are not as many ``detections`` as ``targets``, or a
        threshold is none.

    References
    ----------
    Lin et al., "Microsoft COCO: common objects in context", ECCV 2014, and its evaluation code,
    pycocotools, ``COCOeval``.

    Examples
    --------
    >>> boxes = torch.tensor([[0.0, 0.0, 10.0, 10.0], [20.0, 0.0, 30.0, 10.0]])
    >>> labels = torch.tensor([1, 1])
    >>> found = {"boxes": boxes[:1], "labels": labels[:1], "scores": torch.tensor([0.7])}
    >>> result = mean_average_precision([found], [{"boxes": boxes, "labels": labels}])
    >>> round(result.at(0.5), 4)  # 51 of 101 recalls are reached
    0.505
    """
    check_detections(detections)
    check_targets(targets)
    if len(detections) != len(targets):
        raise ValueError(
            f"detections holds {len(detections)} and targets {len(targets)}; expected one of each "
            "for each picture"
        )
    least = tuple(number("iou_thresholds", each, most=1) for each in iou_thresholds)
    if not least or not min(least):
        raise ValueError(f"iou_thresholds is {iou_thresholds}; expected numbers above 0")
    integer("max_detections", max_detections, least=1)
    hits, scores, labels = [], [], []
    for detection, target in zip(detections, targets, strict=True):
        best = _best_of_each_class(detection, max_detections)
        hits.append(match(best, target, least))
        scores.append(best["scores"].double().cpu())
        labels.append(best["labels"].cpu())
    there = [target["labels"].cpu() for target in targets]
    none = torch.zeros(0, dtype=torch.int64)
    all_hits = torch.cat([torch.zeros(len(least), 0, dtype=torch.bool), *hits], 1)
    all_scores, all_labels = torch.cat([none.double(), *scores]), torch.cat([none, *labels])
    all_there = torch.cat([none, *there])
    classes = torch.cat([all_labels, all_there]).unique().tolist()
    table = torch.full((len(least), len(classes)), torch.nan, dtype=torch.float64)
    for column, each in enumerate(classes):
        mine, objects = all_labels == each, int((all_there == each).sum())
        if objects:
            curve = precision_recall(all_hits[:, mine], all_scores[mine], objects)
            table[:, column] = interpolated_precision(*curve).mean(-1)
    return AveragePrecision(table, least, tuple(classes))


def _best_of_each_class(detection: Target, most: int) -> dict[str, Tensor]:
    """Sort the detections of a picture by score, and leave out those beyond ``most`` of a class."""
    order = detection["scores"].argsort(descending=True, stable=True)
    labels = detection["labels"][order]
    if len(order) > most:
        same = labels[:, None] == labels
        order = order[same.tril().sum(1) <= most]  # how many of its class come up to it
    return {key: detection[key][order] for key in ("boxes", "scores", "labels")}
