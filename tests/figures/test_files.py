"""The drawings of the chapter on files show what they are given: sizes, errors, colours."""

import numpy as np
import pytest

from cvlib.figures.files import draw_loss, draw_pairs, draw_sizes

IMAGE = np.random.default_rng(0).integers(0, 256, (40, 48, 3), dtype=np.uint8)


def test_sizes_and_errors_stand_where_they_belong() -> None:
    files = {"JPEG": [(50, 20.0, 30.0), (90, 60.0, 36.0)], "WebP": [(50, 15.0, 31.0)]}
    (axes,) = draw_sizes(files, {"PNG": 400.0, "array": 800.0}).axes
    jpeg, webp, png, array = axes.lines
    assert jpeg.get_xydata().tolist() == [[20, 30], [60, 36]]
    assert webp.get_xydata().tolist() == [[15, 31]]
    assert [png.get_xdata()[0], array.get_xdata()[0]] == [400, 800]
    assert [text.get_text() for text in axes.texts] == ["50", "90", "PNG", "array"]
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["JPEG", "WebP"]
    assert axes.get_xscale() == "log"


def test_no_format_is_refused() -> None:
    with pytest.raises(ValueError, match="formats is empty; expected at least one"):
        draw_sizes({}, {})


def test_the_error_is_amplified_around_grey_and_stops_at_the_ends() -> None:
    decoded = np.clip(IMAGE.astype(int) + 3, 0, 255).astype(np.uint8)
    decoded[0, 0] = 255 - IMAGE[0, 0]
    picture, part, error = draw_loss(IMAGE, decoded, corner=(8, 16), gain=4, title="title").axes
    assert np.array_equal(picture.images[0].get_array(), decoded)
    assert np.array_equal(part.images[0].get_array(), decoded[8:32, 16:40])
    expected = np.clip(128 + 4 * (decoded.astype(int) - IMAGE), 0, 255)
    assert np.array_equal(error.images[0].get_array(), expected)
    (frame,) = picture.patches
    assert frame.get_bbox().extents.tolist() == [15.5, 7.5, 39.5, 31.5]
    assert [line.get_ydata()[0] for line in part.lines[::2]] == [7.5, 15.5]
    assert error.get_title() == "error × 4"


@pytest.mark.parametrize("corner", [(4, 8), (8, 4), (-8, 0), (24, 0), (0, 32)])
def test_a_corner_that_is_none_of_a_block_is_refused(corner: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match=r"corner is \("):
        draw_loss(IMAGE, IMAGE, corner=corner)


def test_pictures_of_two_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match=r"decoded has shape \(40, 40, 3\); expected that of"):
        draw_loss(IMAGE, IMAGE[:, :40], corner=(0, 0))


def test_pairs_stand_beside_each_other_over_their_notes() -> None:
    pairs = [((0, 0, 0), (60, 0, 0)), ((1, 2, 3), (4, 5, 6))]
    axes = draw_pairs(pairs, ["one", "two"]).axes
    assert [place.images[0].get_array().tolist() for place in axes] == [
        [[list(colour) for colour in pair]] for pair in pairs
    ]
    assert [place.get_xlabel() for place in axes] == ["one", "two"]
    with pytest.raises(ValueError, match="notes has 1 lines for 2 pairs"):
        draw_pairs(pairs, ["one"])


def test_notes_of_two_lines_leave_the_pairs_their_size() -> None:
    widths = []
    for note in ("one", "one\ntwo"):
        figure = draw_pairs([((0, 0, 0), (60, 0, 0))] * 4, [note] * 4)
        figure.draw_without_rendering()
        widths.append(figure.axes[0].images[0].get_window_extent().width)
    assert widths[1] == pytest.approx(widths[0], rel=0.02)
