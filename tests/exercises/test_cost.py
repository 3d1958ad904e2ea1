"""The checker of the receptive field knows the right answer, and says what is wrong with others."""

from __future__ import annotations

import pytest

from cvlib.exercises.cost import receptive_field


def right(layers: list[tuple[int, int]]) -> tuple[int, int]:
    size, jump = 1, 1
    for kernel_size, stride in layers:
        size += (kernel_size - 1) * jump
        jump *= stride
    return size, jump


def stride_ignored(layers: list[tuple[int, int]]) -> tuple[int, int]:
    return 1 + sum(kernel_size - 1 for kernel_size, _ in layers), right(layers)[1]


def stride_too_early(layers: list[tuple[int, int]]) -> tuple[int, int]:
    size, jump = 1, 1
    for kernel_size, stride in layers:
        jump *= stride
        size += (kernel_size - 1) * jump
    return size, jump


def test_the_right_answer_passes() -> None:
    assert receptive_field(right) is None


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (None, "receptive_field is None, expected a function"),
        (lambda layers: None, "receptive_field([]) gives None, expected (1, 1)"),
        (lambda layers: (0, 1), "([]) gives (0, 1), expected (1, 1)"),
        (lambda layers: (right(layers)[0], 1), "([(2, 2)]) gives (2, 1), expected (2, 2)"),
        (stride_ignored, "expected (32, 4): does a kernel after a stride"),
        (stride_too_early, "([(2, 2)]) gives (3, 2), expected (2, 2): does a layer's own stride"),
        (
            lambda layers: right(layers) if len(layers) < 8 else (99, 32),
            "gives (99, 32), expected (195, 32)",
        ),
    ],
)
def test_a_wrong_answer_is_told_why(answer: object, message: str) -> None:
    wrong = receptive_field(answer)
    assert wrong is not None
    assert message in wrong
