"""The checkers of the chapter on segmentation say what is wrong with an answer."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from cvlib.book import mistake


def cropped(bridge: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    top, left = ((a - b) // 2 for a, b in zip(bridge.shape[2:], x.shape[2:], strict=True))
    return bridge[..., top : top + x.shape[2], left : left + x.shape[3]]


def runs(mask: np.ndarray) -> list[tuple[int, int]]:
    found, start = [], None
    for place, inside in enumerate([*mask.ravel(), False]):
        if inside and start is None:
            start = place
        elif not inside and start is not None:
            found.append((start, place - start))
            start = None
    return found


def test_right_answers_pass() -> None:
    assert mistake("crop_like", cropped) is None
    assert mistake("run_lengths", runs) is None
    assert mistake("run_lengths", lambda mask: np.array(runs(mask)).reshape(-1, 2)) is None


def rounded_up(bridge: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    top, left = ((a - b + 1) // 2 for a, b in zip(bridge.shape[2:], x.shape[2:], strict=True))
    return bridge[..., top : top + x.shape[2], left : left + x.shape[3]]


@pytest.mark.parametrize(
    ("name", "answer", "said"),
    [
        ("crop_like", 3, "crop_like is 3, expected a function"),
        ("crop_like", lambda bridge, x: bridge, "it makes (2, 3, 6, 6), expected (2, 3, 4, 4)"),
        ("crop_like", lambda bridge, x: None, "it makes NoneType, expected a tensor"),
        ("crop_like", lambda b, x: b[..., -x.shape[2] :, -x.shape[3] :], "rows 2 to 5 of 4 × 4"),
        ("crop_like", rounded_up, "it keeps rows 2 to 5 of 4 × 6, expected rows 1 to 4"),
        ("crop_like", lambda b, x: 2 * cropped(b, x), "it keeps rows 2 to 5"),
        ("run_lengths", [], "run_lengths is [], expected a function"),
        ("run_lengths", lambda mask: None, "0110 it gives None, expected a list of pairs"),
        ("run_lengths", lambda mask: [(s + 1, n) for s, n in runs(mask)], "[(2, 2)], expected [(1"),
        ("run_lengths", lambda mask: runs(mask.T), "001 / 101 it gives"),
        ("run_lengths", lambda mask: runs(mask)[:1], "expected [(2, 2), (5, 1)]"),
    ],
)
def test_wrong_answers_are_told_apart(name: str, answer: Any, said: str) -> None:
    found = mistake(name, answer)
    assert found is not None
    assert said in found
