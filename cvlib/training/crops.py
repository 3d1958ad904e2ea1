"""Patches of pictures: a random one to learn from, and ten whose answers are averaged in testing.

A network may take smaller pictures than the set has. AlexNet saw 224 × 224 of 256 × 256 pixels.
"""

from __future__ import annotations

import math

import torch
from torch import Generator, Tensor, nn

from cvlib.layers.arguments import integer
from cvlib.training.adjustments import check_batch
from cvlib.training.chance import draw, positions

__all__ = ["TenCrop", "random_patch", "ten_crop"]


def random_patch(
    images: Tensor, targets: Tensor, generator: Generator, size: int
) -> tuple[Tensor, Tensor]:
    """Cut a square out of each picture, wherever it fits.

    Parameters
    ----------
    images, targets, generator
        As for :func:`~cvlib.training.augmentation.random_horizontal_flip`.
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
        As :func:`~cvlib.training.augmentation.random_horizontal_flip`, or if ``size`` is no
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
    windows = images.unfold(2, size, 1).unfold(3, size, 1)  # a view: no pixel is copied
    return windows[torch.arange(count, device=images.device), :, top, left], targets


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
