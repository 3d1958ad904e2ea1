"""Augmentation by mixture: pictures made of two, with targets that say how much of each."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from scipy.special import betaincinv
from torch import Generator, Tensor

from cvlib.arguments import integer
from cvlib.augmentation.draws import centres, draw
from cvlib.augmentation.erasing import rectangles

__all__ = ["cutmix", "mixup"]


def mixup(
    images: Tensor,
    targets: Tensor,
    generator: Generator,
    alpha: float = 1.0,
    num_classes: int | None = None,
) -> tuple[Tensor, Tensor]:
    """Lay another picture of the batch over each picture, and mix their targets alike.

    Parameters
    ----------
    images, generator
        As for :func:`~cvlib.augmentation.geometry.random_horizontal_flip`.
    targets
        Labels ``(B,)`` or class probabilities ``(B, K)``.
    alpha
        The share of a picture is drawn from the distribution Beta(alpha, alpha): 1 draws evenly,
        less rather takes one picture or the other, more rather takes half of both.
    num_classes
        How many classes there are; needed for labels.

    Returns
    -------
    images, targets : Tensor
        The mixtures, and their class probabilities ``(B, K)``.

    Raises
    ------
    TypeError, ValueError
        As :func:`~cvlib.augmentation.geometry.random_horizontal_flip`, or if ``alpha`` is not
        above 0, or ``num_classes`` is missing or too small.

    References
    ----------
    Zhang, Cisse, Dauphin and Lopez-Paz, "mixup: beyond empirical risk minimization" (2018),
    section 2. There a batch shares one draw; here each picture has its own.

    Examples
    --------
    >>> images, labels = torch.tensor([0.0, 1.0]).view(2, 1, 1, 1), torch.tensor([0, 1])
    >>> mixed, mixture = mixup(images, labels, torch.Generator().manual_seed(0), num_classes=2)
    >>> mixed.flatten(), mixture[:, 1]
    (tensor([0.5037, 0.7682]), tensor([0.5037, 0.7682]))
    """
    share, partner = _shares(images, generator, alpha)
    classes = _probabilities(images, targets, num_classes)
    mixed = torch.lerp(images[partner], images, share.view(-1, 1, 1, 1))
    return mixed, torch.lerp(classes[partner], classes, share.view(-1, 1))


def cutmix(
    images: Tensor,
    targets: Tensor,
    generator: Generator,
    alpha: float = 1.0,
    num_classes: int | None = None,
) -> tuple[Tensor, Tensor]:
    """Paste a rectangle of another picture of the batch into each picture.

    Parameters
    ----------
    images, targets, generator, num_classes
        As for :func:`mixup`.
    alpha
        The share of a picture that should stay is drawn from Beta(alpha, alpha). The rectangle has
        the picture's proportions and is centred on any pixel, so that it may stick out.

    Returns
    -------
    images, targets : Tensor
        The mixtures, and their class probabilities ``(B, K)``, by the area that each picture has.

    Raises
    ------
    TypeError, ValueError
        As :func:`mixup`.

    References
    ----------
    Yun et al., "CutMix: regularization strategy to train strong classifiers with localizable
    features" (2019), section 3.1. There a batch shares one draw; here each picture has its own.

    Examples
    --------
    >>> images = torch.tensor([0.0, 1.0]).view(2, 1, 1, 1).expand(2, 1, 8, 8)
    >>> generator = torch.Generator().manual_seed(0)
    >>> mixed, mixture = cutmix(images, torch.tensor([0, 1]), generator, num_classes=2)
    >>> bool((mixed.mean((1, 2, 3)) == mixture[:, 1]).all())
    True
    """
    share, partner = _shares(images, generator, alpha)
    classes = _probabilities(images, targets, num_classes)
    side = (1 - share.cpu()).sqrt()
    height, width = ((side * size).round() for size in images.shape[2:])
    row, column = centres(images, generator)
    pasted = rectangles(images, row - height // 2, column - width // 2, height, width)
    kept = 1 - pasted.mean((2, 3), dtype=images.dtype)
    mixed = torch.where(pasted, images[partner], images)
    return mixed, torch.lerp(classes[partner], classes, kept)


def _shares(images: Tensor, generator: Generator, alpha: float) -> tuple[Tensor, Tensor]:
    """Draw for each picture how much of it stays, and which picture gives the rest."""
    if not 0 < alpha < float("inf"):
        raise ValueError(f"alpha is {alpha}; expected a number above 0")
    (chance,) = draw(images, generator, 1)
    # torch's Beta takes no generator. This is the inverse of its distribution function.
    share = torch.from_numpy(betaincinv(alpha, alpha, chance.double().numpy()))
    partner = torch.randperm(len(images), generator=generator)
    return share.to(images.device, images.dtype), partner.to(images.device)


def _probabilities(images: Tensor, targets: Tensor, num_classes: int | None) -> Tensor:
    """Turn labels into class probabilities; leave probabilities as they are."""
    if len(targets) != len(images) or targets.ndim not in (1, 2):
        shape, count = tuple(targets.shape), len(images)
        raise ValueError(f"targets has shape {shape}; expected ({count},) or ({count}, classes)")
    if targets.ndim == 2:
        return targets.to(images.dtype)
    if num_classes is None:
        raise ValueError("num_classes is None; expected how many classes the labels are from")
    least = int(targets.max()) + 1 if len(targets) else 1
    return F.one_hot(targets, integer("num_classes", num_classes, least)).to(images.dtype)
