"""What training has measured, to be read, drawn and carried elsewhere."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cvlib.files import expect_path, write_atomically

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from torch.utils.tensorboard import SummaryWriter

__all__ = ["Epoch", "Evaluation", "History"]


@dataclass(frozen=True)
class Evaluation:
    """What a network does on a set of pictures.

    Parameters
    ----------
    loss
        The mean over the pictures, or None where the network has no loss in evaluation mode.
    accuracy
        The share of pictures (of places, where each has a label) whose highest output is the right
        class, from 0 to 1; None where targets are no classes.
    metrics
        Whatever else was asked for, by name.
    """

    loss: float | None
    accuracy: float | None = None
    metrics: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Epoch:
    """What one pass through the training pictures has measured.

    Parameters
    ----------
    number
        Which pass, counted from 1.
    train_loss, train_accuracy
        Means over the training pictures, each taken in the step that learnt from it, while the
        weights were moving: the network as it was during the epoch, not at its end. The accuracy
        is None where targets are no classes.
    validation_loss, validation_accuracy
        Means over the validation pictures at the end of the epoch, or None without any.
    learning_rate
        The learning rate of the epoch's last step, that of the optimizer's first group.
    metrics
        Whatever else was asked for, measured on the validation pictures, by name.
    parts
        The parts of the training loss by name, where it has any.
    """

    number: int
    train_loss: float
    train_accuracy: float | None = None
    validation_loss: float | None = None
    validation_accuracy: float | None = None
    learning_rate: float | None = None
    metrics: Mapping[str, float] = field(default_factory=dict)
    parts: Mapping[str, float] = field(default_factory=dict)

    def measures(self) -> dict[str, float]:
        """Return all that was measured, by name, the number of the epoch first.

        Returns
        -------
        dict of float
            Without what was not measured.

        Examples
        --------
        >>> Epoch(1, 0.5, 0.8, metrics={"top3": 0.9}).measures()
        {'number': 1, 'train_loss': 0.5, 'train_accuracy': 0.8, 'top3': 0.9}
        """
        several = ("metrics", "parts")
        fields = {name: value for name, value in vars(self).items() if name not in several}
        parts = {f"train_{name}": value for name, value in self.parts.items()}
        return (
            {name: value for name, value in fields.items() if value is not None}
            | parts
            | {**self.metrics}
        )


@dataclass(frozen=True)
class History:
    """What :func:`cvlib.training.loop.fit` has measured, epoch by epoch.

    Parameters
    ----------
    epochs
        The records, first epoch first.

    Examples
    --------
    >>> history = History([Epoch(1, 0.5, 0.8, 0.6, 0.75), Epoch(2, 0.3, 0.9, 0.4, 0.875)])
    >>> history.epochs[-1].validation_accuracy
    0.875
    >>> print(history)
    epoch  train_loss  train_accuracy  validation_loss  validation_accuracy
        1      0.5000          0.8000           0.6000               0.7500
        2      0.3000          0.9000           0.4000               0.8750
    """

    epochs: list[Epoch]

    def __str__(self) -> str:
        """Write the table."""
        return self.table()

    def values(self, name: str) -> list[float]:
        """Return one measure, epoch by epoch.

        Parameters
        ----------
        name
            A field of :class:`Epoch`, or the name of a metric.

        Returns
        -------
        list of float
            First epoch first.

        Raises
        ------
        ValueError
            If it was not measured.

        Examples
        --------
        >>> History([Epoch(1, 0.5, 0.8), Epoch(2, 0.3, 0.9)]).values("train_loss")
        [0.5, 0.3]
        """
        rows = [epoch.measures() for epoch in self.epochs]
        for row in rows:
            if name not in row:
                raise ValueError(f"name is {name!r}; expected one of {', '.join(row)}")
        return [row[name] for row in rows]

    def table(self) -> str:
        """Write the measures in columns.

        Returns
        -------
        str
            A line of names, then a line an epoch, numbers to four significant decimals.
        """
        rows = [epoch.measures() for epoch in self.epochs]
        names = list(dict.fromkeys(name for row in rows for name in row))
        headings = ["epoch" if name == "number" else name for name in names]
        lines = [headings, *([_cell(row.get(name)) for name in names] for row in rows)]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        return "\n".join(
            "  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True))
            for line in lines
        )

    def plot(self, axes: Sequence[Axes] | None = None) -> Figure:
        """Draw loss and accuracy against epochs: training drawn through, validation dashed.

        Parameters
        ----------
        axes
            Two plots to draw into, for the loss and for the accuracy; a new figure by default.

        Returns
        -------
        matplotlib.figure.Figure
            The figure that holds them. :func:`cvlib.figures.plot_history` draws the same in the
            book's look.

        Raises
        ------
        ValueError
            If no epoch was recorded.
        """
        from matplotlib.figure import Figure
        from matplotlib.ticker import MaxNLocator

        if not self.epochs:
            raise ValueError("history has no epochs; expected at least one")
        if axes is None:
            axes = Figure(figsize=(7, 3), layout="constrained").subplots(1, 2)
        loss, accuracy = axes
        numbers = [epoch.number for epoch in self.epochs]
        for place, measure in ((loss, "loss"), (accuracy, "accuracy")):
            for part, dashes in (("train", "-"), ("validation", "--")):
                values = [getattr(epoch, f"{part}_{measure}") for epoch in self.epochs]
                if values[0] is not None:
                    marker = "o" if len(values) == 1 else None
                    place.plot(numbers, values, linestyle=dashes, label=part, marker=marker)
            place.set_xlabel("epoch")
            place.set_ylabel(measure)
            place.xaxis.set_major_locator(MaxNLocator(integer=True))
            place.grid(alpha=0.25)
            if place.lines:
                place.legend()
        return loss.get_figure()  # type: ignore[return-value]

    def to_csv(self, path: str | os.PathLike[str]) -> None:
        """Write the measures as a table that a spreadsheet reads, every digit kept.

        Parameters
        ----------
        path
            The file; one that is there is replaced, at once or not at all.

        Raises
        ------
        OSError
            If it cannot be written.

        Examples
        --------
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     History([Epoch(1, 0.5, 0.8)]).to_csv(f"{folder}/history.csv")
        ...     print(open(f"{folder}/history.csv").read().rstrip())
        number,train_loss,train_accuracy
        1,0.5,0.8
        """
        rows = [epoch.measures() for epoch in self.epochs]
        names = list(dict.fromkeys(name for row in rows for name in row))
        text = io.StringIO()
        table = csv.DictWriter(text, names, lineterminator="\n")
        table.writeheader()
        table.writerows(rows)
        write_atomically(path, text.getvalue().encode())

    def to_tensorboard(self, folder: str | os.PathLike[str]) -> None:
        """Write the measures as curves that TensorBoard shows: ``tensorboard --logdir FOLDER``.

        Parameters
        ----------
        folder
            Where the file of events goes; made if it is absent.

        Raises
        ------
        ModuleNotFoundError
            If TensorBoard is not installed.
        """
        with event_writer(folder) as writer:
            for epoch in self.epochs:
                write_events(writer, epoch)


def event_writer(folder: str | os.PathLike[str]) -> SummaryWriter:
    """Open a file of events for TensorBoard.

    Parameters
    ----------
    folder
        Where it goes; made if it is absent.

    Returns
    -------
    torch.utils.tensorboard.SummaryWriter
        To be closed.

    Raises
    ------
    ModuleNotFoundError
        If TensorBoard is not installed.
    """
    place = expect_path(folder, "folder")
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "this needs TensorBoard; install it: pip install tensorboard"
        ) from error
    return SummaryWriter(str(place))


def write_events(writer: SummaryWriter, epoch: Epoch) -> None:
    """Write what an epoch has measured, losses of all parts into one plot.

    Parameters
    ----------
    writer
        From :func:`event_writer`.
    epoch
        What was measured.
    """
    for name, value in epoch.measures().items():
        if name == "number":
            continue
        part, _, measure = name.partition("_")
        tag = f"{measure}/{part}" if part in ("train", "validation") and measure else name
        writer.add_scalar(tag, value, epoch.number)


def _cell(value: float | None) -> str:
    if value is None or isinstance(value, int):
        return "" if value is None else str(value)
    return f"{value:.4f}" if abs(value) >= 0.1 or not value else f"{value:.4g}"
