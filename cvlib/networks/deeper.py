"""Deeper networks: VGG and ResNet as they were published for ImageNet.

Both bear torchvision's names, so either package's networks can go on with what the other's learnt.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cvlib.arguments import integer
from cvlib.layers.residual import BasicBlock, Bottleneck, ProjectionShortcut

__all__ = ["VGG", "ResNet", "SmallResNet"]


class VGG(nn.Module):
    """VGG: stacks of 3×3 convolutions, each stack halved by pooling, and AlexNet's classifier.

    Parameters
    ----------
    layers
        How many convolutions each of the five stages has; with three fully connected layers, the
        default is VGG-16, with 138,357,544 parameters for 1000 classes.
    num_classes
        How many outputs, one for each class.
    dropout
        The probability with which dropout zeroes a number behind the first two fully connected
        layers.

    Raises
    ------
    TypeError, ValueError
        If ``layers`` has not five numbers of at least 1, or a number is none that can be.

    References
    ----------
    Simonyan, Zisserman, "Very Deep Convolutional Networks for Large-Scale Image Recognition", ICLR
    2015, table 1: ``(1, 1, 2, 2, 2)`` is A, ``(2, 2, 2, 2, 2)`` B, ``(2, 2, 3, 3, 3)`` D, which is
    VGG-16, and ``(2, 2, 4, 4, 4)`` E.

    Examples
    --------
    >>> with torch.device("meta"):
    ...     model = VGG()
    ...     outputs = model(torch.zeros(1, 3, 224, 224))
    >>> outputs.shape
    torch.Size([1, 1000])
    >>> sum(parameter.numel() for parameter in model.parameters())
    138357544
    """

    widths = (64, 128, 256, 512, 512)

    def __init__(
        self,
        layers: Sequence[int] = (2, 2, 3, 3, 3),
        num_classes: int = 1000,
        dropout: float = 0.5,
    ) -> None:
        super().__init__()
        stages: list[nn.Module] = []
        channels = 3
        for width, count in zip(self.widths, _counts(layers, 5), strict=True):
            for _ in range(count):
                stages += [nn.Conv2d(channels, width, kernel_size=3, padding=1), nn.ReLU()]
                channels = width
            stages.append(nn.MaxPool2d(kernel_size=2, stride=2))
        self.features = nn.Sequential(*stages)
        self.avgpool = nn.AdaptiveAvgPool2d(7)
        self.classifier = nn.Sequential(
            nn.Linear(512 * 7 * 7, 4096),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(4096, 4096),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(4096, integer("num_classes", num_classes, least=1)),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Compute one output (logit) for each class.

        Parameters
        ----------
        x
            Pictures of shape (N, 3, H, W), normalized; 224 × 224 as published. Other sizes are
            averaged to the 7 × 7 fields that the classifier expects.

        Returns
        -------
        Tensor
            Logits of shape (N, num_classes).
        """
        x = self.features(x)
        x = self.avgpool(x)
        x = torch.flatten(x, 1)
        return self.classifier(x)


class ResNet(nn.Module):
    """ResNet: a stem, four stages of residual blocks, the mean over all places, one linear layer.

    Parameters
    ----------
    block
        :class:`~cvlib.layers.residual.BasicBlock`, or ``Bottleneck`` from 50 layers on.
    layers
        How many blocks each of the four stages has; the default is ResNet-18, with 11,689,512
        parameters for 1000 classes.
    num_classes
        How many outputs, one for each class.

    Raises
    ------
    TypeError, ValueError
        If ``layers`` has not four numbers of at least 1, or ``num_classes`` is below 1.

    References
    ----------
    He, Zhang, Ren, Sun, "Deep Residual Learning for Image Recognition", CVPR 2016, table 1:
    ``BasicBlock`` with ``(2, 2, 2, 2)`` and ``(3, 4, 6, 3)`` are ResNet-18 and 34, ``Bottleneck``
    with ``(3, 4, 6, 3)``, ``(3, 4, 23, 3)`` and ``(3, 8, 36, 3)`` are 50, 101 and 152.

    Notes
    -----
    In a ``Bottleneck`` that halves the map, the 3×3 convolution has the stride, as in torchvision,
    and not the first 1×1 convolution, as in the paper.

    Examples
    --------
    >>> with torch.device("meta"):
    ...     model = ResNet()
    ...     outputs = model(torch.zeros(1, 3, 224, 224))
    >>> outputs.shape
    torch.Size([1, 1000])
    >>> sum(parameter.numel() for parameter in model.parameters())
    11689512
    """

    def __init__(
        self,
        block: type[BasicBlock] | type[Bottleneck] = BasicBlock,
        layers: Sequence[int] = (2, 2, 2, 2),
        num_classes: int = 1000,
    ) -> None:
        super().__init__()
        first, second, third, fourth = _counts(layers, 4)
        wider = block.expansion
        self.conv1 = nn.Conv2d(3, 64, kernel_size=7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.relu = nn.ReLU()
        self.maxpool = nn.MaxPool2d(kernel_size=3, stride=2, padding=1)
        self.layer1 = _stage(block, 64, 64, first)
        self.layer2 = _stage(block, 64 * wider, 128, second, stride=2)
        self.layer3 = _stage(block, 128 * wider, 256, third, stride=2)
        self.layer4 = _stage(block, 256 * wider, 512, fourth, stride=2)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(512 * wider, integer("num_classes", num_classes, least=1))
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, x: Tensor) -> Tensor:
        """Compute one output (logit) for each class.

        Parameters
        ----------
        x
            Pictures of shape (N, 3, H, W), normalized; 224 × 224 as published, others will do.

        Returns
        -------
        Tensor
            Logits of shape (N, num_classes).
        """
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        x = torch.flatten(self.avgpool(x), 1)
        return self.fc(x)


