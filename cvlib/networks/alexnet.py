"""AlexNet: the network that won ImageNet in 2012, and a small one of the same plan."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

__all__ = ["AlexNet", "SmallAlexNet", "initialize"]


class AlexNet(nn.Module):
    """AlexNet as it was published: five convolutions in two towers, three fully connected layers.

    The towers stood on two GPUs and saw each other only in the third convolution and behind the
    last one; here they are the groups of a convolution. Response normalization runs across the
    seam between them. With 1000 classes there are 60,965,224 parameters, without towers 62,378,344.

    Parameters
    ----------
    num_classes
        How many outputs, one for each class.
    groups
        The towers: 2 as published, or 1 for a network in which every kernel sees every channel.
    dropout
        The probability with which dropout zeroes a number in the first two fully connected layers.
    mean
        Red, green and blue, from 0 to 1, that are taken from each pixel; those of ImageNet by
        default. The network then computes with levels, from 0 to 255, as the paper's did: the
        size of the first weights and the constants of response normalization are meant for these.

    Raises
    ------
    ValueError
        If ``groups`` does not divide the channels, or ``dropout`` is no probability.

    References
    ----------
    Krizhevsky, Sutskever, Hinton, "ImageNet Classification with Deep Convolutional Neural
    Networks", Advances in Neural Information Processing Systems 25, 2012, sections 3 to 5.

    Examples
    --------
    >>> with torch.device("meta"):
    ...     model = AlexNet()
    ...     outputs = model(torch.zeros(1, 3, 224, 224))
    >>> outputs.shape
    torch.Size([1, 1000])
    >>> sum(parameter.numel() for parameter in model.parameters())
    60965224
    """

    mean: Tensor

    def __init__(
        self,
        num_classes: int = 1000,
        groups: int = 2,
        dropout: float = 0.5,
        mean: Sequence[float] = (0.485, 0.456, 0.406),
    ) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 96, kernel_size=11, stride=4, padding=2),
            nn.ReLU(),
            nn.LocalResponseNorm(size=5, alpha=5e-4, beta=0.75, k=2),
            nn.MaxPool2d(kernel_size=3, stride=2),
            nn.Conv2d(96, 256, kernel_size=5, padding=2, groups=groups),
            nn.ReLU(),
            nn.LocalResponseNorm(size=5, alpha=5e-4, beta=0.75, k=2),
            nn.MaxPool2d(kernel_size=3, stride=2),
            nn.Conv2d(256, 384, kernel_size=3, padding=1),
            nn.ReLU(),
            nn.Conv2d(384, 384, kernel_size=3, padding=1, groups=groups),
            nn.ReLU(),
            nn.Conv2d(384, 256, kernel_size=3, padding=1, groups=groups),
            nn.ReLU(),
            nn.MaxPool2d(kernel_size=3, stride=2),
        )
        self.classifier = nn.Sequential(
            nn.Dropout(dropout),
            nn.Linear(256 * 6 * 6, 4096),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(4096, 4096),
            nn.ReLU(),
            nn.Linear(4096, num_classes),
        )
        self.register_buffer("mean", torch.tensor(mean).view(3, 1, 1), persistent=False)
        initialize(self)

    def forward(self, x: Tensor) -> Tensor:
        """Compute one output (logit) for each class.

        Parameters
        ----------
        x
            Pictures of shape (N, 3, 224, 224), ``float32`` from 0 to 1.

        Returns
        -------
        Tensor
            Logits of shape (N, num_classes).
        """
        x = 255 * (x - self.mean)
        x = self.features(x)
        x = torch.flatten(x, 1)
        return self.classifier(x)


class SmallAlexNet(nn.Module):
    """A network on AlexNet's plan for pictures of 28 × 28, whose novelties can be switched off.

    It has the same eight layers in the same order, with kernels that suit small pictures, and is
    a third as wide or less. All poolings give maps of one size, so that a part taken out takes no
    parameter with it: with 10 classes there are 355,562, without towers 464,106.

    Parameters
    ----------
    num_classes
        How many outputs, one for each class.
    groups, dropout
        As in :class:`AlexNet`; a dropout of 0 switches it off.
    activation
        Makes a layer of the function between layers, ``nn.ReLU`` or ``nn.Tanh``.
    response_norm
        Whether responses are normalized.
    overlapping
        Whether the windows of pooling overlap, 3 × 3 every 2 positions, or lie side by side, 2 × 2.
    mean, std
        Red, green and blue, from 0 to 1: what is taken from each pixel, and by what the rest is
        divided; those of CIFAR-10 by default. Response normalization gets the paper's alpha in this
        unit: a deviation is about 64 levels, and 1e-4 · 64² is 0.4, which torch calls 2.

    Raises
    ------
    ValueError
        If ``groups`` does not divide the channels, or ``dropout`` is no probability.

    Notes
    -----
    The first weights are normal with variance gain² / n, where n numbers come in and the gain is
    that of the activation (√2 for ReLU, 1 for tanh, as :func:`torch.nn.init.calculate_gain` has the
    first): the paper's deviation of 0.01 is meant for layers into which thousands of numbers come.

    Examples
    --------
    >>> model = SmallAlexNet()
    >>> model(torch.zeros(1, 3, 28, 28)).shape
    torch.Size([1, 10])
    >>> sum(parameter.numel() for parameter in model.parameters())
    355562
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self,
        num_classes: int = 10,
        groups: int = 2,
        dropout: float = 0.5,
        activation: Callable[[], nn.Module] = nn.ReLU,
        response_norm: bool = True,
        overlapping: bool = True,
        mean: Sequence[float] = (0.491, 0.482, 0.447),
        std: Sequence[float] = (0.247, 0.243, 0.262),
    ) -> None:
        super().__init__()

        def normalization() -> nn.Module:
            constants = {"alpha": 2.0, "beta": 0.75, "k": 2.0}
            return nn.LocalResponseNorm(5, **constants) if response_norm else nn.Identity()

        def pooling() -> nn.Module:
            return nn.MaxPool2d(3, 2, ceil_mode=True) if overlapping else nn.MaxPool2d(2)

        self.features = nn.Sequential(
            *(nn.Conv2d(3, 32, kernel_size=5, stride=2, padding=2), activation()),
            *(normalization(), pooling()),
            *(nn.Conv2d(32, 64, kernel_size=5, padding=2, groups=groups), activation()),
            *(normalization(), pooling()),
            *(nn.Conv2d(64, 96, kernel_size=3, padding=1), activation()),
            *(nn.Conv2d(96, 96, kernel_size=3, padding=1, groups=groups), activation()),
            *(nn.Conv2d(96, 96, kernel_size=3, padding=1, groups=groups), activation()),
            pooling(),
        )
        self.classifier = nn.Sequential(
            *(nn.Dropout(dropout), nn.Linear(96, 384), activation()),
            *(nn.Dropout(dropout), nn.Linear(384, 384), activation()),
            nn.Linear(384, num_classes),
        )
        self.register_buffer("mean", torch.tensor(mean).view(3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(std).view(3, 1, 1), persistent=False)
        gain = 2**0.5 if isinstance(activation(), nn.ReLU) else 1.0
        for parameter in self.parameters():
            if parameter.ndim > 1:
                nn.init.normal_(parameter, std=gain / parameter[0].numel() ** 0.5)
            else:
                nn.init.zeros_(parameter)

    def forward(self, x: Tensor) -> Tensor:
        """Compute one output (logit) for each class.

        Parameters
        ----------
        x
            Pictures of shape (N, 3, 28, 28), ``float32`` from 0 to 1.

        Returns
        -------
        Tensor
            Logits of shape (N, num_classes).
        """
        x = (x - self.mean) / self.std
        x = self.features(x)
        x = torch.flatten(x, 1)
        return self.classifier(x)


def initialize(model: nn.Module) -> int:
    """Give the eight layers of a network the weights with which AlexNet's training began.

    Weights are normal with standard deviation 0.01. Biases are 1 in the second, fourth and fifth
    convolution and in the hidden fully connected layers, so that ReLU lets numbers through from the
    start, and 0 in the others.

    Parameters
    ----------
    model
        A network with eight layers that have weights, convolutions and fully connected ones, in
        the order in which it registers them. They are changed in place.

    Returns
    -------
    int
        How many layers were set.

    Raises
    ------
    ValueError
        If there are not eight of them: an initialization that touches nothing says nothing.

    References
    ----------
    Krizhevsky, Sutskever, Hinton, "ImageNet Classification with Deep Convolutional Neural
    Networks" (2012), section 5.

    Examples
    --------
    >>> model = SmallAlexNet()
    >>> initialize(model)
    8
    >>> model.classifier[1].bias.unique()
    tensor([1.], grad_fn=<Unique2Backward0>)
    """
    layers = [layer for layer in model.modules() if isinstance(layer, nn.Conv2d | nn.Linear)]
    if len(layers) != 8:
        raise ValueError(f"model has {len(layers)} layers with weights; expected 8, as AlexNet has")
    for number, layer in enumerate(layers, start=1):
        nn.init.normal_(layer.weight, std=0.01)
        if layer.bias is not None:
            nn.init.constant_(layer.bias, float(number in (2, 4, 5, 6, 7)))
    return len(layers)
