"""Training curves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from cvlib.figures.style import new_figure, palette

if TYPE_CHECKING:
    from cvlib.training.loop import History


def plot_history(history: History, *, title: str = "Loss falls, accuracy rises") -> Figure:
    """Plot loss and accuracy against epochs, for training and test.

    Parameters
    ----------
    history
        What :func:`cvlib.training.loop.fit` returns.
    title
        What to see in the curves.

    Returns
    -------
    matplotlib.figure.Figure
        Loss on the left, accuracy on the right; training drawn through, test dashed.

    Raises
    ------
    ValueError
        If no epoch was recorded.

    Examples
    --------
    >>> from cvlib.training.loop import Epoch, History
    >>> figure = plot_history(History([Epoch(1, 0.5, 0.8, 0.6, 0.7), Epoch(2, 0.3, 0.9, 0.5, 0.8)]))
    >>> [axes.get_ylabel() for axes in figure.axes]
    ['loss', 'accuracy']
    """
    if not history.epochs:
        raise ValueError("history has no epochs; expected at least one")
    figure, axes = new_figure(1, 2, height=2.9, title=title)
    numbers = range(1, len(history.epochs) + 1)
    for place, measure in zip(axes[0], ("loss", "accuracy"), strict=True):
        for part, colour, dashes in (("train", "blue", "-"), ("test", "vermillion", "--")):
            values = [getattr(epoch, f"{part}_{measure}") for epoch in history.epochs]
            if values[0] is None:
                continue
            marker = "o" if len(values) == 1 else None
            place.plot(
                numbers, values, color=palette[colour], linestyle=dashes, label=part, marker=marker
            )
        place.set_xlabel("epoch")
        place.set_ylabel(measure)
        place.xaxis.set_major_locator(MaxNLocator(integer=True))
        place.grid(alpha=0.25)
        place.legend()
    return figure
