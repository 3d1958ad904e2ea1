"""The drawings of the chapter on filters show the numbers that they are given."""

from __future__ import annotations

import numpy as np
import pytest

from cvlib.figures.filters import draw_grids, draw_kernel, draw_row
from tests.figures.clipping import assert_nothing_is_clipped


def test_numbers_stand_where_the_array_has_them() -> None:
    grid = np.array([[1, -2.5], [0.125, 255]])
    figure = draw_grids({"first": np.zeros((2, 2)), "second": grid})
    assert [axes.get_title() for axes in figure.axes] == ["first", "second"]
    second = figure.axes[1]
    found = {text.get_position(): text.get_text() for text in second.texts}
    assert found == {(0.5, 0.5): "1", (1.5, 0.5): "−2.5", (0.5, 1.5): "0.12", (1.5, 1.5): "255"}
    assert second.yaxis_inverted()
    assert_nothing_is_clipped(figure)


def test_grids_fill_as_many_lines_as_they_need() -> None:
    figure = draw_grids({name: np.eye(3) for name in "abc"}, columns=2)
    assert len(figure.axes) == 4
    assert [len(axes.texts) for axes in figure.axes] == [9, 9, 9, 0]


def test_positive_and_negative_weights_have_their_own_colours() -> None:
    (mesh,) = draw_grids({"": np.array([[-1.0, 0, 1]])}).axes[0].collections
    red, white, blue = mesh.to_rgba(np.array([-1.0, 0, 1]))[:, :3]
    assert red[0] > red[2]
    assert blue[2] > blue[0]
    assert white.tolist() == pytest.approx([1, 1, 1], abs=0.01)


def test_no_grid_is_refused() -> None:
    with pytest.raises(ValueError, match="grids is empty"):
        draw_grids({})


@pytest.mark.parametrize(
    ("kernel", "title", "limits"),
    [
        (np.full((5, 5), 0.04), "weights, sum 1", (0, 255)),
        (np.array([[-1, 0, 1]]), "weights, sum 0", (-127.5, 127.5)),
        (-np.ones((1, 1)), "weights, sum −1", (0, 255)),
    ],
)
def test_result_is_shown_on_the_scale_of_its_kernel(
    kernel: np.ndarray, title: str, limits: tuple[float, float]
) -> None:
    result = np.arange(64.0).reshape(8, 8)
    figure = draw_kernel(kernel, result)
    weights, picture = figure.axes
    assert weights.get_title() == title
    assert len(weights.texts) == kernel.size
    assert picture.images[0].get_clim() == limits
    assert np.array_equal(picture.images[0].get_array(), result)
    assert_nothing_is_clipped(figure)


def test_each_row_is_drawn_over_the_true_one() -> None:
    rows = {"true": np.zeros(5), "noisy": np.ones(5), "median": np.arange(5)}
    figure = draw_row(rows)
    assert [axes.get_title() for axes in figure.axes] == ["noisy", "median"]
    for axes, name in zip(figure.axes, ("noisy", "median"), strict=True):
        truth, values = axes.lines
        assert np.array_equal(truth.get_ydata(), rows["true"])
        assert np.array_equal(values.get_ydata(), rows[name])
    legend = figure.axes[0].get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["true"]
    assert_nothing_is_clipped(figure)


def test_one_row_is_refused() -> None:
    with pytest.raises(ValueError, match="rows has 1 rows"):
        draw_row({"true": np.zeros(5)})
