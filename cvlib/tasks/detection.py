"""From the answers of cells to boxes, and back to a loss: a detector of one stage.

:class:`~cvlib.networks.detector.Detector` answers for every cell: how likely the centre of an
object lies here, how far from the cell's middle it lies, how large the object is, and of which
class. :func:`boxes_of` makes boxes of that, :func:`read_answers` and :func:`detect` keep those that
are worth telling, and :func:`detection_loss` says how wrong the answers are.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Generator, Tensor, nn
from torch.utils.data import Dataset, Subset, random_split

from cvlib.arguments import check_tensors, integer, number
from cvlib.augmentation.draws import draw
from cvlib.data import SceneSet
from cvlib.networks.detector import Detector
from cvlib.tasks.average_precision import Target, check_targets, mean_average_precision
from cvlib.tasks.boxes import (
    batched_nms,
    clip_boxes_to_image,
    generalized_box_iou_loss,
    remove_small_boxes,
)

__all__ = [
    "Scenes",
    "average_precision_50",
    "boxes_of",
    "centre_map",
    "detect",
    "detection_loss",
    "focal_loss",
    "random_colours",
    "read_answers",
    "targets_of",
]

_STRIDE = Detector.stride
_TYPICAL = 16.0  # pixels: the width and height of a box whose numbers are 0


def targets_of(scenes: SceneSet) -> list[dict[str, Tensor]]:
    """Write down what is in scenes as detectors take it.

    Parameters
    ----------
    scenes
        Scenes with their boxes and labels.

    Returns
    -------
    list of dict
        For each scene ``"boxes"`` (n, 4), as x1, y1, x2, y2, and ``"labels"`` (n,).

    Examples
    --------
    >>> from cvlib.data import scenes
    >>> sorted(targets_of(scenes(2))[1])
    ['boxes', 'labels']
    """
    return [
        {"boxes": boxes, "labels": labels}
        for boxes, labels in zip(scenes.boxes, scenes.labels, strict=True)
    ]


class Scenes(Dataset):
    """Scenes as pairs of a picture and its target, for :func:`cvlib.training.loop.fit`.

    Parameters
    ----------
    scenes
        Scenes with their boxes and labels.

    Examples
    --------
    >>> from cvlib.data import scenes
    >>> picture, target = Scenes(scenes(2))[1]
    >>> picture.dtype, len(target["boxes"]) == len(target["labels"])
    (torch.uint8, True)
    """

    def __init__(self, scenes: SceneSet) -> None:
        self.scenes = scenes
        self.images, self.targets = scenes.images, targets_of(scenes)
        self.classes, self.source = scenes.classes, scenes.source

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, at: int) -> tuple[Tensor, dict[str, Tensor]]:
        return self.images[at], self.targets[at]

    def split(self, test: int | float, seed: int = 0) -> tuple[Subset, Subset]:
        """Split into scenes to learn from and scenes held out.

        Parameters
        ----------
        test
            How many are held out, or which share.
        seed
            Of the random numbers that choose them.

        Returns
        -------
        train, test : torch.utils.data.Subset
            Together they hold every scene once.

        Examples
        --------
        >>> from cvlib.data import scenes
        >>> [len(part) for part in Scenes(scenes(5)).split(test=0.2)]
        [4, 1]
        """
        held = test if isinstance(test, int) else round(test * len(self))
        generator = Generator().manual_seed(seed)
        train, out = random_split(self, [len(self) - held, held], generator)
        return train, out


def random_colours(images: Tensor, targets: Any, generator: Generator) -> tuple[Tensor, Any]:
    """Exchange the colours of pictures, and turn half of the pictures into their negatives.

    What may have any colour should be found in any. Nothing moves, so boxes stay.

    Parameters
    ----------
    images, targets, generator
        As for :func:`cvlib.augmentation.geometry.random_horizontal_flip`; 3 channels.

    Returns
    -------
    images, targets
        The pictures, each in one of twelve guises, and their targets as they came.

    Raises
    ------
    TypeError, ValueError
        As :func:`cvlib.augmentation.geometry.random_horizontal_flip`.

    Examples
    --------
    >>> images = torch.tensor([0.1, 0.2, 0.3]).view(1, 3, 1, 1).repeat(2, 1, 1, 1)
    >>> random_colours(images, None, Generator().manual_seed(0))[0].flatten(1)
    tensor([[0.8000, 0.7000, 0.9000],
            [0.2000, 0.3000, 0.1000]])
    """
    *order, sign = draw(images, generator, 4).to(images.device)
    channels = torch.stack(order, 1).argsort(1)
    exchanged = images.gather(1, channels[:, :, None, None].expand_as(images))
    return torch.where(sign.view(-1, 1, 1, 1) < 0.5, 1 - exchanged, exchanged), targets


def boxes_of(answers: Tensor) -> Tensor:
    """Make a box of each cell's answer, whether or not something is there.

    Parameters
    ----------
    answers
        (B, 5 + classes, h, w), as :class:`~cvlib.networks.detector.Detector` gives them.

    Returns
    -------
    Tensor
        (B, h, w, 4), as x1, y1, x2, y2 in pixels.

    Examples
    --------
    >>> boxes_of(torch.zeros(1, 15, 24, 24))[0, 0, 1]  # around the middle of the second cell
    tensor([-2., -6., 14., 10.])
    """
    height, width = answers.shape[2:]
    rows, columns = (torch.arange(side, device=answers.device) + 0.5 for side in (height, width))
    middle = torch.stack(torch.meshgrid(columns, rows, indexing="xy"))
    centre = _STRIDE * (middle + answers[:, 1:3])
    size = _TYPICAL * answers[:, 3:5].clamp(-5, 5).exp()  # a bound, so that none is infinite
    return torch.cat([centre - size / 2, centre + size / 2], 1).permute(0, 2, 3, 1)


def centre_map(boxes: Tensor, whose: Tensor, shape: tuple[int, int, int]) -> Tensor:
    """Draw where the cells should see a centre: a hill on each object, 1 in the centre's cell.

    Around the centre's cell the hill falls off like a bell, the wider the larger the object, so
    that a cell that just misses is told off less.

    Parameters
    ----------
    boxes
        (N, 4), as x1, y1, x2, y2 in pixels: the boxes of all pictures of a batch.
    whose
        (N,): in which picture each is.
    shape
        Pictures, rows of cells, and columns of cells.

    Returns
    -------
    Tensor
        Of that shape, from 0 to 1. Where hills meet, the higher one counts.

    References
    ----------
    Zhou, Wang and Krähenbühl, "Objects as points" (2019), section 3; there the width follows from
    the least IoU that a box has whose corners are off, here it is a sixth of the object's.

    Examples
    --------
    >>> box = torch.tensor([[0.0, 0.0, 12.0, 12.0]])
    >>> hill = centre_map(box, torch.tensor([0]), (1, 1, 4))
    >>> [round(height, 4) for height in hill.flatten().tolist()]
    [0.1353, 1.0, 0.1353, 0.0003]
    """
    x, y = _cells(boxes, shape[1:]).to(boxes.dtype).T[:, :, None]
    wide, high = ((boxes[:, 2:] - boxes[:, :2]) / _STRIDE / 6).clamp(min=0.4).T[:, :, None]
    rows, columns = (torch.arange(side, device=boxes.device) for side in shape[1:])
    across = torch.exp(-((columns - x) ** 2) / (2 * wide**2))
    down = torch.exp(-((rows - y) ** 2) / (2 * high**2))
    hills = down[:, :, None] * across[:, None, :]
    place = whose[:, None, None].expand_as(hills)
    return hills.new_zeros(shape).scatter_reduce_(0, place, hills, "amax")


def _cells(boxes: Tensor, sides: Sequence[int]) -> Tensor:
    """Say in which cell the centre of each box lies, (N, 2), column and row."""
    most = torch.tensor([sides[1] - 1, sides[0] - 1], device=boxes.device)
    cells = ((boxes[:, :2] + boxes[:, 2:]) / 2 / _STRIDE).floor().long()
    return cells.clamp(min=0).minimum(most)


def focal_loss(logits: Tensor, truth: Tensor) -> Tensor:
    r"""Add up how wrong the cells are about centres, the easy ones hardly counted.

    Where ``truth`` is 1, a cell with probability :math:`p` costs :math:`-(1-p)^2 \log p`; elsewhere
    it costs :math:`-(1-t)^4\, p^2 \log(1-p)`, with :math:`t` the height of the hill.

    Parameters
    ----------
    logits
        What the cells say, of any shape.
    truth
        What they should say, of the same, from 0 to 1 (:func:`centre_map`).

    Returns
    -------
    Tensor
        One number, the sum.

    References
    ----------
    Law and Deng, "CornerNet: detecting objects as paired keypoints" (ECCV 2018), equation 1, after
    Lin et al., "Focal loss for dense object detection" (ICCV 2017).

    Examples
    --------
    >>> focal_loss(torch.tensor([0.0, -9.0]), torch.tensor([1.0, 0.0]))  # the second is easy
    tensor(0.1733)
    """
    p = logits.sigmoid()
    centre = (1 - p) ** 2 * F.logsigmoid(logits)
    elsewhere = (1 - truth) ** 4 * p**2 * F.logsigmoid(-logits)
    return -torch.where(truth == 1, centre, elsewhere).sum()


def detection_loss(answers: Tensor, targets: Sequence[Target]) -> dict[str, Tensor]:
    """Say how wrong the answers of the cells are, in three parts.

    Parameters
    ----------
    answers
        (B, 5 + classes, h, w), as :class:`~cvlib.networks.detector.Detector` gives them.
    targets
        For each picture ``"boxes"`` (n, 4), as x1, y1, x2, y2 in pixels, and ``"labels"`` (n,),
        from 0 up; (0, 4) and (0,) where nothing is.

    Returns
    -------
    dict of Tensor
        ``"centre"``: the focal loss of all cells, per object. ``"box"``: one minus the generalized
        IoU, the mean over the cells of the objects' centres. ``"class"``: cross entropy, the mean
        over the same cells. Without any object the last two are 0.

    Raises
    ------
    TypeError
        If ``targets`` is no list of dictionaries, or holds tensors of another kind.
    ValueError
        If there is not one target per picture, a label has no output, or a box is none or has no
        area (``cvlib.tasks.boxes.remove_small_boxes`` finds those).

    Examples
    --------
    >>> target = {"boxes": torch.tensor([[8.0, 8.0, 24.0, 24.0]]), "labels": torch.tensor([3])}
    >>> parts = detection_loss(torch.zeros(1, 15, 24, 24), [target])
    >>> {name: round(float(part), 3) for name, part in parts.items()}
    {'centre': 98.964, 'box': 0.404, 'class': 2.303}
    """
    boxes, labels, whose = _joined(targets, answers)
    shape = (len(answers), *answers.shape[2:])
    count = max(len(boxes), 1)
    centre = focal_loss(answers[:, 0], centre_map(boxes, whose, shape)) / count
    column, row = _cells(boxes, shape[1:]).T
    said = boxes_of(answers)[whose, row, column]
    named = answers[whose, 5:, row, column]
    return {
        "centre": centre,
        "box": generalized_box_iou_loss(said, boxes, "mean"),
        "class": F.cross_entropy(named, labels, reduction="sum") / count,
    }


def _joined(targets: Sequence[Target], answers: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Put the boxes and labels of all pictures into one tensor each, and say whose they are."""
    check_targets(targets)
    if len(targets) != len(answers):
        raise ValueError(
            f"targets holds {len(targets)} and answers {len(answers)}; expected one of each for "
            "each picture"
        )
    counts = torch.tensor([len(target["boxes"]) for target in targets])
    boxes = torch.cat([target["boxes"] for target in targets]).to(answers)
    labels = torch.cat([target["labels"] for target in targets]).to(answers.device)
    whose = torch.arange(len(targets)).repeat_interleave(counts).to(answers.device)
    classes = answers.shape[1] - 5
    if len(labels) and not 0 <= int(labels.min()) <= int(labels.max()) < classes:
        raise ValueError(
            f"targets has labels from {int(labels.min())} to {int(labels.max())}; expected 0 to "
            f"{classes - 1} for {classes} classes"
        )
    flat = (boxes[:, 2:] <= boxes[:, :2]).any(1)
    if flat.any():
        first = int(flat.nonzero()[0])
        raise ValueError(
            f"targets[{int(whose[first])}] has a box {boxes[first].tolist()} of no area; leave it "
            "out, as no box can meet it"
        )
    return boxes, labels, whose


