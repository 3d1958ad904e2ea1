"""Faces found by a cascade of three networks: MTCNN, with the authors' weights.

The first network looks at every window of a picture, and must be cheap; the third sees only what
the two before it let through, and may be dear. What is around them is here: a pyramid of sizes,
windows from a map, boxes mended by a network, and one box for each face.

The published weights were made with a program that counts pixels from 1 and takes the last pixel of
a box as part of it. The boxes here follow it, for the networks have learnt to mend these.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from cvlib.arguments import expect_grey_or_rgb, number, one_of
from cvlib.tasks.boxes import nms

__all__ = [
    "MTCNN",
    "Faces",
    "ONet",
    "PNet",
    "RNet",
    "as_input",
    "cut",
    "detect",
    "first_stage",
    "mtcnn",
    "pyramid",
    "regress",
    "second_stage",
    "slide",
    "square",
    "suppress",
    "third_stage",
    "windows",
]

#: Where the weights lie.
WEIGHTS = Path(__file__).parent / "checkpoints" / "mtcnn.safetensors"

#: Side of the window that the first network sees, and by how many pixels windows are apart.
CELL, STRIDE = 12, 2

# How many pixels a band of the first network's input has at most, and how many cut-outs a batch.
_BAND, _BATCH = 2**20, 512


class PNet(nn.Module):
    """The first network, for proposals: 12 × 12 pixels, or as many windows as a picture has.

    It has no linear layer. Fed with a larger picture, it gives a map of answers: one for each
    window of 12 × 12 pixels, two pixels apart.

    References
    ----------
    Zhang et al., "Joint face detection and alignment using multitask cascaded convolutional
    networks" (2016), figure 2.

    Examples
    --------
    >>> scores, offsets = PNet()(torch.zeros(1, 3, 12, 12))
    >>> scores.shape, offsets.shape
    (torch.Size([1, 1, 1]), torch.Size([1, 4, 1, 1]))
    """

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.prelu1 = nn.Conv2d(3, 10, 3), nn.PReLU(10)
        self.conv2, self.prelu2 = nn.Conv2d(10, 16, 3), nn.PReLU(16)
        self.conv3, self.prelu3 = nn.Conv2d(16, 32, 3), nn.PReLU(32)
        self.conv4_1 = nn.Conv2d(32, 2, 1)
        self.conv4_2 = nn.Conv2d(32, 4, 1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Score each window, and say how to mend it.

        Parameters
        ----------
        x
            Pictures ``(N, 3, H, W)`` from :func:`as_input`, of at least 12 pixels either way.

        Returns
        -------
        scores : Tensor
            ``(N, H', W')``: how probably each window is a face.
        offsets : Tensor
            ``(N, 4, H', W')``: by what share of its side each edge of the window is off.
        """
        x = F.max_pool2d(self.prelu1(self.conv1(x)), 2, 2, ceil_mode=True)
        x = self.prelu3(self.conv3(self.prelu2(self.conv2(x))))
        return self.conv4_1(x).softmax(1)[:, 1], self.conv4_2(x)


