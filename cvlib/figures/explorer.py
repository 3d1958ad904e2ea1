"""A control that changes a picture: a widget in a live kernel, frames and a script on a page."""

from __future__ import annotations

import base64
import html
import io
import itertools
import re
from collections.abc import Callable, Mapping, Sequence
from numbers import Real
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from cvlib.figures.style import as_picture

MOST_FRAMES = 64
_FRAME_DPI = 110

_STYLE = (
    "<style>.explorer{margin:1em 0;max-width:100%}.explorer img{display:block;max-width:100%;"
    "height:auto;background:#fff;border-radius:6px}.explorer img[hidden]{display:none}"
    ".explorer-title{font-weight:600;margin:0 0 .4em}.explorer-controls{display:flex;"
    "flex-wrap:wrap;gap:.4em 1.6em;margin:0 0 .6em}.explorer-controls label{display:flex;"
    "align-items:center;gap:.5em}.explorer-controls input{min-width:9em;accent-color:#0072B2}"
    ".explorer-controls output{min-width:2.5em;font-variant-numeric:tabular-nums}"
    "@media print{.explorer-controls{display:none}}</style>"
)
_SCRIPT = """<script>(function(){
var root=document.getElementById("%s"),controls=root.querySelectorAll("input,select"),
frames=root.querySelectorAll("img");
function show(){var frame=0;controls.forEach(function(control){
var size=+control.dataset.size,at=control.tagName=="SELECT"?control.selectedIndex:+control.value;
frame=frame*size+at;
if(control.type=="range"){var label=control.dataset.labels.split("|")[at];
control.setAttribute("aria-valuetext",label);control.nextElementSibling.value=label;}});
frames.forEach(function(image,at){image.hidden=at!=frame;});}
controls.forEach(function(control){control.addEventListener("input",show);});show();
})();</script>"""


class Explorer:
    """A picture and the controls that change it, in one output with two faces.

    A notebook cell that ends in an explorer shows it. Where a kernel lives, the face is an
    ipywidgets control that calls ``draw``; on a page, it is the same control over frames that
    were drawn beforehand, with a few lines of script and nothing to fetch.

    Parameters
    ----------
    draw
        Called with one value of each choice, by name; returns a matplotlib figure, or a picture
        as :func:`cvlib.figures.show_images` takes it.
    alt
        What the picture shows, for who cannot see it: a function of the choices, or a text with
        their names in braces.
    title
        What to look for, said above the controls.
    choices
        The values of each control, in the order of the controls. Numbers get a slider, the rest
        a list.
    """

    def __init__(
        self,
        draw: Callable[..., Any],
        alt: str | Callable[..., str],
        title: str,
        choices: Mapping[str, Sequence[Any]],
    ) -> None:
        self.draw = draw
        self.alt: Callable[..., str] = alt.format if isinstance(alt, str) else alt
        self.title = title
        self.choices = choices
        #: The alternative text and the drawing of every frame of the page, once it was made.
        self.drawn: list[tuple[str, Any]] = []

    def __repr__(self) -> str:
        sizes = ", ".join(f"{name}: {len(values)}" for name, values in self.choices.items())
        return f"Explorer({self.title!r}, {sizes})"

    def combinations(self) -> list[dict[str, Any]]:
        """List every combination of the choices, the last one changing fastest.

        Returns
        -------
        list of dict
            A value a choice, by name.
        """
        return [
            dict(zip(self.choices, values, strict=True))
            for values in itertools.product(*self.choices.values())
        ]

    def frame(self, **chosen: Any) -> bytes:
        """Draw one frame.

        Parameters
        ----------
        chosen
            One value of each choice.

        Returns
        -------
        bytes
            The picture as WebP.
        """
        return _encode(self.draw(**chosen))

    def html(self) -> str:
        """Make the face for a page: every frame, the controls and their script.

        Returns
        -------
        str
            HTML that needs nothing beside itself.
        """
        name = "explorer-" + re.sub(r"[^a-z0-9]+", "-", self.title.lower()).strip("-")
        title = html.escape(self.title)
        controls = "".join(_control(label, values) for label, values in self.choices.items())
        self.drawn = [(self.alt(**chosen), self.draw(**chosen)) for chosen in self.combinations()]
        (first, *others) = (_image(alt, drawing) for alt, drawing in self.drawn)
        frames = first + "".join(image.replace("<img", "<img hidden", 1) for image in others)
        return (
            f'{_STYLE}<div class="explorer" id="{name}" role="group" aria-label="{title}">'
            f'<p class="explorer-title">{title}</p>'
            f'<div class="explorer-controls">{controls}</div>{frames}</div>{_SCRIPT % name}'
        )

    def widget(self) -> Any:
        """Make the face for a live kernel.

        Returns
        -------
        ipywidgets.VBox
            The controls above the picture.
        """
        import ipywidgets

        controls = {
            name: (ipywidgets.SelectionSlider if _is_slider(values) else ipywidgets.Dropdown)(
                options=_labelled(values), description=_shown(name)
            )
            for name, values in self.choices.items()
        }
        picture = ipywidgets.HTML()  # ipywidgets.Image has no text for who cannot see it

        def redraw(change: object = None) -> None:
            chosen = {name: control.value for name, control in controls.items()}
            picture.value = _image(self.alt(**chosen), self.draw(**chosen))

        for control in controls.values():
            control.observe(redraw, names="value")
        redraw()
        heading = ipywidgets.HTML(f"<b>{html.escape(self.title)}</b>")
        return ipywidgets.VBox([heading, ipywidgets.HBox(list(controls.values())), picture])

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        live = self.widget()._repr_mimebundle_()
        return {**live, "text/plain": repr(self), "text/html": self.html()}


