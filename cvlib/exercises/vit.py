"""Checkers of the chapter on the vision transformer."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

__all__ = ["mean_distance", "patchify"]


def patchify(answer: object) -> str | None:
    """Check a function that cuts pictures into patches.

    Parameters
    ----------
    answer
        A function of pictures ``(N, C, H, W)`` and the side of a patch; it returns ``(N, words, C *
        size * size)``, the patches row by row, and in each the numbers of its first channel first,
        row by row.

    Returns
    -------
    str or None
        What is wrong with the words it makes, or None.

    Examples
    --------
    >>> patchify(lambda images, size: images.flatten(1))
    'of pictures (2, 1, 4, 4) in patches of 2 it makes (2, 16), expected (2, 4, 4)'
    """
    if not callable(answer):
        return f"patchify is {answer!r}, expected a function"
    for shape, size in (((2, 1, 4, 4), 2), ((1, 3, 6, 6), 2), ((2, 2, 6, 12), 3)):
        generator = torch.Generator().manual_seed(size)
        images = torch.rand(shape, generator=generator)
        expected = F.unfold(images, size, stride=size).mT
        words = answer(images.clone(), size)
        of = f"of pictures {shape} in patches of {size} it makes"
        if not isinstance(words, Tensor):
            return f"{of} a {type(words).__name__}, expected a tensor"
        if words.shape != expected.shape:
            return f"{of} {tuple(words.shape)}, expected {tuple(expected.shape)}"
        if torch.equal(words, expected):
            continue
        one, other = (part.flatten(1).sort(1).values for part in (words, expected))
        if not torch.equal(one, other):
            return f"{of} words that do not hold every number of the picture once"
        one, other = (part.sort(2).values for part in (words, expected))
        if not torch.equal(one, other):
            wrong = int((one != other).any(2)[0].nonzero()[0])
            return f"{of} words of which number {wrong} (from 0) holds pixels of several patches"
        return f"{of} the right patches, but not with their numbers channel by channel"
    return None


def mean_distance(answer: object) -> str | None:
    """Check a function that says how far attention looks, on average.

    Parameters
    ----------
    answer
        A function of weights ``(words, words)`` between the patches of a square, row by row: those
        of a query in a row, adding up to 1. It returns the mean over the queries of the distance,
        in patches, at which they look.

    Returns
    -------
    str or None
        The first case whose result is wrong, or None.

    Examples
    --------
    >>> mean_distance(lambda weights: 0.0)
    'with all weights alike on 2 × 2 patches it gives 0, expected 0.854'
    """
    if not callable(answer):
        return f"mean_distance is {answer!r}, expected a function"
    alike, uneven = torch.full((4, 4), 0.25), torch.rand(49, 49, generator=_seeded()).softmax(1)
    cases = {
        "with all weights alike on 2 × 2 patches": alike,
        "where each of 3 × 3 patches looks at itself": torch.eye(9),
        "where all of 3 × 3 patches look at the first": torch.eye(9)[:1].expand(9, 9),
        "where the first of 3 × 3 patches looks at all, and the others at themselves": torch.cat(
            [torch.full((1, 9), 1 / 9), torch.eye(9)[1:]]
        ),
        "with random weights on 7 × 7 patches": uneven,
    }
    for name, weights in cases.items():
        try:
            got = float(answer(weights.clone()))
        except (TypeError, ValueError):
            return f"{name} it gives no number"
        if not abs(got - (expected := _mean_distance(weights))) < 1e-3:
            return f"{name} it gives {got:.3g}, expected {expected:.3g}"
    return None


def _mean_distance(weights: Tensor) -> float:
    side = round(len(weights) ** 0.5)
    places = torch.cartesian_prod(torch.arange(side), torch.arange(side)).double()
    return float((weights * torch.cdist(places, places)).sum(1).mean())


def _seeded() -> torch.Generator:
    return torch.Generator().manual_seed(0)
