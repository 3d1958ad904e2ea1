"""Scenes made of real pictures: handwritten digits on photographs, with their boxes and masks.

Nobody has to draw a box by hand: whoever pastes a digit knows where it lies, to the pixel. All
arithmetic is of integers, so that a scene is the same on every machine.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from cvlib.arguments import integer, one_of
from cvlib.data.embedded import mnist_sample, photograph

if TYPE_CHECKING:
    from numpy.typing import NDArray

_GROUNDS = {
    "train": ("chelsea", "china", "coffee", "grass", "gravel", "motorcycle_left", "rocket"),
    "test": ("astronaut", "brick", "camera", "flower"),
}
_TRAIN_SHARE = 400  # of the 500 digits of each class; the others are for testing
_FEWEST, _MOST = 32, 512  # a scene's side in pixels
_CONTRAST = 80  # between a digit's colour and what lies below it, in levels
_INK = 128  # from this level on, a pixel belongs to the digit
_CROWD = 8


@dataclass(frozen=True, eq=False, repr=False)
class SceneSet:
    """Pictures of several objects, and for each object its class, its box and its pixels.

    Parameters
    ----------
    images
        ``uint8``, (N, 3, H, W), RGB.
    boxes
        For each picture ``float32``, (n, 4): left, top, right and bottom edge of n objects in
        pixels, so that right − left is a width. A picture without an object has (0, 4).
    labels
        For each picture ``int64``, (n,): positions in ``classes``.
    masks
        ``uint8``, (N, H, W): 0 where there is no object, k on the k-th object of a picture,
        counted from 1 in the order of its boxes.
    classes
        The names of the classes.
    source
        What was made of what, in words.

    Raises
    ------
    TypeError
        If a dtype is another.
    ValueError
        If lengths or shapes do not fit, a box has no area or leaves the picture, a label names no
        class, or a mask names no box.

    Examples
    --------
    >>> some = scenes(3, split="test")
    >>> some
    SceneSet(images=(3, 3, 96, 96), objects=10, classes=10, source='digits on photographs (test)')
    >>> some[:1].boxes[0].shape[1]
    4
    """

    images: Tensor
    boxes: tuple[Tensor, ...]
    labels: tuple[Tensor, ...]
    masks: Tensor
    classes: tuple[str, ...]
    source: str

    def __post_init__(self) -> None:
        for name, each, dtype in (
            ("images", (self.images,), torch.uint8),
            ("masks", (self.masks,), torch.uint8),
            ("boxes", self.boxes, torch.float32),
            ("labels", self.labels, torch.int64),
        ):
            for value in each:
                if not isinstance(value, Tensor) or value.dtype != dtype:
                    came = value.dtype if isinstance(value, Tensor) else type(value).__name__
                    raise TypeError(f"{name} holds {came}; expected tensors of {dtype}")
        count, channels, height, width = (*self.images.shape, 0, 0, 0, 0)[:4]
        if self.images.ndim != 4 or channels != 3:
            raise ValueError(f"images has shape {tuple(self.images.shape)}; expected (N, 3, H, W)")
        if self.masks.shape != (count, height, width):
            raise ValueError(
                f"masks has shape {tuple(self.masks.shape)}; expected {(count, height, width)}"
            )
        if not count == len(self.boxes) == len(self.labels):
            raise ValueError(
                f"there are {count} images, {len(self.boxes)} boxes and {len(self.labels)} "
                "labels; expected one of each for every picture"
            )
        for i, (boxes, labels) in enumerate(zip(self.boxes, self.labels, strict=True)):
            if boxes.ndim != 2 or boxes.shape[1] != 4 or labels.shape != boxes.shape[:1]:
                raise ValueError(
                    f"picture {i} has boxes {tuple(boxes.shape)} and labels "
                    f"{tuple(labels.shape)}; expected (n, 4) and (n,)"
                )
            left, top, right, bottom = boxes.unbind(1)
            inside = (left >= 0) & (top >= 0) & (right <= width) & (bottom <= height)
            sound = inside & (left < right) & (top < bottom)
            if not sound.all():
                raise ValueError(
                    f"picture {i} has the box {boxes[~sound][0].tolist()}; expected left < right "
                    f"and top < bottom within {width}×{height}"
                )
            if len(labels) and not 0 <= int(labels.min()) <= int(labels.max()) < len(self.classes):
                raise ValueError(
                    f"picture {i} has labels {labels.tolist()}; expected 0 to "
                    f"{len(self.classes) - 1} for {len(self.classes)} classes"
                )
            if int(self.masks[i].max()) > len(boxes):
                raise ValueError(
                    f"picture {i} has mask {int(self.masks[i].max())}; expected 0 to {len(boxes)} "
                    f"for {len(boxes)} boxes"
                )

    def __len__(self) -> int:
        return len(self.images)

    def __repr__(self) -> str:
        return (
            f"SceneSet(images={tuple(self.images.shape)}, objects={sum(map(len, self.boxes))}, "
            f"classes={len(self.classes)}, source={self.source!r})"
        )

    def __getitem__(self, index: slice) -> SceneSet:
        """Choose a run of scenes.

        Parameters
        ----------
        index
            A slice. For a single scene i take ``[i : i + 1]``.

        Returns
        -------
        SceneSet
            The chosen scenes.

        Raises
        ------
        TypeError
            For anything but a slice.
        """
        if not isinstance(index, slice):
            raise TypeError(f"index is {index!r}; expected a slice, such as [0:1] for one scene")
        return SceneSet(
            self.images[index],
            self.boxes[index],
            self.labels[index],
            self.masks[index],
            self.classes,
            self.source,
        )

    def pixel_labels(self) -> Tensor:
        """Return the class of each pixel: ``int64``, (N, H, W), 0 for none, else label + 1.

        Examples
        --------
        >>> one = scenes(1)
        >>> sorted(one.pixel_labels().unique().tolist())[1:] == sorted(
        ...     {int(label) + 1 for label in one.labels[0]}
        ... )
        True
        """
        by_object = [
            torch.cat([labels.new_zeros(1), labels + 1])[mask.long()]
            for labels, mask in zip(self.labels, self.masks, strict=True)
        ]
        return torch.stack(by_object) if by_object else self.masks.long()


def scenes(
    n: int,
    *,
    split: str = "train",
    seed: int = 0,
    size: int = 96,
    objects: Sequence[int] = (1, 5),
) -> SceneSet:
    """Paste handwritten digits on photographs, and keep where they lie.

    Each scene is a square cut from a photograph, shrunk at random by 1 to 2, on which digits lie in
    sizes and colours drawn at random. No two boxes overlap, no digit is cut off, and each differs
    from what lies below it by at least 80 levels in one of its colours. A pixel belongs to a digit
    where its ink, the darkest taken as full, is at least half; the box is the smallest around these
    pixels.

    The scenes to train on and to test on share neither a digit nor a photograph.

    Parameters
    ----------
    n
        How many scenes, at least 0. The first scenes of a larger number are the same.
    split
        ``"train"`` or ``"test"``.
    seed
        Of the random numbers.
    size
        Of a scene's side, 32 to 512 pixels. A digit's frame has a fifth to a third of it.
    objects
        The fewest and the most digits of a scene, 0 to 8.

    Returns
    -------
    SceneSet
        The scenes, with the classes "0" to "9".

    Raises
    ------
    TypeError
        If a number is not an integer.
    ValueError
        If a number lies outside its range, or the split has another name.

    References
    ----------
    The digits are of :func:`cvlib.data.mnist_sample`, the pictures of
    :func:`cvlib.data.photograph`.

    Examples
    --------
    >>> some = scenes(2, seed=1)
    >>> some.images.shape, [len(boxes) for boxes in some.boxes]
    (torch.Size([2, 3, 96, 96]), [4, 1])
    """
    integer("n", n)
    integer("seed", seed)
    one_of("split", split, tuple(_GROUNDS))
    if not _FEWEST <= integer("size", size) <= _MOST:
        raise ValueError(f"size is {size}; expected {_FEWEST} to {_MOST}")
    fewest, most = (integer("objects", value) for value in objects) if len(objects) == 2 else (1, 0)
    if not fewest <= most <= _CROWD:
        raise ValueError(f"objects is {objects!r}; expected (fewest, most) from 0 to {_CROWD}")

    digits = mnist_sample()
    of_class = digits.labels.argsort(stable=True).view(10, -1)
    part = of_class[:, :_TRAIN_SHARE] if split == "train" else of_class[:, _TRAIN_SHARE:]
    pixels, classes = digits.images[part.flatten(), 0].numpy(), digits.labels[part.flatten()]
    grounds = [_rgb(photograph(name)) for name in _GROUNDS[split]]
    draw = np.random.default_rng([seed, split == "train"])

    images = np.empty((n, size, size, 3), np.uint8)
    masks = np.zeros((n, size, size), np.uint8)
    boxes, labels = [], []
    for image, mask in zip(images, masks, strict=True):
        image[:] = _ground(grounds, size, draw)
        chosen = draw.integers(len(pixels), size=draw.integers(fewest, most + 1))
        inks, corners = _places(pixels[chosen], size, draw)
        found = []
        for k, (ink, (top, left)) in enumerate(zip(inks, corners, strict=True), start=1):
            height, width = ink.shape
            below = np.s_[top : top + height, left : left + width]
            _paste(image[below], ink, draw)
            mask[below][ink >= _INK] = k
            found.append((left, top, left + width, top + height))
        boxes.append(torch.tensor(found, dtype=torch.float32).view(-1, 4))
        labels.append(classes[chosen])
    return SceneSet(
        torch.from_numpy(images).permute(0, 3, 1, 2).contiguous(),
        tuple(boxes),
        tuple(labels),
        torch.from_numpy(masks),
        digits.classes,
        f"digits on photographs ({split})",
    )


def _rgb(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Give a grey photograph three equal channels."""
    return image if image.ndim == 3 else np.repeat(image[..., None], 3, axis=2)


