"""Training curves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib.figure import Figure

from cvlib.figures.style import new_figure

if TYPE_CHECKING:
    from cvlib.training.history import History


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
    history.plot(axes[0])
    return figure