class RNet(nn.Module):
    """The second network, to refine: cut-outs of 24 × 24 pixels.

    References
    ----------
    Zhang et al. (2016), figure 2.

    Examples
    --------
    >>> scores, offsets = RNet()(torch.zeros(5, 3, 24, 24))
    >>> scores.shape, offsets.shape
    (torch.Size([5]), torch.Size([5, 4]))
    """

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.prelu1 = nn.Conv2d(3, 28, 3), nn.PReLU(28)
        self.conv2, self.prelu2 = nn.Conv2d(28, 48, 3), nn.PReLU(48)
        self.conv3, self.prelu3 = nn.Conv2d(48, 64, 2), nn.PReLU(64)
        self.dense4, self.prelu4 = nn.Linear(576, 128), nn.PReLU(128)
        self.dense5_1 = nn.Linear(128, 2)
        self.dense5_2 = nn.Linear(128, 4)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Score cut-outs, and say how to mend their boxes.

        Parameters
        ----------
        x
            ``(N, 3, 24, 24)``, from :func:`as_input`.

        Returns
        -------
        scores : Tensor
            ``(N,)``: how probably each is a face.
        offsets : Tensor
            ``(N, 4)``: by what share of its side each edge of the box is off.
        """
        x = F.max_pool2d(self.prelu1(self.conv1(x)), 3, 2, ceil_mode=True)
        x = F.max_pool2d(self.prelu2(self.conv2(x)), 3, 2, ceil_mode=True)
        x = self.prelu3(self.conv3(x))
        x = self.prelu4(self.dense4(_by_columns(x)))
        return self.dense5_1(x).softmax(1)[:, 1], self.dense5_2(x)


class ONet(nn.Module):
    """The third network, for the output: cut-outs of 48 × 48 pixels, and five points in the face.

    References
    ----------
    Zhang et al. (2016), figure 2.

    Examples
    --------
    >>> scores, offsets, points = ONet()(torch.zeros(5, 3, 48, 48))
    >>> scores.shape, offsets.shape, points.shape
    (torch.Size([5]), torch.Size([5, 4]), torch.Size([5, 5, 2]))
    """

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.prelu1 = nn.Conv2d(3, 32, 3), nn.PReLU(32)
        self.conv2, self.prelu2 = nn.Conv2d(32, 64, 3), nn.PReLU(64)
        self.conv3, self.prelu3 = nn.Conv2d(64, 64, 3), nn.PReLU(64)
        self.conv4, self.prelu4 = nn.Conv2d(64, 128, 2), nn.PReLU(128)
        self.dense5, self.prelu5 = nn.Linear(1152, 256), nn.PReLU(256)
        self.dense6_1 = nn.Linear(256, 2)
        self.dense6_2 = nn.Linear(256, 4)
        self.dense6_3 = nn.Linear(256, 10)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Score cut-outs, say how to mend their boxes, and where eyes, nose and mouth are.

        Parameters
        ----------
        x
            ``(N, 3, 48, 48)``, from :func:`as_input`.

        Returns
        -------
        scores : Tensor
            ``(N,)``: how probably each is a face.
        offsets : Tensor
            ``(N, 4)``: by what share of its side each edge of the box is off.
        points : Tensor
            ``(N, 5, 2)``: across and down, as a share of the box, of the eye on the picture's left,
            the other eye, the nose, and the two corners of the mouth.
        """
        x = F.max_pool2d(self.prelu1(self.conv1(x)), 3, 2, ceil_mode=True)
        x = F.max_pool2d(self.prelu2(self.conv2(x)), 3, 2, ceil_mode=True)
        x = F.max_pool2d(self.prelu3(self.conv3(x)), 2, 2, ceil_mode=True)
        x = self.prelu4(self.conv4(x))
        x = self.prelu5(self.dense5(_by_columns(x)))
        points = self.dense6_3(x).unflatten(1, (2, 5)).transpose(1, 2)
        return self.dense6_1(x).softmax(1)[:, 1], self.dense6_2(x), points


def _by_columns(x: Tensor) -> Tensor:
    """Lay out maps column by column, channels last, as the program did that made the weights."""
    return x.permute(0, 3, 2, 1).flatten(1)


class MTCNN(nn.Module):
    """The three networks in one, so that their weights are one file: ``pnet``, ``rnet``, ``onet``.

    Examples
    --------
    >>> sum(weight.numel() for weight in MTCNN().parameters())
    495850
    """

    def __init__(self) -> None:
        super().__init__()
        self.pnet, self.rnet, self.onet = PNet(), RNet(), ONet()


def mtcnn() -> MTCNN:
    """Return the three networks with the weights that come with the package.

    They are the authors', as ``facenet-pytorch`` 2.6.0 has converted them: 2 MB under the MIT
    licence, which stands in the file's header. They were trained on WIDER FACE and CelebA, whose
    photographs are for research. ``python -m cvlib checkpoint mtcnn`` makes the file anew.

    Returns
    -------
    MTCNN
        On the CPU, in evaluation mode.

    Examples
    --------
    >>> mtcnn().training
    False
    """
    from safetensors.torch import load_file

    model = MTCNN()
    model.load_state_dict(load_file(WEIGHTS))
    return model.eval()


