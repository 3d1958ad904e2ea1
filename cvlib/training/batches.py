"""Where the loop takes its batches from: pictures in memory, a data set, or a data loader.

Pictures in memory take the fast path: one tensor of bytes stays on the device, a shuffled index
picks a batch of it, and the batch becomes numbers from 0 to 1 there. No picture passes through
Python.
"""

from __future__ import annotations

from collections.abc import Iterator, Sized
from typing import NamedTuple, Protocol

import torch
from torch import Generator, Tensor
from torch.utils.data import DataLoader, Dataset

from cvlib.data import ImageSet
from cvlib.training.data_parallel import Processes

__all__ = ["Batch", "Batches", "Pictures", "batches_of"]

Pictures = ImageSet | Dataset | DataLoader


class Batch(NamedTuple):
    """Pictures for one step.

    Parameters
    ----------
    images
        Shape (B, C, H, W), ``float32`` from 0 to 1, on the device.
    labels
        Shape (B,), ``int64``.
    counted
        How many of them count: all, but for a process whose share of a last batch is empty.
    weight
        What this process's mean is multiplied by, so that the average over the processes is the
        mean over all their pictures: 1 where all have equally many.
    """

    images: Tensor
    labels: Tensor
    counted: int
    weight: float


class Batches(Protocol):
    """One pass through the pictures each time that it is iterated over.

    Parameters
    ----------
    highest
        The highest label met so far.
    """

    highest: int

    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[Batch]: ...


def batches_of(
    name: str,
    pictures: Pictures,
    batch_size: int,
    place: torch.device,
    *,
    shuffler: Generator | None = None,
    team: Processes | None = None,
) -> Batches:
    """Take batches from pictures of any kind.

    Parameters
    ----------
    name
        The argument's name in messages.
    pictures
        An :class:`~cvlib.data.ImageSet`, a torch data set of pairs (picture, label), or a
        ``DataLoader`` of batches of them, which brings its own batch size and order.
    batch_size
        Pictures a batch, over all processes.
    place
        Where the batches go.
    shuffler
        Draws the order of each pass, on the CPU; without it the order is that of the pictures.
    team
        Who shares each batch; by default this process is alone.

    Returns
    -------
    Batches
        With a length, the number of batches.

    Raises
    ------
    TypeError
        If ``pictures`` is none of these.
    ValueError
        If it is empty, or a ``DataLoader`` is to be shared among processes.
    """
    if not isinstance(pictures, Pictures):
        raise TypeError(
            f"{name} is {type(pictures).__name__}; expected a cvlib.data.ImageSet, or a "
            "Dataset or DataLoader of torch.utils.data"
        )
    source = pictures.dataset if isinstance(pictures, DataLoader) else pictures
    if not isinstance(source, Sized):
        raise TypeError(f"{name} has no length; expected a data set that knows its size")
    if not len(source) or (isinstance(pictures, DataLoader) and not len(pictures)):
        raise ValueError(f"{name} is empty; expected at least one picture")
    team = team or Processes()
    order = _Order(len(source), batch_size, shuffler, team)
    if isinstance(pictures, ImageSet):
        return _InMemory(pictures, order, place)
    if isinstance(pictures, DataLoader):
        if team.world_size > 1:
            raise ValueError(
                f"{name} is a DataLoader, which does not know of {team.world_size} processes; "
                "expected its data set, which is shared out among them"
            )
        return _Loaded(name, pictures, None, place)
    return _Loaded(name, DataLoader(pictures, batch_sampler=order), order, place)


