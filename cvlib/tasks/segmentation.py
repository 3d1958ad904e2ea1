"""Segmentation: which class each pixel of a picture belongs to, for pictures of any size."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Generator, Tensor, nn
from torch.utils.data import TensorDataset

from cvlib import training
from cvlib.arguments import check_tensors, integer
from cvlib.augmentation import random_horizontal_flip
from cvlib.augmentation.boxes_and_masks import OUTSIDE
from cvlib.data import SceneSet

__all__ = ["LabelMaps", "predict", "random_quarter_turn", "random_windows"]

_GRID = 32  # pixels: what five halvings make of one


class LabelMaps(TensorDataset):
    """Pictures with a class for each pixel, which :func:`cvlib.training.loop.fit` learns from.

    Parameters
    ----------
    images
        ``uint8``, (N, C, H, W).
    labels
        ``int64``, (N, H, W): a class for each pixel, or 255 where a pixel does not count.
    classes
        The names of the classes.
    source
        What the pictures are, in words.

    Raises
    ------
    TypeError
        If a dtype is another.
    ValueError
        If shapes do not fit, or a label is neither a class nor 255.

    Examples
    --------
    >>> from cvlib.data import scenes
    >>> LabelMaps.of_scenes(scenes(2))
    LabelMaps(images=(2, 3, 96, 96), classes=2, source='digits on photographs (train)')
    """

    def __init__(
        self, images: Tensor, labels: Tensor, classes: tuple[str, ...], source: str
    ) -> None:
        for name, value, dtype in (
            ("images", images, torch.uint8),
            ("labels", labels, torch.int64),
        ):
            if not isinstance(value, Tensor) or value.dtype != dtype:
                came = value.dtype if isinstance(value, Tensor) else type(value).__name__
                raise TypeError(f"{name} is {came}; expected a tensor of {dtype}")
        if images.ndim != 4:
            raise ValueError(f"images has shape {tuple(images.shape)}; expected (N, C, H, W)")
        expected = (len(images), *images.shape[2:])
        if labels.shape != expected:
            raise ValueError(
                f"labels has shape {tuple(labels.shape)}; expected {expected}, a class for each "
                "pixel"
            )
        wrong = labels[((labels < 0) | (labels >= len(classes))) & (labels != OUTSIDE)]
        if wrong.numel():
            raise ValueError(
                f"labels holds {int(wrong[0])}; expected 0 to {len(classes) - 1} for "
                f"{len(classes)} classes, or {OUTSIDE} where a pixel does not count"
            )
        super().__init__(images, labels)
        self.images, self.labels, self.classes, self.source = images, labels, classes, source

    def __repr__(self) -> str:
        return (
            f"LabelMaps(images={tuple(self.images.shape)}, classes={len(self.classes)}, "
            f"source={self.source!r})"
        )

    @classmethod
    def of_scenes(cls, scenes: SceneSet, *, by_digit: bool = False) -> LabelMaps:
        """Make label maps of scenes.

        Parameters
        ----------
        scenes
            As :func:`cvlib.data.scenes` makes them.
        by_digit
            Whether each digit is a class of its own, 1 to 10, or all are one, "digit". Class 0 is
            the background.

        Returns
        -------
        LabelMaps
            As many pictures.
        """
        if by_digit:
            classes = ("background", *scenes.classes)
            return cls(scenes.images, scenes.pixel_labels(), classes, scenes.source)
        labels = (scenes.masks > 0).long()
        return cls(scenes.images, labels, ("background", "digit"), scenes.source)

    def split(self, test: int | float, seed: int = 0) -> tuple[LabelMaps, LabelMaps]:
        """Split by chance into pictures to learn from and others.

        Parameters
        ----------
        test
            How many others: a number, or a share between 0 and 1.
        seed
            Of the order.

        Returns
        -------
        train, test : LabelMaps
            Together they hold every picture once.

        Raises
        ------
        ValueError
            If one of the two would be empty.
        """
        count = round(test * len(self)) if isinstance(test, float) else test
        if not 0 < count < len(self):
            raise ValueError(
                f"test is {test}; expected at least one of {len(self)} pictures on either side"
            )
        order = torch.randperm(len(self), generator=Generator().manual_seed(seed))
        one, other = (
            LabelMaps(self.images[part], self.labels[part], self.classes, self.source)
            for part in (order[count:], order[:count])
        )
        return one, other


def predict(
    model: nn.Module,
    images: Tensor,
    *,
    tile: int = 256,
    halo: int = 64,
    batch_size: int = 8,
) -> Tensor:
    """Compute the class probabilities of every pixel, tile by tile.

    Each tile is shown to the network with its surroundings, and only the tile's own pixels are
    kept. Where a pixel depends on nothing beyond ``halo``, the result is that of the whole picture
    at once, and the memory that the network needs is that of a few tiles.

    Parameters
    ----------
    model
        A network from pictures (N, C, H, W) to scores (N, K, H, W), for any H and W.
    images
        Pictures (N, C, H, W) or one, (C, H, W), ``uint8`` from 0 to 255 or floating-point numbers
        from 0 to 1.
    tile
        Side of a tile in pixels, a multiple of 32, so that every halving falls on the same pixels
        as in the whole picture.
    halo
        How far the surroundings reach, a multiple of 32. No pixel of a
        :class:`~cvlib.networks.unet.UNet` of three levels depends on one further than 64 away.
    batch_size
        Tiles at a time.

    Returns
    -------
    Tensor
        ``float32``, on the CPU: (N, K, H, W), or (K, H, W) of one picture.

    Raises
    ------
    TypeError
        If ``images`` is no tensor of numbers, or a size no integer.
    ValueError
        If ``images`` is empty, has no picture's shape or holds nan, a size is no multiple of 32, or
        the network does not answer for each pixel.

    References
    ----------
    Ronneberger, Fischer, Brox, "U-Net", MICCAI 2015, figure 2: the overlap-tile strategy.

    Examples
    --------
    >>> from cvlib.networks.unet import UNet
    >>> predict(UNet(), torch.zeros(1, 3, 40, 700)).shape
    torch.Size([1, 2, 40, 700])
    """
    check_tensors(images=images)
    if images.ndim not in (3, 4) or not images.numel():
        raise ValueError(
            f"images has shape {tuple(images.shape)}; expected (N, C, H, W) or (C, H, W), not empty"
        )
    if images.is_floating_point() and images.isnan().any():
        raise ValueError("images holds nan; expected numbers from 0 to 1")
    for name, size, least in (("tile", tile, _GRID), ("halo", halo, 0)):
        if integer(name, size, least=least) % _GRID:
            raise ValueError(f"{name} is {size}; expected a multiple of {_GRID}")
    if images.ndim == 3:
        whole = images[None]
        return predict(model, whole, tile=tile, halo=halo, batch_size=batch_size)[0]
    height, width = images.shape[2:]
    found: Tensor | None = None
    for top in range(0, height, tile):
        for left in range(0, width, tile):
            above, before = min(top, halo), min(left, halo)
            rows = slice(top - above, min(top + tile + halo, height))
            columns = slice(left - before, min(left + tile + halo, width))
            part = images[:, :, rows, columns]
            scores = training.predict(model, part, batch_size=batch_size)
            if not isinstance(scores, Tensor) or scores.shape[2:] != part.shape[2:]:
                shape = tuple(scores.shape) if isinstance(scores, Tensor) else type(scores).__name__
                raise ValueError(
                    f"model gives {shape} for pictures of shape {tuple(part.shape)}; expected "
                    "scores (N, K, H, W) of the same height and width"
                )
            scores = scores[:, :, above : above + tile, before : before + tile].softmax(1).cpu()
            if found is None:
                found = scores.new_empty(len(images), scores.shape[1], height, width)
            found[:, :, top : top + tile, left : left + tile] = scores
    assert found is not None
    return found


def random_quarter_turn(
    images: Tensor, targets: Tensor, generator: Generator
) -> tuple[Tensor, Tensor]:
    """Mirror each picture and its label map by chance, and turn it by quarters.

    What a microscope sees has no top, and no pixel has to be interpolated.

    Parameters
    ----------
    images
        (N, C, H, W), with H equal to W.
    targets
        Label maps (N, H, W).
    generator
        On the CPU.

    Returns
    -------
    images, targets
        Each picture mirrored with probability 1/2, and turned by one of four angles.

    Raises
    ------
    ValueError
        If the pictures are not square.

    Examples
    --------
    >>> pictures, maps = torch.rand(2, 1, 8, 8), torch.ones(2, 8, 8, dtype=torch.int64)
    >>> random_quarter_turn(pictures, maps, torch.Generator())[0].shape
    torch.Size([2, 1, 8, 8])
    """
    if images.shape[2] != images.shape[3]:
        raise ValueError(f"images has shape {tuple(images.shape)}; expected squares, (N, C, H, H)")
    images, targets = random_horizontal_flip(images, targets, generator)
    turns = torch.randint(4, (len(images),), generator=generator).to(images.device)
    for quarter in (1, 2):  # a half turn for 2 and 3, and a quarter more for 1 and 3
        turned = (turns & quarter > 0)[:, None, None]
        images = torch.where(turned[..., None], images.rot90(quarter, (2, 3)), images)
        targets = torch.where(turned, targets.rot90(quarter, (1, 2)), targets)
    return images, targets


def random_windows(
    picture: Tensor,
    labels: Tensor,
    count: int,
    size: int,
    *,
    seed: int = 0,
    keep: Callable[[int, int], bool] | None = None,
) -> tuple[Tensor, Tensor]:
    """Cut windows out of one large picture, and the same ones out of its label map.

    Parameters
    ----------
    picture
        (C, H, W).
    labels
        (H, W).
    count
        How many windows.
    size
        Their side in pixels.
    seed
        Of the places.
    keep
        Called with the top row and the left column of a window; says whether it may be cut there.

    Returns
    -------
    windows, maps
        (count, C, size, size) and (count, size, size).

    Raises
    ------
    ValueError
        If the label map has another size, a window does not fit, or none may be cut.

    Examples
    --------
    >>> windows, maps = random_windows(torch.zeros(1, 64, 80), torch.zeros(64, 80), 5, 32)
    >>> windows.shape, maps.shape
    (torch.Size([5, 1, 32, 32]), torch.Size([5, 32, 32]))
    """
    height, width = picture.shape[1:]
    if labels.shape != (height, width):
        raise ValueError(f"labels has shape {tuple(labels.shape)}; expected {(height, width)}")
    integer("count", count, least=1)
    if integer("size", size, least=1) > min(height, width):
        raise ValueError(f"size is {size}; expected at most {min(height, width)}")
    places = [
        (top, left)
        for top in range(height - size + 1)
        for left in range(width - size + 1)
        if keep is None or keep(top, left)
    ]
    if not places:
        raise ValueError("keep allows no window; expected at least one")
    drawn = torch.randint(len(places), (count,), generator=Generator().manual_seed(seed))
    chosen = [places[int(number)] for number in drawn]
    cut = [(slice(top, top + size), slice(left, left + size)) for top, left in chosen]
    return (
        torch.stack([picture[:, rows, columns] for rows, columns in cut]),
        torch.stack([labels[rows, columns] for rows, columns in cut]),
    )
