"""CIFAR-10's networks: the one of PyTorch's tutorial, and a plain one with batch normalization."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from cvlib.arguments import integer

__all__ = ["PlainNet", "TutorialNet"]

SMALL_WIDTHS = ((16,), (32, 32), (48, 48))  # a plain network that a page of the book can load


class TutorialNet(nn.Module):
    """The network of PyTorch's tutorial "Training a Classifier": LeNet's plan for colour.

    Two convolutions of 5×5 without padding, each followed by ReLU and 2×2 max pooling, and three
    fully connected layers; with 10 classes it has 62,006 parameters.

    Parameters
    ----------
    num_classes
        How many outputs, one for each class.

    References
    ----------
    "Training a Classifier", PyTorch tutorials, section "Define a Convolutional Neural Network".

    Examples
    --------
    >>> model = TutorialNet()
    >>> model(torch.zeros(1, 3, 32, 32)).shape
    torch.Size([1, 10])
    >>> sum(parameter.numel() for parameter in model.parameters())
    62006
    """

    def __init__(self, num_classes: int = 10) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 6, kernel_size=5),
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
            nn.Linear(84, integer("num_classes", num_classes, least=1)),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Compute one output (logit) for each class.

        Parameters
        ----------
        x
            Pictures of shape (N, 3, 32, 32), ``float32`` from 0 to 1; the first step spreads them
            from -1 to 1, as the tutorial's ``Normalize`` does.

        Returns
        -------
        Tensor
            Logits of shape (N, num_classes).
        """
        x = self.features(2 * x - 1)
        x = torch.flatten(x, 1)
        return self.classifier(x)


class PlainNet(nn.Module):
    """A plain convolutional network: 3×3 convolutions, batch normalization, ReLU, and no more.

    The picture is halved at the end of each stage by 2×2 max pooling, which comes before the
    normalization, so that there is a quarter to normalize. What is left is averaged over its
    places, so that pictures of any size will do, and one fully connected layer decides.

    Parameters
    ----------
    widths
        The stages, each the number of maps of each of its convolutions.
    in_channels
        Channels of a picture: 3 for colour, 1 for grey.
    num_classes
        How many outputs, one for each class.

    Raises
    ------
    TypeError, ValueError
        If ``widths`` has no stage or an empty one, or a number is none that can be.

    References
    ----------
    Ioffe, Szegedy, "Batch Normalization", ICML 2015; Simonyan, Zisserman, "Very Deep Convolutional
    Networks", ICLR 2015, section 2.1, for 3×3 kernels throughout; Lin, Chen, Yan, "Network In
    Network", ICLR 2014, section 3.2, for the average in place of large connected layers.

    Examples
    --------
    >>> model = PlainNet(widths=((16,), (32, 32)))
    >>> model(torch.zeros(1, 3, 32, 32)).shape
    torch.Size([1, 10])
    """

    def __init__(
        self,
        widths: Sequence[Sequence[int]] = ((32,), (64,), (128, 128), (256,)),
        in_channels: int = 3,
        num_classes: int = 10,
    ) -> None:
        super().__init__()
        if not widths or not all(widths):
            raise ValueError(f"widths is {widths!r}; expected stages of at least one width each")
        channels = integer("in_channels", in_channels, least=1)
        layers: list[nn.Module] = []
        for stage in widths:
            for position, width in enumerate(stage, start=1):
                width = integer("widths", width, least=1)
                layers.append(nn.Conv2d(channels, width, kernel_size=3, padding=1, bias=False))
                if position == len(stage):
                    layers.append(nn.MaxPool2d(kernel_size=2))
                layers += [nn.BatchNorm2d(width), nn.ReLU()]
                channels = width
        self.features = nn.Sequential(*layers)
        self.classifier = nn.Linear(channels, integer("num_classes", num_classes, least=1))

    def forward(self, x: Tensor) -> Tensor:
        """Compute one output (logit) for each class.

        Parameters
        ----------
        x
            Pictures of shape (N, in_channels, H, W), ``float32`` from 0 to 1, of any size that
            survives the halvings.

        Returns
        -------
        Tensor
            Logits of shape (N, num_classes).
        """
        x = self.features(2 * x - 1)
        return self.classifier(x.mean((2, 3)))
