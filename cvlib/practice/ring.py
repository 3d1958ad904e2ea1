"""All-reduce around a ring: every process ends with the mean of all, and sends hardly two copies.

Here the processes are entries of a list, so that each step can be looked at. What the steps do is
what NCCL and gloo do between machines.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from cvlib.arguments import check_numbers

__all__ = ["RingStep", "ring_all_reduce", "ring_steps"]


class RingStep(NamedTuple):
    """What every rank holds after a step, and what was sent in it.

    Parameters
    ----------
    number
        Which step, counted from 1; 0 is the beginning, before anything was sent.
    adds
        Whether what comes is added to what is there (the first half of the steps), or takes its
        place.
    pieces
        For each rank, its pieces in their order.
    sent
        For each rank, the position of the piece that it has sent to its right neighbour; empty at
        the beginning.
    bytes_sent
        For each rank, how many bytes it has sent since the beginning.
    """

    number: int
    adds: bool
    pieces: list[list[Tensor]]
    sent: list[int]
    bytes_sent: list[int]


def ring_steps(vectors: Sequence[Tensor]) -> Iterator[RingStep]:
    """Add up vectors around a ring, and show every step.

    Rank 0 sends to rank 1, that to rank 2, and the last one to rank 0, all at the same time. Each
    vector is cut into as many pieces as there are ranks. In the first half of the steps
    (reduce-scatter) each rank adds the piece that comes to its own; then it holds one finished sum.
    In the second half (all-gather) the finished sums go around.

    Parameters
    ----------
    vectors
        One for each rank, (n,), of floating-point numbers. They are not changed.

    Yields
    ------
    RingStep
        The beginning, and what stands after each of the 2(k - 1) steps of k ranks. The lists are
        those of this step alone.

    Raises
    ------
    TypeError
        If one is no tensor of floating-point numbers, or their dtypes differ.
    ValueError
        If there is none, or their shapes differ or are not (n,).

    References
    ----------
    Patarasuk, Yuan, "Bandwidth Optimal All-reduce Algorithms for Clusters of Workstations", Journal
    of Parallel and Distributed Computing 69(2), 2009.

    Examples
    --------
    >>> steps = list(ring_steps([torch.tensor([1.0, 2.0]), torch.tensor([10.0, 20.0])]))
    >>> [[float(piece) for piece in pieces] for pieces in steps[1].pieces]
    [[1.0, 22.0], [11.0, 20.0]]
    >>> [[float(piece) for piece in pieces] for pieces in steps[2].pieces]
    [[11.0, 22.0], [11.0, 22.0]]
    """
    _check(vectors)
    ranks = len(vectors)
    pieces = [[piece.clone() for piece in vector.tensor_split(ranks)] for vector in vectors]
    bytes_sent = [0] * ranks
    yield RingStep(0, True, [list(own) for own in pieces], [], list(bytes_sent))
    for number in range(1, 2 * ranks - 1):
        adds = number < ranks
        # Whoever received a piece in the last step sends it on in this one.
        sent = [(rank - number + 1) % ranks for rank in range(ranks)]
        post = [pieces[rank][at] for rank, at in enumerate(sent)]  # all are sent at once
        for rank, (at, piece) in enumerate(zip(sent, post, strict=True)):
            right = pieces[(rank + 1) % ranks]
            right[at] = right[at] + piece if adds else piece
            bytes_sent[rank] += piece.nbytes
        yield RingStep(number, adds, [list(own) for own in pieces], sent, list(bytes_sent))


def ring_all_reduce(vectors: Sequence[Tensor]) -> tuple[list[Tensor], list[int]]:
    """Give every rank the mean of all vectors, around a ring.

    Parameters
    ----------
    vectors
        One for each rank, as :func:`ring_steps` takes them.

    Returns
    -------
    list of Tensor
        The mean, for each rank: the same bits in all of them.
    list of int
        How many bytes each rank has sent: of k ranks and a vector of b bytes, 2 (k - 1) / k · b.

    Raises
    ------
    TypeError, ValueError
        As :func:`ring_steps`.

    Examples
    --------
    >>> means, sent = ring_all_reduce([torch.tensor([1.0, 2.0]), torch.tensor([3.0, 8.0])])
    >>> means, sent
    ([tensor([2., 5.]), tensor([2., 5.])], [8, 8])
    """
    *_, last = ring_steps(vectors)
    return [torch.cat(own) / len(vectors) for own in last.pieces], last.bytes_sent


def _check(vectors: Sequence[Tensor]) -> None:
    """Refuse what cannot go around a ring."""
    if not len(vectors):
        raise ValueError("vectors is empty; expected one for each rank")
    first, *others = ((f"vectors[{rank}]", vector) for rank, vector in enumerate(vectors))
    check_numbers(first[1], name=first[0], **dict(others))
    for name, vector in (first, *others):
        if vector.ndim != 1 or vector.shape != first[1].shape:
            raise ValueError(
                f"{name} has shape {tuple(vector.shape)}; expected (n,), as long as the first"
            )
