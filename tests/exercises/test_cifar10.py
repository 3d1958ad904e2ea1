"""The checker of the most confused pair knows the right answer, and what is wrong with others."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from cvlib.exercises.cifar10 import most_confused


def right(matrix: Any) -> Any:
    both = (matrix + matrix.T).triu(1)
    return divmod(int(both.argmax()), len(matrix))


def by_loops(matrix: Any) -> Any:
    pairs = [(i, j) for i in range(len(matrix)) for j in range(i + 1, len(matrix))]
    best = max(pairs, key=lambda pair: int(matrix[pair] + matrix[pair[1], pair[0]]))
    return list(best)


def one_way(matrix: Any) -> Any:
    return divmod(int((matrix - matrix.diagonal().diag()).argmax()), len(matrix))


def above_the_diagonal_only(matrix: Any) -> Any:
    return divmod(int(matrix.triu(1).argmax()), len(matrix))


def overwriting(matrix: Any) -> Any:
    pair = right(matrix)
    matrix.fill_diagonal_(0)
    return pair


@pytest.mark.parametrize("answer", [right, by_loops, lambda m: torch.tensor(right(m))])
def test_the_right_answer_passes(answer: object) -> None:
    assert most_confused(answer) is None


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (None, "most_confused is None, expected a function"),
        (lambda matrix: None, "gives None for [[50, 1, 2], [3, 40, 9], [4, 5, 60]], expected two"),
        (lambda matrix: (1, 2, 3), "gives (1, 2, 3) for"),
        (lambda matrix: divmod(int(matrix.argmax()), len(matrix)), "leave the diagonal out"),
        (lambda matrix: right(matrix)[::-1], "gives (2, 1) for"),
        (lambda matrix: right(matrix)[::-1], "the smaller number comes first"),
        (one_way, "gives (0, 1) for [[5, 30, 6], [0, 7, 19], [8, 14, 9]], expected (1, 2): count"),
        (above_the_diagonal_only, "gives (0, 1) for [[5, 30, 6]"),
        (lambda matrix: (0, 1), "gives (0, 1) for [[50, 1, 2], [3, 40, 9], [4, 5, 60]]"),
        (overwriting, "overwrites the matrix"),
    ],
)
def test_a_wrong_answer_is_told_why(answer: object, message: str) -> None:
    wrong = most_confused(answer)
    assert wrong is not None
    assert message in wrong
