"""Batches: pictures of any kind, taken in their order or a drawn one, moved and scaled.

A batch is a pair: inputs, and targets of one of four kinds. Labels (B,) say which class a picture
is of; label maps (B, H, W) say it of each place; numbers (B, ...) are several labels a picture, or
whatever a regression is to give; a list of dictionaries, one for each picture, holds boxes and the
like.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Sized
from typing import Any, NamedTuple, Protocol

import torch
from torch import Generator, Tensor
from torch.utils.data import DataLoader, Dataset, TensorDataset, default_collate

from cvlib.arguments import integer
from cvlib.data import ImageSet
from cvlib.training.data_parallel import Processes

__all__ = ["Batch", "Batches", "Pictures", "batches_of"]

Pictures = ImageSet | Dataset | DataLoader


class Batch(NamedTuple):
    """What one step learns from.

    Parameters
    ----------
    inputs
        Pictures of shape (B, C, H, W), ``float32`` from 0 to 1, on the device; a list of them
        where they differ in size.
    targets
        Labels (B,), label maps (B, H, W), numbers (B, ...), or a list of B dictionaries.
    counted
        How many of them count: all, but for a process whose share of a last batch is empty.
    weight
        What this process's mean is multiplied by, so that the average over the processes is the
        mean over all their pictures: 1 where all have equally many.
    """

    inputs: Any
    targets: Any
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
    workers: int = 0,
    ignored: int = -100,
) -> Batches:
    """Take batches from pictures of any kind.

    Parameters
    ----------
    name
        The argument's name in messages.
    pictures
        An :class:`~cvlib.data.ImageSet`, a torch data set of pairs (input, target), or a
        ``DataLoader`` of batches of them, which brings its own batch size and order.
    batch_size
        Pictures a batch, over all processes.
    place
        Where the batches go.
    shuffler
        Draws the order of each pass, on the CPU; without it the order is that of the pictures.
    team
        Who shares each batch; by default this process is alone.
    workers
        How many processes load what a data set gives one by one.
    ignored
        A label that is none, as the ``ignore_index`` of a cross entropy.

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
    workers = integer("workers", workers)
    team = team or Processes()
    order = _Order(len(source), batch_size, shuffler, team)
    if isinstance(pictures, ImageSet):
        return _InMemory(name, pictures.images, pictures.labels, order, place, ignored)
    if isinstance(pictures, TensorDataset) and len(pictures.tensors) == 2:
        return _InMemory(name, *pictures.tensors, order, place, ignored)
    if isinstance(pictures, DataLoader):
        if team.world_size > 1:
            raise ValueError(
                f"{name} is a DataLoader, which does not know of {team.world_size} processes; "
                "expected its data set, which is shared out among them"
            )
        return _Loaded(name, pictures, None, place, ignored)
    loader = DataLoader(
        pictures,
        batch_sampler=order,
        collate_fn=_collate,
        num_workers=workers,
        pin_memory=place.type == "cuda",
    )
    return _Loaded(name, loader, order, place, ignored)


def _collate(samples: list[Any]) -> Any:
    """Put samples into a batch, dictionaries and pictures of several sizes into lists."""
    if not all(isinstance(sample, list | tuple) and len(sample) == 2 for sample in samples):
        return default_collate(samples)
    inputs, targets = ([sample[part] for sample in samples] for part in (0, 1))
    tensors = all(isinstance(each, Tensor) for each in inputs)
    if not (tensors and len({each.shape for each in inputs}) > 1):
        inputs = default_collate(inputs)
    if not all(isinstance(each, Mapping) for each in targets):
        targets = default_collate(targets)
    return inputs, targets


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
    def __init__(
        self,
        name: str,
        inputs: Tensor,
        targets: Tensor,
        order: _Order,
        place: torch.device,
        ignored: int,
    ) -> None:
        _check_inputs(name, inputs)
        self.inputs, self.targets, self.order = inputs.to(place), targets.to(place), order
        self.highest = 0 if targets.is_floating_point() else _highest(name, targets, ignored)

    def __len__(self) -> int:
        return len(self.order)

    def __iter__(self) -> Iterator[Batch]:
        order = self.order.drawn().to(self.inputs.device)
        for batch, index in enumerate(order.split(self.order.batch_size)):
            mine = self.order.mine(index)
            yield Batch(_scaled(self.inputs[mine]), self.targets[mine], *self.order.share(batch))


