"""Boxes and masks move with their picture.

A target says where something is in one of three ways: a label map ``(B, H, W)``, a class for each
pixel; boxes ``(n, 4)``, as x1, y1, x2, y2 in pixels; masks ``(n, H, W)``, one for each thing. Maps
are targets of a batch by themselves. Boxes and masks stand in a list of dictionaries, one for each
picture, as ``"boxes"`` and ``"masks"``, beside anything else that holds one row for each thing,
such as ``"labels"``.

Every function that moves pixels (:mod:`cvlib.augmentation.geometry`) says how it does so, by a
:class:`Motion`, and :func:`carried` moves the targets alike. The results are those of
:mod:`torchvision.transforms.v2` for ``tv_tensors``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

__all__ = ["OUTSIDE", "Motion", "carried"]

#: The label of what no camera saw, which losses are told to ignore.
OUTSIDE = 255


@dataclass(frozen=True)
class Motion:
    """How the pictures of a batch were moved.

    Parameters
    ----------
    maps
        Moves maps ``(b, C, H, W)`` of some pictures, whose positions in the batch come second
        ``(b,)``; it takes the nearest pixel, and fills with 0.
    points
        Moves points ``(..., 2)``, as x and y in pixels, of one picture, whose position in the batch
        comes second.
    height, width
        Of the pictures afterwards.
    """

    maps: Callable[[Tensor, Tensor], Tensor]
    points: Callable[[Tensor, int], Tensor]
    height: int
    width: int


def carried(targets: Any, images: Tensor, motion: Motion) -> Any:
    """Move what targets say of places as the pictures were moved.

    A box becomes the smallest upright one around its moved corners, and is cut at the edges of the
    picture. Where nothing is left of it, it goes, with all that the dictionary holds of it: its
    mask, its label. A mask alone never goes.

    Parameters
    ----------
    targets
        Of any kind that :func:`~cvlib.training.loop.fit` takes. What says nothing of places, such
        as a label or a number, stays as it is.
    images
        The pictures as they were before, ``(B, C, H, W)``.
    motion
        How they were moved.

    Returns
    -------
    Any
        The targets, moved. Beyond the picture a label map holds :data:`OUTSIDE`, and a mask 0.

    Raises
    ------
    ValueError
        If there is not one target for each picture, a box is none (with nan, or with edges on the
        wrong sides, as ``(x, y, width, height)`` may have), or a mask has another size than its
        picture.

    Examples
    --------
    >>> mirror = Motion(
    ...     maps=lambda maps, whose: maps.flip(-1),
    ...     points=lambda points, at: torch.stack([8 - points[..., 0], points[..., 1]], -1),
    ...     height=4,
    ...     width=8,
    ... )
    >>> target = {"boxes": torch.tensor([[0.0, 1.0, 3.0, 2.0]]), "labels": torch.tensor([7])}
    >>> carried([target], torch.zeros(1, 3, 4, 8), mirror)
    [{'boxes': tensor([[5., 1., 8., 2.]]), 'labels': tensor([7])}]
    """
    everyone = torch.arange(len(images), device=images.device)
    if isinstance(targets, Tensor):
        if targets.ndim != 3 or targets.shape[1:] != images.shape[2:]:
            return targets
        return _moved_maps(targets[:, None], everyone, motion, OUTSIDE)[:, 0]
    if not isinstance(targets, list | tuple):
        return targets
    if len(targets) != len(images):
        raise ValueError(f"targets holds {len(targets)}; expected one for each of {len(images)}")
    for number, target in enumerate(targets):
        if isinstance(target, Mapping):
            _check(target, images, f"targets[{number}]")
    return [
        _of_one(target, everyone[number : number + 1], motion)
        if isinstance(target, Mapping)
        else target
        for number, target in enumerate(targets)
    ]


def _check(target: Mapping[str, Any], images: Tensor, name: str) -> None:
    """Refuse boxes that are none, and masks of another picture."""
    if "boxes" in target:
        boxes = target["boxes"]
        shape = tuple(boxes.shape)
        if len(shape) != 2 or shape[1] != 4:
            raise ValueError(f"{name}['boxes'] has shape {shape}; expected (n, 4), or (0, 4)")
        if not (boxes[:, 2:] >= boxes[:, :2]).all():  # nor is nan
            raise ValueError(
                f"{name}['boxes'] is {boxes.tolist()}; expected x1 <= x2 and y1 <= y2 in each"
            )
    if "masks" in target:
        shape, expected = tuple(target["masks"].shape), tuple(images.shape[2:])
        if len(shape) != 3 or shape[1:] != expected:
            raise ValueError(
                f"{name}['masks'] has shape {shape}; expected (n, {expected[0]}, {expected[1]}), "
                "as the picture"
            )


def _of_one(target: Mapping[str, Any], whose: Tensor, motion: Motion) -> dict[str, Any]:
    """Move the boxes and the masks of one picture."""
    moved = dict(target)
    if "masks" in target:
        moved["masks"] = _moved_maps(target["masks"][None], whose, motion, 0)[0]
    if "boxes" not in target:
        return moved
    boxes = target["boxes"]
    corners = boxes[:, [[0, 1], [2, 1], [0, 3], [2, 3]]]
    floating = corners if corners.is_floating_point() else corners.to(torch.float32)
    placed = motion.points(floating, int(whose))
    side = placed.new_tensor([motion.width, motion.height])
    low, high = (end.clamp(min=0).minimum(side) for end in (placed.amin(1), placed.amax(1)))
    moved["boxes"] = torch.cat([low, high], 1).to(boxes.dtype)
    left = (high > low).all(1)
    return {
        name: value[left] if isinstance(value, Tensor) and value.shape[:1] == left.shape else value
        for name, value in moved.items()
    }


def _moved_maps(maps: Tensor, whose: Tensor, motion: Motion, outside: int) -> Tensor:
    """Move maps of labels; what comes in from outside is 0 for the motion."""
    if not maps.numel():
        return maps.new_zeros(*maps.shape[:2], motion.height, motion.width)
    numbers = maps.to(torch.float32) - outside
    return (motion.maps(numbers, whose) + outside).to(maps.dtype)
