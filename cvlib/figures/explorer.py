"""A control that changes a picture: a widget in a live kernel, frames and a script on a page."""

from __future__ import annotations

import base64
import html
import itertools
import json
import re
from collections.abc import Callable, Mapping, Sequence
from numbers import Real
from typing import Any

from matplotlib.figure import Figure

from cvlib.figures.encoding import (
    DPI,
    KEPT,
    LEAST_POINTS,
    PHONE_DPI,
    least_letters,
    narrow,
    shown_size,
    webp,
)

MOST_FRAMES = 64
MOST_BUTTONS = 3
WIDEST_ON_A_PHONE = 384  # pixels: what is shown wider has a second layout

_STYLE = (
    "<style>.explorer{margin:1em 0;max-width:100%}.explorer img{display:block;max-width:100%;"
    "height:auto;background:#fff;border-radius:6px}.explorer img[hidden]{display:none}"
    ".explorer-title{font-weight:600;margin:0 0 .4em}.explorer-controls{display:flex;"
    "flex-wrap:wrap;gap:.4em 1.6em;margin:0 0 .6em}.explorer-control{display:flex;"
    "align-items:center;gap:.5em;border:0;margin:0;padding:0}.explorer-control legend{float:left;"
    "padding:0;font:inherit;width:auto;margin:0}.explorer-buttons{display:inline-flex;"
    "flex-wrap:wrap;gap:.1em .9em}.explorer-buttons label{display:flex;align-items:center;"
    "gap:.3em;margin:0}.explorer-slider{display:grid;min-width:9em}.explorer-slider input{margin:0}"
    ".explorer-ticks{display:flex;justify-content:space-between;padding:0 7px}.explorer-ticks i"
    "{width:1px;height:4px;background:currentColor;opacity:.6}.explorer input"
    "{accent-color:#0072B2}.explorer output{min-width:2.5em;font-variant-numeric:tabular-nums}"
    ".explorer-told{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);"
    "white-space:nowrap}@media print{.explorer-controls{display:none}}</style>"
)
_SCRIPT = """<script>(function(){
var root=document.getElementById("%s"),told=root.querySelector(".explorer-told"),
controls=root.querySelectorAll(".explorer-control"),frames=root.querySelectorAll("img");
function place(control){var field=control.querySelector("input:checked,[type=range],select");
return field.tagName=="SELECT"?field.selectedIndex:+field.value;}
function show(){var frame=0;controls.forEach(function(control){var at=place(control);
frame=frame*control.dataset.size+at;var slider=control.querySelector("[type=range]");
if(slider){var label=slider.dataset.labels.split("|")[at];
slider.setAttribute("aria-valuetext",label);control.querySelector("output").value=label;}});
frames.forEach(function(image,at){image.hidden=at!=frame;});return frames[frame].alt;}
root.addEventListener("input",function(){told.textContent=show();});show();
})();</script>"""
_GIVEN = '<script type="application/json" class="explorer-given">%s</script>'


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
        The values of each control, in the order of the controls. Two or three get buttons,
        more numbers a slider, the rest a list.
    live, given
        What computes on the page, and with what: see :func:`explore`.
    """

    def __init__(
        self,
        draw: Callable[..., Any],
        alt: str | Callable[..., str],
        title: str,
        choices: Mapping[str, Sequence[Any]],
        live: str | None = None,
        given: Mapping[str, Any] | None = None,
    ) -> None:
        self.draw = draw
        self.alt: Callable[..., str] = alt.format if isinstance(alt, str) else alt
        self.title = title
        self.choices = choices
        self.live = live
        self.given = given
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
        return webp(self.draw(**chosen))

    def html(self) -> str:
        """Make the face for a page: every frame, the controls and their script.

        Returns
        -------
        str
            HTML that needs nothing beside itself.
        """
        name = "explorer-" + re.sub(r"[^a-z0-9]+", "-", self.title.lower()).strip("-")
        title = html.escape(self.title)
        controls = "".join(_control(name, *choice) for choice in self.choices.items())
        self.drawn = [(self.alt(**chosen), self.draw(**chosen)) for chosen in self.combinations()]
        (first, *others) = (_image(alt, drawing) for alt, drawing in self.drawn)
        frames = first + "".join(image.replace("<img", "<img hidden", 1) for image in others)
        live = "" if self.live is None else f' data-live="{self.live}"'
        numbers = json.dumps(self.given).replace("<", r"\u003c")  # which ends no script
        given = "" if self.given is None else _GIVEN % numbers
        return (
            f'{_STYLE}<div class="explorer" id="{name}" role="group" aria-label="{title}"{live}>'
            f'<p class="explorer-title">{title}</p>'
            f'<div class="explorer-controls">{controls}</div>{frames}'
            f'<p class="explorer-told" aria-live="polite"></p>{given}</div>{_SCRIPT % name}'
        )

    def widget(self) -> Any:
        """Make the face for a live kernel.

        Returns
        -------
        ipywidgets.VBox
            The controls above the picture.
        """
        import ipywidgets

        kinds = {
            "buttons": ipywidgets.ToggleButtons,
            "slider": ipywidgets.SelectionSlider,
            "list": ipywidgets.Dropdown,
        }
        controls = {
            name: kinds[_kind(values)](options=_labelled(values), description=_shown(name))
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
    live: str | None = None,
    given: Mapping[str, Any] | None = None,
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
    live
        The piece of ``book/_live/pieces`` that takes the place of the frames on the book's pages,
        and computes what ``draw`` would draw. Frames are left for paper and without a script.
    given
        What the piece is given by the chapter: numbers, texts, and lists and mappings of them.
    choices
        The values of each control. Two or three get buttons, more numbers a slider, the rest a
        list.

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
    explorer = Explorer(draw, alt, title, choices, live, given)
    count = len(explorer.combinations())
    if count > MOST_FRAMES:
        raise ValueError(f"choices make {count} frames; expected at most {MOST_FRAMES}")
    return explorer


def _image(alt: str, drawing: Any) -> str:
    """Write a frame, and beside that of a wide figure one for phones."""
    width, height = shown_size(drawing)
    frame = f'alt="{html.escape(alt)}" width="{width}" height="{height}"'
    if not isinstance(drawing, Figure):
        return f'<img {frame} src="{_data(drawing, DPI)}">'
    phone = ""
    if width > WIDEST_ON_A_PHONE and KEPT:
        with narrow(drawing):
            size = 'width="{}" height="{}"'.format(*shown_size(drawing))
            phone = (
                f'<source media="(max-width: 480px)" srcset="{_data(drawing, PHONE_DPI)}" {size}>'
            )
    data = _data(drawing, DPI)
    if (points := least_letters(drawing)) < LEAST_POINTS:
        raise ValueError(
            f"draw returns a figure with letters of {points:g} points; expected at least "
            f"{LEAST_POINTS:g}, to be read on a phone"
        )
    return f'<picture>{phone}<img {frame} src="{data}"></picture>'


def _data(drawing: Any, dpi: float) -> str:
    return f"data:image/webp;base64,{base64.b64encode(webp(drawing, dpi=dpi)).decode()}"


def _kind(values: Sequence[Any]) -> str:
    """Choose a control: buttons for two or three values, else a slider for numbers, or a list."""
    if len(values) <= MOST_BUTTONS:
        return "buttons"
    numbers = all(isinstance(value, Real) and not isinstance(value, bool) for value in values)
    return "slider" if numbers else "list"


def _labelled(values: Sequence[Any]) -> list[tuple[str, Any]]:
    return [(f"{value:g}" if isinstance(value, float) else str(value), value) for value in values]


def _shown(name: str) -> str:
    return name.strip("_").replace("_", " ")


def _control(explorer: str, name: str, values: Sequence[Any]) -> str:
    labels = [html.escape(label) for label, _ in _labelled(values)]
    shown, size = html.escape(_shown(name)), f'data-size="{len(values)}"'
    kind = _kind(values)
    if kind == "buttons":
        group = f"{explorer}-{name.strip('_').replace('_', '-')}"
        buttons = "".join(
            f'<label><input type="radio" name="{group}" value="{at}"'
            f"{' checked' * (at == 0)}><span>{label}</span></label>"
            for at, label in enumerate(labels)
        )
        return (
            f'<fieldset class="explorer-control" {size}><legend>{shown}</legend>'
            f'<span class="explorer-buttons">{buttons}</span></fieldset>'
        )
    if kind == "slider":
        ticks = "".join("<i></i>" for _ in labels)
        return (
            f'<label class="explorer-control" {size}><span>{shown}</span>'
            f'<span class="explorer-slider"><input type="range" min="0" max="{len(values) - 1}" '
            f'value="0" data-labels="{"|".join(labels)}" aria-valuetext="{labels[0]}">'
            f'<span class="explorer-ticks" aria-hidden="true">{ticks}</span></span>'
            f"<output>{labels[0]}</output></label>"
        )
    options = "".join(f"<option>{label}</option>" for label in labels)
    return (
        f'<label class="explorer-control" {size}><span>{shown}</span>'
        f"<select>{options}</select></label>"
    )
