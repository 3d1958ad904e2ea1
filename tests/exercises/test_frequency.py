"""The checkers of frequency know the right answers, and tell what is wrong with others."""

from __future__ import annotations

import numpy as np
import pytest

from cvlib.book import mistake
from cvlib.images.frequency import waves


def right_fft(row: np.ndarray) -> np.ndarray:
    if len(row) == 1:
        return row.astype(complex)
    even, odd = right_fft(row[::2]), right_fft(row[1::2])
    turned = odd * np.exp(-2j * np.pi * np.arange(len(odd)) / len(row))
    return np.concatenate([even + turned, even - turned])


def test_right_answers_pass() -> None:
    assert mistake("alias", lambda f: abs(f - round(f))) is None
    assert mistake("alias", lambda f: min(f % 1, -f % 1)) is None
    assert mistake("fft", right_fft) is None
    assert mistake("fft", lambda row: waves(len(row)) @ row) is None
    assert mistake("fft", lambda row: list(np.fft.fft(row))) is None


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (lambda f: f, "alias(0.9) gives 0.9, expected 0.1"),
        (lambda f: min(f, 0.5), "alias(0.9) gives 0.5, expected 0.1"),
        (lambda f: f % 0.5, "alias(0.5) gives 0.0, expected 0.5"),
        (lambda f: 1 - f if f > 0.5 else f, "alias(1.3) gives -0.3"),
        (lambda f: abs(f - np.floor(f + 0.5)) if f >= 0 else f, "alias(-0.3) gives -0.3"),
        (lambda f: "0.1", "alias(0.2) gives '0.1', expected 0.2"),
        (0.1, "alias is 0.1, expected a function"),
    ],
)
def test_a_wrong_alias_is_named(answer: object, message: str) -> None:
    wrong = mistake("alias", answer)
    assert wrong is not None
    assert wrong.startswith(message)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (lambda row: row, "fft(array([3., 1.])) gives array([3., 1.]), expected array([4."),
        (lambda row: np.fft.ifft(row), "fft(array([3., 1.])) gives array([2.+0.j, 1.+0.j])"),
        (lambda row: np.fft.fft(row).conj(), "fft(array([0., 1., 2., 5., 3., 1., 4., 1.]))"),
        (lambda row: np.fft.fft(row)[:1], "fft(array([3., 1.])) gives array([4.+0.j])"),
        (lambda row: row.sort(), "fft raises ValueError"),
    ],
)
def test_a_wrong_transform_is_named(answer: object, message: str) -> None:
    wrong = mistake("fft", answer)
    assert wrong is not None
    assert wrong.startswith(message)
