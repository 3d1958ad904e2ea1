"""A detector of one stage, without anchors, small enough to read."""

from __future__ import annotations

from collections.abc import Sequence

import torch.nn.functional as F
from torch import Tensor, nn

from cvlib.arguments import check_pictures, integer

__all__ = ["Detector"]


class Detector(nn.Module):
    """Says for every cell of 4 × 4 pixels whether an object has its centre there, and which.

    Convolutions halve the picture four times, so that the coarsest map sees a whole object and
    what lies around it. Its numbers are then handed back to the finer maps, which know better where
    things are: a feature pyramid. The last map answers.

    Parameters
    ----------
    num_classes
        How many classes there are.
    widths
        Channels at a half, a quarter, an eighth and a sixteenth of the picture's size.

    Raises
    ------
    TypeError
        If ``num_classes`` or a width is no integer.
    ValueError
        If one is below 1, or there are not four widths.

    References
    ----------
    Zhou, Wang and Krähenbühl, "Objects as points" (2019), sections 3 and 4: centres, offsets and
    sizes. Lin et al., "Feature pyramid networks for object detection" (CVPR 2017), section 3.

    Examples
    --------
    >>> import torch
    >>> model = Detector()
    >>> model(torch.zeros(2, 3, 96, 96)).shape  # 5 + 10 numbers for each of 24 × 24 cells
    torch.Size([2, 15, 24, 24])
    """

    #: Pixels between the middles of neighbouring cells.
    stride = 4

    def __init__(self, num_classes: int = 10, widths: Sequence[int] = (16, 48, 64, 64)) -> None:
        super().__init__()
        if len(widths) != 4:
            raise ValueError(f"widths is {widths}; expected four numbers")
        half, quarter, eighth, sixteenth = (integer("widths", each, least=1) for each in widths)
        self.num_classes = integer("num_classes", num_classes, least=1)
        self.fine = nn.Sequential(
            block(3, half, 2), block(half, quarter, 2), block(quarter, quarter)
        )
        self.middle = nn.Sequential(block(quarter, eighth, 2), block(eighth, eighth))
        self.coarse = nn.Sequential(block(eighth, sixteenth, 2), block(sixteenth, sixteenth))
        self.to_middle = nn.Conv2d(sixteenth, eighth, 1)
        self.mix_middle = block(eighth, eighth)
        self.to_fine = nn.Conv2d(eighth, quarter, 1)
        self.mix_fine = block(quarter, quarter)
        self.answer = nn.Conv2d(quarter, 5 + num_classes, 1)
        # Most cells hold no centre: begin with that answer, and not with one half.
        nn.init.zeros_(self.answer.bias)  # type: ignore[arg-type]
        nn.init.constant_(self.answer.bias[:1], -4.0)  # type: ignore[index]

    def forward(self, x: Tensor) -> Tensor:
        """Answer for each cell.

        Parameters
        ----------
        x
            Pictures of shape (B, 3, H, W), ``float32`` from 0 to 1.

        Returns
        -------
        Tensor
            (B, 5 + num_classes, ⌈H/4⌉, ⌈W/4⌉): whether a centre lies here (a logit); how far
            right and down of the cell's middle, in cells; width and height, as logarithms; and a
            logit for each class.

        Raises
        ------
        ValueError
            If ``x`` has another shape.
        """
        check_pictures(x)
        if x.ndim == 3 or x.shape[1] != 3 or not min(x.shape[2:]):
            raise ValueError(f"x has shape {tuple(x.shape)}; expected (B, 3, H, W)")
        fine = self.fine(x)
        middle = self.middle(fine)
        coarse = self.coarse(middle)
        middle = self.mix_middle(middle + enlarged(self.to_middle(coarse), middle))
        fine = self.mix_fine(fine + enlarged(self.to_fine(middle), fine))
        return self.answer(fine)


def block(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    """Make a 3 × 3 convolution with its normalization and its ReLU."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )


def enlarged(x: Tensor, like: Tensor) -> Tensor:
    """Repeat the numbers of a map until it is as large as another one."""
    return F.interpolate(x, like.shape[2:], mode="nearest")
