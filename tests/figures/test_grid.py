"""Pictures side by side, in their own shapes and brightness."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure

from cvlib.figures import show_images


def shown(figure: Figure) -> list[np.ndarray]:
    return [np.asarray(axes.images[0].get_array()) for axes in figure.axes if axes.images]


def test_pictures_stand_in_their_order() -> None:
    pictures = np.random.default_rng(0).integers(0, 256, (5, 6, 7, 3), dtype=np.uint8)
    figure = show_images(pictures, columns=3, title="Five")
    for got, expected in zip(shown(figure), pictures, strict=True):
        np.testing.assert_array_equal(got, expected)
    assert len(figure.axes) == 6  # the last place stays empty
    assert figure.get_suptitle() == "Five"


def test_batch_counts_as_its_pictures() -> None:
    batch = torch.arange(2 * 3 * 4 * 5, dtype=torch.uint8).reshape(2, 3, 4, 5)
    figure = show_images(batch)
    np.testing.assert_array_equal(shown(figure)[1], batch[1].permute(1, 2, 0).numpy())


@pytest.mark.parametrize(
    ("count", "columns", "grid"),
    [(3, None, (1, 3)), (10, None, (1, 10)), (12, None, (2, 10)), (7, 4, (2, 4)), (4, 1, (4, 1))],
)
def test_rows_and_columns(count: int, columns: int | None, grid: tuple[int, int]) -> None:
    figure = show_images(np.zeros((count, 2, 2)), columns=columns)
    place = figure.axes[0].get_subplotspec()
    assert place is not None
    assert place.get_gridspec().get_geometry() == grid


def test_titles_stand_above_their_pictures() -> None:
    figure = show_images([np.zeros((2, 2))] * 2, ["one", "two\nlines"])
    assert [axes.get_title() for axes in figure.axes] == ["one", "two\nlines"]


def test_bytes_keep_their_brightness_and_floats_are_stretched() -> None:
    dim = np.array([[10, 20]])
    bytes_, floats, limited = (
        show_images([dim.astype(np.uint8)]),
        show_images([dim.astype(np.float32)]),
        show_images([dim.astype(np.float32)], limits=(0, 40)),
    )
    assert [figure.axes[0].images[0].get_clim() for figure in (bytes_, floats, limited)] == [
        (0, 255),
        (10, 20),
        (0, 40),
    ]


def test_shape_of_the_figure_follows_the_pictures() -> None:
    wide, _ = show_images([np.zeros((10, 40))]).get_size_inches(), None
    tall, _ = show_images([np.zeros((40, 10))]).get_size_inches(), None
    assert wide[0] == tall[0] == 7
    assert tall[1] == pytest.approx(16 * wide[1])


def test_nothing_to_show_is_refused() -> None:
    with pytest.raises(ValueError, match="images is empty"):
        show_images([])


def test_titles_must_be_as_many_as_the_pictures() -> None:
    with pytest.raises(ValueError, match="titles has 1 lines for 2 images"):
        show_images(np.zeros((2, 3, 3)), ["one"])


def test_what_is_no_picture_is_refused() -> None:
    with pytest.raises(ValueError, match=r"image has shape \(2, 3, 5\)"):
        show_images([np.zeros((2, 3, 5))])