class Faces(NamedTuple):
    """What was found in a picture.

    Parameters
    ----------
    boxes
        ``(N, 4)``: left, upper, right and lower edge in pixels, the most probable face first.
    scores
        ``(N,)``: how probably each is a face, from 0 to 1.
    landmarks
        ``(N, 5, 2)``: across and down in pixels, of the eye on the picture's left, the other eye,
        the nose, and the two corners of the mouth.
    """

    boxes: Tensor
    scores: Tensor
    landmarks: Tensor


def as_input(pixels: Tensor) -> Tensor:
    """Bring pixels from 0 to 255 to the range that the networks have learnt from: -1 to 1.

    Parameters
    ----------
    pixels
        Any shape, RGB.

    Returns
    -------
    Tensor
        (pixels - 127.5) / 128.

    Examples
    --------
    >>> as_input(torch.tensor([0.0, 127.5, 255.0])).tolist()
    [-0.99609375, 0.0, 0.99609375]
    """
    return (pixels - 127.5) / 128


def pyramid(
    height: int, width: int, min_size: float = 20, factor: float = 0.709
) -> list[tuple[float, int, int]]:
    """List the sizes at which the first network looks at a picture.

    The first makes a face of ``min_size`` pixels as large as the network's window. Each further one
    is smaller by ``factor``, and so looks for larger faces.

    Parameters
    ----------
    height, width
        Of the picture, in pixels.
    min_size
        Side of the smallest face that is looked for, in pixels; 12 at least.
    factor
        From 0.1 to 0.95. The published 0.709 is about the root of a half: each picture has half as
        many pixels as the one before.

    Returns
    -------
    list of tuple
        Scale, height and width of each; empty where the picture is smaller than ``min_size``.

    Raises
    ------
    TypeError, ValueError
        If ``min_size`` or ``factor`` is no such number.

    Examples
    --------
    >>> [(round(scale, 2), *size) for scale, *size in pyramid(60, 90, min_size=24, factor=0.5)]
    [(0.5, 31, 46), (0.25, 16, 23)]
    """
    smallest = number("min_size", min_size, least=CELL)
    factor = number("factor", factor, least=0.1, most=0.95)
    levels = []
    scale = CELL / smallest
    while min(height, width) * scale >= CELL:
        levels.append((scale, int(height * scale + 1), int(width * scale + 1)))
        scale *= factor
    return levels


