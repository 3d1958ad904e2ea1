"""Deeper networks: VGG and ResNet as they were published for ImageNet.

Both bear torchvision's names, so either package's networks can go on with what the other's learnt.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from cvlib.arguments import integer
from cvlib.layers.residual import BasicBlock, Bottleneck, ProjectionShortcut

__all__ = ["VGG", "ResNet"]


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
