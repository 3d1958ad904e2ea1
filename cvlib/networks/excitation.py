"""What excites a unit most: among given pictures, and among all pictures there could be."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Generator, Tensor, nn

from cvlib.arguments import integer, number
from cvlib.networks.inside import (
    Box,
    check_ready,
    feature_maps,
    receptive_box,
    receptive_field,
    recording,
)

__all__ = ["Patches", "crop", "maximize", "top_patches"]


class Patches(NamedTuple):
    """Parts of pictures that excite units, the most exciting first.

    Parameters
    ----------
    pictures
        What each unit sees, (units, k, C, height, width); black beyond the picture.
    values
        What each unit says to it, (units, k).
    indices
        From which picture each comes, (units, k).
    """

    pictures: Tensor
    values: Tensor
    indices: Tensor


def top_patches(
    model: nn.Module,
    layer: str,
    units: Sequence[int],
    images: Tensor,
    k: int = 9,
    *,
    batch_size: int = 256,
) -> Patches:
    """Find the parts of pictures that excite units most, at most one of each picture.

    Parameters
    ----------
    model
        The network, in evaluation mode.
    layer
        The name of a module with feature maps.
    units
        Numbers of its maps.
    images
        Pictures to look through (N, C, H, W), floating-point numbers.
    k
        How many parts to find for each unit, at most N.
    batch_size
        How many pictures pass the network at a time.

    Returns
    -------
    Patches
        The parts have the size of the layer's receptive field.

    Raises
    ------
    TypeError, ValueError
        If an argument does not fit, or the layer has no such maps.

    References
    ----------
    Zeiler and Fergus, "Visualizing and understanding convolutional networks" (2014), figure 2.

    Examples
    --------
    >>> model = nn.Sequential(nn.Conv2d(1, 1, 1)).eval()
    >>> found = top_patches(model, "0", [0], torch.rand(8, 1, 4, 4), k=3)
    >>> found.pictures.shape, found.values.shape
    (torch.Size([1, 3, 1, 1, 1]), torch.Size([1, 3]))
    """
    check_ready(model, images)
    if integer("k", k, least=1) > len(images):
        raise ValueError(f"k is {k}; expected at most {len(images)}, the number of images")
    best, places = [], []
    for batch in images.split(integer("batch_size", batch_size, least=1)):
        maps = feature_maps(model, [layer], batch)[layer]
        if maps.ndim != 4:
            raise ValueError(f"layer is {layer!r}, which gives no maps; expected (N, C, H, W)")
        value, place = maps[:, _known(units, maps)].flatten(2).max(2)
        best.append(value)
        places.append(place)
    values, indices = torch.cat(best).topk(k, dim=0)
    chosen = torch.cat(places).gather(0, indices)
    field, width = receptive_field(model, layer, images.shape[1:]), maps.shape[3]

    def cut(index: int, place: int) -> Tensor:
        return crop(images[index], receptive_box(field, divmod(place, width)))

    pictures = [
        torch.stack([cut(*pair) for pair in zip(row.tolist(), spots.tolist(), strict=True)])
        for row, spots in zip(indices.T, chosen.T, strict=True)
    ]
    return Patches(torch.stack(pictures), values.T, indices.T)


def crop(image: Tensor, box: Box) -> Tensor:
    """Cut a rectangle out of a picture, black where it reaches beyond.

    Parameters
    ----------
    image
        (C, H, W).
    box
        The rectangle.

    Returns
    -------
    Tensor
        (C, height, width).

    Examples
    --------
    >>> crop(torch.ones(1, 2, 2), Box(-1, 0, 2, 3))
    tensor([[[0., 0., 0.],
             [1., 1., 0.]]])
    """
    top, left, height, width = box
    below, right = top + height - image.shape[1], left + width - image.shape[2]
    return F.pad(image, (-left, right, -top, below))


def maximize(
    model: nn.Module,
    layer: str,
    units: Sequence[int],
    size: Sequence[int],
    *,
    steps: int = 100,
    rate: float = 0.05,
    jitter: int = 1,
    blur: float = 0.1,
    decay: float = 0.0,
    generator: Generator | None = None,
) -> Tensor:
    """Change pictures step by step, from noise on, into what excites units most.

    Each step moves a picture along the gradient of its unit's output, as far as ``rate`` allows the
    pixel that changes most. For a layer with feature maps, the number in the middle of the unit's
    map counts.

    Parameters
    ----------
    model
        The network, in evaluation mode.
    layer
        The name of a module. Choose the one before an activation function: where ReLU gives 0, its
        gradient is 0 too, and nothing says which way to go.
    units
        Numbers of its maps, or of its outputs (N, K); a picture is made for each.
    size
        The shape of a picture, (C, H, W).
    steps
        How many steps to take.
    rate
        By how much a step changes the pixel that it changes most.
    jitter
        By up to how many pixels the pictures are moved, by chance, before each step: what depends
        on single pixels does not last.
    blur
        Which share of each pixel its surroundings of 3 × 3 replace after each step, 0 to 1.
    decay
        Which share of their distance from mid-grey the pixels lose in each step, 0 to 1: the L2
        penalty.
    generator
        Where the noise and the jitter come from, on the CPU; seed 0 by default.

    Returns
    -------
    Tensor
        Pictures (units, C, H, W) from 0 to 1.

    Raises
    ------
    TypeError, ValueError
        If an argument does not fit, or the layer has no such units.

    References
    ----------
    Simonyan, Vedaldi and Zisserman, "Deep inside convolutional networks" (2014), section 2; Olah,
    Mordvintsev and Schubert, "Feature visualization", Distill (2017).

    Examples
    --------
    >>> model = nn.Sequential(nn.Flatten(), nn.Linear(4, 1)).eval()
    >>> _ = model[1].weight.data.copy_(torch.tensor([[1.0, -1.0, 1.0, -1.0]]))
    >>> maximize(model, "1", [0], (1, 2, 2), jitter=0, blur=0).round().flatten()
    tensor([1., 0., 1., 0.])
    """
    steps, jitter = integer("steps", steps), integer("jitter", jitter)
    rate, blur = number("rate", rate), number("blur", blur, most=1)
    decay = number("decay", decay, most=1)
    generator = generator or Generator().manual_seed(0)
    x = 0.5 + 0.1 * (torch.rand(len(units), *size, generator=generator) - 0.5)
    check_ready(model, x)
    parameter = next(model.parameters(), x)
    x = x.to(parameter.device, parameter.dtype)
    for _ in range(steps):
        down, right = torch.randint(-jitter, jitter + 1, (2,), generator=generator).tolist()
        slope = _slope(model, layer, units, x.roll((down, right), (2, 3)))
        slope = slope.roll((-down, -right), (2, 3))
        steepest = slope.abs().amax((1, 2, 3), keepdim=True).clamp(min=1e-12)
        x = x + rate * slope / steepest
        x = x.lerp(F.avg_pool2d(F.pad(x, (1, 1, 1, 1), "replicate"), 3, 1), blur)
        x = (0.5 + (1 - decay) * (x - 0.5)).clamp(0, 1)
    return x


def _slope(model: nn.Module, layer: str, units: Sequence[int], x: Tensor) -> Tensor:
    """Return the gradient of each unit's output with respect to its own picture."""
    with torch.inference_mode(False), torch.enable_grad(), recording(model, [layer]) as outputs:
        x = x.detach().clone().requires_grad_()
        model(x)
        if layer not in outputs:
            raise ValueError(f"layer is {layer!r}, which did not run")
        values = outputs[layer].flatten(2) if outputs[layer].ndim == 4 else outputs[layer]
        if values.ndim == 3:
            height, width = outputs[layer].shape[2:]
            values = values[:, :, height // 2 * width + width // 2]
        own = values.gather(1, torch.tensor(_known(units, values), device=x.device)[:, None])
        return torch.autograd.grad(own.sum(), x)[0]


def _known(units: Sequence[int], outputs: Tensor) -> list[int]:
    """Read which units the caller wants, and refuse those that the layer does not have."""
    numbers = [integer("units", unit) for unit in units]
    if not numbers or max(numbers) >= outputs.shape[1]:
        raise ValueError(f"units is {units!r}; expected some of 0 to {outputs.shape[1] - 1}")
    return numbers
