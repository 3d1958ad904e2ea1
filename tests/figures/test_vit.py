"""The drawings of the chapter on the vision transformer show what they are given."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from cvlib.figures.vit import draw_attention, draw_block, draw_costs, draw_positions, draw_words
from tests.figures.clipping import assert_nothing_is_clipped


@pytest.mark.parametrize(
    ("sides", "size", "numbers"),
    [((8, 8), 4, ["1", "2", "4"]), ((8, 8), 8, []), ((6, 12), 3, ["1", "2", "8"])],
)
def test_words_are_the_patches_of_the_picture(
    sides: tuple[int, int], size: int, numbers: list[str]
) -> None:
    picture = torch.rand(1, *sides, generator=torch.Generator().manual_seed(0))
    figure = draw_words(picture, size, title="Cut")
    whole, apart = figure.axes
    assert np.array_equal(np.array(whole.images[0].get_array()), picture[0].numpy())
    spread = np.ma.asarray(apart.images[0].get_array())
    rows, columns = (~np.ma.getmaskarray(spread).all(axis) for axis in (1, 0))
    assert (rows.sum(), columns.sum()) == (4 * sides[0], 4 * sides[1])
    together = spread[rows][:, columns]
    assert not np.ma.getmaskarray(together).any()
    assert np.array_equal(together[::4, ::4], picture[0].numpy())
    gaps = np.flatnonzero(np.diff(np.flatnonzero(columns)) > 1) + 1
    assert gaps.tolist() == list(range(4 * size, 4 * sides[1], 4 * size))
    assert [text.get_text() for text in apart.texts] == numbers
    assert_nothing_is_clipped(figure)


def test_small_patches_are_not_numbered_and_colours_stay() -> None:
    figure = draw_words(torch.rand(3, 28, 28), 2)
    assert not figure.axes[1].texts
    assert np.ma.asarray(figure.axes[1].images[0].get_array()).shape[2] == 3


def test_a_block_has_its_layers_in_order() -> None:
    figure = draw_block()
    texts = sorted((t.get_position()[0], t.get_text()) for t in figure.axes[0].texts)
    names = [name for _, name in texts if name]
    norm = "layer norm"
    assert names == ["words", norm, "attention", "+", norm, "MLP", "+", "words"]
    assert_nothing_is_clipped(figure)


def test_costs_are_drawn_over_the_words() -> None:
    costs = {"attention": [6.0, 240.0], "convolution": [9.0, 90.0]}
    figure = draw_costs([1, 10], costs, title="Costs", mark=5)
    (axes,) = figure.axes
    *curves, mark = axes.lines
    for line, (name, values) in zip(curves, costs.items(), strict=True):
        assert line.get_label() == name
        assert np.array(line.get_ydata()).tolist() == values
    assert set(np.array(mark.get_xdata()).tolist()) == {5}
    assert axes.texts[0].get_text() == "5 words"
    assert_nothing_is_clipped(figure)


@pytest.mark.parametrize("query", [None, 5])
def test_attention_is_laid_over_the_picture_for_each_head(query: int | None) -> None:
    weights = torch.rand(3, 2, 4, generator=torch.Generator().manual_seed(0))
    figure = draw_attention(torch.rand(1, 4, 8), weights, query)
    assert len(figure.axes) == 3
    for axes, seen in zip(figure.axes, weights, strict=True):
        assert axes.get_title().endswith(f"up to {seen.max():.2f}")
        opacity = np.array(axes.images[1].get_array())[..., 3]
        np.testing.assert_allclose(opacity, 0.75 * (seen / seen.max()).numpy(), rtol=1e-5)
        frames = [patch.get_xy() for patch in axes.patches]
        assert frames == ([] if query is None else [(1.5, 1.5)])
    assert_nothing_is_clipped(figure)


def test_positions_have_a_square_each() -> None:
    similarities = torch.rand(9, 9, generator=torch.Generator().manual_seed(0))
    figure = draw_positions(similarities, [0, 5], title="Alike")
    *squares, scale = figure.axes
    for axes, number in zip(squares, (0, 5), strict=True):
        drawn = np.array(axes.images[0].get_array())
        assert np.array_equal(drawn, similarities[number].view(3, 3).numpy())
    assert squares[1].get_title() == "row 2, column 3"
    assert squares[1].patches[0].get_xy() == (1.5, 0.5)
    assert scale.get_ylabel() == "cosine"
    assert_nothing_is_clipped(figure)
