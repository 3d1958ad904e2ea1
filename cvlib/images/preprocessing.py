"""From a picture to a network's input: histograms, batches, and gradients by direction."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import cv2
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from cvlib.arguments import expect_grey_or_rgb, expect_uint8, one_of
from cvlib.files import expect_path
from cvlib.images.files import decode, read

if TYPE_CHECKING:
    from torch import Tensor

__all__ = [
    "IMAGENET_MEAN",
    "IMAGENET_STD",
    "Preprocess",
    "cell_histograms",
    "equalize_hist",
    "histogram",
    "hog_features",
]

#: Mean of red, green and blue over ImageNet's training pictures, 1 for white.
IMAGENET_MEAN = (0.485, 0.456, 0.406)
#: Their standard deviations.
IMAGENET_STD = (0.229, 0.224, 0.225)

_LONG = 16  # times as long as wide; a picture longer than that is cut before it is resized
_Path = str | os.PathLike[str]


def histogram(image: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Count how many values of a picture are 0, how many 1, and so on up to 255.

    Parameters
    ----------
    image
        ``uint8``, any shape.

    Returns
    -------
    ndarray
        ``int64``, (256,): the counts.

    Raises
    ------
    TypeError
        If the picture is not ``uint8``.

    Examples
    --------
    >>> histogram(np.array([[0, 2, 2], [3, 2, 0]], dtype=np.uint8))[:5]
    array([2, 0, 3, 1, 0])
    """
    expect_uint8(image)
    return np.bincount(image.ravel(), minlength=256)


