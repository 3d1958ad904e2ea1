"""Tasks beyond one label for each picture: where something is, and which pixels it has."""

from cvlib.tasks.average_precision import AveragePrecision, mean_average_precision
from cvlib.tasks.boxes import (
    batched_nms,
    box_area,
    box_convert,
    box_iou,
    clip_boxes_to_image,
    generalized_box_iou,
    generalized_box_iou_loss,
    nms,
    remove_small_boxes,
)
from cvlib.tasks.detection import Scenes, detect, detection_loss, read_answers, targets_of
from cvlib.tasks.sliding_windows import SlidingWindows, train_sliding_windows

__all__ = [
    "AveragePrecision",
    "Scenes",
    "SlidingWindows",
    "batched_nms",
    "box_area",
    "box_convert",
    "box_iou",
    "clip_boxes_to_image",
    "detect",
    "detection_loss",
    "generalized_box_iou",
    "generalized_box_iou_loss",
    "mean_average_precision",
    "nms",
    "read_answers",
    "remove_small_boxes",
    "targets_of",
    "train_sliding_windows",
]
