"""Contours: the borders of a mask's pieces and holes, walked around pixel by pixel."""

from __future__ import annotations

from collections.abc import MutableSequence, Sequence
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from cvlib.arguments import expect_mask
from cvlib.images.components import find_runs

__all__ = ["Contour", "find_contours"]

#: Points x and y, ``int32``, (N, 2).
Contour = NDArray[np.int32]

_RIGHT, _LEFT = 0, 4  # of eight directions, counted counter-clockwise
_FRAME = 1  # the number of the picture's own border, which surrounds everything
_MODES = (cv2.RETR_EXTERNAL, cv2.RETR_LIST, cv2.RETR_CCOMP, cv2.RETR_TREE)
_METHODS = (cv2.CHAIN_APPROX_NONE, cv2.CHAIN_APPROX_SIMPLE)


def find_contours(
    mask: NDArray[np.bool_] | NDArray[np.uint8],
    mode: int = cv2.RETR_TREE,
    method: int = cv2.CHAIN_APPROX_SIMPLE,
) -> tuple[tuple[Contour, ...], NDArray[np.int32]]:
    """Find the outer borders and the holes of a mask, and which lies in which.

    Parameters
    ----------
    mask
        ``bool`` or ``uint8``, (H, W): what is not 0 is foreground, and pixels that share a corner
        hang together.
    mode
        ``cv2.RETR_EXTERNAL`` for outer borders that lie in no other, ``cv2.RETR_LIST`` for all
        borders without relations, ``cv2.RETR_CCOMP`` for outer borders and the holes of each, or
        ``cv2.RETR_TREE`` for the whole tree.
    method
        ``cv2.CHAIN_APPROX_NONE`` for every pixel of a border, or ``cv2.CHAIN_APPROX_SIMPLE`` for
        the ends of straight pieces only.

    Returns
    -------
    contours : tuple of ndarray
        ``int32``, (N, 2) each: x and y of the border's pixels, all of which are foreground, also
        around a hole. Each begins at its first pixel in reading order. An outer border runs
        counter-clockwise as one sees it, a hole's clockwise. The borders stand in OpenCV's order:
        of those with the same parent the one found last is first, and children follow their parent.
    hierarchy : ndarray
        ``int32``, (number of contours, 4): the next and the previous border with the same parent,
        the first child, and the parent; -1 for none. OpenCV puts another dimension in front, and
        gives None where there is no contour.

    Raises
    ------
    TypeError, ValueError
        If it is no mask, or the mode or the method is none of these.

    References
    ----------
    Suzuki and Abe, "Topological Structural Analysis of Digitized Binary Images by Border
    Following", Computer Vision, Graphics, and Image Processing 30(1), 1985, algorithm 1.

    Examples
    --------
    >>> ring = np.array([[1, 1, 1], [1, 0, 1], [1, 1, 1]], dtype=np.uint8)
    >>> contours, hierarchy = find_contours(ring)
    >>> [contour.tolist() for contour in contours]
    [[[0, 0], [0, 2], [2, 2], [2, 0]], [[0, 1], [1, 0], [2, 1], [1, 2]]]
    >>> hierarchy.tolist()
    [[-1, -1, 1, -1], [-1, -1, -1, 0]]
    """
    expect_mask(mask)
    if mode not in _MODES:
        names = "cv2.RETR_EXTERNAL, RETR_LIST, RETR_CCOMP or RETR_TREE"
        raise ValueError(f"mode is {mode!r}; expected {names}")
    if method not in _METHODS:
        names = "cv2.CHAIN_APPROX_NONE or CHAIN_APPROX_SIMPLE"
        raise ValueError(f"method is {method!r}; expected {names}")
    borders, is_hole, parent = _all_borders(mask)
    if mode == cv2.RETR_LIST:
        parent = [-1] * len(parent)
    elif mode == cv2.RETR_CCOMP:
        parent = [one if hole else -1 for one, hole in zip(parent, is_hole, strict=True)]
    order, hierarchy = _in_order(parent, roots_only=mode == cv2.RETR_EXTERNAL)
    step = mask.shape[1] + 2
    contours = []
    for number in order:
        y, x = np.divmod(np.array(borders[number]), step)
        contour = np.stack([x - 1, y - 1], axis=1).astype(np.int32)
        contours.append(_bends(contour) if method == cv2.CHAIN_APPROX_SIMPLE else contour)
    return tuple(contours), hierarchy


