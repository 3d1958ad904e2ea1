"""LeNet: the first convolutional network to read handwriting for a living, in today's form."""

from __future__ import annotations

import torch
from torch import Tensor, nn

__all__ = ["LeNet"]


class LeNet(nn.Module):
    """LeNet as it is taught today: two convolutions, two poolings, three fully connected layers.

    The layers have the sizes of LeNet-5, with what has replaced its parts since: ReLU for the
    scaled tanh, max pooling for trained subsampling, all connections in the second convolution, and
    a linear output for the radial basis functions. With 10 classes it has 61,706 parameters.

    Parameters
    ----------
    num_classes
        How many outputs, one for each class.

    References
    ----------
    LeCun, Bottou, Bengio, Haffner, "Gradient-Based Learning Applied to Document Recognition",
    Proceedings of the IEEE 86(11), 1998, section II.B.

    Examples
    --------
    >>> model = LeNet()
    >>> model(torch.zeros(1, 1, 28, 28)).shape
    torch.Size([1, 10])
    >>> sum(parameter.numel() for parameter in model.parameters())
    61706
    """

    def __init__(self, num_classes: int = 10) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 6, kernel_size=5, padding=2),
            nn.ReLU(),
            nn.MaxPool2d(kernel_size=2),
            nn.Conv2d(6, 16, kernel_size=5),
            nn.ReLU(),
            nn.MaxPool2d(kernel_size=2),
        )
        self.classifier = nn.Sequential(
            nn.Linear(16 * 5 * 5, 120),
            nn.ReLU(),
            nn.Linear(120, 84),
            nn.ReLU(),
            nn.Linear(84, num_classes),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Compute one output (logit) for each class.

        Parameters
        ----------
        x
            Pictures of shape (N, 1, 28, 28), ``float32`` from 0 to 1.

        Returns
        -------
        Tensor
            Logits of shape (N, num_classes).
        """
        x = self.features(x)
        x = torch.flatten(x, 1)
        return self.classifier(x)
