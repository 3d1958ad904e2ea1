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
    adjust_sharpness,
    autocontrast,
    color_jitter,
    equalize,
    pca_color,
    posterize,
    principal_colors,
    solarize,
)
from cvlib.augmentation.erasing import cutout, erase, random_erasing, rectangles
from cvlib.augmentation.geometry import (
    OPERATIONS,
    TenCrop,
    affine,
    crop,
    horizontal_flip,
    random_affine,
    random_crop,
    random_distortion,
    random_horizontal_flip,
    random_patch,
    random_resized_crop,
    resize,
    ten_crop,
    trivial_augment,
)
from cvlib.augmentation.mixing import cutmix, mixup

__all__ = [
    "OPERATIONS",
    "TenCrop",
    "adjust_brightness",
    "adjust_contrast",
    "adjust_saturation",
    "adjust_sharpness",
    "affine",
    "autocontrast",
    "color_jitter",
    "crop",
    "cutmix",
    "cutout",
    "equalize",
    "erase",
    "horizontal_flip",
    "mixup",
    "pca_color",
    "posterize",
    "principal_colors",
    "random_affine",
    "random_crop",
    "random_distortion",
    "random_erasing",
    "random_horizontal_flip",
    "random_patch",
    "random_resized_crop",
    "rectangles",
    "resize",
    "solarize",
    "ten_crop",
    "trivial_augment",
]
