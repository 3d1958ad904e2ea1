"""Drawings of the chapter on CIFAR-10: what limits a network, and what it takes for what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure
from torch import Tensor

from cvlib.figures import lenet
from cvlib.figures.style import new_figure, palette

__all__ = ["draw_by_class", "draw_confusion", "draw_limits"]


def draw_by_class(matrix: Tensor, classes: Sequence[str], *, title: str) -> Figure:
    """Draw how much of each class is read right, and what the rest is taken for most often.

    Parameters
    ----------
    matrix
        How many pictures of class ``row`` were read as class ``column``, shape (K, K).
    classes
        The names of the classes.
    title
        What to see.

    Returns
    -------
    matplotlib.figure.Figure
        A bar per class, the best on top. On the right of each, the class that takes most of what it
        lost, and how much that is.

    Examples
    --------
    >>> import torch
    >>> figure = draw_by_class(torch.tensor([[6, 2], [1, 9]]), ["cat", "dog"], title="Dogs first")
    >>> [text.get_text() for text in figure.axes[0].texts]
    ['cat 10%', 'dog 25%']
    """
    shares = matrix.detach().cpu().double() / matrix.detach().cpu().sum(1, keepdim=True)
    right = shares.diagonal()
    lost = shares - right.diag()
    order = right.argsort(descending=True, stable=True).tolist()
    figure, axes = new_figure(width=6.4, height=0.31 * len(classes) + 1.1, title=title)
    place = axes[0, 0]
    for row, number in enumerate(order):
        share, most = float(right[number]), int(lost[number].argmax())
        missed = float(lost[number, most])
        place.barh(row, share, height=0.75, color=palette["blue"])
        place.barh(row, missed, height=0.75, left=share, color=palette["orange"])
        place.text(1.02, row, f"{classes[most]} {missed:.0%}", va="center", fontsize=9)
    place.set_yticks(range(len(order)), [classes[number] for number in order])
    place.invert_yaxis()
    place.set(xlabel="share of the class: read right, and taken for", xlim=(0, 1.3))
    place.set_xticks([0, 0.25, 0.5, 0.75, 1])
    return figure


def draw_confusion(matrix: Tensor, classes: Sequence[str], *, title: str) -> Figure:
    """Draw a confusion matrix whose classes have long names.

    Parameters
    ----------
    matrix
        How many pictures of class ``row`` were read as class ``column``, shape (K, K).
    classes
        The names of the classes.
    title
        What to see in the matrix.

    Returns
    -------
    matplotlib.figure.Figure
        That of :func:`cvlib.figures.lenet.draw_confusion`, larger, the names below it turned.

    Examples
    --------
    >>> import torch
    >>> figure = draw_confusion(torch.tensor([[9, 1], [0, 8]]), ["cat", "dog"], title="One mistake")
    >>> float(figure.axes[0].get_xticklabels()[0].get_rotation())
    45.0
    """
    figure = lenet.draw_confusion(matrix, classes, title=title)
    figure.set_size_inches(6, 5.6)
    for label in figure.axes[0].get_xticklabels():
        label.set(rotation=45, ha="right", rotation_mode="anchor")
    return figure


def draw_limits(
    sizes: Sequence[int],
    errors: Mapping[str, Sequence[Sequence[float]]],
    *,
    xlabel: str,
    title: str,
) -> Figure:
    """Draw errors against the size of the training set, seed by seed.

    Parameters
    ----------
    sizes
        How many training pictures there are.
    errors
        By what they were measured on, for each size, the error with each seed.
    xlabel
        What the sizes count.
    title
        What to see.

    Returns
    -------
    matplotlib.figure.Figure
        For each kind of error a small mark for each seed, and a line through the means.

    Examples
    --------
    >>> errors = {"training": [[0.1, 0.2], [0.5, 0.5]], "test": [[0.7, 0.7], [0.5, 0.6]]}
    >>> figure = draw_limits([10, 20], errors, xlabel="pictures", title="They meet")
    >>> [line.get_label() for line in figure.axes[0].lines]
    ['training', 'test']
    """
    figure, axes = new_figure(width=6.4, height=3.2, title=title)
    place = axes[0, 0]
    looks = zip(errors.items(), ("blue", "vermillion"), ("-", "--"), "os", strict=False)
    for (name, values), colour, dash, marker in looks:
        means = [sum(seeds) / len(seeds) for seeds in values]
        place.plot(sizes, means, linestyle=dash, color=palette[colour], label=name)
        for size, seeds in zip(sizes, values, strict=True):
            place.scatter([size] * len(seeds), seeds, s=22, color=palette[colour], marker=marker)
    place.set_xscale("log")
    place.minorticks_off()
    place.set_xticks(sizes, [f"{size:,}" for size in sizes])
    place.set(xlabel=xlabel, ylabel="error", ylim=(0, 1))
    place.grid(alpha=0.25)
    place.legend()
    return figure
