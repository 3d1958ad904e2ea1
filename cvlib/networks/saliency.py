"""Saliency: how much a class's score changes with each pixel."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Generator, Tensor, nn

from cvlib.arguments import integer, number
from cvlib.networks.inside import check_gradient, check_ready, class_scores

__all__ = ["saliency"]


def saliency(
    model: nn.Module,
    images: Tensor,
    classes: int | Sequence[int] | Tensor | None = None,
    *,
    noise: float = 0.0,
    samples: int = 1,
    generator: Generator | None = None,
) -> Tensor:
    r"""Take the gradient of a class's score with respect to the pixels, and its size.

    At each pixel it is :math:`\max_c |\partial y / \partial x_c|` over the channels :math:`c`. With
    noise, the gradients of many noisy copies are averaged first: SmoothGrad.

    Parameters
    ----------
    model
        The network, in evaluation mode; gives (N, K), the highest wins.
    images
        Pictures (N, C, H, W), floating-point numbers.
    classes
        A class for all pictures, or one for each; by default the one that the network chooses for
        the picture as it is.
    noise
        Standard deviation of the noise, in units of the pixels.
    samples
        How many noisy copies to average over.
    generator
        Where the noise comes from, on the CPU; seed 0 by default.

    Returns
    -------
    Tensor
        (N, H, W), 0 or more, in units of the score per unit of a pixel.

    Raises
    ------
    TypeError, ValueError
        If an argument does not fit, or the outputs do not depend on the pixels.

    References
    ----------
    Simonyan, Vedaldi and Zisserman, "Deep inside convolutional networks" (2014), section 3.1;
    Smilkov et al., "SmoothGrad: removing noise by adding noise" (2017).

    Examples
    --------
    >>> model = nn.Sequential(nn.Flatten(), nn.Linear(4, 1, bias=False)).eval()
    >>> _ = model[1].weight.data.copy_(torch.tensor([[2.0, 0.0, 0.0, -1.0]]))
    >>> saliency(model, torch.ones(1, 1, 1, 4))
    tensor([[[2., 0., 0., 1.]]])
    """
    check_ready(model, images)
    noise, samples = number("noise", noise), integer("samples", samples, least=1)
    generator = generator or Generator().manual_seed(0)
    if classes is None:
        with torch.no_grad():
            outputs = model(images)
        class_scores(outputs, None)  # refuses what has no classes
        classes = outputs.argmax(1)
    total = torch.zeros_like(images)
    for _ in range(samples):
        x = images
        if noise:
            x = x + noise * torch.randn(images.shape, generator=generator).to(images)
        total += _slope(model, x, classes)
    return (total / samples).abs().amax(1)


def _slope(model: nn.Module, images: Tensor, classes: int | Sequence[int] | Tensor) -> Tensor:
    """Return the gradient of each picture's score with respect to its pixels."""
    with torch.inference_mode(False), torch.enable_grad():
        x = images.detach().clone().requires_grad_()
        scores = class_scores(model(x), classes)
        check_gradient("outputs", scores)
        (slope,) = torch.autograd.grad(scores.sum(), x, allow_unused=True)
    if slope is None:
        raise ValueError("model gives outputs that do not depend on the images")
    return slope
