"""What several seeds reached, drawn so that a difference stands beside its spread."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median_low

from matplotlib.figure import Figure

from cvlib.figures.style import new_figure, palette

__all__ = ["draw_seeds"]


def draw_seeds(
    reached: Mapping[str, Sequence[float]],
    *,
    title: str,
    limits: tuple[float, float],
    xlabel: str = "accuracy",
) -> Figure:
    """Draw what each seed reached, a row for each way of training.

    Parameters
    ----------
    reached
        For each way its numbers, one for each seed.
    title
        What to see.
    limits
        Both ends of the axis.
    xlabel
        What was measured.

    Returns
    -------
    matplotlib.figure.Figure
        A dot for each seed and a bar at the median (of an even number, the lower of the middle
        two), the first way on top; a line at 0 where numbers may be negative.

    Raises
    ------
    ValueError
        If there is nothing to draw.

    Examples
    --------
    >>> figure = draw_seeds({"a": [0.8, 0.9], "b": [0.7]}, title="a is ahead", limits=(0, 1))
    >>> [label.get_text() for label in figure.axes[0].get_yticklabels()]
    ['a', 'b']
    """
    if not reached or not all(reached.values()):
        raise ValueError(f"reached is {reached!r}; expected at least one number for each way")
    figure, axes = new_figure(width=5.6, height=1.0 + 0.32 * len(reached), title=title)
    place = axes[0, 0]
    if limits[0] < 0 < limits[1]:
        place.axvline(0, color="#999999", linewidth=1)
    for row, values in enumerate(reached.values()):
        place.plot(values, [row] * len(values), "o", color=palette["blue"], alpha=0.6, markersize=5)
        place.plot(
            [median_low(values)], [row], "|", color="#222222", markersize=15, markeredgewidth=2
        )
    place.set_yticks(range(len(reached)), list(reached))
    place.set(xlim=limits, ylim=(len(reached) - 0.5, -0.5), xlabel=xlabel)
    place.grid(alpha=0.25)
    return figure
