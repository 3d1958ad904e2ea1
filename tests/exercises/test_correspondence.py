"""The checkers of correspondence know the right answers, and tell what is wrong with others."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from cvlib.book import mistake


def right_canvas(matrix: Any, size: Any, moved: Any, last: int = 1, divide: bool = True) -> Any:
    height, width = moved
    corners = [(x, y, 1) for x in (0, width - last) for y in (0, height - last)]
    there = np.array(corners) @ np.asarray(matrix).T
    if divide:
        there = there / there[:, 2:]
    x, y = (np.append(there[:, k], [0, size[1 - k] - last]) for k in (0, 1))
    return x.min(), y.min(), x.max(), y.max()


def right_correlation(one: Any, other: Any) -> float:
    a, b = (window.astype(float) - window.mean() for window in (one, other))
    scale = np.sqrt((a**2).sum() * (b**2).sum())
    return float((a * b).sum() / scale) if scale else 0.0


def test_right_answers_pass() -> None:
    assert mistake("canvas", right_canvas) is None
    assert mistake("correlation", right_correlation) is None


@pytest.mark.parametrize(
    "answer",
    [
        lambda *given: right_canvas(*given, last=0),
        lambda *given: right_canvas(*given, divide=False),
        lambda matrix, size, moved: right_canvas(matrix, size, size),
        lambda matrix, size, moved: right_canvas(matrix, size[::-1], moved[::-1]),
        lambda matrix, size, moved: right_canvas(np.linalg.inv(matrix), size, moved),
        lambda matrix, size, moved: None,
    ],
)
def test_a_wrong_canvas_is_named(answer: object) -> None:
    assert "canvas([[" in str(mistake("canvas", answer))


@pytest.mark.parametrize(
    "answer",
    [
        lambda a, b: float(((a - a.mean()) * (b - b.mean())).sum()),
        lambda a, b: abs(right_correlation(a, b)),
        lambda a, b: float((a.astype(float) * b).sum() / np.sqrt((a**2.0).sum() * (b**2.0).sum())),
        lambda a, b: right_correlation(a, b) or 1.0,
        lambda a, b: "1",
    ],
)
def test_a_wrong_correlation_is_named(answer: object) -> None:
    assert "correlation(array(" in str(mistake("correlation", answer))