def read_answers(
    answers: Tensor,
    size: tuple[int, int] | None = None,
    *,
    min_score: float = 0.05,
    iou_threshold: float = 0.5,
    max_detections: int = 100,
) -> list[dict[str, Tensor]]:
    """Make detections of the cells' answers: the likely ones, cut to the picture, suppressed.

    Parameters
    ----------
    answers
        (B, 5 + classes, h, w), as :class:`~cvlib.networks.detector.Detector` gives them.
    size
        Height and width of the pictures; 4 h and 4 w by default.
    min_score, iou_threshold, max_detections
        As for :func:`detect`.

    Returns
    -------
    list of dict
        As :func:`detect`.

    Raises
    ------
    ValueError
        If a number lies outside its range.

    Examples
    --------
    >>> answers = torch.full((1, 6, 24, 24), -9.0)
    >>> answers[0, :, 2, 5] = torch.tensor([9.0, 0.0, 0.0, 0.0, 0.0, 0.0])
    >>> read_answers(answers)[0]["boxes"]
    tensor([[14.,  2., 30., 18.]])
    """
    number("min_score", min_score, most=1)
    integer("max_detections", max_detections, least=1)
    inside = size or (_STRIDE * answers.shape[2], _STRIDE * answers.shape[3])
    likely, labels = answers[:, 5:].softmax(1).max(1)
    scores = (answers[:, 0].sigmoid() * likely).flatten(1)
    labels, boxes = labels.flatten(1), boxes_of(answers).flatten(1, 2)
    boxes = clip_boxes_to_image(boxes.flatten(0, 1), inside).view_as(boxes)
    found = []
    for box, score, label in zip(boxes, scores, labels, strict=True):
        best = score.topk(min(max_detections, len(score))).indices
        best = best[score[best] >= min_score]
        best = best[remove_small_boxes(box[best], 1e-3)]
        best = best[batched_nms(box[best], score[best], label[best], iou_threshold)]
        found.append({"boxes": box[best], "scores": score[best], "labels": label[best]})
    return found


