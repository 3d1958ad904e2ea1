"""How a figure becomes a file that is sharp on every screen, and light.

A drawing is kept as lines and letters (SVG), which no enlargement blurs. What holds a photograph
is kept as pixels, two for each of the page.
"""

from __future__ import annotations

import io
import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.gridspec import GridSpec, SubplotSpec
from matplotlib.image import AxesImage
from matplotlib.text import Text
from numpy.typing import NDArray
from PIL import Image

from cvlib.figures.style import as_picture

#: Pixels per inch of a figure on a page.
SHOWN_DPI = 120
#: Pixels per inch of a stored figure, two for each on the page. The regression run, which compares
#: what is drawn, asks for fewer.
DPI = int(os.environ.get("CVLIB_DPI", 2 * SHOWN_DPI))
#: Whether what is encoded will be kept, and is worth the time that makes it light.
KEPT = DPI >= 2 * SHOWN_DPI
#: Pixels across an explorer's frame at most, of which there are many: two for each of a page.
FRAME_WIDTH = 1400
#: Of a picture in a drawing, pixels a side: kernels and small digits, shown as squares.
MOST_PIXELS = 64
#: Colours of a drawing's frame.
COLOURS = 64
#: Inches that a figure is wide on a phone, where it fills some 330 pixels of the page.
PHONE = 3.2
#: Pixels per inch of such a figure, two for each of the page.
PHONE_DPI = min(DPI, 200)
#: Points of the smallest letters that can be read there.
LEAST_POINTS = 8.0


def is_drawing(figure: Figure) -> bool:
    """Tell whether a figure is made of lines and letters, with no picture above 64 pixels a side.

    Parameters
    ----------
    figure
        The figure.

    Returns
    -------
    bool
        Whether lines and letters say all that it shows.

    Examples
    --------
    >>> from cvlib.figures import new_figure
    >>> figure, axes = new_figure()
    >>> is_drawing(figure)
    True
    >>> _ = axes[0, 0].imshow(np.zeros((100, 100)))
    >>> is_drawing(figure)
    False
    """
    pictures = figure.findobj(AxesImage)
    shapes = [np.asarray(each.get_array()).shape for each in pictures]
    return all(max(shape[:2]) <= MOST_PIXELS for shape in shapes)


def svg(figure: Figure) -> str:
    """Encode a figure as SVG, alike from run to run; its letters are outlines, and need no font.

    Parameters
    ----------
    figure
        The figure, which stays as it is.

    Returns
    -------
    str
        The file.

    Examples
    --------
    >>> from cvlib.figures import new_figure
    >>> figure, _ = new_figure(title="A line")
    >>> svg(figure) == svg(figure)
    True
    """
    written = io.StringIO()
    with rc_context({"svg.hashsalt": "cvlib", "svg.fonttype": "path"}):
        figure.savefig(written, format="svg", dpi=DPI, metadata={"Date": None})
    return written.getvalue()


def jpeg(figure: Figure) -> bytes:
    """Encode a figure as JPEG, with every colour at full resolution.

    Parameters
    ----------
    figure
        The figure, which stays as it is.

    Returns
    -------
    bytes
        The file.

    Examples
    --------
    >>> from cvlib.figures import new_figure
    >>> figure, _ = new_figure(width=2, height=1)
    >>> Image.open(io.BytesIO(jpeg(figure))).size
    (480, 240)
    """
    return _written(_drawn(figure, DPI), "jpeg", quality=85, subsampling=0, dpi=(DPI, DPI))


def webp(drawing: Any, *, dpi: float = DPI) -> bytes:
    """Encode as WebP a figure, or a picture enlarged to some 800 pixels by whole factors.

    Parameters
    ----------
    drawing
        A figure, which stays as it is, or a picture as :func:`cvlib.figures.show_images` takes it.
    dpi
        Pixels per inch of a figure; fewer are made of a wide one.

    Returns
    -------
    bytes
        The file: without loss for a drawing, which is the lighter way there.

    Raises
    ------
    ValueError
        If the drawing is a picture of another dtype than uint8, or of no picture's shape.

    Examples
    --------
    >>> Image.open(io.BytesIO(webp(np.zeros((8, 8), dtype=np.uint8)))).size
    (800, 800)
    """
    if isinstance(drawing, Figure):
        dpi = min(dpi, FRAME_WIDTH / drawing.get_size_inches()[0])
        picture, lossless = _drawn(drawing, dpi), is_drawing(drawing)
        if lossless and KEPT:
            picture = picture.quantize(COLOURS).convert("RGB")
    else:
        array = as_picture(drawing)
        if array.dtype != np.uint8:
            raise ValueError(f"draw returns a picture of {array.dtype}; expected uint8 or a figure")
        lossless = max(array.shape[:2]) <= MOST_PIXELS
        factor = _factor(array) * (2 if lossless else 1)
        picture = Image.fromarray(array.repeat(factor, 0).repeat(factor, 1))
    options = {"lossless": True} if lossless else {"quality": 72}
    return _written(picture, "webp", method=4 if KEPT else 0, **options)


