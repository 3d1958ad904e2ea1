"""Checkers of the chapter on losses."""

from __future__ import annotations

import torch
from torch import Tensor

from cvlib.training.losses import cross_entropy, log_softmax

__all__ = ["focal_loss"]


def focal_loss(answer: object) -> str | None:
    """Check a focal loss: cross entropy that counts what is already right for little.

    Parameters
    ----------
    answer
        A function of logits (N, C), labels (N,) and gamma; it returns the batch's mean.

    Returns
    -------
    str or None
        What is wrong with what it returns, and the likely reason; or None.

    References
    ----------
    Lin et al., "Focal loss for dense object detection" (2017), equation 4.

    Examples
    --------
    >>> focal_loss(lambda logits, labels, gamma: cross_entropy(logits, labels))
    'with gamma 2 it gives 1.1304, expected 0.7059; that is the cross entropy'
    """
    name = "focal_loss"
    if not callable(answer):
        return f"{name} is {answer!r}, expected a function"
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn((4, 3), generator=generator, dtype=torch.float64)
    labels = torch.tensor([0, 2, 1, 1])
    for gamma in (0.0, 2.0, 0.5):
        x = logits.clone().requires_grad_()
        got, log_p = answer(x, labels.clone(), gamma), log_softmax(logits, 1)
        log_p = log_p.gather(1, labels[:, None]).squeeze(1)
        each = -((1 - log_p.exp()) ** gamma) * log_p
        if not isinstance(got, Tensor):
            return f"{name} gives {type(got).__name__}, expected a tensor"
        if got.shape != ():
            return f"{name} gives shape {tuple(got.shape)}, expected (), the mean over the batch"
        expected, given = float(each.mean()), float(got.detach())
        if abs(given - expected) > 1e-6:
            message = f"with gamma {gamma:g} it gives {given:.4f}, expected {expected:.4f}"
            likely = {
                "that is the cross entropy": float(cross_entropy(logits, labels)),
                "that is the sum, expected the mean": float(each.sum()),
                "its sign is wrong": -expected,
                "its factor is p, expected 1 - p": float(-(log_p.exp() ** gamma * log_p).mean()),
            }
            hints = [text for text, value in likely.items() if abs(value - given) < 1e-6]
            return "; ".join([message, *hints[:1]])
        if got.grad_fn is None:
            return f"{name} sends no gradient back to the logits"
    extreme = answer(torch.tensor([[1e4, 0.0], [0.0, 1e4]]), torch.tensor([0, 0]), 2.0)
    if not isinstance(extreme, Tensor) or not abs(float(extreme) - 5e3) < 1:
        value = float(extreme) if isinstance(extreme, Tensor) else extreme
        return f"with logits of 10,000 it gives {value}, expected 5000; look at the logarithm"
    return None
