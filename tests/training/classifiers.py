"""Small classifiers for the tests of the loop, and pictures that can be told apart."""

from functools import partial

import torch
from torch import nn

from cvlib.data import ImageSet

SGD = partial(torch.optim.SGD, lr=0.5)


def linear(classes=10, seed=0):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Flatten(), nn.Linear(64, classes))


def weights(model):
    return torch.cat([parameter.detach().flatten() for parameter in model.parameters()])


class Recorder(nn.Module):
    """A linear classifier that remembers what it was shown, and in which mode."""

    def __init__(self):
        super().__init__()
        self.linear = linear()
        self.seen, self.modes, self.graphs = [], [], []

    def forward(self, x):
        self.seen.append(x)
        self.modes.append(self.training)
        output = self.linear(x)
        self.graphs.append(output.requires_grad)
        return output


def numbered(count):
    """Pictures that are told apart by their first pixel."""
    images = torch.zeros(count, 1, 8, 8, dtype=torch.uint8)
    images[:, 0, 0, 0] = torch.arange(count)
    return ImageSet(images, torch.arange(count) % 10, tuple("0123456789"), "numbered")
