"""Spoil pictures as cameras, light and files do: ten kinds, five severities each.

The kinds and the five severities are after Hendrycks and Dietterich's benchmark; the strengths are
this course's own, chosen for pictures of some 30 pixels a side. Lengths are shares of a picture's
shorter side, so that a photograph of 224 pixels is spoiled as a digit of 28 pixels is.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Generator, Tensor

from cvlib.arguments import integer, one_of
from cvlib.augmentation import adjust_contrast, affine
from cvlib.augmentation.draws import check_batch, draw
from cvlib.images.files import decode, encode
from cvlib.images.filters import filter2d, gaussian_blur

__all__ = ["CORRUPTIONS", "corrupt", "mean_corruption_error"]

_Planes = NDArray[np.float32]


def _gaussian_noise(pictures: Tensor, sigma: float, generator: Generator) -> Tensor:
    """Add to each number one of a normal distribution; ``sigma`` is in parts of white."""
    noise = torch.randn(pictures.shape, generator=generator)
    return pictures + sigma * noise.to(pictures)


def _salt_and_pepper(pictures: Tensor, share: float, generator: Generator) -> Tensor:
    """Make a share of the pixels black or white, all channels of a pixel together."""
    count, _, height, width = pictures.shape
    lot = torch.rand(count, 1, height, width, generator=generator).to(pictures.device)
    return pictures.masked_fill(lot < share / 2, 0).masked_fill(lot >= 1 - share / 2, 1)


def _gaussian_blur(pictures: Tensor, share: float, _: Generator) -> Tensor:
    """Weigh neighbours by a bell whose standard deviation is a share of the side."""
    sigma = share * _side(pictures)
    return _filtered(pictures, partial(gaussian_blur, ksize=0, sigma_x=sigma))


def _motion_blur(pictures: Tensor, share: float, generator: Generator) -> Tensor:
    """Average along a line: across, down or along a diagonal, drawn for each picture."""
    length = 2 * round(share * _side(pictures) / 2) + 1
    across, falling = np.zeros((length, length)), np.eye(length) / length
    across[length // 2] = 1 / length
    kernels = [across, falling, across.T, falling[::-1]]
    which = (draw(pictures, generator, 1)[0] * len(kernels)).long().to(pictures.device)
    blurred = torch.empty_like(pictures)
    for number, kernel in enumerate(kernels):
        some = pictures[which == number]
        if len(some):
            blurred[which == number] = _filtered(some, partial(filter2d, kernel=kernel))
    return blurred


def _brightness(pictures: Tensor, amount: float, _: Generator) -> Tensor:
    """Add the same amount everywhere, in parts of white."""
    return pictures + amount


def _contrast(pictures: Tensor, factor: float, _: Generator) -> Tensor:
    """Pull pixels towards the picture's mean grey: of each distance a part is left."""
    return adjust_contrast(pictures, factor)


def _pixelate(pictures: Tensor, share: float, _: Generator) -> Tensor:
    """Shrink to a share of the side by areas, and enlarge by copying."""
    height, width = pictures.shape[2:]
    rows, columns = max(1, round(share * height)), max(1, round(share * width))
    down = _areas(height, rows).to(pictures)
    right = _areas(width, columns).to(pictures)
    return F.interpolate(down @ pictures @ right.T, size=(height, width), mode="nearest")


def _jpeg(pictures: Tensor, quality: float, _: Generator) -> Tensor:
    """Store as a JPEG of some quality, and read it back: grey, or RGB."""
    levels = pictures.mul(255).round().to(torch.uint8).cpu()
    grey = levels.shape[1] == 1
    images = levels[:, 0] if grey else levels.permute(0, 2, 3, 1)
    stored = [decode(encode(each, ".jpg", quality=int(quality))) for each in images.numpy()]
    # A grey file is read as three equal channels.
    read = torch.from_numpy(np.stack(stored)).permute(0, 3, 1, 2)
    return (read[:, :1] if grey else read).to(pictures) / 255


def _rotation(pictures: Tensor, degrees: float, generator: Generator) -> Tensor:
    """Turn by an angle to the left or to the right, black outside."""
    sign = draw(pictures, generator, 1)[0].lt(0.5) * 2.0 - 1
    return affine(pictures, angle=sign * degrees)


def _shift(pictures: Tensor, share: float, generator: Generator) -> Tensor:
    """Move by a share of the side in a direction drawn for each picture, black outside."""
    angle = draw(pictures, generator, 1)[0] * 2 * math.pi
    length = share * _side(pictures)
    return affine(pictures, translate=(length * angle.cos(), length * angle.sin()))


_Spoil = Callable[[Tensor, float, Generator], Tensor]

#: What does each kind, and its strength at severities 1 to 5.
_KINDS: dict[str, tuple[_Spoil, tuple[float, float, float, float, float]]] = {
    "gaussian_noise": (_gaussian_noise, (0.1, 0.2, 0.3, 0.4, 0.5)),
    "salt_and_pepper": (_salt_and_pepper, (0.04, 0.08, 0.15, 0.22, 0.3)),
    "gaussian_blur": (_gaussian_blur, (0.03, 0.045, 0.06, 0.08, 0.1)),
    "motion_blur": (_motion_blur, (0.1, 0.16, 0.24, 0.3, 0.37)),
    "brightness": (_brightness, (0.1, 0.2, 0.3, 0.4, 0.5)),
    "contrast": (_contrast, (0.6, 0.4, 0.3, 0.2, 0.1)),
    "pixelate": (_pixelate, (0.6, 0.45, 0.35, 0.3, 0.25)),
    "jpeg": (_jpeg, (40, 20, 10, 5, 2)),
    "rotation": (_rotation, (6, 12, 18, 24, 30)),
    "shift": (_shift, (0.03, 0.06, 0.09, 0.12, 0.15)),
}

