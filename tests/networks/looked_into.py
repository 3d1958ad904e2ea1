"""Small networks to look into, and networks of which one knows what they look at."""

from __future__ import annotations

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
        for buffer in (model[1].running_mean, model[1].running_var):
            buffer.uniform_(0.5, 1.5)
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
