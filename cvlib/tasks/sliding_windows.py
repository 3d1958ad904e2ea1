"""Finding things before networks did: a window slides over an image pyramid, and an SVM judges.

The window always has the same size, so the picture is made larger and smaller instead: a pyramid.
Each level is described by its histograms of oriented gradients, as in the chapter from picture to
batch, and a linear support vector machine (SVM) weighs, for each class, the blocks below the
window. To weigh the same blocks at every place is a convolution.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from cvlib.arguments import check_tensors, integer, number
from cvlib.data import SceneSet
from cvlib.images.preprocessing import hog_features
from cvlib.tasks.boxes import batched_nms, box_convert, box_iou, clip_boxes_to_image

__all__ = ["SIDES", "SlidingWindows", "hog_blocks", "pyramid", "train_sliding_windows"]

#: The sides of the windows in pixels of the picture, one for each level of the pyramid.
SIDES = (20, 23, 26, 29, 32)
_WINDOW = 28  # pixels of a window in its level, as the pictures of MNIST have
_INK = 20  # pixels of it that a digit's longer side has
_CELL = 4  # pixels of a cell, and the step from window to window
_BLOCKS = _WINDOW // _CELL - 1  # that a window has, down and across
_FAR = 0.3  # a window whose IoU with every digit is below this shows none


def pyramid(image: NDArray[np.uint8], sides: Sequence[float] = SIDES) -> list[NDArray[np.uint8]]:
    """Resize a picture so often that each window becomes one of 28 × 28 pixels.

    Parameters
    ----------
    image
        ``uint8``, (H, W, 3).
    sides
        The windows' sides in pixels of the picture.

    Returns
    -------
    list of ndarray
        A picture for each side, bilinear.

    Examples
    --------
    >>> [level.shape[0] for level in pyramid(np.zeros((96, 96, 3), np.uint8))]
    [134, 117, 103, 93, 84]
    """
    height, width = image.shape[:2]
    sizes = [(round(width * _WINDOW / side), round(height * _WINDOW / side)) for side in sides]
    return [np.asarray(cv2.resize(image, size), np.uint8) for size in sizes]


def hog_blocks(image: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Describe a picture by blocks of 2 × 2 cells of 4 × 4 pixels, in each of its colours.

    Parameters
    ----------
    image
        ``uint8``, (H, W, 3).

    Returns
    -------
    ndarray
        ``float32``, (108, H // 4 − 1, W // 4 − 1): 36 numbers a block and colour, as
        :func:`cvlib.images.preprocessing.hog_features` has them.

    Examples
    --------
    >>> hog_blocks(np.zeros((36, 40, 3), np.uint8)).shape
    (108, 8, 9)
    """
    rows, columns = (side // _CELL - 1 for side in image.shape[:2])
    features = hog_features(np.ascontiguousarray(image.transpose(2, 0, 1)), _CELL)
    return np.moveaxis(features.reshape(3, rows, columns, 36), 3, 1).reshape(-1, rows, columns)


@dataclass(frozen=True, eq=False)
class SlidingWindows:
    """A linear judge for each class, and the shapes of what it judges.

    Parameters
    ----------
    weight
        (K, 108, 6, 6): what it gives to the numbers of the blocks in a window.
    bias
        (K,).
    shapes
        (K, 2): width and height of the class on average, as shares of the longer side.
    """

    weight: Tensor
    bias: Tensor
    shapes: Tensor

    def detect(
        self,
        images: Tensor,
        *,
        min_score: float = -0.5,
        iou_threshold: float = 0.3,
        max_detections: int = 100,
    ) -> list[dict[str, Tensor]]:
        """Find the objects of pictures.

        Parameters
        ----------
        images
            ``uint8``, (N, 3, H, W).
        min_score
            What scores less is not told. A score is a distance from the SVM's border: any number,
            positive on the side of the class.
        iou_threshold
            Of two boxes that overlap more, the lower score goes, from 0 to 1.
        max_detections
            How many windows of a picture may tell, those with the highest scores.

        Returns
        -------
        list of dict
            As :func:`cvlib.tasks.detection.detect`, but for what a score is.

        Raises
        ------
        TypeError
            If ``images`` are no tensor of ``uint8``.
        ValueError
            If they have another shape, or are smaller than a window, or a number is out of range.
        """
        check_tensors(images=images)
        if images.dtype != torch.uint8:
            raise TypeError(f"images is {images.dtype}; expected uint8")
        if images.ndim != 4 or images.shape[1] != 3 or min(images.shape[2:]) < max(SIDES):
            raise ValueError(
                f"images has shape {tuple(images.shape)}; expected (N, 3, H, W), of at least "
                f"{max(SIDES)} pixels a side"
            )
        number("min_score", min_score, least=-np.inf)
        integer("max_detections", max_detections, least=1)
        found = []
        for image in images:
            answers = zip(*self._levels(image.permute(1, 2, 0).numpy()), strict=True)
            boxes, scores, labels = (torch.cat(part) for part in answers)
            best = scores.topk(min(max_detections, len(scores))).indices
            best = best[scores[best] >= min_score]
            inside = clip_boxes_to_image(boxes[best], (image.shape[1], image.shape[2]))
            kept = batched_nms(inside, scores[best], labels[best], iou_threshold)
            best, inside = best[kept], inside[kept]
            found.append({"boxes": inside, "scores": scores[best], "labels": labels[best]})
        return found

    def _levels(self, image: NDArray[np.uint8]) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        """Judge the windows of each level: their boxes, their scores, and the best class."""
        for side, level in zip(SIDES, pyramid(image), strict=True):
            blocks = torch.from_numpy(hog_blocks(level))
            answers = F.conv2d(blocks[None], self.weight, self.bias)[0]
            scores, labels = answers.flatten(1).max(0)
            rows, columns = (torch.arange(many) for many in answers.shape[1:])
            corner = _CELL * torch.cartesian_prod(rows, columns).flip(1)
            centre = (corner + _WINDOW / 2) * side / _WINDOW
            size = self.shapes[labels] * side * _INK / _WINDOW
            yield box_convert(torch.cat([centre, size], 1), "cxcywh", "xyxy"), scores, labels


def train_sliding_windows(
    scenes: SceneSet, *, rounds: int = 1, c: float = 0.01, seed: int = 0
) -> SlidingWindows:
    """Teach a linear SVM for each class, on windows around digits and on others.

    Then it looks through the scenes, and the windows in which it saw a digit where there is none
    are added to what it learns from: hard negatives.

    Parameters
    ----------
    scenes
        What to learn from.
    rounds
        How often hard negatives are added.
    c
        How much a window on the wrong side of the border counts, against a wide margin.
    seed
        Of the random numbers by which windows are drawn.

    Returns
    -------
    SlidingWindows
        The judge.

    Raises
    ------
    ValueError
        If a class has no object in the scenes.

    References
    ----------
    Dalal and Triggs, "Histograms of oriented gradients for human detection" (CVPR 2005), sections 3
    and 4: the window, hard negatives in one round, a soft linear SVM with C = 0.01.
    """
    seen = torch.cat(scenes.labels).bincount(minlength=len(scenes.classes))
    if not seen.all():
        absent = scenes.classes[int((seen == 0).nonzero()[0])]
        raise ValueError(f"scenes holds no {absent}; expected each class at least once")
    generator = np.random.default_rng(seed)
    pictures = [image.permute(1, 2, 0).numpy() for image in scenes.images]
    rows, named, sizes = [], [], []
    for picture, boxes, labels in zip(pictures, scenes.boxes, scenes.labels, strict=True):
        around = _around(boxes)
        shaken = around + torch.from_numpy(generator.normal(0, 0.7, around.shape)).float()
        windows = torch.cat([around, shaken, _elsewhere(picture, boxes, generator)])
        rows.append(_described(picture, windows))
        others = torch.full((len(windows) - 2 * len(labels),), -1)
        named.append(torch.cat([labels, labels, others]))
        sizes.append((boxes[:, 2:] - boxes[:, :2]) / _longer(boxes)[:, None])
    which = torch.cat(scenes.labels)
    each = torch.cat(sizes)
    shapes = torch.stack([each[which == at].mean(0) for at in range(len(scenes.classes))])
    for again in range(rounds + 1):
        model = _judge(np.concatenate(rows), torch.cat(named).numpy(), shapes, c)
        if again == rounds:
            break
        for at, found in enumerate(model.detect(scenes.images)):
            boxes = found["boxes"]
            if len(boxes) and len(scenes.boxes[at]):
                boxes = boxes[(box_iou(boxes, scenes.boxes[at]) < _FAR).all(1)]
            rows.append(_described(pictures[at], _around(boxes[:10])))
            named.append(torch.full((len(boxes[:10]),), -1))
    return model


def _longer(boxes: Tensor) -> Tensor:
    return (boxes[:, 2:] - boxes[:, :2]).amax(1)


def _around(boxes: Tensor) -> Tensor:
    """Lay a window around each box: centre and side, (n, 3)."""
    side = _longer(boxes) * _WINDOW / _INK
    return torch.cat([(boxes[:, :2] + boxes[:, 2:]) / 2, side[:, None]], 1)


def _elsewhere(
    picture: NDArray[np.uint8], boxes: Tensor, generator: np.random.Generator, count: int = 4
) -> Tensor:
    """Draw windows that show no digit."""
    sides = generator.uniform(min(SIDES), max(SIDES), (count, 1))
    height, width = picture.shape[:2]
    centres = sides / 2 + generator.uniform(0, 1, (count, 2)) * ([[width, height]] - sides)
    windows = torch.from_numpy(np.concatenate([centres, sides], 1)).float()
    ink = windows[:, 2:].expand(-1, 2) * _INK / _WINDOW
    squares = box_convert(torch.cat([windows[:, :2], ink], 1), "cxcywh", "xyxy")
    if not len(boxes):
        return windows
    around = _around(boxes)
    framed = torch.cat([around[:, :2], around[:, 2:].expand(-1, 2) * _INK / _WINDOW], 1)
    near = box_iou(squares, box_convert(framed, "cxcywh", "xyxy")).amax(1)
    return windows[near < _FAR]


def _described(picture: NDArray[np.uint8], windows: Tensor) -> NDArray[np.float32]:
    """Describe windows as the levels of a pyramid would: with a cell around, which is cut off."""
    side = _WINDOW + 2 * _CELL
    rows = []
    for x, y, size in windows.tolist():
        scale = size / _WINDOW
        start = scale * (0.5 - side / 2) - 0.5
        back = np.array([[scale, 0, x + start], [0, scale, y + start]])
        how = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        patch = cv2.warpAffine(
            picture, back, (side, side), flags=how, borderMode=cv2.BORDER_REFLECT_101
        )
        rows.append(hog_blocks(np.asarray(patch, np.uint8))[:, 1:-1, 1:-1].ravel())
    return np.array(rows, np.float32).reshape(len(windows), 108 * _BLOCKS**2)


def _judge(
    rows: NDArray[np.float32], labels: NDArray[np.int64], shapes: Tensor, c: float
) -> SlidingWindows:
    """Learn, for each class, what tells it from the others and from none."""
    from sklearn.svm import LinearSVC

    weights, biases = [], []
    for at in range(len(shapes)):
        svm = LinearSVC(C=c, dual=True, tol=1e-3, random_state=0).fit(rows, labels == at)
        weights.append(svm.coef_[0])
        biases.append(svm.intercept_[0])
    weight = torch.tensor(np.array(weights), dtype=torch.float32)
    shape = (len(shapes), -1, _BLOCKS, _BLOCKS)
    return SlidingWindows(weight.view(shape), torch.tensor(np.array(biases)).float(), shapes)
