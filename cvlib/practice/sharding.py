"""What every process must keep and send, where weights, gradients and moments are shared out.

In plain data parallel training every process holds all of everything. ZeRO takes the copies apart
in three stages: first the state of the optimizer, then the gradients too, then the weights too.
Torch's ``fully_shard`` is the third.
"""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor, nn
from torch.optim import Optimizer

from cvlib.arguments import integer

__all__ = ["Held", "bytes_held", "bytes_per_rank", "bytes_sent"]


class Held(NamedTuple):
    """Bytes that one process keeps for training.

    Parameters
    ----------
    parameters, gradients, optimizer
        The weights, their gradients, and what the optimizer remembers of them.
    """

    parameters: int
    gradients: int
    optimizer: int


def bytes_per_rank(
    parameters: int,
    ranks: int,
    stage: int = 0,
    *,
    weight: int = 4,
    gradient: int = 4,
    optimizer: int = 8,
) -> Held:
    """Count what each process keeps, at a stage of ZeRO.

    Parameters
    ----------
    parameters
        How many weights the network has.
    ranks
        Between how many processes it is shared.
    stage
        0: every process keeps all. 1: the optimizer's state is shared out. 2: gradients too.
        3: weights too.
    weight, gradient, optimizer
        Bytes for each weight. By default those of ``float32`` and Adam, which remembers two
        numbers. With mixed precision as in the paper they are 2, 2 and 12.

    Returns
    -------
    Held
        Bytes. A share is rounded up to whole weights: the process with the most.

    Raises
    ------
    TypeError
        If a number is no integer.
    ValueError
        If a number is too small, or there is no such stage.

    References
    ----------
    Rajbhandari, Rasley, Ruwase, He, "ZeRO: Memory Optimizations Toward Training Trillion Parameter
    Models", SC 2020, figure 1.

    Examples
    --------
    >>> bytes_per_rank(1000, 4, stage=1)
    Held(parameters=4000, gradients=4000, optimizer=2000)
    >>> paper = {"weight": 2, "gradient": 2, "optimizer": 12}
    >>> [round(sum(bytes_per_rank(7_500_000_000, 64, s, **paper)) / 1e9, 1) for s in range(4)]
    [120.0, 31.4, 16.6, 1.9]
    """
    parameters = integer("parameters", parameters)
    ranks = integer("ranks", ranks, least=1)
    stage = _stage(stage)
    share = -(-parameters // ranks)
    return Held(
        integer("weight", weight) * (share if stage >= 3 else parameters),
        integer("gradient", gradient) * (share if stage >= 2 else parameters),
        integer("optimizer", optimizer) * (share if stage >= 1 else parameters),
    )


def bytes_sent(parameters: int, ranks: int, stage: int = 0, *, number: int = 4) -> int:
    """Count what each process sends in one step, where all goes around rings.

    Gradients go around once to be added up (reduce-scatter), and what was updated goes around once
    (all-gather). In the third stage, weights are fetched twice: for the forward and for the
    backward pass, since nobody keeps them in between.

    Parameters
    ----------
    parameters
        How many weights the network has.
    ranks
        Between how many processes it is shared.
    stage
        Of ZeRO, as for :func:`bytes_per_rank`.
    number
        Bytes of a number that is sent.

    Returns
    -------
    int
        Bytes: 2 (k - 1) / k of the network, in the third stage 3 (k - 1) / k. A share is rounded up
        to whole weights.

    Raises
    ------
    TypeError, ValueError
        As :func:`bytes_per_rank`.

    References
    ----------
    Rajbhandari, Rasley, Ruwase, He, "ZeRO: Memory Optimizations Toward Training Trillion Parameter
    Models", SC 2020, section 7.

    Examples
    --------
    >>> [bytes_sent(1000, 4, stage) for stage in range(4)]
    [6000, 6000, 6000, 9000]
    """
    ranks = integer("ranks", ranks, least=1)
    share = -(-integer("parameters", parameters) // ranks)
    rounds = 3 if _stage(stage) == 3 else 2
    return rounds * (ranks - 1) * share * integer("number", number)


def bytes_held(model: nn.Module, optimizer: Optimizer) -> Held:
    """Count what this process keeps of a network that trains, also of one that is shared out.

    Parameters
    ----------
    model
        The network, after a step: gradients that are there count.
    optimizer
        Its optimizer; the numbers of all tensors that it remembers count, those of each weight and
        the counters of steps.

    Returns
    -------
    Held
        Bytes.

    Examples
    --------
    >>> import torch
    >>> model = nn.Linear(3, 2)
    >>> adam = torch.optim.Adam(model.parameters())
    >>> model(torch.ones(1, 3)).sum().backward()
    >>> adam.step()
    >>> bytes_held(model, adam)  # 8 weights, two numbers for each, and two counters of steps
    Held(parameters=32, gradients=32, optimizer=72)
    """
    weights = [_own(each) for each in model.parameters()]
    gradients = [_own(each.grad) for each in model.parameters() if each.grad is not None]
    remembered = [
        _own(value)
        for state in optimizer.state.values()
        for value in state.values()
        if isinstance(value, Tensor)
    ]
    return Held(*(sum(each.nbytes for each in kind) for kind in (weights, gradients, remembered)))


def _own(value: Tensor) -> Tensor:
    """Return what this process has of a tensor that may be shared out."""
    own: Tensor = value.to_local() if hasattr(value, "to_local") else value
    return own.detach()


def _stage(stage: int) -> int:
    stage = integer("stage", stage)
    if stage > 3:
        raise ValueError(f"stage is {stage}; expected 0, 1, 2 or 3")
    return stage
