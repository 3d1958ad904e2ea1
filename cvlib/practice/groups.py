"""How well each group fares: shares with intervals, the worst group, and weights for rare ones."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from cvlib.arguments import check_tensors, integer, number
from cvlib.images.distance import distance_transform

__all__ = [
    "GroupAccuracy",
    "balanced_indices",
    "balanced_weights",
    "group_accuracies",
    "stroke_widths",
    "wilson_interval",
]

_INK = 128  # from this level on a pixel counts as ink


def wilson_interval(right: int, total: int, confidence: float = 0.95) -> tuple[float, float]:
    r"""Return between which shares the true one lies, as far as so many trials can tell.

    With the share :math:`p = r / n` and z, the quantile of the normal distribution (1.96 for
    95 %), its ends are

    .. math:: \frac{p + \frac{z^2}{2n} \pm z \sqrt{\frac{p (1 - p)}{n} + \frac{z^2}{4n^2}}}
                   {1 + \frac{z^2}{n}} .

    Unlike :math:`p \pm z \sqrt{p (1 - p) / n}`, it neither leaves 0 to 1 nor shrinks to a point
    where all were right.

    Parameters
    ----------
    right
        How many were right, from 0 to ``total``.
    total
        How many there were, at least 1.
    confidence
        In how many of many such samples the interval shall hold the true share; above 0, below 1.

    Returns
    -------
    low, high : float
        The ends of the interval.

    Raises
    ------
    TypeError
        If a count is no integer.
    ValueError
        If a count or the confidence is out of range.

    References
    ----------
    Wilson, "Probable Inference, the Law of Succession, and Statistical Inference", Journal of the
    American Statistical Association 22, 1927; recommended for small samples by Brown, Cai,
    DasGupta, "Interval Estimation for a Binomial Proportion", Statistical Science 16, 2001.

    Examples
    --------
    >>> [round(end, 4) for end in wilson_interval(9, 10)]
    [0.5958, 0.9821]
    >>> [round(end, 4) for end in wilson_interval(10, 10)]
    [0.7225, 1.0]
    """
    integer("total", total, least=1)
    if integer("right", right) > total:
        raise ValueError(f"right is {right}; expected at most {total}, the total")
    if not 0 < number("confidence", confidence, most=1) < 1:
        raise ValueError(f"confidence is {confidence}; expected a number above 0 and below 1")
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    share = right / total
    middle = share + z * z / (2 * total)
    half = z * math.sqrt(share * (1 - share) / total + (z / (2 * total)) ** 2)
    scale = 1 + z * z / total
    # Rounding must not lead past what was measured where nothing, or everything, was right.
    low = 0.0 if right == 0 else (middle - half) / scale
    high = 1.0 if right == total else (middle + half) / scale
    return low, high


class GroupAccuracy(NamedTuple):
    """How a group fared.

    Parameters
    ----------
    name
        Of the group.
    right, total
        How many of its pictures were answered rightly, and how many there are.
    low, high
        Wilson's interval of the share, at 95 %.
    """

    name: str
    right: int
    total: int
    low: float
    high: float

    @property
    def accuracy(self) -> float:
        """The share of right answers."""
        return self.right / self.total


def group_accuracies(
    right: Tensor, groups: Tensor, names: Sequence[str] | None = None
) -> list[GroupAccuracy]:
    """Return the accuracy of each group, with its interval.

    Parameters
    ----------
    right
        Whether each answer is right, (N,): ``bool``, or 0 and 1.
    groups
        The group of each picture, from 0 up, (N,).
    names
        Of the groups; their numbers by default. A group without a picture is left out.

    Returns
    -------
    list of GroupAccuracy
        In the order of the groups. The worst is ``min(found, key=lambda each: each.accuracy)``.

    Raises
    ------
    TypeError
        If one is no tensor, or holds no whole numbers.
    ValueError
        If the shapes differ, there is no picture, or a group has no name.

    Examples
    --------
    >>> right, groups = torch.tensor([1, 1, 0, 1]), torch.tensor([0, 0, 1, 1])
    >>> for each in group_accuracies(right, groups, ["thin", "thick"]):
    ...     print(f"{each.name:5} {each.accuracy:.1f}, {each.low:.2f} to {each.high:.2f}")
    thin  1.0, 0.34 to 1.00
    thick 0.5, 0.09 to 0.91
    """
    for name, values in (("right", right), ("groups", groups)):
        check_tensors(**{name: values})
        if values.is_floating_point() or values.is_complex():
            raise TypeError(f"{name} is {values.dtype}; expected whole numbers")
        if values.ndim != 1 or values.shape != right.shape or not len(values):
            raise ValueError(
                f"{name} has shape {tuple(values.shape)}; expected (N,), one for each picture"
            )
    low, high = (int(value) for value in groups.long().aminmax())
    if low < 0 or (names is not None and high >= len(names)):
        wrong = low if low < 0 else high
        raise ValueError(f"groups has the group {wrong}; expected 0 and up, each with a name")
    totals = groups.bincount().tolist()
    hits = groups[right.bool()].bincount(minlength=len(totals)).tolist()
    return [
        GroupAccuracy(
            str(at) if names is None else names[at], hit, total, *wilson_interval(hit, total)
        )
        for at, (hit, total) in enumerate(zip(hits, totals, strict=True))
        if total
    ]


def stroke_widths(images: Tensor) -> Tensor:
    """Estimate how thick the strokes of drawings are.

    A pixel of ink lies on average a quarter of the stroke's width from its edge. So the width is
    four times the mean distance to the edge, which lies half a pixel nearer than the middle of the
    nearest paper. For long bars of an even number of pixels that is exact.

    Parameters
    ----------
    images
        ``uint8``, (N, 1, H, W), light on dark. Ink is what has 128 levels or more.

    Returns
    -------
    Tensor
        Widths in pixels, (N,), ``float64``; 0 where there is no ink, infinite where there is
        nothing else.

    Raises
    ------
    TypeError
        If the images are no ``uint8`` tensor.
    ValueError
        If they have another shape.

    Examples
    --------
    >>> bars = torch.zeros(2, 1, 12, 12, dtype=torch.uint8)
    >>> bars[0, :, 3:5], bars[1, :, 3:7] = 255, 255
    >>> stroke_widths(bars).tolist()
    [2.0, 4.0]
    """
    check_tensors(images=images)
    if images.dtype != torch.uint8:
        raise TypeError(f"images is {images.dtype}; expected torch.uint8")
    if images.ndim != 4 or images.shape[1] != 1 or not images.numel():
        shape = tuple(images.shape)
        raise ValueError(f"images has shape {shape}; expected (N, 1, H, W), not empty")
    ink = images[:, 0].cpu().numpy() >= _INK
    return torch.tensor([_stroke_width(each) for each in ink], dtype=torch.float64)


def _stroke_width(ink: NDArray[np.bool_]) -> float:
    if not ink.any():
        return 0.0
    return 4 * (float(distance_transform(ink)[ink].mean()) - 0.5)


def balanced_weights(labels: Tensor, num_classes: int) -> Tensor:
    """Return a weight for each class, such that all classes weigh alike.

    Parameters
    ----------
    labels
        The classes of the pictures to learn from, (N,).
    num_classes
        K.

    Returns
    -------
    Tensor
        ``float32``, (K,): N / (K n) for a class with n pictures, as ``class_weight="balanced"`` of
        scikit-learn. To be given to a loss as ``weight``.

    Raises
    ------
    ValueError
        If a class has no picture, or a label is none of the classes.

    Examples
    --------
    >>> balanced_weights(torch.tensor([0, 0, 0, 1]), 2)
    tensor([0.6667, 2.0000])
    """
    counts = _counts(labels, num_classes)
    return (len(labels) / (num_classes * counts.double())).float()


def balanced_indices(
    labels: Tensor, num_classes: int, generator: torch.Generator | None = None
) -> Tensor:
    """Return which pictures to take so that all classes come equally often.

    Each class comes as often as the most frequent one: each of its pictures so many times, or once
    more, drawn by lot. Shuffle what comes out.

    Parameters
    ----------
    labels
        The classes of the pictures to learn from, (N,).
    num_classes
        K.
    generator
        Draws who comes once more, on the CPU.

    Returns
    -------
    Tensor
        Numbers of pictures, ``int64``, sorted by class.

    Raises
    ------
    ValueError
        If a class has no picture, or a label is none of the classes.

    Examples
    --------
    >>> balanced_indices(torch.tensor([0, 0, 0, 1]), 2).tolist()
    [0, 1, 2, 3, 3, 3]
    """
    counts = _counts(labels, num_classes)
    most, chosen = int(counts.max()), []
    for label, count in enumerate(counts.tolist()):
        members = (labels == label).nonzero().flatten()
        again, few = divmod(most, count)
        lot = torch.randperm(count, generator=generator)[:few]
        chosen.append(torch.cat([members.repeat(again), members[lot.to(members.device)]]))
    return torch.cat([each.sort().values for each in chosen])


def _counts(labels: Tensor, num_classes: int) -> Tensor:
    check_tensors(labels=labels)
    integer("num_classes", num_classes, least=1)
    if labels.ndim != 1 or not len(labels) or labels.is_floating_point():
        raise ValueError(
            f"labels is {labels.dtype} of shape {tuple(labels.shape)}; expected (N,) whole numbers"
        )
    low, high = (int(value) for value in labels.aminmax())
    if low < 0 or high >= num_classes:
        wrong = low if low < 0 else high
        raise ValueError(f"labels has the class {wrong}; expected 0 to {num_classes - 1}")
    counts = labels.bincount(minlength=num_classes)
    if not counts.all():
        raise ValueError(f"labels lacks the class {int(counts.argmin())}; expected at least one")
    return counts
