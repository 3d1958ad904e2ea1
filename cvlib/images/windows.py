"""Show a picture: in a window of OpenCV's where there can be one, else drawn by matplotlib."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from cvlib.arguments import expect_grey_or_rgb

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["can_open_windows", "show"]


def can_open_windows() -> bool:
    """Say whether OpenCV can open a window here.

    It takes three things: a build of OpenCV with windows (``opencv-python``;
    ``opencv-python-headless`` has none), a screen to put them on, and a program that may wait for
    a key. A notebook's kernel may not: while it waits it runs no other cell.

    Returns
    -------
    bool
        Whether :func:`show` opens a window.

    Examples
    --------
    >>> can_open_windows() and not cv2.currentUIFramework()
    False
    """
    has_screen = sys.platform in {"darwin", "win32"} or any(
        os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY")
    )
    return bool(cv2.currentUIFramework()) and has_screen and "ipykernel" not in sys.modules


def show(image: NDArray[np.uint8], title: str = "picture", wait: float = 0) -> int | Figure:
    """Show a picture in a window until a key is pressed, or draw it where there are no windows.

    The window closes at any key, when its frame's close button is clicked, or when the time is up.

    Parameters
    ----------
    image
        ``uint8``, (H, W) or (H, W, 3), RGB.
    title
        What stands above the picture.
    wait
        Seconds to wait for a key; 0 waits as long as it takes.

    Returns
    -------
    int or matplotlib.figure.Figure
        With a window: the key's code, ``ord("q")`` for q, or -1 when none was pressed. Without
        one: the picture as a figure, which a notebook's cell that ends in it shows.

    Raises
    ------
    TypeError
        If the picture is not a ``uint8`` array.
    ValueError
        If the picture has another shape or no pixels, or the time to wait is negative.

    Examples
    --------
    >>> shown = show(np.zeros((20, 30), dtype=np.uint8), "black", wait=0.1)
    """
    expect_grey_or_rgb(image)
    if not wait >= 0:
        raise ValueError(f"wait is {wait}; expected a number of seconds, 0 or more")
    return _in_window(image, title, wait) if can_open_windows() else _as_figure(image, title)


def _in_window(image: NDArray[np.uint8], title: str, wait: float) -> int:
    """Show a picture until a key, a click on the close button, or the end of the time."""
    end = time.monotonic() + wait if wait else float("inf")
    cv2.imshow(title, image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
    key = -1
    while key < 0 and time.monotonic() < end:
        key = cv2.waitKey(20)
        if not _is_open(title):
            return key  # closed by its button: waitKey(0) would wait for ever
    cv2.destroyWindow(title)
    cv2.waitKey(1)  # the window goes only when its events are handled
    return key


def _is_open(title: str) -> bool:
    try:
        return bool(cv2.getWindowProperty(title, cv2.WND_PROP_VISIBLE) >= 1)
    except cv2.error:  # with Qt, once the last window is gone
        return False


def _as_figure(image: NDArray[np.uint8], title: str) -> Figure:
    """Draw a picture, a pixel a pixel where it fits."""
    from matplotlib.figure import Figure

    height, width = image.shape[:2]
    scale = min(1.0, 840 / width) / 120  # inches a pixel; a page of the book is 7 inches wide
    figure = Figure(
        figsize=(max(width * scale, 1.5), max(height * scale, 0.5) + 0.4),
        dpi=120,
        layout="constrained",
        facecolor="white",
    )
    axes = figure.subplots()
    axes.imshow(image, cmap="gray", vmin=0, vmax=255)
    axes.set_title(title, loc="left", fontsize=11)
    axes.set_axis_off()
    return figure
