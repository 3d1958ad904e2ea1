"""Augmentation: show a network each picture in another guise each time.

Each function that draws takes a batch, its targets and a generator, and draws on the CPU, for each
picture anew, so that the same generator gives the same batch on every device. Bind the strengths
with ``functools.partial``, and hand the training loop one function or several. Beside it stands
what is done to a picture once the numbers are drawn.
"""

from cvlib.augmentation.color import (
    adjust_brightness,
    adjust_contrast,
    adjust_saturation,
    color_jitter,
    pca_color,
    principal_colors,
)
from cvlib.augmentation.erasing import cutout, erase, random_erasing, rectangles
from cvlib.augmentation.geometry import (
    TenCrop,
    affine,
    crop,
    horizontal_flip,
    random_affine,
    random_crop,
    random_distortion,
    random_horizontal_flip,
    random_patch,
    ten_crop,
)
from cvlib.augmentation.mixing import cutmix, mixup

__all__ = [
    "TenCrop",
    "adjust_brightness",
    "adjust_contrast",
    "adjust_saturation",
    "affine",
    "color_jitter",
    "crop",
    "cutmix",
    "cutout",
    "erase",
    "horizontal_flip",
    "mixup",
    "pca_color",
    "principal_colors",
    "random_affine",
    "random_crop",
    "random_distortion",
    "random_erasing",
    "random_horizontal_flip",
    "random_patch",
    "rectangles",
    "ten_crop",
]
