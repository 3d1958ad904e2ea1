"""Grad-CAM: where in a picture a layer finds what speaks for a class."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from cvlib.layers.pooling import interpolate
from cvlib.networks.inside import check_ready, class_scores, recording

__all__ = ["grad_cam"]


def grad_cam(
    model: nn.Module,
    layer: str,
    images: Tensor,
    classes: int | Sequence[int] | Tensor | None = None,
    *,
    upsample: bool = True,
) -> Tensor:
    r"""Weight the maps of a layer by what they do for a class, add them up, keep what is positive.

    With the maps :math:`A^k` of the layer and the class's score :math:`y`, the map is
    :math:`\operatorname{ReLU}(\sum_k \alpha_k A^k)`, where :math:`\alpha_k` is the mean of
    :math:`\partial y / \partial A^k` over all places.

    Parameters
    ----------
    model
        The network, in evaluation mode; gives (N, K), the highest wins.
    layer
        The name of a module with feature maps, as in ``model.named_modules()``; usually the last
        one that still has places.
    images
        Pictures (N, C, H, W), floating-point numbers.
    classes
        A class for all pictures, or one for each; the one that the network chooses by default.
    upsample
        Whether to enlarge the maps to the pictures' size, bilinearly.

    Returns
    -------
    Tensor
        (N, H, W), or (N, height, width) of the layer's maps; 0 or more, in units of the score.

    Raises
    ------
    TypeError, ValueError
        If an argument does not fit, the layer has no maps, or the outputs do not depend on it.

    References
    ----------
    Selvaraju et al., "Grad-CAM: visual explanations from deep networks via gradient-based
    localization" (2017), section 3.

    Examples
    --------
    >>> model = nn.Sequential(nn.Conv2d(1, 2, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten()).eval()
    >>> grad_cam(model, "0", torch.rand(3, 1, 8, 8)).shape
    torch.Size([3, 8, 8])
    """
    check_ready(model, images)
    with torch.inference_mode(False), torch.enable_grad(), recording(model, [layer]) as outputs:
        x = images.detach().clone().requires_grad_()
        scores = class_scores(model(x), classes)
        maps = _maps(outputs, layer)
        (gradients,) = torch.autograd.grad(scores.sum(), maps, allow_unused=True)
    if gradients is None:
        raise ValueError(f"layer is {layer!r}; expected one on which the outputs depend")
    weights = gradients.mean((2, 3), keepdim=True)
    cam = (weights * maps.detach()).sum(1, keepdim=True).relu()
    if upsample:
        cam = interpolate(cam, tuple(images.shape[2:]), mode="bilinear")
    return cam[:, 0]


def _maps(outputs: dict[str, Tensor], layer: str) -> Tensor:
    if layer not in outputs:
        raise ValueError(f"layer is {layer!r}, which did not run")
    if outputs[layer].ndim != 4:
        shape = tuple(outputs[layer].shape)
        raise ValueError(f"layer is {layer!r}, which gives {shape}; expected (N, C, H, W)")
    return outputs[layer]
