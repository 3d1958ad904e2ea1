"""Occlusion: cover a part of a picture, or ever more of it, and see what becomes of a class."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cvlib.arguments import Size, integer, pair
from cvlib.networks.inside import check_ready, class_scores

__all__ = ["deletion", "occlusion", "patch_masks"]


def patch_masks(sides: Sequence[int], size: Size, stride: Size) -> Tensor:
    """Lay a patch at every position of a picture, row by row, beginning in the upper left corner.

    Parameters
    ----------
    sides
        Height and width of the picture.
    size
        Height and width of the patch.
    stride
        By how many pixels the patch moves, at most its size, so that no pixel is left out. At the
        lower and the right border it is cut off.

    Returns
    -------
    Tensor
        ``bool``, (positions, height, width): True where the patch lies.

    Raises
    ------
    TypeError, ValueError
        If a number does not fit.

    Examples
    --------
    >>> patch_masks((1, 5), size=(1, 2), stride=(1, 2)).int()
    tensor([[[1, 1, 0, 0, 0]],
    <BLANKLINE>
            [[0, 0, 1, 1, 0]],
    <BLANKLINE>
            [[0, 0, 0, 0, 1]]], dtype=torch.int32)
    """
    sizes, strides = pair("size", size, least=1), pair("stride", stride, least=1)
    covered = []
    for side, extent, step in zip(sides, sizes, strides, strict=True):
        if extent > side:
            raise ValueError(f"size is {size!r}; expected at most {sides[0]} × {sides[1]}")
        if step > extent < side:
            raise ValueError(f"stride is {stride!r}; expected at most the size, {size!r}")
        starts = step * torch.arange(1 - (extent - side) // step)[:, None]
        pixels = torch.arange(side)
        covered.append((pixels >= starts) & (pixels < starts + extent))
    rows, columns = covered
    return (rows[:, None, :, None] & columns[None, :, None, :]).flatten(0, 1)


def occlusion(
    model: nn.Module,
    images: Tensor,
    classes: int | Sequence[int] | Tensor | None = None,
    *,
    size: Size,
    stride: Size,
    value: float | Tensor = 0.0,
    batch_size: int = 256,
) -> Tensor:
    """Slide a patch over pictures, and note by how much it lowers the score of a class.

    All positions of all pictures go through the network together, in batches.

    Parameters
    ----------
    model
        The network, in evaluation mode; gives (N, K). For drops of probability instead of logits,
        pass ``nn.Sequential(model, nn.Softmax(1)).eval()``.
    images
        Pictures (N, C, H, W), floating-point numbers.
    classes
        A class for all pictures, or one for each; by default the one that the network chooses for
        the picture as it is.
    size, stride
        Height and width of the patch, and by how many pixels it moves: see :func:`patch_masks`.
    value
        What the patch shows: a number, or a tensor that fits a picture, as a colour (C, 1, 1).
    batch_size
        How many covered pictures pass the network at a time.

    Returns
    -------
    Tensor
        (N, H, W): for each pixel the mean drop of the score over the positions that cover it. Below
        0 where covering makes the class more likely.

    Raises
    ------
    TypeError, ValueError
        If an argument does not fit.

    References
    ----------
    Zeiler and Fergus, "Visualizing and understanding convolutional networks" (2014), section 4.2.

    Examples
    --------
    >>> model = nn.Sequential(nn.Flatten(), nn.Linear(4, 1, bias=False)).eval()
    >>> _ = nn.init.constant_(model[1].weight, 2)
    >>> occlusion(model, torch.tensor([[[[1.0, 0.0, 0.0, 3.0]]]]), 0, size=1, stride=1)
    tensor([[[2., 0., 0., 6.]]])
    """
    check_ready(model, images)
    integer("batch_size", batch_size, least=1)
    masks = patch_masks(images.shape[2:], size, stride).to(images.device)
    cover = torch.as_tensor(value, dtype=images.dtype, device=images.device)
    with torch.no_grad():
        outputs = model(images)
        whole = class_scores(outputs, classes)
        chosen = torch.as_tensor(outputs.argmax(1) if classes is None else classes)
        chosen = chosen.to(images.device).expand(len(images))
        covered = []
        for numbers in torch.arange(len(images) * len(masks)).split(batch_size):
            picture, position = (numbers // len(masks), numbers % len(masks))
            patched = torch.where(masks[position, None], cover, images[picture])
            covered.append(class_scores(model(patched), chosen[picture]))
    drops = whole[:, None] - torch.cat(covered).view(len(images), len(masks))
    weights = masks.flatten(1).to(drops.dtype)
    return (drops @ weights / weights.sum(0)).view(-1, *images.shape[2:])


def deletion(
    model: nn.Module,
    images: Tensor,
    maps: Tensor,
    classes: int | Sequence[int] | Tensor | None = None,
    *,
    size: int,
    steps: int = 10,
    value: float | Tensor = 0.0,
) -> Tensor:
    """Cover pictures tile by tile, the hottest of a map first, and note the scores of a class.

    Where a map shows what the network relies on, the score falls at once. With the map's negative,
    the coldest tiles go first, and the score should last; read from its end, this is what is known
    as insertion.

    Parameters
    ----------
    model
        The network, in evaluation mode; gives (N, K). For probabilities instead of logits, pass
        ``nn.Sequential(model, nn.Softmax(1)).eval()``.
    images
        Pictures (N, C, H, W), floating-point numbers.
    maps
        Heat (N, H, W); a tile is as hot as the mean of its pixels.
    classes
        A class for all pictures, or one for each; by default the one that the network chooses for
        the picture as it is.
    size
        Side of the square tiles, in pixels. At the lower and the right border they are cut off.
    steps
        In how many equal parts the tiles are covered.
    value
        What covers them: a number, or a tensor that fits the pictures, as a blurred copy.

    Returns
    -------
    Tensor
        (N, steps + 1): the score with nothing covered, first, to that with all covered.

    Raises
    ------
    TypeError, ValueError
        If an argument does not fit.

    References
    ----------
    Petsiuk, Das and Saenko, "RISE: randomized input sampling for explanation of black-box models"
    (2018).

    Examples
    --------
    >>> model = nn.Sequential(nn.Flatten(), nn.Linear(4, 1, bias=False)).eval()
    >>> _ = nn.init.constant_(model[1].weight, 2)
    >>> x = torch.tensor([[[[1.0, 0.0, 0.0, 3.0]]]])
    >>> deletion(model, x, maps=x[:, 0], size=1, steps=4)
    tensor([[8., 2., 0., 0., 0.]])
    """
    check_ready(model, images)
    size, steps = integer("size", size, least=1), integer("steps", steps, least=1)
    sides = images.shape[2:]
    if maps.shape != (len(images), *sides):
        raise ValueError(
            f"maps has shape {tuple(maps.shape)}; expected {(len(images), *sides)}, as the images"
        )
    tiles = F.avg_pool2d(maps.to(images)[:, None], size, ceil_mode=True)
    order = tiles.flatten(1).argsort(dim=1, descending=True, stable=True)
    rank = order.argsort(1).view_as(tiles)
    rank = rank.repeat_interleave(size, 2).repeat_interleave(size, 3)[..., : sides[0], : sides[1]]
    cover = torch.as_tensor(value, dtype=images.dtype, device=images.device)
    with torch.no_grad():
        outputs = model(images)
        scores = [class_scores(outputs, classes)]
        chosen = outputs.argmax(1) if classes is None else classes
        for step in range(1, steps + 1):
            gone = rank < round(step / steps * order.shape[1])
            scores.append(class_scores(model(torch.where(gone, cover, images)), chosen))
    return torch.stack(scores, 1)