def _all_borders(
    mask: NDArray[np.bool_] | NDArray[np.uint8],
) -> tuple[list[list[int]], list[bool], list[int]]:
    """Walk around each border once, in reading order of their first pixels.

    A border can only begin at the first or at the last pixel of a run, so no other is looked at.
    """
    step = mask.shape[1] + 2
    framed = np.pad((mask != 0).astype(np.int32), 1)
    field = memoryview(framed.reshape(-1))  # type: ignore[arg-type]  # quick to read one by one
    # Eight neighbours in the line of pixels, counter-clockwise from the right.
    steps = (1, 1 - step, -step, -1 - step, -1, step - 1, step, step + 1)
    borders: list[list[int]] = []
    is_hole: list[bool] = []
    parent: list[int] = []

    def follow(place: int, hole: bool, beside: int) -> None:
        """Walk around the border that begins here; ``beside`` is the border seen last before."""
        if beside == _FRAME:
            inside = -1
        else:  # a hole lies in an outer border and the other way round; else they are siblings
            known = beside - 2
            inside = known if is_hole[known] != hole else parent[known]
        parent.append(inside)
        is_hole.append(hole)
        first = _RIGHT if hole else _LEFT
        borders.append(_walk(field, place, first, steps, number=len(borders) + 2))

    row_before, end_before = -1, 0
    for row, start, behind in zip(*(part.tolist() for part in find_runs(mask)), strict=True):
        first, last = ((row + 1) * step + column for column in (start + 1, behind))
        if field[first] == 1:  # nobody was here, and on its left is background
            follow(first, False, abs(field[end_before]) if row == row_before else _FRAME)
        if field[last] > 0:  # nobody looked from here to the right
            follow(last, True, abs(field[first]))
        row_before, end_before = row, last
    return borders, is_hole, parent


def _walk(
    field: MutableSequence[int] | memoryview,
    start: int,
    turn: int,
    steps: Sequence[int],
    number: int,
) -> list[int]:
    """Walk around one border from its first pixel until back there, and mark its pixels."""
    for _ in range(8):  # clockwise: whence shall we come back?
        if field[start + steps[turn]]:
            break
        turn = (turn - 1) % 8
    else:  # a lone pixel
        field[start] = -number
        return [start]
    last = start + steps[turn]
    place, places = start, []
    while True:
        places.append(place)
        looked_right = False
        turn = (turn + 1) % 8
        while not field[place + steps[turn]]:  # counter-clockwise: whither now?
            looked_right |= turn == _RIGHT
            turn = (turn + 1) % 8
        if looked_right:
            field[place] = -number
        elif field[place] == 1:
            field[place] = number
        following = place + steps[turn]
        if following == start and place == last:
            return places
        place, turn = following, (turn + 4) % 8  # look back to where we came from


def _in_order(parent: list[int], roots_only: bool) -> tuple[list[int], NDArray[np.int32]]:
    """List the borders as OpenCV does, parents before children, and write down who is related."""
    children: dict[int, list[int]] = {}
    for number, above in enumerate(parent):
        children.setdefault(above, []).append(number)
    order: list[int] = []
    waiting = list(children.get(-1, []))  # the one found last comes out first
    while waiting:
        order.append(waiting.pop())
        if not roots_only:
            waiting.extend(children.get(order[-1], []))
    place = {number: index for index, number in enumerate(order)} | {-1: -1}
    hierarchy = np.full((len(order), 4), -1, dtype=np.int32)
    for above, siblings in children.items():
        if above not in place or (roots_only and above != -1):
            continue
        for later, earlier in pairwise(reversed(siblings)):
            hierarchy[place[later], 0] = place[earlier]
            hierarchy[place[earlier], 1] = place[later]
        if above != -1:
            hierarchy[place[above], 2] = place[siblings[-1]]
            hierarchy[[place[one] for one in siblings], 3] = place[above]
    return order, hierarchy


def _bends(contour: Contour) -> Contour:
    """Keep the points at which a closed border changes its direction."""
    ahead = np.roll(contour, -1, axis=0) - contour
    bends = (ahead != np.roll(ahead, 1, axis=0)).any(axis=1)
    return contour[bends] if len(contour) > 1 else contour
