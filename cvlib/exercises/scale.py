"""Checkers of the chapter on more cores and machines."""

from __future__ import annotations

import torch
from torch import Tensor

from cvlib.exercises import compare_calls

__all__ = ["bytes_for_each", "whole_variance"]


def bytes_for_each(answer: object) -> str | None:
    """Check a function that counts what each process keeps, in ``float32`` with Adam.

    Parameters
    ----------
    answer
        A function of the number of weights, the number of processes, by which it can be divided,
        and the stage of ZeRO, from 0 to 3. It returns bytes: 4 for a weight, 4 for its gradient,
        and 8 for what Adam remembers.

    Returns
    -------
    str or None
        The first case whose result is wrong, and the likely reason; or None.

    Examples
    --------
    >>> bytes_for_each(lambda parameters, ranks, stage: 16 * parameters // ranks)
    'bytes_for_each(1000, 4, 0) gives 4000, expected 16000'
    """
    name = "bytes_for_each"
    cases = [(1000, 4, stage) for stage in range(4)] + [(61706, 2, 2), (64, 64, 3), (12, 1, 1)]
    wrong = compare_calls(name, answer, _bytes, cases)
    if wrong is None or not callable(answer):
        return wrong
    if answer(1000, 4, 1) == _bytes(1000, 4, 1) + 1000:
        return f"{wrong}; Adam remembers two numbers for each weight, and both are shared out"
    if answer(1000, 4, 1) == _bytes(1000, 4, 2):
        return f"{wrong}; the first stage shares out only what the optimizer remembers"
    return wrong


def _bytes(parameters: int, ranks: int, stage: int) -> int:
    share = parameters // ranks
    weights, gradients, moments = (share if stage >= least else parameters for least in (3, 2, 1))
    return 4 * weights + 4 * gradients + 8 * moments


def whole_variance(answer: object) -> str | None:
    """Check a function that finds the variance of a whole from what its shares tell.

    Parameters
    ----------
    answer
        A function of means, variances and counts, each a tensor (k,) with a number for each share.
        Variances are divided by the count. It returns the variance of all numbers together, divided
        by their count.

    Returns
    -------
    str or None
        The first case whose result is wrong, and the likely reason; or None.

    Examples
    --------
    >>> whole_variance(lambda means, variances, counts: variances.mean())
    'of the shares [[1, 1], [3, 3]] it gives 0, expected 1; the means of the shares differ, too'
    """
    if not callable(answer):
        return f"whole_variance is {answer!r}, expected a function"
    cases = [
        [[1.0, 1.0], [3.0, 3.0]],
        [[0.0, 2.0], [0.0, 2.0]],
        [[0.0, 1.0, 2.0, 5.0], [4.0]],
        [[1.0, 2.0], [-3.0], [0.5, 0.5, 9.0]],
        [[7.0, 7.5, 9.0]],
    ]
    for shares in cases:
        numbers = [torch.tensor(share, dtype=torch.float64) for share in shares]
        means = torch.stack([share.mean() for share in numbers])
        variances = torch.stack([share.var(correction=0) for share in numbers])
        counts = torch.tensor([len(share) for share in shares], dtype=torch.float64)
        given = [each.clone() for each in (means, variances, counts)]
        got = answer(*given)
        words = [[f"{number:g}" for number in share] for share in shares]
        told = ", ".join(f"[{', '.join(each)}]" for each in words)
        of = f"of the shares [{told}] it"
        if not isinstance(got, Tensor | float) or torch.as_tensor(got).numel() != 1:
            return f"{of} gives {got!r}, expected one number"
        if not all(map(torch.equal, given, (means, variances, counts))):
            return f"{of} changes what it is given; expected to leave it"
        expected = float(torch.cat(numbers).var(correction=0))
        if abs(float(got) - expected) > 1e-6:
            return f"{of} gives {float(got):.4g}, expected {expected:.4g}" + _why(
                float(got), means, variances, counts
            )
    return None


def _why(got: float, means: Tensor, variances: Tensor, counts: Tensor) -> str:
    """Name the likely mistake."""
    share = counts / counts.sum()
    unweighted = float((variances + (means - means.mean()) ** 2).mean())
    for value, reason in (
        (float((share * variances).sum()), "the means of the shares differ, too"),
        (float(variances.mean()), "the means of the shares differ, too"),
        (unweighted, "a share of more numbers counts for more"),
    ):
        if abs(got - value) < 1e-6:
            return f"; {reason}"
    return ""
