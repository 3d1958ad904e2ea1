"""The drawings of the chapter on pixels show what they are given: numbers, regions, colours."""

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.patches import Rectangle

from cvlib.figures import palette
from cvlib.figures.pixels import colour_mosaic, draw_numbers, draw_regions
from cvlib.images.pixels import mosaic

GREY = np.arange(200, dtype=np.uint8).reshape(10, 20)


def test_numbers_stand_where_their_pixels_are() -> None:
    _, part = draw_numbers(GREY, slice(3, 6), slice(10, 14)).axes
    for text in part.texts:
        column, row = text.get_position()
        assert text.get_text() == str(GREY[3 + int(row), 10 + int(column)])
    assert len(part.texts) == 12
    assert [label.get_text() for label in part.get_yticklabels()] == ["3", "4", "5"]
    assert [label.get_text() for label in part.get_xticklabels()] == ["10", "11", "12", "13"]


def test_numbers_can_be_read_on_their_pixels() -> None:
    _, part = draw_numbers(GREY, slice(0, 10), slice(0, 10)).axes
    for text in part.texts:
        assert text.get_color() == ("white" if int(text.get_text()) < 128 else "black")


def test_the_frame_is_around_the_patch() -> None:
    whole, _ = draw_numbers(GREY, slice(3, 6), slice(10, 14)).axes
    (frame,) = (patch for patch in whole.patches if isinstance(patch, Rectangle))
    assert frame.get_bbox().extents.tolist() == [9.5, 2.5, 13.5, 5.5]


def test_an_empty_patch_is_refused() -> None:
    with pytest.raises(ValueError, match=r"columns .* hold no pixel of \(10, 20\)"):
        draw_numbers(GREY, slice(0, 2), slice(30, 40))


def test_regions_are_tinted_and_the_background_is_not() -> None:
    labels = np.zeros(GREY.shape, dtype=np.int32)
    labels[0], labels[1] = 1, 2
    drawn = draw_regions(GREY, labels)
    assert drawn.shape == (10, 20, 3)
    assert np.array_equal(drawn[2:], np.stack([GREY[2:]] * 3, axis=-1))
    for row, name in enumerate(("blue", "orange")):
        tint = (GREY[row, :, None] + 255 * np.array(to_rgb(palette[name]))) / 2
        assert np.abs(drawn[row] - tint).max() < 1


def test_the_seventh_region_has_the_first_ones_colour() -> None:
    drawn = draw_regions(np.full((1, 8), 90, dtype=np.uint8), np.arange(8)[None])[0].tolist()
    assert drawn[7] == drawn[1]
    assert len({tuple(colour) for colour in drawn}) == 7


def test_labels_of_another_shape_are_refused() -> None:
    with pytest.raises(ValueError, match=r"labels have shape \(2, 2\); expected that of image"):
        draw_regions(GREY, np.zeros((2, 2), dtype=np.int32))


def test_mosaic_is_coloured_as_it_was_measured() -> None:
    image = np.random.default_rng(0).integers(1, 256, (5, 7, 3), dtype=np.uint8)
    coloured = colour_mosaic(mosaic(image))
    assert np.array_equal(coloured.max(axis=2), mosaic(image))
    assert set(np.count_nonzero(coloured, axis=2).ravel()) == {1}
    measured = coloured > 0
    assert np.array_equal(coloured[measured], image[measured])