def slide(network: Callable[[Tensor], tuple[Tensor, Tensor]], x: Tensor) -> tuple[Tensor, Tensor]:
    """Run the first network over a picture, band by band, so that memory stays bounded.

    Parameters
    ----------
    network
        :class:`PNet`.
    x
        One picture ``(3, H, W)`` from :func:`as_input`.

    Returns
    -------
    scores : Tensor
        ``(H', W')``, a number for each window.
    offsets : Tensor
        ``(4, H', W')``.

    Examples
    --------
    >>> scores, offsets = slide(PNet(), torch.zeros(3, 31, 46))
    >>> scores.shape  # (31 - 12) / 2 + 1 rows, rounded up
    torch.Size([11, 18])
    """
    height, width = x.shape[1:]
    rows = -(-(height - CELL) // STRIDE) + 1
    band = max(1, _BAND // (STRIDE * width))
    found = []
    for first in range(0, rows, band):
        last = min(first + band, rows)
        # n rows of the map need 2n + 10 rows of the picture; the last band takes what is left.
        below = height if last == rows else STRIDE * last + CELL - STRIDE
        scores, offsets = network(x[None, :, STRIDE * first : below])
        found.append((scores[0], offsets[0]))
    return torch.cat([s for s, _ in found], 0), torch.cat([o for _, o in found], 1)


def windows(scores: Tensor, scale: float, threshold: float) -> tuple[Tensor, Tensor]:
    """Turn places of the map into windows of the picture.

    Row r and column c of the map stand for the 12 × 12 pixels of the scaled picture that begin in
    its row 2r and column 2c.

    Parameters
    ----------
    scores
        ``(H', W')``, from :class:`PNet`.
    scale
        By which the picture was scaled before.
    threshold
        A window whose score is below is dropped.

    Returns
    -------
    boxes : Tensor
        ``(N, 4)``: edges of the windows in the picture, whole numbers, pixels counted from 1.
    places : Tensor
        ``(N, 2)``: their rows and columns in the map.

    Examples
    --------
    >>> boxes, places = windows(torch.tensor([[0.1, 0.2], [0.9, 0.3]]), scale=0.5, threshold=0.6)
    >>> boxes.tolist(), places.tolist()
    ([[2.0, 6.0, 24.0, 28.0]], [[1, 0]])
    """
    places = (scores >= threshold).nonzero()
    corner = STRIDE * places.flip(1).to(scores.dtype)
    boxes = torch.cat([(corner + 1) / scale, (corner + CELL) / scale], 1).floor()
    return boxes, places


def regress(boxes: Tensor, offsets: Tensor, last: int = 1) -> Tensor:
    """Mend boxes: move each edge by a share of the box's side.

    Parameters
    ----------
    boxes
        ``(N, 4)``: left, upper, right, lower.
    offsets
        ``(N, 4)``, by a network, in the same order; 0.1 is a tenth of the width or height.
    last
        1 where the last pixel is part of the box, so that its width is right - left + 1, else 0.

    Returns
    -------
    Tensor
        ``(N, 4)``.

    References
    ----------
    Girshick et al., "Rich feature hierarchies for accurate object detection and semantic
    segmentation" (2014), appendix C, has the idea.

    Examples
    --------
    >>> box, offsets = torch.tensor([[10.0, 20, 50, 60]]), torch.tensor([[0.25, 0, 0.125, -0.25]])
    >>> regress(box, offsets, last=0).tolist()
    [[20.0, 20.0, 55.0, 50.0]]
    """
    sides = (boxes[:, 2:] - boxes[:, :2] + last).repeat(1, 2)
    return boxes + sides * offsets


def square(boxes: Tensor) -> Tensor:
    """Make boxes square around their middle: the shorter side becomes as long as the other.

    Parameters
    ----------
    boxes
        ``(N, 4)``: left, upper, right, lower.

    Returns
    -------
    Tensor
        ``(N, 4)``.

    Examples
    --------
    >>> square(torch.tensor([[10.0, 20, 30, 60]])).tolist()
    [[0.0, 20.0, 40.0, 60.0]]
    """
    sides = boxes[:, 2:] - boxes[:, :2]
    longer = sides.max(1, keepdim=True).values
    corner = boxes[:, :2] + sides * 0.5 - longer * 0.5
    return torch.cat([corner, corner + longer], 1)


def cut(picture: Tensor, boxes: Tensor, size: int) -> tuple[Tensor, Tensor]:
    """Cut boxes out of a picture, and shrink or stretch each to a square.

    Parameters
    ----------
    picture
        ``(3, H, W)``, from 0 to 255.
    boxes
        ``(N, 4)``: pixels counted from 1, the last one included. What hangs over the border is left
        out, and the rest stretched.
    size
        Side of the cut-outs in pixels.

    Returns
    -------
    crops : Tensor
        ``(M, 3, size, size)``, from 0 to 255: each pixel the mean of those that it stands for.
    inside : Tensor
        ``(N,)``, ``bool``: whether any of the box is inside of the picture. M of them are.

    Examples
    --------
    >>> picture = torch.arange(16.0).reshape(1, 4, 4).expand(3, -1, -1)
    >>> crops, inside = cut(picture, torch.tensor([[1.0, 1, 4, 4], [9, 9, 12, 12]]), size=2)
    >>> crops[0, 0].tolist(), inside.tolist()
    ([[2.5, 4.5], [10.5, 12.5]], [True, False])
    """
    height, width = picture.shape[1:]
    corners = boxes.trunc().long()
    first = corners[:, :2].clamp(min=1) - 1
    end = torch.minimum(corners[:, 2:], torch.tensor([width, height], device=boxes.device))
    inside = (first < end).all(1)
    crops = [
        F.adaptive_avg_pool2d(picture[:, top:bottom, left:right], size)
        for left, top, right, bottom in torch.cat([first, end], 1)[inside].tolist()
    ]
    return torch.stack(crops) if crops else picture.new_zeros(0, 3, size, size), inside


def suppress(boxes: Tensor, scores: Tensor, threshold: float, over: str = "union") -> Tensor:
    """Keep one box of many that mean the same: the highest score first, what overlaps it goes.

    Parameters
    ----------
    boxes
        ``(N, 4)``: left, upper, right, lower.
    scores
        ``(N,)``.
    threshold
        A box goes if it overlaps a better one by more.
    over
        What the area that two boxes share is divided by: ``"union"``, the area that either covers,
        or ``"min"``, the smaller of their areas. By the second, a small box inside of a large one
        overlaps it wholly.

    Returns
    -------
    Tensor
        ``int64``: which are kept, the highest score first.

    Raises
    ------
    ValueError
        If ``over`` is neither.

    Examples
    --------
    >>> boxes = torch.tensor([[0.0, 0, 10, 10], [2, 2, 6, 6], [20, 20, 30, 30]])
    >>> scores = torch.tensor([0.9, 0.8, 0.7])
    >>> suppress(boxes, scores, 0.7).tolist(), suppress(boxes, scores, 0.7, "min").tolist()
    ([0, 1, 2], [0, 2])
    """
    one_of("over", over, ("union", "min"))
    if over == "union":
        return nms(boxes, scores, threshold)
    left = scores.argsort(descending=True, stable=True)
    areas = (boxes[:, 2:] - boxes[:, :2]).clamp(min=0).prod(1)
    best = []
    while len(left):
        first, left = left[0], left[1:]
        best.append(first)
        corner = torch.maximum(boxes[left, :2], boxes[first, :2])
        end = torch.minimum(boxes[left, 2:], boxes[first, 2:])
        shared = (end - corner).clamp(min=0).prod(1)
        smaller = torch.minimum(areas[left], areas[first])
        left = left[~(shared > threshold * smaller)]
    return torch.stack(best) if best else left


def first_stage(
    network: PNet,
    picture: Tensor,
    min_size: float = 20,
    factor: float = 0.709,
    threshold: float = 0.6,
) -> tuple[Tensor, Tensor]:
    """Look at all windows of a pyramid, and propose those that may be faces.

    Parameters
    ----------
    network
        The first of :class:`MTCNN`.
    picture
        ``(3, H, W)``, RGB, from 0 to 255.
    min_size, factor
        See :func:`pyramid`.
    threshold
        A window whose score is below is dropped.

    Returns
    -------
    boxes : Tensor
        ``(N, 4)``, mended and made square.
    scores : Tensor
        ``(N,)``.

    Examples
    --------
    >>> boxes, scores = first_stage(PNet(), torch.zeros(3, 12, 12))
    >>> boxes.shape
    torch.Size([0, 4])
    """
    found = []
    height, width = picture.shape[1:]
    for scale, *size in pyramid(height, width, min_size, factor):
        smaller = F.interpolate(picture[None], size, mode="area")[0]
        scores, offsets = slide(network, as_input(smaller))
        boxes, places = windows(scores, scale, threshold)
        rows, columns = places.T
        kept = suppress(boxes, scores[rows, columns], 0.5)
        rows, columns = rows[kept], columns[kept]
        found.append((boxes[kept], scores[rows, columns], offsets[:, rows, columns].T))
    if not found:
        return picture.new_zeros(0, 4), picture.new_zeros(0)
    boxes, scores, offsets = (torch.cat(parts) for parts in zip(*found, strict=True))
    kept = suppress(boxes, scores, 0.7)
    return square(regress(boxes[kept], offsets[kept], last=0)), scores[kept]


def second_stage(
    network: RNet, picture: Tensor, boxes: Tensor, threshold: float = 0.7
) -> tuple[Tensor, Tensor]:
    """Look at proposals again, with four times as many pixels, and drop most of them.

    Parameters
    ----------
    network
        The second of :class:`MTCNN`.
    picture
        ``(3, H, W)``, RGB, from 0 to 255.
    boxes
        ``(N, 4)``, from :func:`first_stage`.
    threshold
        A box whose score is not above is dropped.

    Returns
    -------
    boxes : Tensor
        ``(M, 4)``, mended and made square.
    scores : Tensor
        ``(M,)``.

    Examples
    --------
    >>> boxes, scores = second_stage(RNet(), torch.zeros(3, 9, 9), torch.zeros(0, 4))
    >>> boxes.shape
    torch.Size([0, 4])
    """
    boxes, scores, offsets = _look(network, picture, boxes, 24)
    passed = scores > threshold
    boxes, scores, offsets = boxes[passed], scores[passed], offsets[passed]
    kept = suppress(boxes, scores, 0.7)
    return square(regress(boxes[kept], offsets[kept])), scores[kept]


def third_stage(network: ONet, picture: Tensor, boxes: Tensor, threshold: float = 0.7) -> Faces:
    """Decide which boxes are faces, mend them a last time, and find eyes, nose and mouth.

    Parameters
    ----------
    network
        The third of :class:`MTCNN`.
    picture
        ``(3, H, W)``, RGB, from 0 to 255.
    boxes
        ``(N, 4)``, from :func:`second_stage`.
    threshold
        A box whose score is not above is dropped.

    Returns
    -------
    Faces
        What is left.

    Examples
    --------
    >>> third_stage(ONet(), torch.zeros(3, 9, 9), torch.zeros(0, 4)).landmarks.shape
    torch.Size([0, 5, 2])
    """
    boxes, scores, offsets, points = _look(network, picture, boxes, 48)
    sides = boxes[:, 2:] - boxes[:, :2] + 1
    points = boxes[:, None, :2] + sides[:, None] * points - 1
    boxes = regress(boxes, offsets)
    passed = (scores > threshold) & (boxes[:, :2] < boxes[:, 2:]).all(1)
    boxes, scores, points = boxes[passed], scores[passed], points[passed]
    kept = suppress(boxes, scores, 0.7, over="min")
    return Faces(boxes[kept], scores[kept], points[kept])


def _look(
    network: Callable[[Tensor], tuple[Tensor, ...]], picture: Tensor, boxes: Tensor, size: int
) -> tuple[Tensor, ...]:
    """Run a network on cut-outs, batch by batch; return the boxes inside, and what it says."""
    found = []
    for some in boxes.split(_BATCH):  # of no box, one batch of none
        crops, inside = cut(picture, some, size)
        found.append((some[inside], *network(as_input(crops))))
    return tuple(torch.cat(parts) for parts in zip(*found, strict=True))


@torch.inference_mode()
def detect(
    image: NDArray[np.uint8],
    model: MTCNN,
    *,
    min_size: float = 20,
    factor: float = 0.709,
    thresholds: Sequence[float] = (0.6, 0.7, 0.7),
) -> Faces:
    """Find the faces in a picture.

    Parameters
    ----------
    image
        ``uint8``, (H, W, 3) in RGB, or (H, W), which is taken as a colour picture without colour.
    model
        From :func:`mtcnn`.
    min_size
        Side of the smallest face that is looked for, in pixels; 12 at least.
    factor
        By which the pictures of the pyramid shrink, from 0.1 to 0.95.
    thresholds
        Three numbers from 0 to 1: what a window must reach in each stage.

    Returns
    -------
    Faces
        On the CPU; where there is no face, of shapes (0, 4), (0,) and (0, 5, 2). Boxes may hang
        over the picture's border.

    Raises
    ------
    TypeError
        If the picture is not ``uint8``, or an argument is no number.
    ValueError
        If its shape is not that of a picture, or a number is out of range.

    References
    ----------
    Zhang et al., "Joint face detection and alignment using multitask cascaded convolutional
    networks", IEEE Signal Processing Letters 23(10), 2016.

    Examples
    --------
    >>> from cvlib.data import photograph
    >>> faces = detect(photograph("astronaut"), mtcnn())
    >>> faces.boxes.int().tolist()
    [[181, 62, 267, 172]]
    """
    expect_grey_or_rgb(image)
    if isinstance(thresholds, str) or not isinstance(thresholds, Sequence) or len(thresholds) != 3:
        raise ValueError(f"thresholds is {thresholds!r}; expected three numbers from 0 to 1")
    first, second, third = (number("thresholds", each, most=1) for each in thresholds)
    place = next(model.parameters()).device
    pixels = torch.from_numpy(np.ascontiguousarray(image)).to(place)
    picture = (pixels.permute(2, 0, 1) if pixels.ndim == 3 else pixels.expand(3, -1, -1)).float()
    boxes, _ = first_stage(model.pnet, picture, min_size, factor, first)
    boxes, _ = second_stage(model.rnet, picture, boxes, second)
    return Faces(*(each.cpu() for each in third_stage(model.onet, picture, boxes, third)))