class _Order:
    """The positions of each batch's pictures, drawn anew for each pass."""

    def __init__(
        self, pictures: int, batch_size: int, shuffler: Generator | None, team: Processes
    ) -> None:
        self.pictures, self.batch_size = pictures, batch_size
        self.shuffler, self.team = shuffler, team

    def __len__(self) -> int:
        return -(-self.pictures // self.batch_size)

    def drawn(self) -> Tensor:
        if self.shuffler is None:
            return torch.arange(self.pictures)
        return torch.randperm(self.pictures, generator=self.shuffler)

    def mine(self, index: Tensor) -> Tensor:
        """Take this process's pictures of a batch; an empty share borrows one, at weight 0."""
        share = index[self.team.rank :: self.team.world_size]
        return share if len(share) else index[:1]

    def share(self, number: int) -> tuple[int, float]:
        """Return how many pictures of a batch are this process's, and what its mean weighs."""
        total = min(self.batch_size, self.pictures - number * self.batch_size)
        count = len(range(self.team.rank, total, self.team.world_size))
        return count, count * self.team.world_size / total

    def __iter__(self) -> Iterator[list[int]]:
        for index in self.drawn().split(self.batch_size):
            yield self.mine(index).tolist()


class _InMemory:
    def __init__(self, pictures: ImageSet, order: _Order, place: torch.device) -> None:
        self.images, self.labels = pictures.images.to(place), pictures.labels.to(place)
        self.highest, self.order = int(pictures.labels.max()), order

    def __len__(self) -> int:
        return len(self.order)

    def __iter__(self) -> Iterator[Batch]:
        order = self.order.drawn().to(self.images.device)
        for number, index in enumerate(order.split(self.order.batch_size)):
            mine = self.order.mine(index)
            yield Batch(_scaled(self.images[mine]), self.labels[mine], *self.order.share(number))


class _Loaded:
    def __init__(
        self, name: str, loader: DataLoader, order: _Order | None, place: torch.device
    ) -> None:
        self.name, self.loader, self.order, self.place = name, loader, order, place
        self.highest = 0

    def __len__(self) -> int:
        return len(self.loader)

    def __iter__(self) -> Iterator[Batch]:
        for number, (images, labels) in enumerate(self._pairs()):
            count, weight = (len(labels), 1.0) if self.order is None else self.order.share(number)
            on_device = images.to(self.place, non_blocking=True)
            yield Batch(_scaled(on_device), labels.to(self.place), count, weight)

    def _pairs(self) -> Iterator[tuple[Tensor, Tensor]]:
        try:
            for pair in self.loader:
                yield self._checked(pair)
        except TypeError as error:
            if "collate" not in str(error):
                raise
            raise TypeError(
                f"{self.name} gives what cannot be put into a batch; expected pairs of a tensor "
                "and a label: does the data set lack transform=ToTensor()?"
            ) from error

    def _checked(self, pair: object) -> tuple[Tensor, Tensor]:
        if not isinstance(pair, list | tuple) or len(pair) != 2:
            what = type(pair).__name__
            if isinstance(pair, list | tuple):
                what += f" of length {len(pair)}"
            raise TypeError(f"{self.name} gives {what}; expected pairs (pictures, labels)")
        images, labels = pair
        for what, value in (("pictures", images), ("labels", labels)):
            if not isinstance(value, Tensor):
                raise TypeError(
                    f"{self.name} gives {what} as {type(value).__name__}; expected a tensor"
                )
        if images.dtype != torch.uint8 and not images.is_floating_point():
            raise TypeError(
                f"{self.name} gives pictures of {images.dtype}; expected uint8, or numbers from "
                "0 to 1"
            )
        if labels.dtype != torch.int64 or labels.shape != images.shape[:1]:
            raise ValueError(
                f"{self.name} gives labels of {labels.dtype} and shape {tuple(labels.shape)}; "
                f"expected torch.int64 and ({len(images)},)"
            )
        low, high = (int(value) for value in labels.aminmax())
        if low < 0:
            raise ValueError(f"{self.name} has the label {low}; expected at least 0")
        self.highest = max(self.highest, high)
        return images, labels


def _scaled(pictures: Tensor) -> Tensor:
    """Turn bytes from 0 to 255 into numbers from 0 to 1; numbers stay what they are."""
    if pictures.dtype == torch.uint8:
        return pictures.to(torch.float32).div_(255)
    return pictures.to(torch.float32)
