"""Checkers of the chapter on segmentation."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

__all__ = ["crop_like", "run_lengths"]


def crop_like(answer: object) -> str | None:
    """Check a function that cuts the middle out of a map, as large as another map.

    Parameters
    ----------
    answer
        A function of a map ``(N, C, H, W)`` and a smaller one ``(N, D, h, w)``; it returns the
        middle of the first, ``(N, C, h, w)``. Where H - h is odd, the odd row is cut off below, and
        the odd column on the right.

    Returns
    -------
    str or None
        The first case whose result is wrong, or None.

    Examples
    --------
    >>> crop_like(lambda bridge, x: bridge[..., : x.shape[2], : x.shape[3]])
    'of a map 6 × 6 it keeps rows 0 to 3 of 4 × 4, expected rows 1 to 4'
    """
    if not callable(answer):
        return f"crop_like is {answer!r}, expected a function"
    for (high, wide), (height, width) in (
        ((6, 6), (4, 4)),
        ((5, 5), (5, 5)),
        ((8, 10), (2, 8)),
        ((7, 9), (4, 6)),
        ((5, 8), (4, 1)),
    ):
        bridge = torch.arange(2.0 * 3 * high * wide).view(2, 3, high, wide)
        got = answer(bridge.clone(), torch.zeros(2, 5, height, width))
        of = f"of a map {high} × {wide}"
        if not isinstance(got, Tensor):
            return f"{of} it makes {type(got).__name__}, expected a tensor"
        if got.shape != (2, 3, height, width):
            expected = (2, 3, height, width)
            return f"{of} beside one {height} × {width} it makes {tuple(got.shape)}, " + (
                f"expected {expected}"
            )
        top, left = (high - height) // 2, (wide - width) // 2
        if torch.equal(got, bridge[..., top : top + height, left : left + width]):
            continue
        first = int(got[0, 0, 0, 0])
        for name, found, right, size in (
            ("rows", first // wide, top, height),
            ("columns", first % wide, left, width),
        ):
            if found != right:
                return (
                    f"{of} it keeps {name} {found} to {found + size - 1} of {height} × {width}, "
                    f"expected {name} {right} to {right + size - 1}"
                )
        return f"{of} it changes the numbers of what it keeps"
    return None


def run_lengths(answer: object) -> str | None:
    """Check a function that writes a mask as runs, row by row.

    Parameters
    ----------
    answer
        A function of a ``bool`` array (H, W); it returns a list of pairs: where a run of True
        begins, counted from 0 along the rows, and how long it is. A run may go on in the next row.

    Returns
    -------
    str or None
        The first case whose result is wrong, or None.

    Examples
    --------
    >>> run_lengths(lambda mask: [])
    'of the mask 0110 it gives [], expected [(1, 2)]'
    """
    if not callable(answer):
        return f"run_lengths is {answer!r}, expected a function"
    generator = np.random.default_rng(0)
    masks = [
        np.array([[0, 1, 1, 0]], bool),
        np.zeros((2, 3), bool),
        np.ones((2, 3), bool),
        np.array([[0, 0, 1], [1, 0, 1]], bool),
        np.array([[1, 0], [0, 1]], bool),
        generator.random((5, 7)) < 0.5,
    ]
    for mask in masks:
        shown = " / ".join("".join(str(int(each)) for each in row) for row in mask)
        got, expected = answer(mask.copy()), _run_lengths(mask)
        try:
            runs = [(int(start), int(length)) for start, length in got]
        except (TypeError, ValueError):
            return f"of the mask {shown} it gives {got!r}, expected a list of pairs"
        if runs != expected:
            return f"of the mask {shown} it gives {runs}, expected {expected}"
    return None


def _run_lengths(mask: np.ndarray) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.pad(mask.ravel().astype(np.int8), 1)))
    return [(int(start), int(end - start)) for start, end in edges.reshape(-1, 2)]
