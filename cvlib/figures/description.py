"""What a figure draws, in words and numbers: two figures are compared by it, not by their pixels.

Pixels change with a font, a resolution or a release of matplotlib, and hide a wrong label or a
curve a little too high. A description holds every text to the letter, and the data of every line,
bar, point and picture to six digits.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import Collection, PathCollection
from matplotlib.colors import to_hex
from matplotlib.contour import ContourSet
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.legend import Legend
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle
from matplotlib.quiver import Quiver
from matplotlib.text import Annotation, Text
from numpy.typing import NDArray
from PIL import Image

from cvlib.figures.style import as_picture

MOST_NUMBERS = 120  # of an array, in full; of a longer one, every so many-th, mean and deviation
THUMBNAIL = 8  # rows and columns of a picture's thumbnail
WHOLE = 32  # rows and columns of a figure's

Description = dict[str, Any]
Bands = Mapping[str, tuple[float, float]]


def describe(drawing: Any, *, measured: Bands | None = None, whole: bool = False) -> Description:
    """Describe what a figure or a picture shows.

    Parameters
    ----------
    drawing
        A matplotlib figure, or a picture as :func:`cvlib.figures.show_images` takes it.
    measured
        The band of each number that was measured, by the number's first six digits, as
        ``f"{number:.6g}"``: where the figure shows it, the description says so.
    whole
        Whether to add a thumbnail of the whole figure, for one that is stored without pixels.

    Returns
    -------
    dict
        Texts as they are; arrays of numbers as ``"[1. 2.5]"`` with six digits, a measured one as
        ``"≈0.93∈[0.9,0.97]"``; pictures as the means of 8 by 8 fields, one byte each, in base64.
        It can be written as JSON.

    Raises
    ------
    ValueError
        If the drawing is neither a figure nor of the shape of a picture.

    Examples
    --------
    >>> from cvlib.figures import new_figure
    >>> figure, axes = new_figure(title="A line")
    >>> _ = axes[0, 0].plot([0, 1], [0, 0.5])
    >>> describe(figure)["title"], describe(figure)["axes"][0]["lines"][0]["y"]
    ('A line', '[0. 0.5]')
    """
    bands = measured or {}
    if not isinstance(drawing, Figure):
        return _picture(as_picture(drawing), bands)
    found: Description = {
        "title": drawing.get_suptitle(),
        "labels": [drawing.get_supxlabel(), drawing.get_supylabel()],
        "legend": " | ".join(_legend(legend) for legend in drawing.legends),
        "lines": [_line(line, bands) for line in drawing.lines],
        "patches": _patches(drawing.patches, bands),
        "axes": [_axes(axes, bands) for axes in drawing.axes],
    }
    labels = {found["title"], *found["labels"]}  # they are among the figure's texts, too
    found |= _texts([text for text in drawing.texts if text.get_text() not in labels], bands)
    if whole:
        found["as a whole"] = _whole(drawing)
    return {key: value for key, value in found.items() if _says(value)}


def _whole(figure: Figure) -> str:
    """Draw a figure in grey on 32 by 32 fields, one byte each, in base64."""
    before, canvas = figure.canvas, FigureCanvasAgg(figure)
    canvas.draw()
    picture = Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("L")
    figure.set_canvas(before)
    small = picture.resize((WHOLE, WHOLE), Image.Resampling.BOX)
    return base64.b64encode(small.tobytes()).decode()


def _says(value: Any) -> bool:
    return any(map(_says, value)) if isinstance(value, list | tuple) else bool(value)


def _axes(axes: Axes, bands: Bands) -> Description:
    """Describe one plot."""
    shown: Description = {
        "title": " | ".join(
            filter(None, (axes.get_title(at) for at in ("left", "center", "right")))
        ),
        "lines": [_line(line, bands) for line in axes.lines],
        "patches": _patches(axes.patches, bands),
        "collections": [_collection(each, bands) for each in axes.collections],
        "pictures": [_image(image, bands) for image in axes.images],
        "tables": [
            " | ".join(cell.get_text().get_text() for _, cell in sorted(table.get_celld().items()))
            for table in axes.tables
        ],
    } | _texts(axes.texts, bands)
    if (legend := axes.get_legend()) is not None:
        shown["legend"] = _legend(legend)
    shapes = f"{shown['patches']}{shown['collections']}"
    free = {  # what was measured along an axis
        name: "≈" in shapes + "".join(str(line[name]) for line in shown["lines"]) for name in "xy"
    }
    if any(free.values()):  # places of texts follow what they stand at
        shown.pop("texts at", None)
    if axes.axison:
        for name, axis, scaled in (
            ("x", axes.xaxis, axes.get_autoscalex_on()),
            ("y", axes.yaxis, axes.get_autoscaley_on()),
        ):
            shown[f"{name} label"] = axis.get_label_text()
            shown[f"{name} scale"] = axis.get_scale() if axis.get_scale() != "linear" else ""
            if not (
                free[name] and scaled
            ):  # limits that follow what was measured are measured, too
                shown[f"{name} limits"] = _numbers(axis.get_view_interval(), {})
                shown[f"{name} ticks"] = _ticks(axis)
    return {key: value for key, value in shown.items() if _says(value)}


def _ticks(axis: Any) -> str:
    low, high = sorted(axis.get_view_interval())
    slack = 1e-9 * (high - low)
    places = zip(axis.get_majorticklocs(), axis.get_majorticklabels(), strict=False)
    return " | ".join(
        label.get_text()
        for place, label in places
        if label.get_text() and label.get_visible() and low - slack <= place <= high + slack
    )


def _texts(texts: Iterable[Text], bands: Bands) -> Description:
    """Describe texts, and where they stand; an annotation without a word is an arrow."""
    kept = [text for text in texts if text.get_text() or isinstance(text, Annotation)]
    if not kept:
        return {}
    arrows = [text for text in kept if isinstance(text, Annotation) and text.xycoords == "data"]
    shown: Description = {
        "texts": " | ".join(text.get_text() for text in kept),
        "texts at": _numbers([text.get_position() for text in kept], bands),
    }
    return shown | ({"arrows to": _numbers([a.xy for a in arrows], bands)} if arrows else {})


def _legend(legend: Legend) -> str:
    handles = zip(legend.legend_handles, legend.get_texts(), strict=False)
    entries = [f"{text.get_text()} ({_look(handle)})" for handle, text in handles]
    return " | ".join(filter(None, [legend.get_title().get_text(), *entries]))


def _look(artist: Any) -> str:
    """Name colour, dashes and marker."""
    if isinstance(artist, Line2D):
        style, marker = artist.get_linestyle(), artist.get_marker()
        parts = [_hex(artist.get_color())]
        parts += [] if style in ("None", "-") else [str(style)]
        parts += [] if marker in ("None", None, "") else [f"marker {marker}"]
        return " ".join(parts)
    if isinstance(artist, Patch):
        return _hex(artist.get_facecolor() if artist.get_fill() else artist.get_edgecolor())
    if isinstance(artist, Collection):
        faces: Any = artist.get_facecolor()
        colours = faces if len(faces) else artist.get_edgecolor()
        return " ".join(dict.fromkeys(_hex(colour) for colour in colours[:MOST_NUMBERS]))
    return type(artist).__name__


def _hex(colour: Any) -> str:
    return to_hex(colour)


def _line(line: Line2D, bands: Bands) -> Description:
    found: Description = {"look": _look(line)}
    if not str(line.get_label()).startswith("_"):
        found["label"] = str(line.get_label())
    return found | {
        "x": _numbers(line.get_xdata(orig=False), bands),
        "y": _numbers(line.get_ydata(orig=False), bands),
    }


def _patches(patches: Iterable[Patch], bands: Bands) -> list[Description]:
    """Describe bars and other shapes; those that look alike, as one."""
    groups: dict[str, list[NDArray[Any]]] = {}
    for patch in patches:
        if isinstance(patch, Rectangle):
            corner = (*patch.get_xy(), patch.get_width(), patch.get_height())
            place = np.array(corner, dtype=float)
        else:
            place = np.asarray(patch.get_path().vertices, dtype=float)
            place = patch.get_patch_transform().transform(place).ravel()
        groups.setdefault(f"{type(patch).__name__} {_look(patch)}", []).append(place)
    return [
        {f"{len(places)} {look}": _numbers(np.concatenate(places), bands)}
        for look, places in groups.items()
    ]


def _collection(found: Collection, bands: Bands) -> Description:
    shown: Description = {"look": f"{type(found).__name__} {_look(found)}"}
    if isinstance(found, ContourSet):
        return shown | {"levels": _numbers(found.levels, bands)}
    if isinstance(found, Quiver):
        arrows = np.stack([np.ma.filled(part, np.nan) for part in (found.U, found.V)])
        return shown | {
            "places": _numbers(found.get_offsets(), bands),
            "arrows": _numbers(arrows, bands),
        }
    if isinstance(found, PathCollection):
        shown["places"] = _numbers(np.ma.filled(found.get_offsets(), np.nan), bands)
        shown["sizes"] = _numbers(found.get_sizes(), bands)
    else:
        paths = [np.asarray(path.vertices, dtype=float) for path in found.get_paths()]
        shown["paths"] = _numbers(np.concatenate(paths) if paths else [], bands)
    if (values := found.get_array()) is not None:
        shown["values"] = _numbers(np.ma.filled(values, np.nan), bands)
        shown["colours"] = _colours(found)
    return shown


def _colours(mapped: Any) -> str:
    low, high = mapped.get_clim()
    return f"{mapped.get_cmap().name} from {_number(low)} to {_number(high)}"


def _image(image: AxesImage, bands: Bands) -> Description:
    held: Any = np.ma.asarray(image.get_array())
    array = np.ma.filled(held.astype(float), np.nan)
    shown = {"extent": _numbers(image.get_extent(), {})}
    if array.ndim == 3:
        return shown | _picture(array / (255 if held.dtype == np.uint8 else 1), bands)
    return shown | {"colours": _colours(image)} | _picture(array, bands, image.get_clim())


def _picture(
    array: NDArray[Any], bands: Bands, limits: tuple[float | None, float | None] | None = None
) -> Description:
    """Describe a picture: a small one of one channel by its numbers, another by a thumbnail."""
    shape = "×".join(map(str, array.shape))
    if limits is None:
        limits = (0, 255) if array.dtype == np.uint8 else (0, 1)
    if array.ndim == 2 and array.size <= MOST_NUMBERS:
        return {"shape": shape, "numbers": _numbers(array, bands)}
    low, high = (0.0 if limit is None else float(limit) for limit in limits)
    scaled = (array.astype(float) - low) / ((high - low) or 1)
    fields = _fields(np.nan_to_num(np.clip(scaled, 0, 1)))
    thumbnail = np.round(255 * fields).astype(np.uint8)
    return {"shape": shape, "thumbnail": base64.b64encode(thumbnail.tobytes()).decode()}


def _fields(array: NDArray[Any]) -> NDArray[Any]:
    """Take the mean of each of 8 by 8 fields (fewer where there are fewer rows or columns)."""
    for axis in (0, 1):
        size = array.shape[axis]
        edges = np.linspace(0, size, min(size, THUMBNAIL) + 1).round().astype(int)
        sums = np.add.reduceat(array, edges[:-1], axis=axis)
        counts = np.diff(edges).reshape([-1 if at == axis else 1 for at in range(array.ndim)])
        array = sums / counts
    return array


def _numbers(values: Any, bands: Bands) -> str | Description:
    """Write an array; of a long one the mean, the deviation and every so many-th number."""
    array = np.asarray(values, dtype=float)
    flat, columns = array.ravel(), array.shape[1] if array.ndim == 2 else 1
    beside = [_measured_in(flat[at::columns], bands) for at in range(columns)]
    words = [_number(number, beside[place % columns]) for place, number in enumerate(flat)]
    if flat.size <= MOST_NUMBERS:
        return f"[{' '.join(words)}]"
    every = -(-flat.size // (MOST_NUMBERS // 2))
    shown: Description = {
        "count": flat.size,
        f"every {every}": f"[{' '.join(words[::every])}]",
    }
    if not any(word.startswith("≈") for word in words):
        finite = flat[np.isfinite(flat)]
        if finite.size:
            stray = (finite.mean(), finite.std())
            shown["mean and deviation"] = f"[{' '.join(map(_number, stray))}]"
    return shown


def _measured_in(column: NDArray[Any], bands: Bands) -> Bands:
    """Take whole numbers among themselves for epochs or rows, though an accuracy of 1 was seen."""
    parts = (number for number in column if not float(number).is_integer())
    return bands if any(f"{number:.6g}" in bands for number in parts) else {}


def _number(number: float | None, bands: Bands | None = None) -> str:
    """Write a number with six digits and a point, and with its band if it was measured."""
    if number is None:
        return "none"
    short = f"{number:.6g}"
    if bands and short in bands:
        low, high = bands[short]
        return f"≈{short}∈[{low:g},{high:g}]"
    return short if not short.lstrip("-").isdigit() else f"{short}."


def describe_frames(
    frames: Sequence[tuple[str, Any]], *, measured: Bands | None = None
) -> Description:
    """Describe the frames of an explorer, each beside its alternative text.

    Parameters
    ----------
    frames
        The alternative text and the drawing of each frame.
    measured
        As :func:`describe` takes it.

    Returns
    -------
    dict
        Under ``frames``, a description per frame.

    Examples
    --------
    >>> import numpy as np
    >>> black = np.zeros((2, 2), dtype=np.uint8)
    >>> describe_frames([("black", black)])
    {'frames': [{'alt': 'black', 'shape': '2×2', 'numbers': '[0. 0. 0. 0.]'}]}
    """
    return {
        "frames": [{"alt": alt} | describe(drawing, measured=measured) for alt, drawing in frames]
    }