def explore(
    draw: Callable[..., Any],
    *,
    alt: str | Callable[..., str],
    title: str,
    **choices: Sequence[Any],
) -> Explorer:
    """Let the reader change a picture: by widgets in a live kernel, by frames on a page.

    Parameters
    ----------
    draw
        Called with one value of each choice, by name; returns a matplotlib figure, or a picture
        as :func:`cvlib.figures.show_images` takes it. The first values' picture must be worth
        seeing on its own: it is what a printed page shows.
    alt
        What the picture shows: a function of the choices, or a text with their names in braces.
    title
        What to look for; no two explorers of a page share a title.
    choices
        The values of each control. Numbers get a slider, the rest a list.

    Returns
    -------
    Explorer
        The explorer; a notebook cell that ends in it shows it.

    Raises
    ------
    ValueError
        If a choice has fewer than two values, or all together make more than 64 frames.

    Examples
    --------
    >>> import numpy as np
    >>> brightness = explore(
    ...     lambda level: np.full((8, 8), level, dtype=np.uint8),
    ...     alt="A square of grey level {level}",
    ...     title="Grey levels",
    ...     level=[0, 128, 255],
    ... )
    >>> brightness.html().count("<img")
    3
    """
    if not choices:
        raise ValueError("choices is empty; expected at least one control, as in level=[0, 255]")
    for name, values in choices.items():
        if len(values) < 2:
            raise ValueError(f"{name} has {len(values)} values; expected at least 2")
    explorer = Explorer(draw, alt, title, choices)
    count = len(explorer.combinations())
    if count > MOST_FRAMES:
        raise ValueError(f"choices make {count} frames; expected at most {MOST_FRAMES}")
    return explorer


def _encode(drawing: Any) -> bytes:
    """Encode as WebP a figure, or a picture enlarged to some 400 pixels by whole factors."""
    if isinstance(drawing, Figure):
        before, dpi = drawing.canvas, drawing.dpi
        canvas = FigureCanvasAgg(drawing)  # draws once, where savefig draws twice
        drawing.set_dpi(_FRAME_DPI)
        canvas.draw()
        picture = Image.fromarray(np.asarray(canvas.buffer_rgba())[..., :3])
        drawing.set_canvas(before)  # as it came, and without the pixels, which would stay with it
        drawing.set_dpi(dpi)
    else:
        array = as_picture(drawing)
        if array.dtype != np.uint8:
            raise ValueError(f"draw returns a picture of {array.dtype}; expected uint8 or a figure")
        factor = max(1, 400 // max(array.shape[:2]))
        picture = Image.fromarray(array.repeat(factor, 0).repeat(factor, 1))
    encoded = io.BytesIO()
    picture.save(encoded, "webp", quality=82)
    return encoded.getvalue()


def _image(alt: str, drawing: Any) -> str:
    picture = base64.b64encode(_encode(drawing)).decode()
    return f'<img alt="{html.escape(alt)}" src="data:image/webp;base64,{picture}">'


def _is_slider(values: Sequence[Any]) -> bool:
    return all(isinstance(value, Real) and not isinstance(value, bool) for value in values)


def _labelled(values: Sequence[Any]) -> list[tuple[str, Any]]:
    return [(f"{value:g}" if isinstance(value, float) else str(value), value) for value in values]


def _shown(name: str) -> str:
    return name.replace("_", " ")


def _control(name: str, values: Sequence[Any]) -> str:
    labels = [html.escape(label) for label, _ in _labelled(values)]
    shown = html.escape(_shown(name))
    if _is_slider(values):
        return (
            f'<label>{shown} <input type="range" min="0" max="{len(values) - 1}" value="0" '
            f'data-size="{len(values)}" data-labels="{"|".join(labels)}" '
            f'aria-valuetext="{labels[0]}"><output>{labels[0]}</output></label>'
        )
    options = "".join(f"<option>{label}</option>" for label in labels)
    return f'<label>{shown} <select data-size="{len(values)}">{options}</select></label>'