def _stage(
    block: type[BasicBlock] | type[Bottleneck],
    inplanes: int,
    planes: int,
    blocks: int,
    stride: int = 1,
) -> nn.Sequential:
    """Line up blocks; the first one changes the shape, where there is something to change."""
    outputs = planes * block.expansion
    change = None
    if stride != 1 or inplanes != outputs:
        change = ProjectionShortcut(inplanes, outputs, stride)
    first = block(inplanes, planes, stride, change)
    return nn.Sequential(first, *(block(outputs, planes) for _ in range(blocks - 1)))


def _counts(layers: Sequence[int], stages: int) -> list[int]:
    """Check how many layers, or blocks, each stage is to have."""
    if not isinstance(layers, Sequence) or len(layers) != stages:
        raise ValueError(f"layers is {layers!r}; expected {stages} numbers, one for each stage")
    return [integer("layers", count, least=1) for count in layers]


class SmallResNet(nn.Module):
    """A residual network for CIFAR-10 that learns in minutes on two cores.

    The first layer whitens: its kernels are the principal components of small patches, each once
    with either sign, and stay as :meth:`whiten` makes them. Each stage halves the map by a
    convolution and 2×2 max pooling. From the second stage on, a block adds a convolution to what
    it is given. The largest number of each map goes to one linear layer.

    Parameters
    ----------
    widths
        How many maps each stage has.
    num_classes
        How many outputs, one for each class.

    Raises
    ------
    TypeError, ValueError
        If there is no stage, or a number is none that can be.

    References
    ----------
    After Jordan, "94% on CIFAR-10 in 3.29 seconds on a single GPU" (2024), sections 3.1 to 3.3,
    with fewer maps, and with roads.

    Examples
    --------
    >>> model = SmallResNet()
    >>> model(torch.zeros(1, 3, 32, 32)).shape
    torch.Size([1, 10])
    >>> sum(parameter.numel() for parameter in model.parameters())
    285816
    """

    mean: Tensor
    std: Tensor

    def __init__(self, widths: Sequence[int] = (32, 64, 128), num_classes: int = 10) -> None:
        super().__init__()
        if not isinstance(widths, Sequence) or not widths:
            raise ValueError(f"widths is {widths!r}; expected a width for each stage")
        channels = 24
        self.whitening = nn.Conv2d(3, channels, kernel_size=2)
        self.whitening.weight.requires_grad_(False)
        self.whitening.bias = nn.Parameter(torch.zeros(channels))
        stages: list[nn.Module] = [nn.GELU()]
        for number, width in enumerate(widths):
            width = integer("widths", width, least=1)
            stages.append(_layer(channels, width, nn.MaxPool2d(kernel_size=2)))
            if number:
                stages.append(_Sum(*_layer(width, width)))
            channels = width
        self.features = nn.Sequential(*stages)
        self.fc = nn.Linear(channels, integer("num_classes", num_classes, least=1), bias=False)
        nn.init.normal_(self.fc.weight, std=1 / channels)
        for name, colours in (
            ("mean", (0.4914, 0.4822, 0.4465)),
            ("std", (0.2470, 0.2435, 0.2616)),
        ):
            self.register_buffer(name, torch.tensor(colours).view(3, 1, 1), persistent=False)

    @torch.no_grad()
    def whiten(self, images: Tensor) -> None:
        """Make the first layer's numbers of these pictures uncorrelated, and equally large.

        Parameters
        ----------
        images
            Pictures of shape (N, 3, H, W), ``float32`` from 0 to 1; some thousand are enough.
        """
        patches = F.unfold((images - self.mean) / self.std, kernel_size=2)
        patches = patches.transpose(1, 2).reshape(-1, 12)
        variances, directions = torch.linalg.eigh(patches.T @ patches / len(patches))
        # A direction and its opposite are equally good, and processors differ in which comes out.
        directions = torch.where(directions[0] < 0, -directions, directions)
        kernels = (directions / (variances + 5e-4).sqrt()).T.reshape(12, 3, 2, 2)
        self.whitening.weight.copy_(torch.cat([kernels, -kernels]))

    def forward(self, x: Tensor) -> Tensor:
        """Compute one output (logit) for each class.

        Parameters
        ----------
        x
            Pictures of shape (N, 3, H, W), ``float32`` from 0 to 1, 32 × 32 or of any size that
            survives the halvings.

        Returns
        -------
        Tensor
            Logits of shape (N, num_classes).
        """
        x = (x - self.mean) / self.std
        x = self.features(self.whitening(x))
        return self.fc(x.amax((2, 3)))


class _Sum(nn.Sequential):
    """Add to the input what the layers make of it."""

    def forward(self, x: Tensor) -> Tensor:
        return x + super().forward(x)


def _layer(inplanes: int, planes: int, *between: nn.Module) -> nn.Sequential:
    """Make a convolution that begins by handing on its maps, normalization and GELU."""
    convolution = nn.Conv2d(inplanes, planes, kernel_size=3, padding=1, bias=False)
    nn.init.dirac_(convolution.weight.data[:inplanes])
    norm = nn.BatchNorm2d(planes, momentum=0.4)
    norm.weight.requires_grad_(False)
    return nn.Sequential(convolution, *between, norm, nn.GELU())