class _Loaded:
    def __init__(
        self,
        name: str,
        loader: DataLoader,
        order: _Order | None,
        place: torch.device,
        ignored: int,
    ) -> None:
        self.name, self.loader, self.order, self.place = name, loader, order, place
        self.highest, self.ignored = 0, ignored

    def __len__(self) -> int:
        return len(self.loader)

    def __iter__(self) -> Iterator[Batch]:
        for batch, (inputs, targets) in enumerate(self._pairs()):
            count, weight = len(targets), 1.0
            if self.order is not None:
                count, weight = self.order.share(batch)
            moved = _moved(inputs, self.place)
            several = isinstance(moved, list)
            scaled = [_scaled(each) for each in moved] if several else _scaled(moved)
            yield Batch(scaled, _moved(targets, self.place), count, weight)

    def _pairs(self) -> Iterator[tuple[Any, Any]]:
        try:
            for pair in self.loader:
                yield self._checked(pair)
        except TypeError as error:
            if "collate" not in str(error):
                raise
            raise TypeError(
                f"{self.name} gives what cannot be put into a batch; expected pairs of a tensor "
                "and a target: does the data set lack transform=ToTensor()?"
            ) from error

    def _checked(self, pair: object) -> tuple[Any, Any]:
        if not isinstance(pair, list | tuple) or len(pair) != 2:
            what = type(pair).__name__
            if isinstance(pair, list | tuple):
                what += f" of length {len(pair)}"
            raise TypeError(f"{self.name} gives {what}; expected pairs (pictures, targets)")
        inputs, targets = pair
        inputs = list(inputs) if isinstance(inputs, tuple) else inputs
        targets = list(targets) if isinstance(targets, tuple) else targets
        for each in inputs if isinstance(inputs, list) else [inputs]:
            _check_inputs(self.name, each)
        if isinstance(targets, list) and all(isinstance(each, Mapping) for each in targets):
            return inputs, targets
        if not isinstance(targets, Tensor):
            raise TypeError(
                f"{self.name} gives targets as {type(targets).__name__}; expected a tensor, or a "
                "list of dictionaries"
            )
        if not targets.ndim or len(targets) != len(inputs):
            raise ValueError(
                f"{self.name} gives targets of {targets.dtype} and shape {tuple(targets.shape)}; "
                f"expected one for each of {len(inputs)} pictures"
            )
        if not targets.is_floating_point():
            self.highest = max(self.highest, _highest(self.name, targets, self.ignored))
        return inputs, targets


def _check_inputs(name: str, inputs: object) -> None:
    if not isinstance(inputs, Tensor):
        raise TypeError(f"{name} gives pictures as {type(inputs).__name__}; expected a tensor")
    if inputs.dtype != torch.uint8 and not inputs.is_floating_point():
        raise TypeError(
            f"{name} gives pictures of {inputs.dtype}; expected uint8, or numbers from 0 to 1"
        )


def _highest(name: str, labels: Tensor, ignored: int) -> int:
    """Find the highest label, and refuse one below 0."""
    known = labels[labels != ignored]
    if not known.numel():
        return 0
    low, high = (int(value) for value in known.aminmax())
    if low < 0:
        raise ValueError(f"{name} has the label {low}; expected at least 0")
    return high


def _moved(value: Any, place: torch.device) -> Any:
    """Move tensors to a device, those in lists and dictionaries too."""
    if isinstance(value, Tensor):
        return value.to(place, non_blocking=True)
    if isinstance(value, Mapping):
        return {name: _moved(each, place) for name, each in value.items()}
    if isinstance(value, list):
        return [_moved(each, place) for each in value]
    return value


def _scaled(pictures: Tensor) -> Tensor:
    """Turn bytes from 0 to 255 into numbers from 0 to 1; numbers stay what they are."""
    if pictures.dtype == torch.uint8:
        return pictures.to(torch.float32).div_(255)
    return pictures.to(torch.float32)


class _Generators:
    """The generators that a ``DataLoader`` draws from, as a part of a checkpoint."""

    def __init__(self, generators: Sequence[Generator]) -> None:
        self.generators = generators

    def state_dict(self) -> dict[str, Any]:
        return {"states": [generator.get_state() for generator in self.generators]}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        for generator, before in zip(self.generators, state["states"], strict=True):
            generator.set_state(before)


def generators_of(name: str, pictures: Pictures) -> dict[str, _Generators]:
    """Find what a ``DataLoader`` draws from, or refuse one that could not go on alike."""
    if not isinstance(pictures, DataLoader):
        return {}
    if pictures.num_workers and pictures.persistent_workers:
        raise ValueError(
            f"{name} is a DataLoader with persistent_workers, whose random states no checkpoint "
            "reaches, so that the run could not go on as it was; expected "
            "persistent_workers=False, or no checkpoint"
        )
    holders = (pictures, pictures.sampler, getattr(pictures.batch_sampler, "sampler", None))
    found = [getattr(holder, "generator", None) for holder in holders]
    unique = {id(each): each for each in found if isinstance(each, Generator)}
    return {f"generators of {name}": _Generators(list(unique.values()))}
