"""The walk of an optimizer of torch or of the package into a valley, to hold the pages' to."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

STEPS = 60


def descended(make: Any, curvatures: tuple[float, ...], start: list[float]) -> Tensor:
    """Walk as the chapter's ``descend`` does, in a valley that lies along its axes."""
    curvature = torch.tensor(curvatures, dtype=torch.float64)
    at = torch.tensor(start, dtype=torch.float64, requires_grad=True)
    optimizer, path = make([at]), [at.detach().clone()]
    for _ in range(STEPS):
        at.grad = curvature * at.detach()
        optimizer.step()
        path.append(at.detach().clone())
    return torch.stack(path)
