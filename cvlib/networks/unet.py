"""U-Net: a picture shrunk to see what is there, and enlarged again to say where it is."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cvlib.arguments import check_pictures, integer, one_of

__all__ = ["UNet"]

_UPSAMPLING = ("resize", "transposed", "overlapping")


class UNet(nn.Module):
    """U-Net: an encoder that halves, a decoder that doubles, and bridges at every size.

    It is the plan of the paper with what has become usual since: convolutions are padded, so that
    the output is as large as the picture, and each is followed by batch normalization. The number
    of channels doubles at each level. With its defaults it has 113,122 parameters.

    Parameters
    ----------
    in_channels
        Channels of a picture: 3 for colour, 1 for grey.
    num_classes
        How many outputs each pixel gets, one for each class.
    width
        Channels at full size.
    levels
        How often the picture is halved; 0 leaves a stack of convolutions.
    upsampling
        How a map is doubled: ``"resize"``, bilinear resizing and a 1 × 1 convolution;
        ``"transposed"``, a transposed convolution of kernel 2 and stride 2, as in the paper; or
        ``"overlapping"``, one of kernel 3 and stride 2, whose stamps overlap unevenly.
    bridges
        Whether the decoder gets the maps of the encoder. Without, it gets zeros in their place, so
        that the number of parameters stays.

    Raises
    ------
    TypeError, ValueError
        If a number is no whole number that can be, or ``upsampling`` is another word.

    References
    ----------
    Ronneberger, Fischer, Brox, "U-Net: Convolutional Networks for Biomedical Image Segmentation",
    MICCAI 2015, section 2 and figure 1: with 64 channels, four levels and no padding.

    Examples
    --------
    >>> model = UNet(num_classes=11)
    >>> model(torch.zeros(1, 3, 50, 75)).shape
    torch.Size([1, 11, 50, 75])
    >>> sum(parameter.numel() for parameter in UNet().parameters())
    113122
    """

    def __init__(
        self,
        in_channels: int = 3,
        num_classes: int = 2,
        width: int = 8,
        levels: int = 3,
        upsampling: str = "resize",
        *,
        bridges: bool = True,
    ) -> None:
        super().__init__()
        integer("in_channels", in_channels, least=1)
        integer("num_classes", num_classes, least=1)
        one_of("upsampling", upsampling, _UPSAMPLING)
        widths = [
            integer("width", width, least=1) * 2**n for n in range(integer("levels", levels) + 1)
        ]
        self.bridges = bridges
        self.encoder = nn.ModuleList(
            _block(below, above)
            for below, above in zip([in_channels, *widths], widths, strict=False)
        )
        self.up = nn.ModuleList(_doubling(2 * each, each, upsampling) for each in widths[:-1])
        self.decoder = nn.ModuleList(_block(2 * each, each) for each in widths[:-1])
        self.head = nn.Conv2d(width, num_classes, kernel_size=1)

    def forward(self, x: Tensor) -> Tensor:
        """Compute one output (logit) for each class, at each pixel.

        Parameters
        ----------
        x
            Pictures of shape (N, in_channels, H, W), ``float32`` from 0 to 1. Where a side is no
            multiple of 2 to the power of ``levels``, the last row or column is repeated meanwhile.

        Returns
        -------
        Tensor
            Logits of shape (N, num_classes, H, W).

        Raises
        ------
        TypeError, ValueError
            If ``x`` is no batch of pictures.
        """
        check_pictures(x)
        if x.ndim == 3:
            raise ValueError(f"x has shape {tuple(x.shape)}; expected (N, C, H, W)")
        height, width = x.shape[2:]
        multiple = 2 ** len(self.up)
        below, right = -height % multiple, -width % multiple
        if below or right:
            x = F.pad(x, (0, right, 0, below), mode="replicate")
        maps = []
        for block in self.encoder[:-1]:
            x = block(x)
            maps.append(x if self.bridges else torch.zeros_like(x))
            x = F.max_pool2d(x, kernel_size=2)
        x = self.encoder[-1](x)
        for level in reversed(range(len(maps))):
            x = self.up[level](x)[..., : maps[level].shape[2], : maps[level].shape[3]]
            x = self.decoder[level](torch.cat([maps[level], x], dim=1))
        return self.head(x)[..., :height, :width]


def _block(in_channels: int, out_channels: int) -> nn.Sequential:
    """Two 3 × 3 convolutions, each normalized and rectified."""
    layers: list[nn.Module] = []
    for channels in (in_channels, out_channels):
        layers += [
            nn.Conv2d(channels, out_channels, kernel_size=3, padding=1, bias=False),
            nn.BatchNorm2d(out_channels),
            nn.ReLU(inplace=True),
        ]
    return nn.Sequential(*layers)


def _doubling(in_channels: int, out_channels: int, upsampling: str) -> nn.Module:
    if upsampling == "transposed":
        return nn.ConvTranspose2d(in_channels, out_channels, kernel_size=2, stride=2)
    if upsampling == "overlapping":
        return nn.ConvTranspose2d(
            in_channels, out_channels, kernel_size=3, stride=2, padding=1, output_padding=1
        )
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, kernel_size=1),
        nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False),
    )