def _resized(image: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    """Resize to (width, height) by Pillow, whose arithmetic of bytes is of integers."""
    from PIL import Image

    return np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BILINEAR))


def _ground(
    grounds: list[NDArray[np.uint8]], size: int, draw: np.random.Generator
) -> NDArray[np.uint8]:
    """Cut a square of one to two times the size from a photograph, and shrink it to the size."""
    photo = grounds[draw.integers(len(grounds))]
    side = int(draw.integers(size, 2 * size + 1))
    side = min(side, *photo.shape[:2])
    top, left = (int(draw.integers(extent - side + 1)) for extent in photo.shape[:2])
    return _resized(photo[top : top + side, left : left + side], (size, size))


def _places(
    digits: NDArray[np.uint8], size: int, draw: np.random.Generator
) -> tuple[list[NDArray[np.uint8]], list[tuple[int, int]]]:
    """Give each digit a size, cut it to its ink, and find places where no two boxes meet."""
    while True:
        inks, corners, taken = [], [], np.zeros((size, size), bool)
        for digit in digits:
            side = int(draw.integers(-(-size // 5), size // 3 + 1))
            ink = _cut(_resized(digit, (side, side)))
            height, width = ink.shape
            for _ in range(20):
                top, left = (int(draw.integers(1, size - extent)) for extent in (height, width))
                around = taken[top - 1 : top + height + 1, left - 1 : left + width + 1]
                if not around.any():
                    around[1:-1, 1:-1] = True
                    inks.append(ink)
                    corners.append((top, left))
                    break
        if len(inks) == len(digits):
            return inks, corners


def _cut(ink: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Make the darkest ink full, and cut the digit to the pixels that are at least half ink."""
    ink = (ink * np.int64(255) // ink.max()).astype(np.uint8)
    rows, columns = (np.flatnonzero((ink >= _INK).any(axis)) for axis in (1, 0))
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _paste(below: NDArray[np.uint8], ink: NDArray[np.uint8], draw: np.random.Generator) -> None:
    """Blend a colour that differs from the mean of what lies below, by the ink, in place."""
    mean = below.sum((0, 1), dtype=np.int64) // (below.shape[0] * below.shape[1])
    while True:
        colour = draw.integers(256, size=3)
        if np.abs(colour - mean).max() >= _CONTRAST:
            break
    share = ink[..., None].astype(np.int64)
    below[:] = (share * colour + (255 - share) * below + 127) // 255
