"""Overlap of regions: how much of what was found is true, as a measure and as a loss."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from cvlib.arguments import check_numbers, check_tensors
from cvlib.augmentation.boxes_and_masks import OUTSIDE
from cvlib.training.losses import check_classes, dice_loss
from cvlib.training.metrics import confusion_matrix

__all__ = ["dice", "iou", "mean_iou", "pixel_and_region_loss", "pixel_counts", "soft_dice_loss"]


def pixel_counts(
    outputs: Tensor,
    labels: Tensor,
    num_classes: int | None = None,
    *,
    ignore_index: int | None = OUTSIDE,
) -> Tensor:
    """Count which pixels are taken for what.

    Parameters
    ----------
    outputs
        Scores (N, K, H, W), or predicted classes, whole numbers of any shape.
    labels
        The true classes: (N, H, W) beside scores, or as ``outputs``.
    num_classes
        K, where ``outputs`` holds classes; one more than the highest class met, if not given.
    ignore_index
        A label that is no class: its pixels do not count. None for none.

    Returns
    -------
    Tensor
        ``int64``, (K, K): in row i and column j, how many pixels of class i are taken for j.

    Raises
    ------
    TypeError
        If ``labels``, or ``outputs`` that are no scores, hold no whole numbers.
    ValueError
        If the sizes do not fit, scores hold nan, or a class is not from 0 to K - 1.

    Examples
    --------
    >>> pixel_counts(torch.tensor([[0, 1], [1, 1]]), torch.tensor([[0, 0], [1, 255]]))
    tensor([[1, 1],
            [0, 1]])
    """
    check_tensors(outputs=outputs)
    if not isinstance(labels, Tensor):
        raise TypeError(f"labels is a {type(labels).__name__}; expected a tensor")
    scores = outputs.is_floating_point()
    expected = (*outputs.shape[:1], *outputs.shape[2:]) if scores else tuple(outputs.shape)
    if scores and outputs.ndim < 3:
        raise ValueError(f"outputs has shape {tuple(outputs.shape)}; expected (N, K, H, W)")
    if labels.shape != expected:
        raise ValueError(
            f"labels has shape {tuple(labels.shape)}; expected {expected}, a label for each pixel "
            f"of outputs {tuple(outputs.shape)}"
        )
    if scores:
        if num_classes not in (None, outputs.shape[1]):
            raise ValueError(f"num_classes is {num_classes}; expected {outputs.shape[1]}")
        if outputs.isnan().any():
            raise ValueError("outputs holds nan; expected scores that can be compared")
        num_classes, outputs = outputs.shape[1], outputs.argmax(1)
    found, true = outputs.flatten(), labels.flatten()
    if ignore_index is not None and not true.is_floating_point():
        counted = true != ignore_index
        found, true = found[counted], true[counted]
    if not true.numel():
        size = num_classes or 0
        return torch.zeros(size, size, dtype=torch.int64, device=true.device)
    return confusion_matrix(found, true, num_classes)


def iou(
    outputs: Tensor,
    labels: Tensor,
    num_classes: int | None = None,
    *,
    ignore_index: int | None = OUTSIDE,
) -> Tensor:
    """Divide, for each class, the pixels found and true by those found or true.

    This is the intersection over the union, also called Jaccard index. Pixels of all pictures are
    counted together.

    Parameters
    ----------
    outputs, labels, num_classes, ignore_index
        As in :func:`pixel_counts`.

    Returns
    -------
    Tensor
        ``float64``, (K,), from 0 to 1; nan for a class that is neither found nor true, 0/0.

    Raises
    ------
    TypeError, ValueError
        As :func:`pixel_counts`.

    References
    ----------
    Everingham et al., "The PASCAL Visual Object Classes (VOC) Challenge", International Journal of
    Computer Vision 88, 2010, section 4.3.

    Examples
    --------
    >>> iou(torch.tensor([0, 1, 1, 1]), torch.tensor([0, 0, 1, 1]))  # 1 of 2, and 2 of 3
    tensor([0.5000, 0.6667], dtype=torch.float64)
    """
    counts = pixel_counts(outputs, labels, num_classes, ignore_index=ignore_index)
    both = counts.diag()
    return both.double() / (counts.sum(0) + counts.sum(1) - both)


def dice(
    outputs: Tensor,
    labels: Tensor,
    num_classes: int | None = None,
    *,
    ignore_index: int | None = OUTSIDE,
) -> Tensor:
    """Divide, for each class, twice the pixels found and true by those found plus those true.

    It is the F1 score of the pixels. With an intersection over union of u it is 2 u / (1 + u).

    Parameters
    ----------
    outputs, labels, num_classes, ignore_index
        As in :func:`pixel_counts`.

    Returns
    -------
    Tensor
        ``float64``, (K,), from 0 to 1; nan for a class that is neither found nor true, 0/0.

    Raises
    ------
    TypeError, ValueError
        As :func:`pixel_counts`.

    References
    ----------
    Dice, "Measures of the Amount of Ecologic Association Between Species", Ecology 26(3), 1945.

    Examples
    --------
    >>> dice(torch.tensor([0, 1, 1, 1]), torch.tensor([0, 0, 1, 1]))  # 2 of 3, and 4 of 5
    tensor([0.6667, 0.8000], dtype=torch.float64)
    """
    counts = pixel_counts(outputs, labels, num_classes, ignore_index=ignore_index)
    return 2 * counts.diag().double() / (counts.sum(0) + counts.sum(1))


def mean_iou(
    outputs: Tensor,
    labels: Tensor,
    num_classes: int | None = None,
    *,
    ignore_index: int | None = OUTSIDE,
) -> Tensor:
    """Return the mean of :func:`iou` over the classes that are found or true.

    Parameters
    ----------
    outputs, labels, num_classes, ignore_index
        As in :func:`pixel_counts`.

    Returns
    -------
    Tensor
        One number, ``float64``; nan where no pixel counts.

    Raises
    ------
    TypeError, ValueError
        As :func:`pixel_counts`.

    Examples
    --------
    >>> found, true = torch.tensor([0, 1, 1, 1]), torch.tensor([0, 0, 1, 1])
    >>> print(f"{mean_iou(found, true):.4f}")
    0.5833
    """
    return iou(outputs, labels, num_classes, ignore_index=ignore_index).nanmean()


def soft_dice_loss(
    input: Tensor,  # noqa: A002 - torch's word
    target: Tensor,
    *,
    ignore_index: int = OUTSIDE,
    smooth: float = 1.0,
) -> Tensor:
    """Compute the Dice loss of each picture's classes, and return the mean.

    The region of a class is soft: each pixel has a share in it, the probability of softmax.

    Parameters
    ----------
    input
        Logits (N, K, H, W).
    target
        Labels (N, H, W).
    ignore_index
        A label that is no class: its pixels belong to no region.
    smooth
        As in :func:`cvlib.training.losses.dice_loss`, of which this is the mean over N pictures
        and K classes.

    Returns
    -------
    Tensor
        One number, 0 to 1.

    Raises
    ------
    TypeError, ValueError
        As :func:`cvlib.training.losses.cross_entropy`.

    Examples
    --------
    >>> labels = torch.tensor([[[0, 0], [0, 1]]])
    >>> sure = 40.0 * F.one_hot(labels, 2).movedim(-1, 1)
    >>> print(f"{soft_dice_loss(sure, labels):.3f}, {soft_dice_loss(-sure, labels):.3f}")
    0.000, 0.800
    """
    check_numbers(input, name="input")
    check_classes(input, target, None, ignore_index, 0.0)
    counted = (target != ignore_index).unsqueeze(1)
    known = torch.where(target == ignore_index, 0, target)
    true = F.one_hot(known, input.shape[1]).movedim(-1, 1) * counted
    share = input.softmax(1) * counted
    regions = (each.flatten(0, 1) for each in (share, true.to(share.dtype)))
    return dice_loss(*regions, smooth=smooth)


def pixel_and_region_loss(
    input: Tensor,  # noqa: A002
    target: Tensor,
    *,
    ignore_index: int = OUTSIDE,
) -> dict[str, Tensor]:
    """Add cross entropy, which asks for each pixel, and the Dice loss, which asks for regions.

    Parameters
    ----------
    input, target, ignore_index
        As in :func:`soft_dice_loss`.

    Returns
    -------
    dict of Tensor
        ``"cross_entropy"``, the mean over the pixels that count, and ``"dice"``.
        :func:`cvlib.training.loop.fit` adds them up, and records each.

    Raises
    ------
    TypeError, ValueError
        As :func:`soft_dice_loss`.

    Examples
    --------
    >>> parts = pixel_and_region_loss(torch.zeros(1, 2, 2, 2), torch.zeros(1, 2, 2).long())
    >>> {name: round(float(part), 4) for name, part in parts.items()}
    {'cross_entropy': 0.6931, 'dice': 0.4762}
    """
    region = soft_dice_loss(input, target, ignore_index=ignore_index)
    total = F.cross_entropy(input, target, ignore_index=ignore_index, reduction="sum")
    return {"cross_entropy": total / (target != ignore_index).sum().clamp(min=1), "dice": region}
