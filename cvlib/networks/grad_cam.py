"""Grad-CAM: where in a picture a layer finds what speaks for a class."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from cvlib.layers.pooling import interpolate
from cvlib.networks.inside import check_gradient, check_ready, class_scores, recording

__all__ = ["grad_cam"]


def grad_cam(
    model: nn.Module,
    layer: str,
    images: Tensor,
    classes: int | Sequence[int] | Tensor | None = None,
    *,
    upsample: bool = True,
    channels_last: bool | None = None,
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
    channels_last
        Whether the layer gives (N, height, width, C), as those of Swin transformers do, not
        (N, C, height, width). Without it, the latter; and a layer is refused whose output has the
        pictures' shape in the former alone.

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
        maps = _maps(outputs, layer, x, channels_last)
        for what, values in (("outputs", scores), (f"maps in {layer!r}", maps)):
            check_gradient(what, values)
        (gradients,) = torch.autograd.grad(scores.sum(), maps, allow_unused=True)
    if gradients is None:
        raise ValueError(f"layer is {layer!r}; expected one on which the outputs depend")
    maps = maps.detach()
    if channels_last:
        maps, gradients = maps.permute(0, 3, 1, 2), gradients.permute(0, 3, 1, 2)
    weights = gradients.mean((2, 3), keepdim=True)
    cam = (weights * maps).sum(1, keepdim=True).relu()
    if upsample:
        cam = interpolate(cam, tuple(images.shape[2:]), mode="bilinear")
    return cam[:, 0]


def _maps(
    outputs: dict[str, Tensor], layer: str, images: Tensor, channels_last: bool | None
) -> Tensor:
    if layer not in outputs:
        raise ValueError(f"layer is {layer!r}, which did not run")
    shape = tuple(outputs[layer].shape)
    if len(shape) != 4:
        raise ValueError(f"layer is {layer!r}, which gives {shape}; expected (N, C, H, W)")
    sides = images.shape[2:]
    if channels_last is None and not _alike(shape[2:], sides) and _alike(shape[1:3], sides):
        raise ValueError(
            f"layer is {layer!r}, which gives {shape} for pictures of {sides[0]} × {sides[1]}; "
            "expected (N, C, H, W), or channels_last=True for (N, H, W, C)"
        )
    return outputs[layer]


def _alike(sides: Sequence[int], others: Sequence[int]) -> bool:
    """Tell whether sides, each less than 1 off, can be others times one factor."""
    least = max((side - 1) / other for side, other in zip(sides, others, strict=True))
    most = min((side + 1) / other for side, other in zip(sides, others, strict=True))
    return least < most
