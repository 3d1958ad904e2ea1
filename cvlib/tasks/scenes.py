"""From boxes to words: which object lies where, and the answer to a question about a picture.

A detector says what is where. Here stands what comes after it: relations between boxes, a small
language of questions, and answers that are counted, not guessed.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from cvlib.arguments import check_tensors, integer, one_of
from cvlib.tasks.boxes import check_boxes

__all__ = [
    "RELATIONS",
    "Question",
    "answer",
    "as_digit",
    "describe",
    "parse",
    "relation",
]

#: What :func:`relation` can say of two boxes.
RELATIONS = ("left of", "right of", "above", "below", "larger than", "smaller than", "inside")
_EXTREMES = {
    "leftmost": "left of",
    "rightmost": "right of",
    "topmost": "above",
    "bottommost": "below",
    "largest": "larger than",
    "smallest": "smaller than",
}
_HALVES = {
    "left": (0.0, 0.0, 0.5, 1.0),
    "right": (0.5, 0.0, 1.0, 1.0),
    "upper": (0.0, 0.0, 1.0, 0.5),
    "lower": (0.0, 0.5, 1.0, 1.0),
}
_WHERE = rf"(?: (?P<relation>{'|'.join(RELATIONS)}) the (?P<other>\d)| in the (?P<half>\w+) half)?"
_FORMS = (
    rf"(?P<how_many>how many) (?:digits|(?P<label>\d)s) are(?: there)?{_WHERE}",
    rf"(?P<is_there>is there) an? (?:digit|(?P<label>\d)){_WHERE}",
    rf"(?P<sum>what is the sum) of the digits{_WHERE}",
    rf"(?P<which>which digit) is (?:the )?(?P<extreme>{'|'.join(_EXTREMES)})",
)
_EXAMPLES = (
    "How many digits are there?",
    "How many 3s are left of the 7?",
    "Is there a 5 in the upper half?",
    "What is the sum of the digits above the 2?",
    "Which digit is largest?",
)
_SIDE, _ROOM = 28, 20  # of MNIST's frame, and of the box that a digit fills in it


def relation(name: str, boxes1: Tensor, boxes2: Tensor) -> Tensor:
    """Tell for each pair of boxes whether the first has a relation to the second.

    A box is left of another if its centre is; it is larger if its area is; it is inside if no edge
    of it lies outside. The first six are strict, so that no box has one of them to itself.

    Parameters
    ----------
    name
        One of :data:`RELATIONS`.
    boxes1, boxes2
        (n, 4) and (m, 4), as x1, y1, x2, y2 in pixels, y downwards.

    Returns
    -------
    Tensor
        ``bool``, (n, m).

    Raises
    ------
    TypeError
        If boxes are no tensor of numbers.
    ValueError
        If the relation has another name, or boxes are none.

    Examples
    --------
    >>> two = torch.tensor([[0.0, 0.0, 10.0, 10.0], [20.0, 2.0, 24.0, 8.0]])
    >>> relation("left of", two, two).tolist()
    [[False, True], [False, False]]
    >>> relation("inside", two, torch.tensor([[0.0, 0.0, 12.0, 12.0]])).flatten().tolist()
    [True, False]
    """
    one_of("name", name, RELATIONS)
    check_boxes(boxes1, "boxes1")
    check_boxes(boxes2, "boxes2")
    first, second = boxes1[:, None], boxes2[None]
    if name == "inside":
        low = first[..., :2] >= second[..., :2]
        return (low & (first[..., 2:] <= second[..., 2:])).all(-1)
    if name in ("larger than", "smaller than"):
        of_first, of_second = ((b[..., 2:] - b[..., :2]).prod(-1) for b in (first, second))
        return of_first > of_second if name == "larger than" else of_first < of_second
    axis = 0 if name in ("left of", "right of") else 1
    of_first, of_second = (b[..., axis] + b[..., axis + 2] for b in (first, second))
    return of_first < of_second if name in ("left of", "above") else of_first > of_second


@dataclass(frozen=True)
class Question:
    """A question, taken apart.

    Parameters
    ----------
    asks
        ``"how many"``, ``"is there"``, ``"sum"`` or ``"which"``.
    label
        Of which digits; without it, of all.
    relation, other
        Only those that have this relation to the one digit ``other``.
    half
        Only those in the ``"left"``, ``"right"``, ``"upper"`` or ``"lower"`` half.
    extreme
        For ``"which"``: ``"leftmost"``, ``"rightmost"``, ``"topmost"``, ``"bottommost"``,
        ``"largest"`` or ``"smallest"``.
    """

    asks: str
    label: int | None = None
    relation: str | None = None
    other: int | None = None
    half: str | None = None
    extreme: str | None = None


def parse(question: str) -> Question:
    """Take a question apart.

    It knows four forms: how many, is there, what is the sum, and which. The first three may say
    where, by a relation to one digit or by a half of the picture.

    Parameters
    ----------
    question
        In words, such as "How many 3s are left of the 7?".

    Returns
    -------
    Question
        What is asked.

    Raises
    ------
    TypeError
        If the question is no text.
    ValueError
        If it has another form.

    References
    ----------
    Johnson et al., "CLEVR", CVPR 2017, section 3: a question as a chain of filter, relate, count.

    Examples
    --------
    >>> parse("How many 3s are left of the 7?")
    Question(asks='how many', label=3, relation='left of', other=7, half=None, extreme=None)
    """
    if not isinstance(question, str):
        raise TypeError(f"question is {type(question).__name__}; expected str")
    words = " ".join(question.lower().strip().rstrip("?").split())
    for form in _FORMS:
        found = re.fullmatch(form, words)
        if found is None:
            continue
        parts = found.groupdict()
        if parts.get("half") not in (None, *_HALVES):
            break
        (asks,) = (name for name in ("how_many", "is_there", "sum", "which") if parts.get(name))
        label, other = (
            int(parts[name]) if parts.get(name) else None for name in ("label", "other")
        )
        return Question(
            asks.replace("_", " "),
            label,
            parts.get("relation"),
            other,
            parts.get("half"),
            parts.get("extreme"),
        )
    raise ValueError(
        f"question is {question!r}; expected something like {' '.join(map(repr, _EXAMPLES))}"
    )


def answer(question: str | Question, things: Mapping[str, Tensor], size: tuple[int, int]) -> str:
    """Answer a question about a picture from what was found in it.

    Parameters
    ----------
    question
        As :func:`parse` takes it or gives it.
    things
        ``"boxes"`` (n, 4), as x1, y1, x2, y2, and ``"labels"`` (n,), as of
        :func:`cvlib.tasks.detection.detect`.
    size
        Height and width of the picture.

    Returns
    -------
    str
        A number, ``"yes"``, ``"no"``, or why there is no answer: the digit that the question starts
        from is not there, or not alone.

    Raises
    ------
    KeyError
        If ``things`` lack boxes or labels.
    TypeError, ValueError
        If they, the size or the question are not as above.

    Examples
    --------
    >>> boxes = torch.tensor([[0.0, 0.0, 10.0, 10.0], [20.0, 2.0, 24.0, 8.0]])
    >>> things = {"boxes": boxes, "labels": torch.tensor([7, 3])}
    >>> answer("Is there a 3 right of the 7?", things, (32, 32))
    'yes'
    >>> answer("How many digits are above the 5?", things, (32, 32))
    'there is no 5'
    """
    asked = parse(question) if isinstance(question, str) else question
    boxes, labels = _checked(things)
    height, width = (integer("size", side, least=1) for side in size)
    kept = torch.ones_like(labels, dtype=torch.bool)
    if asked.label is not None:
        kept &= labels == asked.label
    if asked.half is not None:
        frame = boxes.new_tensor([_HALVES[asked.half]]) * boxes.new_tensor(
            [width, height, width, height]
        )
        centres = (boxes[:, :2] + boxes[:, 2:]) / 2
        kept &= relation("inside", centres.repeat(1, 2), frame)[:, 0]
    if asked.relation is not None:
        others = boxes[labels == asked.other]
        if len(others) != 1:
            return (
                f"there is no {asked.other}"
                if not len(others)
                else (f"there are {len(others)} digits {asked.other}")
            )
        kept &= relation(asked.relation, boxes, others)[:, 0]
    if asked.asks == "how many":
        return str(int(kept.sum()))
    if asked.asks == "is there":
        return "yes" if kept.any() else "no"
    if asked.asks == "sum":
        return str(int(labels[kept].sum()))
    if not len(labels):
        return "there is no digit"
    beaten = relation(_EXTREMES[str(asked.extreme)], boxes, boxes).any(0)
    return str(int(labels[~beaten][0]))


def describe(things: Mapping[str, Tensor]) -> str:
    """Say in a sentence or two what was found in a picture.

    Parameters
    ----------
    things
        As :func:`answer` takes them.

    Returns
    -------
    str
        How many digits there are, which, from left to right, and which is the largest.

    Raises
    ------
    KeyError, TypeError, ValueError
        As of :func:`answer`.

    Examples
    --------
    >>> boxes = torch.tensor([[20.0, 2.0, 24.0, 8.0], [0.0, 0.0, 10.0, 10.0]])
    >>> describe({"boxes": boxes, "labels": torch.tensor([7, 3])})
    'There are 2 digits: 3 and 7, from left to right. The 3 is the largest.'
    """
    boxes, labels = _checked(things)
    if not len(labels):
        return "There is no digit."
    if len(labels) == 1:
        return f"There is one digit, a {int(labels)}."
    row = [str(int(each)) for each in labels[(boxes[:, 0] + boxes[:, 2]).argsort(stable=True)]]
    largest = answer(Question("which", extreme="largest"), things, (1, 1))
    listed = f"{', '.join(row[:-1])} and {row[-1]}"
    return (
        f"There are {len(row)} digits: {listed}, from left to right. The {largest} is the largest."
    )


def as_digit(ink: Tensor) -> Tensor:
    """Put what is cut from a picture into the frame of MNIST's digits.

    Its longer side is made 20 pixels, and its centre of mass is moved to the middle of 28 × 28, by
    whole pixels.

    Parameters
    ----------
    ink
        (h, w), how much of each pixel belongs to the digit, from 0 to 1.

    Returns
    -------
    Tensor
        ``float32``, (28, 28), from 0 to 1. Where there is no ink, all 0.

    Raises
    ------
    TypeError
        If it is no tensor of floating-point numbers.
    ValueError
        If it has another shape, or a number lies outside of 0 to 1.

    References
    ----------
    LeCun, Bottou, Bengio, Haffner, "Gradient-Based Learning Applied to Document Recognition",
    Proceedings of the IEEE 86(11), 1998, section III.A.

    Examples
    --------
    >>> bar = as_digit(torch.ones(10, 2))
    >>> bar.shape, bar.sum(0).nonzero().flatten().tolist()
    (torch.Size([28, 28]), [12, 13, 14, 15])
    """
    check_tensors(ink=ink)
    if not ink.is_floating_point():
        raise TypeError(f"ink is {ink.dtype}; expected a floating-point number for each pixel")
    if ink.ndim != 2 or not ink.numel():
        raise ValueError(f"ink has shape {tuple(ink.shape)}; expected (h, w), not empty")
    if not 0 <= float(ink.amin()) <= float(ink.amax()) <= 1:
        low, high = float(ink.amin()), float(ink.amax())
        raise ValueError(f"ink goes from {low} to {high}; expected 0 to 1")
    scale = _ROOM / max(ink.shape)
    height, width = (max(1, math.floor(side * scale + 0.5)) for side in ink.shape)
    small = F.interpolate(
        ink[None, None].float(), (height, width), mode="bilinear", antialias=True
    )[0, 0].clamp(0, 1)
    frame = small.new_zeros(_SIDE, _SIDE)
    if not small.any():
        return frame
    place = []
    for axis, side in ((1, height), (0, width)):
        mass = small.sum(axis)
        mean = float((mass * torch.arange(side, device=mass.device)).sum() / mass.sum())
        # As MNIST's digits: the mean of pixel numbers lies from 13.5 up to 14.5.
        place.append(min(max(math.ceil(_SIDE / 2 - 0.5 - mean), 0), _SIDE - side))
    top, left = place
    frame[top : top + height, left : left + width] = small
    return frame


def _checked(things: Mapping[str, Tensor]) -> tuple[Tensor, Tensor]:
    """Return the boxes and labels of a picture."""
    missing = {"boxes", "labels"} - {*things}
    if missing:
        raise KeyError(f"things have no {' and no '.join(sorted(missing))}; expected both")
    boxes, labels = things["boxes"], things["labels"]
    check_boxes(boxes, "boxes")
    check_tensors(labels=labels)
    if labels.shape != boxes.shape[:1]:
        raise ValueError(
            f"labels has shape {tuple(labels.shape)}; expected ({len(boxes)},), one for each box"
        )
    return boxes, labels
