"""Plots and explorers of the book: the top floor, which may import every other room."""

from cvlib.figures.curves import plot_history
from cvlib.figures.explorer import Explorer, explore
from cvlib.figures.grid import show_images
from cvlib.figures.style import new_figure, palette, use_style

__all__ = [
    "Explorer",
    "explore",
    "new_figure",
    "palette",
    "plot_history",
    "show_images",
    "use_style",
]
