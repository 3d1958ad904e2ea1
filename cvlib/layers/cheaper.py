"""Ways to see as many pixels as a large kernel does, for less."""

from __future__ import annotations

from torch import nn

from cvlib.arguments import integer

__all__ = ["ways_to_see_seven"]


def ways_to_see_seven(channels: int) -> dict[str, nn.Module]:
    """Build a 7 × 7 convolution, and seven replacements that see 7 × 7 pixels too.

    Parameters
    ----------
    channels
        Channels of the input and of the output, a multiple of 8.

    Returns
    -------
    dict of torch.nn.Module
        A network each, by what it does. The last two halve the rows and columns of the output.

    Raises
    ------
    TypeError
        If ``channels`` is not an integer.
    ValueError
        If it is not a multiple of 8, or below 8.

    References
    ----------
    Simonyan and Zisserman, "Very deep convolutional networks" (2015), section 2.3; Szegedy et al.,
    "Rethinking the Inception architecture" (2016), section 3.2; Howard et al., "MobileNets" (2017),
    section 3.1; Zhang et al., "ShuffleNet" (2018), section 3.1; He et al., "Deep residual learning"
    (2016), section 4.1.

    Examples
    --------
    >>> list(ways_to_see_seven(64))[:2]
    ['7 × 7', '3 × 3, three times']
    """
    if integer("channels", channels, least=8) % 8:
        raise ValueError(f"channels is {channels}; expected a multiple of 8")
    c, few = channels, channels // 4
    return {
        "7 × 7": nn.Conv2d(c, c, 7, padding=3),
        "3 × 3, three times": nn.Sequential(*(nn.Conv2d(c, c, 3, padding=1) for _ in range(3))),
        "1 × 7, then 7 × 1": nn.Sequential(
            nn.Conv2d(c, c, (1, 7), padding=(0, 3)),
            nn.Conv2d(c, c, (7, 1), padding=(3, 0)),
        ),
        "1 × 1 to a quarter, 7 × 7, 1 × 1 back": nn.Sequential(
            nn.Conv2d(c, few, 1), nn.Conv2d(few, few, 7, padding=3), nn.Conv2d(few, c, 1)
        ),
        "7 × 7 in 8 groups, then shuffle": nn.Sequential(
            nn.Conv2d(c, c, 7, padding=3, groups=8), nn.ChannelShuffle(8)
        ),
        "7 × 7 depthwise, then 1 × 1": nn.Sequential(
            nn.Conv2d(c, c, 7, padding=3, groups=c), nn.Conv2d(c, c, 1)
        ),
        "7 × 7 with stride 2": nn.Conv2d(c, c, 7, stride=2, padding=3),
        "3 × 3 pooling with stride 2, then 3 × 3": nn.Sequential(
            nn.MaxPool2d(3, stride=2, padding=1), nn.Conv2d(c, c, 3, padding=1)
        ),
    }