#: The kinds that :func:`corrupt` knows.
CORRUPTIONS: tuple[str, ...] = tuple(_KINDS)


def corrupt(
    pictures: Tensor, kind: str, severity: int, generator: Generator | None = None
) -> Tensor:
    """Spoil pictures in one way, at one of five severities.

    Parameters
    ----------
    pictures
        ``(N, C, H, W)``, numbers from 0 to 1, with 1 or 3 channels.
    kind
        One of :data:`CORRUPTIONS`: ``"gaussian_noise"``, ``"salt_and_pepper"``,
        ``"gaussian_blur"``, ``"motion_blur"``, ``"brightness"``, ``"contrast"``, ``"pixelate"``,
        ``"jpeg"``, ``"rotation"`` or ``"shift"``.
    severity
        1 to 5; 0 leaves the pictures as they are.
    generator
        Where chance comes from, on the CPU. Without one, it starts from seed 0 at each call, so
        that the same pictures are spoiled alike.

    Returns
    -------
    Tensor
        New pictures, of the shape, dtype and device of ``pictures``, from 0 to 1.

    Raises
    ------
    TypeError
        If ``pictures`` holds no floating-point numbers, or ``severity`` is no integer.
    ValueError
        If the pictures have another shape or numbers outside 0 to 1, the kind is unknown, the
        severity is not from 0 to 5, or the generator is not on the CPU.

    References
    ----------
    Hendrycks and Dietterich, "Benchmarking neural network robustness to common corruptions and
    perturbations", ICLR 2019, section 3.

    Examples
    --------
    >>> grey = torch.full((2, 1, 28, 28), 0.5)
    >>> corrupt(grey, "brightness", 2)[0, 0, 0, 0]
    tensor(0.7000)
    >>> noisy = corrupt(grey, "gaussian_noise", 1)
    >>> torch.equal(noisy, corrupt(grey, "gaussian_noise", 1)), f"{noisy.std():.1f}"
    (True, '0.1')
    """
    check_batch(pictures, "pictures")
    if pictures.shape[1] not in (1, 3) or pictures.numel() == 0:
        raise ValueError(
            f"pictures has shape {tuple(pictures.shape)}; expected (N, 1 or 3, H, W), not empty"
        )
    if not (pictures.min() >= 0 and pictures.max() <= 1):
        raise ValueError(
            f"pictures has numbers from {pictures.min():g} to {pictures.max():g}; expected 0 to 1"
        )
    one_of("kind", kind, CORRUPTIONS)
    if integer("severity", severity) > 5:
        raise ValueError(f"severity is {severity}; expected 0 to 5")
    if generator is None:
        generator = torch.Generator().manual_seed(0)
    if generator.device.type != "cpu":
        raise ValueError(f"generator is on {generator.device}; expected one on the CPU")
    if severity == 0:
        return pictures.clone()
    spoil, strengths = _KINDS[kind]
    with torch.no_grad():
        return spoil(pictures, strengths[severity - 1], generator).clamp(0, 1)


def mean_corruption_error(
    errors: Mapping[str, Sequence[float]], baseline: Mapping[str, Sequence[float]]
) -> float:
    """Compare errors under corruption with those of a baseline, every kind with the same weight.

    Parameters
    ----------
    errors
        For each kind of corruption the errors of a network, shares from 0 to 1, by severity.
    baseline
        The same of the network to compare with.

    Returns
    -------
    float
        The mean over kinds of the sum of errors divided by that of the baseline. 1 is as good as
        the baseline, less is better.

    Raises
    ------
    ValueError
        If there is no kind, the two do not have the same kinds and severities, or the baseline
        makes no error at some kind.

    References
    ----------
    Hendrycks and Dietterich, "Benchmarking neural network robustness to common corruptions and
    perturbations", ICLR 2019, section 4.

    Examples
    --------
    >>> baseline = {"noise": [0.1, 0.3], "blur": [0.25, 0.25]}
    >>> mean_corruption_error({"noise": [0.1, 0.1], "blur": [0.5, 0.25]}, baseline)
    1.0
    """
    if not errors or errors.keys() != baseline.keys():
        raise ValueError(
            f"errors has {sorted(errors)}, and baseline {sorted(baseline)}; expected the same "
            "kinds, one at least"
        )
    ratios = []
    for kind, some in errors.items():
        if len(some) != len(baseline[kind]):
            raise ValueError(
                f"errors has {len(some)} severities of {kind}, and baseline {len(baseline[kind])}"
            )
        if not sum(baseline[kind]) > 0:
            raise ValueError(f"baseline has no error at {kind}; expected one to compare with")
        ratios.append(sum(some) / sum(baseline[kind]))
    return math.fsum(ratios) / len(ratios)


def _side(pictures: Tensor) -> int:
    return min(pictures.shape[2:])


def _filtered(pictures: Tensor, how: Callable[[_Planes], _Planes]) -> Tensor:
    """Filter all planes of all pictures at once, as the channels of one picture."""
    planes = pictures.detach().flatten(0, 1).permute(1, 2, 0).cpu().float().contiguous()
    result = torch.from_numpy(how(planes.numpy()))
    return result.permute(2, 0, 1).reshape(pictures.shape).to(pictures)


def _areas(size: int, parts: int) -> Tensor:
    """Say how much of each of ``parts`` equal pieces of a row each of its pixels covers."""
    edges = torch.arange(parts + 1, dtype=torch.float64) * size / parts
    pixels = torch.arange(size, dtype=torch.float64)
    end = torch.minimum(edges[1:, None], pixels + 1)
    overlap = (end - torch.maximum(edges[:-1, None], pixels)).clamp(min=0)
    return overlap * parts / size
