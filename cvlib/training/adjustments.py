"""Change each picture of a batch in its own way: what augmentation does once the dice are cast.

Every function takes a batch ``(B, C, H, W)`` of numbers from 0 to 1 and, for each argument, one
number for all pictures or a tensor ``(B,)`` with a number for each. Names and results are those of
:mod:`torchvision.transforms.v2.functional`, which takes one number for the whole batch. The dice
are in :mod:`cvlib.training.augmentation`.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from cvlib.layers.arguments import check_numbers, integer

__all__ = [
    "adjust_brightness",
    "adjust_contrast",
    "adjust_saturation",
    "affine",
    "check_batch",
    "crop",
    "erase",
    "horizontal_flip",
    "rectangles",
]

Number = float | Tensor


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
    return torch.where(_each("flipped", chosen, images, torch.bool), images.flip(-1), images)


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
        corner.append(_each(name, number, images, torch.int64).flatten())
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
    check_batch(images)
    for name, factor in {"scale": scale, "squeeze": squeeze}.items():
        if torch.as_tensor(factor).le(0).any():
            raise ValueError(f"{name} is {factor}; expected above 0")
    named = {"angle": angle, "shear[0]": shear[0], "shear[1]": shear[1], "scale": scale}
    named |= {"squeeze": squeeze, "translate[0]": translate[0], "translate[1]": translate[1]}
    turn, along_x, along_y, size, wide, right, down = (
        _each(name, value, images).flatten() for name, value in named.items()
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
    return F.grid_sample(images, grid, align_corners=False).clamp_(0, 1)


def adjust_brightness(images: Tensor, factor: Number) -> Tensor:
    """Multiply by a factor, and cut off above 1.

    Parameters
    ----------
    images
        ``(B, C, H, W)``.
    factor
        0 gives black, 1 the picture: one or ``(B,)``.

    Returns
    -------
    Tensor
        As ``images``.

    Raises
    ------
    TypeError
        If ``images`` holds no floating-point numbers.
    ValueError
        If a shape does not fit, or a factor is negative.

    Examples
    --------
    >>> adjust_brightness(torch.full((2, 1, 1, 1), 0.4), torch.tensor([0.5, 3.0])).flatten()
    tensor([0.2000, 1.0000])
    """
    check_batch(images)
    return (images * _factor(factor, images)).clamp_(0, 1)


def adjust_contrast(images: Tensor, factor: Number) -> Tensor:
    """Move pixels away from, or towards, the picture's mean grey.

    Parameters
    ----------
    images
        ``(B, C, H, W)``, with 1 or 3 channels.
    factor
        0 gives the mean grey, 1 the picture, more a starker one: one or ``(B,)``.

    Returns
    -------
    Tensor
        As ``images``.

    Raises
    ------
    TypeError, ValueError
        As :func:`adjust_brightness`, or if there are neither 1 nor 3 channels.

    Examples
    --------
    >>> images = torch.tensor([0.2, 0.6]).expand(2, 1, 1, 2)
    >>> adjust_contrast(images, torch.tensor([0.5, 2.0])).flatten(1)
    tensor([[0.3000, 0.5000],
            [0.0000, 0.8000]])
    """
    check_batch(images)
    return _blend(_grey(images.mean((2, 3), keepdim=True)), images, factor)


def adjust_saturation(images: Tensor, factor: Number) -> Tensor:
    """Move the colours of pixels away from, or towards, the grey of the same brightness.

    Parameters
    ----------
    images
        ``(B, C, H, W)``, with 1 or 3 channels.
    factor
        0 gives the grey picture, 1 the picture, more a gaudier one: one or ``(B,)``.

    Returns
    -------
    Tensor
        As ``images``; the same pictures if they are grey.

    Raises
    ------
    TypeError, ValueError
        As :func:`adjust_brightness`, or if there are neither 1 nor 3 channels.

    Examples
    --------
    >>> red = torch.tensor([1.0, 0.0, 0.0]).view(1, 3, 1, 1)
    >>> adjust_saturation(red, 0.0).flatten()
    tensor([0.2989, 0.2989, 0.2989])
    """
    check_batch(images)
    return _blend(_grey(images), images, factor)


def erase(
    images: Tensor, top: Number, left: Number, height: Number, width: Number, value: float = 0.0
) -> Tensor:
    """Paint a rectangle over each picture.

    Parameters
    ----------
    images
        ``(B, C, H, W)``.
    top, left, height, width
        As for :func:`rectangles`.
    value
        What is painted, from 0 to 1.

    Returns
    -------
    Tensor
        As ``images``.

    Raises
    ------
    TypeError, ValueError
        As :func:`rectangles`.

    Examples
    --------
    >>> erase(torch.ones(2, 1, 1, 3), 0, torch.tensor([0, 1]), 1, 2).flatten(1)
    tensor([[0., 0., 1.],
            [1., 0., 0.]])
    """
    inside = rectangles(images, top, left, height, width)
    return images.masked_fill(inside, value)


def rectangles(images: Tensor, top: Number, left: Number, height: Number, width: Number) -> Tensor:
    """Tell which pixels lie in each picture's rectangle.

    Parameters
    ----------
    images
        ``(B, C, H, W)``, for their size and device.
    top, left
        The rectangle's first row and column, whole numbers, below 0 where it sticks out: one or
        ``(B,)``.
    height, width
        Its rows and columns, whole numbers: one or ``(B,)``.

    Returns
    -------
    Tensor
        ``bool``, ``(B, 1, H, W)``.

    Raises
    ------
    TypeError
        If ``images`` holds no floating-point numbers.
    ValueError
        If a shape does not fit.

    Examples
    --------
    >>> rectangles(torch.zeros(1, 1, 2, 3), top=1, left=-1, height=1, width=2).long()
    tensor([[[[0, 0, 0],
              [1, 0, 0]]]])
    """
    check_batch(images)
    inside = []
    named = (("top", top, "height", height, -2), ("left", left, "width", width, -1))
    for first, start, extent, size, axis in named:
        begin = _each(first, start, images, torch.int64)
        end = begin + _each(extent, size, images, torch.int64)
        position = torch.arange(images.shape[axis], device=images.device)
        position = position.view(-1, 1) if axis == -2 else position
        inside.append((position >= begin) & (position < end))
    return inside[0] & inside[1]


def check_batch(images: Tensor) -> None:
    """Refuse what is not a batch of pictures with floating-point numbers.

    Parameters
    ----------
    images
        What came.

    Raises
    ------
    TypeError, ValueError
        If it is another kind of tensor, or has another shape.
    """
    try:
        check_numbers(images)
    except TypeError as error:
        raise TypeError(f"images{str(error).removeprefix('x')}") from None
    if images.ndim != 4:
        raise ValueError(f"images has shape {tuple(images.shape)}; expected (B, C, H, W)")


def _each(name: str, value: Number, images: Tensor, dtype: torch.dtype | None = None) -> Tensor:
    """Read a number for each picture, in a shape that goes with pictures: (B, 1, 1, 1)."""
    number = torch.as_tensor(value)
    if number.ndim and number.shape != images.shape[:1]:
        shape, expected = tuple(number.shape), len(images)
        raise ValueError(f"{name} has shape {shape}; expected one number, or ({expected},)")
    return number.to(images.device, dtype or images.dtype).expand(len(images)).view(-1, 1, 1, 1)


def _factor(factor: Number, images: Tensor) -> Tensor:
    if torch.as_tensor(factor).lt(0).any():
        raise ValueError(f"factor is {factor}; expected at least 0")
    return _each("factor", factor, images)


def _grey(images: Tensor) -> Tensor:
    """Weigh the channels by how bright the eye finds them, as ITU-R BT.601 does."""
    if images.shape[1] == 1:
        return images
    if images.shape[1] != 3:
        raise ValueError(f"images has {images.shape[1]} channels; expected 1 or 3")
    red, green, blue = images.split(1, dim=1)
    return 0.2989 * red + 0.587 * green + 0.114 * blue


def _blend(other: Tensor, images: Tensor, factor: Number) -> Tensor:
    return torch.lerp(other, images, _factor(factor, images)).clamp_(0, 1)
