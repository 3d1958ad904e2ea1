"""A detector of one stage, without anchors, small enough to read.

The network looks at a picture once and answers cell by cell, every four pixels: how likely the
centre of an object lies here, of which class it is, how far the centre lies from the middle of the
cell, and how large the object is. :func:`detection_loss` says how wrong that is, :func:`detect`
makes boxes of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cvlib.arguments import check_pictures, integer, number
from cvlib.tasks.average_precision import check_targets
from cvlib.tasks.boxes import (
    batched_nms,
    clip_boxes_to_image,
    generalized_box_iou_loss,
    remove_small_boxes,
)

__all__ = ["STRIDE", "Detector", "boxes_of", "centre_map", "detect", "detection_loss"]

#: Pixels between the middles of neighbouring cells.
STRIDE = 4
_SIZE = 24.0  # pixels: the size of an object where the network says 0
_NEAR = 1  # cells around that of a centre that learn its box and class


def block(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    """Make a 3 × 3 convolution with its normalization and ReLU."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )


class Detector(nn.Module):
    def __init__(self, num_classes: int = 10, widths: Sequence[int] = (16, 32, 64, 96)) -> None:
        super().__init__()
        self.num_classes = num_classes
        half, quarter, eighth, sixteenth = widths
        self.fine = nn.Sequential(block(3, half, 2), block(half, quarter, 2), block(quarter, quarter))
        self.middle = nn.Sequential(block(quarter, eighth, 2), block(eighth, eighth))
        self.coarse = nn.Sequential(block(eighth, sixteenth, 2), block(sixteenth, sixteenth))
        self.to_middle = nn.Conv2d(sixteenth, eighth, 1)
        self.to_fine = nn.Conv2d(eighth, quarter, 1)
        self.mix_middle = block(eighth, eighth)
        self.mix = block(quarter, eighth)
        self.answer = nn.Conv2d(eighth, 5 + num_classes, 1)
        nn.init.zeros_(self.answer.bias)
        nn.init.constant_(self.answer.bias[:1], -4.0)

    def forward(self, x: Tensor) -> Tensor:
        fine = self.fine(x)
        middle = self.middle(fine)
        coarse = self.coarse(middle)
        middle = self.mix_middle(middle + larger(self.to_middle(coarse), middle))
        fine = self.mix(fine + larger(self.to_fine(middle), fine))
        return self.answer(fine)


def larger(x: Tensor, like: Tensor) -> Tensor:
    return F.interpolate(x, like.shape[2:], mode="nearest")


def boxes_of(answers: Tensor) -> Tensor:
    """(B, 5+K, h, w) -> (B, 4, h, w) boxes xyxy in pixels."""
    rows, columns = (torch.arange(side, device=answers.device) for side in answers.shape[2:])
    middle = torch.stack(torch.meshgrid(columns, rows, indexing="xy")) + 0.5
    centre = STRIDE * (middle + answers[:, 1:3])
    half = _SIZE / 2 * answers[:, 3:5].clamp(-4, 4).exp()
    return torch.cat([centre - half, centre + half], 1)


def centre_map(boxes: Tensor, whose: Tensor, shape: tuple[int, int, int]) -> Tensor:
    """(N,4) boxes, whose (N,), (B,h,w)."""
    count, height, width = shape
    centre, size = (boxes[:, :2] + boxes[:, 2:]) / 2 / STRIDE, (boxes[:, 2:] - boxes[:, :2]) / STRIDE
    x, y = centre.floor().T[..., None]
    wide, high = (size / 6).clamp(min=0.5).T[..., None]
    across = torch.exp(-((torch.arange(width) - x) ** 2) / (2 * wide**2))
    down = torch.exp(-((torch.arange(height) - y) ** 2) / (2 * high**2))
    bumps = down[:, :, None] * across[:, None, :]
    return torch.zeros(shape).index_reduce_(0, whose, bumps, "amax")


def detection_loss(answers: Tensor, targets: Sequence[Mapping[str, Any]]) -> dict[str, Tensor]:
    counts = torch.tensor([len(t["boxes"]) for t in targets])
    whose = torch.arange(len(targets)).repeat_interleave(counts)
    boxes = torch.cat([t["boxes"] for t in targets])
    labels = torch.cat([t["labels"] for t in targets])
    n = max(len(boxes), 1)
    height, width = answers.shape[2:]
    truth = centre_map(boxes, whose, (len(answers), height, width))
    logits = answers[:, 0]
    p = logits.sigmoid()
    pos = truth == 1
    log_p, log_q = F.logsigmoid(logits), F.logsigmoid(-logits)
    centre = -torch.where(pos, (1 - p) ** 2 * log_p, (1 - truth) ** 4 * p**2 * log_q).sum() / n
    # cells
    cell = ((boxes[:, :2] + boxes[:, 2:]) / 2 / STRIDE).floor().long()
    steps = torch.arange(-_NEAR, _NEAR + 1)
    shifts = torch.cartesian_prod(steps, steps)
    near = (cell[:, None] + shifts).reshape(-1, 2)
    idx = torch.arange(len(boxes)).repeat_interleave(len(shifts))
    ok = ((near >= 0) & (near < torch.tensor([width, height]))).all(1)
    near, idx = near[ok], idx[ok]
    at = (whose[idx], slice(None), near[:, 1], near[:, 0])
    said = boxes_of(answers)[at]
    box = generalized_box_iou_loss(said, boxes[idx], "mean")
    cls = F.cross_entropy(answers[:, 5:][at], labels[idx]) if len(idx) else answers.sum() * 0
    return {"centre": centre, "box": box, "class": cls}


@torch.inference_mode()
def detect(model, images, min_score=0.05, iou_threshold=0.5, max_detections=100, batch_size=64):
    out = []
    for part in images.split(batch_size):
        x = part.float() / 255 if part.dtype == torch.uint8 else part
        answers = model(x)
        boxes = boxes_of(answers).flatten(2).mT
        classes = answers[:, 5:].softmax(1).flatten(2)
        best, labels = classes.max(1)
        scores = answers[:, 0].sigmoid().flatten(1) * best
        for b, s, l in zip(boxes, scores, labels):
            top = s.topk(min(max_detections, len(s))).indices
            top = top[s[top] >= min_score]
            b = clip_boxes_to_image(b[top], x.shape[2:])
            keep = remove_small_boxes(b, 1e-3)
            top, b = top[keep], b[keep]
            kept = batched_nms(b, s[top], l[top], iou_threshold)
            out.append({"boxes": b[kept], "scores": s[top][kept], "labels": l[top][kept]})
    return out
