"""What callers do to pictures before a network sees them: as it should be, and what goes wrong.

Where the preparation is not inside the exported program, whoever calls it writes it anew. Each of
:data:`FAULTS` changes one thing. None of them raises.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from cvlib.images.preprocessing import IMAGENET_MEAN, IMAGENET_STD
from cvlib.practice.export import WithPreprocessing

__all__ = ["FAULTS"]

_RESIZE, _CROP = 256, 224
_MEAN, _STD = (torch.tensor(each).view(3, 1, 1) for each in (IMAGENET_MEAN, IMAGENET_STD))
_scaled = WithPreprocessing(
    nn.Identity(), resize=_RESIZE, crop=_CROP, mean=(0.0,) * 3, std=(1.0,) * 3
)


def _batch(picture: NDArray[np.uint8]) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(picture))[None]


def _middle(picture: NDArray[np.uint8]) -> Tensor:
    return _scaled(_batch(picture))


def _normal(x: Tensor) -> Tensor:
    return (x - _MEAN) / _STD


def _resized(picture: NDArray[np.uint8], mode: str) -> Tensor:
    """Resize without looking at all pixels, and cut the middle out."""
    short = min(picture.shape[:2])
    height, width = (_RESIZE * side // short for side in picture.shape[:2])
    x = _batch(picture).permute(0, 3, 1, 2) / 255
    x = F.interpolate(x, (height, width), mode=mode)
    top, left = (height - _CROP) // 2, (width - _CROP) // 2
    return x[:, :, top : top + _CROP, left : left + _CROP]


def _squeezed(picture: NDArray[np.uint8]) -> Tensor:
    x = _batch(picture).permute(0, 3, 1, 2) / 255
    return F.interpolate(x, (_CROP, _CROP), mode="bilinear", antialias=True)


#: Each way to prepare a picture, by name. It makes of a photograph, ``uint8`` (H, W, 3) in RGB, a
#: batch of one, (1, 3, 224, 224), for a network that has learnt from ImageNet.
FAULTS: dict[str, Callable[[NDArray[np.uint8]], Tensor]] = {
    "as it should be": lambda picture: _normal(_middle(picture)),
    "blue for red": lambda picture: _normal(_middle(picture).flip(1)),
    "0 to 255": lambda picture: _normal(255 * _middle(picture)),
    "no mean, no deviation": _middle,
    "nearest pixel": lambda picture: _normal(_resized(picture, "nearest")),
    "no smoothing": lambda picture: _normal(_resized(picture, "bilinear")),
    "squeezed": lambda picture: _normal(_squeezed(picture)),
    "rows for columns": lambda picture: _normal(_middle(picture).transpose(2, 3)),
}
