"""Change the values of pixels: brightness, contrast, saturation, and light as AlexNet did.

Each picture of a batch is changed in its own way, all of its pixels alike. What is told has the
names and results of :mod:`torchvision.transforms.v2.functional`, and takes one number for all
pictures or one for each. Five of these functions are there for :func:`~.trivial_augment`, which
draws from them: :func:`adjust_sharpness`, :func:`posterize`, :func:`solarize`,
:func:`autocontrast` and :func:`equalize`.

The colours of photographs vary together: where there is more light, there is more of red, green and
blue. Principal component analysis (PCA) finds these directions, and :func:`pca_color` moves each
picture along them by chance.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from cvlib.arguments import check_tensors, number
from cvlib.augmentation.draws import Number, check_batch, draw, draw_normal, per_picture

__all__ = [
    "adjust_brightness",
    "adjust_contrast",
    "adjust_saturation",
    "adjust_sharpness",
    "autocontrast",
    "color_jitter",
    "equalize",
    "pca_color",
    "posterize",
    "principal_colors",
    "solarize",
]


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


def adjust_sharpness(images: Tensor, factor: Number) -> Tensor:
    """Move pixels away from, or towards, a blurred picture; the border stays.

    Parameters
    ----------
    images
        ``(B, C, H, W)``. Pictures of fewer than three rows or columns stay.
    factor
        0 gives the blurred picture, 1 the picture, more a sharper one: one or ``(B,)``.

    Returns
    -------
    Tensor
        As ``images``.

    Raises
    ------
    TypeError, ValueError
        As :func:`adjust_brightness`.

    Examples
    --------
    >>> dot = torch.zeros(1, 1, 3, 3)
    >>> dot[0, 0, 1, 1] = 0.5
    >>> adjust_sharpness(dot.expand(2, 1, 3, 3), torch.tensor([0.0, 2.0]))[:, 0, 1, 1]
    tensor([0.1923, 0.8077])
    """
    check_batch(images)
    strength = _factor(factor, images)
    if min(images.shape[2:]) < 3:
        return images.clone()
    kernel = images.new_ones(3, 3)
    kernel[1, 1] = 5
    channels = images.shape[1]
    blurred = F.conv2d(images, (kernel / 13).expand(channels, 1, 3, 3), groups=channels)
    sharper = images.clone()
    inner = sharper[..., 1:-1, 1:-1]
    inner.copy_(torch.lerp(blurred, inner, strength).clamp_(0, 1))
    return sharper


def posterize(images: Tensor, bits: Number) -> Tensor:
    """Keep so many bits of each value: from black upwards, 2 to the power of ``bits`` levels.

    Parameters
    ----------
    images
        ``(B, C, H, W)``.
    bits
        Whole numbers from 0 to 8: one or ``(B,)``.

    Returns
    -------
    Tensor
        As ``images``.

    Raises
    ------
    TypeError
        If ``images`` holds no floating-point numbers.
    ValueError
        If a shape does not fit, or ``bits`` are others.

    Examples
    --------
    >>> images = torch.tensor([0.1, 0.4, 0.6, 1.0]).expand(2, 1, 1, 4)
    >>> posterize(images, torch.tensor([1, 2])).flatten(1)
    tensor([[0.0000, 0.0000, 0.5000, 0.5000],
            [0.0000, 0.2500, 0.5000, 0.7500]])
    """
    check_batch(images)
    kept = torch.as_tensor(bits)
    if (kept < 0).any() or (kept > 8).any() or (kept != kept.round()).any():
        raise ValueError(f"bits is {bits}; expected whole numbers from 0 to 8")
    levels = torch.exp2(per_picture("bits", kept, images))
    return torch.minimum((images * levels).floor_(), levels - 1).clamp_(min=0) / levels


def solarize(images: Tensor, threshold: Number) -> Tensor:
    """Turn values that are not below a threshold into their negative, as too much light once did.

    Parameters
    ----------
    images
        ``(B, C, H, W)``.
    threshold
        From 0, which gives the negative, to 1, which changes white alone: one or ``(B,)``.

    Returns
    -------
    Tensor
        As ``images``.

    Raises
    ------
    TypeError
        If ``images`` holds no floating-point numbers.
    ValueError
        If a shape does not fit, or a threshold is above 1.

    Examples
    --------
    >>> images = torch.tensor([0.25, 0.75]).expand(2, 1, 1, 2)
    >>> solarize(images, torch.tensor([0.0, 0.5])).flatten(1)
    tensor([[0.7500, 0.2500],
            [0.2500, 0.2500]])
    """
    check_batch(images)
    if torch.as_tensor(threshold).gt(1).any():
        raise ValueError(f"threshold is {threshold}; expected at most 1")
    return torch.where(images >= per_picture("threshold", threshold, images), 1 - images, images)


def autocontrast(images: Tensor) -> Tensor:
    """Stretch the values of each channel so that they reach from 0 to 1.

    Parameters
    ----------
    images
        ``(B, C, H, W)``. A channel of one value stays.

    Returns
    -------
    Tensor
        As ``images``.

    Raises
    ------
    TypeError, ValueError
        If ``images`` is no batch of floating-point numbers.

    Examples
    --------
    >>> autocontrast(torch.tensor([0.25, 0.5, 0.75]).view(1, 1, 1, 3)).flatten()
    tensor([0.0000, 0.5000, 1.0000])
    """
    check_batch(images)
    low, high = images.amin((2, 3), keepdim=True), images.amax((2, 3), keepdim=True)
    stretched = (images - low) / torch.where(high > low, high - low, 1)
    return torch.where(high > low, stretched.clamp_(0, 1), images)


def equalize(images: Tensor) -> Tensor:
    """Give each channel a histogram that is as even as can be, in 256 levels.

    Parameters
    ----------
    images
        ``(B, C, H, W)``. A channel keeps its levels where fewer than 255 pixels are not its
        brightest.

    Returns
    -------
    Tensor
        As ``images``.

    Raises
    ------
    TypeError, ValueError
        If ``images`` is no batch of floating-point numbers.

    Examples
    --------
    >>> dark = torch.linspace(0, 0.25, 16384).view(1, 1, 128, 128)
    >>> equalize(dark).mean()
    tensor(0.5019)
    """
    check_batch(images)
    levels = (images * 255.999).to(torch.uint8).flatten(2).long()  # as torchvision rounds
    counts = levels.new_zeros(*levels.shape[:2], 256)
    counts.scatter_add_(2, levels, torch.ones_like(levels))
    brightest = levels.amax(2, keepdim=True)
    step = (levels.shape[2] - counts.gather(2, brightest)) // 255
    below = counts.cumsum(2) - counts
    # Pillow's rule: as many pixels below, in steps that make 255 of all but the brightest.
    table = ((below + step // 2) // step.clamp(min=1)).clamp(0, 255)
    even = torch.where(step > 0, table.gather(2, levels), levels)
    return even.view_as(images).to(images.dtype) / 255


def color_jitter(
    images: Tensor,
    targets: Tensor,
    generator: Generator,
    brightness: float = 0.2,
    contrast: float = 0.2,
    saturation: float = 0.2,
) -> tuple[Tensor, Tensor]:
    """Change brightness, contrast and saturation, in this order.

    Parameters
    ----------
    images, targets, generator
        As for :func:`~cvlib.augmentation.geometry.random_horizontal_flip`; 1 or 3 channels.
    brightness, contrast, saturation
        How far the factor strays from 1, each way; it does not fall below 0.

    Returns
    -------
    images, targets : Tensor
        The pictures, each coloured anew, and their targets.

    Raises
    ------
    TypeError, ValueError
        As :func:`~cvlib.augmentation.geometry.random_horizontal_flip`, or if a strength is
        negative.

    Examples
    --------
    >>> images, labels = torch.full((3, 1, 2, 2), 0.5), torch.arange(3)
    >>> lit, _ = color_jitter(images, labels, torch.Generator().manual_seed(0), brightness=0.4)
    >>> lit[:, 0, 0, 0]
    tensor([0.4985, 0.6073, 0.3354])
    """
    steps = (
        ("brightness", brightness, adjust_brightness),
        ("contrast", contrast, adjust_contrast),
        ("saturation", saturation, adjust_saturation),
    )
    for (name, strength, adjust), chance in zip(steps, draw(images, generator, 3), strict=True):
        high = 1 + number(name, strength)
        low = max(0.0, 2 - high)
        if strength:
            images = adjust(images, low + (high - low) * chance)
    return images, targets


def principal_colors(images: Tensor) -> tuple[Tensor, Tensor]:
    """Find the directions in which the colours of pictures vary, the most important one first.

    Parameters
    ----------
    images
        ``(N, 3, H, W)``, ``uint8`` from 0 to 255 or floating-point numbers from 0 to 1.

    Returns
    -------
    values : Tensor
        ``(3,)``, ``float32``: the variance of all pixels along each direction, where colours go
        from 0 to 1. They are the eigenvalues of the covariance matrix of red, green and blue.
    vectors : Tensor
        ``(3, 3)``, ``float32``: a direction a column, of length 1. Of two opposite ones it is that
        whose largest part is positive.

    Raises
    ------
    TypeError
        If ``images`` is no tensor of one of these kinds.
    ValueError
        If ``images`` has another shape, or holds no pixel.

    References
    ----------
    Krizhevsky, Sutskever, Hinton, "ImageNet Classification with Deep Convolutional Neural
    Networks" (2012), section 4.1.

    Examples
    --------
    >>> grey = torch.tensor([0.0, 1.0]).expand(1, 3, 1, 2)
    >>> values, vectors = principal_colors(grey)
    >>> values, vectors[:, 0]
    (tensor([0.7500, 0.0000, 0.0000]), tensor([0.5774, 0.5774, 0.5774]))
    """
    check_tensors(images=images)
    check_batch(images[:0].float() if images.dtype == torch.uint8 else images)
    if images.shape[1] != 3 or not images.numel():
        shape = tuple(images.shape)
        raise ValueError(f"images has shape {shape}; expected (N, 3, H, W), none of them 0")
    scale = 255 if images.dtype == torch.uint8 else 1
    pixels = images.numel() / 3
    sums = torch.zeros(3, dtype=torch.float64, device=images.device)
    products = torch.zeros(3, 3, dtype=torch.float64, device=images.device)
    for part in images.split(1000):  # a thousand pictures at a time, to save memory
        colors = part.movedim(1, 0).flatten(1).double() / scale
        sums += colors.sum(1)
        products += colors @ colors.T
    mean = sums / pixels
    values, vectors = torch.linalg.eigh(products / pixels - mean.outer(mean))
    values, vectors = values.flip(0).clamp(min=0), vectors.flip(1)  # largest first
    largest = vectors.gather(0, vectors.abs().argmax(0, keepdim=True))
    return values.float(), (vectors * largest.sign()).float()


def pca_color(
    images: Tensor,
    targets: Tensor,
    generator: Generator,
    values: Tensor,
    vectors: Tensor,
    std: float = 0.1,
) -> tuple[Tensor, Tensor]:
    r"""Add to all pixels of a picture the same random mixture of the principal colours.

    With the eigenvectors :math:`p_i`, their eigenvalues :math:`\lambda_i` and normal random
    numbers :math:`\alpha_i`, drawn once for each picture, it adds
    :math:`\sum_i \alpha_i \lambda_i\, p_i`.

    Parameters
    ----------
    images, targets, generator
        As for :func:`~cvlib.augmentation.geometry.random_horizontal_flip`; 3 channels.
    values, vectors
        What :func:`principal_colors` has found in the training pictures.
    std
        The standard deviation of :math:`\alpha_i`.

    Returns
    -------
    images, targets : Tensor
        The pictures, each in another light and kept between 0 and 1, and their targets.

    Raises
    ------
    TypeError, ValueError
        As :func:`~cvlib.augmentation.geometry.random_horizontal_flip`, or if there are not 3
        channels, ``values`` or ``vectors`` do not fit, or ``std`` is negative.

    References
    ----------
    Krizhevsky, Sutskever, Hinton, "ImageNet Classification with Deep Convolutional Neural
    Networks" (2012), section 4.1. An eigenvalue is a variance, whose size goes with the square of
    the unit of colour. The paper does not give its unit; here it is the full range, so that
    colours go from 0 to 1.

    Examples
    --------
    >>> images, labels = torch.full((2, 3, 8, 8), 0.5), torch.arange(2)
    >>> values, vectors = torch.tensor([0.2, 0.02, 0.01]), torch.eye(3)
    >>> generator = torch.Generator().manual_seed(0)
    >>> lit, _ = pca_color(images, labels, generator, values, vectors)
    >>> lit[:, :, 0, 0]
    tensor([[0.5308, 0.4956, 0.4989],
            [0.4941, 0.5011, 0.4986]])
    """
    chance = draw_normal(images, generator, 3)
    if images.shape[1] != 3:
        raise ValueError(f"images has {images.shape[1]} channels; expected 3")
    for name, tensor, shape in (("values", values, (3,)), ("vectors", vectors, (3, 3))):
        check_tensors(**{name: tensor})
        if tensor.shape != shape:
            raise ValueError(f"{name} has shape {tuple(tensor.shape)}; expected {shape}")
    amounts = number("std", std) * chance * values.cpu().view(3, 1)
    shifts = (vectors.cpu() @ amounts).T.to(images)
    return (images + shifts[..., None, None]).clamp(0, 1), targets


def _factor(factor: Number, images: Tensor) -> Tensor:
    if torch.as_tensor(factor).lt(0).any():
        raise ValueError(f"factor is {factor}; expected at least 0")
    return per_picture("factor", factor, images)


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
