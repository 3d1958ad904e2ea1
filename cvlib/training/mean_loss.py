"""The mean of a loss over all pictures of an epoch, out of those of its batches.

The means of batches make the mean of all pictures only where each counts for what it is a mean of.
Cross entropy with weights divides by the sum of the weights, and with ``ignore_index`` by the
number of labels that are not ignored; any other function is tried on the halves of a batch.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from cvlib.training.data_parallel import all_gather_object, all_reduce, processes
from cvlib.training.losses import Loss, cross_entropy

__all__ = ["MeanLoss", "check_loss"]


def check_loss(mean: object) -> Tensor:
    """Refuse what is not one number, and return it."""
    if not isinstance(mean, Tensor) or mean.ndim:
        shape = getattr(mean, "shape", None)
        what = type(mean).__name__ if shape is None else f"a tensor of shape {tuple(shape)}"
        raise ValueError(
            f"loss gives {what}; expected one number, the mean over the batch, or a dictionary of "
            "such numbers"
        )
    return mean


_MODULES = (nn.CrossEntropyLoss, nn.NLLLoss)
_FUNCTIONS = (F.cross_entropy, F.nll_loss, cross_entropy)


class MeanLoss:
    """A loss, and the mean of it over all pictures of an epoch, whatever the batch size.

    Parameters
    ----------
    loss
        A function of outputs and targets, which gives the batch's mean, or a dictionary of parts
        that are added up; cross entropy if None. What it divides by is read from torch's
        ``CrossEntropyLoss`` and ``NLLLoss``, from ``F.cross_entropy``, ``F.nll_loss`` and
        :func:`cvlib.training.losses.cross_entropy`, and from a ``functools.partial`` of these. Any
        other function is tried on the first batch: where the means of its two halves average to
        the mean of the whole, it is a mean over pictures. Where they do not, the outputs of an
        epoch are kept, and it is asked once for all of them. Parts are taken for means.
    alone
        Whether the batches are this process's alone, and no share of those of several.

    Examples
    --------
    >>> loss = MeanLoss(nn.CrossEntropyLoss(ignore_index=0))
    >>> for labels in ([0, 3], [0, 0]):  # one counts, and none
    ...     _ = loss(torch.zeros(2, 4), torch.tensor(labels), 2)
    >>> [float(share) for share in loss.shares], round(loss.over_all(), 4)
    ([1.0, 0.0], 1.3863)
    """

    def __init__(self, loss: Loss | None = None, *, alone: bool = False) -> None:
        self.alone = alone or processes().world_size == 1
        self.loss: Loss = loss or F.cross_entropy
        options = _options(self.loss)
        #: Whether it is a mean over pictures; None until it was tried.
        self.known: bool | None = True if options is not None else None
        if getattr(loss, "over_pictures", False):
            self.known = True
        self.classifies = options is not None
        options = options or {}
        self.weight: Tensor | None = options.get("weight")
        self.ignored: int = options.get("ignore_index", -100)
        self.clear()

    def clear(self) -> None:
        """Forget the batches, at the beginning of an epoch."""
        self.losses: list[Tensor] = []
        self.sums: list[Tensor] = []
        self.shares: list[Tensor | int] = []
        self.kept: list[tuple[Tensor, Tensor]] = []
        self.parts: dict[str, list[Tensor]] = {}

    def __call__(self, output: Any, target: Any, count: int) -> Tensor:
        """Compute the mean loss of a batch, 0 where nothing counts, and remember it.

        Parameters
        ----------
        output, target
            What the network says, and what is true.
        count
            How many pictures count, the first of the batch.

        Returns
        -------
        Tensor
            One number.
        """
        share: Tensor | int = count
        if self._weighs(target):
            share = self._weights(target, output)[:count].sum()
            total = self._sum(output, target) * (count > 0)
            # Divided here, as the loss itself would divide 0 by 0 where all are ignored.
            mean = torch.where(share == 0, 0, 1 / share) * total
        else:
            mean = self._added_up(self.loss(output, target), count)
            total = mean.detach().double() * count
        self.losses.append(mean.detach())
        self.sums.append(total.detach().double())
        self.shares.append(share)
        if self.known is None:
            self.known = self._is_a_mean(output, target, mean)
        if not self.known:
            self.kept.append((output.detach()[:count], target[:count]))
        return mean

    def take(self, parts: Any, count: int) -> Tensor:
        """Remember a batch's loss that the network itself has computed.

        Parameters
        ----------
        parts
            One number, the mean over the batch, or a dictionary of them.
        count
            How many pictures count.

        Returns
        -------
        Tensor
            Their sum.
        """
        mean, self.known = self._added_up(parts, count), True
        self.losses.append(mean.detach())
        self.sums.append(mean.detach().double() * count)
        self.shares.append(count)
        return mean

    def factor(self, factor: float, share: float | Tensor | None = None) -> float | Tensor:
        """Say what to multiply the last batch's mean by, so that processes average to the mean.

        Parameters
        ----------
        factor
            What it is by the numbers of their pictures.
        share
            What the whole batch weighs, where the last was a part of one.

        Returns
        -------
        float or Tensor
            What it is by what their pictures weigh.
        """
        share, count = self.shares[-1] if share is None else share, processes().world_size
        if self.alone or not isinstance(share, Tensor):
            return factor
        total = all_reduce(share.clone())
        return share * count / torch.where(total == 0, 1, total)

    def weigh(self, target: Any, count: int) -> Tensor | int:
        """Say what some pictures count in the mean: how many they are, or what they weigh.

        Parameters
        ----------
        target
            What is true of them.
        count
            How many they are.

        Returns
        -------
        int or Tensor
            What their mean is divided by.
        """
        return self._weights(target, self.weight).sum() if self._weighs(target) else count

    def over_all(self) -> float:
        """Return the mean over all pictures since :meth:`clear`, those of all processes."""
        place = self.losses[0].device
        if not self.known:
            kept = [torch.cat(parts) for parts in zip(*self.kept, strict=True)]
            if not self.alone:
                shared = all_gather_object([part.cpu() for part in kept])
                kept = [torch.cat(parts).to(place) for parts in zip(*shared, strict=True)]
            with torch.no_grad():  # the loss may hold weights, as a penalty does
                return float(check_loss(self.loss(*kept)))
        return self._mean(self.sums)

    def parts_over_all(self) -> dict[str, float]:
        """Return the same for each part of the loss, by name."""
        return {name: self._mean(sums) for name, sums in self.parts.items()}

    def _mean(self, sums: Sequence[Tensor]) -> float:
        total = torch.stack(list(sums)).sum()
        weight = torch.stack([torch.as_tensor(share).to(total) for share in self.shares]).sum()
        values = torch.stack([total, weight])
        loss, share = (values if self.alone else all_reduce(values)).tolist()
        return loss / share if share else float("nan")

    def _added_up(self, value: Any, count: int) -> Tensor:
        if not isinstance(value, Mapping):
            return check_loss(value)
        if not value:
            raise ValueError("loss gives no part; expected at least one")
        for name, part in value.items():
            sums = self.parts.setdefault(str(name), [])
            sums.append(check_loss(part).detach().double() * count)
        self.known = True
        return torch.stack(list(value.values())).sum()

    def _is_a_mean(self, output: Any, target: Any, mean: Tensor) -> bool | None:
        """Try the loss on the halves of a batch; None where they do not tell."""
        if not isinstance(output, Tensor) or not isinstance(target, Tensor):
            return True
        if len(output) < 2 or len(output) != len(target):
            return None
        half = len(output) // 2
        with torch.no_grad():
            halves = [self.loss(output[part], target[part]) for part in _halves(half)]
        first, second = (float(check_loss(part)) for part in halves)
        if math.isclose(first, second, rel_tol=1e-3):
            return None  # alike whatever they are divided by: the next batch may tell
        whole = (first * half + second * (len(output) - half)) / len(output)
        return math.isclose(whole, float(mean.detach()), rel_tol=1e-5, abs_tol=1e-7)

    def _weighs(self, target: Any) -> bool:
        """Say whether pictures count differently; probabilities have neither weight nor class."""
        return (
            (self.weight is not None or self.ignored >= 0)
            and isinstance(target, Tensor)
            and not target.is_floating_point()
        )

    def _weights(self, labels: Tensor, like: Tensor | None) -> Tensor:
        counts = (labels != self.ignored).to(torch.float32 if like is None else like.dtype)
        if self.weight is None:
            return counts
        weight = self.weight.to(labels.device)
        return counts * weight[torch.where(labels == self.ignored, 0, labels)]

    def _sum(self, output: Tensor, labels: Tensor) -> Tensor:
        if isinstance(self.loss, nn.Module):
            total: Any = copy.copy(self.loss)
            total.reduction = "sum"
            return total(output, labels)
        summing: Any = partial(self.loss, reduction="sum")  # type: ignore[call-arg]
        return summing(output, labels)


def _halves(half: int) -> tuple[slice, slice]:
    return slice(half), slice(half, None)


def _options(loss: Any) -> dict[str, Any] | None:
    """Read what a loss divides by, or None where that is not known."""
    if type(loss) in _MODULES:
        options = vars(loss) | {"weight": loss.weight}
    else:
        function, options = loss, {}
        while isinstance(function, partial):
            if function.args:
                return None
            options = function.keywords | options
            function = function.func
        if function not in _FUNCTIONS or {"size_average", "reduce"} & set(options):
            return None
    return options if options.get("reduction", "mean") == "mean" else None
