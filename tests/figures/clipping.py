"""What every drawing must keep to: its words stay on the card."""

from __future__ import annotations

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure


def assert_nothing_is_clipped(figure: Figure) -> None:
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    page = figure.bbox.padded(1)
    for axes in figure.axes:
        for text in [*axes.texts, axes.title, axes.xaxis.label, axes.yaxis.label]:
            box = text.get_window_extent(canvas.get_renderer())
            inside = page.contains(box.x0, box.y0) and page.contains(box.x1, box.y1)
            assert inside or not text.get_text(), text.get_text()