def equalize_hist(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Spread the grey levels so that each range of levels holds about as many pixels.

    A pixel becomes 255 times the share of the pixels that are at most as bright, among those
    brighter than the darkest level: ``cv2.equalizeHist`` to the last bit.

    Parameters
    ----------
    image
        ``uint8``, (H, W).

    Returns
    -------
    ndarray
        ``uint8``, (H, W). A picture of one level comes back as it was.

    Raises
    ------
    TypeError
        If the picture is not ``uint8``.
    ValueError
        If it is not grey, or has no pixel.

    References
    ----------
    Gonzalez, Woods, "Digital Image Processing", 4th edition, 2018, section 3.3.

    Examples
    --------
    >>> equalize_hist(np.array([[10, 11, 11], [12, 12, 13]], dtype=np.uint8))
    array([[  0, 102, 102],
           [204, 204, 255]], dtype=uint8)
    """
    expect_uint8(image)
    if image.ndim != 2 or image.size == 0:
        expected = "(H, W), grey, not empty"
        raise ValueError(f"image has shape {image.shape}; expected {expected}")
    counts = histogram(image)
    darkest = image.min()
    counts[darkest] = 0
    sums = np.cumsum(counts).astype(np.float32)
    if sums[-1] == 0:  # one level alone
        return image.copy()
    curve = np.rint(sums * (255 / sums[-1]))
    return curve.astype(np.uint8)[image]


@dataclass(frozen=True)
class Preprocess:
    """Turn photographs of any size into the batch that a network takes.

    The shorter side is resized to ``resize``, the middle ``crop`` × ``crop`` pixels are cut out,
    the values are scaled to [0, 1] and normalised, and the channels come first: torchvision's
    ``Resize``, ``CenterCrop``, ``ToImage``, ``ToDtype(scale=True)`` and ``Normalize``.

    Parameters
    ----------
    resize
        Length in pixels of the shorter side after resizing.
    crop
        Side in pixels of the square that is kept.
    mean, std
        Three numbers each, for red, green and blue, on the scale where white is 1.
    mode
        ``"exact"`` resizes with anti-aliasing and stays within one grey level of
        ``torchvision.transforms.v2`` on PIL pictures. ``"fast"`` is ``cv2.resize`` with
        ``cv2.INTER_LINEAR``, which looks at 2 × 2 pixels only, however much it shrinks: fine
        detail comes out wrong by tens of levels. (Where one side is more than 16 times the other,
        it is within one grey level of that, and nothing beyond the crop is made.)

    Raises
    ------
    TypeError
        If a size is no whole number.
    ValueError
        If a size is below 1, the crop is larger than what it is cut from, there are not three
        means and standard deviations, one of these is not positive, or the mode is another.

    Examples
    --------
    >>> small, large = np.zeros((90, 120, 3), np.uint8), np.full((400, 300, 3), 255, np.uint8)
    >>> batch = Preprocess(resize=64, crop=56)([small, large])
    >>> batch.shape, batch.dtype
    (torch.Size([2, 3, 56, 56]), torch.float32)
    >>> [round(float(value), 3) for value in batch[:, 0, 0, 0]]  # (0 − 0.485) / 0.229, …
    [-2.118, 2.249]
    """

    resize: int = 256
    crop: int = 224
    mean: Sequence[float] = IMAGENET_MEAN
    std: Sequence[float] = IMAGENET_STD
    mode: Literal["exact", "fast"] = "exact"

    def __post_init__(self) -> None:
        for name in ("resize", "crop"):
            size = getattr(self, name)
            if type(size) is not int:
                raise TypeError(f"{name} is {size!r}; expected a whole number of pixels")
            if size < 1:
                raise ValueError(f"{name} is {size}; expected at least 1")
        if self.crop > self.resize:
            raise ValueError(f"crop is {self.crop}; expected at most resize, {self.resize}")
        for name in ("mean", "std"):
            if len(values := getattr(self, name)) != 3:
                raise ValueError(f"{name} is {values!r}; expected three numbers, for R, G and B")
        if not all(deviation > 0 for deviation in self.std):
            raise ValueError(f"std is {self.std!r}; expected numbers above 0")
        one_of("mode", self.mode, ("exact", "fast"))

    def __call__(self, images: NDArray[np.uint8] | Iterable[NDArray[np.uint8]]) -> Tensor:
        """Make a batch of one picture, or of several, which may differ in size.

        Parameters
        ----------
        images
            One picture or several: ``uint8``, (H, W, 3) in RGB, or (H, W), whose one channel then
            serves as all three.

        Returns
        -------
        torch.Tensor
            ``float32``, (N, 3, crop, crop).

        Raises
        ------
        TypeError
            If a picture is no array, or not ``uint8``.
        ValueError
            If there is no picture, or one has another shape.
        """
        pictures = [images] if isinstance(images, np.ndarray) else list(images)
        return self._batch(pictures, len(pictures))

    def from_files(self, files: bytes | _Path | Iterable[bytes | _Path]) -> Tensor:
        """Make a batch of picture files, of which only one at a time is in memory as pixels.

        Parameters
        ----------
        files
            One or several: a path, or the bytes of a file, as :func:`cvlib.images.files.read` and
            :func:`cvlib.images.files.decode` take them.

        Returns
        -------
        torch.Tensor
            ``float32``, (N, 3, crop, crop).

        Raises
        ------
        FileNotFoundError
            If there is no file at a path.
        TypeError
            If one of ``files`` is neither a path nor bytes.
        ValueError
            If ``files`` is empty, or a file is no picture, truncated or damaged.
        """
        if isinstance(files, bytes | bytearray | memoryview | str | os.PathLike):
            several: list[bytes | _Path] = [files]  # type: ignore[list-item]
        elif isinstance(files, Iterable):
            several = list(files)
        else:
            raise TypeError(f"files is {files!r}; expected paths, or the bytes of files")
        pictures = (_read(file, f"files[{number}]") for number, file in enumerate(several))
        return self._batch(pictures, len(several))

    def _batch(self, pictures: Iterable[NDArray[np.uint8]], count: int) -> Tensor:
        import torch

        if count == 0:
            raise ValueError("there is no picture; expected at least one")
        mean, std = torch.tensor([self.mean, self.std])[..., None, None]
        scale, bias = 1 / (255 * std), -mean / std
        batch = torch.empty(count, 3, self.crop, self.crop)
        for number, picture in enumerate(pictures):
            expect_grey_or_rgb(picture, f"images[{number}]")
            batch[number] = self._resized(picture)
            batch[number].mul_(scale).add_(bias)
        return batch

    def _resized(self, picture: NDArray[np.uint8]) -> Tensor:
        """Resize and crop in eight bits: (3, crop, crop), or (1, crop, crop) if grey."""
        import torch
        import torch.nn.functional as F

        pixels: NDArray = picture
        sides = picture.shape[:2]
        short = min(sides)
        size = [self.resize * side // short for side in sides]
        start = [round((side - self.crop) / 2) for side in size]
        for axis in (0, 1):
            if size[axis] > _LONG * self.resize:
                # Of a picture so long only what is kept: the whole may be a thousand times larger.
                pixels = self._window(pixels, axis, size[axis], start[axis])
                size[axis], start[axis] = self.crop, 0
        top, left = start
        if self.mode == "fast":
            pixels = cv2.resize(pixels, size[::-1], interpolation=cv2.INTER_LINEAR)
        # First by name, in memory the channels stay last: torch resizes that faster, given AVX2.
        batch = torch.from_numpy(np.require(pixels, requirements=["C", "W"]))
        batch = batch.reshape(1, *pixels.shape[:2], -1).permute(0, 3, 1, 2)
        if self.mode == "exact":
            batch = F.interpolate(batch, size, mode="bilinear", antialias=True)
        return batch[0, :, top : top + self.crop, left : left + self.crop].round()

    def _window(self, picture: NDArray, axis: int, size: int, start: int) -> NDArray[np.float32]:
        """Resize one side of a picture to ``size``, of which only the crop from ``start`` is made.

        A new pixel is the mean of the old ones under a triangle around its centre: as wide as two
        old pixels, or two new ones if those are wider and the mode is exact.
        """
        side = picture.shape[axis]
        scale = side / size
        reach = max(scale, 1.0) if self.mode == "exact" else 1.0
        centres = (start + np.arange(self.crop) + 0.5) * scale - 0.5
        old = np.arange(math.floor(centres[0] - reach), math.ceil(centres[-1] + reach) + 1)
        weights = np.maximum(0, 1 - np.abs(old - centres[:, None]) / reach).astype(np.float32)
        inside = (old >= 0) & (old < side)
        if self.mode == "exact":  # what lies outside does not count; else the border does instead
            weights *= inside
        weights /= weights.sum(1, keepdims=True)
        pixels = np.moveaxis(picture, axis, 0)[old.clip(0, side - 1)]
        return np.moveaxis(np.tensordot(weights, pixels.astype(np.float32), axes=1), 0, axis)


def cell_histograms(images: NDArray[np.uint8], cell: int) -> NDArray[np.float32]:
    """Sum up, cell by cell, how strong the gradients are in each of nine directions.

    A gradient is the difference of a pixel's two neighbours, to its right and below it; on the
    border it counts as 0 across the border. Bright-to-dark counts like dark-to-bright, so
    directions go from 0° (brightness changes to the side) up to 180°, in ranges of 20°.

    Parameters
    ----------
    images
        ``uint8``, (H, W), or (N, H, W) for several.
    cell
        Side of the square cells in pixels. Rows and columns that fill no cell are left out.

    Returns
    -------
    ndarray
        ``float32``, ([N,] H // cell, W // cell, 9): mean strength a pixel, in grey levels.

    Raises
    ------
    TypeError
        If the pictures are not ``uint8``.
    ValueError
        If they have another shape, or hold no cell.

    Examples
    --------
    >>> upright = np.zeros((4, 4), dtype=np.uint8)
    >>> upright[:, 2:] = 80
    >>> cell_histograms(upright, cell=4)
    array([[[40.,  0.,  0.,  0.,  0.,  0.,  0.,  0.,  0.]]], dtype=float32)
    """
    expect_uint8(images, "images")
    if images.ndim not in (2, 3) or not 1 <= cell <= min(images.shape[-2:]):
        raise ValueError(
            f"images has shape {images.shape} and cell is {cell}; "
            "expected (H, W) or (N, H, W), grey, and a cell that fits in"
        )
    grey = images.astype(np.float32)
    right, down = np.zeros_like(grey), np.zeros_like(grey)
    right[..., :, 1:-1] = grey[..., :, 2:] - grey[..., :, :-2]
    down[..., 1:-1, :] = grey[..., 2:, :] - grey[..., :-2, :]
    strength = np.hypot(right, down)
    direction = np.rad2deg(np.arctan2(down, right)) % 180 // 20

    rows, columns = (side // cell for side in images.shape[-2:])
    whole = (..., slice(rows * cell), slice(columns * cell))
    cells = (*images.shape[:-2], rows, cell, columns, cell)
    bars = []
    for part in range(9):
        votes = np.where(direction == part, strength, 0)[whole]
        bars.append(votes.reshape(cells).mean(axis=(-3, -1)))
    return np.stack(bars, axis=-1)


def hog_features(images: NDArray[np.uint8], cell: int = 7) -> NDArray[np.float32]:
    """Describe pictures by their histograms of oriented gradients (HOG).

    The histograms of each 2 × 2 neighbouring cells make a block, and each block is normalised on
    its own, so that strong light and weak light look alike: ``skimage.feature.hog`` with
    ``cells_per_block=(2, 2)``.

    Parameters
    ----------
    images
        ``uint8``, (N, H, W), grey.
    cell
        Side of the square cells in pixels, as in :func:`cell_histograms`.

    Returns
    -------
    ndarray
        ``float32``, (N, F) with F = 36 (H // cell − 1) (W // cell − 1).

    Raises
    ------
    TypeError
        If the pictures are not ``uint8``.
    ValueError
        If they have another shape, or are smaller than a block.

    References
    ----------
    Dalal, Triggs, "Histograms of Oriented Gradients for Human Detection", CVPR 2005, section 6.

    Examples
    --------
    >>> hog_features(np.zeros((5, 28, 28), dtype=np.uint8)).shape
    (5, 324)
    """
    if images.ndim != 3 or min(images.shape[1:]) < 2 * cell:
        raise ValueError(
            f"images has shape {images.shape}; expected (N, H, W), grey, "
            f"with at least {2 * cell} pixels a side for 2 × 2 cells"
        )
    cells = cell_histograms(images, cell)
    blocks = sliding_window_view(cells, (2, 2), axis=(1, 2))
    blocks = np.moveaxis(blocks, 3, -1)  # the nine bars of a cell come last
    blocks = _normalized(np.minimum(_normalized(blocks), 0.2))
    return blocks.reshape(len(images), -1)


def _normalized(blocks: NDArray[np.float32]) -> NDArray[np.float32]:
    squares = np.square(blocks).sum(axis=(-3, -2, -1), keepdims=True)
    return blocks / np.sqrt(squares + np.float32(1e-10))


def _read(file: bytes | _Path, name: str) -> NDArray[np.uint8]:
    if not isinstance(file, bytes | bytearray | memoryview):
        return read(expect_path(file, name))
    try:
        return decode(file)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from error
