"""Residual blocks: layers that add to what they are given, and the chance that leaves some out.

The blocks bear torchvision's names and take its arguments, so that either package's networks can be
built of the other's blocks, and go on with what the other has learnt.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Generator, Tensor, nn

from cvlib.arguments import check_numbers, integer, number, one_of

__all__ = [
    "BasicBlock",
    "Bottleneck",
    "PaddedShortcut",
    "PreActivationBlock",
    "ProjectionShortcut",
    "StochasticDepth",
    "stochastic_depth",
]

_MODES = ("row", "batch")


class BasicBlock(nn.Module):
    """Two 3 × 3 convolutions whose result is added to their input, with a ReLU behind the sum.

    Parameters
    ----------
    inplanes, planes
        How many channels come in, and how many go out.
    stride
        Of the first convolution.
    downsample
        What brings the input to the shape of the output, where the two differ, such as
        :class:`ProjectionShortcut`; None where they do not.
    groups, base_width, dilation
        Torchvision's; here they can only be 1, 64 and 1.
    norm_layer
        Called with a number of channels; makes what normalizes them, ``nn.BatchNorm2d`` when None.

    Raises
    ------
    TypeError
        If a size is no integer.
    ValueError
        If a size is below 1, or the block is to have groups or dilation.

    References
    ----------
    He et al., "Deep residual learning for image recognition" (2016), figure 2.

    Examples
    --------
    >>> block = BasicBlock(8, 16, stride=2, downsample=ProjectionShortcut(8, 16, stride=2))
    >>> block(torch.zeros(1, 8, 6, 6)).shape
    torch.Size([1, 16, 3, 3])
    """

    expansion = 1

    def __init__(
        self,
        inplanes: int,
        planes: int,
        stride: int = 1,
        downsample: nn.Module | None = None,
        groups: int = 1,
        base_width: int = 64,
        dilation: int = 1,
        norm_layer: Callable[[int], nn.Module] | None = None,
    ) -> None:
        super().__init__()
        if (groups, base_width, dilation) != (1, 64, 1):
            given = f"groups, base_width, dilation are {groups!r}, {base_width!r}, {dilation!r}"
            raise ValueError(f"{given}; expected 1, 64, 1, as others need a Bottleneck")
        norm = norm_layer or nn.BatchNorm2d
        self.conv1 = _convolution(3, inplanes, planes, stride)
        self.bn1 = norm(planes)
        self.conv2 = _convolution(3, planes, planes)
        self.bn2 = norm(planes)
        self.relu = nn.ReLU()
        self.downsample = downsample

    def branch(self, x: Tensor) -> Tensor:
        """Compute what is added to the input.

        Parameters
        ----------
        x
            ``(N, inplanes, H, W)``.

        Returns
        -------
        Tensor
            ``(N, planes, H', W')``.
        """
        x = self.relu(self.bn1(self.conv1(x)))
        return self.bn2(self.conv2(x))

    def forward(self, x: Tensor) -> Tensor:
        """Add the branch to the input, and cut off what is negative.

        Parameters
        ----------
        x
            ``(N, inplanes, H, W)``.

        Returns
        -------
        Tensor
            ``(N, planes, H', W')``.
        """
        shortcut = x if self.downsample is None else self.downsample(x)
        return self.relu(self.branch(x) + shortcut)


class Bottleneck(nn.Module):
    """A 3 × 3 convolution between two of 1 × 1, added to its input, with a ReLU behind the sum.

    The first 1 × 1 convolution makes the channels fewer, the last one makes them more.

    Parameters
    ----------
    inplanes
        How many channels come in.
    planes
        How many channels the 3 × 3 convolution has, at a ``base_width`` of 64; four times as many
        go out.
    stride
        Of the 3 × 3 convolution, as in torchvision. The paper strides in the first convolution,
        which skips three quarters of its input.
    downsample
        As in :class:`BasicBlock`.
    groups, base_width
        For ResNeXt and wide networks: the 3 × 3 convolution has ``groups`` groups and
        ``planes * base_width // 64 * groups`` channels.
    dilation
        Of the 3 × 3 convolution.
    norm_layer
        As in :class:`BasicBlock`.

    Raises
    ------
    TypeError
        If a size is no integer.
    ValueError
        If a size is below 1.

    References
    ----------
    He et al., "Deep residual learning for image recognition" (2016), figure 5.

    Examples
    --------
    >>> block = Bottleneck(256, 64)
    >>> block(torch.zeros(1, 256, 6, 6)).shape
    torch.Size([1, 256, 6, 6])
    """

    expansion = 4

    def __init__(
        self,
        inplanes: int,
        planes: int,
        stride: int = 1,
        downsample: nn.Module | None = None,
        groups: int = 1,
        base_width: int = 64,
        dilation: int = 1,
        norm_layer: Callable[[int], nn.Module] | None = None,
    ) -> None:
        super().__init__()
        norm = norm_layer or nn.BatchNorm2d
        outputs = integer("planes", planes, least=1) * self.expansion
        width = int(planes * (base_width / 64)) * integer("groups", groups, least=1)
        self.conv1 = _convolution(1, inplanes, width)
        self.bn1 = norm(width)
        self.conv2 = _convolution(3, width, width, stride, groups, dilation)
        self.bn2 = norm(width)
        self.conv3 = _convolution(1, width, outputs)
        self.bn3 = norm(outputs)
        self.relu = nn.ReLU()
        self.downsample = downsample

    def branch(self, x: Tensor) -> Tensor:
        """Compute what is added to the input.

        Parameters
        ----------
        x
            ``(N, inplanes, H, W)``.

        Returns
        -------
        Tensor
            ``(N, 4 * planes, H', W')``.
        """
        x = self.relu(self.bn1(self.conv1(x)))
        x = self.relu(self.bn2(self.conv2(x)))
        return self.bn3(self.conv3(x))

    def forward(self, x: Tensor) -> Tensor:
        """Add the branch to the input, and cut off what is negative.

        Parameters
        ----------
        x
            ``(N, inplanes, H, W)``.

        Returns
        -------
        Tensor
            ``(N, 4 * planes, H', W')``.
        """
        shortcut = x if self.downsample is None else self.downsample(x)
        return self.relu(self.branch(x) + shortcut)


class PreActivationBlock(nn.Module):
    """Two 3 × 3 convolutions, each behind normalization and ReLU, added to their input.

    Nothing stands behind the sum: what comes in goes out unchanged, plus something.

    Parameters
    ----------
    inplanes, planes
        How many channels come in, and how many go out.
    stride
        Of the first convolution.
    downsample
        As in :class:`BasicBlock`; it is given what the first ReLU gives out.
    norm_layer
        As in :class:`BasicBlock`.

    Raises
    ------
    TypeError
        If a size is no integer.
    ValueError
        If a size is below 1.

    References
    ----------
    He et al., "Identity mappings in deep residual networks" (2016), figure 4 (e).

    Examples
    --------
    >>> block = PreActivationBlock(8, 8)
    >>> _ = nn.init.zeros_(block.conv2.weight)
    >>> x = torch.randn(1, 8, 6, 6)
    >>> torch.equal(block(x), x)
    True
    """

    def __init__(
        self,
        inplanes: int,
        planes: int,
        stride: int = 1,
        downsample: nn.Module | None = None,
        norm_layer: Callable[[int], nn.Module] | None = None,
    ) -> None:
        super().__init__()
        norm = norm_layer or nn.BatchNorm2d
        self.bn1 = norm(inplanes)
        self.conv1 = _convolution(3, inplanes, planes, stride)
        self.bn2 = norm(planes)
        self.conv2 = _convolution(3, planes, planes)
        self.relu = nn.ReLU()
        self.downsample = downsample

    def forward(self, x: Tensor) -> Tensor:
        """Add the branch to the input.

        Parameters
        ----------
        x
            ``(N, inplanes, H, W)``.

        Returns
        -------
        Tensor
            ``(N, planes, H', W')``.
        """
        activated = self.relu(self.bn1(x))
        branch = self.conv2(self.relu(self.bn2(self.conv1(activated))))
        shortcut = x if self.downsample is None else self.downsample(activated)
        return branch + shortcut


class ProjectionShortcut(nn.Sequential):
    """Bring a block's input to the shape of its output by a 1 × 1 convolution with stride.

    Parameters
    ----------
    inplanes, planes
        How many channels come in, and how many go out.
    stride
        How many positions the output advances for one of its own.
    norm_layer
        As in :class:`BasicBlock`.

    References
    ----------
    He et al., "Deep residual learning for image recognition" (2016), section 3.3, option B.

    Examples
    --------
    >>> ProjectionShortcut(8, 16, stride=2)(torch.zeros(1, 8, 6, 6)).shape
    torch.Size([1, 16, 3, 3])
    """

    def __init__(
        self,
        inplanes: int,
        planes: int,
        stride: int = 1,
        norm_layer: Callable[[int], nn.Module] | None = None,
    ) -> None:
        norm = norm_layer or nn.BatchNorm2d
        super().__init__(_convolution(1, inplanes, planes, stride), norm(planes))


class PaddedShortcut(nn.Module):
    """Bring a block's input to the shape of its output without a parameter.

    Every ``stride``-th position stays, and channels of zeros fill up.

    Parameters
    ----------
    inplanes, planes
        How many channels come in, and how many go out.
    stride
        How many positions the output advances for one of its own.

    Raises
    ------
    TypeError
        If a size is no integer.
    ValueError
        If fewer channels are to go out than come in, or a size is below 1.

    References
    ----------
    He et al., "Deep residual learning for image recognition" (2016), section 3.3, option A.

    Examples
    --------
    >>> PaddedShortcut(1, 2, stride=2)(torch.arange(16.0).view(1, 1, 4, 4))
    tensor([[[[ 0.,  2.],
              [ 8., 10.]],
    <BLANKLINE>
             [[ 0.,  0.],
              [ 0.,  0.]]]])
    """

    def __init__(self, inplanes: int, planes: int, stride: int = 1) -> None:
        super().__init__()
        self.stride = integer("stride", stride, least=1)
        least = integer("inplanes", inplanes, least=1)
        self.new = integer("planes", planes, least=least) - inplanes

    def forward(self, x: Tensor) -> Tensor:
        """Leave out positions and add channels of zeros.

        Parameters
        ----------
        x
            ``(N, inplanes, H, W)``.

        Returns
        -------
        Tensor
            ``(N, planes, H', W')``.
        """
        x = x[..., :: self.stride, :: self.stride]
        return F.pad(x, (0, 0, 0, 0, 0, self.new))


def stochastic_depth(
    x: Tensor,
    p: float,
    mode: str,
    training: bool = True,
    generator: Generator | None = None,
) -> Tensor:
    """Make what a branch adds 0 with probability p, and divide by 1 - p what stays, in training.

    Parameters
    ----------
    x
        ``(N, ...)``: what the branch of a block gives out, before it is added.
    p
        The probability of becoming 0, from 0 to 1.
    mode
        ``"row"``: each example has a chance of its own. ``"batch"``: all share one.
    training
        Whether to do anything at all.
    generator
        Where chance comes from, which torchvision's function has no argument for; torch's default
        on the device of ``x`` when None. One on the CPU serves every device.

    Returns
    -------
    Tensor
        As ``x``; the same numbers as torchvision's from the same state of the generator.

    Raises
    ------
    TypeError
        If ``x`` is no tensor of floating-point numbers, or ``p`` no number.
    ValueError
        If ``x`` has no examples' dimension, ``p`` is no probability or ``mode`` is another word.

    References
    ----------
    Huang et al., "Deep networks with stochastic depth" (2016), section 3. The paper multiplies by
    1 - p in evaluation, instead of dividing in training.

    Examples
    --------
    >>> generator = torch.Generator().manual_seed(0)
    >>> stochastic_depth(torch.ones(64, 3), 0.5, "row", generator=generator).unique()
    tensor([0., 2.])
    """
    check_numbers(x)
    number("p", p, most=1)
    one_of("mode", mode, _MODES)
    if x.ndim < 1:
        raise ValueError("x is a single number; expected (N, ...)")
    if not training or p == 0:
        return x
    examples = len(x) if mode == "row" else 1
    place = x.device if generator is None else generator.device
    kept = torch.empty((examples, *[1] * (x.ndim - 1)), dtype=x.dtype, device=place)
    kept = kept.bernoulli_(1 - p, generator=generator).to(x.device)
    return x * kept if p == 1 else x * (kept / (1 - p))


class StochasticDepth(nn.Module):
    """Leave out, by chance, what a branch adds, while training.

    Parameters
    ----------
    p, mode
        As in :func:`stochastic_depth`.

    Examples
    --------
    >>> drop = StochasticDepth(0.2, "row")
    >>> drop
    StochasticDepth(p=0.2, mode=row)
    >>> drop.eval()(torch.ones(3))
    tensor([1., 1., 1.])
    """

    def __init__(self, p: float, mode: str) -> None:
        super().__init__()
        self.p = number("p", p, most=1)
        one_of("mode", mode, _MODES)
        self.mode = mode

    def forward(self, x: Tensor) -> Tensor:
        """Drop the branch, or parts of the batch of it.

        Parameters
        ----------
        x
            ``(N, ...)``.

        Returns
        -------
        Tensor
            As ``x``.
        """
        return stochastic_depth(x, self.p, self.mode, self.training)

    def extra_repr(self) -> str:
        """Say what the layer does, for ``print``.

        Returns
        -------
        str
            Its probability and mode.
        """
        return f"p={self.p}, mode={self.mode}"


def _convolution(
    kernel_size: int,
    inplanes: int,
    planes: int,
    stride: int = 1,
    groups: int = 1,
    dilation: int = 1,
) -> nn.Conv2d:
    """Make a convolution that keeps the map's size at stride 1, without a bias."""
    return nn.Conv2d(
        integer("inplanes", inplanes, least=1),
        integer("planes", planes, least=1),
        kernel_size,
        stride=integer("stride", stride, least=1),
        padding=kernel_size // 2 * integer("dilation", dilation, least=1),
        dilation=dilation,
        groups=groups,
        bias=False,
    )
