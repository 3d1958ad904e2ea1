"""Checkers of the chapter on augmentation."""

from __future__ import annotations

import torch
from torch import Generator, Tensor

__all__ = ["quarter_turns"]


def quarter_turns(answer: object) -> str | None:
    """Check a function that turns each picture of a batch by a number of quarter turns.

    Parameters
    ----------
    answer
        A function of square pictures (B, C, H, H), their targets and a generator, that gives
        pictures and targets: each picture is turned by 0, 90, 180 or 270 degrees, drawn for it
        alone.

    Returns
    -------
    str or None
        What is wrong with its result, and the likely reason; or None.

    Examples
    --------
    >>> quarter_turns(lambda images, targets, generator: (images, targets))
    'all of 400 pictures are turned by 0 degrees, expected a quarter of them'
    """
    name = "quarter_turns"
    if not callable(answer):
        return f"{name} is {answer!r}, expected a function"
    source = Generator().manual_seed(0)
    images, targets = torch.rand(400, 3, 5, 5, generator=source), torch.arange(400)
    before, state = images.clone(), torch.get_rng_state()
    results = [answer(images, targets, Generator().manual_seed(seed)) for seed in (1, 1, 2)]
    for result in results:
        if not isinstance(result, tuple) or len(result) != 2:
            return f"{name} gives {type(result).__name__}, expected a pair, images and targets"
    turned, kept = results[0]
    if not isinstance(turned, Tensor) or turned.shape != images.shape:
        shape = tuple(turned.shape) if isinstance(turned, Tensor) else type(turned).__name__
        return f"the images come back as {shape}, expected {tuple(images.shape)}"
    if not torch.equal(images, before):
        return "the pictures that came were overwritten; expected new ones"
    if kept is not targets and not torch.equal(kept, targets):
        return "the targets are others, expected them as they came: a turn leaves labels alone"
    wrong = _wrong_turns(turned, images)
    if wrong:
        return wrong
    if not torch.equal(torch.get_rng_state(), state):
        return f"{name} draws from torch's own generator, expected the one that it is given"
    if not torch.equal(results[1][0], turned):
        return "two generators with the same seed give other turns, expected the same"
    if torch.equal(results[2][0], turned):
        return "generators with different seeds give the same turns"
    return None


def _wrong_turns(turned: Tensor, images: Tensor) -> str | None:
    matches = torch.stack(
        [(turned == images.rot90(turns, (2, 3))).flatten(1).all(1) for turns in range(4)]
    )
    if not matches.any(0).all():
        number = int((~matches.any(0)).nonzero()[0])
        return f"picture {number} is no quarter turn of what it was: look at the axes, 2 and 3"
    counts = matches.sum(1)
    for turns, count in enumerate(counts.tolist()):
        if count == len(images):
            degrees = f"{90 * turns} degrees, expected a quarter of them"
            return f"all of {count} pictures are turned by {degrees}"
    for turns, count in enumerate(counts.tolist()):
        if not 60 <= count <= 140:  # four standard deviations of 8.7 around 100 are 65 to 135
            return f"{count} of {len(images)} pictures are turned {turns} times, expected about 100"
    return None
