"""The drawings of the chapter on preprocessing show what they are given: counts, steps, edges."""

import cv2
import numpy as np
import pytest
from matplotlib.patches import Rectangle

from cvlib.figures.preprocessing import draw_histograms, draw_hog, draw_road
from cvlib.images.preprocessing import Preprocess, cell_histograms, histogram

GREY = np.random.default_rng(0).integers(20, 60, (28, 28), np.uint8)


def file(height: int, width: int, level: int = 90) -> bytes:
    return cv2.imencode(".png", np.full((height, width, 3), level, np.uint8))[1].tobytes()


def test_bars_are_the_histogram_and_the_line_its_running_sum() -> None:
    above, _, below, _ = draw_histograms([GREY, GREY], ["one", "two"]).axes
    counts = histogram(GREY)
    heights = [bar.get_height() for bar in below.patches]
    assert heights == pytest.approx(counts / counts.max())
    assert below.lines[0].get_ydata() == pytest.approx(np.cumsum(counts) / GREY.size)
    assert above.get_title() == "one"


def test_each_picture_needs_a_title() -> None:
    with pytest.raises(ValueError, match="zip"):
        draw_histograms([GREY, GREY], ["one"])


def test_road_names_the_size_of_each_step() -> None:
    places = draw_road([file(30, 40), file(50, 20, 200)], Preprocess(24, 16)).axes
    assert [place.get_title().splitlines()[1] for place in places] == [
        f"{len(file(30, 40))} bytes",
        "uint8 (30, 40, 3)",
        "uint8 (24, 32, 3)",
        "uint8 (16, 16, 3)",
        "float32 (3, 16, 16)",
        "float32 (2, 3, 16, 16)",
    ]
    assert places[0].texts[0].get_text().startswith("89 50 4E 47")  # PNG


def test_road_frames_the_crop_and_shows_its_pixels() -> None:
    places = draw_road([file(30, 40)], Preprocess(24, 16)).axes
    (frame,) = (patch for patch in places[2].patches if isinstance(patch, Rectangle))
    assert frame.get_bbox().extents.tolist() == [7.5, 3.5, 23.5, 19.5]
    assert np.unique(places[3].images[0].get_array()).tolist() == [90]
    assert len(places[4].images) == 3
    assert len(places[5].images) == 1


def test_bars_are_the_histogram_of_the_framed_cell() -> None:
    arrows, bars, _ = draw_hog(GREY, 7, row=1, column=2).axes
    heights = [bar.get_height() for bar in bars.patches]
    assert heights == pytest.approx(cell_histograms(GREY, 7)[1, 2])
    (frame,) = (patch for patch in arrows.patches if isinstance(patch, Rectangle))
    assert frame.get_bbox().extents.tolist() == [13.5, 6.5, 20.5, 13.5]


def test_rays_lie_along_the_edge() -> None:
    upright = np.zeros((8, 8), np.uint8)
    upright[:, 4:] = 200
    _, _, stars = draw_hog(upright, 8, row=0, column=0).axes
    rays = [line.get_xydata() for line in stars.lines]
    longest = max(rays, key=lambda ends: np.ptp(ends, axis=0).sum())
    across, along = np.ptp(longest, axis=0)
    assert along > 5 * across
