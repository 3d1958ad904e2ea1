"""Drawings of LeNet-5: who sees whom in C3, and what each layer makes of a digit."""

from __future__ import annotations

import re

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from cvlib.figures.style import hide_frame, new_figure, palette
from cvlib.networks.inside import recording
from cvlib.networks.lenet5 import C3_TABLE, LeNet5, bitmaps, scaled_tanh

__all__ = ["STEPS", "draw_connections", "draw_step", "states"]

# What :func:`draw_step` shows; one map of each kind stands for C3.
STEPS = (
    *("C1", "S2", "C3, map 0", "C3, map 6", "C3, map 12", "C3, map 15"),
    *("S4", "C5", "F6", "output"),
)

_TITLES = {
    "C1": "C1 searches 32 × 32 pixels for six patterns of 5 × 5",
    "S2": "S2 adds up blocks of 2 × 2: half the side, the same strokes",
    "S4": "S4 halves the sixteen maps once more",
    "C5": "C5 makes a number of all 16 × 5 × 5, 120 times",
    "F6": "F6 draws a digit of 7 × 12 dots",
}
_HIGHEST = 1.7159  # of the squashed numbers
_WAITING, _LIT = "#C9D3DA", palette["vermillion"]


def states(model: LeNet5, picture: Tensor) -> dict[str, Tensor]:
    """Follow one picture through LeNet-5.

    Parameters
    ----------
    model
        The network, in evaluation mode.
    picture
        ``uint8``, shape (1, 28, 28).

    Returns
    -------
    dict of Tensor
        The pixels, and what each layer gives on, by the paper's name: maps (C, H, W), numbers
        (N,), and at the output the distances, before they are negated.

    Examples
    --------
    >>> found = states(LeNet5().eval(), torch.zeros(1, 28, 28, dtype=torch.uint8))
    >>> {name: tuple(state.shape) for name, state in found.items()}["S2"]
    (6, 14, 14)
    """
    layers = [name for name, _ in model.named_children()]
    pixels = picture[None].to(model.f6.weight.device).float() / 255
    with torch.inference_mode(), recording(model, layers) as outputs:
        model(pixels)
    found = {"picture": 1.275 * F.pad(pixels, (2, 2, 2, 2)) - 0.1}
    found |= {name.upper(): scaled_tanh(outputs[name]) for name in layers[:-1]}
    found["output"] = outputs["output"]
    sizes = {"C5": (120,)}
    return {
        name: state[0].reshape(sizes.get(name, state.shape[1:])).cpu()
        for name, state in found.items()
    }


def draw_connections() -> Figure:
    """Draw which maps of S2 each map of C3 sees, as the paper's table I has it.

    Returns
    -------
    matplotlib.figure.Figure
        A row for each map of S2, a column for each of C3, in four colours for their four kinds.

    Examples
    --------
    >>> len(draw_connections().axes[0].patches)
    60
    """
    figure, axes = new_figure(width=6.4, height=2.9, title="No two maps of C3 see the same")
    kinds = [*["blue"] * 6, *["green"] * 6, *["orange"] * 3, "vermillion"]
    _draw_table(axes[0, 0], [palette[kind] for kind in kinds])
    for number in range(16):
        axes[0, 0].text(number + 0.5, -0.2, str(number), ha="center", va="bottom", fontsize=9)
    for number in range(6):
        axes[0, 0].text(-0.2, number + 0.5, str(number), ha="right", va="center", fontsize=9)
    axes[0, 0].text(8, 6.3, "maps of C3 (columns) and the maps of S2 that they see (rows)",
                    ha="center", va="top", fontsize=9)  # fmt: skip
    axes[0, 0].set(xlim=(-1, 16.2), ylim=(7.1, -1))
    return figure


def draw_step(model: LeNet5, picture: Tensor, step: str) -> Figure:
    """Draw what one layer of LeNet-5 sees, and what it makes of it.

    Parameters
    ----------
    model
        The network, in evaluation mode.
    picture
        ``uint8``, shape (1, 28, 28).
    step
        One of :data:`STEPS`, or another map of C3.

    Returns
    -------
    matplotlib.figure.Figure
        For C3, the table of connections with the maps themselves at its sides; for the other
        layers, what came before on the left, and what they make of it on the right.

    Raises
    ------
    ValueError
        If there is no such step.

    Examples
    --------
    >>> digit = torch.zeros(1, 28, 28, dtype=torch.uint8)
    >>> draw_step(LeNet5().eval(), digit, "C3, map 15").get_suptitle()
    'C3: map 15 sees maps 0, 1, 2, 3, 4, 5 of S2'
    """
    chosen = re.fullmatch(r"C3, map (\d|1[0-5])", step)
    if chosen is None and step not in STEPS:
        raise ValueError(f"step is {step!r}; expected one of {', '.join(STEPS)}")
    found = {name: state.numpy() for name, state in states(model, picture).items()}
    if chosen is not None:
        return _draw_c3(found, int(chosen[1]))
    if step == "output":
        return _draw_output(found)
    names = list(found)
    before = names[names.index(step) - 1]
    figure, axes = new_figure(1, 2, width=6.4, height=3.3, title=_TITLES[step])
    _draw_state(axes[0, 0], before, found[before])
    _draw_state(axes[0, 1], step, found[step])
    return figure


