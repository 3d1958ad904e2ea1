"""What all augmentations share: batches that are checked, and random numbers for their pictures.

All are drawn on the CPU: streams of random numbers differ from one kind of device to the other.
"""

from __future__ import annotations

import torch
from torch import Generator, Tensor

from cvlib.arguments import check_numbers, number

__all__ = ["centres", "check_batch", "draw", "draw_normal", "interval", "per_picture", "positions"]

Number = float | Tensor


def check_batch(images: Tensor, name: str = "images") -> None:
    """Refuse what is not a batch of pictures with floating-point numbers.

    Parameters
    ----------
    images
        What came.
    name
        The argument's name in the message.

    Raises
    ------
    TypeError, ValueError
        If it is another kind of tensor, or has another shape.

    Examples
    --------
    >>> check_batch(torch.zeros(3, 8, 8))
    Traceback (most recent call last):
    ValueError: images has shape (3, 8, 8); expected (B, C, H, W)
    """
    check_numbers(images, name=name)
    if images.ndim != 4:
        raise ValueError(f"{name} has shape {tuple(images.shape)}; expected (B, C, H, W)")


def per_picture(
    name: str, value: Number, images: Tensor, dtype: torch.dtype | None = None
) -> Tensor:
    """Read a number for each picture, in a shape that goes with pictures.

    Parameters
    ----------
    name
        The argument's name in the message.
    value
        One number for all pictures, or ``(B,)``.
    images
        ``(B, C, H, W)``, for their number and device.
    dtype
        That of the result; that of ``images`` by default.

    Returns
    -------
    Tensor
        ``(B, 1, 1, 1)``, on the device of ``images``.

    Raises
    ------
    ValueError
        If it is neither one number nor one for each picture.

    Examples
    --------
    >>> per_picture("factor", 0.5, torch.zeros(2, 1, 8, 8)).shape
    torch.Size([2, 1, 1, 1])
    """
    each = torch.as_tensor(value)
    if each.ndim and each.shape != images.shape[:1]:
        shape, expected = tuple(each.shape), len(images)
        raise ValueError(f"{name} has shape {shape}; expected one number, or ({expected},)")
    return each.to(images.device, dtype or images.dtype).expand(len(images)).view(-1, 1, 1, 1)


def draw(images: Tensor, generator: Generator, count: int) -> Tensor:
    """Draw so many numbers for each picture, evenly from 0 to 1.

    Parameters
    ----------
    images
        ``(B, C, H, W)``.
    generator
        Where chance comes from, on the CPU.
    count
        How many numbers a picture needs.

    Returns
    -------
    Tensor
        ``(count, B)``, on the CPU, 0 included and 1 not.

    Raises
    ------
    TypeError
        If ``images`` holds no floating-point numbers, or ``generator`` is none.
    ValueError
        If ``images`` has another shape, or ``generator`` is not on the CPU.

    Examples
    --------
    >>> draw(torch.zeros(3, 1, 8, 8), torch.Generator().manual_seed(0), 1)
    tensor([[0.4963, 0.7682, 0.0885]])
    """
    _check(images, generator)
    return torch.rand(count, len(images), generator=generator)


def draw_normal(images: Tensor, generator: Generator, count: int) -> Tensor:
    """Draw so many numbers for each picture from the normal distribution of mean 0 and variance 1.

    Parameters
    ----------
    images, generator, count
        As for :func:`draw`.

    Returns
    -------
    Tensor
        ``(count, B)``, on the CPU.

    Raises
    ------
    TypeError, ValueError
        As :func:`draw`.

    Examples
    --------
    >>> draw_normal(torch.zeros(3, 1, 8, 8), torch.Generator().manual_seed(0), 1)
    tensor([[ 1.5410, -0.2934, -2.1788]])
    """
    _check(images, generator)
    return torch.randn(count, len(images), generator=generator)


def _check(images: Tensor, generator: Generator) -> None:
    check_batch(images)
    if not isinstance(generator, Generator):
        raise TypeError(f"generator is a {type(generator).__name__}; expected a torch.Generator")
    if generator.device.type != "cpu":
        raise ValueError(f"generator is on {generator.device}; expected one on the CPU")


def positions(chance: Tensor, count: Tensor) -> Tensor:
    """Turn even numbers into positions, all equally likely.

    Parameters
    ----------
    chance
        Numbers from 0 to 1, 1 not included.
    count
        How many positions there are, at least 1; one number, or one for each.

    Returns
    -------
    Tensor
        Whole numbers from 0 to ``count`` - 1, ``int64``.

    Examples
    --------
    >>> positions(torch.tensor([0.0, 0.5, 0.99]), torch.tensor(4))
    tensor([0, 2, 3])
    """
    return torch.minimum((chance * count).long(), count.long() - 1)  # rounding may reach count


def centres(images: Tensor, generator: Generator) -> Tensor:
    """Draw a pixel of each picture.

    Parameters
    ----------
    images, generator
        As for :func:`draw`.

    Returns
    -------
    Tensor
        Rows and columns, ``(2, B)``, ``int64``, on the CPU.

    Raises
    ------
    TypeError, ValueError
        As :func:`draw`.

    Examples
    --------
    >>> centres(torch.zeros(3, 1, 8, 4), torch.Generator().manual_seed(0))
    tensor([[3, 6, 0],
            [0, 1, 2]])
    """
    return positions(draw(images, generator, 2), torch.tensor(images.shape[2:]).view(2, 1))


def interval(name: str, value: tuple[float, float], low: float, high: float) -> tuple[float, float]:
    """Read a pair of numbers, the lower one first.

    Parameters
    ----------
    name
        The argument's name in the message.
    value
        What came.
    low, high
        The least and the greatest number allowed.

    Returns
    -------
    tuple of float
        The two numbers.

    Raises
    ------
    TypeError
        If it is no pair of numbers.
    ValueError
        If a number lies outside, or they are the wrong way round.

    Examples
    --------
    >>> interval("scale", (1.1, 0.9), 0, 2)
    Traceback (most recent call last):
    ValueError: scale is (1.1, 0.9); expected the lower number first
    """
    try:
        first, second = value
    except (TypeError, ValueError):
        raise TypeError(f"{name} is {value!r}; expected a pair of numbers") from None
    pair = (
        number(name, first, least=low, most=high),
        number(name, second, least=low, most=high),
    )
    if pair[0] > pair[1]:
        raise ValueError(f"{name} is {value}; expected the lower number first")
    return pair
