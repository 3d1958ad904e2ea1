"""Small networks to look into, and networks of which one knows what they look at."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn


def small_net(channels: int = 3, classes: int = 5, *, seed: int = 0) -> nn.Sequential:
    """Convolutions with everything that comes between them, and weights that no path cancels."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = nn.Sequential(
            *(nn.Conv2d(channels, 6, 3, padding=1), nn.BatchNorm2d(6), nn.ReLU(inplace=True)),
            *(nn.MaxPool2d(2), nn.Conv2d(6, 8, 3, bias=False), nn.Tanh()),
            *(nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(32, classes)),
        )
        model[1].running_mean.uniform_(-0.5, 0.5)  # with larger ones the ReLU lets nothing through
        model[1].running_var.uniform_(0.05, 0.15)
    return model.double().eval()


def pictures(count: int, channels: int, height: int, width: int, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(count, channels, height, width, generator=generator, dtype=torch.float64)


class Watchers(nn.Module):
    """Class k is as bright as one known place of the picture, and depends on nothing else."""

    def __init__(self, places: list[tuple[int, int]]) -> None:
        super().__init__()
        self.maps = nn.Conv2d(1, 1, 1, bias=False)
        nn.init.ones_(self.maps.weight)
        self.places = places

    def forward(self, x: Tensor) -> Tensor:
        maps = self.maps(x)
        return torch.stack([maps[:, 0, row, column] for row, column in self.places], 1)


class Gives(nn.Module):
    """Gives what a function makes of its logits, as networks for other tasks do."""

    def __init__(self, made: Callable[[Tensor], Any]) -> None:
        super().__init__()
        self.net, self.made = small_net(), made

    def forward(self, x: Tensor) -> Any:
        return self.made(self.net(x))


class Pair(NamedTuple):
    """As torchvision's GoogLeNet gives while it is trained."""

    logits: Tensor
    aux: Tensor


NO_TENSORS = {
    "dict of 'out', 'aux'": lambda y: {"out": y, "aux": y},
    "OrderedDict of 'out'": lambda y: OrderedDict(out=y),
    "tuple": lambda y: (y, y),
    "list": lambda y: [y],
    "Pair": lambda y: Pair(y, y),
    "NoneType": lambda y: None,
    "float": lambda y: float(y.detach().sum()),
    "ndarray": lambda y: y.detach().numpy(),
}