def _draw_c3(found: dict[str, NDArray[np.float32]], chosen: int) -> Figure:
    maps = ", ".join(map(str, C3_TABLE[chosen]))
    title = f"C3: map {chosen} sees maps {maps} of S2"
    figure, axes = new_figure(width=6.4, height=3.3, title=title)
    place = axes[0, 0]
    _draw_table(place, [_LIT if number == chosen else _WAITING for number in range(16)])
    for number, values in enumerate(found["S2"]):
        _draw_map(place, values, (-1.1, number), lit=number in C3_TABLE[chosen])
    for number, values in enumerate(found["C3"]):
        _draw_map(place, values, (number, -1.2), lit=number == chosen)
    place.text(-0.65, 6.3, "S2", ha="center", va="top", fontsize=9)
    place.text(16.2, -0.75, "C3", ha="left", va="center", fontsize=9)
    place.set(xlim=(-1.3, 17.3), ylim=(7, -1.5))
    return figure


def _draw_output(found: dict[str, NDArray[np.float32]]) -> Figure:
    distances = found["output"]
    nearest = int(distances.argmin())
    title = f"Read as {nearest}: nearest to what F6 drew is the {nearest}"
    figure, axes = new_figure(1, 3, width=6.4, height=3.3, title=title, width_ratios=[1, 1, 2.6])
    _draw_state(axes[0, 0], "F6", found["F6"])
    _draw_state(axes[0, 1], f"the {nearest}", bitmaps()[nearest].numpy().ravel())
    names = list(map(str, range(len(distances))))
    colours = [_LIT if number == nearest else palette["blue"] for number in range(len(names))]
    axes[0, 2].bar(names, distances, color=colours)
    axes[0, 2].set_ylabel("squared distance")
    return figure


def _draw_table(axes: Axes, colours: list[str]) -> None:
    """Draw a square for each connection, in its column's colour."""
    hide_frame(axes)
    axes.set_aspect("equal")
    for column, (maps, colour) in enumerate(zip(C3_TABLE, colours, strict=True)):
        for row in maps:
            axes.add_patch(Rectangle((column + 0.08, row + 0.08), 0.84, 0.84, facecolor=colour))


def _draw_map(
    axes: Axes, values: NDArray[np.float32], corner: tuple[float, float], *, lit: bool
) -> None:
    """Draw a map as a square of side 0.9, framed if it is lit, and pale if not."""
    left, top = corner[0] + 0.05, corner[1] + 0.05
    axes.imshow(
        values, cmap="gray", vmin=-_HIGHEST, vmax=_HIGHEST, alpha=1.0 if lit else 0.35,
        extent=(left, left + 0.9, top + 0.9, top),
    )  # fmt: skip
    if lit:
        axes.add_patch(Rectangle((left, top), 0.9, 0.9, fill=False, edgecolor=_LIT, linewidth=2))


def _draw_state(axes: Axes, name: str, state: NDArray[np.float32]) -> None:
    """Draw maps side by side, or numbers as the dots of one map."""
    hide_frame(axes)
    size = " × ".join(map(str, state.shape))
    if state.ndim == 1:
        state = state.reshape(1, 12, -1)
    columns = int(np.ceil(np.sqrt(len(state))))
    rows = -(-len(state) // columns)
    gap = max(1, state.shape[1] // 10) if len(state) > 1 else 1
    height, width = (side + gap for side in state.shape[1:])
    sheet = np.full((rows * height + gap, columns * width + gap), np.nan, dtype=np.float32)
    for number, values in enumerate(state):
        top, left = gap + number // columns * height, gap + number % columns * width
        sheet[top : top + values.shape[0], left : left + values.shape[1]] = values
    axes.set_facecolor(_WAITING)  # where there is no map
    axes.imshow(sheet, cmap="gray", vmin=-_HIGHEST, vmax=_HIGHEST)
    axes.set_title(f"{name}: {size}", loc="left", fontsize=9)
