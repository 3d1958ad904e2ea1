"""The cover in the book is the one that the code draws, and its digits are read right."""

import base64
import io
from pathlib import Path

from cvlib.data import mnist_sample
from cvlib.figures.cover import draw_cover
from tests.regression.comparison import picture_difference

STORED = Path(__file__).parents[2] / "book" / "cover.png"


def test_stored_cover_is_what_the_code_draws() -> None:
    drawn = io.BytesIO()
    draw_cover().savefig(drawn)
    stored, fresh = (
        base64.b64encode(data).decode() for data in (STORED.read_bytes(), drawn.getvalue())
    )
    assert picture_difference(stored, fresh) is None


def test_digits_on_the_cover_are_read_right() -> None:
    _, test = mnist_sample().split(test=1000)
    read = [text.get_text() for text in draw_cover().axes[3].texts]
    assert read == [str(label) for label in test.labels[:9].tolist()]
