"""The checkers of files, windows and colours know the right answers, and say what is wrong."""

from __future__ import annotations

import pytest

from cvlib.book import mistake


def right_distance(a: object, b: object) -> int:
    return min((int(a) - int(b)) % 180, (int(b) - int(a)) % 180)  # type: ignore[call-overload]


def right_size(start: bytes) -> tuple[int, int]:
    return int.from_bytes(start[20:24]), int.from_bytes(start[16:20])


def test_the_right_answers_pass() -> None:
    assert mistake("hue_distance", right_distance) is None
    assert mistake("png_size", right_size) is None
    assert mistake("png_size", lambda start: list(right_size(start))) is None


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (None, "hue_distance is None, expected a function"),
        (lambda a, b: None, "gives None, expected 20"),
        (lambda a, b: abs(int(a) - int(b)), "(np.uint8(2), np.uint8(178)) gives 176, expected 4"),
        (lambda a, b: min(int(a) - int(b), 180), "gives -20, expected 20"),
        (lambda a, b: right_distance(a, b) % 90, "(np.uint8(0), np.uint8(90)) gives 0"),
        (lambda a, b: (int(a) - int(b)) % 180, "(np.uint8(10), np.uint8(30)) gives 160"),
        (lambda a, b: right_distance(2 * int(a), 2 * int(b)) / 2, "expected 90"),
    ],
)
def test_hue_distance_is_told_what_is_wrong(answer: object, message: str) -> None:
    assert message in (mistake("hue_distance", answer) or "")


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (7, "png_size is 7, expected a function"),
        (lambda start: None, "png_size(a PNG of 2 rows and 3 columns) gives None, expected (2, 3)"),
        (lambda start: right_size(start)[::-1], "gives (3, 2), expected (2, 3)"),
        (lambda start: (start[23], start[19]), "(a PNG of 300 rows and 5 columns) gives (44, 5)"),
        (lambda start: tuple(int.from_bytes(start[at : at + 2]) for at in (22, 18)), "70000"),
        (lambda start: 2, "png_size raises TypeError"),
    ],
)
def test_png_size_is_told_what_is_wrong(answer: object, message: str) -> None:
    assert message in (mistake("png_size", answer) or "")
