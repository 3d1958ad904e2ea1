"""The multilayer perceptron: a network that takes a picture for a row of numbers."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from cvlib.arguments import integer

__all__ = ["MLP"]


class MLP(nn.Module):
    """A multilayer perceptron: fully connected layers, and nothing that knows of neighbours.

    It flattens a picture to a row of numbers, and has a weight for each number and each unit. With
    the sizes that it comes with, 784, 512, 512 and 10, it is the network of PyTorch's quickstart,
    669,706 parameters.

    Parameters
    ----------
    hidden
        How many units each hidden layer has, from the picture on. Without any, it is softmax
        regression.
    num_classes
        How many outputs, one for each class.
    num_inputs
        How many numbers a picture has: channels times rows times columns.
    batch_norm
        Whether each hidden layer is normalized over the batch before its ReLU. Such a layer needs
        no bias, and has none.

    Raises
    ------
    TypeError
        If a number is no integer.
    ValueError
        If a number is below 1.

    References
    ----------
    Rumelhart, Hinton, Williams, "Learning representations by back-propagating errors", Nature 323,
    1986.

    Examples
    --------
    >>> model = MLP()
    >>> model(torch.zeros(1, 1, 28, 28)).shape
    torch.Size([1, 10])
    >>> sum(parameter.numel() for parameter in model.parameters())
    669706
    """

    def __init__(
        self,
        hidden: Sequence[int] = (512, 512),
        num_classes: int = 10,
        num_inputs: int = 28 * 28,
        *,
        batch_norm: bool = False,
    ) -> None:
        super().__init__()
        units = [integer(f"hidden[{i}]", size, least=1) for i, size in enumerate(hidden)]
        sizes = [integer("num_inputs", num_inputs, least=1), *units]
        layers: list[nn.Module] = []
        for inputs, outputs in pairwise(sizes):
            layers.append(nn.Linear(inputs, outputs, bias=not batch_norm))
            if batch_norm:
                layers.append(nn.BatchNorm1d(outputs))
            layers.append(nn.ReLU())
        layers.append(nn.Linear(sizes[-1], integer("num_classes", num_classes, least=1)))
        self.layers = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        """Compute one output (logit) for each class.

        Parameters
        ----------
        x
            Pictures of shape (N, C, H, W), ``float32`` from 0 to 1, C · H · W being ``num_inputs``.

        Returns
        -------
        Tensor
            Logits of shape (N, num_classes).
        """
        x = torch.flatten(x, 1)
        return self.layers(x)
