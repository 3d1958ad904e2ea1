"""The drawings of the chapter on attention show the numbers they are given, and clip no word."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from matplotlib.patches import Rectangle

from cvlib.figures import palette
from cvlib.figures.attention import draw_attention, draw_weights, overlay
from tests.figures.clipping import assert_nothing_is_clipped
from tests.figures.test_convolution import texts


def test_each_number_on_paper_follows_from_those_before() -> None:
    query, key = torch.tensor([[1.0, 0], [0, 1], [1, -1]]), torch.tensor([[0.0, 1], [1, 0], [2, 0]])
    value = torch.tensor([[3.0, 0], [0, 6], [-9, 3]])
    figure = draw_attention(["one", "two", "three"], query, key, value, scale=1.0)
    written = texts(figure)
    assert [written.count(word) for word in ("one", "two", "three")] == [3, 3, 3]
    squares = [text.replace("−", "-") for text in written if text.strip("−.0123456789") == ""]
    weights = (query @ key.mT).softmax(1)
    parts = [key.mT, value, query, query @ key.mT, weights, weights @ value]
    expected = [number for part in parts for number in part.flatten().tolist()]
    assert [float(square) for square in squares] == pytest.approx(expected, abs=0.006)
    assert_nothing_is_clipped(figure)


def test_the_first_question_is_coloured() -> None:
    ones = torch.ones(2, 2)
    figure = draw_attention(["a", "b"], ones, ones, ones, scale=1.0)
    squares = [artist for artist in figure.axes[0].artists if isinstance(artist, Rectangle)]
    squares = squares or [p for p in figure.axes[0].patches if isinstance(p, Rectangle)]
    white = [square for square in squares if square.get_facecolor()[3] == 0]
    assert len(squares) == 24
    assert len(white) == 8


def test_weights_are_bars_on_one_scale() -> None:
    weights = {"sharp": torch.tensor([0.9, 0.1]), "flat": torch.tensor([0.5, 0.5])}
    figure = draw_weights(weights, title="Two of them")
    for axes, (name, values) in zip(figure.axes, weights.items(), strict=True):
        assert axes.get_title("center") == name
        heights = [bar.get_height() for bar in axes.patches]  # type: ignore[attr-defined]
        assert heights == pytest.approx(values.tolist())
        assert axes.get_ylim() == (0, 1)
    assert_nothing_is_clipped(figure)


@pytest.mark.parametrize("kind", ["grey", "colour", "tensor"])
def test_an_overlay_dims_what_has_little_weight(kind: str) -> None:
    grey = np.arange(48, dtype=np.uint8).reshape(6, 8) * 5
    picture = {
        "grey": grey,
        "colour": np.stack([grey] * 3, axis=2),
        "tensor": torch.from_numpy(grey)[None],
    }[kind]
    laid = overlay(picture, torch.tensor([[0.2, 0.0], [0.4, 0.1], [0.0, 0.0]]))
    assert laid.shape == (6, 8, 3)
    assert laid.dtype == np.uint8
    for (r, c), light in {(2, 0): 1, (0, 0): 0.675, (2, 4): 0.5125, (4, 4): 0.35}.items():
        expected = grey[r : r + 2, c : c + 4] * light
        np.testing.assert_allclose(laid[r : r + 2, c : c + 4, 1], expected, atol=0.51)


def test_a_patch_is_framed_and_left_readable() -> None:
    white = np.full((36, 24), 255, np.uint8)
    laid = overlay(white, torch.ones(3, 2), patch=(1, 1))
    blue = np.array([int(palette["sky"][i : i + 2], 16) for i in (1, 3, 5)])
    frame = (laid == blue).all(2)
    assert frame[12:24, 12:24].sum() == 144 - 64
    assert frame.sum() == 144 - 64
    assert (laid[~frame] == 255).all()


def test_a_map_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match=r"weights has shape \(3, 2\); expected divisors"):
        overlay(np.zeros((8, 8), np.uint8), torch.ones(3, 2))


def test_overlay_lays_blocks_around_the_middles_of_what_the_weights_see() -> None:
    weights = torch.tensor([[0.0, 1.0], [0.0, 0.0]])
    laid = overlay(np.full((8, 8), 200, np.uint8), weights, start=-2)[:, :, 0] == 200
    assert np.argwhere(laid.any(1)).ravel().tolist() == [0, 1]
    assert np.argwhere(laid.any(0)).ravel().tolist() == [2, 3, 4, 5, 6, 7]
