"""A set of labelled pictures in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor


@dataclass(frozen=True, eq=False, repr=False)
class ImageSet:
    """A set of labelled pictures, all of one size, in memory.

    Pictures stay ``uint8`` until a batch is used: a quarter of the memory of ``float32``, and the
    very bytes that were in the files. Scaling to [0, 1] is the work of whoever takes a batch.

    Parameters
    ----------
    images
        ``uint8``, shape (N, C, H, W), values 0 to 255; C is 1 for grey, 3 for RGB.
    labels
        ``int64``, shape (N,): for each picture the index of its class in ``classes``.
    classes
        The names of the classes.
    source
        What was read, in words, to be printed under a figure or a table.

    Raises
    ------
    TypeError
        If a dtype or the type of ``classes`` or ``source`` is another.
    ValueError
        If a shape does not fit, or a label names no class.

    Examples
    --------
    >>> images = torch.zeros(4, 1, 8, 8, dtype=torch.uint8)
    >>> pictures = ImageSet(images, torch.tensor([0, 1, 1, 0]), ("cat", "dog"), "black squares")
    >>> pictures
    ImageSet(images=(4, 1, 8, 8), classes=2, source='black squares')
    >>> dogs = pictures[pictures.labels == 1]
    >>> len(dogs), dogs.labels.tolist()
    (2, [1, 1])
    """

    images: Tensor
    labels: Tensor
    classes: tuple[str, ...]
    source: str

    def __post_init__(self) -> None:
        for name, dtype in (("images", torch.uint8), ("labels", torch.int64)):
            value = getattr(self, name)
            if not isinstance(value, Tensor):
                raise TypeError(f"{name} is {type(value).__name__}; expected a tensor of {dtype}")
            if value.dtype != dtype:
                raise TypeError(f"{name} has dtype {value.dtype}; expected {dtype}")
        if not isinstance(self.classes, tuple) or not all(isinstance(c, str) for c in self.classes):
            raise TypeError(f"classes is {self.classes!r}; expected a tuple of names")
        if not isinstance(self.source, str):
            raise TypeError(f"source is {type(self.source).__name__}; expected str")
        if self.images.ndim != 4:
            raise ValueError(f"images has shape {tuple(self.images.shape)}; expected (N, C, H, W)")
        if self.labels.shape != self.images.shape[:1]:
            raise ValueError(
                f"labels has shape {tuple(self.labels.shape)}; "
                f"expected ({len(self.images)},), one label for each of the images"
            )
        if len(set(self.classes)) != len(self.classes):
            raise ValueError(f"classes is {self.classes!r}; expected no name twice")
        if len(self.labels):
            low, high = (int(value) for value in self.labels.aminmax())
            if low < 0 or high >= len(self.classes):
                raise ValueError(
                    f"labels lie between {low} and {high}; "
                    f"expected 0 to {len(self.classes) - 1} for {len(self.classes)} classes"
                )

    def __len__(self) -> int:
        return len(self.images)

    def __repr__(self) -> str:
        return (
            f"ImageSet(images={tuple(self.images.shape)}, classes={len(self.classes)}, "
            f"source={self.source!r})"
        )

    def __getitem__(self, index: slice | Tensor | Sequence[int]) -> ImageSet:
        """Choose some of the pictures.

        Parameters
        ----------
        index
            A slice, a tensor or list of positions, or a mask: a ``bool`` tensor of shape (N,).

        Returns
        -------
        ImageSet
            The chosen pictures, in the order of ``index``.

        Raises
        ------
        TypeError
            For a single number: take ``images[i]`` and ``labels[i]``, or ``[i : i + 1]``.
        ValueError
            For an index that is not 1-D, or a mask of another length.
        IndexError
            For a position outside the set.
        """
        chosen = self._positions(index)
        return ImageSet(self.images[chosen], self.labels[chosen], self.classes, self.source)

    def _positions(self, index: slice | Tensor | Sequence[int]) -> slice | Tensor:
        if isinstance(index, slice):
            if index.step is None or index.step > 0:
                return index
            return torch.tensor(range(len(self))[index], dtype=torch.int64)
        if isinstance(index, int):
            raise TypeError(
                f"index is the number {index}; expected a slice, positions or a mask "
                f"(for one picture: images[{index}] and labels[{index}])"
            )
        positions = torch.as_tensor(index)
        if positions.ndim != 1:
            raise ValueError(f"index has shape {tuple(positions.shape)}; expected one dimension")
        if positions.dtype == torch.bool:
            if len(positions) != len(self):
                raise ValueError(f"index is a mask of {len(positions)}; expected {len(self)}")
            return positions
        if len(positions) == 0:
            return positions.to(torch.int64)
        if positions.is_floating_point() or positions.is_complex():
            raise TypeError(f"index has dtype {positions.dtype}; expected whole numbers or bool")
        low, high = (int(value) for value in positions.aminmax())
        if low < -len(self) or high >= len(self):
            raise IndexError(f"index lies between {low} and {high}; the set holds {len(self)}")
        return positions.to(torch.int64)

    def to(self, device: torch.device | str) -> ImageSet:
        """Move the pictures and their labels to a device.

        Parameters
        ----------
        device
            Where to, such as ``"cuda"`` or :func:`cvlib.device`'s choice.

        Returns
        -------
        ImageSet
            The same pictures there; nothing is copied where they are there already.

        Raises
        ------
        RuntimeError
            As ``Tensor.to``, for a device that is not there.

        Examples
        --------
        >>> images = torch.zeros(4, 1, 8, 8, dtype=torch.uint8)
        >>> squares = ImageSet(images, torch.zeros(4, dtype=torch.int64), ("black",), "squares")
        >>> squares.to("cpu").images.device
        device(type='cpu')
        """
        return replace(self, images=self.images.to(device), labels=self.labels.to(device))

    def split(self, test: int | float, seed: int = 0) -> tuple[ImageSet, ImageSet]:
        """Split into a training and a test set with the same share of every class in both.

        Parameters
        ----------
        test
            How many pictures go to the test set: a number (``int``) or a fraction (``float``).
        seed
            Seed of the shuffling, which is done on the CPU: the same seed gives the same split on
            every device.

        Returns
        -------
        train, test : ImageSet
            Both shuffled; together they hold every picture once. Each class gives the test set its
            share of ``test``, rounded down or up such that the sum is right.

        Raises
        ------
        TypeError
            If ``test`` is no number.
        ValueError
            If one of the two sets would be empty.

        Examples
        --------
        >>> images = torch.zeros(10, 1, 8, 8, dtype=torch.uint8)
        >>> pictures = ImageSet(images, torch.arange(10) % 2, ("even", "odd"), "squares")
        >>> train, test = pictures.split(test=4)
        >>> len(train), test.labels.bincount().tolist()
        (6, [2, 2])
        """
        if isinstance(test, bool) or not isinstance(test, int | float):
            raise TypeError(f"test is {test!r}; expected a number of pictures or a fraction")
        total = len(self)
        wanted = round(test * total) if isinstance(test, float) and 0 < test < 1 else test
        if not isinstance(wanted, int) or not 0 < wanted < total:
            raise ValueError(
                f"test is {test}; expected at least one picture for either side of {total}: "
                f"a number from 1 to {total - 1}, or a fraction between 0 and 1"
            )
        order = torch.randperm(total, generator=torch.Generator().manual_seed(seed))
        labels = self.labels.cpu()[order]
        counts = labels.bincount(minlength=len(self.classes))
        share, rest = counts * wanted // total, counts * wanted % total
        # The classes with the largest remainders give one picture more (Hamilton's method).
        missing = wanted - int(share.sum())
        share[rest.argsort(descending=True, stable=True)[:missing]] += 1
        to_test = torch.zeros(total, dtype=torch.bool)
        for label, number in enumerate(share.tolist()):
            to_test[(labels == label).nonzero()[:number]] = True
        return self[order[~to_test]], self[order[to_test]]
