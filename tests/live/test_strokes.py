"""Strokes and the two networks that read them, as pages compute them, beside cvlib's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from book import live
from cvlib.data import ImageSet, drawn_digits, drawn_strokes, mnist_sample, rasterize
from cvlib.networks import pretrained
from tests.live.conftest import Engine

numbers = st.floats(-1e9, 1e9) | st.integers(-280, 280) | st.sampled_from([1e150, -1e150, 5e-324])
drawings = st.lists(st.lists(st.tuples(numbers, numbers), min_size=1, max_size=6), min_size=1)


def test_every_drawing_gives_the_same_picture(engine: Engine) -> None:
    for drawn in drawn_strokes().values():
        for name, strokes in drawn.items():
            assert np.array_equal(engine("rasterize", strokes), rasterize(strokes)), name


@settings(max_examples=60)
@given(drawings, st.floats(1, 9), st.integers(1, 28))
def test_any_strokes_give_the_same_picture(
    engine: Engine, strokes: Any, width: float, side: int
) -> None:
    assert np.array_equal(engine("rasterize", strokes), rasterize(strokes))
    expected = rasterize(strokes, width=width, side=side)
    found = engine("rasterize", strokes, {"width": width, "side": side})
    assert np.array_equal(found, expected)


def test_no_stroke_says_so(engine: Engine) -> None:
    with pytest.raises(ValueError, match="strokes is empty"):
        engine("rasterize", [])


def answers(name: str, digits: ImageSet) -> Any:
    with torch.inference_mode():
        return pretrained(name).eval()(digits.images / 255)


@pytest.mark.parametrize("name", ["lenet", "lenet5"])
def test_both_networks_give_torchs_answers_to_what_is_drawn(engine: Engine, name: str) -> None:
    digits = drawn_digits()
    expected = answers(name, digits)
    found = engine("predict", getattr(live, name)(), digits.images / 255)
    assert np.array_equal(found.argmax(1), expected.argmax(1))
    if name == "lenet":
        expected, found = expected.softmax(1), torch.tensor(found).softmax(1)
    # The weights have 8 bits and fewer.
    np.testing.assert_allclose(found, expected, atol=0.03 if name == "lenet" else 3)


def test_the_network_of_1998_gives_torchs_answers_to_a_thousand_digits(engine: Engine) -> None:
    digits = mnist_sample()[4000:]
    expected = answers("lenet5", digits)
    found = engine("predict", live.lenet5(), digits.images / 255)
    assert np.array_equal(found.argmax(1), expected.argmax(1))
    np.testing.assert_allclose(found, expected, atol=5)


def test_a_drawing_is_read_from_its_strokes(engine: Engine) -> None:
    strokes = drawn_strokes()["7"]["with a bar"]
    read = engine("readStrokes", strokes, engine("unpack", live.lenet()))
    assert np.array_equal(read["picture"], rasterize(strokes))
    assert [each.shape for each in read["outputs"]][:6] == [
        (6, 28, 28), (6, 28, 28), (6, 14, 14), (16, 10, 10), (16, 10, 10), (16, 5, 5),
    ]  # fmt: skip
    assert read["outputs"][-1].argmax() == 7
