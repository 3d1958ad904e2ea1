"""Drawings of the chapter on AlexNet: its layers, where kernels fit, and what networks answer."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from torch import Tensor

from cvlib.figures.style import as_picture, hide_frame, new_figure, palette
from cvlib.layers.convolution import output_size
from cvlib.layers.cost import LayerCost, Summary

__all__ = ["QUANTITIES", "draw_answers", "draw_layers", "draw_positions"]

QUANTITIES = {
    "parameters": lambda row: row.parameters,
    "MACs": lambda row: row.macs,
    "outputs": lambda row: _numbers(row),
}
"""What :func:`draw_layers` can draw, each from a row of :func:`cvlib.layers.cost.summarize`."""

_COLOURS = {"parameters": "blue", "MACs": "vermillion", "outputs": "green"}


def draw_layers(summary: Summary, quantity: str, *, towers: bool, title: str) -> Figure:
    """Draw the layers of a network with weights: their maps above, what they cost below.

    Parameters
    ----------
    summary
        What the network costs, from :func:`cvlib.layers.cost.summarize`.
    quantity
        ``"parameters"``, ``"MACs"`` or ``"outputs"``, the numbers that a layer makes.
    towers
        Whether its layers stand in two halves.
    title
        Which network it is; the sum of the quantity is said behind it.

    Returns
    -------
    matplotlib.figure.Figure
        A box per layer, as high as its maps and as wide as it has channels, both by their square
        roots, and below it a bar: the layer's share of the sum in percent.

    Raises
    ------
    ValueError
        If ``quantity`` is another word.

    Examples
    --------
    >>> from torch import nn
    >>> from cvlib.layers.cost import summarize
    >>> summary = summarize(nn.Sequential(nn.Conv2d(3, 8, 3), nn.Conv2d(8, 8, 3)), (3, 9, 9))
    >>> figure = draw_layers(summary, "parameters", towers=False, title="Two layers")
    >>> [round(bar.get_height()) for bar in figure.axes[1].patches]
    [28, 72]
    """
    if quantity not in QUANTITIES:
        expected = " or ".join(map(repr, QUANTITIES))
        raise ValueError(f"quantity is {quantity!r}; expected {expected}")
    rows = [row for row in summary.layers if row.parameters]
    counts = [QUANTITIES[quantity](row) for row in rows]
    figure, axes = new_figure(2, 1, width=6.6, height=4.2, sharex=True, height_ratios=[1, 1.15])
    figure.suptitle(f"{title}: {sum(counts):,} {quantity}", x=0.01, ha="left")
    boxes, bars = axes[:, 0]
    hide_frame(boxes)
    for place, row in enumerate(rows):
        _draw_box(boxes, place, row, towers=towers)
    boxes.set(ylim=(-9.5, 13))
    shares = [100 * count / max(sum(counts), 1) for count in counts]
    bars.bar(range(len(rows)), shares, color=palette[_COLOURS[quantity]], width=0.72)
    for place, (share, count) in enumerate(zip(shares, counts, strict=True)):
        bars.text(place, share + 2, _short(count), ha="center", fontsize=9)
    bars.set(ylim=(0, 100), ylabel="% of all", xlim=(-0.6, len(rows) - 0.4))
    bars.set_xticks(range(len(rows)), [_name(row, place) for place, row in enumerate(rows)])
    bars.grid(axis="y", alpha=0.25)
    boxes.tick_params(bottom=False)
    return figure


def _draw_box(axes: Axes, place: int, row: LayerCost, *, towers: bool) -> None:
    channels, *sides = row.output_shape
    side = max(sides, default=1)
    height, width = max(side**0.5 * 2.2, 1.0), max(channels**0.5 / 80, 0.05)
    parts = 2 if towers and place < 7 else 1
    for part in range(parts):
        low = -height / 2 if parts == 1 else (0.25 if part else -height / 2 - 0.25)
        axes.add_patch(
            Rectangle(
                (place - width / 2, low), width, height / parts,
                facecolor=palette["sky" if part else "orange"], edgecolor="#333333", linewidth=0.8,
            )
        )  # fmt: skip
    words = f"{channels:,}" if not sides else f"{channels}\n{sides[0]} × {sides[1]}"
    axes.text(place, height / 2 + 0.9, words, ha="center", va="bottom", fontsize=8.5)


def draw_positions(size: int, padding: int, kernel_size: int = 11, stride: int = 4) -> Figure:
    """Draw where the kernels of a layer stand at both ends of a row of pixels.

    Parameters
    ----------
    size
        Pixels in the row, at least 40.
    padding
        Zeros at either end.
    kernel_size, stride
        Of the layer; AlexNet's first one by default.

    Returns
    -------
    matplotlib.figure.Figure
        The first and the last pixels, and the windows that begin among the first or end among the
        last of them. Columns that no window covers are marked.

    Examples
    --------
    >>> figure = draw_positions(224, 0)
    >>> figure.axes[0].get_title(loc="left")
    '(224 + 2·0 − 11) / 4 + 1 = 54.25: 54 positions, 1 column left out'
    """
    count = output_size(size, kernel_size, stride, padding)
    exact = (size + 2 * padding - kernel_size) / stride + 1
    left_out = (size + 2 * padding - kernel_size) % stride
    figure, axes = new_figure(width=6.6, height=1.9)
    place = axes[0, 0]
    hide_frame(place)
    shown, gap = 20, 6  # pixels at either end, and where the middle is left out
    starts = [-padding + stride * number for number in range(count)]
    covered = starts[-1] + kernel_size
    for pixel in (*range(-padding, shown), *range(size - shown, size + padding)):
        inside = 0 <= pixel < size
        colour = "#CFE6F7" if inside else "#E4E4E4"
        if pixel >= covered:
            colour = palette["vermillion"]
        x = _along(pixel, size, shown, gap)
        square = Rectangle((x, 0), 1, 1, facecolor=colour, edgecolor="#333333", linewidth=0.6)
        place.add_patch(square)
    place.text(shown + gap / 2, 0.5, "…", ha="center", va="center", fontsize=14)
    for row, start in enumerate([*starts[:3], *starts[-3:]]):
        first, last = start, start + kernel_size
        x = _along(first, size, shown, gap)
        width = _along(last - 1, size, shown, gap) + 1 - x
        y = 1.6 + 0.9 * (row % 3)
        colour = palette["blue" if row < 3 else "green"]
        place.add_patch(Rectangle((x, y), width, 0.6, facecolor=colour, linewidth=0))
    end = _along(size - 1, size, shown, gap) + 1
    place.text(0, -0.5, "pixel 0", va="top", fontsize=9)
    place.text(end, -0.5, f"pixel {size - 1}", va="top", ha="right", fontsize=9)
    place.set(xlim=(-3.4, end + 3.4), ylim=(-1.7, 4.4), aspect="equal")
    fits = f"{left_out} column{'s' if left_out > 1 else ''} left out" if left_out else "it fits"
    formula = f"({size} + 2·{padding} − {kernel_size}) / {stride} + 1 = {exact:g}"
    place.set_title(f"{formula}: {count} positions, {fits}", loc="left")
    return figure


def draw_answers(
    pictures: Tensor, words: Sequence[Sequence[str]], probabilities: Tensor, *, title: str
) -> Figure:
    """Draw photographs, and below each the classes that a network finds most likely.

    Parameters
    ----------
    pictures
        (N, 3, H, W), from 0 to 1.
    words
        For each picture the names of its classes, the most likely first.
    probabilities
        Of these classes, (N, k).
    title
        What to see.

    Returns
    -------
    matplotlib.figure.Figure
        Three pictures per row; in the bars, names and probabilities.

    Examples
    --------
    >>> import torch
    >>> figure = draw_answers(
    ...     torch.zeros(1, 3, 4, 4), [["cat", "dog"]], torch.tensor([[0.75, 0.25]]), title="A cat"
    ... )
    >>> [text.get_text() for text in figure.axes[1].texts]
    ['0.75 cat', '0.25 dog']
    """
    columns = min(len(pictures), 3)
    rows = -(-len(pictures) // columns)
    figure, axes = new_figure(
        2 * rows,
        columns,
        width=1.75 * columns,
        height=2.9 * rows,
        title=title,
        height_ratios=[2.2, 1.2] * rows,
    )
    for place in axes.flat:
        hide_frame(place)
    for number, (picture, names, shares) in enumerate(
        zip(pictures, words, probabilities.tolist(), strict=True)
    ):
        row, column = divmod(number, columns)
        axes[2 * row, column].imshow(as_picture(picture), vmin=0, vmax=1)
        bars = axes[2 * row + 1, column]
        colours = [palette["orange"], *([palette["grey"]] * (len(names) - 1))]
        bars.barh(range(len(names)), shares, color=colours, alpha=0.6)
        for line, (name, share) in enumerate(zip(names, shares, strict=True)):
            bars.text(0.02, line, f"{share:.2f} {name}", va="center", fontsize=9)
        bars.set(xlim=(0, 1), ylim=(len(names) - 0.4, -0.6))
    return figure


def _along(pixel: int, size: int, shown: int, gap: int) -> float:
    """Place a pixel on the paper, where the middle of the row is left out."""
    return pixel if pixel < size // 2 else pixel - (size - 2 * shown) + gap


def _name(row: LayerCost, place: int) -> str:
    return f"{'conv' if len(row.output_shape) == 3 else 'fc'}{place + 1}"


def _numbers(row: LayerCost) -> int:
    return row.activation_bytes // 4


def _short(count: int) -> str:
    """Write a count in at most three digits and a letter."""
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if count >= size:
            return f"{count / size:.3g}{letter}"
    return str(count)