@contextmanager
def narrow(figure: Figure) -> Iterator[None]:
    """Lay a figure out for a phone, inside a ``with`` block: plots one below another.

    Letters keep their size in inches, so that they can be read where the figure fills a page of
    375 pixels. Two or three plots in a row come one below another, more of them two by two. Where
    one unit is as long across as down, in pictures and drawings, height follows width, and
    letters larger than 8 points shrink by a quarter. Words that would cover each other turn
    upright.

    Parameters
    ----------
    figure
        The figure; at the end of the block it is as it came, and laid out anew when next drawn.

    Examples
    --------
    >>> from cvlib.figures import new_figure
    >>> figure, _ = new_figure(1, 2, width=7, height=3)
    >>> with narrow(figure):
    ...     print(figure.get_size_inches())
    [3.2 6. ]
    >>> figure.get_size_inches()
    array([7., 3.])
    """
    width, height = before = tuple(figure.get_size_inches())
    placed = [(each, spec) for each in figure.axes if (spec := each.get_subplotspec())]
    titles = [*figure.texts]
    for axes in figure.axes:
        inside = {*axes.texts}
        titles += [
            each for each in axes.get_children() if isinstance(each, Text) and each not in inside
        ]
    wrapped = [(text, text.get_wrap()) for text in titles]
    rigid = [axes for axes in figure.axes if axes.get_aspect() != "auto" and axes.get_visible()]
    shrunk = [(text, float(text.get_fontsize())) for axes in rigid for text in axes.texts]
    rows, columns = placed[0][1].get_gridspec().get_geometry() if placed else (1, 1)
    shape = rows, columns
    if columns > 1 and len(placed) <= rows * columns and _in_cells(placed):
        shape = (len(placed), 1) if columns <= 3 else (-(-len(placed) // 2), 2)
        grid = GridSpec(*shape, figure=figure)
        for number, (axes, _) in enumerate(placed):
            axes.set_subplotspec(grid[divmod(number, shape[1])])
    row = height / rows
    if len(rigid) == len(figure.axes):
        titled = bool(figure.get_suptitle()) or any(axes.get_title() for axes in rigid)
        row = min(row, row * (PHONE / shape[1]) / (width / columns) + 0.3 * titled)
    figure.set_size_inches(PHONE, row * shape[0])
    for text in titles:
        text.set_wrap(True)
    for text, size in shrunk:
        text.set_fontsize(min(size, max(LEAST_POINTS, 0.75 * size)))
    figure.draw_without_rendering()  # the layout follows letters, and they the layout
    upright = [text for axes in figure.axes for text in _crowded(axes)]
    for text in upright:
        text.set_rotation(90)
    if upright:
        figure.draw_without_rendering()
    try:
        yield
    finally:
        figure.set_size_inches(before)
        for axes, spec in placed:
            axes.set_subplotspec(spec)
        for text, wrap in wrapped:
            text.set_wrap(wrap)
        for text, size in shrunk:
            text.set_fontsize(size)
        for text in upright:
            text.set_rotation(0)


def least_letters(figure: Figure) -> float:
    """Measure the smallest letters of a figure; numbers along an axis count once it was drawn.

    Parameters
    ----------
    figure
        The figure.

    Returns
    -------
    float
        Their size in points; infinite where there is no letter.

    Examples
    --------
    >>> from cvlib.figures import new_figure
    >>> least_letters(new_figure(title="A title")[0])
    12.0
    """
    shown = (
        text
        for axes in figure.axes
        for text in axes.findobj(Text)
        if text.get_text().strip() and text.get_visible() and axes.axison
    )
    inside = (text for axes in figure.axes for text in axes.texts if text.get_text().strip())
    sizes = [float(text.get_fontsize()) for text in (*figure.texts, *inside, *shown)]
    return min(sizes, default=math.inf)


def _crowded(axes: Axes) -> list[Text]:
    """Find the words of a plot, or those below it, that cover their neighbours."""
    crowded = []
    for texts in (axes.texts, axes.get_xticklabels() if axes.axison else []):
        level = [text for text in texts if text.get_text() and not text.get_rotation()]
        boxes = [text.get_window_extent() for text in level]
        if any(one.overlaps(next_one) for one, next_one in pairwise(boxes)):
            crowded += level
    return crowded


def _in_cells(placed: list[tuple[Axes, SubplotSpec]]) -> bool:
    """Tell whether each plot has one cell of the same grid for itself."""
    grid = placed[0][1].get_gridspec()
    return all(
        spec.get_gridspec() is grid and len(spec.rowspan) == len(spec.colspan) == 1
        for _, spec in placed
    )


def shown_size(drawing: Any) -> tuple[int, int]:
    """Give the size at which a page shows a drawing, where it has the room.

    Parameters
    ----------
    drawing
        A figure, or a picture as :func:`cvlib.figures.show_images` takes it.

    Returns
    -------
    width, height : int
        In pixels of the page.

    Examples
    --------
    >>> shown_size(np.zeros((8, 8), dtype=np.uint8))
    (400, 400)
    """
    if isinstance(drawing, Figure):
        width, height = drawing.get_size_inches() * SHOWN_DPI
        return round(width), round(height)
    array = as_picture(drawing)
    height, width = (side * _factor(array) for side in array.shape[:2])
    return width, height


def _factor(array: NDArray[Any]) -> int:
    """Say how many times a small picture is enlarged."""
    return max(1, 400 // max(array.shape[:2]))


def _drawn(figure: Figure, dpi: float) -> Image.Image:
    """Draw a figure, once, where ``savefig`` draws twice."""
    before, shown_dpi = figure.canvas, figure.dpi
    canvas = FigureCanvasAgg(figure)
    figure.set_dpi(dpi)
    canvas.draw()
    picture = Image.fromarray(np.asarray(canvas.buffer_rgba())[..., :3])
    figure.set_canvas(before)  # as it came, and without the pixels, which would stay with it
    figure.set_dpi(shown_dpi)
    return picture


def _written(picture: Image.Image, kind: str, **options: Any) -> bytes:
    encoded = io.BytesIO()
    picture.save(encoded, kind, **options)
    return encoded.getvalue()
