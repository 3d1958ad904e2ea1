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
from cvlib.tasks.instances import Matching, match, separate
from cvlib.tasks.overlap import (
    dice,
    iou,
    mean_iou,
    pixel_and_region_loss,
    pixel_counts,
    soft_dice_loss,
)
from cvlib.tasks.scenes import Question, answer, as_digit, describe, parse, relation
from cvlib.tasks.segmentation import LabelMaps, predict, random_quarter_turn, random_windows
from cvlib.tasks.sliding_windows import SlidingWindows, train_sliding_windows

__all__ = [
    "AveragePrecision",
    "LabelMaps",
    "Matching",
    "Question",
    "Scenes",
    "SlidingWindows",
    "answer",
    "as_digit",
    "batched_nms",
    "box_area",
    "box_convert",
    "box_iou",
    "clip_boxes_to_image",
    "describe",
    "detect",
    "detection_loss",
    "dice",
    "generalized_box_iou",
    "generalized_box_iou_loss",
    "iou",
    "match",
    "mean_average_precision",
    "mean_iou",
    "nms",
    "parse",
    "pixel_and_region_loss",
    "pixel_counts",
    "predict",
    "random_quarter_turn",
    "random_windows",
    "read_answers",
    "relation",
    "remove_small_boxes",
    "separate",
    "soft_dice_loss",
    "targets_of",
    "train_sliding_windows",
]