def detect(
    model: nn.Module,
    images: Tensor,
    *,
    min_score: float = 0.05,
    iou_threshold: float = 0.5,
    max_detections: int = 100,
    batch_size: int = 64,
) -> list[dict[str, Tensor]]:
    """Find the objects of pictures.

    Parameters
    ----------
    model
        A network that answers as :class:`~cvlib.networks.detector.Detector` does; in evaluation
        mode meanwhile, and left in the mode in which it came.
    images
        (N, 3, H, W): ``uint8``, or ``float32`` from 0 to 1.
    min_score
        What is less likely is not told, from 0 to 1.
    iou_threshold
        Of two boxes of one class that overlap more, the less likely goes, from 0 to 1.
    max_detections
        How many cells of a picture may tell, the most likely ones.
    batch_size
        Pictures at a time, which bounds the memory.

    Returns
    -------
    list of dict
        For each picture ``"boxes"`` (n, 4), as x1, y1, x2, y2, within the picture; ``"scores"``
        (n,), the highest first: the probability of a centre times that of the class; ``"labels"``
        (n,). It is the form of torchvision's detectors. On the device of the model.

    Raises
    ------
    TypeError
        If ``images`` are no tensor, or of another dtype.
    ValueError
        If they have another shape, or a number lies outside its range.

    Examples
    --------
    >>> from cvlib.data import scenes
    >>> from cvlib.networks import pretrained
    >>> (found,) = detect(pretrained("detector"), scenes(1, split="test", seed=1).images)
    >>> found["labels"][:1]
    tensor([1])
    """
    check_tensors(images=images)
    if images.dtype not in (torch.uint8, torch.float32):
        raise TypeError(f"images is {images.dtype}; expected uint8, or float32 from 0 to 1")
    if images.ndim != 4 or images.shape[1] != 3 or not min(images.shape[2:]):
        raise ValueError(f"images has shape {tuple(images.shape)}; expected (N, 3, H, W)")
    integer("batch_size", batch_size, least=1)
    place, was_training = next(model.parameters()).device, model.training
    size, found = (images.shape[2], images.shape[3]), []
    how: dict[str, Any] = {"min_score": min_score, "iou_threshold": iou_threshold}
    try:
        model.eval()
        with torch.inference_mode():
            for start in range(0, len(images), batch_size):
                part = images[start : start + batch_size].to(place)
                answers = model(part.float() / 255 if part.dtype == torch.uint8 else part)
                found += read_answers(answers, size, max_detections=max_detections, **how)
    finally:
        model.train(was_training)
    return found


def average_precision_50(answers: Tensor, targets: Sequence[Target]) -> float:
    """Measure the average precision at an IoU of 0.5, as a metric for training.

    Parameters
    ----------
    answers
        (N, 5 + classes, h, w), of all pictures.
    targets
        What is in each.

    Returns
    -------
    float
        The mean over classes; nan if there is no object.

    Examples
    --------
    >>> target = {"boxes": torch.tensor([[14.0, 2.0, 30.0, 18.0]]), "labels": torch.tensor([0])}
    >>> average_precision_50(torch.full((1, 6, 24, 24), -9.0), [target])
    0.0
    """
    return mean_average_precision(read_answers(answers), targets, (0.5,)).at(0.5)
