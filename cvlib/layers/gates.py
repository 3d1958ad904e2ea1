"""Gates: blocks that multiply each channel, or each place, of feature maps by a factor from 0 to 1.

They are called attention, too, but compare nothing and average nothing: the factors need not sum to
1. Averages whose weights are learnt stand in :mod:`cvlib.layers.attention`.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from cvlib.arguments import check_pictures, integer

__all__ = ["SpatialAttention", "SqueezeExcitation"]


class SqueezeExcitation(nn.Module):
    """Weigh the channels, each by a factor that all channels' averages decide on together.

    Arguments and ``state_dict`` are those of :class:`torchvision.ops.SqueezeExcitation`.

    Parameters
    ----------
    input_channels
        Channels of the feature maps.
    squeeze_channels
        Numbers in between, mostly fewer.
    activation
        Makes the activation in between.
    scale_activation
        Makes the activation of the factors.

    Raises
    ------
    TypeError
        If a number of channels is no integer.
    ValueError
        If a number of channels is below 1.

    References
    ----------
    Hu, Shen and Sun, "Squeeze-and-excitation networks" (2018), section 3.

    Examples
    --------
    >>> block = SqueezeExcitation(8, 2)
    >>> block(torch.zeros(1, 8, 5, 5)).shape
    torch.Size([1, 8, 5, 5])
    >>> sum(parameter.numel() for parameter in block.parameters())
    42
    """

    def __init__(
        self,
        input_channels: int,
        squeeze_channels: int,
        activation: Callable[[], nn.Module] = nn.ReLU,
        scale_activation: Callable[[], nn.Module] = nn.Sigmoid,
    ) -> None:
        super().__init__()
        integer("input_channels", input_channels, least=1)
        integer("squeeze_channels", squeeze_channels, least=1)
        self.fc1 = nn.Conv2d(input_channels, squeeze_channels, kernel_size=1)
        self.fc2 = nn.Conv2d(squeeze_channels, input_channels, kernel_size=1)
        self.activation = activation()
        self.scale_activation = scale_activation()

    def weights(self, x: Tensor) -> Tensor:
        """Compute a factor for each channel of ``(N, C, H, W)`` or ``(C, H, W)``: H and W are 1."""
        _check_channels(x, self.fc1.in_channels)
        squeezed = x.mean((-2, -1), keepdim=True)
        return self.scale_activation(self.fc2(self.activation(self.fc1(squeezed))))

    def forward(self, x: Tensor) -> Tensor:
        """Multiply each channel by its factor."""
        return x * self.weights(x)


class SpatialAttention(nn.Module):
    """Weigh the places of feature maps, each by a factor that its surroundings decide on.

    What the convolution sees of the channels is their mean and their maximum.

    Parameters
    ----------
    kernel_size
        Side of the surroundings in pixels, odd.

    Raises
    ------
    TypeError
        If ``kernel_size`` is no integer.
    ValueError
        If ``kernel_size`` is even or below 1.

    References
    ----------
    Woo, Park, Lee and Kweon, "CBAM: convolutional block attention module" (2018), equation 3.

    Examples
    --------
    >>> block = SpatialAttention()
    >>> block(torch.zeros(1, 8, 5, 5)).shape, block.weights(torch.zeros(1, 8, 5, 5)).shape
    (torch.Size([1, 8, 5, 5]), torch.Size([1, 1, 5, 5]))
    """

    def __init__(self, kernel_size: int = 7) -> None:
        super().__init__()
        if integer("kernel_size", kernel_size, least=1) % 2 == 0:
            raise ValueError(f"kernel_size is {kernel_size}; expected an odd number")
        self.conv = nn.Conv2d(2, 1, kernel_size, padding=kernel_size // 2, bias=False)

    def weights(self, x: Tensor) -> Tensor:
        """Compute a factor for each place of ``(N, C, H, W)`` or ``(C, H, W)``: C is 1."""
        check_pictures(x)
        seen = torch.cat([x.mean(-3, keepdim=True), x.amax(-3, keepdim=True)], dim=-3)
        return self.conv(seen).sigmoid()

    def forward(self, x: Tensor) -> Tensor:
        """Multiply each place by its factor."""
        return x * self.weights(x)


def _check_channels(x: Tensor, channels: int) -> None:
    check_pictures(x)
    if x.shape[-3] != channels:
        raise ValueError(f"x has {x.shape[-3]} channels; expected {channels}")
