"""Move the pixels of pictures: flip, crop, turn, shift, scale and shear, as told or by chance.

Each picture of a batch is moved in its own way. What is told takes one number for all pictures or a
tensor ``(B,)`` with a number for each, and has the names and results of
:mod:`torchvision.transforms.v2.functional`, which takes one number for the whole batch. What is
drawn has ``random`` in its name. A network may take smaller pictures than the set has: AlexNet saw
224 × 224 of 256 × 256 pixels, a random patch to learn from, and ten whose answers are averaged in
testing.

Targets that say where something is move along with the pixels
(:mod:`cvlib.augmentation.boxes_and_masks`).

:func:`trivial_augment` stands here too, since half of its operations move pixels.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Generator, Tensor, nn

from cvlib.arguments import integer, number, pair
from cvlib.augmentation.boxes_and_masks import Motion, carried
from cvlib.augmentation.color import (
    adjust_brightness,
    adjust_contrast,
    adjust_saturation,
    adjust_sharpness,
    autocontrast,
    equalize,
    posterize,
    solarize,
)
from cvlib.augmentation.draws import Number, check_batch, draw, interval, per_picture, positions

__all__ = [
    "OPERATIONS",
    "TenCrop",
    "affine",
    "crop",
    "horizontal_flip",
    "random_affine",
    "random_crop",
    "random_distortion",
    "random_horizontal_flip",
    "random_patch",
    "random_resized_crop",
    "resize",
    "ten_crop",
    "trivial_augment",
]

#: What :func:`trivial_augment` chooses from, and the greatest strength of each.
OPERATIONS: dict[str, float] = {
    "identity": 0,
    "autocontrast": 0,
    "equalize": 0,
    "rotate": 135,  # degrees
    "shear_x": 0.99,  # columns a row
    "shear_y": 0.99,  # rows a column
    "translate_x": 1 / 7,  # of the width: 32 of 224 pixels
    "translate_y": 1 / 7,  # of the height
    "brightness": 0.99,  # how far the factor strays from 1
    "contrast": 0.99,
    "saturation": 0.99,
    "sharpness": 0.99,
    "posterize": 6,  # of 8 bits, how many are dropped
    "solarize": 1,  # how far the threshold lies below 1
}


def horizontal_flip(images: Tensor, flipped: Tensor | bool = True) -> Tensor:
    """Swap left and right.

    Parameters
    ----------
    images
        ``(B, C, H, W)``.
    flipped
        Whether to flip: ``bool``, one or ``(B,)``.

    Returns
    -------
    Tensor
        As ``images``.

    Raises
    ------
    TypeError
        If ``images`` holds no floating-point numbers, or ``flipped`` is not ``bool``.
    ValueError
        If a shape does not fit.

    Examples
    --------
    >>> images = torch.tensor([0.1, 0.9]).expand(2, 1, 1, 2)
    >>> horizontal_flip(images, torch.tensor([True, False])).flatten(1)
    tensor([[0.9000, 0.1000],
            [0.1000, 0.9000]])
    """
    check_batch(images)
    chosen = torch.as_tensor(flipped)
    if chosen.dtype != torch.bool:
        raise TypeError(f"flipped is {chosen.dtype}; expected torch.bool")
    return torch.where(per_picture("flipped", chosen, images, torch.bool), images.flip(-1), images)


def crop(images: Tensor, top: Number, left: Number, padding: int) -> Tensor:
    """Surround pictures with black, and cut out windows of their own size.

    Parameters
    ----------
    images
        ``(B, C, H, W)``.
    top, left
        The window's first row and column in the padded picture, whole numbers from 0 to twice
        ``padding``: one or ``(B,)`` each.
    padding
        How many black pixels stand on each side.

    Returns
    -------
    Tensor
        As ``images``; ``padding`` for ``top`` and ``left`` gives ``images`` back.

    Raises
    ------
    TypeError
        If ``images`` holds no floating-point numbers, or ``padding`` is no integer.
    ValueError
        If a shape does not fit, or a window leaves the padded picture.

    Examples
    --------
    >>> images = torch.tensor([0.1, 0.9]).expand(2, 1, 1, 2)
    >>> crop(images, top=1, left=torch.tensor([0, 1]), padding=1).flatten(1)
    tensor([[0.0000, 0.1000],
            [0.1000, 0.9000]])
    """
    check_batch(images)
    padding = integer("padding", padding)
    corner = []
    for name, value in (("top", top), ("left", left)):
        number = torch.as_tensor(value)
        if number.lt(0).any() or number.gt(2 * padding).any():
            raise ValueError(f"{name} is {value}; expected 0 to {2 * padding}, twice padding")
        corner.append(per_picture(name, number, images, torch.int64).flatten())
    count, _, height, width = images.shape
    # A view of all windows, in which no number is copied; then one window of each picture.
    windows = F.pad(images, (padding,) * 4).unfold(2, height, 1).unfold(3, width, 1)
    return windows[torch.arange(count, device=images.device), :, corner[0], corner[1]]


def affine(
    images: Tensor,
    angle: Number = 0.0,
    translate: tuple[Number, Number] = (0.0, 0.0),
    scale: Number = 1.0,
    shear: tuple[Number, Number] = (0.0, 0.0),
    squeeze: Number = 1.0,
) -> Tensor:
    r"""Turn, shift, scale and shear about the centre, by bilinear interpolation, black outside.

    A point at offset :math:`p` from the centre goes to :math:`R\,s\,S_y\,S_x\,Q\,p + t`: squeezed,
    sheared along x, then along y, scaled, turned, and shifted last.

    Parameters
    ----------
    images
        ``(B, C, H, W)``.
    angle
        Degrees clockwise: one or ``(B,)``, as are all that follow.
    translate
        Pixels to the right and down.
    scale
        A factor above 0; 2 doubles lengths.
    shear
        Degrees along x and along y, between -90 and 90.
    squeeze
        What widths are multiplied by and heights divided, above 0; torchvision has none.

    Returns
    -------
    Tensor
        As ``images``.

    Raises
    ------
    TypeError, ValueError
        As :func:`horizontal_flip`, or if ``scale`` or ``squeeze`` is not above 0.

    Examples
    --------
    >>> images = torch.tensor([[0.1, 0.2], [0.3, 0.4]]).expand(2, 1, 2, 2)
    >>> affine(images, translate=(torch.tensor([0.0, 1.0]), 0.0)).flatten(1)
    tensor([[0.1000, 0.2000, 0.3000, 0.4000],
            [0.0000, 0.1000, 0.0000, 0.3000]])
    """
    grid, _, _ = _affine_grid(images, angle, translate, scale, shear, squeeze)
    return F.grid_sample(images, grid, align_corners=False).clamp_(0, 1)


def _affine_grid(
    images: Tensor,
    angle: Number = 0.0,
    translate: tuple[Number, Number] = (0.0, 0.0),
    scale: Number = 1.0,
    shear: tuple[Number, Number] = (0.0, 0.0),
    squeeze: Number = 1.0,
) -> tuple[Tensor, Tensor, Tensor]:
    """Say where each pixel of the result is looked for, and how points move about the centre."""
    check_batch(images)
    for name, factor in {"scale": scale, "squeeze": squeeze}.items():
        if torch.as_tensor(factor).le(0).any():
            raise ValueError(f"{name} is {factor}; expected above 0")
    named = {"angle": angle, "shear[0]": shear[0], "shear[1]": shear[1], "scale": scale}
    named |= {"squeeze": squeeze, "translate[0]": translate[0], "translate[1]": translate[1]}
    turn, along_x, along_y, size, wide, right, down = (
        per_picture(name, value, images).flatten() for name, value in named.items()
    )
    turn, along_x, along_y = (torch.deg2rad(degrees) for degrees in (turn, along_x, along_y))
    # The map is [[a, b], [c, d]] times the factor, and ad - bc is 1.
    a = torch.cos(turn - along_y) / torch.cos(along_y)
    b = -a * torch.tan(along_x) - torch.sin(turn)
    c = torch.sin(turn - along_y) / torch.cos(along_y)
    d = -c * torch.tan(along_x) + torch.cos(turn)
    # Its inverse says for each pixel of the result where to look in the picture.
    inverse = torch.stack([d / wide, -b / wide, -c * wide, a * wide]).view(2, 2, -1) / size
    start = -(inverse * torch.stack([right, down])).sum(1, keepdim=True)
    # The grid is measured in half widths and half heights, from -1 to 1.
    half = images.new_tensor([images.shape[3], images.shape[2]]).view(2, 1, 1) / 2
    theta = torch.cat([inverse * half.view(1, 2, 1), start], 1) / half
    grid = F.affine_grid(theta.permute(2, 0, 1), list(images.shape), align_corners=False)
    forward = size * torch.stack([a * wide, b / wide, c * wide, d / wide]).view(2, 2, -1)
    return grid, forward.permute(2, 0, 1), torch.stack([right, down], 1)


def _moved_affinely(images: Tensor, targets: Any, **how: Any) -> tuple[Tensor, Any]:
    """Move pictures and what targets say of places."""
    grid, forward, shift = _affine_grid(images, **how)
    moved = F.grid_sample(images, grid, align_corners=False).clamp_(0, 1)
    height, width = images.shape[2:]
    middle = images.new_tensor([width / 2, height / 2])

    def maps(some: Tensor, whose: Tensor) -> Tensor:
        return F.grid_sample(some, grid[whose].to(some.dtype), mode="nearest", align_corners=False)

    def points(some: Tensor, number: int) -> Tensor:
        about = some - middle.to(some)
        return about @ forward[number].T.to(some) + (middle + shift[number]).to(some)

    return moved, carried(targets, images, Motion(maps, points, height, width))


def random_horizontal_flip(
    images: Tensor, targets: Any, generator: Generator, p: float = 0.5
) -> tuple[Tensor, Any]:
    """Swap left and right in some of the pictures.

    Parameters
    ----------
    images
        ``(B, C, H, W)``, numbers from 0 to 1.
    targets
        Of any kind that :func:`~cvlib.training.loop.fit` takes. Label maps, boxes and masks move
        along; labels and class probabilities stay as they are.
    generator
        Where chance comes from, on the CPU.
    p
        The probability of a flip, for each picture on its own.

    Returns
    -------
    images, targets
        The pictures, some of them flipped, and their targets.

    Raises
    ------
    TypeError
        If ``images`` holds no floating-point numbers, or ``generator`` is none.
    ValueError
        If a shape does not fit, ``generator`` is not on the CPU, or ``p`` is no probability.

    Examples
    --------
    >>> images, labels = torch.tensor([0.1, 0.9]).expand(4, 1, 1, 2), torch.arange(4)
    >>> flipped, _ = random_horizontal_flip(images, labels, torch.Generator().manual_seed(0))
    >>> flipped.flatten(1)[:, 0]
    tensor([0.9000, 0.1000, 0.9000, 0.9000])
    """
    (chance,) = draw(images, generator, 1)
    chosen = chance < number("p", p, most=1)
    flipped = horizontal_flip(images, chosen)
    height, width = images.shape[2:]

    def points(some: Tensor, at: int) -> Tensor:
        return torch.stack([width - some[..., 0], some[..., 1]], -1) if chosen[at] else some

    def maps(some: Tensor, whose: Tensor) -> Tensor:
        return horizontal_flip(some, chosen.to(images.device)[whose])

    return flipped, carried(targets, images, Motion(maps, points, height, width))


def random_crop(
    images: Tensor, targets: Any, generator: Generator, padding: int = 4
) -> tuple[Tensor, Any]:
    """Shift pictures by whole pixels: pad with black, and cut out a window of the old size.

    Parameters
    ----------
    images, targets, generator
        As for :func:`random_horizontal_flip`.
    padding
        The largest shift, in pixels.

    Returns
    -------
    images, targets
        The pictures, each shifted, and their targets.

    Raises
    ------
    TypeError, ValueError
        As :func:`random_horizontal_flip`, or if ``padding`` is no integer from 0 up.

    Examples
    --------
    >>> images, labels = torch.ones(2, 1, 8, 8), torch.arange(2)
    >>> shifted, _ = random_crop(images, labels, torch.Generator().manual_seed(0), padding=1)
    >>> shifted.sum((1, 2, 3))
    tensor([56., 49.])
    """
    padding = integer("padding", padding)
    top, left = positions(draw(images, generator, 2), torch.tensor(2 * padding + 1))
    shifted = crop(images, top, left, padding)
    height, width = images.shape[2:]

    def points(some: Tensor, at: int) -> Tensor:
        return some + padding - some.new_tensor([float(left[at]), float(top[at])])

    def maps(some: Tensor, whose: Tensor) -> Tensor:
        return crop(some, top.to(images.device)[whose], left.to(images.device)[whose], padding)

    return shifted, carried(targets, images, Motion(maps, points, height, width))


def random_affine(
    images: Tensor,
    targets: Any,
    generator: Generator,
    degrees: float = 10.0,
    translate: float = 0.1,
    scale: tuple[float, float] = (0.9, 1.1),
    shear: float = 0.0,
) -> tuple[Tensor, Any]:
    """Turn, shift, scale and shear pictures about their centre.

    Parameters
    ----------
    images, targets, generator
        As for :func:`random_horizontal_flip`.
    degrees
        The largest angle, either way.
    translate
        The largest shift, as a share of the picture's width and height.
    scale
        The least and the greatest factor, above 0.
    shear
        The largest shear along x, either way, in degrees below 90.

    Returns
    -------
    images, targets
        The pictures, each moved by numbers drawn evenly from these ranges, and their targets.

    Raises
    ------
    TypeError, ValueError
        As :func:`random_horizontal_flip`, or if a strength is outside its range.

    Examples
    --------
    >>> images, labels = torch.ones(2, 1, 8, 8), torch.arange(2)
    >>> generator = torch.Generator().manual_seed(0)
    >>> moved, _ = random_affine(images, labels, generator, degrees=0, scale=(0.5, 0.5))
    >>> moved.mean((1, 2, 3))
    tensor([0.2500, 0.2500])
    """
    low, high = interval("scale", scale, 1e-6, math.inf)
    turn, lean, right, down, size = draw(images, generator, 5)
    height, width = images.shape[2:]
    angle = (2 * turn - 1) * number("degrees", degrees)
    tilt = (2 * lean - 1) * number("shear", shear, most=89.9)
    shift = number("translate", translate, most=1)
    across, along = (2 * right - 1) * shift * width, (2 * down - 1) * shift * height
    sizes = low + (high - low) * size
    how = {"angle": angle, "translate": (across, along), "scale": sizes, "shear": (tilt, 0.0)}
    return _moved_affinely(images, targets, **how)


def random_distortion(
    images: Tensor,
    targets: Any,
    generator: Generator,
    translate: float = 0.1,
    scale: tuple[float, float] = (0.9, 1.1),
    squeeze: float = 1.15,
    shear: float = 10.0,
) -> tuple[Tensor, Any]:
    """Distort handwriting as LeNet-5 was taught: shift, scale, squeeze and slant, without turning.

    Parameters
    ----------
    images, targets, generator
        As for :func:`random_horizontal_flip`.
    translate, scale, shear
        As for :func:`random_affine`.
    squeeze
        The greatest factor, at least 1, by which a picture becomes wider and lower, or narrower
        and taller; drawn evenly in the logarithm.

    Returns
    -------
    images, targets
        The pictures, each distorted, and their targets.

    Raises
    ------
    TypeError, ValueError
        As :func:`random_horizontal_flip`, or if a strength is outside its range.

    References
    ----------
    LeCun, Bottou, Bengio and Haffner, "Gradient-based learning applied to document recognition"
    (1998), section III.A, which names the kinds of distortion and not how strong they were.

    Examples
    --------
    >>> images, labels = torch.ones(2, 1, 8, 8), torch.arange(2)
    >>> generator = torch.Generator().manual_seed(0)
    >>> moved, _ = random_distortion(images, labels, generator, squeeze=2)
    >>> moved.mean((1, 2, 3))
    tensor([0.8739, 0.9011])
    """
    low, high = interval("scale", scale, 1e-6, math.inf)
    lean, right, down, size, wide = (2 * chance - 1 for chance in draw(images, generator, 5))
    shift = number("translate", translate, most=1)
    height, width = images.shape[2:]
    return _moved_affinely(
        images,
        targets,
        translate=(right * shift * width, down * shift * height),
        scale=(low + high + (high - low) * size) / 2,
        shear=(lean * number("shear", shear, most=89.9), 0.0),
        squeeze=torch.exp(wide * math.log(number("squeeze", squeeze, least=1))),
    )


def trivial_augment(
    images: Tensor,
    targets: Any,
    generator: Generator,
    operations: Mapping[str, float] | None = None,
) -> tuple[Tensor, Any]:
    """Change each picture by one operation of a list, with a strength drawn anew.

    Parameters
    ----------
    images, targets, generator
        As for :func:`random_horizontal_flip`; 1 or 3 channels.
    operations
        Names of :data:`OPERATIONS`, which is the list by default, each with its greatest strength:
        ``{"identity": 0, "rotate": 10}`` leaves half of the pictures, and turns the other half by
        at most 10 degrees.

    Returns
    -------
    images, targets
        The pictures, each changed by an operation, and their targets. All operations are equally
        likely, and so are 31 strengths from 0 to the greatest. Turns, shears, shifts and the four
        factors go either way.

    Raises
    ------
    TypeError, ValueError
        As :func:`random_horizontal_flip`, or if there are neither 1 nor 3 channels, no operations,
        one that is not known, or a strength outside its range.

    References
    ----------
    Müller and Hutter, "TrivialAugment: tuning-free yet state-of-the-art data augmentation" (2021),
    algorithm 1. The operations are those of torchvision's ``TrivialAugmentWide``. That shifts by up
    to 32 pixels whatever the size, and shears about the upper left corner; here the shift is a
    share of the size, and the centre stays.

    Examples
    --------
    >>> images, labels = torch.full((4, 1, 2, 2), 0.5), torch.arange(4)
    >>> generator = torch.Generator().manual_seed(0)
    >>> lit, _ = trivial_augment(images, labels, generator, {"brightness": 0.5})
    >>> lit[:, 0, 0, 0]
    tensor([0.4250, 0.6583, 0.3750, 0.2750])
    """
    greatest = _operations(operations)
    kind, level, side = draw(images, generator, 3)
    if images.shape[1] not in (1, 3):
        raise ValueError(f"images has {images.shape[1]} channels; expected 1 or 3")
    names = list(greatest)
    which = positions(kind, torch.tensor(len(names)))
    strength = torch.tensor(list(greatest.values()))[which] * (positions(level, _LEVELS) / 30)
    signed = torch.where(side < 0.5, -strength, strength)

    def drawn(name: str) -> Tensor:
        return torch.where(which == names.index(name), signed, 0) if name in names else 0 * signed

    changed = images.clone()
    if not _MOVES.isdisjoint(names):
        height, width = images.shape[2:]
        lean, rise = (torch.rad2deg(torch.atan(drawn(f"shear_{axis}"))) for axis in "xy")
        shift = drawn("translate_x") * width, drawn("translate_y") * height
        how = {"angle": drawn("rotate"), "shear": (lean, rise), "translate": shift}
        moves = torch.tensor([name in _MOVES for name in names])[which].to(images.device)
        moved, targets = _moved_affinely(images, targets, **how)
        changed = torch.where(moves.view(-1, 1, 1, 1), moved, images)
    for place, name in enumerate(names):
        mine = which == place
        if name in _CHANGES and mine.any():
            these = mine.to(images.device)
            amount = (signed if name in _FACTORS else strength)[mine]
            changed[these] = _CHANGES[name](images[these], amount)
    return changed, targets


_LEVELS = torch.tensor(31)
_MOVES = {"rotate", "shear_x", "shear_y", "translate_x", "translate_y"}
_FACTORS = {"brightness", "contrast", "saturation", "sharpness"}
_CHANGES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "autocontrast": lambda images, _: autocontrast(images),
    "equalize": lambda images, _: equalize(images),
    "posterize": lambda images, dropped: posterize(images, 8 - dropped.round()),
    "solarize": lambda images, depth: solarize(images, 1 - depth),
    "brightness": lambda images, by: adjust_brightness(images, 1 + by),
    "contrast": lambda images, by: adjust_contrast(images, 1 + by),
    "saturation": lambda images, by: adjust_saturation(images, 1 + by),
    "sharpness": lambda images, by: adjust_sharpness(images, 1 + by),
}
_MOST = {"rotate": 360.0, "shear_x": math.inf, "shear_y": math.inf, "posterize": 8.0}


def _operations(operations: Mapping[str, float] | None) -> dict[str, float]:
    """Read which operations there are to choose from, and how strong each may become."""
    if operations is None:
        return OPERATIONS
    if not isinstance(operations, Mapping):
        kind = type(operations).__name__
        raise TypeError(f"operations is a {kind}; expected names with their greatest strength")
    if not operations:
        raise ValueError("operations is empty; expected at least one")
    for name in operations:
        if name not in OPERATIONS:
            raise ValueError(f"operations has {name!r}; expected one of {', '.join(OPERATIONS)}")
    return {
        name: number(f"operations[{name!r}]", value, most=_MOST.get(name, 1.0))
        for name, value in operations.items()
    }


def random_patch(
    images: Tensor, targets: Any, generator: Generator, size: int
) -> tuple[Tensor, Any]:
    """Cut a square out of each picture, wherever it fits.

    Parameters
    ----------
    images, targets, generator
        As for :func:`~cvlib.augmentation.geometry.random_horizontal_flip`.
    size
        The square's side in pixels, at most the picture's shorter one.

    Returns
    -------
    images : Tensor
        ``(B, C, size, size)``.
    targets : Tensor
        As they came.

    Raises
    ------
    TypeError, ValueError
        As :func:`~cvlib.augmentation.geometry.random_horizontal_flip`, or if ``size`` is no
        integer, below 1, or too large.

    References
    ----------
    Krizhevsky, Sutskever, Hinton, "ImageNet Classification with Deep Convolutional Neural
    Networks" (2012), section 4.1.

    Examples
    --------
    >>> images, labels = torch.arange(4.0).expand(3, 1, 4, 4), torch.arange(3)
    >>> patches, _ = random_patch(images, labels, torch.Generator().manual_seed(0), size=2)
    >>> patches[:, 0, 0]
    tensor([[0., 1.],
            [0., 1.],
            [1., 2.]])
    """
    chance = draw(images, generator, 2)
    size = _side(images, size)
    count, (height, width) = len(images), images.shape[2:]
    room = torch.tensor([height - size + 1, width - size + 1]).view(2, 1)
    top, left = positions(chance, room).to(images.device)
    everyone = torch.arange(count, device=images.device)

    def maps(some: Tensor, whose: Tensor) -> Tensor:
        windows = some.unfold(2, size, 1).unfold(3, size, 1)  # a view: no pixel is copied
        return windows[torch.arange(len(some), device=some.device), :, top[whose], left[whose]]

    def points(some: Tensor, at: int) -> Tensor:
        return some - some.new_tensor([float(left[at]), float(top[at])])

    return maps(images, everyone), carried(targets, images, Motion(maps, points, size, size))


def resize(images: Tensor, targets: Any, size: int | tuple[int, int]) -> tuple[Tensor, Any]:
    """Make pictures larger or smaller, with what their targets say of places.

    Nothing is drawn. Bind ``size``, and :func:`cvlib.augmentation.boxes_and_masks.carried` moves
    boxes, masks and label maps.

    Parameters
    ----------
    images, targets
        As for :func:`random_horizontal_flip`.
    size
        Height and width, or one number for both.

    Returns
    -------
    images : Tensor
        ``(B, C, height, width)``, by bilinear interpolation with antialiasing, as
        ``torchvision.transforms.v2.functional.resize``.
    targets
        Boxes scaled; of maps and masks the nearest pixel.

    Raises
    ------
    TypeError
        If ``images`` holds no floating-point numbers, or ``size`` no integers.
    ValueError
        If a shape does not fit, or a side is below 1.

    Examples
    --------
    >>> target = {"boxes": torch.tensor([[1.0, 0.0, 3.0, 2.0]])}
    >>> images, targets = resize(torch.rand(1, 3, 4, 8), [target], (8, 8))
    >>> images.shape, targets[0]["boxes"]
    (torch.Size([1, 3, 8, 8]), tensor([[1., 0., 3., 4.]]))
    """
    check_batch(images)
    height, width = pair("size", size, least=1, both=True)
    whole = torch.zeros(2, len(images), dtype=torch.int64)
    sides = torch.tensor(images.shape[2:]).view(2, 1).expand(2, len(images))
    return _cut_and_resized(images, targets, whole, sides, (height, width))


def random_resized_crop(
    images: Tensor,
    targets: Any,
    generator: Generator,
    size: int | tuple[int, int] | None = None,
    scale: tuple[float, float] = (0.08, 1.0),
    ratio: tuple[float, float] = (3 / 4, 4 / 3),
) -> tuple[Tensor, Any]:
    """Cut out a rectangle of any size and place, and resize it: near and far, and a little wider.

    Parameters
    ----------
    images, targets, generator
        As for :func:`random_horizontal_flip`.
    size
        Height and width of the result, or one number for both; by default those of ``images``.
    scale
        The least and the greatest share of the picture's area, above 0 and at most 1.
    ratio
        The least and the greatest width over height, above 0; drawn evenly in the logarithm.

    Returns
    -------
    images, targets
        The rectangles, resized as by :func:`resize`, and their targets. A rectangle that would be
        too high or too wide for the picture is cut short, where torchvision's
        ``RandomResizedCrop`` draws again.

    Raises
    ------
    TypeError, ValueError
        As :func:`random_horizontal_flip`, or if a size or a range is none.

    References
    ----------
    Szegedy et al., "Going deeper with convolutions", CVPR 2015, section 6.

    Examples
    --------
    >>> images, labels = torch.rand(2, 3, 32, 32), torch.arange(2)
    >>> cut, _ = random_resized_crop(images, labels, torch.Generator().manual_seed(0), size=16)
    >>> cut.shape
    torch.Size([2, 3, 16, 16])
    """
    share, shape, down, right = draw(images, generator, 4)
    least, most = interval("scale", scale, 1e-6, 1.0)
    narrow, wide = interval("ratio", ratio, 1e-6, math.inf)
    new = pair("size", images.shape[2:] if size is None else size, least=1, both=True)
    height, width = images.shape[2:]
    area = height * width * (least + (most - least) * share)
    aspect = torch.exp(math.log(narrow) + (math.log(wide) - math.log(narrow)) * shape)
    high = (area / aspect).sqrt().round().clamp(1, height).long()
    across = (area * aspect).sqrt().round().clamp(1, width).long()
    corner = positions(torch.stack([down, right]), torch.stack([height - high, width - across]) + 1)
    return _cut_and_resized(images, targets, corner, torch.stack([high, across]), new)


def _cut_and_resized(
    images: Tensor, targets: Any, corner: Tensor, sides: Tensor, size: tuple[int, int]
) -> tuple[Tensor, Any]:
    """Cut a rectangle out of each picture, ``corner`` and ``sides`` (2, B), and resize it."""
    windows = [
        (slice(top, top + high), slice(left, left + wide))
        for top, left, high, wide in torch.cat([corner, sides]).T.tolist()
    ]

    def resized(some: Tensor, whose: Tensor, mode: str) -> Tensor:
        smooth = mode == "bilinear"
        how: dict[str, Any] = {"size": size, "mode": mode, "antialias": smooth}
        parts = [
            F.interpolate(each[None, :, rows, columns], **how)
            for each, (rows, columns) in zip(some, (windows[at] for at in whose), strict=True)
        ]
        return torch.cat(parts) if parts else some.new_zeros(0, some.shape[1], *size)

    def maps(some: Tensor, whose: Tensor) -> Tensor:
        return resized(some, whose, "nearest")

    def points(some: Tensor, at: int) -> Tensor:
        factor = some.new_tensor(size[::-1]) / sides[:, at].flip(0).to(some)
        return (some - corner[:, at].flip(0).to(some)) * factor

    everyone = torch.arange(len(images))
    changed = resized(images, everyone, "bilinear").clamp(0, 1)
    return changed, carried(targets, images, Motion(maps, points, *size))


def ten_crop(images: Tensor, size: int) -> Tensor:
    """Cut out the four corners and the middle of each picture, and mirror each of the five.

    Parameters
    ----------
    images
        ``(B, C, H, W)``.
    size
        The squares' side in pixels, at most the picture's shorter one.

    Returns
    -------
    Tensor
        ``(B, 10, C, size, size)``: upper left, upper right, lower left, lower right and middle of
        the picture, then of its mirror image. Torchvision's ``ten_crop`` cuts the same.

    Raises
    ------
    TypeError, ValueError
        If ``images`` is no batch of floating-point numbers, or ``size`` is no integer, below 1, or
        too large.

    References
    ----------
    Krizhevsky, Sutskever, Hinton, "ImageNet Classification with Deep Convolutional Neural
    Networks" (2012), section 4.1.

    Examples
    --------
    >>> picture = torch.arange(9.0).view(1, 1, 3, 3)
    >>> ten_crop(picture, size=1).flatten()
    tensor([0., 2., 6., 8., 4., 2., 0., 8., 6., 4.])
    """
    check_batch(images)
    size = _side(images, size)
    height, width = images.shape[2:]
    bottom, right = height - size, width - size
    middle = (round(bottom / 2), round(right / 2))
    corners = ((0, 0), (0, right), (bottom, 0), (bottom, right), middle)
    crops = [
        view[..., top : top + size, left : left + size]
        for view in (images, images.flip(3))
        for top, left in corners
    ]
    return torch.stack(crops, dim=1)


class TenCrop(nn.Module):
    """A network that looks at ten crops of each picture, and answers with their mean.

    Parameters
    ----------
    model
        A network from pictures ``(N, C, size, size)`` to one output (logit) a class.
    size
        The side of the pictures that it takes, in pixels.

    References
    ----------
    Krizhevsky, Sutskever, Hinton, "ImageNet Classification with Deep Convolutional Neural
    Networks" (2012), section 4.1.

    Examples
    --------
    >>> model = nn.Sequential(nn.Flatten(), nn.Linear(3 * 28 * 28, 10))
    >>> TenCrop(model, size=28)(torch.zeros(2, 3, 32, 32)).shape
    torch.Size([2, 10])
    """

    def __init__(self, model: nn.Module, size: int) -> None:
        super().__init__()
        self.model = model
        self.size = size

    def forward(self, x: Tensor) -> Tensor:
        """Average the probabilities of the ten crops.

        Parameters
        ----------
        x
            Pictures of shape (N, C, H, W), at least ``size`` pixels a side.

        Returns
        -------
        Tensor
            The logarithm of the mean probabilities, of shape (N, K), which serve as logits.
        """
        crops = ten_crop(x, self.size)
        outputs = self.model(crops.flatten(0, 1)).unflatten(0, crops.shape[:2])
        return outputs.log_softmax(2).logsumexp(1) - math.log(outputs.shape[1])


def _side(images: Tensor, size: int) -> int:
    size, shorter = integer("size", size, least=1), min(images.shape[2:])
    if size > shorter:
        raise ValueError(f"size is {size}; expected at most {shorter}, the shorter side of images")
    return size
