"""The drawings of the chapter on serving show what they are given, and clip no word."""

from __future__ import annotations

import numpy as np

from cvlib.figures.serving import draw_batches, draw_curves, draw_latencies, draw_pause
from cvlib.practice import poisson_arrivals, simulate
from tests.figures.clipping import assert_nothing_is_clipped


def test_batches_have_a_bar_for_each_request() -> None:
    served = simulate([0, 1, 5, 11], window=3, largest=2, service=lambda size: 4 + size)
    figure = draw_batches(served, title="Who waits for whom")
    place = figure.axes[0]
    bars = [(bar.get_x(), bar.get_x() + bar.get_width()) for bar in place.patches]
    assert bars == list(zip(served.begun, served.done, strict=True))
    assert [text.get_text() for text in place.texts] == ["batch 1", "batch 1", "batch 2", "batch 3"]
    assert len({bar.get_facecolor() for bar in place.patches}) == 3
    assert_nothing_is_clipped(figure)


def test_latencies_tell_three_percentiles_and_the_sizes() -> None:
    served = simulate(
        poisson_arrivals(300, 400), window=0.01, largest=8, service=lambda size: 0.004
    )
    figure = draw_latencies(served, most=40, largest=8, title="Three hundred a second")
    left, right = figure.axes
    said = [text.get_text() for text in left.get_legend().get_texts()]
    for percent, words in zip((50, 95, 99), said, strict=True):
        value = np.percentile(1000 * served.latency, percent)
        assert words == f"{percent} % by {value:.1f} ms"
    heights = [bar.get_height() for bar in right.patches]
    assert len(heights) == 8
    np.testing.assert_allclose(sum(heights), 100)
    ones = (served.sizes == 1).sum() / len(served.batch)
    np.testing.assert_allclose(heights[0], 100 * ones)
    assert_nothing_is_clipped(figure)


def test_curves_and_pauses_have_a_line_each() -> None:
    curves = {"one by one": ([10.0, 20.0], [5.0, 90.0]), "together": ([10.0, 30.0], [6.0, 9.0])}
    figure = draw_curves(curves, most=50, title="Two ways")
    for line, (name, (x, y)) in zip(figure.axes[0].lines, curves.items(), strict=True):
        assert line.get_label() == name
        assert (list(line.get_xdata()), list(line.get_ydata())) == (x, y)
    assert_nothing_is_clipped(figure)
    figure = draw_pause([0.0, 1.0], {"due": [1.0, 2.0], "sent": [1.0, 1.0]}, title="A pause")
    assert [line.get_label() for line in figure.axes[0].lines] == ["due", "sent"]
    assert_nothing_is_clipped(figure)
