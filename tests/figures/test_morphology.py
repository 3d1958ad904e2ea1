"""The drawings of the chapter on morphology show the histogram, and mark each changed pixel."""

import cv2
import numpy as np
import pytest
from matplotlib.figure import Figure

from cvlib.data import photograph
from cvlib.figures.morphology import draw_changes, draw_threshold
from cvlib.images.morphology import otsu_threshold

CROSS = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))


def titles(figure: Figure) -> list[str]:
    return [axes.get_title() for axes in figure.axes]


def test_the_line_stands_where_the_curve_is_highest() -> None:
    image = photograph("coins")
    above, below = draw_threshold(image, otsu_threshold(image)).axes
    curve, line = below.lines
    assert np.argmax(curve.get_ydata()) == line.get_xdata()[0] == 107
    assert above.texts[0].get_text() == "107"


def test_the_curve_is_the_distance_between_the_classes() -> None:
    image = np.array([10, 10, 20, 90], dtype=np.uint8)
    curve = draw_threshold(image, 20).axes[1].lines[0].get_ydata()
    dark, bright = image[:3], image[3:]
    expected = np.sqrt(0.75 * 0.25) * (bright.mean() - dark.mean())
    assert curve[20] == pytest.approx(expected)
    assert curve[[9, 90]] == pytest.approx(0)


def test_every_changed_pixel_bears_its_sign() -> None:
    image = np.zeros((7, 9), dtype=np.uint8)
    image[2:5, 2:6] = 255
    results = {"eroded": cv2.erode(image, CROSS), "dilated": cv2.dilate(image, CROSS)}
    figure = draw_changes(image, CROSS, results)
    assert titles(figure) == ["picture", "structuring element", "eroded", "dilated"]
    for axes, result in zip(figure.axes[2:], results.values(), strict=True):
        signs = {(text.get_position()[::-1], text.get_text()) for text in axes.texts}
        changed = np.argwhere(image != result).tolist()
        assert signs == {((r, c), "−" if image[r, c] else "+") for r, c in changed}
        shown = np.asarray(axes.images[0].get_array())
        assert len(np.unique(shown.reshape(-1, 3), axis=0)) == 3


def test_an_odd_number_of_results_leaves_one_place_empty() -> None:
    figure = draw_changes(np.eye(3), CROSS, dict.fromkeys(("a", "b", "c"), np.eye(3)))
    assert titles(figure) == ["picture", "structuring element", "a", "b", "c", ""]
    assert not figure.axes[5].images


def test_a_result_of_another_shape_is_refused() -> None:
    with pytest.raises(ValueError, match=r"eroded has shape \(2, 2\); expected that of image"):
        draw_changes(np.eye(3), CROSS, {"eroded": np.eye(2)})
