"""What the loss of a batch is the mean of: its pictures, or what their classes weigh.

The means of batches make the mean of all pictures only where each counts for what it is a mean of.
Cross entropy with weights divides by the sum of the weights, and with ``ignore_index`` by the
number of labels that are not ignored; of any other function it cannot be known.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from cvlib.training.checks import check_loss
from cvlib.training.data_parallel import gathered, processes, summed
from cvlib.training.losses import cross_entropy

__all__ = ["Loss", "Mean"]

Loss = Callable[[Tensor, Tensor], Tensor]

_MODULES = (nn.CrossEntropyLoss, nn.NLLLoss)
_FUNCTIONS = (F.cross_entropy, F.nll_loss, cross_entropy)


class Mean:
    """A loss, and the mean of it over all pictures of an epoch.

    Parameters
    ----------
    loss
        A function of outputs and labels, which gives the batch's mean; cross entropy if None. What
        it divides by is read from torch's ``CrossEntropyLoss`` and ``NLLLoss``, from
        ``F.cross_entropy``, ``F.nll_loss`` and :func:`cvlib.training.losses.cross_entropy`, and
        from a ``functools.partial`` of these. For any other function, the outputs of an epoch are
        kept, and it is asked once for all of them, unless its attribute ``over_pictures`` is true.

    Examples
    --------
    >>> loss = Mean(nn.CrossEntropyLoss(ignore_index=0))
    >>> for labels in ([0, 3], [0, 0]):  # one counts, and none
    ...     _ = loss(torch.zeros(2, 4), torch.tensor(labels), 2)
    >>> [float(share) for share in loss.shares], round(loss.over_all(), 4)
    ([1.0, 0.0], 1.3863)
    """

    def __init__(self, loss: Loss | None = None) -> None:
        self.loss: Loss = loss or F.cross_entropy
        options = _options(self.loss)
        self.known = options is not None or bool(getattr(loss, "over_pictures", False))
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

    def __call__(self, output: Tensor, target: Tensor, count: int) -> Tensor:
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
        if target.ndim == 1 and (self.weight is not None or self.ignored >= 0):
            share = self._weights(target, output)[:count].sum()
            total = self._sum(output, target) * (count > 0)
            # Divided here, as the loss itself would divide 0 by 0 where all are ignored.
            mean = torch.where(share == 0, 0, 1 / share) * total
        else:
            mean = self.loss(output, target)
            check_loss(mean)
            total = mean.detach().double() * count
        self.losses.append(mean.detach())
        self.sums.append(total.detach().double())
        self.shares.append(share)
        if not self.known:
            self.kept.append((output.detach()[:count], target[:count]))
        return mean

    def factor(self, factor: float) -> float | Tensor:
        """Say what to multiply the last batch's mean by, so that processes average to the mean.

        Parameters
        ----------
        factor
            What it is by the numbers of their pictures.

        Returns
        -------
        float or Tensor
            What it is by what their pictures weigh.
        """
        share, count = self.shares[-1], processes().world_size
        if count == 1 or not isinstance(share, Tensor):
            return factor
        total = summed(share.clone())
        return share * count / torch.where(total == 0, 1, total)

    def over_all(self) -> float:
        """Return the mean over all pictures since :meth:`clear`, those of all processes."""
        place = self.losses[0].device
        if not self.known:
            kept = [torch.cat(parts) for parts in zip(*self.kept, strict=True)]
            if processes().world_size > 1:
                shared = gathered([part.cpu() for part in kept])
                kept = [torch.cat(parts).to(place) for parts in zip(*shared, strict=True)]
            with torch.no_grad():  # the loss may hold weights, as a penalty does
                return float(self.loss(*kept))
        total = torch.stack(self.sums).sum()
        weight = torch.stack([torch.as_tensor(share).to(total) for share in self.shares]).sum()
        loss, share = summed(torch.stack([total, weight])).tolist()
        return loss / share if share else float("nan")

    def _weights(self, labels: Tensor, output: Tensor) -> Tensor:
        counts = (labels != self.ignored).to(output.dtype)
        if self.weight is None:
            return counts
        return (
            counts * self.weight.to(output.device)[torch.where(labels == self.ignored, 0, labels)]
        )

    def _sum(self, output: Tensor, labels: Tensor) -> Tensor:
        if isinstance(self.loss, nn.Module):
            total: Any = copy.copy(self.loss)
            total.reduction = "sum"
            return total(output, labels)
        summing: Any = partial(self.loss, reduction="sum")  # type: ignore[call-arg]
        return summing(output, labels)


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
